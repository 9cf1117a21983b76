/* crypto_age.c - the header of an age file: stanzas, wrapped file keys, MAC. */
#include "crypto/crypto_age.h"

#include "crypto/crypto_age_int.h"
#include "crypto/crypto_hash.h"
#include "crypto/crypto_sig.h"

#include <openssl/crypto.h>

#include <string.h>

#define COLUMNS 64

static enum og_rc header_mac(const uint8_t file_key[OG_AGE_FILE_KEY], const char *p, size_t n,
                             struct og_hash *out, struct og_err *err)
{
    uint8_t key[32];
    OG_TRY(og_hkdf_sha256(file_key, OG_AGE_FILE_KEY, "", 0, "header", 6, key, sizeof key, err));
    *out = og_hmac_sha256(key, sizeof key, p, n);
    OPENSSL_cleanse(key, sizeof key);
    return OG_OK;
}

enum og_rc og_age_header_make(const struct og_age_recipient *r, size_t n,
                              const uint8_t file_key[OG_AGE_FILE_KEY], struct og_buf *out,
                              struct og_err *err)
{
    size_t at = out->len, count[3] = {0, 0, 0};
    struct og_hash mac;
    for (size_t i = 0; i < n; i++)
        count[r[i].kind]++;
    if (!n || n > OG_AGE_PEERS_MAX)
        return og_err_set(err, OG_E_USAGE, "a file is sealed to 1 to %d recipients",
                          OG_AGE_PEERS_MAX);
    if (count[OG_AGE_SCRYPT] && n > 1)
        return og_err_set(err, OG_E_USAGE, "a passphrase is the only recipient of its file");
    if (count[OG_AGE_HYBRID] && count[OG_AGE_X25519])
        return og_err_set(err, OG_E_USAGE,
                          "post-quantum recipients 'age1pq1…' cannot be mixed with 'age1…'");
    og_buf_adds(out, AGE_INTRO);
    for (size_t i = 0; i < n; i++)
        OG_TRY(age_wrap(&r[i], file_key, out, err));
    og_buf_adds(out, "---");
    OG_TRY(header_mac(file_key, out->p + at, out->len - at, &mac, err));
    og_buf_addc(out, ' ');
    age_b64(mac.b, sizeof mac.b, out);
    og_buf_addc(out, '\n');
    return OG_OK;
}

/* ---- reading ---- */

struct cursor {
    const char *p;
    size_t n, at;
    unsigned line;
};

/* The next line without its end; OG_E_TEMPFAIL when it is not there yet. */
static enum og_rc next_line(struct cursor *c, const char **line, size_t *n, struct og_err *err)
{
    const char *from = c->p + c->at;
    const char *end = c->at < c->n ? memchr(from, '\n', c->n - c->at) : NULL;
    if (!end)
        return og_err_set(err, OG_E_TEMPFAIL, "the header is cut short");
    *line = from;
    *n = (size_t)(end - from);
    c->at += *n + 1;
    c->line++;
    return OG_OK;
}

static enum og_rc malformed(const struct cursor *c, const char *what, struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "no sealed file: line %u: %s", c->line, what);
}

/* "-> type args": words of printable characters, one space between. */
static enum og_rc read_words(struct cursor *c, const char *s, size_t n, struct age_stanza *out,
                             struct og_err *err)
{
    struct og_buf *const word[] = {&out->type, &out->arg[0], &out->arg[1]};
    size_t k = 0;
    for (size_t at = 0; at <= n; k++) {
        size_t len = 0;
        while (at + len < n && s[at + len] > 32 && s[at + len] < 127)
            len++;
        if (!len || (at + len < n && s[at + len] != ' '))
            return malformed(c, "a stanza's words are malformed", err);
        if (k < 3)
            og_buf_add(word[k], s + at, len);
        at += len + 1;
    }
    out->n_args = k - 1;
    return OG_OK;
}

static enum og_rc read_stanza(struct cursor *c, const char *s, size_t n, struct age_stanza *out,
                              struct og_err *err)
{
    OG_TRY(read_words(c, s, n, out, err));
    do {
        OG_TRY(next_line(c, &s, &n, err));
        if (n > COLUMNS || (n && age_unb64(s, n, COLUMNS, &out->body, err) != OG_OK))
            return malformed(c, "a stanza's body is no base64 of 64 columns", err);
    } while (n == COLUMNS);
    return OG_OK;
}

