/* match_lapbid.c - prices from an auction: rows bid for their best column, ε shrinks from phase to
 * phase. It leaves a start for paths: prices, and the pairs that are exactly tight. */
#include "match/match_lapcore.h"

#include "base/base_mem.h"
#include "match/match_cert.h"
#include "match/match_lapcoarse.h"

#include <stdlib.h>

#define SAMPLE    64  /* rows looked at to choose ε */
#define DIVIDE    5   /* of ε, from phase to phase */
#define BIDS_ROWS 100 /* the same where a row has to be asked for */
#define BIDS_MAX  400 /* a row in all, on average */
#define WIDE      16  /* ε of this part of the spread is wider than what lists hold */
#define CAP_MAX   256 /* greatest capacity that bids are made for */
#define REDUCE    20  /* bids without ε a row, on average */

struct auction {
    struct og_lapcore *c;
    int64_t eps, last; /* ε of the phase; of the last phase */
    int64_t spread;    /* how far the columns that a row keeps lie apart */
    int64_t limit;     /* a row that would pay more does not bid */
    bool direct;       /* whole rows are looked at: ε is wider than what lists hold */
    int64_t *held;     /* row -> price at which it holds its place; NULL: places are columns */
    size_t budget;
};

struct best {
    int64_t h1, h2; /* smallest and second smallest h; INT64_MAX where there is none */
    int64_t cost, cost2;
    int32_t col, col2;
};

static struct best two_listed(struct og_lapcore *c, int32_t i)
{
    const struct og_lapcore_list *l = og_lapcore_list(c, i);
    const struct og_lapcore_near *a = l->near;
    if (l->n < 0)
        og_lapcore_look(c, i);
    for (;;) {
        struct best b = {INT64_MAX, INT64_MAX, 0, 0, -1, -1};
        for (int32_t k = 0; k < l->n && l->first + a[k].above < b.h2; k++) {
            int64_t h = a[k].cost - c->v[a[k].col];
            if (h < b.h1) {
                b = (struct best){h, b.h1, a[k].cost, b.cost, a[k].col, b.col};
            } else if (h < b.h2) {
                b.h2 = h;
                b.col2 = a[k].col;
                b.cost2 = a[k].cost;
            }
        }
        c->work += OG_LAPSCAN_KEEP;
        if (b.h2 <= l->bound)
            return b;
        og_lapcore_look(c, i);
    }
}

static struct best two_direct(struct og_lapcore *c, int32_t i)
{
    const struct og_lap_problem *p = c->p;
    struct og_lapscan_two t;
    if (p->c32 != NULL && c->v_low >= OG_LAPSCAN_LOW)
        t = og_lapscan_two32(og_lapcore_row32(c, (size_t)i), c->v32, c->m, c->avx2);
    else
        t = og_lapscan_two64(og_lapcore_row(c, (size_t)i), c->v, c->m);
    struct best b = {.h1 = t.h1, .h2 = t.h2, .col = t.col, .col2 = -1};
    if (t.col >= 0)
        b.cost = t.h1 + c->v[t.col];
    c->work += c->m;
    c->scans++;
    return b;
}

/* Row i takes a place of column j at price v: the one held at the highest price when j is full.
 * Returns the row that held it, −1. */
static int32_t take_place(struct auction *a, int32_t i, int32_t j, int64_t v, int64_t cost)
{
    struct og_lapcore *c = a->c;
    int32_t loser = -1;
    int64_t top = INT64_MIN;
    if (!og_lapcore_room(c, j)) {
        loser = c->head[j];
        for (int32_t k = c->head[j]; a->held != NULL && k >= 0; k = c->next[k])
            loser = a->held[k] > a->held[loser] ? k : loser;
        og_lapcore_drop(c, loser);
    }
    og_lapcore_put(c, i, j, cost);
    if (a->held == NULL) {
        og_lapcore_price(c, j, v);
        return loser;
    }
    a->held[i] = og_lapcore_room(c, j) ? c->v[j] : v;
    for (int32_t k = c->head[j]; k >= 0; k = c->next[k])
        top = a->held[k] > top ? a->held[k] : top;
    if (!og_lapcore_room(c, j))
        og_lapcore_price(c, j, top);
    return loser;
}

