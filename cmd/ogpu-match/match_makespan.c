/* match_makespan.c - makespans of files of expected times, with their bounds. */
#include "match.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "cli/cli_table.h"
#include "match/match_braun.h"
#include "match/match_makespan.h"
#include "json/json_canon.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file solved. */
struct solved {
    const char *file;
    struct og_braun in;
    struct og_makespan found;
    int32_t *x;
    uint32_t *price;
    uint64_t gap_ppm, us;
};

static void release(struct solved *s)
{
    og_braun_release(&s->in);
    free(s->x);
    free(s->price);
}

static bool time_is_up(void *at)
{
    return og_time_mono_us() >= *(const uint64_t *)at;
}

static enum og_rc read_times(struct solved *s, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    enum og_rc rc = strcmp(s->file, "-") == 0
                        ? og_io_read_fd(STDIN_FILENO, OG_BRAUN_BYTES_MAX, &text, err)
                        : og_io_read_file(s->file, OG_BRAUN_BYTES_MAX, &text, err);
    if (rc == OG_OK) {
        rc = og_braun_parse(text.p ? text.p : "", text.len, &s->in, err);
        if (rc != OG_OK)
            rc = og_err_wrap(err, rc, "'%s'", s->file);
    }
    og_buf_release(&text);
    return rc;
}

/* The budget counts from here: reading is not in it, as it may have to wait. */
static enum og_rc solve(const struct match_opts *opts, struct solved *s, struct og_err *err)
{
    uint64_t start = og_time_mono_us(), end = start + opts->budget_ms * 1000;
    struct og_makespan_opts o = {.steps = opts->budget_ms ? UINT64_MAX : 0,
                                 .stop = opts->budget_ms ? time_is_up : NULL,
                                 .stop_at = &end};
    const struct og_braun *in = &s->in;
    s->x = og_xcalloc(in->n + 1, sizeof *s->x);
    s->price = og_xcalloc(in->m + 1, sizeof *s->price);
    enum og_rc rc = og_makespan_solve(in->n, in->m, in->p, &o, s->x, s->price, &s->found, err);
    s->us = og_time_mono_us() - start;
    if (rc == OG_OK)
        rc = og_makespan_check(in->n, in->m, in->p, s->x, s->price, s->found.makespan,
                               s->found.bound, err);
    if (rc != OG_OK)
        return og_err_wrap(err, rc, "'%s'", s->file);
    if (s->found.bound > 0)
        s->gap_ppm = og_muldiv_up((uint64_t)(s->found.makespan - s->found.bound), 1000000,
                                  (uint64_t)s->found.bound);
    return OG_OK;
}

/* The name of a file may be any bytes, a record holds UTF-8. */
static void add_name(const char *name, struct og_buf *b)
{
    json_t *o = json_string(name);
    size_t at = b->len;
    og_json_canon_string(name, strlen(name), b);
    for (; o == NULL && at < b->len; at++)
        if ((unsigned char)b->p[at] >= 0x80)
            b->p[at] = '?';
    json_decref(o);
}

/* Numbers keep the decimals of the file, which a double may not hold: the line is made here. */
static enum og_rc write_record(const struct match_opts *opts, const struct solved *s,
                               struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_addc(&b, '{');
    for (size_t i = 0; opts->assignment && i < s->in.n; i++)
        og_buf_addf(&b, "%s%" PRId32, i ? "," : "\"assignment\":[", s->x[i]);
    og_buf_adds(&b, opts->assignment ? "],\"bound\":" : "\"bound\":");
    og_braun_format(s->found.bound, s->in.decimals, &b);
    og_buf_adds(&b, ",\"file\":");
    add_name(s->file, &b);
    og_buf_addf(&b, ",\"gap_ppm\":%" PRIu64 ",\"kind\":\"makespan\",\"m\":%zu,\"makespan\":",
                s->gap_ppm, s->in.m);
    og_braun_format(s->found.makespan, s->in.decimals, &b);
    og_buf_addf(&b, ",\"n\":%zu", s->in.n);
    for (size_t j = 0; opts->assignment && j < s->in.m; j++)
        og_buf_addf(&b, "%s%" PRIu32, j ? "," : ",\"prices\":[", s->price[j]);
    og_buf_addf(&b, "%s%s,\"seconds\":%" PRIu64 ".%06" PRIu64 ",\"v\":1}",
                opts->assignment ? "]" : "", s->in.rounded ? ",\"rounded\":true" : "",
                s->us / 1000000, s->us % 1000000);
    enum og_rc rc = og_jsonl_write_raw(stdout, b.p, b.len, err);
    og_buf_release(&b);
    return rc;
}

static void add_row(struct og_table *t, const struct solved *s)
{
    struct og_buf b = OG_BUF_INIT;
    og_table_cell(t, s->file);
    og_table_cellf(t, "%zu", s->in.n);
    og_table_cellf(t, "%zu", s->in.m);
    og_braun_format(s->found.makespan, s->in.decimals, &b);
    og_table_cell(t, b.p);
    og_buf_reset(&b);
    og_braun_format(s->found.bound, s->in.decimals, &b);
    og_table_cell(t, b.p);
    og_table_cellf(t, "%" PRIu64 ".%04" PRIu64 "%%", s->gap_ppm / 10000, s->gap_ppm % 10000);
    og_table_cellf(t, "%" PRIu64 ".%03" PRIu64, s->us / 1000000, s->us / 1000 % 1000);
    og_buf_release(&b);
}

/* One file after the other; one that fails is said, the others are still done, and the status is
 * that of the first that failed. */
enum og_rc match_makespan(const struct match_opts *opts, struct og_err *err)
{
    static const char *const head[] = {"FILE",  "TASKS", "MACHINES", "MAKESPAN",
                                       "BOUND", "GAP",   "SECONDS"};
    struct og_table *t = og_table_new(7);
    struct og_err first = {0};
    enum og_rc rc = OG_OK;
    if (opts->files == 0) {
        og_table_free(t);
        return og_err_set(err, OG_E_USAGE, "--makespan needs a FILE");
    }
    for (size_t c = 0; c < 7; c++)
        og_table_head(t, c, head[c], c > 0);
    for (size_t k = 0; rc == OG_OK && k < opts->files; k++) {
        struct solved s = {.file = opts->file[k]};
        struct og_err one = {0};
        enum og_rc bad = read_times(&s, &one);
        if (bad == OG_OK)
            bad = solve(opts, &s, &one);
        if (bad == OG_OK && opts->common.human)
            add_row(t, &s);
        else if (bad == OG_OK)
            rc = write_record(opts, &s, err);
        release(&s);
        if (bad == OG_OK)
            continue;
        if (first.rc == OG_OK)
            first = one;
        else
            og_log(OG_LOG_ERROR, "%s", one.msg);
        first.rc = first.rc == OG_OK ? bad : first.rc;
    }
    if (opts->common.human)
        og_table_print(t, og_table_width(stdout), stdout);
    og_table_free(t);
    if (rc == OG_OK && first.rc != OG_OK)
        return og_err_set(err, first.rc, "%s", first.msg);
    return rc;
}
