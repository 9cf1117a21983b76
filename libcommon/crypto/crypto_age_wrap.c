/* crypto_age_wrap.c - recipients and identities of age: their texts, and file keys wrapped for
 * them.
 */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_age_int.h"
#include "crypto/crypto_bech32.h"
#include "crypto/crypto_hash.h"
#include "crypto/crypto_sig.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <string.h>

#define X25519_INFO "age-encryption.org/v1/X25519"
#define HYBRID_INFO "age-encryption.org/mlkem768x25519"
#define SCRYPT_SALT "age-encryption.org/v1/scrypt"
#define SALT_LEN    16
#define COLUMNS     64

static const uint8_t zero_nonce[12];

/* ---- texts ---- */

static size_t pub_len(enum og_age_kind kind)
{
    return kind == OG_AGE_HYBRID ? OG_XWING_PUB : OG_X25519_LEN;
}

enum og_rc og_age_recipient_parse(const char *s, size_t n, struct og_age_recipient *out,
                                  struct og_err *err)
{
    char hrp[OG_BECH32_HRP_MAX + 1];
    struct og_buf b = OG_BUF_INIT;
    memset(out, 0, sizeof *out);
    enum og_rc rc = og_bech32_decode(OG_BECH32, s, n, OG_XWING_PUB, hrp, &b, err);
    if (rc == OG_OK && (strcmp(hrp, "age") == 0 || strcmp(hrp, "age1pq") == 0)) {
        out->kind = hrp[3] ? OG_AGE_HYBRID : OG_AGE_X25519;
        if (b.len == pub_len(out->kind) && s[0] == 'a')
            memcpy(out->pub, b.p, b.len);
        else
            rc = og_err_set(err, OG_E_DATA, "the key has not the length of its kind");
    } else if (rc == OG_OK) {
        rc = og_err_set(err, OG_E_DATA, "'%s1…' is no kind of recipient", hrp);
    }
    og_buf_release(&b);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "not a recipient 'age1…' or 'age1pq1…'");
}

enum og_rc og_age_identity_parse(const char *s, size_t n, struct og_age_identity *out,
                                 struct og_err *err)
{
    char hrp[OG_BECH32_HRP_MAX + 1];
    struct og_buf b = OG_BUF_INIT;
    memset(out, 0, sizeof *out);
    enum og_rc rc = og_bech32_decode(OG_BECH32, s, n, sizeof out->secret, hrp, &b, err);
    if (rc == OG_OK && strcmp(hrp, "age-secret-key-") != 0 &&
        strcmp(hrp, "age-secret-key-pq-") != 0)
        rc = og_err_set(err, OG_E_DATA, "'%s1…' is no kind of identity", hrp);
    if (rc == OG_OK && (b.len != sizeof out->secret || s[0] != 'A'))
        rc = og_err_set(err, OG_E_DATA, "the key has not the length of its kind");
    if (rc == OG_OK) {
        out->kind = strcmp(hrp, "age-secret-key-") == 0 ? OG_AGE_X25519 : OG_AGE_HYBRID;
        memcpy(out->secret, b.p, sizeof out->secret);
    }
    if (b.p)
        OPENSSL_cleanse(b.p, b.cap);
    og_buf_release(&b);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "not an identity 'AGE-SECRET-KEY-…'");
}

enum og_rc og_age_identity_new(enum og_age_kind kind, struct og_age_identity *out,
                               struct og_err *err)
{
    memset(out, 0, sizeof *out);
    if (kind == OG_AGE_SCRYPT)
        return og_err_set(err, OG_E_USAGE, "a passphrase is no identity to be made");
    out->kind = kind;
    og_random_bytes(out->secret, sizeof out->secret);
    return OG_OK;
}

enum og_rc og_age_recipient_of(const struct og_age_identity *id, struct og_age_recipient *out,
                               struct og_err *err)
{
    memset(out, 0, sizeof *out);
    out->kind = id->kind;
    switch (id->kind) {
    case OG_AGE_X25519: return og_x25519_pub(id->secret, out->pub, err);
    case OG_AGE_HYBRID: return og_xwing_pub(id->secret, out->pub, err);
    case OG_AGE_SCRYPT: break;
    }
    out->passphrase = id->passphrase;
    out->log_n = OG_AGE_SCRYPT_LOGN;
    return OG_OK;
}

enum og_rc og_age_recipient_text(const struct og_age_recipient *r, struct og_buf *out,
                                 struct og_err *err)
{
    if (r->kind == OG_AGE_SCRYPT)
        return og_err_set(err, OG_E_USAGE, "a passphrase has no text");
    return og_bech32_encode(OG_BECH32, r->kind == OG_AGE_HYBRID ? "age1pq" : "age", r->pub,
                            pub_len(r->kind), out, err);
}

