/* show_proof.c - Merkle proofs: a transaction or receipt to its block's header, a row of the state
 * to the app hash that the next block's header carries. */
#include "base/base_num.h"
#include "show.h"
#include "store/store_contract.h"
#include "store/store_row.h"
#include "store/store_tree.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static json_t *hex(const struct og_hash *h)
{
    return og_json_new_hex(h->b, OG_HASH_LEN);
}

static json_t *path_json(const struct og_merkle_path *p)
{
    json_t *aunts = json_array();
    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(aunts, hex(&p->aunt[i]));
    return json_pack("{s:o, s:I, s:I}", "aunts", aunts, "index", (json_int_t)p->index, "total",
                     (json_int_t)p->total);
}

/* The path of a leaf among the leaves of a block. */
static enum og_rc block_path(struct og_store *st, uint64_t height, bool receipts,
                             const struct og_hash *leaf, json_t **out, struct og_err *err)
{
    struct og_hash *leaves;
    size_t n;
    *out = NULL;
    enum og_rc rc = og_block_leaves(st, height, receipts, &leaves, &n, err);
    size_t at = 0;
    while (rc == OG_OK && at < n && memcmp(leaves[at].b, leaf->b, OG_HASH_LEN) != 0)
        at++;
    if (rc == OG_OK && at == n)
        rc = og_err_set(err, OG_E_DATA, "block %" PRIu64 " does not hold its own part", height);
    if (rc == OG_OK) {
        struct og_merkle_path path;
        og_merkle_prove(leaves, n, at, &path);
        *out = path_json(&path);
    }
    free(leaves);
    return rc;
}

static enum og_rc block_part(struct og_store *st, const char *of, uint64_t pos,
                             const struct og_buf *line, json_t **out, struct og_err *err)
{
    uint64_t height = OG_POS_HEIGHT(pos);
    struct og_hash hash;
    json_t *header;
    json_t *path;
    OG_TRY(show_header(st, height, &hash, &header, err));
    if (!header)
        return og_err_set(err, OG_E_TEMPFAIL, "block %" PRIu64 " is not sealed yet", height);
    struct og_hash leaf = og_merkle_leaf(line->p, line->len);
    enum og_rc rc = block_path(st, height, of[0] == 'r', &leaf, &path, err);
    if (rc != OG_OK) {
        json_decref(header);
        return rc;
    }
    *out = json_pack("{s:o, s:o, s:I, s:s, s:s%, s:s, s:o, s:i}", "hash", hex(&hash), "header",
                     header, "height", (json_int_t)height, "kind", "proof", "line", line->p,
                     line->len, "of", of, "path", path, "v", 1);
    return *out ? OG_OK : og_err_set(err, OG_E_INTERNAL, "cannot write the proof");
}

static enum og_rc receipt_proof(struct og_store *st, uint64_t task, json_t **out,
                                struct og_err *err)
{
    struct og_buf line = OG_BUF_INIT;
    uint64_t pos;
    bool found;
    enum og_rc rc = og_receipt_get(st, task, &pos, &line, &found, err);
    if (rc == OG_OK && !found)
        rc = og_err_set(err, OG_NO, "there is no receipt of task %" PRIu64, task);
    if (rc == OG_OK)
        rc = block_part(st, "receipt", pos, &line, out, err);
    og_buf_release(&line);
    return rc;
}

static enum og_rc contract_proof(struct og_store *st, uint64_t tx, json_t **out, struct og_err *err)
{
    struct og_buf line = OG_BUF_INIT;
    uint64_t pos;
    bool found;
    enum og_rc rc = og_contract_receipt_get(st, tx, &pos, &line, &found, err);
    if (rc == OG_OK && !found)
        rc = og_err_set(err, OG_NO, "the transaction has no receipt");
    if (rc == OG_OK)
        rc = block_part(st, "receipt", pos, &line, out, err);
    og_buf_release(&line);
    return rc;
}

