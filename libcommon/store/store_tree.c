/* store_tree.c - keeps the bucket trees of the app hash and proves rows. */
#include "store/store_tree.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "store/store_bucket.h"
#include "store/store_db.h"
#include "store/store_map.h"
#include "store/store_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS 4 /* of 16 children: nodes at level 0 (top) to 3; level 3 holds bucket hashes */

static const char SQL_DIRTY_ADD[] =
    "INSERT INTO dirty(store, key) VALUES(?1, ?2) ON CONFLICT DO NOTHING";
static const char SQL_DIRTY_COUNT[] = "SELECT count(*) FROM dirty";
static const char SQL_DIRTY_CLEAR[] = "DELETE FROM dirty";
static const char SQL_DIRTY_PAGE[] =
    "SELECT key FROM dirty WHERE store = ?1 AND key > ?2 ORDER BY key LIMIT ?3";
static const char SQL_BUCKET_GET[] = "SELECT content FROM bucket WHERE store = ?1 AND idx = ?2";
static const char SQL_BUCKET_PUT[] =
    "INSERT INTO bucket(store, idx, content) VALUES(?1, ?2, ?3) "
    "ON CONFLICT(store, idx) DO UPDATE SET content = excluded.content";
static const char SQL_NODE_GET[] =
    "SELECT hashes FROM treenode WHERE store = ?1 AND level = ?2 AND idx = ?3";
static const char SQL_NODE_PUT[] =
    "INSERT INTO treenode(store, level, idx, hashes) VALUES(?1, ?2, ?3, ?4) "
    "ON CONFLICT(store, level, idx) DO UPDATE SET hashes = excluded.hashes";
static const char SQL_ROOT_GET[] = "SELECT hash FROM storeroot WHERE store = ?1";
static const char SQL_ROOT_PUT[] = "INSERT INTO storeroot(store, hash) VALUES(?1, ?2) "
                                   "ON CONFLICT(store) DO UPDATE SET hash = excluded.hash";

enum og_rc og_tree_touch(struct og_store *st, const struct og_family *f, const void *rec,
                         struct og_err *err)
{
    sqlite3_stmt *s;
    struct og_buf key = OG_BUF_INIT;
    og_row_key_bytes(f, rec, &key);
    enum og_rc rc = og_db_stmt(st, SQL_DIRTY_ADD, &s, err);
    if (rc == OG_OK) {
        og_db_bind_u64(s, 1, (uint64_t)f->index);
        og_db_bind_blob(s, 2, key.p, key.len);
        rc = og_db_run(st, s, err);
    }
    og_buf_release(&key);
    return rc;
}

enum og_rc og_tree_pending(struct og_store *st, uint64_t *n, struct og_err *err)
{
    sqlite3_stmt *s;
    bool row;
    *n = 0;
    OG_TRY(og_cache_flush(st, err));
    OG_TRY(og_db_stmt(st, SQL_DIRTY_COUNT, &s, err));
    OG_TRY(og_db_step(st, s, &row, err));
    *n = og_db_u64(s, 0);
    og_db_reset(s);
    return OG_OK;
}

/* Hash of an empty subtree whose children stand at `level` + 1; level LEVELS is one bucket. */
static struct og_hash empty_at(int level)
{
    struct og_hash h = og_merkle_leaf("", 0);
    for (int i = 0; i < 4 * (LEVELS - level); i++)
        h = og_merkle_inner(&h, &h);
    return h;
}

static enum og_rc get_bytes(struct og_store *st, sqlite3_stmt *s, struct og_buf *out,
                            struct og_err *err)
{
    bool row;
    og_buf_reset(out);
    OG_TRY(og_db_step(st, s, &row, err));
    if (row) {
        og_buf_add(out, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
        og_db_reset(s);
    }
    return OG_OK;
}

static enum og_rc bucket_get(struct og_store *st, int f, unsigned idx, struct og_buf *out,
                             struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_BUCKET_GET, &s, err));
    og_db_bind_u64(s, 1, (uint64_t)f);
    og_db_bind_u64(s, 2, idx);
    return get_bytes(st, s, out, err);
}

