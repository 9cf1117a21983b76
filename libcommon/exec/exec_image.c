/* exec_image.c - entries of an archive made below one open folder, no link followed. */
#include "exec/exec_image.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "exec/exec_tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* "./usr//bin/" and "/usr/bin" are "usr/bin"; "" is the top; false when it would leave. */
static bool clean(char *name)
{
    char *to = name;
    for (char *s = name; *s;) {
        size_t n = strcspn(s, "/");
        if (n == 2 && s[0] == '.' && s[1] == '.')
            return false;
        if (n && !(n == 1 && s[0] == '.')) {
            if (to != name)
                *to++ = '/';
            memmove(to, s, n);
            to += n;
        }
        s += n + (s[n] == '/');
    }
    *to = '\0';
    return true;
}

static enum og_rc fail(const char *name, struct og_err *err)
{
    int e = errno;
    bool full = e == ENOSPC || e == EDQUOT || e == EIO || e == EMFILE || e == ENFILE;
    return og_err_set(err, full ? OG_E_IO : OG_E_DATA, "cannot unpack '%.200s': %s", name,
                      e == ELOOP || e == ENOTDIR ? "it lies behind a link or a file" : strerror(e));
}

/* The open folder above the last part of name; missing ones are made. */
static int parent_of(int top, const char *name, const char **last)
{
    int dir = fcntl(top, F_DUPFD_CLOEXEC, 3);
    for (const char *slash; dir >= 0 && (slash = strchr(name, '/')); name = slash + 1) {
        char *part = og_xstrndup(name, (size_t)(slash - name));
        int next =
            mkdirat(dir, part, 0755) == 0 || errno == EEXIST ? openat(dir, part, DIR_FLAGS) : -1;
        int e = errno;
        free(part);
        close(dir);
        errno = e;
        dir = next;
    }
    *last = name;
    return dir;
}

static enum og_rc make_file(struct og_tar *t, const struct og_tar_entry *e, int dir,
                            const char *last, struct og_err *err)
{
    unlinkat(dir, last, 0); /* a later entry of a name holds */
    int fd = openat(dir, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(e->name, err);
    enum og_rc rc = og_tar_copy(t, fd, err);
    if (rc == OG_OK && fchmod(fd, e->executable ? 0555 : 0444) < 0)
        rc = fail(e->name, err);
    close(fd);
    return rc;
}

/* The other name must be a file of the archive that was made before. */
static enum og_rc make_link(int top, struct og_tar_entry *e, int dir, const char *last,
                            struct og_err *err)
{
    const char *from;
    struct stat st;
    if (!clean(e->link) || !*e->link)
        return og_err_set(err, OG_E_DATA, "'%.200s' is a link out of the archive", e->name);
    int source = parent_of(top, e->link, &from);
    bool ok =
        source >= 0 && fstatat(source, from, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
    unlinkat(dir, last, 0);
    enum og_rc rc = OG_OK;
    if (!ok)
        rc = og_err_set(err, OG_E_DATA, "'%.200s' is a link to what is no file of the archive",
                        e->name);
    else if (linkat(source, from, dir, last, 0) < 0)
        rc = fail(e->name, err);
    if (source >= 0)
        close(source);
    return rc;
}

static enum og_rc make_entry(struct og_tar *t, int top, struct og_tar_entry *e, struct og_err *err)
{
    const char *last;
    if (!clean(e->name))
        return og_err_set(err, OG_E_DATA, "'%.200s' leaves the archive", e->name);
    if (!*e->name || e->kind == OG_TAR_OTHER)
        return OG_OK;
    int dir = parent_of(top, e->name, &last);
    if (dir < 0)
        return fail(e->name, err);
    enum og_rc rc = OG_OK;
    switch (e->kind) {
    case OG_TAR_FILE: rc = make_file(t, e, dir, last, err); break;
    case OG_TAR_LINK: rc = make_link(top, e, dir, last, err); break;
    case OG_TAR_FOLDER:
        if (mkdirat(dir, last, 0755) < 0 && errno != EEXIST)
            rc = fail(e->name, err);
        break;
    case OG_TAR_SYMLINK:
        unlinkat(dir, last, 0);
        if (!*e->link || symlinkat(e->link, dir, last) < 0)
            rc = fail(e->name, err);
        break;
    case OG_TAR_OTHER: break;
    }
    close(dir);
    return rc;
}

static enum og_rc unpack(int tar_fd, int top, struct og_err *err)
{
    struct og_tar t;
    struct og_tar_entry *e = og_xmalloc(sizeof *e);
    bool end = false;
    og_tar_open(&t, tar_fd);
    enum og_rc rc = OG_OK;
    while (rc == OG_OK && !end) {
        rc = og_tar_next(&t, e, &end, err);
        if (rc == OG_OK && !end)
            rc = make_entry(&t, top, e, err);
    }
    free(e);
    if (rc == OG_OK && t.entries == 0)
        rc = og_err_set(err, OG_E_DATA, "the archive is empty");
    if (rc == OG_OK && syncfs(top) < 0)
        rc = og_err_set(err, OG_E_IO, "cannot sync: %s", strerror(errno));
    return rc;
}

enum og_rc og_image_unpack(int tar_fd, const char *to, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addf(&b, "%s.XXXXXX", to);
    char *temp = og_buf_detach(&b);
    enum og_rc rc = OG_OK;
    if (!mkdtemp(temp)) {
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", temp, strerror(errno));
        free(temp);
        return rc;
    }
    int top = open(temp, DIR_FLAGS);
    if (top < 0 || fchmod(top, 0755) < 0)
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot use '%s': %s", temp, strerror(errno));
    else
        rc = unpack(tar_fd, top, err);
    if (top >= 0)
        close(top);
    if (rc == OG_OK && rename(temp, to) < 0 && errno != EEXIST && errno != ENOTEMPTY)
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", to, strerror(errno));
    struct og_err ignored;
    if (og_io_exists(temp))
        (void)!og_io_remove_tree(temp, &ignored);
    free(temp);
    return rc;
}
