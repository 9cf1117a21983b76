/* store_block.c - blocks, transactions, receipts and events. */
#include "store/store_block.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "store/store_db.h"

#include <stdio.h>
#include <string.h>

static const char SQL_TX_ADD[] = "INSERT INTO tx(pos, id8, id, leaf, sender, status, result, line) "
                                 "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
static const char SQL_TX_POS[] =
    "SELECT pos, id, leaf, sender, status, result, line FROM tx WHERE pos = ?1";
static const char SQL_TX_ID[] = "SELECT pos, id, leaf, sender, status, result, line FROM tx "
                                "WHERE id8 = ?1 AND id = ?2 ORDER BY pos LIMIT 1";
static const char SQL_TX_LEAVES[] = "SELECT leaf FROM tx WHERE pos >= ?1 AND pos < ?2 ORDER BY pos";
static const char SQL_RECEIPT_LEAVES[] =
    "SELECT leaf FROM receipt WHERE pos >= ?1 AND pos < ?2 ORDER BY pos";
static const char SQL_BLOCK_PUT[] = "INSERT INTO block(height, hash, header) VALUES(?1, ?2, ?3)";
static const char SQL_BLOCK_GET[] = "SELECT height, hash, header FROM block WHERE height = ?1";
static const char SQL_BLOCK_LAST[] =
    "SELECT height, hash, header FROM block ORDER BY height DESC LIMIT 1";
static const char SQL_BLOCK_FIRST[] =
    "SELECT height, hash, header FROM block ORDER BY height LIMIT 1";
static const char SQL_RECEIPT_ADD[] =
    "INSERT INTO receipt(pos, task, leaf, line) VALUES(?1, ?2, ?3, ?4)";
static const char SQL_RECEIPT_GET[] =
    "SELECT pos, line FROM receipt WHERE task = ?1 ORDER BY pos DESC LIMIT 1";
static const char SQL_RECEIPT_COUNT[] = "SELECT count(*) FROM receipt WHERE pos >= ?1 AND pos < ?2";
static const char SQL_EVENT_ADD[] =
    "INSERT INTO event(height, time_ms, what, line) VALUES(?1, ?2, ?3, ?4)";
static const char SQL_EVENT_TAIL[] =
    "SELECT id, height, time_ms, what, line FROM event ORDER BY id DESC LIMIT ?1";
static const char SQL_EVENT_PAGE[] = "SELECT id, height, time_ms, what, line FROM event WHERE "
                                     "id > ?1 ORDER BY id LIMIT ?2";
static const char SQL_EVENT_PRUNE[] =
    "DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?1";

static void copy_hash(sqlite3_stmt *s, int i, uint8_t *to, size_t n)
{
    if ((size_t)sqlite3_column_bytes(s, i) == n)
        memcpy(to, sqlite3_column_blob(s, i), n);
}

static void copy_text(sqlite3_stmt *s, int i, struct og_buf *to)
{
    og_buf_reset(to);
    og_buf_add(to, sqlite3_column_text(s, i), (size_t)sqlite3_column_bytes(s, i));
}

void og_txrow_release(struct og_txrow *r)
{
    if (!r)
        return;
    og_buf_release(&r->result);
    og_buf_release(&r->line);
}

enum og_rc og_txrow_add(struct og_store *st, uint64_t pos, const struct og_hash *id,
                        const struct og_hash *leaf, const struct og_addr *sender, uint64_t status,
                        const char *result, const char *line, size_t len, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_TX_ADD, &s, err));
    og_db_bind_u64(s, 1, pos);
    og_db_bind_u64(s, 2, og_get_be64(id->b) >> 1);
    og_db_bind_blob(s, 3, id->b, OG_HASH_LEN);
    og_db_bind_blob(s, 4, leaf->b, OG_HASH_LEN);
    og_db_bind_blob(s, 5, sender->b, OG_ADDR_LEN);
    og_db_bind_u64(s, 6, status);
    og_db_bind_text(s, 7, result);
    sqlite3_bind_text(s, 8, line, (int)len, SQLITE_STATIC);
    OG_TRY(og_db_run(st, s, err));
    return og_counter_tx(st, err);
}

