/* exec_kernel_climate.c - the kernel climate: a cell a leaf, by exec_climate.h. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_kernel_defs.h"
#include "exec/exec_climate.h"
#include "exec/exec_kernel_int.h"

#include <stdlib.h>

struct share {
    const struct og_climate *c;
    const float *x;
    uint64_t first, count;
    double *cell;
    float *anomaly;
};

static struct og_climate climate_of(const struct og_kernel *k)
{
    const uint64_t *a = k->arg;
    struct og_climate c = {
        .times = (uint32_t)a[OG_CLIMATE_TIMES],
        .period = (uint32_t)a[OG_CLIMATE_PERIOD],
        .cells = a[OG_CLIMATE_CELLS],
        .base = (uint32_t)a[OG_CLIMATE_BASE],
        .base_n = (uint32_t)a[OG_CLIMATE_BASE_N],
        .trend = (uint32_t)a[OG_CLIMATE_TREND],
        .trend_n = (uint32_t)a[OG_CLIMATE_TREND_N],
    };
    c.base_n = c.base_n ? c.base_n : c.times - c.base;
    c.trend_n = c.trend_n ? c.trend_n : c.times - c.trend;
    return c;
}

static void some_cells(void *arg)
{
    const struct share *s = arg;
    og_climate_cells(s->c, s->x, s->first, s->count, s->cell, s->anomaly);
}

static enum og_rc run(const struct og_kernel *k, const void *const *in, void *const *out,
                      unsigned threads, struct og_err *err)
{
    const struct og_climate c = climate_of(k);
    unsigned n = (unsigned)og_min_u64(threads, (c.cells + 63) / 64);
    struct share *s = og_xcalloc(n, sizeof *s);
    (void)err;
    for (unsigned i = 0; i < n; i++) {
        uint64_t first = c.cells * i / n, end = c.cells * (i + 1) / n;
        s[i] = (struct share){
            &c, in[0], first, end - first, (double *)out[0] + first * (c.period + 2u), NULL};
        if (k->shape.n_out > 1)
            s[i].anomaly = (float *)out[1] + first * c.times;
    }
    og_kernel_threads(some_cells, s, sizeof *s, n);
    free(s);
    return OG_OK;
}

static enum og_rc leaf(const struct og_kernel *k, const void *const *in, uint64_t i, void *to,
                       void **memo, struct og_err *err)
{
    const struct og_climate c = climate_of(k);
    (void)memo;
    (void)err;
    if (i < c.cells) {
        og_climate_alone(&c, in[0], i, to, NULL);
        return OG_OK;
    }
    double *cell = og_xcalloc(c.period + 2u, sizeof *cell);
    og_climate_alone(&c, in[0], i - c.cells, cell, to);
    free(cell);
    return OG_OK;
}

static const char *backend(void)
{
    return "portable";
}

static bool plan(const struct og_kernel *k, struct og_cuda *c)
{
    const struct og_climate l = climate_of(k);
    bool anomaly = k->shape.n_out > 1;
    og_plan_open(c, "climate", (l.cells + 255) / 256, 1, 256);
    og_plan_in(c, 0, 4);
    og_plan_out(c, k, 0, 8);
    if (anomaly)
        og_plan_out(c, k, 1, 4);
    else
        og_plan_tmp(c, 4, 1);
    og_plan_u64(c, l.cells);
    const uint32_t rest[] = {l.times, l.period, l.base, l.base_n, l.trend, l.trend_n, anomaly};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        og_plan_u32(c, rest[i]);
    return true;
}

const struct og_kernel_ops og_kernel_ops_climate = {
    .def = &og_kernel_climate,
    .run = run,
    .leaf = leaf,
    .backend = backend,
    .ptx = OG_CUDA_RES_CLIMATE,
    .plan = plan,
};
