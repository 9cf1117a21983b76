/* match_round.c - solves the waiting round, commits its certificate, asks for the next. */
#include "match.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "store/store_block.h"
#include "store/store_query.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED_MAX 3
#define MOMENT_MS   5
#define PAGE        64
#define TASKS_MAX   1024 /* tasks looked at for a free slot: as many as a round takes */

void match_solution_release(struct match_solution *s)
{
    free(s->x);
    free(s->u);
    free(s->v);
    *s = (struct match_solution){0};
}

/* When the time for one round is over. */
static bool is_over(void *user)
{
    return og_time_mono_ms() >= *(const uint64_t *)user;
}

/* Names that a round's rows and places keep from round to round: task, elements; node, slot, turn.
 */
static void name_all(const struct og_round *rd, uint64_t *row, uint64_t *col)
{
    size_t places = og_view_places(rd);
    for (size_t i = 0; i < rd->rows; i++) {
        const uint8_t *at = rd->row.p + 32 * i;
        row[i] = og_get_be64(at) << 32 ^ og_get_be64(at + 8) << 1 ^ og_get_be64(at + 24);
    }
    for (size_t j = 0; j < rd->cols; j++) {
        const uint8_t *at = rd->col.p + 16 * j;
        col[j] = og_get_be64(at) << 24 ^ og_get_be64(at + 8) << 4 ^ j % places;
    }
}

static void keep(struct match_solution *s, const struct og_round *rd,
                 const struct og_adapt_result *r)
{
    match_solution_release(s);
    *s = (struct match_solution){.round = rd->id,
                                 .n = (size_t)rd->rows,
                                 .m = (size_t)rd->cols,
                                 .placed = r->placed,
                                 .optimal = r->optimal,
                                 .x = og_xcalloc(rd->rows + 1, sizeof *s->x),
                                 .u = og_xcalloc(rd->rows + 1, sizeof *s->u),
                                 .v = og_xcalloc(rd->cols + 1, sizeof *s->v)};
    memcpy(s->x, r->x, s->n * sizeof *s->x);
    memcpy(s->u, r->u, s->n * sizeof *s->u);
    memcpy(s->v, r->v, s->m * sizeof *s->v);
}

/* From the last round's solution where they have much in common. The solution is kept: it is asked
 * for again while the round waits. */
static enum og_rc solve(struct matcher *m, const struct og_round *rd, const int64_t *c,
                        const int64_t *wait, struct og_err *err)
{
    struct og_adapt_result r;
    uint64_t end = og_time_mono_ms() + m->opts->budget_ms;
    m->solved.assigned = 0;
    if (m->solved.round == rd->id)
        return OG_OK;
    if (!m->adapt)
        m->adapt = og_adapt_new();
    uint64_t *name = og_xcalloc(rd->rows + rd->cols + 1, sizeof *name);
    struct og_adapt_problem p = {.n = (size_t)rd->rows,
                                 .m = (size_t)rd->cols,
                                 .row = name,
                                 .col = name + rd->rows,
                                 .c = c,
                                 .wait = wait};
    name_all(rd, name, name + rd->rows);
    enum og_rc rc =
        og_adapt_solve(m->adapt, &p, m->opts->budget_ms ? is_over : NULL, &end, &r, err);
    if (rc == OG_OK)
        keep(&m->solved, rd, &r);
    if (rc == OG_OK && !r.optimal)
        og_log(OG_LOG_WARNING,
               "round %" PRIu64 ": stopped after %" PRIu64 " ms, at most %" PRId64
               " above the cheapest; left to the chain's own assignment",
               rd->id, m->opts->budget_ms, r.gap);
    else if (rc == OG_OK)
        og_log(OG_LOG_DEBUG, "round %" PRIu64 ": solved %s", rd->id, r.warm ? "warm" : "cold");
    free(name);
    return rc;
}

/* Who is first on its slot, and the slot free now. */
static enum og_rc count_assigned(struct matcher *m, const struct og_round *rd, const int64_t *c,
                                 const int64_t *wait, struct match_solution *s, struct og_err *err)
{
    bool *go = og_xcalloc(s->n + 1, sizeof *go);
    enum og_rc rc = OG_OK;
    og_view_first(rd, c, wait, s->x, go);
    for (size_t i = 0; rc == OG_OK && i < s->n; i++) {
        const uint8_t *at = rd->col.p + 16 * (size_t)(go[i] ? s->x[i] : 0);
        struct og_slot slot = {.node = og_get_be64(at), .idx = og_get_be64(at + 8)};
        bool there;
        if (!go[i])
            continue;
        rc = og_row_get(m->st, OG_F_SLOT, &slot, &there, err);
        s->assigned += rc == OG_OK && there && slot.lease == 0;
    }
    free(go);
    return rc;
}

