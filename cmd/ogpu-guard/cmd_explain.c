/* cmd_explain.c - `ogpu-guard explain`: why rows of a table score as they do. */
#include "cmd.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "guard/guard_csv.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct og_opts_common common;
    const char *csv, *model, *signer;
    uint64_t top;
    bool is_unsigned;
};

#define AT(m) offsetof(struct options, m)
static const struct og_opt opts[] = {
    {.name = "csv",
     .letter = 'c',
     .kind = OG_OPT_STR,
     .at = AT(csv),
     .arg = "FILE",
     .complete = "file",
     .help = "the table, with a header ('-': stdin)"},
    {.name = "model",
     .letter = 'm',
     .kind = OG_OPT_STR,
     .at = AT(model),
     .arg = "FILE",
     .complete = "file",
     .help = "a model of 'ogpu-guard train'"},
    {.name = "top",
     .letter = 't',
     .kind = OG_OPT_U64,
     .at = AT(top),
     .arg = "N",
     .min = 1,
     .max = 64,
     .help = "name so many columns (default 5)"},
    {.name = "signer",
     .kind = OG_OPT_STR,
     .at = AT(signer),
     .arg = "ADDRESS",
     .help = "take a model that this account signed (default: one of the own identities)"},
    {.name = "unsigned",
     .kind = OG_OPT_FLAG,
     .at = AT(is_unsigned),
     .help = "take a model whoever signed it, or nobody"},
};

static const struct og_tool tool = {
    .name = "ogpu-guard explain",
    .summary = "say why rows score as they do",
    .synopsis = "--csv FILE --model FILE [OPTIONS] [ROW ...]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .mixed = true,
};

struct explainer {
    const struct options *o;
    struct og_model m;
    struct og_hash hash;
    float *x, *z;
    double *share;
    size_t *map;
    const char **field;
};

/* What normal rows have: the most frequent level, or the mean, taken back from its logarithm. */
static json_t *usual(const struct og_schema *s, size_t c)
{
    const struct og_schema_col *col = &s->col[c];
    if (col->categorical) {
        size_t best = 0;
        for (size_t k = 1; k < col->n_levels; k++)
            best = s->mid[col->at + k] > s->mid[col->at + best] ? k : best;
        return col->n_levels ? json_string(col->level[best]) : json_null();
    }
    double v = (double)s->mid[col->at];
    return json_real(col->log ? copysign(expm1(fabs(v)), v) : v);
}

static json_t *top_of(struct explainer *e)
{
    const struct og_schema *s = &e->m.schema;
    json_t *list = json_array();
    for (uint64_t k = 0; k < e->o->top; k++) {
        size_t best = 0;
        for (size_t c = 1; c < s->n; c++)
            best = e->share[c] > e->share[best] ? c : best;
        if (!(e->share[best] > 0))
            break;
        const struct og_schema_col *col = &s->col[best];
        json_t *one = json_pack("{s:s, s:f, s:s*, s:o}", "column", col->name, "share",
                                e->share[best], "value", e->field[best], "usual", usual(s, best));
        if (one && !col->categorical)
            json_object_set_new(one, "deviations", json_real((double)e->z[col->at]));
        if (one)
            json_array_append_new(list, one);
        e->share[best] = 0;
    }
    return list;
}

static enum og_rc explain(struct explainer *e, const struct og_csv *c, uint64_t row,
                          struct og_err *err)
{
    struct og_verdict v;
    size_t bad;
    json_t *members = json_object();
    for (size_t k = 0; k < e->m.schema.n; k++)
        e->field[k] = c->field[e->map[k]];
    og_schema_encode(&e->m.schema, e->field, e->x, &bad);
    og_model_score(&e->m, e->x, e->z, &v);
    og_model_explain(&e->m, e->x, e->z, &v, e->share);
    for (unsigned k = 0; k < OG_MEMBERS; k++)
        if (e->m.has[k])
            json_object_set_new(
                members, og_member_name((enum og_member)k),
                json_pack("{s:f, s:f}", "p", exp((double)v.log_p[k]), "score", (double)v.raw[k]));
    json_t *rec = json_pack("{s:s, s:i, s:I, s:f, s:f, s:b, s:I, s:o, s:o, s:o}", "kind",
                            "explanation", "v", 1, "row", (json_int_t)row, "score", (double)v.score,
                            "p", v.p, "alert", (int)v.alert, "alpha_ppm",
                            (json_int_t)((double)e->m.alpha * OG_PPM + 0.5), "members", members,
                            "model", og_json_new_hex(e->hash.b, OG_HASH_LEN), "top", top_of(e));
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

static bool asked_for(uint64_t row, const uint64_t *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i] == row)
            return true;
    return n == 0;
}

