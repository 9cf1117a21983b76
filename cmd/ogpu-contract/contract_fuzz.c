/* contract_fuzz.c - `ogpu-contract fuzz`: sequences of transactions that show a flaw. */
#include "contract_look.h"

#include "analyze/analyze_fuzz.h"
#include "json/json_line.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    struct og_opts_common common;
    bool creation;
    uint64_t seed, runs;
    const char *replay;
};

static const struct og_opt opts[] = {
    {.name = "creation",
     .letter = 'c',
     .kind = OG_OPT_FLAG,
     .at = offsetof(struct options, creation),
     .help = "hex digits are creation code, not runtime code"},
    {.name = "runs",
     .letter = 'r',
     .kind = OG_OPT_U64,
     .at = offsetof(struct options, runs),
     .arg = "N",
     .min = 1,
     .max = 1000000000,
     .help = "run N sequences (default 20000)"},
    {.name = "seed",
     .letter = 'S',
     .kind = OG_OPT_U64,
     .at = offsetof(struct options, seed),
     .arg = "N",
     .help = "make other sequences (default 1)"},
    {.name = "replay",
     .letter = 'R',
     .kind = OG_OPT_STR,
     .at = offsetof(struct options, replay),
     .arg = "FINDINGS",
     .complete = "file",
     .help = "run the sequences in these records instead, as they stand"},
};

static const struct og_tool tool = {
    .name = "ogpu-contract fuzz",
    .summary = "look for flaws in a contract by running sequences of transactions",
    .synopsis = "[OPTIONS] FILE ...",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_human = true,
    .mixed = true,
};

static void say(const struct og_fuzz_stats *s)
{
    printf("  %zu sequences, %" PRIu64 " opcodes; %zu functions, %zu edges; %zu sequences kept\n",
           s->runs, s->steps, s->functions, s->edges, s->kept);
}

/* Records that are findings with a witness, of this contract or of one without a name. */
static enum og_rc replay(const char *path, const struct og_contract *c, const struct og_deployed *d,
                         struct og_findings *out, struct og_err *err)
{
    struct og_jsonl_in in;
    struct og_seq_run r;
    const char *line;
    size_t len;
    json_t *rec;
    bool std = strcmp(path, "-") == 0;
    int fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return og_err_set(err, OG_E_NOINPUT, "cannot open '%s'", path);
    og_jsonl_open(&in, fd, std ? "stdin" : path);
    og_seq_run_init(&r, d);
    enum og_rc rc;
    while ((rc = og_jsonl_next(&in, &line, &len, &rec, err)) == OG_OK && rec) {
        struct og_seq s;
        const char *name = json_string_value(json_object_get(rec, "contract"));
        bool ours = !name || !c->name || strcmp(name, c->name) == 0;
        if (ours && json_is_object(json_object_get(rec, "witness"))) {
            rc = og_seq_read(rec, &s, err);
            if (rc == OG_OK) {
                og_fuzz_report(&r, &s, c->has_abi ? &c->abi : NULL, "fuzz", false, out);
                og_seq_release(&s);
            } else {
                og_err_wrap(err, rc, "%s:%lu", std ? "stdin" : path, in.line_no);
            }
        }
        json_decref(rec);
        if (rc != OG_OK)
            break;
    }
    og_seq_run_release(&r);
    og_jsonl_release(&in);
    if (!std)
        close(fd);
    return rc;
}

static enum og_rc fuzz_one(void *ctx, const struct og_contract *c, const struct look *l,
                           struct og_findings *out, struct og_err *err)
{
    const struct options *o = ctx;
    struct og_fuzz_opts fo = OG_FUZZ_OPTS;
    struct og_fuzz_stats stats = {0};
    struct og_deployed d;
    enum og_rc rc = OG_OK;
    fo.seed = o->seed;
    fo.runs = o->runs;
    OG_TRY(og_deploy(c, &d, err));
    if (o->replay)
        rc = replay(o->replay, c, &d, out, err);
    else
        og_fuzz(c, &d, &fo, out, &stats);
    og_findings_sort(out);
    og_deployed_release(&d);
    if (rc == OG_OK && l->human) {
        look_title(c, l);
        if (!o->replay)
            say(&stats);
    }
    return rc;
}

int contract_fuzz(int argc, char **argv)
{
    struct options o = {.seed = OG_FUZZ_OPTS.seed, .runs = OG_FUZZ_OPTS.runs};
    struct og_err err = {0};
    int first;
    bool done, found = false;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done) {
        struct look l = {.human = o.common.human, .creation = o.creation};
        rc = look_at_all(argc - first, argv + first, &l, fuzz_one, &o, &found, &err);
        if (rc == OG_OK && found)
            rc = OG_NO;
    }
    return og_cli_exit(&tool, rc, &err);
}
