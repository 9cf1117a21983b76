/* main.c - ogpu: init, status, show, run; and `ogpu X` for every ogpu-X. */
#include "ogpu.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"init", ogpu_init},
    {"run", ogpu_run},
    {"show", ogpu_show},
    {"status", ogpu_status},
};

static const char *const words[] = {"contract", "guard", "init",     "keygen", "match",
                                    "node",     "run",   "show",     "stake",  "status",
                                    "submit",   "top",   "validate", "worker", NULL};

struct options {
    struct og_opts_common common;
};

static const struct og_tool tool = {
    .name = "ogpu",
    .summary = "pool GPUs and CPUs: make a chain, look at it, run a job on it",
    .synopsis = "init | run | show | status | TOOL [OPTIONS] [ARG ...]",
    .commands = words,
};

static enum og_rc dispatch(const struct options *o, int argc, char **argv, int *status,
                           struct og_err *err)
{
    if (argc == 0)
        return og_err_set(err, OG_E_USAGE, "a command is missing; see 'ogpu --help'");
    if (o->common.state && setenv("OGPU_HOME", o->common.state, 1) < 0)
        return og_err_set(err, OG_E_INTERNAL, "cannot set OGPU_HOME");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, argv[0]) == 0) {
            *status = commands[i].run(argc, argv);
            return OG_OK;
        }
    return ogpu_exec(argv[0], argc, argv, err);
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    int status = -1;
    bool done;
    og_cli_pipe_signals();
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = dispatch(&o, argc - first, argv + first, &status, &err);
    return status >= 0 ? status : og_cli_exit(&tool, rc, &err);
}
