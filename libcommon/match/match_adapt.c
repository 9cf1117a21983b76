/* match_adapt.c - the differences of two problems, given to a warm solver. */
#include "match/match_adapt.h"

#include "base/base_mem.h"
#include "match/match_lap.h"

#include <stdlib.h>
#include <string.h>

/* Names in order, with where they stand. */
struct name {
    uint64_t key;
    size_t at;
};

struct og_adapt {
    struct og_lap *lap;
    uint64_t *row, *col; /* names of the solver's rows and columns, in its order */
    size_t n, m, rows_cap, cols_cap;
    int32_t *x; /* of the last result, in the caller's order */
    int64_t *u, *v;
};

struct og_adapt *og_adapt_new(void)
{
    return og_xcalloc(1, sizeof(struct og_adapt));
}

void og_adapt_free(struct og_adapt *a)
{
    if (a == NULL)
        return;
    og_lap_free(a->lap);
    free(a->row);
    free(a->col);
    free(a->x);
    free(a->u);
    free(a->v);
    free(a);
}

static int by_key(const void *a, const void *b)
{
    const struct name *p = a, *q = b;
    if (p->key != q->key)
        return p->key < q->key ? -1 : 1;
    return p->at < q->at ? -1 : p->at > q->at;
}

/* The caller frees. *twice: a name stands more than once. */
static struct name *index_of(const uint64_t *key, size_t n, bool *twice)
{
    struct name *s = og_xmalloc((n + 1) * sizeof *s);
    for (size_t i = 0; i < n; i++)
        s[i] = (struct name){key[i], i};
    if (n > 0)
        qsort(s, n, sizeof *s, by_key);
    for (size_t i = 1; i < n; i++)
        *twice = *twice || s[i].key == s[i - 1].key;
    return s;
}

static const struct name *find(const struct name *s, size_t n, uint64_t key)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s[mid].key < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && s[lo].key == key ? &s[lo] : NULL;
}

static size_t staying(const uint64_t *key, size_t n, const struct name *s, size_t n_s)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += find(s, n_s, key[i]) != NULL;
    return k;
}

static enum og_rc start(struct og_adapt *a, const struct og_adapt_problem *p, struct og_err *err)
{
    struct og_lap_problem lap = {.n = p->n, .m = p->m, .c64 = p->c, .wait = p->wait};
    og_lap_free(a->lap);
    a->n = a->m = 0;
    OG_TRY(og_lap_new(&lap, &a->lap, err));
    a->row = og_xgrow(a->row, &a->rows_cap, p->n + 1, sizeof *a->row);
    a->col = og_xgrow(a->col, &a->cols_cap, p->m + 1, sizeof *a->col);
    memcpy(a->row, p->row, p->n * sizeof *a->row);
    memcpy(a->col, p->col, p->m * sizeof *a->col);
    a->n = p->n;
    a->m = p->m;
    return OG_OK;
}

/* What is not named any more goes; the solver puts the last in its stead. */
static enum og_rc take_out(struct og_adapt *a, const struct name *rows, const struct name *cols,
                           const struct og_adapt_problem *p, struct og_err *err)
{
    for (size_t i = a->n; i-- > 0;)
        if (find(rows, p->n, a->row[i]) == NULL) {
            OG_TRY(og_lap_remove_row(a->lap, i, err));
            a->row[i] = a->row[--a->n];
        }
    for (size_t j = a->m; j-- > 0;)
        if (find(cols, p->m, a->col[j]) == NULL) {
            OG_TRY(og_lap_remove_col(a->lap, j, err));
            a->col[j] = a->col[--a->m];
        }
    return OG_OK;
}

/* New columns, with the cells of the rows that are there. */
static enum og_rc put_cols(struct og_adapt *a, const struct name *rows,
                           const struct og_adapt_problem *p, int64_t *cells, struct og_err *err)
{
    bool ignored = false;
    struct name *have = index_of(a->col, a->m, &ignored);
    size_t m = a->m;
    enum og_rc rc = OG_OK;
    for (size_t j = 0; rc == OG_OK && j < p->m; j++) {
        if (find(have, m, p->col[j]) != NULL)
            continue;
        for (size_t i = 0; i < a->n; i++)
            cells[i] = p->c[find(rows, p->n, a->row[i])->at * p->m + j];
        rc = og_lap_add_col(a->lap, cells, 1, err);
        if (rc != OG_OK)
            break;
        a->col = og_xgrow(a->col, &a->cols_cap, a->m + 1, sizeof *a->col);
        a->col[a->m++] = p->col[j];
    }
    free(have);
    return rc;
}

/* Row i of p in the solver's order of columns, which are all there. */
static void gather(const struct og_adapt *a, const struct name *cols,
                   const struct og_adapt_problem *p, size_t i, int64_t *cells)
{
    for (size_t j = 0; j < a->m; j++)
        cells[j] = p->c[i * p->m + cols[j].at];
}