static enum og_rc each(struct explainer *e, const struct og_buf *text, const char *name,
                       const uint64_t *rows, size_t n, struct og_err *err)
{
    struct og_csv c;
    bool more;
    size_t fields = 0, found = 0;
    og_csv_open(&c, text->p ? text->p : "", text->len, name);
    enum og_rc rc = og_csv_next(&c, &more, err);
    if (rc == OG_OK && more) {
        fields = c.n;
        rc = og_schema_map(&e->m.schema, c.field, c.n, e->map, err);
        rc = rc == OG_OK ? rc : og_err_wrap(err, rc, "%s:%lu", name, c.line);
    }
    for (uint64_t row = 0; rc == OG_OK && more; row++) {
        rc = og_csv_next(&c, &more, err);
        if (rc != OG_OK || !more)
            break;
        if (c.n != fields)
            rc = og_err_set(err, OG_E_DATA, "%s:%lu: %zu fields, not %zu", name, c.line, c.n,
                            fields);
        else if (asked_for(row, rows, n)) {
            rc = explain(e, &c, row, err);
            found++;
        }
    }
    og_csv_release(&c);
    return rc == OG_OK && found < n
               ? og_err_set(err, OG_E_DATA, "%s: a row that was asked for is not there", name)
               : rc;
}

static enum og_rc run(const struct options *o, char **operand, int n, struct og_err *err)
{
    struct explainer e = {.o = o};
    struct og_buf text = OG_BUF_INIT;
    const struct cmd_trust trust = {o->signer, o->is_unsigned};
    uint64_t *rows = og_xcalloc((size_t)n, sizeof *rows);
    enum og_rc rc = OG_OK;
    for (int i = 0; i < n && rc == OG_OK; i++)
        if (!og_parse_u64(operand[i], UINT64_MAX, &rows[i]))
            rc = og_err_set(err, OG_E_USAGE, "'%.40s' is no row: they count from 0", operand[i]);
    if (rc == OG_OK)
        rc = cmd_model_load(o->model, &trust, &e.m, &e.hash, err);
    if (rc == OG_OK)
        rc = cmd_read(o->csv, &text, err);
    if (rc == OG_OK) {
        e.x = og_xcalloc(e.m.schema.width, sizeof *e.x);
        e.z = og_xcalloc(e.m.schema.width, sizeof *e.z);
        e.share = og_xcalloc(e.m.schema.n, sizeof *e.share);
        e.map = og_xcalloc(e.m.schema.n, sizeof *e.map);
        e.field = og_xcalloc(e.m.schema.n, sizeof *e.field);
        rc = each(&e, &text, strcmp(o->csv, "-") ? o->csv : "stdin", rows, (size_t)n, err);
    }
    free(e.x);
    free(e.z);
    free(e.share);
    free(e.map);
    free(e.field);
    free(rows);
    og_model_release(&e.m);
    og_buf_release(&text);
    return rc;
}

int cmd_explain(int argc, char **argv)
{
    struct options o = {.top = 5};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && (!o.csv || !o.model))
        rc = og_err_set(&err, OG_E_USAGE, "--csv and --model are needed");
    if (rc == OG_OK && !done)
        rc = run(&o, argv + first, argc - first, &err);
    return og_cli_exit(&tool, rc, &err);
}
