/* vm_keccak.c - Keccak-f[1600] unrolled by two rounds, lanes in locals (Keccak reference, 1.2). */
#include "vm/vm_keccak.h"

#include "vm/vm_u256.h"

#define RATE 136

#define ROL(x, n) ((x) << (n) | (x) >> (64 - (n)))

static const uint64_t round_constant[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

const struct og_hash og_keccak_empty = {{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c,
                                         0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
                                         0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b,
                                         0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};

/* The 25 lanes as locals, row by row: b(ase), g(iven), k, m, s are the rows, 0..4 the columns. */
#define LANES(A)                                                                                   \
    uint64_t A##b0, A##b1, A##b2, A##b3, A##b4, A##g0, A##g1, A##g2, A##g3, A##g4, A##k0, A##k1,   \
        A##k2, A##k3, A##k4, A##m0, A##m1, A##m2, A##m3, A##m4, A##s0, A##s1, A##s2, A##s3, A##s4

/* clang-format off */
#define COPY(A, OP)                                                                                \
    OP(A##b0, 0) OP(A##b1, 1) OP(A##b2, 2) OP(A##b3, 3) OP(A##b4, 4)                               \
    OP(A##g0, 5) OP(A##g1, 6) OP(A##g2, 7) OP(A##g3, 8) OP(A##g4, 9)                               \
    OP(A##k0, 10) OP(A##k1, 11) OP(A##k2, 12) OP(A##k3, 13) OP(A##k4, 14)                          \
    OP(A##m0, 15) OP(A##m1, 16) OP(A##m2, 17) OP(A##m3, 18) OP(A##m4, 19)                          \
    OP(A##s0, 20) OP(A##s1, 21) OP(A##s2, 22) OP(A##s3, 23) OP(A##s4, 24)
/* clang-format on */

#define GET(lane, i) lane = s[i];
#define PUT(lane, i) s[i] = lane;

/* chi over one row of rotated lanes */
#define ROW(E, r, x0, x1, x2, x3, x4)                                                              \
    b0 = x0, b1 = x1, b2 = x2, b3 = x3, b4 = x4;                                                   \
    E##r##0 = b0 ^ (~b1 & b2);                                                                     \
    E##r##1 = b1 ^ (~b2 & b3);                                                                     \
    E##r##2 = b2 ^ (~b3 & b4);                                                                     \
    E##r##3 = b3 ^ (~b4 & b0);                                                                     \
    E##r##4 = b4 ^ (~b0 & b1)

/* theta, rho, pi, chi, iota: from the lanes A to the lanes E */
#define ROUND(A, E, rc)                                                                            \
    c0 = A##b0 ^ A##g0 ^ A##k0 ^ A##m0 ^ A##s0;                                                    \
    c1 = A##b1 ^ A##g1 ^ A##k1 ^ A##m1 ^ A##s1;                                                    \
    c2 = A##b2 ^ A##g2 ^ A##k2 ^ A##m2 ^ A##s2;                                                    \
    c3 = A##b3 ^ A##g3 ^ A##k3 ^ A##m3 ^ A##s3;                                                    \
    c4 = A##b4 ^ A##g4 ^ A##k4 ^ A##m4 ^ A##s4;                                                    \
    d0 = c4 ^ ROL(c1, 1), d1 = c0 ^ ROL(c2, 1), d2 = c1 ^ ROL(c3, 1);                              \
    d3 = c2 ^ ROL(c4, 1), d4 = c3 ^ ROL(c0, 1);                                                    \
    ROW(E, b, A##b0 ^ d0, ROL(A##g1 ^ d1, 44), ROL(A##k2 ^ d2, 43), ROL(A##m3 ^ d3, 21),           \
        ROL(A##s4 ^ d4, 14));                                                                      \
    E##b0 ^= rc;                                                                                   \
    ROW(E, g, ROL(A##b3 ^ d3, 28), ROL(A##g4 ^ d4, 20), ROL(A##k0 ^ d0, 3), ROL(A##m1 ^ d1, 45),   \
        ROL(A##s2 ^ d2, 61));                                                                      \
    ROW(E, k, ROL(A##b1 ^ d1, 1), ROL(A##g2 ^ d2, 6), ROL(A##k3 ^ d3, 25), ROL(A##m4 ^ d4, 8),     \
        ROL(A##s0 ^ d0, 18));                                                                      \
    ROW(E, m, ROL(A##b4 ^ d4, 27), ROL(A##g0 ^ d0, 36), ROL(A##k1 ^ d1, 10), ROL(A##m2 ^ d2, 15),  \
        ROL(A##s3 ^ d3, 56));                                                                      \
    ROW(E, s, ROL(A##b2 ^ d2, 62), ROL(A##g3 ^ d3, 55), ROL(A##k4 ^ d4, 39), ROL(A##m0 ^ d0, 41),  \
        ROL(A##s1 ^ d1, 2))

OG_INLINE void permute(uint64_t s[25])
{
    LANES(a);
    LANES(e);
    uint64_t b0, b1, b2, b3, b4, c0, c1, c2, c3, c4, d0, d1, d2, d3, d4;
    COPY(a, GET)
    for (int i = 0; i < 24; i += 2) {
        ROUND(a, e, round_constant[i]);
        ROUND(e, a, round_constant[i + 1]);
    }
    COPY(a, PUT)
}

OG_INLINE uint64_t get_le64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

OG_INLINE struct og_hash hash_with(const uint8_t *p, size_t n)
{
    uint64_t s[25] = {0};
    struct og_hash out;
    uint8_t last[RATE] = {0};
    for (; n >= RATE; p += RATE, n -= RATE) {
        for (int i = 0; i < RATE / 8; i++)
            s[i] ^= get_le64(p + 8 * i);
        permute(s);
    }
    if (n)
        memcpy(last, p, n);
    last[n] = 1;
    last[RATE - 1] |= 0x80;
    for (int i = 0; i < RATE / 8; i++)
        s[i] ^= get_le64(last + 8 * i);
    permute(s);
    for (int i = 0; i < 4; i++) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        s[i] = __builtin_bswap64(s[i]);
#endif
        memcpy(out.b + 8 * i, &s[i], 8);
    }
    return out;
}

static struct og_hash hash_plain(const uint8_t *p, size_t n)
{
    return hash_with(p, n);
}

#if OG_U256_INTRINSICS
/* andn and rorx save a third of the time */
__attribute__((target("bmi,bmi2"))) static struct og_hash hash_bmi(const uint8_t *p, size_t n)
{
    return hash_with(p, n);
}
#endif

struct og_hash og_keccak256(const void *p, size_t n)
{
#if OG_U256_INTRINSICS
    if (__builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
        return hash_bmi(p, n);
#endif
    return hash_plain(p, n);
}
