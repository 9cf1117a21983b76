/* node_init.c - `ogpu-node init` begins a network, `ogpu-node join` makes a member of one. */
#include "node.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_keyfile.h"
#include "crypto/crypto_nodekey.h"
#include "store/store_open.h"
#include "json/json_line.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX   (64u << 20)
#define P2P_PORT   "0.0.0.0:26656"
#define RPC_PORT   "127.0.0.1:26657"
#define AT(member) offsetof(struct member_options, member)

struct member_options {
    struct og_opts_common common;
    const char *key, *p2p, *rpc;
    struct og_opt_list peers, sync;
    const char *trust;
    uint64_t block_ms;
    int alg;
};

static const char *const algs[] = {"ed25519", "ml-dsa-65", NULL};

static const struct og_opt opts[] = {
    {.name = "key",
     .letter = 'k',
     .kind = OG_OPT_STR,
     .at = AT(key),
     .arg = "NAME",
     .help = "name of the node's keys (default default)"},
    {.name = "validator-alg",
     .kind = OG_OPT_ENUM,
     .at = AT(alg),
     .arg = "ALG",
     .choices = algs,
     .help = "of a validator key that is to be made: ed25519, ml-dsa-65"},
    {.name = "p2p",
     .kind = OG_OPT_STR,
     .at = AT(p2p),
     .arg = "HOST:PORT",
     .help = "where other members reach this one (default " P2P_PORT ")"},
    {.name = "rpc",
     .kind = OG_OPT_STR,
     .at = AT(rpc),
     .arg = "HOST:PORT",
     .help = "where this machine's tools reach it (default " RPC_PORT ")"},
    {.name = "peer",
     .kind = OG_OPT_LIST,
     .at = AT(peers),
     .arg = "ID@HOST:PORT",
     .help = "a member to talk to; may be repeated"},
    {.name = "sync",
     .kind = OG_OPT_LIST,
     .at = AT(sync),
     .arg = "HOST:PORT",
     .help = "begin with a snapshot, checked by the RPC of these members (two or more)"},
    {.name = "trust",
     .kind = OG_OPT_STR,
     .at = AT(trust),
     .arg = "HEIGHT:HASH",
     .help = "with --sync: a block of the network that you know to be right"},
    {.name = "block-ms",
     .kind = OG_OPT_U64,
     .at = AT(block_ms),
     .arg = "MS",
     .min = 1,
     .max = 60000,
     .help = "wait of the engine between two blocks (default 500)"},
};

static const struct og_tool init_tool = {
    .name = "ogpu-node init",
    .summary = "begin a network: keys, genesis, this machine as its first validator",
    .synopsis = "[OPTIONS] [-- OPTIONS OF 'ogpu init']",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
};

static const struct og_tool join_tool = {
    .name = "ogpu-node join",
    .summary = "make a member of the network that FILE, its genesis, describes",
    .synopsis = "[OPTIONS] FILE",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
    .mixed = true,
};

static enum og_rc place_ok(const char *option, const char *s, struct og_err *err)
{
    const char *port = strrchr(s, ':');
    if (!port || port == s || strlen(s) > 255 || strspn(port + 1, "0123456789") == 0 ||
        strspn(port + 1, "0123456789") != strlen(port + 1) ||
        strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@[]:") !=
            strlen(s))
        return og_err_set(err, OG_E_USAGE, "--%s: '%.80s' is not HOST:PORT", option, s);
    return OG_OK;
}

static enum og_rc check_sync(const struct member_options *o, struct og_err *err)
{
    uint64_t height;
    size_t n = o->trust ? strspn(o->trust, "0123456789") : 0;
    for (size_t i = 0; i < o->sync.n; i++)
        OG_TRY(place_ok("sync", o->sync.v[i], err));
    if (!o->sync.n && !o->trust)
        return OG_OK;
    if (o->sync.n < 2 || !o->trust)
        return og_err_set(err, OG_E_USAGE, "--sync takes two members or more, and --trust");
    if (!og_parse_u64n(o->trust, n, UINT64_MAX / 2, &height) || o->trust[n] != ':' ||
        strlen(o->trust + n + 1) != 64 || strspn(o->trust + n + 1, "0123456789abcdefABCDEF") != 64)
        return og_err_set(err, OG_E_USAGE, "--trust: '%.90s' is not HEIGHT:HASH", o->trust);
    return OG_OK;
}

static enum og_rc check(const struct member_options *o, struct og_err *err)
{
    if (!og_keyfile_name_ok(o->key))
        return og_err_set(err, OG_E_USAGE, "--key: '%.64s' cannot name a key", o->key);
    OG_TRY(place_ok("p2p", o->p2p, err));
    OG_TRY(place_ok("rpc", o->rpc, err));
    for (size_t i = 0; i < o->peers.n; i++) {
        const char *at = strchr(o->peers.v[i], '@');
        if (!at || at - o->peers.v[i] != NODE_ID_LEN)
            return og_err_set(err, OG_E_USAGE, "--peer: '%.80s' is not ID@HOST:PORT",
                              o->peers.v[i]);
        OG_TRY(place_ok("peer", at + 1, err));
    }
    return check_sync(o, err);
}

