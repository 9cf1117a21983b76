/* submit_wait.c - --wait: until the tasks have ended; progress on stderr, receipts on stdout. */
#include "submit.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "cli/cli_table.h"
#include "model/model_records.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_MS    50
#define SEAL_MS    250
#define LINE_MS    2000 /* between progress lines where stderr is no terminal */
#define RECEIPT_MS 5000 /* how long an ended task's receipt is waited for */
#define PAGE       4096
#define DETAIL_MAX 16 /* as many tasks are asked for their elements */

struct waiting {
    struct og_submit *s;
    uint64_t *id; /* not ended, ascending */
    size_t n, all, paid;
    uint64_t sealed_ms, line_ms, ended_ms;
    uint64_t version;
    struct og_buf line; /* last progress */
    bool tty;
    struct og_table *table;
};

/* Which of the live tasks of the whole state are ours: both lists ascend. */
static enum og_rc mark_live(struct waiting *w, enum og_task_state state, bool *live,
                            struct og_err *err)
{
    uint64_t *page = og_xcalloc(PAGE, sizeof *page);
    uint64_t in[2] = {state, w->n ? w->id[0] - 1 : 0};
    size_t n = 0;
    size_t at = 0;
    enum og_rc rc;
    do {
        rc = og_query(w->s->store, OG_Q_TASKS_IN, in, 2, page, 1, PAGE, &n, err);
        for (size_t i = 0; rc == OG_OK && i < n; i++) {
            while (at < w->n && w->id[at] < page[i])
                at++;
            if (at < w->n && w->id[at] == page[i])
                live[at] = true;
        }
        in[1] = rc == OG_OK && n ? page[n - 1] : in[1];
    } while (rc == OG_OK && n == PAGE && at < w->n);
    free(page);
    return rc;
}

static void put_row(struct waiting *w, const struct og_task *t)
{
    char paid[32];
    og_fmt_amount(t->paid, paid, sizeof paid);
    og_table_cellf(w->table, "%" PRIu64, t->id);
    og_table_cell(w->table, t->name ? t->name : "");
    og_table_cell(w->table, og_task_state_names[t->state]);
    og_table_cellf(w->table, "%" PRIu64 "/%" PRIu64, t->done, t->count);
    og_table_cellf(w->table, "%" PRIu64, t->exit_worst);
    og_table_cell(w->table, paid);
}

/* Receipts are written a bounded number a block: an ended task may have to wait for its own. */
static enum og_rc settle(struct waiting *w, uint64_t id, bool *settled, struct og_err *err)
{
    struct og_task t = {.id = id};
    struct og_buf line = OG_BUF_INIT;
    uint64_t pos;
    bool found;
    OG_TRY(og_row_need(w->s->store, OG_F_TASK, &t, err));
    enum og_rc rc = og_receipt_get(w->s->store, id, &pos, &line, &found, err);
    uint64_t now = og_time_mono_ms();
    w->ended_ms = w->ended_ms ? w->ended_ms : now;
    *settled = rc == OG_OK && t.state >= OG_TASK_PAID && (found || now - w->ended_ms > RECEIPT_MS);
    if (*settled && w->table)
        put_row(w, &t);
    else if (*settled && found && !w->s->o->follow)
        rc = og_jsonl_write_raw(stdout, line.p, line.len, err);
    if (*settled)
        w->paid += t.state == OG_TASK_PAID;
    og_buf_release(&line);
    og_row_release(&og_families[OG_F_TASK], &t);
    return rc;
}

/* Takes what has ended off the list. */
static enum og_rc sweep(struct waiting *w, struct og_err *err)
{
    bool *live = og_xcalloc(w->n + 1, sizeof *live);
    enum og_rc rc = mark_live(w, OG_TASK_WAITING, live, err);
    if (rc == OG_OK)
        rc = mark_live(w, OG_TASK_OPEN, live, err);
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++) {
        bool settled = false;
        if (rc == OG_OK && !live[i])
            rc = settle(w, w->id[i], &settled, err);
        if (!settled)
            w->id[kept++] = w->id[i];
    }
    if (kept < w->n)
        w->ended_ms = 0;
    w->n = kept;
    free(live);
    if (rc == OG_OK && fflush(stdout) != 0)
        rc = og_err_set(err, OG_E_IO, "cannot write the receipts");
    return rc;
}

