/* vm.c - one message: frames one above the other without recursion, and what their end means. */
#include "vm/vm.h"

#include "base/base_mem.h"
#include "vm/vm_int.h"
#include "vm/vm_trace.h"

#include <stdlib.h>

#define DEPOSIT_GAS 200
#define KEEP_BYTES  ((size_t)1 << 16) /* memory that a frame keeps for its next use */

struct og_vm *og_vm_new(void)
{
    struct og_vm *vm = og_xcalloc(1, sizeof *vm);
    vm->frame = og_xcalloc(OG_VM_DEPTH + 1, sizeof(struct og_vm_frame *));
#if OG_U256_INTRINSICS
    vm->modern = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                 __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
#endif
    return vm;
}

static void drop_logs(struct og_vm *vm, size_t n)
{
    while (vm->n_logs > n)
        free(vm->log[--vm->n_logs].data);
}

void og_vm_free(struct og_vm *vm)
{
    if (!vm)
        return;
    for (size_t i = 0; i <= OG_VM_DEPTH && vm->frame[i]; i++) {
        free(vm->frame[i]->stack);
        free(vm->frame[i]->mem);
        free(vm->frame[i]->ret);
        free(vm->frame[i]);
    }
    drop_logs(vm, 0);
    free(vm->log);
    free(vm->frame);
    free(vm->out);
    free(vm);
}

void og_vm_set_tracer(struct og_vm *vm, struct og_vm_tracer *t)
{
    vm->tracer = t;
}

void og_vm_begin(struct og_vm *vm, struct og_vm_state *st, const struct og_vm_env *env)
{
    vm->st = st;
    vm->env = *env;
    drop_logs(vm, 0);
    vm->refund = 0;
    vm->unsupported = false;
}

const struct og_vm_log *og_vm_logs(const struct og_vm *vm, size_t *n)
{
    *n = vm->n_logs;
    return vm->log;
}

int64_t og_vm_refund(const struct og_vm *vm)
{
    return vm->refund;
}

bool og_vm_unsupported(const struct og_vm *vm)
{
    return vm->unsupported;
}

const char *og_vm_status_name(enum og_vm_status s)
{
    switch (s) {
    case OG_VM_OK: return "success";
    case OG_VM_REVERT: return "revert";
    case OG_VM_OUT_OF_GAS: return "out_of_gas";
    case OG_VM_BAD_OPCODE: return "invalid_opcode";
    case OG_VM_UNDERFLOW: return "stack_underflow";
    case OG_VM_OVERFLOW: return "stack_overflow";
    case OG_VM_BAD_JUMP: return "invalid_jump";
    case OG_VM_READ_ONLY: return "write_protection";
    case OG_VM_BAD_RETURN: return "return_data_out_of_bounds";
    case OG_VM_CODE_TOO_LONG: return "code_too_long";
    case OG_VM_CODE_EF: return "invalid_code";
    case OG_VM_COLLISION: return "address_collision";
    case OG_VM_PRECOMPILE: return "precompile_failure";
    case OG_VM_TOO_DEEP: return "call_too_deep";
    case OG_VM_NO_FUNDS: return "insufficient_balance";
    case OG_VM_NONCE_MAX: return "nonce_overflow";
    case OG_VM_BACKEND: return "state_unavailable";
    }
    return "unknown";
}

static int64_t mem_gas(uint64_t bytes)
{
    int64_t w = (int64_t)(bytes / 32);
    return 3 * w + w * w / 512;
}

int64_t og_vm_mem_grow(struct og_vm_frame *f, uint64_t end, int64_t gas)
{
    uint64_t len = (end + 31) / 32 * 32, more = len - f->mem_len;
    if (f->vm->mem_all + more > OG_VM_MEM_MAX)
        return -1;
    gas -= mem_gas(len) - mem_gas(f->mem_len);
    if (gas < 0)
        return gas;
    if (len > f->mem_cap) {
        f->mem_cap = len + len / 2;
        f->mem = og_xrealloc(f->mem, f->mem_cap);
    }
    memset(f->mem + f->mem_len, 0, more);
    f->vm->mem_all += more;
    f->mem_len = len;
    return gas;
}

