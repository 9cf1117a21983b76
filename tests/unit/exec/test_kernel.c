/* test_kernel.c - built-in kernels as jobs over blobs, whole and leaf by leaf, judged. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_kernel_defs.h"
#include "check/check_result.h"
#include "exec/exec_kernel.h"
#include "exec/exec_motion.h"

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

static char dir[64];

static struct og_kernel kernel(const char *name, const char *args)
{
    struct og_kernel k;
    struct og_err err;
    json_t *o = json_loads(args, 0, NULL);
    assert_non_null(o);
    assert_int_equal(og_kernel_parse(name, o, &k, &err), OG_OK);
    json_decref(o);
    return k;
}

static void fill_i32(int32_t *v, size_t n, uint64_t from, int bits)
{
    for (size_t i = 0; i < n; i++)
        v[i] = (int32_t)(uint32_t)og_splitmix64(from + i) >> (32 - bits);
}

static void naive_i32(uint64_t m, uint64_t n, uint64_t k, const int32_t *a, const int32_t *b,
                      int64_t *c)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            int64_t s = 0;
            for (size_t p = 0; p < k; p++)
                s += (int64_t)a[i * k + p] * b[p * n + j];
            c[i * n + j] = s;
        }
}

static void test_i32_refuses_overflow(void **state)
{
    (void)state;
    struct og_err err;
    struct og_kernel k = kernel("gemm", "{\"m\":1,\"n\":1,\"k\":2,\"type\":\"i32\"}");
    int32_t a[2] = {INT32_MIN, INT32_MIN}, b[2] = {INT32_MIN, INT32_MIN};
    int64_t c;
    const void *in[] = {a, b};
    void *out[] = {&c};
    assert_int_equal(og_kernel_run(&k, in, out, 1, &err), OG_E_DATA);
    b[0] = b[1] = 1 << 28; /* 2^31 * 2^28 * 2 = 2^60: just too much */
    assert_int_equal(og_kernel_run(&k, in, out, 1, &err), OG_E_DATA);
    b[0] = b[1] = (1 << 28) - 1;
    assert_int_equal(og_kernel_run(&k, in, out, 1, &err), OG_OK);
    assert_true(c == 2 * ((int64_t)INT32_MIN * ((1 << 28) - 1)));
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
    struct og_kernel k = kernel("gemm", "{\"m\":50,\"n\":40,\"k\":30,\"type\":\"i32\"}");
    int32_t a[50 * 30], b[30 * 40];
    int64_t c[50 * 40];
    fill_i32(a, 50 * 30, 5, 20);
    fill_i32(b, 30 * 40, 6, 20);
    naive_i32(50, 40, 30, a, b, c);
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

    k = kernel("gemm",
               "{\"m\":51,\"n\":40,\"k\":30,\"type\":\"i32\"}"); /* A is too short now: the job's
                                                                    fault, told on its stderr */
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_OK);
    assert_int_equal(r->exit, 65);
    assert_non_null(strstr((char *)r->err.text, "input 1 holds 6000 bytes instead of 6120"));
    og_job_result_release(r);

    in[1].src = "/nonexistent/b";
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_OK); /* A is looked at first */
    og_job_result_release(r);
    k = kernel("gemm", "{\"m\":50,\"n\":40,\"k\":30,\"type\":\"i32\"}");
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
    struct og_kernel k = kernel("gemm", "{\"m\":2048,\"n\":2048,\"k\":2048,\"type\":\"i32\"}");
    size_t bytes = (size_t)k.shape.in_bytes[0];
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

    k = kernel("gemm", "{\"m\":4,\"n\":4,\"k\":4,\"type\":\"i32\"}");
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

/* ---- leaves ---- */

struct files {
    void *in[OG_KERNEL_FILES_MAX], *out[OG_KERNEL_FILES_MAX];
};

