/* cmd_series.c - `ogpu-guard series`: how surprising each point of a series is. */
#include "cmd.h"

#include "base/base_mem.h"
#include "guard/guard_csv.h"
#include "guard/guard_series.h"
#include "json/json_canon.h"
#include "json/json_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SILENCE 5 /* a fifth of the series, unless said */

struct options {
    struct og_opts_common common;
    const char *csv;
    uint64_t period, silence;
};

#define AT(m) offsetof(struct options, m)
static const struct og_opt opts[] = {
    {.name = "csv",
     .letter = 'c',
     .kind = OG_OPT_STR,
     .at = AT(csv),
     .arg = "FILE",
     .complete = "file",
     .help = "the series, timestamp and value a row ('-': stdin)"},
    {.name = "period",
     .letter = 'p',
     .kind = OG_OPT_U64,
     .at = AT(period),
     .arg = "N",
     .min = 1,
     .max = OG_SERIES_PERIOD_MAX,
     .help = "points of a day (default: told from the timestamps)"},
    {.name = "silence",
     .kind = OG_OPT_U64,
     .at = AT(silence),
     .arg = "N",
     .min = 1,
     .help = "points in which only greater surprises count (default: a fifth of the series)"},
};

static const struct og_tool tool = {
    .name = "ogpu-guard series",
    .summary = "score the points of a series",
    .synopsis = "--csv FILE [OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
};

struct points {
    char **time;
    double *value, *seconds;
    size_t n, cap_time, cap_value, cap_seconds;
    bool clock; /* every timestamp is one */
};

static void release(struct points *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->time[i]);
    free(p->time);
    free(p->value);
    free(p->seconds);
}

/* Columns by name, else the first two; a first row without a number for a value is the header. */
static void columns(const struct og_csv *c, size_t *time, size_t *value, bool *header)
{
    double v;
    *time = 0;
    *value = 1;
    *header = c->n < 2 || !og_csv_number(c->field[1], &v);
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->field[i], "timestamp") == 0)
            *time = i;
        if (strcmp(c->field[i], "value") == 0)
            *value = i;
    }
}

static enum og_rc take(struct points *p, const struct og_csv *c, size_t time, size_t value,
                       struct og_err *err)
{
    if (c->n <= time || c->n <= value)
        return og_err_set(err, OG_E_DATA, "%s:%lu: a timestamp and a value are needed", c->name,
                          c->line);
    p->time = og_xgrow(p->time, &p->cap_time, p->n + 1, sizeof *p->time);
    p->value = og_xgrow(p->value, &p->cap_value, p->n + 1, sizeof *p->value);
    p->seconds = og_xgrow(p->seconds, &p->cap_seconds, p->n + 1, sizeof *p->seconds);
    if (!og_csv_number(c->field[value], &p->value[p->n]) || isinf(p->value[p->n]))
        return og_err_set(err, OG_E_DATA, "%s:%lu: '%.40s' is not a number", c->name, c->line,
                          c->field[value]);
    p->clock = p->clock && og_series_time(c->field[time], &p->seconds[p->n]);
    p->time[p->n++] = og_xstrdup(c->field[time]);
    return OG_OK;
}

static enum og_rc read_points(const char *text, size_t len, const char *name, struct points *p,
                              struct og_err *err)
{
    struct og_csv c;
    bool more, header = false;
    size_t time = 0, value = 1;
    p->clock = true;
    og_csv_open(&c, text, len, name);
    enum og_rc rc = og_csv_next(&c, &more, err);
    if (rc == OG_OK && more)
        columns(&c, &time, &value, &header);
    if (rc == OG_OK && more && header)
        rc = og_csv_next(&c, &more, err);
    while (rc == OG_OK && more) {
        rc = take(p, &c, time, value, err);
        if (rc == OG_OK)
            rc = og_csv_next(&c, &more, err);
    }
    og_csv_release(&c);
    return rc;
}

static enum og_rc print(const struct points *p, const struct options *o, struct og_err *err)
{
    struct og_series s;
    struct og_buf out = OG_BUF_INIT;
    size_t period = o->period ? o->period : p->clock ? og_series_period(p->seconds, p->n) : 0;
    og_series_init(&s, period, o->silence ? o->silence : p->n / SILENCE);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < p->n && rc == OG_OK; i++) {
        bool known = isfinite(p->value[i]);
        double score = known ? og_series_add(&s, p->value[i]) : 0;
        og_buf_addf(&out, "{\"kind\":\"point\",\"score\":%.6g,\"timestamp\":", score);
        og_json_canon_string(p->time[i], strlen(p->time[i]), &out);
        if (known)
            og_buf_addf(&out, ",\"v\":1,\"value\":%.17g}\n", p->value[i]);
        else
            og_buf_adds(&out, ",\"v\":1,\"value\":null}\n");
        if (out.len >= CMD_OUT_FLUSH || i + 1 == p->n) {
            rc = og_jsonl_write_raw(stdout, out.p, out.len - 1, err);
            og_buf_reset(&out);
        }
    }
    og_buf_release(&out);
    og_series_release(&s);
    return rc;
}

static enum og_rc run(const struct options *o, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    struct points p = {0};
    enum og_rc rc = cmd_read(o->csv, &text, err);
    if (rc == OG_OK)
        rc = read_points(text.p ? text.p : "", text.len, strcmp(o->csv, "-") ? o->csv : "stdin", &p,
                         err);
    if (rc == OG_OK)
        rc = print(&p, o, err);
    release(&p);
    og_buf_release(&text);
    return rc;
}

int cmd_series(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "unexpected operand '%.64s'", argv[first]);
    if (rc == OG_OK && !done && !o.csv)
        rc = og_err_set(&err, OG_E_USAGE, "--csv is needed");
    if (rc == OG_OK && !done)
        rc = run(&o, &err);
    return og_cli_exit(&tool, rc, &err);
}
