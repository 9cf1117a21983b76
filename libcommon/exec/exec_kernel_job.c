/* exec_kernel_job.c - a built-in kernel as a job: in a child process, over mapped blobs, under its
 * limit.
 */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "exec/exec_keep.h"
#include "exec/exec_kernel_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MS 100

struct kjob {
    const struct og_job *job;
    const struct og_kernel *k;
    struct og_job_result *res;
    void *in[OG_KERNEL_FILES_MAX];
    void *out[OG_KERNEL_FILES_MAX];
    struct og_io_temp temp[OG_KERNEL_FILES_MAX]; /* of outputs, when there is a blob folder */
    struct og_err *shared;                       /* what the child has to say */
};

/* The job's own fault: exit 65 and one line on its stderr, as a tool would do it. */
static void fault(struct kjob *j, const char *why)
{
    struct og_job_result *r = j->res;
    int n = snprintf((char *)r->err.text, OG_JOB_INLINE_MAX, "ogpu: %s\n", why);
    r->err.bytes = og_min_u64((uint64_t)n, OG_JOB_INLINE_MAX - 1);
    r->err.sha256 = og_sha256(r->err.text, r->err.bytes);
    r->exit = OG_E_DATA;
}

static enum og_rc map_input(struct kjob *j, size_t i, bool *fits, struct og_err *err)
{
    const struct og_job_in *in = &j->job->in[i];
    uint64_t want = j->k->shape.in_bytes[i];
    struct stat st;
    int fd = open(in->src, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        enum og_rc rc =
            og_err_set(err, OG_E_NOINPUT, "cannot open input '%s': %s", in->path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return rc;
    }
    *fits = (uint64_t)st.st_size == want;
    enum og_rc rc = OG_OK;
    if (!*fits) {
        char text[256];
        snprintf(text, sizeof text, "kernel '%s': input %zu holds %llu bytes instead of %llu",
                 j->k->def->name, i + 1, (unsigned long long)st.st_size, (unsigned long long)want);
        fault(j, text);
    } else {
        j->in[i] = mmap(NULL, want, PROT_READ, MAP_PRIVATE, fd, 0);
        if (j->in[i] == MAP_FAILED)
            rc = og_err_set(err, OG_E_UNAVAILABLE, "cannot map input '%s': %s", in->path,
                            strerror(errno));
    }
    close(fd);
    return rc;
}

/* An output as shared memory over the file that becomes the blob: on disk, not in this process. */
static enum og_rc map_output(struct kjob *j, size_t i, struct og_err *err)
{
    uint64_t n = j->k->shape.out_bytes[i];
    int fd = -1, flags = MAP_SHARED;
    if (j->job->blob_dir) {
        enum og_rc rc = og_io_temp_open(j->job->blob_dir, 0400, &j->temp[i], err);
        if (rc != OG_OK)
            return rc;
        fd = j->temp[i].fd;
        int e = posix_fallocate(fd, 0, (off_t)n); /* a full disk is found here, not by SIGBUS */
        if (e)
            return og_err_set(err, OG_E_IO, "cannot make an output's file: %s", strerror(e));
    } else {
        flags |= MAP_ANONYMOUS;
    }
    j->out[i] = mmap(NULL, n, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (j->out[i] == MAP_FAILED)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot map an output: %s", strerror(errno));
    return OG_OK;
}

static void compute(struct kjob *j, pid_t parent)
{
    uid_t id = j->job->uid;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(1);
    if (id && (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, id, id, id) < 0 ||
               syscall(SYS_setresuid, id, id, id) < 0))
        _exit(1);
    if (id)
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    unsigned cores = j->job->cores ? (unsigned)og_min_u64(j->job->cores, 1024) : 1;
    _exit(og_kernel_run(j->k, (const void *const *)j->in, j->out, cores, j->shared));
}

/* Waits for the child, or ends it. */
static void attend(struct kjob *j, pid_t pid, uint64_t start_us, const volatile sig_atomic_t *stop)
{
    struct og_job_result *r = j->res;
    uint64_t limit_us = j->job->limit_ms && j->job->limit_ms < UINT64_MAX / 2000
                            ? j->job->limit_ms * 1000
                            : UINT64_MAX / 2;
    int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    int status = 0;
    struct rusage use;
    memset(&use, 0, sizeof use);
    bool killed = false;
    for (;;) {
        pid_t got = wait4(pid, &status, WNOHANG, &use);
        if (got == pid || (got < 0 && errno != EINTR))
            break;
        uint64_t used = og_time_mono_us() - start_us;
        if (!killed && ((stop && *stop) || used >= limit_us)) {
            r->why = stop && *stop ? OG_JOB_STOPPED : OG_JOB_TIME;
            killed = true;
            kill(pid, SIGKILL);
        }
        uint64_t left_ms = used >= limit_us ? STOP_MS : (limit_us - used) / 1000 + 1;
        struct pollfd p = {pid_fd, POLLIN, 0};
        poll(&p, 1, (int)og_min_u64(left_ms, pid_fd < 0 ? 2 : STOP_MS));
    }
    if (pid_fd >= 0)
        close(pid_fd);
    r->run_ms = (og_time_mono_us() - start_us) / 1000;
    r->exit = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    r->user_ms = (uint64_t)use.ru_utime.tv_sec * 1000 + (uint64_t)use.ru_utime.tv_usec / 1000;
    r->sys_ms = (uint64_t)use.ru_stime.tv_sec * 1000 + (uint64_t)use.ru_stime.tv_usec / 1000;
    r->max_rss_bytes = (uint64_t)use.ru_maxrss * 1024;
}

static enum og_rc calculate(struct kjob *j, const volatile sig_atomic_t *stop, struct og_err *err)
{
    j->shared =
        mmap(NULL, sizeof *j->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (j->shared == MAP_FAILED)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot share memory: %s", strerror(errno));
    uint64_t start_us = og_time_mono_us();
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot start a process: %s", strerror(errno));
    if (pid == 0)
        compute(j, parent);
    attend(j, pid, start_us, stop);
    if (j->res->why == OG_JOB_DONE && j->res->exit == OG_E_DATA) {
        char text[OG_ERR_MAX];
        snprintf(text, sizeof text, "%.*s", OG_ERR_MAX - 1, j->shared->msg);
        fault(j, text);
    } else if (j->res->why == OG_JOB_DONE && j->res->exit != 0) {
        return og_err_set(err, OG_E_INTERNAL, "kernel '%s' ended with %d", j->k->def->name,
                          j->res->exit);
    }
    return OG_OK;
}

static enum og_rc keep_outputs(struct kjob *j, struct og_err *err)
{
    const struct og_kernel_shape *s = &j->k->shape;
    struct og_job_out *o = og_xcalloc(s->n_out, sizeof *o);
    enum og_rc rc = OG_OK;
    j->res->outs = o;
    j->res->n_outs = s->n_out;
    for (size_t i = 0; i < s->n_out; i++) {
        o[i].path = i < j->job->n_out ? j->job->out[i] : j->k->def->out_name[i];
        o[i].state = OG_OUT_ABSENT;
    }
    if (j->res->why != OG_JOB_DONE || j->res->exit != 0)
        return OG_OK;
    for (size_t i = 0; i < s->n_out && rc == OG_OK; i++) {
        o[i].bytes = s->out_bytes[i];
        o[i].sha256 = og_sha256(j->out[i], o[i].bytes);
        o[i].state = OG_OUT_OK;
        if (j->temp[i].fd >= 0)
            rc = og_keep_commit(&j->temp[i], j->job->blob_dir, &o[i].sha256, j->job->fsync, err);
    }
    return rc;
}

static bool too_much(const struct kjob *j)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < j->k->shape.n_out; i++)
        sum += j->k->shape.out_bytes[i];
    return j->job->out_bytes_max && sum > j->job->out_bytes_max;
}

