/* crypto_base64.c - base64 with padding; exactly one text for each byte string. */
#include "crypto/crypto_sig.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void og_base64_encode(const void *p, size_t n, struct og_buf *out)
{
    const uint8_t *b = p;
    og_buf_reserve(out, (n + 2) / 3 * 4);
    char *o = out->p + out->len;
    for (; n >= 3; n -= 3, b += 3) {
        *o++ = digits[b[0] >> 2];
        *o++ = digits[(b[0] << 4 | b[1] >> 4) & 63];
        *o++ = digits[(b[1] << 2 | b[2] >> 6) & 63];
        *o++ = digits[b[2] & 63];
    }
    if (n) {
        unsigned second = n == 2 ? b[1] : 0;
        *o++ = digits[b[0] >> 2];
        *o++ = digits[(b[0] << 4 | second >> 4) & 63];
        *o++ = n == 2 ? digits[second << 2 & 63] : '=';
        *o++ = '=';
    }
    *o = '\0';
    out->len = (size_t)(o - out->p);
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four digits of one group, `pad` of them '='. Bits that padding leaves over must be zero. */
static bool decode_group(const char *s, size_t pad, uint8_t out[3])
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int d = i < 4 - pad ? value_of(s[i]) : 0;
        if (d < 0)
            return false;
        v = v << 6 | (uint32_t)d;
    }
    out[0] = (uint8_t)(v >> 16);
    out[1] = (uint8_t)(v >> 8);
    out[2] = (uint8_t)v;
    return (v & ((1u << 8 * pad) - 1)) == 0;
}

enum og_rc og_base64_decode(const char *s, size_t n, size_t max, struct og_buf *out,
                            struct og_err *err)
{
    if (n % 4)
        return og_err_set(err, OG_E_DATA, "base64 text is not a multiple of four characters");
    size_t pad = n && s[n - 1] == '=' ? (s[n - 2] == '=' ? 2 : 1) : 0;
    size_t bytes = n / 4 * 3 - pad;
    if (bytes > max)
        return og_err_set(err, OG_E_DATA, "base64 text holds more than %zu bytes", max);
    og_buf_reserve(out, n / 4 * 3);
    uint8_t *o = (uint8_t *)out->p + out->len;
    for (size_t i = 0; i < n; i += 4, o += 3)
        if (!decode_group(s + i, i + 4 == n ? pad : 0, o)) {
            out->p[out->len] = '\0';
            return og_err_set(err, OG_E_DATA, "base64 text is malformed at character %zu", i + 1);
        }
    out->len += bytes;
    out->p[out->len] = '\0';
    return OG_OK;
}