enum og_rc og_txrow_get(struct og_store *st, uint64_t pos, const struct og_hash *id,
                        struct og_txrow *out, bool *found, struct og_err *err)
{
    sqlite3_stmt *s;
    memset(out, 0, sizeof *out);
    *found = false;
    OG_TRY(og_db_stmt(st, pos ? SQL_TX_POS : SQL_TX_ID, &s, err));
    og_db_bind_u64(s, 1, pos ? pos : og_get_be64(id->b) >> 1);
    if (!pos)
        og_db_bind_blob(s, 2, id->b, OG_HASH_LEN);
    OG_TRY(og_db_step(st, s, found, err));
    if (!*found)
        return OG_OK;
    out->pos = og_db_u64(s, 0);
    copy_hash(s, 1, out->id.b, OG_HASH_LEN);
    copy_hash(s, 2, out->leaf.b, OG_HASH_LEN);
    copy_hash(s, 3, out->sender.b, OG_ADDR_LEN);
    out->status = og_db_u64(s, 4);
    copy_text(s, 5, &out->result);
    copy_text(s, 6, &out->line);
    og_db_reset(s);
    return OG_OK;
}

enum og_rc og_block_leaves(struct og_store *st, uint64_t height, bool receipts,
                           struct og_hash **out, size_t *n, struct og_err *err)
{
    sqlite3_stmt *s;
    size_t cap = 0;
    *out = NULL;
    *n = 0;
    OG_TRY(og_db_stmt(st, receipts ? SQL_RECEIPT_LEAVES : SQL_TX_LEAVES, &s, err));
    og_db_bind_u64(s, 1, OG_POS(height, 0));
    og_db_bind_u64(s, 2, OG_POS(height + 1, 0));
    for (;;) {
        bool row;
        OG_TRY(og_db_step(st, s, &row, err));
        if (!row)
            return OG_OK;
        *out = og_xgrow(*out, &cap, *n + 1, sizeof **out);
        copy_hash(s, 0, (*out)[(*n)++].b, OG_HASH_LEN);
    }
}

enum og_rc og_block_put(struct og_store *st, uint64_t height, const struct og_hash *hash,
                        const char *header, size_t len, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_BLOCK_PUT, &s, err));
    og_db_bind_u64(s, 1, height);
    og_db_bind_blob(s, 2, hash->b, OG_HASH_LEN);
    sqlite3_bind_text(s, 3, header, (int)len, SQLITE_STATIC);
    return og_db_run(st, s, err);
}

static enum og_rc read_block(struct og_store *st, sqlite3_stmt *s, uint64_t *height,
                             struct og_hash *hash, struct og_buf *header, bool *found,
                             struct og_err *err)
{
    OG_TRY(og_db_step(st, s, found, err));
    if (!*found)
        return OG_OK;
    if (height)
        *height = og_db_u64(s, 0);
    if (hash)
        copy_hash(s, 1, hash->b, OG_HASH_LEN);
    if (header)
        copy_text(s, 2, header);
    og_db_reset(s);
    return OG_OK;
}

enum og_rc og_block_get(struct og_store *st, uint64_t height, struct og_hash *hash,
                        struct og_buf *header, bool *found, struct og_err *err)
{
    sqlite3_stmt *s;
    *found = false;
    OG_TRY(og_db_stmt(st, SQL_BLOCK_GET, &s, err));
    og_db_bind_u64(s, 1, height);
    return read_block(st, s, NULL, hash, header, found, err);
}

enum og_rc og_block_last(struct og_store *st, uint64_t *height, struct og_hash *hash,
                         struct og_err *err)
{
    sqlite3_stmt *s;
    bool found;
    *height = 0;
    if (hash)
        memset(hash, 0, sizeof *hash);
    OG_TRY(og_db_stmt(st, SQL_BLOCK_LAST, &s, err));
    return read_block(st, s, height, hash, NULL, &found, err);
}

