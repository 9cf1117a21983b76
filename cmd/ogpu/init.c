/* init.c - `ogpu init`: a local chain, keys, funded accounts, this machine as one node or more. */
#include "init.h"

#include "base/base_io.h"
#include "base/base_log.h"
#include "base/base_time.h"
#include "cli/cli_table.h"
#include "crypto/crypto_keyfile.h"
#include "ledger/ledger.h"
#include "ogpu.h"
#include "store/store_row.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>

#define GRAINS     1000000000ull
#define AT(member) offsetof(struct init_options, member)
#define OPT(n, k, ...)                                                                             \
    {                                                                                              \
        .name = n, .kind = k, __VA_ARGS__                                                          \
    }

const char *const init_engines[] = {"embedded", "comet", NULL};

/* clang-format off */
static const struct og_opt opts[] = {
    OPT("key", OG_OPT_STR, .letter = 'k', .at = AT(key), .arg = "NAME",
        .help = "the key that holds the supply, and the node without --member (default default)"),
    OPT("alg", OG_OPT_STR, .at = AT(alg), .arg = "NAME",
        .help = "signature algorithm of new keys (default hybrid)"),
    OPT("supply", OG_OPT_AMOUNT, .at = AT(supply), .arg = "OGPU", .min = GRAINS,
        .max = 1000000000ull * GRAINS,
        .help = "all money there will ever be (default 1000000)"),
    OPT("bond", OG_OPT_AMOUNT, .at = AT(bond), .arg = "OGPU",
        .help = "bond of each node, out of its account (default 1000)"),
    OPT("slots", OG_OPT_U64, .at = AT(slots), .arg = "N", .min = 1, .max = OG_NODE_SLOTS_MAX,
        .help = "jobs a node runs at once (default: one a thread)"),
    OPT("threads", OG_OPT_U64, .at = AT(threads), .arg = "N", .min = 1,
        .max = OG_NODE_THREADS_MAX, .help = "processors a node may use (default: all)"),
    OPT("share", OG_OPT_PPM, .at = AT(share_ppm), .arg = "SHARE", .min = 1, .max = 1000000,
        .help = "part of their capacity that is offered (default 1)"),
    OPT("mem", OG_OPT_BYTES, .at = AT(mem_bytes), .arg = "BYTES", .min = 1 << 20,
        .help = "memory of all slots together (default: 7/8 of the machine's)"),
    OPT("member", OG_OPT_LIST, .letter = 'm', .at = AT(members), .arg = "NAME[,KEY=VALUE...]",
        .help = "an owner with a node; threads=, share=, slots=, mem=, amount=, bond=, mflops="),
    OPT("account", OG_OPT_LIST, .at = AT(accounts), .arg = "NAME[,amount=OGPU]",
        .help = "a funded account without a node (default amount 10000)"),
    OPT("param", OG_OPT_LIST, .letter = 'p', .at = AT(params), .arg = "NAME=VALUE",
        .help = "a parameter of the chain; see ogpu(7)"),
    OPT("engine", OG_OPT_ENUM, .at = AT(engine), .arg = "ENGINE", .choices = init_engines,
        .help = "who orders: embedded (this state alone), comet (a network; see ogpu-node)"),
    OPT("capacity-ms", OG_OPT_U64, .at = AT(capacity_ms), .arg = "MS", .min = 10, .max = 60000,
        .help = "how long a node's capacity is measured (default 300)"),
    OPT("mflops", OG_OPT_U64, .at = AT(mflops_per_s), .arg = "N", .min = 1,
        .max = INIT_MFLOPS_MAX,
        .help = "capacity of each node, stated in MFLOP/s in place of measured"),
};
/* clang-format on */

static const struct og_tool tool = {
    .name = "ogpu init",
    .summary = "make a local chain with keys, funded accounts and this machine as a node",
    .synopsis = "[OPTIONS]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof opts[0],
    .has_human = true,
    .has_now = true,
};

static enum og_rc taken(const char *dir, struct og_err *err)
{
    return og_err_set(err, OG_E_CANTCREATE, "there is a state already in '%s'", dir);
}

/* A store holds a chain when it has accounts. */
static enum og_rc refuse_chain(struct og_store *st, const char *dir, struct og_err *err)
{
    uint64_t n;
    OG_TRY(og_row_count(st, OG_F_ACCOUNT, &n, err));
    return n ? taken(dir, err) : OG_OK;
}

/* OG_OK when nothing stands in the way; a state that is there is only read. */
static enum og_rc check_free(const char *dir, struct og_err *err)
{
    char *path = og_io_join(dir, "ogpu.db");
    bool there = og_io_exists(path);
    free(path);
    if (!there)
        return OG_OK;
    struct og_store *st;
    enum og_rc rc = og_store_open(dir, OG_STORE_READ, &st, err);
    if (rc == OG_E_CONFIG && strncmp(err->msg, "no state", 8) == 0)
        return OG_OK; /* an empty file that an interrupted `ogpu init` left */
    if (rc == OG_OK)
        rc = refuse_chain(st, dir, err);
    og_store_close(st);
    return rc;
}