static struct files files_of(const struct og_kernel *k, uint64_t salt)
{
    struct files f;
    memset(&f, 0, sizeof f);
    for (size_t i = 0; i < k->shape.n_in; i++) {
        uint8_t *p = f.in[i] = og_xmalloc((size_t)k->shape.in_bytes[i] + 1);
        for (size_t j = 0; j < k->shape.in_bytes[i]; j++)
            p[j] = (uint8_t)(og_splitmix64(salt + j / 3) >> (j % 5));
    }
    for (size_t i = 0; i < k->shape.n_out; i++)
        f.out[i] = og_xcalloc(1, (size_t)k->shape.out_bytes[i] + 1);
    return f;
}

static void drop(struct files *f)
{
    for (size_t i = 0; i < OG_KERNEL_FILES_MAX; i++) {
        free(f->in[i]);
        free(f->out[i]);
    }
}

static const void *const *ins(const struct files *f)
{
    return (const void *const *)f->in;
}

static const void *const *outs(const struct files *f)
{
    return (const void *const *)f->out;
}

/* Every leaf alone, and some of them, have the hashes that the whole has, on one thread or three.
 */
static void check_leaves(const struct og_kernel *k, struct files *f)
{
    struct og_err err;
    size_t n = (size_t)og_kernel_leaves(k), some = 0;
    struct og_hash *whole = og_xcalloc(n, sizeof *whole), *alone = og_xcalloc(n, sizeof *alone);
    uint64_t *leaf = og_xcalloc(n, sizeof *leaf);
    for (unsigned t = 1; t <= 3; t += 2) {
        assert_int_equal(og_kernel_run(k, ins(f), f->out, t, &err), OG_OK);
        og_kernel_hash(k, outs(f), t == 1 ? whole : alone);
    }
    assert_memory_equal(whole, alone, n * sizeof *whole);
    for (size_t i = 0; i < n; i++)
        leaf[i] = i;
    assert_int_equal(og_kernel_again(k, ins(f), leaf, n, alone, &err), OG_OK);
    assert_memory_equal(whole, alone, n * sizeof *whole);
    for (size_t i = 0; i < n; i += 1 + n / 3)
        leaf[some++] = i;
    assert_int_equal(og_kernel_again(k, ins(f), leaf, some, alone, &err), OG_OK);
    for (size_t i = 0; i < some; i++)
        assert_memory_equal(&whole[leaf[i]], &alone[i], sizeof *whole);
    leaf[0] = n;
    assert_int_equal(og_kernel_again(k, ins(f), leaf, 1, alone, &err), OG_E_DATA);
    free(whole);
    free(alone);
    free(leaf);
}

static enum og_vote vote_of(const struct og_kernel *k, struct files *f, uint64_t samples)
{
    struct og_err err;
    enum og_vote v;
    struct og_hash seed = og_sha256("votes", 5);
    assert_int_equal(og_kernel_vote(k, ins(f), outs(f), &seed, samples, &v, &err), OG_OK);
    return v;
}

static void check_kernel(const char *name, const char *args)
{
    struct og_kernel k = kernel(name, args);
    struct files f = files_of(&k, 77);
    check_leaves(&k, &f);
    assert_int_equal(vote_of(&k, &f, 0), OG_VOTE_OK);
    assert_int_equal(vote_of(&k, &f, 2), OG_VOTE_OK);
    uint8_t *last = (uint8_t *)f.out[k.shape.n_out - 1] + k.shape.out_bytes[k.shape.n_out - 1] - 1;
    *last ^= 1;
    assert_int_equal(vote_of(&k, &f, 0), OG_VOTE_BAD);
    *last ^= 1;
    drop(&f);
}

