/* base_num.c - checked integers, big-endian bytes, hex, decimal text. */
#include "base/base_num.h"

#include <string.h>

uint64_t og_muldiv(uint64_t a, uint64_t b, uint64_t d)
{
    og_u128 q = (og_u128)a * b / d;
    return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

uint64_t og_muldiv_up(uint64_t a, uint64_t b, uint64_t d)
{
    og_u128 q = ((og_u128)a * b + (d - 1)) / d;
    return q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
}

bool og_parse_u64n(const char *s, size_t n, uint64_t max, uint64_t *out)
{
    *out = 0;
    if (n == 0 || n > 20 || (s[0] == '0' && n > 1))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        if (!og_mul_u64(v, 10, &v) || !og_add_u64(v, (uint64_t)(s[i] - '0'), &v))
            return false;
    }
    if (v > max)
        return false;
    *out = v;
    return true;
}

bool og_parse_u64(const char *s, uint64_t max, uint64_t *out)
{
    return og_parse_u64n(s, strlen(s), max, out);
}

void og_put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

void og_put_be64(uint8_t *p, uint64_t v)
{
    og_put_be32(p, (uint32_t)(v >> 32));
    og_put_be32(p + 4, (uint32_t)v);
}

uint32_t og_get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t og_get_be64(const uint8_t *p)
{
    return (uint64_t)og_get_be32(p) << 32 | og_get_be32(p + 4);
}

void og_hex_encode(const void *p, size_t n, char *out)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digit[b[i] >> 4];
        out[2 * i + 1] = digit[b[i] & 15];
    }
    out[2 * n] = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool og_hex_decode(const char *s, size_t len, uint8_t *out, size_t n)
{
    if (len != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int hi = nibble(s[2 * i]);
        int lo = nibble(s[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

uint64_t og_splitmix64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}
