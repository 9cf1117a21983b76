/* validate_proof.c - a proof record, checked with nothing but the block header inside it. */
#include "validate.h"

#include "base/base_io.h"
#include "base/base_num.h"
#include "engine/engine_header.h"
#include "store/store_block.h"
#include "store/store_tree.h"
#include "json/json_canon.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROOF_MAX ((size_t)64 << 20)

static enum og_rc read_path(const json_t *o, const char *key, struct og_merkle_path *p,
                            struct og_err *err)
{
    const json_t *path;
    const json_t *aunts;
    memset(p, 0, sizeof *p);
    OG_TRY(og_json_obj(o, key, &path, err));
    OG_TRY(og_json_u64(path, "index", (uint64_t)1 << 53, &p->index, err));
    OG_TRY(og_json_u64(path, "total", (uint64_t)1 << 53, &p->total, err));
    OG_TRY(og_json_arr(path, "aunts", OG_MERKLE_PATH_MAX, &aunts, err));
    for (p->n = 0; p->n < json_array_size(aunts); p->n++) {
        const char *s = json_string_value(json_array_get(aunts, p->n));
        if (!s || !og_hex_decode(s, strlen(s), p->aunt[p->n].b, OG_HASH_LEN))
            return og_err_set(err, OG_E_DATA, "'aunts' must be hex hashes");
    }
    return OG_OK;
}

static enum og_rc read_bytes(const json_t *o, const char *key, struct og_buf *out,
                             struct og_err *err)
{
    const char *s;
    OG_TRY(og_json_str(o, key, PROOF_MAX, &s, err));
    size_t n = strlen(s) / 2;
    og_buf_reserve(out, n + 1);
    if (!og_hex_decode(s, strlen(s), (uint8_t *)out->p, n))
        return og_err_set(err, OG_E_DATA, "'%s' must be hex", key);
    out->len = n;
    return OG_OK;
}

/* The header stands for itself: its hash is over its canonical bytes. */
static enum og_rc read_header(const json_t *o, struct og_header *h, struct og_err *err)
{
    const json_t *header;
    struct og_hash want;
    struct og_buf line = OG_BUF_INIT;
    OG_TRY(og_json_obj(o, "header", &header, err));
    OG_TRY(og_json_hex(o, "hash", want.b, OG_HASH_LEN, err));
    enum og_rc rc = og_json_canon(header, &line, err);
    if (rc == OG_OK)
        rc = og_header_parse(line.p, line.len, h, err);
    og_buf_release(&line);
    if (rc == OG_OK && memcmp(h->hash.b, want.b, OG_HASH_LEN) != 0)
        rc = og_err_set(err, OG_E_DATA, "'hash' is not the header's");
    return rc;
}

static enum og_rc check_line(const json_t *o, const struct og_hash *root, struct og_err *err)
{
    const char *line;
    struct og_merkle_path path;
    OG_TRY(og_json_str(o, "line", PROOF_MAX, &line, err));
    OG_TRY(read_path(o, "path", &path, err));
    struct og_hash leaf = og_merkle_leaf(line, strlen(line));
    return og_merkle_verify(root, &leaf, &path)
               ? OG_OK
               : og_err_set(err, OG_E_DATA, "the line is not under the root in the header");
}

/* ---- rows: the bytes that are proven, and the record that people read ---- */

static const struct og_family *family_of(const char *name)
{
    for (size_t i = 0; i < OG_FAMILIES; i++)
        if (strcmp(og_families[i].name, name) == 0)
            return &og_families[i];
    return NULL;
}

struct cursor {
    const uint8_t *p;
    size_t n;
};

static const uint8_t *eat(struct cursor *c, size_t n)
{
    const uint8_t *at = c->p;
    if (n > c->n)
        return NULL;
    c->p += n;
    c->n -= n;
    return at;
}

