/* match_hungarian.c - shortest augmenting paths after Jonker and Volgenant, 64-bit integers.
 *
 * Waiting is a private column of each row, kept apart from the matrix. All prices v start at 0 and
 * only fall while their column is taken, so that free columns keep v = 0 and no v is positive. */
#include "match/match_hungarian.h"

#include "base/base_mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Distances are unsigned: real ones lie in [2^54 − 2^53, 2^56), 2^62 is "not reached", and a cell
 * of OG_COST_NONE or a column that is done gives more than 2^62 without a test in the inner loop.
 */
#define OFFSET    ((uint64_t)1 << 54)
#define UNREACHED ((uint64_t)1 << 62)
#define DONE_V    (-((int64_t)1 << 62) - ((int64_t)1 << 60))
#define ROUNDS    2  /* passes of row reduction */
#define BIDS      20 /* bids a row in all, on average */

struct lap {
    size_t n, m;
    const int64_t *c, *wait;
    int32_t *x;
    int64_t *v;
    int32_t *y; /* column -> row, −1: free */
    uint64_t
        *busy;   /* column -> 1 when taken: low bit of the key, so that of equals a free one wins */
    uint64_t *d; /* column -> distance */
    uint64_t *fin; /* k-th done column -> its distance */
    int64_t *vw;   /* v, DONE_V for columns that are done */
    int32_t *pred; /* column -> row before it on the path */
    int32_t *done;
    int32_t *open; /* rows still to be placed */
    size_t open_n;
};

static const int64_t *row_of(const struct lap *l, int32_t i)
{
    return l->c + (size_t)i * l->m;
}

static void put(struct lap *l, int32_t i, int32_t j)
{
    l->x[i] = j;
    l->y[j] = i;
    l->busy[j] = 1;
}

struct two {
    int64_t min1, min2; /* of c − v; INT64_MAX when there is none */
    int32_t col1, col2;
};

static struct two two_smallest(const struct lap *l, int32_t i)
{
    const int64_t *r = row_of(l, i), *v = l->v;
    struct two t = {INT64_MAX, INT64_MAX, -1, -1};
    for (size_t j = 0; j < l->m; j++) {
        if (r[j] == OG_COST_NONE)
            continue;
        int64_t h = r[j] - v[j];
        if (h >= t.min2)
            continue;
        if (h < t.min1) {
            t.min2 = t.min1;
            t.col2 = t.col1;
            t.min1 = h;
            t.col1 = (int32_t)j;
        } else {
            t.min2 = h;
            t.col2 = (int32_t)j;
        }
    }
    return t;
}

/* Row i bids for its best column, lowering its price to the second best choice. Returns the row
 * that lost the column (−1: none). *tie: a row left over by a tie, to be placed by augment(). */
static int32_t bid(struct lap *l, int32_t i, bool *tie)
{
    struct two t = two_smallest(l, i);
    int64_t second = t.min2 < l->wait[i] ? t.min2 : l->wait[i];
    int32_t j = t.col1, loser;
    *tie = false;
    if (j < 0 || t.min1 > l->wait[i])
        return -1; /* waits, and prices only fall: for good */
    if (t.min1 == second && l->y[j] >= 0) {
        *tie = true;
        if (l->wait[i] == second)
            return -1; /* waiting is as good */
        if (l->y[t.col2] >= 0)
            return i;
        j = t.col2;
    }
    if (t.min1 < second)
        l->v[j] -= second - t.min1;
    loser = l->y[j];
    if (loser >= 0)
        l->x[loser] = -1;
    put(l, i, j);
    return loser;
}

/* Rows bid in turn; what ties leave over goes to augment(). */
static void reduce(struct lap *l)
{
    size_t budget = BIDS * l->n;
    for (int round = 0; round < ROUNDS; round++) {
        size_t left = l->open_n;
        l->open_n = 0;
        for (size_t k = 0; k < left; k++) {
            int32_t i = l->open[k];
            while (i >= 0) {
                bool tie;
                i = bid(l, i, &tie);
                if (i >= 0 && (tie || budget == 0)) {
                    l->open[l->open_n++] = i;
                    break;
                }
                budget -= budget > 0;
            }
        }
    }
}

/* Offers every column the way over row i; returns the nearest column that is not done, its distance
 * and busy bit in *key. */
static int32_t relax(struct lap *l, int32_t i, uint64_t base, uint64_t *key)
{
    const int64_t *r = row_of(l, i), *vw = l->vw;
    const uint64_t *busy = l->busy;
    uint64_t *d = l->d, best = 2 * UNREACHED;
    int32_t at = -1;
    for (size_t j = 0; j < l->m; j++) {
        uint64_t h = (uint64_t)r[j] - (uint64_t)vw[j] + base;
        uint64_t k;
        if (h < d[j]) {
            d[j] = h;
            l->pred[j] = i;
        }
        k = 2 * d[j] + busy[j];
        if (k < best) {
            best = k;
            at = (int32_t)j;
        }
    }
    *key = best;
    return at;
}