static enum og_rc describe(struct waiting *w, struct og_buf *out, struct og_err *err)
{
    og_buf_addf(out, "%zu of %zu tasks ended", w->all - w->n, w->all);
    if (w->n == 0 || w->n > DETAIL_MAX)
        return OG_OK;
    uint64_t done = 0;
    uint64_t count = 0;
    uint64_t live = 0;
    for (size_t i = 0; i < w->n; i++) {
        struct og_task t = {.id = w->id[i]};
        OG_TRY(og_row_need(w->s->store, OG_F_TASK, &t, err));
        done += t.done;
        count += t.count;
        live += t.live;
        og_row_release(&og_families[OG_F_TASK], &t);
    }
    og_buf_addf(out,
                "; of the others %" PRIu64 " of %" PRIu64 " elements done, %" PRIu64 " running",
                done, count, live);
    return OG_OK;
}

static enum og_rc progress(struct waiting *w, struct og_err *err)
{
    if (w->s->o->common.quiet || w->s->o->follow)
        return OG_OK;
    struct og_buf b = OG_BUF_INIT;
    uint64_t now = og_time_mono_ms();
    enum og_rc rc = describe(w, &b, err);
    bool same = rc == OG_OK && w->line.len == b.len && memcmp(w->line.p, b.p, b.len) == 0;
    if (rc == OG_OK && !same && w->tty) {
        fprintf(stderr, "\r\033[K%s", b.p);
        fflush(stderr);
    } else if (rc == OG_OK && !same && (w->n == 0 || now - w->line_ms >= LINE_MS)) {
        fprintf(stderr, "%s: %s\n", "ogpu-submit", b.p);
        w->line_ms = now;
    }
    og_buf_release(&w->line);
    w->line = b;
    return rc;
}

static enum og_rc seal(struct waiting *w, struct og_err *err)
{
    bool sealed;
    uint64_t now = og_time_mono_ms();
    if (now - w->sealed_ms < SEAL_MS || !og_engine_can_seal(w->s->engine))
        return OG_OK;
    w->sealed_ms = now;
    enum og_rc rc = og_engine_seal(w->s->engine, false, &sealed, err);
    if (rc == OG_OK && sealed)
        w->version = 0;                      /* our own writes do not change it */
    return rc == OG_E_TEMPFAIL ? OG_OK : rc; /* another tool is at it */
}

static enum og_rc loop(struct waiting *w, struct og_follow *f, struct og_err *err)
{
    bool shown = f == NULL;
    while (w->n || !shown) {
        uint64_t version = og_store_version(w->s->store);
        if (version == 0 || version != w->version || w->ended_ms) {
            OG_TRY(sweep(w, err));
            OG_TRY(progress(w, err));
        }
        w->version = version;
        if (f)
            OG_TRY(og_follow_step(f, &shown, err));
        if (w->n == 0)
            continue;
        OG_TRY(seal(w, err));
        og_time_sleep_ms(POLL_MS + w->n / 200);
    }
    return OG_OK;
}

static struct og_table *new_table(void)
{
    static const char *const heads[] = {"TASK", "NAME", "STATE", "ELEMENTS", "EXIT", "PAID"};
    struct og_table *t = og_table_new(6);
    for (size_t i = 0; i < 6; i++)
        og_table_head(t, i, heads[i], i != 1 && i != 2);
    return t;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

enum og_rc og_submit_wait(struct og_submit *s, const uint64_t *ids, size_t n, struct og_err *err)
{
    if (n == 0)
        return OG_OK;
    struct waiting w = {.s = s, .n = n, .all = n, .line = OG_BUF_INIT};
    w.id = og_xmemdup(ids, n * sizeof *ids);
    qsort(w.id, n, sizeof *w.id, by_number);
    w.tty = isatty(STDERR_FILENO) == 1;
    w.line_ms = og_time_mono_ms();
    w.table = s->o->common.human && !s->o->follow ? new_table() : NULL;
    struct og_follow *f = s->o->follow ? og_follow_new(s, ids, n) : NULL;
    enum og_rc rc = loop(&w, f, err);
    if (w.tty && w.line.len)
        fputc('\n', stderr);
    if (w.table)
        og_table_print(w.table, og_table_width(stdout), stdout);
    og_table_free(w.table);
    og_follow_free(f);
    og_buf_release(&w.line);
    free(w.id);
    if (rc == OG_OK && w.paid < n)
        rc = og_err_set(err, OG_NO, "%zu of %zu tasks did not end paid", n - w.paid, n);
    return rc;
}
