/* engine_snapshot.c - writes snapshots of the hashed state, lists and reads them. */
#include "engine/engine_snapshot.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define META_MAX  (4u << 20)
#define CHUNK_MAX (16u << 20)
#define LIST_MAX  64

struct writing {
    const char *dir;
    const struct og_family *f;
    struct og_buf chunk, meta, row;
    uint32_t n;
};

static enum og_rc put_file(const char *dir, const char *name, const struct og_buf *b,
                           struct og_err *err)
{
    char *path = og_io_join(dir, name);
    enum og_rc rc = og_io_write_atomic(path, b->p ? b->p : "", b->len, 0600, OG_IO_NOSYNC, err);
    free(path);
    return rc;
}

static enum og_rc end_chunk(struct writing *w, struct og_err *err)
{
    char name[32];
    struct og_hash h = og_sha256(w->chunk.p ? w->chunk.p : "", w->chunk.len);
    snprintf(name, sizeof name, "%" PRIu32, w->n++);
    og_buf_add(&w->meta, h.b, OG_HASH_LEN);
    OG_TRY(put_file(w->dir, name, &w->chunk, err));
    og_buf_reset(&w->chunk);
    return OG_OK;
}

static enum og_rc add_record(struct writing *w, const char *name, const struct og_buf *bytes,
                             struct og_err *err)
{
    og_buf_add_be32(&w->chunk, (uint32_t)strlen(name));
    og_buf_adds(&w->chunk, name);
    og_buf_add_be32(&w->chunk, (uint32_t)bytes->len);
    og_buf_add(&w->chunk, bytes->p ? bytes->p : "", bytes->len);
    return w->chunk.len >= OG_SNAPSHOT_CHUNK ? end_chunk(w, err) : OG_OK;
}

static enum og_rc add_row(void *ctx, const void *rec, struct og_err *err)
{
    struct writing *w = ctx;
    og_buf_reset(&w->row);
    og_row_bytes(w->f, rec, &w->row);
    return add_record(w, w->f->name, &w->row, err);
}

static enum og_rc write_all(struct writing *w, struct og_store *st, uint64_t height,
                            struct og_err *err)
{
    struct og_hash hash;
    struct og_buf header = OG_BUF_INIT;
    bool found;
    enum og_rc rc = og_block_get(st, height, &hash, &header, &found, err);
    if (rc == OG_OK)
        rc = add_record(w, "header", &header, err);
    og_buf_release(&header);
    for (size_t i = 0; rc == OG_OK && i < OG_FAMILIES; i++) {
        w->f = &og_families[i];
        rc = og_row_walk(st, (enum og_family_index)i, add_row, w, err);
    }
    if (rc == OG_OK && w->chunk.len)
        rc = end_chunk(w, err);
    return rc == OG_OK ? put_file(w->dir, "meta", &w->meta, err) : rc;
}

/* The block's time must be one that the app hash covers, and nothing but rows may matter. */
static enum og_rc is_fit(struct og_store *st, uint64_t *height, bool *fit, struct og_err *err)
{
    struct og_roots r = {0};
    uint64_t row[3];
    size_t n = 0;
    OG_TRY(og_block_last(st, height, NULL, err));
    r.height = *height;
    OG_TRY(og_row_get(st, OG_F_ROOTS, &r, fit, err));
    for (uint64_t what = 0; *fit && what < 16; what++) {
        OG_TRY(og_query(st, OG_Q_QUEUE, &what, 1, row, 3, 1, &n, err));
        *fit = n == 0;
    }
    *fit = *fit && *height > 0;
    return OG_OK;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static size_t heights(const char *root, uint64_t *out, size_t max)
{
    size_t n = 0;
    DIR *d = opendir(root);
    const struct dirent *e;
    while (d && n < max && (e = readdir(d)))
        n += og_parse_u64(e->d_name, UINT64_MAX, &out[n]);
    if (d)
        closedir(d);
    qsort(out, n, sizeof *out, by_number);
    return n;
}

static char *place(const char *state_dir, uint64_t height)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/snapshots/%" PRIu64, state_dir, height);
    return og_buf_detach(&b);
}

