/* exec_tree.c - walks by open folders; bounded in depth, however deep the tree. */
#include "exec/exec_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS  (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define DEPTH_MAX  256  /* measured */
#define PASSES_MAX 8192 /* enough for 2^18 levels; a job may make OG_JOB_NODES_MAX nodes */
#define DEPTH_ONCE 32   /* removed in one descent; what lies deeper is lifted to the top first */

static bool is_dot(const char *n)
{
    return n[0] == '.' && (n[1] == '\0' || (n[1] == '.' && n[2] == '\0'));
}

/* A stream over the folder that leaves fd itself open and at its own place. */
static DIR *open_stream(int fd)
{
    int copy = openat(fd, ".", DIR_FLAGS);
    if (copy < 0)
        return NULL;
    DIR *d = fdopendir(copy);
    if (!d)
        close(copy);
    return d;
}

/* A folder of mode 000 is opened up first; by descriptor, so that a link is never followed. */
static int open_below(int dir, const char *name)
{
    int fd = openat(dir, name, DIR_FLAGS);
    if (fd >= 0 || errno != EACCES)
        return fd;
    int at = openat(dir, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return -1;
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", at);
    if (chmod(self, 0700) == 0)
        fd = openat(dir, name, DIR_FLAGS);
    close(at);
    return fd;
}

static int empty_at(int top, int fd, int depth, unsigned *lifted);

static int remove_folder(int top, int dir, const char *name, int depth, unsigned *lifted)
{
    if (depth >= DEPTH_ONCE) {
        int fd = open_below(dir, name); /* a folder must be writable to be moved */
        if (fd >= 0) {
            fchmod(fd, 0700);
            close(fd);
        }
        char to[32];
        do
            snprintf(to, sizeof to, ".ogpu-%u", (*lifted)++);
        while (renameat2(dir, name, top, to, RENAME_NOREPLACE) < 0 && errno == EEXIST);
        return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : -1;
    }
    int fd = open_below(dir, name);
    if (fd < 0)
        return -1;
    int rc = empty_at(top, fd, depth + 1, lifted);
    close(fd);
    return rc < 0 ? rc : unlinkat(dir, name, AT_REMOVEDIR);
}

static int empty_at(int top, int fd, int depth, unsigned *lifted)
{
    DIR *d = open_stream(fd);
    if (!d)
        return -1;
    int rc = 0;
    bool opened_up = false;
    struct dirent *e;
    while (rc == 0 && (e = readdir(d))) {
        if (is_dot(e->d_name))
            continue;
        if (unlinkat(fd, e->d_name, 0) == 0 || errno == ENOENT)
            continue;
        if (errno == EACCES && !opened_up) {
            opened_up = fchmod(fd, 0700) == 0;
            if (unlinkat(fd, e->d_name, 0) == 0)
                continue;
        }
        if (errno == EISDIR || errno == EPERM || errno == EACCES)
            rc = remove_folder(top, fd, e->d_name, depth, lifted);
        else
            rc = -1;
    }
    int saved = errno;
    closedir(d);
    errno = saved;
    return rc;
}

/* Two system calls for an empty folder. */
static bool has_entries(int fd)
{
    _Alignas(struct dirent64) char block[1024];
    if (lseek(fd, 0, SEEK_SET) < 0)
        return true;
    for (;;) {
        ssize_t n = getdents64(fd, block, sizeof block);
        if (n <= 0)
            return n < 0;
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *e = (const void *)(block + at);
            if (!is_dot(e->d_name))
                return true;
            at += e->d_reclen;
        }
    }
}

int og_tree_empty(int fd)
{
    unsigned lifted = 0;
    /* Each pass takes DEPTH_ONCE levels off every branch; a job can make some thousand levels at
     * most before its limits on time and nodes. */
    for (int pass = 0; pass < PASSES_MAX; pass++) {
        if (!has_entries(fd))
            return 0;
        if (empty_at(fd, fd, 0, &lifted) < 0)
            return -1;
    }
    errno = EBUSY; /* somebody keeps on filling it */
    return -1;
}

void og_tree_keep_only(int fd, const char *const *names, size_t n)
{
    DIR *d = open_stream(fd);
    if (!d)
        return;
    struct dirent *e;
    while ((e = readdir(d))) {
        bool keep = is_dot(e->d_name);
        for (size_t i = 0; i < n && !keep; i++)
            keep = strcmp(names[i], e->d_name) == 0;
        if (!keep)
            unlinkat(fd, e->d_name, 0);
    }
    closedir(d);
}

static bool measure_at(int fd, int depth, uint64_t max_bytes, uint64_t max_nodes,
                       struct og_tree_size *out)
{
    if (depth > DEPTH_MAX)
        return false;
    DIR *d = open_stream(fd);
    if (!d && errno == EACCES && fchmod(fd, 0700) == 0)
        d = open_stream(fd);
    if (!d)
        return errno != EACCES; /* what is closed to us must not grow unseen */
    bool ok = true;
    struct dirent *e;
    while (ok && (e = readdir(d))) {
        struct stat st;
        if (is_dot(e->d_name) || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        out->nodes++;
        out->bytes += (uint64_t)st.st_blocks * 512;
        ok = (!max_nodes || out->nodes <= max_nodes) && (!max_bytes || out->bytes <= max_bytes);
        if (ok && S_ISDIR(st.st_mode)) {
            int sub = open_below(fd, e->d_name);
            ok = sub >= 0 || errno != EACCES;
            if (sub >= 0) {
                ok = measure_at(sub, depth + 1, max_bytes, max_nodes, out);
                close(sub);
            }
        }
    }
    closedir(d);
    return ok;
}

bool og_tree_measure(int fd, uint64_t max_bytes, uint64_t max_nodes, struct og_tree_size *out)
{
    *out = (struct og_tree_size){0, 0};
    return measure_at(fd, 0, max_bytes, max_nodes, out);
}
