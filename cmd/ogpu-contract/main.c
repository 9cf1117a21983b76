/* main.c - ogpu-contract: runs and checks contract code, runs state tests. */
#include "contract.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"check", contract_check},
    {"run", contract_run},
    {"statetest", contract_statetest},
};

static const char *const words[] = {"check", "run", "statetest", NULL};

struct options {
    struct og_opts_common common;
};

static const struct og_tool tool = {
    .name = "ogpu-contract",
    .summary = "run and check contract code, run the state tests of Ethereum",
    .synopsis = "check | run | statetest [OPTIONS] ARG ...",
    .commands = words,
};

static enum og_rc dispatch(int argc, char **argv, int *status, struct og_err *err)
{
    if (argc == 0)
        return og_err_set(err, OG_E_USAGE, "a command is missing; see 'ogpu-contract --help'");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, argv[0]) == 0) {
            *status = commands[i].run(argc, argv);
            return OG_OK;
        }
    return og_err_set(err, OG_E_USAGE, "'%.64s' is no command; see 'ogpu-contract --help'",
                      argv[0]);
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
        rc = dispatch(argc - first, argv + first, &status, &err);
    return status >= 0 ? status : og_cli_exit(&tool, rc, &err);
}