enum og_rc og_age_identity_text(const struct og_age_identity *id, struct og_buf *out,
                                struct og_err *err)
{
    if (id->kind == OG_AGE_SCRYPT)
        return og_err_set(err, OG_E_USAGE, "a passphrase has no text");
    size_t at = out->len;
    OG_TRY(og_bech32_encode(OG_BECH32,
                            id->kind == OG_AGE_HYBRID ? "age-secret-key-pq-" : "age-secret-key-",
                            id->secret, sizeof id->secret, out, err));
    for (; at < out->len; at++)
        if (out->p[at] >= 'a' && out->p[at] <= 'z')
            out->p[at] = (char)(out->p[at] - 'a' + 'A');
    return OG_OK;
}

/* ---- base64 without padding ---- */

void age_b64(const void *p, size_t n, struct og_buf *out)
{
    og_base64_encode(p, n, out);
    while (out->len && out->p[out->len - 1] == '=')
        out->p[--out->len] = '\0';
}

enum og_rc age_unb64(const char *s, size_t n, size_t max, struct og_buf *out, struct og_err *err)
{
    struct og_buf padded = OG_BUF_INIT;
    og_buf_add(&padded, s, n);
    bool has_pad = n && s[n - 1] == '=';
    while (padded.len % 4 && !has_pad && n % 4 != 1)
        og_buf_addc(&padded, '=');
    enum og_rc rc = has_pad ? og_err_set(err, OG_E_DATA, "base64 text is padded")
                            : og_base64_decode(padded.p, padded.len, max, out, err);
    og_buf_release(&padded);
    return rc;
}

void age_stanza_release(struct age_stanza *s)
{
    og_buf_release(&s->type);
    og_buf_release(&s->arg[0]);
    og_buf_release(&s->arg[1]);
    og_buf_release(&s->body);
}

/* Lines of 64 columns; the last is shorter, and may be empty. */
static void put_body(const uint8_t *p, size_t n, struct og_buf *out)
{
    struct og_buf text = OG_BUF_INIT;
    age_b64(p, n, &text);
    size_t at = 0;
    for (; text.len - at >= COLUMNS; at += COLUMNS) {
        og_buf_add(out, text.p + at, COLUMNS);
        og_buf_addc(out, '\n');
    }
    og_buf_add(out, text.p + at, text.len - at);
    og_buf_addc(out, '\n');
    og_buf_release(&text);
}

static void put_stanza(const char *type, const void *arg, size_t n, const char *more,
                       const uint8_t body[AGE_BODY], struct og_buf *out)
{
    og_buf_addf(out, "-> %s ", type);
    age_b64(arg, n, out);
    og_buf_addf(out, "%s\n", more);
    put_body(body, AGE_BODY, out);
}

/* ---- X25519 ---- */

static enum og_rc x25519_key(const uint8_t shared[32], const uint8_t share[32],
                             const uint8_t pub[32], uint8_t key[32], struct og_err *err)
{
    uint8_t salt[64];
    memcpy(salt, share, 32);
    memcpy(salt + 32, pub, 32);
    return og_hkdf_sha256(shared, 32, salt, sizeof salt, X25519_INFO, sizeof X25519_INFO - 1, key,
                          32, err);
}

static enum og_rc wrap_x25519(const struct og_age_recipient *r, const uint8_t *file_key,
                              struct og_buf *out, struct og_err *err)
{
    uint8_t e[32], share[32], shared[32], key[32], body[AGE_BODY];
    og_random_bytes(e, sizeof e);
    enum og_rc rc = og_x25519_pub(e, share, err);
    if (rc == OG_OK)
        rc = og_x25519(e, r->pub, shared, err);
    if (rc == OG_OK)
        rc = x25519_key(shared, share, r->pub, key, err);
    if (rc == OG_OK)
        rc = og_chapoly_seal(key, zero_nonce, file_key, OG_AGE_FILE_KEY, body, err);
    if (rc == OG_OK)
        put_stanza("X25519", share, sizeof share, "", body, out);
    OPENSSL_cleanse(e, sizeof e);
    OPENSSL_cleanse(shared, sizeof shared);
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}

static enum og_rc unwrap_x25519(const struct og_age_identity *id, const uint8_t share[32],
                                const uint8_t *body, uint8_t *file_key, struct og_err *err)
{
    uint8_t pub[32], shared[32], key[32];
    enum og_rc rc = og_x25519_pub(id->secret, pub, err);
    if (rc == OG_OK)
        rc = og_x25519(id->secret, share, shared, err);
    if (rc == OG_OK)
        rc = x25519_key(shared, share, pub, key, err);
    if (rc == OG_OK)
        rc = og_chapoly_open(key, zero_nonce, body, AGE_BODY, file_key, err);
    OPENSSL_cleanse(shared, sizeof shared);
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}

/* ---- scrypt ---- */

static enum og_rc scrypt_key(const char *pass, const uint8_t salt[SALT_LEN], unsigned log_n,
                             uint8_t key[32], struct og_err *err)
{
    uint8_t s[sizeof SCRYPT_SALT - 1 + SALT_LEN];
    memcpy(s, SCRYPT_SALT, sizeof SCRYPT_SALT - 1);
    memcpy(s + sizeof SCRYPT_SALT - 1, salt, SALT_LEN);
    uint64_t n = UINT64_C(1) << log_n;
    int ok = EVP_PBE_scrypt(pass, strlen(pass), s, sizeof s, n, 8, 1, (n + 64) * 1024 * 2, key, 32);
    ERR_clear_error();
    return ok == 1 ? OG_OK : og_err_set(err, OG_E_UNAVAILABLE, "scrypt found no memory");
}

