/* guard_rng.h - the seeded generator of members that draw: splitmix64, same bits everywhere. */
#ifndef OG_GUARD_RNG_H
#define OG_GUARD_RNG_H

#include "base/base_num.h"

#include <stddef.h>
#include <stdint.h>

struct og_rng {
    uint64_t at;
};

static inline uint64_t og_rng_next(struct og_rng *r)
{
    return og_splitmix64(r->at++);
}

/* In [0, 1) with 24 bits. */
static inline float og_rng_unit(struct og_rng *r)
{
    return (float)(og_rng_next(r) >> 40) * 0x1p-24f;
}

/* Below n, n > 0 and far below 2^64. */
static inline size_t og_rng_below(struct og_rng *r, size_t n)
{
    return (size_t)(((og_u128)og_rng_next(r) * n) >> 64);
}

/* k different ones of 0..n-1 into out (a partial Fisher-Yates over idx[0..n), which it shuffles).
 */
static inline void og_rng_choose(struct og_rng *r, uint32_t *idx, size_t n, size_t k)
{
    for (size_t i = 0; i < k && i < n; i++) {
        size_t j = i + og_rng_below(r, n - i);
        uint32_t t = idx[i];
        idx[i] = idx[j];
        idx[j] = t;
    }
}

#endif
