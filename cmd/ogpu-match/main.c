/* main.c - ogpu-match: assigns waiting tasks to nodes, with a certificate of optimality. */
#include "match.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

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
    {.name = "pull",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct match_opts, pull),
     .help = "with --watch: give back what an idle slot elsewhere would finish sooner"},
    {.name = "budget-ms",
     .kind = OG_OPT_U64,
     .at = offsetof(struct match_opts, budget_ms),
     .arg = "MS",
     .min = 1,
     .max = 86400000,
     .help = "stop solving after MS milliseconds; what is not proven cheapest is not sent"},
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
    {.name = "schedule",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct match_opts, schedule),
     .help = "print a plan for all that waits: each slot's order, starts, ends, the bound"},
    {.name = "graph",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct match_opts, graph),
     .help = "print measures of the network, of the state or of records in FILE"},
    {.name = "path",
     .kind = OG_OPT_U64,
     .at = offsetof(struct match_opts, path),
     .arg = "FROM",
     .min = 1,
     .help = "print the best way from this node to the node TO"},
    {.name = "dot",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct match_opts, dot),
     .help = "print the network for Graphviz"},
    {.name = "lap",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct match_opts, lap),
     .help = "solve each FILE of an assignment instance (LAP1 or text; '-': stdin)"},
    {.name = "makespan",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct match_opts, makespan),
     .help = "solve each FILE of expected times (Braun's format) for the least makespan"},
    {.name = "assignment",
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct match_opts, assignment),
     .help = "with --makespan: print the machine of each task and the prices too"},
};

static const struct og_tool tool = {
    .name = "ogpu-match",
    .summary = "assign tasks to nodes",
    .synopsis = "[OPTIONS] [FILE ...] [< TASKS] [> ASSIGNMENTS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_human = true,
    .has_now = true,
};

/* What needs no engine; *asked false: none of it was. */
static enum og_rc answer(const struct match_opts *o, bool *asked, struct og_err *err)
{
    bool files = o->lap || o->makespan || o->graph || o->dot || o->path;
    *asked = true;
    if (o->files > 0 && !files)
        return og_err_set(err, OG_E_USAGE, "unexpected operand '%.64s'", o->file[0]);
    if (o->assignment && !o->makespan)
        return og_err_set(err, OG_E_USAGE, "--assignment goes with --makespan");
    if (o->lap)
        return match_lap(o, err);
    if (o->makespan)
        return match_makespan(o, err);
    if (o->path)
        return match_path(o, err);
    if (o->graph || o->dot)
        return match_graph(o, err);
    if (o->schedule)
        return match_schedule(o, err);
    if (o->why)
        return match_why(o, err);
    if (o->why_node)
        return match_why_node(o, err);
    if (o->dry_run)
        return match_dry_run(o, err);
    *asked = false;
    return OG_OK;
}

static enum og_rc run(const struct match_opts *o, struct og_err *err)
{
    bool asked;
    if (o->once + o->watch + o->dry_run + (o->why > 0) + (o->why_node > 0) + o->schedule +
            (o->graph || o->dot) + (o->path > 0) + o->makespan + o->lap >
        1)
        return og_err_set(err, OG_E_USAGE,
                          "--once, --watch, --dry-run, --why, --why-node, --schedule, --graph, "
                          "--path, --makespan and --lap exclude each other");
    if (o->pull && !o->watch)
        return og_err_set(err, OG_E_USAGE, "--pull goes with --watch");
    enum og_rc answered = answer(o, &asked, err);
    if (asked)
        return answered;
    struct matcher m;
    enum og_rc rc = match_open(&m, o, err);
    if (rc == OG_OK)
        rc = o->once    ? match_once(&m, err)
             : o->watch ? match_forever(&m, err)
                        : match_filter(&m, err);
    match_close(&m);
    return rc;
}

/* Options may stand behind operands too, up to "--". */
static enum og_rc parse(int argc, char **argv, struct match_opts *o, char **operand, bool *done,
                        struct og_err *err)
{
    int first;
    o->file = operand;
    for (int at = 0; at < argc;) {
        OG_TRY(og_cli_parse(&tool, argc - at, argv + at, o, &first, done, err));
        at += first;
        if (*done || at >= argc)
            break;
        bool rest = strcmp(argv[at - 1], "--") == 0;
        do
            operand[o->files++] = argv[at++];
        while (rest && at < argc);
        at -= !rest; /* the operand stands where the next call looks for the tool's name */
    }
    return OG_OK;
}

int main(int argc, char **argv)
{
    struct match_opts o = {0};
    struct og_err err = {0};
    bool done = false;
    char **operand = og_xcalloc((size_t)argc + 1, sizeof *operand);
    og_cli_pipe_signals();
    enum og_rc rc = parse(argc, argv, &o, operand, &done, &err);
    if (rc == OG_OK && !done)
        rc = run(&o, &err);
    free(operand);
    return og_cli_exit(&tool, rc, &err);
}