/* The code that init code returned becomes the account's, or not. */
static void deposit(struct og_vm_frame *f)
{
    if (f->out_len > OG_VM_CODE_MAX)
        f->status = OG_VM_CODE_TOO_LONG;
    else if (f->out_len && f->out[0] == 0xef)
        f->status = OG_VM_CODE_EF;
    else if ((f->gas -= DEPOSIT_GAS * (int64_t)f->out_len) < 0)
        f->status = OG_VM_OUT_OF_GAS;
    else if (f->out_len)
        og_vm_state_set_code(f->vm->st, f->self, f->out, f->out_len);
}

/* Takes the topmost frame off and says how it ended; what it points at lasts until the next frame.
 */
static void leave(struct og_vm *vm, struct og_vm_frame *f, struct og_vm_result *r)
{
    if (f->status == OG_VM_OK && f->kind == OG_VM_CREATE)
        deposit(f);
    if (f->status != OG_VM_OK) {
        og_vm_state_revert(vm->st, f->mark);
        drop_logs(vm, f->n_logs);
        vm->refund = f->refund;
    }
    bool whole = f->status == OG_VM_OK || f->status == OG_VM_REVERT;
    *r = (struct og_vm_result){.status = f->status,
                               .gas_left = whole ? f->gas : 0,
                               .out = f->out,
                               .out_len = whole ? f->out_len : 0};
    if (f->kind == OG_VM_CREATE && f->status == OG_VM_OK)
        r->created = f->self->addr;
    og_vm_code_free(f->own_code);
    f->own_code = NULL;
    vm->mem_all -= f->mem_len;
    vm->depth--;
}

static void forget_memory(struct og_vm_frame *f)
{
    if (f->mem_cap <= KEEP_BYTES)
        return;
    f->mem = og_xrealloc(f->mem, KEEP_BYTES);
    f->mem_cap = KEEP_BYTES;
}

static enum og_vm_exit turn(struct og_vm *vm, struct og_vm_frame *f)
{
    if (vm->tracer) {
        enum og_vm_exit x = og_vm_interpret_traced(f);
        bool failed = f->status != OG_VM_OK && f->status != OG_VM_REVERT;
        if (x == OG_VM_EXIT_DONE)
            og_vm_trace_end(vm, failed ? vm->tracer->gas : f->gas,
                            failed ? og_vm_status_name(f->status) : NULL);
        return x;
    }
    return vm->modern ? og_vm_interpret_v3(f) : og_vm_interpret(f);
}

/* The state cannot be read: every frame ends, and what they did is undone. */
static void abandon(struct og_vm *vm, size_t bottom)
{
    struct og_vm_result r;
    while (vm->depth > bottom) {
        struct og_vm_frame *f = vm->frame[vm->depth - 1];
        f->status = OG_VM_BACKEND;
        leave(vm, f, &r);
    }
}

void og_vm_run(struct og_vm *vm, const struct og_vm_msg *msg, struct og_vm_result *out)
{
    struct og_vm_entry e = {.msg = *msg, .code_addr = msg->to, .transfer = true};
    size_t bottom = vm->depth;
    enum og_vm_exit x;
    if (msg->kind == OG_VM_CREATE) {
        x = og_vm_enter_create(vm, &e, out);
    } else {
        e.self = og_vm_state_acct(vm->st, &msg->to);
        x = og_vm_enter_call(vm, &e, out);
    }
    while (vm->depth > bottom) {
        struct og_vm_frame *f = vm->frame[vm->depth - 1];
        x = turn(vm, f);
        if (og_vm_state_status(vm->st, NULL) != OG_OK) {
            abandon(vm, bottom);
            break;
        }
        if (x == OG_VM_EXIT_ENTER)
            continue;
        leave(vm, f, out);
        if (vm->depth == bottom) {
            vm->out = og_xgrow(vm->out, &vm->out_cap, out->out_len + 1, 1);
            if (out->out_len)
                memcpy(vm->out, out->out, out->out_len);
            out->out = vm->out;
        } else {
            og_vm_answer(vm->frame[vm->depth - 1], f->kind, out, f->ret_at, f->ret_max);
        }
        forget_memory(f);
    }
    if (og_vm_state_status(vm->st, NULL) != OG_OK)
        *out = (struct og_vm_result){.status = OG_VM_BACKEND};
}
