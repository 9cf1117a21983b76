/* people.h - submitters, owners and thieves of the walk: every kind of transaction, right or wrong.
 */
#ifndef OG_SIM_PEOPLE_H
#define OG_SIM_PEOPLE_H

#include "chain.h"
#include "contracts.h"
#include "workers.h"

struct people {
    struct sim *s;
    struct crew *c;
    struct og_buf old; /* one line sent before, for replays */
    uint64_t tasks;    /* numbers given so far */
    unsigned next_key;
    bool joined;
    struct og_addr contract[8];
    size_t contracts;
    struct og_addr order;
    bool ordering;
};

static inline void people_needs(struct sim *s, json_t *o)
{
    if (sim_one_in(s, 6))
        json_object_set_new(o, "needs",
                            json_pack("{s:I,s:I}", "cores", (json_int_t)sim_below(s, 6),
                                      "mem_bytes", (json_int_t)(sim_below(s, 20) << 30)));
    if (sim_one_in(s, 4))
        json_object_set_new(o, "in_bytes", json_integer((json_int_t)sim_below(s, 1 << 26)));
    if (sim_one_in(s, 5))
        json_object_set_new(o, "urgency", json_integer((json_int_t)(1 + sim_below(s, 64))));
    if (sim_one_in(s, 8))
        json_object_set_new(o, "deadline_ms",
                            json_integer((json_int_t)(s->now_ms + sim_below(s, 1000000))));
    if (sim_one_in(s, 3))
        json_object_set_new(o, "retry", json_integer((json_int_t)sim_below(s, 4)));
    if (sim_one_in(s, 3))
        json_object_set_new(o, "expires_ms", json_integer((json_int_t)sim_below(s, 600000)));
}

static inline void people_verify(struct sim *s, json_t *o)
{
    static const char *const how[] = {"own",  "exact", "vote", "cmd", "accept",
                                      "auto", "exact", "vote", "cmd"};
    const char *v = how[sim_below(s, 9)];
    json_object_set_new(o, "verify", json_string(v));
    if (strcmp(v, "cmd") == 0) {
        struct og_hash h = og_sha256("check", 5);
        json_object_set_new(o, "check",
                            json_pack("{s:o,s:I}", "sha256", og_json_new_hex(h.b, 32), "limit_ms",
                                      (json_int_t)(1 + sim_below(s, 60000))));
    }
    if (sim_one_in(s, 2))
        json_object_set_new(o, "samples", json_integer((json_int_t)sim_below(s, 6)));
}

static inline void people_shape(struct sim *s, json_t *o)
{
    if (sim_one_in(s, 5)) {
        json_object_set_new(o, "kernel",
                            json_pack("{s:s,s:{s:I,s:i,s:i,s:s}}", "name", "gemm", "args", "m",
                                      (json_int_t)(64 + sim_below(s, 600)), "n", 2000, "k", 2000,
                                      "type", sim_one_in(s, 2) ? "i32" : "f32"));
        return;
    }
    if (sim_one_in(s, 2)) {
        json_object_set_new(o, "count", json_integer((json_int_t)(1 + sim_below(s, 24))));
        json_object_set_new(o, "chunk", json_integer((json_int_t)(1 + sim_below(s, 10))));
    }
    if (sim_one_in(s, 2))
        json_object_set_new(o, "work_mflop", og_json_new_dec(sim_below(s, 10000000)));
}

static inline void people_after(struct people *p, json_t *o, unsigned index)
{
    static const char *const whens[] = {"ok", "any", "fail"};
    struct sim *s = p->s;
    json_t *after = json_array();
    for (uint64_t i = sim_below(s, 3); i > 0; i--) {
        json_t *d = json_pack("{s:s}", "when", whens[sim_below(s, 3)]);
        if (index && sim_below(s, 3))
            json_object_set_new(d, "at", json_integer((json_int_t)sim_below(s, index)));
        else
            json_object_set_new(d, "task", json_integer((json_int_t)sim_below(s, p->tasks + 2)));
        json_array_append_new(after, d);
    }
    json_object_set_new(o, "after", after);
}

