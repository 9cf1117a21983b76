/* crypto_age_stream.c - the payload of an age file: STREAM in chunks of 64 KiB; armor is read. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "crypto/crypto_age_int.h"
#include "crypto/crypto_hash.h"
#include "crypto/crypto_sig.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NONCE_LEN   16
#define TAG_LEN     16
#define SEALED_LEN  (OG_AGE_CHUNK + TAG_LEN)
#define ARMOR_BEGIN "-----BEGIN AGE ENCRYPTED FILE-----"
#define ARMOR_END   "-----END AGE ENCRYPTED FILE-----"
#define ARMOR_LINE  64

/* ---- bytes in, without armor ---- */

enum armor { ARMOR_UNKNOWN, ARMOR_NONE, ARMOR_IN, ARMOR_SHORT, ARMOR_OVER };

struct source {
    int fd;
    bool eof;
    enum armor armor;
    struct og_buf raw;  /* armor: read, not yet decoded */
    struct og_buf held; /* decoded, from `at` on not yet taken */
    size_t at;
};

static void source_release(struct source *s)
{
    og_buf_release(&s->raw);
    og_buf_release(&s->held);
}

static enum og_rc read_some(struct source *s, struct og_buf *to, size_t want, struct og_err *err)
{
    og_buf_reserve(to, want);
    ssize_t n;
    do
        n = read(s->fd, to->p + to->len, want);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return og_err_set(err, OG_E_IO, "cannot read: %s", strerror(errno));
    s->eof = n == 0;
    to->len += (size_t)n;
    to->p[to->len] = '\0';
    return OG_OK;
}

static enum og_rc bad_armor(struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "no sealed file: the armor is malformed");
}

/* One line of armor, without its end. */
static enum og_rc armor_line(struct source *s, const char *line, size_t n, struct og_err *err)
{
    if (n && line[n - 1] == '\r')
        n--;
    switch (s->armor) {
    case ARMOR_UNKNOWN:
    case ARMOR_NONE:
        s->armor = ARMOR_IN; /* the begin line itself, which source_begin has seen */
        return n == sizeof ARMOR_BEGIN - 1 ? OG_OK : bad_armor(err);
    case ARMOR_IN:
    case ARMOR_SHORT:
        if (n == sizeof ARMOR_END - 1 && memcmp(line, ARMOR_END, n) == 0) {
            s->armor = ARMOR_OVER;
            return OG_OK;
        }
        if (s->armor == ARMOR_SHORT || n == 0 || n > ARMOR_LINE)
            return bad_armor(err);
        if (n < ARMOR_LINE || line[n - 1] == '=')
            s->armor = ARMOR_SHORT;
        return og_base64_decode(line, n, ARMOR_LINE, &s->held, NULL) == OG_OK ? OG_OK
                                                                              : bad_armor(err);
    case ARMOR_OVER:
        for (size_t i = 0; i < n; i++)
            if (line[i] != ' ' && line[i] != '\t')
                return bad_armor(err);
        return OG_OK;
    }
    return bad_armor(err);
}

static enum og_rc decode_armor(struct source *s, struct og_err *err)
{
    size_t at = 0;
    for (;;) {
        const char *from = s->raw.p + at;
        const char *end = s->raw.len > at ? memchr(from, '\n', s->raw.len - at) : NULL;
        if (!end && !(s->eof && s->raw.len > at))
            break;
        size_t n = end ? (size_t)(end - from) : s->raw.len - at;
        OG_TRY(armor_line(s, from, n, err));
        at += n + (end ? 1 : 0);
    }
    memmove(s->raw.p, s->raw.p + at, s->raw.len - at);
    s->raw.len -= at;
    if (s->raw.len > 2 * ARMOR_LINE || (s->eof && s->armor != ARMOR_OVER))
        return bad_armor(err);
    return OG_OK;
}

/* Holds `want` bytes, or all there are. */
static enum og_rc source_fill(struct source *s, size_t want, struct og_err *err)
{
    if (s->at && s->held.len - s->at < want) {
        memmove(s->held.p, s->held.p + s->at, s->held.len - s->at);
        s->held.len -= s->at;
        s->at = 0;
    }
    while (!s->eof && s->held.len - s->at < want) {
        if (s->armor == ARMOR_NONE) {
            OG_TRY(read_some(s, &s->held, want - (s->held.len - s->at), err));
            continue;
        }
        OG_TRY(read_some(s, &s->raw, 4096, err));
        OG_TRY(decode_armor(s, err));
    }
    return OG_OK;
}

