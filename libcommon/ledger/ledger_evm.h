/* ledger_evm.h - inside ledger/ only: the chain's rows as the state of the EVM, read through the
 * store's overlay and written back to it when a contract transaction has ended. */
#ifndef OG_LEDGER_EVM_H
#define OG_LEDGER_EVM_H

#include "ledger/ledger_int.h"
#include "vm/vm_net.h"
#include "vm/vm_tx.h"

#define OG_WEI_PER_GRAIN 1000000000u

/* One message or transaction over the rows. */
struct og_evm {
    struct og_ledger *l;
    struct og_vm_state *st;
    struct og_vm_env env;
    struct og_addr sender; /* of the transaction; its nonce is one behind its sequence number */
    struct og_addr peer;   /* whom it calls or makes: the other side of the sender's money */
    bool has_sender;
    struct og_vm_net net;
    enum og_rc rc; /* of reading rows for a precompile; the sentence is in err */
    struct og_err err;
};

/* The overlay begins empty over the rows as they are now. */
enum og_rc og_evm_open(struct og_evm *e, struct og_ledger *l, const struct og_addr *sender,
                       struct og_err *err) OG_MUST_CHECK;
void og_evm_close(struct og_evm *e);

/* What a transaction leaves: `fee` grains left the sender for gas and are not in any balance of the
 * overlay. Accounts, slots, codes and new contracts become rows; what burnt goes to the treasury.
 * made: of the top-level creation, with report and analyser, borrowed; NULL: none. */
enum og_rc og_evm_write(struct og_evm *e, uint64_t fee, uint64_t tip_wei_per_gas, uint64_t gas_used,
                        uint64_t ref, const struct og_contract_row *made,
                        struct og_err *err) OG_MUST_CHECK;

/* ledger_net.c: the machine asks this chain. */
void og_evm_net(struct og_evm *e);

/* Receipt and logs of a contract transaction, or of a callback (tx 0), as a line of the block. o is
 * taken. */
enum og_rc og_evm_receipt(struct og_ledger *l, json_t *o, uint64_t tx,
                          struct og_err *err) OG_MUST_CHECK;
json_t *og_evm_logs_json(const struct og_ledger *l);
json_t *og_evm_hex(const void *p, size_t n);
json_t *og_evm_addr(const struct og_addr *a);

struct og_u256 og_evm_wei(uint64_t grains);
/* A name for the chain that fits into 53 bits: from the first bytes of its hash. */
uint64_t og_evm_chain_id(const struct og_hash *chain);

#endif
