/* crypto_suite.h - inside crypto/: from our names of signature suites to OpenSSL's algorithms. */
#ifndef OG_CRYPTO_SUITE_H
#define OG_CRYPTO_SUITE_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_SUITE_HYBRID    "hybrid"
#define OG_SUITE_PARTS_MAX 2

/* One algorithm of a suite: every suite has one, the hybrid has two. */
struct og_suite_part {
    const char *name;    /* ours: lower case */
    const char *keytype; /* OpenSSL's name of the key */
    /* Where public keys have one length: the fixed head of the SPKI, the bytes behind it, the
     * signature's length. 0 where it varies. */
    const uint8_t *spki_head;
    size_t head_len, raw_len, sig_len;
};

struct og_suite {
    const char *name;
    size_t n;
    struct og_suite_part part[OG_SUITE_PARTS_MAX];
};

/* alg must outlive *out unless it is one of the four suites with a name of their own. OG_E_USAGE
 * when no loaded provider can know the name, OG_E_UNAVAILABLE when the loaded OpenSSL lacks it. */
enum og_rc og_suite_find(const char *alg, struct og_suite *out, struct og_err *err) OG_MUST_CHECK;
/* s in lower case, cut to cap - 1 bytes. */
void og_suite_lower(const char *s, char *out, size_t cap);
/* Our name of a key read from a file, into out[cap]; false when we have none for it. */
bool og_suite_name_of(const EVP_PKEY *pkey, char *out, size_t cap);
/* A public key from exactly these SPKI bytes, NULL when they are not the one DER form of such a
 * key. */
EVP_PKEY *og_suite_read_spki(const struct og_suite_part *part, const uint8_t *der, size_t n);
/* A new private key; seed (32 bytes) NULL: random. */
enum og_rc og_suite_keygen(const struct og_suite_part *part, const uint8_t *seed, EVP_PKEY **out,
                           struct og_err *err) OG_MUST_CHECK;
/* Parameters that make signatures of this algorithm a function of key and message; NULL: they are.
 */
const OSSL_PARAM *og_suite_sign_params(const struct og_suite_part *part);

/* Sets "sentence: OpenSSL's reason" and empties OpenSSL's error queue. */
enum og_rc og_suite_error(struct og_err *err, enum og_rc rc, const char *sentence);

#endif
