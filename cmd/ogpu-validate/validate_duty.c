/* validate_duty.c - the checks that our nodes were drawn for. */
#include "store/store_want.h"
#include "validate.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "check/check_method.h"
#include "exec/exec_sandbox.h"
#include "store/store_query.h"
#include "store/store_row.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PAGE     128
#define RETRY_MS 5000

static struct duty *find(struct validate *v, uint64_t lease, uint64_t turn)
{
    for (struct duty *d = v->duties; d; d = d->next)
        if (d->job.lease.id == lease && d->turn == turn)
            return d;
    return NULL;
}

static enum duty_phase phase_of(struct duty *d)
{
    pthread_mutex_lock(&d->v->lock);
    enum duty_phase p = d->phase;
    pthread_mutex_unlock(&d->v->lock);
    return p;
}

static void join(struct duty *d)
{
    if (d->joined)
        return;
    pthread_join(d->thread, NULL);
    d->joined = true;
    d->v->n_running--;
    if (d->lock_fd >= 0) {
        unlink(d->lock_path);
        close(d->lock_fd);
        d->lock_fd = -1;
    }
}

void validate_drop_duty(struct duty *d)
{
    struct duty **at = &d->v->duties;
    join(d);
    while (*at && *at != d)
        at = &(*at)->next;
    if (*at)
        *at = d->next;
    og_work_job_release(&d->job);
    free(d->lock_path);
    free(d);
}

static void *check(void *ctx)
{
    struct duty *d = ctx;
    uint64_t one = 1;
    d->rc = og_work_check(&d->job, &d->who, d->has_manifest ? &d->manifest : NULL, &d->stop,
                          &d->found, &d->err);
    pthread_mutex_lock(&d->v->lock);
    d->phase = DUTY_FOUND;
    pthread_mutex_unlock(&d->v->lock);
    ssize_t ignored = write(d->v->wake_fd, &one, sizeof one);
    (void)ignored;
    return NULL;
}

/* One check of a lease for a node at a time, of all processes here. */
static bool lock_duty(struct duty *d)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/check-%" PRIu64 "-%" PRIu64, d->v->run_dir, d->job.lease.id, d->node->id);
    d->lock_path = og_buf_detach(&b);
    d->lock_fd = open(d->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return d->lock_fd >= 0 && flock(d->lock_fd, LOCK_EX | LOCK_NB) == 0;
}

static enum og_rc capacity_of(struct validate *v, uint64_t node, uint64_t *out, struct og_err *err)
{
    struct og_node n = {.id = node};
    uint64_t idx;
    size_t k;
    OG_TRY(og_row_need(v->store, OG_F_NODE, &n, err));
    *out = n.c_eff;
    og_row_release(&og_families[OG_F_NODE], &n);
    OG_TRY(og_query(v->store, OG_Q_SLOTS_OF, &node, 1, &idx, 1, 1, &k, err));
    struct og_slot s = {.node = node, .idx = idx};
    if (!k)
        return OG_OK;
    OG_TRY(og_row_need(v->store, OG_F_SLOT, &s, err));
    *out = og_muldiv(*out, s.share_ppm, OG_PPM);
    return OG_OK;
}

/* Strangers' programs are run in a sandbox or not at all. */
static enum og_rc sandbox_ok(struct validate *v, const struct og_work_job *job, struct og_err *err)
{
    bool program = !job->spec.kernel || job->lease.method == OG_VERIFY_CMD;
    if (!program || v->sandbox_known)
        return OG_OK;
    OG_TRY(og_sandbox_probe(geteuid() == 0 ? OG_JOB_UID_BASE : 0, err));
    v->sandbox_known = true;
    return OG_OK;
}

static enum og_rc prepare(struct duty *d, struct og_err *err)
{
    struct validate *v = d->v;
    OG_TRY(capacity_of(v, d->node->id, &d->who.capacity, err));
    d->who.addr = d->node->addr;
    d->who.how.sandbox = OG_SANDBOX_BWRAP;
    d->who.how.uid = geteuid() == 0 ? OG_JOB_UID_BASE + 4096 + (uid_t)(d->job.lease.id % 1024) : 0;
    enum og_rc rc = og_work_job_spec(&d->job, v->specs, &d->err);
    if (rc == OG_E_NOINPUT || rc == OG_E_DATA) { /* the check will find it absent as well */
        d->found.vote = OG_VOTE_ABSENT;
        snprintf(d->found.why, sizeof d->found.why, "%s", d->err.msg);
        d->phase = DUTY_FOUND;
        d->joined = true;
        return OG_OK;
    }
    if (rc != OG_OK)
        return og_err_wrap(err, og_err_set(err, rc, "%s", d->err.msg), "lease %" PRIu64,
                           d->job.lease.id);
    OG_TRY(sandbox_ok(v, &d->job, err));
    const struct og_hash *root = &d->job.lease.root;
    OG_TRY(og_manifest_get(v->store, root, &d->manifest, &d->has_manifest, err));
    if (d->has_manifest || !og_want_manifest(og_store_dir(v->store), root))
        return OG_OK;
    return og_manifest_get(v->store, root, &d->manifest, &d->has_manifest, err);
}

static void forget(struct duty *d)
{
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    og_work_job_release(&d->job);
    free(d->lock_path);
    free(d);
}

