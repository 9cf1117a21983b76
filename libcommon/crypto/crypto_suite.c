/* crypto_suite.c - signature suites by name, on whatever the loaded OpenSSL providers offer. */
#include "crypto/crypto_suite.h"

#include "crypto/crypto_hash.h"
#include "crypto/crypto_sig.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const uint8_t head_ed25519[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
static const uint8_t head_mldsa65[] = {0x30, 0x82, 0x07, 0xb2, 0x30, 0x0b, 0x06, 0x09,
                                       0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03,
                                       0x12, 0x03, 0x82, 0x07, 0xa1, 0x00};

/* Their parameters are named here, so that verifying needs no look-up through the decoders. "ecdsa"
 * is on P-256 with SHA-256; its key type has another name than its signature. */
static const struct og_suite_part known[] = {
    {"ed25519", "ED25519", head_ed25519, sizeof head_ed25519, 32, 64},
    {"ml-dsa-65", "ML-DSA-65", head_mldsa65, sizeof head_mldsa65, 1952, 3309},
    {"slh-dsa-sha2-128s", "SLH-DSA-SHA2-128s", NULL, 0, 0, 7856},
    {"ecdsa", "EC", NULL, 0, 0, 0},
};
#define N_KNOWN (sizeof known / sizeof known[0])

enum og_rc og_suite_error(struct og_err *err, enum og_rc rc, const char *sentence)
{
    unsigned long e = ERR_peek_error();
    const char *reason = e ? ERR_reason_error_string(e) : NULL;
    ERR_clear_error();
    return reason ? og_err_set(err, rc, "%s: %s", sentence, reason)
                  : og_err_set(err, rc, "%s", sentence);
}

static bool is_lower_name(const char *s)
{
    size_t n = strnlen(s, OG_ALG_MAX);
    if (n == 0 || n == OG_ALG_MAX)
        return false;
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

void og_suite_lower(const char *s, char *out, size_t cap)
{
    size_t i = 0;
    for (; s[i] && i + 1 < cap; i++)
        out[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] - 'A' + 'a') : s[i];
    out[i] = '\0';
}

/* True when a provider signs with this name, has a key type of the same name, and the name is the
 * first of its names: aliases would give one key several addresses. */
static bool is_offered(const char *name, const char *keytype)
{
    EVP_SIGNATURE *sig = EVP_SIGNATURE_fetch(NULL, name, NULL);
    EVP_KEYMGMT *km = EVP_KEYMGMT_fetch(NULL, keytype, NULL);
    bool yes = sig && km && strcasecmp(EVP_SIGNATURE_get0_name(sig), name) == 0;
    EVP_SIGNATURE_free(sig);
    EVP_KEYMGMT_free(km);
    ERR_clear_error();
    return yes;
}

static enum og_rc not_offered(const char *alg, struct og_err *err)
{
    bool newer = strncmp(alg, "ml-dsa-", 7) == 0 || strncmp(alg, "slh-dsa-", 8) == 0;
    if (newer)
        return og_err_set(err, OG_E_UNAVAILABLE, "'%s' needs OpenSSL 3.5 or newer; loaded is %s",
                          alg, OpenSSL_version(OPENSSL_VERSION_STRING));
    return og_err_set(err, OG_E_UNAVAILABLE,
                      "the loaded OpenSSL %s has no signature algorithm '%s'",
                      OpenSSL_version(OPENSSL_VERSION_STRING), alg);
}

/* MAC algorithms count as signatures in OpenSSL, and some signatures are no suites of their own. */
static bool has_public_keys(const char *name)
{
    static const char *const no[] = {"hmac", "siphash", "poly1305", "cmac", "dsa"};
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        if (strcmp(name, no[i]) == 0)
            return false;
    return true;
}

