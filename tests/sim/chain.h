/* chain.h - a chain in memory for tests: keys from seeds, a clock of its own, blocks by hand. */
#ifndef OG_SIM_CHAIN_H
#define OG_SIM_CHAIN_H

#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_merkle.h"
#include "crypto/crypto_vrf.h"
#include "engine/engine_header.h"
#include "ledger/ledger.h"
#include "ledger/ledger_int.h"
#include "ledger/ledger_view.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "store/store_tree.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIM_ACCTS 32
#define SIM_NODES 16
#define SIM_OGPU  1000000000ull

struct sim_acct {
    struct og_addr addr;
    uint64_t seq;  /* used so far */
    unsigned key;  /* index of its key now: changes with a rotation */
    unsigned cold; /* of its cold key, 0: none */
    unsigned next; /* a rotation that waits, 0: none */
    bool known;    /* its public key stands on the chain */
};

struct sim_node {
    uint64_t id;
    unsigned acct, owner, keys; /* keys: index of the VRF and consensus keys */
};

struct sim_block {
    struct og_block_open open;
    struct og_hash app;
    struct og_buf lines; /* of transactions, '\n' after each */
    size_t n;
};

struct sim {
    uint64_t seed, rng;
    struct og_store *st;
    struct og_ledger *l;
    struct og_buf genesis;
    struct og_hash chain;
    struct sim_acct acct[SIM_ACCTS];
    size_t accts;
    struct sim_node node[SIM_NODES]; /* at genesis and joined later */
    size_t nodes;
    uint64_t height, now_ms; /* of the open block */
    struct sim_block *block; /* sealed ones, and the open one at the end */
    size_t blocks, cap;
    bool open, record;
    uint64_t tip; /* on top of the least fee */
    uint64_t sent, refused, failed;
    struct og_applied last;
};

/* How a chain is born. Zeroes mean the usual. */
struct sim_cfg {
    unsigned owners, nodes;        /* node i belongs to owner i mod owners */
    unsigned slots;                /* of each node */
    unsigned spare;                /* accounts without a node */
    bool validators;               /* nodes have VRF and consensus keys */
    uint64_t bond, balance, speed; /* grains, grains, MFLOP/s */
    unsigned hw_classes;           /* node i is of class i mod hw_classes */
    json_t *params;                /* {name: "value"}; taken */
    bool free_of_fees;
};

__attribute__((noreturn, format(printf, 2, 3))) static inline void sim_fail(const struct sim *s,
                                                                            const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "\nseed %llu, block %llu, time %llu: ", (unsigned long long)s->seed,
            (unsigned long long)s->height, (unsigned long long)s->now_ms);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\n");
    fflush(NULL);
    _Exit(1);
}

#define SIM_OK(s, expr)                                                                            \
    do {                                                                                           \
        struct og_err sim_err_ = {.rc = OG_OK, .msg = ""};                                         \
        enum og_rc sim_rc_ = (expr);                                                               \
        if (sim_rc_ != OG_OK)                                                                      \
            sim_fail(s, "%s:%d: status %d: %s", __FILE__, __LINE__, (int)sim_rc_, sim_err_.msg);   \
    } while (0)
#define SIM_ERR &sim_err_

static inline uint64_t sim_rand(struct sim *s)
{
    return og_splitmix64(s->rng++ ^ (s->seed << 20));
}

/* Uniform enough below n. */
static inline uint64_t sim_below(struct sim *s, uint64_t n)
{
    return n ? sim_rand(s) % n : 0;
}

static inline bool sim_one_in(struct sim *s, uint64_t n)
{
    return sim_below(s, n) == 0;
}

/* Keys are functions of their index and live as long as the process. */
static inline struct og_key *sim_key(unsigned i)
{
    static struct og_key *key[4096];
    struct og_err err;
    uint8_t seed[32] = {1, (uint8_t)i, (uint8_t)(i >> 8)};
    if (!key[i % 4096] && og_key_generate("ed25519", seed, &key[i % 4096], &err) != OG_OK)
        abort();
    return key[i % 4096];
}

