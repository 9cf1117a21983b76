/* exec_watch.c - reads /proc for one process tree. */
#include "exec/exec_watch.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define FILES_MAX 4096 /* nameless files told apart in one walk */

struct file_id {
    dev_t dev;
    ino_t ino;
};

struct walk {
    pid_t *pid; /* found so far: those before `done` have been looked at */
    size_t n;
    size_t cap;
    size_t max;
    uint64_t anon;
    uint64_t shmem;
    uint64_t memfiles;
    uint64_t disk_bytes;
    uint64_t user_ticks;
    uint64_t sys_ticks;
    dev_t disk;
    dev_t tmp;
    dev_t shm;
    struct file_id *seen;
    size_t n_seen;
    size_t seen_cap;
};

static void add_pid(struct walk *w, pid_t pid)
{
    if (w->n > w->max)
        return;
    w->pid = og_xgrow(w->pid, &w->cap, w->n + 1, sizeof *w->pid);
    w->pid[w->n++] = pid;
}

/* The first bytes of a file of /proc, NUL-terminated; 0 when it cannot be read. */
static size_t slurp(int dir, const char *name, char *to, size_t size)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    size_t n = 0;
    while (n + 1 < size) {
        ssize_t r = read(fd, to + n, size - 1 - n);
        if (r <= 0)
            break;
        n += (size_t)r;
    }
    close(fd);
    to[n] = '\0';
    return n;
}

