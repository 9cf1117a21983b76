/* run_pipe.c - starts the tools of `ogpu run` as a pipeline and gathers how they ended. */
#include "base/base_mem.h"
#include "ogpu.h"
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void run_pipe_init(struct run_pipe *p, int in)
{
    *p = (struct run_pipe){.in = in, .out = -1};
}

/* In the child: its streams, a group of its own (Ctrl-C reaches only us, and we cancel the task in
 * good order), and an end when we end, however that comes. Only calls that are safe after fork. */
static void become(const char *path, char *const *argv, int in, int out, pid_t group, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, group);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent && dup2(in, 0) == 0 &&
        dup2(out, 1) == 1) {
        fcntl(0, F_SETFD, 0);
        fcntl(1, F_SETFD, 0);
        execv(path, argv);
    }
    _exit(127);
}

static enum og_rc spawn(const char *const *argv, int in, int out, pid_t group, pid_t *pid,
                        struct og_err *err)
{
    char *path = ogpu_tool_path(argv[0]);
    if (!path)
        return og_err_set(err, OG_E_UNAVAILABLE, "'%s' is neither beside ogpu nor in PATH",
                          argv[0]);
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0)
        become(path, (char *const *)(uintptr_t)argv, in, out, group, parent);
    enum og_rc rc = OG_OK;
    if (*pid < 0)
        rc = og_err_set(err, OG_E_UNAVAILABLE, "cannot run '%s': %s", path, strerror(errno));
    else
        setpgid(*pid, group); /* whoever is first */
    free(path);
    return rc;
}

static void close_fd(int *fd)
{
    if (*fd > 2)
        close(*fd);
    *fd = -1;
}

enum og_rc run_pipe_add(struct run_pipe *p, const char *const *argv, struct og_err *err)
{
    int ends[2];
    if (p->n == RUN_STAGES_MAX)
        return og_err_set(err, OG_E_USAGE, "more than %d tools", RUN_STAGES_MAX);
    if (pipe2(ends, O_CLOEXEC) < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot make a pipe: %s", strerror(errno));
    struct run_stage *s = &p->stage[p->n];
    *s = (struct run_stage){.tool = argv[0], .status = -1};
    enum og_rc rc = spawn(argv, p->in, ends[1], p->group, &s->pid, err);
    close(ends[1]);
    close_fd(&p->in);
    p->in = p->out = ends[0];
    if (rc != OG_OK)
        return rc;
    if (!p->group)
        p->group = s->pid;
    p->n++;
    return OG_OK;
}

static int status_of(int w)
{
    return WIFSIGNALED(w) ? 128 + WTERMSIG(w) : WEXITSTATUS(w);
}

void run_pipe_reap(struct run_pipe *p, bool wait)
{
    for (size_t i = 0; i < p->n; i++) {
        int w;
        pid_t got = -1;
        if (p->stage[i].status >= 0)
            continue;
        do
            got = waitpid(p->stage[i].pid, &w, wait ? 0 : WNOHANG);
        while (got < 0 && errno == EINTR);
        if (got == p->stage[i].pid)
            p->stage[i].status = status_of(w);
    }
}

bool run_pipe_running(const struct run_pipe *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->stage[i].status < 0)
            return true;
    return false;
}

void run_pipe_kill(struct run_pipe *p, int sig)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->stage[i].status < 0)
            kill(p->stage[i].pid, sig);
}

void run_pipe_release(struct run_pipe *p)
{
    if (p->out == p->in)
        p->in = -1;
    close_fd(&p->in);
    close_fd(&p->out);
}

enum og_rc run_alone(const char *const *argv, int *status, struct og_err *err)
{
    pid_t pid;
    int w;
    *status = -1;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return og_err_set(err, OG_E_IO, "cannot open '/dev/null': %s", strerror(errno));
    enum og_rc rc = spawn(argv, null, null, 0, &pid, err);
    close(null);
    if (rc != OG_OK)
        return rc;
    while (waitpid(pid, &w, 0) < 0)
        if (errno != EINTR)
            return og_err_set(err, OG_E_INTERNAL, "cannot wait for '%s'", argv[0]);
    *status = status_of(w);
    return OG_OK;
}
