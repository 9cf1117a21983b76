/* worker_cluster_run.c - a lease as a job of the cluster: submitted once, watched, taken back. The
 * thread of the lease does this; all that a restart needs lies in the lease's folder:
 *   try      how often the job was submitted anew because the cluster lost it
 *   script   what Slurm runs
 *   id       the job's number, written after the answer of sbatch
 * and the files of work_folder.h. Who finds a folder without a number asks the queue for a job with
 * the lease's comment before it submits one. */
#include "cluster.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "work/work_folder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MIN_MS 10
#define LOOK_MAX_MS 250
#define MARGIN_MS   15000 /* before the lease's deadline for its start */
#define MISSES      2     /* answers without the job: it is lost */
#define TRIES       2
#define GO_MS       600000 /* that a job waits for its lease to start */

struct job {
    struct cluster *c;
    struct run *r;
    char mark[OG_SLURM_MARK_MAX];
    uint64_t try, id;
    uint64_t since;        /* answers up to this one may not know it yet */
    uint64_t missed, seen; /* answers in a row without it; the last one counted */
    uint64_t over_ms;      /* own clock: when the queue first said that it ended */
};

char *worker_cluster_path(const struct worker *w, uint64_t lease, const char *name)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/%" PRIu64 "%s%s", w->cluster->dir, lease, *name ? "/" : "", name);
    return og_buf_detach(&b);
}

static bool has(const struct job *j, const char *name)
{
    return og_folder_has(j->r->cluster_dir, name);
}

static enum og_rc mark(const struct job *j, const char *name, const char *text, struct og_err *err)
{
    return og_folder_mark(j->r->cluster_dir, name, text, err);
}

/* A number in a file of the folder; 0: none. */
static uint64_t read_number(const struct job *j, const char *name)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_err ignored;
    uint64_t v = 0;
    char *path = og_io_join(j->r->cluster_dir, name);
    if (og_io_read_file(path, 32, &text, &ignored) == OG_OK && text.p &&
        !og_parse_u64n(text.p, text.len, UINT32_MAX, &v))
        v = 0;
    og_buf_release(&text);
    free(path);
    return v;
}

static enum og_rc write_number(const struct job *j, const char *name, uint64_t v,
                               struct og_err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, v);
    return mark(j, name, text, err);
}

static void set_mark(struct job *j)
{
    snprintf(j->mark, sizeof j->mark, "%s:%" PRIu64 ":%" PRIu64, j->c->name, j->r->job.lease.id,
             j->try);
}

static void open_job(struct job *j, struct run *r)
{
    *j = (struct job){.c = r->w->cluster, .r = r};
    j->try = og_max_u64(1, read_number(j, "try"));
    j->id = read_number(j, "id");
    set_mark(j);
}

/* In single quotes for the script's shell. */
static void add_quoted(struct og_buf *b, const char *s)
{
    og_buf_addc(b, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            og_buf_adds(b, "'\\''");
        else
            og_buf_addc(b, *s);
    }
    og_buf_addc(b, '\'');
}

static enum og_rc write_script(const struct job *j, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_adds(&b, "#!/bin/sh\nexec ");
    add_quoted(&b, j->c->program);
    og_buf_adds(&b, " --exec ");
    add_quoted(&b, j->r->cluster_dir);
    og_buf_addc(&b, '\n');
    enum og_rc rc = mark(j, "script", b.p, err);
    og_buf_release(&b);
    return rc;
}

/* The folder without anything in it but what the job needs. */
static enum og_rc make_folder(const struct job *j, struct og_err *err)
{
    const struct run *r = j->r;
    struct cluster_place place;
    OG_TRY(og_io_remove_tree(r->cluster_dir, err));
    OG_TRY(og_io_mkdirs(r->cluster_dir, 0700, err));
    OG_TRY(write_number(j, "try", j->try, err));
    OG_TRY(write_script(j, err));
    OG_TRY(cluster_place(j->c, &r->job, &place, err));
    struct og_work_job sized = r->job; /* borrows what r->job has */
    sized.task.cores = place.need.cores;
    sized.task.mem_bytes = place.mem_bytes;
    return og_folder_write(r->cluster_dir, &sized, &r->how, GO_MS, err);
}

