/* cmd_score.c - `ogpu-guard score`: rows of a table, or JSON lines of stdin, one line each. */
#include "cmd.h"
#include "events.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "guard/guard_csv.h"
#include "guard/guard_jsonrow.h"
#include "json/json_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    struct og_opts_common common;
    const char *csv, *model, *signer, *windows, *labels;
    uint64_t alpha, explain, nodes;
    bool no_header, is_unsigned;
};

#define AT(m) offsetof(struct options, m)
static const struct og_opt opts[] = {
    {.name = "csv",
     .letter = 'c',
     .kind = OG_OPT_STR,
     .at = AT(csv),
     .arg = "FILE",
     .complete = "file",
     .help = "the table to score ('-': stdin); without it JSON lines of stdin"},
    {.name = "model",
     .letter = 'm',
     .kind = OG_OPT_STR,
     .at = AT(model),
     .arg = "FILE",
     .complete = "file",
     .help = "a model of 'ogpu-guard train'"},
    {.name = "no-header",
     .kind = OG_OPT_FLAG,
     .at = AT(no_header),
     .help = "the first line is a row; columns are called 1, 2, ..."},
    {.name = "alpha",
     .letter = 'a',
     .kind = OG_OPT_PPM,
     .at = AT(alpha),
     .arg = "RATE",
     .min = 1,
     .max = 500000,
     .help = "alert at this p-value and below (default: the model's)"},
    {.name = "explain",
     .letter = 'e',
     .kind = OG_OPT_U64,
     .at = AT(explain),
     .arg = "N",
     .min = 1,
     .max = 64,
     .help = "name the N columns that most make the score of an alert"},
    {.name = "signer",
     .kind = OG_OPT_STR,
     .at = AT(signer),
     .arg = "ADDRESS",
     .help = "take a model that this account signed (default: one of the own identities)"},
    {.name = "unsigned",
     .kind = OG_OPT_FLAG,
     .at = AT(is_unsigned),
     .help = "take a model whoever signed it, or nobody"},
    {.name = "windows",
     .letter = 'w',
     .kind = OG_OPT_STR,
     .at = AT(windows),
     .arg = "FILE",
     .complete = "file",
     .help = "write the windows of events as a table, to train from"},
    {.name = "labels",
     .kind = OG_OPT_STR,
     .at = AT(labels),
     .arg = "FILE",
     .complete = "file",
     .help = "labels of 'ogpu-sim --trace' for a column 'label' of that table"},
    {.name = "nodes",
     .kind = OG_OPT_U64,
     .at = AT(nodes),
     .arg = "N",
     .min = 1,
     .max = OG_WINDOW_MAX,
     .help = "follow the events of at most N nodes (default 100000)"},
};

static const struct og_tool tool = {
    .name = "ogpu-guard score",
    .summary = "score rows with a model",
    .synopsis = "[--csv FILE] --model FILE [OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
};

struct scorer {
    const struct options *o;
    struct og_model m;
    float *x, *z;
    double *share;
    struct og_buf out;
    uint64_t row;
    bool wanted_number; /* a column held text: said once */
};

static enum og_rc flush(struct scorer *s, struct og_err *err)
{
    enum og_rc rc = s->out.len ? og_jsonl_write_raw(stdout, s->out.p, s->out.len - 1, err) : OG_OK;
    og_buf_reset(&s->out);
    return rc;
}

static void add_top(struct scorer *s, const struct og_verdict *v)
{
    const struct og_schema *c = &s->m.schema;
    og_model_explain(&s->m, s->x, s->z, v, s->share);
    og_buf_adds(&s->out, ",\"top\":[");
    for (uint64_t k = 0; k < s->o->explain; k++) {
        size_t best = 0;
        for (size_t i = 1; i < c->n; i++)
            best = s->share[i] > s->share[best] ? i : best;
        if (!(s->share[best] > 0))
            break;
        json_t *name = json_string(c->col[best].name);
        char *text = json_dumps(name, JSON_ENCODE_ANY);
        og_buf_addf(&s->out, "%s{\"column\":%s,\"share\":%.4g}", k ? "," : "", text,
                    s->share[best]);
        free(text);
        json_decref(name);
        s->share[best] = 0;
    }
    og_buf_addc(&s->out, ']');
}