static void test_motion_leaves(void **state)
{
    (void)state;
    check_kernel("motion", "{\"width\":70,\"height\":9,\"frames\":50,\"segment\":8}");
    check_kernel("motion", "{\"width\":64,\"height\":5,\"frames\":50,\"segment\":8,\"warmup\":20}");
    check_kernel("motion", "{\"width\":3,\"height\":3,\"frames\":7,\"segment\":9,\"state\":1}");
    struct og_kernel k = kernel("motion", "{\"width\":33,\"height\":4,\"frames\":40,\"segment\":16,"
                                          "\"state\":1,\"resume\":1}");
    struct files f = files_of(&k, 3);
    for (size_t i = 0; i < 33 * 4; i++) /* backgrounds are at most 255 << 8 */
        ((uint8_t *)f.in[1])[2 * i] = 0;
    check_leaves(&k, &f);
    ((uint8_t *)f.in[1])[0] = 1;
    ((uint8_t *)f.in[1])[1] = 255;
    struct og_err err;
    assert_int_equal(og_kernel_run(&k, ins(&f), f.out, 1, &err), OG_E_DATA);
    assert_non_null(strstr(err.msg, "kernel 'motion': pixel 0"));
    drop(&f);
}

static void test_learn_leaves(void **state)
{
    (void)state;
    static const char *const made[][2] = {
        {"softmax", "{\"rows\":300,\"features\":30,\"classes\":7,\"parts\":5}"},
        {"mlp", "{\"rows\":90,\"features\":20,\"classes\":3,\"hidden\":9,\"parts\":7}"},
        {"sgd", "{\"rows\":50,\"features\":20,\"classes\":3,\"hidden\":9,\"batch\":8}"}};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        struct og_kernel k = kernel(made[i][0], made[i][1]);
        struct files f = files_of(&k, 5);
        struct og_err err;
        for (size_t j = 0; j < k.shape.in_bytes[0] / 4; j++)
            ((float *)f.in[0])[j] = (float)(j % 13) / 13 - 0.5f;
        for (size_t j = 0; j < k.shape.in_bytes[2]; j++)
            ((uint8_t *)f.in[2])[j] %= 3;
        check_leaves(&k, &f);
        ((uint8_t *)f.out[0])[k.shape.out_bytes[0] - 9] ^= 1;
        assert_int_equal(vote_of(&k, &f, 0), OG_VOTE_BAD);
        ((uint8_t *)f.in[2])[11] = 200;
        assert_int_equal(og_kernel_run(&k, ins(&f), f.out, 1, &err), OG_E_DATA);
        assert_non_null(strstr(err.msg, "row 11 has label 200"));
        drop(&f);
    }
}

static void test_gemm_leaves(void **state)
{
    (void)state;
    struct og_kernel k = kernel("gemm", "{\"m\":150,\"n\":20,\"k\":30,\"type\":\"i32\"}");
    struct files f = files_of(&k, 5);
    fill_i32(f.in[0], 150 * 30, 1, 20);
    fill_i32(f.in[1], 30 * 20, 2, 20);
    check_leaves(&k, &f);
    assert_int_equal(vote_of(&k, &f, 0), OG_VOTE_OK);
    ((int64_t *)f.out[0])[777]++;
    assert_int_equal(vote_of(&k, &f, 0), OG_VOTE_BAD);
    drop(&f);
}

/* A clip in two jobs, the second from the state that the first leaves, is the clip in one. */
static void test_motion_goes_on(void **state)
{
    (void)state;
    struct og_err err;
    struct og_kernel whole = kernel("motion", "{\"width\":40,\"height\":11,\"frames\":90}");
    struct og_kernel one =
        kernel("motion", "{\"width\":40,\"height\":11,\"frames\":37,\"state\":1}");
    struct og_kernel two =
        kernel("motion", "{\"width\":40,\"height\":11,\"frames\":53,\"resume\":1}");
    struct files f = files_of(&whole, 9);
    uint8_t *rows = og_xcalloc(90, OG_MOTION_ROW_BYTES), *st = og_xcalloc(3, 440);
    const uint8_t *y = f.in[0];
    assert_int_equal(og_kernel_run(&whole, ins(&f), f.out, 1, &err), OG_OK);
    assert_int_equal(og_kernel_run(&one, ins(&f), (void *[]){rows, st}, 1, &err), OG_OK);
    assert_int_equal(og_kernel_run(&two, (const void *[]){y + 37 * 440, st},
                                   (void *[]){rows + 37 * OG_MOTION_ROW_BYTES}, 1, &err),
                     OG_OK);
    assert_memory_equal(rows, f.out[0], 90 * OG_MOTION_ROW_BYTES);
    free(rows);
    free(st);
    drop(&f);
}

