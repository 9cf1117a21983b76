/* store_blob.c - content-addressed files, and where results lie. */
#include "store/store_blob.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "store/store_db.h"
#include "store/store_want.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char SQL_MANIFEST_PUT[] =
    "INSERT INTO manifest(root, sha256, task, \"first\", count, lease) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(lease) DO UPDATE SET root = excluded.root, "
    "sha256 = excluded.sha256, task = excluded.task, \"first\" = excluded.\"first\", "
    "count = excluded.count";
static const char SQL_MANIFEST_GET[] =
    "SELECT root, sha256, task, \"first\", count, lease FROM manifest WHERE root = ?1 "
    "ORDER BY lease DESC LIMIT 1";
static const char SQL_MANIFEST_PAGE[] =
    "SELECT root, sha256, task, \"first\", count, lease FROM manifest WHERE task = ?1 AND "
    "\"first\" >= ?2 ORDER BY \"first\", lease LIMIT ?3";
static const char SQL_MANIFEST_DEL[] = "DELETE FROM manifest WHERE root = ?1";
static const char SQL_MANIFEST_DEL_LEASE[] = "DELETE FROM manifest WHERE lease = ?1";
static const char SQL_RUN_PUT[] =
    "INSERT OR REPLACE INTO run(lease, pid, element, done, started_ms, out_path, err_path) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
static const char SQL_RUN_DEL[] = "DELETE FROM run WHERE lease = ?1";
static const char SQL_RUN_LIST[] =
    "SELECT lease, pid, element, done, started_ms, out_path, err_path FROM run "
    "ORDER BY lease LIMIT ?1";

char *og_blob_dir(const char *state_dir)
{
    return og_io_join(state_dir, "blobs");
}

char *og_blob_path(const char *state_dir, const struct og_hash *h)
{
    char hex[2 * OG_HASH_LEN + 1];
    og_hex_encode(h->b, OG_HASH_LEN, hex);
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/blobs/%.2s/%s", state_dir, hex, hex);
    return og_buf_detach(&b);
}

bool og_blob_has(const char *state_dir, const struct og_hash *h)
{
    char *path = og_blob_path(state_dir, h);
    bool has = og_io_exists(path);
    free(path);
    return has;
}

/* Is it there in full? Its change time becomes now, so that a prune under way spares it. A file of
 * another length is what a lost machine left of one that was not synced: it is written again. */
static bool touch(const char *path, uint64_t bytes)
{
    struct stat sb;
    utimensat(AT_FDCWD, path, NULL, 0); /* first: a prune sees the new time before we look */
    return stat(path, &sb) == 0 && S_ISREG(sb.st_mode) && (uint64_t)sb.st_size == bytes;
}

static enum og_rc place(const char *state_dir, struct og_io_temp *t, const struct og_hash *h,
                        uint64_t bytes, bool sync, struct og_err *err)
{
    char *path = og_blob_path(state_dir, h);
    enum og_rc rc = OG_OK;
    if (touch(path, bytes)) {
        og_io_temp_discard(t);
    } else {
        char *dir = og_xstrndup(path, (size_t)(strrchr(path, '/') - path));
        rc = og_io_mkdirs(dir, 0700, err);
        free(dir);
        if (rc == OG_OK)
            rc = og_io_temp_commit(t, path, sync ? OG_IO_REPLACE : OG_IO_NOSYNC, err);
        else
            og_io_temp_discard(t);
    }
    free(path);
    return rc;
}

static enum og_rc temp_here(const char *state_dir, struct og_io_temp *t, struct og_err *err)
{
    char *dir = og_blob_dir(state_dir);
    enum og_rc rc = og_io_mkdirs(dir, 0700, err);
    t->fd = -1;
    t->tmp_path = NULL;
    if (rc == OG_OK)
        rc = og_io_temp_open(dir, 0400, t, err);
    free(dir);
    return rc;
}

