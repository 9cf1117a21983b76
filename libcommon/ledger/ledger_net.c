/* ledger_net.c - contracts and the network: tasks submitted from contracts, what became of them,
 * nodes, the market; callbacks at the end of a block. The layout of each call is in
 * ogpu-contract(1).
 *
 * A submission is a log of 0x0100, so that it is undone with the frame that made it; the task is
 * made when the transaction has succeeded. Rows of 0x0100 in vm_slot tie task ids to numbers. */
#include "ledger/ledger_evm.h"

#include "base/base_mem.h"
#include "vm/vm_keccak.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define WORD          32
#define HEAD          (3 * (size_t)WORD) /* of a submission: spec, selector, gas */
#define ENTRY_MAX     8192               /* bytes of the task's JSON */
#define RANGES_MAX    64                 /* of one TASK_RESULT */
#define LEASES_SEEN   256
#define TOPICS        4
#define CALLBACK_PART 8                   /* of a block's gas, for one callback */
#define BY_NUMBER     ((uint64_t)1 << 63) /* top bits of a slot's key: from number to id */
#define BY_CALLER     ((uint64_t)1 << 62) /* how many tasks a contract has submitted */

/* The value of a task's slot: number, selector, gas of its callback. A number of 0: it waits for
 * the end of its transaction, or could not be made. */
struct link {
    uint64_t number, gas;
    uint32_t selector;
};

static struct og_u256 link_word(const struct link *k)
{
    return (struct og_u256){{k->number, k->selector, k->gas, 1}};
}

static struct link link_of(const struct og_u256 *w)
{
    return (struct link){.number = w->w[0], .selector = (uint32_t)w->w[1], .gas = w->w[2]};
}

static struct og_u256 number_key(uint64_t number)
{
    return (struct og_u256){{number, 0, 0, BY_NUMBER}};
}

static struct og_u256 caller_key(const struct og_addr *a)
{
    struct og_u256 w = og_u256_from_be(a->b, OG_ADDR_LEN);
    w.w[3] = BY_CALLER;
    return w;
}

static void add_word(struct og_buf *out, struct og_u256 w)
{
    uint8_t b[WORD];
    og_u256_store(&w, b);
    og_buf_add(out, b, sizeof b);
}

static void add_num(struct og_buf *out, uint64_t v)
{
    add_word(out, og_u256_of(v));
}

/* Error(string) of Solidity as revert data. */
static enum og_vm_status revert(struct og_buf *out, const char *why)
{
    static const uint8_t selector[4] = {0x08, 0xc3, 0x79, 0xa0};
    static const uint8_t zero[WORD];
    size_t n = strlen(why);
    og_buf_reset(out);
    og_buf_add(out, selector, sizeof selector);
    add_num(out, WORD);
    add_num(out, n);
    og_buf_add(out, why, n);
    og_buf_add(out, zero, (WORD - n % WORD) % WORD);
    return OG_VM_REVERT;
}

/* Rows cannot be read: the run ends, and this says why. */
static enum og_vm_status broken(struct og_evm *e, enum og_rc rc, const struct og_err *why)
{
    e->rc = rc;
    e->err = *why;
    return OG_VM_PRECOMPILE;
}

static bool word_at(const struct og_vm_net_call *c, size_t i, struct og_u256 *out)
{
    if (c->n < (i + 1) * WORD)
        return false;
    *out = og_u256_load(c->in + i * WORD);
    return true;
}

/* ---- submissions ---- */

static json_t *entry_of(const uint8_t *in, size_t n, struct og_err *err)
{
    json_t *o = NULL;
    if (n > HEAD && n <= HEAD + ENTRY_MAX &&
        og_json_parse_canon((const char *)in + HEAD, n - HEAD, &o, err) == OG_OK &&
        json_is_object(o))
        return o;
    json_decref(o);
    return NULL;
}

static struct og_hash task_id(const struct og_evm *e, const struct og_vm_net_call *c,
                              const struct og_u256 *nonce)
{
    struct og_buf b = OG_BUF_INIT;
    add_num(&b, e->env.chain_id);
    add_word(&b, og_u256_from_be(c->caller.b, OG_ADDR_LEN));
    add_word(&b, *nonce);
    og_buf_add(&b, c->in, c->n);
    struct og_hash h = og_keccak256(b.p, b.len);
    og_buf_release(&b);
    return h;
}