static void test_motion_job(void **state)
{
    (void)state;
    struct og_err err;
    struct og_kernel k = kernel("motion", "{\"width\":16,\"height\":8,\"frames\":20,\"state\":1}");
    struct files f = files_of(&k, 4);
    char *clip = put("clip", f.in[0], (size_t)k.shape.in_bytes[0]);
    struct og_job_in in[1] = {{"clip", clip, false}};
    struct og_job job = {.in = in, .n_in = 1, .cores = 1, .limit_ms = 60000, .blob_dir = dir};
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_OK);
    assert_int_equal(r->why, OG_JOB_DONE);
    assert_int_equal(r->n_outs, 2);
    assert_string_equal(r->outs[0].path, "rows");
    assert_string_equal(r->outs[1].path, "state");
    assert_int_equal(og_kernel_run(&k, ins(&f), f.out, 1, &err), OG_OK);
    for (size_t i = 0; i < 2; i++) {
        struct og_hash h = og_sha256(f.out[i], (size_t)k.shape.out_bytes[i]);
        assert_memory_equal(h.b, r->outs[i].sha256.b, OG_HASH_LEN);
    }
    og_job_result_release(r);
    job.n_out = 1; /* names for both, or for none */
    assert_int_equal(og_exec_kernel(&job, &k, r, NULL, &err), OG_E_DATA);
    assert_int_equal(r->why, OG_JOB_INPUT);
    free(r);
    free(clip);
    drop(&f);
}

static float value_at(uint64_t i)
{
    uint64_t r = og_splitmix64(i);
    if (r % 11 == 0)
        return r % 2 ? (float)NAN : -INFINITY;
    return (float)((double)(r >> 40) / 1e5 - 60) * (r % 7 == 0 ? 1e30f : 1);
}

static void fill_f32(void *p, size_t n, uint64_t salt)
{
    for (size_t i = 0; i < n; i++)
        ((float *)p)[i] = value_at(salt + i);
}

static void test_climate_leaves(void **state)
{
    (void)state;
    struct og_kernel k = kernel("climate", "{\"times\":50,\"cells\":131,\"period\":12,\"base\":3,"
                                           "\"base_n\":30,\"trend\":10,\"anomaly\":1}");
    struct files f = files_of(&k, 1);
    fill_f32(f.in[0], 50 * 131, 8);
    check_leaves(&k, &f);
    assert_int_equal(vote_of(&k, &f, 0), OG_VOTE_OK);
    ((uint8_t *)f.out[0])[100 * 14 * 8] ^= 1; /* an ulp of one cell */
    assert_int_equal(vote_of(&k, &f, 0), OG_VOTE_BAD);
    drop(&f);
}

/* Written once more, plainly, for a cell. */
static void test_climate_values(void **state)
{
    (void)state;
    struct og_err err;
    struct og_kernel k =
        kernel("climate", "{\"times\":24,\"cells\":3,\"period\":4,\"base\":4,"
                          "\"base_n\":12,\"trend\":2,\"trend_n\":20,\"anomaly\":1}");
    struct files f = files_of(&k, 1);
    float *x = f.in[0];
    for (uint32_t t = 0; t < 24; t++) {
        x[t * 3] = (float)t * 0.5f + (float)(t % 4); /* no trend but 0.5 a step, phases apart */
        x[t * 3 + 1] = t % 4 == 2 ? (float)NAN : 7;  /* a phase without values */
        x[t * 3 + 2] = t == 5 ? 3.25f : (float)NAN;  /* one value */
    }
    assert_int_equal(og_kernel_run(&k, ins(&f), f.out, 1, &err), OG_OK);
    const double *cell = f.out[0];
    const float *anomaly = f.out[1];
    for (size_t p = 0; p < 4; p++) /* means over t = 4 + p, 8 + p, 12 + p */
        assert_true(cell[p] == (8 + (double)p) * 0.5 + (double)p);
    assert_true(fabs(cell[4] - 0.5 * 40) < 1);
    assert_true(cell[5] == 24);
    assert_true(anomaly[17] == (float)(17 * 0.5 + 1 - (9 * 0.5 + 1)));
    cell += 6;
    assert_true(cell[0] == 7 && isnan(cell[2]) && cell[4] == 0 && cell[5] == 18);
    assert_true(anomaly[24 + 1] == 0 && isnan(anomaly[24 + 2]));
    cell += 6;
    static const uint64_t gap = UINT64_C(0x7ff8000000000000);
    assert_true(isnan(cell[0]) && cell[1] == 3.25 && cell[5] == 1);
    assert_memory_equal(&cell[4], &gap, sizeof gap); /* no line through one point */
    drop(&f);
}

