/* worker_send.c - transactions of the worker: many leases to one, sent again one by one on failure.
 */
#include "worker.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_time.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX  40000 /* bytes of a list; signature, key and envelope come on top */
#define LIST_MAX  512
#define RENEW_MS  40000 /* a third of the window */
#define INPUT_TXT "input"

/* One list as a draft, entries [from, *to). */
static json_t *make_body(const char *name, json_t *const *entry, size_t from, size_t n, size_t *to)
{
    json_t *list = json_array();
    size_t bytes = 0;
    size_t i = from;
    for (; i < n && i - from < LIST_MAX; i++) {
        size_t size = json_dumpb(entry[i], NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) + 1;
        if (i > from && bytes + size > BODY_MAX)
            break;
        bytes += size;
        json_array_append(list, entry[i]);
    }
    *to = i;
    json_t *body = json_object();
    json_object_set_new(body, name, list);
    return body;
}

static enum og_rc send_one_by_one(struct worker *w, struct og_work_node *node, enum og_tx_kind kind,
                                  const char *name, json_t *const *entry, size_t n, bool *ok,
                                  struct og_err *err)
{
    for (size_t i = 0; i < n; i++) {
        size_t to;
        struct og_sent sent = {0};
        struct og_draft d = {.kind = kind, .body = make_body(name, entry, i, i + 1, &to)};
        enum og_rc rc = og_engine_send(w->engine, node->key, &d, 1, &sent, err);
        json_decref((json_t *)(uintptr_t)d.body);
        if (rc != OG_OK)
            return rc;
        ok[i] = sent.rc == OG_OK;
        if (!ok[i])
            og_log(OG_LOG_WARNING, "%s of node %" PRIu64 ": %s", og_tx_kind_name(kind), node->id,
                   sent.msg);
    }
    return OG_OK;
}

enum og_rc worker_send_list(struct worker *w, struct og_work_node *node, enum og_tx_kind kind,
                            const char *name, json_t *const *entry, size_t n, bool *ok,
                            struct og_err *err)
{
    enum og_rc rc = OG_OK;
    for (size_t from = 0, to = 0; rc == OG_OK && from < n; from = to) {
        struct og_sent sent = {0};
        struct og_draft d = {.kind = kind, .body = make_body(name, entry, from, n, &to)};
        rc = og_engine_send(w->engine, node->key, &d, 1, &sent, err);
        json_decref((json_t *)(uintptr_t)d.body);
        w->changed = true;
        if (rc == OG_OK && sent.rc != OG_OK && to - from > 1) {
            rc = send_one_by_one(w, node, kind, name, entry + from, to - from, ok + from, err);
            continue;
        }
        for (size_t i = from; i < to; i++)
            ok[i] = rc == OG_OK && sent.rc == OG_OK;
        if (rc == OG_OK && sent.rc != OG_OK)
            og_log(OG_LOG_WARNING, "%s of node %" PRIu64 ": %s", og_tx_kind_name(kind), node->id,
                   sent.msg);
    }
    return rc;
}

static enum og_rc send_fail(struct worker *w, const struct wish *x, struct og_err *err)
{
    struct og_sent sent = {0};
    struct og_draft d = {.kind = OG_TX_RESULT_FAIL, .body = json_object()};
    json_object_set_new((json_t *)(uintptr_t)d.body, "lease", json_integer((json_int_t)x->lease));
    json_object_set_new((json_t *)(uintptr_t)d.body, "why", json_string(x->why));
    enum og_rc rc = og_engine_send(w->engine, x->node->key, &d, 1, &sent, err);
    json_decref((json_t *)(uintptr_t)d.body);
    w->changed = true;
    if (rc == OG_OK && sent.rc != OG_OK) {
        og_log(OG_LOG_WARNING, "result.fail of lease %" PRIu64 ": %s", x->lease, sent.msg);
        worker_sulk(w, x->lease);
    }
    return rc;
}

/* All wishes of one kind and node in lists. */
static enum og_rc send_wishes(struct worker *w, enum wish_what what, struct og_work_node *node,
                              struct og_err *err)
{
    json_t **entry = og_xcalloc(w->n_wish + 1, sizeof *entry);
    uint64_t *lease = og_xcalloc(w->n_wish + 1, sizeof *lease);
    bool *ok = og_xcalloc(w->n_wish + 1, sizeof *ok);
    bool reveal = what == WISH_REVEAL;
    size_t n = 0;
    for (size_t i = 0; i < w->n_wish; i++) {
        const struct wish *x = &w->wish[i];
        if (x->what != what || x->node != node)
            continue;
        lease[n] = x->lease;
        entry[n++] = reveal ? json_incref(x->body) : json_integer((json_int_t)x->lease);
    }
    enum og_rc rc = worker_send_list(w, node, reveal ? OG_TX_RESULT_REVEAL : OG_TX_LEASE_RELEASE,
                                     reveal ? "reveals" : "leases", entry, n, ok, err);
    for (size_t i = 0; i < n; i++) {
        json_decref(entry[i]);
        if (rc == OG_OK && !ok[i])
            worker_sulk(w, lease[i]);
    }
    free(entry);
    free(lease);
    free(ok);
    return rc;
}

