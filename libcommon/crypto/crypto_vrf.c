/* crypto_vrf.c - ECVRF-P256-SHA256-TAI as RFC 9381 section 5 says, nonces as RFC 6979. */
#include "crypto/crypto_vrf.h"

#include "base/base_mem.h"
#include "crypto/crypto_pem.h"
#include "crypto/crypto_sig.h"
#include "crypto/crypto_suite.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SUITE   0x01
#define PT_LEN  OG_VRF_PUB_LEN
#define C_LEN   16
#define Q_LEN   32
#define TAI_MAX 256

struct og_vrf_key {
    uint8_t sk[Q_LEN];
    uint8_t pub[PT_LEN];
};

/* What one computation needs; OpenSSL fails on these only for want of memory. */
struct curve {
    EC_GROUP *g;
    BN_CTX *ctx;
    const BIGNUM *q;
};

static void curve_release(struct curve *c)
{
    EC_GROUP_free(c->g);
    BN_CTX_free(c->ctx);
}

static bool curve_init(struct curve *c)
{
    c->g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    c->ctx = BN_CTX_secure_new();
    c->q = c->g ? EC_GROUP_get0_order(c->g) : NULL;
    if (c->q && c->ctx)
        return true;
    curve_release(c);
    return false;
}

/* Compressed; false for the point at infinity. */
static bool put_point(const struct curve *c, const EC_POINT *p, uint8_t out[PT_LEN])
{
    return EC_POINT_point2oct(c->g, p, POINT_CONVERSION_COMPRESSED, out, PT_LEN, c->ctx) == PT_LEN;
}

/* A new point, NULL when the bytes are none; the cofactor is 1, so every point has order q. */
static EC_POINT *get_point(const struct curve *c, const uint8_t in[PT_LEN])
{
    EC_POINT *p = in[0] == 2 || in[0] == 3 ? EC_POINT_new(c->g) : NULL;
    if (p && EC_POINT_oct2point(c->g, p, in, PT_LEN, c->ctx) != 1) {
        EC_POINT_free(p);
        p = NULL;
    }
    ERR_clear_error();
    return p;
}

/* RFC 9381 section 5.4.1.1, the salt being the public key. */
static EC_POINT *hash_to_curve(const struct curve *c, const uint8_t pub[PT_LEN], const void *alpha,
                               size_t n, uint8_t out[PT_LEN])
{
    for (unsigned ctr = 0; ctr < TAI_MAX; ctr++) {
        const uint8_t head[2] = {SUITE, 1}, tail[2] = {(uint8_t)ctr, 0};
        struct og_hasher h;
        og_hasher_init(&h);
        og_hasher_add(&h, head, sizeof head);
        og_hasher_add(&h, pub, PT_LEN);
        og_hasher_add(&h, alpha, n);
        og_hasher_add(&h, tail, sizeof tail);
        struct og_hash x = og_hasher_final(&h);
        out[0] = 2;
        memcpy(out + 1, x.b, sizeof x.b);
        EC_POINT *p = get_point(c, out);
        if (p)
            return p;
    }
    return NULL; /* with probability 2^-256 */
}

static void challenge(const uint8_t pub[PT_LEN], const uint8_t h_pt[PT_LEN],
                      const uint8_t gamma[PT_LEN], const uint8_t u[PT_LEN], const uint8_t v[PT_LEN],
                      uint8_t out[C_LEN])
{
    const uint8_t head[2] = {SUITE, 2}, tail = 0;
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_add(&h, head, sizeof head);
    og_hasher_add(&h, pub, PT_LEN);
    og_hasher_add(&h, h_pt, PT_LEN);
    og_hasher_add(&h, gamma, PT_LEN);
    og_hasher_add(&h, u, PT_LEN);
    og_hasher_add(&h, v, PT_LEN);
    og_hasher_add(&h, &tail, 1);
    struct og_hash c = og_hasher_final(&h);
    memcpy(out, c.b, C_LEN);
}

static struct og_hash gamma_to_beta(const uint8_t gamma[PT_LEN])
{
    const uint8_t head[2] = {SUITE, 3}, tail = 0;
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_add(&h, head, sizeof head);
    og_hasher_add(&h, gamma, PT_LEN);
    og_hasher_add(&h, &tail, 1);
    return og_hasher_final(&h);
}

