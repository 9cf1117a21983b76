/* exec_launch.c - pipes, environment, limits and the first process of a job. */
#include "exec/exec_launch.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "exec/exec_guard.h"
#include "exec/exec_sandbox.h"
#include "exec/exec_seccomp.h"
#include "exec/exec_spawn.h"
#include "exec/exec_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define OPEN_FILES   1024
#define GONE_MS      20000 /* for killed processes to leave */
#define LIMITS_MAX   8
#define BURST_BYTES  ((uint64_t)256 << 20)

void og_launch_init(struct og_launch *l)
{
    memset(l, 0, sizeof *l);
    l->pid = -1;
    l->pid_fd = l->out_fd = l->err_fd = l->init_fd = l->status_fd = l->block_fd = -1;
}

static int open_pid_fd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

uint64_t og_launch_scratch_max(const struct og_job *job)
{
    if (job->scratch_bytes_max || !job->out_bytes_max)
        return job->scratch_bytes_max;
    return og_muldiv(job->out_bytes_max, 4, 1) > UINT64_MAX - (64u << 20)
               ? 0
               : job->out_bytes_max * 4 + (64u << 20);
}

static bool same_name(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");
    return strncmp(a, b, n) == 0 && b[n] == '=';
}

/* What every program expects, then the caller's variables; of two with one name the later holds,
 * and what is no "K=V" is dropped, so that all kinds of sandbox give the same. The table is one
 * block, its strings are borrowed. */
static const char **make_env(const struct og_job *job, const char *home)
{
    const char *const extra[] = {"PATH=" DEFAULT_PATH, home, "TMPDIR=/tmp"};
    size_t given = 0, n = 0;
    while (job->env && job->env[given])
        given++;
    const char **env = og_xcalloc(given + 4, sizeof *env);
    for (size_t i = 0; i < given + 3; i++) {
        const char *v = i < 3 ? extra[i] : job->env[i - 3];
        size_t at = 0;
        if (*v == '=' || !strchr(v, '='))
            continue;
        while (at < n && !same_name(v, env[at]))
            at++;
        env[at] = v;
        n += at == n;
    }
    return env;
}

static size_t make_limits(const struct og_job *job, struct og_spawn_limit *l)
{
    size_t n = 0;
    uint64_t cores = job->cores ? job->cores : (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t files = og_launch_scratch_max(job);
    l[n++] = (struct og_spawn_limit){RLIMIT_CORE, 0};
    l[n++] = (struct og_spawn_limit){RLIMIT_NOFILE, OPEN_FILES};
    if (job->limit_ms)
        l[n++] = (struct og_spawn_limit){RLIMIT_CPU, og_muldiv_up(job->limit_ms, cores, 1000) + 1};
    if (files)
        l[n++] = (struct og_spawn_limit){RLIMIT_FSIZE, files};
    /* Private writable memory of one process; the watcher holds the tree to mem_bytes itself, this
     * stops what is faster than the watcher. Address space alone costs nothing and many runtimes
     * reserve much of it. */
    if (job->mem_bytes)
        l[n++] = (struct og_spawn_limit){RLIMIT_DATA,
                                         og_muldiv(job->mem_bytes, 2, 1) < UINT64_MAX - BURST_BYTES
                                             ? job->mem_bytes * 2 + BURST_BYTES
                                             : RLIM_INFINITY};
    /* As a user id of its own the count is the job's alone; else see limit_procs. */
    if (job->uid)
        l[n++] = (struct og_spawn_limit){RLIMIT_NPROC, OG_JOB_PROCS_MAX};
    return n;
}

static enum og_rc no_pipe(struct og_err *err)
{
    return og_err_set(err, OG_E_UNAVAILABLE, "cannot make a pipe: %s", strerror(errno));
}

static void close_all(int *fd, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fd[i] >= 0)
            close(fd[i]);
        fd[i] = -1;
    }
}

