/* bench_kernel.c - built-in kernels on one core against their peers, checks against recomputing,
 * and the cost of a kernel's job; processor time, the best of RUNS. Lines NAME, VALUE, UNIT, PEER,
 * VALUE of the peer, cut by tabs. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_gemm.h"
#include "exec/exec_bench.h"
#include "exec/exec_blas.h"
#include "exec/exec_kernel.h"
#include "exec/exec_matmul.h"
#include "exec/exec_product.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define RUNS 5

static double cpu_s(void)
{
    struct rusage u, c;
    getrusage(RUSAGE_SELF, &u);
    getrusage(RUSAGE_CHILDREN, &c);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec + c.ru_utime.tv_sec + c.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec + c.ru_utime.tv_usec +
                    c.ru_stime.tv_usec) /
               1e6;
}

static double best(void (*fn)(void *), void *arg)
{
    double least = 1e9;
    for (int i = 0; i < RUNS; i++) {
        double t = cpu_s();
        fn(arg);
        t = cpu_s() - t;
        least = t < least ? t : least;
    }
    return least;
}

/* ---- products ---- */

struct product {
    uint32_t n;
    void *a, *b, *c;
    bool bad;
};

static struct product product_of(uint32_t n, bool i32)
{
    const uint8_t seed[32] = {5};
    size_t cells = (size_t)n * n;
    struct product p = {n, og_xmalloc(4 * cells), og_xmalloc(4 * cells), og_xcalloc(cells, 8),
                        false};
    og_capacity_fill(seed, 0, 0, p.a, cells);
    og_capacity_fill(seed, 1, 0, p.b, cells);
    for (size_t i = 0; i32 && i < cells; i++) {
        ((int32_t *)p.a)[i] = (int32_t)(((float *)p.a)[i] * 1e6f);
        ((int32_t *)p.b)[i] = (int32_t)(((float *)p.b)[i] * 1e6f);
    }
    return p;
}

static void drop(struct product *p)
{
    free(p->a);
    free(p->b);
    free(p->c);
}

static void run_f32(void *arg)
{
    struct product *p = arg;
    const struct og_product k = {OG_PRODUCT_F32, p->n, p->n, p->n};
    og_product_run(&k, p->a, p->b, p->c, 1);
}

static void run_i32(void *arg)
{
    struct product *p = arg;
    const struct og_product k = {OG_PRODUCT_I32, p->n, p->n, p->n};
    og_product_run(&k, p->a, p->b, p->c, 1);
}

static void run_own(void *arg)
{
    struct product *p = arg;
    og_matmul_f32(p->n, p->n, p->n, p->a, p->b, p->c);
}

static void run_blas(void *arg)
{
    struct product *p = arg;
    og_blas_gemm_f32(p->n, p->n, p->n, p->a, p->b, p->c);
}

static void check_f32(void *arg)
{
    struct product *p = arg;
    struct og_hash seed = og_sha256("bench", 5);
    enum og_vote v;
    struct og_err err;
    p->bad =
        og_gemm_f32_check(p->a, p->b, p->c, p->n, p->n, p->n, &seed, &v, NULL, &err) != OG_OK ||
        v != OG_VOTE_OK;
}

static void check_i32(void *arg)
{
    struct product *p = arg;
    struct og_hash seed = og_sha256("bench", 5);
    enum og_vote v;
    struct og_err err;
    p->bad = og_gemm_i32_check(p->a, p->b, p->c, p->n, p->n, p->n, &seed, &v, &err) != OG_OK ||
             v != OG_VOTE_OK;
}

static int products(uint32_t n)
{
    struct product p = product_of(n, false);
    double gflop = 2e-9 * n * n * n, run = best(run_f32, &p), own = best(run_own, &p);
    if (og_blas_load()) {
        double blas = best(run_blas, &p);
        printf("gemm f32 n=%u, 1 core\t%.1f\tgflops_per_s\tOpenBLAS\t%.1f\n", n, gflop / run,
               gflop / blas);
        printf("gemm f32 n=%u, own kernel, 1 core\t%.1f\tgflops_per_s\tOpenBLAS\t%.1f\n", n,
               gflop / own, gflop / blas);
    } else {
        printf("gemm f32 n=%u, own kernel, 1 core\t%.1f\tgflops_per_s\n", n, gflop / own);
    }
    bool bad = false;
    if (n >= 2048) {
        run_f32(&p);
        double check = best(check_f32, &p);
        bad = p.bad;
        printf("verify gemm f32 n=%u\t%.2f\tms\trecompute\t%.2f\n", n, check * 1e3, run * 1e3);
        drop(&p);
        p = product_of(n, true);
        double t = cpu_s();
        run_i32(&p);
        t = cpu_s() - t;
        check = best(check_i32, &p);
        bad = bad || p.bad;
        printf("verify gemm i32 n=%u\t%.2f\tms\trecompute\t%.2f\n", n, check * 1e3, t * 1e3);
    }
    drop(&p);
    return bad ? 70 : 0;
}

/* ---- kernels ---- */

