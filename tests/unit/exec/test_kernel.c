/* test_kernel.c - gemm against the plain triple loop, own kernel against OpenBLAS, jobs over blobs.
 */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "exec/exec_bench.h"
#include "exec/exec_kernel.h"
#include "exec/exec_matmul.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t seed[32] = {7, 1, 9};
static char dir[64];

static void fill_i32(int32_t *v, size_t n, uint64_t from, int bits)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (int32_t)(uint32_t)og_splitmix64(from + i) >> (32 - bits);
}

static void naive_i32(const struct og_kernel *k, const int32_t *a, const int32_t *b, int64_t *c)
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
static void assert_close(const struct og_kernel *k, const float *a, const float *b, const float *c)
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

static const uint32_t shapes[][3] = {{1, 1, 1},    {1, 17, 3},    {6, 16, 256}, {7, 33, 257},
                                     {5, 1030, 9}, {65, 31, 700}, {13, 12, 1},  {97, 64, 513}};

static void one_i32(bool portable)
{
    struct og_err err;
    og_matmul_force_portable(portable);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct og_kernel k = {OG_KERNEL_I32, shapes[s][0], shapes[s][1], shapes[s][2]};
        int32_t *a = og_xmalloc(og_kernel_a_bytes(&k)), *b = og_xmalloc(og_kernel_b_bytes(&k));
        int64_t *c = og_xmalloc(og_kernel_c_bytes(&k)), *want = og_xmalloc(og_kernel_c_bytes(&k));
        fill_i32(a, (size_t)k.m * k.k, 1, 26);
        fill_i32(b, (size_t)k.k * k.n, 99, 26);
        naive_i32(&k, a, b, want);
        for (unsigned t = 1; t <= 3; t++) {
            memset(c, 0x55, og_kernel_c_bytes(&k));
            assert_int_equal(og_kernel_run(&k, a, b, c, t, &err), OG_OK);
            assert_memory_equal(c, want, og_kernel_c_bytes(&k));
        }
        uint64_t first = k.m / 2, count = k.m - first;
        assert_int_equal(og_kernel_rows(&k, a, b, first, count, c, &err), OG_OK);
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

static void test_i32_refuses_overflow(void **state)
{
    (void)state;
    struct og_err err;
    struct og_kernel k = {OG_KERNEL_I32, 1, 1, 2};
    int32_t a[2] = {INT32_MIN, INT32_MIN}, b[2] = {INT32_MIN, INT32_MIN};
    int64_t c;
    assert_int_equal(og_kernel_run(&k, a, b, &c, 1, &err), OG_E_DATA);
    b[0] = b[1] = 1 << 28; /* 2^31 * 2^28 * 2 = 2^60: just too much */
    assert_int_equal(og_kernel_run(&k, a, b, &c, 1, &err), OG_E_DATA);
    b[0] = b[1] = (1 << 28) - 1;
    assert_int_equal(og_kernel_run(&k, a, b, &c, 1, &err), OG_OK);
    assert_true(c == 2 * ((int64_t)INT32_MIN * ((1 << 28) - 1)));
}

static void one_f32(bool own, bool portable)
{
    struct og_err err;
    og_matmul_force_portable(portable);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct og_kernel k = {OG_KERNEL_F32, shapes[s][0], shapes[s][1], shapes[s][2]};
        float *a = og_xmalloc(og_kernel_a_bytes(&k)), *b = og_xmalloc(og_kernel_b_bytes(&k));
        float *c = og_xmalloc(og_kernel_c_bytes(&k)), *row = og_xmalloc(og_kernel_c_bytes(&k));
        og_capacity_fill(seed, 0, 0, a, (uint64_t)k.m * k.k);
        og_capacity_fill(seed, 1, 0, b, (uint64_t)k.k * k.n);
        memset(c, 0xff, og_kernel_c_bytes(&k)); /* NaN */
        assert_int_equal(own ? og_kernel_run_own(&k, a, b, c, 2, &err)
                             : og_kernel_run(&k, a, b, c, 2, &err),
                         OG_OK);
        assert_close(&k, a, b, c);
        if (own) { /* a row computed alone has the same bits */
            assert_int_equal(og_kernel_rows(&k, a, b, k.m - 1, 1, row, &err), OG_OK);
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

static void test_f32_openblas(void **state)
{
    (void)state;
    if (strcmp(og_kernel_backend(OG_KERNEL_F32), "openblas") != 0) {
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
    struct og_err err;
    struct og_kernel k = {OG_KERNEL_F32, 64, 512, 2048};
    float *a = og_xmalloc(og_kernel_a_bytes(&k)), *b = og_xmalloc(og_kernel_b_bytes(&k));
    float *c = og_xmalloc(og_kernel_c_bytes(&k)), *d = og_xmalloc(og_kernel_c_bytes(&k));
    og_capacity_fill(seed, 3, 0, a, (uint64_t)k.m * k.k);
    og_capacity_fill(seed, 4, 0, b, (uint64_t)k.k * k.n);
    double fro = 0;
    for (size_t i = 0; i < (size_t)k.k * k.n; i++) {
        b[i] = fabsf(b[i]);
        fro += (double)b[i] * b[i];
    }
    for (size_t i = 0; i < (size_t)k.m * k.k; i++)
        a[i] = fabsf(a[i]);
    assert_int_equal(og_kernel_run(&k, a, b, c, 1, &err), OG_OK);
    assert_int_equal(og_kernel_run_own(&k, a, b, d, 1, &err), OG_OK);
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

static void expect_parse(const char *text, enum og_rc want, struct og_kernel *k)
{
    struct og_err err;
    json_t *args = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(args);
    assert_int_equal(og_kernel_parse("gemm", args, k, &err), want);
    json_decref(args);
}

static void test_parse(void **state)
{
    (void)state;
    struct og_kernel k;
    struct og_err err;
    expect_parse("{\"m\":1024,\"n\":\"512\",\"k\":65536}", OG_OK, &k);
    assert_int_equal(k.type, OG_KERNEL_F32);
    assert_true(k.m == 1024 && k.n == 512 && k.k == 65536);
    assert_true(og_kernel_work_mflop(&k) == 68720); /* 2*1024*512*65536 = 68719.5e6 */
    assert_true(og_kernel_a_bytes(&k) == 268435456 && og_kernel_b_bytes(&k) == 134217728);
    assert_true(og_kernel_c_bytes(&k) == 2097152);
    expect_parse("{\"m\":1,\"n\":1,\"k\":1,\"type\":\"i32\"}", OG_OK, &k);
    assert_true(k.type == OG_KERNEL_I32 && og_kernel_c_bytes(&k) == 8);
    assert_true(og_kernel_work_mflop(&k) == 1);
    static const char *const bad[] = {"{\"m\":0,\"n\":1,\"k\":1}",
                                      "{\"m\":65537,\"n\":1,\"k\":1}",
                                      "{\"m\":-1,\"n\":1,\"k\":1}",
                                      "{\"m\":1.5,\"n\":1,\"k\":1}",
                                      "{\"m\":\"1x\",\"n\":1,\"k\":1}",
                                      "{\"m\":1,\"n\":1}",
                                      "{\"m\":1,\"n\":1,\"k\":1,\"type\":\"f64\"}",
                                      "{\"m\":1,\"n\":1,\"k\":1,\"type\":3}",
                                      "{\"m\":1,\"n\":1,\"k\":1,\"q\":1}",
                                      "[1]",
                                      "3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_parse(bad[i], OG_E_DATA, &k);
    json_t *o = json_object();
    assert_int_equal(og_kernel_parse("sort", o, &k, &err), OG_E_DATA);
    assert_non_null(strstr(err.msg, "'sort'"));
    json_decref(o);
}

static char *put(const char *name, const void *p, size_t n)
{
    struct og_err err;
    char *path = og_io_join(dir, name);
    assert_int_equal(og_io_write_atomic(path, p, n, 0644, OG_IO_NOSYNC, &err), OG_OK);
    return path;
}

static void test_job(void **state)
{
    (void)state;
    struct og_err err;
    struct og_kernel k = {OG_KERNEL_I32, 50, 40, 30};
    int32_t a[50 * 30], b[30 * 40];
    int64_t c[50 * 40];
    fill_i32(a, 50 * 30, 5, 20);
    fill_i32(b, 30 * 40, 6, 20);
    naive_i32(&k, a, b, c);
    char *pa = put("a", a, sizeof a), *pb = put("b", b, sizeof b);
    struct og_job_in in[2] = {{"A", pa, false}, {"B", pb, false}};
    const char *out[] = {"C.bin"};
    struct og_job job = {.in = in,
                         .n_in = 2,
                         .out = out,
                         .n_out = 1,
                         .cores = 2,
                         .limit_ms = 60000,
                         .blob_dir = dir};
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_OK);
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_int_equal(r->exit, 0);
    assert_int_equal(r->n_outs, 1);
    assert_string_equal(r->outs[0].path, "C.bin");
    assert_true(r->outs[0].bytes == sizeof c);
    struct og_hash want = og_sha256(c, sizeof c);
    assert_memory_equal(r->outs[0].sha256.b, want.b, 32);
    char hex[65], path[256];
    og_hex_encode(want.b, 32, hex);
    snprintf(path, sizeof path, "%s/%.2s/%s", dir, hex, hex);
    assert_int_equal(access(path, R_OK), 0);
    og_job_result_release(r);

    k.m = 51; /* A is too short now: the job's fault, told on its stderr */
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_OK);
    assert_int_equal(r->exit, 65);
    assert_non_null(strstr((char *)r->err.text, "input 1 holds 6000 bytes instead of 6120"));
    og_job_result_release(r);

    in[1].src = "/nonexistent/b";
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_OK); /* A is looked at first */
    og_job_result_release(r);
    k.m = 50;
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_E_NOINPUT);
    assert_int_equal(r->why, OG_JOB_INPUT);
    og_job_result_release(r);
    in[1].src = pb;

    job.out_bytes_max = 100;
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_OK);
    assert_int_equal(r->why, OG_JOB_OUTPUT);
    og_job_result_release(r);
    free(r);
    free(pa);
    free(pb);
}

static void test_job_time_and_values(void **state)
{
    (void)state;
    struct og_err err;
    struct og_kernel k = {OG_KERNEL_I32, 2048, 2048, 2048};
    size_t bytes = (size_t)og_kernel_a_bytes(&k);
    int32_t *a = og_xcalloc(1, bytes);
    char *pa = put("big", a, bytes);
    struct og_job_in in[2] = {{"A", pa, false}, {"B", pa, false}};
    struct og_job job = {.in = in, .n_in = 2, .cores = 1, .limit_ms = 20};
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_OK);
    assert_int_equal(r->why, OG_JOB_TIME);
    og_job_result_release(r);

    volatile sig_atomic_t stop = 1;
    job.limit_ms = 60000;
    assert_int_equal(og_exec_kernel(&job, &k, r, &stop, &err), OG_OK);
    assert_int_equal(r->why, OG_JOB_STOPPED);
    og_job_result_release(r);

    k.m = k.n = k.k = 4;
    int32_t wide[16];
    for (int i = 0; i < 16; i++)
        wide[i] = INT32_MIN;
    char *pw = put("wide", wide, sizeof wide);
    in[0].src = in[1].src = pw;
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_OK);
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_int_equal(r->exit, 65);
    assert_non_null(strstr((char *)r->err.text, "2^60"));
    og_job_result_release(r);
    free(r);
    free(a);
    free(pa);
    free(pw);
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/ogpu-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    (void)state;
    struct og_err err;
    return og_io_remove_tree(dir, &err) == OG_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_i32_is_exact),
        cmocka_unit_test(test_i32_is_exact_without_avx2),
        cmocka_unit_test(test_i32_refuses_overflow),
        cmocka_unit_test(test_f32_own),
        cmocka_unit_test(test_f32_openblas),
        cmocka_unit_test(test_f32_kernels_agree_within_tau),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_job),
        cmocka_unit_test(test_job_time_and_values),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
