/* top_run.c - runs one of the project's tools and takes what it says. */
#include "top_view.h"

#include "base/base_io.h"
#include "base/base_time.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUT_MAX     65536
#define PATIENCE_MS 10000

extern char **environ;

/* The tool beside this one, else the one in $PATH. The caller frees. */
static char *tool_path(const char *name)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = '\0';
        char *slash = strrchr(self, '/');
        if (slash) {
            *slash = '\0';
            char *path = og_io_join(self, name);
            if (access(path, X_OK) == 0)
                return path;
            free(path);
        }
    }
    return strdup(name);
}

static pid_t start(const char *const *argv, int out)
{
    posix_spawn_file_actions_t acts;
    posix_spawnattr_t attr;
    sigset_t dflt, none;
    pid_t pid = -1;
    char *path = tool_path(argv[0]);
    sigemptyset(&none);
    sigemptyset(&dflt);
    sigaddset(&dflt, SIGPIPE);
    sigaddset(&dflt, SIGINT);
    sigaddset(&dflt, SIGTERM);
    posix_spawn_file_actions_init(&acts);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigdefault(&attr, &dflt);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_addopen(&acts, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&acts, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&acts, out, STDERR_FILENO);
    if (!path ||
        posix_spawnp(&pid, path, &acts, &attr, (char *const *)(uintptr_t)argv, environ) != 0)
        pid = -1;
    posix_spawn_file_actions_destroy(&acts);
    posix_spawnattr_destroy(&attr);
    free(path);
    return pid;
}

/* Until its end, the limit or the time is over. */
static bool read_all(int fd, struct og_buf *out)
{
    uint64_t end = og_time_mono_ms() + PATIENCE_MS;
    size_t from = out->len;
    for (;;) {
        uint64_t now = og_time_mono_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char buf[4096];
        if (now >= end || out->len - from >= OUT_MAX)
            return false;
        if (poll(&p, 1, (int)(end - now)) <= 0)
            continue;
        ssize_t n = read(fd, buf, sizeof buf);
        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            og_buf_add(out, buf, (size_t)n);
    }
}

bool top_run(const char *const *argv, struct og_buf *out)
{
    int fd[2];
    int status = 0;
    if (pipe2(fd, O_CLOEXEC) < 0)
        return false;
    pid_t pid = start(argv, fd[1]);
    close(fd[1]);
    if (pid < 0) {
        close(fd[0]);
        og_buf_addf(out, "cannot run '%s'\n", argv[0]);
        return false;
    }
    bool whole = read_all(fd[0], out);
    close(fd[0]);
    if (!whole)
        kill(pid, SIGKILL); /* nothing acknowledged is lost by that */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!whole)
        og_buf_addf(out, "(%s did not end in time)\n", argv[0]);
    return whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
