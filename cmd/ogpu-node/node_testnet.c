/* node_testnet.c - `ogpu-node testnet N`: a whole network on the loopback interface. */
#include "node.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "json/json_line.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UP_MS      90000
#define TEND_MS    50
#define AT(member) offsetof(struct testnet_options, member)

struct testnet_options {
    struct og_opts_common common;
    const char *dir, *replay;
    uint64_t mflops, snapshot_every;
    bool demo;
    int alg;
};

static const char *const algs[] = {"ed25519", "ml-dsa-65", NULL};

static const struct og_opt opts[] = {
    {.name = "dir",
     .letter = 'd',
     .kind = OG_OPT_STR,
     .at = AT(dir),
     .arg = "DIR",
     .complete = "dir",
     .help = "make or go on with the network in DIR (default: a temporary folder)"},
    {.name = "demo",
     .kind = OG_OPT_FLAG,
     .at = AT(demo),
     .help = "play the main job on it, print steps and times, and stop"},
    {.name = "replay",
     .kind = OG_OPT_STR,
     .at = AT(replay),
     .arg = "STATE",
     .complete = "dir",
     .help = "feed it the blocks of the local chain in STATE, compare app hashes, and stop"},
    {.name = "mflops",
     .kind = OG_OPT_U64,
     .at = AT(mflops),
     .arg = "N",
     .min = 1,
     .max = 1000000000,
     .help = "capacity of each node, stated in MFLOP/s in place of measured"},
    {.name = "snapshot-every",
     .kind = OG_OPT_U64,
     .at = AT(snapshot_every),
     .arg = "BLOCKS",
     .help = "make snapshots for new members so often (default 1000; 0: never)"},
    {.name = "validator-alg",
     .kind = OG_OPT_ENUM,
     .at = AT(alg),
     .arg = "ALG",
     .choices = algs,
     .help = "of the validators' keys: ed25519, ml-dsa-65"},
};

static const struct og_tool tool = {
    .name = "ogpu-node testnet",
    .summary = "play a network of N nodes on this machine",
    .synopsis = "[OPTIONS] N",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
    .mixed = true,
};

static enum og_rc make_dir(const struct testnet_options *o, char **out, struct og_err *err)
{
    const char *tmp = getenv("TMPDIR");
    struct og_buf b = OG_BUF_INIT;
    if (o->dir) {
        OG_TRY(og_io_mkdirs(o->dir, 0700, err));
        return node_real(o->dir, out, err);
    }
    og_buf_addf(&b, "%s/ogpu-net.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    *out = og_buf_detach(&b);
    if (!mkdtemp(*out)) {
        enum og_rc rc =
            og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", *out, strerror(errno));
        free(*out);
        *out = NULL;
        return rc;
    }
    return OG_OK;
}

/* One that was made before goes on where it was. */
static bool made_before(const struct node_net *t)
{
    char *home = node_net_home(t, 0);
    char *genesis = og_io_join(home, "comet/config/genesis.json");
    bool there = og_io_exists(genesis);
    free(home);
    free(genesis);
    return there;
}

static enum og_rc go_on(struct node_net *t, struct og_err *err)
{
    char *keys = og_io_join(t->dir, "keys");
    enum og_rc rc = setenv("OGPU_KEYS", keys, 1) == 0
                        ? OG_OK
                        : og_err_set(err, OG_E_INTERNAL, "cannot set OGPU_KEYS");
    free(keys);
    for (size_t i = 0; rc == OG_OK && i < t->n; i++) {
        char *home = node_net_home(t, i);
        if (!og_io_exists(home))
            rc = og_err_set(err, OG_E_CONFIG, "'%s' is a network of %zu nodes, not %zu", t->dir, i,
                            t->n);
        free(home);
    }
    return rc;
}

static enum og_rc say_up(const struct node_net *t, uint64_t started_ms, struct og_err *err)
{
    json_t *homes = json_array();
    json_t *rec;
    for (size_t i = 0; i < t->n; i++) {
        char *home = node_net_home(t, i);
        json_array_append_new(homes, json_string(home));
        free(home);
    }
    rec = json_pack("{s:s, s:s, s:o, s:I, s:i}", "kind", "testnet", "dir", t->dir, "nodes", homes,
                    "up_ms", (json_int_t)(og_time_mono_ms() - started_ms), "v", 1);
    enum og_rc rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    fflush(stdout);
    return rc;
}

static enum og_rc stay(struct node_net *t, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    while (rc == OG_OK && !og_cli_stop) {
        og_time_sleep_ms(TEND_MS);
        rc = node_pair_tend(t->pair, t->n, err);
    }
    return rc;
}

static enum og_rc play(const struct testnet_options *o, struct node_net *t, struct og_err *err)
{
    uint64_t started = og_time_mono_ms();
    if (made_before(t))
        OG_TRY(go_on(t, err));
    else
        OG_TRY(node_net_make(t, o->replay, o->mflops, algs[o->alg], err));
    OG_TRY(node_net_start(t, err));
    OG_TRY(node_net_wait(t, 1, UP_MS, err));
    if (o->replay)
        return node_feed(t, o->replay, err);
    if (o->demo)
        return node_demo(t, started, err);
    OG_TRY(say_up(t, started, err));
    return stay(t, err);
}

static enum og_rc testnet(const struct testnet_options *o, const char *count, struct og_err *err)
{
    struct node_net *t = og_xcalloc(1, sizeof *t);
    struct og_err ignored;
    uint64_t n;
    enum og_rc rc = OG_OK;
    if (!og_parse_u64(count, NODES_MAX, &n) || n == 0)
        rc = og_err_set(err, OG_E_USAGE, "'%.40s' is not a number of nodes from 1 to %d", count,
                        NODES_MAX);
    else if (o->demo && o->replay)
        rc = og_err_set(err, OG_E_USAGE, "--demo and --replay exclude each other");
    else
        rc = make_dir(o, &t->dir, err);
    if (rc == OG_OK) {
        char *dir = og_xstrdup(t->dir);
        t->n = n;
        t->snapshot_every = o->snapshot_every;
        rc = play(o, t, err);
        node_net_close(t);
        if (!o->dir && (rc == OG_OK || rc == OG_NO) && og_io_remove_tree(dir, &ignored) != OG_OK)
            og_log(OG_LOG_WARNING, "%s", ignored.msg);
        free(dir);
    }
    free(t);
    return rc;
}

int node_testnet(int argc, char **argv)
{
    struct testnet_options o = {.snapshot_every = 1000};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && argc - first != 1)
        rc = og_err_set(&err, OG_E_USAGE, "one number of nodes is wanted");
    if (rc == OG_OK && !done)
        rc = testnet(&o, argv[first], &err);
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
