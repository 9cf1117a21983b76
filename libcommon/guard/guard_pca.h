/* guard_pca.h - how far z lies from the subspace of most of the variance, and how far out within
 * it: the probabilistic form (Tipping, Bishop 1999), whose residual part is the PCA-residual score.
 */
#ifndef OG_GUARD_PCA_H
#define OG_GUARD_PCA_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stddef.h>
#include <stdint.h>

#define OG_PCA_MAX       32   /* components */
#define OG_PCA_WIDTH_MAX 2048 /* of z */

struct og_pca {
    size_t width, k;
    float *mean;    /* of z */
    float *axis;    /* k x width, orthonormal */
    float *inv;     /* k: 1 / variance along it */
    float inv_rest; /* 1 / mean variance of what remains */
};

/* From n rows of z, n > 0: components for nine tenths of the variance, at most OG_PCA_MAX. */
void og_pca_fit(const float *z, size_t n, size_t width, uint64_t seed, struct og_pca *out);
void og_pca_release(struct og_pca *m);
/* log(1 + distance), the residual weighed by the mean variance of what remains. */
float og_pca_score(const struct og_pca *m, const float *z);
/* Per feature its share of the squared residual; adds to 1 unless the residual is 0. */
void og_pca_parts(const struct og_pca *m, const float *z, float *part);
void og_pca_encode(const struct og_pca *m, struct og_buf *out);
enum og_rc og_pca_decode(const void *p, size_t n, size_t width, struct og_pca *out, size_t *used,
                         struct og_err *err) OG_MUST_CHECK;

#endif