/* Every row rather waits for a slot that works, and nothing has happened since the round was
 * frozen: the next one would say the same. */
static enum og_rc all_wait(struct matcher *m, const struct og_round *rd,
                           const struct match_solution *s, bool *out, struct og_err *err)
{
    uint64_t height, last;
    size_t n;
    *out = false;
    if (s->placed == 0 || s->assigned > 0)
        return OG_OK;
    OG_TRY(og_block_last(m->st, &height, NULL, err));
    OG_TRY(og_query(m->st, OG_Q_TX_BEFORE, (uint64_t[]){OG_POS(height + 2, 0)}, 1, &last, 1, 1, &n,
                    err));
    *out = rd->height == height && last < OG_POS(height + 1, 0);
    return OG_OK;
}

static json_t *certificate(uint64_t round, const struct match_solution *s)
{
    json_t *x = json_array(), *u = json_array(), *v = json_array();
    for (size_t i = 0; i < s->n; i++) {
        json_array_append_new(x, json_integer(s->x[i]));
        json_array_append_new(u, json_integer((json_int_t)s->u[i]));
    }
    for (size_t j = 0; j < s->m; j++)
        json_array_append_new(v, json_integer((json_int_t)s->v[j]));
    json_t *body = json_object();
    json_object_set_new(body, "round", json_integer((json_int_t)round));
    json_object_set_new(body, "x", x);
    json_object_set_new(body, "u", u);
    json_object_set_new(body, "v", v);
    return body;
}

/* Is this round still waiting for a certificate? */
static enum og_rc still_open(struct matcher *m, uint64_t round, bool *out, struct og_err *err)
{
    struct og_round rd = {.id = round};
    bool found;
    *out = false;
    OG_TRY(og_row_get(m->st, OG_F_ROUND, &rd, &found, err));
    *out = found && rd.state == 0;
    og_row_release(&og_families[OG_F_ROUND], &rd);
    return OG_OK;
}

static enum og_rc commit(struct matcher *m, uint64_t round, const struct match_solution *s,
                         struct og_err *err)
{
    struct og_sent sent;
    bool open;
    json_t *body = certificate(round, s);
    struct og_draft d = {.kind = OG_TX_MATCH_COMMIT, .body = body};
    enum og_rc rc = og_engine_send1(m->engine, m->key, &d, &sent, err);
    json_decref(body);
    if (rc == OG_OK) {
        m->refused = 0;
        og_log(OG_LOG_INFO, "round %" PRIu64 ": %zu of %zu rows assigned", round, s->assigned,
               s->n);
        return OG_OK;
    }
    if (rc != OG_E_DATA)
        return rc;
    OG_TRY(still_open(m, round, &open, err));
    if (!open) { /* somebody else was first */
        *err = (struct og_err){0};
        return OG_OK;
    }
    og_log(OG_LOG_WARNING, "round %" PRIu64 ": certificate refused: %s", round, err->msg);
    *err = (struct og_err){0};
    if (++m->refused >= REFUSED_MAX) {
        og_log(OG_LOG_WARNING, "no more certificates from node %" PRIu64, m->key_node);
        og_key_free(m->key);
        m->key = NULL;
    } else {
        match_renew_key(m); /* it may have been rotated */
    }
    return OG_OK;
}

enum og_rc match_next_range(struct og_store *st, const struct og_task *t, uint64_t *first,
                            uint64_t *count, bool *found, struct og_err *err)
{
    *found = false;
    if (t->requeued > 0) {
        size_t n;
        uint64_t at;
        OG_TRY(og_query(st, OG_Q_REQUEUE_OF, &t->id, 1, &at, 1, 1, &n, err));
        if (n > 0) {
            struct og_requeue r = {.task = t->id, .first = at};
            OG_TRY(og_row_need(st, OG_F_REQUEUE, &r, err));
            *first = at;
            *count = r.count;
            *found = true;
            og_row_release(&og_families[OG_F_REQUEUE], &r);
            return OG_OK;
        }
    }
    if (t->q_count > 0) {
        *first = t->q_first;
        *count = og_min_u64(t->q_count, t->chunk);
        *found = true;
    }
    return OG_OK;
}

static enum og_rc task_fits(struct matcher *m, uint64_t id, const struct og_match_col *cols,
                            size_t n_cols, uint64_t *urgency, bool *fits, struct og_err *err)
{
    struct og_task t = {.id = id};
    struct og_match_row row;
    uint64_t first = 0, count = 0;
    bool waits = false;
    OG_TRY(og_row_need(m->st, OG_F_TASK, &t, err));
    *urgency = t.urgency;
    enum og_rc rc = match_next_range(m->st, &t, &first, &count, &waits, err);
    if (rc == OG_OK && waits) {
        rc = og_view_row(m->ledger, &t, first, count, &row, err);
        for (size_t j = 0; rc == OG_OK && j < n_cols && !*fits; j++)
            *fits = og_need_check(&row, &cols[j]) == 0;
        if (rc == OG_OK)
            og_view_release_row(&row);
    }
    og_row_release(&og_families[OG_F_TASK], &t);
    return rc;
}

