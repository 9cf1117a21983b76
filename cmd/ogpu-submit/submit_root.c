/* submit_root.c - --root: a folder packed into an archive, or an archive as it is. */
#include "submit.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "exec/exec_tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A bundle of OCI holds the files below "rootfs", beside its config.json. */
static char *files_of(const char *path)
{
    char *rootfs = og_io_join(path, "rootfs"), *config = og_io_join(path, "config.json");
    bool bundle = og_io_exists(rootfs) && og_io_exists(config);
    free(config);
    if (bundle)
        return rootfs;
    free(rootfs);
    return og_xstrdup(path);
}

static enum og_rc pack(const char *path, int *out, struct og_err *err)
{
    const char *tmp = getenv("TMPDIR");
    *out = open(tmp && *tmp ? tmp : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC,
                0600); /* allowed: no name */
    if (*out < 0)
        return og_err_set(err, OG_E_CANTCREATE, "cannot make a file for the archive of '%s': %s",
                          path, strerror(errno));
    char *files = files_of(path);
    enum og_rc rc = og_tar_pack(files, *out, err);
    free(files);
    if (rc == OG_OK && lseek(*out, 0, SEEK_SET) != 0)
        rc = og_err_set(err, OG_E_IO, "cannot read the archive of '%s'", path);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "'%.200s'", path);
}

/* Every header is looked at, so that a node does not have to refuse it for money. */
static enum og_rc check_archive(int fd, const char *path, struct og_err *err)
{
    struct og_tar t;
    struct og_tar_entry *e = og_xmalloc(sizeof *e);
    bool end = false;
    uint8_t head[2] = {0, 0};
    enum og_rc rc = OG_OK;
    if (pread(fd, head, 2, 0) == 2 && head[0] == 0x1f && head[1] == 0x8b)
        rc = og_err_set(err, OG_E_DATA, "it is compressed; take the output of 'gunzip'");
    og_tar_open(&t, fd);
    while (rc == OG_OK && !end)
        rc = og_tar_next(&t, e, &end, err);
    free(e);
    if (rc == OG_OK && t.entries == 0)
        rc = og_err_set(err, OG_E_DATA, "the archive is empty");
    if (rc == OG_OK && lseek(fd, 0, SEEK_SET) != 0)
        rc = og_err_set(err, OG_E_IO, "cannot read it again");
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "'%.200s'", path);
}

static enum og_rc take(struct og_input *f, const char *path, struct og_err *err)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%.200s': %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        OG_TRY(pack(path, &f->packed, err));
        return og_sha256_fd(f->packed, &f->sha256, &f->bytes, err);
    }
    int fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "'%.200s' is neither a folder nor a file to read",
                          path);
    enum og_rc rc = check_archive(fd, path, err);
    if (rc == OG_OK)
        rc = og_sha256_fd(fd, &f->sha256, &f->bytes, err);
    close(fd);
    return rc;
}

enum og_rc og_inputs_root(struct og_inputs *in, const char *path, const struct og_input **out,
                          struct og_err *err)
{
    *out = NULL;
    for (size_t i = 0; i < in->n; i++)
        if (in->v[i].is_root && strcmp(in->v[i].path, path) == 0) {
            *out = &in->v[i];
            return OG_OK;
        }
    struct og_input f = {.path = og_xstrdup(path), .packed = -1, .is_root = true};
    enum og_rc rc = take(&f, path, err);
    if (rc != OG_OK) {
        if (f.packed >= 0)
            close(f.packed);
        free(f.path);
        return rc;
    }
    in->v = og_xgrow(in->v, &in->cap, in->n + 1, sizeof *in->v);
    in->v[in->n] = f;
    *out = &in->v[in->n++];
    return OG_OK;
}
