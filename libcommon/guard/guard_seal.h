/* guard_seal.h - model files: the bytes of a model, their SHA-256, and an account key's signature.
 *
 * "OGPUMDL1", be32 length, SHA-256 of the body, the body; then the suite's name (be16 length;
 * empty: not signed), the SPKI (be32 length) and the signature (be32 length) over "OGPU-MODEL-v1",
 * a zero byte and that hash. */
#ifndef OG_GUARD_SEAL_H
#define OG_GUARD_SEAL_H

#include "base/base_buf.h"
#include "base/base_err.h"
#include "crypto/crypto_hash.h"
#include "crypto/crypto_sig.h"

#define OG_SEAL_BODY_MAX (1000u * 1000)
#define OG_SEAL_FILE_MAX (OG_SEAL_BODY_MAX + OG_SIG_MAX + OG_PUB_MAX + 256)

/* key NULL: not signed. OG_E_DATA: a body of more than OG_SEAL_BODY_MAX. */
enum og_rc og_seal_write(const void *body, size_t n, const struct og_key *key, struct og_buf *out,
                         struct og_err *err) OG_MUST_CHECK;

struct og_sealed {
    const uint8_t *body; /* within the file's bytes */
    size_t n;
    struct og_hash hash;
    struct og_pub *signer; /* whose signature is good; NULL: not signed; the caller frees */
};

/* OG_E_DATA: malformed, another hash, or a signature that is not good. */
enum og_rc og_seal_open(const void *file, size_t n, struct og_sealed *out,
                        struct og_err *err) OG_MUST_CHECK;

#endif
