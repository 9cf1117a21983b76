/* crypto_hpke.c - HKDF, ChaCha20-Poly1305 and HPKE base mode over X-Wing. */
#include "base/base_buf.h"
#include "crypto/crypto_hash.h"
#include "crypto/crypto_xwing.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <limits.h>
#include <stdbool.h>
#include <string.h>

/* "HPKE" ‖ KEM X-Wing ‖ KDF HKDF-SHA256 ‖ AEAD ChaCha20-Poly1305 */
static const uint8_t suite[] = {'H', 'P', 'K', 'E', 0x64, 0x7a, 0x00, 0x01, 0x00, 0x03};

static enum og_rc kdf(int mode, const void *ikm, size_t ikm_n, const void *salt, size_t salt_n,
                      const void *info, size_t info_n, uint8_t *out, size_t n, struct og_err *err)
{
    char sha[] = "SHA256";
    OSSL_PARAM p[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)ikm, ikm_n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, salt_n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_n),
        OSSL_PARAM_construct_end()};
    EVP_KDF *f = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *c = f ? EVP_KDF_CTX_new(f) : NULL;
    bool ok = c && EVP_KDF_derive(c, out, n, p) == 1;
    EVP_KDF_CTX_free(c);
    EVP_KDF_free(f);
    ERR_clear_error();
    return ok ? OG_OK : og_err_set(err, OG_E_INTERNAL, "HKDF-SHA256 failed");
}

enum og_rc og_hkdf_sha256(const void *ikm, size_t ikm_n, const void *salt, size_t salt_n,
                          const void *info, size_t info_n, uint8_t *out, size_t n,
                          struct og_err *err)
{
    return kdf(EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, ikm, ikm_n, salt_n ? salt : "", salt_n,
               info_n ? info : "", info_n, out, n, err);
}

/* ---- ChaCha20-Poly1305 ---- */

enum og_rc og_chapoly_seal(const uint8_t key[32], const uint8_t nonce[12], const void *p, size_t n,
                           uint8_t *out, struct og_err *err)
{
    int did = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && n <= INT_MAX &&
              EVP_EncryptInit_ex2(c, EVP_chacha20_poly1305(), key, nonce, NULL) == 1 &&
              EVP_EncryptUpdate(c, out, &did, p, (int)n) == 1 &&
              EVP_EncryptFinal_ex(c, out + n, &did) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, OG_HPKE_TAG, out + n) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok ? OG_OK : og_err_set(err, OG_E_INTERNAL, "ChaCha20-Poly1305 failed");
}

enum og_rc og_chapoly_open(const uint8_t key[32], const uint8_t nonce[12], const void *cipher,
                           size_t n, uint8_t *out, struct og_err *err)
{
    uint8_t tag[OG_HPKE_TAG];
    int did = 0;
    if (n < OG_HPKE_TAG || n > INT_MAX)
        return og_err_set(err, OG_NO, "too short to be sealed");
    memcpy(tag, (const uint8_t *)cipher + n - OG_HPKE_TAG, sizeof tag);
    int body = (int)(n - OG_HPKE_TAG);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ready = c && EVP_DecryptInit_ex2(c, EVP_chacha20_poly1305(), key, nonce, NULL) == 1 &&
                 EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, OG_HPKE_TAG, tag) == 1 &&
                 EVP_DecryptUpdate(c, out, &did, cipher, body) == 1;
    bool ok = ready && EVP_DecryptFinal_ex(c, out + body, &did) == 1;
    EVP_CIPHER_CTX_free(c);
    ERR_clear_error();
    if (!ready)
        return og_err_set(err, OG_E_INTERNAL, "ChaCha20-Poly1305 failed");
    if (ok)
        return OG_OK;
    OPENSSL_cleanse(out, (size_t)body);
    return og_err_set(err, OG_NO, "sealed bytes do not match their key");
}

/* ---- HPKE ---- */

static void labeled_extract(const void *salt, size_t salt_n, const char *label, const void *ikm,
                            size_t n, uint8_t out[32])
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_adds(&b, "HPKE-v1");
    og_buf_add(&b, suite, sizeof suite);
    og_buf_adds(&b, label);
    og_buf_add(&b, ikm, n);
    struct og_hash h = og_hmac_sha256(salt, salt_n, b.p, b.len); /* HKDF-Extract */
    memcpy(out, h.b, 32);
    OPENSSL_cleanse(b.p, b.len);
    og_buf_release(&b);
}

static enum og_rc labeled_expand(const uint8_t prk[32], const char *label, const void *info,
                                 size_t info_n, uint8_t *out, size_t n, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addc(&b, (char)(n >> 8));
    og_buf_addc(&b, (char)n);
    og_buf_adds(&b, "HPKE-v1");
    og_buf_add(&b, suite, sizeof suite);
    og_buf_adds(&b, label);
    og_buf_add(&b, info, info_n);
    enum og_rc rc = kdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, prk, 32, "", 0, b.p, b.len, out, n, err);
    og_buf_release(&b);
    return rc;
}

/* Key and nonce of the first message: RFC 9180 section 5.1, mode_base. */
static enum og_rc schedule(const uint8_t shared[OG_KEM_SHARED], const char *info, uint8_t key[32],
                           uint8_t nonce[12], struct og_err *err)
{
    uint8_t context[1 + 32 + 32] = {0}, secret[32];
    labeled_extract("", 0, "psk_id_hash", "", 0, context + 1);
    labeled_extract("", 0, "info_hash", info, strlen(info), context + 33);
    labeled_extract(shared, OG_KEM_SHARED, "secret", "", 0, secret);
    enum og_rc rc = labeled_expand(secret, "key", context, sizeof context, key, 32, err);
    if (rc == OG_OK)
        rc = labeled_expand(secret, "base_nonce", context, sizeof context, nonce, 12, err);
    OPENSSL_cleanse(secret, sizeof secret);
    return rc;
}

enum og_rc og_hpke_xwing_seal(const uint8_t pub[OG_XWING_PUB], const char *info, const void *p,
                              size_t n, uint8_t enc[OG_XWING_CT], uint8_t *ct, struct og_err *err)
{
    uint8_t shared[OG_KEM_SHARED], key[32], nonce[12];
    OG_TRY(og_xwing_encaps(pub, NULL, enc, shared, err));
    enum og_rc rc = schedule(shared, info, key, nonce, err);
    if (rc == OG_OK)
        rc = og_chapoly_seal(key, nonce, p, n, ct, err);
    OPENSSL_cleanse(shared, sizeof shared);
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}

enum og_rc og_hpke_xwing_open(const uint8_t seed[OG_XWING_SEED], const char *info,
                              const uint8_t enc[OG_XWING_CT], const void *ct, size_t n,
                              uint8_t *out, struct og_err *err)
{
    uint8_t shared[OG_KEM_SHARED], key[32], nonce[12];
    OG_TRY(og_xwing_decaps(seed, enc, shared, err));
    enum og_rc rc = schedule(shared, info, key, nonce, err);
    if (rc == OG_OK)
        rc = og_chapoly_open(key, nonce, ct, n, out, err);
    OPENSSL_cleanse(shared, sizeof shared);
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}
