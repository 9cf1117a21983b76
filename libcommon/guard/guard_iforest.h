/* guard_iforest.h - isolation forest (Liu, Ting, Zhou, ICDM 2008): few random splits set apart what
 * is unlike the rest. */
#ifndef OG_GUARD_IFOREST_H
#define OG_GUARD_IFOREST_H

#include "guard/guard_forest.h"

#define OG_IFOREST_TREES  200
#define OG_IFOREST_SAMPLE 256

struct og_iforest {
    struct og_forest f; /* its sum is minus the anomaly, see og_iforest_score */
};

/* From n rows of z, n > 0; a function of them and the seed. */
void og_iforest_fit(const float *z, size_t n, size_t width, uint64_t seed, struct og_iforest *out);
void og_iforest_release(struct og_iforest *m);
/* -(mean path length) / c(sample): larger is more anomalous, about -2 to 0. */
float og_iforest_score(const struct og_iforest *m, const float *z);

#endif