static inline struct og_vrf_key *sim_vrf(unsigned i)
{
    static struct og_vrf_key *key[256];
    struct og_err err;
    uint8_t seed[32] = {2, (uint8_t)i};
    if (!key[i % 256] && og_vrf_generate(seed, &key[i % 256], &err) != OG_OK)
        abort();
    return key[i % 256];
}

static inline json_t *sim_pub(unsigned i)
{
    struct og_pub *p;
    struct og_err err;
    if (og_key_pub(sim_key(i), &p, &err) != OG_OK)
        abort();
    json_t *o = og_pub_to_json(p);
    og_pub_free(p);
    return o;
}

static inline json_t *sim_addr(const struct og_addr *a)
{
    char text[OG_ADDR_TEXT];
    og_addr_format(a, text);
    return json_string(text);
}

static inline json_t *sim_keys(unsigned keys)
{
    uint8_t pub[OG_VRF_PUB_LEN];
    og_vrf_pub(sim_vrf(keys), pub);
    return json_pack("{s:o,s:o}", "vrf", og_json_new_hex(pub, sizeof pub), "consensus",
                     sim_pub(2048 + keys));
}

static inline json_t *sim_slots(unsigned n)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < n; i++)
        json_array_append_new(list,
                              json_pack("{s:I,s:i,s:I}", "share_ppm", (json_int_t)(OG_PPM / n),
                                        "cores", 4, "mem_bytes", (json_int_t)1 << 34));
    return list;
}

/* Body of node.join, and with addr, owner and bond a node of the genesis. */
static inline json_t *sim_node_body(const struct sim_cfg *c, unsigned i)
{
    char hw[16];
    uint64_t speed = c->speed ? c->speed : 100000;
    snprintf(hw, sizeof hw, "class%u", c->hw_classes ? i % c->hw_classes : 0);
    json_t *o = json_pack("{s:o,s:I,s:{s:I,s:i},s:s}", "slots", sim_slots(c->slots ? c->slots : 1),
                          "offered", (json_int_t)speed, "measured", "mflops_per_s",
                          (json_int_t)speed, "height", 0, "hw_class", hw);
    if (c->validators)
        json_object_set_new(o, "keys", sim_keys(i));
    return o;
}

static inline unsigned sim_add_acct(struct sim *s)
{
    unsigned i = (unsigned)s->accts++;
    if (i >= SIM_ACCTS)
        sim_fail(s, "too many accounts");
    s->acct[i] = (struct sim_acct){.addr = og_key_addr(sim_key(i)), .key = i};
    return i;
}

static inline void sim_params(json_t *params, bool free_of_fees)
{
    static const char *const fees[] = {"base_fee", "byte_fee", "element_fee", "cell_fee"};
    for (size_t i = 0; free_of_fees && i < 4; i++)
        json_object_set_new(params, fees[i], json_string("0"));
}

