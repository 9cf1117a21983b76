/* test_kernel_gpu.c - built-in kernels' CUDA source, compiled for this CPU, against their twins
 * here, bit for bit. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_gemm.h"
#include "exec/exec_cuda_build.h"
#include "exec/exec_kernel_gpu.h"
#include "exec/exec_kernel_int.h"
#include "exec/exec_learn.h"
#include "exec/exec_matmul.h"

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

enum fill { BYTES, FLOATS, SMALL };

static float value_at(uint64_t i)
{
    uint64_t r = og_splitmix64(i);
    return r % 13 == 0 ? NAN : (float)((double)(r >> 40) / 1e5 - 60) * (r % 7 == 0 ? 1e-20f : 1);
}

static uint8_t *content(size_t bytes, enum fill how, uint64_t salt)
{
    uint8_t *p = og_xmalloc(bytes + 8);
    for (size_t i = 0; i < bytes / 4 + 1; i++) {
        uint64_t r = og_splitmix64(salt + i);
        float f = value_at(salt + i);
        int32_t n = (int32_t)(uint32_t)r >> 12;
        switch (how) {
        case BYTES: memcpy(p + 4 * i, &r, 4); break;
        case FLOATS: memcpy(p + 4 * i, &f, 4); break;
        case SMALL: memcpy(p + 4 * i, &n, 4); break;
        }
    }
    return p;
}

struct play {
    struct og_kernel k;
    uint8_t *in[OG_KERNEL_FILES_MAX];
    char *path[OG_KERNEL_FILES_MAX];
    void *out[OG_KERNEL_FILES_MAX];
};

static void open_play(struct play *p, const char *name, const char *args, enum fill how)
{
    struct og_err err;
    json_t *o = json_loads(args, 0, NULL);
    memset(p, 0, sizeof *p);
    assert_non_null(o);
    assert_int_equal(og_kernel_parse(name, o, &p->k, &err), OG_OK);
    json_decref(o);
    for (size_t i = 0; i < p->k.shape.n_in; i++)
        p->in[i] = content((size_t)p->k.shape.in_bytes[i], how, 1000 * i + 5);
    for (size_t i = 0; i < p->k.shape.n_out; i++)
        p->out[i] = og_xcalloc(1, (size_t)p->k.shape.out_bytes[i]);
}

static void put_inputs(struct play *p)
{
    struct og_err err;
    char name[32];
    for (size_t i = 0; i < p->k.shape.n_in; i++) {
        snprintf(name, sizeof name, "in%zu", i);
        p->path[i] = og_io_join(dir, name);
        assert_int_equal(og_io_write_atomic(p->path[i], p->in[i], (size_t)p->k.shape.in_bytes[i],
                                            0644, OG_IO_NOSYNC, &err),
                         OG_OK);
    }
}

static void close_play(struct play *p)
{
    for (size_t i = 0; i < OG_KERNEL_FILES_MAX; i++) {
        free(p->in[i]);
        free(p->path[i]);
        free(p->out[i]);
    }
}

/* The source cuda/NAME.cu by the plan of the kernel, compiled against cuda/shim. */
static void run_source(struct play *p, struct og_job_result *res)
{
    struct og_err err;
    struct og_cuda c;
    struct og_job_in in[OG_KERNEL_FILES_MAX + 1];
    char source[256], name[OG_KERNEL_FILES_MAX][24];
    size_t n = p->k.shape.n_in;
    assert_true(og_kernel_plan(&p->k, &c));
    assert_non_null(getcwd(source, 200));
    const char *ptx = og_cuda_res(og_kernel_ops_of(p->k.def)->ptx).name; /* "NAME.ptx" */
    snprintf(source + strlen(source), 50, "/cuda/%.*s.cu", (int)(strlen(ptx) - 4), ptx);
    put_inputs(p);
    for (size_t i = 0; i < n; i++) {
        snprintf(name[i], sizeof name[i], "in%zu", i);
        in[i] = (struct og_job_in){name[i], p->path[i], false};
    }
    in[n] = (struct og_job_in){"kernel.cu", source, false};
    const struct og_job job = {.in = in,
                               .n_in = n + 1,
                               .cores = 2,
                               .limit_ms = 300000,
                               .out_bytes_max = 1 << 30,
                               .blob_dir = dir};
    const struct og_cuda_run run = {.cuda = &c, .dir = dir, .where = OG_CUDA_CPU};
    enum og_rc rc = og_exec_cuda(&job, &run, res, NULL, &err);
    if (rc != OG_OK || res->why != OG_JOB_DONE || res->exit != 0)
        fail_msg("%s: %s %s", source, rc == OG_OK ? "" : err.msg, (const char *)res->err.text);
    og_cuda_release(&c);
}

