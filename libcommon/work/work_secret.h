/* work_secret.h - nonces and commitments of a node: the same after every restart. */
#ifndef OG_WORK_SECRET_H
#define OG_WORK_SECRET_H

#include "base/base_err.h"
#include "crypto/crypto_addr.h"
#include "crypto/crypto_hash.h"
#include "crypto/crypto_sig.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SHA-256 of the key's PEM text without a passphrase: a new passphrase changes no nonce. */
enum og_rc og_work_secret(const struct og_key *key, struct og_hash *out,
                          struct og_err *err) OG_MUST_CHECK;
/* HMAC(secret, be64 lease): of a worker's commit. */
struct og_hash og_work_nonce(const struct og_hash *secret, uint64_t lease);
/* HMAC(secret, "verdict" ‖ be64 lease): of a verifier's. */
struct og_hash og_work_verdict_nonce(const struct og_hash *secret, uint64_t lease);
/* SHA-256("ogpu-commit" ‖ chain ‖ lease ‖ node ‖ nonce ‖ root). */
struct og_hash og_work_commit_hash(const struct og_hash *chain, uint64_t lease,
                                   const struct og_addr *node, const struct og_hash *nonce,
                                   const struct og_hash *root);
/* SHA-256("ogpu-verdict" ‖ chain ‖ lease ‖ verifier ‖ nonce ‖ SHA-256(value)); a verifier that
 * will say `absent` commits to a value of zeros. */
struct og_hash og_work_verdict_hash(const struct og_hash *chain, uint64_t lease,
                                    const struct og_addr *verifier, const struct og_hash *nonce,
                                    const struct og_hash *value);
/* What `exact` compares: the root when all leaves of the result are drawn, else SHA-256 of the
 * drawn leaf hashes joined. */
struct og_hash og_work_value(const struct og_hash *drawn, size_t n, bool all);

#endif
