/* exec_guard.c - a fork that adopts orphans, waits for the program and leaves nothing behind. */
#include "exec/exec_guard.h"

#include "base/base_time.h"
#include "exec/exec_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILED 127

/* What the guard tells once, when the program runs or cannot. */
struct word {
    enum og_rc rc;
    int exec_errno;
    char msg[256];
};

static void close_from(unsigned first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, ~0u, 0u) == 0)
        return;
#endif
    long max = sysconf(_SC_OPEN_MAX);
    for (long fd = first; fd < max && fd < 65536; fd++)
        close((int)fd);
}

/* All that is left below us, until nothing is: what we kill leaves its children to us. */
static void clear_away(void)
{
    for (;;) {
        og_watch_kill_below(getpid());
        pid_t got;
        while ((got = waitpid(-1, NULL, WNOHANG)) > 0)
            continue;
        if (got < 0 && errno == ECHILD)
            return;
        og_time_sleep_ms(1);
    }
}

/* Until the program ends, or we are told to end it. */
static int attend(pid_t program)
{
    sigset_t want;
    int code = 128 + SIGKILL, sig = 0;
    sigemptyset(&want);
    sigaddset(&want, SIGCHLD);
    sigaddset(&want, SIGTERM);
    while (sig != SIGTERM) {
        int status;
        pid_t got;
        bool ended = false;
        while (!ended && (got = waitpid(-1, &status, WNOHANG)) > 0)
            ended = got == program;
        if (ended) {
            code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
            break;
        }
        sig = sigwaitinfo(&want, NULL);
    }
    clear_away();
    return code;
}

static void say(int fd, const struct word *w)
{
    ssize_t ignored = write(fd, w, sizeof *w);
    (void)ignored;
    close(fd);
}

static _Noreturn void guard(const struct og_spawn *s, int report, pid_t parent)
{
    struct word w = {.rc = OG_OK};
    struct og_err err = {0};
    pid_t program = -1;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid();
    signal(SIGCHLD, SIG_DFL);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
        w.rc = og_err_set(&err, OG_E_UNAVAILABLE, "a guard cannot be set up: %s", strerror(errno));
    else if (getppid() != parent)
        _exit(FAILED);
    else
        w.rc = og_spawn_start(s, &program, &w.exec_errno, &err);
    memcpy(w.msg, err.msg, sizeof w.msg - 1);
    say(report, &w);
    if (program < 0)
        _exit(FAILED);
    close_from(0); /* pipes of ours and of other jobs end with their own holders */
    _exit(attend(program));
}

/* The guard's word; none when it was killed before. */
static bool hear(int fd, struct word *w)
{
    size_t got = 0;
    while (got < sizeof *w) {
        ssize_t n = read(fd, (char *)w + got, sizeof *w - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    w->msg[sizeof w->msg - 1] = '\0';
    return true;
}

enum og_rc og_guard_start(const struct og_spawn *s, pid_t *pid, int *exec_errno, struct og_err *err)
{
    struct word w;
    int report[2];
    *pid = -1;
    *exec_errno = 0;
    if (pipe2(report, O_CLOEXEC) < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot make a pipe: %s", strerror(errno));
    pid_t parent = getpid();
    pid_t p = fork();
    if (p == 0)
        guard(s, report[1], parent);
    int e = errno;
    close(report[1]);
    enum og_rc rc = OG_OK;
    if (p < 0)
        rc = og_err_set(err, OG_E_UNAVAILABLE, "cannot start a process: %s", strerror(e));
    else if (!hear(report[0], &w))
        rc = og_err_set(err, OG_E_UNAVAILABLE, "a job's guard was killed before the job ran");
    else if (w.rc != OG_OK)
        rc = og_err_set(err, w.rc, "%s", w.msg);
    close(report[0]);
    if (rc == OG_OK && !w.exec_errno) {
        *pid = p;
        return OG_OK;
    }
    while (p > 0 && waitpid(p, NULL, 0) < 0 && errno == EINTR)
        continue;
    *exec_errno = rc == OG_OK ? w.exec_errno : 0;
    return rc;
}