/* Starts the check; takes job. */
static enum og_rc begin(struct validate *v, struct og_work_node *node, uint64_t turn,
                        struct og_work_job *job, struct og_err *err)
{
    struct duty *d = og_xcalloc(1, sizeof *d);
    d->v = v;
    d->node = node;
    d->turn = turn;
    d->job = *job;
    memset(job, 0, sizeof *job);
    d->lock_fd = -1;
    if (!lock_duty(d)) {
        forget(d);
        return OG_OK;
    }
    enum og_rc rc = prepare(d, err);
    if (rc == OG_OK && d->phase == DUTY_CHECK && pthread_create(&d->thread, NULL, check, d) != 0)
        rc = og_err_set(err, OG_E_UNAVAILABLE, "no thread for a check");
    if (rc != OG_OK) {
        if (rc == OG_E_UNAVAILABLE && v->fatal == OG_OK) {
            v->fatal = rc;
            v->fatal_err = *err;
            v->draining = true;
        }
        forget(d);
        return rc == OG_E_UNAVAILABLE ? OG_OK : rc;
    }
    v->n_running += !d->joined;
    v->pending = d->seen = true;
    d->next = v->duties;
    v->duties = d;
    return OG_OK;
}

/* Has every verifier of this stage committed? */
static enum og_rc stage_ready(struct validate *v, const struct og_check *c, bool *ready,
                              struct og_err *err)
{
    uint64_t turn[32];
    size_t n;
    *ready = true;
    OG_TRY(og_query(v->store, OG_Q_CHECKS_OF, &c->lease, 1, turn, 1, 32, &n, err));
    for (size_t i = 0; i < n && i < 32; i++) {
        struct og_check o = {.lease = c->lease, .turn = turn[i]};
        OG_TRY(og_row_need(v->store, OG_F_CHECK, &o, err));
        if (o.stage == c->stage && o.state == OG_CHECK_ASKED)
            *ready = false;
    }
    return OG_OK;
}

/* There is a finding: what is to be said of it now. */
static enum og_rc say(struct validate *v, struct duty *d, const struct og_check *c,
                      const struct og_lease *ls, struct og_err *err)
{
    bool exact = ls->method == OG_VERIFY_EXACT;
    bool ok = true;
    uint64_t now = og_time_mono_ms();
    join(d);
    if (now < d->retry_ms)
        return OG_OK;
    if (d->rc != OG_OK) {
        og_log(OG_LOG_WARNING, "lease %" PRIu64 " cannot be checked: %s", ls->id, d->err.msg);
        validate_drop_duty(d);
        return OG_OK;
    }
    if (exact && c->state == OG_CHECK_ASKED) {
        OG_TRY(validate_say_hash(d, &ok, err));
    } else if (ls->state == OG_LEASE_REVEALED) {
        bool ready = true;
        if (exact)
            OG_TRY(stage_ready(v, c, &ready, err));
        if (!ready)
            return OG_OK;
        OG_TRY(validate_say_verdict(d, &ok, err));
    }
    if (!ok)
        d->retry_ms = now + RETRY_MS;
    return OG_OK;
}

/* Can a check be begun: exact at once, the others when there is something to look at. */
static bool ripe(const struct og_check *c, const struct og_lease *ls)
{
    if (ls->method == OG_VERIFY_EXACT)
        return c->state == OG_CHECK_ASKED || ls->state == OG_LEASE_REVEALED;
    return ls->state == OG_LEASE_REVEALED;
}

static enum og_rc look(struct validate *v, struct og_work_node *node, uint64_t lease, uint64_t turn,
                       struct og_err *err)
{
    struct og_check c = {.lease = lease, .turn = turn};
    struct duty *d = find(v, lease, turn);
    struct og_work_job job;
    bool found;
    OG_TRY(og_row_get(v->store, OG_F_CHECK, &c, &found, err));
    if (!found || c.state > OG_CHECK_HASHED)
        return OG_OK;
    OG_TRY(og_work_job_load(v->store, lease, &job, err));
    bool mine = !v->is_filter || og_filter_has(&v->filter, job.task.id) ||
                (!og_filter_done(&v->filter) && og_filter_adopts(&v->filter, lease));
    enum og_rc rc = OG_OK;
    if (d) {
        d->seen = true;
        v->pending = v->pending || phase_of(d) == DUTY_CHECK;
        if (phase_of(d) == DUTY_FOUND)
            rc = say(v, d, &c, &job.lease, err);
    } else if (mine && !v->draining && ripe(&c, &job.lease)) {
        if (v->n_running < v->o->slots)
            rc = begin(v, node, turn, &job, err);
        else
            v->pending = true;
    }
    og_work_job_release(&job);
    return rc;
}

static enum og_rc look_node(struct validate *v, struct og_work_node *node, struct og_err *err)
{
    uint64_t page[2 * PAGE];
    uint64_t in[2] = {node->id, 0};
    size_t n = PAGE;
    while (n >= PAGE) {
        OG_TRY(og_query(v->store, OG_Q_CHECKS_FOR, in, 2, page, 2, PAGE, &n, err));
        for (size_t i = 0; i < n && i < PAGE; i++) {
            OG_TRY(look(v, node, page[2 * i], page[2 * i + 1], err));
            in[1] = page[2 * i];
        }
    }
    return OG_OK;
}

enum og_rc validate_duties(struct validate *v, struct og_err *err)
{
    struct duty *next;
    v->pending = false;
    for (struct duty *d = v->duties; d; d = d->next)
        d->seen = false;
    for (size_t i = 0; i < v->n_nodes; i++)
        OG_TRY(look_node(v, &v->node[i], err));
    for (struct duty *d = v->duties; d; d = next) {
        next = d->next;
        if (d->seen)
            continue;
        d->stop = 1; /* the chain has no use for it any more */
        if (phase_of(d) == DUTY_FOUND)
            validate_drop_duty(d);
    }
    return OG_OK;
}