static inline void sim_genesis(struct sim *s, const struct sim_cfg *c)
{
    json_t *accounts = json_array();
    json_t *nodes = json_array();
    json_t *params = c->params ? c->params : json_object();
    uint8_t salt[32] = {0};
    og_put_be64(salt, s->seed);
    for (unsigned i = 0; i < c->owners + c->spare + c->nodes; i++)
        sim_add_acct(s);
    sim_params(params, c->free_of_fees);
    if (!json_object_get(params, "protocol"))
        json_object_set_new(params, "protocol", og_json_new_dec(OG_PROTOCOL));
    uint64_t bond = c->bond ? c->bond : 1000 * SIM_OGPU;
    for (size_t i = 0; i < s->accts; i++)
        json_array_append_new(
            accounts, json_pack("{s:o,s:o}", "addr", sim_addr(&s->acct[i].addr), "amount",
                                og_json_new_dec((c->balance ? c->balance : 1000 * SIM_OGPU) +
                                                (i < c->owners ? bond * c->nodes : 0))));
    for (unsigned i = 0; i < c->nodes; i++) {
        struct sim_node *n = &s->node[s->nodes++];
        *n = (struct sim_node){
            .id = i + 1, .acct = c->owners + c->spare + i, .owner = i % c->owners, .keys = i};
        json_t *o = sim_node_body(c, i);
        json_object_set_new(o, "addr", sim_addr(&s->acct[n->acct].addr));
        json_object_set_new(o, "owner", sim_addr(&s->acct[n->owner].addr));
        json_object_set_new(o, "bond", og_json_new_dec(bond));
        json_array_append_new(nodes, o);
    }
    json_t *g =
        json_pack("{s:o,s:s,s:s,s:o,s:o,s:o,s:I,s:i}", "accounts", accounts, "engine", "embedded",
                  "kind", "genesis", "nodes", nodes, "params", params, "random",
                  og_json_new_hex(salt, sizeof salt), "time_ms", (json_int_t)1700000000000, "v", 1);
    if (!g)
        sim_fail(s, "cannot write the genesis");
    SIM_OK(s, og_json_canon(g, &s->genesis, SIM_ERR));
    json_decref(g);
}

/* Opens a memory store with the genesis that s holds. */
static inline void sim_start(struct sim *s)
{
    SIM_OK(s, og_store_open(NULL, OG_STORE_MEMORY | OG_STORE_WRITE | OG_STORE_CREATE, &s->st,
                            SIM_ERR));
    SIM_OK(s, og_store_begin(s->st, SIM_ERR));
    SIM_OK(s, og_ledger_genesis(s->st, s->genesis.p, s->genesis.len, SIM_ERR));
    SIM_OK(s, og_store_commit(s->st, SIM_ERR));
    SIM_OK(s, og_ledger_open(s->st, &s->l, SIM_ERR));
    s->chain = *og_ledger_chain(s->l);
    s->now_ms = 1700000000000;
}

static inline struct sim *sim_new(uint64_t seed, const struct sim_cfg *c)
{
    struct sim *s = og_xcalloc(1, sizeof *s);
    s->seed = seed;
    s->record = true;
    sim_genesis(s, c);
    sim_start(s);
    return s;
}

static inline void sim_free(struct sim *s)
{
    og_ledger_close(s->l);
    og_store_close(s->st);
    for (size_t i = 0; i < s->blocks; i++)
        og_buf_release(&s->block[i].lines);
    free(s->block);
    og_buf_release(&s->genesis);
    free(s);
}

static inline void sim_open(struct sim *s, uint64_t ms)
{
    s->height++;
    s->now_ms += ms ? ms : 1;
    s->block = og_xgrow(s->block, &s->cap, s->blocks + 1, sizeof *s->block);
    struct sim_block *b = &s->block[s->blocks++];
    memset(b, 0, sizeof *b);
    b->open.height = s->height;
    b->open.time_ms = s->now_ms;
    s->open = true;
    SIM_OK(s, og_store_begin(s->st, SIM_ERR));
    SIM_OK(s, og_ledger_begin_block(s->l, s->height, s->now_ms, SIM_ERR));
}

static inline struct sim_block *sim_block(struct sim *s)
{
    return &s->block[s->blocks - 1];
}

static inline void sim_prove(struct sim *s, struct og_block_open *o)
{
    struct og_buf alpha = OG_BUF_INIT;
    struct og_hash beta;
    unsigned i = 0;
    SIM_OK(s, og_ledger_proposer(s->l, o->height, o->round, &o->proposer, SIM_ERR));
    if (!o->proposer)
        return;
    while (i < s->nodes && s->node[i].id != o->proposer)
        i++;
    if (i == s->nodes)
        sim_fail(s, "proposer %llu is nobody's node", (unsigned long long)o->proposer);
    SIM_OK(s, og_ledger_alpha(s->l, o->height, &alpha, SIM_ERR));
    SIM_OK(s, og_vrf_prove(sim_vrf(s->node[i].keys), alpha.p, alpha.len, o->pi, &beta, SIM_ERR));
    o->has_pi = true;
    og_buf_release(&alpha);
}

