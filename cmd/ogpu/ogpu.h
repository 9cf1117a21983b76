/* ogpu.h - what the files of ogpu share. */
#ifndef OG_OGPU_H
#define OG_OGPU_H

#include "base/base_err.h"
#include "cli/cli_opts.h"

#include <stdbool.h>
#include <stdint.h>

/* The commands; argv[0] is the command's word. Each returns the exit status. */
int ogpu_init(int argc, char **argv);
int ogpu_status(int argc, char **argv);
int ogpu_show(int argc, char **argv);
int ogpu_run(int argc, char **argv);

/* ogpu_exec.c. Runs ogpu-NAME in place of this process, found beside this binary or in PATH; comes
 * back only when it cannot: OG_E_USAGE with the list of what there is. */
enum og_rc ogpu_exec(const char *name, int argc, char **argv, struct og_err *err) OG_MUST_CHECK;
/* Path of a tool ("ogpu-submit") to start; the caller frees. NULL: not there. */
char *ogpu_tool_path(const char *tool);

#endif