static enum og_rc make_keys(const char *dir, const struct member_options *o, struct og_err *err)
{
    struct og_nodekey k;
    OG_TRY(og_nodekey_ensure_alg(dir, o->key, algs[o->alg], &k, err));
    og_nodekey_release(&k);
    return OG_OK;
}

/* `ogpu init` makes keys, accounts, the measured node and the state. */
static enum og_rc make_chain(const struct member_options *o, const char *home, char **extra,
                             int n_extra, struct og_err *err)
{
    char *tool;
    const char **argv = og_xcalloc((size_t)n_extra + 16, sizeof *argv);
    size_t n = 0;
    argv[n++] = "ogpu";
    argv[n++] = "init";
    argv[n++] = "-s";
    argv[n++] = home;
    argv[n++] = "-q";
    argv[n++] = "--engine";
    argv[n++] = "comet";
    argv[n++] = "--key";
    argv[n++] = o->key;
    for (int i = 0; i < n_extra; i++)
        argv[n++] = extra[i];
    enum og_rc rc = node_find_tool("ogpu", &tool, err);
    if (rc == OG_OK)
        rc = node_run(tool, argv, err);
    free(tool);
    free(argv);
    return rc;
}

static enum og_rc genesis_of(const char *home, struct og_buf *out, struct og_err *err)
{
    struct og_store *st;
    enum og_rc rc = og_store_open(home, OG_STORE_READ, &st, err);
    if (rc == OG_OK)
        rc = node_genesis(st, NULL, false, out, err);
    og_store_close(st);
    return rc;
}

static enum og_rc write_files(const struct member_options *o, const char *home, const char *keys,
                              const struct og_buf *genesis, const char *what, struct og_err *err)
{
    char id[NODE_ID_LEN + 1];
    struct og_buf peers = OG_BUF_INIT;
    struct og_buf sync = OG_BUF_INIT;
    for (size_t i = 0; i < o->peers.n; i++)
        og_buf_addf(&peers, "%s%s", i ? "," : "", o->peers.v[i]);
    for (size_t i = 0; i < o->sync.n; i++)
        og_buf_addf(&sync, "%s%s", i ? "," : "", o->sync.v[i]);
    struct node_files f = {.home = home,
                           .keys_dir = keys,
                           .name = o->key,
                           .sync = sync.p,
                           .trust = o->trust,
                           .p2p = o->p2p,
                           .rpc = o->rpc,
                           .peers = peers.p ? peers.p : "",
                           .genesis = genesis->p,
                           .block_ms = o->block_ms};
    enum og_rc rc = node_files_id(home, id, err);
    if (rc == OG_OK)
        rc = node_files_write(&f, err);
    og_buf_release(&peers);
    og_buf_release(&sync);
    if (rc != OG_OK)
        return rc;
    char *path = og_io_join(home, "comet/config/genesis.json");
    json_t *rec =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "kind", "node", "what", what, "state",
                  home, "peer", id, "p2p", o->p2p, "rpc", o->rpc, "genesis", path, "v", 1);
    rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    free(path);
    return rc;
}

static enum og_rc begin(const struct member_options *o, char **extra, int n_extra,
                        struct og_err *err)
{
    char *home = og_cli_state_dir(&o->common);
    char *keys = og_cli_keys_dir();
    struct og_buf genesis = OG_BUF_INIT;
    enum og_rc rc = check(o, err);
    if (rc == OG_OK)
        rc = make_keys(keys, o, err);
    if (rc == OG_OK)
        rc = make_chain(o, home, extra, n_extra, err);
    if (rc == OG_OK)
        rc = genesis_of(home, &genesis, err);
    if (rc == OG_OK)
        rc = write_files(o, home, keys, &genesis, "init", err);
    og_buf_release(&genesis);
    free(home);
    free(keys);
    return rc;
}

static enum og_rc join(const struct member_options *o, const char *file, struct og_err *err)
{
    char *home = og_cli_state_dir(&o->common);
    char *keys = og_cli_keys_dir();
    struct og_buf genesis = OG_BUF_INIT;
    enum og_rc rc = check(o, err);
    if (rc == OG_OK)
        rc = og_io_read_file(file, FILE_MAX, &genesis, err);
    if (rc == OG_OK)
        rc = make_keys(keys, o, err);
    if (rc == OG_OK)
        rc = node_state_from(genesis.p, genesis.len, home, err);
    if (rc == OG_OK)
        rc = write_files(o, home, keys, &genesis, "join", err);
    og_buf_release(&genesis);
    free(home);
    free(keys);
    return rc;
}

static int run(const struct og_tool *tool, bool joins, int argc, char **argv)
{
    struct member_options o = {
        .key = OG_KEY_DEFAULT, .p2p = P2P_PORT, .rpc = RPC_PORT, .block_ms = 500};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && joins && argc - first != 1)
        rc = og_err_set(&err, OG_E_USAGE, "one FILE is wanted: the genesis of the network");
    if (rc == OG_OK && !done)
        rc = joins ? join(&o, argv[first], &err) : begin(&o, argv + first, argc - first, &err);
    og_cli_release(tool, &o);
    return og_cli_exit(tool, rc, &err);
}

int node_init(int argc, char **argv)
{
    return run(&init_tool, false, argc, argv);
}

int node_join(int argc, char **argv)
{
    return run(&join_tool, true, argc, argv);
}
