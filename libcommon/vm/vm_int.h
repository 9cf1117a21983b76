/* vm_int.h - inside the machine: frames, and what the files of the interpreter share. */
#ifndef OG_VM_INT_H
#define OG_VM_INT_H

#include "vm/vm.h"

#define OG_VM_STACK 1024

/* What ends a turn of the interpreter. */
enum og_vm_exit {
    OG_VM_EXIT_DONE,  /* f->status, f->out, f->gas */
    OG_VM_EXIT_ENTER, /* a frame was begun above this one */
    OG_VM_EXIT_ON     /* of a step: the frame goes on */
};

struct og_vm_frame {
    struct og_vm *vm;
    const struct og_vm_code *code;
    struct og_u256 *stack; /* [0] is no word of it: height 0 has sp == stack */
    struct og_u256 *sp;
    const uint8_t *pc;
    int64_t gas;
    uint8_t *mem;
    uint64_t mem_len; /* a multiple of 32; what lies beyond is not zeroed yet */
    uint64_t mem_cap;
    const uint8_t *input;
    size_t input_len;
    uint8_t *ret; /* return data of the last frame above */
    size_t ret_len, ret_cap;
    struct og_vm_acct *self;
    struct og_addr caller;
    struct og_u256 value;
    enum og_vm_kind kind;
    bool is_static;
    enum og_vm_status status;
    const uint8_t *out; /* within mem */
    size_t out_len;
    struct og_vm_code *own_code; /* init code: freed with the frame */
    /* as it was when the frame began */
    size_t mark, n_logs;
    int64_t refund;
    /* where the frame below wants the output */
    uint64_t ret_at, ret_max;
};

struct og_vm {
    struct og_vm_state *st;
    struct og_vm_env env;
    struct og_vm_tracer *tracer;
    const struct og_vm_net *net; /* NULL: no precompiles of the network */
    struct og_vm_frame **frame;  /* OG_VM_DEPTH + 1, made when first reached */
    size_t depth;                /* frames in use */
    uint64_t mem_all;            /* their memory */
    struct og_vm_log *log;
    size_t n_logs, cap_logs;
    int64_t refund;
    bool unsupported;
    bool modern;  /* the processor has what vm_run_v3.c is compiled for */
    uint8_t *out; /* of the last frame of all, or of a precompile */
    size_t out_len, out_cap;
};

/* Runs the frame until it ends or begins another. */
enum og_vm_exit og_vm_interpret(struct og_vm_frame *f);
enum og_vm_exit og_vm_interpret_v3(struct og_vm_frame *f);
enum og_vm_exit og_vm_interpret_traced(struct og_vm_frame *f);

/* Gas left after memory has grown to hold `end` bytes; negative: it has not. */
int64_t og_vm_mem_grow(struct og_vm_frame *f, uint64_t end, int64_t gas);

/* A message from within a frame: with the answer at once (DONE) or a frame begun (ENTER). */
struct og_vm_entry {
    struct og_vm_msg msg;
    struct og_vm_acct *self;
    struct og_addr code_addr;
    bool transfer; /* the value moves (not for CALLCODE, DELEGATECALL) */
    uint64_t ret_at, ret_max;
    const struct og_hash *salt; /* of CREATE2 */
};
enum og_vm_exit og_vm_enter_call(struct og_vm *vm, const struct og_vm_entry *e,
                                 struct og_vm_result *out);
enum og_vm_exit og_vm_enter_create(struct og_vm *vm, const struct og_vm_entry *e,
                                   struct og_vm_result *out);
/* The answer of what the frame called: on its stack, in its memory and return data. */
void og_vm_answer(struct og_vm_frame *f, enum og_vm_kind kind, const struct og_vm_result *r,
                  uint64_t ret_at, uint64_t ret_max);
/* CALL, CALLCODE, DELEGATECALL, STATICCALL, CREATE, CREATE2 with f->sp, f->gas up to date. */
enum og_vm_exit og_vm_step_call(struct og_vm_frame *f, uint8_t op);

#endif
