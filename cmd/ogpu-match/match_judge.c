/* match_judge.c - can the tasks read from stdin still go on? */
#include "match.h"

#include "base/base_buf.h"
#include "store/store_query.h"

#include <inttypes.h>
#include <string.h>

#define PAGE 64

/* Reasons that end by themselves while other leases run. */
#define PASSING (OG_WHY_LOCK | OG_WHY_BLOCKED)

struct judge {
    struct matcher *m;
    struct og_match_col *cols; /* of every slot */
    size_t n_cols;
    struct og_match_col *open; /* of every free slot */
    size_t n_open;
    bool others_run; /* some lease of the chain is being worked on */
    bool assigned;   /* some lease of ours waits for a worker */
    struct og_err *why;
};

static enum og_rc anybody_runs(struct og_store *st, bool *out, struct og_err *err)
{
    static const char *const name[] = {"lease.running", "lease.committed", "lease.revealed",
                                       "lease.accepted"};
    *out = false;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        uint64_t n;
        OG_TRY(og_store_counter(st, name[i], &n, err));
        *out = *out || n > 0;
    }
    return OG_OK;
}

/* First line of what would have to change. */
static void say_stuck(const struct judge *j, const struct og_match_row *row)
{
    struct og_buf b = OG_BUF_INIT;
    if (j->why->msg[0]) /* the first one is enough */
        return;
    og_need_change_text(row, j->cols, j->n_cols, &b);
    if (b.p)
        b.p[strcspn(b.p, "\n")] = '\0';
    og_err_set(j->why, OG_NO,
               "no node can take task %" PRIu64 ": %s; see 'ogpu-match --why %" PRIu64 "'",
               row->task, b.p ? b.p : "", row->task);
    og_buf_release(&b);
}

static bool fits_any(const struct og_match_row *row, const struct og_match_col *cols, size_t m,
                     uint32_t forgiven)
{
    for (size_t k = 0; k < m; k++)
        if ((og_need_check(row, &cols[k]) & ~forgiven) == 0)
            return true;
    return false;
}

static enum og_rc judge_waiting(struct judge *j, const struct og_task *t, bool *moves,
                                struct og_err *err)
{
    struct og_match_row row;
    uint64_t first, count;
    bool waits;
    OG_TRY(match_next_range(j->m->st, t, &first, &count, &waits, err));
    if (!waits) {
        *moves = true;
        return OG_OK;
    }
    OG_TRY(og_view_row(j->m->ledger, t, first, count, &row, err));
    if (fits_any(&row, j->open, j->n_open, 0)) {
        *moves = true;
    } else if (fits_any(&row, j->cols, j->n_cols, j->others_run ? PASSING : 0)) {
        *moves = j->others_run;
        j->assigned = true;
        if (!*moves && !j->why->msg[0])
            og_err_set(j->why, OG_NO,
                       "task %" PRIu64 " waits for a slot, and no worker starts what holds them",
                       t->id);
    } else {
        say_stuck(j, &row);
    }
    og_view_release_row(&row);
    return OG_OK;
}

static enum og_rc judge_leased(struct judge *j, const struct og_task *t, bool *moves,
                               struct og_err *err)
{
    uint64_t id[PAGE];
    size_t n;
    OG_TRY(og_query(j->m->st, OG_Q_LIVE_OF_TASK, &t->id, 1, id, 1, PAGE, &n, err));
    for (size_t i = 0; i < n && !*moves; i++) {
        struct og_lease l = {.id = id[i]};
        OG_TRY(og_row_need(j->m->st, OG_F_LEASE, &l, err));
        *moves = l.state != OG_LEASE_MATCHED;
        og_row_release(&og_families[OG_F_LEASE], &l);
    }
    if (n > 0)
        j->assigned = true;
    else
        *moves = true; /* between two states; the next look tells */
    return OG_OK;
}

static enum og_rc judge_task(struct judge *j, uint64_t id, bool *moves, struct og_err *err)
{
    struct og_task t = {.id = id};
    enum og_rc rc = OG_OK;
    *moves = false;
    OG_TRY(og_row_need(j->m->st, OG_F_TASK, &t, err));
    if (t.state == OG_TASK_OPEN)
        rc = t.q_count + t.requeued > 0 ? judge_waiting(j, &t, moves, err)
                                        : judge_leased(j, &t, moves, err);
    else if (t.state == OG_TASK_WAITING)
        *moves = j->others_run;
    og_row_release(&og_families[OG_F_TASK], &t);
    return rc;
}

/* Moves w->lo over tasks that have ended. */
static enum og_rc skip_ended(struct matcher *m, struct og_err *err)
{
    struct match_watch *w = &m->watch;
    while (w->lo < w->n) {
        struct og_task t = {.id = w->id[w->lo]};
        OG_TRY(og_row_need(m->st, OG_F_TASK, &t, err));
        bool ended = t.state > OG_TASK_OPEN;
        og_row_release(&og_families[OG_F_TASK], &t);
        if (!ended)
            break;
        w->lo++;
    }
    return OG_OK;
}

static enum og_rc judge_all(struct judge *j, enum match_state *out, struct og_err *err)
{
    struct match_watch *w = &j->m->watch;
    uint64_t waiting = 0;
    for (size_t i = w->lo; i < w->n; i++) {
        struct og_task t = {.id = w->id[i]};
        bool moves;
        OG_TRY(judge_task(j, t.id, &moves, err));
        if (moves)
            return OG_OK;
        OG_TRY(og_row_need(j->m->st, OG_F_TASK, &t, err));
        if (t.state == OG_TASK_WAITING && waiting == 0)
            waiting = t.id;
        og_row_release(&og_families[OG_F_TASK], &t);
    }
    if (waiting && !j->why->msg[0])
        og_err_set(j->why, OG_NO,
                   "task %" PRIu64 " waits for another task, and that one stands still", waiting);
    *out = j->why->msg[0] ? MATCH_STUCK : MATCH_ASSIGNED;
    if (j->assigned && *out == MATCH_STUCK) /* may still end, and free what the others need */
        *out = MATCH_ASSIGNED;
    return OG_OK;
}

enum og_rc match_judge(struct matcher *m, enum match_state *out, struct og_err *why,
                       struct og_err *err)
{
    struct judge j = {.m = m, .why = why};
    *out = MATCH_MOVING;
    *why = (struct og_err){0};
    OG_TRY(skip_ended(m, err));
    if (m->watch.lo == m->watch.n) {
        *out = MATCH_ENDED;
        return OG_OK;
    }
    OG_TRY(match_refresh(m, err));
    OG_TRY(og_store_begin_read(m->st, err)); /* all of one moment */
    enum og_rc rc = anybody_runs(m->st, &j.others_run, err);
    if (rc == OG_OK)
        rc = og_view_cols(m->ledger, false, &j.cols, &j.n_cols, err);
    if (rc == OG_OK)
        rc = og_view_cols(m->ledger, true, &j.open, &j.n_open, err);
    if (rc == OG_OK)
        rc = judge_all(&j, out, err);
    og_store_end_read(m->st);
    og_view_free_cols(j.cols, j.n_cols);
    og_view_free_cols(j.open, j.n_open);
    return rc;
}
