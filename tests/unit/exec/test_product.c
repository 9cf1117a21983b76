/* test_product.c - matrix products against the plain triple loop, own kernel against OpenBLAS. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "exec/exec_bench.h"
#include "exec/exec_matmul.h"
#include "exec/exec_product.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t seed[32] = {7, 1, 9};

static void fill_i32(int32_t *v, size_t n, uint64_t from, int bits)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (int32_t)(uint32_t)og_splitmix64(from + i) >> (32 - bits);
}

static void naive_i32(const struct og_product *k, const int32_t *a, const int32_t *b, int64_t *c)
{
    for (size_t i = 0; i < k->m; i++)
        for (size_t j = 0; j < k->n; j++) {
            int64_t s = 0;
            for (size_t p = 0; p < k->k; p++)
                s += (int64_t)a[i * k->k + p] * b[p * k->n + j];
            c[i * k->n + j] = s;
        }
}

/* |got - exact| <= 8 u sqrt(k) sum |a b|, a generous bound for any honest order of sums. */
static void assert_close(const struct og_product *k, const float *a, const float *b, const float *c)
{
    for (size_t i = 0; i < k->m; i++)
        for (size_t j = 0; j < k->n; j++) {
            double s = 0, abs = 0;
            for (size_t p = 0; p < k->k; p++) {
                double x = (double)a[i * k->k + p] * b[p * k->n + j];
                s += x;
                abs += fabs(x);
            }
            double tau = 8 * ldexp(1, -24) * sqrt((double)k->k) * abs + 1e-30;
            assert_true(fabs(c[i * k->n + j] - s) <= tau);
        }
}

static const uint32_t shapes[][3] = {{1, 1, 1},      {1, 17, 3},    {6, 16, 256}, {7, 33, 257},
                                     {5, 1030, 9},   {65, 31, 700}, {13, 12, 1},  {97, 64, 513},
                                     {345, 70, 300}, {3, 2081, 5}};

static void one_i32(bool portable)
{
    og_matmul_force_portable(portable);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct og_product k = {OG_PRODUCT_I32, shapes[s][0], shapes[s][1], shapes[s][2]};
        int32_t *a = og_xmalloc(og_product_a_bytes(&k)), *b = og_xmalloc(og_product_b_bytes(&k));
        int64_t *c = og_xmalloc(og_product_c_bytes(&k)), *want = og_xmalloc(og_product_c_bytes(&k));
        fill_i32(a, (size_t)k.m * k.k, 1, 26);
        fill_i32(b, (size_t)k.k * k.n, 99, 26);
        naive_i32(&k, a, b, want);
        for (unsigned t = 1; t <= 3; t++) {
            memset(c, 0x55, og_product_c_bytes(&k));
            og_product_run(&k, a, b, c, t);
            assert_memory_equal(c, want, og_product_c_bytes(&k));
        }
        uint64_t first = k.m / 2, count = k.m - first;
        og_product_rows(&k, a, b, first, count, c);
        assert_memory_equal(c, want + first * k.n, count * k.n * 8);
        free(a);
        free(b);
        free(c);
        free(want);
    }
    og_matmul_force_portable(false);
}

static void test_i32_is_exact(void **state)
{
    (void)state;
    one_i32(false);
}

static void test_i32_is_exact_without_avx2(void **state)
{
    (void)state;
    one_i32(true);
}

static void one_f32(bool own, bool portable)
{
    og_matmul_force_portable(portable);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct og_product k = {OG_PRODUCT_F32, shapes[s][0], shapes[s][1], shapes[s][2]};
        float *a = og_xmalloc(og_product_a_bytes(&k)), *b = og_xmalloc(og_product_b_bytes(&k));
        float *c = og_xmalloc(og_product_c_bytes(&k)), *row = og_xmalloc(og_product_c_bytes(&k));
        og_capacity_fill(seed, 0, 0, a, (uint64_t)k.m * k.k);
        og_capacity_fill(seed, 1, 0, b, (uint64_t)k.k * k.n);
        memset(c, 0xff, og_product_c_bytes(&k)); /* NaN */
        own ? og_product_run_own(&k, a, b, c, 2) : og_product_run(&k, a, b, c, 2);
        assert_close(&k, a, b, c);
        if (own) { /* a row computed alone has the same bits */
            og_product_rows(&k, a, b, k.m - 1, 1, row);
            assert_memory_equal(row, c + (size_t)(k.m - 1) * k.n, (size_t)k.n * 4);
        }
        free(a);
        free(b);
        free(c);
        free(row);
    }
    og_matmul_force_portable(false);
}

