/* worker_run.c - one lease in one thread: inputs, run, result; and the files others may follow. */
#include "worker.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "exec/exec_sandbox.h"
#include "work/work_fetch.h"
#include "work/work_image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DISK_FREE_MIN ((uint64_t)64 << 20)
#define UIDS          4096
#define GRACE_MS      10000
#define MOMENT_MS     3 /* a thing that takes longer is not waited for */

static uid_t job_uid(const struct og_work_job *job)
{
    if (geteuid() != 0)
        return 0;
    return OG_JOB_UID_BASE + (uid_t)((job->lease.node * 64 + job->lease.slot) % UIDS);
}

static enum og_rc need_sandbox(struct worker *w, const struct og_work_job *job, struct og_err *err)
{
    if (w->sandbox_known)
        return OG_OK;
    OG_TRY(og_sandbox_probe(job_uid(job), err));
    w->sandbox_known = true;
    return OG_OK;
}

enum og_rc worker_how(struct worker *w, const struct og_work_job *job, struct og_work_how *how,
                      struct og_err *err)
{
    bool none = w->o->sandbox == 1 || (job->own && job->spec.no_sandbox);
    *how = (struct og_work_how){
        .sandbox = none ? OG_SANDBOX_NONE : OG_SANDBOX_BWRAP,
        .uid = job_uid(job),
        .cuda = w->o->cuda == WORKER_CUDA_NONE ? OG_CUDA_CPU : (enum og_cuda_where)w->o->cuda,
        .cores = w->o->threads,
        .cpu_ppm = w->rules.all.share_ppm == OG_OWNER_UNSET ? 0 : w->rules.all.share_ppm,
        .grace_ms = w->rules.grace_ms == OG_OWNER_UNSET ? GRACE_MS : w->rules.grace_ms,
        .scratch_max = w->rules.scratch_bytes == OG_OWNER_UNSET ? 0 : w->rules.scratch_bytes,
        .out_max = w->rules.output_bytes == OG_OWNER_UNSET ? 0 : w->rules.output_bytes,
        .net = true, /* worker_allows has said so */
        .keep = true,
    };
    OG_TRY(worker_allows(w, job, err));
    if (none && !job->own)
        return og_err_set(err, OG_E_NOPERM, "without a sandbox only one's own jobs are run");
    if (job->spec.is_cuda && w->o->cuda == WORKER_CUDA_NONE)
        return og_err_set(err, OG_E_NOPERM, "this worker takes no CUDA");
    if (job->spec.nodes > 1 && !w->cluster)
        return og_err_set(err, OG_E_NOPERM, "its program runs on several nodes, not on one");
    if (w->cluster) /* whose nodes see to it */
        return OG_OK;
    if (job->spec.is_cuda)
        OG_TRY(og_exec_cuda_probe(how->cuda, NULL, err));
    if (none || job->spec.kernel) /* a kernel's code is ours, and runs in a child */
        return OG_OK;
    return need_sandbox(w, job, err);
}

bool worker_disk_ok(const struct worker *w, struct og_err *err)
{
    const char *const dirs[] = {w->state_dir, w->scratch_dir};
    for (size_t i = 0; i < 2; i++) {
        struct statvfs v;
        if (statvfs(dirs[i], &v) < 0) {
            og_err_set(err, OG_E_IO, "cannot look at the disk of '%s': %s", dirs[i],
                       strerror(errno));
            return false;
        }
        if ((uint64_t)v.f_bavail * v.f_frsize < DISK_FREE_MIN) {
            og_err_set(err, OG_E_IO, "the disk of '%s' is nearly full", dirs[i]);
            return false;
        }
    }
    return true;
}

static void wake(struct worker *w)
{
    uint64_t one = 1;
    ssize_t ignored = write(w->wake_fd, &one, sizeof one);
    (void)ignored;
}

static void run_phase_locked(struct run *r, enum worker_phase phase)
{
    r->phase = phase;
    pthread_cond_broadcast(&r->go);
}

void worker_run_phase(struct run *r, enum worker_phase phase)
{
    pthread_mutex_lock(&r->w->lock);
    run_phase_locked(r, phase);
    pthread_mutex_unlock(&r->w->lock);
}

enum worker_phase worker_run_get(struct run *r)
{
    pthread_mutex_lock(&r->w->lock);
    enum worker_phase p = r->phase;
    pthread_mutex_unlock(&r->w->lock);
    return p;
}

