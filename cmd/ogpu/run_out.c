/* run_out.c - what tasks print: live while a single one runs, from the accepted results after. */
#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "check/check_method.h"
#include "check/check_result.h"
#include "run.h"
#include "store/store_blob.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "store/store_want.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK        65536
#define PAGE         256
#define MANIFEST_MAX (1u << 30)
#define RUNS_MAX     256

void run_out_init(struct run_out *o, struct og_store *st)
{
    *o = (struct run_out){.st = st};
    for (int i = 0; i < 2; i++)
        o->live[i] = (struct run_live){.from = -1, .to = i + 1};
}

static void live_close(struct run_out *o)
{
    for (int i = 0; i < 2; i++) {
        if (o->live[i].from >= 0)
            close(o->live[i].from);
        o->live[i].from = -1;
    }
    o->live_lease = 0;
}

void run_out_release(struct run_out *o)
{
    live_close(o);
    for (size_t i = 0; i < o->n; i++)
        free(o->task[i].lease);
    free(o->task);
    *o = (struct run_out){0};
}

struct run_task *run_out_find(struct run_out *o, uint64_t id)
{
    for (size_t i = o->n; i-- > 0;)
        if (o->task[i].id == id)
            return &o->task[i];
    return NULL;
}

enum og_rc run_out_task(struct run_out *o, uint64_t id, struct og_err *err)
{
    struct og_task t = {.id = id};
    bool found;
    OG_TRY(og_row_get(o->st, OG_F_TASK, &t, &found, err));
    if (found && !run_out_find(o, id)) {
        o->task = og_xgrow(o->task, &o->cap, o->n + 1, sizeof *o->task);
        o->task[o->n++] = (struct run_task){.id = id, .count = t.count};
    }
    og_row_release(&og_families[OG_F_TASK], &t);
    return OG_OK;
}

/* Writes to stdout or stderr; a reader that has gone ends the printing, not the accounting. */
static enum og_rc put(struct run_out *o, int fd, const void *p, size_t n, struct og_err *err)
{
    if (o->broken)
        return OG_OK;
    errno = 0;
    enum og_rc rc = og_io_write_fd(fd, p, n, err);
    if (rc == OG_OK || errno != EPIPE)
        return rc;
    o->broken = true;
    return OG_OK;
}

/* Copies what the file holds beyond `skip`; *n: bytes copied. h: NULL or takes the bytes. */
static enum og_rc copy(struct run_out *o, int from, int to, uint64_t skip, struct og_hasher *h,
                       uint64_t *n, struct og_err *err)
{
    char *buf = og_xmalloc(CHUNK);
    enum og_rc rc = OG_OK;
    *n = 0;
    while (rc == OG_OK) {
        ssize_t r = pread(from, buf, CHUNK, (off_t)(skip + *n));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            rc = og_err_set(err, OG_E_IO, "cannot read an output: %s", strerror(errno));
        if (r <= 0)
            break;
        if (h)
            og_hasher_add(h, buf, (size_t)r);
        *n += (uint64_t)r;
        rc = put(o, to, buf, (size_t)r, err);
    }
    free(buf);
    return rc;
}

static enum og_rc live_copy(struct run_out *o, struct og_err *err)
{
    for (int i = 0; i < 2; i++) {
        struct run_live *l = &o->live[i];
        uint64_t n = 0;
        if (l->from < 0)
            continue;
        OG_TRY(copy(o, l->from, l->to, l->done, &l->hash, &n, err));
        l->done += n;
    }
    return OG_OK;
}

static struct run_lease *lease_of(struct run_task *t, uint64_t id)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->lease[i].id == id)
            return &t->lease[i];
    return NULL;
}

/* The files of the running lease of a single task; another attempt goes on where the last one was.
 */
static enum og_rc live_find(struct run_out *o, struct run_task *t, struct og_err *err)
{
    struct og_run *run = og_xcalloc(RUNS_MAX, sizeof *run);
    size_t n;
    enum og_rc rc = og_run_list(o->st, run, RUNS_MAX, &n, err);
    for (size_t i = 0; rc == OG_OK && i < n && i < RUNS_MAX; i++) {
        if (run[i].lease == o->live_lease || !lease_of(t, run[i].lease) || !run[i].out_path[0])
            continue;
        live_close(o);
        o->live_lease = run[i].lease;
        const char *path[2] = {run[i].out_path, run[i].err_path};
        for (int s = 0; s < 2; s++) {
            o->live[s].from = open(path[s], O_RDONLY | O_CLOEXEC);
            if (o->live[s].done == 0)
                og_hasher_init(&o->live[s].hash);
        }
    }
    free(run);
    return rc;
}

