/* ledger.c - the state machine's frame: open, genesis, apply one transaction, fees, supply. */
#include "ledger/ledger.h"

#include "ledger/ledger_int.h"

#include "base/base_mem.h"
#include "vm/vm.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    enum og_rc (*fn)(struct og_txn *x, struct og_err *err);
    /* refuses before it writes anything, or what it wrote is to stay: needs no mark to go back to
     */
    bool unmarked;
} handlers[OG_TX_KIND_COUNT] = {
    [OG_TX_ACCOUNT_NEW] = {.fn = og_tx_account_new},
    [OG_TX_CAPACITY_COMMIT] = {.fn = og_tx_capacity_commit},
    [OG_TX_CAPACITY_REVEAL] = {.fn = og_tx_capacity_reveal},
    [OG_TX_CONTRACT_CALL] = {.fn = og_tx_contract_call, .unmarked = true},
    [OG_TX_CONTRACT_DEPLOY] = {.fn = og_tx_contract_deploy, .unmarked = true},
    [OG_TX_EVIDENCE] = {.fn = og_tx_evidence},
    [OG_TX_KEY_REVOKE] = {.fn = og_tx_key_revoke},
    [OG_TX_KEY_ROTATE] = {.fn = og_tx_key_rotate},
    [OG_TX_LEASE_RELEASE] = {.fn = og_tx_lease_release},
    [OG_TX_LEASE_RENEW] = {.fn = og_tx_lease_renew},
    [OG_TX_LEASE_START] = {.fn = og_tx_lease_start},
    [OG_TX_LINK_REPORT] = {.fn = og_tx_link_report},
    [OG_TX_MATCH_COMMIT] = {.fn = og_tx_match_commit},
    [OG_TX_NODE_JOIN] = {.fn = og_tx_node_join},
    [OG_TX_NODE_LEAVE] = {.fn = og_tx_node_leave},
    [OG_TX_NODE_UPDATE] = {.fn = og_tx_node_update},
    [OG_TX_PARAMS_SET] = {.fn = og_tx_params_set},
    [OG_TX_PROTOCOL_UPGRADE] = {.fn = og_tx_protocol_upgrade},
    [OG_TX_RESULT_COMMIT] = {.fn = og_tx_result_commit},
    [OG_TX_RESULT_FAIL] = {.fn = og_tx_result_fail},
    [OG_TX_RESULT_REVEAL] = {.fn = og_tx_result_reveal},
    [OG_TX_STAKE_BOND] = {.fn = og_tx_stake_bond},
    [OG_TX_STAKE_UNBOND] = {.fn = og_tx_stake_unbond},
    [OG_TX_TASK_ACCEPT] = {.fn = og_tx_task_accept},
    [OG_TX_TASK_CANCEL] = {.fn = og_tx_task_cancel},
    [OG_TX_TASK_DISPUTE] = {.fn = og_tx_task_dispute},
    [OG_TX_TASK_SUBMIT] = {.fn = og_tx_task_submit},
    [OG_TX_TRANSFER] = {.fn = og_tx_transfer, .unmarked = true},
    [OG_TX_VERDICT] = {.fn = og_tx_verdict},
    [OG_TX_VERDICT_COMMIT] = {.fn = og_tx_verdict_commit},
};

static enum og_rc load_param(void *ctx, const void *rec, struct og_err *err)
{
    const struct og_value *v = rec;
    if (!og_params_set(ctx, v->name, v->value))
        return og_err_set(err, OG_E_CONFIG, "the state has an unknown parameter '%s'", v->name);
    return OG_OK;
}

static struct og_ledger *new_ledger(struct og_store *st)
{
    struct og_ledger *l = og_xcalloc(1, sizeof *l);
    l->st = st;
    og_params_defaults(&l->p); /* of protocol 1 */
    l->treasury = og_addr_of_key("treasury", "", 0);
    return l;
}

