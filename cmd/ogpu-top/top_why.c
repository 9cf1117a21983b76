/* top_why.c - in one line each, why the waiting tasks wait. */
#include "top_data.h"

#include "base/base_num.h"
#include "store/store_query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Reasons that end by themselves. */
#define PASSING (OG_WHY_LOCK | OG_WHY_BLOCKED)

/* Elements of t that wait: those of an earlier attempt first. */
static enum og_rc next_range(struct og_store *st, const struct og_task *t, uint64_t *first,
                             uint64_t *count, struct og_err *err)
{
    size_t n = 0;
    *first = t->q_first;
    *count = og_min_u64(t->q_count, t->chunk);
    if (t->requeued == 0)
        return OG_OK;
    uint64_t at;
    OG_TRY(og_query(st, OG_Q_REQUEUE_OF, &t->id, 1, &at, 1, 1, &n, err));
    if (n == 0)
        return OG_OK;
    struct og_requeue r = {.task = t->id, .first = at};
    OG_TRY(og_row_need(st, OG_F_REQUEUE, &r, err));
    *first = at;
    *count = r.count;
    og_row_release(&og_families[OG_F_REQUEUE], &r);
    return OG_OK;
}

static void say(struct top_task *t, const struct og_match_row *row, const struct og_match_col *cols,
                size_t m)
{
    struct og_need_count c;
    size_t best = 0;
    unsigned most = 0;
    og_need_tally(row, cols, m, &c);
    if (m == 0) {
        snprintf(t->why, sizeof t->why, "there is no node");
        t->stuck = true;
        return;
    }
    if (c.feasible > 0) {
        snprintf(t->why, sizeof t->why, "%zu of %zu slots can take it", c.feasible, m);
        return;
    }
    for (unsigned i = 0; i < OG_WHY_BITS; i++)
        if (c.fails[i] > best) {
            best = c.fails[i];
            most = i;
        }
    snprintf(t->why, sizeof t->why, "%s: %zu of %zu slots cannot", og_need_why_text(1u << most),
             best, m);
    t->stuck = true;
    for (size_t j = 0; j < m; j++)
        if ((og_need_check(row, &cols[j]) & ~PASSING) == 0)
            t->stuck = false;
}

static enum og_rc explain_open(struct top_task *t, struct og_ledger *l,
                               const struct og_match_col *cols, size_t m, struct og_err *err)
{
    struct og_match_row row;
    uint64_t first, count;
    OG_TRY(next_range(og_ledger_store(l), &t->t, &first, &count, err));
    if (count == 0)
        return OG_OK;
    OG_TRY(og_view_row(l, &t->t, first, count, &row, err));
    say(t, &row, cols, m);
    og_view_release_row(&row);
    return OG_OK;
}

enum og_rc top_explain(struct top_data *d, struct og_ledger *l, struct og_err *err)
{
    struct og_match_col *cols = NULL;
    size_t m = 0, asked = 0;
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < d->tasks; i++) {
        struct top_task *t = &d->task[i];
        if (t->t.state == OG_TASK_WAITING) {
            snprintf(t->why, sizeof t->why, "after %" PRIu64 " other task%s", t->t.waiting_on,
                     t->t.waiting_on == 1 ? "" : "s");
            continue;
        }
        if (t->t.state != OG_TASK_OPEN || t->t.q_count + t->t.requeued == 0 || asked == TOP_WHY_MAX)
            continue;
        if (asked++ == 0)
            rc = og_view_cols(l, false, &cols, &m, err);
        if (rc == OG_OK)
            rc = explain_open(t, l, cols, m, err);
    }
    og_view_free_cols(cols, m);
    return rc;
}