static json_t *col_value(const struct og_col *col, struct cursor *c)
{
    const uint8_t *kind = eat(c, 1);
    const uint8_t *p;
    char addr[OG_ADDR_TEXT];
    if (!kind || *kind != (uint8_t)col->kind)
        return NULL;
    switch (col->kind) {
    case OG_COL_NUM: return (p = eat(c, 8)) ? json_integer((json_int_t)og_get_be64(p)) : NULL;
    case OG_COL_DEC: return (p = eat(c, 8)) ? og_json_new_dec(og_get_be64(p)) : NULL;
    case OG_COL_ENUM:
        return (p = eat(c, 8)) && og_get_be64(p) < 16 ? json_string(col->names[og_get_be64(p)])
                                                      : NULL;
    case OG_COL_HASH: return (p = eat(c, OG_HASH_LEN)) ? og_json_new_hex(p, OG_HASH_LEN) : NULL;
    case OG_COL_ADDR:
        if (!(p = eat(c, OG_ADDR_LEN)))
            return NULL;
        og_addr_format((const struct og_addr *)(const void *)p, addr);
        return json_string(addr);
    case OG_COL_TEXT:
    case OG_COL_BLOB: break;
    }
    const uint8_t *len = eat(c, 4);
    p = len ? eat(c, og_get_be32(len)) : NULL;
    if (!p)
        return NULL;
    return col->kind == OG_COL_TEXT ? json_stringn((const char *)p, og_get_be32(len))
                                    : og_json_new_hex(p, og_get_be32(len));
}

/* A map's value is the record itself, and its key the record's first member. */
static bool is_the_entry(const struct og_family *f, const struct og_buf *key,
                         const struct og_buf *row, const json_t *rec)
{
    struct og_buf line = OG_BUF_INIT;
    struct og_err ignored;
    const json_t *k = json_object_get(rec, f->cols[0].name);
    if (json_is_string(k))
        og_buf_adds(&line, json_string_value(k));
    else if (json_is_integer(k))
        og_buf_addf(&line, "%" JSON_INTEGER_FORMAT, json_integer_value(k));
    bool same = line.len && line.len == key->len && memcmp(line.p, key->p, key->len) == 0;
    og_buf_reset(&line);
    same = same && og_json_canon(rec, &line, &ignored) == OG_OK && line.len == row->len &&
           memcmp(line.p, row->p, row->len) == 0;
    og_buf_release(&line);
    return same;
}

/* Is the record what the bytes say, and nothing else? */
static bool says_the_same(const struct og_family *f, const struct og_buf *row, const json_t *rec)
{
    struct cursor c = {(const uint8_t *)row->p, row->len};
    const char *kind = json_string_value(json_object_get(rec, "kind"));
    bool same = json_object_size(rec) == f->n_cols + 2 && kind && strcmp(kind, f->name) == 0 &&
                json_integer_value(json_object_get(rec, "v")) == 1;
    for (size_t i = 0; same && i < f->n_cols; i++) {
        json_t *v = col_value(&f->cols[i], &c);
        same = v && json_equal(v, json_object_get(rec, f->cols[i].name));
        json_decref(v);
    }
    return same && c.n == 0;
}

static enum og_rc check_row(const json_t *o, const struct og_header *h, struct og_err *err)
{
    struct og_tree_proof p = {0};
    struct og_buf key = OG_BUF_INIT;
    struct og_buf row = OG_BUF_INIT;
    const char *store;
    const json_t *rec;
    OG_TRY(og_json_str(o, "store", 32, &store, err));
    OG_TRY(og_json_obj(o, "record", &rec, err));
    OG_TRY(og_json_hex(o, "store_root", p.store_root.b, OG_HASH_LEN, err));
    OG_TRY(read_path(o, "in_store", &p.in_store, err));
    OG_TRY(read_path(o, "in_app", &p.in_app, err));
    const struct og_family *f = family_of(store);
    OG_TRY(og_json_hex(o, "app_hash", p.app_hash.b, OG_HASH_LEN, err));
    if (memcmp(p.app_hash.b, h->app_hash.b, OG_HASH_LEN) != 0)
        return og_err_set(err, OG_E_DATA, "'app_hash' is not the header's");
    enum og_rc rc = OG_OK;
    bool map = og_tree_is_map(store);
    if (!f)
        rc = og_err_set(err, OG_E_DATA, "'%s' is no table of the state", store);
    else if (!map)
        rc = read_bytes(o, "bucket", &p.bucket, err);
    if (rc == OG_OK)
        rc = read_bytes(o, "key", &key, err);
    if (rc == OG_OK)
        rc = read_bytes(o, "row", &row, err);
    if (rc == OG_OK && !og_tree_verify(&p, store, &key, &row, &h->app_hash))
        rc = og_err_set(err, OG_E_DATA, "the row is not under the app hash in the header");
    bool same = rc == OG_OK && (map ? is_the_entry(f, &key, &row, rec)
                                    : row.len >= key.len && memcmp(row.p, key.p, key.len) == 0 &&
                                          says_the_same(f, &row, rec));
    if (rc == OG_OK && !same)
        rc = og_err_set(err, OG_E_DATA, "'record' is not what the proven bytes say");
    og_tree_proof_release(&p);
    og_buf_release(&key);
    og_buf_release(&row);
    return rc;
}