struct play {
    struct og_kernel k;
    void *in[OG_KERNEL_FILES_MAX], *out[OG_KERNEL_FILES_MAX];
    bool bad;
};

static void open_play(struct play *p, const char *name, const char *args)
{
    struct og_err err;
    json_t *o = json_loads(args, 0, NULL);
    memset(p, 0, sizeof *p);
    p->bad = !o || og_kernel_parse(name, o, &p->k, &err) != OG_OK;
    json_decref(o);
    for (size_t i = 0; i < p->k.shape.n_in; i++)
        p->in[i] = og_xcalloc(1, (size_t)p->k.shape.in_bytes[i]);
    for (size_t i = 0; i < p->k.shape.n_out; i++)
        p->out[i] = og_xcalloc(1, (size_t)p->k.shape.out_bytes[i]);
}

static void close_play(struct play *p)
{
    for (size_t i = 0; i < OG_KERNEL_FILES_MAX; i++) {
        free(p->in[i]);
        free(p->out[i]);
    }
}

static void run_kernel(void *arg)
{
    struct play *p = arg;
    struct og_err err;
    p->bad = og_kernel_run(&p->k, (const void *const *)p->in, p->out, 1, &err) != OG_OK;
}

struct copy {
    void *to, *from;
    size_t n;
};

static void run_copy(void *arg)
{
    struct copy *c = arg;
    memcpy(c->to, c->from, c->n);
    __asm__ volatile("" ::"r"(c->to) : "memory");
}

/* A camera's picture: noise of a few steps, and a bright block that crosses it. */
static int motion(void)
{
    struct play p;
    const size_t w = 768, h = 432, frames = 300, pixels = w * h;
    open_play(&p, "motion", "{\"width\":768,\"height\":432,\"frames\":300}");
    uint8_t *y = p.in[0];
    for (size_t t = 0; t < frames; t++, y += pixels)
        for (size_t i = 0; i < pixels; i++) {
            bool block = i % w / 64 == t % 12 && i / w / 64 == 3;
            y[i] = (uint8_t)(block ? 220 : 60 + i % 97 + (og_splitmix64(t * pixels + i) & 3));
        }
    struct copy c = {og_xcalloc(frames, pixels), p.in[0], frames * pixels};
    double ours = best(run_kernel, &p), copied = best(run_copy, &c);
    printf("motion 768x432\t%.0f\tMB_per_s\tmemcpy\t%.0f\n", (double)c.n / ours / 1e6,
           (double)c.n / copied / 1e6);
    free(c.to);
    close_play(&p);
    return p.bad ? 70 : 0;
}

static int values(const char *name, const char *args, double n)
{
    struct play p;
    open_play(&p, name, args);
    float *x = p.in[0];
    for (size_t i = 0; i < p.k.shape.in_bytes[0] / 4; i++)
        x[i] = 250 + (float)(og_splitmix64(i) % 5000) / 100;
    double t = best(run_kernel, &p);
    printf("%s, 1 core\t%.0f\tMvalues_per_s\n", name, n / t / 1e6);
    close_play(&p);
    return p.bad ? 70 : 0;
}

/* A small product as a job: process, mapped files, hashes, blob; without bringing it to the disk.
 */
static int jobs(void)
{
    enum { N = 300, DIM = 64 };
    char dir[] = "/tmp/ogpu-bench-XXXXXX";
    struct og_err err;
    struct play p;
    if (!mkdtemp(dir))
        return 73;
    open_play(&p, "gemm", "{\"m\":64,\"n\":64,\"k\":64,\"type\":\"i32\"}");
    char *file = og_io_join(dir, "a");
    int rc = og_io_write_atomic(file, p.in[0], DIM * DIM * 4, 0600, OG_IO_NOSYNC, &err);
    const struct og_job_in in[2] = {{"A", file, false}, {"B", file, false}};
    const struct og_job job = {.in = in, .n_in = 2, .cores = 1, .limit_ms = 60000, .blob_dir = dir};
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    double t = cpu_s();
    for (int i = 0; i < N && rc == 0; i++) {
        rc = og_exec_kernel(&job, &p.k, r, NULL, &err) == OG_OK && r->exit == 0 ? 0 : 70;
        og_job_result_release(r);
    }
    if (rc == 0)
        printf("job of a kernel, own cpu\t%.3f\tms\n", (cpu_s() - t) / N * 1e3);
    free(r);
    free(file);
    close_play(&p);
    return og_io_remove_tree(dir, &err) == OG_OK ? rc : 74;
}

int main(void)
{
    int rc = products(1024);
    rc = rc ? rc : products(2048);
    rc = rc ? rc : products(4096);
    rc = rc ? rc : motion();
    rc =
        rc ? rc : values("climate", "{\"times\":240,\"cells\":50000,\"period\":12}", 240 * 50000.0);
    rc = rc ? rc : values("reduce", "{\"rows\":20000,\"columns\":1000}", 2e7);
    rc = rc ? rc : jobs();
    return rc ? rc : fflush(stdout) == 0 ? 0 : 74;
}
