/* store_open.c - opens the state file, runs migrations, transactions, local values. */
#include "store/store_open.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "store/store_db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define APPLICATION_ID 0x6f677075 /* "ogpu" */
#define LOG_LEFT_MAX   (2 << 20)  /* bytes of a log that the last to close leaves */

static const char SQL_META_GET[] = "SELECT value FROM meta WHERE name = ?1";
static const char SQL_META_PUT[] = "INSERT INTO meta(name, value) VALUES(?1, ?2) "
                                   "ON CONFLICT(name) DO UPDATE SET value = excluded.value";
static const char SQL_BEGIN[] = "BEGIN IMMEDIATE";
static const char SQL_BEGIN_READ[] = "BEGIN";
static const char SQL_COMMIT[] = "COMMIT";
static const char SQL_ROLLBACK[] = "ROLLBACK";
static const char SQL_MARK[] = "SAVEPOINT t";
static const char SQL_KEEP[] = "RELEASE t";
static const char SQL_UNDO[] = "ROLLBACK TO t";
static const char SQL_DATA_VERSION[] = "PRAGMA data_version";
static const char SQL_VERSION[] = "PRAGMA user_version";
static const char SQL_APPLICATION[] = "PRAGMA application_id";
static const char SQL_OBJECTS[] = "SELECT count(*) FROM sqlite_schema";

static enum og_rc map_code(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return OG_E_TEMPFAIL;
    case SQLITE_CONSTRAINT: return OG_E_DATA;
    case SQLITE_READONLY:
    case SQLITE_PERM: return OG_E_NOPERM;
    case SQLITE_NOTADB: return OG_E_CONFIG;
    default: return OG_E_IO;
    }
}

enum og_rc og_db_fail(struct og_store *st, struct og_err *err, const char *what)
{
    int code = sqlite3_extended_errcode(st->db);
    if ((code & 0xff) == SQLITE_BUSY)
        return og_err_set(err, OG_E_TEMPFAIL, "%s: the state is busy; try again", what);
    return og_err_set(err, map_code(code), "%s: %s", what, sqlite3_errmsg(st->db));
}

enum og_rc og_db_exec(struct og_store *st, const char *sql, struct og_err *err)
{
    if (sqlite3_exec(st->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return og_db_fail(st, err, "state");
    return OG_OK;
}

enum og_rc og_db_stmt(struct og_store *st, const char *sql, sqlite3_stmt **out, struct og_err *err)
{
    *out = NULL;
    size_t h = ((uintptr_t)sql >> 3) * 0x9e3779b1u % OG_STMT_CACHE;
    for (size_t i = 0; i < OG_STMT_CACHE; i++) {
        struct og_stmt_slot *s = &st->cache[(h + i) % OG_STMT_CACHE];
        if (!s->sql) {
            if (sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL) !=
                SQLITE_OK)
                return og_db_fail(st, err, "state");
            s->sql = sql;
        }
        if (s->sql == sql) {
            *out = s->stmt;
            return OG_OK;
        }
    }
    return og_err_set(err, OG_E_INTERNAL, "too many statements");
}

void og_db_reset(sqlite3_stmt *s)
{
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
}

enum og_rc og_db_step(struct og_store *st, sqlite3_stmt *s, bool *row, struct og_err *err)
{
    *row = false;
    int r = sqlite3_step(s);
    if (r == SQLITE_ROW) {
        *row = true;
        return OG_OK;
    }
    enum og_rc rc = r == SQLITE_DONE ? OG_OK : og_db_fail(st, err, "state");
    og_db_reset(s);
    return rc;
}

enum og_rc og_db_run(struct og_store *st, sqlite3_stmt *s, struct og_err *err)
{
    bool row;
    enum og_rc rc = og_db_step(st, s, &row, err);
    if (row)
        og_db_reset(s);
    return rc;
}

void og_db_bind_u64(sqlite3_stmt *s, int i, uint64_t v)
{
    sqlite3_bind_int64(s, i, (sqlite3_int64)v);
}

void og_db_bind_blob(sqlite3_stmt *s, int i, const void *p, size_t n)
{
    sqlite3_bind_blob64(s, i, n ? p : "", n, SQLITE_STATIC);
}

void og_db_bind_text(sqlite3_stmt *s, int i, const char *t)
{
    sqlite3_bind_text(s, i, t ? t : "", -1, SQLITE_STATIC);
}

uint64_t og_db_u64(sqlite3_stmt *s, int i)
{
    return (uint64_t)sqlite3_column_int64(s, i);
}

static enum og_rc run_plain(struct og_store *st, const char *sql, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, sql, &s, err));
    return og_db_run(st, s, err);
}