/* Rows that are new or differ. col_at: of the solver's columns in p. */
static enum og_rc put_rows(struct og_adapt *a, const struct name *col_at,
                           const struct og_adapt_problem *p, int64_t *cells, struct og_err *err)
{
    bool ignored = false;
    struct name *have = index_of(a->row, a->n, &ignored);
    size_t n = a->n;
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < p->n; i++) {
        const struct name *at = find(have, n, p->row[i]);
        gather(a, col_at, p, i, cells);
        if (at != NULL) {
            const struct og_lap_problem *now = og_lap_problem_of(a->lap);
            size_t stride = now->stride > 0 ? now->stride : now->m;
            const int64_t *old = now->c64 + at->at * stride;
            if (now->wait[at->at] != p->wait[i] || memcmp(old, cells, a->m * sizeof *cells) != 0)
                rc = og_lap_set_row(a->lap, at->at, cells, p->wait[i], err);
            continue;
        }
        rc = og_lap_add_row(a->lap, cells, p->wait[i], err);
        if (rc != OG_OK)
            break;
        a->row = og_xgrow(a->row, &a->rows_cap, a->n + 1, sizeof *a->row);
        a->row[a->n++] = p->row[i];
    }
    free(have);
    return rc;
}

static enum og_rc change(struct og_adapt *a, const struct name *rows, const struct name *cols,
                         const struct og_adapt_problem *p, struct og_err *err)
{
    int64_t *cells = og_xmalloc((p->n + p->m + a->n + a->m + 1) * sizeof *cells);
    enum og_rc rc = take_out(a, rows, cols, p, err);
    if (rc == OG_OK)
        rc = put_cols(a, rows, p, cells, err);
    struct name *at = og_xmalloc((a->m + 1) * sizeof *at);
    for (size_t j = 0; rc == OG_OK && j < a->m; j++)
        at[j] = *find(cols, p->m, a->col[j]);
    if (rc == OG_OK)
        rc = put_rows(a, at, p, cells, err);
    free(at);
    free(cells);
    return rc;
}

/* From the solver's order into the caller's. */
static void give(struct og_adapt *a, const struct name *rows, const struct name *cols,
                 const struct og_adapt_problem *p, const struct og_lap_result *r,
                 struct og_adapt_result *out)
{
    free(a->x);
    free(a->u);
    free(a->v);
    a->x = og_xcalloc(p->n + 1, sizeof *a->x);
    a->u = og_xcalloc(p->n + 1, sizeof *a->u);
    a->v = og_xcalloc(p->m + 1, sizeof *a->v);
    for (size_t j = 0; j < a->m; j++)
        a->v[find(cols, p->m, a->col[j])->at] = r->v[j];
    for (size_t i = 0; i < a->n; i++) {
        size_t at = find(rows, p->n, a->row[i])->at;
        a->u[at] = r->u[i];
        a->x[at] = r->x[i] < 0 ? -1 : (int32_t)find(cols, p->m, a->col[r->x[i]])->at;
    }
    out->x = a->x;
    out->u = a->u;
    out->v = a->v;
    out->placed = r->matched;
    out->optimal = r->optimal;
    out->gap = r->gap;
}

enum og_rc og_adapt_solve(struct og_adapt *a, const struct og_adapt_problem *p,
                          bool (*stop)(void *user), void *stop_user, struct og_adapt_result *out,
                          struct og_err *err)
{
    bool row_twice = false, col_twice = false;
    const struct og_lap_result *r;
    memset(out, 0, sizeof *out);
    struct name *rows = index_of(p->row, p->n, &row_twice);
    struct name *cols = index_of(p->col, p->m, &col_twice);
    out->warm = a->lap != NULL && !row_twice && !col_twice &&
                2 * staying(a->row, a->n, rows, p->n) >= p->n &&
                4 * staying(a->col, a->m, cols, p->m) >= 3 * p->m;
    enum og_rc rc = out->warm ? change(a, rows, cols, p, err) : start(a, p, err);
    if (rc == OG_OK)
        rc = og_lap_resolve(a->lap, stop, stop_user, &r, err);
    if (rc == OG_OK && (row_twice || col_twice)) { /* places instead of names */
        for (size_t i = 0; i < p->n; i++)
            rows[i] = (struct name){a->row[i] = i, i};
        for (size_t j = 0; j < p->m; j++)
            cols[j] = (struct name){a->col[j] = j, j};
    }
    if (rc == OG_OK)
        give(a, rows, cols, p, r, out);
    if (rc != OG_OK || row_twice || col_twice) { /* half changed, or not to be found again */
        og_lap_free(a->lap);
        a->lap = NULL;
        a->n = a->m = 0;
    }
    free(rows);
    free(cols);
    return rc;
}