static void check_same(struct play *p)
{
    struct og_err err;
    struct og_job_result *res = og_xcalloc(1, sizeof *res);
    assert_int_equal(og_kernel_run(&p->k, (const void *const *)p->in, p->out, 1, &err), OG_OK);
    run_source(p, res);
    assert_int_equal(res->n_outs, p->k.shape.n_out);
    for (size_t i = 0; i < res->n_outs; i++) {
        struct og_hash here = og_sha256(p->out[i], (size_t)p->k.shape.out_bytes[i]);
        assert_true(res->outs[i].bytes == p->k.shape.out_bytes[i]);
        assert_memory_equal(here.b, res->outs[i].sha256.b, OG_HASH_LEN);
    }
    og_job_result_release(res);
    free(res);
}

static void same(const char *name, const char *args, enum fill how)
{
    struct play p;
    if (!og_cuda_compiler()) {
        print_message("skip: there is no C++ compiler\n");
        skip();
    }
    open_play(&p, name, args, how);
    check_same(&p);
    close_play(&p);
}

static void test_gemm_i32(void **st)
{
    (void)st;
    same("gemm", "{\"m\":70,\"n\":131,\"k\":37,\"type\":\"i32\"}", SMALL);
}

/* The twin with fused multiply-add; OpenBLAS has an order of its own. */
static void test_gemm_f32(void **st)
{
    struct play p;
    (void)st;
    if (!og_cuda_compiler() || !og_matmul_has_avx2()) {
        print_message("skip: no C++ compiler, or no fused multiply-add\n");
        skip();
    }
    static const char *const args[] = {"{\"m\":130,\"n\":132,\"k\":532}",
                                       "{\"m\":9,\"n\":7,\"k\":257}"};
    for (size_t i = 0; i < 2; i++) {
        struct og_job_result *res = og_xcalloc(1, sizeof *res);
        open_play(&p, "gemm", args[i], FLOATS);
        for (size_t j = 0; j < 2; j++)
            for (size_t at = 0; at < p.k.shape.in_bytes[j] / 4; at++)
                if (isnan(((float *)(void *)p.in[j])[at]))
                    ((float *)(void *)p.in[j])[at] = -0.0f;
        size_t m = (size_t)p.k.arg[0], n = (size_t)p.k.arg[1], k = (size_t)p.k.arg[2];
        og_matmul_f32(m, n, k, (const float *)(void *)p.in[0], (const float *)(void *)p.in[1],
                      p.out[0]);
        run_source(&p, res);
        struct og_hash here = og_sha256(p.out[0], (size_t)p.k.shape.out_bytes[0]);
        assert_memory_equal(here.b, res->outs[0].sha256.b, OG_HASH_LEN);
        og_job_result_release(res);
        free(res);
        close_play(&p);
    }
}

/* On tensor cores the last bits are the device's; the shim plays them. Within the declared
 * precision, and not within that of f32. */
static void test_gemm_tf32(void **st)
{
    struct play p;
    struct og_err err;
    enum og_vote v;
    double ratio;
    char hex[65], path[160];
    (void)st;
    if (!og_cuda_compiler()) {
        print_message("skip: there is no C++ compiler\n");
        skip();
    }
    const size_t m = 131, n = 70, k = 301;
    struct og_job_result *res = og_xcalloc(1, sizeof *res);
    struct og_hash seed = og_sha256("tf32", 4);
    struct og_buf c = OG_BUF_INIT;
    open_play(&p, "gemm", "{\"m\":131,\"n\":70,\"k\":301,\"type\":\"tf32\"}", SMALL);
    float *a = (float *)(void *)p.in[0], *b = (float *)(void *)p.in[1];
    for (size_t i = 0; i < m * k; i++)
        a[i] = (float)((double)(og_splitmix64(i) >> 11) * 0x1p-52 - 1);
    for (size_t i = 0; i < k * n; i++)
        b[i] = (float)((double)(og_splitmix64(~i) >> 11) * 0x1p-52 - 1);
    run_source(&p, res);
    og_hex_encode(res->outs[0].sha256.b, 32, hex);
    snprintf(path, sizeof path, "%s/%.2s/%s", dir, hex, hex);
    assert_int_equal(og_io_read_file(path, m * n * 4, &c, &err), OG_OK);
    const float *got = (const float *)(const void *)c.p;
    assert_int_equal(og_gemm_tf32_check(a, b, got, m, n, k, &seed, &v, &ratio, &err), OG_OK);
    assert_int_equal(v, OG_VOTE_OK);
    print_message("greatest residual of TF32: %.2f of its tau\n", ratio);
    assert_int_equal(og_gemm_f32_check(a, b, got, m, n, k, &seed, &v, NULL, &err), OG_OK);
    assert_int_equal(v, OG_VOTE_BAD);
    assert_int_equal(og_kernel_run(&p.k, (const void *const *)p.in, p.out, 1, &err), OG_OK);
    assert_int_equal(og_gemm_tf32_check(a, b, p.out[0], m, n, k, &seed, &v, NULL, &err), OG_OK);
    assert_int_equal(v, OG_VOTE_OK); /* f32 is more than was asked for */
    og_buf_release(&c);
    og_job_result_release(res);
    free(res);
    close_play(&p);
}