static enum og_rc find_part(const char *alg, struct og_suite_part *out, struct og_err *err)
{
    *out = (struct og_suite_part){.name = alg, .keytype = alg};
    for (size_t i = 0; i < N_KNOWN; i++)
        if (strcmp(alg, known[i].name) == 0)
            *out = known[i];
    /* The one that every OpenSSL 3 has is not asked for: this is called for every transaction. */
    if (out->raw_len == 32)
        return OG_OK;
    if (!has_public_keys(alg) || !is_offered(alg, out->keytype))
        return not_offered(alg, err);
    return OG_OK;
}

enum og_rc og_suite_find(const char *alg, struct og_suite *out, struct og_err *err)
{
    *out = (struct og_suite){.name = alg};
    if (strcmp(alg, OG_SUITE_HYBRID) == 0) {
        *out = (struct og_suite){OG_SUITE_HYBRID, 2, {known[0], known[1]}};
        return is_offered(known[1].name, known[1].keytype) ? OG_OK : not_offered("ml-dsa-65", err);
    }
    if (!is_lower_name(alg))
        return og_err_set(err, OG_E_USAGE,
                          "not the name of a signature algorithm: letters, "
                          "digits, '-' and '_' only");
    out->n = 1;
    enum og_rc rc = find_part(alg, &out->part[0], err);
    out->name = out->part[0].name;
    return rc;
}

static bool is_p256(const EVP_PKEY *pkey)
{
    char group[32];
    size_t n = 0;
    return EVP_PKEY_get_group_name(pkey, group, sizeof group, &n) == 1 &&
           (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0);
}

bool og_suite_name_of(const EVP_PKEY *pkey, char *out, size_t cap)
{
    out[0] = '\0';
    const char *type = EVP_PKEY_get0_type_name(pkey);
    if (!type || strlen(type) >= cap)
        return false;
    og_suite_lower(type, out, cap);
    if (strcmp(out, "ec") == 0) {
        if (!is_p256(pkey) || cap < sizeof "ecdsa")
            return false;
        memcpy(out, "ecdsa", sizeof "ecdsa");
    }
    return true;
}

static EVP_PKEY *read_any_spki(const struct og_suite_part *part, const uint8_t *der, size_t n)
{
    const uint8_t *at = der;
    EVP_PKEY *pkey = n <= OG_PUB_MAX ? d2i_PUBKEY(NULL, &at, (long)n) : NULL;
    uint8_t *again = NULL;
    int len = pkey ? i2d_PUBKEY(pkey, &again) : -1;
    char name[OG_ALG_MAX];
    bool same = len > 0 && (size_t)len == n && memcmp(again, der, n) == 0 &&
                og_suite_name_of(pkey, name, sizeof name) && strcmp(name, part->name) == 0;
    OPENSSL_free(again);
    if (!same) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    ERR_clear_error();
    return pkey;
}

EVP_PKEY *og_suite_read_spki(const struct og_suite_part *part, const uint8_t *der, size_t n)
{
    if (!part->raw_len)
        return read_any_spki(part, der, n);
    if (n != part->head_len + part->raw_len || memcmp(der, part->spki_head, part->head_len) != 0)
        return NULL;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, part->keytype, NULL, der + part->head_len,
                                                    part->raw_len);
    if (!pkey)
        ERR_clear_error();
    return pkey;
}

/* Bytes that follow from a seed, for algorithms that want more than 32. */
static void stretch(const uint8_t seed[32], uint8_t *out, size_t n)
{
    for (uint64_t i = 0; n; i++) {
        struct og_hasher h;
        og_hasher_init(&h);
        og_hasher_tag(&h, "ogpu-seed");
        og_hasher_add(&h, seed, 32);
        og_hasher_u64(&h, i);
        struct og_hash block = og_hasher_final(&h);
        size_t take = n < sizeof block.b ? n : sizeof block.b;
        memcpy(out, block.b, take);
        out += take;
        n -= take;
        OPENSSL_cleanse(&block, sizeof block);
        OPENSSL_cleanse(&h, sizeof h);
    }
}

