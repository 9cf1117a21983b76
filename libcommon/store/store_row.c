/* store_row.c - generic records over SQL made from the constant column descriptions. */
#include "store/store_row.h"

#include "base/base_mem.h"
#include "store/store_db.h"
#include "store/store_tree.h"

#include <stdlib.h>
#include <string.h>

enum { SQL_GET, SQL_SET, SQL_ADD, SQL_DEL, SQL_SCAN, SQL_PAGE, SQL_COUNT, SQL_OLD };
_Static_assert(SQL_OLD + 1 == OG_FAMILY_SQL, "struct og_store has room for each");

static void add_cols(struct og_buf *b, const struct og_family *f, size_t from, size_t to,
                     const char *before, const char *fmt_mid)
{
    for (size_t i = from; i < to; i++)
        og_buf_addf(b, "%s\"%s\"%s", i == from ? "" : before, f->cols[i].name, fmt_mid);
}

static void add_key_where(struct og_buf *b, const struct og_family *f)
{
    og_buf_adds(b, " WHERE ");
    for (size_t i = 0; i < f->n_key; i++)
        og_buf_addf(b, "%s\"%s\" = ?%zu", i ? " AND " : "", f->cols[i].name, i + 1);
}

static void add_select(struct og_buf *b, const struct og_family *f)
{
    og_buf_adds(b, "SELECT ");
    add_cols(b, f, 0, f->n_cols, ", ", "");
    og_buf_addf(b, " FROM \"%s\"", f->name);
}

static void add_order(struct og_buf *b, const struct og_family *f)
{
    og_buf_adds(b, " ORDER BY ");
    add_cols(b, f, 0, f->n_key, ", ", "");
}

static void add_set(struct og_buf *b, const struct og_family *f)
{
    og_buf_addf(b, "UPDATE \"%s\" SET ", f->name);
    for (size_t i = f->n_key; i < f->n_cols; i++)
        og_buf_addf(b, "%s\"%s\" = ?%zu", i == f->n_key ? "" : ", ", f->cols[i].name, i + 1);
    add_key_where(b, f);
}

static void add_add(struct og_buf *b, const struct og_family *f)
{
    og_buf_addf(b, "INSERT%s INTO \"%s\"(", f->n_key == f->n_cols ? " OR IGNORE" : "", f->name);
    add_cols(b, f, 0, f->n_cols, ", ", "");
    og_buf_adds(b, ") VALUES(");
    for (size_t i = 0; i < f->n_cols; i++)
        og_buf_addf(b, "%s?%zu", i ? ", " : "", i + 1);
    og_buf_addc(b, ')');
}

/* What is counted of a row. */
static void add_old(struct og_buf *b, const struct og_family *f)
{
    const struct og_counted *c = og_counted_of((enum og_family_index)f->index);
    const char *key = f->cols[0].name;
    og_buf_addf(b, "SELECT \"%s\", \"%s\" FROM \"%s\"", c && c->sum ? c->sum : key,
                c && c->state ? c->state : key, f->name);
    add_key_where(b, f);
}

/* The text depends on nothing but og_families, a constant. */
static const char *family_sql(struct og_store *st, const struct og_family *f, int which)
{
    char **slot = &st->family_sql[f->index][which];
    if (*slot)
        return *slot;
    struct og_buf b = OG_BUF_INIT;
    switch (which) {
    case SQL_GET:
        add_select(&b, f);
        add_key_where(&b, f);
        break;
    case SQL_SET: add_set(&b, f); break;
    case SQL_ADD: add_add(&b, f); break;
    case SQL_DEL:
        og_buf_addf(&b, "DELETE FROM \"%s\"", f->name);
        add_key_where(&b, f);
        break;
    case SQL_SCAN:
        add_select(&b, f);
        add_order(&b, f);
        break;
    case SQL_PAGE:
        add_select(&b, f);
        og_buf_addf(&b, " WHERE \"%s\" >= ?1", f->cols[0].name);
        add_order(&b, f);
        og_buf_adds(&b, " LIMIT ?2");
        break;
    case SQL_OLD: add_old(&b, f); break;
    default: og_buf_addf(&b, "SELECT count(*) FROM \"%s\"", f->name); break;
    }
    *slot = og_buf_detach(&b);
    return *slot;
}

