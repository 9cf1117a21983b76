/* test_lapwarm.c - a problem that changes: after every edit the optimum of a cold solve. */
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

#define SIDE 40

static uint64_t state = 77;

static uint64_t below(uint64_t n)
{
    return og_splitmix64(state++) % n;
}

struct kind {
    int64_t range;
    uint64_t holes; /* of ten */
    bool waits, caps, wide;
};

static void draw(const struct kind *k, int64_t *cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cells[i] = below(10) < k->holes ? OG_COST_NONE : (int64_t)below((uint64_t)k->range);
}

static uint32_t draw_cap(const struct kind *k)
{
    return k->caps ? (uint32_t)below(4) : 1;
}

static void edit(const struct kind *k, struct og_lap *l)
{
    int64_t cells[4 * SIDE], wait = (int64_t)below(2 * (uint64_t)k->range);
    size_t n = og_lap_rows(l), m = og_lap_cols(l), what = below(6);
    struct og_err err = {0};
    enum og_rc rc = OG_OK;
    draw(k, cells, 4 * SIDE);
    if (what == 0 && n > 0)
        rc = og_lap_set_row(l, below(n), cells, wait, &err);
    else if (what == 1 && m > 0)
        rc = og_lap_set_col(l, below(m), cells, draw_cap(k), &err);
    else if (what == 2 && n < 4 * SIDE)
        rc = og_lap_add_row(l, cells, wait, &err);
    else if (what == 3 && m < 4 * SIDE)
        rc = og_lap_add_col(l, cells, draw_cap(k), &err);
    else if (what == 4 && n > 0)
        rc = og_lap_remove_row(l, below(n), &err);
    else if (what == 5 && m > 0)
        rc = og_lap_remove_col(l, below(m), &err);
    if (rc != OG_OK)
        fail_msg("edit %zu: %s", what, err.msg);
}

static void compare(struct og_lap *l, const struct kind *k, size_t round)
{
    const struct og_lap_problem *p = og_lap_problem_of(l);
    const struct og_lap_result *warm;
    struct og_lap_result cold;
    struct og_err err = {0};
    assert_int_equal(og_lap_resolve(l, NULL, NULL, &warm, &err), OG_OK);
    assert_true(warm->optimal && warm->n == p->n && warm->m == p->m);
    if (og_lapcert_check(p, warm->x, warm->u, warm->v, &err) != OG_OK)
        fail_msg("round %zu, %zu x %zu: %s", round, p->n, p->m, err.msg);
    assert_int_equal(og_lap_solve(p, &cold, &err), OG_OK);
    if (cold.cost != warm->cost || (!k->waits && cold.matched != warm->matched))
        fail_msg("round %zu: warm %lld, cold %lld", round, (long long)warm->cost,
                 (long long)cold.cost);
    og_lap_result_release(&cold);
}

static struct og_lap *make(const struct kind *k, size_t n, size_t m)
{
    static int64_t c[SIDE * SIDE], w[SIDE];
    static int32_t c32[SIDE * SIDE];
    static uint32_t cap[SIDE];
    struct og_lap *l;
    struct og_err err = {0};
    draw(k, c, n * m);
    for (size_t i = 0; i < n * m; i++)
        c32[i] = c[i] == OG_COST_NONE ? OG_LAP_NONE32 : (int32_t)c[i];
    for (size_t i = 0; i < n; i++)
        w[i] = (int64_t)below(2 * (uint64_t)k->range);
    for (size_t j = 0; j < m; j++)
        cap[j] = draw_cap(k);
    struct og_lap_problem p = {.n = n, .m = m, .wait = k->waits ? w : NULL};
    p.cap = k->caps ? cap : NULL;
    p.c32 = k->wide ? NULL : c32;
    p.c64 = k->wide ? c : NULL;
    assert_int_equal(og_lap_new(&p, &l, &err), OG_OK);
    return l;
}

static void test_warm_is_cold(void **st)
{
    static const int64_t range[] = {2, 10, 1000, 1 << 20, (1 << 30) - 1};
    (void)st;
    for (size_t trial = 0; trial < 160; trial++) {
        struct kind k = {range[trial % 5], 2 * (trial / 5 % 4), trial % 2, trial / 2 % 2,
                         trial / 4 % 2};
        struct og_lap *l = make(&k, below(SIDE), below(SIDE));
        size_t edits = 0;
        for (size_t round = 0; edits < 64; round++) {
            for (size_t e = below(4); e > 0; e--, edits++)
                edit(&k, l);
            compare(l, &k, trial * 1000 + round);
        }
        og_lap_free(l);
    }
}

