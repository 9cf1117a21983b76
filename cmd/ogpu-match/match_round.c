/* match_round.c - solves the waiting round, commits its certificate, asks for the next. */
#include "match.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "match/match_hungarian.h"
#include "store/store_query.h"

#include <inttypes.h>
#include <stdlib.h>

#define REFUSED_MAX 3
#define MOMENT_MS   5
#define PAGE        64
#define TASKS_MAX   1024 /* tasks looked at for a free slot: as many as a round takes */

struct solution {
    size_t n, m, assigned;
    int32_t *x;
    int64_t *u, *v;
};

static void release_solution(struct solution *s)
{
    free(s->x);
    free(s->u);
    free(s->v);
}

static enum og_rc solve(size_t n, size_t m, const int64_t *c, const int64_t *wait,
                        struct solution *s, struct og_err *err)
{
    *s = (struct solution){.n = n, .m = m};
    s->x = og_xcalloc(n + 1, sizeof *s->x);
    s->u = og_xcalloc(n + 1, sizeof *s->u);
    s->v = og_xcalloc(m + 1, sizeof *s->v);
    OG_TRY(og_hungarian_solve(n, m, c, wait, s->x, s->u, s->v, err));
    for (size_t i = 0; i < n; i++)
        s->assigned += s->x[i] >= 0;
    return OG_OK;
}

static json_t *certificate(uint64_t round, const struct solution *s)
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

static enum og_rc commit(struct matcher *m, uint64_t round, const struct solution *s,
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

enum og_rc match_wanted(struct matcher *m, bool free_only, bool *out, struct og_err *err)
{
    struct og_match_col *cols;
    size_t n_cols, seen = 0, n = PAGE;
    uint64_t at[2] = {UINT32_MAX, 0}, id[PAGE];
    *out = false;
    OG_TRY(match_refresh(m, err));
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
static enum og_rc ask_for_round(struct matcher *m, uint64_t round, const struct solution *s,
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
    struct solution s = {0};
    int64_t *c = NULL, *wait = NULL;
    bool found = false;
    *did = MATCH_IDLE;
    enum og_rc rc = og_view_round(m->ledger, &rd, &c, &wait, &found, err);
    if (rc == OG_OK && found)
        rc = solve((size_t)rd.rows, (size_t)rd.cols, c, wait, &s, err);
    if (rc == OG_OK && s.assigned == 0) {
        rc = ask_for_round(m, found ? rd.id : 0, &s, did, err);
    } else if (rc == OG_OK && m->key) {
        rc = commit(m, rd.id, &s, err);
        *did = MATCH_DID;
    } else if (rc == OG_OK) {
        rc = seal(m, did, err);
    }
    release_solution(&s);
    free(c);
    free(wait);
    if (found)
        og_row_release(&og_families[OG_F_ROUND], &rd);
    return rc;
}
