/* main.c - ogpu-guard: learns what is normal, scores what is not. */
#include "cmd.h"
#include "watch.h"

#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"explain", cmd_explain}, {"feeds", cmd_feeds},     {"import", cmd_import},
    {"lift", cmd_lift},       {"lookup", cmd_lookup},   {"models", cmd_models},
    {"note", cmd_note},       {"retrain", cmd_retrain}, {"score", cmd_score},
    {"series", cmd_series},   {"train", cmd_train},     {"watch", cmd_watch},
};

static const char *const words[] = {"explain", "feeds", "import",  "lift",  "lookup",
                                    "models",  "note",  "retrain", "score", "series",
                                    "train",   "watch", NULL};

struct options {
    struct og_opts_common common;
};

static const struct og_tool tool = {
    .name = "ogpu-guard",
    .summary = "learn what is normal, score what is not; keep threat feeds",
    .synopsis = "COMMAND [OPTIONS]",
    .commands = words,
};

static enum og_rc dispatch(int argc, char **argv, int *status, struct og_err *err)
{
    if (argc == 0)
        return og_err_set(err, OG_E_USAGE, "a command is missing; see 'ogpu-guard --help'");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, argv[0]) == 0) {
            *status = commands[i].run(argc, argv);
            return OG_OK;
        }
    return og_err_set(err, OG_E_USAGE, "'%.64s' is no command; see 'ogpu-guard --help'", argv[0]);
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
