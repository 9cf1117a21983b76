/* worker_scan.c - what our nodes' leases want from us now. */
#include "worker.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "check/check_method.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "work/work_reveal.h"

#include <inttypes.h>
#include <string.h>

#define PAGE 256

bool worker_sulks(const struct worker *w, uint64_t lease)
{
    for (size_t i = 0; i < sizeof w->sulk / sizeof *w->sulk; i++)
        if (w->sulk[i].lease == lease && w->sulk[i].height == w->height)
            return true;
    return false;
}

void worker_sulk(struct worker *w, uint64_t lease)
{
    w->sulk[w->n_sulk++ % (sizeof w->sulk / sizeof *w->sulk)] = (struct sulk){lease, w->height};
}

void worker_wish(struct worker *w, enum wish_what what, struct og_work_node *node, uint64_t lease,
                 const char *why, json_t *body)
{
    w->wish = og_xgrow(w->wish, &w->cap_wish, w->n_wish + 1, sizeof *w->wish);
    w->wish[w->n_wish++] = (struct wish){what, node, lease, why, body};
}

/* Enough time for a second run? */
static bool time_left(const struct og_work_job *job)
{
    uint64_t half = job->task.limit_ms * job->lease.count / 2;
    return og_time_unix_ms() + half <= job->lease.hard_dl_ms;
}

/* The spec cannot be had, or the worker must not run it: say so on the chain. */
static void refuse(struct worker *w, struct og_work_node *node, const struct og_work_job *job,
                   enum og_rc rc, const struct og_err *why)
{
    bool input = (rc == OG_E_NOINPUT || rc == OG_E_DATA) && job->lease.state == OG_LEASE_MATCHED;
    worker_wish(w, input ? WISH_FAIL : WISH_RELEASE, node, job->lease.id, "input", NULL);
    if (input)
        og_log(OG_LOG_WARNING, "lease %" PRIu64 " is refused: %s", job->lease.id, why->msg);
    else
        worker_fault(w, job, rc, why->msg);
    if (rc == OG_E_UNAVAILABLE)
        worker_end(w, rc, why);
}

static enum og_rc take(struct worker *w, struct og_work_node *node, struct og_work_job *job,
                       struct og_err *err)
{
    struct og_err why = {0};
    struct og_work_how how;
    bool busy = false;
    uint64_t id = job->lease.id;
    if (job->lease.state == OG_LEASE_RUNNING && !time_left(job)) {
        og_err_set(&why, OG_E_TEMPFAIL, "too little time is left to run it again");
        refuse(w, node, job, OG_E_TEMPFAIL, &why);
        return OG_OK;
    }
    enum og_rc rc = worker_disk_ok(w, &why) ? OG_OK : OG_E_IO;
    if (rc == OG_OK)
        rc = og_work_job_spec(job, w->specs, &why);
    if (rc == OG_OK)
        rc = worker_how(w, job, &how, &why);
    if (rc != OG_OK) {
        refuse(w, node, job, rc, &why);
        return OG_OK;
    }
    rc = worker_run_new(w, node, job, &busy, err);
    if (rc == OG_OK && !busy)
        w->pending = true;
    if (rc == OG_OK && busy)
        og_log(OG_LOG_DEBUG, "lease %" PRIu64 " is run by another process", id);
    return rc;
}

/* A matched or running lease that no thread of ours has. */
static enum og_rc consider(struct worker *w, struct og_work_node *node, uint64_t lease,
                           struct og_err *err)
{
    struct og_work_job job;
    if (worker_sulks(w, lease))
        return OG_OK;
    OG_TRY(og_work_job_load(w->store, lease, &job, err));
    bool mine = !w->is_filter || og_filter_has(&w->filter, job.task.id) ||
                (!og_filter_done(&w->filter) && og_filter_adopts(&w->filter, lease));
    uint64_t most = w->o->slots ? w->o->slots : UINT64_MAX;
    enum og_rc rc = OG_OK;
    if (!mine || job.lease.state > OG_LEASE_RUNNING) {
        /* nothing more */
    } else if (w->draining || worker_closed(w, node)) {
        bool idle = worker_claim(w, lease); /* nobody runs it: taken a moment ago, or left behind */
        if (idle)
            worker_unclaim(w, lease);
        if (idle || job.lease.state == OG_LEASE_MATCHED)
            worker_wish(w, WISH_RELEASE, node, lease, NULL, NULL);
    } else if (worker_rests(w, job.task.id)) {
        w->pending = true;
    } else if (w->n_threads < most || worker_chain_there(w, node, job.lease.slot)) {
        rc = take(w, node, &job, err);
    } else {
        w->pending = true;
    }
    og_work_job_release(&job);
    return rc;
}

