/* test_lap.c - the solver against brute force, in every form of a problem; bounds; stop(). */
#include "lap_gen.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_lap.h"
#include "match/match_lapcert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIDE 8

static uint64_t state = 2026;

static uint64_t below(uint64_t n)
{
    return og_splitmix64(state++) % n;
}

struct small {
    size_t n, m;
    bool waits, caps;
    int64_t c[SIDE * SIDE], w[SIDE];
    uint32_t cap[SIDE];
};

static void fill(struct small *s, size_t round)
{
    static const int64_t range[] = {1, 2, 4, 20, 1000, 1 << 20, (1 << 30) - 1};
    int64_t r = range[round % 7], low = round % 5 == 0 ? r / 2 : 0;
    uint64_t hole = 3 * (round / 7 % 4);
    s->n = below(SIDE - 1) + (round % 97 == 0);
    s->m = below(SIDE - 1) + (round % 89 == 0);
    s->waits = round / 28 % 2;
    s->caps = round / 56 % 2;
    for (size_t k = 0; k < s->n * s->m; k++)
        s->c[k] = below(10) < hole ? OG_COST_NONE : (int64_t)below((uint64_t)r) - low;
    for (size_t i = 0; i < s->n; i++)
        s->w[i] = s->waits ? (int64_t)below(2 * (uint64_t)r) - low : OG_LAP_BIG;
    for (size_t j = 0; j < s->m; j++)
        s->cap[j] = s->caps ? (uint32_t)below(4) : 1;
}

/* Cheapest total by trying everything; cap is given back as it was. */
static int64_t brute(struct small *s, size_t i)
{
    if (i == s->n)
        return 0;
    int64_t best = s->w[i] + brute(s, i + 1);
    for (size_t j = 0; j < s->m; j++) {
        if (s->cap[j] == 0 || s->c[i * s->m + j] == OG_COST_NONE)
            continue;
        s->cap[j]--;
        int64_t t = s->c[i * s->m + j] + brute(s, i + 1);
        s->cap[j]++;
        best = t < best ? t : best;
    }
    return best;
}

static void row_of(void *user, size_t i, int64_t *out)
{
    const struct small *s = user;
    memcpy(out, s->c + i * s->m, s->m * sizeof *out);
}

static struct og_lap_result solve(const struct og_lap_problem *p, int64_t want, size_t round)
{
    struct og_lap_result r;
    struct og_err err = {0};
    int64_t left;
    if (og_lap_solve(p, &r, &err) != OG_OK)
        fail_msg("round %zu: %s", round, err.msg);
    if (og_lapcert_check(p, r.x, r.u, r.v, &err) != OG_OK)
        fail_msg("round %zu, %zu x %zu: %s", round, p->n, p->m, err.msg);
    left = p->wait == NULL ? (int64_t)(p->n - r.matched) * OG_LAP_BIG : 0;
    if (r.cost + left != want)
        fail_msg("round %zu: %lld, best %lld", round, (long long)(r.cost + left), (long long)want);
    assert_true(r.optimal);
    assert_int_equal(r.gap, 0);
    return r;
}

static void same(const struct og_lap_result *a, const struct og_lap_result *b)
{
    assert_memory_equal(a->x, b->x, a->n * sizeof *a->x);
    assert_memory_equal(a->u, b->u, a->n * sizeof *a->u);
    assert_memory_equal(a->v, b->v, a->m * sizeof *a->v);
}

