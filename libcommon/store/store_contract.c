/* store_contract.c - receipts and logs of contracts. */
#include "store/store_contract.h"

#include "store/store_db.h"

static const char SQL_ADD[] =
    "INSERT INTO receipt(pos, task, leaf, line, tx) VALUES(?1, 0, ?2, ?3, ?4)";
static const char SQL_GET[] =
    "SELECT pos, line FROM receipt WHERE tx = ?1 AND tx > 0 ORDER BY pos LIMIT 1";
static const char SQL_AT[] = "SELECT pos, line FROM receipt WHERE pos = ?1";
static const char SQL_LOG_ADD[] = "INSERT INTO vmlog(receipt, n, addr) VALUES(?1, ?2, ?3)";
static const char SQL_LOG_PAGE[] =
    "SELECT receipt, n FROM vmlog WHERE addr = ?1 AND (receipt, n) > (?2, ?3) "
    "ORDER BY receipt, n LIMIT ?4";

enum og_rc og_contract_receipt_add(struct og_store *st, uint64_t pos, uint64_t tx,
                                   const struct og_hash *leaf, const char *line, size_t len,
                                   struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_ADD, &s, err));
    og_db_bind_u64(s, 1, pos);
    og_db_bind_blob(s, 2, leaf->b, OG_HASH_LEN);
    sqlite3_bind_text(s, 3, line, (int)len, SQLITE_STATIC);
    og_db_bind_u64(s, 4, tx);
    return og_db_run(st, s, err);
}

static enum og_rc one(struct og_store *st, const char *sql, uint64_t key, uint64_t *pos,
                      struct og_buf *line, bool *found, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, sql, &s, err));
    og_db_bind_u64(s, 1, key);
    OG_TRY(og_db_step(st, s, found, err));
    if (*found) {
        *pos = og_db_u64(s, 0);
        og_buf_reset(line);
        og_buf_add(line, sqlite3_column_text(s, 1), (size_t)sqlite3_column_bytes(s, 1));
        og_db_reset(s);
    }
    return OG_OK;
}

enum og_rc og_contract_receipt_get(struct og_store *st, uint64_t tx, uint64_t *pos,
                                   struct og_buf *line, bool *found, struct og_err *err)
{
    *pos = 0;
    return one(st, SQL_GET, tx, pos, line, found, err);
}

enum og_rc og_receipt_at(struct og_store *st, uint64_t pos, struct og_buf *line, bool *found,
                         struct og_err *err)
{
    uint64_t at;
    return one(st, SQL_AT, pos, &at, line, found, err);
}

enum og_rc og_vmlog_add(struct og_store *st, uint64_t pos, uint64_t n, const struct og_addr *addr,
                        struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_LOG_ADD, &s, err));
    og_db_bind_u64(s, 1, pos);
    og_db_bind_u64(s, 2, n);
    og_db_bind_blob(s, 3, addr->b, OG_ADDR_LEN);
    return og_db_run(st, s, err);
}

enum og_rc og_vmlog_page(struct og_store *st, const struct og_addr *addr, struct og_vmlog_ref after,
                         struct og_vmlog_ref *out, size_t max, size_t *n, struct og_err *err)
{
    sqlite3_stmt *s;
    *n = 0;
    OG_TRY(og_db_stmt(st, SQL_LOG_PAGE, &s, err));
    og_db_bind_blob(s, 1, addr->b, OG_ADDR_LEN);
    og_db_bind_u64(s, 2, after.pos);
    og_db_bind_u64(s, 3, after.n);
    og_db_bind_u64(s, 4, max);
    for (;;) {
        bool row;
        OG_TRY(og_db_step(st, s, &row, err));
        if (!row)
            return OG_OK;
        out[*n].pos = og_db_u64(s, 0);
        out[(*n)++].n = og_db_u64(s, 1);
    }
}
