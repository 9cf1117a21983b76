/* match_lapwarm.c - a problem that changes: what a change leaves valid of the last solution stays.
 */
#include "match/match_lap.h"

#include "base/base_mem.h"
#include "match/match_lapcore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct og_lap {
    struct og_lap_problem p;
    size_t rows_max, cols_max; /* room in the arrays; cols_max is the stride */
    int32_t *c32;
    int64_t *c64; /* one of the two */
    int64_t *wait;
    uint32_t *cap;
    struct og_lapcore core;
    struct og_lap_result result;
    bool warm; /* core holds a solution that changes have been applied to */
};

size_t og_lap_rows(const struct og_lap *l)
{
    return l->p.n;
}

size_t og_lap_cols(const struct og_lap *l)
{
    return l->p.m;
}

const struct og_lap_problem *og_lap_problem_of(const struct og_lap *l)
{
    return &l->p;
}

void og_lap_free(struct og_lap *l)
{
    if (l == NULL)
        return;
    og_lapcore_release(&l->core);
    og_lap_result_release(&l->result);
    free(l->c32);
    free(l->c64);
    free(l->wait);
    free(l->cap);
    free(l);
}

static void set_cell(struct og_lap *l, size_t i, size_t j, int64_t c)
{
    if (l->c32 != NULL)
        l->c32[i * l->cols_max + j] = c == OG_COST_NONE ? OG_LAP_NONE32 : (int32_t)c;
    else
        l->c64[i * l->cols_max + j] = c;
}

static int64_t get_cell(const struct og_lap *l, size_t i, size_t j)
{
    if (l->c64 != NULL)
        return l->c64[i * l->cols_max + j];
    int32_t c = l->c32[i * l->cols_max + j];
    return c >= OG_LAP_NONE32 ? OG_COST_NONE : c;
}

/* Wider or longer arrays: the old rows move apart. */
static void reserve(struct og_lap *l, size_t rows, size_t cols)
{
    size_t old = l->cols_max, size = l->c32 != NULL ? sizeof *l->c32 : sizeof *l->c64;
    char *from = l->c32 != NULL ? (char *)l->c32 : (char *)l->c64, *to = from;
    if (rows <= l->rows_max && cols <= l->cols_max)
        return;
    rows = rows <= l->rows_max ? l->rows_max : rows + rows / 4;
    cols = cols <= l->cols_max ? l->cols_max : cols + cols / 4;
    to = og_xrealloc(from, rows * cols * size);
    for (size_t i = l->p.n; cols != old && i-- > 0;)
        memmove(to + i * cols * size, to + i * old * size, l->p.m * size);
    if (l->c32 != NULL)
        l->p.c32 = l->c32 = (void *)to;
    else
        l->p.c64 = l->c64 = (void *)to;
    l->rows_max = rows;
    l->cols_max = l->p.stride = cols;
    l->cap = og_xrealloc(l->cap, cols * sizeof *l->cap);
    l->p.cap = l->cap;
    l->wait = og_xrealloc(l->wait, rows * sizeof *l->wait);
    if (l->p.wait != NULL)
        l->p.wait = l->wait;
    og_lapcore_reserve(&l->core, rows, cols);
}

static enum og_rc check_cells(const struct og_lap *l, const int64_t *cells, size_t n,
                              struct og_err *err)
{
    int64_t rows = (int64_t)l->p.n + 2;
    int64_t max = (l->p.wait == NULL ? OG_LAP_BIG : (int64_t)1 << 62) / rows, min;
    max = max > OG_LAP_MAX ? OG_LAP_MAX : max;
    min = l->c32 != NULL ? INT32_MIN : -max;
    max = l->c32 != NULL ? OG_LAP_NONE32 - 1 : max;
    for (size_t k = 0; k < n; k++)
        if (cells[k] != OG_COST_NONE && (cells[k] < min || cells[k] > max))
            return og_err_set(err, OG_E_DATA, "cost %zu is %" PRId64 ", out of range", k, cells[k]);
    return OG_OK;
}

static enum og_rc check_wait(const struct og_lap *l, int64_t wait, struct og_err *err)
{
    int64_t max = ((int64_t)1 << 62) / ((int64_t)l->p.n + 2);
    max = max > OG_LAP_MAX ? OG_LAP_MAX : max;
    if (l->p.wait != NULL && (wait > max || wait < -max))
        return og_err_set(err, OG_E_DATA, "waiting costs %" PRId64 ", out of range", wait);
    return OG_OK;
}

static void copy_row(struct og_lap *l, const struct og_lap_problem *p, size_t i, int64_t *buf)
{
    size_t step = p->stride == 0 ? p->m : p->stride;
    if (p->c32 != NULL)
        memcpy(l->c32 + i * l->cols_max, p->c32 + i * step, p->m * sizeof *l->c32);
    else if (p->c64 != NULL)
        memcpy(l->c64 + i * l->cols_max, p->c64 + i * step, p->m * sizeof *l->c64);
    else {
        p->row(p->row_user, i, buf);
        memcpy(l->c64 + i * l->cols_max, buf, p->m * sizeof *l->c64);
    }
}

