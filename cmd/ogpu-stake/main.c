/* main.c - ogpu-stake: nodes and their stake, accounts and their statements. */
#include "stake.h"

#include "crypto/crypto_keyfile.h"
#include "exec/exec_node.h"

#define AT(member) offsetof(struct stake_options, member)
#define OPT(n, k, m, ...)                                                                          \
    {                                                                                              \
        .name = n, .kind = k, .at = AT(m), __VA_ARGS__                                             \
    }

static const char *const backends[] = {"local", "slurm", NULL};

/* clang-format off */
static const struct og_opt opts[] = {
    OPT("key", OG_OPT_STR, key, .letter = 'k', .arg = "NAME",
        .help = "the key that signs; with --join and --update the node's (default default)"),
    OPT("passphrase-file", OG_OPT_STR, passphrase_file, .arg = "FILE", .complete = "file",
        .help = "passphrase of the key: the first line of FILE"),
    OPT("join", OG_OPT_FLAG, join, .help = "measure this machine and join with the key as a node"),
    OPT("update", OG_OPT_FLAG, update, .help = "change what the key's node offers"),
    OPT("leave", OG_OPT_U64, leave, .arg = "NODE", .min = 1,
        .help = "leave when the last lease has ended, then unbond"),
    OPT("bond", OG_OPT_AMOUNT, bond, .arg = "OGPU", .min = 1,
        .help = "bond this much for --node, or with --join for the new node"),
    OPT("unbond", OG_OPT_AMOUNT, unbond, .arg = "OGPU", .min = 1,
        .help = "take this much of the bond of --node back, after the wait"),
    OPT("node", OG_OPT_U64, node, .letter = 'n', .arg = "NODE", .min = 1,
        .help = "the node of --bond and --unbond (default: the key's own)"),
    OPT("owner", OG_OPT_STR, owner, .arg = "NAME",
        .help = "with --join: the key of the node's owner (default: the node itself)"),
    OPT("threads", OG_OPT_U64, threads, .arg = "N", .min = 1, .max = OG_NODE_THREADS_MAX,
        .help = "processors the node may use (default: all)"),
    OPT("share", OG_OPT_PPM, share_ppm, .arg = "SHARE", .min = 1, .max = 1000000,
        .help = "part of their capacity that is offered (default 1)"),
    OPT("slots", OG_OPT_U64, slots, .arg = "N", .min = 1, .max = OG_NODE_SLOTS_MAX,
        .help = "jobs the node runs at once (default: one a thread)"),
    OPT("mem", OG_OPT_BYTES, mem_bytes, .arg = "BYTES", .min = 1 << 20,
        .help = "memory of all slots together (default: 7/8 of the machine's)"),
    OPT("classes", OG_OPT_STR, classes, .arg = "LIST",
        .help = "kinds of jobs taken, of program,kernel (default both)"),
    OPT("submitter", OG_OPT_LIST, submitters, .arg = "NAME|ADDR",
        .help = "take jobs only of these accounts; 'all' lifts it"),
    OPT("min-rate", OG_OPT_AMOUNT, min_rate, .arg = "OGPU",
        .help = "take no job that pays less for 10^9 MFLOP"),
    OPT("max-lock", OG_OPT_AMOUNT, max_lock, .arg = "OGPU",
        .help = "take no job that locks more of the bond (0: no bound)"),
    OPT("capacity-ms", OG_OPT_U64, capacity_ms, .arg = "MS", .min = 10, .max = 60000,
        .help = "how long capacity is measured (default 1000)"),
    OPT("backend", OG_OPT_ENUM, backend, .arg = "KIND", .choices = backends,
        .help = "the node is this machine (local) or the cluster that it submits to (slurm)"),
    OPT("partition", OG_OPT_LIST, partitions, .arg = "NAME",
        .help = "with --backend slurm: nodes of these partitions (default: the default one)"),
    OPT("cluster-dir", OG_OPT_STR, cluster_dir, .arg = "DIR", .complete = "dir",
        .help = "with --backend slurm: folder that its nodes share (default: slurm in the state)"),
    OPT("vram", OG_OPT_BYTES, vram, .arg = "BYTES",
        .help = "with --backend slurm: memory of each GPU"),
    OPT("link", OG_OPT_U64, link, .arg = "PEER", .min = 1,
        .help = "report the link from the key's node to node PEER"),
    OPT("latency", OG_OPT_U64, latency_us, .arg = "US", .max = 3600000000u,
        .help = "with --link: latency in microseconds"),
    OPT("bandwidth", OG_OPT_BYTES, bandwidth, .arg = "BYTES",
        .help = "with --link: bytes per second"),
    OPT("revoke", OG_OPT_STR, revoke, .arg = "WHAT",
        .help = "drop a key of the key's node at once: vrf, consensus, tls or seal"),
    OPT("params", OG_OPT_LIST, params, .arg = "NAME=VALUE",
        .help = "change parameters of the chain; takes 2/3 of the weight"),
    OPT("upgrade", OG_OPT_U64, upgrade, .arg = "PROTOCOL", .min = 2,
        .help = "change to the next protocol; takes 2/3 of the weight"),
    OPT("statement", OG_OPT_FLAG, statement,
        .help = "every movement of an account and the balance they add up to"),
    OPT("account", OG_OPT_STR, account, .letter = 'a', .arg = "NAME|ADDR",
        .help = "with --statement: the account (default: of --key); 'treasury' is one"),
    OPT("explain", OG_OPT_U64, explain, .arg = "NODE", .min = 1,
        .help = "what a node earns and why, in its own numbers"),
};
/* clang-format on */

