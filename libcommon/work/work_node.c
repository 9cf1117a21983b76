/* work_node.c - node keys of a folder, matched with the nodes of the state. */
#include "work/work_node.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "crypto/crypto_keyfile.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "work/work_secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PASS_MAX 4096

/* First line of the file. */
static enum og_rc read_pass(const char *path, struct og_buf *out, struct og_err *err)
{
    if (!path)
        return OG_OK;
    OG_TRY(og_io_read_secret(path, PASS_MAX, out, err));
    char *nl = out->p ? memchr(out->p, '\n', out->len) : NULL;
    if (nl) {
        *nl = '\0';
        out->len = (size_t)(nl - out->p);
    }
    return OG_OK;
}

static struct og_work_stamp stamp_of(const char *keys_dir, const char *name)
{
    struct og_work_stamp stamp = {0, 0, 0};
    struct stat s;
    char *path = og_keyfile_path(keys_dir, name);
    if (stat(path, &s) == 0)
        stamp = (struct og_work_stamp){s.st_ino, s.st_mtim.tv_sec, s.st_mtim.tv_nsec};
    free(path);
    return stamp;
}

static enum og_rc add(struct og_store *st, const char *keys_dir, const char *name, const char *pass,
                      struct og_work_node *out, bool *is_node, struct og_err *err)
{
    struct og_pub *pub = NULL;
    bool encrypted;
    *is_node = false;
    OG_TRY(og_keyfile_load_pub(keys_dir, name, &pub, &encrypted, err));
    struct og_addr addr = og_pub_addr(pub);
    og_pub_free(pub);
    struct og_node row = {0};
    OG_TRY(og_query_node_of(st, &addr, &row.id, err));
    if (!row.id)
        return OG_OK;
    OG_TRY(og_row_need(st, OG_F_NODE, &row, err));
    bool left = row.state == OG_NODE_LEFT;
    *out = (struct og_work_node){.id = row.id, .addr = addr, .owner = row.owner};
    og_row_release(&og_families[OG_F_NODE], &row);
    if (left)
        return OG_OK;
    *is_node = true;
    out->stamp = stamp_of(keys_dir, name);
    OG_TRY(og_keyfile_load(keys_dir, name, pass, &out->key, err));
    enum og_rc rc = og_work_secret(out->key, &out->secret, err);
    if (rc != OG_OK) {
        og_key_free(out->key);
        return rc;
    }
    out->name = og_xstrdup(name);
    return OG_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct og_work_node *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static enum og_rc add_all(struct og_store *st, const char *keys_dir, const char *const *names,
                          size_t n, bool asked, const char *pass, struct og_work_node *v,
                          size_t *n_out, struct og_err *err)
{
    enum og_rc shut = OG_OK; /* a node's key that does not open, and why */
    struct og_err why;
    for (size_t i = 0; i < n; i++) {
        bool is_node;
        enum og_rc rc = add(st, keys_dir, names[i], pass, &v[*n_out], &is_node, err);
        if (rc != OG_OK && asked)
            return og_err_wrap(err, rc, "key '%s'", names[i]);
        if (rc != OG_OK)
            og_log(OG_LOG_DEBUG, "key '%s' is left out: %s", names[i], err->msg);
        if (rc != OG_OK && is_node) {
            shut = rc;
            why = *err;
        }
        if (rc != OG_OK)
            continue;
        if (!is_node && asked)
            return og_err_set(err, OG_E_DATA, "key '%s' is not the key of a node", names[i]);
        *n_out += is_node;
    }
    if (*n_out == 0 && shut != OG_OK) {
        *err = why;
        return shut;
    }
    qsort(v, *n_out, sizeof *v, by_id);
    size_t kept = *n_out ? 1 : 0;
    for (size_t i = 1; i < *n_out; i++) {
        if (v[i].id == v[kept - 1].id) {
            og_key_free(v[i].key);
            free(v[i].name);
        } else {
            v[kept++] = v[i];
        }
    }
    *n_out = kept;
    return OG_OK;
}

enum og_rc og_work_nodes_open(struct og_store *st, const char *keys_dir, const char *const *names,
                              size_t n, const char *pass_file, struct og_work_node **out,
                              size_t *n_out, struct og_err *err)
{
    struct og_buf pass = OG_BUF_INIT;
    char **listed = NULL;
    size_t n_listed = 0;
    *out = NULL;
    *n_out = 0;
    enum og_rc rc = read_pass(pass_file, &pass, err);
    if (rc == OG_OK && n == 0)
        rc = og_keyfile_list(keys_dir, &listed, &n_listed, err);
    size_t count = n ? n : n_listed;
    struct og_work_node *v = og_xcalloc(count + 1, sizeof *v);
    if (rc == OG_OK)
        rc = add_all(st, keys_dir, n ? names : (const char *const *)listed, count, n > 0,
                     pass_file ? pass.p : NULL, v, n_out, err);
    for (size_t i = 0; i < n_listed; i++)
        free(listed[i]);
    free(listed);
    og_buf_cleanse(&pass);
    if (rc == OG_OK) {
        *out = v;
        return OG_OK;
    }
    og_work_nodes_free(v, *n_out);
    *n_out = 0;
    return rc;
}

static void refresh(struct og_store *st, const char *keys_dir, const char *pass_file,
                    struct og_work_node *node)
{
    const char *names[] = {node->name};
    struct og_work_stamp now = stamp_of(keys_dir, node->name);
    struct og_work_node *fresh;
    struct og_err why;
    size_t n;
    if (now.inode == node->stamp.inode && now.s == node->stamp.s && now.ns == node->stamp.ns)
        return;
    if (og_work_nodes_open(st, keys_dir, names, 1, pass_file, &fresh, &n, &why) != OG_OK) {
        og_log(OG_LOG_DEBUG, "key '%s' has changed and is not read: %s", node->name, why.msg);
        return;
    }
    if (n == 1 && fresh[0].id == node->id) {
        struct og_work_node old = *node;
        *node = fresh[0];
        fresh[0] = old;
    }
    og_work_nodes_free(fresh, n);
}

void og_work_nodes_refresh(struct og_store *st, const char *keys_dir, const char *pass_file,
                           struct og_work_node *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        refresh(st, keys_dir, pass_file, &v[i]);
}

void og_work_nodes_free(struct og_work_node *v, size_t n)
{
    for (size_t i = 0; v && i < n; i++) {
        free(v[i].name);
        og_key_free(v[i].key);
        memset(&v[i].secret, 0, sizeof v[i].secret);
    }
    free(v);
}

struct og_work_node *og_work_node_find(struct og_work_node *v, size_t n, uint64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (v[i].id == id)
            return &v[i];
    return NULL;
}
