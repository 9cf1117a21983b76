/* submit_prune.c - --prune: blobs and local rows of ended tasks that no live task needs. */
#include "submit.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "check/check_result.h"
#include "model/model_records.h"
#include "store/store_blob.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_line.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE         256
#define BLOB_MAX     (1u << 30)
#define EVENTS_KEPT  10000
#define FRESH_S      3600 /* a blob touched so lately may be on its way into a live task's result */
#define LEFTOVER_S   86400 /* an unfinished file of a tool that was killed */
#define ROWS_A_BATCH 1000

struct hashes {
    struct og_hash *v;
    size_t n, cap;
};

struct prune {
    struct og_submit s;
    uint64_t now_ms, older_ms;
    struct hashes kept;
    struct hashes leaf;      /* inputs, streams, outputs of what goes */
    struct hashes index;     /* specs and manifests of it: removed after what they name */
    struct og_manifest *row; /* that go */
    size_t n_row, cap_row;
    struct og_hash spec; /* read last */
    struct og_buf spec_text;
    bool any_live;
    uint64_t tasks, blobs, bytes;
};

static void push(struct hashes *h, const struct og_hash *v)
{
    h->v = og_xgrow(h->v, &h->cap, h->n + 1, sizeof *h->v);
    h->v[h->n++] = *v;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, OG_HASH_LEN);
}

static bool holds(const struct hashes *h, const struct og_hash *v)
{
    return h->n && bsearch(v, h->v, h->n, sizeof *h->v, by_bytes);
}

static void push_hex(struct hashes *h, const json_t *hex)
{
    struct og_hash v;
    const char *s = json_string_value(hex);
    if (s && og_hex_decode(s, strlen(s), v.b, OG_HASH_LEN))
        push(h, &v);
}

static void push_inputs(struct hashes *h, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        push_hex(h, json_object_get(json_array_get(list, i), "sha256"));
}

static const char *spec_line(const struct og_buf *text, uint64_t line, size_t *len)
{
    const char *p = text->p;
    const char *end = text->p + text->len;
    const char *nl = NULL;
    for (uint64_t i = 0; p && p < end; i++, p = nl + 1) {
        nl = memchr(p, '\n', (size_t)(end - p));
        if (!nl)
            return NULL;
        *len = (size_t)(nl - p);
        if (i == line)
            return p;
    }
    return NULL;
}

/* The inputs that a task's spec names. A spec that is gone names none any more. */
static void add_spec(struct prune *p, const struct og_task *t, struct hashes *leaf,
                     struct hashes *index)
{
    struct og_err ignored;
    push(index, &t->spec);
    if (memcmp(p->spec.b, t->spec.b, OG_HASH_LEN) != 0 || p->spec_text.len == 0) {
        og_buf_reset(&p->spec_text);
        p->spec = t->spec;
        if (og_blob_get(p->s.state_dir, &t->spec, BLOB_MAX, &p->spec_text, &ignored) != OG_OK)
            og_buf_reset(&p->spec_text);
    }
    size_t len = 0;
    const char *line = p->spec_text.len ? spec_line(&p->spec_text, t->line, &len) : NULL;
    json_t *o = line ? json_loadb(line, len, 0, NULL) : NULL;
    push_inputs(leaf, json_object_get(o, "in"));
    push_hex(leaf, json_object_get(json_object_get(o, "root"), "sha256"));
    push_inputs(leaf, json_object_get(json_object_get(o, "check"), "in"));
    json_decref(o);
}

/* The streams and outputs that a manifest names. */
static void add_manifest(struct prune *p, const struct og_hash *sha256, struct hashes *leaf)
{
    struct og_err ignored;
    struct og_buf text = OG_BUF_INIT;
    if (og_blob_get(p->s.state_dir, sha256, BLOB_MAX, &text, &ignored) != OG_OK)
        og_buf_reset(&text);
    for (size_t at = 0; at < text.len;) {
        const char *nl = memchr(text.p + at, '\n', text.len - at);
        size_t n = nl ? (size_t)(nl - text.p) - at : text.len - at;
        struct og_result_element e;
        if (og_result_parse(text.p + at, n, &e, &ignored) == OG_OK) {
            push(leaf, &e.stdout_blob.sha256);
            push(leaf, &e.stderr_blob.sha256);
            for (size_t i = 0; i < e.out_n; i++)
                push(leaf, &e.out[i].blob.sha256);
            og_result_release(&e);
        }
        at += n + 1;
    }
    og_buf_release(&text);
}

