/* guard_hist.h - histogram scores (Goldstein, Dengel, KI 2012): the sum over features of minus the
 * log of how frequent a value is. */
#ifndef OG_GUARD_HIST_H
#define OG_GUARD_HIST_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stddef.h>
#include <stdint.h>

#define OG_HIST_BINS 20

struct og_hist {
    size_t width;
    float *lo, *per; /* per feature: where the first bin begins, bins per unit */
    float *cost;     /* width x (bins + 2): below, the bins, above */
};

/* From n rows of z, n > 0. */
void og_hist_fit(const float *z, size_t n, size_t width, struct og_hist *out);
void og_hist_release(struct og_hist *m);
float og_hist_score(const struct og_hist *m, const float *z);
/* Which of bins + 2 cells feature j of z falls into: 0 below, the bins, the last above. */
size_t og_hist_bin(const struct og_hist *m, const float *z, size_t j);
/* The part of feature j. */
float og_hist_part(const struct og_hist *m, const float *z, size_t j);
void og_hist_encode(const struct og_hist *m, struct og_buf *out);
enum og_rc og_hist_decode(const void *p, size_t n, size_t width, struct og_hist *out, size_t *used,
                          struct og_err *err) OG_MUST_CHECK;

#endif