static void note_submission(struct og_evm *e, const struct og_vm_net_call *c, uint64_t grains,
                            const struct link *k, struct og_buf *out)
{
    struct og_addr self = og_vm_net_addr(OG_VM_NET_SUBMIT);
    struct og_vm_acct *a = og_vm_state_acct(c->st, &self);
    struct og_u256 key = caller_key(&c->caller);
    struct og_vm_slot *count = og_vm_state_slot(c->st, a, &key);
    struct og_u256 nonce = count->now;
    struct og_u256 one = og_u256_of(1);
    struct og_hash id = task_id(e, c, &nonce);
    og_vm_state_set_slot(c->st, count, og_u256_add(nonce, one));
    key = og_u256_load(id.b);
    og_vm_state_set_slot(c->st, og_vm_state_slot(c->st, a, &key), link_word(k));
    static const char sig[] = "Submitted(bytes32,address,uint256)";
    struct og_hash name = og_keccak256(sig, sizeof sig - 1);
    const struct og_u256 topic[TOPICS] = {
        og_u256_load(name.b), key, og_u256_from_be(c->caller.b, OG_ADDR_LEN), og_u256_of(grains)};
    og_vm_net_log(c->vm, &self, topic, TOPICS, c->in, c->n);
    add_word(out, key);
}

static enum og_vm_status submit(struct og_evm *e, const struct og_vm_net_call *c,
                                struct og_buf *out)
{
    struct og_u256 grain = og_u256_of(OG_WEI_PER_GRAIN);
    struct og_u256 rest = og_u256_mod(&c->value, &grain);
    struct og_u256 grains = og_u256_div(&c->value, &grain);
    struct og_u256 gas = OG_U256_ZERO;
    struct og_err why = {.rc = OG_OK, .msg = ""};
    uint64_t escrow;
    if (!c->may_change)
        return OG_VM_PRECOMPILE;
    if (!og_u256_is_zero(&rest) || !og_u256_fits_u64(&grains))
        return revert(out, "the value is no whole number of grains");
    word_at(c, 2, &gas);
    if (!og_u256_fits_u64(&gas) || gas.w[0] > e->l->p.block_gas / CALLBACK_PART)
        return revert(out, "the callback may not have so much gas");
    json_t *o = entry_of(c->in, c->n, &why);
    if (!o)
        return revert(out, why.msg[0] ? why.msg : "the task must be an object in canonical JSON");
    enum og_rc rc = og_led_task_price(e->l, o, &c->caller, &escrow, &why);
    json_decref(o);
    if (rc == OG_E_DATA)
        return revert(out, why.msg);
    if (rc != OG_OK)
        return broken(e, rc, &why);
    uint64_t callback = gas.w[0] * e->l->p.gas_price; /* below 2^59 */
    if (escrow + callback > grains.w[0])
        return revert(out, "the value is below the task's escrow and the callback's gas");
    note_submission(e, c, grains.w[0],
                    &(struct link){.gas = gas.w[0], .selector = og_get_be32(c->in + WORD)}, out);
    return OG_VM_OK;
}

/* ---- questions ---- */

static enum og_rc read_slot(struct og_ledger *l, struct og_u256 key, struct og_u256 *out,
                            struct og_err *err)
{
    struct og_vm_slot_row s = {.addr = og_vm_net_addr(OG_VM_NET_SUBMIT)};
    bool found;
    og_u256_store(&key, s.key.b);
    OG_TRY(og_row_get(l->st, OG_F_VM_SLOT, &s, &found, err));
    *out = found ? og_u256_load(s.value.b) : OG_U256_ZERO;
    return OG_OK;
}

/* A word's task: by its id, or by its number. 0: there is none. */
static enum og_rc find_task(struct og_ledger *l, const struct og_u256 *w, struct og_task *t,
                            bool *found, struct og_err *err)
{
    struct og_u256 v = *w;
    *found = false;
    if (!og_u256_fits_u64(w)) {
        OG_TRY(read_slot(l, *w, &v, err));
        v = og_u256_of(link_of(&v).number);
    }
    *t = (struct og_task){.id = v.w[0]};
    if (!t->id || t->id > OG_VALUE_MAX)
        return OG_OK;
    return og_row_get(l->st, OG_F_TASK, t, found, err);
}