static void bind_col(sqlite3_stmt *s, int at, const struct og_col *c, const void *rec)
{
    const void *p = (const char *)rec + c->at;
    switch (c->kind) {
    case OG_COL_NUM:
    case OG_COL_DEC:
    case OG_COL_ENUM: og_db_bind_u64(s, at, *(const uint64_t *)p); return;
    case OG_COL_HASH: og_db_bind_blob(s, at, p, OG_HASH_LEN); return;
    case OG_COL_ADDR: og_db_bind_blob(s, at, p, OG_ADDR_LEN); return;
    case OG_COL_TEXT: og_db_bind_text(s, at, *(char *const *)p); return;
    case OG_COL_BLOB: {
        const struct og_blob *b = p;
        og_db_bind_blob(s, at, b->p, b->n);
        return;
    }
    }
}

static void fixed_bytes(sqlite3_stmt *s, int i, void *to, size_t n)
{
    size_t have = (size_t)sqlite3_column_bytes(s, i);
    const void *p = sqlite3_column_blob(s, i);
    if (p && have == n)
        memcpy(to, p, n);
}

static void read_col(sqlite3_stmt *s, int i, const struct og_col *c, void *rec)
{
    void *p = (char *)rec + c->at;
    switch (c->kind) {
    case OG_COL_NUM:
    case OG_COL_DEC: *(uint64_t *)p = og_db_u64(s, i); return;
    case OG_COL_ENUM: *(uint64_t *)p = og_db_u64(s, i); return;
    case OG_COL_HASH: fixed_bytes(s, i, p, OG_HASH_LEN); return;
    case OG_COL_ADDR: fixed_bytes(s, i, p, OG_ADDR_LEN); return;
    case OG_COL_TEXT: {
        const char *t = (const char *)sqlite3_column_text(s, i);
        og_row_set_text(p, t && *t ? t : NULL);
        return;
    }
    case OG_COL_BLOB:
        og_row_set_blob(p, sqlite3_column_blob(s, i), (size_t)sqlite3_column_bytes(s, i));
        return;
    }
}

static void read_row(sqlite3_stmt *s, const struct og_family *f, void *rec)
{
    for (size_t i = 0; i < f->n_cols; i++)
        read_col(s, (int)i, &f->cols[i], rec);
}

static enum og_rc keyed(struct og_store *st, const struct og_family *f, int which, const void *rec,
                        sqlite3_stmt **s, struct og_err *err)
{
    OG_TRY(og_db_stmt(st, family_sql(st, f, which), s, err));
    size_t n = which == SQL_SET || which == SQL_ADD ? f->n_cols : f->n_key;
    for (size_t i = 0; i < n; i++)
        bind_col(*s, (int)i + 1, &f->cols[i], rec);
    return OG_OK;
}

enum og_rc og_row_get(struct og_store *st, enum og_family_index fi, void *rec, bool *found,
                      struct og_err *err)
{
    const struct og_family *f = &og_families[fi];
    sqlite3_stmt *s;
    struct og_cache_slot *slot = og_cache_find(st, f, rec, found);
    if (*found) {
        *found = slot->there;
        og_cache_get(slot, rec);
        return OG_OK;
    }
    OG_TRY(keyed(st, f, SQL_GET, rec, &s, err));
    OG_TRY(og_db_step(st, s, found, err));
    if (*found) {
        read_row(s, f, rec);
        og_db_reset(s);
    }
    return slot ? og_cache_set(st, slot, f, rec, *found, false, err) : OG_OK;
}

