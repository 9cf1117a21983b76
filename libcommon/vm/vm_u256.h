/* vm_u256.h - 256-bit words of the EVM (Yellow Paper, appendix H): unsigned, modulo 2^256.
 *
 * With x86-64 and GNU C the sums use the carry intrinsics; elsewhere, and with -DOG_PORTABLE,
 * 128-bit integers. Both give the same words (tests/unit/vm/test_u256.c). */
#ifndef OG_VM_U256_H
#define OG_VM_U256_H

#include "base/base_num.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __x86_64__ && defined __GNUC__ && !defined OG_PORTABLE
#include <immintrin.h>
#define OG_U256_INTRINSICS 1
#else
#define OG_U256_INTRINSICS 0
#endif

#define OG_INLINE static inline __attribute__((always_inline))

/* w[0] is the least significant limb. */
struct og_u256 {
    uint64_t w[4];
};

#define OG_U256_ZERO ((struct og_u256){{0, 0, 0, 0}})

OG_INLINE struct og_u256 og_u256_of(uint64_t v)
{
    return (struct og_u256){{v, 0, 0, 0}};
}

OG_INLINE bool og_u256_is_zero(const struct og_u256 *a)
{
    return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0;
}

OG_INLINE bool og_u256_eq(const struct og_u256 *a, const struct og_u256 *b)
{
    return ((a->w[0] ^ b->w[0]) | (a->w[1] ^ b->w[1]) | (a->w[2] ^ b->w[2]) |
            (a->w[3] ^ b->w[3])) == 0;
}

OG_INLINE bool og_u256_fits_u64(const struct og_u256 *a)
{
    return (a->w[1] | a->w[2] | a->w[3]) == 0;
}

/* Adds; returns the carry. out may be a or b. */
OG_INLINE bool og_u256_addc(const struct og_u256 *a, const struct og_u256 *b, struct og_u256 *out)
{
#if OG_U256_INTRINSICS
    unsigned long long r0, r1, r2, r3;
    unsigned char c = _addcarry_u64(0, a->w[0], b->w[0], &r0);
    c = _addcarry_u64(c, a->w[1], b->w[1], &r1);
    c = _addcarry_u64(c, a->w[2], b->w[2], &r2);
    c = _addcarry_u64(c, a->w[3], b->w[3], &r3);
    out->w[0] = r0;
    out->w[1] = r1;
    out->w[2] = r2;
    out->w[3] = r3;
    return c;
#else
    og_u128 s = 0;
    for (int i = 0; i < 4; i++) {
        s += (og_u128)a->w[i] + b->w[i];
        out->w[i] = (uint64_t)s;
        s >>= 64;
    }
    return s != 0;
#endif
}