enum og_rc og_ledger_open(struct og_store *st, struct og_ledger **out, struct og_err *err)
{
    *out = NULL;
    struct og_buf b = OG_BUF_INIT;
    bool found;
    uint64_t comet = 0;
    enum og_rc rc = og_store_meta_get(st, "genesis", &b, &found, err);
    if (rc == OG_OK && !found)
        rc = og_err_set(err, OG_E_CONFIG, "no chain in '%s'; run 'ogpu init' first",
                        og_store_dir(st));
    struct og_ledger *l = new_ledger(st);
    if (rc == OG_OK) {
        l->chain = og_sha256(b.p, b.len);
        rc = og_store_meta_u64(st, "supply", 0, &l->genesis_supply, err);
    }
    if (rc == OG_OK)
        rc = og_store_meta_u64(st, "comet", 0, &comet, err);
    l->comet = comet != 0;
    if (rc == OG_OK)
        rc = og_ledger_reload(l, err);
    og_buf_release(&b);
    if (rc != OG_OK) {
        og_ledger_close(l);
        return rc;
    }
    *out = l;
    return OG_OK;
}

/* Without an open block the view is that of the block to come, at the last block's time. */
enum og_rc og_ledger_reload(struct og_ledger *l, struct og_err *err)
{
    uint64_t serial;
    OG_TRY(og_led_get(l, "params_serial", &serial, err));
    if (!l->loaded || serial != l->params_serial)
        OG_TRY(og_row_walk(l->st, OG_F_PARAM, load_param, &l->p, err));
    l->loaded = true;
    l->params_serial = serial;
    OG_TRY(og_led_rules_load(l, err));
    uint64_t version = og_store_version(l->st);
    for (size_t i = 0; version != l->version && i < OG_PUB_CACHE; i++) {
        og_pub_free(l->pubs[i].pub); /* another process may have rotated a key */
        memset(&l->pubs[i], 0, sizeof l->pubs[i]);
    }
    l->version = version;
    OG_TRY(og_store_meta_u64(l->st, "open_height", 0, &l->height, err));
    OG_TRY(og_store_meta_u64(l->st, "open_time", 0, &l->now_ms, err));
    if (l->height)
        return OG_OK;
    OG_TRY(og_block_last(l->st, &l->height, NULL, err));
    l->height++;
    return og_store_meta_u64(l->st, "last_time", 0, &l->now_ms, err);
}

void og_ledger_close(struct og_ledger *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < OG_PUB_CACHE; i++)
        og_pub_free(l->pubs[i].pub);
    og_vm_free(l->vm);
    og_led_rules_free(l->rules);
    free(l);
}

struct og_store *og_ledger_store(struct og_ledger *l)
{
    return l->st;
}

const struct og_params *og_ledger_params(struct og_ledger *l)
{
    return &l->p;
}

bool og_ledger_is_comet(const struct og_ledger *l)
{
    return l->comet;
}

const struct og_hash *og_ledger_chain(struct og_ledger *l)
{
    return &l->chain;
}

static enum og_rc genesis_params(struct og_ledger *l, const json_t *g, struct og_err *err)
{
    const json_t *params;
    const char *key;
    json_t *val;
    OG_TRY(og_json_obj(g, "params", &params, err));
    json_object_foreach((json_t *)(uintptr_t)params, key, val)
    {
        uint64_t v;
        OG_TRY(og_json_dec(params, key, &v, err));
        if (!og_params_set(&l->p, key, v))
            return OG_REFUSE(err, "'%.40s' is no parameter or its value is out of bounds", key);
    }
    json_object_foreach((json_t *)(uintptr_t)params, key, val)
    {
        if (og_param_find(key)->since > l->p.protocol)
            return OG_REFUSE(err, "'%.40s' is no parameter of protocol %llu", key,
                             (unsigned long long)l->p.protocol);
    }
    return og_led_put_params(l, 1, l->p.protocol, err);
}

static enum og_rc member_addr(const json_t *o, const char *key, struct og_addr *out,
                              struct og_err *err)
{
    const char *s;
    OG_TRY(og_json_str(o, key, OG_ADDR_TEXT, &s, err));
    enum og_rc rc = og_addr_parse(s, out, err);
    return rc == OG_OK ? OG_OK : og_err_wrap(err, rc, "'%s'", key);
}