static inline json_t *people_task(struct people *p, unsigned index)
{
    struct sim *s = p->s;
    uint64_t price = sim_one_in(s, 8) ? sim_below(s, 3) : sim_below(s, 2000000000);
    json_t *o = json_pack("{s:i,s:I,s:o}", "line", (int)index, "limit_ms",
                          (json_int_t)(1 + sim_below(s, sim_one_in(s, 4) ? 1000000 : 20000)),
                          "max_price", og_json_new_dec(price));
    people_needs(s, o);
    people_verify(s, o);
    people_shape(s, o);
    if (sim_one_in(s, 3))
        people_after(p, o, index);
    if (sim_one_in(s, 60))
        json_object_set_new(o, "limit_ms", json_integer(0));
    return o;
}

static inline void people_submit(struct people *p, unsigned who)
{
    struct sim *s = p->s;
    struct og_hash spec = og_sha256("spec", 4);
    json_t *tasks = json_array();
    unsigned n = 1 + (unsigned)sim_below(s, 3);
    for (unsigned i = 0; i < n; i++)
        json_array_append_new(tasks, people_task(p, i));
    if (sim_send(s, who, OG_TX_TASK_SUBMIT,
                 json_pack("{s:o,s:o}", "spec", og_json_new_hex(spec.b, 32), "tasks", tasks)) ==
        OG_OK)
        p->tasks += n;
}

/* A task with a lease in some state, or any number. */
static inline uint64_t people_task_with(struct people *p)
{
    struct sim *s = p->s;
    uint64_t id[64];
    size_t n;
    SIM_OK(s, og_query(s->st, OG_Q_LEASES_IN,
                       (uint64_t[]){sim_one_in(s, 3) ? sim_below(s, 4) : OG_LEASE_REVEALED, 0}, 2,
                       id, 1, 64, &n, SIM_ERR));
    if (!n || sim_one_in(s, 6))
        return 1 + sim_below(s, p->tasks + 1);
    struct og_lease ls = {.id = id[sim_below(s, n)]};
    sim_row(s, OG_F_LEASE, &ls);
    uint64_t task = ls.task;
    OG_RELEASE(OG_F_LEASE, &ls);
    return task;
}

static inline void people_range(struct people *p, unsigned who)
{
    static const enum og_tx_kind kinds[] = {OG_TX_TASK_CANCEL, OG_TX_TASK_ACCEPT,
                                            OG_TX_TASK_DISPUTE};
    struct sim *s = p->s;
    struct og_task t = {.id = people_task_with(p)};
    uint64_t task = t.id;
    bool found;
    SIM_OK(s, og_row_get(s->st, OG_F_TASK, &t, &found, SIM_ERR));
    bool theirs = found && sim_below(s, 10);
    for (unsigned i = 0; theirs && i < s->accts; i++)
        if (og_addr_eq(&s->acct[i].addr, &t.owner))
            who = i;
    OG_RELEASE(OG_F_TASK, &t);
    json_t *o = json_pack("{s:I}", "task", (json_int_t)task);
    if (sim_one_in(s, 4)) {
        json_object_set_new(o, "first", json_integer((json_int_t)sim_below(s, 8)));
        json_object_set_new(o, "count", json_integer((json_int_t)sim_below(s, 8)));
    }
    sim_send(s, who, kinds[sim_below(s, 3)], o);
}

static inline void people_rotate(struct people *p, unsigned who)
{
    struct sim *s = p->s;
    struct og_buf msg = OG_BUF_INIT;
    struct og_buf sig = OG_BUF_INIT;
    struct og_buf text = OG_BUF_INIT;
    unsigned key = 100 + p->next_key++;
    og_buf_add(&msg, "ogpu-rotate", 12);
    og_buf_add(&msg, s->chain.b, OG_HASH_LEN);
    og_buf_add(&msg, s->acct[who].addr.b, OG_ADDR_LEN);
    SIM_OK(s, og_key_sign(sim_key(sim_one_in(s, 10) ? 99 : key), msg.p, msg.len, &sig, SIM_ERR));
    og_base64_encode(sig.p, sig.len, &text);
    json_t *body = json_pack("{s:o,s:s}", "key", sim_pub(key), "sig_new", text.p);
    struct sim_acct *a = &s->acct[who];
    bool by_cold = a->cold && a->known && sim_one_in(s, 2);
    struct og_buf line = OG_BUF_INIT;
    sim_sign_by(s, who, by_cold ? a->cold : a->key, OG_TX_KEY_ROTATE, body, NULL, 0, &line);
    if (sim_apply(s, who, &line) == OG_OK) {
        bool at_once = by_cold || !a->cold;
        a->next = at_once ? 0 : key;
        a->key = at_once ? key : a->key;
    }
    og_buf_release(&line);
    og_buf_release(&msg);
    og_buf_release(&sig);
    og_buf_release(&text);
}

