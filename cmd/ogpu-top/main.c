/* main.c - ogpu-top: nodes, jobs, chain and events, live or in one pass. */
#include "top.h"

#include <stdlib.h>
#include <unistd.h>

static const struct og_opt opts[] = {
    {.name = "once",
     .letter = '1',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct top_opts, once),
     .help = "print a plain table and exit"},
    {.name = "json",
     .letter = 'j',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct top_opts, json),
     .help = "print records, one object a line, and exit"},
    {.name = "check",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct top_opts, check),
     .help = "print the alerts; status 1 when there is one"},
    {.name = "prom",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct top_opts, prom),
     .help = "print Prometheus text and exit"},
    {.name = "delay",
     .letter = 'd',
     .kind = OG_OPT_DURATION,
     .at = offsetof(struct top_opts, delay_ms),
     .arg = "SEC",
     .min = 200,
     .max = 3600000,
     .help = "time between two looks (default: 2s)"},
    {.name = "no-color",
     .letter = 'C',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct top_opts, no_color),
     .help = "no colour, as with NO_COLOR"},
    {.name = "ascii",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct top_opts, ascii),
     .help = "only ASCII characters"},
    {.name = "readonly",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct top_opts, readonly),
     .help = "no key changes anything"},
};

static const struct og_tool tool = {
    .name = "ogpu-top",
    .summary = "watch nodes, jobs, chain and events",
    .synopsis = "[OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_human = true,
    .has_now = true,
};

static enum og_rc one_pass(const struct top_opts *o, struct top_source *s, struct og_err *err)
{
    struct top_data *d;
    OG_TRY(top_data_read(s, &d, err));
    enum og_rc rc = o->check  ? top_print_check(o, d, err)
                    : o->prom ? top_print_prom(d, err)
                    : o->json ? top_print_json(d, err)
                              : top_print_once(o, d, err);
    top_data_free(d);
    return rc;
}

static enum og_rc run(const struct top_opts *o, struct og_err *err)
{
    struct top_source s;
    int passes = o->once + o->json + o->check + o->prom;
    if (passes > 1)
        return og_err_set(err, OG_E_USAGE, "--once, --json, --check and --prom exclude each other");
    if (passes == 0 && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
        return og_err_set(err, OG_E_USAGE,
                          "the live view needs a terminal; without one use --once, --json, --check "
                          "or --prom");
    char *dir = og_cli_state_dir(&o->common);
    enum og_rc rc = top_source_open(dir, &s, err);
    free(dir);
    if (rc == OG_OK)
        rc = passes ? one_pass(o, &s, err) : top_view(o, &s, err);
    top_source_close(&s);
    return rc;
}

int main(int argc, char **argv)
{
    struct top_opts o = {.delay_ms = 2000};
    struct og_err err = {0};
    int first;
    bool done;
    og_cli_pipe_signals();
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "unexpected operand '%.64s'", argv[first]);
    if (rc == OG_OK && !done)
        rc = run(&o, &err);
    return og_cli_exit(&tool, rc, &err);
}
