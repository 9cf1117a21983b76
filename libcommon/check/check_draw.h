/* check_draw.h - unbiased integers from a 32-byte seed: whether to check, which leaves, by whom. */
#ifndef OG_CHECK_DRAW_H
#define OG_CHECK_DRAW_H

#include "base/base_err.h"
#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The stream of a seed and a tag: block j is SHA-256(seed ‖ tag ‖ 0 ‖ be32(j)), four big-endian
 * u64. */
struct og_draw {
    struct og_hash seed;
    const char *tag; /* borrowed */
    uint32_t j;
    size_t left;
    uint64_t word[4];
};
void og_draw_init(struct og_draw *d, const struct og_hash *seed, const char *tag);
uint64_t og_draw_u64(struct og_draw *d);
/* Uniform in [0, w), w > 0: words at or above the greatest multiple of w are thrown away. */
uint64_t og_draw_index(struct og_draw *d, uint64_t w);

/* SHA-256("ogpu-draw" ‖ R ‖ lease ‖ step). */
struct og_hash og_draw_seed(const struct og_hash *r, uint64_t lease, uint64_t step);

/* True with chance q_ppm / 10^6 (always from 10^6 on). */
bool og_draw_check(const struct og_hash *seed, uint64_t q_ppm);
/* k distinct leaves of [0, total), each set equally likely, ascending; k > total counts as total.
 * Returns how many. out holds min(k, total). */
size_t og_draw_leaves(const struct og_hash *seed, uint64_t total, size_t k, uint64_t *out);
/* Up to k distinct indices in the order drawn, each in proportion to its weight among those left;
 * weight 0 is never drawn. *drawn says how many. OG_E_DATA: the weights sum to 2^63 or more. */
enum og_rc og_draw_weighted(const struct og_hash *seed, const char *tag, const uint64_t *weights,
                            size_t n, size_t k, size_t *out, size_t *drawn,
                            struct og_err *err) OG_MUST_CHECK;

#endif
