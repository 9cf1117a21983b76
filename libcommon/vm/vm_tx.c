/* vm_tx.c - a transaction: whether it may stand in the block, what it pays, what it does. */
#include "vm/vm_tx.h"

#include "vm/vm_int.h"
#include "vm/vm_net.h"
#include "vm/vm_pre.h"

#define GAS_TX          21000
#define GAS_CREATE      32000
#define GAS_ZERO        4
#define GAS_NONZERO     16 /* EIP-2028 */
#define GAS_INIT_WORD   2
#define GAS_ACCESS_ADDR 2400
#define GAS_ACCESS_KEY  1900
#define REFUND_PART     5

int64_t og_vm_tx_intrinsic(const struct og_vm_tx *tx)
{
    uint64_t gas = GAS_TX;
    for (size_t i = 0; i < tx->data_len; i++)
        gas += tx->data[i] ? GAS_NONZERO : GAS_ZERO;
    if (tx->create)
        gas += GAS_CREATE + GAS_INIT_WORD * ((tx->data_len + 31) / 32);
    for (size_t i = 0; i < tx->n_access; i++)
        gas += GAS_ACCESS_ADDR + GAS_ACCESS_KEY * (uint64_t)tx->access[i].n_keys;
    return (int64_t)gas; /* data and keys lie in memory: no overflow */
}

/* gas · price; false when it does not fit. */
static bool cost_of(uint64_t gas, const struct og_u256 *price, struct og_u256 *out)
{
    struct og_u256 g = og_u256_of(gas);
    *out = og_u256_mul(&g, price);
    return og_u256_bits(&g) + og_u256_bits(price) <= 256;
}

static bool can_pay(const struct og_vm_tx *tx, const struct og_u256 *balance)
{
    struct og_u256 sum;
    return cost_of(tx->gas_limit, &tx->max_fee, &sum) && !og_u256_addc(&sum, &tx->value, &sum) &&
           !og_u256_lt(balance, &sum);
}

static enum og_vm_refusal judge(const struct og_vm_tx *tx, const struct og_vm_env *env,
                                const struct og_vm_acct *from)
{
    if (tx->gas_limit > env->gas_limit || tx->gas_limit > INT64_MAX)
        return OG_VM_TX_GAS_ABOVE_BLOCK;
    if (og_u256_lt(&tx->max_fee, &env->base_fee))
        return OG_VM_TX_FEE_BELOW_BASE;
    if (og_u256_lt(&tx->max_fee, &tx->max_priority))
        return OG_VM_TX_PRIORITY_ABOVE_FEE;
    if (og_vm_acct_has_code(from))
        return OG_VM_TX_SENDER_HAS_CODE;
    if (from->nonce == UINT64_MAX || tx->nonce == UINT64_MAX)
        return OG_VM_TX_NONCE_MAX;
    if (from->nonce != tx->nonce)
        return OG_VM_TX_NONCE;
    if (tx->create && tx->data_len > OG_VM_INIT_MAX)
        return OG_VM_TX_INIT_TOO_LONG;
    if ((uint64_t)og_vm_tx_intrinsic(tx) > tx->gas_limit)
        return OG_VM_TX_INTRINSIC_GAS;
    return can_pay(tx, &from->balance) ? OG_VM_TX_OK : OG_VM_TX_FUNDS;
}

static void warm_up(const struct og_vm *vm, struct og_vm_state *st, const struct og_vm_env *env,
                    const struct og_vm_tx *tx)
{
    struct og_addr pre = {{0}};
    for (unsigned i = 1; i <= OG_VM_PRE_LAST; i++) {
        pre.b[OG_ADDR_LEN - 1] = (uint8_t)i;
        og_vm_state_warm_acct(st, og_vm_state_acct(st, &pre));
    }
    for (unsigned i = OG_VM_NET_SUBMIT; vm->net && i <= OG_VM_NET_FREIVALDS; i++) {
        struct og_addr a = og_vm_net_addr((enum og_vm_net_number)i);
        if (og_vm_net_number_of(&a))
            og_vm_state_warm_acct(st, og_vm_state_acct(st, &a));
    }
    og_vm_state_warm_acct(st, og_vm_state_acct(st, &env->coinbase));
    og_vm_state_warm_acct(st, og_vm_state_acct(st, &tx->from));
    if (!tx->create)
        og_vm_state_warm_acct(st, og_vm_state_acct(st, &tx->to));
    for (size_t i = 0; i < tx->n_access; i++) {
        struct og_vm_acct *a = og_vm_state_acct(st, &tx->access[i].addr);
        og_vm_state_warm_acct(st, a);
        for (size_t k = 0; k < tx->access[i].n_keys; k++)
            og_vm_state_warm_slot(st, og_vm_state_slot(st, a, &tx->access[i].keys[k]));
    }
}