/* Armor or not: told by the first bytes. */
static enum og_rc source_begin(struct source *s, struct og_err *err)
{
    size_t n = sizeof ARMOR_BEGIN - 1;
    s->armor = ARMOR_NONE;
    OG_TRY(source_fill(s, n, err));
    if (s->held.len < n || memcmp(s->held.p, ARMOR_BEGIN, n) != 0)
        return OG_OK;
    s->raw = s->held;
    s->held = (struct og_buf)OG_BUF_INIT;
    s->armor = ARMOR_UNKNOWN;
    if (s->eof)
        return bad_armor(err);
    return OG_OK;
}

/* ---- STREAM ---- */

struct stream {
    EVP_CIPHER_CTX *ctx;
    uint8_t key[32];
    uint8_t nonce[12]; /* counter of 11 bytes, then 1 in the last chunk */
};

static enum og_rc stream_open(struct stream *s, const uint8_t file_key[OG_AGE_FILE_KEY],
                              const uint8_t nonce[NONCE_LEN], bool seal, struct og_err *err)
{
    OG_TRY(og_hkdf_sha256(file_key, OG_AGE_FILE_KEY, nonce, NONCE_LEN, "payload", 7, s->key,
                          sizeof s->key, err));
    memset(s->nonce, 0, sizeof s->nonce);
    s->ctx = EVP_CIPHER_CTX_new();
    if (s->ctx &&
        EVP_CipherInit_ex2(s->ctx, EVP_chacha20_poly1305(), s->key, s->nonce, seal, NULL) == 1)
        return OG_OK;
    return og_err_set(err, OG_E_INTERNAL, "ChaCha20-Poly1305 failed");
}

static void stream_close(struct stream *s)
{
    EVP_CIPHER_CTX_free(s->ctx);
    OPENSSL_cleanse(s, sizeof *s);
}

static void next_nonce(struct stream *s)
{
    for (int i = 10; i >= 0 && ++s->nonce[i] == 0; i--)
        ;
}

static bool seal_chunk(struct stream *s, const uint8_t *p, size_t n, bool last, uint8_t *out)
{
    int did = 0;
    s->nonce[11] = last;
    bool ok = EVP_EncryptInit_ex2(s->ctx, NULL, NULL, s->nonce, NULL) == 1 &&
              EVP_EncryptUpdate(s->ctx, out, &did, p, (int)n) == 1 &&
              EVP_EncryptFinal_ex(s->ctx, out + n, &did) == 1 &&
              EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, out + n) == 1;
    next_nonce(s);
    return ok;
}

/* c of n bytes with its tag. */
static bool open_chunk(struct stream *s, uint8_t *c, size_t n, bool last, uint8_t *out)
{
    int did = 0;
    size_t body = n - TAG_LEN;
    s->nonce[11] = last;
    bool ok = EVP_DecryptInit_ex2(s->ctx, NULL, NULL, s->nonce, NULL) == 1 &&
              EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, c + body) == 1 &&
              EVP_DecryptUpdate(s->ctx, out, &did, c, (int)body) == 1 &&
              EVP_DecryptFinal_ex(s->ctx, out + body, &did) == 1;
    ERR_clear_error();
    next_nonce(s);
    return ok;
}

static enum og_rc seal_payload(struct stream *s, struct source *in, int out_fd, struct og_err *err)
{
    uint8_t *sealed = og_xmalloc(SEALED_LEN);
    enum og_rc rc = OG_OK;
    bool last = false;
    while (rc == OG_OK && !last) {
        rc = source_fill(in, OG_AGE_CHUNK + 1, err);
        size_t n = in->held.len - in->at;
        last = n <= OG_AGE_CHUNK;
        n = last ? n : OG_AGE_CHUNK;
        const uint8_t *p = in->held.p ? (const uint8_t *)in->held.p + in->at : sealed;
        if (rc == OG_OK && !seal_chunk(s, p, n, last, sealed))
            rc = og_err_set(err, OG_E_INTERNAL, "ChaCha20-Poly1305 failed");
        if (rc == OG_OK)
            rc = og_io_write_fd(out_fd, sealed, n + TAG_LEN, err);
        in->at += n;
    }
    free(sealed);
    return rc;
}