static enum og_rc bucket_put(struct og_store *st, int f, unsigned idx, const struct og_buf *b,
                             struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_BUCKET_PUT, &s, err));
    og_db_bind_u64(s, 1, (uint64_t)f);
    og_db_bind_u64(s, 2, idx);
    og_db_bind_blob(s, 3, b->p, b->len);
    return og_db_run(st, s, err);
}

static enum og_rc node_get(struct og_store *st, int f, int level, unsigned idx,
                           struct og_hash h[16], struct og_err *err)
{
    sqlite3_stmt *s;
    bool row;
    OG_TRY(og_db_stmt(st, SQL_NODE_GET, &s, err));
    og_db_bind_u64(s, 1, (uint64_t)f);
    og_db_bind_u64(s, 2, (uint64_t)level);
    og_db_bind_u64(s, 3, idx);
    OG_TRY(og_db_step(st, s, &row, err));
    if (row && sqlite3_column_bytes(s, 0) == 16 * OG_HASH_LEN) {
        memcpy(h, sqlite3_column_blob(s, 0), 16 * OG_HASH_LEN);
    } else {
        struct og_hash e = empty_at(level + 1);
        for (int i = 0; i < 16; i++)
            h[i] = e;
    }
    if (row)
        og_db_reset(s);
    return OG_OK;
}

static enum og_rc node_put(struct og_store *st, int f, int level, unsigned idx,
                           const struct og_hash h[16], struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_NODE_PUT, &s, err));
    og_db_bind_u64(s, 1, (uint64_t)f);
    og_db_bind_u64(s, 2, (uint64_t)level);
    og_db_bind_u64(s, 3, idx);
    og_db_bind_blob(s, 4, h, 16 * OG_HASH_LEN);
    return og_db_run(st, s, err);
}

static enum og_rc root_put(struct og_store *st, int f, const struct og_hash *h, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_ROOT_PUT, &s, err));
    og_db_bind_u64(s, 1, (uint64_t)f);
    og_db_bind_blob(s, 2, h->b, OG_HASH_LEN);
    return og_db_run(st, s, err);
}

static enum og_rc root_get(struct og_store *st, int f, struct og_hash *h, struct og_err *err)
{
    sqlite3_stmt *s;
    bool row;
    OG_TRY(og_db_stmt(st, SQL_ROOT_GET, &s, err));
    og_db_bind_u64(s, 1, (uint64_t)f);
    OG_TRY(og_db_step(st, s, &row, err));
    *h = og_map_is((enum og_family_index)f) ? og_sha256("", 0) : empty_at(0);
    if (row) {
        if (sqlite3_column_bytes(s, 0) == OG_HASH_LEN)
            memcpy(h->b, sqlite3_column_blob(s, 0), OG_HASH_LEN);
        og_db_reset(s);
    }
    return OG_OK;
}

/* Key bytes back into the key columns of a zeroed record. */
static void key_to_rec(const struct og_family *f, const char *p, void *rec)
{
    for (size_t i = 0; i < f->n_key; i++) {
        void *at = (char *)rec + f->cols[i].at;
        p++;
        switch (f->cols[i].kind) {
        case OG_COL_NUM:
        case OG_COL_DEC:
        case OG_COL_ENUM:
            *(uint64_t *)at = og_get_be64((const uint8_t *)p);
            p += 8;
            break;
        case OG_COL_HASH:
            memcpy(at, p, OG_HASH_LEN);
            p += OG_HASH_LEN;
            break;
        case OG_COL_ADDR:
            memcpy(at, p, OG_ADDR_LEN);
            p += OG_ADDR_LEN;
            break;
        case OG_COL_TEXT:
        case OG_COL_BLOB: {
            size_t n = og_get_be32((const uint8_t *)p);
            char *t = og_xstrndup(p + 4, n);
            *(char **)at = t;
            p += 4 + n;
            break;
        }
        }
    }
}

