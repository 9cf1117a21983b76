/* main.c - ogpu-match: assigns waiting tasks to nodes, with a certificate of optimality. */
#include "match.h"

#include <unistd.h>

static const struct og_opt opts[] = {
    {.name = "key",
     .letter = 'k',
     .kind = OG_OPT_STR,
     .at = offsetof(struct match_opts, key),
     .arg = "NAME",
     .help = "sign certificates with this node key (default: any in the keys folder)"},
    {.name = "passphrase-file",
     .kind = OG_OPT_STR,
     .at = offsetof(struct match_opts, passphrase_file),
     .arg = "FILE",
     .complete = "file",
     .help = "passphrase of the key: the first line of FILE"},
    {.name = "once",
     .letter = '1',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct match_opts, once),
     .help = "assign what can be assigned now and exit; reads no stdin"},
    {.name = "watch",
     .letter = 'w',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct match_opts, watch),
     .help = "go on until SIGTERM; reads no stdin"},
    {.name = "dry-run",
     .letter = 'n',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct match_opts, dry_run),
     .help = "print what would be assigned now and what it costs; changes nothing"},
    {.name = "why",
     .kind = OG_OPT_U64,
     .at = offsetof(struct match_opts, why),
     .arg = "TASK",
     .min = 1,
     .help = "why this task waits, per need and per node, and what would change it"},
    {.name = "why-node",
     .kind = OG_OPT_U64,
     .at = offsetof(struct match_opts, why_node),
     .arg = "NODE",
     .min = 1,
     .help = "why this node gets no work"},
};

static const struct og_tool tool = {
    .name = "ogpu-match",
    .summary = "assign tasks to nodes",
    .synopsis = "[OPTIONS] [< TASKS] [> ASSIGNMENTS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_human = true,
    .has_now = true,
};

static enum og_rc run(const struct match_opts *o, struct og_err *err)
{
    if (o->once + o->watch + o->dry_run + (o->why > 0) + (o->why_node > 0) > 1)
        return og_err_set(err, OG_E_USAGE,
                          "--once, --watch, --dry-run, --why and --why-node exclude each other");
    if (o->why)
        return match_why(o, err);
    if (o->why_node)
        return match_why_node(o, err);
    if (o->dry_run)
        return match_dry_run(o, err);
    struct matcher m;
    enum og_rc rc = match_open(&m, o, err);
    if (rc == OG_OK)
        rc = o->once    ? match_once(&m, err)
             : o->watch ? match_forever(&m, err)
                        : match_filter(&m, err);
    match_close(&m);
    return rc;
}

int main(int argc, char **argv)
{
    struct match_opts o = {0};
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