/* stdio[1], stdio[2] for the child, their other ends into l; stdio[0] empty. */
static enum og_rc open_stdio(struct og_launch *l, int stdio[3], struct og_err *err)
{
    int o[2], e[2];
    stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (stdio[0] < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot open '/dev/null': %s", strerror(errno));
    if (pipe2(o, O_CLOEXEC) < 0)
        return no_pipe(err);
    l->out_fd = o[0];
    stdio[1] = o[1];
    if (pipe2(e, O_CLOEXEC) < 0)
        return no_pipe(err);
    l->err_fd = e[0];
    stdio[2] = e[1];
    if (fcntl(o[0], F_SETFL, O_NONBLOCK) < 0 || fcntl(e[0], F_SETFL, O_NONBLOCK) < 0)
        return no_pipe(err);
    return OG_OK;
}

/* What to try for name: itself when it has a slash, else "dir/name" for every folder of PATH. One
 * block. */
static const char **candidates(const char *name, const char *const *env)
{
    bool direct = strchr(name, '/') || !*name;
    const char *path = direct ? "" : DEFAULT_PATH;
    for (size_t i = 0; env[i] && !direct; i++)
        if (strncmp(env[i], "PATH=", 5) == 0)
            path = env[i] + 5;
    size_t n = 1;
    for (const char *s = path; *s; s++)
        n += *s == ':';
    size_t room = strlen(path) + n * (strlen(name) + 4);
    const char **out = og_xmalloc((n + 1) * sizeof *out + room);
    char *text = (char *)(out + n + 1);
    size_t k = 0;
    for (const char *s = path;; s++) {
        size_t len = strcspn(s, ":");
        const char *join = direct ? "" : len ? "/" : "./";
        int used = snprintf(text, room, "%.*s%s%s", (int)len, s, join, name) + 1;
        out[k++] = text;
        text += used;
        room -= (size_t)used;
        s += len;
        if (!*s)
            break;
    }
    out[k] = NULL;
    return out;
}

/* Hands the program to og_spawn_start with what both ways have in common. */
static enum og_rc spawn(struct og_launch *l, const struct og_job *job, struct og_spawn *s,
                        struct og_err *err)
{
    struct og_spawn_limit limits[LIMITS_MAX];
    s->limits = limits;
    s->n_limits = make_limits(job, limits);
    s->uid = job->uid;
    s->no_new_privs = true;
    int stdio[3] = {-1, -1, -1};
    enum og_rc rc = open_stdio(l, stdio, err);
    memcpy(s->stdio, stdio, sizeof stdio);
    if (rc == OG_OK)
        rc = job->sandbox == OG_SANDBOX_NONE ? og_guard_start(s, &l->pid, &l->exec_errno, err)
                                             : og_spawn_start(s, &l->pid, &l->exec_errno, err);
    if (l->pid > 0)
        l->pid_fd = open_pid_fd(l->pid);
    close_all(stdio, 3);
    return rc;
}

static enum og_rc start_plain(struct og_launch *l, const struct og_job *job,
                              const struct og_scratch *scratch, int cgroup_fd, struct og_err *err)
{
    char *home = og_xmalloc(strlen(scratch->path) + 6);
    memcpy(home, "HOME=", 5);
    memcpy(home + 5, scratch->path, strlen(scratch->path) + 1);
    const char **env = make_env(job, home);
    const char **paths = candidates(job->argv[0], env);
    struct og_spawn s = {.paths = paths,
                         .argv = (char *const *)(uintptr_t)job->argv,
                         .envp = (char *const *)(uintptr_t)env,
                         .cwd_fd = scratch->fd,
                         .cgroup_fd = cgroup_fd};
    l->start_us = og_time_mono_us();
    enum og_rc rc = spawn(l, job, &s, err);
    l->started = l->pid > 0;
    l->root = l->pid > 0 ? l->pid : 0;
    free(paths);
    free(env);
    free(home);
    return rc;
}

/* A pipe that holds the bytes already; -1 when that cannot be. */
static int data_pipe(const void *p, size_t n)
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) < 0)
        return -1;
    bool ok = fcntl(fd[1], F_SETFL, O_NONBLOCK) == 0 && write(fd[1], p, n) == (ssize_t)n;
    close(fd[1]);
    if (ok)
        return fd[0];
    close(fd[0]);
    return -1;
}

