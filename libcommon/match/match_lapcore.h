/* match_lapcore.h - inside of match_lap.c and match_lapwarm.c: prices, lists, paths. */
#ifndef OG_MATCH_LAPCORE_H
#define OG_MATCH_LAPCORE_H

#include "match/match_lap.h"
#include "match/match_lapscan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_LAPCORE_WAITS (-1) /* in x */
#define OG_LAPCORE_OPEN  (-2) /* in x: still to be placed */

/* A column that a row keeps: its cost, and how far above the first of the list it stood when the
 * list was made. Prices only fall, so it never stands lower. */
struct og_lapcore_near {
    int64_t cost;
    int32_t col;
    int32_t above; /* saturated */
};

struct og_lapcore_list {
    int64_t first; /* h of the first when the list was made */
    int64_t bound; /* columns outside have at least this h; INT64_MAX: there are none */
    int32_t n;     /* −1: no list */
    struct og_lapcore_near near[OG_LAPSCAN_KEEP];
};

/* Dijkstra's queue: a column, or (row >= 0) a row whose other columns begin to matter. */
struct og_lapcore_item {
    int64_t key, base;
    int32_t col, row;
    int32_t step; /* what of that row has been offered: see widen() */
};

struct og_lapcore_heap {
    struct og_lapcore_item *a;
    size_t n, cap;
};

struct og_lapcore {
    const struct og_lap_problem *p;
    size_t n, m;       /* n: with the stand-ins, rows from p->n on that pay nothing anywhere */
    size_t rows, cols; /* reserved */
    bool avx2;
    bool stopped, solved;
    int64_t most;                /* greatest |cell| that the row callback wrote */
    uint64_t scans, work, asked; /* work: asks stop() from time to time */
    /* columns */
    int64_t *v;        /* prices, never above 0; columns with room have 0 when all is done */
    int32_t *v32;      /* the same, at least OG_LAPSCAN_LOW */
    int64_t v_low;     /* no price has been lower */
    uint32_t *load;    /* rows that it holds */
    int32_t *head;     /* the first of them, −1 */
    int64_t *d, *cost; /* distance, cost of the last step to it */
    int32_t *pred;     /* row before it on the path */
    uint64_t *seen;    /* 2·path: d is of this path; 2·path + 1: and final */
    int32_t *done, *ready;
    int32_t *below; /* while whole rows are looked at on a path: costs from here on bring nothing */
    uint32_t *at;   /* columns found in a row */
    /* rows */
    int32_t *x, *next, *prev;      /* column, neighbours in the column's list of rows */
    int64_t *cx;                   /* cost of x */
    struct og_lapcore_list *lists; /* stand-ins share one */
    int64_t *whole;                /* one row in 64 bits */
    int64_t *zero;                 /* the row of a stand-in */
    struct og_lapcore_heap heap;
    uint64_t path;
};

/* All rows open, all prices 0. p is borrowed; its rows and columns may grow up to what was
 * reserved.
 */
void og_lapcore_init(struct og_lapcore *c, const struct og_lap_problem *p);
void og_lapcore_reserve(struct og_lapcore *c, size_t rows, size_t cols);
/* Forgets everything. */
void og_lapcore_reset(struct og_lapcore *c);
/* p has a row (column) more: it is open (free, price 0). */
void og_lapcore_new_row(struct og_lapcore *c, size_t i);
void og_lapcore_new_col(struct og_lapcore *c, size_t j);
void og_lapcore_release(struct og_lapcore *c);

static inline uint32_t og_lapcore_cap(const struct og_lapcore *c, int32_t j)
{
    return c->p->cap == NULL ? 1 : c->p->cap[j];
}
static inline int64_t og_lapcore_wait(const struct og_lapcore *c, int32_t i)
{
    return c->p->wait == NULL || (size_t)i >= c->p->n ? OG_LAP_BIG : c->p->wait[i];
}
static inline bool og_lapcore_room(const struct og_lapcore *c, int32_t j)
{
    return c->load[j] < og_lapcore_cap(c, j);
}

/* What row i, matched or waiting, pays: its smallest h. */
static inline int64_t og_lapcore_pays(const struct og_lapcore *c, int32_t i)
{
    return c->x[i] < 0 ? og_lapcore_wait(c, i) : c->cx[i] - c->v[c->x[i]];
}

static inline struct og_lapcore_list *og_lapcore_list(const struct og_lapcore *c, int32_t i)
{
    return c->lists + ((size_t)i < c->p->n ? (size_t)i : c->p->n);
}

/* Row i of c32 or c64, whichever there is; a stand-in's row is zeros of either width. */
static inline const int32_t *og_lapcore_row32(const struct og_lapcore *c, size_t i)
{
    const struct og_lap_problem *p = c->p;
    return i >= p->n ? (const int32_t *)(const void *)c->zero
                     : p->c32 + i * (p->stride == 0 ? p->m : p->stride);
}
/* Row i in 64 bits, valid until the next call. */
const int64_t *og_lapcore_row(struct og_lapcore *c, size_t i);
int64_t og_lapcore_cell(struct og_lapcore *c, size_t i, size_t j);
/* Makes the list of row i from the prices as they stand. */
void og_lapcore_look(struct og_lapcore *c, int32_t i);
void og_lapcore_price(struct og_lapcore *c, int32_t j, int64_t v);
/* Gives row i column j at cost; takes it away (open again). */
void og_lapcore_put(struct og_lapcore *c, int32_t i, int32_t j, int64_t cost);
void og_lapcore_drop(struct og_lapcore *c, int32_t i);
/* The smallest h of row i; exact. */
int64_t og_lapcore_least(struct og_lapcore *c, int32_t i);
/* Places the open row i by a shortest path. Wants: every matched pair attains the smallest h of its
 * row, which is not above waiting. */
void og_lapcore_augment(struct og_lapcore *c, int32_t i);
/* While all prices are 0: do rows mostly want different columns? */
bool og_lapcore_apart(struct og_lapcore *c);
/* Prices and tight pairs from an auction; all rows are open before. Free columns may keep a price.
 */
void og_lapcore_auction(struct og_lapcore *c);
/* Open rows take columns that stay tight, from where prices stand (augmenting row reduction). */
void og_lapcore_reduce(struct og_lapcore *c);
/* Ends with price 0 at every column with room: while one has a lower price its best row takes it
 * at the second best offer. All rows are placed, and remain so. False: it went on too long. */
bool og_lapcore_level(struct og_lapcore *c);
/* Solves from where c stands: prices, matched pairs that attain the smallest h of their rows, and
 * open rows; cold: nothing is known yet. */
void og_lapcore_solve(struct og_lapcore *c, bool cold);
/* Memory for a result of n rows and m columns. */
void og_lap_result_init(struct og_lap_result *r, size_t n, size_t m);
/* After og_lapcore_solve: writes x, u, v and the sums; what a stop left open gets the cheapest
 * column with room, in r only. */
void og_lapcore_result(struct og_lapcore *c, struct og_lap_result *r);
/* True when the caller's stop() said so, now or before. */
bool og_lapcore_stop(struct og_lapcore *c);

#endif
