/* crypto_secp256k1.c - public keys from ECDSA signatures over secp256k1, with OpenSSL's points. */
#include "crypto/crypto_secp256k1.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <string.h>

struct curve {
    EC_GROUP *g;
    BN_CTX *ctx;
    EC_POINT *at, *key;
};

static bool curve_open(struct curve *c)
{
    c->ctx = BN_CTX_new();
    c->g = EC_GROUP_new_by_curve_name(NID_secp256k1);
    c->at = c->g ? EC_POINT_new(c->g) : NULL;
    c->key = c->g ? EC_POINT_new(c->g) : NULL;
    if (!c->ctx || !c->at || !c->key)
        return false;
    BN_CTX_start(c->ctx);
    return true;
}

static void curve_close(struct curve *c)
{
    EC_POINT_free(c->at);
    EC_POINT_free(c->key);
    EC_GROUP_free(c->g);
    if (c->ctx)
        BN_CTX_end(c->ctx);
    BN_CTX_free(c->ctx);
    ERR_clear_error();
}

static bool put_key(struct curve *c, uint8_t pub[64])
{
    uint8_t oct[65];
    if (EC_POINT_point2oct(c->g, c->key, POINT_CONVERSION_UNCOMPRESSED, oct, sizeof oct, c->ctx) !=
        sizeof oct)
        return false; /* the point at infinity */
    memcpy(pub, oct + 1, 64);
    return true;
}

static bool in_range(const BIGNUM *v, const BIGNUM *n)
{
    return !BN_is_zero(v) && BN_cmp(v, n) < 0;
}

/* Q = r⁻¹·(s·R − z·G) */
static bool recover(struct curve *c, const uint8_t digest[32], const uint8_t rb[32],
                    const uint8_t sb[32], bool odd, uint8_t pub[64])
{
    const BIGNUM *n = EC_GROUP_get0_order(c->g);
    BIGNUM *r = BN_CTX_get(c->ctx), *s = BN_CTX_get(c->ctx), *z = BN_CTX_get(c->ctx);
    BIGNUM *inv = BN_CTX_get(c->ctx);
    return inv && BN_bin2bn(rb, 32, r) && BN_bin2bn(sb, 32, s) && BN_bin2bn(digest, 32, z) &&
           in_range(r, n) && in_range(s, n) &&
           EC_POINT_set_compressed_coordinates(c->g, c->at, r, odd, c->ctx) == 1 &&
           BN_mod_inverse(inv, r, n, c->ctx) && BN_mod_mul(s, s, inv, n, c->ctx) &&
           BN_mod_mul(z, z, inv, n, c->ctx) && (BN_is_zero(z) || BN_sub(z, n, z)) &&
           EC_POINT_mul(c->g, c->key, z, c->at, s, c->ctx) == 1 && put_key(c, pub);
}

bool og_secp256k1_recover(const uint8_t digest[32], const uint8_t r[32], const uint8_t s[32],
                          bool odd, uint8_t pub[64])
{
    struct curve c = {0};
    bool done = curve_open(&c) && recover(&c, digest, r, s, odd, pub);
    curve_close(&c);
    return done;
}

bool og_secp256k1_pub(const uint8_t secret[32], uint8_t pub[64])
{
    struct curve c = {0};
    bool done = false;
    if (curve_open(&c)) {
        BIGNUM *k = BN_CTX_get(c.ctx);
        done = k && BN_bin2bn(secret, 32, k) && in_range(k, EC_GROUP_get0_order(c.g)) &&
               EC_POINT_mul(c.g, c.key, k, NULL, NULL, c.ctx) == 1 && put_key(&c, pub);
    }
    curve_close(&c);
    return done;
}