static void test_brute_force(void **st)
{
    (void)st;
    for (size_t round = 0; round < 10000; round++) {
        struct small s;
        int32_t c32[SIDE * SIDE], wide[SIDE * (SIDE + 3)];
        fill(&s, round);
        memset(wide, 0x80, sizeof wide); /* cheap cells that are not part of it */
        for (size_t k = 0; k < s.n * s.m; k++) {
            c32[k] =
                s.c[k] == OG_COST_NONE ? OG_LAP_NONE32 + (int32_t)below(1 << 29) : (int32_t)s.c[k];
            wide[k / s.m * (s.m + 3) + k % s.m] = c32[k];
        }
        struct og_lap_problem p = {.n = s.n,
                                   .m = s.m,
                                   .wait = s.waits ? s.w : NULL,
                                   .cap = s.caps ? s.cap : NULL,
                                   .c32 = c32};
        int64_t want = brute(&s, 0);
        struct og_lap_result a = solve(&p, want, round), b;
        p.portable = true;
        b = solve(&p, want, round);
        same(&a, &b);
        og_lap_result_release(&b);
        p.c32 = wide;
        p.stride = s.m + 3;
        b = solve(&p, want, round);
        same(&a, &b);
        og_lap_result_release(&b);
        p.c32 = NULL;
        p.stride = 0;
        p.c64 = s.c;
        b = solve(&p, want, round);
        same(&a, &b);
        og_lap_result_release(&b);
        p.c64 = NULL;
        p.row = row_of;
        p.row_user = &s;
        b = solve(&p, want, round);
        og_lap_result_release(&b);
        og_lap_result_release(&a);
    }
}

/* Instances big enough for the auction, the vector loops and stand-ins, of kinds that hurt. */
static int64_t hard(size_t kind, size_t i, size_t j, size_t n, const int64_t *a)
{
    switch (kind) {
    case 0: return 7;
    case 1: return (int64_t)below(2);
    case 2: return (int64_t)below(1 << 30) - (i == j);
    case 3: return -(int64_t)below((uint64_t)1 << 31);
    case 4: return 1000 * a[j];
    case 5: return 1000 * a[i];
    case 6: return a[i] * a[n + j];
    case 7: return (int64_t)((i + 1) * (j + 1));
    case 8: return i % 10 == j % 10 ? (int64_t)below(100000) : OG_COST_NONE;
    case 9: return below(100) == 0 ? (int64_t)below(1000) : OG_COST_NONE;
    case 10: return j < n / 2 ? (int64_t)below(1000000) : OG_COST_NONE;
    case 11: return a[i] % 5 * 1000 + a[n + j] % 7 * (a[i] % 11) * 100;
    case 12: return a[i] % 10 < 8 ? (j < n / 4 ? (int64_t)below(99) : OG_COST_NONE) : 50;
    case 13: return (int64_t)1 << below(30);
    case 14: return (i * 31 + j * 17) % 97 == 0 ? -2000000000 : (int64_t)below(1000000);
    default: return (int64_t)i - (int64_t)j;
    }
}

static void solve_hard(size_t kind, size_t n, size_t m, bool waits, bool caps)
{
    int32_t *c32 = og_xmalloc(n * m * sizeof *c32);
    int64_t *c64 = og_xmalloc(n * m * sizeof *c64), *w = og_xmalloc(n * sizeof *w);
    int64_t *a = og_xmalloc((n + m) * 2 * sizeof *a);
    uint32_t *cap = og_xmalloc(m * sizeof *cap);
    struct og_lap_result r[3];
    struct og_err err = {0};
    for (size_t k = 0; k < 2 * (n + m); k++)
        a[k] = (int64_t)below(1000);
    for (size_t k = 0; k < n * m; k++) {
        c64[k] = hard(kind, k / m, k % m, n, a);
        c32[k] = c64[k] == OG_COST_NONE ? OG_LAP_NONE32 : (int32_t)c64[k];
    }
    for (size_t i = 0; i < n; i++)
        w[i] = (int64_t)below(2000000);
    for (size_t j = 0; j < m; j++)
        cap[j] = (uint32_t)below(5);
    for (size_t k = 0; k < 3; k++) {
        struct og_lap_problem p = {.n = n, .m = m, .wait = waits ? w : NULL};
        p.cap = caps ? cap : NULL;
        p.c32 = k < 2 ? c32 : NULL;
        p.c64 = k < 2 ? NULL : c64;
        p.portable = k == 1;
        assert_int_equal(og_lap_solve(&p, &r[k], &err), OG_OK);
        if (og_lapcert_check(&p, r[k].x, r[k].u, r[k].v, &err) != OG_OK)
            fail_msg("kind %zu, %zu x %zu, form %zu: %s", kind, n, m, k, err.msg);
        if (k == 1)
            same(&r[0], &r[1]);
        assert_int_equal(r[k].cost, r[0].cost);
    }
    for (size_t k = 0; k < 3; k++)
        og_lap_result_release(&r[k]);
    free(c32);
    free(c64);
    free(w);
    free(a);
    free(cap);
}

