/* crypto_ripemd.c - RIPEMD-160 by OpenSSL's own function: the provider that has it by name is not
 * loaded everywhere. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/crypto_ripemd.h"

#include <openssl/ripemd.h>

void og_ripemd160(const void *p, size_t n, uint8_t out[20])
{
    RIPEMD160_CTX c;
    RIPEMD160_Init(&c);
    if (n)
        RIPEMD160_Update(&c, p, n);
    RIPEMD160_Final(out, &c);
}
