/* worker_fault.c - leases given back for a reason of this machine: a rest before the next try, and
 * an end when nothing else happens. */
#include "worker.h"

#include "base/base_log.h"
#include "base/base_time.h"

#include <inttypes.h>

#define REST_MS       250  /* before a lease of the same task is taken again */
#define REST_WATCH_MS 5000 /* the same with --watch, which goes on for ever */
#define ROW           3    /* faults in a row that look like the machine's state, not one task's */
#define ROW_MS        2000 /* and that long: without --watch the end */

void worker_end(struct worker *w, enum og_rc rc, const struct og_err *why)
{
    if (w->fatal != OG_OK)
        return;
    w->fatal = rc;
    w->fatal_err = *why;
    w->draining = true;
}

void worker_fault(struct worker *w, const struct og_work_job *job, enum og_rc rc, const char *why)
{
    struct og_err err;
    static const size_t cap = sizeof w->fault / sizeof *w->fault;
    uint64_t now = og_time_mono_ms();
    if (!w->faults++)
        w->fault_row_ms = now;
    w->fault_ms = now;
    w->fault[w->n_fault++ % cap] = (struct fault){job->task.id, now};
    og_err_set(&err, rc, "lease %" PRIu64 " is given back: %s", job->lease.id, why);
    og_log(OG_LOG_WARNING, "%s", err.msg);
    if (!w->o->watch && w->faults >= ROW && now - w->fault_row_ms >= ROW_MS)
        worker_end(w, rc == OG_E_NOPERM ? OG_NO : rc, &err);
}

void worker_fault_over(struct worker *w)
{
    w->faults = 0;
}

bool worker_rests(const struct worker *w, uint64_t task)
{
    uint64_t now = og_time_mono_ms();
    uint64_t rest = w->o->watch ? REST_WATCH_MS : REST_MS;
    if (w->faults >= ROW && now - w->fault_ms < rest)
        return true;
    for (size_t i = 0; i < sizeof w->fault / sizeof *w->fault; i++)
        if (w->fault[i].task == task && now - w->fault[i].ms < rest)
            return true;
    return false;
}