static void add_balance(struct og_vm_state *st, const struct og_addr *addr, uint64_t gas,
                        const struct og_u256 *price)
{
    struct og_vm_acct *a = og_vm_state_acct(st, addr);
    struct og_u256 sum;
    cost_of(gas, price, &sum);
    og_vm_state_set_balance(st, a, og_u256_add(a->balance, sum));
}

/* What the sender pays a gas beyond the base fee, which is burnt. */
static struct og_u256 tip_of(const struct og_vm_tx *tx, const struct og_vm_env *env)
{
    struct og_u256 room = og_u256_sub(tx->max_fee, env->base_fee);
    return og_u256_lt(&tx->max_priority, &room) ? tx->max_priority : room;
}

/* The message; a creation whose code is not allowed leaves nothing but the nonce. */
static void run(struct og_vm *vm, struct og_vm_state *st, const struct og_vm_env *with,
                const struct og_vm_tx *tx, const struct og_vm_msg *msg, struct og_vm_result *r)
{
    size_t mark = og_vm_state_mark(st);
    og_vm_run(vm, msg, r);
    if (!tx->create || !tx->code_ok || r->status != OG_VM_OK ||
        tx->code_ok(og_vm_state_code(st, og_vm_state_acct(st, &r->created))))
        return;
    og_vm_state_revert(st, mark);
    og_vm_state_set_nonce(st, og_vm_state_acct(st, &tx->from), tx->nonce + 1);
    og_vm_begin(vm, st, with); /* no logs, no refund */
    *r = (struct og_vm_result){.status = OG_VM_CODE_EF};
}

void og_vm_tx_apply(struct og_vm *vm, struct og_vm_state *st, const struct og_vm_env *env,
                    const struct og_vm_tx *tx, struct og_vm_receipt *out)
{
    struct og_vm_env with = *env;
    struct og_vm_result r;
    struct og_u256 cost;
    *out = (struct og_vm_receipt){.refusal = OG_VM_TX_OK};
    og_vm_state_begin_tx(st);
    struct og_vm_acct *from = og_vm_state_acct(st, &tx->from);
    out->refusal = judge(tx, env, from);
    if (og_vm_state_status(st, NULL) != OG_OK)
        out->refusal = OG_VM_TX_BACKEND;
    if (out->refusal != OG_VM_TX_OK)
        return;
    struct og_u256 tip = tip_of(tx, env);
    with.origin = tx->from;
    with.gas_price = og_u256_add(env->base_fee, tip);
    og_vm_begin(vm, st, &with);
    cost_of(tx->gas_limit, &with.gas_price, &cost);
    og_vm_state_set_balance(st, from, og_u256_sub(from->balance, cost));
    warm_up(vm, st, env, tx);
    struct og_vm_msg msg = {.kind = tx->create ? OG_VM_CREATE : OG_VM_CALL,
                            .from = tx->from,
                            .to = tx->to,
                            .value = tx->value,
                            .gas = (int64_t)tx->gas_limit - og_vm_tx_intrinsic(tx),
                            .input = tx->data,
                            .input_len = tx->data_len};
    if (!tx->create)
        og_vm_state_set_nonce(st, from, tx->nonce + 1);
    run(vm, st, &with, tx, &msg, &r);
    if (r.status == OG_VM_BACKEND) {
        og_vm_state_revert(st, 0);
        out->refusal = OG_VM_TX_BACKEND;
        return;
    }
    uint64_t used = tx->gas_limit - (uint64_t)r.gas_left;
    uint64_t refund = og_vm_refund(vm) > 0 ? (uint64_t)og_vm_refund(vm) : 0;
    used -= refund < used / REFUND_PART ? refund : used / REFUND_PART;
    add_balance(st, &tx->from, tx->gas_limit - used, &with.gas_price);
    add_balance(st, &env->coinbase, used, &tip);
    og_vm_state_end_tx(st);
    *out = (struct og_vm_receipt){.status = r.status,
                                  .gas_used = used,
                                  .out = r.out,
                                  .out_len = r.out_len,
                                  .created = r.created};
}

const char *og_vm_refusal_text(enum og_vm_refusal r)
{
    switch (r) {
    case OG_VM_TX_OK: return "accepted";
    case OG_VM_TX_GAS_ABOVE_BLOCK: return "the gas limit is above the block's";
    case OG_VM_TX_FEE_BELOW_BASE: return "the fee is below the base fee";
    case OG_VM_TX_PRIORITY_ABOVE_FEE: return "the priority fee is above the whole fee";
    case OG_VM_TX_SENDER_HAS_CODE: return "the sender is a contract";
    case OG_VM_TX_NONCE: return "the nonce is not the sender's next";
    case OG_VM_TX_NONCE_MAX: return "the nonce has reached its end";
    case OG_VM_TX_FUNDS: return "the sender cannot pay gas and value";
    case OG_VM_TX_INTRINSIC_GAS: return "the gas limit is below the intrinsic gas";
    case OG_VM_TX_INIT_TOO_LONG: return "the init code is too long";
    case OG_VM_TX_BACKEND: return "the state cannot be read";
    }
    return "unknown";
}
