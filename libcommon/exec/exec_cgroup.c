/* exec_cgroup.c - small files under the cgroup2 mount. */
#include "exec/exec_cgroup.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX 8192

static bool put(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = write(fd, text, strlen(text));
    int e = errno;
    close(fd);
    errno = e;
    return n == (ssize_t)strlen(text);
}

static bool get(int dir, const char *name, char *text, size_t size)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n >= 0;
}

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *s = text; (s = strstr(s, word)); s += n)
        if ((s == text || s[-1] == ' ') && (s[n] == ' ' || s[n] == '\n' || s[n] == '\0'))
            return true;
    return false;
}

/* Where cgroup2 is mounted, and our own group below it. */
static char *own_group(void)
{
    char self[TEXT_MAX];
    struct og_buf mounts = OG_BUF_INIT;
    struct og_err ignored;
    char *path = NULL;
    char *at = get(AT_FDCWD, "/proc/self/cgroup", self, sizeof self) ? strstr(self, "0::/") : NULL;
    if (!at || og_io_read_file("/proc/self/mounts", 1u << 20, &mounts, &ignored) != OG_OK)
        goto out;
    at += 3;
    at[strcspn(at, "\n")] = '\0';
    for (char *line = mounts.p; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        char *dir = strchr(line, ' ');
        char *end = dir ? strchr(dir + 1, ' ') : NULL;
        if (end && strncmp(end, " cgroup2 ", 9) == 0) {
            char *mount = og_xstrndup(dir + 1, (size_t)(end - dir - 1));
            path = og_io_join(mount, at + 1);
            free(mount);
            break;
        }
    }
out:
    og_buf_release(&mounts);
    return path;
}

/* Only this process, and it may be moved: into a leaf, so that the group can be divided. */
static bool step_aside(int dir)
{
    char procs[TEXT_MAX], self[32];
    snprintf(self, sizeof self, "%ld\n", (long)getpid());
    if (!get(dir, "cgroup.procs", procs, sizeof procs) || strcmp(procs, self) != 0)
        return false;
    if (mkdirat(dir, "ogpu-self", 0755) < 0 && errno != EEXIST)
        return false;
    return put(dir, "ogpu-self/cgroup.procs", "0");
}

static char *base_path;

static void find_base(void)
{
    char *path = own_group();
    int dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    char text[TEXT_MAX];
    bool ok = dir >= 0 && get(dir, "cgroup.controllers", text, sizeof text) &&
              has_word(text, "memory") && has_word(text, "pids") &&
              faccessat(dir, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
    if (ok && !put(dir, "cgroup.subtree_control", "+memory +pids"))
        ok = step_aside(dir) && put(dir, "cgroup.subtree_control", "+memory +pids");
    if (ok)
        put(dir, "cgroup.subtree_control", "+cpu"); /* where there is one */
    if (dir >= 0)
        close(dir);
    if (ok)
        base_path = path;
    else
        free(path);
}

const char *og_cgroup_base(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_base);
    return base_path;
}

static bool put_u64(int dir, const char *name, uint64_t v)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)v);
    return put(dir, name, text);
}

static bool set_limits(int dir, uint64_t mem_bytes, uint64_t procs, uint64_t cores)
{
    if (mem_bytes) {
        if (!put_u64(dir, "memory.max", mem_bytes))
            return false;
        if (!put(dir, "memory.swap.max", "0") && errno != ENOENT)
            return false;
        put(dir, "memory.oom.group", "1");
    }
    if (procs && !put_u64(dir, "pids.max", procs))
        return false;
    char text[48];
    snprintf(text, sizeof text, "%llu 100000", (unsigned long long)(cores * 100000));
    return !cores || put(dir, "cpu.max", text) || errno == ENOENT;
}

enum og_rc og_cgroup_open(const char *base, uint64_t mem_bytes, uint64_t procs, uint64_t cores,
                          struct og_cgroup *out, struct og_err *err)
{
    static atomic_uint count;
    char name[64];
    *out = (struct og_cgroup){NULL, -1, -1};
    snprintf(name, sizeof name, "ogpu-%ld-%u", (long)getpid(), atomic_fetch_add(&count, 1));
    char *path = og_io_join(base, name);
    if (mkdir(path, 0755) < 0) {
        enum og_rc rc =
            og_err_set(err, OG_E_UNAVAILABLE, "cannot make '%s': %s", path, strerror(errno));
        free(path);
        return rc;
    }
    out->path = path;
    out->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->dir >= 0 && set_limits(out->dir, mem_bytes, procs, cores))
        out->procs_fd = openat(out->dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (out->procs_fd >= 0)
        return OG_OK;
    enum og_rc rc =
        og_err_set(err, OG_E_UNAVAILABLE, "cannot set limits in '%s': %s", path, strerror(errno));
    og_cgroup_close(out);
    return rc;
}

void og_cgroup_kill(const struct og_cgroup *g)
{
    if (g->dir >= 0)
        put(g->dir, "cgroup.kill", "1");
}

bool og_cgroup_ran_out(const struct og_cgroup *g)
{
    char text[TEXT_MAX];
    if (g->dir < 0 || !get(g->dir, "memory.events", text, sizeof text))
        return false;
    const char *s = strstr(text, "oom_kill ");
    return s && s[9] != '0';
}

uint64_t og_cgroup_peak_bytes(const struct og_cgroup *g)
{
    char text[64];
    uint64_t v = 0;
    if (g->dir >= 0 && get(g->dir, "memory.peak", text, sizeof text))
        (void)og_parse_u64n(text, strcspn(text, "\n"), UINT64_MAX, &v);
    return v;
}

void og_cgroup_close(struct og_cgroup *g)
{
    og_cgroup_kill(g);
    if (g->procs_fd >= 0)
        close(g->procs_fd);
    if (g->dir >= 0)
        close(g->dir);
    for (int i = 0; g->path && i < 200 && rmdir(g->path) < 0 && errno == EBUSY; i++)
        og_time_sleep_ms(5); /* killed members leave in their own time */
    free(g->path);
    *g = (struct og_cgroup){NULL, -1, -1};
}
