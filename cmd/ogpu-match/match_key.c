/* match_key.c - the key that signs certificates: of a node with a bond. */
#include "match.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "crypto/crypto_keyfile.h"
#include "store/store_query.h"

#include <stdlib.h>
#include <string.h>

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

static enum og_rc take_key(struct matcher *m, const char *dir, const char *name,
                           const struct og_buf *pass, struct og_err *err)
{
    struct og_key *key;
    uint64_t node;
    OG_TRY(og_keyfile_load(dir, name, pass->p, &key, err));
    enum og_rc rc = bonded_node(m, key, &node, err);
    if (rc == OG_OK && node > 0) {
        m->key = key;
        m->key_node = node;
        return OG_OK;
    }
    og_key_free(key);
    return rc;
}

static enum og_rc search(struct matcher *m, const char *dir, const struct og_buf *pass,
                         struct og_err *err)
{
    char **name;
    size_t n;
    enum og_rc rc = og_keyfile_list(dir, &name, &n, err);
    for (size_t i = 0; i < n; i++) {
        if (rc == OG_OK && !m->key) {
            rc = take_key(m, dir, name[i], pass, err);
            if (rc == OG_E_DATA || rc == OG_E_NOPERM || rc == OG_E_UNAVAILABLE ||
                rc == OG_E_NOINPUT) { /* not a key for this; another may be */
                og_log(OG_LOG_INFO, "key passed over: %s", err->msg);
                *err = (struct og_err){0};
                rc = OG_OK;
            }
        }
        free(name[i]);
    }
    free(name);
    return rc;
}

static enum og_rc named(struct matcher *m, const char *dir, const struct og_buf *pass,
                        struct og_err *err)
{
    const char *name = m->opts->key;
    if (!og_keyfile_name_ok(name))
        return og_err_set(err, OG_E_USAGE, "--key: '%.64s' is not the name of a key", name);
    OG_TRY(take_key(m, dir, name, pass, err));
    if (!m->key)
        return og_err_set(err, OG_E_USAGE, "--key: '%.64s' is not the key of a node with a bond",
                          name);
    return OG_OK;
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

void match_renew_key(struct matcher *m)
{
    struct og_key *old = m->key;
    uint64_t node = m->key_node;
    struct og_err ignored;
    m->key = NULL;
    if (match_find_key(m, &ignored) == OG_OK && m->key) {
        og_key_free(old);
        return;
    }
    m->key = old;
    m->key_node = node;
}
