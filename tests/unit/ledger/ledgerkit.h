/* ledgerkit.h - what the tests of the ledger share: small free chains, steps of a lease, money. */
#ifndef OG_TEST_LEDGERKIT_H
#define OG_TEST_LEDGERKIT_H

#include "../../sim/invariants.h"
#include "../../sim/workers.h"

#include <setjmp.h>

#include <cmocka.h>

/* Nodes of 100,000 MFLOP/s and one slot; 1 grain a MFLOP; no fees; greedy after one block. */
#define KIT_BOND (1000 * SIM_OGPU)

struct money {
    uint64_t treasury, submitter, node[SIM_NODES], bond[SIM_NODES];
};

struct kit {
    struct sim *s;
    unsigned me; /* the submitter: an account without a node */
    struct money was;
    struct og_task t;
    struct og_lease ls;
    unsigned worker; /* index of the lease's node */
};

/* {name: value} pairs, 'quotes' for "quotes". */
static inline json_t *kit_json(const char *text)
{
    char *copy = og_xstrdup(text);
    json_error_t e;
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_t *o = json_loads(copy, 0, &e);
    if (!o)
        fail_msg("%s: %s", copy, e.text);
    free(copy);
    return o;
}

static inline struct kit *kit_of(const struct sim_cfg *cfg, const char *params)
{
    struct kit *k = og_xcalloc(1, sizeof *k);
    struct sim_cfg c = *cfg;
    c.spare = 2;
    c.free_of_fees = true;
    c.params = json_pack("{s:s}", "round_grace", "1");
    if (params) {
        json_t *o = kit_json(params);
        json_object_update(c.params, o);
        json_decref(o);
    }
    k->s = sim_new(1, &c);
    k->me = c.owners;
    return k;
}

static inline struct kit *kit_new(unsigned nodes, const char *params)
{
    return kit_of(&(struct sim_cfg){.owners = nodes, .nodes = nodes}, params);
}

/* Every test ends with the invariants. */
static inline void kit_free(struct kit *k)
{
    struct inv v = {.s = k->s};
    if (k->s->open)
        sim_seal(k->s);
    inv_check(&v, false);
    inv_release(&v);
    OG_RELEASE(OG_F_TASK, &k->t);
    OG_RELEASE(OG_F_LEASE, &k->ls);
    sim_free(k->s);
    free(k);
}

static inline void kit_says(const struct kit *k, const char *why)
{
    if (!strstr(k->s->last.msg, why))
        fail_msg("'%s' does not say '%s'", k->s->last.msg, why);
}

/* One transaction that must be done. */
static inline void kit_do(struct kit *k, unsigned who, enum og_tx_kind kind, json_t *body)
{
    if (!k->s->open)
        sim_open(k->s, 1);
    if (sim_send(k->s, who, kind, body) != OG_OK)
        fail_msg("%s: %s", og_tx_kind_name(kind), k->s->last.msg);
}

/* One that must fail in its block and say why. */
static inline void kit_refused(struct kit *k, unsigned who, enum og_tx_kind kind, json_t *body,
                               const char *why)
{
    if (!k->s->open)
        sim_open(k->s, 1);
    if (sim_send(k->s, who, kind, body) != OG_E_DATA)
        fail_msg("%s: %d %s", og_tx_kind_name(kind), (int)k->s->last.rc, k->s->last.msg);
    kit_says(k, why);
}

static inline void kit_seal(struct kit *k)
{
    if (!k->s->open)
        sim_open(k->s, 1);
    sim_seal(k->s);
}

/* Lets ms pass within blocks of its own. */
static inline void kit_pass(struct kit *k, unsigned blocks, uint64_t ms)
{
    if (k->s->open)
        sim_seal(k->s);
    for (unsigned i = 0; i < blocks; i++)
        sim_idle(k->s, 1, i + 1 == blocks ? ms - (blocks - 1) : 1);
}

static inline void kit_look(struct kit *k)
{
    uint64_t lease = k->ls.id;
    uint64_t task = k->t.id;
    OG_RELEASE(OG_F_LEASE, &k->ls);
    OG_RELEASE(OG_F_TASK, &k->t);
    k->t.id = task;
    sim_row(k->s, OG_F_TASK, &k->t);
    k->ls.id = lease;
    if (lease)
        sim_row(k->s, OG_F_LEASE, &k->ls);
}

/* Submits one task; defaults: line 0, limit 10 s, price 500,000, accept. */
static inline uint64_t kit_submit_by(struct kit *k, unsigned who, const char *text)
{
    struct og_hash spec = og_sha256("spec", 4);
    json_t *t = kit_json("{'line':0,'limit_ms':10000,'max_price':'500000','verify':'accept'}");
    json_t *more = kit_json(text);
    json_object_update(t, more);
    json_decref(more);
    kit_do(k, who, OG_TX_TASK_SUBMIT,
           json_pack("{s:o,s:[o]}", "spec", og_json_new_hex(spec.b, 32), "tasks", t));
    k->t.id = k->s->last.first_id;
    return k->t.id;
}

static inline uint64_t kit_submit(struct kit *k, const char *text)
{
    return kit_submit_by(k, k->me, text);
}

static inline void kit_money(struct kit *k, struct money *m)
{
    memset(m, 0, sizeof *m);
    struct og_addr treasury = og_addr_of_key("treasury", "", 0);
    m->treasury = sim_balance(k->s, &treasury);
    m->submitter = sim_balance(k->s, &k->s->acct[k->me].addr);
    for (size_t i = 0; i < k->s->nodes; i++) {
        struct og_node n = {.id = k->s->node[i].id};
        sim_row(k->s, OG_F_NODE, &n);
        m->bond[i] = n.bond;
        m->node[i] = sim_balance(k->s, &k->s->acct[k->s->node[i].acct].addr);
        OG_RELEASE(OG_F_NODE, &n);
    }
}