struct touched {
    unsigned bucket;
    struct og_buf key;
    struct og_hash hash;
    bool there;
};

static int by_bucket(const void *a, const void *b)
{
    const struct touched *x = a;
    const struct touched *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    return og_bucket_key_cmp(x->key.p, x->key.len, y->key.p, y->key.len);
}

static enum og_rc row_hash(struct og_store *st, const struct og_family *f, struct touched *t,
                           struct og_buf *bytes, struct og_err *err)
{
    void *rec = og_xcalloc(1, f->size);
    key_to_rec(f, t->key.p, rec);
    enum og_rc rc =
        og_row_stored_bytes(st, (enum og_family_index)f->index, rec, bytes, &t->there, err);
    if (t->there)
        t->hash = og_sha256(bytes->p, bytes->len);
    og_row_release(f, rec);
    free(rec);
    return rc;
}

static enum og_rc load_dirty(struct og_store *st, int f, struct touched **out, size_t *n,
                             struct og_err *err)
{
    size_t cap = 0;
    sqlite3_stmt *s;
    *out = NULL;
    *n = 0;
    OG_TRY(og_db_stmt(st, SQL_DIRTY_PAGE, &s, err));
    og_db_bind_u64(s, 1, (uint64_t)f);
    og_db_bind_blob(s, 2, "", 0);
    og_db_bind_u64(s, 3, INT64_MAX);
    for (;;) {
        bool row;
        OG_TRY(og_db_step(st, s, &row, err));
        if (!row)
            return OG_OK;
        *out = og_xgrow(*out, &cap, *n + 1, sizeof **out);
        struct touched *t = &(*out)[(*n)++];
        memset(t, 0, sizeof *t);
        og_buf_add(&t->key, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
        t->bucket = og_bucket_of(t->key.p, t->key.len);
    }
}

/* Applies the changes of one bucket; gives its new hash. */
static enum og_rc update_bucket(struct og_store *st, int f, const struct touched *t, size_t n,
                                struct og_hash *hash, struct og_err *err)
{
    struct og_buf a = OG_BUF_INIT;
    struct og_buf b = OG_BUF_INIT;
    enum og_rc rc = bucket_get(st, f, t->bucket, &a, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        og_bucket_edit(&a, t[i].key.p, t[i].key.len, t[i].there ? &t[i].hash : NULL, &b);
        struct og_buf swap = a;
        a = b;
        b = swap;
    }
    if (rc == OG_OK)
        rc = bucket_put(st, f, t->bucket, &a, err);
    *hash = og_merkle_leaf(a.p ? a.p : "", a.len);
    og_buf_release(&a);
    og_buf_release(&b);
    return rc;
}

struct change {
    unsigned idx; /* of the child, at the level above whose node we are */
    struct og_hash hash;
};

/* One level up: children's changes (sorted by idx) become changes of their parents, in place. */
static enum og_rc climb(struct og_store *st, int f, int level, struct change *c, size_t *n,
                        struct og_err *err)
{
    size_t out = 0;
    for (size_t i = 0; i < *n;) {
        unsigned parent = c[i].idx / 16;
        struct og_hash h[16];
        OG_TRY(node_get(st, f, level, parent, h, err));
        for (; i < *n && c[i].idx / 16 == parent; i++)
            h[c[i].idx % 16] = c[i].hash;
        OG_TRY(node_put(st, f, level, parent, h, err));
        c[out].idx = parent;
        c[out].hash = og_merkle_root(h, 16);
        out++;
    }
    *n = out;
    return OG_OK;
}

static enum og_rc update_store(struct og_store *st, int f, struct touched *t, size_t n,
                               struct og_err *err)
{
    struct change *c = og_xcalloc(n, sizeof *c);
    size_t nc = 0;
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < n;) {
        size_t j = i;
        while (j < n && t[j].bucket == t[i].bucket)
            j++;
        c[nc].idx = t[i].bucket;
        rc = update_bucket(st, f, t + i, j - i, &c[nc].hash, err);
        nc++;
        i = j;
    }
    for (int level = LEVELS - 1; rc == OG_OK && level >= 0; level--)
        rc = climb(st, f, level, c, &nc, err);
    if (rc == OG_OK)
        rc = root_put(st, f, &c[0].hash, err);
    free(c);
    return rc;
}

