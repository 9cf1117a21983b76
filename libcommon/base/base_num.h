/* base_num.h - checked integers, big-endian bytes, hex, decimal text. */
#ifndef OG_BASE_NUM_H
#define OG_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_PPM 1000000u

__extension__ typedef unsigned __int128 og_u128;

static inline bool og_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}
static inline bool og_sub_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_sub_overflow(a, b, out);
}
static inline bool og_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}
static inline uint64_t og_min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}
static inline uint64_t og_max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}
/* floor(a·b/d) and ceil(a·b/d) with a 128-bit product, saturating at UINT64_MAX; d > 0. */
uint64_t og_muldiv(uint64_t a, uint64_t b, uint64_t d);
uint64_t og_muldiv_up(uint64_t a, uint64_t b, uint64_t d);

/* Decimal digits only, to the last byte, no sign, no blank, no leading zero unless "0"; <= max. */
bool og_parse_u64(const char *s, uint64_t max, uint64_t *out);
bool og_parse_u64n(const char *s, size_t n, uint64_t max, uint64_t *out);

void og_put_be32(uint8_t *p, uint32_t v);
void og_put_be64(uint8_t *p, uint64_t v);
uint32_t og_get_be32(const uint8_t *p);
uint64_t og_get_be64(const uint8_t *p);

/* Writes 2n lower-case digits and a NUL. */
void og_hex_encode(const void *p, size_t n, char *out);
/* Exactly 2n lower-case digits in s[0..len); false otherwise. */
bool og_hex_decode(const char *s, size_t len, uint8_t *out, size_t n);

/* splitmix64 (Steele, Lea, Flood 2014): the stateless mixing of x. */
uint64_t og_splitmix64(uint64_t x);

#endif