/* Rotations by the hot key act after an epoch. */
static inline void people_rotated(struct sim *s)
{
    for (size_t i = 0; i < s->accts; i++) {
        struct og_acckey k = {.addr = s->acct[i].addr};
        if (!s->acct[i].next)
            continue;
        sim_row(s, OG_F_ACCKEY, &k);
        if (!k.next_pub.n) {
            s->acct[i].key = s->acct[i].next;
            s->acct[i].next = 0;
        }
        OG_RELEASE(OG_F_ACCKEY, &k);
    }
}

/* All validators vote for other values. */
static inline void people_params(struct people *p, unsigned who)
{
    static const char *const names[] = {"levy_ppm", "rate", "q_min_ppm", "referee_ppm"};
    struct sim *s = p->s;
    struct og_buf bytes = OG_BUF_INIT;
    struct og_value serial = {.name = og_xstrdup("params_serial")};
    bool found;
    SIM_OK(s, og_row_get(s->st, OG_F_GLOBAL, &serial, &found, SIM_ERR));
    json_t *values =
        json_pack("{s:o}", names[sim_below(s, 4)], og_json_new_dec(1 + sim_below(s, 500000)));
    json_t *votes = json_array();
    og_buf_add(&bytes, "OGPU-PARAMS-v1", 15);
    og_buf_add(&bytes, s->chain.b, OG_HASH_LEN);
    og_buf_add_be64(&bytes, serial.value);
    SIM_OK(s, og_json_canon(values, &bytes, SIM_ERR));
    for (size_t i = 0; i < s->nodes; i++) {
        struct og_validator v = {.node = s->node[i].id};
        struct og_buf sig = OG_BUF_INIT;
        struct og_buf text = OG_BUF_INIT;
        SIM_OK(s, og_row_get(s->st, OG_F_VALIDATOR, &v, &found, SIM_ERR));
        if (!found || sim_one_in(s, 12))
            continue;
        SIM_OK(s, og_key_sign(sim_key(2048 + s->node[i].keys), bytes.p, bytes.len, &sig, SIM_ERR));
        og_base64_encode(sig.p, sig.len, &text);
        json_array_append_new(
            votes, json_pack("{s:I,s:s}", "node", (json_int_t)s->node[i].id, "sig", text.p));
        og_buf_release(&sig);
        og_buf_release(&text);
    }
    sim_send(s, who, OG_TX_PARAMS_SET, json_pack("{s:o,s:o}", "values", values, "votes", votes));
    og_buf_release(&bytes);
    OG_RELEASE(OG_F_GLOBAL, &serial);
}

static inline json_t *people_header(struct sim *s, unsigned node, uint64_t height, unsigned salt,
                                    bool other_chain)
{
    struct og_header h;
    struct og_err err;
    memset(&h, 0, sizeof h);
    h.chain = s->chain;
    h.chain.b[0] ^= other_chain;
    h.open.height = height;
    h.open.time_ms = s->now_ms;
    h.open.proposer = s->node[node].id;
    h.app_hash.b[0] = (uint8_t)salt;
    if (og_header_sign(&h, sim_key(2048 + s->node[node].keys), &err) != OG_OK)
        abort();
    json_t *o = json_loadb(h.line.p, h.line.len, 0, NULL);
    og_header_release(&h);
    return o;
}

static inline void people_evidence(struct people *p, unsigned who)
{
    struct sim *s = p->s;
    unsigned node = (unsigned)sim_below(s, s->nodes);
    uint64_t height = 1 + sim_below(s, s->height);
    sim_send(s, who, OG_TX_EVIDENCE,
             json_pack("{s:s,s:I,s:{s:o,s:o}}", "type", "double-sign", "height", (json_int_t)height,
                       "proof", "a", people_header(s, node, height, 1, sim_one_in(s, 3)), "b",
                       people_header(s, node, height, sim_one_in(s, 4) ? 1 : 2, false)));
}

