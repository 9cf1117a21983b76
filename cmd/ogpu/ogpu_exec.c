/* ogpu_exec.c - finds the other tools: beside this binary first, then in PATH. */
#include "ogpu.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_mem.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "ogpu-"

/* Folder of this binary; the caller frees, NULL when the system does not say. */
static char *own_folder(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    return og_xstrdup(path[0] ? path : "/");
}

/* Calls fn for the folders in which tools are looked for, until it returns true. */
static void each_folder(bool (*fn)(void *ctx, const char *dir), void *ctx)
{
    char *own = own_folder();
    bool stop = own && fn(ctx, own);
    free(own);
    const char *path = getenv("PATH");
    while (!stop && path && *path) {
        size_t n = strcspn(path, ":");
        char *dir = og_xstrndup(path, n);
        stop = n > 0 && fn(ctx, dir);
        free(dir);
        path += n + (path[n] == ':');
    }
}

struct find {
    const char *tool;
    char *path;
};

static bool find_in(void *ctx, const char *dir)
{
    struct find *f = ctx;
    char *path = og_io_join(dir, f->tool);
    if (access(path, X_OK) == 0) {
        f->path = path;
        return true;
    }
    free(path);
    return false;
}

char *ogpu_tool_path(const char *tool)
{
    struct find f = {.tool = tool};
    each_folder(find_in, &f);
    return f.path;
}

struct names {
    char **v;
    size_t n, cap;
};

static bool list_in(void *ctx, const char *dir)
{
    struct names *names = ctx;
    DIR *d = opendir(dir);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0)
            continue;
        char *path = og_io_join(dir, e->d_name);
        bool runs = access(path, X_OK) == 0;
        free(path);
        if (!runs)
            continue;
        names->v = og_xgrow(names->v, &names->cap, names->n + 1, sizeof *names->v);
        names->v[names->n++] = og_xstrdup(e->d_name + strlen(PREFIX));
    }
    if (d)
        closedir(d);
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum og_rc unknown(const char *name, struct og_err *err)
{
    struct names names = {0};
    struct og_buf list = OG_BUF_INIT;
    each_folder(list_in, &names);
    if (names.n)
        qsort(names.v, names.n, sizeof *names.v, by_text);
    og_buf_adds(&list, "init, run, show, status");
    for (size_t i = 0; i < names.n; i++) {
        if ((i == 0 || strcmp(names.v[i], names.v[i - 1]) != 0) && list.len < 400)
            og_buf_addf(&list, ", %s", names.v[i]);
    }
    for (size_t i = 0; i < names.n; i++)
        free(names.v[i]);
    free(names.v);
    enum og_rc rc =
        og_err_set(err, OG_E_USAGE, "'%.64s' is no command; there are: %s", name, list.p);
    og_buf_release(&list);
    return rc;
}

enum og_rc ogpu_exec(const char *name, int argc, char **argv, struct og_err *err)
{
    size_t n = strnlen(name, 65);
    if (n == 0 || n > 64 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
        return unknown(name, err);
    struct og_buf tool = OG_BUF_INIT;
    og_buf_addf(&tool, PREFIX "%s", name);
    char *path = ogpu_tool_path(tool.p);
    if (!path) {
        og_buf_release(&tool);
        return unknown(name, err);
    }
    char **args = og_xcalloc((size_t)argc + 1, sizeof *args);
    args[0] = tool.p;
    for (int i = 1; i < argc; i++)
        args[i] = argv[i];
    execv(path, args);
    enum og_rc rc = og_err_set(err, OG_E_UNAVAILABLE, "cannot run '%s': %s", path, strerror(errno));
    free(args);
    free(path);
    og_buf_release(&tool);
    return rc;
}