static json_t *row_json(const struct show_target *t, const struct og_tree_proof *p,
                        const struct og_buf *key, const struct og_buf *row)
{
    const struct og_family *f = &og_families[t->family];
    json_t *o =
        json_pack("{s:s, s:s, s:i, s:s}", "kind", "proof", "of", "row", "v", 1, "store", f->name);
    json_object_set_new(o, "record", og_row_json(f, t->rec, f->name));
    json_object_set_new(o, "key", og_json_new_hex(key->p, key->len));
    json_object_set_new(o, "row", og_json_new_hex(row->p, row->len));
    if (!og_tree_is_map(f->name))
        json_object_set_new(o, "bucket", og_json_new_hex(p->bucket.p, p->bucket.len));
    json_object_set_new(o, "in_store", path_json(&p->in_store));
    json_object_set_new(o, "store_root", hex(&p->store_root));
    json_object_set_new(o, "in_app", path_json(&p->in_app));
    json_object_set_new(o, "app_hash", hex(&p->app_hash));
    return o;
}

static enum og_rc row_proof(struct og_store *st, const struct show_target *t, json_t **out,
                            bool *stale, struct og_err *err)
{
    const struct og_family *f = &og_families[t->family];
    struct og_tree_proof p;
    struct og_buf key = OG_BUF_INIT;
    struct og_buf row = OG_BUF_INIT;
    enum og_rc rc = og_tree_prove(st, t->family, t->rec, &p, err);
    if (rc == OG_OK) {
        rc = og_tree_bytes(t->family, t->rec, &key, &row, err);
    }
    if (rc == OG_OK) {
        *stale = !og_tree_verify(&p, f->name, &key, &row, &p.app_hash);
        if (!*stale)
            *out = row_json(t, &p, &key, &row);
    }
    og_buf_release(&key);
    og_buf_release(&row);
    og_tree_proof_release(&p);
    return rc;
}

enum og_rc show_proof(struct og_store *st, const struct show_target *t, json_t **out, bool *stale,
                      uint64_t *height, struct og_err *err)
{
    *out = NULL;
    *stale = false;
    OG_TRY(og_block_last(st, height, NULL, err));
    switch (t->what) {
    case SHOW_ROW: return row_proof(st, t, out, stale, err);
    case SHOW_TX:
        *stale = OG_POS_HEIGHT(t->tx.pos) > *height;
        return *stale ? OG_OK : block_part(st, "tx", t->tx.pos, &t->tx.line, out, err);
    case SHOW_RECEIPT:
        if (t->number)
            return receipt_proof(st, t->number, out, err);
        *stale = OG_POS_HEIGHT(t->tx.pos) > *height;
        return *stale ? OG_OK : contract_proof(st, t->tx.pos, out, err);
    case SHOW_BLOCK:
    case SHOW_PARAMS: break;
    }
    return og_err_set(err, OG_E_USAGE, "--proof is for transactions, receipts and rows");
}

/* Puts the header in when it commits to the proof's app hash. */
static enum og_rc try_header(struct og_store *st, json_t *proof, uint64_t height, bool *found,
                             struct og_err *err)
{
    struct og_hash hash;
    json_t *header;
    const char *app = NULL;
    OG_TRY(show_header(st, height, &hash, &header, err));
    if (!header)
        return OG_OK;
    enum og_rc rc = og_json_str(header, "app_hash", 2 * OG_HASH_LEN, &app, err);
    *found = rc == OG_OK && strcmp(app, json_string_value(json_object_get(proof, "app_hash"))) == 0;
    if (*found) {
        json_object_set(proof, "header", header);
        json_object_set_new(proof, "height", json_integer((json_int_t)height));
        json_object_set_new(proof, "hash", hex(&hash));
    }
    json_decref(header);
    return rc;
}

/* The state after block H stands in header H + 1; in header H, too, when H changed nothing. */
enum og_rc show_proof_header(struct og_store *st, json_t *proof, uint64_t height, bool *found,
                             struct og_err *err)
{
    *found = false;
    OG_TRY(try_header(st, proof, height + 1, found, err));
    return *found || height == 0 ? OG_OK : try_header(st, proof, height, found, err);
}
