/* keygen_seal.c - sealing keys, and files sealed to them or to a passphrase (age v1 format). */
#include "keygen.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "cli/cli_table.h"
#include "crypto/crypto_age.h"
#include "crypto/crypto_keyfile.h"
#include "json/json_line.h"

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_MAX  (1 << 20) /* of identities or recipients */
#define SEALED_AS "age-encryption.org/v1\n"

static char *sealing_path(const char *dir, const char *name)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/%s.age", dir, name);
    return og_buf_detach(&b);
}

/* ---- sealing keys ---- */

static enum og_rc show_key(const struct keygen_options *o, const char *name,
                           const struct og_age_recipient *r, const char *path, bool encrypted,
                           struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    const char *alg = r->kind == OG_AGE_HYBRID ? "mlkem768x25519" : "x25519";
    enum og_rc rc = og_age_recipient_text(r, &text, err);
    if (rc == OG_OK && o->common.human) {
        og_buf_addc(&text, '\n');
        rc = og_io_write_fd(STDOUT_FILENO, text.p, text.len, err);
    } else if (rc == OG_OK) {
        json_t *j = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:b}", "kind", "sealing-key", "v", 1,
                              "name", name, "alg", alg, "recipient", text.p, "path", path,
                              "encrypted", (int)encrypted);
        rc = j ? og_jsonl_write(stdout, j, err)
               : og_err_set(err, OG_E_INTERNAL, "cannot pack a record");
        json_decref(j);
    }
    og_buf_release(&text);
    return rc;
}

/* The text sealed under the passphrase, as age's own encrypted identity files. */
static enum og_rc protect(const char *pass, struct og_buf *text, struct og_err *err)
{
    struct og_age_recipient r = {
        .kind = OG_AGE_SCRYPT, .passphrase = pass, .log_n = OG_AGE_SCRYPT_LOGN};
    int in = memfd_create("identity", MFD_CLOEXEC), out = memfd_create("sealed", MFD_CLOEXEC);
    enum og_rc rc = in < 0 || out < 0
                        ? og_err_set(err, OG_E_UNAVAILABLE, "no memory file: %s", strerror(errno))
                        : og_io_write_fd(in, text->p, text->len, err);
    if (rc == OG_OK && lseek(in, 0, SEEK_SET) == 0)
        rc = og_age_seal(&r, 1, in, out, err);
    OPENSSL_cleanse(text->p, text->len);
    og_buf_reset(text);
    if (rc == OG_OK && lseek(out, 0, SEEK_SET) == 0)
        rc = og_io_read_fd(out, FILE_MAX, text, err);
    close(in);
    close(out);
    return rc;
}

static enum og_rc parse_alg(const char *alg, enum og_age_kind *out, struct og_err *err)
{
    *out = OG_AGE_HYBRID;
    if (!alg || strcmp(alg, "mlkem768x25519") == 0)
        return OG_OK;
    *out = OG_AGE_X25519;
    if (strcmp(alg, "x25519") == 0)
        return OG_OK;
    return og_err_set(err, OG_E_USAGE,
                      "--alg: a sealing key is 'mlkem768x25519' or 'x25519', not '%.40s'", alg);
}

enum og_rc keygen_sealing_key(const struct keygen_options *o, const char *dir, const char *name,
                              struct og_err *err)
{
    struct og_age_identity id = {0};
    struct og_age_recipient r;
    struct og_buf text = OG_BUF_INIT, pass = OG_BUF_INIT;
    enum og_age_kind kind;
    bool got = false;
    char *path = sealing_path(dir, name);
    enum og_rc rc = parse_alg(o->alg, &kind, err);
    if (rc == OG_OK && og_io_exists(path))
        rc = og_err_set(err, OG_E_CANTCREATE, "'%s' exists; keys are never overwritten", path);
    if (rc == OG_OK)
        rc = og_age_identity_new(kind, &id, err);
    if (rc == OG_OK)
        rc = og_age_recipient_of(&id, &r, err);
    if (rc == OG_OK)
        rc = keygen_passphrase("passphrase", o->pass_file, o->pass_fd, o->ask, true, &pass, &got,
                               err);
    if (rc == OG_OK) {
        og_buf_adds(&text, "# public key: ");
        rc = og_age_recipient_text(&r, &text, err);
        og_buf_addc(&text, '\n');
    }
    if (rc == OG_OK)
        rc = og_age_identity_text(&id, &text, err);
    og_buf_addc(&text, '\n');
    if (rc == OG_OK && got)
        rc = protect(pass.p, &text, err);
    if (rc == OG_OK)
        rc = og_io_mkdirs(dir, 0700, err);
    if (rc == OG_OK)
        rc = og_io_write_atomic(path, text.p, text.len, 0600, OG_IO_NOCLOBBER, err);
    if (rc == OG_OK)
        rc = show_key(o, name, &r, path, got, err);
    OPENSSL_cleanse(&id, sizeof id);
    og_buf_cleanse(&text);
    og_buf_cleanse(&pass);
    free(path);
    return rc;
}