static const struct og_tool tool = {
    .name = "ogpu-stake",
    .summary = "list, join and bond nodes; statements of account",
    .synopsis = "[OPTIONS] [--statement [FROM [TO]]]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
    .has_human = true,
    .has_now = true,
    .mixed = true,
};

/* Options that mean nothing to what is asked are mistakes. */
static enum og_rc check(const struct stake_options *o, int operands, struct og_err *err)
{
    bool bonds = o->bond && !o->join;
    int deeds = o->join + o->update + (o->leave > 0) + bonds + (o->unbond > 0) + (o->link > 0) +
                (o->revoke != NULL) + (o->params.n > 0) + (o->upgrade > 0) + o->statement +
                (o->explain > 0);
    if (deeds > 1)
        return og_err_set(err, OG_E_USAGE, "more than one thing is asked for");
    if (operands > (o->statement ? 2 : 0))
        return og_err_set(err, OG_E_USAGE, "too many operands");
    if (o->owner && !o->join)
        return og_err_set(err, OG_E_USAGE, "--owner goes with --join");
    if (o->node && !bonds && !o->unbond)
        return og_err_set(err, OG_E_USAGE, "--node goes with --bond and --unbond");
    if (o->account && !o->statement)
        return og_err_set(err, OG_E_USAGE, "--account goes with --statement");
    bool terms = o->threads || o->share_ppm || o->slots || o->mem_bytes || o->classes ||
                 o->submitters.n || o->min_rate != STAKE_UNSET || o->max_lock != STAKE_UNSET ||
                 o->capacity_ms || o->backend;
    if ((o->partitions.n || o->cluster_dir || o->vram) && !o->backend)
        return og_err_set(err, OG_E_USAGE,
                          "--partition, --cluster-dir and --vram go with --backend slurm");
    if (o->backend && (o->threads || o->mem_bytes))
        return og_err_set(err, OG_E_USAGE, "--threads and --mem are of a local node");
    if (terms && !o->join && !o->update)
        return og_err_set(err, OG_E_USAGE, "what a node offers goes with --join and --update");
    bool measure = o->latency_us != STAKE_UNSET || o->bandwidth != STAKE_UNSET;
    if (measure && !o->link)
        return og_err_set(err, OG_E_USAGE, "--latency and --bandwidth go with --link");
    if (o->link && (o->latency_us == STAKE_UNSET || o->bandwidth == STAKE_UNSET))
        return og_err_set(err, OG_E_USAGE, "--link needs --latency and --bandwidth");
    return OG_OK;
}

static enum og_rc run(const struct stake_options *o, int argc, char **argv, struct og_err *err)
{
    OG_TRY(check(o, argc, err));
    if (o->join)
        return stake_join(o, err);
    if (o->update)
        return stake_update(o, err);
    if (o->statement)
        return stake_statement(o, argc, argv, err);
    if (o->explain)
        return stake_explain(o, err);
    if (o->leave || o->bond || o->unbond || o->link || o->revoke || o->params.n || o->upgrade)
        return stake_change(o, err);
    return stake_list(o, err);
}

int main(int argc, char **argv)
{
    struct stake_options o = {.key = OG_KEY_DEFAULT,
                              .latency_us = STAKE_UNSET,
                              .bandwidth = STAKE_UNSET,
                              .min_rate = STAKE_UNSET,
                              .max_lock = STAKE_UNSET};
    struct og_err err = {0};
    int first;
    bool done;
    og_cli_pipe_signals();
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = run(&o, argc - first, argv + first, &err);
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
