/* submit_follow.c - --follow: what the elements print, in their order, as it comes. */
#include "submit.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_result.h"
#include "model/model_records.h"
#include "store/store_blob.h"
#include "store/store_row.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS_MAX 4096
#define PIECE    (256u * 1024)

struct og_follow {
    struct og_submit *s;
    const uint64_t *ids;
    size_t n, at;        /* the task whose turn it is */
    uint64_t element;    /* and its element */
    uint64_t lease;      /* that printed what was shown last, 0: none */
    uint64_t shown[2];   /* bytes of its stdout and stderr that are ahead of the elements */
    struct og_run *runs; /* RUNS_MAX */
    char *piece;
};

struct og_follow *og_follow_new(struct og_submit *s, const uint64_t *ids, size_t n)
{
    struct og_follow *f = og_xcalloc(1, sizeof *f);
    f->s = s;
    f->ids = ids;
    f->n = n;
    f->runs = og_xcalloc(RUNS_MAX, sizeof *f->runs);
    f->piece = og_xmalloc(PIECE);
    return f;
}

void og_follow_free(struct og_follow *f)
{
    if (!f)
        return;
    free(f->runs);
    free(f->piece);
    free(f);
}

/* Another lease than the one whose output was shown: it starts anew. */
static void switch_to(struct og_follow *f, uint64_t lease)
{
    if (f->lease == lease)
        return;
    if (f->shown[0] || f->shown[1])
        og_log(OG_LOG_WARNING,
               "element %" PRIu64 " of task %" PRIu64 " runs again: its output starts anew",
               f->element, f->ids[f->at]);
    f->shown[0] = f->shown[1] = 0;
    f->lease = lease;
}

static enum og_rc show_stream(struct og_follow *f, const struct og_result_blob *b, int which,
                              struct og_err *err)
{
    uint64_t seen = og_min_u64(f->shown[which], b->bytes);
    f->shown[which] -= seen;
    if (seen == b->bytes)
        return OG_OK;
    return og_blob_stream(f->s->state_dir, &b->sha256, b->bytes, seen,
                          which ? STDERR_FILENO : STDOUT_FILENO, err);
}

static enum og_rc show_result(void *ctx, uint64_t lease, const struct og_result_element *e,
                              struct og_err *err)
{
    struct og_follow *f = ctx;
    switch_to(f, lease);
    OG_TRY(show_stream(f, &e->stdout_blob, 0, err));
    OG_TRY(show_stream(f, &e->stderr_blob, 1, err));
    f->element = e->index + 1;
    return OG_OK;
}

/* The run of the lease that the element is in. What it prints can be shown when it is followed
 * already, or when the element is its first. */
static enum og_rc find_run(struct og_follow *f, struct og_run *out, bool *found, struct og_err *err)
{
    size_t n;
    *found = false;
    OG_TRY(og_run_list(f->s->store, f->runs, RUNS_MAX, &n, err));
    for (size_t i = 0; i < n && !*found; i++) {
        struct og_lease ls = {.id = f->runs[i].lease};
        bool there;
        OG_TRY(og_row_get(f->s->store, OG_F_LEASE, &ls, &there, err));
        *found =
            there && ls.task == f->ids[f->at] && ls.state == OG_LEASE_RUNNING &&
            (f->element == ls.first || (f->lease == ls.id && f->element < ls.first + ls.count));
        og_row_release(&og_families[OG_F_LEASE], &ls);
        *out = f->runs[i];
    }
    return OG_OK;
}

/* The next piece of a file that grows; 0 bytes when there is none. */
static size_t read_piece(struct og_follow *f, const char *path, uint64_t at)
{
    int fd = path[0] ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (fd < 0)
        return 0;
    ssize_t r = pread(fd, f->piece, PIECE, (off_t)at);
    close(fd);
    return r > 0 ? (size_t)r : 0;
}

/* A lease's elements print one after another into the same two files. */
static enum og_rc show_live(struct og_follow *f, struct og_err *err)
{
    static const int to[2] = {STDOUT_FILENO, STDERR_FILENO};
    struct og_run run = {0};
    bool found;
    size_t n;
    OG_TRY(find_run(f, &run, &found, err));
    if (!found)
        return OG_OK;
    switch_to(f, run.lease);
    for (size_t i = 0; i < 2; i++) {
        const char *path = i ? run.err_path : run.out_path;
        while ((n = read_piece(f, path, f->shown[i])) > 0) {
            OG_TRY(og_io_write_fd(to[i], f->piece, n, err));
            f->shown[i] += n;
        }
    }
    return OG_OK;
}

enum og_rc og_follow_step(struct og_follow *f, bool *done, struct og_err *err)
{
    *done = false;
    while (f->at < f->n) {
        struct og_task t = {.id = f->ids[f->at]};
        uint64_t next;
        OG_TRY(og_row_need(f->s->store, OG_F_TASK, &t, err));
        bool ended = t.state >= OG_TASK_PAID;
        uint64_t count = t.count;
        og_row_release(&og_families[OG_F_TASK], &t);
        OG_TRY(og_results_from(f->s, f->ids[f->at], f->element, show_result, f, &next, err));
        if (next < count && !ended)
            return show_live(f, err);
        f->at++;
        f->element = f->lease = f->shown[0] = f->shown[1] = 0;
    }
    *done = true;
    return OG_OK;
}