static enum og_rc wrap_scrypt(const struct og_age_recipient *r, const uint8_t *file_key,
                              struct og_buf *out, struct og_err *err)
{
    uint8_t salt[SALT_LEN], key[32], body[AGE_BODY];
    char more[8] = " ";
    if (r->log_n < 1 || r->log_n > OG_AGE_SCRYPT_MAX)
        return og_err_set(err, OG_E_USAGE, "scrypt's work factor is from 1 to %d",
                          OG_AGE_SCRYPT_MAX);
    og_random_bytes(salt, sizeof salt);
    enum og_rc rc = scrypt_key(r->passphrase, salt, r->log_n, key, err);
    if (rc == OG_OK)
        rc = og_chapoly_seal(key, zero_nonce, file_key, OG_AGE_FILE_KEY, body, err);
    size_t at = 1;
    if (r->log_n >= 10)
        more[at++] = (char)('0' + r->log_n / 10);
    more[at] = (char)('0' + r->log_n % 10);
    if (rc == OG_OK)
        put_stanza("scrypt", salt, sizeof salt, more, body, out);
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}

static enum og_rc unwrap_scrypt(const struct og_age_identity *id, const struct age_stanza *s,
                                const uint8_t salt[SALT_LEN], uint8_t *file_key, struct og_err *err)
{
    uint8_t key[32];
    uint64_t log_n;
    if (!og_parse_u64n(s->arg[1].p, s->arg[1].len, 63, &log_n) || log_n < 1)
        return og_err_set(err, OG_E_DATA, "scrypt's work factor is malformed");
    if (log_n > OG_AGE_SCRYPT_MAX)
        return og_err_set(err, OG_E_DATA, "scrypt's work factor is above %d", OG_AGE_SCRYPT_MAX);
    enum og_rc rc = scrypt_key(id->passphrase, salt, (unsigned)log_n, key, err);
    if (rc == OG_OK)
        rc = og_chapoly_open(key, zero_nonce, s->body.p, s->body.len, file_key, err);
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}

/* ---- any ---- */

enum og_rc age_wrap(const struct og_age_recipient *r, const uint8_t file_key[OG_AGE_FILE_KEY],
                    struct og_buf *out, struct og_err *err)
{
    uint8_t enc[OG_XWING_CT], body[AGE_BODY];
    switch (r->kind) {
    case OG_AGE_X25519: return wrap_x25519(r, file_key, out, err);
    case OG_AGE_SCRYPT: return wrap_scrypt(r, file_key, out, err);
    case OG_AGE_HYBRID: break;
    }
    OG_TRY(og_hpke_xwing_seal(r->pub, HYBRID_INFO, file_key, OG_AGE_FILE_KEY, enc, body, err));
    put_stanza("mlkem768x25519", enc, sizeof enc, "", body, out);
    return OG_OK;
}

/* What a stanza of each kind consists of. */
static const struct {
    const char *type;
    size_t n_args, arg_len;
} form[] = {[OG_AGE_X25519] = {"X25519", 1, OG_X25519_LEN},
            [OG_AGE_HYBRID] = {"mlkem768x25519", 1, OG_XWING_CT},
            [OG_AGE_SCRYPT] = {"scrypt", 2, SALT_LEN}};

enum og_rc age_unwrap(const struct og_age_identity *id, const struct age_stanza *s,
                      uint8_t file_key[OG_AGE_FILE_KEY], struct og_err *err)
{
    struct og_buf arg = OG_BUF_INIT;
    const char *type = form[id->kind].type;
    if (strcmp(s->type.p, type) != 0)
        return OG_NO;
    enum og_rc rc = OG_OK;
    if (s->n_args != form[id->kind].n_args || s->body.len != AGE_BODY)
        rc = og_err_set(err, OG_E_DATA, "a stanza '%s' is malformed", type);
    else
        rc = age_unb64(s->arg[0].p, s->arg[0].len, form[id->kind].arg_len, &arg, err);
    if (rc == OG_OK && arg.len != form[id->kind].arg_len)
        rc = og_err_set(err, OG_E_DATA, "a stanza '%s' has no argument of %zu bytes", type,
                        form[id->kind].arg_len);
    const uint8_t *a = (const uint8_t *)arg.p, *body = (const uint8_t *)s->body.p;
    if (rc == OG_OK)
        switch (id->kind) {
        case OG_AGE_X25519: rc = unwrap_x25519(id, a, body, file_key, err); break;
        case OG_AGE_HYBRID:
            rc = og_hpke_xwing_open(id->secret, HYBRID_INFO, a, body, AGE_BODY, file_key, err);
            break;
        case OG_AGE_SCRYPT: rc = unwrap_scrypt(id, s, a, file_key, err); break;
        }
    og_buf_release(&arg);
    return rc;
}