static enum og_rc add_results(struct prune *p, uint64_t task, bool goes, struct hashes *leaf,
                              struct hashes *index, struct og_err *err)
{
    struct og_manifest page[PAGE];
    size_t n;
    uint64_t from = 0;
    do {
        OG_TRY(og_manifest_page(p->s.store, task, from, page, PAGE, &n, err));
        for (size_t i = 0; i < n; i++) {
            add_manifest(p, &page[i].sha256, leaf);
            push(index, &page[i].sha256);
            if (!goes)
                continue;
            p->row = og_xgrow(p->row, &p->cap_row, p->n_row + 1, sizeof *p->row);
            p->row[p->n_row++] = page[i];
        }
        if (n == PAGE && page[n - 1].first == from) /* attempts at one element fill a page */
            return og_err_set(err, OG_E_INTERNAL, "task %llu has too many results at one element",
                              (unsigned long long)task);
        from = n ? page[n - 1].first : from;
    } while (n == PAGE);
    return OG_OK;
}

/* When a task ended: the time of the block that holds its receipt. */
static enum og_rc ended_at(struct prune *p, const struct og_task *t, uint64_t *ms,
                           struct og_err *err)
{
    struct og_buf line = OG_BUF_INIT;
    uint64_t pos;
    bool found;
    *ms = p->now_ms; /* in the open block, or its receipt not written yet */
    enum og_rc rc = og_receipt_get(p->s.store, t->id, &pos, &line, &found, err);
    og_buf_release(&line);
    if (rc != OG_OK || !found)
        return rc;
    struct og_roots roots = {.height = OG_POS_HEIGHT(pos)};
    OG_TRY(og_row_get(p->s.store, OG_F_ROOTS, &roots, &found, err));
    *ms = found ? roots.time_ms : *ms;
    og_row_release(&og_families[OG_F_ROOTS], &roots);
    return OG_OK;
}

static enum og_rc look_at(struct prune *p, uint64_t id, struct og_err *err)
{
    struct og_task t = {.id = id};
    uint64_t ended = 0;
    OG_TRY(og_row_need(p->s.store, OG_F_TASK, &t, err));
    bool live = t.state < OG_TASK_PAID;
    enum og_rc rc = live ? OG_OK : ended_at(p, &t, &ended, err);
    bool goes = !live && (p->older_ms == 0 || ended + p->older_ms <= p->now_ms);
    struct hashes *leaf = goes ? &p->leaf : &p->kept;
    struct hashes *index = goes ? &p->index : &p->kept;
    p->any_live = p->any_live || live;
    p->tasks += goes;
    add_spec(p, &t, leaf, index);
    if (rc == OG_OK)
        rc = add_results(p, id, goes, leaf, index, err);
    og_row_release(&og_families[OG_F_TASK], &t);
    return rc;
}

static enum og_rc look_at_all(struct prune *p, struct og_err *err)
{
    uint64_t ids[PAGE];
    uint64_t after = 0;
    size_t n;
    do {
        OG_TRY(og_query(p->s.store, OG_Q_TASKS_FROM, &after, 1, ids, 1, PAGE, &n, err));
        for (size_t i = 0; i < n; i++)
            OG_TRY(look_at(p, ids[i], err));
        after = n ? ids[n - 1] : after;
    } while (n == PAGE);
    return OG_OK;
}

