/* appkit.h - the application of a network for tests: two nodes, blocks made by hand. */
#ifndef OG_TEST_APPKIT_H
#define OG_TEST_APPKIT_H

#include "chainkit.h"

#include "engine/engine_app.h"
#include "engine/engine_audit.h"
#include "engine/engine_snapshot.h"
#include "model/model_tx.h"

#include <sys/stat.h>

#define APPS 2

struct net {
    char *dir[APPS], *keys;
    struct og_app *app[APPS];
    struct og_hash chain;
    uint64_t height, seq[10];
};

struct answer {
    struct og_buf bytes;
    struct og_span body;
};

static inline void ask(struct og_app *app, const struct og_abci_req *r, struct answer *out)
{
    struct og_pb_in in;
    struct og_pb_field f;
    uint64_t len;
    size_t head;
    memset(out, 0, sizeof *out);
    OK(og_app_call(app, r, &out->bytes, &kit_err));
    const uint8_t *p = (const uint8_t *)out->bytes.p;
    assert_int_equal(og_pb_varint(p, out->bytes.len, &len, &head), 1);
    assert_int_equal(head + len, out->bytes.len);
    og_pb_open(&in, (struct og_span){p + head, (size_t)len});
    assert_true(og_pb_next(&in, &f));
    assert_int_equal(f.no, (uint32_t)r->call + 1);
    out->body = f.bytes;
}

/* The n-th member `no` of an answer; false when there is none. */
static inline bool member(const struct answer *a, uint32_t no, size_t n, struct og_pb_field *f)
{
    struct og_pb_in in;
    og_pb_open(&in, a->body);
    while (og_pb_next(&in, f))
        if (f->no == no && n-- == 0)
            return true;
    return false;
}

static inline uint64_t number(const struct answer *a, uint32_t no)
{
    struct og_pb_field f;
    return member(a, no, 0, &f) ? f.v : 0;
}

static inline void address(unsigned node, uint8_t out[OG_ABCI_ADDR_LEN])
{
    struct og_key *k = kit_key("consensus", node);
    struct og_pub *p;
    size_t n;
    OK(og_key_pub(k, &p, &kit_err));
    const uint8_t *der = og_pub_der(p, &n);
    struct og_hash h = og_sha256(der + n - 32, 32);
    memcpy(out, h.b, OG_ABCI_ADDR_LEN);
    og_pub_free(p);
    og_key_free(k);
}

static inline void open_app(struct net *t, size_t i)
{
    OK(og_app_open(t->dir[i], t->keys, &t->app[i], &kit_err));
}

static inline void make_state(const char *dir, const struct og_buf *genesis)
{
    struct og_store *st;
    OK(og_store_open(dir, OG_STORE_CREATE | OG_STORE_WRITE, &st, &kit_err));
    OK(og_store_begin(st, &kit_err));
    OK(og_ledger_genesis(st, genesis->p, genesis->len, &kit_err));
    OK(og_store_commit(st, &kit_err));
    og_store_close(st);
}

static inline void comet_genesis(const char *params, struct og_buf *out)
{
    struct og_buf g = OG_BUF_INIT;
    kit_genesis(params, KIT_NODES, &g);
    const char *at = strstr(g.p, "\"embedded\"");
    assert_non_null(at);
    og_buf_add(out, g.p, (size_t)(at - g.p));
    og_buf_adds(out, "\"comet\"");
    og_buf_adds(out, at + strlen("\"embedded\""));
    og_buf_release(&g);
}

static inline void init_chain(struct net *t, size_t i, const struct og_buf *genesis,
                              struct answer *out)
{
    struct og_buf state = OG_BUF_INIT;
    OK(og_app_state_json(genesis->p, genesis->len, false, &state, &kit_err));
    struct og_abci_req r = {.call = OG_ABCI_INIT_CHAIN,
                            .height = 1,
                            .app_state = {(const uint8_t *)state.p, state.len}};
    ask(t->app[i], &r, out);
    og_buf_release(&state);
}

static inline void net_open(struct net *t, const char *params)
{
    struct og_buf g = OG_BUF_INIT;
    memset(t, 0, sizeof *t);
    t->keys = og_io_join(kit_dir, "keys");
    for (unsigned i = 0; i < KIT_NODES; i++)
        kit_save_keys(t->keys, i);
    comet_genesis(params, &g);
    t->chain = og_sha256(g.p, g.len);
    for (size_t i = 0; i < APPS; i++) {
        struct answer a;
        char name[32];
        struct og_pb_field f;
        snprintf(name, sizeof name, "node%zu", i);
        t->dir[i] = og_io_join(kit_dir, name);
        make_state(t->dir[i], &g);
        open_app(t, i);
        init_chain(t, i, &g, &a);
        assert_true(member(&a, 2, KIT_NODES - 1, &f)); /* every validator of the state */
        assert_false(member(&a, 2, KIT_NODES, &f));
        assert_true(member(&a, 3, 0, &f));
        assert_int_equal(f.bytes.n, OG_HASH_LEN);
        og_buf_release(&a.bytes);
    }
    og_buf_release(&g);
}

static inline void net_close(struct net *t)
{
    for (size_t i = 0; i < APPS; i++) {
        og_app_close(t->app[i]);
        free(t->dir[i]);
    }
    free(t->keys);
    struct og_err ignored;
    (void)!og_io_remove_tree(kit_dir, &ignored);
    mkdir(kit_dir, 0700);
}

