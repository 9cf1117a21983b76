/* crypto_key.c - private keys: make, sign, to and from PEM. */
#include "base/base_mem.h"
#include "crypto/crypto_pem.h"
#include "crypto/crypto_sig.h"
#include "crypto/crypto_suite.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct og_key {
    char alg[OG_ALG_MAX];
    struct og_suite suite;
    EVP_PKEY *pkey[OG_SUITE_PARTS_MAX];
    struct og_pub *pub;
    struct og_pub *cold; /* NULL: none */
};

void og_key_free(struct og_key *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < OG_SUITE_PARTS_MAX; i++)
        EVP_PKEY_free(k->pkey[i]); /* OpenSSL cleanses private parts */
    og_pub_free(k->pub);
    og_pub_free(k->cold);
    free(k);
}

/* A key without its parts. */
static enum og_rc key_new(const char *alg, struct og_key **out, struct og_err *err)
{
    struct og_key *k = og_xcalloc(1, sizeof *k);
    size_t n = strnlen(alg, sizeof k->alg - 1);
    memcpy(k->alg, alg, n);
    enum og_rc rc = alg[n]
                        ? og_err_set(err, OG_E_USAGE, "name of a signature algorithm is too long")
                        : og_suite_find(k->alg, &k->suite, err);
    if (rc != OG_OK) {
        free(k);
        k = NULL;
    }
    *out = k;
    return rc;
}

/* Sets k->pub from the parts. */
static enum og_rc derive_pub(struct og_key *k, struct og_err *err)
{
    struct og_buf der = OG_BUF_INIT;
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < k->suite.n; i++) {
        uint8_t *spki = NULL;
        int n = i2d_PUBKEY(k->pkey[i], &spki);
        if (n > 0)
            og_buf_add(&der, spki, (size_t)n);
        else
            rc = og_suite_error(err, OG_E_DATA, "the key has no public part");
        OPENSSL_free(spki);
    }
    if (rc == OG_OK)
        rc = og_pub_parse(k->alg, der.p, der.len, &k->pub, err);
    og_buf_release(&der);
    return rc;
}

/* Each part of a hybrid has a seed of its own, so that one broken algorithm gives nothing of the
 * other. */
static struct og_hash part_seed(const char *part, const uint8_t seed[32])
{
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-hybrid-seed");
    og_hasher_tag(&h, part);
    og_hasher_add(&h, seed, 32);
    struct og_hash out = og_hasher_final(&h);
    OPENSSL_cleanse(&h, sizeof h);
    return out;
}

enum og_rc og_key_generate(const char *alg, const uint8_t *seed32, struct og_key **out,
                           struct og_err *err)
{
    *out = NULL;
    struct og_key *k;
    char name[OG_ALG_MAX];
    og_suite_lower(alg ? alg : OG_SUITE_HYBRID, name, sizeof name);
    bool cut = alg && strlen(alg) >= sizeof name;
    enum og_rc rc = key_new(cut ? alg : name, &k, err);
    if (rc != OG_OK)
        return rc;
    for (size_t i = 0; rc == OG_OK && i < k->suite.n; i++) {
        const struct og_suite_part *part = &k->suite.part[i];
        struct og_hash seed = {{0}};
        if (seed32 && k->suite.n > 1)
            seed = part_seed(part->name, seed32);
        else if (seed32)
            memcpy(seed.b, seed32, sizeof seed.b);
        rc = og_suite_keygen(part, seed32 ? seed.b : NULL, &k->pkey[i], err);
        OPENSSL_cleanse(&seed, sizeof seed);
    }
    if (rc == OG_OK)
        rc = derive_pub(k, err);
    if (rc != OG_OK) {
        og_key_free(k);
        return rc;
    }
    *out = k;
    return OG_OK;
}

const char *og_key_alg(const struct og_key *k)
{
    return k->alg;
}

enum og_rc og_key_pub(const struct og_key *k, struct og_pub **out, struct og_err *err)
{
    size_t n;
    const uint8_t *der = og_pub_der(k->pub, &n);
    return og_pub_parse(k->alg, der, n, out, err);
}

struct og_addr og_key_addr(const struct og_key *k)
{
    return og_pub_addr(k->pub);
}

void og_key_set_addr(struct og_key *k, const struct og_addr *a)
{
    og_pub_set_addr(k->pub, a);
}

void og_key_set_cold(struct og_key *k, struct og_pub *cold)
{
    og_pub_free(k->cold);
    k->cold = cold;
}

const struct og_pub *og_key_cold(const struct og_key *k)
{
    return k->cold;
}