enum og_rc og_age_seal(const struct og_age_recipient *r, size_t n, int in_fd, int out_fd,
                       struct og_err *err)
{
    uint8_t file_key[OG_AGE_FILE_KEY], nonce[NONCE_LEN];
    struct source in = {.fd = in_fd, .armor = ARMOR_NONE};
    struct stream s = {0};
    struct og_buf head = OG_BUF_INIT;
    og_random_bytes(file_key, sizeof file_key);
    og_random_bytes(nonce, sizeof nonce);
    enum og_rc rc = og_age_header_make(r, n, file_key, &head, err);
    if (rc == OG_OK) {
        og_buf_add(&head, nonce, sizeof nonce);
        rc = og_io_write_fd(out_fd, head.p, head.len, err);
    }
    if (rc == OG_OK)
        rc = stream_open(&s, file_key, nonce, true, err);
    if (rc == OG_OK)
        rc = seal_payload(&s, &in, out_fd, err);
    stream_close(&s);
    source_release(&in);
    og_buf_release(&head);
    OPENSSL_cleanse(file_key, sizeof file_key);
    return rc;
}

static enum og_rc open_payload(struct stream *s, struct source *in, int out_fd, struct og_err *err)
{
    uint8_t *plain = og_xmalloc(OG_AGE_CHUNK);
    enum og_rc rc = OG_OK;
    bool last = false;
    for (bool first = true; rc == OG_OK && !last; first = false) {
        rc = source_fill(in, SEALED_LEN + 1, err);
        if (rc != OG_OK)
            break;
        size_t n = in->held.len - in->at;
        last = n <= SEALED_LEN;
        n = last ? n : SEALED_LEN;
        if (n < TAG_LEN || (n == TAG_LEN && !first))
            rc = og_err_set(err, OG_E_DATA, "the sealed file is cut short");
        else if (!open_chunk(s, (uint8_t *)in->held.p + in->at, n, last, plain))
            rc = og_err_set(err, OG_E_DATA, "the sealed file was changed or cut");
        else
            rc = og_io_write_fd(out_fd, plain, n - TAG_LEN, err);
        in->at += n;
    }
    OPENSSL_cleanse(plain, OG_AGE_CHUNK);
    free(plain);
    return rc;
}

static enum og_rc read_header(struct source *in, const struct og_age_identity *id, size_t n,
                              uint8_t file_key[OG_AGE_FILE_KEY], struct og_err *err)
{
    size_t used, want = 4096;
    enum og_rc rc;
    for (;; want *= 2) {
        OG_TRY(source_fill(in, want, err));
        rc = og_age_header_open(in->held.p ? in->held.p : "", in->held.len, id, n, file_key, &used,
                                err);
        if (rc != OG_E_TEMPFAIL || in->eof)
            break;
    }
    in->at = used;
    return rc == OG_E_TEMPFAIL ? og_err_set(err, OG_E_DATA, "no sealed file: the header is cut")
                               : rc;
}

enum og_rc og_age_open(const struct og_age_identity *id, size_t n, int in_fd, int out_fd,
                       struct og_err *err)
{
    uint8_t file_key[OG_AGE_FILE_KEY];
    struct source in = {.fd = in_fd};
    struct stream s = {0};
    enum og_rc rc = source_begin(&in, err);
    if (rc == OG_OK)
        rc = read_header(&in, id, n, file_key, err);
    if (rc == OG_OK)
        rc = source_fill(&in, NONCE_LEN, err);
    if (rc == OG_OK && in.held.len - in.at < NONCE_LEN)
        rc = og_err_set(err, OG_E_DATA, "the sealed file is cut short");
    if (rc == OG_OK)
        rc = stream_open(&s, file_key, (const uint8_t *)in.held.p + in.at, false, err);
    in.at += NONCE_LEN;
    if (rc == OG_OK)
        rc = open_payload(&s, &in, out_fd, err);
    stream_close(&s);
    source_release(&in);
    OPENSSL_cleanse(file_key, sizeof file_key);
    return rc;
}