static enum og_rc remove_blobs(struct prune *p, struct hashes *h, struct og_err *err)
{
    time_t now = (time_t)(p->now_ms / 1000);
    if (h->n)
        qsort(h->v, h->n, sizeof *h->v, by_bytes);
    for (size_t i = 0; i < h->n; i++) {
        if (i && memcmp(h->v[i].b, h->v[i - 1].b, OG_HASH_LEN) == 0)
            continue;
        char *path = og_blob_path(p->s.state_dir, &h->v[i]);
        struct stat sb;
        bool there = lstat(path, &sb) == 0;
        bool fresh = there && p->any_live && sb.st_ctime + FRESH_S > now;
        free(path);
        if (!there || fresh || holds(&p->kept, &h->v[i]))
            continue;
        OG_TRY(og_blob_remove(p->s.state_dir, &h->v[i], err));
        p->blobs++;
        p->bytes += (uint64_t)sb.st_size;
    }
    return OG_OK;
}

/* A row stays while its blob was spared: without it nothing would lead to the result's files. */
static enum og_rc remove_row(struct prune *p, const struct og_manifest *m, struct og_err *err)
{
    if (og_blob_has(p->s.state_dir, &m->sha256) && !holds(&p->kept, &m->sha256))
        return OG_OK;
    return og_manifest_del_lease(p->s.store, m->lease, err);
}

static enum og_rc remove_rows(struct prune *p, struct og_err *err)
{
    struct og_store *st = p->s.store;
    for (size_t at = 0; at < p->n_row; at += ROWS_A_BATCH) {
        enum og_rc rc = og_store_begin(st, err);
        for (size_t i = at; rc == OG_OK && i < p->n_row && i < at + ROWS_A_BATCH; i++)
            rc = remove_row(p, &p->row[i], err);
        if (rc == OG_OK)
            rc = og_store_commit(st, err);
        if (rc != OG_OK) {
            og_store_rollback(st);
            return rc;
        }
    }
    return og_event_prune(st, EVENTS_KEPT, err);
}

/* Unfinished files in the folder of blobs whose writer was killed long ago. */
static void remove_leftovers(struct prune *p)
{
    char *dir = og_blob_dir(p->s.state_dir);
    DIR *d = opendir(dir);
    free(dir);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        struct stat sb;
        if (strncmp(e->d_name, ".tmp-", 5) != 0 ||
            fstatat(dirfd(d), e->d_name, &sb, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(sb.st_mode) ||
            sb.st_mtime + LEFTOVER_S > (time_t)(p->now_ms / 1000))
            continue;
        if (unlinkat(dirfd(d), e->d_name, 0) == 0)
            p->bytes += (uint64_t)sb.st_size;
    }
    closedir(d);
}

static enum og_rc prune(struct prune *p, struct og_err *err)
{
    OG_TRY(look_at_all(p, err));
    if (p->kept.n)
        qsort(p->kept.v, p->kept.n, sizeof *p->kept.v, by_bytes);
    OG_TRY(remove_blobs(p, &p->leaf, err));
    OG_TRY(remove_blobs(p, &p->index, err));
    OG_TRY(remove_rows(p, err));
    remove_leftovers(p);
    json_t *o = json_pack("{s:s, s:i, s:I, s:I, s:I}", "kind", "pruned", "v", 1, "tasks",
                          (json_int_t)p->tasks, "blobs", (json_int_t)p->blobs, "bytes",
                          (json_int_t)p->bytes);
    enum og_rc rc = og_jsonl_write(stdout, o, err);
    json_decref(o);
    return rc;
}

enum og_rc og_submit_prune(const struct og_submit_options *o, struct og_err *err)
{
    struct prune p = {.now_ms = og_time_unix_ms(), .older_ms = o->older_ms};
    int lock = -1;
    p.spec_text = (struct og_buf)OG_BUF_INIT;
    OG_TRY(og_submit_open(o, OG_NEED_WRITE, &p.s, err));
    enum og_rc rc = og_submit_lock(p.s.state_dir, true, &lock, err);
    if (rc == OG_OK)
        rc = prune(&p, err);
    if (lock >= 0)
        close(lock);
    free(p.kept.v);
    free(p.leaf.v);
    free(p.index.v);
    free(p.row);
    og_buf_release(&p.spec_text);
    og_submit_close(&p.s);
    return rc;
}