bool worker_run_fresh(struct worker *w, enum worker_phase phase)
{
    uint64_t now = og_time_mono_ms();
    for (struct run *r = w->runs; r; r = r->next)
        if (r->thread->runs == 1 && now - (phase == PHASE_GO ? r->go_ms : r->made_ms) < MOMENT_MS &&
            worker_run_get(r) == phase)
            return true;
    return false;
}

static enum og_rc fetch(struct run *r)
{
    const struct og_spec *s = &r->job.spec;
    char *image = NULL;
    OG_TRY(og_work_fetch(r->job.state_dir, s->in, s->n_in, r->job.own, &r->stop, &r->err));
    if (!s->root.path)
        return OG_OK;
    OG_TRY(og_work_fetch(r->job.state_dir, &s->root, 1, r->job.own, &r->stop, &r->err));
    enum og_rc rc = og_work_image(&r->job, &r->how, &image, &r->err);
    free(image);
    return rc == OG_E_DATA ? OG_OK : rc; /* the job's own end, which its result tells */
}

/* Until the main thread says so. */
static bool wait_go(struct run *r)
{
    pthread_mutex_lock(&r->w->lock);
    if (r->phase == PHASE_PREPARE)
        run_phase_locked(r, PHASE_READY);
    wake(r->w);
    while (r->phase == PHASE_READY)
        pthread_cond_wait(&r->go, &r->w->lock);
    bool go = r->phase == PHASE_GO;
    pthread_mutex_unlock(&r->w->lock);
    return go;
}

static void run_lease(struct run *r)
{
    uint64_t start = og_time_mono_us();
    uint64_t none = 0;
    atomic_compare_exchange_strong(&r->thread->go_ms, &none, start / 1000);
    if (r->w->cluster)
        worker_cluster_run(r);
    else
        og_work_run(&r->job, &r->how, &r->res, &r->at, &r->stop);
    r->unsynced = r->res.stored && (r->how.nosync || r->job.lease.count > 4);
    r->kept = r->res.done
                  ? og_work_manifest(&r->job, &r->res, !r->unsynced, &r->manifest, &r->kept_err)
                  : OG_OK;
    r->took_us = og_time_mono_us() - start;
}

/* One whose turn came: its inputs were not brought yet. */
static void run_led(struct run *r)
{
    if (ftruncate(r->how.stdout_fd, 0) < 0 || ftruncate(r->how.stderr_fd, 0) < 0)
        og_log(OG_LOG_DEBUG, "cannot empty '%s': %s", r->out_path, strerror(errno));
    r->prepared = r->stop ? OG_E_TEMPFAIL : fetch(r);
    if (r->prepared == OG_OK) {
        run_lease(r);
        return;
    }
    r->res.why = r->stop ? OG_JOB_STOPPED : OG_JOB_INPUT;
    snprintf(r->res.sentence, sizeof r->res.sentence, "%s", r->err.msg);
}

static void *work(void *ctx)
{
    struct run *r = ctx;
    struct worker *w = r->w;
    r->prepared = fetch(r);
    if (r->prepared == OG_OK && w->cluster)
        r->prepared = worker_cluster_prepare(r, &r->err);
    if (!wait_go(r))
        return NULL;
    struct og_err left;
    char *scratch = og_xstrdup(r->scratch);
    run_lease(r);
    for (r = worker_chain_next(r); r; r = worker_chain_next(r))
        run_led(r);
    if (og_exec_scratch_drop(scratch, &left) != OG_OK)
        og_log(OG_LOG_DEBUG, "%s", left.msg);
    free(scratch);
    wake(w);
    return NULL;
}

char *worker_scratch_path(const struct worker *w, uint64_t lease)
{
    struct og_buf s = OG_BUF_INIT;
    og_buf_addf(&s, "%s/%" PRIu64, w->scratch_dir, lease);
    return og_buf_detach(&s);
}

static int open_live(const char *path, int *fd)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600); /* allowed: live */
    return *fd < 0 ? -1 : 0;
}

/* Another worker that ends may just now remove the folder above. */
static void make_scratch(const struct run *r)
{
    for (int i = 0; i < 1000; i++) {
        if (mkdir(r->scratch, 0700) == 0 || errno != ENOENT)
            return;
        if (mkdir(r->w->scratch_dir, 0711) == 0 && geteuid() == 0 &&
            chmod(r->w->scratch_dir, 0711) < 0 && errno != ENOENT)
            return;
    }
}

