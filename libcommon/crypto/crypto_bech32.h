/* crypto_bech32.h - bech32 (BIP 173) and bech32m (BIP 350) of any length. */
#ifndef OG_CRYPTO_BECH32_H
#define OG_CRYPTO_BECH32_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stddef.h>
#include <stdint.h>

#define OG_BECH32_HRP_MAX 83

enum og_bech32 { OG_BECH32 = 1, OG_BECH32M = 0x2bc830a3 }; /* the checksum's constant */

/* Appends hrp, '1', data and checksum. OG_E_USAGE: hrp is empty, too long or not lower-case ASCII.
 */
enum og_rc og_bech32_encode(enum og_bech32 kind, const char *hrp, const void *p, size_t n,
                            struct og_buf *out, struct og_err *err) OG_MUST_CHECK;
/* s of n characters, all upper or all lower case: the lower-case prefix and at most max bytes
 * appended to out. OG_E_DATA when anything is off. */
enum og_rc og_bech32_decode(enum og_bech32 kind, const char *s, size_t n, size_t max,
                            char hrp[OG_BECH32_HRP_MAX + 1], struct og_buf *out,
                            struct og_err *err) OG_MUST_CHECK;

/* The checksum, digit by digit: begun with the prefix, then each 5-bit value. */
extern const char og_bech32_digits[33];
uint32_t og_bech32_start(const char *hrp, size_t n);
uint32_t og_bech32_step(uint32_t c, uint8_t v);

#endif