static enum og_rc open_sandbox_fds(struct og_launch *l, bool net, struct og_sandbox_fds *f,
                                   struct og_err *err)
{
    static const char passwd[] = "root:x:0:0:root:/:/bin/sh\n"
                                 "job:x:1000:1000:job:/job:/bin/sh\n"
                                 "nobody:x:65534:65534:nobody:/:/bin/false\n";
    static const char group[] = "root:x:0:\njob:x:1000:\nnogroup:x:65534:\n";
    const void *bpf;
    size_t len;
    *f = (struct og_sandbox_fds){-1, -1, -1, -1, -1};
    enum og_rc rc = og_seccomp_filter(net, &bpf, &len, err);
    if (rc != OG_OK)
        return rc;
    int block[2], status[2];
    if (pipe2(block, O_CLOEXEC) < 0)
        return no_pipe(err);
    f->block = block[0];
    l->block_fd = block[1];
    if (pipe2(status, O_CLOEXEC) < 0)
        return no_pipe(err);
    f->status = status[1];
    l->status_fd = status[0];
    f->seccomp = data_pipe(bpf, len);
    f->passwd = data_pipe(passwd, sizeof passwd - 1);
    f->group = data_pipe(group, sizeof group - 1);
    if (f->seccomp < 0 || f->passwd < 0 || f->group < 0 ||
        fcntl(l->status_fd, F_SETFL, O_NONBLOCK) < 0)
        return no_pipe(err);
    return OG_OK;
}

/* Bubblewrap's options in a file that nobody else can open. */
static enum og_rc open_args(const struct og_job *job, const char *const *srcs, const char *scratch,
                            const char *const *env, const struct og_sandbox_fds *f, int *out,
                            struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    og_sandbox_args(job, srcs, scratch, env, f, &b);
    *out = memfd_create("ogpu-args", MFD_CLOEXEC);
    enum og_rc rc = *out < 0 ? og_err_set(err, OG_E_UNAVAILABLE, "cannot make a memory file: %s",
                                          strerror(errno))
                             : og_io_write_fd(*out, b.p, b.len, err);
    if (rc == OG_OK && lseek(*out, 0, SEEK_SET) != 0)
        rc = og_err_set(err, OG_E_IO, "cannot read a memory file");
    og_buf_release(&b);
    return rc;
}

static enum og_rc start_sandboxed(struct og_launch *l, const struct og_job *job,
                                  const struct og_scratch *scratch, const char *const *srcs,
                                  int cgroup_fd, struct og_err *err)
{
    char bwrap[1024];
    enum og_rc rc = og_sandbox_program(bwrap, sizeof bwrap, err);
    if (rc != OG_OK)
        return rc;
    struct og_sandbox_fds f;
    rc = open_sandbox_fds(l, job->net, &f, err);
    const char **env = make_env(job, "HOME=" OG_SANDBOX_HOME);
    if (rc == OG_OK && !og_sandbox_fits(job, env)) {
        l->exec_errno = E2BIG;
    } else if (rc == OG_OK) {
        static char *const no_env[] = {NULL};
        const char *paths[] = {bwrap, NULL};
        int args = -1;
        rc = open_args(job, srcs, scratch->path, env, &f, &args, err);
        char **argv = og_sandbox_argv(bwrap, job, args);
        const int keep[] = {f.seccomp, f.block, f.status, f.passwd, f.group, args};
        struct og_spawn s = {.paths = paths,
                             .argv = argv,
                             .envp = no_env,
                             .cwd_fd = -1,
                             .keep = keep,
                             .n_keep = 6,
                             .cgroup_fd = cgroup_fd};
        l->start_us = og_time_mono_us();
        if (rc == OG_OK)
            rc = spawn(l, job, &s, err);
        if (rc == OG_OK && l->exec_errno && l->exec_errno != E2BIG)
            rc = og_err_set(err, OG_E_UNAVAILABLE, "no sandbox: cannot execute '%s': %s", bwrap,
                            strerror(l->exec_errno));
        free(argv);
        close_all(&args, 1);
    }
    free(env);
    int fds[] = {f.seccomp, f.block, f.status, f.passwd, f.group};
    close_all(fds, 5);
    return rc;
}

enum og_rc og_launch_start(struct og_launch *l, const struct og_job *job,
                           const struct og_scratch *scratch, const char *const *srcs, int cgroup_fd,
                           struct og_err *err)
{
    og_spawn_init();
    switch (job->sandbox) {
    case OG_SANDBOX_NONE: return start_plain(l, job, scratch, cgroup_fd, err);
    case OG_SANDBOX_BWRAP: return start_sandboxed(l, job, scratch, srcs, cgroup_fd, err);
    }
    return og_err_set(err, OG_E_INTERNAL, "unknown kind of sandbox %d", (int)job->sandbox);
}

