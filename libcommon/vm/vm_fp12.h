/* vm_fp12.h - the fields of alt_bn128: Fp in Montgomery form, Fp2 = Fp(i), Fp6 = Fp2(v), Fp12 =
 * Fp6(w), with i² = −1, v³ = ξ = 9 + i, w² = v. */
#ifndef OG_VM_FP12_H
#define OG_VM_FP12_H

#include "vm/vm_u256.h"

#include <stdbool.h>

struct og_fp2 {
    struct og_u256 a, b; /* a + b·i */
};
struct og_fp6 {
    struct og_fp2 c[3];
};
struct og_fp12 {
    struct og_fp6 c[2];
};

extern const struct og_u256 og_fp_p;   /* the prime, as it is */
extern const struct og_u256 og_fp_one; /* in Montgomery form, like all elements */

#define OG_FP_NEG_INV 0x87d20782e4866389u /* −p⁻¹ mod 2^64 */

OG_INLINE struct og_u256 og_fp_reduce(struct og_u256 x)
{
    struct og_u256 t;
    return og_u256_subb(&x, &og_fp_p, &t) ? x : t;
}

OG_INLINE struct og_u256 og_fp_add(const struct og_u256 *x, const struct og_u256 *y)
{
    return og_fp_reduce(og_u256_add(*x, *y)); /* both below 2^254 */
}

OG_INLINE struct og_u256 og_fp_sub(const struct og_u256 *x, const struct og_u256 *y)
{
    struct og_u256 t;
    return og_u256_subb(x, y, &t) ? og_u256_add(t, og_fp_p) : t;
}

/* Montgomery's product, one limb of x at a time; p < 2^254 leaves room, so that no carry is lost.
 */
OG_INLINE struct og_u256 og_fp_mul(const struct og_u256 *x, const struct og_u256 *y)
{
    const uint64_t *p = og_fp_p.w, *b = y->w;
    uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t a = x->w[i];
        og_u128 u = (og_u128)a * b[0] + t0;
        uint64_t m = (uint64_t)u * OG_FP_NEG_INV;
        og_u128 v = (og_u128)m * p[0] + (uint64_t)u;
        u = (og_u128)a * b[1] + t1 + (uint64_t)(u >> 64);
        v = (og_u128)m * p[1] + (uint64_t)u + (uint64_t)(v >> 64);
        t0 = (uint64_t)v;
        u = (og_u128)a * b[2] + t2 + (uint64_t)(u >> 64);
        v = (og_u128)m * p[2] + (uint64_t)u + (uint64_t)(v >> 64);
        t1 = (uint64_t)v;
        u = (og_u128)a * b[3] + t3 + (uint64_t)(u >> 64);
        v = (og_u128)m * p[3] + (uint64_t)u + (uint64_t)(v >> 64);
        t2 = (uint64_t)v;
        t3 = (uint64_t)(u >> 64) + (uint64_t)(v >> 64);
    }
    return og_fp_reduce((struct og_u256){{t0, t1, t2, t3}});
}

struct og_u256 og_fp_to(const struct og_u256 *plain); /* plain < p */
struct og_u256 og_fp_from(const struct og_u256 *x);
struct og_u256 og_fp_inv(const struct og_u256 *x); /* of 0: 0 */

struct og_fp2 og_fp2_add(const struct og_fp2 *x, const struct og_fp2 *y);
struct og_fp2 og_fp2_sub(const struct og_fp2 *x, const struct og_fp2 *y);
struct og_fp2 og_fp2_mul(const struct og_fp2 *x, const struct og_fp2 *y);
struct og_fp2 og_fp2_scale(const struct og_fp2 *x, const struct og_u256 *by);
struct og_fp2 og_fp2_conj(const struct og_fp2 *x);
bool og_fp2_eq(const struct og_fp2 *x, const struct og_fp2 *y);
bool og_fp2_is_zero(const struct og_fp2 *x);

extern const struct og_fp12 og_fp12_one;
struct og_fp12 og_fp12_mul(const struct og_fp12 *x, const struct og_fp12 *y);
struct og_fp12 og_fp12_inv(const struct og_fp12 *x);
struct og_fp12 og_fp12_conj(const struct og_fp12 *x); /* x to the p⁶ */
struct og_fp12 og_fp12_frob(const struct og_fp12 *x); /* x to the p */
struct og_fp12 og_fp12_pow(const struct og_fp12 *x, uint64_t e);
bool og_fp12_is_one(const struct og_fp12 *x);

/* ξ^(k(p−1)/6), 1 <= k <= 5 */
extern const struct og_fp2 og_fp12_gamma[6];

#endif