static void column_bytes(sqlite3_stmt *s, int i, enum og_col_kind kind, struct og_buf *out)
{
    switch (kind) {
    case OG_COL_NUM:
    case OG_COL_DEC:
    case OG_COL_ENUM: og_col_bytes_num(kind, og_db_u64(s, i), out); return;
    case OG_COL_TEXT: {
        const unsigned char *t = sqlite3_column_text(s, i);
        og_col_bytes_data(kind, t, (size_t)sqlite3_column_bytes(s, i), out);
        return;
    }
    case OG_COL_HASH:
    case OG_COL_ADDR:
    case OG_COL_BLOB: {
        const void *p = sqlite3_column_blob(s, i);
        og_col_bytes_data(kind, p, (size_t)sqlite3_column_bytes(s, i), out);
        return;
    }
    }
}

enum og_rc og_row_stored_bytes(struct og_store *st, enum og_family_index fi, const void *rec,
                               struct og_buf *out, bool *found, struct og_err *err)
{
    const struct og_family *f = &og_families[fi];
    sqlite3_stmt *s;
    og_buf_reset(out);
    OG_TRY(keyed(st, f, SQL_GET, rec, &s, err));
    OG_TRY(og_db_step(st, s, found, err));
    if (!*found)
        return OG_OK;
    for (size_t i = 0; i < f->n_cols; i++)
        column_bytes(s, (int)i, f->cols[i].kind, out);
    og_db_reset(s);
    return OG_OK;
}

enum og_rc og_row_need(struct og_store *st, enum og_family_index fi, void *rec, struct og_err *err)
{
    bool found;
    OG_TRY(og_row_get(st, fi, rec, &found, err));
    return found ? OG_OK
                 : og_err_set(err, OG_E_INTERNAL, "a row of '%s' is missing", og_families[fi].name);
}

static enum og_rc write_row(struct og_store *st, const struct og_family *f, int which,
                            const void *rec, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(keyed(st, f, which, rec, &s, err));
    return og_db_run(st, s, err);
}

static void read_new(const struct og_counted *c, const void *rec, uint64_t now[2])
{
    const char *p = rec;
    now[0] = c->sum ? *(const uint64_t *)(const void *)(p + c->sum_at) : 0;
    now[1] = c->state ? *(const uint64_t *)(const void *)(p + c->state_at) : 0;
}

static enum og_rc read_old(struct og_store *st, const struct og_family *f, const void *rec,
                           uint64_t old[2], bool *there, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(keyed(st, f, SQL_OLD, rec, &s, err));
    OG_TRY(og_db_step(st, s, there, err));
    if (*there) {
        old[0] = og_db_u64(s, 0);
        old[1] = og_db_u64(s, 1);
        og_db_reset(s);
    }
    return OG_OK;
}

static enum og_rc put_counted(struct og_store *st, const struct og_family *f,
                              const struct og_counted *c, const void *rec, struct og_err *err)
{
    bool there;
    uint64_t old[2] = {0};
    uint64_t now[2];
    read_new(c, rec, now);
    OG_TRY(read_old(st, f, rec, old, &there, err));
    OG_TRY(write_row(st, f, there ? SQL_SET : SQL_ADD, rec, err));
    OG_TRY(og_counter_note(st, c, there ? old : NULL, now, err));
    return og_tree_touch(st, f, rec, err);
}

enum og_rc og_row_put_now(struct og_store *st, const struct og_family *f, const void *rec,
                          struct og_err *err)
{
    const struct og_counted *c = og_counted_of((enum og_family_index)f->index);
    bool there = false;
    if (c)
        return put_counted(st, f, c, rec, err);
    if (f->n_key < f->n_cols) {
        OG_TRY(write_row(st, f, SQL_SET, rec, err));
        there = sqlite3_changes(st->db) > 0;
    }
    if (!there)
        OG_TRY(write_row(st, f, SQL_ADD, rec, err));
    return og_tree_touch(st, f, rec, err);
}

enum og_rc og_row_put(struct og_store *st, enum og_family_index fi, const void *rec,
                      struct og_err *err)
{
    const struct og_family *f = &og_families[fi];
    bool hit;
    struct og_cache_slot *slot = og_cache_find(st, f, rec, &hit);
    return slot ? og_cache_set(st, slot, f, rec, true, true, err) : og_row_put_now(st, f, rec, err);
}