/* Running as the caller's own user id, the limit on processes must count only those in the
 * sandbox's user namespace; since Linux 5.14 it does. */
static void limit_procs(pid_t init)
{
    struct utsname u;
    const struct rlimit r = {OG_JOB_PROCS_MAX, OG_JOB_PROCS_MAX};
    if (uname(&u) < 0)
        return;
    char *end;
    unsigned long major = strtoul(u.release, &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    if (major > 5 || (major == 5 && minor >= 14))
        prlimit(init, RLIMIT_NPROC, &r, NULL);
}

enum og_rc og_launch_status(struct og_launch *l, const struct og_job *job, struct og_err *err)
{
    while (l->status_fd >= 0 && l->text_len + 1 < sizeof l->text) {
        ssize_t n = read(l->status_fd, l->text + l->text_len, sizeof l->text - 1 - l->text_len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        if (n == 0)
            close_all(&l->status_fd, 1);
        l->text_len += (size_t)n;
        l->text[l->text_len] = '\0';
    }
    l->exited = strstr(l->text, "\"exit-code\"") != NULL;
    const char *s = strstr(l->text, "\"child-pid\": ");
    if (l->started || !s)
        return OG_OK;
    uint64_t pid = 0;
    s += strlen("\"child-pid\": ");
    if (!og_parse_u64n(s, strspn(s, "0123456789"), INT32_MAX, &pid) || pid < 2)
        return og_err_set(err, OG_E_UNAVAILABLE, "no sandbox: bubblewrap names no process");
    l->root = (pid_t)pid;
    l->init_fd = open_pid_fd(l->root); /* it is held back, so the number is still its own */
    if (l->init_fd < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "no sandbox: cannot watch its process: %s",
                          strerror(errno));
    if (!job->uid)
        limit_procs(l->root);
    l->started = true;
    l->start_us = og_time_mono_us();
    close_all(&l->block_fd, 1);
    return OG_OK;
}

static void send_kill(int pid_fd)
{
    syscall(SYS_pidfd_send_signal, pid_fd, SIGKILL, NULL, 0);
}

void og_launch_kill(const struct og_launch *l, const struct og_job *job)
{
    if (l->init_fd >= 0)
        send_kill(l->init_fd); /* and with it its whole namespace */
    if (job->sandbox == OG_SANDBOX_NONE) {
        kill(l->pid, SIGTERM); /* the guard's word to clear all away */
        kill(l->pid, SIGCONT);
    } else {
        kill(l->pid, SIGKILL);
    }
}

/* A guard that a job of its own user has stopped or that cannot get rid of a process. */
static bool guard_ended(const struct og_launch *l)
{
    struct pollfd p = {l->pid_fd, POLLIN, 0};
    uint64_t end = og_time_mono_ms() + GONE_MS;
    if (l->pid_fd < 0)
        return true;
    while (og_time_mono_ms() < end)
        if (poll(&p, 1, 100) > 0)
            return true;
    return false;
}

void og_launch_reap(struct og_launch *l, const struct og_job *job, int *wait_status,
                    struct rusage *use)
{
    if (job->sandbox == OG_SANDBOX_NONE && !guard_ended(l))
        og_watch_kill(l->pid);
    if (l->init_fd >= 0)
        send_kill(l->init_fd);
    while (wait4(l->pid, wait_status, 0, use) < 0 && errno == EINTR)
        continue;
    struct pollfd p = {l->init_fd, POLLIN, 0};
    if (l->init_fd >= 0)
        while (poll(&p, 1, GONE_MS) < 0 && errno == EINTR)
            continue;
    l->pid = -1;
}

void og_launch_close(struct og_launch *l)
{
    int fds[] = {l->pid_fd, l->out_fd, l->err_fd, l->init_fd, l->status_fd, l->block_fd};
    close_all(fds, sizeof fds / sizeof *fds);
    l->pid_fd = l->out_fd = l->err_fd = l->init_fd = l->status_fd = l->block_fd = -1;
}
