/* match_lapsolve.c - the order of steps: prices, pairs, paths; then the result. */
#include "match/match_lapcore.h"

#include "base/base_mem.h"
#include "match/match_cert.h"

#include <stdlib.h>

#define STAND_INS 8 /* most places a row for which stand-ins are made */

static void augment_open(struct og_lapcore *c)
{
    for (size_t i = 0; i < c->n && !og_lapcore_stop(c); i++)
        if (c->x[i] == OG_LAPCORE_OPEN)
            og_lapcore_augment(c, (int32_t)i);
}

static uint64_t total_room(const struct og_lapcore *c)
{
    uint64_t room = 0;
    for (size_t j = 0; j < c->m; j++)
        room += og_lapcore_cap(c, (int32_t)j) < c->n ? og_lapcore_cap(c, (int32_t)j) : c->n;
    return room;
}

/* Columns that nobody takes must cost nothing in the end. Stand-ins take them: then each column has
 * a row, and only differences between prices count. How many; 0: too many, or none is needed. */
static size_t stand_ins(const struct og_lapcore *c)
{
    uint64_t room = total_room(c);
    return room <= c->n || room > STAND_INS * (uint64_t)c->n ? 0 : (size_t)room - c->n;
}

static void run(struct og_lapcore *c, bool bids)
{
    if (bids)
        og_lapcore_auction(c);
    if (!c->stopped)
        og_lapcore_reduce(c);
    augment_open(c);
}

static uint64_t bound_mark(const struct og_lapcore *c)
{
    return 2 * c->path - 2; /* of bind_columns: above all marks of paths before, below later ones */
}

static void bind_row(struct og_lapcore *c, int32_t i, int64_t rise, size_t *n)
{
    const uint64_t mark = bound_mark(c);
    const int64_t *r = og_lapcore_row(c, (size_t)i);
    int64_t pays = og_lapcore_pays(c, i);
    c->work += c->m;
    for (size_t j = 0; j < c->m; j++)
        if (r[j] != OG_COST_NONE && c->seen[j] != mark && r[j] - c->v[j] - pays < rise) {
            c->seen[j] = mark;
            c->ready[(*n)++] = (int32_t)j;
        }
}

/* Marks the columns whose price cannot rise: a row that has none would take one of
 * them, or one that holds such a column would. */
static void bind_columns(struct og_lapcore *c, int64_t rise)
{
    size_t n = 0;
    c->path += 2;
    for (size_t i = 0; i < c->n; i++)
        if (c->x[i] < 0)
            bind_row(c, (int32_t)i, rise, &n);
    while (n > 0) {
        int32_t j = c->ready[--n];
        for (int32_t i = c->head[j]; i >= 0; i = c->next[i])
            bind_row(c, i, rise, &n);
    }
}

/* Stand-ins leave, and the prices rise until what they leave costs nothing: all of them, but for
 * what rows without a column hold down. */
static void dismiss(struct og_lapcore *c)
{
    int64_t top = INT64_MIN;
    for (size_t i = c->p->n; i < c->n; i++)
        og_lapcore_drop(c, (int32_t)i);
    c->n = c->p->n;
    for (size_t j = 0; j < c->m; j++)
        top = c->v[j] > top ? c->v[j] : top;
    bind_columns(c, -top);
    for (size_t j = 0; j < c->m; j++)
        if (c->seen[j] != bound_mark(c) && og_lapcore_cap(c, (int32_t)j) > 0)
            og_lapcore_price(c, (int32_t)j, c->v[j] - top);
    for (size_t i = 0; i < c->n; i++)
        c->lists[i].n = -1;
}

static void solve_cold(struct og_lapcore *c)
{
    size_t more = stand_ins(c);
    uint64_t room = total_room(c);
    if (more == 0 || (2 * room >= 3 * (uint64_t)c->n && og_lapcore_apart(c))) {
        run(c, room <= c->n);
        return;
    }
    og_lapcore_reserve(c, c->n + more, c->m);
    for (; more > 0; more--)
        og_lapcore_new_row(c, c->n++);
    run(c, true);
    if (!c->stopped) {
        dismiss(c);
        return;
    }
    for (size_t i = c->p->n; i < c->n; i++)
        og_lapcore_drop(c, (int32_t)i);
    c->n = c->p->n;
}

void og_lapcore_solve(struct og_lapcore *c, bool cold)
{
    if (!cold && !c->solved) { /* where a stop left off, pairs need not be tight */
        og_lapcore_reset(c);
        cold = true;
    }
    c->stopped = c->solved = false;
    if (c->m == 0) {
        for (size_t i = 0; i < c->n; i++)
            c->x[i] = OG_LAPCORE_WAITS;
        c->solved = true;
        return;
    }
    if (cold)
        solve_cold(c);
    else
        augment_open(c);
    if (!c->stopped && !og_lapcore_level(c) && !c->stopped) {
        og_lapcore_reset(c); /* columns with room stay at 0 from here */
        run(c, false);
    }
    c->solved = !c->stopped;
}

/* The cheapest column with room, or waiting. */
static void place(struct og_lapcore *c, int32_t i)
{
    const int64_t *r = og_lapcore_row(c, (size_t)i);
    int64_t best = og_lapcore_wait(c, i);
    int32_t at = -1;
    for (size_t j = 0; j < c->m; j++)
        if (r[j] < best && og_lapcore_room(c, (int32_t)j)) {
            best = r[j];
            at = (int32_t)j;
        }
    if (at < 0)
        c->x[i] = OG_LAPCORE_WAITS;
    else
        og_lapcore_put(c, i, at, best);
}

/* What the row pays at least: exact where it is placed in an optimum. */
static int64_t row_bound(struct og_lapcore *c, int32_t i)
{
    int64_t wait = og_lapcore_wait(c, i), least;
    if (c->solved)
        return og_lapcore_pays(c, i);
    least = c->m > 0 ? og_lapcore_least(c, i) : wait;
    return least < wait ? least : wait;
}

static void sum_up(struct og_lapcore *c, struct og_lap_result *r)
{
    og_i128 cost = 0, paid = 0, bound = 0;
    for (size_t j = 0; j < c->m; j++) {
        r->v[j] = c->v[j];
        bound += (og_i128)c->v[j] * og_lapcore_cap(c, (int32_t)j);
    }
    for (size_t i = 0; i < c->n; i++) {
        bool placed = c->x[i] >= 0;
        int64_t pays = placed ? c->cx[i] : og_lapcore_wait(c, (int32_t)i);
        r->x[i] = placed ? c->x[i] : -1;
        r->u[i] = row_bound(c, (int32_t)i);
        r->matched += placed;
        bound += r->u[i];
        paid += pays;
        cost += placed || c->p->wait != NULL ? pays : 0;
    }
    r->cost = (int64_t)cost;
    r->gap = paid - bound > INT64_MAX ? INT64_MAX : (int64_t)(paid - bound);
}

void og_lapcore_result(struct og_lapcore *c, struct og_lap_result *r)
{
    int32_t *open = og_xmalloc((c->n + 1) * sizeof *open);
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->x[i] == OG_LAPCORE_OPEN) {
            open[n++] = (int32_t)i;
            place(c, (int32_t)i);
        }
    sum_up(c, r);
    r->optimal = c->solved;
    r->scans = c->scans;
    while (n > 0)
        og_lapcore_drop(c, open[--n]);
    free(open);
}
