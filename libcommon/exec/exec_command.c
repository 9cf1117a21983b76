/* exec_command.c - a command run to its end: two pipes, a deadline, no shell. */
#include "exec/exec_command.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "exec/exec_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MS 50 /* between two looks at *stop, and at the process */

struct child {
    pid_t pid;
    int fd[2]; /* its stdout and stderr; -1: at their end */
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* What to try for a name: itself when it has a slash, else "dir/name" for every folder of PATH. */
static char **candidates(const char *name)
{
    const char *path = getenv("PATH");
    if (!path || !*path)
        path = "/usr/local/bin:/usr/bin:/bin";
    size_t n = 2;
    for (const char *s = path; *s; s++)
        n += *s == ':';
    char **out = og_xcalloc(n + 1, sizeof *out);
    if (strchr(name, '/')) {
        out[0] = og_xstrdup(name);
        return out;
    }
    size_t k = 0;
    for (const char *s = path; *s;) {
        size_t len = strcspn(s, ":");
        if (len && *s == '/') {
            char *dir = og_xstrndup(s, len);
            out[k++] = og_io_join(dir, name);
            free(dir);
        }
        s += len + (s[len] == ':');
    }
    return out;
}

static void free_list(char **list)
{
    for (size_t i = 0; list[i]; i++)
        free(list[i]);
    free(list);
}

static enum og_rc open_files(struct child *ch, int stdio[3], struct og_err *err)
{
    stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        int p[2];
        if (stdio[0] < 0 || pipe2(p, O_CLOEXEC) < 0)
            return og_err_set(err, OG_E_UNAVAILABLE, "no pipe for a command: %s", strerror(errno));
        ch->fd[i] = p[0];
        stdio[i + 1] = p[1];
        if (fcntl(p[0], F_SETFL, O_NONBLOCK) < 0)
            return og_err_set(err, OG_E_UNAVAILABLE, "no pipe for a command: %s", strerror(errno));
    }
    return OG_OK;
}

static enum og_rc start(const struct og_command *c, struct child *ch, struct og_err *err)
{
    int stdio[3] = {-1, -1, -1};
    int exec_errno = 0;
    char **paths = candidates(c->argv[0]);
    int cwd = c->cwd ? open(c->cwd, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    struct og_spawn s = {.paths = (const char *const *)paths,
                         .argv = (char *const *)(uintptr_t)c->argv,
                         .envp = environ,
                         .cwd_fd = cwd,
                         .cgroup_fd = -1};
    og_spawn_init();
    enum og_rc rc = open_files(ch, stdio, err);
    memcpy(s.stdio, stdio, sizeof stdio);
    if (rc == OG_OK && c->cwd && cwd < 0)
        rc = og_err_set(err, OG_E_UNAVAILABLE, "cannot enter '%s': %s", c->cwd, strerror(errno));
    if (rc == OG_OK)
        rc = og_spawn_start(&s, &ch->pid, &exec_errno, err);
    if (rc == OG_OK && ch->pid < 0)
        rc = og_err_set(err, OG_E_UNAVAILABLE, "cannot execute '%s': %s", c->argv[0],
                        strerror(exec_errno));
    for (int i = 0; i < 3; i++)
        close_fd(&stdio[i]);
    close_fd(&cwd);
    free_list(paths);
    return rc;
}

/* All that is there now; the end of the pipe closes it. False: more than max. */
static bool pump(int *fd, struct og_buf *to, size_t max, bool cut)
{
    char buf[16384];
    while (*fd >= 0) {
        ssize_t n = read(*fd, buf, sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0) {
            close_fd(fd);
            return true;
        }
        size_t room = max > to->len ? max - to->len : 0;
        og_buf_add(to, buf, og_min_u64((size_t)n, room));
        if ((size_t)n > room && !cut)
            return false;
    }
    return true;
}

static int next_wait(const struct og_command *c, uint64_t end_ms)
{
    uint64_t wait = c->stop ? STOP_MS : 3600000;
    uint64_t now = og_time_mono_ms();
    if (end_ms)
        wait = og_min_u64(wait, end_ms > now ? end_ms - now : 0);
    return (int)wait;
}

/* Until both pipes are at their end. */
static enum og_rc listen_to(const struct og_command *c, struct child *ch, struct og_buf *out,
                            struct og_buf *said, struct og_err *err)
{
    uint64_t end_ms = c->limit_ms ? og_time_mono_ms() + c->limit_ms : 0;
    while (ch->fd[0] >= 0 || ch->fd[1] >= 0) {
        struct pollfd p[2] = {{ch->fd[0], POLLIN, 0}, {ch->fd[1], POLLIN, 0}};
        if (c->stop && *c->stop)
            return og_err_set(err, OG_E_TEMPFAIL, "'%s' was stopped", c->argv[0]);
        if (end_ms && og_time_mono_ms() >= end_ms)
            return og_err_set(err, OG_E_TEMPFAIL, "'%s' gave no answer in %llu ms", c->argv[0],
                              (unsigned long long)c->limit_ms);
        if (poll(p, 2, next_wait(c, end_ms)) < 0 && errno != EINTR)
            return og_err_set(err, OG_E_INTERNAL, "cannot wait for '%s': %s", c->argv[0],
                              strerror(errno));
        if (!pump(&ch->fd[0], out, c->out_max, false))
            return og_err_set(err, OG_E_DATA, "'%s' said more than %zu bytes", c->argv[0],
                              c->out_max);
        (void)pump(&ch->fd[1], said, OG_COMMAND_ERR_MAX, true);
    }
    return OG_OK;
}

/* Its end; one that closed its files and stays is killed as well when its time is over. */
static enum og_rc reap(const struct og_command *c, struct child *ch, bool kill_it, int *status,
                       struct og_err *err)
{
    int st = 0;
    uint64_t end_ms = c->limit_ms ? og_time_mono_ms() + c->limit_ms : 0;
    bool killed = kill_it;
    if (kill_it)
        kill(-ch->pid, SIGKILL); /* it leads a group of its own */
    for (uint64_t pause = 1;; pause = og_min_u64(pause * 2, STOP_MS)) {
        pid_t got = waitpid(ch->pid, &st, WNOHANG);
        if (got == ch->pid || (got < 0 && errno != EINTR))
            break;
        if (!killed && ((c->stop && *c->stop) || (end_ms && og_time_mono_ms() >= end_ms))) {
            kill(-ch->pid, SIGKILL);
            killed = true;
        }
        og_time_sleep_ms(pause);
    }
    *status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
    return killed && !kill_it
               ? og_err_set(err, OG_E_TEMPFAIL, "'%s' did not end in its time", c->argv[0])
               : OG_OK;
}

enum og_rc og_command_run(const struct og_command *c, int *status, struct og_buf *out,
                          struct og_buf *said, struct og_err *err)
{
    struct child ch = {-1, {-1, -1}};
    struct og_err ignored;
    *status = -1;
    enum og_rc rc = start(c, &ch, err);
    if (rc == OG_OK) {
        rc = listen_to(c, &ch, out, said, err);
        enum og_rc end = reap(c, &ch, rc != OG_OK, status, rc == OG_OK ? err : &ignored);
        rc = rc == OG_OK ? end : rc;
    }
    close_fd(&ch.fd[0]);
    close_fd(&ch.fd[1]);
    return rc;
}