static enum og_rc genesis_accounts(struct og_ledger *l, const json_t *g, struct og_err *err)
{
    const json_t *list;
    size_t i;
    json_t *o;
    OG_TRY(og_json_arr(g, "accounts", 100000, &list, err));
    json_array_foreach((json_t *)(uintptr_t)list, i, o)
    {
        struct og_addr a;
        uint64_t amount;
        OG_TRY(member_addr(o, "addr", &a, err));
        OG_TRY(og_json_dec(o, "amount", &amount, err));
        if (!og_add_u64(l->genesis_supply, amount, &l->genesis_supply) ||
            l->genesis_supply > OG_VALUE_MAX)
            return OG_REFUSE(err, "the supply is beyond 2^62 grains");
        struct og_account acc = {.addr = a};
        bool twice;
        OG_TRY(og_row_get(l->st, OG_F_ACCOUNT, &acc, &twice, err));
        if (twice)
            return OG_REFUSE(err, "an account is named twice");
        OG_TRY(og_row_put(l->st, OG_F_ACCOUNT, &acc, err));
        OG_TRY(og_led_credit(l, &a, amount, "genesis", 0, NULL, err));
    }
    return OG_OK;
}

static enum og_rc genesis_nodes(struct og_ledger *l, const json_t *g, struct og_err *err)
{
    const json_t *list;
    size_t i;
    json_t *o;
    OG_TRY(og_json_arr(g, "nodes", 4096, &list, err));
    json_array_foreach((json_t *)(uintptr_t)list, i, o)
    {
        struct og_addr addr;
        struct og_addr owner;
        struct og_node n;
        uint64_t bond;
        uint64_t id;
        OG_TRY(member_addr(o, "addr", &addr, err));
        OG_TRY(member_addr(o, "owner", &owner, err));
        OG_TRY(og_json_dec(o, "bond", &bond, err));
        OG_TRY(og_led_join(l, o, &addr, &owner, true, &id, err));
        OG_TRY(og_led_debit(l, &owner, bond, "bond", id, &addr, err));
        OG_TRY(og_led_node(l, id, &n, err));
        n.bond = bond;
        enum og_rc rc = og_row_put(l->st, OG_F_NODE, &n, err);
        OG_RELEASE(OG_F_NODE, &n);
        OG_TRY(rc);
    }
    return OG_OK;
}

static enum og_rc genesis_rows(struct og_ledger *l, const json_t *g, struct og_err *err)
{
    struct og_hasher h;
    struct og_roots roots = {0};
    OG_TRY(og_json_u64(g, "time_ms", (uint64_t)1 << 53, &l->now_ms, err));
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-beacon");
    og_hasher_hash(&h, &l->chain);
    roots.beacon = og_hasher_final(&h);
    roots.time_ms = l->now_ms;
    OG_TRY(genesis_params(l, g, err));
    if (l->p.protocol >= 2)
        OG_TRY(og_led_install_system(l, err));
    OG_TRY(genesis_accounts(l, g, err));
    OG_TRY(genesis_nodes(l, g, err));
    OG_TRY(og_row_put(l->st, OG_F_ROOTS, &roots, err));
    return og_led_first_epoch(l, &roots.beacon, err);
}

static enum og_rc genesis_engine(struct og_ledger *l, const json_t *g, struct og_err *err)
{
    const char *engine;
    OG_TRY(og_json_str(g, "engine", 16, &engine, err));
    l->comet = strcmp(engine, "comet") == 0;
    return l->comet || strcmp(engine, "embedded") == 0
               ? OG_OK
               : OG_REFUSE(err, "'engine' must be embedded or comet");
}

