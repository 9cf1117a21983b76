/* faultio.c - preloaded into a tool, makes write, fsync, close or rename fail from the n-th call
 * on.
 *
 * FAULT_CALL   write, fsync, close or rename; pwrite, writev, fdatasync, renameat2 and link count
 *              with their kin
 * FAULT_ERROR  ENOSPC (default) or EIO
 * FAULT_NTH    the first call that fails, from 1 (default); FAULT_ONCE=1: only that one
 * FAULT_PATH   a glob over the whole path of the file (default *)
 * FAULT_LOG    gets a line for each failure, so that a test sees that there was one
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static const char *setting(const char *name, const char *absent)
{
    const char *v = getenv(name);
    return v && *v ? v : absent;
}

static void note(const char *call, const char *path)
{
    const char *log = getenv("FAULT_LOG");
    if (!log)
        return;
    char line[PATH_MAX + 64];
    int n = snprintf(line, sizeof line, "%s %s\n", call, path);
    int fd =
        (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0 && n > 0)
        (void)!syscall(SYS_write, fd, line, (size_t)n);
    if (fd >= 0)
        syscall(SYS_close, fd);
}

/* Does this call fail? Sets errno. */
static int strikes(const char *call, const char *path)
{
    if (strcmp(setting("FAULT_CALL", ""), call) != 0 ||
        fnmatch(setting("FAULT_PATH", "*"), path, 0) != 0)
        return 0;
    long nth = strtol(setting("FAULT_NTH", "1"), NULL, 10);
    long now = atomic_fetch_add(&calls, 1) + 1;
    if (now < nth || (now > nth && getenv("FAULT_ONCE")))
        return 0;
    note(call, path);
    errno = strcmp(setting("FAULT_ERROR", "ENOSPC"), "EIO") == 0 ? EIO : ENOSPC;
    return 1;
}

static int fd_strikes(const char *call, int fd)
{
    char link[64];
    char path[PATH_MAX];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (n < 0)
        return 0;
    path[n] = '\0';
    return strikes(call, path);
}

/* The next function of that name, as a pointer of the type of f; POSIX allows what ISO C does not.
 */
#pragma GCC diagnostic ignored "-Wpedantic"
#define NEXT(f) ((__typeof__(&f))dlsym(RTLD_NEXT, #f))

ssize_t write(int fd, const void *p, size_t n)
{
    return fd_strikes("write", fd) ? -1 : NEXT(write)(fd, p, n);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
    return fd_strikes("write", fd) ? -1 : NEXT(writev)(fd, v, n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return fd_strikes("write", fd) ? -1 : NEXT(pwrite)(fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    return fd_strikes("write", fd) ? -1 : NEXT(pwrite64)(fd, p, n, at);
}

int fsync(int fd)
{
    return fd_strikes("fsync", fd) ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    return fd_strikes("fsync", fd) ? -1 : NEXT(fdatasync)(fd);
}

int close(int fd)
{
    int bad = fd_strikes("close", fd);
    int e = errno;
    int r = NEXT(close)(fd);
    if (!bad)
        return r;
    errno = e;
    return -1;
}

int rename(const char *from, const char *to)
{
    return strikes("rename", to) ? -1 : NEXT(rename)(from, to);
}

int link(const char *from, const char *to)
{
    return strikes("rename", to) ? -1 : NEXT(link)(from, to);
}