static enum og_rc pragma_u64(struct og_store *st, const char *sql, uint64_t *out,
                             struct og_err *err)
{
    sqlite3_stmt *s;
    bool row;
    *out = 0;
    OG_TRY(og_db_stmt(st, sql, &s, err));
    OG_TRY(og_db_step(st, s, &row, err));
    if (row) {
        *out = og_db_u64(s, 0);
        og_db_reset(s);
    }
    return OG_OK;
}

static enum og_rc set_version(struct og_store *st, int v, struct og_err *err)
{
    char sql[64];
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA user_version = %d", v);
    return og_db_exec(st, sql, err);
}

static enum og_rc migrate_locked(struct og_store *st, struct og_err *err)
{
    uint64_t v;
    OG_TRY(pragma_u64(st, SQL_VERSION, &v, err)); /* again, inside the lock */
    if (v == 0) {
        char sql[64];
        sqlite3_snprintf(sizeof sql, sql, "PRAGMA application_id = %d", APPLICATION_ID);
        OG_TRY(og_db_exec(st, sql, err));
    }
    for (int i = (int)v; i < og_migration_count; i++) {
        OG_TRY(og_db_exec(st, og_migrations[i], err));
        OG_TRY(set_version(st, i + 1, err));
    }
    return OG_OK;
}

/* Newer states and files of others are refused before anything could change them. The number that
 * makes a file ours is read last: another process may be making the state right now. */
static enum og_rc check_ours(struct og_store *st, uint64_t *version, struct og_err *err)
{
    uint64_t app;
    uint64_t objects;
    OG_TRY(pragma_u64(st, SQL_OBJECTS, &objects, err));
    OG_TRY(pragma_u64(st, SQL_VERSION, version, err));
    OG_TRY(pragma_u64(st, SQL_APPLICATION, &app, err));
    if (app != APPLICATION_ID && (app || objects || *version))
        return og_err_set(err, OG_E_CONFIG, "'%s/ogpu.db' is not a state of OPEN GPU Network",
                          st->dir);
    if (*version > (uint64_t)og_migration_count)
        return og_err_set(err, OG_E_CONFIG,
                          "the state is of version %d, newer than this program's %d; upgrade",
                          (int)*version, og_migration_count);
    return OG_OK;
}

static enum og_rc check_version(struct og_store *st, uint64_t v, struct og_err *err)
{
    if (v == (uint64_t)og_migration_count)
        return OG_OK;
    if (v == 0 && !(st->flags & OG_STORE_CREATE) && !(st->flags & OG_STORE_MEMORY))
        return og_err_set(err, OG_E_CONFIG, "no state in '%s'; run 'ogpu init' first", st->dir);
    OG_TRY(og_store_begin(st, err));
    enum og_rc rc = migrate_locked(st, err);
    if (rc == OG_OK)
        rc = og_store_commit(st, err);
    if (rc != OG_OK)
        og_store_rollback(st);
    return rc;
}

static enum og_rc set_pragmas(struct og_store *st, struct og_err *err)
{
    sqlite3_db_config(st->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    sqlite3_db_config(st->db, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)NULL);
    sqlite3_db_config(st->db, SQLITE_DBCONFIG_DQS_DML, 0, (int *)NULL);
    if (st->flags & OG_STORE_WRITE)
        OG_TRY(og_db_exec(st, "PRAGMA journal_mode=WAL", err));
    OG_TRY(og_db_exec(st, "PRAGMA foreign_keys=ON", err));
    OG_TRY(og_db_exec(
        st, st->flags & OG_STORE_NOSYNC ? "PRAGMA synchronous=OFF" : "PRAGMA synchronous=FULL",
        err));
    return og_db_exec(st, "PRAGMA trusted_schema=OFF; PRAGMA cache_size=-16000", err);
}