/* p-values of the members, by name. */
static void add_members(struct scorer *s, const struct og_verdict *v)
{
    static const enum og_member sorted[] = {OG_MEMBER_BOOST,   OG_MEMBER_HIST, OG_MEMBER_HST,
                                            OG_MEMBER_IFOREST, OG_MEMBER_NEAR, OG_MEMBER_PCA};
    const char *comma = "";
    og_buf_adds(&s->out, "\"members\":{");
    for (size_t i = 0; i < sizeof sorted / sizeof *sorted; i++) {
        if (!s->m.has[sorted[i]])
            continue;
        og_buf_addf(&s->out, "%s\"%s\":%.6g", comma, og_member_name(sorted[i]),
                    exp((double)v->log_p[sorted[i]]));
        comma = ",";
    }
    og_buf_adds(&s->out, "},");
}

/* Keys in order, as in every record. */
static enum og_rc score(struct scorer *s, struct og_err *err)
{
    struct og_verdict v;
    og_model_score(&s->m, s->x, s->z, &v);
    bool explain = s->o->explain && v.alert;
    og_buf_addf(&s->out, "{\"alert\":%s,\"kind\":\"score\",", v.alert ? "true" : "false");
    if (explain)
        add_members(s, &v);
    og_buf_addf(&s->out, "\"p\":%.6g,\"row\":%llu,\"score\":%.9g", v.p,
                (unsigned long long)s->row++, (double)v.score);
    if (explain)
        add_top(s, &v);
    og_buf_adds(&s->out, ",\"v\":1}\n");
    return s->out.len >= CMD_OUT_FLUSH ? flush(s, err) : OG_OK;
}

static void complain(struct scorer *s, const struct og_csv *c, size_t col)
{
    if (!s->wanted_number)
        og_log(OG_LOG_WARNING, "%s:%lu: column '%s' is no number: it counts as missing", c->name,
               c->line, s->m.schema.col[col].name);
    s->wanted_number = true;
}

static enum og_rc names_of(const struct scorer *s, const struct og_csv *c, size_t *map,
                           struct og_err *err)
{
    if (!s->o->no_header)
        return og_schema_map(&s->m.schema, c->field, c->n, map, err);
    for (size_t k = 0; k < s->m.schema.n; k++) {
        uint64_t at;
        if (!og_parse_u64(s->m.schema.col[k].name, c->n, &at) || at == 0)
            return og_err_set(err, OG_E_DATA, "column '%.64s' of the model is missing",
                              s->m.schema.col[k].name);
        map[k] = at - 1;
    }
    return OG_OK;
}

static enum og_rc score_csv(struct scorer *s, const char *text, size_t len, const char *name,
                            struct og_err *err)
{
    struct og_csv c;
    bool more;
    size_t *map = og_xcalloc(s->m.schema.n, sizeof *map), fields = 0, bad;
    const char **field = og_xcalloc(s->m.schema.n, sizeof *field);
    og_csv_open(&c, text, len, name);
    enum og_rc rc = og_csv_next(&c, &more, err);
    if (rc == OG_OK && more) {
        fields = c.n;
        rc = names_of(s, &c, map, err);
        rc = rc == OG_OK ? rc : og_err_wrap(err, rc, "%s:%lu", name, c.line);
        if (rc == OG_OK && !s->o->no_header)
            rc = og_csv_next(&c, &more, err);
    }
    while (rc == OG_OK && more) {
        if (c.n != fields) {
            rc = og_err_set(err, OG_E_DATA, "%s:%lu: %zu fields, not %zu", name, c.line, c.n,
                            fields);
            break;
        }
        for (size_t k = 0; k < s->m.schema.n; k++)
            field[k] = c.field[map[k]];
        og_schema_encode(&s->m.schema, field, s->x, &bad);
        if (bad != SIZE_MAX)
            complain(s, &c, bad);
        rc = score(s, err);
        if (rc == OG_OK)
            rc = og_csv_next(&c, &more, err);
    }
    og_csv_release(&c);
    free(map);
    free(field);
    return rc;
}

