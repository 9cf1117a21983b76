/* base_io.c - files: atomic writes, bounded reads, folders. */
#include "base/base_io.h"

#include "base/base_mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *og_io_join(const char *dir, const char *name)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s/%s", dir, name);
    return og_buf_detach(&b);
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return og_xstrdup(".");
    return slash == path ? og_xstrdup("/") : og_xstrndup(path, (size_t)(slash - path));
}

static enum og_rc sync_folder(const char *dir, struct og_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return og_err_set(err, OG_E_IO, "cannot open folder '%s': %s", dir, strerror(errno));
    int r = fsync(fd);
    int e = errno;
    close(fd);
    if (r < 0 && e != EINVAL)
        return og_err_set(err, OG_E_IO, "cannot sync folder '%s': %s", dir, strerror(e));
    return OG_OK;
}

enum og_rc og_io_temp_open(const char *dir, mode_t mode, struct og_io_temp *out, struct og_err *err)
{
    out->tmp_path = og_io_join(dir, ".tmp-XXXXXX");
    out->fd = mkostemp(out->tmp_path, O_CLOEXEC);
    if (out->fd >= 0 && fchmod(out->fd, mode) == 0)
        return OG_OK;
    enum og_rc rc =
        og_err_set(err, OG_E_CANTCREATE, "cannot make a file in '%s': %s", dir, strerror(errno));
    og_io_temp_discard(out);
    return rc;
}

void og_io_temp_discard(struct og_io_temp *t)
{
    if (t->fd >= 0) {
        close(t->fd);
        unlink(t->tmp_path);
    }
    free(t->tmp_path);
    t->tmp_path = NULL;
    t->fd = -1;
}

static int put_in_place(const char *tmp, const char *path, enum og_io_flags flags)
{
    if (!(flags & OG_IO_NOCLOBBER))
        return rename(tmp, path);
    if (link(tmp, path) < 0)
        return -1;
    return unlink(tmp);
}

enum og_rc og_io_temp_commit(struct og_io_temp *t, const char *path, enum og_io_flags flags,
                             struct og_err *err)
{
    enum og_rc rc = OG_OK;
    if (!(flags & OG_IO_NOSYNC) && fsync(t->fd) < 0)
        rc = og_err_set(err, OG_E_IO, "cannot sync '%s': %s", path, strerror(errno));
    int fd = t->fd;
    t->fd = -1;
    if (close(fd) < 0 && rc == OG_OK)
        rc = og_err_set(err, OG_E_IO, "cannot write '%s': %s", path, strerror(errno));
    if (rc == OG_OK && put_in_place(t->tmp_path, path, flags) < 0)
        rc = errno == EEXIST
                 ? og_err_set(err, OG_E_CANTCREATE, "'%s' exists and is never overwritten", path)
                 : og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", path, strerror(errno));
    if (rc != OG_OK)
        unlink(t->tmp_path);
    if (rc == OG_OK && !(flags & OG_IO_NOSYNC)) {
        char *dir = folder_of(path);
        rc = sync_folder(dir, err);
        free(dir);
    }
    free(t->tmp_path);
    t->tmp_path = NULL;
    return rc;
}

enum og_rc og_io_write_atomic(const char *path, const void *buf, size_t len, mode_t mode,
                              enum og_io_flags flags, struct og_err *err)
{
    char *dir = folder_of(path);
    struct og_io_temp t;
    enum og_rc rc = og_io_temp_open(dir, mode, &t, err);
    free(dir);
    if (rc != OG_OK)
        return og_err_wrap(err, rc, "'%s'", path);
    rc = og_io_write_fd(t.fd, buf, len, err);
    if (rc != OG_OK) {
        og_io_temp_discard(&t);
        return og_err_wrap(err, rc, "'%s'", path);
    }
    return og_io_temp_commit(&t, path, flags, err);
}

