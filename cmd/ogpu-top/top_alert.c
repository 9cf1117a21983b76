/* top_alert.c - what somebody should look at. */
#include "top_data.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "cli/cli_table.h"
#include "store/store_query.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SEAL_LATE_MS    30000 /* pending, and no block for so long (or ten times block_ms) */
#define DISK_FREE_PPM   50000
#define DISK_FREE_LEAST (256ull << 20)
#define STUCK_MS        5000 /* a task is not stuck in its first moments */

static void add(struct top_data *d, const char *what, enum top_level level, const char *fmt, ...)
    OG_PRINTF(4, 5);
static void add(struct top_data *d, const char *what, enum top_level level, const char *fmt, ...)
{
    va_list ap;
    d->alert = og_xgrow(d->alert, &d->alert_cap, d->alerts + 1, sizeof *d->alert);
    struct top_alert *a = &d->alert[d->alerts++];
    a->what = what;
    a->level = level;
    va_start(ap, fmt);
    vsnprintf(a->text, sizeof a->text, fmt, ap);
    va_end(ap);
}

static void stuck_tasks(struct top_data *d)
{
    size_t n = 0;
    const struct top_task *first = NULL;
    for (size_t i = 0; i < d->tasks; i++) {
        const struct top_task *t = &d->task[i];
        if (!t->stuck || t->leases > 0 || d->head.now_ms < t->t.submit_ms + STUCK_MS)
            continue;
        first = first ? first : t;
        n++;
    }
    if (first)
        add(d, "stuck", TOP_BAD, "%zu task%s no node can take: task %" PRIu64 ": %s", n,
            n == 1 ? "" : "s", first->t.id, first->why);
}

static enum og_rc late_leases(struct top_data *d, struct og_store *st, struct og_err *err)
{
    uint64_t in[2] = {d->head.height + 1, d->head.now_ms}, id[64];
    size_t n;
    OG_TRY(og_query(st, OG_Q_LEASES_DUE, in, 2, id, 1, 64, &n, err));
    if (n > 0)
        add(d, "late", TOP_BAD, "%zu%s lease%s past the deadline: lease %" PRIu64, n,
            n == 64 ? " or more" : "", n == 1 ? "" : "s", id[0]);
    return OG_OK;
}

static void unsealed(struct top_data *d)
{
    const struct top_head *h = &d->head;
    uint64_t most = h->param_block_ms * 10 > SEAL_LATE_MS ? h->param_block_ms * 10 : SEAL_LATE_MS;
    char age[32];
    if (!h->pending || h->block_ms == 0 || h->now_ms < h->block_ms + most)
        return;
    og_fmt_duration_ms(h->now_ms - h->block_ms, age, sizeof age);
    add(d, "unsealed", TOP_BAD, "work is pending and nobody has sealed a block for %s", age);
}

static void disk(struct top_data *d)
{
    const struct top_head *h = &d->head;
    char left[32];
    if (h->disk_bytes == 0 || (h->disk_free_bytes >= DISK_FREE_LEAST &&
                               h->disk_free_bytes >= h->disk_bytes / OG_PPM * DISK_FREE_PPM))
        return;
    og_fmt_bytes(h->disk_free_bytes, left, sizeof left);
    add(d, "disk", TOP_BAD, "the disk of the state has only %s left", left);
}

static void nodes(struct top_data *d)
{
    for (size_t i = 0; i < d->nodes; i++) {
        const struct og_node *n = &d->node[i];
        if (n->state != OG_NODE_ACTIVE)
            continue;
        if (n->quarantine_ms > d->head.now_ms || n->quarantine_h > d->head.height)
            add(d, "quarantine", TOP_WARN, "node %" PRIu64 " is in quarantine", n->id);
    }
}

enum og_rc top_alerts(struct top_data *d, struct og_store *st, struct og_err *err)
{
    const struct top_head *h = &d->head;
    if (h->supply != h->genesis)
        add(d, "supply", TOP_BAD,
            "the supply is %" PRIu64 " grains and was %" PRIu64
            " at genesis: run 'ogpu-validate --audit'",
            h->supply, h->genesis);
    stuck_tasks(d);
    OG_TRY(late_leases(d, st, err));
    if (h->failed_hour > 0)
        add(d, "failed", TOP_BAD, "%" PRIu64 " task%s failed in the last hour", h->failed_hour,
            h->failed_hour == 1 ? "" : "s");
    unsealed(d);
    disk(d);
    nodes(d);
    return OG_OK;
}
