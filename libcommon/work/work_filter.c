/* work_filter.c - records through, tasks followed. */
#include "work/work_filter.h"

#include "base/base_mem.h"
#include "base/base_time.h"
#include "check/check_method.h"
#include "ledger/ledger.h"
#include "model/model_records.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE  65536
#define FEW        64 /* unended tasks that are looked up one by one */
#define PAGE       4096
#define STILL_H    12 /* blocks without any motion */
#define STILL_MS   10000
#define ADOPT_MS   1500
#define SILENCE_MS 60000 /* without a block, when nobody seals */

void og_filter_open(struct og_filter *f, int fd)
{
    *f = (struct og_filter){.fd = fd, .sorted = true};
}

void og_filter_release(struct og_filter *f)
{
    og_buf_release(&f->buf);
    free(f->task);
    f->task = NULL;
}

static enum og_rc note(struct og_filter *f, const json_t *rec, struct og_err *err)
{
    const char *kind = json_string_value(json_object_get(rec, "kind"));
    uint64_t id;
    if (!kind)
        return og_err_set(err, OG_E_DATA, "not an object with a 'kind'");
    if (strcmp(kind, "task") != 0)
        return OG_OK;
    OG_TRY(og_json_u64(rec, "id", (uint64_t)1 << 53, &id, err));
    if (f->n && f->task[f->n - 1].id >= id)
        f->sorted = false;
    f->task = og_xgrow(f->task, &f->cap, f->n + 1, sizeof *f->task);
    f->task[f->n++] = (struct og_filter_task){.id = id};
    return OG_OK;
}

static enum og_rc take_line(struct og_filter *f, const char *s, size_t n, struct og_err *err)
{
    json_error_t je;
    f->line_no++;
    if (strspn(s, " \t\r") >= n)
        return OG_OK;
    json_t *rec = og_jsonl_parse(s, n, "task", &je);
    enum og_rc rc = rec ? note(f, rec, err) : og_err_set(err, OG_E_DATA, "not JSON: %s", je.text);
    json_decref(rec);
    if (rc != OG_OK)
        return og_err_wrap(err, rc, "stdin:%lu", f->line_no);
    return og_jsonl_write_raw(stdout, s, n, err);
}

static int by_id(const void *a, const void *b)
{
    const struct og_filter_task *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void sort(struct og_filter *f)
{
    if (f->sorted)
        return;
    qsort(f->task, f->n, sizeof *f->task, by_id);
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        if (n && f->task[n - 1].id == f->task[i].id)
            f->task[n - 1].ended |= f->task[i].ended;
        else
            f->task[n++] = f->task[i];
    }
    f->n = n;
    f->sorted = true;
    f->ended = f->unpaid = 0;
    for (size_t i = 0; i < n; i++) {
        f->ended += f->task[i].ended;
        f->unpaid += f->task[i].ended && f->task[i].state != OG_TASK_PAID;
    }
}

static enum og_rc take_lines(struct og_filter *f, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    size_t at = 0;
    while (rc == OG_OK && at < f->buf.len) {
        char *s = f->buf.p + at;
        char *nl = memchr(s, '\n', f->buf.len - at);
        if (!nl && !f->eof)
            break;
        size_t n = nl ? (size_t)(nl - s) : f->buf.len - at;
        rc = take_line(f, s, n, err);
        at += n + (nl ? 1 : 0);
    }
    if (at) {
        memmove(f->buf.p, f->buf.p + at, f->buf.len - at);
        f->buf.len -= at;
        f->buf.p[f->buf.len] = '\0';
    }
    sort(f);
    if (rc == OG_OK && f->buf.len > OG_JSONL_LINE_MAX)
        rc = og_err_set(err, OG_E_DATA, "stdin:%lu: line longer than %u bytes", f->line_no + 1,
                        OG_JSONL_LINE_MAX);
    return rc;
}

enum og_rc og_filter_read(struct og_filter *f, struct og_err *err)
{
    og_buf_reserve(&f->buf, READ_SIZE + 1);
    ssize_t r = read(f->fd, f->buf.p + f->buf.len, READ_SIZE);
    if (r < 0 && (errno == EINTR || errno == EAGAIN))
        return OG_OK;
    if (r < 0)
        return og_err_set(err, OG_E_IO, "stdin: read failed: %s", strerror(errno));
    f->eof = r == 0;
    f->buf.len += (size_t)r;
    f->buf.p[f->buf.len] = '\0';
    enum og_rc rc = take_lines(f, err);
    f->next_look_us = 0;
    if (fflush(stdout) != 0 && rc == OG_OK)
        rc = og_err_set(err, OG_E_IO, "cannot write a record: %s", strerror(errno));
    return rc;
}

static struct og_filter_task *find(struct og_filter *f, uint64_t id)
{
    struct og_filter_task key = {.id = id};
    return f->n ? bsearch(&key, f->task, f->n, sizeof *f->task, by_id) : NULL;
}

bool og_filter_has(struct og_filter *f, uint64_t task)
{
    return find(f, task) != NULL;
}

bool og_filter_adopts(struct og_filter *f, uint64_t lease)
{
    static const size_t cap = sizeof f->other / sizeof *f->other;
    uint64_t now = og_time_mono_ms();
    for (size_t i = 0; i < cap; i++)
        if (f->other[i].lease == lease)
            return now - f->other[i].since_ms >= ADOPT_MS;
    f->other[f->n_other++ % cap] = (struct og_filter_other){lease, now};
    return false;
}

