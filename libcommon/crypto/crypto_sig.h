/* crypto_sig.h - signature suites: public keys, private keys, sign, verify. */
#ifndef OG_CRYPTO_SIG_H
#define OG_CRYPTO_SIG_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_addr.h"
#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Suites by name: "ed25519", "ml-dsa-65", "hybrid" (ed25519 then ml-dsa-65, both must verify),
 * "slh-dsa-sha2-128s", or any other signature algorithm that a loaded OpenSSL provider offers. */
#define OG_ALG_MAX 64
#define OG_SIG_MAX 65536 /* bytes of any signature we accept */
#define OG_PUB_MAX 16384 /* bytes of any SPKI we accept */

struct og_pub; /* a parsed public key */
struct og_key; /* a private key; cleansed when freed */

/* der: SPKI DER; hybrid: the Ed25519 SPKI followed by the ML-DSA-65 SPKI. The caller frees *out.
 * OG_E_DATA: malformed; OG_E_UNAVAILABLE: the loaded OpenSSL has no such algorithm. */
enum og_rc og_pub_parse(const char *alg, const void *der, size_t n, struct og_pub **out,
                        struct og_err *err) OG_MUST_CHECK;
void og_pub_free(struct og_pub *p);
const char *og_pub_alg(const struct og_pub *p);
/* The SPKI bytes it was parsed from. */
const uint8_t *og_pub_der(const struct og_pub *p, size_t *n);
struct og_addr og_pub_addr(const struct og_pub *p);
/* The account that the key belongs to since a key.rotate, instead of the one it hashes to. */
void og_pub_set_addr(struct og_pub *p, const struct og_addr *a);
/* SHA-256 of the SPKI bytes (hybrid: of both joined). */
struct og_hash og_pub_spki_hash(const struct og_pub *p);
/* True when sig is valid over msg. Thread-safe on one og_pub. */
bool og_pub_verify(const struct og_pub *p, const void *msg, size_t mn, const void *sig, size_t sn);

/* NULL alg: "hybrid"; capital letters count as small ones, OpenSSL prints both. Seeds: seed32 of 32
 * bytes makes the key a function of it (tests, `--seed`); NULL draws one. Not every algorithm can
 * be seeded (OG_E_USAGE). */
enum og_rc og_key_generate(const char *alg, const uint8_t *seed32, struct og_key **out,
                           struct og_err *err) OG_MUST_CHECK;
void og_key_free(struct og_key *k);
const char *og_key_alg(const struct og_key *k);
/* A new public key object of k; the caller frees. */
enum og_rc og_key_pub(const struct og_key *k, struct og_pub **out,
                      struct og_err *err) OG_MUST_CHECK;
struct og_addr og_key_addr(const struct og_key *k);
void og_key_set_addr(struct og_key *k, const struct og_addr *a); /* see og_pub_set_addr */
/* The cold key that the account's first transaction registers; NULL: none. Takes cold over. */
void og_key_set_cold(struct og_key *k, struct og_pub *cold);
const struct og_pub *og_key_cold(const struct og_key *k);
/* Appends the signature to out (hybrid: Ed25519 ‖ ML-DSA). Deterministic where the suite allows. */
enum og_rc og_key_sign(const struct og_key *k, const void *msg, size_t n, struct og_buf *out,
                       struct og_err *err) OG_MUST_CHECK;

/* Appends the private key's own bytes as CometBFT keeps them: Ed25519 seed ‖ public key (64),
 * ML-DSA-65 in its expanded form (4032). Other suites: OG_E_USAGE. A secret: og_buf_cleanse. */
enum og_rc og_key_raw(const struct og_key *k, struct og_buf *out, struct og_err *err) OG_MUST_CHECK;
/* Text forms: PKCS#8 PEM (hybrid: two blocks), seed-only for ML-DSA. pass NULL: not encrypted;
 * else PBES2 with scrypt. The buffers hold secrets: release them with og_buf_cleanse. */
enum og_rc og_key_to_pem(const struct og_key *k, const char *pass, struct og_buf *out,
                         struct og_err *err) OG_MUST_CHECK;
/* OG_E_NOPERM when a passphrase is needed or wrong; OG_E_DATA when malformed. */
enum og_rc og_key_from_pem(const void *pem, size_t n, const char *pass, struct og_key **out,
                           struct og_err *err) OG_MUST_CHECK;
/* SPKI PEM (hybrid: two blocks). */
enum og_rc og_pub_to_pem(const struct og_pub *p, struct og_buf *out,
                         struct og_err *err) OG_MUST_CHECK;
enum og_rc og_pub_from_pem(const void *pem, size_t n, struct og_pub **out,
                           struct og_err *err) OG_MUST_CHECK;
void og_buf_cleanse(struct og_buf *b);

/* Names of signature algorithms the loaded providers offer, one a line. */
void og_sig_list_algs(struct og_buf *out);

/* base64 with padding, strict on input. */
void og_base64_encode(const void *p, size_t n, struct og_buf *out);
enum og_rc og_base64_decode(const char *s, size_t n, size_t max, struct og_buf *out,
                            struct og_err *err) OG_MUST_CHECK;

#endif
