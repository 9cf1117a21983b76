/* store_same.c - two stores, row by row. */
#include "store/store_same.h"

#include "store/store_cache.h"
#include "store/store_counter.h"
#include "store/store_db.h"

#include <string.h>

static const struct {
    const char *name, *sql;
} tables[] = {
    {"receipt", "SELECT pos, task, leaf, line, tx FROM receipt ORDER BY pos"},
    {"vmlog", "SELECT receipt, n, addr FROM vmlog ORDER BY receipt, n"},
    {"move", "SELECT id, height, time_ms, addr, delta, ref, other FROM move ORDER BY id"},
    {"counter", "SELECT name, n FROM counter ORDER BY name"},
    {"meta", "SELECT name, value FROM meta WHERE name IN ('app_hash', 'last_time', 'supply') "
             "ORDER BY name"},
    {"storeroot", "SELECT store, hash FROM storeroot ORDER BY store"},
    {"treenode", "SELECT store, level, idx, hashes FROM treenode ORDER BY store, level, idx"},
    {"bucket", "SELECT store, idx, content FROM bucket ORDER BY store, idx"},
    {"dirty", "SELECT store, key FROM dirty ORDER BY store, key"},
};

static bool same_value(sqlite3_stmt *a, sqlite3_stmt *b, int i)
{
    int type = sqlite3_column_type(a, i);
    if (type != sqlite3_column_type(b, i))
        return false;
    if (type == SQLITE_INTEGER)
        return sqlite3_column_int64(a, i) == sqlite3_column_int64(b, i);
    const void *p = sqlite3_column_blob(a, i);
    const void *q = sqlite3_column_blob(b, i);
    int n = sqlite3_column_bytes(a, i);
    return n == sqlite3_column_bytes(b, i) && (n == 0 || memcmp(p, q, (size_t)n) == 0);
}

static bool same_row(sqlite3_stmt *a, sqlite3_stmt *b)
{
    int n = sqlite3_column_count(a);
    for (int i = 0; i < n; i++)
        if (!same_value(a, b, i))
            return false;
    return true;
}

static enum og_rc compare(struct og_store *live, struct og_store *replay, const char *sql,
                          bool *same, uint64_t *row, struct og_err *err)
{
    sqlite3_stmt *a;
    sqlite3_stmt *b = NULL;
    bool more_a = true;
    bool more_b = true;
    *same = true;
    OG_TRY(og_db_stmt(live, sql, &a, err));
    enum og_rc rc = og_db_stmt(replay, sql, &b, err);
    for (*row = 1; rc == OG_OK; ++*row) {
        rc = og_db_step(live, a, &more_a, err);
        if (rc == OG_OK)
            rc = og_db_step(replay, b, &more_b, err);
        if (rc != OG_OK || (!more_a && !more_b))
            break;
        *same = more_a && more_b && same_row(a, b);
        if (!*same)
            break;
    }
    og_db_reset(a);
    if (b)
        og_db_reset(b);
    return rc;
}

enum og_rc og_store_same_local(struct og_store *live, struct og_store *replay, const char **table,
                               uint64_t *row, struct og_err *err)
{
    *table = NULL;
    OG_TRY(og_cache_flush(replay, err));
    OG_TRY(og_counter_flush(replay, err));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        bool same;
        OG_TRY(compare(live, replay, tables[i].sql, &same, row, err));
        if (!same) {
            *table = tables[i].name;
            return OG_OK;
        }
    }
    return OG_OK;
}