static enum og_rc look_one(struct og_filter *f, struct og_store *st, struct og_filter_task *t,
                           og_filter_fn fn, void *ctx, struct og_err *err)
{
    struct og_task row = {.id = t->id};
    bool found;
    OG_TRY(og_row_get(st, OG_F_TASK, &row, &found, err));
    t->state = row.state;
    og_row_release(&og_families[OG_F_TASK], &row);
    if (!found)
        return og_err_set(err, OG_E_DATA, "there is no task %llu", (unsigned long long)t->id);
    if (t->state == OG_TASK_WAITING || t->state == OG_TASK_OPEN)
        return OG_OK;
    t->ended = true;
    f->ended++;
    f->unpaid += t->state != OG_TASK_PAID;
    return fn ? fn(ctx, st, t->id, t->state, err) : OG_OK;
}

/* Marks in `alive` those that are open or waiting. */
static enum og_rc mark_alive(struct og_filter *f, struct og_store *st, uint64_t state, bool *alive,
                             struct og_err *err)
{
    static const size_t page = PAGE;
    uint64_t *ids = og_xcalloc(page, sizeof *ids);
    uint64_t in[2] = {state, 0};
    size_t n = page;
    enum og_rc rc = OG_OK;
    while (rc == OG_OK && n == page) {
        rc = og_query(st, OG_Q_TASKS_IN, in, 2, ids, 1, page, &n, err);
        for (size_t i = 0; rc == OG_OK && i < n; i++) {
            struct og_filter_task *t = find(f, ids[i]);
            if (t)
                alive[t - f->task] = true;
            in[1] = ids[i];
        }
    }
    free(ids);
    return rc;
}

enum og_rc og_filter_look(struct og_filter *f, struct og_store *st, og_filter_fn fn, void *ctx,
                          struct og_err *err)
{
    uint64_t start = og_time_mono_us();
    if (f->ended == f->n || start < f->next_look_us)
        return OG_OK;
    bool many = f->n - f->ended > FEW;
    bool *alive = og_xcalloc(f->n + 1, sizeof *alive);
    enum og_rc rc = OG_OK;
    if (many)
        rc = mark_alive(f, st, OG_TASK_WAITING, alive, err);
    if (rc == OG_OK && many)
        rc = mark_alive(f, st, OG_TASK_OPEN, alive, err);
    for (size_t i = 0; rc == OG_OK && i < f->n; i++)
        if (!f->task[i].ended && !alive[i])
            rc = look_one(f, st, &f->task[i], fn, ctx, err);
    free(alive);
    uint64_t used = og_time_mono_us() - start;
    f->next_look_us = many ? start + 20 * used : 0;
    return rc;
}

bool og_filter_done(const struct og_filter *f)
{
    return f->eof && f->ended == f->n;
}

static enum og_rc count_all(struct og_store *st, uint64_t *sum, uint64_t *live, struct og_err *err)
{
    char name[48];
    uint64_t v;
    *sum = *live = 0;
    for (size_t i = 0; i < OG_LEASE_STATES; i++) {
        snprintf(name, sizeof name, "lease.%s", og_lease_state_names[i]);
        OG_TRY(og_store_counter(st, name, &v, err));
        *sum = *sum * 31 + v;
        if (i <= OG_LEASE_ACCEPTED)
            *live += v;
    }
    for (size_t i = 0; i < OG_TASK_STATES; i++) {
        snprintf(name, sizeof name, "task.%s", og_task_state_names[i]);
        OG_TRY(og_store_counter(st, name, &v, err));
        *sum = *sum * 31 + v;
    }
    return OG_OK;
}

/* Leases that wait for a person's word do not move by themselves. */
static enum og_rc count_silent(struct og_store *st, uint64_t *silent, struct og_err *err)
{
    uint64_t ids[256];
    size_t n;
    *silent = 0;
    OG_TRY(
        og_query(st, OG_Q_LEASES_IN, (uint64_t[]){OG_LEASE_REVEALED, 0}, 2, ids, 1, 256, &n, err));
    for (size_t i = 0; i < n && i < 256; i++) {
        struct og_lease ls = {.id = ids[i]};
        OG_TRY(og_row_need(st, OG_F_LEASE, &ls, err));
        *silent += ls.method == OG_VERIFY_ACCEPT;
        og_row_release(&og_families[OG_F_LEASE], &ls);
    }
    return OG_OK;
}

enum og_rc og_filter_stuck(struct og_filter *f, struct og_store *st, bool *stuck,
                           struct og_err *err)
{
    uint64_t sum;
    uint64_t live;
    uint64_t silent;
    uint64_t h;
    struct og_hash hash;
    uint64_t now = og_time_mono_ms();
    *stuck = false;
    if (!f->eof || f->ended == f->n)
        return OG_OK;
    OG_TRY(count_all(st, &sum, &live, err));
    OG_TRY(count_silent(st, &silent, err));
    OG_TRY(og_block_last(st, &h, &hash, err));
    if (live > silent || sum != f->signature || !f->still_ms) {
        f->signature = sum;
        f->still_h = h;
        f->still_ms = now;
        return OG_OK;
    }
    bool blocks = h - f->still_h >= STILL_H && now - f->still_ms >= STILL_MS;
    *stuck = blocks || now - f->still_ms >= SILENCE_MS;
    return OG_OK;
}
