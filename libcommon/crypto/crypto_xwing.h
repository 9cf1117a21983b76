/* crypto_xwing.h - key agreement: X25519, X-Wing (ML-KEM-768 with X25519,
 * draft-connolly-cfrg-xwing), HKDF-SHA256 (RFC 5869), HPKE base mode over X-Wing (RFC 9180). */
#ifndef OG_CRYPTO_XWING_H
#define OG_CRYPTO_XWING_H

#include "base/base_err.h"

#include <stddef.h>
#include <stdint.h>

#define OG_X25519_LEN   32
#define OG_MLKEM_SEED   64
#define OG_MLKEM_PUB    1184
#define OG_MLKEM_CT     1088
#define OG_XWING_SEED   32
#define OG_XWING_PUB    1216 /* ML-KEM-768 1184, X25519 32 */
#define OG_XWING_CT     1120 /* ML-KEM-768 1088, X25519 32 */
#define OG_XWING_ESEED  64
#define OG_KEM_SHARED   32
#define OG_HPKE_TAG     16
#define OG_HKDF_OUT_MAX (255 * 32)

/* pub = X25519(secret, 9). */
enum og_rc og_x25519_pub(const uint8_t secret[OG_X25519_LEN], uint8_t pub[OG_X25519_LEN],
                         struct og_err *err) OG_MUST_CHECK;
/* OG_E_DATA when the shared value is all zero (a point of small order). */
enum og_rc og_x25519(const uint8_t secret[OG_X25519_LEN], const uint8_t peer[OG_X25519_LEN],
                     uint8_t shared[OG_X25519_LEN], struct og_err *err) OG_MUST_CHECK;

/* ML-KEM-768 (FIPS 203), the seed being d ‖ z: its public key, and what a ciphertext holds. n: the
 * ciphertext's bytes, OG_E_DATA when they are not OG_MLKEM_CT. */
enum og_rc og_mlkem768_pub(const uint8_t seed[OG_MLKEM_SEED], uint8_t pub[OG_MLKEM_PUB],
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc og_mlkem768_decaps(const uint8_t seed[OG_MLKEM_SEED], const uint8_t *ct, size_t n,
                              uint8_t shared[OG_KEM_SHARED], struct og_err *err) OG_MUST_CHECK;

enum og_rc og_xwing_pub(const uint8_t seed[OG_XWING_SEED], uint8_t pub[OG_XWING_PUB],
                        struct og_err *err) OG_MUST_CHECK;
/* eseed NULL: fresh randomness (the only choice outside of tests). OG_E_DATA: pub is no key. */
enum og_rc og_xwing_encaps(const uint8_t pub[OG_XWING_PUB], const uint8_t *eseed,
                           uint8_t ct[OG_XWING_CT], uint8_t shared[OG_KEM_SHARED],
                           struct og_err *err) OG_MUST_CHECK;
/* A wrong ML-KEM part gives an unrelated secret (implicit rejection); OG_E_DATA for an X25519 part
 * of small order. */
enum og_rc og_xwing_decaps(const uint8_t seed[OG_XWING_SEED], const uint8_t ct[OG_XWING_CT],
                           uint8_t shared[OG_KEM_SHARED], struct og_err *err) OG_MUST_CHECK;

/* n <= OG_HKDF_OUT_MAX. */
enum og_rc og_hkdf_sha256(const void *ikm, size_t ikm_n, const void *salt, size_t salt_n,
                          const void *info, size_t info_n, uint8_t *out, size_t n,
                          struct og_err *err) OG_MUST_CHECK;

/* ChaCha20-Poly1305 (RFC 8439) without associated data; out has n + 16 bytes. */
enum og_rc og_chapoly_seal(const uint8_t key[32], const uint8_t nonce[12], const void *p, size_t n,
                           uint8_t *out, struct og_err *err) OG_MUST_CHECK;
/* c of n >= 16 bytes into n - 16. OG_NO when the tag does not match. */
enum og_rc og_chapoly_open(const uint8_t key[32], const uint8_t nonce[12], const void *c, size_t n,
                           uint8_t *out, struct og_err *err) OG_MUST_CHECK;

/* HPKE SealBase, single shot, empty associated data: KEM X-Wing 0x647a, HKDF-SHA256,
 * ChaCha20-Poly1305. enc gets the encapsulated key, ct n + 16 bytes. */
enum og_rc og_hpke_xwing_seal(const uint8_t pub[OG_XWING_PUB], const char *info, const void *p,
                              size_t n, uint8_t enc[OG_XWING_CT], uint8_t *ct,
                              struct og_err *err) OG_MUST_CHECK;
/* OG_NO: not for this key, or changed. OG_E_DATA: enc is malformed. */
enum og_rc og_hpke_xwing_open(const uint8_t seed[OG_XWING_SEED], const char *info,
                              const uint8_t enc[OG_XWING_CT], const void *ct, size_t n,
                              uint8_t *out, struct og_err *err) OG_MUST_CHECK;

#endif