/* Row i bids for its best column. Returns the row that loses its place to it, −1. */
static int32_t bid(struct auction *a, int32_t i)
{
    struct og_lapcore *c = a->c;
    int64_t limit = og_lapcore_wait(c, i);
    struct best b = a->direct ? two_direct(c, i) : two_listed(c, i);
    limit = limit < a->limit ? limit : a->limit;
    if (b.h1 >= limit)
        return -1;
    b.h2 = b.h2 < limit ? b.h2 : limit;
    return take_place(a, i, b.col, c->v[b.col] - (b.h2 - b.h1) - a->eps, b.cost);
}

/* False: the budget is used up, or stop() said so. */
static bool phase(struct auction *a)
{
    struct og_lapcore *c = a->c;
    a->direct = c->p->row == NULL && a->eps > a->spread / WIDE;
    for (size_t i = 0; i < c->n; i++)
        og_lapcore_drop(c, (int32_t)i);
    for (size_t k = 0; k < c->n; k++)
        for (int32_t i = (int32_t)k; i >= 0; i = bid(a, i))
            if (a->budget-- == 0 || og_lapcore_stop(c)) {
                a->budget = 0;
                return false;
            }
    return true;
}

/* Keeps what is exactly tight; open rows take tight columns that have room. */
static void keep_tight(struct og_lapcore *c)
{
    for (size_t k = 0; k < c->n; k++) {
        int32_t i = (int32_t)k;
        if (c->x[i] < 0)
            continue;
        int64_t least = og_lapcore_least(c, i);
        if (least < og_lapcore_pays(c, i) || least > og_lapcore_wait(c, i))
            og_lapcore_drop(c, i);
    }
    for (size_t k = 0; k < c->n; k++) {
        int32_t i = (int32_t)k;
        if (c->x[i] != OG_LAPCORE_OPEN)
            continue;
        int64_t least = og_lapcore_least(c, i);
        const struct og_lapcore_list *l = og_lapcore_list(c, i);
        const struct og_lapcore_near *a = l->near;
        for (int32_t e = 0; e < l->n && least <= og_lapcore_wait(c, i); e++)
            if (a[e].cost - c->v[a[e].col] == least && og_lapcore_room(c, a[e].col)) {
                og_lapcore_put(c, i, a[e].col, a[e].cost);
                break;
            }
    }
}

/* Row i takes its best column at the price of the second best, so that both are tight. Returns the
 * row that lost it; −1: none, or a tie left to paths. */
static int32_t reduce_row(struct og_lapcore *c, int32_t i)
{
    struct best b = two_listed(c, i);
    int64_t wait = og_lapcore_wait(c, i), second = b.h2 < wait ? b.h2 : wait;
    int32_t loser;
    if (b.h1 >= wait)
        return -1;
    if (og_lapcore_room(c, b.col) && og_lapcore_cap(c, b.col) > 1) {
        og_lapcore_put(c, i, b.col, b.cost);
        return -1;
    }
    if (og_lapcore_cap(c, b.col) > 1)
        return -1;
    if (b.h1 == second && !og_lapcore_room(c, b.col)) {
        if (b.h2 == second && b.col2 >= 0 && og_lapcore_room(c, b.col2))
            og_lapcore_put(c, i, b.col2, b.cost2);
        return -1;
    }
    loser = c->head[b.col];
    if (loser >= 0)
        og_lapcore_drop(c, loser);
    og_lapcore_price(c, b.col, c->v[b.col] - (second - b.h1));
    og_lapcore_put(c, i, b.col, b.cost);
    return loser;
}

void og_lapcore_reduce(struct og_lapcore *c)
{
    size_t budget = REDUCE * c->n;
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = 0; k < c->n; k++)
            for (int32_t i = (int32_t)k; i >= 0 && c->x[i] == OG_LAPCORE_OPEN;) {
                if (budget-- == 0 || og_lapcore_stop(c))
                    return;
                i = reduce_row(c, i);
            }
}

