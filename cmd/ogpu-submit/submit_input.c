/* submit_input.c - input files: hashed once while records are checked, stored after. */
#include "submit.h"

#include "base/base_mem.h"
#include "store/store_blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum og_rc hash_file(struct og_input *f, struct og_err *err)
{
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", f->path, strerror(errno));
    struct stat sb;
    enum og_rc rc = OG_OK;
    if (fstat(fd, &sb) < 0 || !S_ISREG(sb.st_mode))
        rc = og_err_set(err, OG_E_NOINPUT, "'%s' is not a regular file", f->path);
    if (rc == OG_OK) {
        f->executable = (sb.st_mode & S_IXUSR) != 0;
        rc = og_sha256_fd(fd, &f->sha256, &f->bytes, err);
        if (rc != OG_OK)
            og_err_wrap(err, rc, "'%s'", f->path);
    }
    close(fd);
    return rc;
}

enum og_rc og_inputs_add(struct og_inputs *in, const char *path, const struct og_input **out,
                         struct og_err *err)
{
    char tame[OG_TASKREC_PATH_MAX + 1];
    *out = NULL;
    if (!og_taskrec_path(path, tame))
        return og_err_set(err, OG_E_DATA, "'%.200s' is not a relative path that stays inside",
                          path);
    const uint64_t *known = og_strmap_find(&in->by_path, tame, strlen(tame));
    if (known) {
        *out = &in->v[*known];
        return OG_OK;
    }
    struct og_input f = {.path = og_xstrdup(tame), .packed = -1};
    enum og_rc rc = hash_file(&f, err);
    if (rc != OG_OK) {
        free(f.path);
        return rc;
    }
    in->v = og_xgrow(in->v, &in->cap, in->n + 1, sizeof *in->v);
    in->v[in->n] = f;
    og_strmap_at(&in->by_path, f.path, strlen(f.path), in->n);
    *out = &in->v[in->n++];
    return OG_OK;
}

enum og_rc og_inputs_store(const struct og_inputs *in, const char *state_dir, struct og_err *err)
{
    for (size_t i = 0; i < in->n; i++) {
        const struct og_input *f = &in->v[i];
        struct og_hash h;
        uint64_t bytes;
        if (og_blob_has(state_dir, &f->sha256))
            continue;
        if (f->packed >= 0 && lseek(f->packed, 0, SEEK_SET) != 0)
            return og_err_set(err, OG_E_IO, "cannot read the archive of '%s' again", f->path);
        OG_TRY(f->packed >= 0 ? og_blob_put_fd(state_dir, f->packed, true, &h, &bytes, err)
                              : og_blob_put_file(state_dir, f->path, true, &h, &bytes, err));
        if (memcmp(h.b, f->sha256.b, OG_HASH_LEN) != 0)
            return og_err_set(err, OG_E_DATA, "'%s' changed while it was read", f->path);
    }
    return OG_OK;
}

void og_inputs_release(struct og_inputs *in)
{
    for (size_t i = 0; i < in->n; i++) {
        if (in->v[i].packed >= 0)
            close(in->v[i].packed);
        free(in->v[i].path);
    }
    free(in->v);
    og_strmap_release(&in->by_path);
    *in = (struct og_inputs){0};
}
