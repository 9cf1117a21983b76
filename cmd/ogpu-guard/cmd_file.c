/* cmd_file.c - files in, model files in and out, and whose signature counts. */
#include "cmd.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "crypto/crypto_keyfile.h"
#include "guard/guard_seal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum og_rc cmd_read(const char *path, struct og_buf *out, struct og_err *err)
{
    if (strcmp(path, "-") == 0)
        return og_io_read_fd(STDIN_FILENO, CMD_FILE_MAX, out, err);
    return og_io_read_file(path, CMD_FILE_MAX, out, err);
}

void cmd_list(char *text, const char ***out, size_t *n)
{
    size_t cap = 0;
    *out = NULL;
    *n = 0;
    while (text && *text) {
        char *comma = strchr(text, ',');
        if (comma)
            *comma = '\0';
        *out = og_xgrow(*out, &cap, *n + 1, sizeof **out);
        (*out)[(*n)++] = text;
        text = comma ? comma + 1 : NULL;
    }
}

enum og_rc cmd_key(const char *name, const char *passphrase_file, struct og_key **out,
                   struct og_err *err)
{
    struct og_buf pass = OG_BUF_INIT;
    enum og_rc rc = OG_OK;
    *out = NULL;
    char *dir = og_cli_keys_dir();
    char *path = og_keyfile_path(dir, name ? name : OG_KEY_DEFAULT);
    bool there = og_io_exists(path);
    free(path);
    if (!name && !there) {
        og_log(OG_LOG_INFO, "no key 'default': the model is not signed");
    } else {
        if (passphrase_file)
            rc = og_io_read_secret(passphrase_file, 4096, &pass, err);
        if (rc == OG_OK && pass.p)
            pass.p[strcspn(pass.p, "\r\n")] = '\0';
        if (rc == OG_OK)
            rc = og_keyfile_load(dir, name ? name : OG_KEY_DEFAULT, passphrase_file ? pass.p : NULL,
                                 out, err);
    }
    og_buf_cleanse(&pass);
    free(dir);
    return rc;
}

/* *any: there are identities; *own: pub is one of theirs. */
static enum og_rc is_own(const struct og_pub *pub, bool *any, bool *own, struct og_err *err)
{
    char **names = NULL;
    size_t n = 0;
    char *dir = og_cli_keys_dir();
    *own = false;
    enum og_rc rc = og_keyfile_list(dir, &names, &n, err);
    *any = n > 0;
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        struct og_pub *mine = NULL;
        struct og_err ignored;
        bool encrypted;
        if (pub && !*own &&
            og_keyfile_load_pub(dir, names[i], &mine, &encrypted, &ignored) == OG_OK) {
            struct og_hash a = og_pub_spki_hash(mine), b = og_pub_spki_hash(pub);
            *own = memcmp(a.b, b.b, OG_HASH_LEN) == 0;
        }
        og_pub_free(mine);
    }
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
    free(dir);
    return rc;
}

static enum og_rc check_signer(const struct og_sealed *s, const struct cmd_trust *t,
                               struct og_err *err)
{
    char text[OG_ADDR_TEXT] = "nobody";
    bool any, own;
    if (s->signer) {
        struct og_addr a = og_pub_addr(s->signer);
        og_addr_format(&a, text);
    }
    if (t->signer)
        return strcmp(t->signer, text) == 0
                   ? OG_OK
                   : og_err_set(err, OG_E_NOPERM, "the model is signed by %s, not by %.80s", text,
                                t->signer);
    if (t->unsigned_ok)
        return OG_OK;
    OG_TRY(is_own(s->signer, &any, &own, err));
    if (own || (!any && !s->signer))
        return OG_OK;
    return og_err_set(err, OG_E_NOPERM,
                      s->signer ? "the model is signed by %s, whose key is not here: say --signer"
                                : "the model is signed by %s: say --unsigned to use it",
                      text);
}

enum og_rc cmd_model_load(const char *path, const struct cmd_trust *t, struct og_model *out,
                          struct og_hash *hash, struct og_err *err)
{
    struct og_buf file = OG_BUF_INIT;
    struct og_sealed s = {0};
    *out = (struct og_model){0};
    enum og_rc rc = og_io_read_file(path, OG_SEAL_FILE_MAX, &file, err);
    if (rc == OG_OK) {
        rc = og_seal_open(file.p, file.len, &s, err);
        if (rc == OG_OK)
            rc = check_signer(&s, t, err);
        if (rc == OG_OK)
            rc = og_model_decode(s.body, s.n, out, err);
        if (rc != OG_OK)
            rc = og_err_wrap(err, rc, "'%s'", path);
    }
    *hash = s.hash;
    og_pub_free(s.signer);
    og_buf_release(&file);
    return rc;
}

enum og_rc cmd_model_save(const char *path, const struct og_model *m, const struct og_key *key,
                          struct og_hash *hash, size_t *bytes, struct og_err *err)
{
    struct og_buf body = OG_BUF_INIT, file = OG_BUF_INIT;
    og_model_encode(m, &body);
    *hash = og_sha256(body.p, body.len);
    enum og_rc rc = og_seal_write(body.p, body.len, key, &file, err);
    *bytes = file.len;
    if (rc == OG_OK)
        rc = og_io_write_atomic(path, file.p, file.len, 0644, OG_IO_REPLACE, err);
    og_buf_release(&body);
    og_buf_release(&file);
    return rc;
}
