/* exec_job.c - one job from its inputs to its outputs: the loop that watches it, and its limits. */
#include "exec/exec_job.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "exec/exec_cgroup.h"
#include "exec/exec_keep.h"
#include "exec/exec_launch.h"
#include "exec/exec_sandbox.h"
#include "exec/exec_scratch.h"
#include "exec/exec_stream.h"
#include "exec/exec_tree.h"
#include "exec/exec_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS     25 /* between two looks at memory */
#define DISK_TICKS  8  /* looks at memory for one at the scratch folder */
#define STOP_MS     100
#define SHARE_MS    100   /* of processor time that a job may be ahead of its share */
#define SETUP_MS    30000 /* for the sandbox to come up */
#define NO_PIDFD_MS 2

struct run {
    const struct og_job *job;
    struct og_job_result *res;
    struct og_scratch scratch;
    struct og_launch launch;
    struct og_stream out;
    struct og_stream err;
    struct og_cgroup group;
    char **staged;
    uint64_t launched_us;
    uint64_t disk_base; /* what the inputs take of the scratch folder */
    dev_t disk;
    unsigned ticks;
    uint64_t next_look_us;
    struct og_watch_use seen; /* at the last look; mem_bytes is the largest so far */
    bool stopped;             /* until its share of the time has grown */
    uint64_t asked_us;        /* SIGTERM was sent; 0: not */
    bool killed;
};

const char *og_job_why_name(enum og_job_why why)
{
    switch (why) {
    case OG_JOB_DONE: return "done";
    case OG_JOB_TIME: return "time";
    case OG_JOB_MEMORY: return "memory";
    case OG_JOB_OUTPUT: return "output";
    case OG_JOB_STOPPED: return "stopped";
    case OG_JOB_INPUT: return "input";
    case OG_JOB_NODE_FAULT: return "node";
    }
    return "unknown";
}

void og_job_result_release(struct og_job_result *r)
{
    if (!r)
        return;
    free(r->outs);
    r->outs = NULL;
    r->n_outs = 0;
}

static enum og_rc check_job(const struct og_job *job, struct og_err *err)
{
    if (!job->argv || !job->argv[0])
        return og_err_set(err, OG_E_DATA, "a job without a program");
    if (job->n_in > OG_JOB_FILES_MAX || job->n_out > OG_JOB_FILES_MAX)
        return og_err_set(err, OG_E_DATA, "a job with more than %d files", OG_JOB_FILES_MAX);
    for (size_t i = 0; i < job->n_in; i++)
        if (!og_io_path_is_tame(job->in[i].path))
            return og_err_set(err, OG_E_DATA, "input '%s' does not stay in the job's folder",
                              job->in[i].path);
    for (size_t i = 0; i < job->n_out; i++)
        if (!og_io_path_is_tame(job->out[i]))
            return og_err_set(err, OG_E_DATA, "output '%s' does not stay in the job's folder",
                              job->out[i]);
    return OG_OK;
}

static enum og_rc place_inputs(struct run *r, struct og_err *err)
{
    const struct og_job *job = r->job;
    enum og_rc rc = OG_OK;
    if (!job->n_in)
        return OG_OK;
    bool mount = job->sandbox == OG_SANDBOX_BWRAP && og_sandbox_mounts(job);
    if (mount)
        r->staged = og_xcalloc(job->n_in, sizeof *r->staged);
    for (size_t i = 0; i < job->n_in && rc == OG_OK; i++)
        rc = mount ? og_scratch_stage(&r->scratch, &job->in[i], &r->staged[i], err)
                   : og_scratch_copy_in(&r->scratch, &job->in[i], err);
    struct og_tree_size size = {0, 0};
    if (rc == OG_OK && r->staged)
        og_scratch_unstage(&r->scratch, r->staged, job->n_in);
    else if (rc == OG_OK)
        (void)og_tree_measure(r->scratch.fd, 0, 0, &size);
    r->disk_base = size.bytes;
    return rc;
}

