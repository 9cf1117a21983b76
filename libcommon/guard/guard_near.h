/* guard_near.h - distance to the nearest row of several small samples (Sugiyama, Borgwardt, NIPS
 * 2013; Aggarwal, Sathe 2015 on ensembles of it): finds what is odd in directions that no split
 * along one feature and no single component shows. */
#ifndef OG_GUARD_NEAR_H
#define OG_GUARD_NEAR_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stddef.h>
#include <stdint.h>

#define OG_NEAR_SAMPLE  32
#define OG_NEAR_SAMPLES 16

struct og_near {
    size_t width, n, samples; /* samples of n rows each */
    float *row;               /* samples x n x width */
};

/* From n rows of z, n > 0; fewer samples when rows are wide (192 KiB in a file at most). */
void og_near_fit(const float *z, size_t n, size_t width, uint64_t seed, struct og_near *out);
void og_near_release(struct og_near *m);
/* Mean over the samples of the distance to the nearest row; one copy of z in a sample is passed
 * over, as it is z itself when z was drawn. */
float og_near_score(const struct og_near *m, const float *z);
void og_near_encode(const struct og_near *m, struct og_buf *out);
enum og_rc og_near_decode(const void *p, size_t n, size_t width, struct og_near *out, size_t *used,
                          struct og_err *err) OG_MUST_CHECK;

#endif
