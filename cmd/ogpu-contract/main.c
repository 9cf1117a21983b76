/* main.c - ogpu-contract: contracts of the chain; runs and checks contract code, state tests. */
#include "chain.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"abi", contract_abi},       {"call", contract_call}, {"check", contract_check},
    {"deploy", contract_deploy}, {"fuzz", contract_fuzz}, {"logs", contract_logs},
    {"prove", contract_prove},   {"run", contract_run},   {"statetest", contract_statetest},
    {"view", contract_view},
};

/* clang-format off */
static const char *const words[] = {
    "abi",
    "call",
    "check",
    "deploy",
    "fuzz",
    "logs",
    "prove",
    "run",
    "statetest",
    "view",
    NULL
};
/* clang-format on */

struct options {
    struct og_opts_common common;
};

static const struct og_tool tool = {
    .name = "ogpu-contract",
    .summary = "contracts of the chain, checks of contract code, the state tests of Ethereum",
    .synopsis = "COMMAND [OPTIONS] ARG ...",
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
