/* crypto_xwing.c - X25519, X-Wing and HPKE on OpenSSL's primitives. */
#include "crypto/crypto_xwing.h"

#include "base/base_buf.h"
#include "crypto/crypto_hash.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>

#include <stdbool.h>
#include <string.h>

#define XLABEL     "\\.//^\\"
#define XLABEL_LEN 6

static enum og_rc failed(struct og_err *err, const char *what)
{
    unsigned long e = ERR_peek_last_error();
    const char *why = e ? ERR_reason_error_string(e) : NULL;
    enum og_rc rc = og_err_set(err, OG_E_INTERNAL, "%s: %s", what, why ? why : "OpenSSL failed");
    ERR_clear_error();
    return rc;
}

/* ---- X25519 ---- */

enum og_rc og_x25519_pub(const uint8_t secret[OG_X25519_LEN], uint8_t pub[OG_X25519_LEN],
                         struct og_err *err)
{
    size_t n = OG_X25519_LEN;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, secret, OG_X25519_LEN);
    bool ok = k && EVP_PKEY_get_raw_public_key(k, pub, &n) == 1 && n == OG_X25519_LEN;
    EVP_PKEY_free(k);
    return ok ? OG_OK : failed(err, "X25519");
}

enum og_rc og_x25519(const uint8_t secret[OG_X25519_LEN], const uint8_t peer[OG_X25519_LEN],
                     uint8_t shared[OG_X25519_LEN], struct og_err *err)
{
    size_t n = OG_X25519_LEN;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, secret, OG_X25519_LEN);
    EVP_PKEY *p = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, peer, OG_X25519_LEN);
    EVP_PKEY_CTX *c = k ? EVP_PKEY_CTX_new_from_pkey(NULL, k, NULL) : NULL;
    bool ready = p && c && EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer(c, p) == 1;
    bool ok = ready && EVP_PKEY_derive(c, shared, &n) == 1 && n == OG_X25519_LEN;
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(p);
    EVP_PKEY_free(k);
    if (!ready)
        return failed(err, "X25519");
    ERR_clear_error();
    static const uint8_t zero[OG_X25519_LEN];
    if (!ok || CRYPTO_memcmp(shared, zero, sizeof zero) == 0)
        return og_err_set(err, OG_E_DATA, "X25519: the other key is of small order");
    return OG_OK;
}

/* ---- ML-KEM-768 ---- */

static EVP_PKEY *mlkem_key(const char *param, int selection, const uint8_t *p, size_t n)
{
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(param, (void *)(uintptr_t)p, n),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY *k = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "ML-KEM-768", NULL);
    if (!c || EVP_PKEY_fromdata_init(c) != 1 || EVP_PKEY_fromdata(c, &k, selection, params) != 1)
        k = NULL;
    EVP_PKEY_CTX_free(c);
    return k;
}

static bool mlkem_public(EVP_PKEY *k, uint8_t pub[OG_MLKEM_PUB])
{
    size_t n = 0;
    return EVP_PKEY_get_octet_string_param(k, OSSL_PKEY_PARAM_PUB_KEY, pub, OG_MLKEM_PUB, &n) ==
               1 &&
           n == OG_MLKEM_PUB;
}

static bool mlkem_encaps(EVP_PKEY *k, const uint8_t *m, uint8_t ct[OG_MLKEM_CT],
                         uint8_t ss[OG_KEM_SHARED])
{
    size_t cn = OG_MLKEM_CT, sn = OG_KEM_SHARED;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KEM_PARAM_IKME, (void *)(uintptr_t)m, 32),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, k, NULL);
    bool ok = c && EVP_PKEY_encapsulate_init(c, m ? params : NULL) == 1 &&
              EVP_PKEY_encapsulate(c, ct, &cn, ss, &sn) == 1 && cn == OG_MLKEM_CT &&
              sn == OG_KEM_SHARED;
    EVP_PKEY_CTX_free(c);
    return ok;
}

static bool mlkem_decaps(EVP_PKEY *k, const uint8_t ct[OG_MLKEM_CT], uint8_t ss[OG_KEM_SHARED])
{
    size_t sn = OG_KEM_SHARED;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, k, NULL);
    bool ok = c && EVP_PKEY_decapsulate_init(c, NULL) == 1 &&
              EVP_PKEY_decapsulate(c, ss, &sn, ct, OG_MLKEM_CT) == 1 && sn == OG_KEM_SHARED;
    EVP_PKEY_CTX_free(c);
    return ok;
}

enum og_rc og_mlkem768_pub(const uint8_t seed[OG_MLKEM_SEED], uint8_t pub[OG_MLKEM_PUB],
                           struct og_err *err)
{
    EVP_PKEY *k = mlkem_key(OSSL_PKEY_PARAM_ML_KEM_SEED, EVP_PKEY_KEYPAIR, seed, OG_MLKEM_SEED);
    bool ok = k && mlkem_public(k, pub);
    EVP_PKEY_free(k);
    return ok ? OG_OK : failed(err, "ML-KEM-768");
}

enum og_rc og_mlkem768_decaps(const uint8_t seed[OG_MLKEM_SEED], const uint8_t *ct, size_t n,
                              uint8_t shared[OG_KEM_SHARED], struct og_err *err)
{
    if (n != OG_MLKEM_CT)
        return og_err_set(err, OG_E_DATA, "ML-KEM-768: a ciphertext has %d bytes", OG_MLKEM_CT);
    EVP_PKEY *k = mlkem_key(OSSL_PKEY_PARAM_ML_KEM_SEED, EVP_PKEY_KEYPAIR, seed, OG_MLKEM_SEED);
    bool ok = k && mlkem_decaps(k, ct, shared);
    EVP_PKEY_free(k);
    return ok ? OG_OK : failed(err, "ML-KEM-768");
}