static void test_f32_own(void **state)
{
    (void)state;
    one_f32(true, false);
    one_f32(true, true);
}

/* The widths of the vectors do not show. */
static void test_f32_same_bits(void **state)
{
    (void)state;
    if (!og_matmul_has_avx512()) {
        print_message("skip: no AVX-512\n");
        skip();
    }
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct og_product k = {OG_PRODUCT_F32, shapes[s][0], shapes[s][1], shapes[s][2]};
        float *a = og_xmalloc(og_product_a_bytes(&k)), *b = og_xmalloc(og_product_b_bytes(&k));
        float *c = og_xmalloc(og_product_c_bytes(&k)), *d = og_xmalloc(og_product_c_bytes(&k));
        og_capacity_fill(seed, 0, 0, a, (uint64_t)k.m * k.k);
        og_capacity_fill(seed, 1, 0, b, (uint64_t)k.k * k.n);
        og_product_run_own(&k, a, b, c, 1);
        og_matmul_force_narrow(true);
        og_product_run_own(&k, a, b, d, 1);
        og_matmul_force_narrow(false);
        assert_memory_equal(c, d, og_product_c_bytes(&k));
        free(a);
        free(b);
        free(c);
        free(d);
    }
}

static void test_f32_openblas(void **state)
{
    (void)state;
    if (strcmp(og_product_backend(OG_PRODUCT_F32), "openblas") != 0) {
        print_message("skip: no OpenBLAS on this machine\n");
        skip();
    }
    one_f32(false, false);
}

/* The tolerance of the verifiers: |residual of a random +-1 vector| <= 32 u |a_i| |B|_F, here for
 * the difference of two honest kernels on one-signed data, the hard case. */
static void test_f32_kernels_agree_within_tau(void **state)
{
    (void)state;
    struct og_product k = {OG_PRODUCT_F32, 64, 512, 2048};
    float *a = og_xmalloc(og_product_a_bytes(&k)), *b = og_xmalloc(og_product_b_bytes(&k));
    float *c = og_xmalloc(og_product_c_bytes(&k)), *d = og_xmalloc(og_product_c_bytes(&k));
    og_capacity_fill(seed, 3, 0, a, (uint64_t)k.m * k.k);
    og_capacity_fill(seed, 4, 0, b, (uint64_t)k.k * k.n);
    double fro = 0;
    for (size_t i = 0; i < (size_t)k.k * k.n; i++) {
        b[i] = fabsf(b[i]);
        fro += (double)b[i] * b[i];
    }
    for (size_t i = 0; i < (size_t)k.m * k.k; i++)
        a[i] = fabsf(a[i]);
    og_product_run(&k, a, b, c, 1);
    og_product_run_own(&k, a, b, d, 1);
    for (size_t i = 0; i < k.m; i++) {
        double row = 0, residual = 0;
        for (size_t p = 0; p < k.k; p++)
            row += (double)a[i * k.k + p] * a[i * k.k + p];
        for (size_t j = 0; j < k.n; j++)
            residual +=
                (og_splitmix64(j) & 1 ? 1 : -1) * ((double)c[i * k.n + j] - (double)d[i * k.n + j]);
        assert_true(fabs(residual) <= 32 * ldexp(1, -24) * sqrt(row) * sqrt(fro));
    }
    free(a);
    free(b);
    free(c);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i32_is_exact), cmocka_unit_test(test_i32_is_exact_without_avx2),
        cmocka_unit_test(test_f32_own),      cmocka_unit_test(test_f32_same_bits),
        cmocka_unit_test(test_f32_openblas), cmocka_unit_test(test_f32_kernels_agree_within_tau),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