/* What the cache holds of the row is written and forgotten. */
static enum og_rc past_cache(struct og_store *st, const struct og_family *f, const void *rec,
                             struct og_err *err)
{
    bool hit;
    if (!og_cache_find(st, f, rec, &hit) || !hit)
        return OG_OK;
    OG_TRY(og_cache_flush(st, err));
    og_cache_drop(st);
    return OG_OK;
}

enum og_rc og_row_add(struct og_store *st, enum og_family_index fi, const void *rec,
                      struct og_err *err)
{
    const struct og_family *f = &og_families[fi];
    const struct og_counted *c = og_counted_of(fi);
    OG_TRY(past_cache(st, f, rec, err));
    OG_TRY(write_row(st, f, SQL_ADD, rec, err));
    if (c) {
        uint64_t now[2];
        read_new(c, rec, now);
        OG_TRY(og_counter_note(st, c, NULL, now, err));
    }
    return og_tree_touch(st, f, rec, err);
}

enum og_rc og_row_del(struct og_store *st, enum og_family_index fi, const void *rec,
                      struct og_err *err)
{
    const struct og_family *f = &og_families[fi];
    bool hit;
    struct og_cache_slot *slot = og_cache_find(st, f, rec, &hit);
    return slot ? og_cache_set(st, slot, f, rec, false, true, err)
                : og_row_del_now(st, f, rec, err);
}

enum og_rc og_row_del_now(struct og_store *st, const struct og_family *f, const void *rec,
                          struct og_err *err)
{
    const struct og_counted *c = og_counted_of((enum og_family_index)f->index);
    bool there = false;
    uint64_t old[2] = {0};
    if (c)
        OG_TRY(read_old(st, f, rec, old, &there, err));
    OG_TRY(write_row(st, f, SQL_DEL, rec, err));
    if (there)
        OG_TRY(og_counter_note(st, c, old, NULL, err));
    return og_tree_touch(st, f, rec, err);
}

enum og_rc og_row_walk(struct og_store *st, enum og_family_index fi, og_row_fn fn, void *ctx,
                       struct og_err *err)
{
    const struct og_family *f = &og_families[fi];
    sqlite3_stmt *s;
    OG_TRY(og_cache_flush(st, err));
    OG_TRY(og_db_stmt(st, family_sql(st, f, SQL_SCAN), &s, err));
    void *rec = og_xcalloc(1, f->size);
    enum og_rc rc;
    for (;;) {
        bool row;
        rc = og_db_step(st, s, &row, err);
        if (rc != OG_OK || !row)
            break;
        read_row(s, f, rec);
        rc = fn(ctx, rec, err);
        og_row_release(f, rec);
        if (rc != OG_OK) {
            og_db_reset(s);
            break;
        }
    }
    free(rec);
    return rc;
}

enum og_rc og_row_page(struct og_store *st, enum og_family_index fi, uint64_t from, void *recs,
                       size_t max, size_t *n, struct og_err *err)
{
    const struct og_family *f = &og_families[fi];
    sqlite3_stmt *s;
    *n = 0;
    memset(recs, 0, max * f->size);
    OG_TRY(og_cache_flush(st, err));
    OG_TRY(og_db_stmt(st, family_sql(st, f, SQL_PAGE), &s, err));
    og_db_bind_u64(s, 1, from);
    og_db_bind_u64(s, 2, max);
    for (;;) {
        bool row;
        OG_TRY(og_db_step(st, s, &row, err));
        if (!row)
            return OG_OK;
        read_row(s, f, (char *)recs + *n * f->size);
        ++*n;
    }
}

enum og_rc og_row_count(struct og_store *st, enum og_family_index fi, uint64_t *n,
                        struct og_err *err)
{
    sqlite3_stmt *s;
    bool row;
    *n = 0;
    OG_TRY(og_cache_flush(st, err));
    OG_TRY(og_db_stmt(st, family_sql(st, &og_families[fi], SQL_COUNT), &s, err));
    OG_TRY(og_db_step(st, s, &row, err));
    if (row) {
        *n = og_db_u64(s, 0);
        og_db_reset(s);
    }
    return OG_OK;
}
