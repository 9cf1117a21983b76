/* engine_restore.c - a state out of chunks, believed when its app hash is the one promised. */
#include "engine/engine_snapshot.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "engine/engine_header.h"
#include "store/store_block.h"
#include "store/store_row.h"
#include "store/store_tree.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 32
#define RECORD_MAX   2048 /* bytes of the largest record struct */

struct doomed {
    const struct og_family *f;
    void **rec;
    size_t n, cap;
};

/* Key columns are at the front of every struct's description; a copy of them names the row. */
static enum og_rc note_key(void *ctx, const void *rec, struct og_err *err)
{
    struct doomed *d = ctx;
    struct og_buf bytes = OG_BUF_INIT;
    void *copy = og_xcalloc(1, d->f->size);
    size_t used;
    og_row_bytes(d->f, rec, &bytes);
    bool ok = og_row_parse(d->f, (const uint8_t *)bytes.p, bytes.len, copy, &used);
    og_buf_release(&bytes);
    d->rec = og_xgrow(d->rec, &d->cap, d->n + 1, sizeof *d->rec);
    d->rec[d->n++] = copy;
    return ok ? OG_OK : og_err_set(err, OG_E_INTERNAL, "a row of '%s' cannot be read", d->f->name);
}

/* The genesis' rows: few. */
static enum og_rc clear_family(struct og_store *st, enum og_family_index i, struct og_err *err)
{
    struct doomed d = {.f = &og_families[i]};
    enum og_rc rc = og_row_walk(st, i, note_key, &d, err);
    for (size_t k = 0; k < d.n; k++) {
        if (rc == OG_OK)
            rc = og_row_del(st, i, d.rec[k], err);
        og_row_release(d.f, d.rec[k]);
        free(d.rec[k]);
    }
    free(d.rec);
    return rc;
}

enum og_rc og_restore_begin(struct og_restore *r, struct og_store *st,
                            const struct og_snapshot *offer, const struct og_hash *app_hash,
                            struct og_err *err)
{
    og_restore_end(r);
    if (!offer->height || !offer->chunks || offer->meta.len != (size_t)offer->chunks * OG_HASH_LEN)
        return og_err_set(err, OG_E_DATA, "the snapshot is none of ours");
    struct og_hash h = og_sha256(offer->meta.p, offer->meta.len);
    if (memcmp(h.b, offer->hash.b, OG_HASH_LEN) != 0)
        return og_err_set(err, OG_E_DATA, "the snapshot's hash is not that of its chunks");
    *r = (struct og_restore){
        .st = st, .height = offer->height, .chunks = offer->chunks, .app_hash = *app_hash};
    og_buf_add(&r->meta, offer->meta.p, offer->meta.len);
    OG_TRY(og_store_begin(st, err));
    for (size_t i = 0; i < OG_FAMILIES; i++)
        OG_TRY(clear_family(st, (enum og_family_index)i, err));
    return OG_OK;
}

void og_restore_end(struct og_restore *r)
{
    if (r->st)
        og_store_rollback(r->st);
    og_buf_release(&r->meta);
    og_buf_release(&r->header);
    *r = (struct og_restore){0};
}

struct reading {
    const uint8_t *p;
    size_t n;
};

static bool take(struct reading *g, size_t max, const uint8_t **p, size_t *n)
{
    if (g->n < 4 || og_get_be32(g->p) > g->n - 4 || og_get_be32(g->p) > max)
        return false;
    *n = og_get_be32(g->p);
    *p = g->p + 4;
    g->p += 4 + *n;
    g->n -= 4 + *n;
    return true;
}

