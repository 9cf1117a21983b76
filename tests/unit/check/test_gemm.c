/* test_gemm.c - honest products pass, single wrong elements and TF32 inputs do not. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_gemm.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t counter = 1;

static uint64_t next64(void)
{
    return og_splitmix64(counter++);
}

static struct og_hash seed_of(uint64_t i)
{
    return og_sha256(&i, sizeof i);
}

struct ints {
    size_t m, n, k;
    int32_t *a, *b;
    int64_t *c;
};

static struct ints ints_new(size_t m, size_t n, size_t k, uint64_t range)
{
    struct ints t = {m, n, k, NULL, NULL, NULL};
    t.a = og_xmalloc((m * k + 1) * sizeof *t.a);
    t.b = og_xmalloc((k * n + 1) * sizeof *t.b);
    t.c = og_xcalloc(m * n + 1, sizeof *t.c);
    for (size_t i = 0; i < m * k; i++)
        t.a[i] = (int32_t)((int64_t)(next64() % (2 * range + 1)) - (int64_t)range);
    for (size_t i = 0; i < k * n; i++)
        t.b[i] = (int32_t)((int64_t)(next64() % (2 * range + 1)) - (int64_t)range);
    for (size_t i = 0; i < m; i++)
        for (size_t l = 0; l < k; l++)
            for (size_t j = 0; j < n; j++)
                t.c[i * n + j] += (int64_t)t.a[i * k + l] * t.b[l * n + j];
    return t;
}

static void ints_free(struct ints *t)
{
    free(t->a);
    free(t->b);
    free(t->c);
}

static enum og_vote ints_check(const struct ints *t, uint64_t seed)
{
    struct og_hash s = seed_of(seed);
    struct og_err err = {0};
    enum og_vote v;
    assert_int_equal(og_gemm_i32_check(t->a, t->b, t->c, t->m, t->n, t->k, &s, &v, &err), OG_OK);
    return v;
}

static void test_i32(void **st)
{
    static const size_t dims[][3] = {{1, 1, 1},   {7, 5, 3}, {40, 33, 65},
                                     {3, 100, 1}, {0, 4, 4}, {4, 4, 0}};
    static const uint64_t ranges[] = {1, 100, 30000, 1 << 26};
    (void)st;
    for (size_t d = 0; d < 6; d++)
        for (size_t r = 0; r < 4; r++) {
            struct ints t = ints_new(dims[d][0], dims[d][1], dims[d][2], ranges[r]);
            assert_int_equal(ints_check(&t, d), OG_VOTE_OK);
            for (uint64_t trial = 0; trial < 200 && t.m * t.n > 0; trial++) {
                size_t at = next64() % (t.m * t.n);
                int64_t good = t.c[at], by = (int64_t)(next64() >> (4 + next64() % 59)) + 1;
                t.c[at] += trial & 1 ? by : -by;
                assert_int_equal(ints_check(&t, trial), OG_VOTE_BAD);
                t.c[at] = good;
            }
            ints_free(&t);
        }
}

/* Errors that an unlucky check would miss: multiples of p, two that cancel in a plain row sum. */
static void test_i32_sly(void **st)
{
    const int64_t p = ((int64_t)1 << 61) - 1;
    struct ints t = ints_new(6, 6, 6, 1000);
    (void)st;
    t.c[7] += p;
    assert_int_equal(ints_check(&t, 1), OG_VOTE_BAD);
    t.c[7] -= 2 * p;
    assert_int_equal(ints_check(&t, 1), OG_VOTE_BAD);
    t.c[7] += p;
    t.c[8] += 5;
    t.c[9] -= 5;
    assert_int_equal(ints_check(&t, 1), OG_VOTE_BAD);
    t.c[8] -= 5;
    t.c[9] += 5;
    assert_int_equal(ints_check(&t, 1), OG_VOTE_OK);
    t.c[0] = INT64_MIN;
    assert_int_equal(ints_check(&t, 1), OG_VOTE_BAD);
    ints_free(&t);
}

