/* crypto_pem.h - inside crypto/: private keys as PKCS#8 PEM blocks. */
#ifndef OG_CRYPTO_PEM_H
#define OG_CRYPTO_PEM_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <stdbool.h>

/* Appends one block; ML-DSA keys as their seed alone. pass NULL: not encrypted; else PBES2 with
 * scrypt (N 2^14, r 8, p 5) and AES-256-CBC, which the openssl command reads. */
enum og_rc og_pem_write_key(EVP_PKEY *pkey, const char *pass, struct og_buf *out,
                            struct og_err *err) OG_MUST_CHECK;
/* Next block of in; *out NULL at a clean end. */
enum og_rc og_pem_read_key(BIO *in, const char *pass, EVP_PKEY **out,
                           struct og_err *err) OG_MUST_CHECK;

#endif