/* Within one read: ranges and slots of one moment. */
static enum og_rc wanted(struct matcher *m, bool free_only, bool *out, struct og_err *err)
{
    struct og_match_col *cols;
    size_t n_cols, seen = 0, n = PAGE;
    uint64_t at[2] = {UINT32_MAX, 0}, id[PAGE];
    OG_TRY(og_query(m->st, OG_Q_OPEN_TASKS, NULL, 0, id, 1, 1, &n, err));
    if (n == 0)
        return OG_OK;
    OG_TRY(og_view_cols(m->ledger, free_only, &cols, &n_cols, err));
    enum og_rc rc = OG_OK;
    for (n = n_cols ? PAGE : 0; rc == OG_OK && n == PAGE && !*out && seen < TASKS_MAX; seen += n) {
        rc = og_query(m->st, OG_Q_OPEN_TASKS_BELOW, at, 2, id, 1, PAGE, &n, err);
        for (size_t i = 0; rc == OG_OK && i < n && !*out; i++) {
            rc = task_fits(m, id[i], cols, n_cols, &at[0], out, err);
            at[1] = id[i];
        }
    }
    og_view_free_cols(cols, n_cols);
    return rc;
}

enum og_rc match_wanted(struct matcher *m, bool free_only, bool *out, struct og_err *err)
{
    *out = false;
    OG_TRY(match_refresh(m, err));
    OG_TRY(og_store_begin_read(m->st, err));
    enum og_rc rc = wanted(m, free_only, out, err);
    og_store_end_read(m->st);
    return rc;
}

/* Those who run leases seal by themselves, so that one block serves both: they get a moment. */
static enum og_rc others_seal(struct matcher *m, bool *out, struct og_err *err)
{
    static const char *const live[] = {"lease.matched", "lease.running", "lease.committed",
                                       "lease.revealed", "lease.accepted"};
    *out = false;
    if (!m->moved_ms || og_time_mono_ms() - m->moved_ms >= MOMENT_MS)
        return OG_OK;
    for (size_t i = 0; i < sizeof live / sizeof *live && !*out; i++) {
        uint64_t n;
        OG_TRY(og_store_counter(m->st, live[i], &n, err));
        *out = n > 0;
    }
    return OG_OK;
}

static enum og_rc seal(struct matcher *m, enum match_did *did, struct og_err *err)
{
    bool sealed = false;
    bool others;
    OG_TRY(others_seal(m, &others, err));
    if (others) {
        *did = MATCH_SOON;
        return OG_OK;
    }
    OG_TRY(og_engine_seal(m->engine, true, &sealed, err));
    *did = sealed ? MATCH_DID : MATCH_BLOCKED;
    return OG_OK;
}

/* Nothing of the round can be assigned, or there is none: the next one, if it would do better. */
static enum og_rc ask_for_round(struct matcher *m, uint64_t round, const struct match_solution *s,
                                enum match_did *did, struct og_err *err)
{
    bool wanted;
    OG_TRY(match_wanted(m, true, &wanted, err));
    if (!wanted)
        return OG_OK;
    if (round && m->key)
        OG_TRY(commit(m, round, s, err));
    return seal(m, did, err);
}

enum og_rc match_step(struct matcher *m, enum match_did *did, struct og_err *err)
{
    struct og_round rd = {0};
    struct match_solution none = {0}, *s = &none;
    int64_t *c = NULL, *wait = NULL;
    bool found = false, rest = false;
    *did = MATCH_IDLE;
    enum og_rc rc = og_view_round(m->ledger, &rd, &c, &wait, &found, err);
    if (rc == OG_OK && found) {
        s = &m->solved;
        rc = solve(m, &rd, c, wait, err);
        if (rc == OG_OK)
            rc = count_assigned(m, &rd, c, wait, s, err);
        if (rc == OG_OK)
            rc = all_wait(m, &rd, s, &rest, err);
    }
    if (rc != OG_OK || rest)
        *did = MATCH_IDLE;
    else if (found && !s->optimal) /* only what is proven goes to the chain */
        rc = seal(m, did, err);
    else if (s->assigned == 0)
        rc = ask_for_round(m, found ? rd.id : 0, s, did, err);
    else if (m->key) {
        rc = commit(m, rd.id, s, err);
        *did = MATCH_DID;
    } else
        rc = seal(m, did, err);
    free(c);
    free(wait);
    if (found)
        og_row_release(&og_families[OG_F_ROUND], &rd);
    return rc;
}