static void test_hard_kinds(void **st)
{
    (void)st;
    for (size_t kind = 0; kind < 16; kind++) {
        solve_hard(kind, 203, 203, false, false);
        solve_hard(kind, 150, 211, false, false);
        solve_hard(kind, 150, 211, true, false);
        solve_hard(kind, 211, 150, false, false);
        solve_hard(kind, 211, 150, true, false);
        solve_hard(kind, 40, 600, false, false);
        solve_hard(kind, 600, 40, true, false);
        solve_hard(kind, 150, 80, false, true);
        solve_hard(kind, 150, 80, true, true);
    }
}

static void refuse(const struct og_lap_problem *p, const char *why)
{
    struct og_lap_result r;
    struct og_err err = {0};
    assert_int_equal(og_lap_solve(p, &r, &err), OG_E_DATA);
    if (strstr(err.msg, why) == NULL)
        fail_msg("'%s' does not say '%s'", err.msg, why);
    og_lap_result_release(&r);
}

static void too_dear(void *user, size_t i, int64_t *out)
{
    (void)user;
    (void)i;
    out[0] = out[1] = OG_LAP_MAX + 1;
}

/* At the guards: the widest costs that are taken, and one more. */
static void test_bounds(void **st)
{
    int64_t c[4] = {OG_LAP_BIG / 3, -OG_LAP_BIG / 3, 0, OG_LAP_BIG / 3}, w[2] = {0, 0};
    int32_t c32[4] = {OG_LAP_NONE32 - 1, INT32_MIN, INT32_MIN, OG_LAP_NONE32 - 1};
    struct og_lap_problem p = {.n = 2, .m = 2, .c64 = c};
    struct og_lap_result r;
    struct og_err err = {0};
    (void)st;
    r = solve(&p, -OG_LAP_BIG / 3, 0);
    og_lap_result_release(&r);
    c[0]++;
    refuse(&p, "too wide");
    p.wait = w;
    c[0] = OG_LAP_MAX;
    r = solve(&p, -OG_LAP_BIG / 3, 1);
    og_lap_result_release(&r);
    c[0] = OG_LAP_MAX + 1;
    refuse(&p, "cell 0, 0 costs");
    c[0] = 0;
    w[1] = -OG_LAP_MAX - 1;
    refuse(&p, "waiting of row 1");
    p = (struct og_lap_problem){.n = 2, .m = 2, .c32 = c32};
    r = solve(&p, 2 * (int64_t)INT32_MIN, 2);
    og_lap_result_release(&r);
    p = (struct og_lap_problem){.n = OG_LAP_SIZE + 1, .m = 2, .c32 = c32};
    refuse(&p, "too many");
    p = (struct og_lap_problem){.n = 2, .m = 2, .row = too_dear};
    refuse(&p, "callback");
    p = (struct og_lap_problem){.n = 2, .m = 2, .c32 = c32, .c64 = c};
    assert_int_equal(og_lap_solve(&p, &r, &err), OG_E_INTERNAL);
}

/* Prices pass what 32 bits hold: chains of rows that push each other to ever dearer columns. */
static void test_deep_prices(void **st)
{
    enum { N = 100 };
    static int32_t c[N * N];
    (void)st;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            c[i * N + j] = j + 1 == i || j == i ? (int32_t)(j + 1 == i ? -2000000000 : 1000000000)
                                                : OG_LAP_NONE32;
    c[0] = 1073741823;
    c[N - 1] = -2000000000; /* row 0 at the last column turns all others */
    for (int k = 0; k < 2; k++) {
        struct og_lap_problem p = {.n = N, .m = N, .c32 = c, .portable = k > 0};
        struct og_lap_result r = solve(&p, -2000000000ll * N, (size_t)k);
        og_lap_result_release(&r);
        c[N - 1] = OG_LAP_NONE32;
        r = solve(&p, 1073741823ll + 1000000000ll * (N - 1), (size_t)k);
        og_lap_result_release(&r);
        c[N - 1] = -2000000000;
    }
}