static enum og_rc map_root(struct og_store *st, int f, struct og_hash *out, struct og_err *err)
{
    struct og_hash *leaf;
    size_t n;
    size_t at;
    OG_TRY(og_map_leaves(st, (enum og_family_index)f, NULL, &leaf, &n, &at, err));
    *out = og_merkle_root(leaf, n);
    free(leaf);
    return OG_OK;
}

static enum og_rc flush_family(struct og_store *st, int f, struct og_err *err)
{
    struct touched *t;
    size_t n;
    enum og_rc rc = load_dirty(st, f, &t, &n, err);
    if (rc == OG_OK && n && og_map_is((enum og_family_index)f)) {
        struct og_hash h;
        rc = map_root(st, f, &h, err);
        if (rc == OG_OK)
            rc = root_put(st, f, &h, err);
    } else if (rc == OG_OK && n) {
        struct og_buf bytes = OG_BUF_INIT;
        for (size_t i = 0; rc == OG_OK && i < n; i++)
            rc = row_hash(st, &og_families[f], &t[i], &bytes, err);
        og_buf_release(&bytes);
        qsort(t, n, sizeof *t, by_bucket);
        if (rc == OG_OK)
            rc = update_store(st, f, t, n, err);
    }
    for (size_t i = 0; i < n; i++)
        og_buf_release(&t[i].key);
    free(t);
    return rc;
}

/* Leaves of the map of stores, *n of them; *at: where that of family `of` stands, *n where there is
 * none. A late store without rows is no part of it, so that older chains keep their hashes. */
static struct og_hash app_of_roots(const struct og_hash root[OG_FAMILIES],
                                   struct og_hash leaf[OG_FAMILIES], int of, size_t *n, size_t *at)
{
    struct og_hash none = empty_at(0);
    *n = 0;
    *at = OG_FAMILIES;
    for (int f = 0; f < OG_FAMILIES; f++) {
        if (og_families[f].late && memcmp(root[f].b, none.b, OG_HASH_LEN) == 0)
            continue;
        if (f == of)
            *at = *n;
        leaf[(*n)++] = og_merkle_map_leaf(og_families[f].name, strlen(og_families[f].name),
                                          root[f].b, OG_HASH_LEN);
    }
    return og_merkle_root(leaf, *n);
}

enum og_rc og_tree_flush(struct og_store *st, struct og_hash *app_hash, struct og_err *err)
{
    struct og_hash root[OG_FAMILIES];
    struct og_hash leaf[OG_FAMILIES];
    sqlite3_stmt *s;
    OG_TRY(og_cache_flush(st, err));
    for (int f = 0; f < OG_FAMILIES; f++)
        OG_TRY(flush_family(st, f, err));
    for (int f = 0; f < OG_FAMILIES; f++)
        OG_TRY(root_get(st, f, &root[f], err));
    size_t n;
    size_t at;
    *app_hash = app_of_roots(root, leaf, -1, &n, &at);
    OG_TRY(og_db_stmt(st, SQL_DIRTY_CLEAR, &s, err));
    return og_db_run(st, s, err);
}

struct scan {
    const struct og_family *f;
    struct og_buf *bucket; /* OG_BUCKETS of them */
    struct og_buf key, row, next;
};

static enum og_rc scan_row(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    struct scan *s = ctx;
    og_buf_reset(&s->key);
    og_buf_reset(&s->row);
    og_row_key_bytes(s->f, rec, &s->key);
    og_row_bytes(s->f, rec, &s->row);
    struct og_hash h = og_sha256(s->row.p, s->row.len);
    struct og_buf *b = &s->bucket[og_bucket_of(s->key.p, s->key.len)];
    og_bucket_edit(b, s->key.p, s->key.len, &h, &s->next);
    og_buf_reset(b);
    og_buf_add(b, s->next.p, s->next.len);
    return OG_OK;
}