static void test_reduce_leaves(void **state)
{
    (void)state;
    struct og_err err;
    struct og_kernel k =
        kernel("reduce", "{\"rows\":1000,\"columns\":7,\"part\":30,\"weights\":1}");
    struct files f = files_of(&k, 1);
    fill_f32(f.in[0], 7000, 4);
    for (size_t i = 0; i < 1000; i++)
        ((double *)f.in[1])[i] = (double)(og_splitmix64(i) >> 11) / 1e9;
    check_leaves(&k, &f);
    assert_int_equal(vote_of(&k, &f, 0), OG_VOTE_OK);
    ((uint8_t *)f.out[0])[0] ^= 1; /* the whole sum by an ulp: no part is wrong, the addition is */
    assert_int_equal(vote_of(&k, &f, 1), OG_VOTE_BAD);
    ((double *)f.in[1])[5] = NAN;
    assert_int_equal(og_kernel_run(&k, ins(&f), f.out, 1, &err), OG_E_DATA);
    assert_non_null(strstr(err.msg, "weight 5"));
    drop(&f);
}

static void test_reduce_values(void **state)
{
    (void)state;
    struct og_err err;
    struct og_kernel k =
        kernel("reduce", "{\"rows\":100,\"columns\":2,\"part\":9,\"type\":\"i32\"}");
    struct files f = files_of(&k, 1);
    for (int i = 0; i < 100; i++) {
        ((int32_t *)f.in[0])[2 * i] = i % 2 ? INT32_MIN : -1;
        ((int32_t *)f.in[0])[2 * i + 1] = i;
    }
    check_leaves(&k, &f);
    const int64_t *sum = f.out[0];
    assert_true(sum[0] == 50 * (int64_t)INT32_MIN - 50 && sum[1] == 4950);
    assert_true(sum[2] == 100 && sum[3] == 100);
    drop(&f);
    k = kernel("reduce", "{\"rows\":3,\"columns\":1}");
    f = files_of(&k, 1);
    memcpy(f.in[0], (const float[]){1.5f, NAN, 2}, 12);
    assert_int_equal(og_kernel_run(&k, ins(&f), f.out, 1, &err), OG_OK);
    assert_true(((double *)f.out[0])[0] == 3.5 && ((double *)f.out[0])[1] == 2);
    drop(&f);
}

/* Whatever the pure table lists can run. */
static void test_all_can_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < og_kernel_count(); i++)
        assert_string_not_equal(og_kernel_backend(og_kernel_at(i)), "none");
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
        cmocka_unit_test(test_i32_refuses_overflow), cmocka_unit_test(test_job),
        cmocka_unit_test(test_job_time_and_values),  cmocka_unit_test(test_gemm_leaves),
        cmocka_unit_test(test_motion_leaves),        cmocka_unit_test(test_learn_leaves),
        cmocka_unit_test(test_motion_goes_on),       cmocka_unit_test(test_motion_job),
        cmocka_unit_test(test_climate_leaves),       cmocka_unit_test(test_climate_values),
        cmocka_unit_test(test_reduce_leaves),        cmocka_unit_test(test_reduce_values),
        cmocka_unit_test(test_all_can_run),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
