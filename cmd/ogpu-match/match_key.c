/* match_key.c - the key that signs certificates: of a node with a bond. */
#include "match.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "store/store_query.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define KEY_FILE_MAX (1u << 20)

static enum og_rc read_pass(const char *path, struct og_buf *out, struct og_err *err)
{
    if (!path)
        return OG_OK;
    OG_TRY(og_io_read_secret(path, 4096, out, err));
    char *end = out->p ? strchr(out->p, '\n') : NULL;
    if (end) {
        *end = '\0';
        out->len = (size_t)(end - out->p);
    }
    return OG_OK;
}

static enum og_rc read_key(const char *path, const struct og_buf *pass, struct og_key **out,
                           struct og_err *err)
{
    struct og_buf pem = OG_BUF_INIT;
    *out = NULL;
    enum og_rc rc = og_io_read_secret(path, KEY_FILE_MAX, &pem, err);
    if (rc == OG_OK) {
        rc = og_key_from_pem(pem.p, pem.len, pass->p, out, err);
        if (rc != OG_OK)
            rc = og_err_wrap(err, rc, "'%s'", path);
    }
    og_buf_cleanse(&pem);
    return rc;
}

/* The active node of this account, when it has a bond; 0: none. */
static enum og_rc bonded_node(struct matcher *m, const struct og_key *key, uint64_t *out,
                              struct og_err *err)
{
    struct og_addr addr = og_key_addr(key);
    struct og_node n = {0};
    bool found;
    *out = 0;
    OG_TRY(og_query_node_of(m->st, &addr, &n.id, err));
    if (n.id == 0)
        return OG_OK;
    OG_TRY(og_row_get(m->st, OG_F_NODE, &n, &found, err));
    if (found && n.state == OG_NODE_ACTIVE && n.bond > 0)
        *out = n.id;
    og_row_release(&og_families[OG_F_NODE], &n);
    return OG_OK;
}

static enum og_rc take_key(struct matcher *m, const char *path, const struct og_buf *pass,
                           struct og_err *err)
{
    struct og_key *key;
    uint64_t node;
    OG_TRY(read_key(path, pass, &key, err));
    enum og_rc rc = bonded_node(m, key, &node, err);
    if (rc == OG_OK && node > 0) {
        m->key = key;
        m->key_node = node;
        return OG_OK;
    }
    og_key_free(key);
    return rc;
}

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), t = strlen(tail);
    return n > t && strcmp(s + n - t, tail) == 0;
}

static int account_keys(const struct dirent *d)
{
    return d->d_name[0] != '.' && ends_with(d->d_name, ".pem") &&
           !ends_with(d->d_name, ".vrf.pem") && !ends_with(d->d_name, ".consensus.pem");
}

static enum og_rc search(struct matcher *m, const char *dir, const struct og_buf *pass,
                         struct og_err *err)
{
    struct dirent **entry;
    int n = scandir(dir, &entry, account_keys, alphasort);
    enum og_rc rc = OG_OK;
    for (int i = 0; i < n; i++) {
        char *path = og_io_join(dir, entry[i]->d_name);
        if (rc == OG_OK && !m->key) {
            rc = take_key(m, path, pass, err);
            if (rc == OG_E_DATA || rc == OG_E_NOPERM || rc == OG_E_UNAVAILABLE ||
                rc == OG_E_NOINPUT) { /* not a key for this; another may be */
                og_log(OG_LOG_INFO, "key passed over: %s", err->msg);
                *err = (struct og_err){0};
                rc = OG_OK;
            }
        }
        free(path);
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    return rc;
}

static enum og_rc named(struct matcher *m, const char *dir, const struct og_buf *pass,
                        struct og_err *err)
{
    const char *name = m->opts->key;
    if (!og_io_path_is_tame(name) || strchr(name, '/'))
        return og_err_set(err, OG_E_USAGE, "--key: '%.64s' is not the name of a key", name);
    struct og_buf file = OG_BUF_INIT;
    og_buf_addf(&file, "%s/%s.pem", dir, name);
    enum og_rc rc = take_key(m, file.p, pass, err);
    og_buf_release(&file);
    if (rc == OG_OK && !m->key)
        return og_err_set(err, OG_E_USAGE, "--key: '%.64s' is not the key of a node with a bond",
                          name);
    return rc;
}

enum og_rc match_find_key(struct matcher *m, struct og_err *err)
{
    struct og_buf pass = OG_BUF_INIT;
    char *dir = og_cli_keys_dir();
    enum og_rc rc = read_pass(m->opts->passphrase_file, &pass, err);
    if (rc == OG_OK)
        rc = m->opts->key ? named(m, dir, &pass, err) : search(m, dir, &pass, err);
    if (rc == OG_OK && !m->key)
        og_log(OG_LOG_INFO, "no key of a node with a bond in '%s': rounds wait for others", dir);
    og_buf_cleanse(&pass);
    free(dir);
    return rc;
}