static void test_i32_range(void **st)
{
    int32_t a[2] = {INT32_MIN, 0}, b[2] = {(1 << 29) - 1, 0};
    int64_t c[1] = {(int64_t)INT32_MIN * ((1 << 29) - 1)};
    struct og_hash s = seed_of(1);
    struct og_err err = {0};
    enum og_vote v;
    (void)st;
    assert_true(og_gemm_i32_fits(a, b, 1, 1, 1));
    assert_int_equal(og_gemm_i32_check(a, b, c, 1, 1, 1, &s, &v, &err), OG_OK);
    assert_int_equal(v, OG_VOTE_OK);
    assert_false(og_gemm_i32_fits(a, b, 1, 1, 2));
    assert_int_equal(og_gemm_i32_check(a, b, c, 1, 1, 2, &s, &v, &err), OG_E_DATA);
    b[0] = 1 << 29;
    assert_false(og_gemm_i32_fits(a, b, 1, 1, 1));
    assert_int_equal(og_gemm_i32_check(a, b, c, OG_GEMM_DIM_MAX + 1, 1, 1, &s, &v, &err),
                     OG_E_DATA);
    assert_int_equal(v, OG_VOTE_NONE);
}

struct floats {
    size_t m, n, k;
    float *a, *b, *c;
};

static float tf32(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    u = (u + 0xfff + (u >> 13 & 1)) & ~0x1fffu;
    memcpy(&x, &u, sizeof u);
    return x;
}

static float keep(float x)
{
    return x;
}

/* C in chains of `chain` terms, then their sums in order; prep is applied to each input element. */
static void multiply(struct floats *t, size_t chain, float (*prep)(float))
{
    float *row = og_xmalloc((t->n + 1) * sizeof *row), *b = og_xmalloc((t->k * t->n + 1) * 4);
    memset(t->c, 0, t->m * t->n * sizeof *t->c);
    for (size_t i = 0; i < t->k * t->n; i++)
        b[i] = prep(t->b[i]);
    for (size_t i = 0; i < t->m; i++)
        for (size_t l0 = 0; l0 < t->k; l0 += chain) {
            memset(row, 0, t->n * sizeof *row);
            for (size_t l = l0; l < t->k && l < l0 + chain; l++) {
                float x = prep(t->a[i * t->k + l]);
                for (size_t j = 0; j < t->n; j++)
                    row[j] += x * b[l * t->n + j];
            }
            for (size_t j = 0; j < t->n; j++)
                t->c[i * t->n + j] += row[j];
        }
    free(row);
    free(b);
}

/* Elements in (low, 1). */
static struct floats floats_new(size_t m, size_t n, size_t k, float low)
{
    struct floats t = {m, n, k, NULL, NULL, NULL};
    t.a = og_xmalloc((m * k + 1) * sizeof *t.a);
    t.b = og_xmalloc((k * n + 1) * sizeof *t.b);
    t.c = og_xcalloc(m * n + 1, sizeof *t.c);
    for (size_t i = 0; i < m * k; i++)
        t.a[i] = low + (1 - low) * (float)(next64() >> 40) * 0x1p-24f;
    for (size_t i = 0; i < k * n; i++)
        t.b[i] = low + (1 - low) * (float)(next64() >> 40) * 0x1p-24f;
    return t;
}

static void floats_free(struct floats *t)
{
    free(t->a);
    free(t->b);
    free(t->c);
}

static enum og_vote floats_check(const struct floats *t, uint64_t seed, double *worst)
{
    struct og_hash s = seed_of(seed);
    struct og_err err = {0};
    enum og_vote v;
    assert_int_equal(og_gemm_f32_check(t->a, t->b, t->c, t->m, t->n, t->k, &s, &v, worst, &err),
                     OG_OK);
    return v;
}

static void test_f32_honest(void **st)
{
    static const size_t dims[][3] = {{1, 1, 1},      {5, 3, 7},       {48, 64, 512},
                                     {24, 512, 512}, {16, 300, 1500}, {8, 1024, 2048},
                                     {0, 3, 3},      {3, 3, 0}};
    (void)st;
    for (size_t d = 0; d < 8; d++)
        for (int low = -1; low <= 0; low++) {
            struct floats t = floats_new(dims[d][0], dims[d][1], dims[d][2], (float)low);
            double worst;
            multiply(&t, OG_GEMM_CHAIN, keep);
            for (uint64_t seed = 0; seed < 5; seed++) {
                assert_int_equal(floats_check(&t, seed, &worst), OG_VOTE_OK);
                assert_true(worst < 0.6);
            }
            multiply(&t, 16, keep); /* shorter chains are better still */
            assert_int_equal(floats_check(&t, 9, NULL), OG_VOTE_OK);
            floats_free(&t);
        }
}