/* Is a committed lease to be revealed now? */
static enum og_rc committed(struct worker *w, struct og_work_node *node, uint64_t lease,
                            struct og_err *err)
{
    struct og_work_job job;
    struct og_err why = {0};
    json_t *body = NULL;
    bool may;
    bool seal;
    if (worker_sulks(w, lease))
        return OG_OK;
    OG_TRY(og_work_job_load(w->store, lease, &job, err));
    enum og_rc rc = og_work_may_reveal(w->store, &job.lease, &may, &seal, err);
    w->want_seal = w->want_seal || seal;
    w->pending = w->pending || seal;
    if (rc == OG_OK && may) {
        rc = og_work_job_spec(&job, w->specs, &why);
        if (rc == OG_OK)
            rc = og_work_reveal_stored(w->store, og_engine_chain(w->engine), node, &job, &body,
                                       &why);
        if (rc != OG_OK || !body) {
            og_log(OG_LOG_ERROR, "lease %" PRIu64 " cannot be revealed: %s", lease,
                   rc != OG_OK ? why.msg : "its result is not stored here");
            worker_sulk(w, lease);
            rc = OG_OK;
        } else {
            worker_wish(w, WISH_REVEAL, node, lease, NULL, body);
        }
    }
    og_work_job_release(&job);
    return rc;
}

/* Revealed: a block's end accepts it, unless verifiers or the submitter have to speak. */
static enum og_rc revealed(struct worker *w, uint64_t lease, struct og_err *err)
{
    struct og_lease ls = {.id = lease};
    OG_TRY(og_row_need(w->store, OG_F_LEASE, &ls, err));
    if (ls.method != OG_VERIFY_ACCEPT && (ls.method == OG_VERIFY_OWN || ls.checked == 1))
        w->want_seal = w->pending = true;
    og_row_release(&og_families[OG_F_LEASE], &ls);
    return OG_OK;
}

static enum og_rc look(struct worker *w, struct og_work_node *node, uint64_t lease, uint64_t state,
                       struct og_err *err)
{
    struct run *r = worker_find_run(w, lease);
    if (r) {
        r->seen = true;
        if (state <= OG_LEASE_RUNNING)
            return OG_OK;
    }
    switch ((enum og_lease_state)state) {
    case OG_LEASE_MATCHED:
    case OG_LEASE_RUNNING: return consider(w, node, lease, err);
    case OG_LEASE_COMMITTED: return r ? OG_OK : committed(w, node, lease, err);
    case OG_LEASE_REVEALED: return revealed(w, lease, err);
    case OG_LEASE_ACCEPTED: w->want_seal = w->pending = true; return OG_OK;
    case OG_LEASE_PAID:
    case OG_LEASE_RELEASED:
    case OG_LEASE_LATE:
    case OG_LEASE_WRONG:
    case OG_LEASE_REJECTED:
    case OG_LEASE_CANCELLED:
    case OG_LEASE_FAILED:
    case OG_LEASE_STATES: return OG_OK;
    }
    return OG_OK;
}

static enum og_rc scan_node(struct worker *w, struct og_work_node *node, struct og_err *err)
{
    uint64_t page[2 * PAGE];
    uint64_t in[2] = {node->id, 0};
    size_t n = PAGE;
    while (n == PAGE) {
        OG_TRY(og_query(w->store, OG_Q_LEASES_OF_NODE, in, 2, page, 2, PAGE, &n, err));
        for (size_t i = 0; i < n; i++) {
            OG_TRY(look(w, node, page[2 * i], page[2 * i + 1], err));
            in[1] = page[2 * i];
        }
    }
    return OG_OK;
}

enum og_rc worker_scan(struct worker *w, struct og_err *err)
{
    struct og_hash ignored;
    OG_TRY(og_block_last(w->store, &w->height, &ignored, err));
    w->want_seal = w->pending = false;
    for (struct run *r = w->runs; r; r = r->next)
        r->seen = false;
    for (size_t i = 0; i < w->n_nodes; i++)
        OG_TRY(scan_node(w, &w->node[i], err));
    for (struct run *r = w->runs; r; r = r->next) {
        if (r->seen || r->gone)
            continue;
        og_log(OG_LOG_INFO, "lease %" PRIu64 " has ended on the chain", r->job.lease.id);
        r->gone = true;
        r->stop = 1;
    }
    return OG_OK;
}