static enum og_rc put_row(struct og_restore *r, const char *name, const uint8_t *p, size_t n,
                          struct og_err *err)
{
    union {
        max_align_t align;
        unsigned char bytes[RECORD_MAX];
    } rec;
    size_t i = 0;
    size_t used;
    while (i < OG_FAMILIES && strcmp(og_families[i].name, name) != 0)
        i++;
    if (i == OG_FAMILIES || og_families[i].size > sizeof rec)
        return og_err_set(err, OG_NO, "the snapshot has a table '%s'", name);
    const struct og_family *f = &og_families[i];
    memset(&rec, 0, sizeof rec);
    if (!og_row_parse(f, p, n, &rec, &used) || used != n)
        return og_err_set(err, OG_NO, "the snapshot has a malformed row of '%s'", name);
    enum og_rc rc = og_row_add(r->st, (enum og_family_index)i, &rec, err);
    og_row_release(f, &rec);
    return rc == OG_E_DATA ? og_err_set(err, OG_NO, "the snapshot has a row twice") : rc;
}

static enum og_rc take_records(struct og_restore *r, const void *p, size_t n, struct og_err *err)
{
    struct reading g = {p, n};
    while (g.n) {
        const uint8_t *name;
        const uint8_t *row;
        size_t name_len;
        size_t row_len;
        char text[NAME_MAX_LEN + 1] = "";
        if (!take(&g, NAME_MAX_LEN, &name, &name_len) || !take(&g, n, &row, &row_len))
            return og_err_set(err, OG_NO, "the snapshot is malformed");
        memcpy(text, name, name_len);
        if (strcmp(text, "header") == 0)
            og_buf_add(&r->header, row, row_len);
        else
            OG_TRY(put_row(r, text, row, row_len, err));
    }
    return OG_OK;
}

/* The rows must come to the app hash; the header must be one of this block. */
static enum og_rc compare(struct og_restore *r, struct og_err *err)
{
    struct og_hash app;
    struct og_header h;
    struct og_roots roots = {.height = r->height};
    bool found;
    memset(&h, 0, sizeof h);
    OG_TRY(og_tree_flush(r->st, &app, err));
    if (memcmp(app.b, r->app_hash.b, OG_HASH_LEN) != 0)
        return og_err_set(err, OG_NO, "the snapshot is of another state");
    OG_TRY(og_row_get(r->st, OG_F_ROOTS, &roots, &found, err));
    if (!found || og_header_parse(r->header.p ? r->header.p : "", r->header.len, &h, err) != OG_OK)
        return og_err_set(err, OG_NO, "the snapshot has no header");
    bool same = h.open.height == r->height && h.open.time_ms == roots.time_ms &&
                memcmp(h.tx_root.b, roots.tx_root.b, OG_HASH_LEN) == 0;
    enum og_rc rc = same ? og_block_put(r->st, r->height, &h.hash, h.line.p, h.line.len, err)
                         : og_err_set(err, OG_NO, "the snapshot's header is of another block");
    og_header_release(&h);
    if (rc == OG_OK)
        rc = og_store_meta_put(r->st, "app_hash", app.b, OG_HASH_LEN, err);
    if (rc == OG_OK)
        rc = og_store_meta_put_u64(r->st, "last_time", roots.time_ms, err);
    return rc == OG_OK ? og_store_meta_put_u64(r->st, "comet_h", r->height, err) : rc;
}

enum og_rc og_restore_chunk(struct og_restore *r, const void *p, size_t n, bool *done,
                            struct og_err *err)
{
    *done = false;
    if (!r->st || r->next >= r->chunks)
        return og_err_set(err, OG_E_INTERNAL, "no snapshot is being put together");
    struct og_hash h = og_sha256(p, n);
    if (memcmp(h.b, r->meta.p + (size_t)r->next * OG_HASH_LEN, OG_HASH_LEN) != 0)
        return og_err_set(err, OG_E_DATA, "chunk %u is not the one that was offered", r->next);
    OG_TRY(take_records(r, p, n, err));
    if (++r->next < r->chunks)
        return OG_OK;
    *done = true;
    OG_TRY(compare(r, err));
    return og_store_commit(r->st, err);
}
