/* match_laplevel.c - columns that are left over must cost nothing: reverse bids (Bertsekas and
 * Castañón 1992) raise their prices. */
#include "match/match_lapcore.h"

struct offers {
    int64_t best, second; /* of c − (what the row pays): the price at which it would come */
    int64_t cost;
    int32_t row;
};

static struct offers collect(struct og_lapcore *c, int32_t j)
{
    struct offers o = {INT64_MAX, INT64_MAX, 0, -1};
    for (size_t i = 0; i < c->n; i++) {
        int64_t cell = og_lapcore_cell(c, i, (size_t)j), b;
        if (cell == OG_COST_NONE || c->x[i] == j)
            continue;
        b = cell - og_lapcore_pays(c, (int32_t)i);
        if (b < o.best) {
            o.second = o.best;
            o.best = b;
            o.cost = cell;
            o.row = (int32_t)i;
        } else if (b < o.second) {
            o.second = b;
        }
    }
    c->work += 8 * c->n;
    return o;
}

/* A higher price: lists in which column j would now stand before the bound are void. */
static void raise_price(struct og_lapcore *c, int32_t j, int64_t v)
{
    if (v == c->v[j])
        return;
    og_lapcore_price(c, j, v);
    for (size_t i = 0; i < c->n; i++)
        if (c->lists[i].n >= 0) {
            int64_t cell = og_lapcore_cell(c, i, (size_t)j);
            if (cell != OG_COST_NONE &&
                (c->lists[i].bound == INT64_MAX || cell - v < c->lists[i].bound))
                c->lists[i].n = -1;
        }
}

/* The best row takes column j at the second best offer. Returns the column that it left, −1. */
static int32_t reverse_bid(struct og_lapcore *c, int32_t j)
{
    struct offers o = collect(c, j);
    int32_t old;
    if (o.best >= 0) {
        raise_price(c, j, 0);
        return -1;
    }
    old = c->x[o.row];
    og_lapcore_drop(c, o.row);
    raise_price(c, j, o.second < 0 ? o.second : 0);
    og_lapcore_put(c, o.row, j, o.cost);
    return old;
}

bool og_lapcore_level(struct og_lapcore *c)
{
    size_t budget = 4 * c->m + 64;
    for (int32_t j = 0, low = 0; low < (int32_t)c->m; j = low) {
        if (!og_lapcore_room(c, j) || c->v[j] == 0) {
            low++;
            continue;
        }
        if (c->p->row != NULL || budget-- == 0 || og_lapcore_stop(c))
            return false;
        int32_t old = reverse_bid(c, j);
        low = old >= 0 && old < low ? old : low;
    }
    return true;
}
