/* exec_keep.c - copies or renames finished files to their content's name. */
#include "exec/exec_keep.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 65536

char *og_keep_place(const char *blob_dir, const struct og_hash *h)
{
    char hex[2 * OG_HASH_LEN + 1];
    og_hex_encode(h->b, OG_HASH_LEN, hex);
    size_t n = strlen(blob_dir);
    char *p = og_xmalloc(n + 5 + 2 * OG_HASH_LEN);
    memcpy(p, blob_dir, n);
    p[n] = '/';
    memcpy(p + n + 1, hex, 2);
    p[n + 3] = '/';
    memcpy(p + n + 4, hex, sizeof hex);
    return p;
}

/* The folder of the first two digits. */
static enum og_rc make_folder(char *place, struct og_err *err)
{
    char *slash = strrchr(place, '/');
    *slash = '\0';
    enum og_rc rc = OG_OK;
    if (mkdir(place, 0700) < 0 && errno != EEXIST)
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", place, strerror(errno));
    *slash = '/';
    return rc;
}

enum og_rc og_keep_commit(struct og_io_temp *t, const char *blob_dir, const struct og_hash *h,
                          bool sync, struct og_err *err)
{
    char *place = og_keep_place(blob_dir, h);
    enum og_rc rc = OG_OK;
    /* the change time of what is there becomes now, so that a prune under way spares it */
    if (utimensat(AT_FDCWD, place, NULL, 0) == 0 || access(place, F_OK) == 0)
        og_io_temp_discard(t);
    else if ((rc = make_folder(place, err)) != OG_OK)
        og_io_temp_discard(t);
    else
        rc = og_io_temp_commit(t, place, sync ? OG_IO_REPLACE : OG_IO_NOSYNC, err);
    free(place);
    return rc;
}

/* Ours alone, read-only, under its name. */
static bool try_move(int fd, const char *blob_dir, bool sync, int move_dir, const char *name,
                     const struct og_hash *h)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_nlink != 1 || (st.st_uid != geteuid() && geteuid() != 0))
        return false;
    if (st.st_uid != geteuid() && fchown(fd, geteuid(), getegid()) < 0)
        return false;
    if (fchmod(fd, 0400) < 0 || (sync && fsync(fd) < 0))
        return false;
    char *place = og_keep_place(blob_dir, h);
    struct og_err ignored;
    bool ok =
        make_folder(place, &ignored) == OG_OK && renameat(move_dir, name, AT_FDCWD, place) == 0;
    if (ok && sync) {
        *strrchr(place, '/') = '\0';
        int d = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (d >= 0) {
            fsync(d);
            close(d);
        }
    }
    free(place);
    return ok;
}

/* Hash of at most max bytes; a copy into `to` when it is >= 0. */
static enum og_rc hash_copy(int fd, int to, uint64_t max, struct og_hash *h, uint64_t *bytes,
                            struct og_err *err)
{
    uint8_t *block = og_xmalloc(BLOCK);
    struct og_hasher hs;
    og_hasher_init(&hs);
    uint64_t n = 0;
    enum og_rc rc = OG_OK;
    while (rc == OG_OK) {
        ssize_t r = pread(fd, block, BLOCK, (off_t)n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            rc = og_err_set(err, OG_E_IO, "read failed: %s", strerror(errno));
        if (r <= 0)
            break;
        n += (uint64_t)r;
        if (n > max)
            rc = og_err_set(err, OG_E_DATA, "longer than %llu bytes", (unsigned long long)max);
        else
            og_hasher_add(&hs, block, (size_t)r);
        if (rc == OG_OK && to >= 0)
            rc = og_io_write_fd(to, block, (size_t)r, err);
    }
    free(block);
    *h = og_hasher_final(&hs);
    *bytes = n;
    return rc;
}

enum og_rc og_keep_fd(int fd, uint64_t max, const char *blob_dir, bool sync, int move_dir,
                      const char *move_name, struct og_hash *h, uint64_t *bytes, struct og_err *err)
{
    if (!blob_dir)
        return hash_copy(fd, -1, max, h, bytes, err);
    if (move_dir >= 0) {
        enum og_rc rc = hash_copy(fd, -1, max, h, bytes, err);
        if (rc != OG_OK || try_move(fd, blob_dir, sync, move_dir, move_name, h))
            return rc;
    }
    struct og_io_temp t;
    enum og_rc rc = og_io_temp_open(blob_dir, 0400, &t, err);
    if (rc != OG_OK)
        return rc;
    rc = hash_copy(fd, t.fd, max, h, bytes, err);
    if (rc != OG_OK) {
        og_io_temp_discard(&t);
        return rc;
    }
    return og_keep_commit(&t, blob_dir, h, sync, err);
}

enum og_rc og_keep_copy_fd(int from, int to, struct og_err *err)
{
    if (ioctl(to, FICLONE, from) == 0)
        return OG_OK;
    off_t at = 0;
    for (;;) {
        ssize_t n = copy_file_range(from, &at, to, NULL, 1u << 30, 0);
        if (n == 0)
            return OG_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && at == 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS))
            break;
        if (n < 0)
            return og_err_set(err, OG_E_IO, "copy failed: %s", strerror(errno));
    }
    struct og_hash h;
    uint64_t bytes;
    return hash_copy(from, to, UINT64_MAX, &h, &bytes, err);
}