static enum og_rc measure(const struct init_options *o, const uint8_t random[32],
                          struct init_people *p, struct og_err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        struct init_person *w = &p->v[i];
        if (!w->node || w->mflops_per_s)
            continue;
        enum og_rc rc = og_node_measure(&w->limits, random, o->capacity_ms, &w->mflops_per_s, err);
        if (rc != OG_OK)
            return og_err_wrap(err, rc, "node '%s'", w->name);
        og_log(OG_LOG_DEBUG, "node '%s': %llu MFLOP/s on %llu threads", w->name,
               (unsigned long long)w->mflops_per_s, (unsigned long long)w->limits.threads);
    }
    return OG_OK;
}

/* All rows in one transaction: of two `ogpu init` the second finds the first one's chain. */
static enum og_rc write_state(const char *dir, const struct og_buf *genesis, struct og_err *err)
{
    struct og_store *st;
    OG_TRY(og_store_open(dir, OG_STORE_WRITE | OG_STORE_CREATE, &st, err));
    enum og_rc rc = og_store_begin(st, err);
    if (rc == OG_OK)
        rc = refuse_chain(st, dir, err);
    if (rc == OG_OK)
        rc = og_ledger_genesis(st, genesis->p, genesis->len, err);
    if (rc == OG_OK)
        rc = og_store_commit(st, err);
    if (rc != OG_OK)
        og_store_rollback(st);
    og_store_close(st);
    return rc;
}

static void print_table(const struct init_people *p)
{
    struct og_table *t = og_table_new(6);
    static const char *const head[] = {"NAME", "ADDRESS", "OGPU", "BOND", "MFLOP/S", "SLOTS"};
    for (size_t i = 0; i < 6; i++)
        og_table_head(t, i, head[i], i >= 2);
    for (size_t i = 0; i < p->n; i++) {
        const struct init_person *w = &p->v[i];
        char addr[OG_ADDR_TEXT];
        char amount[64];
        char bond[64];
        og_addr_format(&w->addr, addr);
        og_fmt_amount(w->amount, amount, sizeof amount);
        og_fmt_amount(w->bond, bond, sizeof bond);
        og_table_cell(t, w->name);
        og_table_cell(t, addr);
        og_table_cell(t, amount);
        og_table_cell(t, w->node ? bond : "-");
        if (w->node) {
            og_table_cellf(t, "%llu", (unsigned long long)w->mflops_per_s);
            og_table_cellf(t, "%llu", (unsigned long long)w->limits.slots);
        } else {
            og_table_cell(t, "-");
            og_table_cell(t, "-");
        }
    }
    og_table_print(t, og_table_width(stdout), stdout);
    og_table_free(t);
}

static enum og_rc report(const struct init_options *o, const struct init_people *p, const char *dir,
                         const struct og_buf *genesis, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    if (o->common.human) {
        print_table(p);
    } else {
        struct og_hash chain = og_sha256(genesis->p, genesis->len);
        json_t *rec = init_record(p, dir, &chain);
        rc = og_jsonl_write(stdout, rec, err);
        json_decref(rec);
    }
    if (o->engine != INIT_EMBEDDED)
        return rc;
    if (!o->common.quiet && og_log_get_level() < OG_LOG_INFO)
        og_log_setup(tool.name, OG_LOG_INFO, false);
    og_log(OG_LOG_INFO, "who holds the keys of an embedded chain's sealer knows every draw "
                        "beforehand: checks guard against members, not against the sealer");
    return rc;
}

static enum og_rc init(const struct init_options *o, struct og_err *err)
{
    char *dir = og_cli_state_dir(&o->common);
    char *keys = og_cli_keys_dir();
    struct init_people people = {0};
    struct og_buf genesis = OG_BUF_INIT;
    uint8_t random[32];
    og_random_bytes(random, sizeof random);
    enum og_rc rc = init_people_read(o, &people, err);
    if (rc == OG_OK)
        rc = init_params_check(o, &people, err);
    if (rc == OG_OK)
        rc = check_free(dir, err);
    if (rc == OG_OK)
        rc = init_people_keys(keys, o->alg, &people, err);
    if (rc == OG_OK)
        rc = measure(o, random, &people, err);
    if (rc == OG_OK)
        rc = init_genesis(o, &people, random, og_time_unix_ms(), &genesis, err);
    if (rc == OG_OK)
        rc = write_state(dir, &genesis, err);
    if (rc == OG_OK)
        rc = report(o, &people, dir, &genesis, err);
    og_buf_release(&genesis);
    init_people_release(&people);
    free(keys);
    free(dir);
    return rc;
}

int ogpu_init(int argc, char **argv)
{
    struct init_options o = {.key = OG_KEY_DEFAULT,
                             .supply = 1000000 * GRAINS,
                             .bond = 1000 * GRAINS,
                             .capacity_ms = 300};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "'%.64s' is one operand too many", argv[first]);
    if (rc == OG_OK && !done)
        rc = init(&o, &err);
    og_cli_release(&tool, &o);
    return og_cli_exit(&tool, rc, &err);
}
