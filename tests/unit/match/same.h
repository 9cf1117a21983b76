/* same.h - one number made of what the solvers of match/ say of a list of seeded problems: the same
 * on every machine, of every compiler, with and without vector instructions. */
#ifndef SAME_H
#define SAME_H

#include "lap_gen.h"

#include "match/match_hungarian.h"
#include "match/match_lap.h"
#include "match/match_makespan.h"
#include "match/match_order.h"
#include "match/match_pull.h"

static uint64_t same_sum;

static inline void same_add(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++) { /* FNV-1a */
        same_sum ^= ((const uint8_t *)p)[i];
        same_sum *= 0x100000001b3ull;
    }
}

static inline void same_result(const struct og_lap_result *r)
{
    same_add(r->x, r->n * sizeof *r->x);
    same_add(r->u, r->n * sizeof *r->u);
    same_add(r->v, r->m * sizeof *r->v);
    same_add(&r->cost, sizeof r->cost);
}

static inline void same_row(void *user, size_t i, int64_t *out)
{
    const struct og_lap_problem *p = user;
    for (size_t j = 0; j < p->m; j++)
        out[j] = p->c64[i * p->m + j];
}

/* 32 and 64 bits, rows from a callback, waiting, capacities. */
static inline bool same_lap(const char *kind, size_t n, size_t m, bool portable)
{
    int64_t *c = og_xmalloc((n * m + n) * sizeof *c), *wait = c + n * m;
    int32_t *c32 = og_xmalloc(n * m * sizeof *c32);
    uint32_t *cap = og_xmalloc(m * sizeof *cap);
    struct og_err err = {0};
    bool ok = true;
    lap_gen(n * 1000 + m, kind, c, n, m);
    for (size_t k = 0; k < n * m; k++) {
        c32[k] = (int32_t)c[k];
        c[k] = c[k] == LAP_GEN_HOLE ? OG_COST_NONE : c[k];
    }
    for (size_t i = 0; i < n; i++)
        wait[i] = (int64_t)(og_splitmix64(i) % 3000000);
    for (size_t j = 0; j < m; j++)
        cap[j] = (uint32_t)(og_splitmix64(j) % 3);
    struct og_lap_problem dense = {.n = n, .m = m, .c64 = c};
    for (unsigned form = 0; form < 12; form++) {
        struct og_lap_problem p = {.n = n, .m = m, .portable = portable};
        struct og_lap_result r;
        p.c32 = form % 3 == 0 ? c32 : NULL;
        p.c64 = form % 3 == 1 ? c : NULL;
        p.row = form % 3 == 2 ? same_row : NULL;
        p.row_user = &dense;
        p.wait = form / 3 & 1 ? wait : NULL;
        p.cap = form / 6 ? cap : NULL;
        ok = ok && og_lap_solve(&p, &r, &err) == OG_OK;
        same_result(&r);
        og_lap_result_release(&r);
    }
    free(c);
    free(c32);
    free(cap);
    return ok;
}

/* A problem changed and solved again. */
static inline bool same_warm(size_t n, bool portable)
{
    int64_t *c = og_xmalloc(n * n * sizeof *c);
    int32_t *c32 = og_xmalloc(n * n * sizeof *c32);
    struct og_lap_problem p = {.n = n, .m = n, .c32 = c32, .portable = portable};
    const struct og_lap_result *r;
    struct og_lap *l;
    struct og_err err = {0};
    lap_gen(5, "mach", c, n, n);
    for (size_t k = 0; k < n * n; k++)
        c32[k] = (int32_t)c[k];
    bool ok = og_lap_new(&p, &l, &err) == OG_OK;
    for (uint64_t k = 0; ok && k < 40; k++) {
        size_t i = og_splitmix64(k) % n;
        ok = og_lap_resolve(l, NULL, NULL, &r, &err) == OG_OK;
        same_result(r);
        if (ok && k % 2)
            ok = og_lap_set_row(l, i, c + og_splitmix64(k + 99) % n * n, 0, &err) == OG_OK;
        else if (ok)
            ok = og_lap_set_col(l, i, c + og_splitmix64(k + 77) % n * n, 1, &err) == OG_OK;
    }
    og_lap_free(l);
    free(c);
    free(c32);
    return ok;
}

static inline bool same_plans(size_t n, size_t m)
{
    int64_t *p = og_xmalloc(n * m * sizeof *p);
    int32_t *x = og_xmalloc(n * sizeof *x);
    uint32_t *price = og_xcalloc(m, sizeof *price), *back = og_xmalloc(n * sizeof *back);
    struct og_order_edge *edge = og_xmalloc(n * sizeof *edge);
    struct og_order_slot *slot = og_xmalloc(n * sizeof *slot);
    struct og_makespan_opts o = {.steps = 100000};
    struct og_makespan out;
    struct og_order_sum sum;
    struct og_err err = {0};
    uint64_t whole;
    lap_gen(n, "mach", p, n, m);
    bool ok = og_makespan_solve(n, m, p, &o, x, price, &out, &err) == OG_OK;
    same_add(x, n * sizeof *x);
    same_add(price, m * sizeof *price);
    same_add(&out.makespan, sizeof out.makespan);
    same_add(&out.bound, sizeof out.bound);
    ok = ok && og_order_sumcj(n, m, p, 0, NULL, NULL, x, back, &sum, &err) == OG_OK;
    same_add(x, n * sizeof *x);
    same_add(&sum.sum, sizeof sum.sum);
    for (size_t k = 1; k < n; k++)
        edge[k - 1] = (struct og_order_edge){og_splitmix64(k) % k, k, og_splitmix64(k) % 50000};
    ok = ok && og_order_heft(n, m, p, edge, n - 1, NULL, NULL, slot, NULL, &whole, &err) == OG_OK;
    for (size_t i = 0; i < n; i++)
        same_add(&slot[i].finish, sizeof slot[i].finish);
    same_add(&whole, sizeof whole);
    free(p);
    free(x);
    free(price);
    free(back);
    free(edge);
    free(slot);
    return ok;
}

/* 0: a solver failed. */
static inline uint64_t same_digest(bool portable)
{
    static const char *const kind[] = {"uni", "uni100", "geo", "mw", "mach", "machinf"};
    same_sum = 0xcbf29ce484222325ull;
    bool ok = true;
    for (size_t k = 0; k < sizeof kind / sizeof *kind; k++) {
        ok = ok && same_lap(kind[k], 90, 90, portable);
        ok = ok && same_lap(kind[k], 70, 130, portable);
        ok = ok && same_lap(kind[k], 110, 60, portable);
    }
    ok = ok && same_lap("sumcj", 80, 160, portable) && same_warm(120, portable);
    ok = ok && same_plans(60, 8);
    return ok ? same_sum : 0;
}

#endif