struct machine {
    size_t n, m;
    const int64_t *cell;
    size_t asked;
};

static void machine_row(void *user, size_t i, int64_t *out)
{
    struct machine *t = user;
    memcpy(out, t->cell + i * t->m, t->m * sizeof *out);
    t->asked++;
}

/* Rows from a callback: the optimum of the dense problem, every row asked for a few times only. */
static void test_callback(void **st)
{
    static const size_t size[][2] = {{500, 500}, {400, 480}, {100, 900}, {300, 120}};
    (void)st;
    for (size_t k = 0; k < 4; k++) {
        size_t n = size[k][0], m = size[k][1];
        int64_t *c = og_xmalloc(n * m * sizeof *c);
        struct machine t = {n, m, c, 0};
        struct og_lap_problem p = {.n = n, .m = m, .c64 = c};
        struct og_lap_result r;
        struct og_err err = {0};
        lap_gen(k, k == 1 ? "machinf" : "mach", c, n, m);
        for (size_t i = 0; i < n * m; i++)
            c[i] = c[i] == LAP_GEN_HOLE ? OG_COST_NONE : c[i];
        assert_int_equal(og_lap_solve(&p, &r, &err), OG_OK);
        p.c64 = NULL;
        p.row = machine_row;
        p.row_user = &t;
        struct og_lap_result s = solve(&p, r.cost + (int64_t)(n - r.matched) * OG_LAP_BIG, k);
        assert_int_equal(s.matched, r.matched);
        assert_true(t.asked < 400 * n);
        og_lap_result_release(&r);
        og_lap_result_release(&s);
        free(c);
    }
}

static bool count_down(void *user)
{
    int *left = user;
    return (*left)-- <= 0;
}

/* Stopped anywhere: x is an assignment, Σu + Σv bounds the optimum, the gap says how far. */
static void test_stop(void **st)
{
    enum { N = 260 };
    int32_t *c = og_xmalloc((size_t)N * N * sizeof *c);
    struct og_lap_result best, r;
    struct og_err err = {0};
    (void)st;
    for (size_t k = 0; k < (size_t)N * N; k++)
        c[k] =
            (int32_t)((1 + og_splitmix64(k / N) % 1000) * (1 + og_splitmix64(k % N + 9999) % 1000));
    struct og_lap_problem p = {.n = N, .m = N, .c32 = c};
    assert_int_equal(og_lap_solve(&p, &best, &err), OG_OK);
    size_t early = 0;
    for (int calls = 0; calls < 12; calls++) {
        int left = calls;
        int64_t sum = 0, bound = 0;
        bool used[N] = {false};
        p.stop = count_down;
        p.stop_user = &left;
        assert_int_equal(og_lap_solve(&p, &r, &err), OG_OK);
        for (size_t i = 0; i < N; i++) {
            assert_true(r.x[i] >= 0 && r.x[i] < N && !used[r.x[i]]);
            used[r.x[i]] = true;
            sum += c[i * N + (size_t)r.x[i]];
            bound += r.u[i] + r.v[i];
            assert_true(r.v[i] <= 0);
            for (size_t j = 0; j < N; j++)
                assert_true(r.u[i] + r.v[j] <= c[i * N + j]);
        }
        assert_int_equal(sum, r.cost);
        assert_int_equal(sum - bound, r.gap);
        assert_true(bound <= best.cost && best.cost <= sum);
        assert_true(!r.optimal || r.gap == 0);
        early += !r.optimal;
        og_lap_result_release(&r);
    }
    assert_true(early > 0);
    og_lap_result_release(&best);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brute_force), cmocka_unit_test(test_hard_kinds),
        cmocka_unit_test(test_bounds),      cmocka_unit_test(test_deep_prices),
        cmocka_unit_test(test_callback),    cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