/* Bytes of the "seed" parameter of an algorithm's key generation; 0: it takes none. */
static size_t seed_len_of(const char *name)
{
    if (strncmp(name, "ml-dsa-", 7) == 0)
        return 32;
    if (strncmp(name, "slh-dsa-", 8) != 0)
        return 0;
    size_t len = strlen(name);
    const char *bits = len > 4 ? name + len - 4 : ""; /* "128s": three times 16 bytes */
    return strncmp(bits, "128", 3) == 0 ? 48 : strncmp(bits, "192", 3) == 0 ? 72 : 96;
}

enum og_rc og_suite_keygen(const struct og_suite_part *part, const uint8_t *seed, EVP_PKEY **out,
                           struct og_err *err)
{
    *out = NULL;
    if (seed && part->raw_len == 32) {
        *out = EVP_PKEY_new_raw_private_key_ex(NULL, part->keytype, NULL, seed, 32);
        return *out ? OG_OK : og_suite_error(err, OG_E_INTERNAL, "cannot make a key");
    }
    uint8_t bytes[96];
    size_t n = seed_len_of(part->name);
    if (seed && !n)
        return og_err_set(err, OG_E_USAGE, "'%s' keys cannot be made from a seed", part->name);
    if (seed && n == 32)
        memcpy(bytes, seed, 32);
    else if (seed)
        stretch(seed, bytes, n);
    char group[] = "P-256";
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
    if (seed)
        params[0] = OSSL_PARAM_construct_octet_string("seed", bytes, n);
    else if (strcmp(part->keytype, "EC") == 0)
        params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, part->keytype, NULL);
    bool ok = ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
              EVP_PKEY_generate(ctx, out) == 1;
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_cleanse(bytes, sizeof bytes);
    if (ok)
        return OG_OK;
    EVP_PKEY_free(*out);
    *out = NULL;
    return og_suite_error(err, OG_E_UNAVAILABLE, "cannot make a key");
}

const OSSL_PARAM *og_suite_sign_params(const struct og_suite_part *part)
{
    static int on = 1;
    static unsigned int rfc6979 = 1;
    static const OSSL_PARAM deterministic[] = {
        {"deterministic", OSSL_PARAM_INTEGER, &on, sizeof on, OSSL_PARAM_UNMODIFIED},
        {NULL, 0, NULL, 0, 0}};
    static const OSSL_PARAM nonce_type[] = {{"nonce-type", OSSL_PARAM_UNSIGNED_INTEGER, &rfc6979,
                                             sizeof rfc6979, OSSL_PARAM_UNMODIFIED},
                                            {NULL, 0, NULL, 0, 0}};
    if (strncmp(part->name, "ml-dsa-", 7) == 0 || strncmp(part->name, "slh-dsa-", 8) == 0)
        return deterministic;
    return strcmp(part->name, "ecdsa") == 0 ? nonce_type : NULL;
}

struct names {
    char (*v)[OG_ALG_MAX];
    size_t n, cap;
};

static void collect(EVP_SIGNATURE *sig, void *arg)
{
    struct names *all = arg;
    char name[OG_ALG_MAX];
    og_suite_lower(EVP_SIGNATURE_get0_name(sig), name, sizeof name);
    struct og_suite_part part;
    if (!is_lower_name(name) || find_part(name, &part, NULL) != OG_OK)
        return;
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->v[i], name) == 0)
            return;
    if (all->n < all->cap)
        memcpy(all->v[all->n++], name, sizeof name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

void og_sig_list_algs(struct og_buf *out)
{
    char store[256][OG_ALG_MAX];
    struct names all = {store, 0, sizeof store / sizeof store[0] - 1};
    EVP_SIGNATURE_do_all_provided(NULL, collect, &all);
    struct og_suite hybrid;
    if (og_suite_find(OG_SUITE_HYBRID, &hybrid, NULL) == OG_OK)
        memcpy(store[all.n++], OG_SUITE_HYBRID, sizeof OG_SUITE_HYBRID);
    qsort(store, all.n, sizeof store[0], by_name);
    for (size_t i = 0; i < all.n; i++) {
        og_buf_adds(out, store[i]);
        og_buf_addc(out, '\n');
    }
}
