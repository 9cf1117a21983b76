/* crypto_addr.h - 20-byte addresses and bech32m (BIP-350), prefix "ogpu". */
#ifndef OG_CRYPTO_ADDR_H
#define OG_CRYPTO_ADDR_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_ADDR_LEN  20
#define OG_ADDR_TEXT 64 /* bytes that hold any formatted address and its NUL */

struct og_addr {
    uint8_t b[OG_ADDR_LEN];
};

void og_addr_format(const struct og_addr *a, char out[OG_ADDR_TEXT]);
enum og_rc og_addr_parse(const char *s, struct og_addr *out, struct og_err *err) OG_MUST_CHECK;
bool og_addr_eq(const struct og_addr *a, const struct og_addr *b);
/* First 20 bytes of SHA-256(alg ‖ 0 ‖ key bytes); key bytes are the SPKI DER (hybrid: both,
 * joined). */
struct og_addr og_addr_of_key(const char *alg, const void *key, size_t n);

/* General bech32m: hrp lower case; data in 8-bit bytes. out holds >= 91 bytes. */
enum og_rc og_bech32m_encode(const char *hrp, const uint8_t *p, size_t n, char *out, size_t cap,
                             struct og_err *err) OG_MUST_CHECK;
enum og_rc og_bech32m_decode(const char *s, char hrp[84], uint8_t *out, size_t cap, size_t *n,
                             struct og_err *err) OG_MUST_CHECK;
/* The BIP-350 checksum test alone (its vectors hold 5-bit strings that are no whole bytes). */
bool og_bech32m_valid(const char *s);

#endif