/* A secret scalar below q that is not zero. */
static bool good_scalar(const struct curve *c, const BIGNUM *x)
{
    return !BN_is_zero(x) && BN_cmp(x, c->q) < 0;
}

/* One step of RFC 6979 section 3.2: K = HMAC(K, V ‖ sep ‖ more), V = HMAC(K, V). */
static void drbg_step(uint8_t key[32], uint8_t val[32], uint8_t sep, const uint8_t *more, size_t n)
{
    uint8_t t[32 + 1 + 64];
    assert(n <= 64);
    memcpy(t, val, 32);
    t[32] = sep;
    if (n)
        memcpy(t + 33, more, n);
    struct og_hash h = og_hmac_sha256(key, 32, t, 33 + n);
    memcpy(key, h.b, 32);
    h = og_hmac_sha256(key, 32, val, 32);
    memcpy(val, h.b, 32);
    OPENSSL_cleanse(t, sizeof t);
    OPENSSL_cleanse(&h, sizeof h);
}

/* RFC 9381 section 5.4.2.1: the nonce of RFC 6979 over the point H. */
static bool nonce(const struct curve *c, const uint8_t sk[Q_LEN], const uint8_t h_pt[PT_LEN],
                  BIGNUM *k)
{
    uint8_t key[32] = {0}, val[32], seed[64];
    struct og_hash h1 = og_sha256(h_pt, PT_LEN);
    memset(val, 1, sizeof val);
    memcpy(seed, sk, 32);
    /* bits2octets: h1 mod q */
    bool ok = BN_bin2bn(h1.b, sizeof h1.b, k) && BN_nnmod(k, k, c->q, c->ctx) &&
              BN_bn2binpad(k, seed + 32, 32) == 32;
    drbg_step(key, val, 0, seed, sizeof seed);
    drbg_step(key, val, 1, seed, sizeof seed);
    while (ok) {
        struct og_hash t = og_hmac_sha256(key, sizeof key, val, sizeof val);
        memcpy(val, t.b, sizeof val);
        OPENSSL_cleanse(&t, sizeof t);
        ok = BN_bin2bn(val, sizeof val, k) != NULL;
        if (ok && good_scalar(c, k))
            break;
        drbg_step(key, val, 0, NULL, 0);
    }
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(val, sizeof val);
    OPENSSL_cleanse(seed, sizeof seed);
    return ok;
}

/* out = k·P, P NULL: the generator; in constant time for a secret k. */
static bool mul_secret(const struct curve *c, const BIGNUM *k, const EC_POINT *p,
                       uint8_t out[PT_LEN])
{
    EC_POINT *r = EC_POINT_new(c->g);
    bool ok = r && EC_POINT_mul(c->g, r, p ? NULL : k, p, p ? k : NULL, c->ctx) == 1 &&
              put_point(c, r, out);
    EC_POINT_clear_free(r);
    return ok;
}

enum og_rc og_vrf_from_scalar(const uint8_t sk[32], struct og_vrf_key **out, struct og_err *err)
{
    *out = NULL;
    struct curve c;
    if (!curve_init(&c))
        return og_suite_error(err, OG_E_UNAVAILABLE, "the loaded OpenSSL has no P-256");
    struct og_vrf_key *k = og_xcalloc(1, sizeof *k);
    memcpy(k->sk, sk, Q_LEN);
    BIGNUM *x = BN_secure_new();
    bool in_range = x && BN_bin2bn(sk, Q_LEN, x) && good_scalar(&c, x);
    if (x)
        BN_set_flags(x, BN_FLG_CONSTTIME);
    bool ok = in_range && mul_secret(&c, x, NULL, k->pub);
    BN_clear_free(x);
    curve_release(&c);
    if (ok) {
        *out = k;
        return OG_OK;
    }
    og_vrf_free(k);
    return in_range
               ? og_suite_error(err, OG_E_INTERNAL, "cannot derive the VRF key")
               : og_err_set(err, OG_E_DATA, "a VRF key must lie between 1 and the group order");
}

