/* worker_finish.c - what has run: stored, committed, revealed at once where that is allowed. */
#include "worker.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "check/check_method.h"
#include "store/store_blob.h"
#include "store/store_row.h"
#include "work/work_pace.h"
#include "work/work_reveal.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOLD_MS  5000 /* for a block in which the time counts, when others seal */
#define TOGETHER 128  /* results that are committed and revealed in one go */
#define SHOW_MS  200  /* a run shorter than this is not shown to onlookers */

/* The lease's row as it is now; *live: it is still ours to commit. */
static enum og_rc refresh(struct worker *w, struct run *r, bool *live, struct og_err *err)
{
    struct og_lease ls = {.id = r->job.lease.id};
    struct og_slot slot = {.node = r->job.lease.node, .idx = r->job.lease.slot};
    OG_TRY(og_row_need(w->store, OG_F_LEASE, &ls, err));
    *live = ls.state == OG_LEASE_RUNNING;
    enum og_rc rc = og_row_need(w->store, OG_F_SLOT, &slot, err);
    r->credit_ms = og_max_u64(ls.started_ms, slot.sold_ms);
    og_row_release(&og_families[OG_F_LEASE], &ls);
    return rc;
}

/* No element ended by itself: what the chain hears instead of a result. */
static void no_result(struct worker *w, struct run *r, uint64_t lease)
{
    const char *why = og_job_why_name(r->res.why);
    switch (r->res.why) {
    case OG_JOB_TIME:
    case OG_JOB_MEMORY:
    case OG_JOB_OUTPUT:
        og_log(OG_LOG_INFO, "lease %" PRIu64 ": the job broke its limit of %s", lease, why);
        worker_wish(w, WISH_FAIL, r->node, lease, why, NULL);
        return;
    case OG_JOB_INPUT:
    case OG_JOB_NODE_FAULT:
        worker_fault(w, &r->job, OG_E_UNAVAILABLE, r->res.sentence);
        worker_wish(w, WISH_RELEASE, r->node, lease, NULL, NULL);
        return;
    case OG_JOB_STOPPED:
    case OG_JOB_DONE: worker_wish(w, WISH_RELEASE, r->node, lease, NULL, NULL); return;
    }
}

static int by_lease(const void *a, const void *b)
{
    uint64_t x = (*(struct run *const *)a)->job.lease.id;
    uint64_t y = (*(struct run *const *)b)->job.lease.id;
    return x < y ? -1 : x > y;
}

/* DONE runs that the chain still waits for into out; the others end here. */
static enum og_rc gather(struct worker *w, struct run **out, size_t *n, struct og_err *err)
{
    struct run *next;
    *n = 0;
    for (struct run *r = w->runs; r; r = next) {
        bool live = false;
        next = r->next;
        if (worker_run_get(r) != PHASE_DONE || !worker_chain_ready(r))
            continue;
        if (!r->gone)
            OG_TRY(refresh(w, r, &live, err));
        if (live)
            out[(*n)++] = r;
        else
            worker_run_free(r);
    }
    qsort(out, *n, sizeof(struct run *), by_lease);
    return OG_OK;
}

/* Blobs of many small elements reach the disk together. */
static void sync_blobs(struct worker *w, struct run **run, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any = any || run[i]->unsynced;
    if (!any)
        return;
    int fd = open(w->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && syncfs(fd) == 0;
    for (size_t i = 0; i < n && !ok; i++)
        if (run[i]->unsynced)
            run[i]->kept = og_err_set(&run[i]->kept_err, OG_E_IO, "cannot sync '%s': %s",
                                      w->state_dir, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* Those without a result to commit end here. */
static void sort_out(struct worker *w, struct run **run, size_t *n)
{
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        struct run *r = run[i];
        if (r->res.done && r->kept == OG_OK) {
            run[kept++] = r;
            worker_fault_over(w);
            continue;
        }
        if (r->kept != OG_OK) {
            worker_fault(w, &r->job, r->kept, r->kept_err.msg);
            worker_wish(w, WISH_RELEASE, r->node, r->job.lease.id, NULL, NULL);
        } else {
            no_result(w, r, r->job.lease.id);
        }
        worker_run_free(r);
    }
    *n = kept;
}

/* Time counts only up to the open block's: a new block where the run would lose by it. Those for
 * which none can be had yet are held back (removed from run[]). */
static enum og_rc make_time(struct worker *w, struct run **run, size_t *n, struct og_err *err)
{
    uint64_t height;
    uint64_t open_ms;
    uint64_t now = og_time_mono_ms();
    bool short_of = false;
    bool sealed = false;
    OG_TRY(og_engine_head(w->engine, &height, &open_ms, err));
    for (size_t i = 0; i < *n; i++)
        short_of = short_of || (open_ms && open_ms < run[i]->credit_ms + run[i]->res.run_ms);
    if (!short_of)
        return OG_OK;
    OG_TRY(og_engine_seal(w->engine, true, &sealed, err));
    w->changed = true;
    if (sealed || og_engine_can_seal(w->engine))
        return OG_OK;
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        if (!run[i]->held_ms)
            run[i]->held_ms = now;
        if (open_ms > run[i]->credit_ms || now - run[i]->held_ms > HOLD_MS)
            run[kept++] = run[i];
    }
    *n = kept;
    return OG_OK;
}

/* What a restart needs to reveal is durable before the commit is. */
static enum og_rc keep(struct worker *w, struct run **run, size_t n, struct og_err *err)
{
    OG_TRY(og_store_begin(w->store, err));
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        const struct og_lease *ls = &run[i]->job.lease;
        struct og_manifest m = {run[i]->res.root, run[i]->manifest, ls->task,
                                ls->first,        run[i]->res.done, ls->id};
        rc = og_manifest_put(w->store, &m, err);
        if (rc == OG_OK && run[i]->shown)
            rc = og_run_del(w->store, ls->id, err);
    }
    if (rc == OG_OK)
        return og_store_commit(w->store, err);
    og_store_rollback(w->store);
    return rc;
}