static enum og_rc prune(const char *state_dir, struct og_err *err)
{
    uint64_t h[LIST_MAX];
    char *root = og_io_join(state_dir, "snapshots");
    size_t n = heights(root, h, LIST_MAX);
    enum og_rc rc = OG_OK;
    free(root);
    for (size_t i = 0; rc == OG_OK && i + OG_SNAPSHOT_KEEP < n; i++) {
        char *path = place(state_dir, h[i]);
        rc = og_io_remove_tree(path, err);
        free(path);
    }
    return rc;
}

static enum og_rc write_to(const char *state_dir, struct og_store *st, uint64_t height,
                           struct og_err *err)
{
    struct og_buf tmp = OG_BUF_INIT;
    char *final = place(state_dir, height);
    og_buf_addf(&tmp, "%s/snapshots/tmp-%ld", state_dir, (long)getpid());
    struct writing w = {.dir = tmp.p};
    enum og_rc rc = og_io_mkdirs(tmp.p, 0700, err);
    if (rc == OG_OK)
        rc = write_all(&w, st, height, err);
    if (rc == OG_OK && !og_io_exists(final) && rename(tmp.p, final) < 0)
        rc = og_err_set(err, OG_E_IO, "cannot make '%s'", final);
    struct og_err ignored;
    if (og_io_exists(tmp.p) && og_io_remove_tree(tmp.p, &ignored) != OG_OK && rc == OG_OK)
        rc = og_err_set(err, OG_E_IO, "%s", ignored.msg);
    og_buf_release(&w.chunk);
    og_buf_release(&w.meta);
    og_buf_release(&w.row);
    og_buf_release(&tmp);
    free(final);
    return rc == OG_OK ? prune(state_dir, err) : rc;
}

enum og_rc og_snapshot_make(const char *state_dir, bool *made, struct og_err *err)
{
    struct og_store *st;
    uint64_t height = 0;
    *made = false;
    OG_TRY(og_store_open(state_dir, OG_STORE_READ, &st, err));
    enum og_rc rc = og_store_begin_read(st, err);
    if (rc == OG_OK)
        rc = is_fit(st, &height, made, err);
    if (rc == OG_OK && *made)
        rc = write_to(state_dir, st, height, err);
    og_store_end_read(st);
    og_store_close(st);
    return rc;
}

enum og_rc og_snapshot_list(const char *state_dir, struct og_snapshot *out, size_t max, size_t *n,
                            struct og_err *err)
{
    uint64_t h[LIST_MAX];
    char *root = og_io_join(state_dir, "snapshots");
    size_t all = heights(root, h, LIST_MAX);
    enum og_rc rc = OG_OK;
    *n = 0;
    free(root);
    for (size_t i = 0; rc == OG_OK && i < all && *n < max; i++) {
        struct og_snapshot *s = &out[*n];
        char *dir = place(state_dir, h[i]);
        char *meta = og_io_join(dir, "meta");
        *s = (struct og_snapshot){.height = h[i]};
        rc = og_io_read_file(meta, META_MAX, &s->meta, err);
        s->chunks = (uint32_t)(s->meta.len / OG_HASH_LEN);
        s->hash = og_sha256(s->meta.p ? s->meta.p : "", s->meta.len);
        *n += rc == OG_OK;
        free(meta);
        free(dir);
    }
    return rc;
}

enum og_rc og_snapshot_chunk(const char *state_dir, uint64_t height, uint32_t chunk,
                             struct og_buf *out, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    char *dir = place(state_dir, height);
    og_buf_addf(&b, "%s/%" PRIu32, dir, chunk);
    enum og_rc rc = og_io_read_file(b.p, CHUNK_MAX, out, err);
    og_buf_release(&b);
    free(dir);
    return rc;
}
