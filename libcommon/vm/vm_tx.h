/* vm_tx.h - a transaction of Ethereum's kinds 0 to 2 over a state (Yellow Paper, section 6;
 * EIP-1559, 2718, 2930, 3529, 3607, 3651, 3860). */
#ifndef OG_VM_TX_H
#define OG_VM_TX_H

#include "vm/vm.h"

struct og_vm_access {
    struct og_addr addr;
    const struct og_u256 *keys; /* borrowed */
    size_t n_keys;
};

struct og_vm_tx {
    struct og_addr from, to;
    bool create; /* `to` is absent */
    uint64_t nonce, gas_limit;
    struct og_u256 value;
    struct og_u256 max_fee, max_priority; /* wei a gas; kinds 0 and 1: both are the gas price */
    const uint8_t *data;
    size_t data_len;
    const struct og_vm_access *access; /* borrowed */
    size_t n_access;
    /* A rule beyond Ethereum's for the code that a creation leaves; false: it fails as EIP-3541 has
     * it. NULL: none. */
    bool (*code_ok)(const struct og_vm_code *code);
};

/* Why a transaction may not stand in a block at all. */
enum og_vm_refusal {
    OG_VM_TX_OK,
    OG_VM_TX_GAS_ABOVE_BLOCK,
    OG_VM_TX_FEE_BELOW_BASE,
    OG_VM_TX_PRIORITY_ABOVE_FEE,
    OG_VM_TX_SENDER_HAS_CODE,
    OG_VM_TX_NONCE,
    OG_VM_TX_NONCE_MAX,
    OG_VM_TX_FUNDS,
    OG_VM_TX_INTRINSIC_GAS,
    OG_VM_TX_INIT_TOO_LONG,
    OG_VM_TX_BACKEND
};

struct og_vm_receipt {
    enum og_vm_refusal refusal; /* not OK: the state is as it was */
    enum og_vm_status status;
    uint64_t gas_used;
    const uint8_t *out; /* until the next message; logs: og_vm_logs */
    size_t out_len;
    struct og_addr created;
};

/* Gas that a transaction costs before its first opcode; INT64_MAX when it passes that. */
int64_t og_vm_tx_intrinsic(const struct og_vm_tx *tx);

/* Checks the transaction and applies it. env is the block's; its origin and gas_price are set here.
 */
void og_vm_tx_apply(struct og_vm *vm, struct og_vm_state *st, const struct og_vm_env *env,
                    const struct og_vm_tx *tx, struct og_vm_receipt *out);

const char *og_vm_refusal_text(enum og_vm_refusal r);

#endif
