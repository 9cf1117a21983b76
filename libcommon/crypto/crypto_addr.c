/* crypto_addr.c - addresses and bech32m. */
#include "crypto/crypto_addr.h"

#include "crypto/crypto_bech32.h"
#include "crypto/crypto_hash.h"

#include <assert.h>
#include <string.h>

#define BECH32_MAX 90 /* characters of a whole string */
#define HRP_MAX    83
#define CHECK_LEN  6
#define ADDR_HRP   "ogpu"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Human part (lower case, NUL-ended) and the 5-bit values without the checksum, or why not. */
static enum og_rc split(const char *s, char hrp[HRP_MAX + 1], uint8_t v[BECH32_MAX], size_t *n,
                        struct og_err *err)
{
    hrp[0] = '\0';
    *n = 0;
    size_t len = strnlen(s, BECH32_MAX + 1);
    if (len > BECH32_MAX)
        return og_err_set(err, OG_E_DATA, "bech32m text is longer than %d characters", BECH32_MAX);
    bool has_lower = false, has_upper = false;
    size_t sep = 0;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < 33 || s[i] > 126)
            return og_err_set(err, OG_E_DATA, "bech32m text holds a byte outside printable ASCII");
        has_lower |= s[i] >= 'a' && s[i] <= 'z';
        has_upper |= s[i] >= 'A' && s[i] <= 'Z';
        if (s[i] == '1')
            sep = i;
    }
    if (has_lower && has_upper)
        return og_err_set(err, OG_E_DATA, "bech32m text mixes upper and lower case");
    if (sep == 0 || sep > HRP_MAX || sep + 1 + CHECK_LEN > len)
        return og_err_set(err, OG_E_DATA, "no bech32m text: prefix or checksum is missing");
    for (size_t i = 0; i < sep; i++)
        hrp[i] = lower(s[i]);
    hrp[sep] = '\0';
    uint32_t c = og_bech32_start(hrp, sep);
    size_t count = 0;
    for (size_t i = sep + 1; i < len; i++) {
        const char *at = memchr(og_bech32_digits, lower(s[i]), 32);
        if (!at)
            return og_err_set(err, OG_E_DATA, "'%c' does not occur in bech32m text", s[i]);
        v[count] = (uint8_t)(at - og_bech32_digits);
        c = og_bech32_step(c, v[count++]);
    }
    if (c != (uint32_t)OG_BECH32M)
        return og_err_set(err, OG_E_DATA, "bech32m checksum does not match");
    *n = count - CHECK_LEN;
    return OG_OK;
}

bool og_bech32m_valid(const char *s)
{
    char hrp[HRP_MAX + 1];
    uint8_t v[BECH32_MAX];
    size_t n;
    return split(s, hrp, v, &n, NULL) == OG_OK;
}

enum og_rc og_bech32m_encode(const char *hrp, const uint8_t *p, size_t n, char *out, size_t cap,
                             struct og_err *err)
{
    if (cap)
        out[0] = '\0';
    size_t hn = strnlen(hrp, HRP_MAX + 1);
    if (hn == 0 || hn > HRP_MAX || n > BECH32_MAX)
        return og_err_set(err, OG_E_USAGE, "bech32m prefix or data too long");
    for (size_t i = 0; i < hn; i++)
        if (hrp[i] < 33 || hrp[i] > 126 || hrp[i] != lower(hrp[i]))
            return og_err_set(err, OG_E_USAGE, "bech32m prefix is not lower-case ASCII");
    size_t len = hn + 1 + (n * 8 + 4) / 5 + CHECK_LEN;
    if (len > BECH32_MAX || len >= cap)
        return og_err_set(err, OG_E_USAGE, "bech32m text would be %zu characters", len);
    memcpy(out, hrp, hn);
    char *o = out + hn;
    *o++ = '1';
    uint32_t c = og_bech32_start(hrp, hn), acc = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < n || bits;) {
        if (bits < 5 && i < n) {
            acc = (acc << 8 | p[i++]) & 0xfff;
            bits += 8;
        } else if (bits < 5) { /* the last group, padded with zeros */
            acc <<= 5 - bits;
            bits = 5;
        }
        while (bits >= 5) {
            bits -= 5;
            uint8_t v = acc >> bits & 31;
            c = og_bech32_step(c, v);
            *o++ = og_bech32_digits[v];
        }
    }
    for (size_t i = 0; i < CHECK_LEN; i++)
        c = og_bech32_step(c, 0);
    c ^= (uint32_t)OG_BECH32M;
    for (unsigned i = 0; i < CHECK_LEN; i++)
        *o++ = og_bech32_digits[c >> 5 * (5 - i) & 31];
    *o = '\0';
    return OG_OK;
}

enum og_rc og_bech32m_decode(const char *s, char hrp[84], uint8_t *out, size_t cap, size_t *n,
                             struct og_err *err)
{
    *n = 0;
    uint8_t v[BECH32_MAX];
    size_t vn;
    enum og_rc rc = split(s, hrp, v, &vn, err);
    if (rc != OG_OK)
        return rc;
    uint32_t acc = 0;
    unsigned bits = 0;
    size_t count = 0;
    for (size_t i = 0; i < vn; i++) {
        acc = (acc << 5 | v[i]) & 0xfff;
        bits += 5;
        if (bits < 8)
            continue;
        bits -= 8;
        if (count == cap)
            return og_err_set(err, OG_E_DATA, "bech32m text holds more than %zu bytes", cap);
        out[count++] = (uint8_t)(acc >> bits);
    }
    if (bits >= 5 || (acc & ((1u << bits) - 1)))
        return og_err_set(err, OG_E_DATA, "bech32m text does not hold whole bytes");
    *n = count;
    return OG_OK;
}

void og_addr_format(const struct og_addr *a, char out[OG_ADDR_TEXT])
{
    enum og_rc rc = og_bech32m_encode(ADDR_HRP, a->b, sizeof a->b, out, OG_ADDR_TEXT, NULL);
    assert(rc == OG_OK);
    (void)rc;
}

/* Lower case only, so that an address has one text. */
enum og_rc og_addr_parse(const char *s, struct og_addr *out, struct og_err *err)
{
    *out = (struct og_addr){{0}};
    char hrp[HRP_MAX + 1];
    uint8_t b[BECH32_MAX];
    size_t n;
    enum og_rc rc = og_bech32m_decode(s, hrp, b, sizeof b, &n, err);
    if (rc != OG_OK)
        return og_err_wrap(err, rc, "not an address");
    if (strcmp(hrp, ADDR_HRP) != 0 || n != OG_ADDR_LEN)
        return og_err_set(err, OG_E_DATA, "not an address: no 20 bytes after '" ADDR_HRP "1'");
    if (s[0] != ADDR_HRP[0])
        return og_err_set(err, OG_E_DATA, "not an address: must be lower case");
    memcpy(out->b, b, OG_ADDR_LEN);
    return OG_OK;
}

bool og_addr_eq(const struct og_addr *a, const struct og_addr *b)
{
    return memcmp(a->b, b->b, OG_ADDR_LEN) == 0;
}

struct og_addr og_addr_of_key(const char *alg, const void *key, size_t n)
{
    struct og_hash h = og_sha256_2(alg, strlen(alg) + 1, key, n);
    struct og_addr a;
    memcpy(a.b, h.b, OG_ADDR_LEN);
    return a;
}