enum og_rc og_vrf_generate(const uint8_t *seed32, struct og_vrf_key **out, struct og_err *err)
{
    *out = NULL;
    uint8_t seed[32];
    if (seed32)
        memcpy(seed, seed32, sizeof seed);
    else
        og_random_bytes(seed, sizeof seed);
    enum og_rc rc = OG_E_DATA;
    for (uint64_t i = 0; rc == OG_E_DATA && i < TAI_MAX; i++) {
        struct og_hasher h;
        og_hasher_init(&h);
        og_hasher_tag(&h, "ogpu-vrf-seed");
        og_hasher_add(&h, seed, sizeof seed);
        og_hasher_u64(&h, i);
        struct og_hash x = og_hasher_final(&h);
        rc = og_vrf_from_scalar(x.b, out, err);
        OPENSSL_cleanse(&x, sizeof x);
        OPENSSL_cleanse(&h, sizeof h);
    }
    OPENSSL_cleanse(seed, sizeof seed);
    return rc;
}

void og_vrf_free(struct og_vrf_key *k)
{
    if (!k)
        return;
    OPENSSL_cleanse(k, sizeof *k);
    free(k);
}

void og_vrf_pub(const struct og_vrf_key *k, uint8_t out[OG_VRF_PUB_LEN])
{
    memcpy(out, k->pub, PT_LEN);
}

/* s = k + c·x mod q into pi's end. */
static bool put_s(const struct curve *cv, const BIGNUM *k, const BIGNUM *x,
                  uint8_t pi[OG_VRF_PI_LEN])
{
    BIGNUM *c = BN_bin2bn(pi + PT_LEN, C_LEN, NULL), *s = BN_secure_new();
    bool ok = c && s && BN_mod_mul(s, c, x, cv->q, cv->ctx) == 1 &&
              BN_mod_add(s, s, k, cv->q, cv->ctx) == 1 &&
              BN_bn2binpad(s, pi + PT_LEN + C_LEN, Q_LEN) == Q_LEN;
    BN_free(c);
    BN_clear_free(s);
    return ok;
}

enum og_rc og_vrf_prove(const struct og_vrf_key *key, const void *alpha, size_t n,
                        uint8_t pi[OG_VRF_PI_LEN], struct og_hash *beta, struct og_err *err)
{
    memset(pi, 0, OG_VRF_PI_LEN);
    *beta = (struct og_hash){{0}};
    struct curve c;
    if (!curve_init(&c))
        return og_suite_error(err, OG_E_UNAVAILABLE, "the loaded OpenSSL has no P-256");
    uint8_t h_bytes[PT_LEN], u[PT_LEN], v[PT_LEN];
    EC_POINT *h = hash_to_curve(&c, key->pub, alpha, n, h_bytes);
    BIGNUM *x = BN_secure_new(), *k = BN_secure_new();
    bool ok = h && x && k && BN_bin2bn(key->sk, Q_LEN, x);
    if (ok) {
        BN_set_flags(x, BN_FLG_CONSTTIME);
        BN_set_flags(k, BN_FLG_CONSTTIME);
    }
    ok = ok && mul_secret(&c, x, h, pi) && nonce(&c, key->sk, h_bytes, k) &&
         mul_secret(&c, k, NULL, u) && mul_secret(&c, k, h, v);
    if (ok) {
        challenge(key->pub, h_bytes, pi, u, v, pi + PT_LEN);
        ok = put_s(&c, k, x, pi);
        *beta = gamma_to_beta(pi);
    }
    EC_POINT_free(h);
    BN_clear_free(x);
    BN_clear_free(k);
    curve_release(&c);
    return ok ? OG_OK : og_suite_error(err, OG_E_INTERNAL, "cannot prove");
}

/* out = s·P − c·Q, P NULL: the generator; everything is public. */
static bool mul_public(const struct curve *cv, const BIGNUM *s, const EC_POINT *p, const BIGNUM *c,
                       const EC_POINT *q, uint8_t out[PT_LEN])
{
    EC_POINT *a = EC_POINT_new(cv->g), *b = EC_POINT_new(cv->g);
    bool ok = a && b && EC_POINT_mul(cv->g, a, p ? NULL : s, p, p ? s : NULL, cv->ctx) == 1 &&
              EC_POINT_mul(cv->g, b, NULL, q, c, cv->ctx) == 1 &&
              EC_POINT_invert(cv->g, b, cv->ctx) == 1 &&
              EC_POINT_add(cv->g, a, a, b, cv->ctx) == 1 && put_point(cv, a, out);
    EC_POINT_free(a);
    EC_POINT_free(b);
    return ok;
}

