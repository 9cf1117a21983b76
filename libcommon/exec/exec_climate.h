/* exec_climate.h - climatology, trend and anomaly of every cell of a grid, in f64 and a fixed
 * order: the same bits on every machine. CPU twin of cuda/climate.cu.
 *
 * x[t][c] is f32, times by cells; values that are not finite are missing. For each cell, all sums
 * from 0 by rising t, a missing value adding 0, each operation rounded once:
 *   climatology of phase p: the mean over t in [base, base + base_n) with t mod period = p
 *   trend: least squares over t in [trend, trend + trend_n), i = t - trend, a = x - climatology of
 *     its phase:  mi = sum i / n, ma = sum a / n;  sum (i - mi)(a - ma) / sum (i - mi)(i - mi),
 *     times 10 period: for a decade, where `period` steps are a year; of more than two values
 *   anomaly of t: (f32)a
 * What has no values is missing: 0x7ff8000000000000, or 0x7fc00000 in f32. */
#ifndef OG_EXEC_CLIMATE_H
#define OG_EXEC_CLIMATE_H

#include <stdint.h>

struct og_climate {
    uint32_t times, period;
    uint64_t cells;
    uint32_t base, base_n, trend, trend_n; /* within times */
};

/* Cells first .. first + count - 1. cell: period + 2 doubles each: climatology, trend, the number
 * of values. anomaly: `times` floats each, or NULL. Both of cell `first`. */
void og_climate_cells(const struct og_climate *c, const float *x, uint64_t first, uint64_t count,
                      double *cell, float *anomaly);
/* The same for one cell, which looks at nothing of the others. */
void og_climate_alone(const struct og_climate *c, const float *x, uint64_t at, double *cell,
                      float *anomaly);

#endif