static enum og_rc scan_family(struct og_store *st, int f, struct og_hash *root, struct og_err *err)
{
    struct scan s = {.f = &og_families[f], .bucket = og_xcalloc(OG_BUCKETS, sizeof *s.bucket)};
    struct og_hash *leaf = og_xcalloc(OG_BUCKETS, sizeof *leaf);
    enum og_rc rc = og_row_walk(st, (enum og_family_index)f, scan_row, &s, err);
    struct og_hash none = og_merkle_leaf("", 0);
    for (unsigned i = 0; i < OG_BUCKETS; i++) {
        leaf[i] = s.bucket[i].len ? og_merkle_leaf(s.bucket[i].p, s.bucket[i].len) : none;
        og_buf_release(&s.bucket[i]);
    }
    *root = og_merkle_root(leaf, OG_BUCKETS);
    og_buf_release(&s.key);
    og_buf_release(&s.row);
    og_buf_release(&s.next);
    free(leaf);
    free(s.bucket);
    return rc;
}

enum og_rc og_tree_recompute(struct og_store *st, struct og_hash *app_hash, struct og_err *err)
{
    struct og_hash root[OG_FAMILIES];
    struct og_hash leaf[OG_FAMILIES];
    for (int f = 0; f < OG_FAMILIES; f++) {
        uint64_t rows;
        OG_TRY(og_row_count(st, (enum og_family_index)f, &rows, err));
        if (og_map_is((enum og_family_index)f))
            OG_TRY(map_root(st, f, &root[f], err));
        else if (rows)
            OG_TRY(scan_family(st, f, &root[f], err));
        else
            root[f] = empty_at(0);
    }
    size_t n;
    size_t at;
    *app_hash = app_of_roots(root, leaf, -1, &n, &at);
    return OG_OK;
}

void og_tree_proof_release(struct og_tree_proof *p)
{
    if (p)
        og_buf_release(&p->bucket);
}

static enum og_rc prove_bucket(struct og_store *st, enum og_family_index f, const void *rec,
                               struct og_tree_proof *out, struct og_err *err)
{
    struct og_buf key = OG_BUF_INIT;
    og_row_key_bytes(&og_families[f], rec, &key);
    unsigned b = og_bucket_of(key.p, key.len);
    og_buf_release(&key);
    OG_TRY(bucket_get(st, (int)f, b, &out->bucket, err));
    out->in_store = (struct og_merkle_path){.total = OG_BUCKETS, .index = b};
    for (int level = LEVELS - 1; level >= 0; level--) {
        unsigned shift = 4u * (unsigned)(LEVELS - 1 - level);
        struct og_hash h[16];
        struct og_merkle_path part;
        OG_TRY(node_get(st, (int)f, level, b >> (shift + 4), h, err));
        og_merkle_prove(h, 16, (b >> shift) % 16, &part);
        for (size_t i = 0; i < part.n; i++)
            out->in_store.aunt[out->in_store.n++] = part.aunt[i];
    }
    return OG_OK;
}

static enum og_rc prove_entry(struct og_store *st, enum og_family_index f, const void *rec,
                              struct og_tree_proof *out, struct og_err *err)
{
    struct og_buf key = OG_BUF_INIT;
    struct og_hash *leaf;
    size_t n;
    size_t at;
    og_map_key(&og_families[f], rec, &key);
    enum og_rc rc = og_map_leaves(st, f, &key, &leaf, &n, &at, err);
    if (rc == OG_OK && at == n)
        rc = og_err_set(err, OG_E_USAGE, "that '%s' is not in '%s' has no proof", key.p,
                        og_families[f].name);
    if (rc == OG_OK)
        og_merkle_prove(leaf, n, at, &out->in_store);
    free(leaf);
    og_buf_release(&key);
    return rc;
}

