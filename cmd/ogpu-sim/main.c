/* main.c - ogpu-sim: a large network that does not exist. */
#include "cli/cli_opts.h"
#include "trace.h"

struct options {
    struct og_opts_common common;
    struct trace_opts t;
    bool trace;
};

static const char *const families[] = {"all", "training", "unseen", "none", NULL};
static const char *const intensities[] = {"mixed", "0.02", "0.1", "0.5", NULL};

#define AT(m) offsetof(struct options, m)
static const struct og_opt opts[] = {
    {.name = "trace",
     .kind = OG_OPT_FLAG,
     .at = AT(trace),
     .help = "write what happens to the nodes as events, and labels of what was wrong"},
    {.name = "seed",
     .kind = OG_OPT_U64,
     .at = AT(t.seed),
     .arg = "N",
     .max = UINT64_MAX,
     .help = "everything follows from this number (default 1)"},
    {.name = "nodes",
     .letter = 'n',
     .kind = OG_OPT_U64,
     .at = AT(t.nodes),
     .arg = "N",
     .min = 4,
     .max = TRACE_NODES_MAX / 2,
     .help = "nodes at the beginning (default 500)"},
    {.name = "hours",
     .kind = OG_OPT_U64,
     .at = AT(t.hours),
     .arg = "N",
     .min = 1,
     .max = 24 * 366,
     .help = "how long (default 24)"},
    {.name = "attackers",
     .kind = OG_OPT_U64,
     .at = AT(t.attackers),
     .arg = "N",
     .max = TRACE_NODES_MAX / 2,
     .help = "nodes that cheat (default: one in ten)"},
    {.name = "families",
     .kind = OG_OPT_ENUM,
     .at = AT(t.families),
     .arg = "WHICH",
     .choices = families,
     .help = "which attacks: all, those for training, those never used in it, none"},
    {.name = "intensity",
     .kind = OG_OPT_ENUM,
     .at = AT(t.eps),
     .arg = "E",
     .choices = intensities,
     .help = "share of what is cheated: mixed, 0.02, 0.1, 0.5"},
    {.name = "first",
     .kind = OG_OPT_U64,
     .at = AT(t.first),
     .arg = "N",
     .min = 1,
     .max = 1u << 30,
     .help = "number of the first node (default 1)"},
    {.name = "labels",
     .letter = 'l',
     .kind = OG_OPT_STR,
     .at = AT(t.labels),
     .arg = "FILE",
     .complete = "file",
     .help = "labels go there (default: behind the events)"},
};

static const struct og_tool tool = {
    .name = "ogpu-sim",
    .summary = "a large network that does not exist",
    .synopsis = "--trace [OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
};

int main(int argc, char **argv)
{
    struct options o = {
        .t = {.seed = 1, .nodes = 500, .hours = 24, .attackers = UINT64_MAX, .first = 1}};
    struct og_err err = {0};
    int first;
    bool done;
    og_cli_pipe_signals();
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "unexpected operand '%.64s'", argv[first]);
    if (rc == OG_OK && !done && !o.trace)
        rc = og_err_set(&err, OG_E_USAGE, "--trace is needed: there is nothing else to simulate");
    if (o.t.attackers == UINT64_MAX)
        o.t.attackers = o.t.nodes / 10;
    if (rc == OG_OK && !done)
        rc = trace_run(&o.t, &err);
    return og_cli_exit(&tool, rc, &err);
}
