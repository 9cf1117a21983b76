/* exec_scratch.c - working folders: everything relative to open folders, no link followed. */
#include "exec/exec_scratch.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "exec/exec_keep.h"
#include "exec/exec_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static enum og_rc make_temporary(struct og_scratch *s, struct og_err *err)
{
    const char *base = secure_getenv("TMPDIR");
    s->path = og_io_join(base && base[0] == '/' && !s->uid ? base : "/tmp", "ogpu-job-XXXXXX");
    if (!mkdtemp(s->path)) {
        enum og_rc rc =
            og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", s->path, strerror(errno));
        free(s->path);
        s->path = NULL;
        return rc;
    }
    s->temporary = true;
    return OG_OK;
}

static bool is_job_id(uid_t uid)
{
    return geteuid() == 0 && uid >= OG_JOB_UID_BASE && uid < OG_JOB_UID_BASE + 4096;
}

/* The folder is ours, the job's own, or an earlier job's; and nobody else can get in. */
static enum og_rc own_folder(struct og_scratch *s, struct og_err *err)
{
    struct stat st;
    uid_t want = s->uid ? s->uid : geteuid();
    if (fstat(s->fd, &st) < 0)
        return og_err_set(err, OG_E_IO, "cannot look at '%s': %s", s->path, strerror(errno));
    if (st.st_uid != want && st.st_uid != geteuid() && !is_job_id(st.st_uid))
        return og_err_set(err, OG_E_NOPERM, "scratch folder '%s' belongs to user %lu", s->path,
                          (unsigned long)st.st_uid);
    if (st.st_uid != want && fchown(s->fd, want, want) < 0)
        return og_err_set(err, OG_E_NOPERM, "cannot give '%s' to user %lu: %s", s->path,
                          (unsigned long)want, strerror(errno));
    if ((st.st_mode & 07777) != 0700 && fchmod(s->fd, 0700) < 0)
        return og_err_set(err, OG_E_NOPERM, "cannot close '%s' to others: %s", s->path,
                          strerror(errno));
    return OG_OK;
}

enum og_rc og_scratch_open(struct og_scratch *s, const char *path, uid_t uid, struct og_err *err)
{
    *s = (struct og_scratch){NULL, NULL, -1, uid, false};
    enum og_rc rc = OG_OK;
    if (path)
        s->path = og_xstrdup(path);
    else if ((rc = make_temporary(s, err)) != OG_OK)
        return rc;
    s->fd = open(s->path, DIR_FLAGS);
    if (s->fd < 0 && errno == ENOENT && mkdir(s->path, 0700) == 0)
        s->fd = open(s->path, DIR_FLAGS);
    if (s->fd < 0) {
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot use scratch folder '%s': %s", s->path,
                        strerror(errno));
    } else {
        rc = own_folder(s, err);
        if (rc == OG_OK && og_tree_empty(s->fd) != 0)
            rc = og_err_set(err, OG_E_IO, "cannot empty scratch folder '%s': %s", s->path,
                            strerror(errno));
    }
    if (rc == OG_OK) {
        size_t n = strlen(s->path);
        s->in_path = og_xmalloc(n + 4);
        memcpy(s->in_path, s->path, n);
        memcpy(s->in_path + n, ".in", 4);
        return OG_OK;
    }
    struct og_err ignored;
    (void)!og_scratch_close(s, &ignored);
    return rc;
}

enum og_rc og_scratch_close(struct og_scratch *s, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    if (s->fd >= 0) {
        if (og_tree_empty(s->fd) != 0)
            rc = og_err_set(err, OG_E_IO, "cannot empty scratch folder '%s': %s", s->path,
                            strerror(errno));
        close(s->fd);
        s->fd = -1;
    }
    if (s->temporary && s->path) {
        struct og_err ignored;
        (void)!og_exec_scratch_drop(s->path, &ignored);
    }
    free(s->path);
    free(s->in_path);
    s->path = s->in_path = NULL;
    return rc;
}