static enum og_rc send(struct job *j, struct og_err *err)
{
    struct cluster_place place;
    char *script = og_io_join(j->r->cluster_dir, "script");
    struct og_slurm_submit s = {.name = j->c->name,
                                .mark = j->mark,
                                .dir = j->r->cluster_dir,
                                .script = script,
                                .partition = place.partition};
    enum og_rc rc = cluster_place(j->c, &j->r->job, &place, err);
    s.need = place.need;
    if (rc == OG_OK)
        rc = og_slurm_submit(&s, &j->r->stop, &j->id, err);
    if (rc == OG_OK)
        og_log(OG_LOG_INFO, "lease %" PRIu64 " is job %" PRIu64 " of partition %s",
               j->r->job.lease.id, j->id, place.partition);
    free(script);
    return rc;
}

/* Asks the queue whether the job is there already. */
static enum og_rc find(struct job *j, struct og_err *err)
{
    struct cluster_view v;
    OG_TRY(cluster_ask(j->c, 3 * j->c->patience_ms, &j->r->stop, err));
    cluster_view(j->c, j->mark, &v);
    j->id = v.known ? v.job.id : 0;
    if (v.known)
        og_log(OG_LOG_INFO, "lease %" PRIu64 " is job %" PRIu64 ", found by its comment",
               j->r->job.lease.id, j->id);
    return OG_OK;
}

/* Submits, unless that was done. No answer of sbatch: the queue tells whether it took the job. */
static enum og_rc submit(struct job *j, bool fresh, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    if (j->id)
        og_log(OG_LOG_INFO, "lease %" PRIu64 " is job %" PRIu64 ", submitted before",
               j->r->job.lease.id, j->id);
    else if (!fresh)
        OG_TRY(find(j, err));
    for (int i = 0; !j->id && i < TRIES; i++) {
        rc = send(j, err);
        if (rc != OG_E_TEMPFAIL && rc != OG_E_DATA)
            break;
        og_log(OG_LOG_WARNING, "%s", err->msg);
        OG_TRY(find(j, err));
        rc = j->id ? OG_OK : rc;
    }
    pthread_mutex_lock(&j->c->lock);
    j->since = j->c->begun;
    pthread_mutex_unlock(&j->c->lock);
    if (rc != OG_OK)
        return rc;
    return write_number(j, "id", j->id, err);
}

/* Stops it and waits until it has gone. */
static void cancel(struct job *j)
{
    struct cluster_view v;
    struct og_err err = {0};
    uint64_t start_ms = og_time_mono_ms();
    if (!j->id)
        return;
    if (og_slurm_cancel(j->id, false, &err) != OG_OK)
        og_log(OG_LOG_WARNING, "%s", err.msg);
    for (bool gone = false; !gone && og_time_mono_ms() - start_ms < j->c->patience_ms;) {
        if (cluster_ask(j->c, LOOK_MAX_MS * 40, NULL, &err) != OG_OK)
            continue;
        cluster_view(j->c, j->mark, &v);
        gone = !v.known || v.job.state >= OG_SLURM_ENDED;
        if (gone)
            return;
        og_time_sleep_ms(LOOK_MAX_MS);
    }
    if (og_slurm_cancel(j->id, true, &err) != OG_OK)
        og_log(OG_LOG_WARNING, "%s", err.msg);
}

/* The last words of the job's stderr, if it has any. */
static void last_words(const struct job *j, char *out, size_t max)
{
    struct og_buf text = OG_BUF_INIT;
    struct og_err ignored;
    char *path = og_io_join(j->r->cluster_dir, "err");
    *out = '\0';
    if (og_io_read_file(path, 65536, &text, &ignored) == OG_OK && text.len) {
        while (text.len && text.p[text.len - 1] == '\n')
            text.p[--text.len] = '\0';
        const char *nl = strrchr(text.p, '\n');
        snprintf(out, max, ": %s", nl ? nl + 1 : text.p);
    }
    og_buf_release(&text);
    free(path);
}

/* What the queue makes of it. OG_OK: it goes on. Else why it will give no result (OG_NO: lost). */
static enum og_rc judge(struct job *j, enum og_job_why *why, struct og_err *err)
{
    struct cluster_view v;
    char words[200];
    cluster_view(j->c, j->mark, &v);
    if (v.answer <= j->since || v.answer == j->seen)
        return OG_OK;
    if (!v.known) {
        j->seen = v.answer;
        if (++j->missed < MISSES)
            return OG_OK;
        *why = OG_JOB_NODE_FAULT;
        return og_err_set(err, OG_NO, "the cluster knows nothing of job %" PRIu64 " any more",
                          j->id);
    }
    j->missed = 0;
    if (v.job.state < OG_SLURM_ENDED) {
        j->seen = v.answer;
        j->over_ms = 0;
        return OG_OK;
    }
    if (!j->over_ms)
        j->over_ms = og_time_mono_ms();
    if (og_time_mono_ms() - j->over_ms < j->c->patience_ms)
        return OG_OK;
    last_words(j, words, sizeof words);
    *why = v.job.state == OG_SLURM_TIME        ? OG_JOB_TIME
           : v.job.state == OG_SLURM_MEMORY    ? OG_JOB_MEMORY
           : v.job.state == OG_SLURM_CANCELLED ? OG_JOB_STOPPED
                                               : OG_JOB_NODE_FAULT;
    return og_err_set(err, OG_E_UNAVAILABLE, "job %" PRIu64 " ended without a result (%s)%s", j->id,
                      v.job.reason, words);
}