struct opening {
    const struct og_age_identity *id;
    size_t n_id, n_stanzas;
    bool found, has_scrypt;
    uint8_t *file_key;
};

static enum og_rc try_stanza(struct opening *o, const struct age_stanza *s, struct og_err *err)
{
    o->n_stanzas++;
    o->has_scrypt |= strcmp(s->type.p, "scrypt") == 0;
    if (o->has_scrypt && o->n_stanzas > 1)
        return og_err_set(err, OG_E_DATA,
                          "no sealed file: a passphrase stands beside other recipients");
    for (size_t i = 0; i < o->n_id && !o->found; i++) {
        enum og_rc rc = age_unwrap(&o->id[i], s, o->file_key, err);
        if (rc != OG_OK && rc != OG_NO)
            return rc;
        o->found = rc == OG_OK;
    }
    return OG_OK;
}

/* The line "--- MAC"; what it covers ends with the dashes. */
static enum og_rc check_mac(struct cursor *c, const struct opening *o, size_t covered,
                            const char *line, size_t n, struct og_err *err)
{
    struct og_buf mac = OG_BUF_INIT;
    struct og_hash want;
    enum og_rc rc = OG_OK;
    if (n < 5 || line[3] != ' ' || age_unb64(line + 4, n - 4, sizeof want.b, &mac, NULL) != OG_OK ||
        mac.len != sizeof want.b)
        rc = malformed(c, "no MAC of 32 bytes", err);
    else if (!o->n_stanzas)
        rc = malformed(c, "no recipient", err);
    else if (!o->found)
        rc = og_err_set(err, OG_NO, "sealed for others: no identity given opens it");
    else
        rc = header_mac(o->file_key, c->p, covered, &want, err);
    if (rc == OG_OK && CRYPTO_memcmp(want.b, mac.p, sizeof want.b) != 0)
        rc = malformed(c, "the MAC does not match, the header was changed", err);
    og_buf_release(&mac);
    return rc;
}

/* Is the last line of the header there? Keys are only tried then. */
static enum og_rc whole_header(const char *p, size_t size, struct og_err *err)
{
    struct cursor c = {p, size, 0, 0};
    const char *line = NULL;
    size_t n = 0, want = sizeof AGE_INTRO - 1;
    if (memcmp(p, AGE_INTRO, size < want ? size : want) != 0)
        return og_err_set(err, OG_E_DATA, "no sealed file: it does not begin with '%.*s'",
                          (int)want - 1, AGE_INTRO);
    do
        OG_TRY(next_line(&c, &line, &n, err));
    while (n < 3 || memcmp(line, "---", 3) != 0);
    return OG_OK;
}

enum og_rc og_age_header_open(const char *p, size_t size, const struct og_age_identity *id,
                              size_t n, uint8_t file_key[OG_AGE_FILE_KEY], size_t *used,
                              struct og_err *err)
{
    struct cursor c = {p, size < OG_AGE_HEADER_MAX ? size : OG_AGE_HEADER_MAX, 0, 0};
    struct opening o = {id, n, 0, false, false, file_key};
    const char *line;
    size_t len;
    *used = 0;
    enum og_rc rc = whole_header(p, c.n, err);
    if (rc == OG_E_TEMPFAIL && size >= OG_AGE_HEADER_MAX)
        return og_err_set(err, OG_E_DATA, "no sealed file: the header is longer than %d bytes",
                          OG_AGE_HEADER_MAX);
    OG_TRY(rc);
    OG_TRY(next_line(&c, &line, &len, err)); /* the intro */
    for (;;) {
        size_t from = c.at;
        OG_TRY(next_line(&c, &line, &len, err));
        if (len >= 3 && memcmp(line, "---", 3) == 0) {
            OG_TRY(check_mac(&c, &o, from + 3, line, len, err));
            *used = c.at;
            return OG_OK;
        }
        if (len < 4 || memcmp(line, "-> ", 3) != 0)
            return malformed(&c, "neither a stanza nor the MAC", err);
        struct age_stanza s = {0};
        rc = read_stanza(&c, line + 3, len - 3, &s, err);
        if (rc == OG_OK)
            rc = try_stanza(&o, &s, err);
        age_stanza_release(&s);
        OG_TRY(rc == OG_E_TEMPFAIL ? malformed(&c, "a stanza without its body", err) : rc);
    }
}