/* The size at which lists, vector loops and stand-ins take part. */
static void test_bigger(void **st)
{
    enum { N = 200, M = 240 };
    static int32_t c[N * M];
    int64_t cells[2 * M];
    struct og_lap *l;
    struct og_err err = {0};
    struct kind k = {100000, 1, false, false, false};
    (void)st;
    for (size_t i = 0; i < N * M; i++)
        c[i] = (int32_t)((1 + og_splitmix64(i / M) % 300) * (1 + og_splitmix64(i % M) % 300));
    struct og_lap_problem p = {.n = N, .m = M, .c32 = c};
    assert_int_equal(og_lap_new(&p, &l, &err), OG_OK);
    compare(l, &k, 0);
    for (size_t round = 1; round < 40; round++) {
        draw(&k, cells, 2 * M);
        if (round % 4 == 0)
            assert_int_equal(og_lap_set_col(l, below(og_lap_cols(l)), cells, 1, &err), OG_OK);
        else if (round % 4 == 1)
            assert_int_equal(og_lap_remove_col(l, below(og_lap_cols(l)), &err), OG_OK);
        else
            assert_int_equal(og_lap_set_row(l, below(N), cells, 0, &err), OG_OK);
        compare(l, &k, round);
    }
    og_lap_free(l);
}

static bool at_once(void *user)
{
    (void)user;
    return true;
}

static void test_stop_goes_on(void **st)
{
    enum { N = 600 };
    static int32_t c[N * N];
    struct og_lap *l;
    const struct og_lap_result *r;
    struct og_err err = {0};
    struct kind k = {0, 0, false, false, false};
    (void)st;
    for (size_t i = 0; i < N * N; i++)
        c[i] = (int32_t)((1 + i / N) * (1 + i % N));
    struct og_lap_problem p = {.n = N, .m = N, .c32 = c};
    assert_int_equal(og_lap_new(&p, &l, &err), OG_OK);
    assert_int_equal(og_lap_resolve(l, at_once, NULL, &r, &err), OG_OK);
    assert_false(r->optimal);
    assert_int_equal(r->matched, N);
    assert_true(r->gap >= 0);
    compare(l, &k, 0);
    og_lap_free(l);
}

static void test_refusals(void **st)
{
    int64_t c[4] = {1, 2, 3, 4}, bad[2] = {1, OG_LAP_NONE32}, huge[2] = {1, OG_LAP_MAX + 1};
    int64_t w[2] = {9, 9};
    int32_t c32[4] = {1, 2, 3, 4};
    struct og_lap_problem p = {.n = 2, .m = 2, .c32 = c32}, q = {.n = 2, .m = 2, .c64 = c};
    struct og_lap *l;
    struct og_err err = {0};
    (void)st;
    assert_int_equal(og_lap_new(&p, &l, &err), OG_OK);
    assert_int_equal(og_lap_set_row(l, 2, c, 0, &err), OG_E_DATA);
    assert_int_equal(og_lap_set_row(l, 1, bad, 0, &err), OG_E_DATA);
    assert_int_equal(og_lap_add_row(l, bad, 0, &err), OG_E_DATA);
    assert_int_equal(og_lap_set_col(l, 2, c, 1, &err), OG_E_DATA);
    assert_int_equal(og_lap_set_col(l, 0, bad, 1, &err), OG_E_DATA);
    assert_int_equal(og_lap_add_col(l, bad, 1, &err), OG_E_DATA);
    assert_int_equal(og_lap_remove_row(l, 2, &err), OG_E_DATA);
    assert_int_equal(og_lap_remove_col(l, 2, &err), OG_E_DATA);
    compare(l, &(struct kind){0}, 0);
    og_lap_free(l);
    q.wait = w;
    assert_int_equal(og_lap_new(&q, &l, &err), OG_OK);
    assert_int_equal(og_lap_set_row(l, 0, huge, 0, &err), OG_E_DATA);
    assert_int_equal(og_lap_set_row(l, 0, c, OG_LAP_MAX + 1, &err), OG_E_DATA);
    compare(l, &(struct kind){.waits = true}, 0);
    og_lap_free(l);
    c[3] = OG_LAP_MAX + 1;
    assert_int_equal(og_lap_new(&q, &l, &err), OG_E_DATA);
    assert_null(l);
    og_lap_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warm_is_cold),
        cmocka_unit_test(test_bigger),
        cmocka_unit_test(test_stop_goes_on),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