/* A signed transfer of account `from`; seq 0: the one that comes next. */
static inline char *transfer(struct net *t, unsigned from, unsigned to, uint64_t seq)
{
    struct og_key *k = kit_key("account", from);
    struct og_key *other = kit_key("account", to);
    struct og_addr a = og_key_addr(other);
    json_t *body = json_object();
    struct og_draft d = {.kind = OG_TX_TRANSFER, .body = body, .to = &a, .value = 1000};
    struct og_buf line = OG_BUF_INIT;
    if (!seq)
        seq = ++t->seq[from];
    OK(og_tx_sign(&d, k, &t->chain, seq, 1000, 5000, seq == 1, &line, &kit_err));
    json_decref(body);
    og_key_free(k);
    og_key_free(other);
    return og_buf_detach(&line);
}

static inline uint64_t check_tx(struct net *t, size_t app, const char *line, bool recheck)
{
    struct answer a;
    struct og_abci_req r = {
        .call = OG_ABCI_CHECK_TX, .recheck = recheck, .tx = {(const uint8_t *)line, strlen(line)}};
    ask(t->app[app], &r, &a);
    uint64_t code = number(&a, 1);
    og_buf_release(&a.bytes);
    return code;
}

/* A block on its way: what was proposed, as spans into `proposal`. */
struct block {
    struct answer proposal;
    struct og_span tx[64];
    size_t n;
    uint8_t proposer[OG_ABCI_ADDR_LEN];
    struct og_abci_vote vote[KIT_NODES];
    struct og_abci_req req; /* of Process and Finalize */
};

static inline void head(struct net *t, struct block *b, unsigned proposer)
{
    address(proposer, b->proposer);
    b->req = (struct og_abci_req){.height = (int64_t)t->height + 1,
                                  .time_s = KIT_TIME / 1000 + (int64_t)t->height + 1,
                                  .proposer = {b->proposer, sizeof b->proposer},
                                  .max_tx_bytes = 1 << 20};
    if (t->height) { /* all but the last node signed the block before */
        b->req.votes = b->vote;
        b->req.n_votes = KIT_NODES;
        for (unsigned i = 0; i < KIT_NODES; i++) {
            address(i, b->vote[i].addr);
            b->vote[i].flag = i + 1 < KIT_NODES ? OG_ABCI_FLAG_COMMIT : OG_ABCI_FLAG_ABSENT;
        }
    }
}

static inline void propose(struct net *t, struct block *b, unsigned proposer, char *const *line,
                           size_t n)
{
    struct og_span txs[64];
    struct og_pb_field f;
    memset(b, 0, sizeof *b);
    head(t, b, proposer);
    for (size_t i = 0; i < n; i++)
        txs[i] = (struct og_span){(const uint8_t *)line[i], strlen(line[i])};
    struct og_abci_req r = b->req;
    r.call = OG_ABCI_PREPARE;
    r.txs = txs;
    r.n_txs = n;
    ask(t->app[0], &r, &b->proposal);
    while (member(&b->proposal, 1, b->n, &f))
        b->tx[b->n++] = f.bytes;
    b->req.txs = b->tx;
    b->req.n_txs = b->n;
}

static inline uint64_t process(struct net *t, size_t app, struct block *b)
{
    struct answer a;
    b->req.call = OG_ABCI_PROCESS;
    ask(t->app[app], &b->req, &a);
    uint64_t status = number(&a, 1);
    og_buf_release(&a.bytes);
    return status;
}

static inline void finalize(struct net *t, size_t app, struct block *b, struct answer *out)
{
    b->req.call = OG_ABCI_FINALIZE;
    ask(t->app[app], &b->req, out);
}

static inline void commit(struct net *t, size_t app)
{
    struct answer a;
    struct og_abci_req r = {.call = OG_ABCI_COMMIT};
    ask(t->app[app], &r, &a);
    og_buf_release(&a.bytes);
}

static inline void hash_of(const struct answer *a, uint8_t out[OG_HASH_LEN])
{
    struct og_pb_field f;
    assert_true(member(a, 5, 0, &f));
    assert_int_equal(f.bytes.n, OG_HASH_LEN);
    memcpy(out, f.bytes.p, OG_HASH_LEN);
}

/* A whole block on every node; the codes of its transactions, block.open first. */
static inline size_t block(struct net *t, unsigned proposer, char *const *line, size_t n,
                           uint64_t *code)
{
    struct block b;
    uint8_t hash[APPS][OG_HASH_LEN];
    propose(t, &b, proposer, line, n);
    for (size_t i = 0; i < APPS; i++) {
        struct answer a;
        struct og_pb_field f;
        assert_int_equal(process(t, i, &b), OG_ABCI_ACCEPT);
        finalize(t, i, &b, &a);
        hash_of(&a, hash[i]);
        for (size_t k = 0; k < b.n; k++) { /* exactly one result each */
            assert_true(member(&a, 2, k, &f));
            struct answer one = {.body = f.bytes};
            if (code)
                code[k] = number(&one, 1);
        }
        assert_false(member(&a, 2, b.n, &f));
        commit(t, i);
        og_buf_release(&a.bytes);
    }
    assert_memory_equal(hash[0], hash[1], OG_HASH_LEN);
    og_buf_release(&b.proposal.bytes);
    t->height++;
    return b.n;
}

static inline void audit(const struct net *t)
{
    for (size_t i = 0; i < APPS; i++) {
        struct og_store *st;
        struct og_audit got;
        char *scratch = og_io_join(kit_dir, i ? "audit1" : "audit0");
        struct og_audit_want want = {.scratch_dir = scratch};
        OK(og_store_open(t->dir[i], OG_STORE_READ, &st, &kit_err));
        OK(og_audit_run(st, &want, &got, &kit_err));
        if (!got.ok)
            fail_msg("audit: block %d: %s", (int)got.bad_height, got.what);
        assert_true(got.blocks == t->height);
        og_store_close(st);
        free(scratch);
    }
}

static inline void free_lines(char **line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(line[i]);
}

#endif