static void test_f32_tf32_is_caught(void **st)
{
    static const size_t sizes[] = {128, 512, 1024};
    (void)st;
    for (size_t d = 0; d < 3; d++)
        for (int low = -1; low <= 0; low++) {
            struct floats t = floats_new(32, sizes[d], sizes[d], (float)low);
            double worst;
            multiply(&t, OG_GEMM_CHAIN, tf32);
            for (uint64_t seed = 0; seed < 5; seed++) {
                assert_int_equal(floats_check(&t, seed, &worst), OG_VOTE_BAD);
                assert_true(worst > 4);
            }
            floats_free(&t);
        }
}

/* τ_i, computed apart from the module. */
static double tau_of(const struct floats *t, size_t i)
{
    double a = 0, b = 0;
    for (size_t l = 0; l < t->k; l++)
        a += pow(t->a[i * t->k + l], 2);
    for (size_t l = 0; l < t->k * t->n; l++)
        b += pow(t->b[l], 2);
    return ldexp(32, -24) * sqrt(a) * sqrt(b);
}

static void test_f32_single_error(void **st)
{
    struct floats t = floats_new(20, 200, 100, -1);
    (void)st;
    multiply(&t, OG_GEMM_CHAIN, keep);
    for (uint64_t trial = 0; trial < 300; trial++) {
        size_t at = next64() % (t.m * t.n);
        float good = t.c[at], tau = (float)tau_of(&t, at / t.n);
        t.c[at] = good + (trial & 1 ? 6 * tau : -6 * tau);
        assert_int_equal(floats_check(&t, trial, NULL), OG_VOTE_BAD);
        t.c[at] = good + (trial & 1 ? 2.5f * tau : -2.5f * tau);
        assert_int_equal(floats_check(&t, trial, NULL), OG_VOTE_GREY);
        t.c[at] = good + tau / 8;
        assert_int_equal(floats_check(&t, trial, NULL), OG_VOTE_OK);
        t.c[at] = good;
    }
    floats_free(&t);
}

static void test_f32_odd_values(void **st)
{
    struct floats t = floats_new(4, 8, 8, -1);
    float good;
    double worst;
    (void)st;
    multiply(&t, OG_GEMM_CHAIN, keep);
    good = t.c[5];
    t.c[5] = NAN;
    assert_int_equal(floats_check(&t, 1, NULL), OG_VOTE_BAD);
    t.c[5] = INFINITY;
    assert_int_equal(floats_check(&t, 1, NULL), OG_VOTE_BAD);
    t.a[2] = NAN;
    assert_int_equal(floats_check(&t, 1, NULL), OG_VOTE_GREY);
    t.a[2] = 0;
    t.b[3] = -INFINITY;
    assert_int_equal(floats_check(&t, 1, NULL), OG_VOTE_GREY);
    t.b[3] = 3e38f; /* finite, but row 0 may overflow: nobody is to blame */
    for (size_t l = 0; l < t.k; l++)
        t.a[l] = 10;
    multiply(&t, OG_GEMM_CHAIN, keep);
    assert_true(isinf(t.c[3]));
    t.c[5] = good;
    assert_int_not_equal(floats_check(&t, 1, NULL), OG_VOTE_OK);
    for (size_t l = 0; l < t.m * t.k; l++)
        t.a[l] = 0; /* a zero row allows nothing but zeros */
    for (size_t l = 0; l < t.k * t.n; l++)
        t.b[l] = 1;
    multiply(&t, OG_GEMM_CHAIN, keep);
    assert_int_equal(floats_check(&t, 1, &worst), OG_VOTE_OK);
    t.c[31] = 1e-30f;
    assert_int_equal(floats_check(&t, 1, &worst), OG_VOTE_BAD);
    assert_true(worst >= 4 && worst <= 1e9);
    for (size_t l = 0; l < t.k * t.n; l++) /* products that round to denormals */
        t.b[l] = 1.1e-23f;
    for (size_t l = 0; l < t.m * t.k; l++)
        t.a[l] = 1.3e-23f;
    multiply(&t, OG_GEMM_CHAIN, keep);
    assert_int_equal(floats_check(&t, 1, &worst), OG_VOTE_OK);
    floats_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i32),
        cmocka_unit_test(test_i32_sly),
        cmocka_unit_test(test_i32_range),
        cmocka_unit_test(test_f32_honest),
        cmocka_unit_test(test_f32_tf32_is_caught),
        cmocka_unit_test(test_f32_single_error),
        cmocka_unit_test(test_f32_odd_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
