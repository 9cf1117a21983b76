/* exec_kernel_job.c - a built-in kernel as a job: in a child process, over mapped blobs, under its
 * limit.
 */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "exec/exec_keep.h"
#include "exec/exec_kernel.h"

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
    void *in[2];
    uint64_t in_bytes[2];
    void *c;
    struct og_io_temp temp; /* of C, when there is a blob folder */
    struct og_err *shared;  /* what the child has to say */
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

static enum og_rc map_input(struct kjob *j, int i, uint64_t want, bool *fits, struct og_err *err)
{
    const struct og_job_in *in = &j->job->in[i];
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
        snprintf(text, sizeof text, "kernel 'gemm': input %d holds %llu bytes instead of %llu",
                 i + 1, (unsigned long long)st.st_size, (unsigned long long)want);
        fault(j, text);
    } else {
        j->in[i] = mmap(NULL, want, PROT_READ, MAP_PRIVATE, fd, 0);
        j->in_bytes[i] = want;
        if (j->in[i] == MAP_FAILED)
            rc = og_err_set(err, OG_E_UNAVAILABLE, "cannot map input '%s': %s", in->path,
                            strerror(errno));
    }
    close(fd);
    return rc;
}

/* C as shared memory over the file that becomes the blob: on disk, not in this process. */
static enum og_rc map_output(struct kjob *j, struct og_err *err)
{
    uint64_t n = og_kernel_c_bytes(j->k);
    int fd = -1, flags = MAP_SHARED;
    if (j->job->blob_dir) {
        enum og_rc rc = og_io_temp_open(j->job->blob_dir, 0400, &j->temp, err);
        if (rc != OG_OK)
            return rc;
        fd = j->temp.fd;
        int e = posix_fallocate(fd, 0, (off_t)n); /* a full disk is found here, not by SIGBUS */
        if (e)
            return og_err_set(err, OG_E_IO, "cannot make the product's file: %s", strerror(e));
    } else {
        flags |= MAP_ANONYMOUS;
    }
    j->c = mmap(NULL, n, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (j->c == MAP_FAILED)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot map the product: %s", strerror(errno));
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
    _exit(og_kernel_run(j->k, j->in[0], j->in[1], j->c, cores, j->shared));
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
        return og_err_set(err, OG_E_INTERNAL, "kernel 'gemm' ended with %d", j->res->exit);
    }
    return OG_OK;
}

static enum og_rc keep_product(struct kjob *j, struct og_err *err)
{
    struct og_job_out *o = og_xcalloc(1, sizeof *o);
    j->res->outs = o;
    j->res->n_outs = 1;
    o->path = j->job->n_out ? j->job->out[0] : "C";
    o->state = OG_OUT_ABSENT;
    if (j->res->why != OG_JOB_DONE || j->res->exit != 0)
        return OG_OK;
    o->bytes = og_kernel_c_bytes(j->k);
    o->sha256 = og_sha256(j->c, o->bytes);
    o->state = OG_OUT_OK;
    if (j->temp.fd < 0)
        return OG_OK;
    return og_keep_commit(&j->temp, j->job->blob_dir, &o->sha256, j->job->fsync, err);
}

static enum og_rc run_mapped(struct kjob *j, const volatile sig_atomic_t *stop, struct og_err *err)
{
    bool fits = false;
    enum og_rc rc = map_input(j, 0, og_kernel_a_bytes(j->k), &fits, err);
    if (rc == OG_OK && fits)
        rc = map_input(j, 1, og_kernel_b_bytes(j->k), &fits, err);
    if (rc != OG_OK) {
        j->res->why = rc == OG_E_NOINPUT ? OG_JOB_INPUT : OG_JOB_NODE_FAULT;
        return rc;
    }
    if (fits && j->job->out_bytes_max && og_kernel_c_bytes(j->k) > j->job->out_bytes_max) {
        j->res->why = OG_JOB_OUTPUT;
        fits = false;
    }
    if (fits) {
        rc = map_output(j, err);
        if (rc == OG_OK)
            rc = calculate(j, stop, err);
    }
    if (rc == OG_OK)
        rc = keep_product(j, err);
    if (rc != OG_OK)
        j->res->why = OG_JOB_NODE_FAULT;
    return rc;
}

enum og_rc og_exec_kernel(const struct og_job *job, const struct og_kernel *k,
                          struct og_job_result *out, const volatile sig_atomic_t *stop,
                          struct og_err *err)
{
    memset(out, 0, sizeof *out);
    out->out.has_inline = out->err.has_inline = true;
    out->out.sha256 = out->err.sha256 = og_sha256("", 0);
    if (job->n_in != 2) {
        out->why = OG_JOB_INPUT;
        return og_err_set(err, OG_E_DATA, "kernel 'gemm' takes two inputs, A and B");
    }
    struct kjob j = {.job = job, .k = k, .res = out, .temp = {-1, NULL}};
    j.in[0] = j.in[1] = j.c = MAP_FAILED;
    j.shared = MAP_FAILED;
    enum og_rc rc = run_mapped(&j, stop, err);
    for (int i = 0; i < 2; i++)
        if (j.in[i] != MAP_FAILED)
            munmap(j.in[i], j.in_bytes[i]);
    if (j.c != MAP_FAILED)
        munmap(j.c, og_kernel_c_bytes(k));
    if (j.shared != MAP_FAILED)
        munmap(j.shared, sizeof *j.shared);
    if (j.temp.fd >= 0)
        og_io_temp_discard(&j.temp);
    return rc;
}