/* fits false: the job has failed, and its result says so. */
static enum og_rc map_inputs(struct kjob *j, bool *fits, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    *fits = true;
    for (size_t i = 0; i < j->k->shape.n_in && rc == OG_OK && *fits; i++)
        rc = map_input(j, i, fits, err);
    if (rc != OG_OK) {
        j->res->why = rc == OG_E_NOINPUT ? OG_JOB_INPUT : OG_JOB_NODE_FAULT;
        return rc;
    }
    if (*fits && too_much(j)) {
        j->res->why = OG_JOB_OUTPUT;
        *fits = false;
    }
    return OG_OK;
}

static enum og_rc run_mapped(struct kjob *j, const volatile sig_atomic_t *stop, struct og_err *err)
{
    bool fits;
    OG_TRY(map_inputs(j, &fits, err));
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < j->k->shape.n_out && rc == OG_OK && fits; i++)
        rc = map_output(j, i, err);
    if (rc == OG_OK && fits)
        rc = calculate(j, stop, err);
    if (rc == OG_OK)
        rc = keep_outputs(j, err);
    if (rc != OG_OK)
        j->res->why = OG_JOB_NODE_FAULT;
    return rc;
}

static enum og_rc open_job(struct kjob *j, const struct og_job *job, const struct og_kernel *k,
                           struct og_job_result *out, struct og_err *err)
{
    *j = (struct kjob){.job = job, .k = k, .res = out, .shared = MAP_FAILED};
    for (size_t i = 0; i < OG_KERNEL_FILES_MAX; i++) {
        j->in[i] = j->out[i] = MAP_FAILED;
        j->temp[i] = (struct og_io_temp){-1, NULL};
    }
    memset(out, 0, sizeof *out);
    out->out.has_inline = out->err.has_inline = true;
    out->out.sha256 = out->err.sha256 = og_sha256("", 0);
    if (job->n_in == k->shape.n_in && (!job->n_out || job->n_out == k->shape.n_out))
        return OG_OK;
    out->why = OG_JOB_INPUT;
    return og_err_set(err, OG_E_DATA, "kernel '%s' takes %zu inputs and writes %zu outputs",
                      k->def->name, k->shape.n_in, k->shape.n_out);
}

