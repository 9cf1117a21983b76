/* node_start.c - `ogpu-node start`: application and engine of this member, until SIGTERM. */
#include "node.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_time.h"

#include <stdlib.h>

#define TEND_MS 50

struct start_options {
    struct og_opts_common common;
    uint64_t snapshot_every;
    int log_format;
};

static const char *const formats[] = {"text", "json", NULL};

static const struct og_opt opts[] = {
    {.name = "log-format",
     .kind = OG_OPT_ENUM,
     .at = offsetof(struct start_options, log_format),
     .arg = "FORMAT",
     .choices = formats,
     .help = "messages on stderr as text or json"},
    {.name = "snapshot-every",
     .kind = OG_OPT_U64,
     .at = offsetof(struct start_options, snapshot_every),
     .arg = "BLOCKS",
     .help = "make a snapshot for new members so often (default 1000; 0: never)"},
};

static const struct og_tool tool = {
    .name = "ogpu-node start",
    .summary = "run this member: the application and the engine, restarted as a pair",
    .synopsis = "[OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
};

static enum og_rc serve(struct node_pair *p, struct og_err *err)
{
    enum og_rc rc = node_pair_start(p, err);
    while (rc == OG_OK && !og_cli_stop) {
        og_time_sleep_ms(TEND_MS);
        rc = node_pair_tend(p, 1, err);
    }
    node_pair_stop(p, 1);
    return rc;
}

static enum og_rc start(const struct start_options *o, struct og_err *err)
{
    char *dir = og_cli_state_dir(&o->common);
    char *keys_dir = og_cli_keys_dir();
    char *home = NULL;
    char *keys = NULL;
    char *comet = NULL;
    struct node_pair p = {.log_fd = -1, .lock_fd = -1};
    if (o->log_format)
        og_log_setup("ogpu-node", og_log_get_level(), true);
    enum og_rc rc = node_find_comet(&comet, err);
    if (rc == OG_OK)
        rc = node_real(dir, &home, err);
    if (rc == OG_OK)
        rc = node_real(keys_dir, &keys, err);
    if (rc == OG_OK)
        rc = node_pair_open(&p, home, keys, comet, err);
    p.snapshot_every = o->snapshot_every;
    if (rc == OG_OK)
        rc = serve(&p, err);
    node_pair_close(&p);
    free(comet);
    free(home);
    free(keys);
    free(dir);
    free(keys_dir);
    return rc;
}

int node_start(int argc, char **argv)
{
    struct start_options o = {.snapshot_every = 1000};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "'%.64s' is one operand too many", argv[first]);
    if (rc == OG_OK && !done)
        rc = start(&o, &err);
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
