/* events.c - `ogpu-guard score < events`: proofs at once, windows when they end. */
#include "events.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct events {
    struct events_opts o;
    events_out out;
    void *ctx;
    struct og_guard_rules rules;
    struct og_windows *windows;
    struct events_csv *csv;
    bool has_model;
    struct og_model m;
    struct og_hash hash;
    size_t *column; /* of the model: horizon * OG_FEATURES + feature */
    float *x, *z;
    double *share;
    struct og_buf line;
    uint64_t last_ms; /* of the events */
};

/* Position of a column called m_, h_, o_ or d_ and a feature; SIZE_MAX: none. */
static size_t column_at(const char *name)
{
    char other[64];
    for (int h = 0; h < OG_HORIZONS; h++)
        for (int f = 0; f < OG_FEATURES; f++) {
            og_feature_column((enum og_horizon)h, (enum og_feature)f, other, sizeof other);
            if (strcmp(name, other) == 0)
                return (size_t)h * OG_FEATURES + (size_t)f;
        }
    return SIZE_MAX;
}

bool events_model(const struct og_model *m)
{
    for (size_t i = 0; i < m->schema.n; i++)
        if (m->schema.col[i].categorical || column_at(m->schema.col[i].name) == SIZE_MAX)
            return false;
    return m->schema.n > 0;
}

static enum og_rc load_model(struct events *e, struct og_err *err)
{
    OG_TRY(cmd_model_load(e->o.model, &e->o.trust, &e->m, &e->hash, err));
    e->has_model = true;
    if (!events_model(&e->m))
        return og_err_set(err, OG_E_DATA,
                          "'%s' is no model of windows: train it from 'score --windows'",
                          e->o.model);
    if (e->o.alpha_ppm)
        e->m.alpha = (float)((double)e->o.alpha_ppm / OG_PPM);
    e->column = og_xcalloc(e->m.schema.n, sizeof *e->column);
    e->x = og_xcalloc(e->m.schema.width, sizeof *e->x);
    e->z = og_xcalloc(e->m.schema.width, sizeof *e->z);
    e->share = og_xcalloc(e->m.schema.n, sizeof *e->share);
    for (size_t i = 0; i < e->m.schema.n; i++)
        e->column[i] = column_at(e->m.schema.col[i].name);
    return OG_OK;
}

enum og_rc events_new(const struct events_opts *o, events_out out, void *ctx, struct events **got,
                      struct og_err *err)
{
    *got = NULL;
    struct events *e = og_xcalloc(1, sizeof *e);
    *e = (struct events){.o = *o, .out = out, .ctx = ctx};
    enum og_rc rc = o->model ? load_model(e, err) : OG_OK;
    if (rc == OG_OK && o->windows)
        rc = events_csv_new(o->windows, o->labels, &e->csv, err);
    if (rc != OG_OK) {
        events_free(e);
        return rc;
    }
    og_guard_rules_init(&e->rules, EVENTS_FACTS);
    e->windows = og_windows_new(o->nodes ? o->nodes : EVENTS_NODES);
    *got = e;
    return OG_OK;
}

void events_free(struct events *e)
{
    struct og_err ignored;
    if (!e)
        return;
    if (e->csv) /* not ended: nothing is left behind */
        (void)!events_csv_end(e->csv, OG_E_IO, &ignored);
    og_guard_rules_release(&e->rules);
    og_windows_free(e->windows);
    if (e->has_model)
        og_model_release(&e->m);
    free(e->column);
    free(e->x);
    free(e->z);
    free(e->share);
    og_buf_release(&e->line);
    free(e);
}

static enum og_rc say(struct events *e, struct og_err *err)
{
    enum og_rc rc = e->out(e->ctx, e->line.p, e->line.len, err);
    og_buf_reset(&e->line);
    return rc;
}

static enum og_rc tell(struct events *e, uint64_t node, enum og_policy_cause cause, uint64_t now_ms,
                       const struct og_guard_hit *hit, struct og_err *err)
{
    if (!e->o.seen)
        return say(e, err);
    enum og_rc rc = e->o.seen(e->ctx, node, cause, now_ms, hit, &e->line, err);
    og_buf_reset(&e->line);
    return rc;
}