enum og_rc og_io_write_fd(int fd, const void *p, size_t n, struct og_err *err)
{
    const char *c = p;
    while (n) {
        ssize_t w = write(fd, c, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return og_err_set(err, OG_E_IO, "write failed: %s", strerror(errno));
        c += w;
        n -= (size_t)w;
    }
    return OG_OK;
}

enum og_rc og_io_read_fd(int fd, size_t max, struct og_buf *out, struct og_err *err)
{
    size_t got = 0;
    for (;;) {
        og_buf_reserve(out, 65536);
        ssize_t r = read(fd, out->p + out->len, 65536);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return og_err_set(err, OG_E_IO, "read failed: %s", strerror(errno));
        if (r == 0)
            return OG_OK;
        got += (size_t)r;
        if (got > max)
            return og_err_set(err, OG_E_DATA, "longer than %zu bytes", max);
        out->len += (size_t)r;
        out->p[out->len] = '\0';
    }
}

static enum og_rc read_path(const char *path, size_t max, bool secret, struct og_buf *out,
                            struct og_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return og_err_set(err, errno == EACCES ? OG_E_NOPERM : OG_E_NOINPUT, "cannot open '%s': %s",
                          path, strerror(errno));
    struct stat st;
    enum og_rc rc = OG_OK;
    if (fstat(fd, &st) < 0)
        rc = og_err_set(err, OG_E_IO, "cannot stat '%s': %s", path, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        rc = og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", path, strerror(EISDIR));
    else if (secret && (st.st_mode & 077))
        rc = og_err_set(err, OG_E_NOPERM, "'%s' can be read by others; chmod 600 it", path);
    if (rc == OG_OK) {
        rc = og_io_read_fd(fd, max, out, err);
        if (rc != OG_OK)
            og_err_wrap(err, rc, "'%s'", path);
    }
    close(fd);
    return rc;
}

enum og_rc og_io_read_file(const char *path, size_t max, struct og_buf *out, struct og_err *err)
{
    return read_path(path, max, false, out, err);
}

enum og_rc og_io_read_secret(const char *path, size_t max, struct og_buf *out, struct og_err *err)
{
    return read_path(path, max, true, out, err);
}

static int make_folder(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0)
        return 0;
    struct stat st;
    int e = errno;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    errno = e == EEXIST ? ENOTDIR : e;
    return -1;
}

enum og_rc og_io_mkdirs(const char *path, mode_t mode, struct og_err *err)
{
    if (!path[0])
        return og_err_set(err, OG_E_CANTCREATE, "cannot make folder '': no name");
    char *p = og_xstrdup(path);
    enum og_rc rc = OG_OK;
    for (char *s = p + 1; rc == OG_OK; s++) {
        if (*s != '/' && *s != '\0')
            continue;
        char c = *s;
        *s = '\0';
        if (make_folder(p, mode) < 0)
            rc = og_err_set(err, errno == EACCES ? OG_E_NOPERM : OG_E_CANTCREATE,
                            "cannot make folder '%s': %s", p, strerror(errno));
        *s = c;
        if (c == '\0')
            break;
    }
    free(p);
    return rc;
}

bool og_io_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool og_io_taken(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* Folders deeper than this are moved up first: a hostile job can nest beyond descriptors and
 * PATH_MAX. */
#define WIPE_DEEP 48

struct wipe {
    int top_fd;
    unsigned long moved;
};

/* Opens the folder `name` for reading and writing whatever its mode was; never follows a link. */
static int open_to_wipe(int at, const char *name)
{
    int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(at, name, O_RDONLY | flags);
    if (fd < 0 && errno == EACCES) {
        char proc[40];
        int path_fd = openat(at, name, O_PATH | flags);
        if (path_fd < 0)
            return -1;
        snprintf(proc, sizeof proc, "/proc/self/fd/%d", path_fd);
        int bad = chmod(proc, 0700);
        close(path_fd);
        fd = bad ? -1 : openat(at, name, O_RDONLY | flags);
    }
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
        (void)!fchmod(fd, 0700);
    return fd;
}

static int wipe_folder(struct wipe *w, int fd, int depth);

static int wipe_entry(struct wipe *w, int at, const char *name, int depth)
{
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -1;
    if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    if (errno == ENOTDIR) { /* a file that may not be unlinked */
        errno = EPERM;
        return -1;
    }
    int fd = open_to_wipe(at, name);
    if (fd < 0)
        return -1;
    if (depth >= WIPE_DEEP) {
        close(fd);
        char up[32];
        do {
            snprintf(up, sizeof up, ".wipe-%lu", w->moved++);
            if (renameat(at, name, w->top_fd, up) == 0)
                return 0;
        } while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
        return -1;
    }
    if (wipe_folder(w, fd, depth + 1) < 0) /* closes fd */
        return -1;
    return unlinkat(at, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -1 : 0;
}

/* Empties the folder behind fd and closes it. Passes repeat until one finds nothing. */
static int wipe_folder(struct wipe *w, int fd, int depth)
{
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return -1;
    }
    int bad = 0;
    bool more = true;
    while (more && !bad) {
        more = false;
        rewinddir(d);
        struct dirent *e;
        while (!bad && (e = readdir(d))) {
            if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                continue;
            more = true;
            bad = wipe_entry(w, dirfd(d), e->d_name, depth) < 0;
        }
    }
    int saved = errno;
    closedir(d);
    errno = saved;
    return bad ? -1 : 0;
}

static int wipe_tree(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -1;
    struct wipe w = {.top_fd = open_to_wipe(AT_FDCWD, path)};
    if (w.top_fd < 0)
        return -1;
    int fd = fcntl(w.top_fd, F_DUPFD_CLOEXEC, 3);
    int bad = fd < 0 || wipe_folder(&w, fd, 0) < 0;
    int saved = errno;
    close(w.top_fd);
    errno = saved;
    return bad || rmdir(path) < 0 ? -1 : 0;
}

enum og_rc og_io_remove_tree(const char *path, struct og_err *err)
{
    if (wipe_tree(path) == 0)
        return OG_OK;
    return og_err_set(err, OG_E_IO, "cannot remove '%s': %s", path, strerror(errno));
}

enum og_rc og_io_close_stdout(struct og_err *err)
{
    bool pending = __fpending(stdout) != 0;
    bool bad = ferror(stdout) != 0;
    errno = 0;
    bool failed = fclose(stdout) != 0;
    /* a tool started without a stdout that had nothing to say is fine */
    if (bad || (failed && (pending || errno != EBADF)))
        return og_err_set(err, OG_E_IO, "cannot write stdout: %s",
                          errno ? strerror(errno) : "write error");
    return OG_OK;
}

bool og_io_path_is_tame(const char *path)
{
    size_t n = strlen(path);
    if (n == 0 || n > 1024 || path[0] == '/')
        return false;
    for (const char *s = path; *s;) {
        const char *e = strchrnul(s, '/');
        size_t len = (size_t)(e - s);
        if (len == 0 || len > 255 || (len == 1 && s[0] == '.') ||
            (len == 2 && s[0] == '.' && s[1] == '.'))
            return false;
        for (const char *c = s; c < e; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                return false;
        if (*e == '\0')
            return true;
        s = e + 1;
    }
    return false;
}