static enum og_rc show_result(const struct run *r, struct og_err *err)
{
    const struct og_lease *ls = &r->job.lease;
    json_t *o = json_object();
    json_object_set_new(o, "attempt", json_integer((json_int_t)ls->attempt));
    json_object_set_new(o, "count", json_integer((json_int_t)r->res.done));
    json_object_set_new(o, "exit", json_integer((json_int_t)r->res.exits));
    json_object_set_new(o, "first", json_integer((json_int_t)ls->first));
    json_object_set_new(o, "kind", json_string("result"));
    json_object_set_new(o, "lease", json_integer((json_int_t)ls->id));
    json_object_set_new(o, "manifest", og_json_new_hex(r->manifest.b, OG_HASH_LEN));
    json_object_set_new(o, "method", json_string(og_method_names[ls->method]));
    json_object_set_new(o, "node", json_integer((json_int_t)ls->node));
    json_object_set_new(o, "root", og_json_new_hex(r->res.root.b, OG_HASH_LEN));
    json_object_set_new(o, "run_ms", json_integer((json_int_t)r->res.run_ms));
    json_object_set_new(o, "slot", json_integer((json_int_t)ls->slot));
    json_object_set_new(o, "task", json_integer((json_int_t)ls->task));
    json_object_set_new(o, "v", json_integer(1));
    enum og_rc rc = og_jsonl_write(stdout, o, err);
    json_decref(o);
    return rc;
}

/* Records after the commit; a reader that went away ends the filter, not the leases. */
static enum og_rc show(struct worker *w, struct run *const *run, const bool *ok, size_t n,
                       struct og_err *err)
{
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && !w->out_broken && i < n; i++)
        if (ok[i] && (!w->is_filter || og_filter_has(&w->filter, run[i]->job.lease.task)))
            rc = show_result(run[i], err);
    if (!w->out_broken && rc == OG_OK && fflush(stdout) != 0)
        rc = og_err_set(err, OG_E_IO, "cannot write a record: %s", strerror(errno));
    if (rc != OG_OK) {
        w->out_broken = w->draining = true;
        if (!og_pace_reader_left() && w->fatal == OG_OK) {
            w->fatal = rc;
            w->fatal_err = *err;
        }
    }
    return OG_OK;
}

static bool at_once(const struct run *r)
{
    return r->job.lease.method == OG_VERIFY_OWN || r->job.lease.method == OG_VERIFY_ACCEPT;
}

/* Commit and reveal of leases that need no draw, and the start of what follows in their slots
 * (next, may be NULL), in one go. *all: both lists were taken. */
static enum og_rc commit_open(struct worker *w, struct og_work_node *node, json_t *const *entry,
                              json_t *const *reveal, size_t n, json_t *next, bool *all,
                              struct og_err *err)
{
    struct og_sent sent[3];
    json_t *body[3] = {json_object(), json_object(), json_object()};
    json_t *list[2] = {json_array(), json_array()};
    struct og_draft draft[3] = {{.kind = OG_TX_RESULT_COMMIT, .body = body[0]},
                                {.kind = OG_TX_RESULT_REVEAL, .body = body[1]},
                                {.kind = OG_TX_LEASE_START, .body = body[2]}};
    for (size_t i = 0; i < n; i++) {
        json_array_append(list[0], entry[i]);
        json_array_append(list[1], reveal[i]);
    }
    json_object_set_new(body[0], "results", list[0]);
    json_object_set_new(body[1], "reveals", list[1]);
    if (next)
        json_object_set(body[2], "own", next);
    enum og_rc rc = og_engine_send(w->engine, node->key, draft, next ? 3 : 2, sent, err);
    *all = rc == OG_OK && sent[0].rc == OG_OK && sent[1].rc == OG_OK;
    if (rc == OG_OK && next && sent[2].rc != OG_OK)
        og_log(OG_LOG_DEBUG, "lease.start of node %" PRIu64 ": %s", node->id, sent[2].msg);
    w->changed = true;
    for (size_t i = 0; i < 3; i++)
        json_decref(body[i]);
    return rc;
}