enum og_rc og_blob_put(const char *state_dir, const void *p, size_t n, bool sync,
                       struct og_hash *out, struct og_err *err)
{
    *out = og_sha256(p, n);
    char *path = og_blob_path(state_dir, out);
    bool there = touch(path, n);
    free(path);
    if (there)
        return OG_OK;
    struct og_io_temp t;
    OG_TRY(temp_here(state_dir, &t, err));
    enum og_rc rc = og_io_write_fd(t.fd, p, n, err);
    if (rc != OG_OK) {
        og_io_temp_discard(&t);
        return rc;
    }
    return place(state_dir, &t, out, n, sync, err);
}

enum og_rc og_blob_put_fd(const char *state_dir, int fd, bool sync, struct og_hash *out,
                          uint64_t *bytes, struct og_err *err)
{
    struct og_io_temp t;
    struct og_hasher h;
    char buf[65536];
    *bytes = 0;
    OG_TRY(temp_here(state_dir, &t, err));
    og_hasher_init(&h);
    enum og_rc rc = OG_OK;
    for (;;) {
        ssize_t r = read(fd, buf, sizeof buf);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            rc = og_err_set(err, OG_E_IO, "read failed: %s", strerror(errno));
        if (r <= 0)
            break;
        og_hasher_add(&h, buf, (size_t)r);
        *bytes += (uint64_t)r;
        rc = og_io_write_fd(t.fd, buf, (size_t)r, err);
        if (rc != OG_OK)
            break;
    }
    *out = og_hasher_final(&h);
    if (rc != OG_OK) {
        og_io_temp_discard(&t);
        return rc;
    }
    return place(state_dir, &t, out, *bytes, sync, err);
}

enum og_rc og_blob_put_file(const char *state_dir, const char *path, bool sync, struct og_hash *out,
                            uint64_t *bytes, struct og_err *err)
{
    *bytes = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", path, strerror(errno));
    struct stat sb;
    enum og_rc rc = OG_OK;
    if (fstat(fd, &sb) < 0 || !S_ISREG(sb.st_mode))
        rc = og_err_set(err, OG_E_NOINPUT, "'%s' is not a regular file", path);
    if (rc == OG_OK) {
        rc = og_blob_put_fd(state_dir, fd, sync, out, bytes, err);
        if (rc != OG_OK)
            og_err_wrap(err, rc, "'%s'", path);
    }
    close(fd);
    return rc;
}

enum og_rc og_blob_get(const char *state_dir, const struct og_hash *h, size_t max,
                       struct og_buf *out, struct og_err *err)
{
    char *path = og_blob_path(state_dir, h);
    size_t at = out->len;
    og_want_blob(state_dir, h);
    enum og_rc rc = og_io_read_file(path, max, out, err);
    if (rc == OG_OK) {
        struct og_hash got = og_sha256(out->p ? out->p + at : "", out->len - at);
        if (memcmp(got.b, h->b, OG_HASH_LEN) != 0)
            rc = og_err_set(err, OG_E_DATA, "blob '%s' is damaged", path);
    }
    free(path);
    return rc;
}

enum og_rc og_blob_remove(const char *state_dir, const struct og_hash *h, struct og_err *err)
{
    char *path = og_blob_path(state_dir, h);
    enum og_rc rc = OG_OK;
    if (unlink(path) < 0 && errno != ENOENT)
        rc = og_err_set(err, OG_E_IO, "cannot remove '%s': %s", path, strerror(errno));
    free(path);
    return rc;
}

enum og_rc og_manifest_put(struct og_store *st, const struct og_manifest *m, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_MANIFEST_PUT, &s, err));
    og_db_bind_blob(s, 1, m->root.b, OG_HASH_LEN);
    og_db_bind_blob(s, 2, m->sha256.b, OG_HASH_LEN);
    og_db_bind_u64(s, 3, m->task);
    og_db_bind_u64(s, 4, m->first);
    og_db_bind_u64(s, 5, m->count);
    og_db_bind_u64(s, 6, m->lease);
    return og_db_run(st, s, err);
}

enum og_rc og_manifest_del_lease(struct og_store *st, uint64_t lease, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_MANIFEST_DEL_LEASE, &s, err));
    og_db_bind_u64(s, 1, lease);
    return og_db_run(st, s, err);
}

