/* store_db.h - inside store/ only: statements, binding, columns, error codes. */
#ifndef OG_STORE_DB_H
#define OG_STORE_DB_H

#include "store/store_cache.h"
#include "store/store_counter.h"
#include "store/store_open.h"

#include "model/model_records.h"

#include <sqlite3.h>

#define OG_STMT_CACHE 256
#define OG_FAMILY_SQL 8 /* statements made for every family */

struct og_stmt_slot {
    const char *sql; /* its address is the key */
    sqlite3_stmt *stmt;
};

struct og_store {
    sqlite3 *db;
    char *dir;
    enum og_store_flags flags;
    struct og_stmt_slot cache[OG_STMT_CACHE];
    char *family_sql[OG_FAMILIES][OG_FAMILY_SQL]; /* made from og_families */
    uint64_t busy_since_ms;
    int notice; /* the descriptor of store_notice.c + 1; 0: none */
    struct og_counters counters;
    struct og_cache cached;
};

/* A cached statement, reset and ready to bind. sql must be a static string: its address is the key.
 */
enum og_rc og_db_stmt(struct og_store *st, const char *sql, sqlite3_stmt **out,
                      struct og_err *err) OG_MUST_CHECK;
/* Steps once: *row false at SQLITE_DONE. Resets and unbinds at the end or on failure. */
enum og_rc og_db_step(struct og_store *st, sqlite3_stmt *s, bool *row,
                      struct og_err *err) OG_MUST_CHECK;
/* Steps a statement that returns no row. */
enum og_rc og_db_run(struct og_store *st, sqlite3_stmt *s, struct og_err *err) OG_MUST_CHECK;
void og_db_reset(sqlite3_stmt *s);
enum og_rc og_db_fail(struct og_store *st, struct og_err *err, const char *what);
/* sql[] static text, run as it is; for pragmas and schema. */
enum og_rc og_db_exec(struct og_store *st, const char *sql, struct og_err *err) OG_MUST_CHECK;

/* store_notice.c */
void og_notice_send(struct og_store *st);
void og_notice_close(struct og_store *st);

void og_db_bind_u64(sqlite3_stmt *s, int i, uint64_t v);
void og_db_bind_blob(sqlite3_stmt *s, int i, const void *p, size_t n); /* borrowed until reset */
void og_db_bind_text(sqlite3_stmt *s, int i, const char *t);           /* borrowed until reset */
uint64_t og_db_u64(sqlite3_stmt *s, int i);

extern const char *const og_migrations[];
extern const int og_migration_count;

#endif
