/* work_reveal.c - commits, and reveals from what is stored. */
#include "work/work_reveal.h"

#include "base/base_num.h"
#include "check/check_method.h"
#include "check/check_result.h"
#include "crypto/crypto_merkle.h"
#include "ledger/ledger_view.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "work/work_secret.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 64

json_t *og_work_commit_json(const struct og_hash *chain, const struct og_work_node *node,
                            uint64_t lease, uint64_t count, const struct og_hash *root,
                            uint64_t run_ms)
{
    struct og_hash nonce = og_work_nonce(&node->secret, lease);
    struct og_hash h = og_work_commit_hash(chain, lease, &node->addr, &nonce, root);
    json_t *o = json_object();
    json_object_set_new(o, "count", json_integer((json_int_t)count));
    json_object_set_new(o, "hash", og_json_new_hex(h.b, OG_HASH_LEN));
    json_object_set_new(o, "lease", json_integer((json_int_t)lease));
    json_object_set_new(o, "run_ms", json_integer((json_int_t)run_ms));
    return o;
}

json_t *og_work_reveal_json(const struct og_work_node *node, uint64_t lease,
                            const struct og_hash *root, uint64_t exits, json_t *paths)
{
    struct og_hash nonce = og_work_nonce(&node->secret, lease);
    json_t *o = json_object();
    json_object_set_new(o, "exits", json_integer((json_int_t)exits));
    json_object_set_new(o, "lease", json_integer((json_int_t)lease));
    json_object_set_new(o, "nonce", og_json_new_hex(nonce.b, OG_HASH_LEN));
    json_object_set_new(o, "paths", paths ? json_incref(paths) : json_array());
    json_object_set_new(o, "root", og_json_new_hex(root->b, OG_HASH_LEN));
    return o;
}

enum og_rc og_work_may_reveal(struct og_store *st, const struct og_lease *ls, bool *may, bool *seal,
                              struct og_err *err)
{
    *seal = false;
    *may = ls->method == OG_VERIFY_OWN || ls->method == OG_VERIFY_ACCEPT || ls->checked == 1;
    if (*may)
        return OG_OK;
    *seal = ls->checked == 0;
    *may = ls->checked == 2;
    if (ls->checked != 2 || ls->method != OG_VERIFY_EXACT)
        return OG_OK;
    uint64_t turn[PAGE];
    size_t n;
    OG_TRY(og_query(st, OG_Q_CHECKS_OF, &ls->id, 1, turn, 1, PAGE, &n, err));
    bool hashed = false;
    for (size_t i = 0; i < n && i < PAGE; i++) {
        struct og_check c = {.lease = ls->id, .turn = turn[i]};
        OG_TRY(og_row_need(st, OG_F_CHECK, &c, err));
        if (c.state == OG_CHECK_ASKED)
            *may = false;
        hashed = hashed || c.state == OG_CHECK_HASHED;
    }
    *may = *may && hashed;
    return OG_OK;
}

enum og_rc og_work_manifest_of(struct og_store *st, const struct og_lease *ls,
                               struct og_manifest *out, bool *found, struct og_err *err)
{
    struct og_manifest page[PAGE];
    uint64_t from = ls->first;
    size_t n = PAGE;
    *found = false;
    while (!*found && n == PAGE) {
        OG_TRY(og_manifest_page(st, ls->task, from, page, PAGE, &n, err));
        for (size_t i = 0; i < n && !*found; i++) {
            if (page[i].first != ls->first)
                return OG_OK;
            *found = page[i].lease == ls->id;
            if (*found)
                *out = page[i];
        }
        if (n == PAGE) /* as many attempts at one range do not exist: retry is at most 8 */
            break;
    }
    return OG_OK;
}

static json_t *path_json(const struct og_hash *leaf, size_t n, uint64_t index)
{
    struct og_merkle_path p;
    og_merkle_prove(leaf, n, index, &p);
    json_t *aunts = json_array();
    for (size_t i = 0; i < p.n; i++)
        json_array_append_new(aunts, og_json_new_hex(p.aunt[i].b, OG_HASH_LEN));
    json_t *o = json_object();
    json_object_set_new(o, "aunts", aunts);
    json_object_set_new(o, "index", json_integer((json_int_t)index));
    json_object_set_new(o, "leaf", og_json_new_hex(leaf[index].b, OG_HASH_LEN));
    return o;
}

static enum og_rc paths_json(const struct og_work_job *w, const struct og_hash *leaf, size_t n,
                             json_t **out, struct og_err *err)
{
    uint64_t *drawn = NULL;
    size_t n_drawn = 0;
    *out = json_array();
    if (w->lease.method != OG_VERIFY_EXACT || w->lease.checked != 2)
        return OG_OK;
    OG_TRY(og_view_drawn_leaves(&w->lease, &w->task, n, &drawn, &n_drawn, err));
    for (size_t i = 0; n_drawn < n && i < n_drawn; i++) /* all drawn: the root says it */
        if (drawn[i] < n)
            json_array_append_new(*out, path_json(leaf, n, drawn[i]));
    free(drawn);
    return OG_OK;
}

static uint64_t worst_exit(const struct og_buf *lines)
{
    uint64_t worst = 0;
    for (size_t at = 0; at < lines->len;) {
        const char *s = lines->p + at;
        const char *nl = memchr(s, '\n', lines->len - at);
        size_t n = nl ? (size_t)(nl - s) : lines->len - at;
        struct og_result_element e;
        struct og_err ignored;
        if (og_result_parse(s, n, &e, &ignored) == OG_OK) {
            worst = og_max_u64(worst, e.exit);
            og_result_release(&e);
        }
        at += n + 1;
    }
    return worst;
}

static bool opens(const struct og_hash *chain, const struct og_work_node *node,
                  const struct og_lease *ls, const struct og_hash *root)
{
    struct og_hash nonce = og_work_nonce(&node->secret, ls->id);
    struct og_hash h = og_work_commit_hash(chain, ls->id, &node->addr, &nonce, root);
    return memcmp(h.b, ls->commit.b, OG_HASH_LEN) == 0;
}

enum og_rc og_work_reveal_stored(struct og_store *st, const struct og_hash *chain,
                                 const struct og_work_node *node, const struct og_work_job *w,
                                 json_t **out, struct og_err *err)
{
    struct og_manifest m;
    struct og_hash *leaf = NULL;
    struct og_hash root;
    struct og_buf lines = OG_BUF_INIT;
    json_t *paths = NULL;
    size_t n = 0;
    bool found;
    *out = NULL;
    OG_TRY(og_work_manifest_of(st, &w->lease, &m, &found, err));
    if (!found || !opens(chain, node, &w->lease, &m.root))
        return OG_OK;
    enum og_rc rc = og_work_reread(w, &m.sha256, &leaf, &n, &root, &lines, err);
    if (rc == OG_OK && memcmp(root.b, m.root.b, OG_HASH_LEN) != 0)
        rc = og_err_set(err, OG_E_DATA, "the stored result of lease %llu has another root",
                        (unsigned long long)w->lease.id);
    if (rc == OG_OK)
        rc = paths_json(w, leaf, n, &paths, err);
    if (rc == OG_OK)
        *out = og_work_reveal_json(node, w->lease.id, &m.root, worst_exit(&lines), paths);
    json_decref(paths);
    free(leaf);
    og_buf_release(&lines);
    return rc;
}
