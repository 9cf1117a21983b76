/* crypto_bech32.c - bech32 and bech32m of any length. */
#include "crypto/crypto_bech32.h"

#include <stdbool.h>
#include <string.h>

#define CHECK_LEN 6

const char og_bech32_digits[33] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

uint32_t og_bech32_step(uint32_t c, uint8_t v)
{
    static const uint32_t gen[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = c >> 25;
    c = (c & 0x1ffffff) << 5 ^ v;
    for (size_t i = 0; i < 5; i++)
        if (top >> i & 1)
            c ^= gen[i];
    return c;
}

uint32_t og_bech32_start(const char *hrp, size_t n)
{
    uint32_t c = 1;
    for (size_t i = 0; i < n; i++)
        c = og_bech32_step(c, (uint8_t)hrp[i] >> 5);
    c = og_bech32_step(c, 0);
    for (size_t i = 0; i < n; i++)
        c = og_bech32_step(c, (uint8_t)hrp[i] & 31);
    return c;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

enum og_rc og_bech32_encode(enum og_bech32 kind, const char *hrp, const void *p, size_t n,
                            struct og_buf *out, struct og_err *err)
{
    size_t hn = strnlen(hrp, OG_BECH32_HRP_MAX + 1);
    if (hn == 0 || hn > OG_BECH32_HRP_MAX)
        return og_err_set(err, OG_E_USAGE, "bech32 prefix has no length from 1 to 83");
    for (size_t i = 0; i < hn; i++)
        if (hrp[i] < 33 || hrp[i] > 126 || hrp[i] != lower(hrp[i]))
            return og_err_set(err, OG_E_USAGE, "bech32 prefix is not lower-case ASCII");
    const uint8_t *b = p;
    uint32_t c = og_bech32_start(hrp, hn), acc = 0;
    unsigned bits = 0;
    og_buf_reserve(out, hn + 1 + (n * 8 + 4) / 5 + CHECK_LEN);
    og_buf_adds(out, hrp);
    og_buf_addc(out, '1');
    for (size_t i = 0; i < n || bits > 0;) {
        if (bits < 5) {
            bool more = i < n; /* else the last group, padded with zeros */
            acc = more ? (acc << 8 | b[i++]) & 0xfff : acc << (5 - bits);
            bits = more ? bits + 8 : 5;
        }
        bits -= 5;
        uint8_t v = acc >> bits & 31;
        c = og_bech32_step(c, v);
        og_buf_addc(out, og_bech32_digits[v]);
    }
    for (size_t i = 0; i < CHECK_LEN; i++)
        c = og_bech32_step(c, 0);
    c ^= (uint32_t)kind;
    for (unsigned i = 0; i < CHECK_LEN; i++)
        og_buf_addc(out, og_bech32_digits[c >> 5 * (5 - i) & 31]);
    return OG_OK;
}

/* Printable, of one case, with a prefix and a checksum: the prefix in lower case. */
static enum og_rc find_prefix(const char *s, size_t n, char hrp[OG_BECH32_HRP_MAX + 1], size_t *hn,
                              struct og_err *err)
{
    bool has_lower = false, has_upper = false;
    *hn = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < 33 || s[i] > 126)
            return og_err_set(err, OG_E_DATA, "bech32 text holds a byte outside printable ASCII");
        has_lower |= s[i] >= 'a' && s[i] <= 'z';
        has_upper |= s[i] >= 'A' && s[i] <= 'Z';
        if (s[i] == '1')
            *hn = i;
    }
    if (has_lower && has_upper)
        return og_err_set(err, OG_E_DATA, "bech32 text mixes upper and lower case");
    if (*hn == 0 || *hn > OG_BECH32_HRP_MAX || *hn + 1 + CHECK_LEN > n)
        return og_err_set(err, OG_E_DATA, "no bech32 text: prefix or checksum is missing");
    for (size_t i = 0; i < *hn; i++)
        hrp[i] = lower(s[i]);
    hrp[*hn] = '\0';
    return OG_OK;
}

enum og_rc og_bech32_decode(enum og_bech32 kind, const char *s, size_t n, size_t max,
                            char hrp[OG_BECH32_HRP_MAX + 1], struct og_buf *out, struct og_err *err)
{
    size_t hn, had = out->len;
    hrp[0] = '\0';
    OG_TRY(find_prefix(s, n, hrp, &hn, err));
    if ((n - hn - 1 - CHECK_LEN) * 5 / 8 > max)
        return og_err_set(err, OG_E_DATA, "bech32 text holds more than %zu bytes", max);
    uint32_t c = og_bech32_start(hrp, hn), acc = 0;
    unsigned bits = 0;
    enum og_rc rc = OG_OK;
    og_buf_reserve(out, n);
    for (size_t i = hn + 1; rc == OG_OK && i < n; i++) {
        const char *at = memchr(og_bech32_digits, lower(s[i]), 32);
        if (!at) {
            rc = og_err_set(err, OG_E_DATA, "'%c' does not occur in bech32 text", s[i]);
            break;
        }
        uint8_t v = (uint8_t)(at - og_bech32_digits);
        c = og_bech32_step(c, v);
        if (i + CHECK_LEN >= n)
            continue;
        acc = (acc << 5 | v) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            og_buf_addc(out, (char)(acc >> bits & 0xff));
        }
    }
    if (rc == OG_OK && c != (uint32_t)kind)
        rc = og_err_set(err, OG_E_DATA, "bech32 checksum does not match");
    if (rc == OG_OK && (bits >= 5 || (acc & ((1u << bits) - 1))))
        rc = og_err_set(err, OG_E_DATA, "bech32 text does not hold whole bytes");
    if (rc != OG_OK)
        out->len = had;
    return rc;
}
