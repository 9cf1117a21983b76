/* crypto_pem.c - private keys as PKCS#8 PEM, encrypted with scrypt when there is a passphrase. */
#include "crypto/crypto_pem.h"

#include "crypto/crypto_hash.h"
#include "crypto/crypto_sig.h"
#include "crypto/crypto_suite.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <limits.h>
#include <string.h>

/* 16 MiB and five passes: OWASP's figures for memory under OpenSSL's own limit of 32 MiB. */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 5

/* Replaces the expanded form of an ML-DSA key by its 32-byte seed (RFC 9881: [0] IMPLICIT). Keys
 * that came without a seed, and other algorithms, stay as they are. */
static bool keep_seed_only(EVP_PKEY *pkey, PKCS8_PRIV_KEY_INFO *p8)
{
    uint8_t seed[2 + 32] = {0x80, 32};
    size_t n = 0;
    const char *type = EVP_PKEY_get0_type_name(pkey);
    if (!type || strncmp(type, "ML-DSA-", 7) != 0)
        return true;
    bool ok = true;
    if (EVP_PKEY_get_octet_string_param(pkey, "seed", seed + 2, 32, &n) == 1 && n == 32) {
        const ASN1_OBJECT *oid = NULL;
        uint8_t *copy = OPENSSL_memdup(seed, sizeof seed);
        ok = copy && PKCS8_pkey_get0(&oid, NULL, NULL, NULL, p8) == 1;
        ASN1_OBJECT *own = ok ? OBJ_dup(oid) : NULL;
        ok = own && PKCS8_pkey_set0(p8, own, 0, V_ASN1_UNDEF, NULL, copy, sizeof seed) == 1;
        if (!ok) {
            ASN1_OBJECT_free(own);
            OPENSSL_clear_free(copy, sizeof seed);
        }
    }
    OPENSSL_cleanse(seed, sizeof seed);
    return ok;
}

static X509_SIG *encrypt(PKCS8_PRIV_KEY_INFO *p8, const char *pass)
{
    uint8_t salt[16];
    og_random_bytes(salt, sizeof salt);
    X509_ALGOR *alg = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof salt, NULL, SCRYPT_N,
                                            SCRYPT_R, SCRYPT_P);
    X509_SIG *sig = alg ? PKCS8_set0_pbe(pass, (int)strlen(pass), p8, alg) : NULL;
    if (!sig)
        X509_ALGOR_free(alg);
    return sig;
}

enum og_rc og_pem_write_key(EVP_PKEY *pkey, const char *pass, struct og_buf *out,
                            struct og_err *err)
{
    if (pass && (!*pass || strlen(pass) > 1024))
        return og_err_set(err, OG_E_USAGE, "a passphrase has 1 to 1024 bytes");
    X509_SIG *sig = NULL;
    BIO *mem = BIO_new(BIO_s_secmem());
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    bool ok = mem && p8 && keep_seed_only(pkey, p8);
    if (ok && pass) {
        sig = encrypt(p8, pass);
        ok = sig && PEM_write_bio_PKCS8(mem, sig) == 1;
    } else if (ok) {
        ok = PEM_write_bio_PKCS8_PRIV_KEY_INFO(mem, p8) == 1;
    }
    char *text = NULL;
    long n = ok ? BIO_get_mem_data(mem, &text) : 0;
    if (n > 0)
        og_buf_add(out, text, (size_t)n);
    BIO_free(mem);
    PKCS8_PRIV_KEY_INFO_free(p8);
    X509_SIG_free(sig);
    return n > 0 ? OG_OK : og_suite_error(err, OG_E_INTERNAL, "cannot write the key");
}

static enum og_rc decrypt(const uint8_t *der, long n, const char *pass, PKCS8_PRIV_KEY_INFO **out,
                          struct og_err *err)
{
    const uint8_t *at = der;
    X509_SIG *sig = d2i_X509_SIG(NULL, &at, n);
    enum og_rc rc = OG_OK;
    if (!sig || at != der + n)
        rc = og_err_set(err, OG_E_DATA, "the encrypted key is malformed");
    else if (!pass)
        rc = og_err_set(err, OG_E_NOPERM, "the key is encrypted and needs a passphrase");
    else if (!(*out = PKCS8_decrypt(sig, pass, (int)strnlen(pass, INT_MAX))))
        rc = og_err_set(err, OG_E_NOPERM, "the passphrase does not open the key");
    X509_SIG_free(sig);
    ERR_clear_error();
    return rc;
}

static enum og_rc read_block(const char *name, const uint8_t *der, long n, const char *pass,
                             EVP_PKEY **out, struct og_err *err)
{
    PKCS8_PRIV_KEY_INFO *p8 = NULL;
    if (strcmp(name, PEM_STRING_PKCS8) == 0) {
        enum og_rc rc = decrypt(der, n, pass, &p8, err);
        if (rc != OG_OK)
            return rc;
    } else if (strcmp(name, PEM_STRING_PKCS8INF) == 0) {
        const uint8_t *at = der;
        p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, n);
        if (p8 && at != der + n) {
            PKCS8_PRIV_KEY_INFO_free(p8);
            p8 = NULL;
        }
    } else {
        return og_err_set(err, OG_E_DATA, "a PEM block is no private key in PKCS#8");
    }
    *out = p8 ? EVP_PKCS82PKEY(p8) : NULL;
    bool is_pkcs8 = p8 != NULL;
    PKCS8_PRIV_KEY_INFO_free(p8);
    if (*out)
        return OG_OK;
    if (is_pkcs8 && OPENSSL_version_major() == 3 && OPENSSL_version_minor() < 5)
        return og_suite_error(err, OG_E_UNAVAILABLE,
                              "cannot read the private key: post-quantum keys need OpenSSL 3.5 or "
                              "newer");
    return og_suite_error(err, OG_E_DATA, "the private key is malformed");
}

enum og_rc og_pem_read_key(BIO *in, const char *pass, EVP_PKEY **out, struct og_err *err)
{
    *out = NULL;
    char *name = NULL, *header = NULL;
    uint8_t *der = NULL;
    long n = 0;
    ERR_clear_error();
    if (PEM_read_bio(in, &name, &header, &der, &n) != 1) {
        bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        return end ? (ERR_clear_error(), OG_OK)
                   : og_suite_error(err, OG_E_DATA, "a PEM block is malformed");
    }
    enum og_rc rc = *header
                        ? og_err_set(err, OG_E_DATA, "a PEM block has headers, so it is not PKCS#8")
                        : read_block(name, der, n, pass, out, err);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
    return rc;
}
