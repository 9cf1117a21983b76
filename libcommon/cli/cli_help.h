/* cli_help.h - the option table as text: --help for people, --dump-options for programs. */
#ifndef OG_CLI_HELP_H
#define OG_CLI_HELP_H

#include "cli/cli_opts.h"

#include <stdio.h>

/* The options every tool has; og_cli_parse gives them their meaning. */
enum og_cli_common {
    OG_CLI_STATE,
    OG_CLI_HUMAN,
    OG_CLI_NOW,
    OG_CLI_QUIET,
    OG_CLI_VERBOSE,
    OG_CLI_HELP,
    OG_CLI_VERSION,
    OG_CLI_DUMP,
    OG_CLI_N_COMMON
};
extern const struct og_opt og_cli_common_opts[OG_CLI_N_COMMON];
/* Does this tool take the common option? */
bool og_cli_takes(const struct og_tool *tool, enum og_cli_common c);

void og_cli_print_help(const struct og_tool *tool, FILE *f);
/* JSON lines: the tool, then each option but --dump-options. */
enum og_rc og_cli_print_dump(const struct og_tool *tool, FILE *f, struct og_err *err) OG_MUST_CHECK;

#endif