static enum og_rc fill(struct og_lap *l, const struct og_lap_problem *p, struct og_err *err)
{
    int64_t *buf = og_xmalloc((p->m + 1) * sizeof *buf);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && p->m > 0 && i < p->n; i++) {
        copy_row(l, p, i, buf);
        if (l->c64 != NULL)
            rc = check_cells(l, l->c64 + i * l->cols_max, p->m, err);
        if (rc != OG_OK)
            og_err_wrap(err, rc, "row %zu", i);
    }
    for (size_t i = 0; rc == OG_OK && p->wait != NULL && i < p->n; i++) {
        l->wait[i] = p->wait[i];
        rc = check_wait(l, p->wait[i], err);
    }
    for (size_t j = 0; j < p->m; j++)
        l->cap[j] = p->cap == NULL ? 1 : p->cap[j];
    free(buf);
    return rc;
}

enum og_rc og_lap_new(const struct og_lap_problem *p, struct og_lap **out, struct og_err *err)
{
    struct og_lap *l;
    enum og_rc rc;
    *out = NULL;
    if (p->n > OG_LAP_SIZE || p->m > OG_LAP_SIZE)
        return og_err_set(err, OG_E_DATA, "%zu rows and %zu columns are too many", p->n, p->m);
    l = og_xcalloc(1, sizeof *l);
    l->p = (struct og_lap_problem){.n = p->n, .m = p->m, .portable = p->portable};
    l->rows_max = p->n + 1;
    l->p.stride = l->cols_max = p->m + 1;
    if (p->c32 != NULL)
        l->p.c32 = l->c32 = og_xmalloc(l->rows_max * l->cols_max * sizeof *l->c32);
    else
        l->p.c64 = l->c64 = og_xmalloc(l->rows_max * l->cols_max * sizeof *l->c64);
    l->p.cap = l->cap = og_xmalloc(l->cols_max * sizeof *l->cap);
    l->wait = og_xmalloc(l->rows_max * sizeof *l->wait);
    l->p.wait = p->wait != NULL ? l->wait : NULL;
    rc = fill(l, p, err);
    og_lapcore_init(&l->core, &l->p);
    og_lapcore_reserve(&l->core, l->rows_max, l->cols_max);
    if (rc != OG_OK) {
        og_lap_free(l);
        return rc;
    }
    *out = l;
    return OG_OK;
}

/* Row i has to be placed anew. */
static void open_row(struct og_lap *l, size_t i)
{
    og_lapcore_drop(&l->core, (int32_t)i);
    l->core.lists[i].n = -1;
}

/* Column j has other costs: its rows are open, its price is the highest at which no row would
 * rather come, and lists in which it stood or would stand are void. */
static void reopen_col(struct og_lap *l, size_t j)
{
    struct og_lapcore *c = &l->core;
    int64_t v = 0;
    while (c->head[j] >= 0)
        og_lapcore_drop(c, c->head[j]);
    for (size_t i = 0; i < c->n; i++) {
        int64_t cell = get_cell(l, i, j), free_at;
        if (cell == OG_COST_NONE || c->x[i] == OG_LAPCORE_OPEN)
            continue;
        free_at = cell - og_lapcore_pays(c, (int32_t)i);
        v = free_at < v ? free_at : v;
    }
    og_lapcore_price(c, (int32_t)j, l->cap[j] == 0 ? -2 * OG_LAP_MAX : v);
    for (size_t i = 0; i < c->n; i++) {
        struct og_lapcore_list *a = c->lists + i;
        int64_t cell = get_cell(l, i, j);
        if (cell != OG_COST_NONE && (a->bound == INT64_MAX || cell - v < a->bound))
            a->n = -1;
        for (int32_t k = 0; k < a->n; k++)
            if (a->near[k].col == (int32_t)j) {
                a->n = -1;
                break;
            }
    }
}

static enum og_rc check_number(size_t k, size_t n, const char *what, struct og_err *err)
{
    if (k >= n)
        return og_err_set(err, OG_E_DATA, "there is no %s %zu", what, k);
    return OG_OK;
}

enum og_rc og_lap_set_row(struct og_lap *l, size_t i, const int64_t *cells, int64_t wait,
                          struct og_err *err)
{
    OG_TRY(check_number(i, l->p.n, "row", err));
    OG_TRY(check_cells(l, cells, l->p.m, err));
    OG_TRY(check_wait(l, wait, err));
    for (size_t j = 0; j < l->p.m; j++)
        set_cell(l, i, j, cells[j]);
    l->wait[i] = wait;
    open_row(l, i);
    return OG_OK;
}