static enum og_rc open_file(struct og_store *st, struct og_err *err)
{
    char *path =
        st->flags & OG_STORE_MEMORY ? og_xstrdup(":memory:") : og_io_join(st->dir, "ogpu.db");
    bool exists = st->flags & OG_STORE_MEMORY || og_io_exists(path);
    enum og_rc rc = OG_OK;
    if (!exists && errno == EACCES)
        rc = og_err_set(err, OG_E_NOPERM, "cannot open '%s': %s", path, strerror(errno));
    else if (!exists && !(st->flags & OG_STORE_CREATE))
        rc = og_err_set(err, OG_E_CONFIG, "no state in '%s'; run 'ogpu init' first", st->dir);
    else if (exists && !(st->flags & OG_STORE_MEMORY) && access(path, R_OK | W_OK) < 0)
        rc = og_err_set(err, OG_E_NOPERM, "cannot open '%s': %s", path, strerror(errno));
    if (rc == OG_OK) {
        int fl = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                 (st->flags & OG_STORE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                             : SQLITE_OPEN_READWRITE);
        /* the pages a savepoint would bring back stay in memory; refused, harmlessly, after the
         * first time */
        (void)sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
        mode_t old = umask(077);
        int r = sqlite3_open_v2(path, &st->db, fl, NULL);
        umask(old);
        if (r != SQLITE_OK)
            rc = og_err_set(err, map_code(r) == OG_E_IO ? OG_E_CANTCREATE : map_code(r),
                            "cannot open '%s': %s", path, sqlite3_errstr(r));
    }
    free(path);
    return rc;
}

/* Others hold the lock for well under a millisecond as a rule, a block's end for up to 200 of them:
 * short naps first. SQLite's own handler is at 10 ms after five. */
static int busy(void *ctx, int tries)
{
    struct og_store *st = ctx;
    uint64_t now = og_time_mono_ms();
    if (tries == 0)
        st->busy_since_ms = now;
    if (now - st->busy_since_ms >= OG_STORE_BUSY_MS)
        return 0;
    struct timespec nap = {.tv_nsec = tries < 20 ? 100000 : tries < 40 ? 500000 : 4000000};
    nanosleep(&nap, NULL);
    return 1;
}

