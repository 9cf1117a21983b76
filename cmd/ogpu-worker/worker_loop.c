/* worker_loop.c - the one thread that talks to the chain, and when it stops. */
#include "worker.h"

#include "base/base_log.h"
#include "base/base_time.h"
#include "work/work_pace.h"

#include <stdlib.h>
#include <unistd.h>

#define TROUBLE_MS 50 /* after the state was busy */

static enum og_rc wait_for(struct worker *w, const struct og_pace *p, struct og_err *err)
{
    bool reads = w->is_filter && !w->filter.eof && !w->draining;
    bool woken;
    bool readable;
    int most_ms = w->changed ? 0 : w->linger ? 1 : -1;
    OG_TRY(og_pace_wait(p, w->store, w->wake_fd, reads ? STDIN_FILENO : -1, most_ms, &woken,
                        &readable, err));
    w->changed = w->changed || woken || readable;
    enum og_rc rc = readable ? og_filter_read(&w->filter, err) : OG_OK;
    if (rc != OG_E_IO || !og_pace_reader_left())
        return rc;
    w->out_broken = w->draining = true;
    return OG_OK;
}

static void refresh_keys(struct worker *w)
{
    char *dir = og_cli_keys_dir();
    og_work_nodes_refresh(w->store, dir, w->o->passphrase_file, w->node, w->n_nodes);
    free(dir);
}

static enum og_rc step(struct worker *w, struct og_pace *p, struct og_err *err)
{
    bool sealed = false;
    OG_TRY(worker_gate_look(w, err));
    if (og_pace_look(p, w->store, w->changed)) {
        w->changed = false;
        if (w->n_runs == 0)
            refresh_keys(w);
        OG_TRY(worker_scan(w, err));
        if (w->is_filter)
            OG_TRY(og_filter_look(&w->filter, w->store, NULL, NULL, err));
    }
    w->linger = false;
    OG_TRY(worker_start(w, err));
    OG_TRY(worker_finish(w, err));
    OG_TRY(worker_renew(w, err));
    OG_TRY(worker_window_step(w, err));
    if (w->is_filter)
        OG_TRY(worker_own_jump(w, err));
    OG_TRY(worker_wishes(w, err));
    enum og_rc rc = og_pace_seal(p, w->engine, w->want_seal && !w->changed && !w->linger,
                                 w->o->watch, &sealed, err);
    w->changed = w->changed || sealed;
    return rc;
}

/* Busy state and full disks pass; leases do not wait for them, but the worker goes on trying. */
static enum og_rc forgive(struct worker *w, enum og_rc rc, struct og_err *err)
{
    if (rc != OG_E_TEMPFAIL || !w->o->watch)
        return rc;
    og_log(OG_LOG_WARNING, "%s", err->msg);
    og_time_sleep_ms(TROUBLE_MS);
    w->changed = true;
    return OG_OK;
}

static enum og_rc ended(struct worker *w, bool *end, struct og_err *err)
{
    bool stuck = false;
    *end = false;
    if (w->n_runs || w->n_wish || w->changed || worker_window_busy(w))
        return OG_OK;
    if (w->draining) {
        *end = true;
        return OG_OK;
    }
    if (w->o->once) {
        *end = !w->pending;
        return OG_OK;
    }
    if (!w->is_filter)
        return OG_OK;
    *end = og_filter_done(&w->filter);
    if (*end)
        return OG_OK;
    OG_TRY(og_filter_stuck(&w->filter, w->store, &stuck, err));
    *end = stuck;
    return stuck ? og_err_set(err, OG_NO, "%zu of %zu tasks do not move",
                              w->filter.n - w->filter.ended, w->filter.n)
                 : OG_OK;
}

enum og_rc worker_loop(struct worker *w, struct og_err *err)
{
    struct og_pace p;
    og_pace_init(&p);
    enum og_rc rc = OG_OK;
    bool end = false;
    w->changed = true;
    while (rc == OG_OK && !end) {
        if (og_cli_stop && !w->draining) {
            og_log(OG_LOG_INFO, "draining: %zu leases are finished first", w->n_runs);
            w->draining = w->changed = true;
        }
        rc = wait_for(w, &p, err);
        if (rc == OG_OK)
            rc = forgive(w, step(w, &p, err), err);
        if (rc == OG_OK)
            rc = ended(w, &end, err);
    }
    if (rc == OG_OK && w->fatal != OG_OK) {
        *err = w->fatal_err;
        rc = w->fatal;
    }
    return rc;
}
