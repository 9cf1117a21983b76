/* submit_parts.c - --fetch of a CUDA task in parts: patches of all elements into whole files. */
#include "submit.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "check/check_patch.h"
#include "check/check_result.h"
#include "model/model_cuda.h"
#include "store/store_blob.h"
#include "json/json_get.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATCH_MAX ((size_t)2 << 30)

/* One file that comes to be. */
struct whole {
    const struct og_cuda_param *p;
    char *path;
    struct og_io_temp temp;
    uint64_t bytes;
    uint8_t *seen; /* a bit per element */
};

struct og_parts {
    struct og_submit *s;
    struct og_cuda cuda;
    struct whole *v;
    size_t n;
    uint64_t failed; /* elements that ended otherwise than with 0 */
    uint64_t failed_first, failed_exit;
};

void og_parts_close(struct og_parts *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++) {
        if (p->v[i].temp.fd >= 0)
            og_io_temp_discard(&p->v[i].temp);
        free(p->v[i].path);
        free(p->v[i].seen);
    }
    free(p->v);
    og_cuda_release(&p->cuda);
    free(p);
}

/* The start of an inout buffer: the input's blob. */
static enum og_rc fill(struct og_parts *p, struct whole *w, const json_t *spec, struct og_err *err)
{
    const json_t *in = json_object_get(spec, "in");
    for (size_t i = 0; w->p->path && i < json_array_size(in); i++) {
        const json_t *e = json_array_get(in, i);
        const char *path = json_string_value(json_object_get(e, "path"));
        struct og_hash h;
        if (!path || strcmp(path, w->p->path) != 0)
            continue;
        OG_TRY(og_json_hex(e, "sha256", h.b, OG_HASH_LEN, err));
        OG_TRY(og_json_u64(e, "bytes", OG_CUDA_BYTES_MAX, &w->bytes, err));
        return og_blob_stream(p->s->state_dir, &h, w->bytes, 0, w->temp.fd, err);
    }
    w->bytes = w->p->count * w->p->size;
    if (ftruncate(w->temp.fd, (off_t)w->bytes) < 0)
        return og_err_set(err, OG_E_IO, "cannot make '%s': %s", w->path, strerror(errno));
    return OG_OK;
}

static enum og_rc start(struct og_parts *p, struct whole *w, const json_t *spec, bool force,
                        struct og_err *err)
{
    if (!force && og_io_exists(w->path))
        return og_err_set(err, OG_E_CANTCREATE, "'%s' is there already; --force replaces it",
                          w->path);
    const char *slash = strrchr(w->path, '/');
    char *dir = slash ? og_xstrndup(w->path, (size_t)(slash - w->path)) : og_xstrdup(".");
    enum og_rc rc = *dir ? og_io_mkdirs(dir, 0777, err) : OG_OK;
    if (rc == OG_OK)
        rc = og_io_temp_open(*dir ? dir : "/", 0644, &w->temp, err);
    free(dir);
    if (rc == OG_OK)
        rc = fill(p, w, spec, err);
    if (rc == OG_OK)
        w->seen = og_xcalloc((size_t)(w->bytes / w->p->size / 8 + 1), 1);
    return rc;
}

enum og_rc og_parts_open(struct og_submit *s, const json_t *spec, const char *dir, bool force,
                         struct og_parts **out, struct og_err *err)
{
    struct og_parts *p = og_xcalloc(1, sizeof *p);
    *out = NULL;
    p->s = s;
    enum og_rc rc = og_cuda_parse(json_object_get(spec, "cuda"), &p->cuda, err);
    p->v = og_xcalloc(p->cuda.n_param + 1, sizeof *p->v);
    for (size_t i = 0; rc == OG_OK && i < p->cuda.n_param; i++) {
        struct whole *w = &p->v[p->n];
        if (!p->cuda.param[i].out)
            continue;
        p->n++;
        w->p = &p->cuda.param[i];
        w->temp.fd = -1;
        w->path = dir ? og_io_join(dir, w->p->out) : og_xstrdup(w->p->out);
        rc = start(p, w, spec, force, err);
    }
    if (rc == OG_OK)
        *out = p;
    else
        og_parts_close(p);
    return rc;
}

static enum og_rc write_run(const struct whole *w, const struct og_patch_run *run,
                            struct og_err *err)
{
    for (uint64_t done = 0; done < run->bytes;) {
        ssize_t n = pwrite(w->temp.fd, run->p + done, (size_t)(run->bytes - done),
                           (off_t)(run->offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return og_err_set(err, OG_E_IO, "cannot write '%s': %s", w->path, strerror(errno));
        done += (uint64_t)n;
    }
    return OG_OK;
}

static enum og_rc apply(const struct og_parts *p, struct whole *w, uint64_t element,
                        const struct og_result_blob *b, struct og_err *err)
{
    struct og_buf patch = OG_BUF_INIT;
    size_t at = 0;
    uint64_t last = 0, which = 0;
    bool found = true;
    enum og_rc rc = og_blob_get(p->s->state_dir, &b->sha256, PATCH_MAX, &patch, err);
    while (rc == OG_OK && found) {
        struct og_patch_run run;
        rc = og_patch_next((const uint8_t *)patch.p, patch.len, &at, &last, w->bytes, w->p->size,
                           &run, &found, err);
        if (rc == OG_OK && found && !og_patch_mark(w->seen, &run, w->p->size, &which))
            rc = og_err_set(err, OG_E_DATA,
                            "the blocks are not independent: element %" PRIu64
                            " of '%s' is written by this part and by one before",
                            which, w->p->out);
        if (rc == OG_OK && found)
            rc = write_run(w, &run, err);
    }
    og_buf_release(&patch);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "part %" PRIu64, element);
}

enum og_rc og_parts_add(void *ctx, uint64_t lease, const struct og_result_element *e,
                        struct og_err *err)
{
    struct og_parts *p = ctx;
    (void)lease;
    if (e->exit != 0 && p->failed++ == 0) {
        p->failed_first = e->index;
        p->failed_exit = e->exit;
    }
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < e->out_n; k++)
            if (strcmp(e->out[k].path, p->v[i].p->out) == 0)
                OG_TRY(apply(p, &p->v[i], e->index, &e->out[k].blob, err));
    return OG_OK;
}

enum og_rc og_parts_finish(struct og_parts *p, bool force, og_parts_say_fn say, void *ctx,
                           struct og_err *err)
{
    if (p->failed)
        return og_err_set(
            err, OG_NO, "part %" PRIu64 " ended with %" PRIu64 "%s; --stdout shows what it said",
            p->failed_first, p->failed_exit, p->failed > 1 ? ", and there are more" : "");
    for (size_t i = 0; i < p->n; i++) {
        struct whole *w = &p->v[i];
        struct og_result_out o = {.path = w->p->out};
        if (lseek(w->temp.fd, 0, SEEK_SET) < 0)
            return og_err_set(err, OG_E_IO, "cannot read '%s': %s", w->path, strerror(errno));
        OG_TRY(og_sha256_fd(w->temp.fd, &o.blob.sha256, &o.blob.bytes, err));
        OG_TRY(og_io_temp_commit(&w->temp, w->path,
                                 force ? OG_IO_NOSYNC : OG_IO_NOSYNC | OG_IO_NOCLOBBER, err));
        OG_TRY(say(ctx, &o, w->path, err));
    }
    return OG_OK;
}