/* Commits first; what may be revealed at once is revealed then. */
static enum og_rc commit_mixed(struct worker *w, struct og_work_node *node, struct run **run,
                               json_t *const *entry, json_t *const *reveal, size_t n, bool *ok,
                               struct og_err *err)
{
    json_t **now = og_xcalloc(n + 1, sizeof *now);
    bool *opened = og_xcalloc(n + 1, sizeof *opened);
    size_t m = 0;
    enum og_rc rc = worker_send_list(w, node, OG_TX_RESULT_COMMIT, "results", entry, n, ok, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        if (!ok[i])
            worker_sulk(w, run[i]->job.lease.id);
        else if (reveal[i])
            now[m++] = reveal[i];
    }
    if (rc == OG_OK)
        rc = worker_send_list(w, node, OG_TX_RESULT_REVEAL, "reveals", now, m, opened, err);
    free(now);
    free(opened);
    return rc;
}

static enum og_rc commit_node(struct worker *w, struct og_work_node *node, struct run **run,
                              size_t n, bool *ok, struct og_err *err)
{
    const struct og_hash *chain = og_engine_chain(w->engine);
    json_t **entry = og_xcalloc(n + 1, sizeof *entry);
    json_t **reveal = og_xcalloc(n + 1, sizeof *reveal);
    bool all = n && n <= TOGETHER;
    for (size_t i = 0; i < n; i++) {
        const struct og_work_result *r = &run[i]->res;
        uint64_t lease = run[i]->job.lease.id;
        entry[i] = og_work_commit_json(chain, node, lease, r->done, &r->root, r->run_ms);
        if (at_once(run[i]))
            reveal[i] = og_work_reveal_json(node, lease, &r->root, r->exits, NULL);
        all = all && reveal[i];
    }
    enum og_rc rc = OG_OK;
    if (all) {
        json_t *next = worker_own_next(w, node, run, n);
        rc = commit_open(w, node, entry, reveal, n, next, &all, err);
        json_decref(next);
    }
    for (size_t i = 0; all && i < n; i++)
        ok[i] = true;
    if (rc == OG_OK && n && !all)
        rc = commit_mixed(w, node, run, entry, reveal, n, ok, err);
    for (size_t i = 0; i < n; i++) {
        json_decref(entry[i]);
        json_decref(reveal[i]);
    }
    free(entry);
    free(reveal);
    return rc;
}

static enum og_rc commit_all(struct worker *w, struct run **run, size_t n, struct og_err *err)
{
    struct run **mine = og_xcalloc(n + 1, sizeof(struct run *));
    bool *ok = og_xcalloc(n + 1, sizeof *ok);
    enum og_rc rc = keep(w, run, n, err);
    for (size_t i = 0; rc == OG_OK && i < w->n_nodes; i++) {
        size_t m = 0;
        for (size_t j = 0; j < n; j++)
            if (run[j]->node == &w->node[i])
                mine[m++] = run[j];
        rc = commit_node(w, &w->node[i], mine, m, ok, err);
        if (rc == OG_OK)
            rc = show(w, mine, ok, m, err);
    }
    for (size_t j = 0; j < n; j++)
        if (run[j]->job.lease.count == 1)
            w->mean_us = w->mean_us ? (3 * w->mean_us + run[j]->took_us) / 4 : run[j]->took_us;
    for (size_t j = 0; rc == OG_OK && j < n; j++)
        worker_run_free(run[j]);
    free(mine);
    free(ok);
    return rc;
}

/* Runs that last are shown to those who follow them. */
static enum og_rc show_runs(struct worker *w, struct og_err *err)
{
    uint64_t now = og_time_mono_ms();
    for (struct run *r = w->runs; r; r = r->next) {
        if (worker_run_get(r) != PHASE_GO || r->shown || now - r->go_ms < SHOW_MS)
            continue;
        struct og_run row = {.lease = r->job.lease.id,
                             .pid = (uint64_t)getpid(),
                             .element = atomic_load(&r->at),
                             .started_ms = og_time_unix_ms() - (now - r->go_ms)};
        snprintf(row.out_path, sizeof row.out_path, "%s", r->out_path);
        snprintf(row.err_path, sizeof row.err_path, "%s", r->err_path);
        OG_TRY(og_run_put(w->store, &row, err));
        r->shown = true;
    }
    return OG_OK;
}

enum og_rc worker_finish(struct worker *w, struct og_err *err)
{
    if (!w->n_runs)
        return OG_OK;
    if (worker_run_fresh(w, PHASE_GO)) {
        w->linger = true;
        return OG_OK;
    }
    struct run **run = og_xcalloc(w->n_runs + 1, sizeof(struct run *));
    size_t n;
    enum og_rc rc = gather(w, run, &n, err);
    if (rc == OG_OK && n)
        rc = make_time(w, run, &n, err);
    if (rc == OG_OK)
        sync_blobs(w, run, n);
    if (rc == OG_OK)
        sort_out(w, run, &n);
    if (rc == OG_OK && n)
        rc = commit_all(w, run, n, err);
    if (rc == OG_OK)
        rc = show_runs(w, err);
    free(run);
    return rc;
}