static inline void people_node(struct people *p, unsigned i)
{
    struct sim *s = p->s;
    const struct sim_node *n = &s->node[i];
    uint64_t amount = 1 + sim_below(s, 400 * SIM_OGPU);
    json_t *stake =
        json_pack("{s:I,s:o}", "node", (json_int_t)n->id, "amount", og_json_new_dec(amount));
    switch (sim_below(s, 8)) {
    case 0:
    case 1: sim_send(s, n->owner, OG_TX_STAKE_UNBOND, stake); return;
    case 2: sim_send(s, n->owner, OG_TX_STAKE_BOND, stake); return;
    case 3:
        sim_send(s, n->acct, OG_TX_NODE_UPDATE,
                 json_pack("{s:o,s:I}", "slots", sim_slots(1 + (unsigned)sim_below(s, 4)),
                           "offered", (json_int_t)sim_below(s, 200000)));
        break;
    case 4:
        sim_send(s, n->acct, OG_TX_LINK_REPORT,
                 json_pack("{s:I,s:I,s:I}", "peer", (json_int_t)(1 + sim_below(s, s->nodes)),
                           "latency_us", (json_int_t)sim_below(s, 100000), "bytes_per_s",
                           (json_int_t)sim_below(s, 1 << 30)));
        break;
    case 5:
        sim_send(s, n->acct, OG_TX_NODE_UPDATE,
                 json_pack("{s:o,s:o}", "min_rate", og_json_new_dec(sim_below(s, 2000000000)),
                           "max_lock", og_json_new_dec(sim_below(s, 100 * SIM_OGPU))));
        break;
    case 6:
        if (sim_one_in(s, 4))
            sim_send(s, n->owner, OG_TX_NODE_LEAVE, json_pack("{s:I}", "node", (json_int_t)n->id));
        break;
    default: crew_match(s, i, sim_one_in(s, 4)); break;
    }
    json_decref(stake);
}

/* A line that stood in a block before, a wrong sequence number, another chain, junk. */
static inline void people_hostile(struct people *p, unsigned who)
{
    struct sim *s = p->s;
    struct og_buf line = OG_BUF_INIT;
    bool in_block = false;
    switch (sim_below(s, 4)) {
    case 0:
        if (p->old.len) {
            sim_line(s, p->old.p, p->old.len);
            in_block = s->last.in_block;
        }
        break;
    case 1:
        s->acct[who].seq += 1 + sim_below(s, 3);
        sim_sign(s, who, OG_TX_TRANSFER, json_object(), &s->acct[0].addr, 1, &line);
        s->acct[who].seq = 0;
        sim_line(s, line.p, line.len);
        in_block = s->last.in_block;
        break;
    case 2:
        s->chain.b[3] ^= 1;
        sim_sign(s, who, OG_TX_TRANSFER, json_object(), &s->acct[0].addr, 1, &line);
        s->chain.b[3] ^= 1;
        sim_line(s, line.p, line.len);
        in_block = s->last.in_block;
        break;
    default:
        sim_sign(s, who, OG_TX_TRANSFER, json_object(), &s->acct[0].addr, 1, &line);
        line.p[sim_below(s, line.len)] ^= 1;
        sim_line(s, line.p, line.len);
        in_block = s->last.in_block;
        break;
    }
    if (in_block)
        sim_fail(s, "a line that must be refused stands in the block: %s", s->last.msg);
    struct og_account acc = {.addr = s->acct[who].addr};
    sim_row(s, OG_F_ACCOUNT, &acc);
    s->acct[who].seq = acc.seq;
    og_buf_release(&line);
}

static inline void people_transfer(struct people *p, unsigned who)
{
    struct sim *s = p->s;
    struct og_buf line = OG_BUF_INIT;
    sim_sign(s, who, OG_TX_TRANSFER, json_object(), &s->acct[sim_below(s, s->accts)].addr,
             sim_below(s, 5 * SIM_OGPU), &line);
    sim_apply(s, who, &line);
    og_buf_reset(&p->old);
    og_buf_add(&p->old, line.p, line.len);
    og_buf_release(&line);
}