static void read_manifest(sqlite3_stmt *s, struct og_manifest *m)
{
    memset(m, 0, sizeof *m);
    if (sqlite3_column_bytes(s, 0) == OG_HASH_LEN)
        memcpy(m->root.b, sqlite3_column_blob(s, 0), OG_HASH_LEN);
    if (sqlite3_column_bytes(s, 1) == OG_HASH_LEN)
        memcpy(m->sha256.b, sqlite3_column_blob(s, 1), OG_HASH_LEN);
    m->task = og_db_u64(s, 2);
    m->first = og_db_u64(s, 3);
    m->count = og_db_u64(s, 4);
    m->lease = og_db_u64(s, 5);
}

enum og_rc og_manifest_get(struct og_store *st, const struct og_hash *root, struct og_manifest *out,
                           bool *found, struct og_err *err)
{
    sqlite3_stmt *s;
    *found = false;
    OG_TRY(og_db_stmt(st, SQL_MANIFEST_GET, &s, err));
    og_db_bind_blob(s, 1, root->b, OG_HASH_LEN);
    OG_TRY(og_db_step(st, s, found, err));
    if (*found) {
        read_manifest(s, out);
        og_db_reset(s);
    }
    return OG_OK;
}

enum og_rc og_manifest_page(struct og_store *st, uint64_t task, uint64_t from,
                            struct og_manifest *out, size_t max, size_t *n, struct og_err *err)
{
    sqlite3_stmt *s;
    *n = 0;
    OG_TRY(og_db_stmt(st, SQL_MANIFEST_PAGE, &s, err));
    og_db_bind_u64(s, 1, task);
    og_db_bind_u64(s, 2, from);
    og_db_bind_u64(s, 3, max);
    for (;;) {
        bool row;
        OG_TRY(og_db_step(st, s, &row, err));
        if (!row)
            return OG_OK;
        read_manifest(s, &out[(*n)++]);
    }
}

enum og_rc og_manifest_del(struct og_store *st, const struct og_hash *root, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_MANIFEST_DEL, &s, err));
    og_db_bind_blob(s, 1, root->b, OG_HASH_LEN);
    return og_db_run(st, s, err);
}

enum og_rc og_run_put(struct og_store *st, const struct og_run *r, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_RUN_PUT, &s, err));
    og_db_bind_u64(s, 1, r->lease);
    og_db_bind_u64(s, 2, r->pid);
    og_db_bind_u64(s, 3, r->element);
    og_db_bind_u64(s, 4, r->done);
    og_db_bind_u64(s, 5, r->started_ms);
    og_db_bind_text(s, 6, r->out_path);
    og_db_bind_text(s, 7, r->err_path);
    return og_db_run(st, s, err);
}

enum og_rc og_run_del(struct og_store *st, uint64_t lease, struct og_err *err)
{
    sqlite3_stmt *s;
    OG_TRY(og_db_stmt(st, SQL_RUN_DEL, &s, err));
    og_db_bind_u64(s, 1, lease);
    return og_db_run(st, s, err);
}

enum og_rc og_run_list(struct og_store *st, struct og_run *out, size_t max, size_t *n,
                       struct og_err *err)
{
    sqlite3_stmt *s;
    *n = 0;
    OG_TRY(og_db_stmt(st, SQL_RUN_LIST, &s, err));
    og_db_bind_u64(s, 1, max);
    for (;;) {
        bool row;
        OG_TRY(og_db_step(st, s, &row, err));
        if (!row)
            return OG_OK;
        struct og_run *r = &out[(*n)++];
        memset(r, 0, sizeof *r);
        r->lease = og_db_u64(s, 0);
        r->pid = og_db_u64(s, 1);
        r->element = og_db_u64(s, 2);
        r->done = og_db_u64(s, 3);
        r->started_ms = og_db_u64(s, 4);
        snprintf(r->out_path, sizeof r->out_path, "%s", (const char *)sqlite3_column_text(s, 5));
        snprintf(r->err_path, sizeof r->err_path, "%s", (const char *)sqlite3_column_text(s, 6));
    }
}