enum og_rc og_tree_prove(struct og_store *st, enum og_family_index f, const void *rec,
                         struct og_tree_proof *out, struct og_err *err)
{
    memset(out, 0, sizeof *out);
    OG_TRY(og_map_is(f) ? prove_entry(st, f, rec, out, err) : prove_bucket(st, f, rec, out, err));
    struct og_hash root[OG_FAMILIES];
    struct og_hash leaf[OG_FAMILIES];
    for (int i = 0; i < OG_FAMILIES; i++)
        OG_TRY(root_get(st, i, &root[i], err));
    out->store_root = root[f];
    size_t n;
    size_t at;
    out->app_hash = app_of_roots(root, leaf, (int)f, &n, &at);
    if (at == OG_FAMILIES)
        return og_err_set(err, OG_E_USAGE,
                          "'%s' has no rows: that something is not in it has no "
                          "proof",
                          og_families[f].name);
    og_merkle_prove(leaf, n, at, &out->in_app);
    return OG_OK;
}

enum og_rc og_tree_bytes(enum og_family_index f, const void *rec, struct og_buf *key,
                         struct og_buf *row, struct og_err *err)
{
    const struct og_family *fam = &og_families[f];
    if (og_map_is(f)) {
        og_map_key(fam, rec, key);
        return og_map_value(fam, rec, row, err);
    }
    og_row_key_bytes(fam, rec, key);
    og_row_bytes(fam, rec, row);
    return OG_OK;
}

static bool in_map(const struct og_tree_proof *p, const struct og_buf *key,
                   const struct og_buf *value)
{
    if (!value || p->bucket.len || !key->len || !value->len)
        return false;
    struct og_hash leaf = og_merkle_map_leaf(key->p, key->len, value->p, value->len);
    return og_merkle_verify(&p->store_root, &leaf, &p->in_store);
}

static bool in_bucket(const struct og_tree_proof *p, const struct og_buf *key_bytes,
                      const struct og_buf *row_bytes)
{
    if (p->in_store.total != OG_BUCKETS ||
        p->in_store.index != og_bucket_of(key_bytes->p, key_bytes->len))
        return false;
    struct og_hash want =
        row_bytes ? og_sha256(row_bytes->p, row_bytes->len) : (struct og_hash){{0}};
    bool seen = false;
    for (size_t at = 0; at < p->bucket.len;) {
        size_t n = og_bucket_entry(p->bucket.p + at, p->bucket.len - at);
        if (!n)
            return false;
        const char *e = p->bucket.p + at;
        if (og_bucket_key_cmp(e + 4, n - 4 - OG_HASH_LEN, key_bytes->p, key_bytes->len) == 0) {
            if (!row_bytes || memcmp(e + n - OG_HASH_LEN, want.b, OG_HASH_LEN) != 0)
                return false;
            seen = true;
        }
        at += n;
    }
    if (seen != (row_bytes != NULL))
        return false;
    struct og_hash leaf = og_merkle_leaf(p->bucket.p ? p->bucket.p : "", p->bucket.len);
    return og_merkle_verify(&p->store_root, &leaf, &p->in_store);
}

bool og_tree_is_map(const char *store)
{
    for (int f = 0; f < OG_FAMILIES; f++)
        if (strcmp(og_families[f].name, store) == 0)
            return og_map_is((enum og_family_index)f);
    return false;
}

bool og_tree_verify(const struct og_tree_proof *p, const char *store,
                    const struct og_buf *key_bytes, const struct og_buf *row_bytes,
                    const struct og_hash *app_hash)
{
    bool there = og_tree_is_map(store) ? in_map(p, key_bytes, row_bytes)
                                       : in_bucket(p, key_bytes, row_bytes);
    struct og_hash top = og_merkle_map_leaf(store, strlen(store), p->store_root.b, OG_HASH_LEN);
    return there && og_merkle_verify(app_hash, &top, &p->in_app);
}
