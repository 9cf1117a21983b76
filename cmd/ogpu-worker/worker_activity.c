/* worker_activity.c - when somebody last used this machine: times of terminals, events of input
 * devices that we may read. */
#include "worker.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void worker_activity_open(struct worker_activity *a)
{
    memset(a, 0, sizeof *a);
    DIR *d = opendir("/dev/input");
    struct dirent *e;
    while (d && (e = readdir(d)) && a->n < WORKER_INPUTS) {
        int fd = strncmp(e->d_name, "event", 5) == 0
                     ? openat(dirfd(d), e->d_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
                     : -1;
        if (fd >= 0)
            a->fd[a->n++] = fd;
    }
    if (d)
        closedir(d);
}

void worker_activity_close(struct worker_activity *a)
{
    for (size_t i = 0; i < a->n; i++)
        close(a->fd[i]);
    a->n = 0;
}

static uint64_t time_ms(struct timespec t)
{
    return t.tv_sec < 0 ? 0 : (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The later of the times at which the file was read and written. */
static uint64_t used_at(int dir, const char *path)
{
    struct stat st;
    if (fstatat(dir, path, &st, 0) < 0)
        return 0;
    return og_max_u64(time_ms(st.st_atim), time_ms(st.st_mtim));
}

/* Terminals: "tty1" of a console, "0" of a window or a remote login. */
static uint64_t terminals(const char *folder, bool consoles)
{
    uint64_t last = 0;
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        const char *digits = consoles ? e->d_name + 3 : e->d_name;
        if (consoles && strncmp(e->d_name, "tty", 3) != 0)
            continue;
        if (*digits >= '0' && *digits <= '9')
            last = og_max_u64(last, used_at(dirfd(d), e->d_name));
    }
    if (d)
        closedir(d);
    return last;
}

static uint64_t inputs(struct worker_activity *a)
{
    char block[4096];
    for (size_t i = 0; i < a->n; i++)
        while (read(a->fd[i], block, sizeof block) > 0)
            a->last_ms = og_time_unix_ms();
    return a->last_ms;
}

static uint64_t listed(const char *list)
{
    uint64_t last = 0;
    char path[1024];
    for (const char *s = list; *s;) {
        s += strspn(s, ", ");
        size_t n = strcspn(s, ", ");
        if (n && n < sizeof path) {
            memcpy(path, s, n);
            path[n] = '\0';
            last = og_max_u64(last, used_at(AT_FDCWD, path));
        }
        s += n;
    }
    return last;
}

uint64_t worker_activity_idle_ms(struct worker_activity *a, const char *list)
{
    uint64_t now = og_time_unix_ms();
    uint64_t last = list ? listed(list)
                         : og_max_u64(inputs(a), og_max_u64(terminals("/dev/pts", false),
                                                            terminals("/dev", true)));
    return now > last ? now - last : 0;
}