/* Subtracts b from a; returns the borrow. out may be a or b. */
OG_INLINE bool og_u256_subb(const struct og_u256 *a, const struct og_u256 *b, struct og_u256 *out)
{
#if OG_U256_INTRINSICS
    unsigned long long r0, r1, r2, r3;
    unsigned char c = _subborrow_u64(0, a->w[0], b->w[0], &r0);
    c = _subborrow_u64(c, a->w[1], b->w[1], &r1);
    c = _subborrow_u64(c, a->w[2], b->w[2], &r2);
    c = _subborrow_u64(c, a->w[3], b->w[3], &r3);
    out->w[0] = r0;
    out->w[1] = r1;
    out->w[2] = r2;
    out->w[3] = r3;
    return c;
#else
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++) {
        og_u128 d = (og_u128)a->w[i] - b->w[i] - borrow;
        out->w[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    return borrow != 0;
#endif
}

OG_INLINE struct og_u256 og_u256_add(struct og_u256 a, struct og_u256 b)
{
    og_u256_addc(&a, &b, &a);
    return a;
}

OG_INLINE struct og_u256 og_u256_sub(struct og_u256 a, struct og_u256 b)
{
    og_u256_subb(&a, &b, &a);
    return a;
}

OG_INLINE bool og_u256_lt(const struct og_u256 *a, const struct og_u256 *b)
{
    struct og_u256 t;
    return og_u256_subb(a, b, &t);
}

/* As two's complement. */
OG_INLINE bool og_u256_slt(const struct og_u256 *a, const struct og_u256 *b)
{
    bool below = og_u256_lt(a, b);
    return ((a->w[3] ^ b->w[3]) >> 63) ? (a->w[3] >> 63) != 0 : below;
}

OG_INLINE struct og_u256 og_u256_mul(const struct og_u256 *a, const struct og_u256 *b)
{
    const uint64_t *x = a->w, *y = b->w;
    og_u128 p = (og_u128)x[0] * y[0];
    struct og_u256 r;
    r.w[0] = (uint64_t)p;
    og_u128 s = (p >> 64) + (og_u128)x[0] * y[1];
    uint64_t c1 = (uint64_t)(s >> 64);
    s = (og_u128)(uint64_t)s + (og_u128)x[1] * y[0];
    r.w[1] = (uint64_t)s;
    og_u128 t = (og_u128)x[0] * y[2] + c1;
    uint64_t c2 = (uint64_t)(t >> 64);
    t = (og_u128)(uint64_t)t + (og_u128)x[1] * y[1];
    c2 += (uint64_t)(t >> 64);
    t = (og_u128)(uint64_t)t + (og_u128)x[2] * y[0];
    c2 += (uint64_t)(t >> 64);
    t = (og_u128)(uint64_t)t + (uint64_t)(s >> 64);
    c2 += (uint64_t)(t >> 64);
    r.w[2] = (uint64_t)t;
    r.w[3] = c2 + x[0] * y[3] + x[1] * y[2] + x[2] * y[1] + x[3] * y[0];
    return r;
}

OG_INLINE struct og_u256 og_u256_shl(struct og_u256 v, uint64_t n)
{
    if (n > 255)
        return OG_U256_ZERO;
    if (n & 128)
        v = (struct og_u256){{0, 0, v.w[0], v.w[1]}};
    if (n & 64)
        v = (struct og_u256){{0, v.w[0], v.w[1], v.w[2]}};
    unsigned k = n & 63, r = 63 - k;
    return (struct og_u256){{v.w[0] << k, v.w[1] << k | v.w[0] >> 1 >> r,
                             v.w[2] << k | v.w[1] >> 1 >> r, v.w[3] << k | v.w[2] >> 1 >> r}};
}

/* Shifts right by n < 256, filling from the left with `fill` (0 or all ones). */
OG_INLINE struct og_u256 og_u256_shr_fill(struct og_u256 v, uint64_t n, uint64_t fill)
{
    if (n & 128)
        v = (struct og_u256){{v.w[2], v.w[3], fill, fill}};
    if (n & 64)
        v = (struct og_u256){{v.w[1], v.w[2], v.w[3], fill}};
    unsigned k = n & 63, r = 63 - k;
    return (struct og_u256){{v.w[0] >> k | v.w[1] << 1 << r, v.w[1] >> k | v.w[2] << 1 << r,
                             v.w[2] >> k | v.w[3] << 1 << r, v.w[3] >> k | fill << 1 << r}};
}

OG_INLINE struct og_u256 og_u256_shr(struct og_u256 v, uint64_t n)
{
    return n > 255 ? OG_U256_ZERO : og_u256_shr_fill(v, n, 0);
}

OG_INLINE struct og_u256 og_u256_sar(struct og_u256 v, uint64_t n)
{
    uint64_t fill = 0 - (v.w[3] >> 63);
    return n > 255 ? (struct og_u256){{fill, fill, fill, fill}} : og_u256_shr_fill(v, n, fill);
}

/* Extends the sign of the low k+1 bytes; k > 30 changes nothing. */
OG_INLINE struct og_u256 og_u256_signextend(const struct og_u256 *k, struct og_u256 v)
{
    if (!og_u256_fits_u64(k) || k->w[0] > 30)
        return v;
    unsigned bit = 8 * (unsigned)k->w[0] + 7, limb = bit / 64, left = 63 - bit % 64;
    uint64_t at = v.w[limb] << left;
    uint64_t fill = 0 - (at >> 63);
    v.w[limb] = at >> left | (left ? fill << (64 - left) : 0);
    for (unsigned i = limb + 1; i < 4; i++)
        v.w[i] = fill;
    return v;
}

OG_INLINE uint64_t og_u256_get_be64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

OG_INLINE void og_u256_put_be64(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, 8);
}

/* 32 bytes, big-endian. */
OG_INLINE struct og_u256 og_u256_load(const uint8_t *p)
{
    return (struct og_u256){{og_u256_get_be64(p + 24), og_u256_get_be64(p + 16),
                             og_u256_get_be64(p + 8), og_u256_get_be64(p)}};
}

OG_INLINE void og_u256_store(const struct og_u256 *v, uint8_t *p)
{
    og_u256_put_be64(p, v->w[3]);
    og_u256_put_be64(p + 8, v->w[2]);
    og_u256_put_be64(p + 16, v->w[1]);
    og_u256_put_be64(p + 24, v->w[0]);
}

/* Division by zero gives zero, as in the EVM. Signed forms truncate toward zero. */
struct og_u256 og_u256_div(const struct og_u256 *a, const struct og_u256 *b);
struct og_u256 og_u256_mod(const struct og_u256 *a, const struct og_u256 *b);
struct og_u256 og_u256_sdiv(const struct og_u256 *a, const struct og_u256 *b);
struct og_u256 og_u256_smod(const struct og_u256 *a, const struct og_u256 *b);
/* (a + b) mod m and (a · b) mod m without loss; m = 0 gives 0. */
struct og_u256 og_u256_addmod(const struct og_u256 *a, const struct og_u256 *b,
                              const struct og_u256 *m);
struct og_u256 og_u256_mulmod(const struct og_u256 *a, const struct og_u256 *b,
                              const struct og_u256 *m);
struct og_u256 og_u256_exp(const struct og_u256 *a, const struct og_u256 *e);

unsigned og_u256_bits(const struct og_u256 *a); /* position of the highest one, 0 for zero */

/* n <= 32 bytes, big-endian. */
struct og_u256 og_u256_from_be(const uint8_t *p, size_t n);
/* "0x0" style, shortest; out holds 67 bytes. */
void og_u256_to_hex(const struct og_u256 *a, char out[67]);
/* "0x…" with 1..64 digits of either case; false otherwise. */
bool og_u256_from_hex(const char *s, struct og_u256 *out);

#endif
