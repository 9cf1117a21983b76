/* exec_stream.c - one pipe of a job, from the first byte to the blob. */
#include "exec/exec_stream.h"

#include "base/base_num.h"
#include "exec/exec_keep.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 65536

void og_stream_init(struct og_stream *s, const struct og_job *job, int tee,
                    struct og_job_stream *to)
{
    s->fd = -1;
    s->max = job->out_bytes_max;
    s->tee = tee;
    s->blob_dir = job->blob_dir;
    s->inline_max = og_min_u64(job->inline_max, OG_JOB_INLINE_MAX);
    s->flooded = false;
    s->temp.fd = -1;
    s->temp.tmp_path = NULL;
    s->to = to;
    og_hasher_init(&s->hasher);
}

/* The first bytes stay in memory; with the first one that does not fit all go to a file. */
static enum og_rc keep(struct og_stream *s, const uint8_t *p, size_t n, struct og_err *err)
{
    struct og_job_stream *to = s->to;
    uint64_t old = to->bytes;
    if (old < OG_JOB_INLINE_MAX)
        memcpy(to->text + old, p, (size_t)og_min_u64(n, OG_JOB_INLINE_MAX - old));
    to->bytes += n;
    og_hasher_add(&s->hasher, p, n);
    if (!s->blob_dir || to->bytes <= OG_JOB_INLINE_MAX)
        return OG_OK;
    if (s->temp.fd < 0) {
        enum og_rc rc = og_io_temp_open(s->blob_dir, 0400, &s->temp, err);
        if (rc == OG_OK)
            rc = og_io_write_fd(s->temp.fd, to->text, (size_t)og_min_u64(old, OG_JOB_INLINE_MAX),
                                err);
        if (rc != OG_OK)
            return rc;
    }
    return og_io_write_fd(s->temp.fd, p, n, err);
}

enum og_rc og_stream_pump(struct og_stream *s, struct og_err *err)
{
    uint8_t block[BLOCK];
    while (s->fd >= 0) {
        ssize_t r = read(s->fd, block, sizeof block);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0 && errno == EAGAIN)
            return OG_OK;
        if (r <= 0) {
            close(s->fd);
            s->fd = -1;
            return OG_OK;
        }
        size_t n = (size_t)r;
        if (s->max && n > s->max - s->to->bytes) {
            n = (size_t)(s->max - s->to->bytes);
            s->flooded = true;
        }
        if (n && s->tee > 0 && write(s->tee, block, n) < 0)
            s->tee = -1; /* a follower's file is a courtesy, not a result */
        enum og_rc rc = n ? keep(s, block, n, err) : OG_OK;
        if (rc != OG_OK)
            return rc;
        if ((size_t)r < sizeof block || s->flooded)
            return OG_OK;
    }
    return OG_OK;
}

void og_stream_replace(struct og_stream *s, const char *text)
{
    if (s->temp.fd >= 0)
        og_io_temp_discard(&s->temp);
    og_hasher_init(&s->hasher);
    s->to->bytes = og_min_u64(strlen(text), OG_JOB_INLINE_MAX);
    memcpy(s->to->text, text, (size_t)s->to->bytes);
    og_hasher_add(&s->hasher, text, (size_t)s->to->bytes);
    if (s->tee > 0 && write(s->tee, text, (size_t)s->to->bytes) < 0)
        s->tee = -1;
}

void og_stream_forget(struct og_stream *s)
{
    s->blob_dir = NULL;
    if (s->temp.fd >= 0)
        og_io_temp_discard(&s->temp);
}

enum og_rc og_stream_finish(struct og_stream *s, bool sync, struct og_err *err)
{
    struct og_job_stream *to = s->to;
    enum og_rc rc = OG_OK;
    to->sha256 = og_hasher_final(&s->hasher);
    to->has_inline = to->bytes <= OG_JOB_INLINE_MAX;
    if (s->blob_dir && to->bytes > s->inline_max && s->temp.fd < 0) {
        rc = og_io_temp_open(s->blob_dir, 0400, &s->temp, err);
        if (rc == OG_OK)
            rc = og_io_write_fd(s->temp.fd, to->text, (size_t)to->bytes, err);
    }
    if (rc == OG_OK && s->temp.fd >= 0) {
        rc = og_keep_commit(&s->temp, s->blob_dir, &to->sha256, sync, err);
        to->stored = rc == OG_OK;
    }
    og_stream_release(s);
    return rc;
}

void og_stream_release(struct og_stream *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    if (s->temp.fd >= 0)
        og_io_temp_discard(&s->temp);
}
