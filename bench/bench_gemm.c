/* bench_gemm.c - speed of the built-in kernels and the cost of a job of our own; JSON lines. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "exec/exec_bench.h"
#include "exec/exec_job.h"
#include "exec/exec_product.h"
#include "exec/exec_sandbox.h"
#include "json/json_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int report(const char *name, const char *unit, uint64_t value)
{
    struct og_err err;
    json_t *r = json_pack("{s:s, s:i, s:s, s:s, s:I}", "kind", "bench", "v", 1, "name", name,
                          "unit", unit, "value", (json_int_t)value);
    bool ok = r && og_jsonl_write(stdout, r, &err) == OG_OK;
    json_decref(r);
    return ok ? 0 : 74;
}

/* Median of five runs, in MFLOP/s (a multiply and an add count two for integers as well). */
static uint64_t speed(const struct og_product *k, unsigned threads, bool own)
{
    static const uint8_t seed[32] = {9};
    uint64_t got[5];
    float *a = og_xmalloc(og_product_a_bytes(k)), *b = og_xmalloc(og_product_b_bytes(k));
    void *c = og_xcalloc(1, og_product_c_bytes(k));
    og_capacity_fill(seed, 0, 0, a, (uint64_t)k->m * k->k);
    og_capacity_fill(seed, 1, 0, b, (uint64_t)k->k * k->n);
    if (k->type == OG_PRODUCT_I32) {
        for (uint64_t i = 0; i < (uint64_t)k->m * k->k; i++)
            ((int32_t *)(void *)a)[i] = (int32_t)(a[i] * 1e6f);
        for (uint64_t i = 0; i < (uint64_t)k->k * k->n; i++)
            ((int32_t *)(void *)b)[i] = (int32_t)(b[i] * 1e6f);
    }
    for (int i = -1; i < 5; i++) {
        uint64_t start = og_time_mono_us();
        own ? og_product_run_own(k, a, b, c, threads) : og_product_run(k, a, b, c, threads);
        uint64_t us = og_max_u64(og_time_mono_us() - start, 1);
        if (i >= 0)
            got[i] = og_muldiv(2 * (uint64_t)k->m * k->n, k->k, us);
    }
    free(a);
    free(b);
    free(c);
    for (int i = 1; i < 5; i++)
        for (int j = i; j > 0 && got[j] < got[j - 1]; j--) {
            uint64_t t = got[j];
            got[j] = got[j - 1];
            got[j - 1] = t;
        }
    return got[2];
}

static uint64_t own_cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)u.ru_utime.tv_sec * 1000000 + (uint64_t)u.ru_utime.tv_usec +
           (uint64_t)u.ru_stime.tv_sec * 1000000 + (uint64_t)u.ru_stime.tv_usec;
}

static int jobs(enum og_sandbox sandbox, const char *wall_name, const char *cpu_name, int n)
{
    static const char *const argv[] = {"/bin/true", NULL};
    char dir[] = "/tmp/ogpu-bench-XXXXXX";
    struct og_err err;
    if (!mkdtemp(dir))
        return 73;
    struct og_job job = {.argv = argv,
                         .limit_ms = 10000,
                         .mem_bytes = 1u << 28,
                         .cores = 1,
                         .out_bytes_max = 1u << 20,
                         .sandbox = sandbox,
                         .scratch = dir,
                         .inline_max = OG_JOB_INLINE_MAX};
    struct og_job_result *r = og_xcalloc(1, sizeof *r);
    uint64_t wall = og_time_mono_us(), cpu = own_cpu_us();
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++) {
        if (og_exec_run(&job, r, NULL, &err) != OG_OK || r->exit != 0)
            rc = 70;
        og_job_result_release(r);
    }
    wall = (og_time_mono_us() - wall) / (uint64_t)n;
    cpu = (own_cpu_us() - cpu) / (uint64_t)n;
    free(r);
    if (og_exec_scratch_drop(dir, &err) != OG_OK && rc == 0)
        rc = 74;
    if (rc == 0)
        rc = report(wall_name, "us", wall);
    return rc ? rc : report(cpu_name, "us", cpu);
}

int main(void)
{
    static const uint32_t sizes[] = {512, 1024};
    unsigned cores = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    char name[96];
    int rc = 0;
    for (int i = 0; i < 2 && rc == 0; i++) {
        struct og_product f = {OG_PRODUCT_F32, sizes[i], sizes[i], sizes[i]}, g = f;
        g.type = OG_PRODUCT_I32;
        snprintf(name, sizeof name, "gemm f32 %s n=%u, 1 thread",
                 og_product_backend(OG_PRODUCT_F32), sizes[i]);
        rc = report(name, "mflops_per_s", speed(&f, 1, false));
        snprintf(name, sizeof name, "gemm f32 own n=%u, 1 thread", sizes[i]);
        rc = rc ? rc : report(name, "mflops_per_s", speed(&f, 1, true));
        snprintf(name, sizeof name, "gemm i32 n=%u, 1 thread", sizes[i]);
        rc = rc ? rc : report(name, "mflops_per_s", speed(&g, 1, true));
        snprintf(name, sizeof name, "gemm f32 n=%u, %u threads", sizes[i], cores);
        rc = rc ? rc : report(name, "mflops_per_s", speed(&f, cores, false));
    }
    struct og_err err;
    if (rc == 0)
        rc = jobs(OG_SANDBOX_NONE, "job /bin/true, no sandbox, wall",
                  "job /bin/true, no sandbox, own cpu", 500);
    if (rc == 0 && og_sandbox_probe(0, &err) == OG_OK)
        rc = jobs(OG_SANDBOX_BWRAP, "job /bin/true, sandbox, wall",
                  "job /bin/true, sandbox, own cpu", 100);
    if (rc == 0 && og_io_close_stdout(&err) != OG_OK)
        rc = 74;
    return rc;
}