static enum og_rc drop_one(const char *path, struct og_err *err)
{
    int fd = open(path, DIR_FLAGS);
    if (fd < 0 && errno == ENOENT)
        return OG_OK;
    int bad = fd < 0 || og_tree_empty(fd) != 0 || rmdir(path) < 0;
    int e = errno;
    if (fd >= 0)
        close(fd);
    return bad ? og_err_set(err, OG_E_IO, "cannot remove '%s': %s", path, strerror(e)) : OG_OK;
}

enum og_rc og_exec_scratch_drop(const char *scratch, struct og_err *err)
{
    size_t n = strlen(scratch);
    char *in = og_xmalloc(n + 4);
    memcpy(in, scratch, n);
    memcpy(in + n, ".in", 4);
    enum og_rc rc = drop_one(in, err);
    free(in);
    return rc == OG_OK ? drop_one(scratch, err) : rc;
}

static enum og_rc open_src(const struct og_job_in *in, int *fd, struct stat *st, struct og_err *err)
{
    *fd = open(in->src, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open input '%s': %s", in->path,
                          strerror(errno));
    if (fstat(*fd, st) == 0 && S_ISREG(st->st_mode))
        return OG_OK;
    close(*fd);
    *fd = -1;
    return og_err_set(err, OG_E_NOINPUT, "input '%s' is not a file", in->path);
}

/* Opens, making them, the folders above the last part of path; *last points at that part. */
static int open_parents(struct og_scratch *s, const char *path, const char **last)
{
    int dir = fcntl(s->fd, F_DUPFD_CLOEXEC, 3);
    for (const char *slash; dir >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
        char *part = og_xstrndup(path, (size_t)(slash - path));
        bool made = mkdirat(dir, part, 0755) == 0;
        int next = made || errno == EEXIST ? openat(dir, part, DIR_FLAGS) : -1;
        if (next >= 0 && made && s->uid && fchown(next, s->uid, s->uid) < 0) {
            close(next);
            next = -1;
        }
        free(part);
        close(dir);
        dir = next;
    }
    *last = path;
    return dir;
}

enum og_rc og_scratch_copy_in(struct og_scratch *s, const struct og_job_in *in, struct og_err *err)
{
    struct stat st;
    int from;
    enum og_rc rc = open_src(in, &from, &st, err);
    if (rc != OG_OK)
        return rc;
    const char *last;
    int dir = open_parents(s, in->path, &last);
    int to = dir < 0 ? -1 : openat(dir, last, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        rc = og_err_set(err, OG_E_DATA, "cannot place input '%s': %s", in->path, strerror(errno));
    else
        rc = og_keep_copy_fd(from, to, err);
    if (rc == OG_OK && fchmod(to, in->executable ? 0555 : 0444) < 0)
        rc = og_err_set(err, OG_E_IO, "cannot place input '%s': %s", in->path, strerror(errno));
    if (to >= 0)
        close(to);
    if (dir >= 0)
        close(dir);
    close(from);
    return rc;
}

/* Only the job's group may pass, so that names guessed by others lead nowhere. */
static enum og_rc open_in_folder(struct og_scratch *s, int *dir, struct og_err *err)
{
    struct stat st;
    mode_t mode = s->uid ? 0710 : 0700;
    if (mkdir(s->in_path, 0700) < 0 && errno != EEXIST)
        return og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", s->in_path,
                          strerror(errno));
    *dir = open(s->in_path, DIR_FLAGS);
    bool ok = *dir >= 0 && fstat(*dir, &st) == 0 && st.st_uid == geteuid();
    if (ok && s->uid && st.st_gid != s->uid)
        ok = fchown(*dir, (uid_t)-1, s->uid) == 0;
    if (ok && ((st.st_mode & 07777) == mode || fchmod(*dir, mode) == 0))
        return OG_OK;
    if (*dir >= 0)
        close(*dir);
    *dir = -1;
    return og_err_set(err, OG_E_NOPERM, "'%s' is not a folder of ours", s->in_path);
}