/* Anew, once: the cluster lost it. */
static enum og_rc again(struct job *j, struct og_err *err)
{
    const struct og_work_job *job = &j->r->job;
    if (j->try >= TRIES)
        return og_err_set(err, OG_E_UNAVAILABLE, "the cluster lost it %d times", TRIES);
    og_log(OG_LOG_WARNING, "lease %" PRIu64 ": %s; it is submitted again", job->lease.id, err->msg);
    j->try++;
    j->id = j->missed = j->seen = j->over_ms = 0;
    set_mark(j);
    OG_TRY(make_folder(j, err));
    return submit(j, true, err);
}

/* Until a node has the job, or the lease must be given back. */
static enum og_rc wait_for_node(struct job *j, struct og_err *err)
{
    const struct og_lease *ls = &j->r->job.lease;
    enum og_job_why why;
    uint64_t pause = LOOK_MIN_MS;
    enum og_rc rc = OG_OK;
    uint64_t last_ms = og_max_u64(og_time_unix_ms() + MARGIN_MS, ls->dl_ms - MARGIN_MS);
    while (rc == OG_OK && !j->r->started && !has(j, "owner") && !has(j, "status")) {
        if (j->r->stop || og_time_unix_ms() > last_ms) {
            cancel(j); /* which gives the place in the queue up, too */
            return og_err_set(err, OG_E_TEMPFAIL, "the cluster has not begun it in time");
        }
        rc = judge(j, &why, err);
        if (rc == OG_NO)
            rc = again(j, err);
        og_time_sleep_ms(pause);
        pause = og_min_u64(pause * 2, LOOK_MAX_MS);
    }
    return rc;
}

enum og_rc worker_cluster_prepare(struct run *r, struct og_err *err)
{
    struct job j;
    open_job(&j, r);
    if (has(&j, "status"))
        return OG_OK;
    bool fresh = !has(&j, "job");
    enum og_rc rc = fresh ? make_folder(&j, err) : OG_OK;
    cluster_watch(j.c, true);
    if (rc == OG_OK)
        rc = submit(&j, fresh, err);
    if (rc == OG_OK)
        rc = wait_for_node(&j, err);
    cluster_watch(j.c, false);
    return rc;
}

/* No result came, and why. */
static void fail(struct job *j, enum og_job_why why, const struct og_err *err)
{
    j->r->res.why = why;
    snprintf(j->r->res.sentence, sizeof j->r->res.sentence, "%s", err->msg);
}

void worker_cluster_run(struct run *r)
{
    struct job j;
    struct og_err err = {0};
    enum og_job_why why = OG_JOB_NODE_FAULT;
    uint64_t pause = LOOK_MIN_MS;
    open_job(&j, r);
    cluster_watch(j.c, true);
    enum og_rc rc = mark(&j, "go", "", &err);
    while (rc == OG_OK && !has(&j, "status") && !r->stop) {
        rc = judge(&j, &why, &err);
        if (rc == OG_NO && r->stop)
            break;
        if (rc == OG_NO)
            rc = again(&j, &err);
        if (rc == OG_OK && !has(&j, "go"))
            rc = mark(&j, "go", "", &err);
        og_time_sleep_ms(pause);
        pause = og_min_u64(pause * 2, LOOK_MAX_MS);
    }
    if (has(&j, "status")) {
        og_folder_read(r->cluster_dir, &r->job, &r->res);
    } else if (r->stop) {
        cancel(&j);
        og_err_set(&err, OG_E_TEMPFAIL, "stopped");
        fail(&j, OG_JOB_STOPPED, &err);
    } else {
        cancel(&j);
        fail(&j, why, &err);
    }
    cluster_watch(j.c, false);
}

void worker_cluster_leave(struct run *r)
{
    struct og_err err;
    if (r->cluster_dir && r->claimed && og_io_remove_tree(r->cluster_dir, &err) != OG_OK)
        og_log(OG_LOG_DEBUG, "%s", err.msg);
    free(r->cluster_dir);
    r->cluster_dir = NULL;
}