static inline void sim_end(struct sim *s, struct sim_block *b)
{
    struct og_hash *leaf;
    size_t n;
    static const struct og_addr nobody;
    struct og_buf line = OG_BUF_INIT;
    SIM_OK(s, og_block_open_line(&b->open, &line, SIM_ERR));
    struct og_hash id = og_sha256(line.p, line.len);
    struct og_hash l = og_merkle_leaf(line.p, line.len);
    SIM_OK(s, og_txrow_add(s->st, OG_POS(b->open.height, 0), &id, &l, &nobody, 0, "", line.p,
                           line.len, SIM_ERR));
    og_buf_release(&line);
    SIM_OK(s, og_block_leaves(s->st, b->open.height, false, &leaf, &n, SIM_ERR));
    struct og_hash root = og_merkle_root(leaf, n);
    free(leaf);
    SIM_OK(s, og_ledger_end_block(s->l, &b->open, &root, b->n > 0, &b->app, SIM_ERR));
    SIM_OK(s, og_store_commit(s->st, SIM_ERR));
}

/* Seals the open block in the given round. */
static inline void sim_seal_in(struct sim *s, uint64_t round)
{
    struct sim_block *b = sim_block(s);
    b->open.round = round;
    sim_prove(s, &b->open);
    sim_end(s, b);
    s->open = false;
}

static inline void sim_seal(struct sim *s)
{
    sim_seal_in(s, 0);
}

/* n blocks without transactions, ms apart. */
static inline void sim_idle(struct sim *s, unsigned n, uint64_t ms)
{
    for (unsigned i = 0; i < n; i++) {
        sim_open(s, ms);
        sim_seal(s);
    }
}

/* A line as it came, by whoever. */
static inline enum og_rc sim_line(struct sim *s, const char *line, size_t len)
{
    struct og_tx tx;
    struct og_err err = {.rc = OG_OK, .msg = ""};
    struct sim_block *b = sim_block(s);
    memset(&s->last, 0, sizeof s->last);
    s->sent++;
    if (og_tx_parse(line, len, &tx, &err) != OG_OK) {
        s->refused++;
        s->last.rc = err.rc;
        memcpy(s->last.msg, err.msg, sizeof s->last.msg);
        return s->last.rc;
    }
    SIM_OK(s, og_ledger_apply(s->l, &tx, line, b->n + 1, &s->last, SIM_ERR));
    if (s->last.in_block) {
        b->n++;
        if (s->record) {
            og_buf_add(&b->lines, line, len);
            og_buf_addc(&b->lines, '\n');
        }
    }
    if (getenv("SIM_TRACE"))
        fprintf(stderr, "%llu %llu %s: %d %s\n  %.*s\n", (unsigned long long)s->height,
                (unsigned long long)s->now_ms, og_tx_kind_name(tx.kind), (int)s->last.rc,
                s->last.msg, (int)len, line);
    s->refused += !s->last.in_block;
    s->failed += s->last.in_block && s->last.rc != OG_OK;
    og_tx_release(&tx);
    return s->last.rc;
}

/* The object that is signed; `from` stays an account's address when its key changes. */
static inline json_t *sim_unsigned(struct sim *s, const struct sim_acct *a, enum og_tx_kind kind,
                                   json_t *body, uint64_t fee)
{
    json_t *o = json_pack("{s:O,s:o,s:o,s:o,s:s,s:o,s:i,s:I}", "body", body, "chain",
                          og_json_new_hex(s->chain.b, OG_HASH_LEN), "fee", og_json_new_dec(fee),
                          "from", sim_addr(&a->addr), "kind", og_tx_kind_name(kind), "seq",
                          og_json_new_dec(a->seq + 1), "v", 1, "valid_until",
                          (json_int_t)(s->height + 1000));
    if (!a->known) {
        json_t *pub = sim_pub(a->key);
        if (a->cold)
            json_object_set_new(pub, "cold", sim_pub(a->cold));
        json_object_set_new(o, "pub", pub);
    }
    return o;
}