/* Deploys the contract, or calls one of its functions with or without money, rightly or not. */
static inline void people_contract(struct people *p, unsigned who)
{
    struct sim *s = p->s;
    char to[OG_ADDR_TEXT];
    char args[200];
    uint64_t wei = sim_below(s, 5 * SIM_OGPU) * 700000003;
    if (!p->contracts || (p->contracts < 8 && sim_one_in(s, 8))) {
        if (sim_deploy(s, who, sim_below(s, SIM_OGPU), &p->contract[p->contracts]) == OG_OK)
            p->contracts++;
        return;
    }
    const struct og_addr *at = &p->contract[sim_below(s, p->contracts)];
    og_addr_format(sim_one_in(s, 4) ? &p->contract[0] : &s->acct[sim_below(s, s->accts)].addr, to);
    uint64_t value = sim_one_in(s, 3) ? sim_below(s, SIM_OGPU) : 0;
    switch (sim_below(s, 8)) {
    case 0: sim_call(s, who, at, "put", "[\"a note\"]", value); return;
    case 1: sim_call(s, who, at, "bump", "[]", value); return;
    case 2:
        snprintf(args, sizeof args, "[\"%s\", \"%llu\"]", to, (unsigned long long)wei);
        sim_call(s, who, at, "send", args, 0);
        return;
    case 3:
    case 4:
        snprintf(args, sizeof args, "[%d, %d, %d]", (int)sim_below(s, 20), (int)sim_below(s, 30),
                 (int)sim_below(s, 3));
        sim_call(s, who, at, "set", args, 0);
        return;
    case 5:
    case 6:
        snprintf(args, sizeof args, "[\"%llu\"]", (unsigned long long)wei);
        sim_call(s, who, at, sim_one_in(s, 2) ? "burn" : "spawn", args, 0);
        return;
    default:
        sim_contract(s, who, at, json_string("68110b"), value, 30000 + sim_below(s, 100000),
                     1 + sim_below(s, 3));
        return;
    }
}

/* Tasks by way of a contract, some with a callback that runs away. */
static inline void people_order(struct people *p, unsigned who)
{
    static const char spec[] = "0x20f65c28671b40937c5bf23acc7c6f37e5a5ec0622e347b57685725df5ba9e50";
    struct sim *s = p->s;
    char args[400];
    if (!p->ordering) {
        p->ordering = sim_deploy_of(s, who, "Order", "[]", 0, &p->order) == OG_OK;
        return;
    }
    if (sim_one_in(s, 12)) {
        sim_call_of(s, who, &p->order, "Order", "loopInCallback", "[]", 0);
        return;
    }
    uint64_t price = sim_below(s, 5000000);
    snprintf(args, sizeof args,
             "[\"%s\", \"{\\\"count\\\":%d,\\\"expires_ms\\\":%d,\\\"limit_ms\\\":5000,"
             "\\\"line\\\":0,\\\"max_price\\\":\\\"%llu\\\",\\\"verify\\\":\\\"%s\\\"}\", %d]",
             spec, 1 + (int)sim_below(s, 3), (int)sim_below(s, 600000), (unsigned long long)price,
             sim_one_in(s, 2) ? "accept" : "vote", sim_one_in(s, 3) ? 0 : 150000);
    struct og_task t = {.id = p->tasks + 1};
    bool found;
    sim_call_of(s, who, &p->order, "Order", "order", args,
                sim_one_in(s, 4) ? sim_below(s, 1000000) : 4 * price + 200000);
    SIM_OK(s, og_row_get(s->st, OG_F_TASK, &t, &found, SIM_ERR));
    OG_RELEASE(OG_F_TASK, &t);
    p->tasks += found;
}

/* A spare account becomes a node of its own. */
static inline void people_join(struct people *p, const struct sim_cfg *cfg, unsigned who)
{
    struct sim *s = p->s;
    if (s->nodes >= SIM_NODES)
        return;
    unsigned i = (unsigned)s->nodes;
    if (sim_send(s, who, OG_TX_NODE_JOIN, sim_node_body(cfg, i)) != OG_OK)
        return;
    s->node[s->nodes++] =
        (struct sim_node){.id = s->last.first_id, .acct = who, .owner = who, .keys = i};
    sim_send(
        s, who, OG_TX_STAKE_BOND,
        json_pack("{s:I,s:o}", "node", (json_int_t)s->last.first_id, "amount", og_json_new_dec(1)));
    sim_send(s, who, OG_TX_STAKE_BOND,
             json_pack("{s:I,s:o}", "node", (json_int_t)s->node[i].id, "amount",
                       og_json_new_dec(200 * SIM_OGPU)));
}

#endif