static enum og_rc check_proof(const json_t *o, struct og_header *h, struct og_err *err)
{
    const char *of;
    const char *kind;
    uint64_t v;
    uint64_t height;
    OG_TRY(og_json_str(o, "kind", 16, &kind, err));
    OG_TRY(og_json_u64(o, "v", UINT32_MAX, &v, err));
    OG_TRY(og_json_u64(o, "height", (uint64_t)1 << 53, &height, err));
    if (strcmp(kind, "proof") != 0)
        return og_err_set(err, OG_E_DATA, "'kind' must be proof");
    OG_TRY(og_json_str(o, "of", 16, &of, err));
    OG_TRY(read_header(o, h, err));
    if (v != 1)
        return og_err_set(err, OG_E_DATA, "proofs of version %" PRIu64 " are not known", v);
    if (height != h->open.height)
        return og_err_set(err, OG_E_DATA, "'height' is not the header's");
    if (strcmp(of, "tx") == 0)
        return check_line(o, &h->tx_root, err);
    if (strcmp(of, "receipt") == 0)
        return check_line(o, &h->receipt_root, err);
    if (strcmp(of, "row") == 0)
        return check_row(o, h, err);
    return og_err_set(err, OG_E_DATA, "'of' must be tx, receipt or row");
}

/* "yes", "no" or, where there is no state or no such block in it, "unknown". */
static const char *in_chain(const struct validate_options *o, const struct og_header *h)
{
    struct og_store *st = NULL;
    struct og_hash hash;
    struct og_err ignored;
    bool found = false;
    char *dir = og_cli_state_dir(&o->common);
    const char *answer = "unknown";
    if (og_store_open(dir, OG_STORE_READ, &st, &ignored) == OG_OK &&
        og_block_get(st, h->open.height, &hash, NULL, &found, &ignored) == OG_OK && found)
        answer = memcmp(hash.b, h->hash.b, OG_HASH_LEN) == 0 ? "yes" : "no";
    og_store_close(st);
    free(dir);
    return answer;
}

static enum og_rc report(const struct validate_options *o, const json_t *proof,
                         const struct og_header *h, enum og_rc valid, const struct og_err *why,
                         struct og_err *err)
{
    json_t *out = json_pack("{s:s, s:i, s:b, s:I, s:s}", "kind", "proof.verdict", "v", 1, "ok",
                            (int)(valid == OG_OK), "height", (json_int_t)h->open.height,
                            "in_local_chain", valid == OG_OK ? in_chain(o, h) : "unknown");
    if (json_is_string(json_object_get(proof, "of")))
        json_object_set(out, "of", json_object_get(proof, "of"));
    if (valid == OG_OK) {
        json_object_set_new(out, "hash", og_json_new_hex(h->hash.b, OG_HASH_LEN));
        json_object_set_new(out, "chain", og_json_new_hex(h->chain.b, OG_HASH_LEN));
    } else {
        json_object_set_new(out, "what", json_string(why->msg));
    }
    enum og_rc rc = og_jsonl_write(stdout, out, err);
    json_decref(out);
    if (rc == OG_OK && valid != OG_OK)
        return og_err_set(err, OG_NO, "the proof is not valid: %s", why->msg);
    return rc;
}

enum og_rc validate_proof(const struct validate_options *o, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_header h = {0};
    struct og_err why = {0};
    json_error_t je;
    bool from_stdin = strcmp(o->proof, "-") == 0;
    enum og_rc rc = from_stdin ? og_io_read_fd(STDIN_FILENO, PROOF_MAX, &text, err)
                               : og_io_read_file(o->proof, PROOF_MAX, &text, err);
    json_t *proof = rc == OG_OK
                        ? json_loadb(text.p ? text.p : "", text.len, JSON_REJECT_DUPLICATES, &je)
                        : NULL;
    if (rc == OG_OK && !json_is_object(proof))
        rc =
            og_err_set(err, OG_E_DATA, "%s is not a proof record", from_stdin ? "stdin" : o->proof);
    if (rc == OG_OK) {
        enum og_rc valid = check_proof(proof, &h, &why);
        rc = report(o, proof, &h, valid, &why, err);
    }
    og_header_release(&h);
    json_decref(proof);
    og_buf_release(&text);
    return rc;
}