/* ---- whom a file is for, and who opens it ---- */

struct peers {
    const struct keygen_options *o;
    const char *dir;
    struct og_buf pass;
    bool has_pass;
    struct og_age_recipient *r;
    size_t n_r;
    struct og_age_identity *id;
    size_t n_id;
};

static enum og_rc need_pass(struct peers *p, bool twice, struct og_err *err)
{
    if (p->has_pass)
        return OG_OK;
    OG_TRY(keygen_passphrase("passphrase", p->o->pass_file, p->o->pass_fd, p->o->ask, twice,
                             &p->pass, &p->has_pass, err));
    return p->has_pass ? OG_OK
                       : og_err_set(err, OG_E_NOPERM,
                                    "a passphrase is needed: -p, --passphrase-file or "
                                    "--passphrase-fd");
}

/* Identity file text, unsealed when a passphrase protects it. */
static enum og_rc unprotect(struct peers *p, struct og_buf *text, struct og_err *err)
{
    if (text->len < sizeof SEALED_AS - 1 || memcmp(text->p, SEALED_AS, sizeof SEALED_AS - 1) != 0)
        return OG_OK;
    OG_TRY(need_pass(p, false, err));
    struct og_age_identity id = {.kind = OG_AGE_SCRYPT, .passphrase = p->pass.p};
    int in = memfd_create("sealed", MFD_CLOEXEC), out = memfd_create("identity", MFD_CLOEXEC);
    enum og_rc rc = in < 0 || out < 0
                        ? og_err_set(err, OG_E_UNAVAILABLE, "no memory file: %s", strerror(errno))
                        : og_io_write_fd(in, text->p, text->len, err);
    if (rc == OG_OK && lseek(in, 0, SEEK_SET) == 0)
        rc = og_age_open(&id, 1, in, out, err);
    if (rc == OG_NO)
        rc = og_err_set(err, OG_E_NOPERM, "the passphrase is wrong");
    og_buf_reset(text);
    if (rc == OG_OK && lseek(out, 0, SEEK_SET) == 0)
        rc = og_io_read_fd(out, FILE_MAX, text, err);
    close(in);
    close(out);
    return rc;
}

static enum og_rc add_recipient(struct peers *p, const struct og_age_recipient *r,
                                struct og_err *err)
{
    if (p->n_r == OG_AGE_PEERS_MAX)
        return og_err_set(err, OG_E_USAGE, "more than %d recipients", OG_AGE_PEERS_MAX);
    p->r = og_xrealloc(p->r, (p->n_r + 1) * sizeof *p->r);
    p->r[p->n_r++] = *r;
    return OG_OK;
}

static enum og_rc add_identity(struct peers *p, const struct og_age_identity *id,
                               struct og_err *err)
{
    if (p->n_id == OG_AGE_PEERS_MAX)
        return og_err_set(err, OG_E_USAGE, "more than %d identities", OG_AGE_PEERS_MAX);
    struct og_age_identity *more = og_xcalloc(p->n_id + 1, sizeof *more); /* no copy left behind */
    if (p->n_id) {
        memcpy(more, p->id, p->n_id * sizeof *more);
        OPENSSL_cleanse(p->id, p->n_id * sizeof *more);
    }
    free(p->id);
    p->id = more;
    p->id[p->n_id++] = *id;
    return OG_OK;
}

/* A line of a file: a recipient, or an identity, which stands for its recipient when sealing. */
static enum og_rc take_line(struct peers *p, bool sealing, const char *s, size_t n,
                            struct og_err *err)
{
    struct og_age_recipient r;
    struct og_age_identity id;
    if (sealing && n > 3 && memcmp(s, "age", 3) == 0) {
        OG_TRY(og_age_recipient_parse(s, n, &r, err));
        return add_recipient(p, &r, err);
    }
    enum og_rc rc = og_age_identity_parse(s, n, &id, err);
    if (rc == OG_OK && sealing)
        rc = og_age_recipient_of(&id, &r, err);
    if (rc == OG_OK)
        rc = sealing ? add_recipient(p, &r, err) : add_identity(p, &id, err);
    OPENSSL_cleanse(&id, sizeof id);
    return rc;
}

static enum og_rc take_file(struct peers *p, bool sealing, const char *path, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    size_t line = 0;
    enum og_rc rc = sealing ? og_io_read_file(path, FILE_MAX, &text, err)
                            : og_io_read_secret(path, FILE_MAX, &text, err);
    if (rc == OG_OK)
        rc = unprotect(p, &text, err);
    for (size_t at = 0, n; rc == OG_OK && at < text.len; at += n + 1) {
        const char *s = text.p + at, *end = memchr(s, '\n', text.len - at);
        n = end ? (size_t)(end - s) : text.len - at;
        size_t len = n && s[n - 1] == '\r' ? n - 1 : n;
        line++;
        if (len && s[0] != '#')
            rc = take_line(p, sealing, s, len, err);
    }
    if (rc != OG_OK && line)
        og_err_wrap(err, rc, "%s:%zu", path, line);
    og_buf_cleanse(&text);
    return rc;
}