enum og_rc og_lap_set_col(struct og_lap *l, size_t j, const int64_t *cells, uint32_t cap,
                          struct og_err *err)
{
    OG_TRY(check_number(j, l->p.m, "column", err));
    OG_TRY(check_cells(l, cells, l->p.n, err));
    for (size_t i = 0; i < l->p.n; i++)
        set_cell(l, i, j, cells[i]);
    l->cap[j] = cap;
    reopen_col(l, j);
    return OG_OK;
}

enum og_rc og_lap_add_row(struct og_lap *l, const int64_t *cells, int64_t wait, struct og_err *err)
{
    size_t i = l->p.n;
    if (i == OG_LAP_SIZE)
        return og_err_set(err, OG_E_DATA, "%zu rows are the most", i);
    OG_TRY(check_cells(l, cells, l->p.m, err));
    OG_TRY(check_wait(l, wait, err));
    reserve(l, i + 1, l->p.m);
    l->core.n = ++l->p.n;
    for (size_t j = 0; j < l->p.m; j++)
        set_cell(l, i, j, cells[j]);
    l->wait[i] = wait;
    og_lapcore_new_row(&l->core, i);
    return OG_OK;
}

enum og_rc og_lap_add_col(struct og_lap *l, const int64_t *cells, uint32_t cap, struct og_err *err)
{
    size_t j = l->p.m;
    if (j == OG_LAP_SIZE)
        return og_err_set(err, OG_E_DATA, "%zu columns are the most", j);
    OG_TRY(check_cells(l, cells, l->p.n, err));
    reserve(l, l->p.n, j + 1);
    l->core.m = ++l->p.m;
    for (size_t i = 0; i < l->p.n; i++)
        set_cell(l, i, j, cells[i]);
    l->cap[j] = cap;
    og_lapcore_new_col(&l->core, j);
    reopen_col(l, j);
    return OG_OK;
}

static void move_row(struct og_lap *l, size_t to, size_t from)
{
    struct og_lapcore *c = &l->core;
    size_t size = l->c32 != NULL ? sizeof *l->c32 : sizeof *l->c64, step = l->cols_max * size;
    char *cells = l->c32 != NULL ? (char *)l->c32 : (char *)l->c64;
    int32_t j = c->x[from];
    memcpy(cells + to * step, cells + from * step, l->p.m * size);
    l->wait[to] = l->wait[from];
    c->lists[to] = c->lists[from];
    og_lapcore_drop(c, (int32_t)from);
    c->x[to] = j;
    if (j >= 0)
        og_lapcore_put(c, (int32_t)to, j, c->cx[from]);
}

enum og_rc og_lap_remove_row(struct og_lap *l, size_t i, struct og_err *err)
{
    OG_TRY(check_number(i, l->p.n, "row", err));
    og_lapcore_drop(&l->core, (int32_t)i);
    if (i != l->p.n - 1)
        move_row(l, i, l->p.n - 1);
    l->core.n = --l->p.n;
    return OG_OK;
}

/* In the list of a row: column j is gone, `last` is called j now. */
static void rename_near(struct og_lapcore *c, size_t i, int32_t j, int32_t last)
{
    struct og_lapcore_list *a = c->lists + i;
    int32_t n = 0;
    for (int32_t k = 0; k < a->n; k++)
        if (a->near[k].col != j) {
            a->near[n] = a->near[k];
            a->near[n].col = a->near[n].col == last ? j : a->near[n].col;
            n++;
        }
    if (a->n >= 0)
        a->n = n;
}

enum og_rc og_lap_remove_col(struct og_lap *l, size_t j, struct og_err *err)
{
    struct og_lapcore *c = &l->core;
    size_t last = l->p.m - 1;
    OG_TRY(check_number(j, l->p.m, "column", err));
    while (c->head[j] >= 0)
        og_lapcore_drop(c, c->head[j]);
    for (size_t i = 0; i < l->p.n; i++) {
        rename_near(c, i, (int32_t)j, (int32_t)last);
        if (j != last)
            set_cell(l, i, j, get_cell(l, i, last));
    }
    if (j != last) {
        c->head[j] = c->head[last];
        c->load[j] = c->load[last];
        og_lapcore_price(c, (int32_t)j, c->v[last]);
        l->cap[j] = l->cap[last];
        for (int32_t i = c->head[j]; i >= 0; i = c->next[i])
            c->x[i] = (int32_t)j;
    }
    l->p.m = c->m = last;
    return OG_OK;
}

enum og_rc og_lap_resolve(struct og_lap *l, bool (*stop)(void *user), void *stop_user,
                          const struct og_lap_result **out, struct og_err *err)
{
    struct og_lap_result *r = &l->result;
    (void)err;
    l->p.stop = stop;
    l->p.stop_user = stop_user;
    og_lapcore_solve(&l->core, !l->warm);
    l->warm = true;
    og_lap_result_release(r);
    og_lap_result_init(r, l->p.n, l->p.m);
    og_lapcore_result(&l->core, r);
    l->p.stop = NULL;
    *out = r;
    return OG_OK;
}