/* Learns of new leases and of what became of the others. */
static enum og_rc refresh(struct run_out *o, struct run_task *t, struct og_err *err)
{
    uint64_t page[2 * PAGE];
    size_t n;
    do {
        const uint64_t in[2] = {t->id, t->n ? t->lease[t->n - 1].id : 0};
        OG_TRY(og_query(o->st, OG_Q_LEASES_OF_TASK, in, 2, page, 2, PAGE, &n, err));
        for (size_t i = 0; i < n && i < PAGE; i++) {
            t->lease = og_xgrow(t->lease, &t->cap, t->n + 1, sizeof *t->lease);
            t->lease[t->n++] = (struct run_lease){.id = page[2 * i]};
        }
    } while (n >= PAGE);
    for (size_t i = t->settled; i < t->n; i++) {
        struct run_lease *l = &t->lease[i];
        struct og_lease row = {.id = l->id};
        bool found;
        if (l->ready || l->dead)
            continue;
        OG_TRY(og_row_get(o->st, OG_F_LEASE, &row, &found, err));
        l->ready = found && (row.state == OG_LEASE_ACCEPTED || row.state == OG_LEASE_PAID);
        l->dead = !found || row.state > OG_LEASE_PAID;
        if (row.state == OG_LEASE_REVEALED && row.method == OG_VERIFY_ACCEPT && !l->asked)
            t->accept = l->asked = true;
        l->first = row.first;
        l->count = row.count;
        l->root = row.root;
        og_row_release(&og_families[OG_F_LEASE], &row);
    }
    while (t->settled < t->n && (t->lease[t->settled].ready || t->lease[t->settled].dead))
        t->settled++;
    return OG_OK;
}

static enum og_rc put_blob(struct run_out *o, const struct og_result_blob *b, int to,
                           struct og_err *err)
{
    struct run_live *l = &o->live[to - 1];
    uint64_t skip = l->done;
    uint64_t n;
    if (skip) { /* part of it was printed while it ran */
        struct og_hash seen = og_hasher_final(&l->hash);
        if (skip == b->bytes && memcmp(seen.b, b->sha256.b, OG_HASH_LEN) == 0)
            return OG_OK;
    }
    if (!b->bytes)
        return OG_OK;
    char *path = og_blob_path(og_store_dir(o->st), &b->sha256);
    og_want_blob(og_store_dir(o->st), &b->sha256);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum og_rc rc = OG_OK;
    if (fd < 0)
        rc = og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", path, strerror(errno));
    else
        rc = copy(o, fd, to, skip, NULL, &n, err);
    if (fd >= 0)
        close(fd);
    free(path);
    return rc;
}

static enum og_rc print_line(struct run_out *o, const char *line, size_t n, struct og_err *err)
{
    struct og_result_element e;
    struct og_err ignored = {0};
    if (og_result_parse(line, n, &e, &ignored) != OG_OK)
        return OG_OK; /* a kernel's result has leaves of another kind and prints nothing */
    enum og_rc rc = put_blob(o, &e.stdout_blob, 1, err);
    if (rc == OG_OK)
        rc = put_blob(o, &e.stderr_blob, 2, err);
    og_result_release(&e);
    return rc;
}

/* Elements of an accepted lease from `skip` on. */
static enum og_rc print_lease(struct run_out *o, const struct run_lease *l, uint64_t skip,
                              struct og_err *err)
{
    struct og_manifest m;
    struct og_buf text = OG_BUF_INIT;
    bool found;
    OG_TRY(og_manifest_get(o->st, &l->root, &m, &found, err));
    if (!found && og_want_manifest(og_store_dir(o->st), &l->root))
        OG_TRY(og_manifest_get(o->st, &l->root, &m, &found, err));
    if (!found) {
        og_log(OG_LOG_WARNING, "the output of lease %" PRIu64 " is not on this machine", l->id);
        return OG_OK;
    }
    enum og_rc rc = og_blob_get(og_store_dir(o->st), &m.sha256, MANIFEST_MAX, &text, err);
    size_t at = 0;
    for (uint64_t i = 0; rc == OG_OK && i < l->count && at < text.len; i++) {
        const char *end = memchr(text.p + at, '\n', text.len - at);
        size_t n = end ? (size_t)(end - (text.p + at)) : text.len - at;
        if (i >= skip)
            rc = print_line(o, text.p + at, n, err);
        at += n + 1;
    }
    og_buf_release(&text);
    return rc;
}

/* The accepted lease that holds element t->next; NULL: none, *later: where the next one begins.
 * Leases mostly stand in the order of their elements: the search goes on where it last ended. */
static const struct run_lease *holder(struct run_task *t, uint64_t *later)
{
    *later = t->count;
    for (size_t k = 0; k < t->n; k++) {
        size_t i = (t->hint + k) % t->n;
        const struct run_lease *l = &t->lease[i];
        if (!l->ready || l->count == 0 || l->first + l->count <= t->next)
            continue;
        if (l->first <= t->next) {
            t->hint = i;
            return l;
        }
        if (l->first < *later)
            *later = l->first;
    }
    return NULL;
}

static enum og_rc step_task(struct run_out *o, struct run_task *t, bool last, struct og_err *err)
{
    OG_TRY(refresh(o, t, err));
    if (t->count == 1 && t->next == 0)
        OG_TRY(live_find(o, t, err));
    OG_TRY(live_copy(o, err));
    while (t->next < t->count) {
        uint64_t later;
        const struct run_lease *l = holder(t, &later);
        if (!l && !t->ended && !last)
            return OG_OK;
        if (l) {
            OG_TRY(print_lease(o, l, t->next - l->first, err));
            t->next = l->first + l->count;
        } else {
            t->next = later; /* elements that never came to a result */
        }
    }
    live_close(o);
    o->live[0].done = o->live[1].done = 0;
    return OG_OK;
}

enum og_rc run_out_step(struct run_out *o, bool last, struct og_err *err)
{
    while (o->at < o->n) {
        struct run_task *t = &o->task[o->at];
        OG_TRY(step_task(o, t, last, err));
        if (t->next < t->count)
            return OG_OK;
        o->at++;
    }
    return OG_OK;
}
