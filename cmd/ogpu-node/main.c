/* main.c - ogpu-node: the member of a network of many machines. */
#include "node.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"init", node_init},     {"join", node_join},       {"start", node_start},
    {"status", node_status}, {"testnet", node_testnet},
};

static const char *const words[] = {"init", "join", "start", "status", "testnet", NULL};

struct options {
    struct og_opts_common common;
};

static const struct og_tool tool = {
    .name = "ogpu-node",
    .summary = "run a member of a network: the ledger, and CometBFT that orders its blocks",
    .synopsis = "init | join FILE | start | status | testnet N [OPTIONS]",
    .commands = words,
};

static enum og_rc dispatch(const struct options *o, int argc, char **argv, int *status,
                           struct og_err *err)
{
    if (argc == 0)
        return og_err_set(err, OG_E_USAGE, "a command is missing; see 'ogpu-node --help'");
    if (o->common.state && setenv("OGPU_HOME", o->common.state, 1) < 0)
        return og_err_set(err, OG_E_INTERNAL, "cannot set OGPU_HOME");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, argv[0]) == 0) {
            *status = commands[i].run(argc, argv);
            return OG_OK;
        }
    return og_err_set(err, OG_E_USAGE,
                      "'%.64s' is no command; there are: init, join, start, status, testnet",
                      argv[0]);
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    int status = -1;
    bool done;
    og_cli_stop_signals();
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = dispatch(&o, argc - first, argv + first, &status, &err);
    return status >= 0 ? status : og_cli_exit(&tool, rc, &err);
}