enum og_rc worker_wishes(struct worker *w, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < w->n_wish; i++)
        if (w->wish[i].what == WISH_FAIL)
            rc = send_fail(w, &w->wish[i], err);
    for (size_t i = 0; rc == OG_OK && w->n_wish && i < w->n_nodes; i++) {
        rc = send_wishes(w, WISH_REVEAL, &w->node[i], err);
        if (rc == OG_OK)
            rc = send_wishes(w, WISH_RELEASE, &w->node[i], err);
    }
    for (size_t i = 0; i < w->n_wish; i++)
        json_decref(w->wish[i].body);
    w->n_wish = 0;
    return rc;
}

/* Runs of one node in one phase whose lease the chain must hear of now: READY to start, GO to
 * renew. */
static size_t collect(struct worker *w, const struct og_work_node *node, enum worker_phase phase,
                      struct run **out)
{
    uint64_t now = og_time_mono_ms();
    size_t n = 0;
    for (struct run *r = w->runs; r; r = r->next) {
        if (r->node != node || worker_run_get(r) != phase || r->gone)
            continue;
        if (phase == PHASE_GO && now - r->go_ms < RENEW_MS)
            continue;
        out[n++] = r;
    }
    return n;
}

static enum og_rc tell(struct worker *w, struct og_work_node *node, enum og_tx_kind kind,
                       struct run **run, size_t n, bool *ok, struct og_err *err)
{
    json_t **entry = og_xcalloc(n + 1, sizeof *entry);
    for (size_t i = 0; i < n; i++)
        entry[i] = json_integer((json_int_t)run[i]->job.lease.id);
    enum og_rc rc = worker_send_list(w, node, kind, "leases", entry, n, ok, err);
    for (size_t i = 0; i < n; i++)
        json_decref(entry[i]);
    free(entry);
    return rc;
}

enum og_rc worker_renew(struct worker *w, struct og_err *err)
{
    struct run **run = og_xcalloc(w->n_runs + 1, sizeof(struct run *));
    bool *ok = og_xcalloc(w->n_runs + 1, sizeof *ok);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < w->n_nodes; i++) {
        size_t n = collect(w, &w->node[i], PHASE_GO, run);
        rc = tell(w, &w->node[i], OG_TX_LEASE_RENEW, run, n, ok, err);
        for (size_t j = 0; j < n; j++)
            run[j]->go_ms = og_time_mono_ms();
    }
    free(run);
    free(ok);
    return rc;
}

/* Runs that are not to be started end here; what the chain must hear becomes a wish. */
static void drop_unfit(struct worker *w)
{
    struct run *next;
    worker_chain_look(w);
    for (struct run *r = w->runs; r; r = next) {
        next = r->next;
        if (worker_run_get(r) != PHASE_READY)
            continue;
        bool fit = r->prepared == OG_OK && !r->gone &&
                   !((w->draining || worker_closed(w, r->node)) && !r->started);
        if (fit)
            continue;
        bool input = r->prepared == OG_E_NOINPUT || r->prepared == OG_E_DATA;
        if (!r->gone && r->prepared != OG_OK && (!input || r->started))
            worker_fault(w, &r->job, r->prepared, r->err.msg);
        else if (!r->gone && r->prepared != OG_OK)
            og_log(OG_LOG_WARNING, "lease %" PRIu64 ": %s", r->job.lease.id, r->err.msg);
        if (!r->gone)
            worker_wish(w, input && !r->started ? WISH_FAIL : WISH_RELEASE, r->node,
                        r->job.lease.id, INPUT_TXT, NULL);
        worker_chain_cut(r);
        worker_run_phase(r, PHASE_QUIT);
        worker_run_free(r);
        next = w->runs; /* those behind it are gone too */
    }
}

static void set_going(struct run *r)
{
    r->started = true;
    r->go_ms = og_time_mono_ms();
    worker_run_phase(r, PHASE_GO);
}

static enum og_rc start_node(struct worker *w, struct og_work_node *node, struct run **run,
                             bool *ok, struct og_err *err)
{
    size_t all = collect(w, node, PHASE_READY, run);
    size_t n = 0;
    for (size_t i = 0; i < all; i++) {
        if (run[i]->started)
            set_going(run[i]);
        else
            run[n++] = run[i];
    }
    enum og_rc rc = tell(w, node, OG_TX_LEASE_START, run, n, ok, err);
    for (size_t i = 0; i < n; i++) {
        if (rc == OG_OK && ok[i]) {
            set_going(run[i]);
            continue;
        }
        worker_sulk(w, run[i]->job.lease.id);
        worker_run_phase(run[i], PHASE_QUIT);
        worker_run_free(run[i]);
    }
    return rc;
}

enum og_rc worker_start(struct worker *w, struct og_err *err)
{
    if (!w->n_runs)
        return OG_OK;
    drop_unfit(w);
    w->linger = worker_run_fresh(w, PHASE_PREPARE);
    if (w->linger)
        return OG_OK;
    struct run **run = og_xcalloc(w->n_runs + 1, sizeof(struct run *));
    bool *ok = og_xcalloc(w->n_runs + 1, sizeof *ok);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < w->n_nodes; i++)
        rc = start_node(w, &w->node[i], run, ok, err);
    free(run);
    free(ok);
    return rc;
}
