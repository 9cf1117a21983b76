/* exec_climate.c - statistics of many cells side by side, a lane each. */
#include "exec/exec_climate.h"

#include "base/base_clones.h"
#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

#define LANES 64
#define NONE  UINT64_C(0x7ff8000000000000)

/* A chunk of cells: values of one time, and sums. */
struct chunk {
    uint64_t first;
    size_t n;
    double *mean; /* [period][LANES] */
    double *count;
    double trend[LANES], values[LANES];
};

static double none(void)
{
    const uint64_t bits = NONE;
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static inline bool is_value(const float *x)
{
    uint32_t bits;
    memcpy(&bits, x, sizeof bits);
    return (bits & 0x7f800000) != 0x7f800000;
}

OG_CLONES static void add(const float *restrict x, size_t n, double *restrict sum,
                          double *restrict count)
{
    for (size_t j = 0; j < n; j++) {
        bool is = is_value(&x[j]);
        sum[j] += is ? (double)x[j] : 0;
        count[j] += is ? 1 : 0;
    }
}

OG_CLONES static void divide(double *restrict sum, const double *restrict by, size_t n, double gap)
{
    for (size_t j = 0; j < n; j++)
        sum[j] = by[j] > 0 ? sum[j] / by[j] : gap;
}

struct line {
    double n[LANES], i[LANES], x[LANES], xy[LANES], xx[LANES];
};

OG_CLONES static void first_pass(double i, const float *restrict x, const double *restrict mean,
                                 size_t n, struct line *restrict l)
{
    for (size_t j = 0; j < n; j++) {
        bool is = is_value(&x[j]) && mean[j] == mean[j];
        l->n[j] += is ? 1 : 0;
        l->i[j] += is ? i : 0;
        l->x[j] += is ? (double)x[j] - mean[j] : 0;
    }
}

OG_CLONES static void second_pass(double i, const float *restrict x, const double *restrict mean,
                                  size_t n, struct line *restrict l)
{
    for (size_t j = 0; j < n; j++) {
        bool is = is_value(&x[j]) && mean[j] == mean[j];
        double di = i - l->i[j], dx = (double)x[j] - mean[j] - l->x[j];
        double xy = di * dx, xx = di * di;
        l->xy[j] += is ? xy : 0;
        l->xx[j] += is ? xx : 0;
    }
}

/* The values of a time, from the chunk's first cell on. */
static const float *values_at(const struct og_climate *c, const float *x, const struct chunk *k,
                              uint32_t t)
{
    return x + (uint64_t)t * c->cells + k->first;
}

static double *mean_at(const struct og_climate *c, const struct chunk *k, uint32_t t)
{
    return k->mean + (size_t)(t % c->period) * LANES;
}

static void climatology(const struct og_climate *c, const float *x, struct chunk *k)
{
    memset(k->mean, 0, (size_t)c->period * LANES * sizeof *k->mean);
    memset(k->count, 0, (size_t)c->period * LANES * sizeof *k->count);
    for (uint32_t t = c->base; t - c->base < c->base_n; t++) {
        size_t at = (size_t)(t % c->period) * LANES;
        add(values_at(c, x, k, t), k->n, k->mean + at, k->count + at);
    }
    for (size_t p = 0; p < c->period; p++)
        divide(k->mean + p * LANES, k->count + p * LANES, k->n, none());
}

/* Missing where a line would only join two points. */
static double slope_of(double n, double xy, double xx, uint32_t period)
{
    return n > 2 ? xy / xx * (10.0 * period) : none();
}

static void trend(const struct og_climate *c, const float *x, struct chunk *k)
{
    struct line l = {{0}, {0}, {0}, {0}, {0}};
    for (uint32_t i = 0; i < c->trend_n; i++)
        first_pass(i, values_at(c, x, k, c->trend + i), mean_at(c, k, c->trend + i), k->n, &l);
    divide(l.i, l.n, k->n, 0);
    divide(l.x, l.n, k->n, 0);
    for (uint32_t i = 0; i < c->trend_n; i++)
        second_pass(i, values_at(c, x, k, c->trend + i), mean_at(c, k, c->trend + i), k->n, &l);
    for (size_t j = 0; j < k->n; j++)
        k->trend[j] = slope_of(l.n[j], l.xy[j], l.xx[j], c->period);
}

static void count_values(const struct og_climate *c, const float *x, struct chunk *k)
{
    double unused[LANES] = {0};
    memset(k->values, 0, sizeof k->values);
    for (uint32_t t = 0; t < c->times; t++)
        add(values_at(c, x, k, t), k->n, unused, k->values);
}

static float anomaly_of(const float *x, double mean)
{
    static const uint32_t gap = 0x7fc00000;
    float a = (float)((double)*x - mean);
    if (!is_value(x) || mean != mean)
        memcpy(&a, &gap, sizeof a);
    return a;
}

/* to: of the chunk's first cell. */
static void anomalies(const struct og_climate *c, const float *x, const struct chunk *k, float *to)
{
    for (uint32_t t = 0; t < c->times; t++) {
        const double *mean = mean_at(c, k, t);
        const float *row = values_at(c, x, k, t);
        for (size_t j = 0; j < k->n; j++)
            to[(uint64_t)j * c->times + t] = anomaly_of(&row[j], mean[j]);
    }
}

/* x: the cell's values by time. */
static double trend_alone(const struct og_climate *c, const float *x, const double *mean)
{
    double n = 0, si = 0, sx = 0, xy = 0, xx = 0;
    for (uint32_t i = 0, t = c->trend; i < c->trend_n; i++, t++) {
        double m = mean[t % c->period];
        if (!is_value(&x[t]) || m != m)
            continue;
        n += 1;
        si += i;
        sx += (double)x[t] - m;
    }
    double mi = n > 0 ? si / n : 0, mx = n > 0 ? sx / n : 0;
    for (uint32_t i = 0, t = c->trend; i < c->trend_n; i++, t++) {
        double m = mean[t % c->period];
        if (!is_value(&x[t]) || m != m)
            continue;
        double di = i - mi, dx = (double)x[t] - m - mx;
        double a = di * dx, b = di * di;
        xy += a;
        xx += b;
    }
    return slope_of(n, xy, xx, c->period);
}

void og_climate_alone(const struct og_climate *c, const float *x, uint64_t at, double *cell,
                      float *anomaly)
{
    float *v = og_xcalloc(c->times, sizeof *v);
    double *count = og_xcalloc(c->period, sizeof *count);
    memset(cell, 0, (c->period + 2u) * sizeof *cell);
    for (uint32_t t = 0; t < c->times; t++) {
        v[t] = x[(uint64_t)t * c->cells + at];
        cell[c->period + 1] += is_value(&v[t]) ? 1 : 0;
    }
    for (uint32_t t = c->base; t - c->base < c->base_n; t++)
        if (is_value(&v[t])) {
            cell[t % c->period] += (double)v[t];
            count[t % c->period] += 1;
        }
    for (size_t p = 0; p < c->period; p++)
        cell[p] = count[p] > 0 ? cell[p] / count[p] : none();
    cell[c->period] = trend_alone(c, v, cell);
    for (uint32_t t = 0; anomaly && t < c->times; t++)
        anomaly[t] = anomaly_of(&v[t], cell[t % c->period]);
    free(count);
    free(v);
}

void og_climate_cells(const struct og_climate *c, const float *x, uint64_t first, uint64_t count,
                      double *cell, float *anomaly)
{
    size_t width = (size_t)c->period + 2;
    struct chunk k;
    k.mean = og_xcalloc((size_t)c->period * LANES, sizeof *k.mean);
    k.count = og_xcalloc((size_t)c->period * LANES, sizeof *k.count);
    for (uint64_t at = 0; at < count; at += LANES) {
        k.first = first + at;
        k.n = (size_t)og_min_u64(count - at, LANES);
        climatology(c, x, &k);
        trend(c, x, &k);
        count_values(c, x, &k);
        for (size_t j = 0; j < k.n; j++) {
            double *to = cell + (at + j) * width;
            for (size_t p = 0; p < c->period; p++)
                to[p] = k.mean[p * LANES + j];
            to[c->period] = k.trend[j];
            to[c->period + 1] = k.values[j];
        }
        if (anomaly)
            anomalies(c, x, &k, anomaly + at * c->times);
    }
    free(k.mean);
    free(k.count);
}
