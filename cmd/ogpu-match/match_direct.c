/* match_direct.c - --lap FILE ...: solves other people's assignment instances, a record for each.
 */
#include "match.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "match/match_lapcert.h"
#include "match/match_lapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES  ((size_t)1 << 18)
#define SPARSE_ROWS 20000 /* more rows than this, and no fewer columns: read as they are needed */

/* A LAP1 file whose rows are read when the solver asks for them. */
struct rows {
    int fd;
    size_t m;
    uint8_t *bytes; /* one row */
    bool failed;    /* a read did: err says how */
    struct og_err err;
};

static void read_row(void *user, size_t i, int64_t *out)
{
    struct rows *r = user;
    size_t size = 4 * r->m, got = 0;
    while (got < size && !r->failed) {
        off_t at = (off_t)(OG_LAPFILE_HEAD + i * size + got);
        ssize_t k = pread(r->fd, r->bytes + got, size - got, at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) {
            og_err_set(&r->err, k < 0 ? OG_E_IO : OG_E_DATA, "cannot read row %zu: %s", i,
                       k < 0 ? strerror(errno) : "the file has become shorter");
            r->failed = true;
        } else {
            got += (size_t)k;
        }
    }
    for (size_t j = 0; j < r->m; j++) {
        int32_t c = got == size ? og_lapfile_cell(r->bytes + 4 * j) : OG_LAP_NONE32;
        out[j] = c >= OG_LAP_NONE32 ? OG_COST_NONE : c;
    }
}

static bool time_is_up(void *user)
{
    const uint64_t *until_ms = user;
    return *until_ms > 0 && og_time_mono_ms() >= *until_ms;
}

static enum og_rc print(const struct match_opts *o, const char *name, const struct og_lap_result *r,
                        uint64_t us, struct og_err *err)
{
    double seconds = (double)us / 1e6;
    if (o->common.human) {
        printf("%s: %zu x %zu, %zu matched, cost %" PRId64 ", %.3f s, %s\n", name, r->n, r->m,
               r->matched, r->cost, seconds, r->optimal ? "certified" : "not proven cheapest");
        return OG_OK;
    }
    json_t *rec = json_object();
    json_object_set_new(rec, "kind", json_string("lap"));
    json_object_set_new(rec, "v", json_integer(1));
    json_object_set_new(rec, "file", json_string(name));
    json_object_set_new(rec, "n", json_integer((json_int_t)r->n));
    json_object_set_new(rec, "m", json_integer((json_int_t)r->m));
    json_object_set_new(rec, "matched", json_integer((json_int_t)r->matched));
    json_object_set_new(rec, "cost", json_integer(r->cost));
    json_object_set_new(rec, "seconds", json_real(seconds));
    json_object_set_new(rec, "certified", json_boolean(r->optimal));
    if (!r->optimal)
        json_object_set_new(rec, "gap", json_integer(r->gap));
    if (json_object_get(rec, "file") == NULL) /* a name that is not UTF-8 */
        json_object_set_new(rec, "file", json_null());
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc solve(const struct match_opts *o, const char *name, struct og_lap_problem *p,
                        struct og_err *err)
{
    struct og_lap_result r;
    uint64_t start = og_time_mono_us(), us;
    uint64_t until_ms = o->budget_ms > 0 ? og_time_mono_ms() + o->budget_ms : 0;
    p->stop = time_is_up;
    p->stop_user = &until_ms;
    enum og_rc rc = og_lap_solve(p, &r, err);
    us = og_time_mono_us() - start;
    if (rc == OG_OK && r.optimal && og_lapcert_check(p, r.x, r.u, r.v, err) != OG_OK)
        rc = og_err_wrap(err, OG_E_INTERNAL, "the certificate does not hold");
    if (rc == OG_OK)
        rc = print(o, name, &r, us, err);
    og_lap_result_release(&r);
    return rc;
}

static enum og_rc solve_rows(const struct match_opts *o, const char *name, int fd, size_t n,
                             size_t m, struct og_err *err)
{
    struct rows r = {.fd = fd, .m = m, .bytes = og_xmalloc(4 * m)};
    struct og_lap_problem p = {.n = n, .m = m, .row = read_row, .row_user = &r};
    enum og_rc rc = solve(o, name, &p, err);
    if (r.failed) {
        *err = r.err;
        rc = r.err.rc;
    }
    free(r.bytes);
    return rc;
}

static enum og_rc solve_stream(const struct match_opts *o, const char *name, int fd,
                               struct og_err *err)
{
    struct og_lapfile *f = og_lapfile_new();
    struct og_lap_problem p = {0};
    uint8_t *buf = og_xmalloc(READ_BYTES);
    enum og_rc rc = OG_OK;
    for (ssize_t k = 1; rc == OG_OK && k != 0;) {
        k = read(fd, buf, READ_BYTES);
        if (k < 0 && errno != EINTR)
            rc = og_err_set(err, OG_E_IO, "cannot read: %s", strerror(errno));
        else if (k > 0)
            rc = og_lapfile_feed(f, buf, (size_t)k, err);
    }
    free(buf);
    if (rc == OG_OK)
        rc = og_lapfile_end(f, &p.n, &p.m, &p.c32, err);
    if (rc == OG_OK)
        rc = solve(o, name, &p, err);
    og_lapfile_free(f);
    return rc;
}

/* Is it a LAP1 file with more rows than are read into memory? Then its length must be right. */
static enum og_rc look_at(int fd, size_t *n, size_t *m, bool *big, struct og_err *err)
{
    uint8_t head[OG_LAPFILE_HEAD];
    struct stat st;
    *big = false;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < OG_LAPFILE_HEAD ||
        pread(fd, head, sizeof head, 0) != (ssize_t)sizeof head || memcmp(head, "LAP1", 4) != 0)
        return OG_OK;
    OG_TRY(og_lapfile_head(head, n, m, err));
    *big = (*n > SPARSE_ROWS && *n <= *m) || (uint64_t)*n * *m > OG_LAPFILE_CELLS;
    if (*big && (uint64_t)st.st_size != OG_LAPFILE_HEAD + 4 * (uint64_t)*n * *m)
        return og_err_set(err, OG_E_DATA, "%jd bytes are not a header and %zu x %zu cells",
                          (intmax_t)st.st_size, *n, *m);
    return OG_OK;
}

static enum og_rc solve_file(const struct match_opts *o, const char *path, struct og_err *err)
{
    bool is_stdin = strcmp(path, "-") == 0, big;
    const char *name = is_stdin ? "stdin" : path;
    size_t n = 0, m = 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s': %s", path, strerror(errno));
    enum og_rc rc = look_at(fd, &n, &m, &big, err);
    if (rc == OG_OK)
        rc = big ? solve_rows(o, name, fd, n, m, err) : solve_stream(o, name, fd, err);
    if (!is_stdin)
        close(fd);
    return rc == OG_OK ? OG_OK : og_err_wrap(err, rc, "'%s'", name);
}

enum og_rc match_lap(const struct match_opts *opts, struct og_err *err)
{
    enum og_rc first = OG_OK;
    if (opts->files == 0)
        return og_err_set(err, OG_E_USAGE, "--lap wants a FILE; '-' is stdin");
    for (size_t k = 0; k < opts->files; k++) {
        struct og_err now = {0};
        enum og_rc rc = solve_file(opts, opts->file[k], &now);
        if (rc == OG_OK)
            continue;
        if (first == OG_OK)
            first = rc;
        else
            og_log(OG_LOG_ERROR, "%s", err->msg); /* main says the last one */
        *err = now;
    }
    return first;
}