static enum og_rc score_lines(struct scorer *s, struct og_err *err)
{
    struct og_jsonl_in in;
    const char *line;
    size_t len;
    bool row;
    og_jsonl_open(&in, STDIN_FILENO, "stdin");
    enum og_rc rc = OG_OK;
    while (rc == OG_OK) {
        if (!og_jsonl_ready(&in)) /* nobody waits for what is known already */
            rc = flush(s, err);
        if (rc == OG_OK && fflush(stdout) != 0)
            rc = og_err_set(err, OG_E_IO, "cannot write to stdout");
        if (rc == OG_OK)
            rc = og_jsonl_next_raw(&in, &line, &len, err);
        if (rc != OG_OK || !line)
            break;
        rc = og_jsonrow_read(&s->m.schema, line, len, s->x, &row, err);
        if (rc != OG_OK) {
            rc = og_err_wrap(err, rc, "stdin:%lu", in.line_no);
            break;
        }
        if (row) {
            rc = score(s, err);
        } else {
            og_buf_add(&s->out, line, len);
            og_buf_addc(&s->out, '\n');
        }
    }
    og_jsonl_release(&in);
    return rc;
}

static enum og_rc run(const struct options *o, struct og_err *err)
{
    struct scorer s = {.o = o};
    struct og_buf text = OG_BUF_INIT;
    struct og_hash hash;
    const struct cmd_trust trust = {o->signer, o->is_unsigned};
    enum og_rc rc = cmd_model_load(o->model, &trust, &s.m, &hash, err);
    if (rc != OG_OK)
        return rc;
    if (o->alpha)
        s.m.alpha = (float)((double)o->alpha / OG_PPM);
    s.x = og_xcalloc(s.m.schema.width, sizeof *s.x);
    s.z = og_xcalloc(s.m.schema.width, sizeof *s.z);
    s.share = og_xcalloc(s.m.schema.n, sizeof *s.share);
    if (o->csv) {
        rc = cmd_read(o->csv, &text, err);
        if (rc == OG_OK)
            rc = score_csv(&s, text.p ? text.p : "", text.len,
                           strcmp(o->csv, "-") ? o->csv : "stdin", err);
    } else {
        rc = score_lines(&s, err);
    }
    struct og_err second;
    enum og_rc last = flush(&s, rc == OG_OK ? err : &second);
    rc = rc == OG_OK ? last : rc;
    free(s.x);
    free(s.z);
    free(s.share);
    og_buf_release(&s.out);
    og_buf_release(&text);
    og_model_release(&s.m);
    return rc;
}

/* Events, or rows: what the model was made of tells. */
static enum og_rc run_any(const struct options *o, struct og_err *err)
{
    const struct events_opts e = {.model = o->model,
                                  .windows = o->windows,
                                  .labels = o->labels,
                                  .trust = {o->signer, o->is_unsigned},
                                  .nodes = o->nodes,
                                  .explain = o->explain,
                                  .alpha_ppm = o->alpha};
    struct og_model m;
    struct og_hash hash;
    if (o->csv)
        return run(o, err);
    if (o->model) {
        OG_TRY(cmd_model_load(o->model, &e.trust, &m, &hash, err));
        bool events = events_model(&m);
        og_model_release(&m);
        if (!events && !o->windows)
            return run(o, err);
    }
    return events_filter(&e, err);
}

int cmd_score(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "unexpected operand '%.64s'", argv[first]);
    if (rc == OG_OK && !done && o.csv && !o.model)
        rc = og_err_set(&err, OG_E_USAGE, "--model is needed");
    if (rc == OG_OK && !done && o.labels && !o.windows)
        rc = og_err_set(&err, OG_E_USAGE, "--labels needs --windows");
    if (rc == OG_OK && !done)
        rc = run_any(&o, &err);
    return og_cli_exit(&tool, rc, &err);
}