static void add_children_of(struct walk *w, int proc)
{
    int tasks = openat(proc, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = tasks < 0 ? NULL : fdopendir(tasks);
    if (!d) {
        if (tasks >= 0)
            close(tasks);
        return;
    }
    struct dirent *e;
    while ((e = readdir(d))) {
        char name[300], text[8192];
        snprintf(name, sizeof name, "%s/children", e->d_name);
        if (!isdigit((unsigned char)e->d_name[0]) || !slurp(tasks, name, text, sizeof text))
            continue;
        for (char *s = text; isdigit((unsigned char)*s);) {
            char *end;
            add_pid(w, (pid_t)strtol(s, &end, 10));
            s = end + strspn(end, " ");
        }
    }
    closedir(d);
}

/* The number of kB behind "key" at the start of a line, in bytes. */
static uint64_t field_kb(const char *text, const char *key)
{
    size_t n = strlen(key);
    for (const char *s = text; s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
        if (strncmp(s, key, n) == 0)
            return (uint64_t)strtoull(s + n, NULL, 10) * 1024;
    return 0;
}

static void add_memory(struct walk *w, int proc, bool exact)
{
    char text[4096];
    if (exact && slurp(proc, "smaps_rollup", text, sizeof text)) {
        w->anon += field_kb(text, "Pss_Anon:");
        w->shmem += field_kb(text, "Pss_Shmem:");
    } else if (slurp(proc, "status", text, sizeof text)) {
        w->anon += field_kb(text, "RssAnon:");
        w->shmem += field_kb(text, "RssShmem:");
    }
}

/* Fields 14 to 17 of stat: its own ticks and those of the children it has waited for. */
static void add_cpu(struct walk *w, int proc)
{
    char text[1024];
    if (!slurp(proc, "stat", text, sizeof text))
        return;
    char *s = strrchr(text, ')'); /* the name before it may hold anything */
    for (int field = 2; s && field < 14; field++)
        s = strchr(s + 1, ' ');
    uint64_t v[4] = {0, 0, 0, 0};
    for (int i = 0; s && i < 4; i++)
        v[i] = strtoull(s, &s, 10);
    w->user_ticks += v[0] + v[2];
    w->sys_ticks += v[1] + v[3];
}

static bool first_sight(struct walk *w, const struct stat *st)
{
    for (size_t i = 0; i < w->n_seen; i++)
        if (w->seen[i].dev == st->st_dev && w->seen[i].ino == st->st_ino)
            return false;
    if (w->n_seen >= FILES_MAX)
        return true;
    w->seen = og_xgrow(w->seen, &w->seen_cap, w->n_seen + 1, sizeof *w->seen);
    w->seen[w->n_seen++] = (struct file_id){st->st_dev, st->st_ino};
    return true;
}

static bool in_memory(int fds, const char *name)
{
    struct statfs fs;
    int fd = openat(fds, name, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool yes = fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC ||
                                         fs.f_type == RAMFS_MAGIC);
    close(fd);
    return yes;
}

/* Open files without a name: deleted ones of the scratch folder, and memfd_create's. */
static void add_files(struct walk *w, int proc)
{
    int fds = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fds < 0 ? NULL : fdopendir(fds);
    if (!d) {
        if (fds >= 0)
            close(fds);
        return;
    }
    struct dirent *e;
    while ((e = readdir(d))) {
        struct stat st;
        if (!isdigit((unsigned char)e->d_name[0]) || fstatat(fds, e->d_name, &st, 0) < 0 ||
            !S_ISREG(st.st_mode) || st.st_nlink != 0 || st.st_blocks == 0 || !first_sight(w, &st))
            continue;
        if (st.st_dev == w->disk)
            w->disk_bytes += (uint64_t)st.st_blocks * 512;
        else if (st.st_dev != w->tmp && st.st_dev != w->shm && in_memory(fds, e->d_name))
            w->memfiles += (uint64_t)st.st_blocks * 512;
    }
    closedir(d);
}

/* Used bytes of a tmpfs of the sandbox. Until bubblewrap has moved to its new root the path still
 * leads to the host's folder, which is nothing of the job's. */
static uint64_t tmpfs_used(pid_t root, const char *path, dev_t *dev)
{
    char full[64];
    struct stat st;
    struct stat host;
    struct statfs fs;
    snprintf(full, sizeof full, "/proc/%ld/root%s", (long)root, path);
    if (stat(full, &st) < 0 || statfs(full, &fs) < 0 || fs.f_type != TMPFS_MAGIC)
        return 0;
    if (stat(path, &host) == 0 && host.st_dev == st.st_dev)
        return 0;
    *dev = st.st_dev;
    return (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
}

static int open_proc(pid_t pid)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%ld", (long)pid);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void og_watch_tree(pid_t root, bool exact, bool sandboxed, dev_t disk, uint64_t procs_max,
                   struct og_watch_use *out)
{
    struct walk w = {.max = (size_t)procs_max, .disk = disk};
    uint64_t tmpfs = 0;
    if (sandboxed)
        tmpfs = tmpfs_used(root, "/tmp", &w.tmp) + tmpfs_used(root, "/dev/shm", &w.shm);
    add_pid(&w, root);
    for (size_t i = 0; i < w.n && i <= w.max; i++) {
        int proc = open_proc(w.pid[i]);
        if (proc < 0)
            continue;
        if (sandboxed || i > 0)
            add_memory(&w, proc, exact);
        add_cpu(&w, proc);
        add_files(&w, proc);
        add_children_of(&w, proc);
        close(proc);
    }
    out->mem_bytes = w.anon + og_max_u64(w.shmem, tmpfs + w.memfiles);
    out->disk_bytes = w.disk_bytes;
    out->procs = w.n;
    uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
    out->user_ms = w.user_ticks * 1000 / hz;
    out->sys_ms = w.sys_ticks * 1000 / hz;
    free(w.pid);
    free(w.seen);
}

/* root and all that stands below it; what is found is stopped, so that it starts no more while we
 * look. */
static void freeze(struct walk *w, pid_t root, bool stop)
{
    w->max = 65536;
    add_pid(w, root);
    for (size_t i = 0; i < w->n && i <= w->max; i++) {
        int proc = open_proc(w->pid[i]);
        if (proc < 0)
            continue;
        if (stop && i > 0)
            kill(w->pid[i], SIGSTOP);
        add_children_of(w, proc);
        close(proc);
    }
}

void og_watch_kill_below(pid_t root)
{
    struct walk w = {.max = 0};
    freeze(&w, root, true);
    for (size_t i = w.n; i-- > 1;)
        kill(w.pid[i], SIGKILL);
    free(w.pid);
}

void og_watch_kill(pid_t root)
{
    og_watch_kill_below(root);
    kill(root, SIGKILL);
}

void og_watch_signal(pid_t root, int sig)
{
    struct walk w = {.max = 0};
    freeze(&w, root, false);
    for (size_t i = w.n; i-- > 1;)
        kill(w.pid[i], sig);
    free(w.pid);
}
