/* guard_calib.h - scores into p-values: conformal over honest rows, an exponential tail beyond
 * them; many p-values into one; Benjamini-Hochberg.
 *
 * p = (1 + honest scores at or above s) / (n + 1) (Vovk et al. 2005): whatever the score, an honest
 * row exchangeable with them has p <= a with a chance of at most a. The 128 largest
 * scores are kept one by one, where interpolation of log p is never below it, the others evenly by
 * rank. Beyond the largest, 1 / (n + 1) falls off with the mean
 * excess over the 98 % quantile (peaks over threshold with shape 0), so that scores stay ordered.
 */
#ifndef OG_GUARD_CALIB_H
#define OG_GUARD_CALIB_H

#include "guard/guard_bytes.h"

#include <stdbool.h>
#include <stddef.h>

#define OG_CALIB_KNOTS 512

struct og_calib {
    size_t n; /* honest scores it was made of */
    size_t k; /* knots, at ascending, log_p descending */
    float at[OG_CALIB_KNOTS], log_p[OG_CALIB_KNOTS];
    float rate; /* of the tail */
};

/* From n > 0 finite scores, which it sorts. */
void og_calib_fit(float *score, size_t n, struct og_calib *out);
/* log p, at most 0, finite. */
float og_calib_log_p(const struct og_calib *c, float score);
void og_calib_encode(const struct og_calib *c, struct og_buf *out);
bool og_calib_decode(struct og_bytes *b, struct og_calib *out);

/* -log10 of the weighted power mean of order -2 of p-values, given as logs: near the least of them,
 * yet smooth (Vovk, Wang 2020 on means of p-values). It is a score: calibrate it again. */
float og_calib_combine(const float *log_p, const float *weight, size_t n);

/* Benjamini-Hochberg at level q over n p-values: pick[i] for those it rejects; their number. */
size_t og_calib_bh(const double *p, size_t n, double q, bool *pick);

#endif