/* Turns the path that ends at column j: each row takes the column it was offered. */
static void flip(struct lap *l, int32_t start, int32_t j)
{
    for (;;) {
        int32_t i = l->pred[j], before = l->x[i];
        put(l, i, j);
        if (i == start)
            return;
        j = before;
    }
}

/* Dijkstra from an open row to the nearest free column or the nearest row that can wait. */
static void augment(struct lap *l, int32_t start)
{
    uint64_t now = OFFSET, base = OFFSET, out = UNREACHED;
    int32_t i = start, end, leaver = -1;
    size_t n_done = 0;
    memcpy(l->vw, l->v, l->m * sizeof *l->v);
    for (size_t j = 0; j < l->m; j++)
        l->d[j] = UNREACHED;
    for (;;) {
        uint64_t key, rest = base + (uint64_t)l->wait[i];
        if (rest < out) {
            out = rest;
            leaver = i;
        }
        end = relax(l, i, base, &key);
        if (end < 0 || key / 2 > out || (key / 2 == out && (key & 1))) {
            now = out;
            end = -1;
            break;
        }
        now = key / 2;
        if (!(key & 1))
            break;
        l->done[n_done] = end;
        l->fin[n_done++] = now;
        l->d[end] = UNREACHED;
        l->vw[end] = DONE_V;
        i = l->y[end];
        base = now - (uint64_t)(row_of(l, i)[end] - l->v[end]);
    }
    for (size_t k = 0; k < n_done; k++)
        l->v[l->done[k]] -= (int64_t)(now - l->fin[k]);
    if (end < 0) {
        end = l->x[leaver];
        l->x[leaver] = -1;
        if (leaver == start)
            return;
    }
    flip(l, start, end);
}

static enum og_rc check_input(size_t n, size_t m, const int64_t *c, const int64_t *wait,
                              struct og_err *err)
{
    const int64_t max = OG_HUNGARIAN_ABS_MAX;
    if (n > INT32_MAX || m > INT32_MAX)
        return og_err_set(err, OG_E_DATA, "%zu rows and %zu columns are too many", n, m);
    for (size_t i = 0; i < n; i++)
        if (wait[i] > max || wait[i] < -max)
            return og_err_set(err, OG_E_DATA, "waiting of row %zu costs %" PRId64 ", beyond 2^52",
                              i, wait[i]);
    for (size_t k = 0; k < n * m; k++)
        if ((c[k] > max || c[k] < -max) && c[k] != OG_COST_NONE)
            return og_err_set(err, OG_E_DATA, "cell %zu, %zu costs %" PRId64 ", beyond 2^52", k / m,
                              k % m, c[k]);
    return OG_OK;
}

static void lap_init(struct lap *l)
{
    size_t n = l->n + 1, m = l->m + 1; /* never zero bytes */
    l->y = og_xmalloc(m * sizeof *l->y);
    l->busy = og_xcalloc(m, sizeof *l->busy);
    l->d = og_xmalloc(m * sizeof *l->d);
    l->fin = og_xmalloc(m * sizeof *l->fin);
    l->vw = og_xmalloc(m * sizeof *l->vw);
    l->pred = og_xmalloc(m * sizeof *l->pred);
    l->done = og_xmalloc(m * sizeof *l->done);
    l->open = og_xmalloc(n * sizeof *l->open);
    for (size_t j = 0; j < l->m; j++) {
        l->y[j] = -1;
        l->v[j] = 0;
    }
    for (size_t i = 0; i < l->n; i++) {
        l->x[i] = -1;
        l->open[i] = (int32_t)i;
    }
    l->open_n = l->n;
}

static void lap_release(struct lap *l)
{
    free(l->y);
    free(l->busy);
    free(l->d);
    free(l->fin);
    free(l->vw);
    free(l->pred);
    free(l->done);
    free(l->open);
}

enum og_rc og_hungarian_solve(size_t n, size_t m, const int64_t *c, const int64_t *wait, int32_t *x,
                              int64_t *u, int64_t *v, struct og_err *err)
{
    struct lap l = {.n = n, .m = m, .c = c, .wait = wait, .x = x, .v = v};
    enum og_rc rc = check_input(n, m, c, wait, err);
    if (rc != OG_OK)
        return rc;
    if (m == 0) {
        for (size_t i = 0; i < n; i++) {
            x[i] = -1;
            u[i] = wait[i];
        }
        return OG_OK;
    }
    lap_init(&l);
    reduce(&l);
    for (size_t k = 0; k < l.open_n; k++)
        augment(&l, l.open[k]);
    for (size_t i = 0; i < n; i++)
        u[i] = x[i] < 0 ? wait[i] : row_of(&l, (int32_t)i)[x[i]] - v[x[i]];
    lap_release(&l);
    return OG_OK;
}
