/* node_path.c - finds and runs other programs: the engine, our own tools. */
#include "node.h"

#include "base/base_io.h"
#include "base/base_mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool take(char *path, char **out)
{
    if (path && access(path, X_OK) == 0) {
        *out = path;
        return true;
    }
    free(path);
    return false;
}

static bool beside(const char *name, char **out)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = '\0';
    char *slash = strrchr(self, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return take(og_io_join(self, name), out);
}

static bool in_path(const char *name, char **out)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t n = strcspn(path, ":");
        char *dir = og_xstrndup(path, n);
        bool found = n && take(og_io_join(dir, name), out);
        free(dir);
        if (found)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

/* $XDG_CACHE_HOME/ogpu/cometbft/VERSION/cometbft, where `make deps-net` puts it. */
static bool in_cache(char **out)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    struct og_buf b = OG_BUF_INIT;
    if (cache && *cache)
        og_buf_adds(&b, cache);
    else
        og_buf_addf(&b, "%s/.cache", home ? home : "");
    og_buf_adds(&b, "/ogpu/cometbft/" COMET_VERSION "/cometbft");
    return take(og_buf_detach(&b), out);
}

enum og_rc node_find_comet(char **out, struct og_err *err)
{
    const char *named = getenv("OGPU_COMETBFT");
    *out = NULL;
    if (named && *named) {
        if (take(og_xstrdup(named), out))
            return OG_OK;
        return og_err_set(err, OG_E_UNAVAILABLE, "OGPU_COMETBFT: '%s' cannot be run", named);
    }
    if (in_cache(out) || beside("cometbft", out) || in_path("cometbft", out))
        return OG_OK;
    return og_err_set(err, OG_E_UNAVAILABLE,
                      "cometbft is not installed; 'make deps-net' installs " COMET_VERSION
                      ", or set OGPU_COMETBFT to where it is");
}

enum og_rc node_find_tool(const char *tool, char **out, struct og_err *err)
{
    *out = NULL;
    if (beside(tool, out) || in_path(tool, out))
        return OG_OK;
    return og_err_set(err, OG_E_UNAVAILABLE, "'%s' is neither beside ogpu-node nor in PATH", tool);
}

enum og_rc node_run(const char *path, const char *const *argv, struct og_err *err)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (dup2(null, 0) == 0 && dup2(null, 1) == 1)
            execv(path, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (pid < 0)
        return og_err_set(err, OG_E_UNAVAILABLE, "cannot run '%s': %s", path, strerror(errno));
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return og_err_set(err, OG_E_INTERNAL, "cannot wait for '%s'", path);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 70;
    return code == 0 ? OG_OK
                     : og_err_set(err, code >= 64 && code <= 78 ? (enum og_rc)code : OG_E_INTERNAL,
                                  "'%s %s' failed", path, argv[1] ? argv[1] : "");
}

enum og_rc node_real(const char *dir, char **out, struct og_err *err)
{
    *out = realpath(dir, NULL);
    return *out ? OG_OK
                : og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", dir, strerror(errno));
}
