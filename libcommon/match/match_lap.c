/* match_lap.c - solving a problem once: checks, the whole order of steps, the result. */
#include "match/match_lap.h"

#include "base/base_mem.h"
#include "match/match_cert.h"
#include "match/match_lapcore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void og_lap_result_release(struct og_lap_result *r)
{
    if (r == NULL)
        return;
    free(r->x);
    free(r->u);
    free(r->v);
    *r = (struct og_lap_result){0};
}

void og_lap_result_init(struct og_lap_result *r, size_t n, size_t m)
{
    *r = (struct og_lap_result){.n = n, .m = m};
    r->x = og_xmalloc((n + 1) * sizeof *r->x);
    r->u = og_xmalloc((n + 1) * sizeof *r->u);
    r->v = og_xmalloc((m + 1) * sizeof *r->v);
}

/* The greatest |cell| of 64-bit costs; OG_E_DATA names a cell beyond OG_LAP_MAX. */
static enum og_rc check_cells(const struct og_lap_problem *p, int64_t *max, struct og_err *err)
{
    size_t step = p->stride == 0 ? p->m : p->stride;
    for (size_t i = 0; i < p->n; i++) {
        const int64_t *r = p->c64 + i * step;
        int64_t most = 0;
        for (size_t j = 0; j < p->m; j++) {
            int64_t t = r[j] == OG_COST_NONE ? 0 : r[j];
            t = t < -OG_LAP_MAX ? OG_LAP_MAX + 1 : t < 0 ? -t : t;
            most = t > most ? t : most;
        }
        if (most > OG_LAP_MAX) {
            size_t j = 0;
            while (r[j] == OG_COST_NONE || (r[j] <= OG_LAP_MAX && r[j] >= -OG_LAP_MAX))
                j++;
            return og_err_set(err, OG_E_DATA, "cell %zu, %zu costs %" PRId64 ", beyond 2^52", i, j,
                              r[j]);
        }
        *max = most > *max ? most : *max;
    }
    return OG_OK;
}

static enum og_rc check_width(const struct og_lap_problem *p, int64_t max, struct og_err *err)
{
    int64_t rows = (int64_t)p->n + 1;
    if (max > (p->wait == NULL ? OG_LAP_BIG : (int64_t)1 << 62) / rows)
        return og_err_set(err, OG_E_DATA, "costs up to %" PRId64 " are too wide for %zu rows", max,
                          p->n);
    return OG_OK;
}

static enum og_rc check(const struct og_lap_problem *p, struct og_err *err)
{
    int64_t max = 0;
    int sources = (p->c32 != NULL) + (p->c64 != NULL) + (p->row != NULL);
    if (p->n > OG_LAP_SIZE || p->m > OG_LAP_SIZE)
        return og_err_set(err, OG_E_DATA, "%zu rows and %zu columns are too many", p->n, p->m);
    if (p->n == 0 || p->m == 0)
        return OG_OK;
    if (sources != 1 || (p->stride != 0 && p->stride < p->m))
        return og_err_set(err, OG_E_INTERNAL, "an assignment problem with %d sources of costs",
                          sources);
    for (size_t i = 0; p->wait != NULL && i < p->n; i++) {
        if (p->wait[i] > OG_LAP_MAX || p->wait[i] < -OG_LAP_MAX)
            return og_err_set(err, OG_E_DATA, "waiting of row %zu costs %" PRId64 ", beyond 2^52",
                              i, p->wait[i]);
        max = p->wait[i] > max ? p->wait[i] : -p->wait[i] > max ? -p->wait[i] : max;
    }
    if (p->c64 != NULL)
        OG_TRY(check_cells(p, &max, err));
    return check_width(p, max, err);
}

/* More rows than columns: columns choose rows. The n·m copy is made block by block. */
static int32_t *transposed(const struct og_lap_problem *p)
{
    const size_t block = 64;
    size_t step = p->stride == 0 ? p->m : p->stride;
    int32_t *t = og_xmalloc(p->n * p->m * sizeof *t);
    for (size_t i = 0; i < p->n; i += block)
        for (size_t j = 0; j < p->m; j++)
            for (size_t k = i; k < i + block && k < p->n; k++)
                t[j * p->n + k] = p->c32[k * step + j];
    return t;
}

static int64_t *transposed64(const struct og_lap_problem *p)
{
    const size_t block = 64;
    size_t step = p->stride == 0 ? p->m : p->stride;
    int64_t *t = og_xmalloc(p->n * p->m * sizeof *t);
    for (size_t i = 0; i < p->n; i += block)
        for (size_t j = 0; j < p->m; j++)
            for (size_t k = i; k < i + block && k < p->n; k++)
                t[j * p->n + k] = p->c64[k * step + j];
    return t;
}

/* t solved the problem with rows and columns exchanged: its u are our v and the other way round,
 * moved by OG_LAP_BIG so that rows left over have that u and columns left over have v = 0. */
static void turn_back(const struct og_lap_result *t, struct og_lap_result *r)
{
    for (size_t i = 0; i < r->n; i++) {
        r->x[i] = -1;
        r->u[i] = t->v[i] + OG_LAP_BIG;
    }
    for (size_t j = 0; j < r->m; j++) {
        r->v[j] = t->u[j] - OG_LAP_BIG;
        if (t->x[j] >= 0)
            r->x[t->x[j]] = (int32_t)j;
    }
    r->matched = t->matched;
    r->cost = t->cost;
    r->gap = t->gap;
    r->optimal = t->optimal;
    r->scans = t->scans;
}

static enum og_rc solve_as_is(const struct og_lap_problem *p, struct og_lap_result *out,
                              struct og_err *err)
{
    struct og_lapcore c;
    enum og_rc rc = OG_OK;
    og_lapcore_init(&c, p);
    og_lapcore_solve(&c, true);
    if (c.most > OG_LAP_MAX)
        rc = og_err_set(err, OG_E_DATA, "the callback wrote a cost beyond 2^52");
    else if (p->row != NULL)
        rc = check_width(p, c.most, err);
    if (rc == OG_OK)
        og_lapcore_result(&c, out);
    og_lapcore_release(&c);
    return rc;
}

static enum og_rc solve_turned(const struct og_lap_problem *p, struct og_lap_result *out,
                               struct og_err *err)
{
    struct og_lap_result r;
    struct og_lap_problem t = *p;
    int32_t *c32 = p->c32 != NULL ? transposed(p) : NULL;
    int64_t *c64 = p->c64 != NULL ? transposed64(p) : NULL;
    t.n = p->m;
    t.m = p->n;
    t.stride = 0;
    t.c32 = c32;
    t.c64 = c64;
    og_lap_result_init(&r, t.n, t.m);
    enum og_rc rc = solve_as_is(&t, &r, err);
    if (rc == OG_OK)
        turn_back(&r, out);
    og_lap_result_release(&r);
    free(c32);
    free(c64);
    return rc;
}

enum og_rc og_lap_solve(const struct og_lap_problem *p, struct og_lap_result *out,
                        struct og_err *err)
{
    *out = (struct og_lap_result){0};
    OG_TRY(check(p, err));
    og_lap_result_init(out, p->n, p->m);
    if (p->n > p->m && p->m > 0 && p->row == NULL && p->wait == NULL && p->cap == NULL)
        return solve_turned(p, out, err);
    return solve_as_is(p, out, err);
}
