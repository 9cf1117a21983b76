/* vm.h - the Ethereum Virtual Machine of Cancun: one message over a state.
 *
 * Source: Yellow Paper, section 9 and appendices G, H; EIP-1153, 2200, 2929, 3198, 3529, 3541,
 * 3651, 3855, 3860, 5656, 6780, 7516, 7610. Precompiles 1 to 9; 10 (EIP-4844's) is missing and
 * fails, which `unsupported` records. The same message over the same state gives the same result
 * everywhere. */
#ifndef OG_VM_VM_H
#define OG_VM_VM_H

#include "vm/vm_state.h"

#define OG_VM_CODE_MAX 24576 /* EIP-170 */
#define OG_VM_INIT_MAX 49152 /* EIP-3860 */
#define OG_VM_DEPTH    1024
/* Memory of all frames together, in bytes; more is out of gas. The price of memory keeps a frame
 * below it under 2.2 · 10^12 gas, so that no block comes near it. */
#define OG_VM_MEM_MAX ((uint64_t)1 << 30)

/* Why a frame ended. All but OK and REVERT use up the frame's gas. */
enum og_vm_status {
    OG_VM_OK,
    OG_VM_REVERT,
    OG_VM_OUT_OF_GAS,
    OG_VM_BAD_OPCODE, /* undefined, or INVALID */
    OG_VM_UNDERFLOW,
    OG_VM_OVERFLOW,
    OG_VM_BAD_JUMP,
    OG_VM_READ_ONLY,     /* a change within STATICCALL */
    OG_VM_BAD_RETURN,    /* RETURNDATACOPY beyond the data */
    OG_VM_CODE_TOO_LONG, /* of a new contract, or init code */
    OG_VM_CODE_EF,       /* EIP-3541 */
    OG_VM_COLLISION,     /* the new address has nonce, code or storage */
    OG_VM_PRECOMPILE,    /* refused its input */
    OG_VM_TOO_DEEP,
    OG_VM_NO_FUNDS,
    OG_VM_NONCE_MAX,
    OG_VM_BACKEND /* the state could not be read; og_vm_state_status says why */
};

/* What a block tells its transactions. */
struct og_vm_env {
    struct og_addr coinbase;
    uint64_t number, timestamp, gas_limit, chain_id;
    struct og_u256 base_fee, blob_base_fee, prevrandao;
    struct og_addr origin;    /* of the transaction */
    struct og_u256 gas_price; /* effective */
};

enum og_vm_kind { OG_VM_CALL, OG_VM_CREATE };

struct og_vm_msg {
    enum og_vm_kind kind;
    bool is_static;
    struct og_addr from, to; /* to: of a call */
    struct og_u256 value;
    int64_t gas;
    const uint8_t *input; /* calldata, or init code; borrowed */
    size_t input_len;
    const struct og_vm_code *code; /* NULL: that of `to`; else run in its stead, borrowed */
};

struct og_vm_result {
    enum og_vm_status status;
    int64_t gas_left;
    const uint8_t *out; /* until the next message */
    size_t out_len;
    struct og_addr created; /* of a successful creation */
};

struct og_vm_log {
    struct og_addr addr;
    unsigned n_topics;
    struct og_u256 topic[4];
    uint8_t *data;
    size_t len;
};

struct og_vm;
struct og_vm_tracer;

/* One message at a time; frames are kept from one to the next. */
struct og_vm *og_vm_new(void);
void og_vm_free(struct og_vm *vm);
/* What follows is over this state, borrowed, in this block: no logs yet, nothing to refund. */
void og_vm_begin(struct og_vm *vm, struct og_vm_state *st, const struct og_vm_env *env);
/* EIP-3155 lines of every step to the tracer (vm_trace.h), borrowed; NULL: none. */
void og_vm_set_tracer(struct og_vm *vm, struct og_vm_tracer *t);

/* Runs a message to its end; changes it made stay in the state when it succeeds and are undone
 * otherwise. The nonce of a creator is raised, as by CREATE. */
void og_vm_run(struct og_vm *vm, const struct og_vm_msg *msg, struct og_vm_result *out);

/* Logs and the refund counter since og_vm_begin; borrowed. */
const struct og_vm_log *og_vm_logs(const struct og_vm *vm, size_t *n);
int64_t og_vm_refund(const struct og_vm *vm);
bool og_vm_unsupported(const struct og_vm *vm); /* precompile 10 was called */

const char *og_vm_status_name(enum og_vm_status s); /* "success", "revert", "out_of_gas", … */
struct og_addr og_vm_create_addr(const struct og_addr *from, uint64_t nonce);

#endif