bool og_vrf_verify(const uint8_t pub[OG_VRF_PUB_LEN], const void *alpha, size_t n,
                   const uint8_t pi[OG_VRF_PI_LEN], struct og_hash *beta)
{
    *beta = (struct og_hash){{0}};
    struct curve cv;
    if (!curve_init(&cv))
        return false;
    uint8_t h_bytes[PT_LEN], u[PT_LEN], v[PT_LEN], c_again[C_LEN];
    EC_POINT *y = get_point(&cv, pub), *gamma = get_point(&cv, pi);
    EC_POINT *h = y && gamma ? hash_to_curve(&cv, pub, alpha, n, h_bytes) : NULL;
    BIGNUM *c = BN_bin2bn(pi + PT_LEN, C_LEN, NULL);
    BIGNUM *s = BN_bin2bn(pi + PT_LEN + C_LEN, Q_LEN, NULL);
    bool ok = h && c && s && BN_cmp(s, cv.q) < 0 && mul_public(&cv, s, NULL, c, y, u) &&
              mul_public(&cv, s, h, c, gamma, v);
    if (ok) {
        challenge(pub, h_bytes, pi, u, v, c_again);
        ok = memcmp(c_again, pi + PT_LEN, C_LEN) == 0;
    }
    if (ok)
        *beta = gamma_to_beta(pi);
    EC_POINT_free(y);
    EC_POINT_free(gamma);
    EC_POINT_free(h);
    BN_free(c);
    BN_free(s);
    curve_release(&cv);
    ERR_clear_error();
    return ok;
}

bool og_vrf_pub_valid(const uint8_t pub[OG_VRF_PUB_LEN])
{
    struct curve c;
    if (!curve_init(&c))
        return false;
    EC_POINT *p = get_point(&c, pub);
    bool ok = p != NULL;
    EC_POINT_free(p);
    curve_release(&c);
    return ok;
}

/* The same key as OpenSSL's object; NULL when it cannot be made. */
static EVP_PKEY *to_pkey(const struct og_vrf_key *k)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM *params = NULL;
    BIGNUM *x = BN_secure_new();
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    bool ok = x && bld && ctx && BN_bin2bn(k->sk, Q_LEN, x) &&
              OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
              OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, k->pub, PT_LEN) &&
              OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, x, Q_LEN) &&
              (params = OSSL_PARAM_BLD_to_param(bld)) != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
              EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) == 1;
    if (!ok) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    BN_clear_free(x);
    return pkey;
}

enum og_rc og_vrf_to_pem(const struct og_vrf_key *k, const char *pass, struct og_buf *out,
                         struct og_err *err)
{
    EVP_PKEY *pkey = to_pkey(k);
    if (!pkey)
        return og_suite_error(err, OG_E_INTERNAL, "cannot write the VRF key");
    og_buf_reserve(out, 1 << 12); /* growing would leave copies of secrets behind */
    enum og_rc rc = og_pem_write_key(pkey, pass, out, err);
    EVP_PKEY_free(pkey);
    return rc;
}

enum og_rc og_vrf_from_pem(const void *pem, size_t n, const char *pass, struct og_vrf_key **out,
                           struct og_err *err)
{
    *out = NULL;
    EVP_PKEY *pkey = NULL;
    BIO *in = n <= INT_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
    enum og_rc rc = in ? og_pem_read_key(in, pass, &pkey, err) : OG_OK;
    BIO_free(in);
    if (rc != OG_OK)
        return rc;
    char name[OG_ALG_MAX];
    uint8_t sk[Q_LEN];
    BIGNUM *x = NULL;
    if (pkey && og_suite_name_of(pkey, name, sizeof name) && strcmp(name, "ecdsa") == 0 &&
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &x) == 1 &&
        BN_bn2binpad(x, sk, sizeof sk) == Q_LEN)
        rc = og_vrf_from_scalar(sk, out, err);
    else
        rc = og_err_set(err, OG_E_DATA, "no P-256 private key in PEM");
    BN_clear_free(x);
    OPENSSL_cleanse(sk, sizeof sk);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return rc;
}
