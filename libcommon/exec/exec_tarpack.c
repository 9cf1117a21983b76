/* exec_tarpack.c - a folder as a tar archive: the same bytes for the same tree on every machine. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "exec/exec_tar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK     512
#define DEPTH_MAX 128

struct pack {
    int fd;
    uint64_t entries;
};

static enum og_rc put_header(struct pack *p, const char *name, const char *link, char type,
                             unsigned mode, uint64_t bytes, struct og_err *err)
{
    char h[BLOCK] = {0};
    char size[16];
    unsigned sum = 0;
    memcpy(h, name, og_min_u64(strlen(name), 100));
    snprintf(h + 100, 8, "%07o", mode);
    snprintf(h + 108, 8, "%07o", 0u);
    snprintf(h + 116, 8, "%07o", 0u);
    if (bytes >> 33) { /* base 256 */
        h[124] = (char)0x80;
        og_put_be64((uint8_t *)h + 128, bytes);
    } else {
        snprintf(size, sizeof size, "%011llo", (unsigned long long)bytes);
        memcpy(h + 124, size, 12);
    }
    snprintf(h + 136, 12, "%011o", 0u);
    h[156] = type;
    if (link)
        memcpy(h + 157, link, og_min_u64(strlen(link), 100));
    memcpy(h + 257, "ustar\00000", 8);
    memset(h + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += (uint8_t)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    h[155] = ' ';
    return og_io_write_fd(p->fd, h, sizeof h, err);
}

static enum og_rc pad(struct pack *p, uint64_t bytes, struct og_err *err)
{
    static const char zero[BLOCK];
    return og_io_write_fd(p->fd, zero, (BLOCK - bytes % BLOCK) % BLOCK, err);
}

/* A name of more than 100 bytes goes before its entry. */
static enum og_rc put_long(struct pack *p, const char *name, char type, struct og_err *err)
{
    size_t n = strlen(name) + 1;
    if (n <= 100)
        return OG_OK;
    OG_TRY(put_header(p, "././@LongLink", NULL, type, 0644, n, err));
    OG_TRY(og_io_write_fd(p->fd, name, n, err));
    return pad(p, n, err);
}

static enum og_rc put_entry(struct pack *p, const char *name, const char *link, char type,
                            unsigned mode, uint64_t bytes, struct og_err *err)
{
    if (++p->entries > OG_TAR_ENTRIES_MAX)
        return og_err_set(err, OG_E_DATA, "more than %d files", OG_TAR_ENTRIES_MAX);
    OG_TRY(put_long(p, name, 'L', err));
    if (link)
        OG_TRY(put_long(p, link, 'K', err));
    return put_header(p, name, link, type, mode, bytes, err);
}

static enum og_rc put_file(struct pack *p, int dir, const char *base, const char *name,
                           struct og_err *err)
{
    struct stat st;
    char block[65536];
    int fd = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        enum og_rc rc =
            og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", name, strerror(errno));
        if (fd >= 0)
            close(fd);
        return rc;
    }
    uint64_t left = (uint64_t)st.st_size;
    enum og_rc rc = put_entry(p, name, NULL, '0', st.st_mode & 0111 ? 0755 : 0644, left, err);
    while (rc == OG_OK && left) {
        ssize_t n = read(fd, block, (size_t)og_min_u64(left, sizeof block));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            rc = og_err_set(err, OG_E_IO, "'%s' changed while it was read", name);
        else
            rc = og_io_write_fd(p->fd, block, (size_t)n, err);
        left -= n > 0 ? (uint64_t)n : 0;
    }
    close(fd);
    return rc == OG_OK ? pad(p, (uint64_t)st.st_size, err) : rc;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int no_dots(const struct dirent *d)
{
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static enum og_rc put_folder(struct pack *p, int dir, const char *name, int depth,
                             struct og_err *err);

static enum og_rc put_one(struct pack *p, int dir, const char *base, const char *name, int depth,
                          struct og_err *err)
{
    struct stat st;
    char link[OG_TAR_NAME_MAX];
    if (strlen(name) + 1 >= OG_TAR_NAME_MAX)
        return og_err_set(err, OG_E_DATA, "the name '%.80s...' is too long", name);
    if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot look at '%s': %s", name, strerror(errno));
    if (S_ISREG(st.st_mode))
        return put_file(p, dir, base, name, err);
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlinkat(dir, base, link, sizeof link - 1);
        if (n < 0)
            return og_err_set(err, OG_E_NOINPUT, "cannot read '%s': %s", name, strerror(errno));
        link[n] = '\0';
        return put_entry(p, name, link, '2', 0777, 0, err);
    }
    if (!S_ISDIR(st.st_mode))
        return OG_OK;
    if (depth == DEPTH_MAX)
        return og_err_set(err, OG_E_DATA, "'%s' lies deeper than %d folders", name, DEPTH_MAX);
    OG_TRY(put_entry(p, name, NULL, '5', 0755, 0, err));
    int fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", name, strerror(errno));
    enum og_rc rc = put_folder(p, fd, name, depth + 1, err);
    close(fd);
    return rc;
}

static enum og_rc put_folder(struct pack *p, int dir, const char *name, int depth,
                             struct og_err *err)
{
    struct dirent **list;
    int n = scandirat(dir, ".", &list, no_dots, by_name);
    if (n < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot list '%s': %s", name, strerror(errno));
    enum og_rc rc = OG_OK;
    for (int i = 0; i < n; i++) {
        char *full = *name ? og_io_join(name, list[i]->d_name) : og_xstrdup(list[i]->d_name);
        if (rc == OG_OK)
            rc = put_one(p, dir, list[i]->d_name, full, depth, err);
        free(full);
        free(list[i]);
    }
    free(list);
    return rc;
}

enum og_rc og_tar_pack(const char *dir, int fd, struct og_err *err)
{
    static const char zero[2 * BLOCK];
    struct pack p = {.fd = fd};
    int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (top < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", dir, strerror(errno));
    enum og_rc rc = put_folder(&p, top, "", 0, err);
    close(top);
    return rc == OG_OK ? og_io_write_fd(fd, zero, sizeof zero, err) : rc;
}