static void add_event(struct og_buf *b, uint64_t id, uint64_t node, uint64_t time_ms,
                      const struct og_hash *hash)
{
    og_buf_adds(b, "{");
    if (hash) {
        og_buf_adds(b, "\"hash\":\"");
        og_buf_add_hex(b, hash->b, OG_HASH_LEN);
        og_buf_adds(b, "\",");
    }
    og_buf_addf(b, "\"id\":%llu,\"node\":%llu,\"time_ms\":%llu}", (unsigned long long)id,
                (unsigned long long)node, (unsigned long long)time_ms);
}

static enum og_rc proof(struct events *e, const struct og_guard_hit *h, struct og_err *err)
{
    struct og_buf *b = &e->line;
    og_buf_adds(b, "{\"evidence\":[");
    if (h->with_ms) {
        add_event(b, h->with, h->with_node, h->with_ms, h->has_hash ? &h->with_hash : NULL);
        og_buf_addc(b, ',');
    }
    add_event(b, h->id, h->node, h->time_ms, h->has_hash ? &h->hash : NULL);
    og_buf_addf(b,
                "],\"kind\":\"proof\",\"ledger\":%s,\"node\":%llu,\"rule\":\"%s\",\"subject\":%llu",
                og_guard_proof_of_ledger(h->proof) ? "true" : "false", (unsigned long long)h->node,
                og_guard_proof_word(h->proof), (unsigned long long)h->subject);
    og_buf_addf(b, ",\"time_ms\":%llu,\"v\":1}\n", (unsigned long long)h->time_ms);
    return tell(e, h->node, OG_CAUSE_PROOF, h->time_ms, h, err);
}

/* A value of a row in JSON, null where there is none. */
static void number(struct og_buf *b, const char *name, float v)
{
    og_buf_addf(b, "\"%s\":", name);
    if (v == v)
        og_buf_addf(b, "%.5g", (double)v);
    else
        og_buf_adds(b, "null");
}

static void add_top(struct events *e, const struct og_window_row *row, const struct og_verdict *v)
{
    struct og_buf *b = &e->line;
    const struct og_schema *s = &e->m.schema;
    og_model_explain(&e->m, e->x, e->z, v, e->share);
    og_buf_adds(b, ",\"top\":[");
    for (uint64_t k = 0; k < (e->o.explain ? e->o.explain : 5); k++) {
        size_t best = 0;
        for (size_t i = 1; i < s->n; i++)
            best = e->share[i] > e->share[best] ? i : best;
        if (!(e->share[best] > 0))
            break;
        size_t h = e->column[best] / OG_FEATURES, f = e->column[best] % OG_FEATURES;
        size_t source = h == OG_HORIZON_OWN ? (size_t)OG_HORIZON_HOUR : h;
        og_buf_addf(b, "%s{\"column\":\"%s\",", k ? "," : "", s->col[best].name);
        number(b, "percentile", row->share_below[f] * 100);
        og_buf_addf(b, ",\"share\":%.4g,", e->share[best]);
        number(b, "usual", row->raw[OG_HORIZON_OWN][f]);
        og_buf_addc(b, ',');
        number(b, "usual_dev", row->usual_dev[f]);
        og_buf_addc(b, ',');
        number(b, "value", row->raw[source][f]);
        og_buf_addc(b, ',');
        number(b, "z", row->x[h][f]);
        og_buf_addc(b, '}');
        e->share[best] = 0;
    }
    og_buf_addc(b, ']');
}

