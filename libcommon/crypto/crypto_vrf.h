/* crypto_vrf.h - ECVRF-P256-SHA256-TAI (RFC 9381, suite 0x01). */
#ifndef OG_CRYPTO_VRF_H
#define OG_CRYPTO_VRF_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_VRF_PUB_LEN 33 /* compressed point */
#define OG_VRF_PI_LEN  81 /* gamma 33 ‖ c 16 ‖ s 32 */

struct og_vrf_key; /* secret; cleansed when freed */

/* seed32 NULL: random. */
enum og_rc og_vrf_generate(const uint8_t *seed32, struct og_vrf_key **out,
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc og_vrf_from_scalar(const uint8_t sk[32], struct og_vrf_key **out,
                              struct og_err *err) OG_MUST_CHECK;
void og_vrf_free(struct og_vrf_key *k);
void og_vrf_pub(const struct og_vrf_key *k, uint8_t out[OG_VRF_PUB_LEN]);
/* PKCS#8 PEM, as og_key_to_pem. */
enum og_rc og_vrf_to_pem(const struct og_vrf_key *k, const char *pass, struct og_buf *out,
                         struct og_err *err) OG_MUST_CHECK;
enum og_rc og_vrf_from_pem(const void *pem, size_t n, const char *pass, struct og_vrf_key **out,
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc og_vrf_prove(const struct og_vrf_key *k, const void *alpha, size_t n,
                        uint8_t pi[OG_VRF_PI_LEN], struct og_hash *beta,
                        struct og_err *err) OG_MUST_CHECK;
/* True and *beta set when pi is the proof of alpha under pub; rejects points off the curve, s >= q.
 */
bool og_vrf_verify(const uint8_t pub[OG_VRF_PUB_LEN], const void *alpha, size_t n,
                   const uint8_t pi[OG_VRF_PI_LEN], struct og_hash *beta);
/* True when the 33 bytes are a point on the curve. */
bool og_vrf_pub_valid(const uint8_t pub[OG_VRF_PUB_LEN]);

#endif
