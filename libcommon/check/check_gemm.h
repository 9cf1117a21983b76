/* check_gemm.h - Freivalds' check of a matrix product, O(n²): exact for integers, bounded for f32.
 *
 * C = A · B with A m×k, B k×n, C m×n, row-major. The f32 check is run by a verifier, never by the
 * state machine, and may use doubles. */
#ifndef OG_CHECK_GEMM_H
#define OG_CHECK_GEMM_H

#include "base/base_err.h"
#include "check/check_judge.h"
#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_GEMM_DIM_MAX (1u << 20)
#define OG_GEMM_CHAIN                                                                              \
    512 /* f32: longest chain of additions; blocks of k, then their sums in order */
#define OG_GEMM_ROUNDS 4 /* f32: random vectors */

/* Kernel gemm i32: int32 inputs, exact int64 outputs. Inputs are legal when no sum can reach 2^60:
 * k · max|A| · max|B| < 2^60; others are refused by the kernel (and by the check). The bound also
 * makes the check exact: two legal elements that differ, differ modulo p = 2^61 − 1. */
bool og_gemm_i32_fits(const int32_t *a, const int32_t *b, size_t m, size_t n, size_t k);

/* *out OK or BAD. One round modulo p with a vector of nonzero entries from the seed: a row with one
 * wrong element is always caught, any other passes with chance 1/p. Every element must be below
 * 2^60. OG_E_DATA: a dimension above OG_GEMM_DIM_MAX, or inputs that do not fit. */
enum og_rc og_gemm_i32_check(const int32_t *a, const int32_t *b, const int64_t *c, size_t m,
                             size_t n, size_t k, const struct og_hash *seed, enum og_vote *out,
                             struct og_err *err) OG_MUST_CHECK;

/* *out OK (every row within τ_i), GREY (within 4τ_i) or BAD, over OG_GEMM_ROUNDS vectors of ±1:
 *   τ_i = 32 u |a_i|₂ |B|_F + n k 2^-149,   u = 2^-24
 * which an honest product with chains of at most OG_GEMM_CHAIN terms meets in any data, and TF32 or
 * bf16 inputs miss. NaN or infinity in C: BAD; GREY when A or B hold one, or when the row could
 * overflow f32. *worst (may be NULL): the greatest residual / τ_i, at most 10^9. */
enum og_rc og_gemm_f32_check(const float *a, const float *b, const float *c, size_t m, size_t n,
                             size_t k, const struct og_hash *seed, enum og_vote *out, double *worst,
                             struct og_err *err) OG_MUST_CHECK;
/* The same for a product whose inputs may be rounded to TF32 first (10 bits behind the point, to
 * the nearest, halves away from zero): OK as above, or within 128 u of the product of rounded
 * inputs. bf16 misses both. */
enum og_rc og_gemm_tf32_check(const float *a, const float *b, const float *c, size_t m, size_t n,
                              size_t k, const struct og_hash *seed, enum og_vote *out,
                              double *worst, struct og_err *err) OG_MUST_CHECK;

#endif