/* The signed line of a transaction of an account by a key; body is taken. */
static inline void sim_sign_by(struct sim *s, unsigned who, unsigned key, enum og_tx_kind kind,
                               json_t *body, const struct og_addr *to, uint64_t value,
                               struct og_buf *line)
{
    struct sim_acct *a = &s->acct[who];
    struct og_buf text = OG_BUF_INIT;
    struct og_buf sig = OG_BUF_INIT;
    if (!body)
        sim_fail(s, "no body");
    SIM_OK(s, og_json_canon(body, &text, SIM_ERR));
    uint64_t fee = og_ledger_fee(s->l, kind, body, text.len + 640 + (a->known ? 0 : 400));
    json_t *o = sim_unsigned(s, a, kind, body, fee + s->tip);
    if (to)
        json_object_set_new(o, "to", sim_addr(to));
    if (value)
        json_object_set_new(o, "value", og_json_new_dec(value));
    og_buf_reset(&text);
    og_buf_add(&text, "OGPU-TX-v1", 11);
    SIM_OK(s, og_json_canon(o, &text, SIM_ERR));
    SIM_OK(s, og_key_sign(sim_key(key), text.p, text.len, &sig, SIM_ERR));
    og_buf_reset(&text);
    og_base64_encode(sig.p, sig.len, &text);
    json_object_set_new(o, "sig", json_string(text.p));
    SIM_OK(s, og_json_canon(o, line, SIM_ERR));
    og_buf_release(&text);
    og_buf_release(&sig);
    json_decref(o);
    json_decref(body);
}

static inline void sim_sign(struct sim *s, unsigned who, enum og_tx_kind kind, json_t *body,
                            const struct og_addr *to, uint64_t value, struct og_buf *line)
{
    sim_sign_by(s, who, s->acct[who].key, kind, body, to, value, line);
}

/* Applies a line of an account's; s->last has the details. */
static inline enum og_rc sim_apply(struct sim *s, unsigned who, const struct og_buf *line)
{
    enum og_rc rc = sim_line(s, line->p, line->len);
    if (s->last.in_block) {
        s->acct[who].seq++;
        s->acct[who].known = true;
    }
    return rc;
}

/* Signs and applies. */
static inline enum og_rc sim_send(struct sim *s, unsigned who, enum og_tx_kind kind, json_t *body)
{
    struct og_buf line = OG_BUF_INIT;
    sim_sign(s, who, kind, body, NULL, 0, &line);
    enum og_rc rc = sim_apply(s, who, &line);
    og_buf_release(&line);
    return rc;
}

static inline enum og_rc sim_pay(struct sim *s, unsigned who, const struct og_addr *to,
                                 uint64_t grains)
{
    struct og_buf line = OG_BUF_INIT;
    sim_sign(s, who, OG_TX_TRANSFER, json_object(), to, grains, &line);
    enum og_rc rc = sim_apply(s, who, &line);
    og_buf_release(&line);
    return rc;
}

static inline uint64_t sim_balance(struct sim *s, const struct og_addr *a)
{
    struct og_account acc = {.addr = *a};
    bool found;
    SIM_OK(s, og_row_get(s->st, OG_F_ACCOUNT, &acc, &found, SIM_ERR));
    return acc.balance;
}

static inline void sim_row(struct sim *s, enum og_family_index f, void *rec)
{
    SIM_OK(s, og_row_need(s->st, f, rec, SIM_ERR));
}

#endif