/* ---- X-Wing ---- */

/* The two secret keys of a seed and the public key. */
struct xwing {
    EVP_PKEY *mlkem;
    uint8_t x[OG_X25519_LEN];
    uint8_t pub[OG_XWING_PUB];
};

static enum og_rc expand(const uint8_t seed[OG_XWING_SEED], struct xwing *w, struct og_err *err)
{
    uint8_t wide[OG_MLKEM_SEED + OG_X25519_LEN];
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_MD *md = EVP_MD_fetch(NULL, "SHAKE256", NULL);
    bool ok = c && md && EVP_DigestInit_ex2(c, md, NULL) == 1 &&
              EVP_DigestUpdate(c, seed, OG_XWING_SEED) == 1 &&
              EVP_DigestFinalXOF(c, wide, sizeof wide) == 1;
    EVP_MD_CTX_free(c);
    EVP_MD_free(md);
    w->mlkem =
        ok ? mlkem_key(OSSL_PKEY_PARAM_ML_KEM_SEED, EVP_PKEY_KEYPAIR, wide, OG_MLKEM_SEED) : NULL;
    memcpy(w->x, wide + OG_MLKEM_SEED, sizeof w->x);
    OPENSSL_cleanse(wide, sizeof wide);
    if (!w->mlkem || !mlkem_public(w->mlkem, w->pub))
        return failed(err, "X-Wing: no ML-KEM-768 key (OpenSSL 3.5 has it)");
    return og_x25519_pub(w->x, w->pub + OG_MLKEM_PUB, err);
}

static void forget(struct xwing *w)
{
    EVP_PKEY_free(w->mlkem);
    OPENSSL_cleanse(w, sizeof *w);
}

/* SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ label) */
static enum og_rc combine(const uint8_t ss_m[32], const uint8_t ss_x[32], const uint8_t ct_x[32],
                          const uint8_t pk_x[32], uint8_t out[OG_KEM_SHARED], struct og_err *err)
{
    uint8_t in[4 * 32 + XLABEL_LEN];
    memcpy(in, ss_m, 32);
    memcpy(in + 32, ss_x, 32);
    memcpy(in + 64, ct_x, 32);
    memcpy(in + 96, pk_x, 32);
    memcpy(in + 128, XLABEL, XLABEL_LEN);
    size_t n = 0;
    int ok = EVP_Q_digest(NULL, "SHA3-256", NULL, in, sizeof in, out, &n);
    OPENSSL_cleanse(in, sizeof in);
    return ok == 1 && n == OG_KEM_SHARED ? OG_OK : failed(err, "X-Wing: SHA3-256");
}

enum og_rc og_xwing_pub(const uint8_t seed[OG_XWING_SEED], uint8_t pub[OG_XWING_PUB],
                        struct og_err *err)
{
    struct xwing w = {0};
    enum og_rc rc = expand(seed, &w, err);
    memcpy(pub, w.pub, OG_XWING_PUB);
    forget(&w);
    return rc;
}

enum og_rc og_xwing_encaps(const uint8_t pub[OG_XWING_PUB], const uint8_t *eseed,
                           uint8_t ct[OG_XWING_CT], uint8_t shared[OG_KEM_SHARED],
                           struct og_err *err)
{
    uint8_t ss_m[32], ss_x[32], e[OG_X25519_LEN];
    const uint8_t *pk_x = pub + OG_MLKEM_PUB;
    if (eseed)
        memcpy(e, eseed + 32, sizeof e);
    else
        og_random_bytes(e, sizeof e);
    EVP_PKEY *k = mlkem_key(OSSL_PKEY_PARAM_PUB_KEY, EVP_PKEY_PUBLIC_KEY, pub, OG_MLKEM_PUB);
    ERR_clear_error();
    enum og_rc rc = OG_OK;
    if (!k)
        rc = og_err_set(err, OG_E_DATA, "X-Wing: not an ML-KEM-768 public key");
    else if (!mlkem_encaps(k, eseed, ct, ss_m))
        rc = failed(err, "X-Wing: ML-KEM-768");
    if (rc == OG_OK)
        rc = og_x25519(e, pk_x, ss_x, err);
    if (rc == OG_OK)
        rc = og_x25519_pub(e, ct + OG_MLKEM_CT, err);
    if (rc == OG_OK)
        rc = combine(ss_m, ss_x, ct + OG_MLKEM_CT, pk_x, shared, err);
    EVP_PKEY_free(k);
    OPENSSL_cleanse(e, sizeof e);
    OPENSSL_cleanse(ss_m, sizeof ss_m);
    OPENSSL_cleanse(ss_x, sizeof ss_x);
    return rc;
}

enum og_rc og_xwing_decaps(const uint8_t seed[OG_XWING_SEED], const uint8_t ct[OG_XWING_CT],
                           uint8_t shared[OG_KEM_SHARED], struct og_err *err)
{
    struct xwing w = {0};
    uint8_t ss_m[32], ss_x[32];
    enum og_rc rc = expand(seed, &w, err);
    if (rc == OG_OK && !mlkem_decaps(w.mlkem, ct, ss_m))
        rc = failed(err, "X-Wing: ML-KEM-768");
    if (rc == OG_OK)
        rc = og_x25519(w.x, ct + OG_MLKEM_CT, ss_x, err);
    if (rc == OG_OK)
        rc = combine(ss_m, ss_x, ct + OG_MLKEM_CT, w.pub + OG_MLKEM_PUB, shared, err);
    forget(&w);
    OPENSSL_cleanse(ss_m, sizeof ss_m);
    OPENSSL_cleanse(ss_x, sizeof ss_x);
    return rc;
}