/* A name of a sealing key here, or a file. */
static enum og_rc take_who(struct peers *p, bool sealing, const char *who, struct og_err *err)
{
    struct og_age_recipient r;
    if (sealing && strncmp(who, "age1", 4) == 0) {
        OG_TRY(og_age_recipient_parse(who, strlen(who), &r, err));
        return add_recipient(p, &r, err);
    }
    char *path = og_keyfile_name_ok(who) ? sealing_path(p->dir, who) : og_xstrdup(who);
    bool named = og_keyfile_name_ok(who) && og_io_exists(path);
    enum og_rc rc = take_file(p, sealing, named ? path : who, err);
    free(path);
    return rc;
}

static enum og_rc gather(struct peers *p, bool sealing, struct og_err *err)
{
    const struct og_opt_list *l = sealing ? &p->o->recipients : &p->o->identities;
    bool by_pass = p->o->ask || p->o->pass_file || p->o->pass_fd != KEYGEN_NO_FD;
    for (size_t i = 0; i < l->n; i++)
        OG_TRY(take_who(p, sealing, l->v[i], err));
    if (sealing && !l->n && !by_pass)
        return og_err_set(err, OG_E_USAGE, "--seal: to whom? Give -r, or a passphrase");
    if (l->n)
        return OG_OK;
    char *path = sealing_path(p->dir, OG_KEY_DEFAULT);
    enum og_rc rc = OG_OK;
    if (!sealing && (!by_pass || og_io_exists(path)))
        rc = take_file(p, sealing, path, err);
    free(path);
    if (rc != OG_OK || !by_pass)
        return rc;
    OG_TRY(need_pass(p, sealing, err));
    struct og_age_identity id = {.kind = OG_AGE_SCRYPT, .passphrase = p->pass.p};
    struct og_age_recipient r = {
        .kind = OG_AGE_SCRYPT, .passphrase = p->pass.p, .log_n = OG_AGE_SCRYPT_LOGN};
    return sealing ? add_recipient(p, &r, err) : add_identity(p, &id, err);
}

static void peers_release(struct peers *p)
{
    if (p->id)
        OPENSSL_cleanse(p->id, p->n_id * sizeof *p->id);
    free(p->id);
    free(p->r);
    og_buf_cleanse(&p->pass);
}

/* ---- the files ---- */

static enum og_rc convert(struct peers *p, bool sealing, int in, int out, struct og_err *err)
{
    return sealing ? og_age_seal(p->r, p->n_r, in, out, err)
                   : og_age_open(p->id, p->n_id, in, out, err);
}

/* To a file: whole or not at all. */
static enum og_rc to_file(struct peers *p, bool sealing, int in, const char *path,
                          struct og_err *err)
{
    struct og_io_temp t = {-1, NULL};
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, (size_t)(slash - path) + (slash == path)) : og_xstrdup(".");
    enum og_rc rc = og_io_temp_open(dir, sealing ? 0644 : 0600, &t, err);
    if (rc == OG_OK)
        rc = convert(p, sealing, in, t.fd, err);
    if (rc == OG_OK)
        rc = og_io_temp_commit(&t, path, OG_IO_REPLACE, err);
    else if (t.fd >= 0)
        og_io_temp_discard(&t);
    free(dir);
    return rc;
}

enum og_rc keygen_seal(const struct keygen_options *o, const char *dir, const char *file,
                       struct og_err *err)
{
    struct peers p = {.o = o, .dir = dir};
    bool sealing = o->seal;
    int in = STDIN_FILENO;
    if (file && strcmp(file, "-") != 0)
        in = open(file, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", file, strerror(errno));
    enum og_rc rc = OG_OK;
    if (sealing && !o->output && isatty(STDOUT_FILENO))
        rc = og_err_set(err, OG_E_USAGE, "sealed bytes are not for a terminal: -o FILE");
    if (rc == OG_OK)
        rc = gather(&p, sealing, err);
    if (rc == OG_OK)
        rc = o->output ? to_file(&p, sealing, in, o->output, err)
                       : convert(&p, sealing, in, STDOUT_FILENO, err);
    if (rc == OG_NO)
        rc = og_err_set(err, OG_E_NOPERM, "sealed for others: no key or passphrase here opens it");
    if (rc == OG_E_DATA && file)
        og_err_wrap(err, rc, "%s", file);
    if (in != STDIN_FILENO)
        close(in);
    peers_release(&p);
    return rc;
}
