/* exec_spawn.c - clone(CLONE_VM | CLONE_VFORK) with the set-up that posix_spawn does not have. */
#include "exec/exec_spawn.h"

#include "base/base_mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES  65536
#define BUSY_RETRIES 100

/* What parent and child share: the parent is suspended until the child has executed or ended. */
struct child {
    const struct og_spawn *s;
    const char **sh_argv; /* "/bin/sh", path, argv[1]... for a script without "#!" */
    const char *failed;   /* the step of the set-up that failed */
    int err;
};

/* The child shares our memory and our thread's place in libc: raw system calls for what libc would
 * carry to all threads, nothing that allocates. */
#define IN_CHILD __attribute__((no_sanitize("address", "undefined")))

IN_CHILD static int fail(struct child *c, const char *what)
{
    c->failed = what;
    c->err = errno;
    return -1;
}

IN_CHILD static int set_stdio(struct child *c)
{
    int fd[3];
    for (int i = 0; i < 3; i++) {
        fd[i] = c->s->stdio[i];
        if (fd[i] < 3)
            fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 3);
        if (fd[i] < 0)
            return fail(c, "take its standard files");
    }
    for (int i = 0; i < 3; i++)
        if (dup2(fd[i], i) < 0)
            return fail(c, "take its standard files");
#ifdef SYS_close_range
    syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC; all of ours have it anyway */);
#endif
    for (size_t i = 0; i < c->s->n_keep; i++)
        if (fcntl(c->s->keep[i], F_SETFD, 0) < 0)
            return fail(c, "keep a file open");
    return 0;
}

IN_CHILD static int set_limits(struct child *c)
{
    for (size_t i = 0; i < c->s->n_limits; i++) {
        const struct og_spawn_limit *l = &c->s->limits[i];
        struct rlimit r;
        if (syscall(SYS_prlimit64, 0, l->resource, NULL, &r) < 0)
            return fail(c, "read its limits");
        if (r.rlim_max == RLIM_INFINITY || l->value < r.rlim_max || geteuid() == 0)
            r.rlim_max = l->value;
        r.rlim_cur = r.rlim_max;
        if (syscall(SYS_prlimit64, 0, l->resource, &r, NULL) < 0)
            return fail(c, "set its limits");
    }
    return 0;
}

IN_CHILD static int set_identity(struct child *c)
{
    uid_t id = c->s->uid;
    if (c->s->cgroup_fd >= 0 && write(c->s->cgroup_fd, "0", 1) != 1)
        return fail(c, "enter its control group");
    if (id && (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, id, id, id) < 0 ||
               syscall(SYS_setresuid, id, id, id) < 0))
        return fail(c, "change its user id");
    if (c->s->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(c, "give up privileges");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return fail(c, "tie its life to ours");
    return 0;
}

IN_CHILD static int set_signals(struct child *c)
{
    struct sigaction dfl;
    memset(&dfl, 0, sizeof dfl);
    dfl.sa_handler = SIG_DFL;
    for (int n = 1; n < 32; n++)
        if (n != SIGKILL && n != SIGSTOP && sigaction(n, &dfl, NULL) < 0)
            return fail(c, "reset its signals");
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        return fail(c, "reset its signals");
    return 0;
}

/* Another thread's child may for a moment hold a descriptor that wrote this very file: wait for it.
 */
IN_CHILD static void exec_one(struct child *c, const char *path)
{
    const struct timespec pause = {0, 1000000};
    for (int tries = 0; tries < BUSY_RETRIES; tries++) {
        execve(path, c->s->argv, c->s->envp);
        if (errno != ETXTBSY)
            break;
        nanosleep(&pause, NULL);
    }
    if (errno == ENOEXEC) {
        c->sh_argv[1] = path;
        execve("/bin/sh", (char *const *)(void *)c->sh_argv, c->s->envp);
        errno = ENOEXEC;
    }
}

IN_CHILD static int child_main(void *arg)
{
    struct child *c = arg;
    setsid();
    umask(022);
    if (set_stdio(c) < 0 || set_limits(c) < 0 || set_identity(c) < 0)
        _exit(127);
    if ((c->s->cwd_fd >= 0 ? fchdir(c->s->cwd_fd) : chdir("/")) < 0) {
        fail(c, "enter its folder");
        _exit(127);
    }
    if (set_signals(c) < 0)
        _exit(127);
    int seen = ENOENT;
    for (size_t i = 0; c->s->paths[i]; i++) {
        exec_one(c, c->s->paths[i]);
        if (errno != ENOENT && errno != ENOTDIR)
            seen = errno;
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
            break;
    }
    c->err = seen;
    _exit(127);
}

enum og_rc og_spawn_start(const struct og_spawn *s, pid_t *pid, int *exec_errno, struct og_err *err)
{
    *pid = -1;
    *exec_errno = 0;
    size_t argc = 0;
    while (s->argv[argc])
        argc++;
    struct child c = {s, og_xcalloc(argc + 3, sizeof *c.sh_argv), NULL, 0};
    c.sh_argv[0] = "/bin/sh";
    for (size_t i = 1; i < argc; i++)
        c.sh_argv[i + 1] = s->argv[i];
    char *stack = og_xmalloc(STACK_BYTES);
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    char *top = stack + STACK_BYTES - ((uintptr_t)(stack + STACK_BYTES) & 15);
    pid_t p = clone(child_main, top, CLONE_VM | CLONE_VFORK | SIGCHLD, &c);
    int clone_errno = errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    free(stack);
    free(c.sh_argv);
    if (p < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot start a process: %s",
                          strerror(clone_errno));
    if (!c.failed && !c.err) {
        *pid = p;
        return OG_OK;
    }
    while (waitpid(p, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (c.failed)
        return og_err_set(err, OG_E_UNAVAILABLE, "a new process cannot %s: %s", c.failed,
                          strerror(c.err));
    *exec_errno = c.err;
    return OG_OK;
}

static void fill_stdio(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", O_RDWR);
}

void og_spawn_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_stdio);
}