static enum og_rc settle(struct og_store *st, struct og_err *err)
{
    uint64_t version;
    sqlite3_busy_handler(st->db, busy, st);
    /* the last one to close would write the log of a state that is not ours into it */
    sqlite3_db_config(st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    OG_TRY(check_ours(st, &version, err));
    sqlite3_db_config(st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, (int *)NULL);
    OG_TRY(set_pragmas(st, err));
    return check_version(st, version, err);
}

/* SQLite does not wait in all of the steps to write-ahead logging: when many open a new state at
 * once some are turned away at once, and come again. */
static enum og_rc settle_patiently(struct og_store *st, struct og_err *err)
{
    uint64_t end = og_time_mono_ms() + OG_STORE_BUSY_MS;
    for (;;) {
        enum og_rc rc = settle(st, err);
        if (rc != OG_E_TEMPFAIL || og_time_mono_ms() >= end)
            return rc;
        og_store_rollback(st);
        og_time_sleep_ms(2);
    }
}

enum og_rc og_store_open(const char *dir, enum og_store_flags flags, struct og_store **out,
                         struct og_err *err)
{
    *out = NULL;
    struct og_store *st = og_xcalloc(1, sizeof *st);
    st->dir = og_xstrdup(dir ? dir : "");
    st->flags = flags;
    enum og_rc rc = OG_OK;
    if (flags & OG_STORE_CREATE && !(flags & OG_STORE_MEMORY))
        rc = og_io_mkdirs(dir, 0700, err);
    if (rc == OG_OK)
        rc = open_file(st, err);
    if (rc == OG_OK)
        rc = settle_patiently(st, err);
    if (rc != OG_OK) {
        og_store_close(st);
        return rc;
    }
    *out = st;
    return OG_OK;
}

/* A small log stays for the next opener to go on in: writing it back and beginning a new one takes
 * longer than what a short tool came for. */
static void leave_log(struct og_store *st)
{
    struct stat log;
    if (!st->db || st->flags & (OG_STORE_MEMORY | OG_STORE_CREATE))
        return;
    char *path = og_io_join(st->dir, "ogpu.db-wal");
    bool small = stat(path, &log) == 0 && log.st_size < LOG_LEFT_MAX;
    free(path);
    if (small)
        sqlite3_db_config(st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
}

void og_store_close(struct og_store *st)
{
    if (!st)
        return;
    leave_log(st);
    for (size_t i = 0; i < OG_STMT_CACHE; i++)
        sqlite3_finalize(st->cache[i].stmt);
    for (int f = 0; f < OG_FAMILIES; f++)
        for (int k = 0; k < OG_FAMILY_SQL; k++)
            free(st->family_sql[f][k]);
    sqlite3_close(st->db);
    og_notice_close(st);
    free(st->dir);
    free(st);
}

const char *og_store_dir(const struct og_store *st)
{
    return st->dir;
}

enum og_rc og_store_begin(struct og_store *st, struct og_err *err)
{
    OG_TRY(run_plain(st, SQL_BEGIN, err));
    og_cache_drop(st);
    st->cached.on = true;
    return OG_OK;
}

enum og_rc og_store_begin_read(struct og_store *st, struct og_err *err)
{
    return run_plain(st, SQL_BEGIN_READ, err);
}

void og_store_end_read(struct og_store *st)
{
    og_store_rollback(st);
}

enum og_rc og_store_commit(struct og_store *st, struct og_err *err)
{
    OG_TRY(og_cache_flush(st, err));
    OG_TRY(og_counter_flush(st, err));
    OG_TRY(run_plain(st, SQL_COMMIT, err));
    st->cached.on = false;
    og_notice_send(st);
    return OG_OK;
}

void og_store_rollback(struct og_store *st)
{
    struct og_err ignored;
    memset(&st->counters, 0, sizeof st->counters);
    og_cache_drop(st);
    st->cached.on = false;
    if (og_store_in_transaction(st) && run_plain(st, SQL_ROLLBACK, &ignored) != OG_OK)
        sqlite3_interrupt(st->db);
}

bool og_store_in_transaction(const struct og_store *st)
{
    return !sqlite3_get_autocommit(st->db);
}

enum og_rc og_store_mark(struct og_store *st, struct og_err *err)
{
    OG_TRY(og_cache_flush(st, err));
    memcpy(st->counters.mark, st->counters.delta, sizeof st->counters.mark);
    return run_plain(st, SQL_MARK, err);
}

enum og_rc og_store_mark_keep(struct og_store *st, struct og_err *err)
{
    return run_plain(st, SQL_KEEP, err);
}

enum og_rc og_store_mark_undo(struct og_store *st, struct og_err *err)
{
    og_cache_drop(st);
    memcpy(st->counters.delta, st->counters.mark, sizeof st->counters.delta);
    OG_TRY(run_plain(st, SQL_UNDO, err));
    return run_plain(st, SQL_KEEP, err);
}

uint64_t og_store_version(struct og_store *st)
{
    uint64_t v;
    struct og_err ignored;
    return pragma_u64(st, SQL_DATA_VERSION, &v, &ignored) == OG_OK ? v : 0;
}

enum og_rc og_store_meta_get(struct og_store *st, const char *name, struct og_buf *out, bool *found,
                             struct og_err *err)
{
    sqlite3_stmt *s;
    *found = false;
    og_buf_reset(out);
    OG_TRY(og_db_stmt(st, SQL_META_GET, &s, err));
    og_db_bind_text(s, 1, name);
    OG_TRY(og_db_step(st, s, found, err));
    if (*found) {
        og_buf_add(out, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
        og_db_reset(s);
    }
    return OG_OK;
}

enum og_rc og_store_meta_put(struct og_store *st, const char *name, const void *p, size_t n,
                             struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_META_PUT, &s, err));
    og_db_bind_text(s, 1, name);
    og_db_bind_blob(s, 2, p, n);
    return og_db_run(st, s, err);
}

enum og_rc og_store_meta_u64(struct og_store *st, const char *name, uint64_t absent, uint64_t *out,
                             struct og_err *err)
{
    sqlite3_stmt *s;
    bool found;
    *out = absent;
    OG_TRY(og_db_stmt(st, SQL_META_GET, &s, err));
    og_db_bind_text(s, 1, name);
    OG_TRY(og_db_step(st, s, &found, err));
    if (found) {
        *out = og_db_u64(s, 0);
        og_db_reset(s);
    }
    return OG_OK;
}

enum og_rc og_store_meta_put_u64(struct og_store *st, const char *name, uint64_t v,
                                 struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_META_PUT, &s, err));
    og_db_bind_text(s, 1, name);
    og_db_bind_u64(s, 2, v);
    return og_db_run(st, s, err);
}