enum og_rc og_ledger_genesis(struct og_store *st, const char *json, size_t n, struct og_err *err)
{
    json_t *g;
    const char *kind;
    OG_TRY(og_json_parse_canon(json, n, &g, err));
    struct og_ledger *l = new_ledger(st);
    l->chain = og_sha256(json, n);
    struct og_hash app;
    enum og_rc rc = og_json_str(g, "kind", 16, &kind, err);
    if (rc == OG_OK && strcmp(kind, "genesis") != 0)
        rc = OG_REFUSE(err, "'kind' must be genesis");
    if (rc == OG_OK)
        rc = genesis_engine(l, g, err);
    if (rc == OG_OK)
        rc = genesis_rows(l, g, err);
    if (rc == OG_OK)
        rc = og_store_meta_put(st, "genesis", json, n, err);
    if (rc == OG_OK && l->comet)
        rc = og_store_meta_put_u64(st, "comet", 1, err);
    if (rc == OG_OK)
        rc = og_store_meta_put_u64(st, "supply", l->genesis_supply, err);
    if (rc == OG_OK)
        rc = og_tree_flush(st, &app, err);
    if (rc == OG_OK)
        rc = og_store_meta_put(st, "app_hash", app.b, OG_HASH_LEN, err);
    if (rc == OG_OK)
        rc = og_store_meta_put_u64(st, "last_time", l->now_ms, err);
    json_decref(g);
    og_ledger_close(l);
    return rc;
}

enum og_rc og_ledger_begin_block(struct og_ledger *l, uint64_t height, uint64_t time_ms,
                                 struct og_err *err)
{
    (void)err;
    l->height = height;
    l->now_ms = time_ms;
    return OG_OK;
}

static uint64_t elements_of(const json_t *body)
{
    uint64_t sum = 0;
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(body, "tasks"), i, o)
    {
        const json_t *c = json_object_get(o, "count");
        json_int_t v = json_is_integer(c) ? json_integer_value(c) : 1;
        sum += v > 0 && v <= UINT32_MAX ? (uint64_t)v : 1;
    }
    return sum;
}

uint64_t og_ledger_fee(struct og_ledger *l, enum og_tx_kind kind, const json_t *body,
                       size_t line_bytes)
{
    og_u128 fee = (og_u128)l->p.byte_fee * line_bytes + l->p.base_fee;
    if (kind == OG_TX_TASK_SUBMIT)
        fee += (og_u128)l->p.element_fee * elements_of(body);
    if (kind == OG_TX_MATCH_COMMIT)
        fee += (og_u128)l->p.cell_fee * (json_array_size(json_object_get(body, "u")) *
                                         json_array_size(json_object_get(body, "v")) / 1000);
    return fee > UINT64_MAX ? UINT64_MAX : (uint64_t)fee;
}

/* The handler inside its mark: undone when it fails; what a wrong certificate costs stays. */
static enum og_rc run_handler(struct og_txn *x, struct og_applied *out, struct og_err *err)
{
    struct og_err why = {.rc = OG_OK, .msg = ""};
    struct og_params before = x->l->p;
    bool marked = !handlers[x->tx->kind].unmarked;
    if (marked)
        OG_TRY(og_store_mark(x->l->st, err));
    out->rc = handlers[x->tx->kind].fn(x, &why);
    if (out->rc == OG_OK) {
        out->first_id = x->first_id;
        if (marked)
            OG_TRY(og_store_mark_keep(x->l->st, err));
        return x->fee_back ? og_led_refund_fee(x->l, x->tx, err) : OG_OK;
    }
    memcpy(out->msg, why.msg, sizeof out->msg);
    x->l->p = before;
    if (marked)
        OG_TRY(og_store_mark_undo(x->l->st, err));
    og_led_forget_pub(x->l, &x->tx->from);
    if (out->rc != OG_E_DATA) { /* not a rule's refusal: the machine is in trouble */
        *err = why;
        return out->rc;
    }
    return og_led_penalty(x, err);
}

enum og_rc og_led_kind_known(struct og_ledger *l, const struct og_tx *tx, struct og_err *err)
{
    return l->p.protocol >= og_tx_kind_since(tx->kind)
               ? OG_OK
               : OG_REFUSE(err, "'%s' is no kind of transaction of protocol %llu",
                           og_tx_kind_name(tx->kind), (unsigned long long)l->p.protocol);
}