static enum og_rc sign_part(const struct og_suite_part *part, EVP_PKEY *pkey, const void *msg,
                            size_t n, struct og_buf *out, struct og_err *err)
{
    const OSSL_PARAM *params = og_suite_sign_params(part);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t len = 0;
    bool ok = ctx && EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, pkey, params) == 1 &&
              EVP_DigestSign(ctx, NULL, &len, msg, n) == 1 && len <= OG_SIG_MAX;
    if (ok) {
        og_buf_reserve(out, len);
        ok = EVP_DigestSign(ctx, (uint8_t *)out->p + out->len, &len, msg, n) == 1;
        out->len += ok ? len : 0;
        out->p[out->len] = '\0';
    }
    EVP_MD_CTX_free(ctx);
    return ok ? OG_OK : og_suite_error(err, OG_E_INTERNAL, "cannot sign");
}

enum og_rc og_key_sign(const struct og_key *k, const void *msg, size_t n, struct og_buf *out,
                       struct og_err *err)
{
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < k->suite.n; i++)
        rc = sign_part(&k->suite.part[i], k->pkey[i], msg, n, out, err);
    return rc;
}

enum og_rc og_key_raw(const struct og_key *k, struct og_buf *out, struct og_err *err)
{
    bool ed = strcmp(k->alg, "ed25519") == 0;
    size_t len = ed ? 32 : 4032;
    if (!ed && strcmp(k->alg, "ml-dsa-65") != 0)
        return og_err_set(err, OG_E_USAGE, "a '%s' key has no raw form", k->alg);
    og_buf_reserve(out, len + 32);
    if (EVP_PKEY_get_raw_private_key(k->pkey[0], (uint8_t *)out->p + out->len, &len) != 1)
        return og_suite_error(err, OG_E_INTERNAL, "the private key cannot be read");
    out->len += len;
    if (ed) {
        size_t n;
        const uint8_t *der = og_pub_der(k->pub, &n);
        og_buf_add(out, der + n - 32, 32);
    }
    return OG_OK;
}

enum og_rc og_key_to_pem(const struct og_key *k, const char *pass, struct og_buf *out,
                         struct og_err *err)
{
    og_buf_reserve(out, 1 << 14); /* growing would leave copies of secrets behind */
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < k->suite.n; i++)
        rc = og_pem_write_key(k->pkey[i], pass, out, err);
    return rc;
}

/* The suite that these keys form, into alg[OG_ALG_MAX]. */
static bool name_suite(EVP_PKEY *const pkey[], size_t n, char *alg)
{
    if (n == 0 || !og_suite_name_of(pkey[0], alg, OG_ALG_MAX))
        return false;
    if (n == 1)
        return true;
    char second[OG_ALG_MAX];
    if (strcmp(alg, "ed25519") != 0 || !og_suite_name_of(pkey[1], second, sizeof second) ||
        strcmp(second, "ml-dsa-65") != 0)
        return false;
    memcpy(alg, OG_SUITE_HYBRID, sizeof OG_SUITE_HYBRID);
    return true;
}

enum og_rc og_key_from_pem(const void *pem, size_t n, const char *pass, struct og_key **out,
                           struct og_err *err)
{
    *out = NULL;
    EVP_PKEY *pkey[OG_SUITE_PARTS_MAX + 1] = {NULL};
    struct og_key *k = NULL;
    char alg[OG_ALG_MAX];
    size_t count = 0;
    enum og_rc rc = OG_OK;
    BIO *in = n <= INT_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
    if (!in)
        return og_err_set(err, OG_E_DATA, "no private key in PEM");
    do {
        rc = og_pem_read_key(in, pass, &pkey[count], err);
    } while (rc == OG_OK && pkey[count] && ++count <= OG_SUITE_PARTS_MAX);
    BIO_free(in);
    if (rc != OG_OK)
        goto out;
    if (count > OG_SUITE_PARTS_MAX || !name_suite(pkey, count, alg)) {
        rc = og_err_set(err, OG_E_DATA,
                        count ? "the PEM blocks are no key of a signature suite"
                              : "no private key in PEM");
        goto out;
    }
    rc = key_new(alg, &k, err);
    if (rc != OG_OK) { /* it was decoded, so the algorithm is there, but not one that signs */
        rc = og_err_set(err, OG_E_DATA, "a '%s' key signs nothing", alg);
        goto out;
    }
    memcpy(k->pkey, pkey, sizeof k->pkey);
    memset(pkey, 0, sizeof pkey);
    rc = derive_pub(k, err);
    if (rc == OG_OK) {
        *out = k;
        k = NULL;
    }
out:
    og_key_free(k);
    for (size_t i = 0; i <= OG_SUITE_PARTS_MAX; i++)
        EVP_PKEY_free(pkey[i]);
    return rc;
}

void og_buf_cleanse(struct og_buf *b)
{
    if (!b)
        return;
    if (b->p)
        OPENSSL_cleanse(b->p, b->cap);
    og_buf_release(b);
}
