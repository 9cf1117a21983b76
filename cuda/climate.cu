/* climate.cu - climatology, trend and anomaly of every cell of a grid: a thread a cell. The sums and
 * their order are those of libcommon/exec/exec_climate.h: the same bits. */

static __device__ bool is_value(float x)
{
    return (__float_as_uint(x) & 0x7f800000u) != 0x7f800000u;
}

static __device__ double gap()
{
    return __longlong_as_double(0x7ff8000000000000ll);
}

static __device__ bool is_gap(double x)
{
    return x != x;
}

struct series {
    const float *x; /* of the cell at time 0 */
    unsigned long long step;
    const double *mean;
    unsigned period;
};

static __device__ double slope(const series &s, unsigned first, unsigned count)
{
    double n = 0, si = 0, sx = 0, xy = 0, xx = 0;
    for (unsigned i = 0; i < count; i++) {
        float v = s.x[(first + i) * s.step];
        double m = s.mean[(first + i) % s.period];
        if (!is_value(v) || is_gap(m))
            continue;
        n += 1;
        si += i;
        sx = __dadd_rn(sx, __dsub_rn((double)v, m));
    }
    if (!(n > 2))
        return gap();
    double mi = si / n, mx = sx / n;
    for (unsigned i = 0; i < count; i++) {
        float v = s.x[(first + i) * s.step];
        double m = s.mean[(first + i) % s.period];
        if (!is_value(v) || is_gap(m))
            continue;
        double di = __dsub_rn(i, mi), dx = __dsub_rn(__dsub_rn((double)v, m), mx);
        xy = __dadd_rn(xy, __dmul_rn(di, dx));
        xx = __dadd_rn(xx, __dmul_rn(di, di));
    }
    return __dmul_rn(xy / xx, 10.0 * s.period);
}

/* anomalies: 1, or 0 and `anomaly` is not touched. */
extern "C" __global__ void climate(const float *x, double *cell, float *anomaly,
                                   unsigned long long cells, unsigned times, unsigned period,
                                   unsigned base, unsigned base_n, unsigned trend, unsigned trend_n,
                                   unsigned anomalies)
{
    unsigned long long c = (unsigned long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= cells)
        return;
    double *out = cell + c * (period + 2);
    const series s = {x + c, cells, out, period};
    for (unsigned p = 0; p < period; p++) {
        double sum = 0, n = 0;
        unsigned t = base + (p + period - base % period) % period;
        for (; t < base + base_n; t += period) {
            float v = s.x[t * cells];
            if (is_value(v)) {
                sum = __dadd_rn(sum, (double)v);
                n += 1;
            }
        }
        out[p] = n > 0 ? sum / n : gap();
    }
    out[period] = slope(s, trend, trend_n);
    double values = 0;
    for (unsigned t = 0; t < times; t++) {
        float v = s.x[t * cells];
        double m = out[t % period];
        values += is_value(v) ? 1 : 0;
        if (anomalies)
            anomaly[c * times + t] = !is_value(v) || is_gap(m) ? __uint_as_float(0x7fc00000u)
                                                               : (float)__dsub_rn((double)v, m);
    }
    out[period + 1] = values;
}