enum og_rc og_block_first_held(struct og_store *st, uint64_t *height, struct og_err *err)
{
    sqlite3_stmt *s;
    bool found;
    *height = 0;
    OG_TRY(og_db_stmt(st, SQL_BLOCK_FIRST, &s, err));
    return read_block(st, s, height, NULL, NULL, &found, err);
}

enum og_rc og_receipt_add(struct og_store *st, uint64_t pos, uint64_t task,
                          const struct og_hash *leaf, const char *line, size_t len,
                          struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_RECEIPT_ADD, &s, err));
    og_db_bind_u64(s, 1, pos);
    og_db_bind_u64(s, 2, task);
    og_db_bind_blob(s, 3, leaf->b, OG_HASH_LEN);
    sqlite3_bind_text(s, 4, line, (int)len, SQLITE_STATIC);
    return og_db_run(st, s, err);
}

enum og_rc og_receipt_get(struct og_store *st, uint64_t task, uint64_t *pos, struct og_buf *line,
                          bool *found, struct og_err *err)
{
    sqlite3_stmt *s;
    *pos = 0;
    OG_TRY(og_db_stmt(st, SQL_RECEIPT_GET, &s, err));
    og_db_bind_u64(s, 1, task);
    OG_TRY(og_db_step(st, s, found, err));
    if (*found) {
        *pos = og_db_u64(s, 0);
        copy_text(s, 1, line);
        og_db_reset(s);
    }
    return OG_OK;
}

enum og_rc og_receipt_count(struct og_store *st, uint64_t height, uint64_t *n, struct og_err *err)
{
    sqlite3_stmt *s;
    bool row;
    *n = 0;
    OG_TRY(og_db_stmt(st, SQL_RECEIPT_COUNT, &s, err));
    og_db_bind_u64(s, 1, OG_POS(height, 0));
    og_db_bind_u64(s, 2, OG_POS(height + 1, 0));
    OG_TRY(og_db_step(st, s, &row, err));
    *n = og_db_u64(s, 0);
    og_db_reset(s);
    return OG_OK;
}

enum og_rc og_event_add(struct og_store *st, uint64_t height, uint64_t time_ms, const char *what,
                        const char *line, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_EVENT_ADD, &s, err));
    og_db_bind_u64(s, 1, height);
    og_db_bind_u64(s, 2, time_ms);
    og_db_bind_text(s, 3, what);
    og_db_bind_text(s, 4, line);
    return og_db_run(st, s, err);
}

static enum og_rc take_events(struct og_store *st, sqlite3_stmt *s, struct og_event *out, size_t *n,
                              struct og_err *err)
{
    for (;;) {
        bool row;
        OG_TRY(og_db_step(st, s, &row, err));
        if (!row)
            return OG_OK;
        struct og_event *e = &out[(*n)++];
        memset(e, 0, sizeof *e);
        e->id = og_db_u64(s, 0);
        e->height = og_db_u64(s, 1);
        e->time_ms = og_db_u64(s, 2);
        snprintf(e->what, sizeof e->what, "%s", (const char *)sqlite3_column_text(s, 3));
        copy_text(s, 4, &e->line);
    }
}

enum og_rc og_event_tail(struct og_store *st, struct og_event *out, size_t max, size_t *n,
                         struct og_err *err)
{
    sqlite3_stmt *s;
    *n = 0;
    OG_TRY(og_db_stmt(st, SQL_EVENT_TAIL, &s, err));
    og_db_bind_u64(s, 1, max);
    return take_events(st, s, out, n, err);
}

enum og_rc og_event_page(struct og_store *st, uint64_t after, struct og_event *out, size_t max,
                         size_t *n, struct og_err *err)
{
    sqlite3_stmt *s;
    *n = 0;
    OG_TRY(og_db_stmt(st, SQL_EVENT_PAGE, &s, err));
    og_db_bind_u64(s, 1, after);
    og_db_bind_u64(s, 2, max);
    return take_events(st, s, out, n, err);
}

enum og_rc og_event_prune(struct og_store *st, uint64_t keep, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_EVENT_PRUNE, &s, err));
    og_db_bind_u64(s, 1, keep);
    return og_db_run(st, s, err);
}
