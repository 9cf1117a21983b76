/* contract_check.c - `ogpu-contract check`: static analysis, a line for each finding. */
#include "contract_look.h"

#include "analyze/analyze_check.h"
#include "analyze/analyze_world.h"
#include "base/base_mem.h"
#include "json/json_line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct og_opts_common common;
    bool creation;
    uint64_t loops;
};

static const struct og_opt opts[] = {
    {.name = "creation",
     .letter = 'c',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, creation),
     .help = "hex digits are creation code, not runtime code"},
    {.name = "loops",
     .letter = 'l',
     .kind = OG_OPT_U64,
     .at = offsetof(struct options, loops),
     .arg = "N",
     .min = 1,
     .max = 64,
     .help = "follow a branch of a loop up to N times on a path (default 3)"},
};

static const struct og_tool tool = {
    .name = "ogpu-contract check",
    .summary = "look for flaws in contract code by static analysis",
    .synopsis = "[OPTIONS] FILE ...",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_human = true,
    .mixed = true,
};

static void bound(char out[32], uint64_t gas)
{
    if (gas == UINT64_MAX)
        snprintf(out, 32, "no bound");
    else
        snprintf(out, 32, "%" PRIu64, gas);
}

static void say_flow(const struct og_check_stats *s)
{
    char least[32], most[32];
    bound(least, s->cfg.min_gas);
    bound(most, s->cfg.max_gas);
    printf(
        "  control flow: %zu blocks, %zu in their contexts, %zu edges, %zu loops, %zu open jumps\n"
        "  stack: at most %" PRIu32 " words; gas of opcodes alone: at least %s, at most %s\n"
        "  paths: %zu, %zu cut at a bound; %zu of %zu instructions on them%s\n",
        s->cfg.blocks, s->cfg.nodes, s->cfg.edges, s->cfg.loops, s->cfg.open_jumps,
        s->cfg.max_stack, least, most, s->paths, s->cut, s->seen_ops, s->all_ops,
        s->ran_out ? "; not all paths were followed" : "");
}

static enum og_rc check_one(void *ctx, const struct og_contract *c, const struct look *l,
                            struct og_findings *out, struct og_err *err)
{
    const struct options *o = ctx;
    struct og_check_opts co = OG_CHECK_OPTS;
    struct og_check_stats stats;
    struct og_deployed d;
    co.loops = (uint32_t)o->loops;
    co.deployed = &d;
    OG_TRY(og_deploy(c, &d, err));
    og_check((const uint8_t *)d.code.p, d.code.len, c->has_abi ? &c->abi : NULL, &co, out, &stats);
    og_deployed_release(&d);
    if (l->human) {
        look_title(c, l);
        say_flow(&stats);
    }
    return OG_OK;
}

int contract_check(int argc, char **argv)
{
    struct options o = {.loops = OG_CHECK_OPTS.loops};
    struct og_err err = {0};
    int first;
    bool done, found = false;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done) {
        struct look l = {.human = o.common.human, .creation = o.creation};
        rc = look_at_all(argc - first, argv + first, &l, check_one, &o, &found, &err);
        if (rc == OG_OK && found)
            rc = OG_NO;
    }
    return og_cli_exit(&tool, rc, &err);
}
