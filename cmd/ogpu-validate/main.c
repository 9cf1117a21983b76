/* main.c - ogpu-validate: verifies results as drawn, and anything else when asked. */
#include "validate.h"

#include "base/base_log.h"
#include "base/base_mem.h"

#include <stdlib.h>

#define AT(member) offsetof(struct validate_options, member)

static const char *const log_formats[] = {"text", "json", NULL};

static const struct og_opt opts[] = {
    {.name = "once",
     .letter = '1',
     .kind = OG_OPT_FLAG,
     .at = AT(once),
     .help = "do the checks that can be done now; reads no stdin"},
    {.name = "watch",
     .letter = 'w',
     .kind = OG_OPT_FLAG,
     .at = AT(watch),
     .help = "do checks until SIGTERM; reads no stdin"},
    {.name = "key",
     .letter = 'k',
     .kind = OG_OPT_LIST,
     .at = AT(keys),
     .arg = "NAME",
     .help = "check for the node of this key; may be repeated (default: all node keys here)"},
    {.name = "passphrase-file",
     .kind = OG_OPT_STR,
     .at = AT(passphrase_file),
     .arg = "FILE",
     .help = "take the passphrase of the keys from the first line of FILE",
     .complete = "file"},
    {.name = "slots",
     .kind = OG_OPT_U64,
     .at = AT(slots),
     .arg = "N",
     .min = 1,
     .max = 1024,
     .help = "do at most N checks at once (default 2)"},
    {.name = "log-format",
     .kind = OG_OPT_ENUM,
     .at = AT(log_format),
     .arg = "FORMAT",
     .choices = log_formats,
     .help = "messages on stderr as text or json"},
    {.name = "audit",
     .kind = OG_OPT_FLAG,
     .at = AT(audit),
     .help = "replay the whole chain and compare everything"},
    {.name = "matching",
     .kind = OG_OPT_U64,
     .at = AT(matching),
     .arg = "ROUND",
     .min = 1,
     .help = "check the certificate of a matching again"},
    {.name = "block",
     .kind = OG_OPT_U64,
     .at = AT(block),
     .arg = "HEIGHT",
     .min = 1,
     .help = "check one block: links, roots, proposer, proof, signatures"},
    {.name = "proof",
     .kind = OG_OPT_STR,
     .at = AT(proof),
     .arg = "FILE",
     .help = "check a proof from its block header alone; - is stdin",
     .complete = "file"},
    {.name = "record",
     .kind = OG_OPT_FLAG,
     .at = AT(record),
     .help = "check the signed transactions on stdin, one a line"},
    {.name = "accept",
     .kind = OG_OPT_FLAG,
     .at = AT(accept),
     .help = "with --once or --watch: accept results of one's own tasks that are here and whole"},
    {.name = "no-accept",
     .kind = OG_OPT_FLAG,
     .at = AT(no_accept),
     .help = "as a filter: leave the acceptance of one's own tasks to --accept or to silence"},
    {.name = "seal", .kind = OG_OPT_FLAG, .at = AT(seal), .help = "seal the open block now"},
    {.name = "clock",
     .kind = OG_OPT_FLAG,
     .at = AT(clock),
     .help = "with --seal: the clock is right though it jumped more than 7 days"},
    {.name = "lease",
     .kind = OG_OPT_U64,
     .at = AT(lease),
     .arg = "N",
     .min = 1,
     .help = "check the result of a lease without being drawn; changes nothing"},
};

static const struct og_tool tool = {
    .name = "ogpu-validate",
    .summary = "verify results, matchings, blocks and the whole chain",
    .synopsis = "[OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
    .has_now = true,
};

static enum og_rc serve(const struct validate_options *o, struct og_err *err)
{
    struct validate *v = og_xcalloc(1, sizeof *v);
    enum og_rc rc = validate_open(o, true, v, err);
    if (rc == OG_OK)
        rc = validate_loop(v, err);
    validate_close(v);
    free(v);
    return rc;
}

static enum og_rc run(const struct validate_options *o, struct og_err *err)
{
    const bool asked[] = {o->audit,
                          o->matching != VALIDATE_UNSET,
                          o->block != VALIDATE_UNSET,
                          o->proof != NULL,
                          o->record,
                          o->seal,
                          o->lease != VALIDATE_UNSET,
                          o->once,
                          o->watch};
    static enum og_rc (*const answer[])(const struct validate_options *, struct og_err *) = {
        validate_audit, validate_matching, validate_block, validate_proof, validate_record,
        validate_seal,  validate_lease,    serve,          serve};
    size_t n = 0;
    size_t what = sizeof asked / sizeof *asked - 1;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        n += asked[i];
        what = asked[i] ? i : what;
    }
    if (o->clock && !o->seal)
        return og_err_set(err, OG_E_USAGE, "--clock goes with --seal");
    if (n > 1)
        return og_err_set(err, OG_E_USAGE, "only one thing can be asked at once");
    if (o->accept && !o->once && !o->watch)
        return og_err_set(err, OG_E_USAGE, "--accept goes with --once or --watch");
    if (o->no_accept && n)
        return og_err_set(err, OG_E_USAGE, "--no-accept goes with no other question");
    if (o->log_format == 1)
        og_log_setup(tool.name, og_log_get_level(), true);
    if (n && answer[what] != serve) /* an answer that nobody reads ends quietly */
        og_cli_pipe_signals();
    return n ? answer[what](o, err) : serve(o, err);
}

int main(int argc, char **argv)
{
    struct validate_options o = {
        .matching = VALIDATE_UNSET, .block = VALIDATE_UNSET, .lease = VALIDATE_UNSET, .slots = 2};
    struct og_err err = {0};
    int first;
    bool done = false;
    og_cli_stop_signals();
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "'%s' is not wanted: ogpu-validate takes no operands",
                        argv[first]);
    if (rc == OG_OK && !done)
        rc = run(&o, &err);
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