/* The newest lease that was paid, else the newest; id 0: none. */
static enum og_rc last_lease(struct og_ledger *l, uint64_t task, struct og_lease *out,
                             struct og_err *err)
{
    uint64_t v[LEASES_SEEN][2];
    uint64_t id = 0;
    bool paid = false;
    size_t n;
    *out = (struct og_lease){.id = 0};
    OG_TRY(og_query(l->st, OG_Q_LEASES_OF_TASK, (uint64_t[]){task, 0}, 2, &v[0][0], 2, LEASES_SEEN,
                    &n, err));
    for (size_t i = 0; i < n; i++) {
        bool p = v[i][1] == OG_LEASE_PAID;
        if (p || !paid)
            id = v[i][0];
        paid |= p;
    }
    return id ? og_led_lease(l, id, out, err) : OG_OK;
}

/* state (0 unknown, else 1 + that of the task), number, node's address, C, T, root, grains paid,
 * worst exit status */
static enum og_rc status_words(struct og_ledger *l, const struct og_u256 *w, struct og_buf *out,
                               struct og_err *err)
{
    struct og_task t;
    struct og_lease ls = {.id = 0};
    struct og_node n = {.id = 0};
    bool found;
    OG_TRY(find_task(l, w, &t, &found, err));
    enum og_rc rc = found ? last_lease(l, t.id, &ls, err) : OG_OK;
    if (rc == OG_OK && ls.id)
        rc = og_led_node(l, ls.node, &n, err);
    add_num(out, found ? t.state + 1 : 0);
    add_num(out, found ? t.id : 0);
    add_word(out, og_u256_from_be(n.addr.b, OG_ADDR_LEN));
    add_num(out, ls.capacity);
    add_num(out, ls.credited_ms);
    og_buf_add(out, ls.root.b, OG_HASH_LEN);
    add_num(out, t.paid);
    add_num(out, t.exit_worst);
    OG_RELEASE(OG_F_NODE, &n);
    OG_RELEASE(OG_F_LEASE, &ls);
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

/* Of paid leases in order, `len` from `off` on: first element, count, node, exit status, grains,
 * root. The bytes of a result are no part of the chain; its root is. */
static enum og_rc result_words(struct og_ledger *l, const struct og_task *t, uint64_t off,
                               uint64_t len, struct og_buf *out, struct og_err *err)
{
    uint64_t v[LEASES_SEEN][2];
    uint64_t after = 0;
    uint64_t seen = 0;
    size_t n = LEASES_SEEN;
    for (unsigned page = 0; n == LEASES_SEEN && page < 16 && seen < off + len; page++) {
        OG_TRY(og_query(l->st, OG_Q_LEASES_OF_TASK, (uint64_t[]){t->id, after}, 2, &v[0][0], 2,
                        LEASES_SEEN, &n, err));
        for (size_t i = 0; i < n && seen < off + len; i++) {
            struct og_lease ls;
            after = v[i][0];
            if (v[i][1] != OG_LEASE_PAID || seen++ < off)
                continue;
            OG_TRY(og_led_lease(l, v[i][0], &ls, err));
            add_num(out, ls.first);
            add_num(out, ls.count);
            add_num(out, ls.node);
            add_num(out, ls.exits);
            add_num(out, ls.pay);
            og_buf_add(out, ls.root.b, OG_HASH_LEN);
            OG_RELEASE(OG_F_LEASE, &ls);
        }
    }
    return OG_OK;
}

static enum og_vm_status result(struct og_evm *e, const struct og_vm_net_call *c,
                                struct og_buf *out)
{
    struct og_u256 w[3];
    struct og_task t;
    struct og_err err;
    bool found;
    for (size_t i = 0; i < 3; i++)
        if (!word_at(c, i, &w[i]))
            return OG_VM_PRECOMPILE;
    enum og_rc rc = find_task(e->l, &w[0], &t, &found, &err);
    bool final = rc == OG_OK && found && t.state == OG_TASK_PAID;
    bool bounded = og_u256_fits_u64(&w[1]) && og_u256_fits_u64(&w[2]) && w[1].w[0] < 4096 &&
                   w[2].w[0] <= RANGES_MAX;
    if (final && bounded)
        rc = result_words(e->l, &t, w[1].w[0], w[2].w[0], out, &err);
    OG_RELEASE(OG_F_TASK, &t);
    if (rc != OG_OK)
        return broken(e, rc, &err);
    return !bounded ? revert(out, "too many ranges are asked for")
           : !final ? revert(out, "the task has no final result")
                    : OG_VM_OK;
}

/* C_i with six digits behind the point, reliability in ppm, bond in grains, state + 1 */
static enum og_rc node_words(struct og_ledger *l, const struct og_u256 *w, struct og_buf *out,
                             struct og_err *err)
{
    struct og_node n = {.id = w->w[0]};
    struct og_addr a;
    uint8_t b[WORD];
    bool found = false;
    og_u256_store(w, b);
    memcpy(a.b, b + WORD - OG_ADDR_LEN, OG_ADDR_LEN);
    if (!og_u256_fits_u64(w))
        OG_TRY(og_query_node_of(l->st, &a, &n.id, err));
    if (n.id && n.id < OG_VALUE_MAX)
        OG_TRY(og_row_get(l->st, OG_F_NODE, &n, &found, err));
    add_num(out, found ? n.c_eff * OG_PPM : 0); /* MFLOP/s are below 2^44 */
    add_num(out, found ? og_view_reliability(&n) : 0);
    add_num(out, found ? n.bond : 0);
    add_num(out, found ? n.state + 1 : 0);
    OG_RELEASE(OG_F_NODE, &n);
    return OG_OK;
}

/* grains for 10^9 MFLOP, λ with 18 digits behind the point, C_net of the epoch */
static enum og_rc market_words(struct og_ledger *l, struct og_buf *out, struct og_err *err)
{
    uint64_t lambda;
    struct og_epoch ep = {.id = 0};
    bool found;
    OG_TRY(og_view_lambda(l, &lambda, err));
    OG_TRY(og_led_get(l, "epoch", &ep.id, err));
    OG_TRY(og_row_get(l->st, OG_F_EPOCH, &ep, &found, err));
    add_num(out, l->p.rate);
    add_num(out, lambda * 1000000000000u); /* λ is at most 4 · 10^6 */
    add_num(out, ep.c_net);
    return OG_OK;
}

static enum og_vm_status ask(void *ctx, const struct og_vm_net_call *c, struct og_buf *out)
{
    struct og_evm *e = ctx;
    struct og_u256 w = OG_U256_ZERO;
    struct og_err err;
    enum og_rc rc = OG_OK;
    if (c->number != OG_VM_NET_MARKET && !word_at(c, 0, &w))
        return OG_VM_PRECOMPILE;
    switch (c->number) {
    case OG_VM_NET_SUBMIT: return submit(e, c, out);
    case OG_VM_NET_STATUS: rc = status_words(e->l, &w, out, &err); break;
    case OG_VM_NET_RESULT: return result(e, c, out);
    case OG_VM_NET_NODE: rc = node_words(e->l, &w, out, &err); break;
    case OG_VM_NET_MARKET: rc = market_words(e->l, out, &err); break;
    case OG_VM_NET_MATMUL_I32:
    case OG_VM_NET_MATMUL_MODP:
    case OG_VM_NET_VEC_I32:
    case OG_VM_NET_FREIVALDS: break;
    }
    return rc == OG_OK ? OG_VM_OK : broken(e, rc, &err);
}

void og_evm_net(struct og_evm *e)
{
    e->net = (struct og_vm_net){.ctx = e, .ask = ask};
    og_vm_set_net(e->l->vm, &e->net);
}

/* ---- after the transaction ---- */

/* Writes a slot of 0x0100, which is not zero. */
static enum og_rc put_slot(struct og_ledger *l, struct og_u256 key, struct og_u256 v,
                           struct og_err *err)
{
    struct og_vm_slot_row s = {.addr = og_vm_net_addr(OG_VM_NET_SUBMIT)};
    struct og_vm_acct_row a = {.addr = s.addr};
    bool was;
    bool found;
    og_u256_store(&key, s.key.b);
    OG_TRY(og_row_get(l->st, OG_F_VM_SLOT, &s, &was, err));
    og_u256_store(&v, s.value.b);
    OG_TRY(og_row_put(l->st, OG_F_VM_SLOT, &s, err));
    if (was)
        return OG_OK;
    OG_TRY(og_row_get(l->st, OG_F_VM_ACCT, &a, &found, err));
    a.slots++;
    return og_row_put(l->st, OG_F_VM_ACCT, &a, err);
}

/* One submission: input and topics of its log. */
struct submission {
    struct og_u256 id;
    struct og_addr owner;
    uint64_t grains;
    uint8_t *in;
    size_t n;
};

/* The task as if its owner had sent it; OG_E_DATA when that is refused now. */
static enum og_rc make_task(struct og_ledger *l, const struct submission *s, uint64_t *number,
                            struct og_err *err)
{
    struct og_tx tx = {.kind = OG_TX_TASK_SUBMIT, .from = s->owner};
    json_t *entry = entry_of(s->in, s->n, err);
    og_u256_store(&s->id, tx.id.b);
    json_t *body =
        json_pack("{s:o, s:[o]}", "spec", og_json_new_hex(s->in, OG_HASH_LEN), "tasks", entry);
    struct og_txn x = {.l = l, .tx = &tx, .body = body};
    enum og_rc rc = body ? og_tx_task_submit(&x, err)
                         : og_err_set(err, OG_E_INTERNAL, "a submission cannot be read again");
    json_decref(body);
    *number = x.first_id;
    return rc;
}

/* The money goes back to the contract, which pays escrow and callback as any submitter does. */
static enum og_rc take_money(struct og_ledger *l, const struct submission *s, uint64_t callback,
                             struct og_err *err)
{
    struct og_addr self = og_vm_net_addr(OG_VM_NET_SUBMIT);
    OG_TRY(og_led_debit(l, &self, s->grains, "submit", 0, &s->owner, err));
    OG_TRY(og_led_credit(l, &s->owner, s->grains, "submit", 0, &self, err));
    OG_TRY(og_led_debit(l, &s->owner, callback, "gas", 0, NULL, err));
    return og_led_add(l, "block_fees", callback, err);
}

static enum og_rc do_submit(struct og_ledger *l, const struct submission *s, struct og_err *err)
{
    struct og_u256 w;
    struct og_err why;
    OG_TRY(read_slot(l, s->id, &w, err));
    struct link k = link_of(&w);
    OG_TRY(take_money(l, s, k.gas * l->p.gas_price, err));
    OG_TRY(og_store_mark(l->st, err));
    enum og_rc rc = make_task(l, s, &k.number, &why);
    if (rc == OG_E_DATA) { /* its price was right a moment ago: the money stays with the contract */
        OG_TRY(og_store_mark_undo(l->st, err));
        return OG_OK;
    }
    if (rc != OG_OK)
        return og_err_set(err, rc, "%s", why.msg);
    OG_TRY(og_store_mark_keep(l->st, err));
    OG_TRY(put_slot(l, s->id, link_word(&k), err));
    return put_slot(l, number_key(k.number), s->id, err);
}

static void take_logs(struct og_ledger *l, struct submission **out, size_t *n)
{
    struct og_addr self = og_vm_net_addr(OG_VM_NET_SUBMIT);
    size_t n_logs;
    size_t cap = 0;
    const struct og_vm_log *log = og_vm_logs(l->vm, &n_logs);
    *out = NULL;
    *n = 0;
    for (size_t i = 0; i < n_logs; i++) {
        if (!og_addr_eq(&log[i].addr, &self))
            continue;
        uint8_t who[WORD];
        *out = og_xgrow(*out, &cap, *n + 1, sizeof **out);
        struct submission *s = &(*out)[(*n)++];
        og_u256_store(&log[i].topic[2], who);
        *s = (struct submission){.id = log[i].topic[1],
                                 .grains = log[i].topic[3].w[0],
                                 .in = og_xmemdup(log[i].data, log[i].len),
                                 .n = log[i].len};
        memcpy(s->owner.b, who + WORD - OG_ADDR_LEN, OG_ADDR_LEN);
    }
}

enum og_rc og_led_net_submitted(struct og_ledger *l, struct og_err *err)
{
    struct submission *s;
    size_t n;
    enum og_rc rc = OG_OK;
    take_logs(l, &s, &n);
    for (size_t i = 0; i < n; i++) {
        if (rc == OG_OK)
            rc = do_submit(l, &s[i], err);
        free(s[i].in);
    }
    free(s);
    return rc;
}

/* ---- callbacks ---- */

enum og_rc og_led_net_ended(struct og_ledger *l, const struct og_task *t, struct og_err *err)
{
    struct og_u256 id;
    struct og_u256 w;
    if (l->p.protocol < 2)
        return OG_OK;
    OG_TRY(read_slot(l, number_key(t->id), &id, err));
    if (og_u256_is_zero(&id))
        return OG_OK;
    OG_TRY(read_slot(l, id, &w, err));
    return link_of(&w).gas ? og_queue_push(l->st, OG_QUEUE_CALLBACK, t->id, 0, err) : OG_OK;
}

/* selector(id, state, grains paid, worst exit status, root) */
static enum og_rc callback_data(struct og_ledger *l, const struct og_task *t,
                                const struct og_u256 *id, const struct link *k, struct og_buf *out,
                                struct og_err *err)
{
    struct og_lease ls;
    OG_TRY(last_lease(l, t->id, &ls, err));
    og_buf_add_be32(out, k->selector);
    add_word(out, *id);
    add_num(out, t->state + 1);
    add_num(out, t->paid);
    add_num(out, t->exit_worst);
    og_buf_add(out, ls.root.b, OG_HASH_LEN);
    OG_RELEASE(OG_F_LEASE, &ls);
    return OG_OK;
}

static json_t *callback_receipt(struct og_ledger *l, const struct og_task *t,
                                const struct og_u256 *id, const struct og_vm_result *r,
                                uint64_t used)
{
    uint8_t b[WORD];
    og_u256_store(id, b);
    return json_pack("{s:o, s:o, s:o, s:I, s:s, s:o, s:s, s:I, s:i}", "callback",
                     og_evm_hex(b, sizeof b), "contract", og_evm_addr(&t->owner), "gas_used",
                     og_json_new_dec(used), "height", (json_int_t)l->height, "kind",
                     "contract_receipt", "logs", og_evm_logs_json(l), "status",
                     og_vm_status_name(r->status), "task", (json_int_t)t->id, "v", 1);
}

static enum og_rc run_callback(struct og_evm *e, const struct og_task *t, const struct og_u256 *id,
                               const struct link *k, const struct og_buf *data, struct og_err *err)
{
    struct og_ledger *l = e->l;
    struct og_vm_result r;
    const struct og_vm_msg msg = {.kind = OG_VM_CALL,
                                  .from = og_vm_net_addr(OG_VM_NET_SUBMIT),
                                  .to = t->owner,
                                  .gas = (int64_t)k->gas,
                                  .input = (const uint8_t *)data->p,
                                  .input_len = data->len};
    e->env.origin = msg.from;
    og_vm_state_begin_tx(e->st);
    og_vm_begin(l->vm, e->st, &e->env);
    og_vm_run(l->vm, &msg, &r);
    if (e->rc != OG_OK)
        return og_err_set(err, e->rc, "%s", e->err.msg);
    OG_TRY(og_vm_state_status(e->st, err));
    uint64_t used = k->gas - (uint64_t)r.gas_left;
    og_vm_state_end_tx(e->st);
    OG_TRY(og_evm_write(e, 0, 0, 0, t->id, NULL, err));
    OG_TRY(og_evm_receipt(l, callback_receipt(l, t, id, &r, used), 0, err));
    return og_led_net_submitted(l, err);
}

static enum og_rc one_callback(struct og_ledger *l, uint64_t task, uint64_t *gas,
                               struct og_err *err)
{
    struct og_task t;
    struct og_u256 id;
    struct og_u256 w;
    struct og_evm e;
    struct og_buf data = OG_BUF_INIT;
    OG_TRY(read_slot(l, number_key(task), &id, err));
    OG_TRY(read_slot(l, id, &w, err));
    const struct link k = link_of(&w);
    *gas += k.gas;
    OG_TRY(og_led_task(l, task, &t, err));
    enum og_rc rc = callback_data(l, &t, &id, &k, &data, err);
    if (rc == OG_OK)
        rc = og_evm_open(&e, l, NULL, err);
    if (rc == OG_OK) {
        rc = run_callback(&e, &t, &id, &k, &data, err);
        og_evm_close(&e);
    }
    og_buf_release(&data);
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

/* Callbacks of ended tasks in their order, with a quarter of a block's gas; the rest waits. */
enum og_rc og_led_net_callbacks(struct og_ledger *l, struct og_err *err)
{
    uint64_t gas = 0;
    while (l->p.protocol >= 2 && gas < l->p.block_gas / 4) {
        uint64_t q[1][3];
        size_t n;
        OG_TRY(og_query(l->st, OG_Q_QUEUE, (uint64_t[]){OG_QUEUE_CALLBACK}, 1, &q[0][0], 3, 1, &n,
                        err));
        if (n == 0)
            return OG_OK;
        OG_TRY(og_queue_drop(l->st, q[0][0], err));
        OG_TRY(one_callback(l, q[0][1], &gas, err));
    }
    return OG_OK;
}