static void kill_job(struct run *r, enum og_job_why why)
{
    if (r->killed)
        return;
    r->killed = true;
    r->res->why = why;
    og_cgroup_kill(&r->group);
    og_launch_kill(&r->launch, r->job);
}

/* Holds the tree to its share of the processor time that has passed. */
static void hold_share(struct run *r, const struct og_watch_use *use)
{
    const struct og_job *job = r->job;
    uint64_t cores = job->cores ? job->cores : (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t ms = (og_time_mono_us() - r->launch.start_us) / 1000;
    uint64_t most = og_muldiv(ms * cores, job->cpu_ppm, OG_PPM) + SHARE_MS;
    bool over = use->user_ms + use->sys_ms > most && !r->asked_us;
    if (over != r->stopped)
        og_watch_signal(r->launch.root, over ? SIGSTOP : SIGCONT);
    r->stopped = over;
}

/* Memory and processes at every look, the scratch folder at every DISK_TICKS-th. */
static void look(struct run *r)
{
    const struct og_job *job = r->job;
    struct og_watch_use use;
    bool boxed = job->sandbox == OG_SANDBOX_BWRAP;
    if (!r->launch.started)
        return;
    og_watch_tree(r->launch.root, false, boxed, r->disk, OG_JOB_PROCS_MAX + 2, &use);
    if (job->mem_bytes && use.mem_bytes > job->mem_bytes)
        og_watch_tree(r->launch.root, true, boxed, r->disk, OG_JOB_PROCS_MAX + 2, &use);
    if (job->cpu_ppm && job->cpu_ppm < OG_PPM)
        hold_share(r, &use);
    uint64_t peak = og_max_u64(r->seen.mem_bytes, use.mem_bytes);
    r->seen = use;
    if (job->live) {
        atomic_store(&job->live->root, (int)r->launch.root);
        atomic_store(&job->live->cpu_ms, use.user_ms + use.sys_ms);
    }
    r->seen.mem_bytes = peak;
    if ((job->mem_bytes && use.mem_bytes > job->mem_bytes) || use.procs > OG_JOB_PROCS_MAX + 2) {
        kill_job(r, OG_JOB_MEMORY);
        return;
    }
    uint64_t max = og_launch_scratch_max(job);
    if (!max || r->ticks++ % DISK_TICKS != DISK_TICKS - 1)
        return;
    struct og_tree_size size;
    if (use.disk_bytes > max || !og_tree_measure(r->scratch.fd, max - use.disk_bytes + r->disk_base,
                                                 OG_JOB_NODES_MAX, &size))
        kill_job(r, OG_JOB_OUTPUT);
}

/* Gives the microseconds until the grace is over. */
static uint64_t stop_job(struct run *r, int how, uint64_t now)
{
    uint64_t grace_us = og_min_u64(r->job->grace_ms, UINT64_MAX / 2000) * 1000;
    if (how != OG_STOP_GRACE || !grace_us || !r->launch.started) {
        kill_job(r, how == OG_STOP_MEMORY ? OG_JOB_MEMORY : OG_JOB_STOPPED);
        return UINT64_MAX;
    }
    if (!r->asked_us) {
        r->asked_us = now;
        og_watch_signal(r->launch.root, SIGTERM);
        og_watch_signal(r->launch.root, SIGCONT);
    }
    if (now - r->asked_us >= grace_us)
        kill_job(r, OG_JOB_STOPPED);
    return r->killed ? UINT64_MAX : grace_us - (now - r->asked_us);
}

/* The limits that time brings; gives the milliseconds until the next one. */
static int check_limits(struct run *r, const volatile sig_atomic_t *stop)
{
    const struct og_job *job = r->job;
    uint64_t now = og_time_mono_us();
    uint64_t start = r->launch.started ? r->launch.start_us : r->launched_us;
    uint64_t limit = r->launch.started ? job->limit_ms : SETUP_MS;
    uint64_t wait_us = UINT64_MAX;
    if (stop && *stop)
        wait_us = stop_job(r, (int)*stop, now);
    if (r->out.flooded || r->err.flooded)
        kill_job(r, OG_JOB_OUTPUT);
    if (limit && limit < UINT64_MAX / 2000) {
        if (now - start >= limit * 1000)
            kill_job(r, r->launch.started ? OG_JOB_TIME : OG_JOB_NODE_FAULT);
        else
            wait_us = og_min_u64(wait_us, start + limit * 1000 - now);
    }
    if (!r->killed && (job->mem_bytes || job->out_bytes_max || job->scratch_bytes_max ||
                       job->live || job->cpu_ppm)) {
        if (now >= r->next_look_us) {
            look(r);
            now = og_time_mono_us();
            r->next_look_us = now + TICK_MS * 1000;
        }
        wait_us = og_min_u64(wait_us, r->next_look_us - now);
    }
    if (stop)
        wait_us = og_min_u64(wait_us, STOP_MS * 1000);
    if (r->launch.pid_fd < 0)
        wait_us = og_min_u64(wait_us, NO_PIDFD_MS * 1000);
    return wait_us > 3600000000u ? 3600000 : (int)(wait_us / 1000 + 1);
}

static bool has_ended(const struct run *r, short revents)
{
    if (r->launch.pid_fd >= 0)
        return revents != 0;
    siginfo_t si;
    memset(&si, 0, sizeof si);
    return waitid(P_PID, (id_t)r->launch.pid, &si, WEXITED | WNOHANG | WNOWAIT) == 0 && si.si_pid;
}

/* Until the first process has ended. An error of our own kills the job. */
static enum og_rc watch(struct run *r, const volatile sig_atomic_t *stop, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    for (;;) {
        int wait_ms = check_limits(r, stop);
        struct pollfd p[4] = {{r->launch.pid_fd, POLLIN, 0},
                              {r->out.fd, POLLIN, 0},
                              {r->err.fd, POLLIN, 0},
                              {r->launch.status_fd, POLLIN, 0}};
        if (poll(p, 4, wait_ms) < 0 && errno != EINTR) {
            rc = og_err_set(err, OG_E_INTERNAL, "cannot wait for a job: %s", strerror(errno));
            kill_job(r, OG_JOB_NODE_FAULT);
        }
        if (rc == OG_OK && p[1].revents)
            rc = og_stream_pump(&r->out, err);
        if (rc == OG_OK && p[2].revents)
            rc = og_stream_pump(&r->err, err);
        if (rc == OG_OK && p[3].revents)
            rc = og_launch_status(&r->launch, r->job, err);
        if (rc != OG_OK)
            kill_job(r, OG_JOB_NODE_FAULT);
        if (has_ended(r, p[0].revents))
            return rc;
    }
}

static void say_not_executed(struct run *r, int e)
{
    char text[512];
    snprintf(text, sizeof text, "ogpu: cannot execute '%.200s': %s\n", r->job->argv[0],
             strerror(e));
    og_stream_replace(&r->err, text);
    r->res->exit = e == ENOENT || e == ENOTDIR ? 127 : 126;
}

/* Bubblewrap ended without telling an exit code: its own words are on stderr. */
static enum og_rc judge_sandbox(struct run *r, struct og_err *err)
{
    char said[OG_JOB_INLINE_MAX + 1];
    size_t n = (size_t)og_min_u64(r->res->err.bytes, OG_JOB_INLINE_MAX);
    memcpy(said, r->res->err.text, n);
    said[n] = '\0';
    said[strcspn(said, "\n")] = '\0';
    if (strncmp(said, "bwrap: execvp ", 14) == 0 && !strstr(said, strerror(ETXTBSY))) {
        const char *no_file = strerror(ENOENT);
        size_t len = strlen(said), tail = strlen(no_file);
        bool missing = len > tail && strcmp(said + len - tail, no_file) == 0;
        say_not_executed(r, missing ? ENOENT : strstr(said, "format") ? ENOEXEC : EACCES);
        return OG_OK;
    }
    r->res->why = OG_JOB_NODE_FAULT;
    return og_err_set(err, OG_E_UNAVAILABLE, "no sandbox: %.500s",
                      *said ? said : "bubblewrap ended without a word");
}

static void account(struct run *r, int status, const struct rusage *use)
{
    struct og_job_result *res = r->res;
    res->run_ms = r->launch.started ? (og_time_mono_us() - r->launch.start_us) / 1000 : 0;
    res->exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    uint64_t user = (uint64_t)use->ru_utime.tv_sec * 1000 + (uint64_t)use->ru_utime.tv_usec / 1000;
    uint64_t sys = (uint64_t)use->ru_stime.tv_sec * 1000 + (uint64_t)use->ru_stime.tv_usec / 1000;
    res->user_ms = og_max_u64(user, r->seen.user_ms);
    res->sys_ms = og_max_u64(sys, r->seen.sys_ms);
    res->max_rss_bytes = og_max_u64((uint64_t)use->ru_maxrss * 1024,
                                    og_max_u64(r->seen.mem_bytes, og_cgroup_peak_bytes(&r->group)));
}

/* A signal that one of our limits sent: the limit is the reason. */
static void judge_signal(struct run *r)
{
    const struct og_job *job = r->job;
    struct og_job_result *res = r->res;
    uint64_t cores = job->cores ? job->cores : (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    if (res->why != OG_JOB_DONE)
        return;
    bool cpu = job->limit_ms && res->user_ms + res->sys_ms >= job->limit_ms * cores;
    if ((res->exit == 128 + SIGKILL || res->exit == 128 + SIGXCPU) && cpu)
        res->why = OG_JOB_TIME;
    else if (res->exit == 128 + SIGKILL && og_cgroup_ran_out(&r->group))
        res->why = OG_JOB_MEMORY;
    else if (res->exit == 128 + SIGXFSZ && og_launch_scratch_max(job))
        res->why = OG_JOB_OUTPUT;
}

/* From the launch to the last byte of its streams. */
static enum og_rc play(struct run *r, const volatile sig_atomic_t *stop, struct og_err *err)
{
    struct og_launch *l = &r->launch;
    r->launched_us = og_time_mono_us();
    r->next_look_us = r->launched_us + TICK_MS * 1000;
    enum og_rc rc = og_launch_start(
        l, r->job, &r->scratch, (const char *const *)(uintptr_t)r->staged, r->group.procs_fd, err);
    r->out.fd = l->out_fd;
    r->err.fd = l->err_fd;
    l->out_fd = l->err_fd = -1;
    if (rc != OG_OK && l->pid < 0)
        return rc;
    if (l->exec_errno) {
        say_not_executed(r, l->exec_errno);
        return OG_OK;
    }
    int status = 0;
    struct rusage use;
    memset(&use, 0, sizeof use);
    rc = watch(r, stop, err);
    og_launch_reap(l, r->job, &status, &use);
    account(r, status, &use);
    struct og_err *e = rc == OG_OK ? err : NULL;
    enum og_rc drained = og_stream_pump(&r->out, e);
    if (drained == OG_OK)
        drained = og_stream_pump(&r->err, e);
    if (rc == OG_OK)
        rc = drained;
    if (rc != OG_OK)
        return rc;
    if (!r->killed && (r->out.flooded || r->err.flooded))
        r->res->why = OG_JOB_OUTPUT;
    if (!r->killed && r->asked_us) /* how far it came before it ended nobody knows */
        r->res->why = OG_JOB_STOPPED;
    if (r->job->sandbox == OG_SANDBOX_BWRAP && !r->killed) {
        rc = og_launch_status(l, r->job, err);
        if (rc == OG_OK && !l->exited)
            return judge_sandbox(r, err);
    }
    if (rc == OG_OK && r->killed && r->res->why == OG_JOB_NODE_FAULT)
        rc = og_err_set(err, OG_E_UNAVAILABLE, "no sandbox: it did not come up in %d s",
                        SETUP_MS / 1000);
    judge_signal(r);
    return rc;
}

static const struct og_job_in *input_at(const struct og_job *job, const char *path)
{
    for (size_t i = 0; i < job->n_in; i++)
        if (strcmp(job->in[i].path, path) == 0)
            return &job->in[i];
    return NULL;
}

/* One output: hashed and put among the blobs. Within the sandbox nobody is left who could still
 * write to it, so it may be renamed. */
static enum og_rc collect_one(struct run *r, struct og_job_out *o, uint64_t *left,
                              struct og_err *err)
{
    const struct og_job *job = r->job;
    int dir, fd;
    bool boxed = job->sandbox == OG_SANDBOX_BWRAP;
    const struct og_job_in *in = r->staged ? input_at(job, o->path) : NULL;
    if (in) {
        struct stat st; /* an input is read-only there: the output is the input */
        dir = -1;
        fd = open(in->src, O_RDONLY | O_CLOEXEC);
        o->state = fd >= 0 && fstat(fd, &st) == 0 ? OG_OUT_OK : OG_OUT_UNREADABLE;
        o->bytes = o->state == OG_OUT_OK ? (uint64_t)st.st_size : 0;
    } else {
        o->state = og_scratch_open_out(&r->scratch, o->path, &dir, &fd, &o->bytes);
    }
    if (o->state == OG_OUT_OK && job->out_bytes_max && o->bytes > *left)
        o->state = OG_OUT_TOO_LARGE;
    enum og_rc rc = OG_OK;
    if (o->state == OG_OUT_OK) {
        const char *slash = strrchr(o->path, '/');
        rc = og_keep_fd(fd, job->out_bytes_max ? *left : UINT64_MAX, job->blob_dir, job->fsync,
                        boxed && !in ? dir : -1, slash ? slash + 1 : o->path, &o->sha256, &o->bytes,
                        err);
        if (rc == OG_E_DATA) { /* it grew: only without a sandbox */
            o->state = OG_OUT_TOO_LARGE;
            rc = OG_OK;
        }
    }
    if (o->state == OG_OUT_OK && job->out_bytes_max)
        *left -= o->bytes;
    if (o->state == OG_OUT_TOO_LARGE)
        r->res->why = OG_JOB_OUTPUT;
    if (fd >= 0)
        close(fd);
    if (dir >= 0)
        close(dir);
    return rc;
}

/* Too much together: none of them becomes a blob that nobody would name. */
static void check_sizes(struct run *r)
{
    const struct og_job *job = r->job;
    uint64_t sum = 0;
    for (size_t i = 0; job->out_bytes_max && i < job->n_out && r->res->why == OG_JOB_DONE; i++) {
        int dir, fd;
        uint64_t bytes;
        if (r->staged && input_at(job, job->out[i]))
            continue;
        if (og_scratch_open_out(&r->scratch, job->out[i], &dir, &fd, &bytes) != OG_OUT_OK)
            continue;
        close(fd);
        close(dir);
        if (bytes > job->out_bytes_max - sum) {
            r->res->outs[i].state = OG_OUT_TOO_LARGE;
            r->res->why = OG_JOB_OUTPUT;
        } else {
            sum += bytes;
        }
    }
}

static enum og_rc collect(struct run *r, struct og_err *err)
{
    const struct og_job *job = r->job;
    struct og_job_result *res = r->res;
    uint64_t left = job->out_bytes_max;
    enum og_rc rc = OG_OK;
    res->outs = job->n_out ? og_xcalloc(job->n_out, sizeof *res->outs) : NULL;
    res->n_outs = job->n_out;
    for (size_t i = 0; i < job->n_out; i++) {
        res->outs[i].path = job->out[i];
        res->outs[i].state = OG_OUT_ABSENT;
    }
    check_sizes(r);
    for (size_t i = 0; i < job->n_out && rc == OG_OK && res->why == OG_JOB_DONE; i++)
        rc = collect_one(r, &res->outs[i], &left, err);
    if (res->why != OG_JOB_DONE) {
        og_stream_forget(&r->out);
        og_stream_forget(&r->err);
    }
    enum og_rc rc2 = og_stream_finish(&r->out, job->fsync, rc == OG_OK ? err : NULL);
    if (rc == OG_OK)
        rc = rc2;
    rc2 = og_stream_finish(&r->err, job->fsync, rc == OG_OK ? err : NULL);
    return rc == OG_OK ? rc2 : rc;
}

static enum og_rc run_in(struct run *r, const volatile sig_atomic_t *stop, struct og_err *err)
{
    const struct og_job *job = r->job;
    struct stat st;
    r->disk = fstat(r->scratch.fd, &st) == 0 ? st.st_dev : 0;
    enum og_rc rc = place_inputs(r, err);
    if (rc != OG_OK) {
        bool theirs = rc == OG_E_NOINPUT || rc == OG_E_DATA;
        r->res->why = theirs ? OG_JOB_INPUT : OG_JOB_NODE_FAULT;
        return rc;
    }
    const char *base = job->mem_bytes || job->cores ? og_cgroup_base() : NULL;
    struct og_err ignored; /* without a group the limits of the process and the watcher hold */
    if (base && og_cgroup_open(base, job->mem_bytes, OG_JOB_PROCS_MAX, job->cores, &r->group,
                               &ignored) != OG_OK)
        r->group = (struct og_cgroup){NULL, -1, -1};
    rc = play(r, stop, err);
    if (rc == OG_OK)
        rc = collect(r, err);
    if (rc != OG_OK)
        r->res->why = OG_JOB_NODE_FAULT;
    return rc;
}

enum og_rc og_exec_run(const struct og_job *job, struct og_job_result *out,
                       const volatile sig_atomic_t *stop, struct og_err *err)
{
    memset(out, 0, offsetof(struct og_job_result, out));
    out->outs = NULL;
    out->n_outs = 0;
    out->out.bytes = out->err.bytes = 0;
    out->out.stored = out->err.stored = false;
    out->out.has_inline = out->err.has_inline = true;
    out->out.sha256 = out->err.sha256 = og_sha256("", 0);
    enum og_rc rc = check_job(job, err);
    if (rc != OG_OK) {
        out->why = OG_JOB_INPUT;
        return rc;
    }
    struct run r = {.job = job, .res = out, .group = {NULL, -1, -1}};
    og_launch_init(&r.launch);
    og_stream_init(&r.out, job, job->stdout_fd, &out->out);
    og_stream_init(&r.err, job, job->stderr_fd, &out->err);
    rc = og_scratch_open(&r.scratch, job->scratch, job->uid, err);
    if (rc != OG_OK) {
        out->why = OG_JOB_NODE_FAULT;
        return rc;
    }
    rc = run_in(&r, stop, err);
    if (job->live)
        atomic_store(&job->live->root, 0);
    og_cgroup_close(&r.group);
    og_launch_close(&r.launch);
    og_stream_release(&r.out);
    og_stream_release(&r.err);
    for (size_t i = 0; r.staged && i < job->n_in; i++)
        free(r.staged[i]);
    free(r.staged);
    struct og_err ignored;
    enum og_rc closed = og_scratch_close(&r.scratch, rc == OG_OK ? err : &ignored);
    if (rc == OG_OK && closed != OG_OK) {
        out->why = OG_JOB_NODE_FAULT;
        rc = closed;
    }
    return rc;
}