static enum og_rc window(void *ctx, const struct og_window_row *row, struct og_err *err)
{
    struct events *e = ctx;
    struct og_verdict v;
    if (e->csv)
        OG_TRY(events_csv_row(e->csv, row, err));
    if (!e->has_model)
        return OG_OK;
    for (size_t i = 0; i < e->m.schema.n; i++)
        og_schema_put(&e->m.schema, i,
                      (double)row->x[e->column[i] / OG_FEATURES][e->column[i] % OG_FEATURES], e->x);
    og_model_score(&e->m, e->x, e->z, &v);
    if (!v.alert)
        return e->o.seen ? e->o.seen(e->ctx, row->node, OG_CAUSE_QUIET, row->t1_ms, NULL, NULL, err)
                         : OG_OK;
    struct og_buf *b = &e->line;
    og_buf_adds(b, "{\"kind\":\"suspicion\",\"model\":\"");
    og_buf_add_hex(b, e->hash.b, OG_HASH_LEN);
    og_buf_addf(b, "\",\"node\":%llu,\"p\":%.6g,\"score\":%.9g,\"t0_ms\":%llu,\"t1_ms\":%llu",
                (unsigned long long)row->node, v.p, (double)v.score, (unsigned long long)row->t0_ms,
                (unsigned long long)row->t1_ms);
    og_buf_addf(b, ",\"threshold\":%.6g", (double)e->m.alpha);
    add_top(e, row, &v);
    og_buf_adds(b, ",\"v\":1}\n");
    return tell(e, row->node, OG_CAUSE_SUSPICION, row->t1_ms, NULL, err);
}

enum og_rc events_line(struct events *e, const char *line, size_t len, struct og_err *err)
{
    struct og_guard_event ev;
    struct og_guard_hit hit;
    bool ours;
    OG_TRY(og_guard_event_read(line, len, &ev, &ours, err));
    if (!ours) {
        og_buf_add(&e->line, line, len);
        og_buf_addc(&e->line, '\n');
        return say(e, err);
    }
    e->last_ms = ev.time_ms;
    OG_TRY(og_windows_add(e->windows, &ev, window, e, err));
    return og_guard_rules_see(&e->rules, &ev, &hit) ? proof(e, &hit, err) : OG_OK;
}

enum og_rc events_tick(struct events *e, uint64_t now_ms, struct og_err *err)
{
    if (e->last_ms / OG_WINDOW_MS >= now_ms / OG_WINDOW_MS)
        return OG_OK;
    e->last_ms = now_ms;
    return og_windows_end(e->windows, window, e, err);
}

enum og_rc events_end(struct events *e, struct og_err *err)
{
    enum og_rc rc = og_windows_end(e->windows, window, e, err);
    struct events_csv *csv = e->csv;
    e->csv = NULL;
    return events_csv_end(csv, rc, err);
}

struct sink {
    struct og_buf b;
};

static enum og_rc flush(struct sink *s, struct og_err *err)
{
    enum og_rc rc = s->b.len ? og_jsonl_write_raw(stdout, s->b.p, s->b.len - 1, err) : OG_OK;
    og_buf_reset(&s->b);
    if (rc == OG_OK && fflush(stdout) != 0)
        rc = og_err_set(err, OG_E_IO, "cannot write to stdout");
    return rc;
}

static enum og_rc to_stdout(void *ctx, const char *line, size_t len, struct og_err *err)
{
    struct sink *s = ctx;
    og_buf_add(&s->b, line, len);
    return s->b.len >= CMD_OUT_FLUSH ? flush(s, err) : OG_OK;
}

enum og_rc events_filter(const struct events_opts *o, struct og_err *err)
{
    struct sink s = {OG_BUF_INIT};
    struct og_jsonl_in in;
    struct events *e;
    const char *line = "";
    size_t len;
    OG_TRY(events_new(o, to_stdout, &s, &e, err));
    og_jsonl_open(&in, STDIN_FILENO, "stdin");
    enum og_rc rc = OG_OK;
    while (rc == OG_OK && line) {
        if (!og_jsonl_ready(&in)) /* nobody waits for what is known already */
            rc = flush(&s, err);
        if (rc == OG_OK)
            rc = og_jsonl_next_raw(&in, &line, &len, err);
        if (rc == OG_OK && line && len > 0) {
            rc = events_line(e, line, len, err);
            if (rc != OG_OK)
                rc = og_err_wrap(err, rc, "stdin:%lu", in.line_no);
        }
    }
    if (rc == OG_OK)
        rc = events_end(e, err);
    struct og_err second;
    enum og_rc last = flush(&s, rc == OG_OK ? err : &second);
    og_jsonl_release(&in);
    og_buf_release(&s.b);
    events_free(e);
    return rc == OG_OK ? last : rc;
}