static enum og_rc accept_tx(struct og_ledger *l, const struct og_tx *tx, struct og_applied *out,
                            struct og_err *err)
{
    struct og_err why = {.rc = OG_OK, .msg = ""};
    bool marked = tx->pub != NULL;
    if (marked)
        OG_TRY(og_store_mark(l->st, err));
    out->rc = og_led_kind_known(l, tx, &why);
    if (out->rc == OG_OK)
        out->rc = og_led_verify(l, tx, &why);
    if (out->rc == OG_OK)
        out->rc = og_led_gas_left(l, tx, &why);
    if (out->rc == OG_OK) {
        out->in_block = true;
        return marked ? og_store_mark_keep(l->st, err) : OG_OK;
    }
    memcpy(out->msg, why.msg, sizeof out->msg);
    return marked ? og_store_mark_undo(l->st, err) : OG_OK;
}

enum og_rc og_ledger_apply(struct og_ledger *l, const struct og_tx *tx, const char *line,
                           uint64_t index, struct og_applied *out, struct og_err *err)
{
    struct og_txn x = {.l = l, .tx = tx, .body = tx->body, .pos = OG_POS(l->height, index)};
    char made[32] = "";
    memset(out, 0, sizeof *out);
    OG_TRY(accept_tx(l, tx, out, err));
    if (!out->in_block)
        return OG_OK;
    OG_TRY(og_led_charge_fee(l, tx, err));
    OG_TRY(run_handler(&x, out, err));
    if (out->first_id)
        snprintf(made, sizeof made, "%llu", (unsigned long long)out->first_id);
    return og_txrow_add(l->st, OG_POS(l->height, index), &tx->id, &tx->leaf, &tx->from,
                        (uint64_t)out->rc, out->rc == OG_OK ? made : out->msg, line, tx->line_bytes,
                        err);
}

enum og_rc og_led_event(struct og_ledger *l, const char *what, json_t *o_taken, struct og_err *err)
{
    char *text = o_taken ? json_dumps(o_taken, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(o_taken);
    if (!text)
        return og_err_set(err, OG_E_INTERNAL, "cannot write an event");
    enum og_rc rc = og_event_add(l->st, l->height, l->now_ms, what, text, err);
    free(text);
    return rc;
}

static enum og_rc sum_account(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    *(uint64_t *)ctx += ((const struct og_account *)rec)->balance;
    return OG_OK;
}

static enum og_rc sum_bond(void *ctx, const void *rec, struct og_err *err)
{
    const struct og_node *n = rec;
    *(uint64_t *)ctx += n->bond;
    if (n->locked > n->bond)
        return og_err_set(err, OG_E_INTERNAL, "node %llu: locks above the bond",
                          (unsigned long long)n->id);
    return OG_OK;
}

static enum og_rc sum_escrow(void *ctx, const void *rec, struct og_err *err)
{
    const struct og_task *t = rec;
    *(uint64_t *)ctx += t->escrow;
    if (t->state > OG_TASK_OPEN && t->escrow)
        return og_err_set(err, OG_E_INTERNAL, "task %llu has ended and holds escrow",
                          (unsigned long long)t->id);
    return OG_OK;
}

static enum og_rc sum_unbond(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    *(uint64_t *)ctx += ((const struct og_unbond *)rec)->grains;
    return OG_OK;
}

enum og_rc og_ledger_supply(struct og_ledger *l, uint64_t *counted, uint64_t *genesis,
                            struct og_err *err)
{
    uint64_t fees;
    *counted = 0;
    *genesis = l->genesis_supply;
    OG_TRY(og_row_walk(l->st, OG_F_ACCOUNT, sum_account, counted, err));
    OG_TRY(og_row_walk(l->st, OG_F_NODE, sum_bond, counted, err));
    OG_TRY(og_row_walk(l->st, OG_F_TASK, sum_escrow, counted, err));
    OG_TRY(og_row_walk(l->st, OG_F_UNBOND, sum_unbond, counted, err));
    OG_TRY(og_led_get(l, "block_fees", &fees, err));
    *counted += fees;
    return OG_OK;
}