/* What a sample of rows says of the costs. */
struct sample {
    int64_t low, high;     /* least and greatest cell */
    og_i128 above, spread; /* sums over rows: mean cell − least cell; span of the columns kept */
    size_t rows, apart;    /* apart: rows whose best column is no other's best */
};

static void sample_row(struct og_lapcore *c, int32_t i, struct sample *s, int32_t *best)
{
    const int64_t *r;
    og_i128 sum = 0;
    int64_t n = 0;
    const struct og_lapcore_list *l = og_lapcore_list(c, i);
    if (l->n < 0)
        og_lapcore_look(c, i);
    if (l->n == 0)
        return;
    r = og_lapcore_row(c, (size_t)i);
    for (size_t j = 0; j < c->m; j++)
        if (r[j] != OG_COST_NONE) {
            sum += r[j];
            n++;
            s->high = r[j] > s->high ? r[j] : s->high;
        }
    s->low = l->first < s->low ? l->first : s->low;
    s->above += sum / n - l->first;
    s->spread += l->bound == INT64_MAX ? 0 : l->bound - l->first;
    best[s->rows] = l->near[0].col;
    bool apart = true;
    for (size_t k = 0; k < s->rows; k++)
        apart = apart && best[k] != best[s->rows];
    s->apart += apart;
    s->rows++;
}

static void take_sample(struct og_lapcore *c, struct sample *s)
{
    int32_t best[SAMPLE + 1];
    size_t step = c->p->n / SAMPLE + 1;
    *s = (struct sample){.low = INT64_MAX, .high = INT64_MIN};
    for (size_t i = 0; i < c->p->n; i += step)
        sample_row(c, (int32_t)i, s, best);
}

bool og_lapcore_apart(struct og_lapcore *c)
{
    struct sample s;
    take_sample(c, &s);
    return 2 * s.apart > s.rows;
}

/* Prices fall as far as rows want the same columns: from where bids start follows from how far a
 * row's cells lie above its least, unless rows want different ones; where they end, from how close
 * together the best columns of a row are. */
static void choose(struct auction *a)
{
    struct sample s;
    take_sample(a->c, &s);
    if (s.rows == 0)
        return;
    a->spread = (int64_t)(s.spread / (og_i128)s.rows);
    a->eps = (int64_t)(s.above / (og_i128)s.rows) / 32;
    if (2 * s.apart > s.rows && a->eps > a->spread / 3)
        a->eps = a->spread / 3;
    a->last = a->spread / 32;
    a->last = a->last > 1 ? a->last : 1;
    a->eps = a->eps > a->last ? a->eps : a->last;
    a->limit = s.high + (s.high - s.low) + a->eps;
}

/* False: capacities that bids are not made for. */
static bool places(struct auction *a)
{
    bool more = false;
    for (size_t j = 0; j < a->c->m; j++) {
        uint32_t cap = og_lapcore_cap(a->c, (int32_t)j);
        if (cap > CAP_MAX)
            return false;
        more = more || cap > 1;
    }
    if (more)
        a->held = og_xcalloc(a->c->n, sizeof *a->held);
    return true;
}

void og_lapcore_auction(struct og_lapcore *c)
{
    struct auction a = {.c = c,
                        .eps = 1,
                        .last = 1,
                        .limit = OG_LAP_BIG,
                        .budget = (c->p->row == NULL ? BIDS_MAX : BIDS_ROWS) * c->n};
    int64_t wide;
    if (!places(&a))
        return;
    choose(&a);
    wide = a.spread / WIDE > a.last ? a.spread / WIDE : 2 * a.last;
    for (int64_t eps = 0; a.held == NULL && eps != a.eps;) {
        eps = a.eps;
        a.eps = og_lapcoarse_run(c, eps, wide, DIVIDE, a.limit, &a.budget);
    }
    a.eps = a.eps > 2 * a.last ? a.eps : a.last;
    while (phase(&a) && a.eps > a.last) {
        a.eps /= DIVIDE;
        a.eps = a.eps > 2 * a.last ? a.eps : a.last;
    }
    free(a.held);
    if (!c->stopped)
        keep_tight(c);
}
