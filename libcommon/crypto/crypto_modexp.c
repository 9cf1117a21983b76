/* crypto_modexp.c - powers modulo any whole number: OpenSSL's, and a short way for small moduli. */
#include "crypto/crypto_modexp.h"

#include "base/base_num.h"

#include <openssl/bn.h>
#include <openssl/err.h>

#include <assert.h>
#include <string.h>

/* A modulus of at most 64 bits; long exponents over it are common in attacks and slow as BIGNUMs.
 */
static uint64_t small(const uint8_t *base, size_t n_base, const uint8_t *exp, size_t n_exp,
                      uint64_t m)
{
    uint64_t b = 0;
    for (size_t i = 0; i < n_base; i++)
        b = (uint64_t)(((og_u128)b << 8 | base[i]) % m);
    uint64_t r = 1 % m;
    for (size_t i = 0; i < n_exp; i++)
        for (int bit = 7; bit >= 0; bit--) {
            r = (uint64_t)((og_u128)r * r % m);
            if (exp[i] >> bit & 1)
                r = (uint64_t)((og_u128)r * b % m);
        }
    return r;
}

static size_t zeros(const uint8_t *p, size_t n)
{
    size_t k = 0;
    while (k < n && !p[k])
        k++;
    return k;
}

static void large(const uint8_t *base, size_t n_base, const uint8_t *exp, size_t n_exp,
                  const uint8_t *mod, size_t n_mod, uint8_t *out)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *b = BN_bin2bn(base, (int)n_base, NULL), *e = BN_bin2bn(exp, (int)n_exp, NULL);
    BIGNUM *m = BN_bin2bn(mod, (int)n_mod, NULL), *r = BN_new();
    assert(ctx && b && e && m && r); /* out of memory */
    int ok = BN_mod_exp(r, b, e, m, ctx) == 1 && BN_bn2binpad(r, out, (int)n_mod) >= 0;
    assert(ok);
    BN_free(b);
    BN_free(e);
    BN_free(m);
    BN_free(r);
    BN_CTX_free(ctx);
    ERR_clear_error();
}

void og_modexp(const uint8_t *base, size_t n_base, const uint8_t *exp, size_t n_exp,
               const uint8_t *mod, size_t n_mod, uint8_t *out)
{
    memset(out, 0, n_mod);
    size_t skip = zeros(mod, n_mod);
    mod += skip;
    out += skip;
    n_mod -= skip;
    if (!n_mod)
        return;
    skip = zeros(exp, n_exp);
    exp += skip;
    n_exp -= skip;
    if (n_mod > 8) {
        large(base, n_base, exp, n_exp, mod, n_mod, out);
        return;
    }
    uint64_t m = 0;
    for (size_t i = 0; i < n_mod; i++)
        m = m << 8 | mod[i];
    uint64_t r = small(base, n_base, exp, n_exp, m);
    for (size_t i = n_mod; i-- > 0; r >>= 8)
        out[i] = (uint8_t)r;
}