static inline void kit_mark(struct kit *k)
{
    kit_money(k, &k->was);
}

/* What changed since kit_mark: submitter, treasury; then pairs of node and bond by kit_node. */
static inline void kit_moved(struct kit *k, int64_t submitter, int64_t treasury)
{
    struct money m;
    kit_money(k, &m);
    if ((int64_t)(m.submitter - k->was.submitter) != submitter ||
        (int64_t)(m.treasury - k->was.treasury) != treasury)
        fail_msg("submitter %+lld not %+lld, treasury %+lld not %+lld",
                 (long long)(m.submitter - k->was.submitter), (long long)submitter,
                 (long long)(m.treasury - k->was.treasury), (long long)treasury);
}

static inline void kit_node(struct kit *k, unsigned i, int64_t balance, int64_t bond)
{
    struct money m;
    kit_money(k, &m);
    if ((int64_t)(m.node[i] - k->was.node[i]) != balance ||
        (int64_t)(m.bond[i] - k->was.bond[i]) != bond)
        fail_msg("node %u: balance %+lld not %+lld, bond %+lld not %+lld", i,
                 (long long)(m.node[i] - k->was.node[i]), (long long)balance,
                 (long long)(m.bond[i] - k->was.bond[i]), (long long)bond);
}

static inline unsigned kit_index(const struct kit *k, uint64_t node)
{
    for (unsigned i = 0; i < k->s->nodes; i++)
        if (k->s->node[i].id == node)
            return i;
    fail_msg("node %llu is nobody's", (unsigned long long)node);
    return 0;
}

/* Seals until the task's newest lease is matched. */
static inline void kit_match(struct kit *k)
{
    for (int i = 0; i < 4; i++) {
        uint64_t r[64][2];
        size_t n;
        kit_seal(k);
        SIM_OK(k->s, og_query(k->s->st, OG_Q_LEASES_OF_TASK, (uint64_t[]){k->t.id, 0}, 2, &r[0][0],
                              2, 64, &n, SIM_ERR));
        if (n && r[n - 1][1] == OG_LEASE_MATCHED) {
            k->ls.id = r[n - 1][0];
            kit_look(k);
            k->worker = kit_index(k, k->ls.node);
            return;
        }
    }
    fail_msg("task %llu is not matched", (unsigned long long)k->t.id);
}

static inline unsigned kit_acct(const struct kit *k, unsigned node)
{
    return k->s->node[node].acct;
}

static inline void kit_start(struct kit *k)
{
    kit_do(k, kit_acct(k, k->worker), OG_TX_LEASE_START, crew_leases(k->ls.id));
    kit_seal(k);
    kit_look(k);
}

/* After ms: commits count elements claiming run_ms. */
static inline void kit_commit(struct kit *k, uint64_t ms, uint64_t count, uint64_t run_ms,
                              uint64_t salt)
{
    sim_open(k->s, ms);
    kit_do(k, kit_acct(k, k->worker), OG_TX_RESULT_COMMIT,
           crew_commit(k->s, &k->ls, &k->t, k->worker, salt, count, run_ms));
    kit_seal(k);
    kit_look(k);
}

static inline void kit_reveal(struct kit *k, uint64_t salt)
{
    kit_do(k, kit_acct(k, k->worker), OG_TX_RESULT_REVEAL,
           crew_reveal(k->s, &k->ls, &k->t, salt, 0));
    kit_look(k);
}

/* Matched, started, committed after 4 s with 3 s claimed: T = 3,000, U = 300,000. */
static inline void kit_to_commit(struct kit *k, uint64_t salt)
{
    kit_match(k);
    kit_start(k);
    kit_commit(k, 4000, k->ls.count, 3000, salt);
}

static inline uint64_t kit_lock(struct kit *k, unsigned i)
{
    struct og_node n = {.id = k->s->node[i].id};
    sim_row(k->s, OG_F_NODE, &n);
    uint64_t locked = n.locked;
    OG_RELEASE(OG_F_NODE, &n);
    return locked;
}

/* The requeue row of the task's elements at `first`; false: none. */
static inline bool kit_requeued(struct kit *k, uint64_t first, struct og_requeue *r)
{
    bool found;
    memset(r, 0, sizeof *r);
    r->task = k->t.id;
    r->first = first;
    SIM_OK(k->s, og_row_get(k->s->st, OG_F_REQUEUE, r, &found, SIM_ERR));
    og_row_set_blob(&r->tried, NULL, 0);
    return found;
}

static inline void kit_state(struct kit *k, enum og_task_state task, enum og_lease_state lease)
{
    kit_look(k);
    if (k->t.state != (uint64_t)task || (k->ls.id && k->ls.state != (uint64_t)lease))
        fail_msg("task %s not %s, lease %s not %s", og_task_state_names[k->t.state],
                 og_task_state_names[task], og_lease_state_names[k->ls.state],
                 og_lease_state_names[lease]);
}

/* Changes a node's row by hand: streak, rates, weight. */
#define KIT_NODE(k, index, ...)                                                                    \
    do {                                                                                           \
        struct og_node n_ = {.id = (k)->s->node[index].id};                                        \
        struct og_node *n = &n_;                                                                   \
        sim_row((k)->s, OG_F_NODE, n);                                                             \
        __VA_ARGS__;                                                                               \
        SIM_OK((k)->s, og_row_put((k)->s->st, OG_F_NODE, n, SIM_ERR));                             \
        OG_RELEASE(OG_F_NODE, n);                                                                  \
    } while (0)

#endif