/* The lease's folder, its lock, its live files. */
static enum og_rc set_up(struct run *r, bool *busy, struct og_err *err)
{
    uint64_t id = r->job.lease.id;
    r->scratch = worker_scratch_path(r->w, id);
    OG_TRY(worker_hold(r->w, id, true, &r->dir, &r->lock_fd, err));
    *busy = r->lock_fd < 0;
    if (*busy)
        return OG_OK;
    r->out_path = og_io_join(r->dir, "out");
    r->err_path = og_io_join(r->dir, "err");
    if (open_live(r->out_path, &r->out_fd) < 0 || open_live(r->err_path, &r->err_fd) < 0)
        return og_err_set(err, OG_E_CANTCREATE, "cannot make files in '%s': %s", r->dir,
                          strerror(errno));
    if (r->w->cluster) {
        r->cluster_dir = worker_cluster_path(r->w, id, "");
        free(r->out_path);
        free(r->err_path);
        r->out_path = worker_cluster_path(r->w, id, "live.out");
        r->err_path = worker_cluster_path(r->w, id, "live.err");
        return OG_OK;
    }
    make_scratch(r);
    r->how.scratch = r->scratch;
    r->how.stdout_fd = r->out_fd;
    r->how.stderr_fd = r->err_fd;
    return OG_OK;
}

static void tear_down(struct run *r)
{
    if (r->out_fd >= 0)
        close(r->out_fd);
    if (r->err_fd >= 0)
        close(r->err_fd);
    worker_let_go(r->dir, r->lock_fd);
    worker_cluster_leave(r);
    if (r->claimed)
        worker_unclaim(r->w, r->job.lease.id);
    free(r->scratch);
    free(r->out_path);
    free(r->err_path);
    og_work_result_release(&r->res);
    og_work_job_release(&r->job);
    pthread_cond_destroy(&r->go);
    free(r);
}

static enum og_rc start_thread(struct run *r, struct og_err *err)
{
    r->thread = og_xcalloc(1, sizeof *r->thread);
    r->thread->runs = 1;
    if (pthread_create(&r->thread->id, NULL, work, r) == 0) {
        r->w->n_threads++;
        return OG_OK;
    }
    free(r->thread);
    return og_err_set(err, OG_E_UNAVAILABLE, "no thread for a lease");
}

enum og_rc worker_run_new(struct worker *w, struct og_work_node *node, struct og_work_job *job,
                          bool *busy, struct og_err *err)
{
    struct run *r = og_xcalloc(1, sizeof *r);
    *busy = false;
    r->w = w;
    r->node = node;
    r->job = *job;
    memset(job, 0, sizeof *job);
    r->lock_fd = r->out_fd = r->err_fd = -1;
    r->started = r->job.lease.state == OG_LEASE_RUNNING;
    pthread_cond_init(&r->go, NULL);
    enum og_rc rc = worker_how(w, &r->job, &r->how, err);
    r->how.live = &r->live;
    if (rc == OG_OK)
        rc = worker_gpu_assign(w, r, err);
    r->claimed = worker_claim(w, r->job.lease.id);
    *busy = !r->claimed;
    bool led = rc == OG_OK && r->claimed && worker_chain_link(r);
    if (rc == OG_OK && r->claimed && !led)
        rc = set_up(r, busy, err);
    if (rc == OG_OK && !*busy && !led)
        rc = start_thread(r, err);
    if (rc != OG_OK || *busy) {
        tear_down(r);
        return rc;
    }
    r->seen = true;
    r->made_ms = og_time_mono_ms();
    r->next = w->runs;
    w->runs = r;
    w->n_runs++;
    return OG_OK;
}

void worker_run_free(struct run *r)
{
    struct worker *w = r->w;
    struct run **at = &w->runs;
    if (--r->thread->runs == 0) {
        if (!r->thread->joined)
            pthread_join(r->thread->id, NULL);
        w->n_threads--;
        free(r->thread);
    } else {
        worker_chain_leave(r);
    }
    while (*at && *at != r)
        at = &(*at)->next;
    if (*at) {
        *at = r->next;
        w->n_runs--;
    }
    tear_down(r);
}

struct run *worker_find_run(struct worker *w, uint64_t lease)
{
    for (struct run *r = w->runs; r; r = r->next)
        if (r->job.lease.id == lease)
            return r;
    return NULL;
}
