/* events_csv.c - windows as a table, to train from: a row each, labelled by a trace's labels. */
#include "events.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_AT   ((size_t)256 << 10)
#define LABELS_MAX ((size_t)1 << 20)

struct label {
    uint64_t node, t0, t1;
};

struct events_csv {
    char *path;
    struct og_io_temp file;
    struct og_buf out;
    struct label *label;
    size_t n, cap;
    bool labelled;
};

static enum og_rc take_label(struct events_csv *c, const json_t *rec, struct og_err *err)
{
    const char *kind = json_string_value(json_object_get(rec, "kind"));
    struct label l;
    bool attack;
    if (!kind || strcmp(kind, "label") != 0)
        return OG_OK;
    OG_TRY(og_json_bool_or(rec, "attack", true, &attack, err));
    OG_TRY(og_json_u64(rec, "node", OG_GUARD_NUM_MAX, &l.node, err));
    OG_TRY(og_json_u64(rec, "t0_ms", OG_GUARD_NUM_MAX, &l.t0, err));
    OG_TRY(og_json_u64(rec, "t1_ms", OG_GUARD_NUM_MAX, &l.t1, err));
    if (!attack)
        return OG_OK;
    if (c->n == LABELS_MAX)
        return og_err_set(err, OG_E_DATA, "more than %zu labels", LABELS_MAX);
    c->label = og_xgrow(c->label, &c->cap, c->n + 1, sizeof *c->label);
    c->label[c->n++] = l;
    return OG_OK;
}

static int by_node(const void *a, const void *b)
{
    const struct label *x = a, *y = b;
    return x->node < y->node ? -1 : x->node > y->node;
}

static enum og_rc read_labels(struct events_csv *c, const char *path, struct og_err *err)
{
    struct og_jsonl_in in;
    const char *line;
    size_t len;
    json_t *rec;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s'", path);
    og_jsonl_open(&in, fd, path);
    enum og_rc rc = og_jsonl_next(&in, &line, &len, &rec, err);
    while (rc == OG_OK && rec) {
        rc = take_label(c, rec, err);
        if (rc != OG_OK)
            rc = og_err_wrap(err, rc, "%s:%lu", path, in.line_no);
        json_decref(rec);
        if (rc == OG_OK)
            rc = og_jsonl_next(&in, &line, &len, &rec, err);
    }
    og_jsonl_release(&in);
    close(fd);
    if (c->n)
        qsort(c->label, c->n, sizeof *c->label, by_node);
    return rc;
}

static void header(struct events_csv *c)
{
    char name[64];
    og_buf_adds(&c->out, "node,t0_ms");
    for (int h = 0; h < OG_HORIZONS; h++)
        for (int f = 0; f < OG_FEATURES; f++) {
            og_feature_column((enum og_horizon)h, (enum og_feature)f, name, sizeof name);
            og_buf_addf(&c->out, ",%s", name);
        }
    og_buf_adds(&c->out, c->labelled ? ",label\n" : "\n");
}

enum og_rc events_csv_new(const char *path, const char *labels, struct events_csv **out,
                          struct og_err *err)
{
    *out = NULL;
    struct events_csv *c = og_xcalloc(1, sizeof *c);
    char *slash = strrchr(path, '/'),
         *dir = slash ? og_xstrndup(path, (size_t)(slash - path) + 1) : og_xstrdup(".");
    c->path = og_xstrdup(path);
    c->labelled = labels != NULL;
    enum og_rc rc = labels ? read_labels(c, labels, err) : OG_OK;
    if (rc == OG_OK)
        rc = og_io_temp_open(dir, 0644, &c->file, err);
    free(dir);
    if (rc != OG_OK) {
        free(c->path);
        free(c->label);
        free(c);
        return rc;
    }
    header(c);
    *out = c;
    return OG_OK;
}

static bool attacks(const struct events_csv *c, const struct og_window_row *row)
{
    size_t lo = 0, hi = c->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c->label[mid].node < row->node)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < c->n && c->label[lo].node == row->node; lo++)
        if (row->t1_ms > c->label[lo].t0 && row->t0_ms < c->label[lo].t1)
            return true;
    return false;
}

static enum og_rc flush(struct events_csv *c, struct og_err *err)
{
    enum og_rc rc = og_io_write_fd(c->file.fd, c->out.p ? c->out.p : "", c->out.len, err);
    og_buf_reset(&c->out);
    return rc;
}

enum og_rc events_csv_row(struct events_csv *c, const struct og_window_row *row, struct og_err *err)
{
    og_buf_addu(&c->out, row->node);
    og_buf_addc(&c->out, ',');
    og_buf_addu(&c->out, row->t0_ms);
    for (int h = 0; h < OG_HORIZONS; h++)
        for (int f = 0; f < OG_FEATURES; f++)
            og_buf_addf(&c->out, ",%.4g", (double)row->x[h][f]);
    if (c->labelled)
        og_buf_adds(&c->out, attacks(c, row) ? ",attack" : ",normal");
    og_buf_addc(&c->out, '\n');
    return c->out.len >= FLUSH_AT ? flush(c, err) : OG_OK;
}

enum og_rc events_csv_end(struct events_csv *c, enum og_rc rc, struct og_err *err)
{
    if (!c)
        return rc;
    rc = rc == OG_OK ? flush(c, err) : rc;
    if (rc == OG_OK)
        rc = og_io_temp_commit(&c->file, c->path, OG_IO_REPLACE, err);
    else
        og_io_temp_discard(&c->file);
    og_buf_release(&c->out);
    free(c->path);
    free(c->label);
    free(c);
    return rc;
}