static void test_climate(void **st)
{
    (void)st;
    same("climate",
         "{\"times\":61,\"cells\":300,\"period\":12,\"base\":5,\"base_n\":30,\"trend\":7,"
         "\"anomaly\":1}",
         FLOATS);
    same("climate", "{\"times\":9,\"cells\":3,\"period\":4,\"base\":2,\"base_n\":1}", FLOATS);
}

static void test_reduce(void **st)
{
    struct play p;
    (void)st;
    same("reduce", "{\"rows\":500,\"columns\":300,\"part\":41}", FLOATS);
    same("reduce", "{\"rows\":77,\"columns\":3,\"part\":8,\"type\":\"i32\"}", BYTES);
    if (!og_cuda_compiler())
        return;
    open_play(&p, "reduce", "{\"rows\":100,\"columns\":5,\"part\":7,\"weights\":1}", FLOATS);
    for (size_t i = 0; i < 100; i++)
        ((double *)(void *)p.in[1])[i] = cos((double)i);
    check_same(&p);
    close_play(&p);
}

static void test_learn(void **st)
{
    static const char *const made[][2] = {
        {"softmax", "{\"rows\":700,\"features\":19,\"classes\":10,\"parts\":3}"},
        {"softmax", "{\"rows\":5,\"features\":1,\"classes\":2,\"parts\":5}"},
        {"mlp", "{\"rows\":333,\"features\":30,\"classes\":7,\"hidden\":13,\"parts\":2}"}};
    (void)st;
    if (!og_cuda_compiler() || !og_learn_has_avx2()) {
        print_message("skip: no C++ compiler, or no fused multiply-add\n");
        skip();
    }
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        struct play p;
        open_play(&p, made[i][0], made[i][1], BYTES);
        float *w = (float *)(void *)p.in[0];
        for (size_t j = 0; j < p.k.shape.in_bytes[0] / sizeof *w; j++)
            w[j] = (float)cos((double)j);
        for (size_t j = 0; j < p.k.shape.in_bytes[1]; j += 3)
            p.in[1][j] = 0;
        for (size_t j = 0; j < p.k.shape.in_bytes[2]; j++)
            p.in[2][j] %= 2;
        check_same(&p);
        close_play(&p);
    }
}

static void test_motion(void **st)
{
    struct play p;
    (void)st;
    same("motion", "{\"width\":37,\"height\":11,\"frames\":70,\"segment\":20,\"warmup\":33}",
         BYTES);
    same("motion", "{\"width\":3,\"height\":2,\"frames\":5,\"segment\":2,\"warmup\":1}", BYTES);
    if (!og_cuda_compiler())
        return;
    open_play(&p, "motion", "{\"width\":32,\"height\":8,\"frames\":40,\"resume\":1,\"state\":1}",
              BYTES);
    for (size_t i = 0; i < 256; i++) /* a background is at most 255 << 8 */
        p.in[1][2 * i] = 0;
    check_same(&p);
    close_play(&p);
}

/* Without a GPU the twin takes over; what is no GPU's fault is told as on the CPU. */
static void test_where(void **st)
{
    struct og_err err;
    struct play p;
    struct og_job_result *res = og_xcalloc(1, sizeof *res);
    (void)st;
    const struct og_kernel_place place = {OG_CUDA_AUTO, dir, NULL};
    setenv("OGPU_LIBCUDA", "/nonexistent/libcuda.so", 1);
    open_play(&p, "gemm", "{\"m\":5,\"n\":6,\"k\":7,\"type\":\"i32\"}", SMALL);
    put_inputs(&p);
    struct og_job_in in[2] = {{"A", p.path[0], false}, {"B", p.path[1], false}};
    const struct og_job job = {.in = in, .n_in = 2, .cores = 1, .limit_ms = 60000, .blob_dir = dir};
    assert_int_equal(og_exec_kernel_gpu(&job, &p.k, &place, res, NULL, &err), OG_E_UNAVAILABLE);
    og_job_result_release(res);
    assert_int_equal(og_exec_kernel_where(&job, &p.k, &place, res, NULL, &err), OG_OK);
    assert_int_equal(res->why, OG_JOB_DONE);
    assert_int_equal(og_kernel_run(&p.k, (const void *const *)p.in, p.out, 1, &err), OG_OK);
    struct og_hash here = og_sha256(p.out[0], (size_t)p.k.shape.out_bytes[0]);
    assert_memory_equal(here.b, res->outs[0].sha256.b, OG_HASH_LEN);
    og_job_result_release(res);
    free(res);
    close_play(&p);
    unsetenv("OGPU_LIBCUDA");
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
        cmocka_unit_test(test_gemm_i32),  cmocka_unit_test(test_gemm_f32),
        cmocka_unit_test(test_gemm_tf32), cmocka_unit_test(test_climate),
        cmocka_unit_test(test_reduce),    cmocka_unit_test(test_motion),
        cmocka_unit_test(test_learn),     cmocka_unit_test(test_where),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