static void close_job(struct kjob *j)
{
    for (size_t i = 0; i < OG_KERNEL_FILES_MAX; i++) {
        if (j->in[i] != MAP_FAILED)
            munmap(j->in[i], j->k->shape.in_bytes[i]);
        if (j->out[i] != MAP_FAILED)
            munmap(j->out[i], j->k->shape.out_bytes[i]);
        if (j->temp[i].fd >= 0)
            og_io_temp_discard(&j->temp[i]);
    }
    if (j->shared != MAP_FAILED)
        munmap(j->shared, sizeof *j->shared);
}

enum og_rc og_exec_kernel(const struct og_job *job, const struct og_kernel *k,
                          struct og_job_result *out, const volatile sig_atomic_t *stop,
                          struct og_err *err)
{
    struct kjob j;
    enum og_rc rc = open_job(&j, job, k, out, err);
    if (rc == OG_OK)
        rc = run_mapped(&j, stop, err);
    close_job(&j);
    return rc;
}

enum og_rc og_kernel_inputs(const struct og_job *job, const struct og_kernel *k, bool *good,
                            struct og_job_result *out, struct og_err *err)
{
    struct kjob j;
    enum og_rc rc = open_job(&j, job, k, out, err);
    *good = rc == OG_OK;
    if (rc == OG_OK)
        rc = map_inputs(&j, good, err);
    if (rc == OG_OK && *good && og_kernel_values(k, (const void *const *)j.in, err) != OG_OK) {
        fault(&j, err->msg);
        *good = false;
    }
    close_job(&j);
    return rc;
}
