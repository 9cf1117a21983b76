/* cli_help.c - the option table as text: --help for people, --dump-options for programs. */
#include "cli/cli_help.h"

#include "base/base_buf.h"
#include "json/json_line.h"

#include <jansson.h>
#include <string.h>

/* clang-format off */
const struct og_opt og_cli_common_opts[OG_CLI_N_COMMON] = {
    [OG_CLI_STATE] = {.name = "state", .letter = 's', .kind = OG_OPT_STR, .arg = "DIR",
                      .at = offsetof(struct og_opts_common, state), .complete = "dir",
                      .help = "state folder instead of $OGPU_HOME"},
    [OG_CLI_HUMAN] = {.name = "human", .letter = 'H', .kind = OG_OPT_FLAG,
                      .at = offsetof(struct og_opts_common, human),
                      .help = "print a table for people instead of records"},
    [OG_CLI_NOW] = {.name = "now", .kind = OG_OPT_DURATION, .arg = "UNIX",
                    .at = offsetof(struct og_opts_common, now_ms),
                    .help = "take this Unix time (seconds, or with ms) for the clock"},
    [OG_CLI_QUIET] = {.name = "quiet", .letter = 'q', .kind = OG_OPT_FLAG,
                      .at = offsetof(struct og_opts_common, quiet),
                      .help = "no warnings, only errors"},
    [OG_CLI_VERBOSE] = {.name = "verbose", .letter = 'v', .kind = OG_OPT_FLAG,
                        .help = "say more; twice for debugging"},
    [OG_CLI_HELP] = {.name = "help", .letter = 'h', .kind = OG_OPT_FLAG,
                     .help = "print this help and exit"},
    [OG_CLI_VERSION] = {.name = "version", .letter = 'V', .kind = OG_OPT_FLAG,
                        .help = "print the version and exit"},
    [OG_CLI_DUMP] = {.name = "dump-options", .kind = OG_OPT_FLAG, .help = ""},
};
/* clang-format on */

bool og_cli_takes(const struct og_tool *tool, enum og_cli_common c)
{
    switch (c) {
    case OG_CLI_HUMAN: return tool->has_human;
    case OG_CLI_NOW: return tool->has_now;
    case OG_CLI_STATE:
    case OG_CLI_QUIET:
    case OG_CLI_VERBOSE:
    case OG_CLI_HELP:
    case OG_CLI_VERSION:
    case OG_CLI_DUMP: return true;
    case OG_CLI_N_COMMON: break;
    }
    return false;
}

static void print_option(const struct og_opt *o, FILE *f)
{
    struct og_buf b = OG_BUF_INIT;
    if (o->letter)
        og_buf_addf(&b, "  -%c, --%s", o->letter, o->name);
    else
        og_buf_addf(&b, "      --%s", o->name);
    if (o->kind != OG_OPT_FLAG)
        og_buf_addf(&b, " %s", o->arg ? o->arg : "ARG");
    if (b.len > 28)
        fprintf(f, "%s\n%30s%s", b.p, "", o->help);
    else
        fprintf(f, "%-30s%s", b.p, o->help);
    og_buf_release(&b);
    if (o->kind == OG_OPT_ENUM) {
        fputs(" (", f);
        for (size_t i = 0; o->choices[i]; i++)
            fprintf(f, "%s%s", i ? ", " : "", o->choices[i]);
        fputc(')', f);
    }
    if (o->kind == OG_OPT_LIST)
        fputs(" (may be repeated)", f);
    fputc('\n', f);
}

void og_cli_print_help(const struct og_tool *tool, FILE *f)
{
    fprintf(f, "usage: %s %s\n%s - %s\n\noptions:\n", tool->name, tool->synopsis, tool->name,
            tool->summary);
    for (size_t i = 0; i < tool->n_opts; i++)
        print_option(&tool->opts[i], f);
    for (int c = 0; c < OG_CLI_DUMP; c++)
        if (og_cli_takes(tool, (enum og_cli_common)c))
            print_option(&og_cli_common_opts[c], f);
}

static const char *kind_name(enum og_opt_kind kind)
{
    switch (kind) {
    case OG_OPT_FLAG: return "flag";
    case OG_OPT_STR: return "string";
    case OG_OPT_U64: return "u64";
    case OG_OPT_BYTES: return "bytes";
    case OG_OPT_DURATION: return "duration";
    case OG_OPT_PPM: return "ppm";
    case OG_OPT_AMOUNT: return "amount";
    case OG_OPT_ENUM: return "enum";
    case OG_OPT_LIST: return "list";
    }
    return "?";
}

static enum og_rc write_taken(FILE *f, json_t *v, struct og_err *err)
{
    if (!v)
        return og_err_set(err, OG_E_INTERNAL, "cannot pack an option");
    enum og_rc rc = og_jsonl_write(f, v, err);
    json_decref(v);
    return rc;
}

static json_t *words(const char *const *w)
{
    if (!w)
        return NULL;
    json_t *a = json_array();
    for (; *w; w++)
        json_array_append_new(a, json_string(*w));
    return a;
}

static enum og_rc dump_option(const struct og_opt *o, bool repeat, FILE *f, struct og_err *err)
{
    json_t *choices = o->kind == OG_OPT_ENUM ? words(o->choices) : NULL;
    char letter[2] = {o->letter, '\0'};
    const char *arg = o->kind == OG_OPT_FLAG ? NULL : o->arg ? o->arg : "ARG";
    return write_taken(f,
                       json_pack("{s:s?, s:o?, s:s?, s:s, s:s, s:s?, s:s, s:b}", "arg", arg,
                                 "choices", choices, "complete", o->complete, "help", o->help,
                                 "kind", kind_name(o->kind), "letter", o->letter ? letter : NULL,
                                 "name", o->name, "repeat", (int)repeat),
                       err);
}

enum og_rc og_cli_print_dump(const struct og_tool *tool, FILE *f, struct og_err *err)
{
    json_t *head = json_pack("{s:o?, s:s, s:s, s:s, s:s, s:s}", "commands", words(tool->commands),
                             "kind", "tool", "name", tool->name, "summary", tool->summary,
                             "synopsis", tool->synopsis, "version", OG_VERSION);
    enum og_rc rc = write_taken(f, head, err);
    for (size_t i = 0; i < tool->n_opts && rc == OG_OK; i++)
        rc = dump_option(&tool->opts[i], tool->opts[i].kind == OG_OPT_LIST, f, err);
    for (int c = 0; c < OG_CLI_DUMP && rc == OG_OK; c++)
        if (og_cli_takes(tool, (enum og_cli_common)c))
            rc = dump_option(&og_cli_common_opts[c], c == OG_CLI_VERBOSE, f, err);
    return rc;
}