/* A copy under a temporary name, then the name that says which file and mode it is. */
static enum og_rc stage_copy(int dir, const char *name, int from, bool executable,
                             struct og_err *err)
{
    char tmp[96];
    snprintf(tmp, sizeof tmp, ".%s", name);
    unlinkat(dir, tmp, 0);
    int to = openat(dir, tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        return og_err_set(err, OG_E_CANTCREATE, "cannot copy an input: %s", strerror(errno));
    enum og_rc rc = og_keep_copy_fd(from, to, err);
    if (rc == OG_OK && fchmod(to, executable ? 0555 : 0444) < 0)
        rc = og_err_set(err, OG_E_IO, "cannot copy an input: %s", strerror(errno));
    close(to);
    if (rc == OG_OK && renameat(dir, tmp, dir, name) < 0)
        rc = og_err_set(err, OG_E_IO, "cannot copy an input: %s", strerror(errno));
    if (rc != OG_OK)
        unlinkat(dir, tmp, 0);
    return rc;
}

enum og_rc og_scratch_stage(struct og_scratch *s, const struct og_job_in *in, char **out,
                            struct og_err *err)
{
    *out = NULL;
    struct stat st, have;
    int from, dir;
    enum og_rc rc = open_src(in, &from, &st, err);
    if (rc != OG_OK)
        return rc;
    if (!s->uid && !in->executable) {
        close(from);
        *out = og_xstrdup(in->src);
        return OG_OK;
    }
    rc = open_in_folder(s, &dir, err);
    if (rc != OG_OK) {
        close(from);
        return rc;
    }
    char name[80];
    snprintf(name, sizeof name, "%llx-%llx-%llx-%llx%s", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino, (unsigned long long)st.st_mtim.tv_sec,
             (unsigned long long)st.st_mtim.tv_nsec, in->executable ? "-x" : "");
    bool usable = in->executable ? (st.st_mode & S_IXOTH) && (st.st_mode & S_IROTH)
                                 : (st.st_mode & S_IROTH) != 0;
    if (fstatat(dir, name, &have, AT_SYMLINK_NOFOLLOW) < 0 &&
        !(usable && s->uid && st.st_uid != s->uid && linkat(AT_FDCWD, in->src, dir, name, 0) == 0))
        rc = stage_copy(dir, name, from, in->executable, err);
    close(dir);
    close(from);
    if (rc == OG_OK)
        *out = og_io_join(s->in_path, name);
    return rc;
}

void og_scratch_unstage(struct og_scratch *s, char *const *keep, size_t n)
{
    int dir = open(s->in_path, DIR_FLAGS);
    if (dir < 0)
        return;
    size_t skip = strlen(s->in_path) + 1;
    const char **names = og_xcalloc(n + 1, sizeof *names);
    size_t have = 0;
    for (size_t i = 0; i < n; i++)
        if (keep[i] && strncmp(keep[i], s->in_path, skip - 1) == 0)
            names[have++] = keep[i] + skip;
    og_tree_keep_only(dir, names, have);
    free(names);
    close(dir);
}

enum og_job_out_state og_scratch_open_out(const struct og_scratch *s, const char *path, int *in_dir,
                                          int *fd, uint64_t *bytes)
{
    *fd = -1;
    *bytes = 0;
    *in_dir = fcntl(s->fd, F_DUPFD_CLOEXEC, 3);
    const char *slash;
    int e = errno;
    for (; *in_dir >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
        char *part = og_xstrndup(path, (size_t)(slash - path));
        int next = openat(*in_dir, part, DIR_FLAGS);
        e = errno;
        free(part);
        close(*in_dir);
        *in_dir = next;
    }
    struct stat st;
    if (*in_dir >= 0) {
        /* O_NONBLOCK: a pipe put there must not make us wait. */
        *fd = openat(*in_dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        e = errno;
    }
    if (*fd >= 0 && fstat(*fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *bytes = (uint64_t)st.st_size;
        return OG_OUT_OK;
    }
    bool opened = *fd >= 0;
    if (opened)
        close(*fd);
    if (*in_dir >= 0)
        close(*in_dir);
    *fd = *in_dir = -1;
    if (!opened && e == ENOENT)
        return OG_OUT_ABSENT;
    return !opened && e == EACCES ? OG_OUT_UNREADABLE : OG_OUT_NOT_FILE;
}
