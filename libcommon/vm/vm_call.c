/* vm_call.c - CALL and its kin, CREATE and CREATE2: prices, what begins a frame, how it answers. */
#include "vm/vm_int.h"

#include "base/base_mem.h"
#include "vm/vm_keccak.h"
#include "vm/vm_net.h"
#include "vm/vm_pre.h"
#include "vm/vm_rlp.h"
#include "vm/vm_trace.h"
#include "vm/vm_word.h"

#include <stdlib.h>

#define COLD_ACCT  2600
#define WARM_ACCT  100
#define VALUE_GAS  9000
#define STIPEND    2300
#define NEW_ACCT   25000
#define OP_CREATE2 0xf5
#define MEM_FIRST  4096 /* bytes at hand for a new frame */

enum call_op { OP_CALL = 0xf1, OP_CALLCODE = 0xf2, OP_DELEGATE = 0xf4, OP_STATIC = 0xfa };

static void to_addr(const struct og_u256 *w, struct og_addr *a)
{
    uint8_t b[32];
    og_u256_store(w, b);
    memcpy(a->b, b + 12, sizeof a->b);
}

struct og_addr og_vm_create_addr(const struct og_addr *from, uint64_t nonce)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_addr a;
    og_rlp_bytes(&b, from->b, sizeof from->b);
    og_rlp_u64(&b, nonce);
    og_rlp_list(&b, 0);
    struct og_hash h = og_keccak256(b.p, b.len);
    memcpy(a.b, h.b + 12, sizeof a.b);
    og_buf_release(&b);
    return a;
}

/* EIP-1014 */
static struct og_addr create2_addr(const struct og_addr *from, const struct og_hash *salt,
                                   const uint8_t *init, size_t n)
{
    uint8_t b[1 + OG_ADDR_LEN + 32 + 32] = {0xff};
    struct og_addr a;
    struct og_hash h = og_keccak256(init, n);
    memcpy(b + 1, from->b, OG_ADDR_LEN);
    memcpy(b + 1 + OG_ADDR_LEN, salt->b, 32);
    memcpy(b + 1 + OG_ADDR_LEN + 32, h.b, 32);
    h = og_keccak256(b, sizeof b);
    memcpy(a.b, h.b + 12, sizeof a.b);
    return a;
}

static void keep(uint8_t **p, size_t *len, size_t *cap, const void *from, size_t n)
{
    if (n) {
        *p = og_xgrow(*p, cap, n, 1);
        memcpy(*p, from, n);
    }
    *len = n;
}

static enum og_vm_exit refuse(struct og_vm_result *out, enum og_vm_status why, int64_t gas)
{
    *out = (struct og_vm_result){.status = why, .gas_left = gas};
    return OG_VM_EXIT_DONE;
}

static void transfer(struct og_vm *vm, const struct og_addr *from, struct og_vm_acct *to,
                     const struct og_u256 *value)
{
    struct og_vm_acct *payer = og_vm_state_acct(vm->st, from);
    if (!og_u256_is_zero(value)) {
        og_vm_state_set_balance(vm->st, payer, og_u256_sub(payer->balance, *value));
        og_vm_state_set_balance(vm->st, to, og_u256_add(to->balance, *value));
    } else if (to->exists) {
        og_vm_state_touch(vm->st, to);
    }
}

static struct og_vm_frame *push_frame(struct og_vm *vm, const struct og_vm_entry *e, size_t mark)
{
    struct og_vm_frame *f = vm->frame[vm->depth];
    if (!f) {
        f = vm->frame[vm->depth] = og_xcalloc(1, sizeof *f);
        f->stack = og_xmalloc((OG_VM_STACK + 1) * sizeof *f->stack);
        f->mem_cap = MEM_FIRST;
        f->mem = og_xmalloc(f->mem_cap);
    }
    vm->depth++;
    f->vm = vm;
    f->sp = f->stack;
    f->pc = NULL;
    f->gas = e->msg.gas;
    f->mem_len = 0;
    f->input = e->msg.input;
    f->input_len = e->msg.input_len;
    f->ret_len = 0;
    f->self = e->self;
    f->caller = e->msg.from;
    f->value = e->msg.value;
    f->kind = e->msg.kind;
    f->is_static = e->msg.is_static;
    f->own_code = NULL;
    f->mark = mark;
    f->n_logs = vm->n_logs;
    f->refund = vm->refund;
    f->ret_at = e->ret_at;
    f->ret_max = e->ret_max;
    return f;
}

static enum og_vm_exit precompile(struct og_vm *vm, const struct og_vm_entry *e, unsigned number,
                                  size_t mark, struct og_vm_result *out)
{
    struct og_buf b = OG_BUF_INIT;
    int64_t left = e->msg.gas - og_vm_pre_gas(number, e->msg.input, e->msg.input_len);
    enum og_vm_status s = OG_VM_OUT_OF_GAS;
    vm->unsupported |= number == OG_VM_PRE_LAST;
    if (left >= 0)
        s = og_vm_pre_run(number, e->msg.input, e->msg.input_len, &b) ? OG_VM_OK : OG_VM_PRECOMPILE;
    if (s != OG_VM_OK)
        og_vm_state_revert(vm->st, mark);
    keep(&vm->out, &vm->out_len, &vm->out_cap, b.p, s == OG_VM_OK ? b.len : 0);
    og_buf_release(&b);
    *out = (struct og_vm_result){
        .status = s, .gas_left = s == OG_VM_OK ? left : 0, .out = vm->out, .out_len = vm->out_len};
    return OG_VM_EXIT_DONE;
}

static enum og_vm_exit net_precompile(struct og_vm *vm, const struct og_vm_entry *e,
                                      unsigned number, size_t mark, struct og_vm_result *out)
{
    struct og_buf b = OG_BUF_INIT;
    const struct og_vm_net_call c = {.number = (enum og_vm_net_number)number,
                                     .vm = vm,
                                     .st = vm->st,
                                     .caller = e->msg.from,
                                     .value = e->msg.value,
                                     .may_change = e->transfer && !e->msg.is_static,
                                     .in = e->msg.input,
                                     .n = e->msg.input_len};
    int64_t left = e->msg.gas - og_vm_net_gas(c.number, c.in, c.n);
    size_t n_logs = vm->n_logs;
    enum og_vm_status s = OG_VM_OUT_OF_GAS;
    if (left >= 0 && number < OG_VM_NET_MATMUL_I32)
        s = vm->net->ask(vm->net->ctx, &c, &b);
    else if (left >= 0)
        s = og_vm_net_run(c.number, &vm->env.prevrandao, c.in, c.n, &b) ? OG_VM_OK
                                                                        : OG_VM_PRECOMPILE;
    if (s != OG_VM_OK) {
        og_vm_state_revert(vm->st, mark);
        while (vm->n_logs > n_logs)
            free(vm->log[--vm->n_logs].data);
    }
    bool whole = s == OG_VM_OK || s == OG_VM_REVERT;
    keep(&vm->out, &vm->out_len, &vm->out_cap, b.p, whole ? b.len : 0);
    og_buf_release(&b);
    *out = (struct og_vm_result){
        .status = s, .gas_left = whole ? left : 0, .out = vm->out, .out_len = vm->out_len};
    return OG_VM_EXIT_DONE;
}

enum og_vm_exit og_vm_enter_call(struct og_vm *vm, const struct og_vm_entry *e,
                                 struct og_vm_result *out)
{
    size_t mark = og_vm_state_mark(vm->st);
    if (e->transfer)
        transfer(vm, &e->msg.from, e->self, &e->msg.value);
    unsigned number = e->msg.code ? 0 : og_vm_pre_number(&e->code_addr);
    if (number)
        return precompile(vm, e, number, mark, out);
    number = vm->net && !e->msg.code ? og_vm_net_number_of(&e->code_addr) : 0;
    if (number)
        return net_precompile(vm, e, number, mark, out);
    const struct og_vm_code *code = e->msg.code;
    if (!code)
        code = og_vm_state_code(vm->st, og_vm_state_acct(vm->st, &e->code_addr));
    if (!code->size)
        return refuse(out, OG_VM_OK, e->msg.gas);
    struct og_vm_frame *f = push_frame(vm, e, mark);
    f->code = code;
    return OG_VM_EXIT_ENTER;
}

enum og_vm_exit og_vm_enter_create(struct og_vm *vm, const struct og_vm_entry *e,
                                   struct og_vm_result *out)
{
    struct og_vm_acct *from = og_vm_state_acct(vm->st, &e->msg.from);
    if (from->nonce == UINT64_MAX)
        return refuse(out, OG_VM_NONCE_MAX, e->msg.gas);
    struct og_addr addr = e->salt
                              ? create2_addr(&from->addr, e->salt, e->msg.input, e->msg.input_len)
                              : og_vm_create_addr(&from->addr, from->nonce);
    og_vm_state_set_nonce(vm->st, from, from->nonce + 1);
    struct og_vm_entry in = *e;
    in.self = og_vm_state_acct(vm->st, &addr);
    og_vm_state_warm_acct(vm->st, in.self);
    if (in.self->nonce || og_vm_acct_has_code(in.self) || in.self->has_storage)
        return refuse(out, OG_VM_COLLISION, 0);
    size_t mark = og_vm_state_mark(vm->st);
    og_vm_state_mark_created(vm->st, in.self);
    og_vm_state_set_nonce(vm->st, in.self, 1);
    transfer(vm, &e->msg.from, in.self, &e->msg.value);
    struct og_vm_frame *f = push_frame(vm, &in, mark);
    f->own_code = og_vm_code_new(e->msg.input, e->msg.input_len);
    og_vm_code_prepare(f->own_code);
    f->code = f->own_code;
    f->input = NULL;
    f->input_len = 0;
    return OG_VM_EXIT_ENTER;
}

void og_vm_answer(struct og_vm_frame *f, enum og_vm_kind kind, const struct og_vm_result *r,
                  uint64_t ret_at, uint64_t ret_max)
{
    bool ok = r->status == OG_VM_OK;
    bool create = kind == OG_VM_CREATE;
    size_t n = (ok && !create) || r->status == OG_VM_REVERT ? r->out_len : 0;
    keep(&f->ret, &f->ret_len, &f->ret_cap, r->out, n);
    if (!create && n && ret_max)
        memcpy(f->mem + ret_at, f->ret, n < ret_max ? n : ret_max);
    f->gas += r->gas_left;
    *f->sp = !ok      ? OG_U256_ZERO
             : create ? og_u256_from_be(r->created.b, OG_ADDR_LEN)
                      : og_u256_of(1);
}

static enum og_vm_exit fail(struct og_vm_frame *f, enum og_vm_status why)
{
    f->status = why;
    return OG_VM_EXIT_DONE;
}

/* All but one 64th (EIP-150). */
static int64_t most_of(int64_t gas)
{
    return gas - gas / 64;
}

static enum og_vm_exit settle(struct og_vm_frame *f, enum og_vm_exit x, const struct og_vm_entry *e,
                              const struct og_vm_result *r)
{
    if (x == OG_VM_EXIT_DONE) {
        og_vm_answer(f, e->msg.kind, r, e->ret_at, e->ret_max);
        return OG_VM_EXIT_ON;
    }
    return OG_VM_EXIT_ENTER;
}

static enum og_vm_exit step_create(struct og_vm_frame *f, bool salted)
{
    struct og_vm *vm = f->vm;
    const struct og_u256 *sp = f->sp;
    struct og_hash salt;
    uint64_t at, n;
    struct og_vm_entry e = {.msg.kind = OG_VM_CREATE, .msg.from = f->self->addr, .msg.value = *sp};
    if (f->is_static)
        return fail(f, OG_VM_READ_ONLY);
    if (!reach(f, &f->gas, sp - 1, sp - 2, &at, &n))
        return fail(f, OG_VM_OUT_OF_GAS);
    if (n > OG_VM_INIT_MAX)
        return fail(f, OG_VM_CODE_TOO_LONG);
    f->gas -= (int64_t)((salted ? 8 : 2) * words(n));
    if (f->gas < 0)
        return fail(f, OG_VM_OUT_OF_GAS);
    if (salted) {
        og_u256_store(sp - 3, salt.b);
        e.salt = &salt;
    }
    f->sp -= salted ? 3 : 2;
    e.msg.gas = most_of(f->gas);
    e.msg.input = f->mem + at;
    e.msg.input_len = n;
    f->gas -= e.msg.gas;
    og_vm_trace_end(vm, f->gas + e.msg.gas, NULL);
    struct og_vm_result r;
    enum og_vm_exit x;
    if (vm->depth > OG_VM_DEPTH)
        x = refuse(&r, OG_VM_TOO_DEEP, e.msg.gas);
    else if (og_u256_lt(&f->self->balance, &e.msg.value))
        x = refuse(&r, OG_VM_NO_FUNDS, e.msg.gas);
    else
        x = og_vm_enter_create(vm, &e, &r);
    return settle(f, x, &e, &r);
}

/* Access, value and new account; −1: out of gas. */
static bool call_price(struct og_vm_frame *f, enum call_op op, struct og_vm_acct *to, bool pays)
{
    int64_t cost = og_vm_state_warm_acct(f->vm->st, to) ? COLD_ACCT : WARM_ACCT;
    if (pays)
        cost += VALUE_GAS;
    if (pays && op == OP_CALL && og_vm_acct_empty(to))
        cost += NEW_ACCT;
    f->gas -= cost;
    return f->gas >= 0;
}

enum og_vm_exit og_vm_step_call(struct og_vm_frame *f, uint8_t code)
{
    if (code == 0xf0 || code == OP_CREATE2)
        return step_create(f, code == OP_CREATE2);
    enum call_op op = code;
    struct og_vm *vm = f->vm;
    bool has_value = op == OP_CALL || op == OP_CALLCODE;
    const struct og_u256 *asked = f->sp, *mem = f->sp - (has_value ? 3 : 2);
    struct og_vm_entry e = {
        .msg.kind = OG_VM_CALL,
        .self = f->self,
    };
    uint64_t in_at, in_len;
    to_addr(f->sp - 1, &e.code_addr);
    e.msg.value = has_value ? f->sp[-2] : op == OP_DELEGATE ? f->value : OG_U256_ZERO;
    bool pays = has_value && !og_u256_is_zero(&e.msg.value);
    if (f->is_static && pays && op == OP_CALL)
        return fail(f, OG_VM_READ_ONLY);
    struct og_vm_acct *to = og_vm_state_acct(vm->st, &e.code_addr);
    if (!reach(f, &f->gas, mem, mem - 1, &in_at, &in_len) ||
        !reach(f, &f->gas, mem - 2, mem - 3, &e.ret_at, &e.ret_max) || !call_price(f, op, to, pays))
        return fail(f, OG_VM_OUT_OF_GAS);
    int64_t gas = most_of(f->gas);
    if (og_u256_fits_u64(asked) && asked->w[0] < (uint64_t)gas)
        gas = (int64_t)asked->w[0];
    f->gas -= gas;
    og_vm_trace_end(vm, f->gas, NULL);
    e.msg.gas = gas + (pays ? STIPEND : 0);
    e.msg.is_static = f->is_static || op == OP_STATIC;
    e.msg.from = op == OP_DELEGATE ? f->caller : f->self->addr;
    e.msg.to = e.code_addr;
    e.msg.input = f->mem + in_at;
    e.msg.input_len = in_len;
    if (op == OP_CALL || op == OP_STATIC)
        e.self = to;
    e.transfer = op == OP_CALL || op == OP_STATIC;
    f->sp -= has_value ? 6 : 5;
    f->ret_len = 0;
    struct og_vm_result r;
    enum og_vm_exit x;
    if (vm->depth > OG_VM_DEPTH)
        x = refuse(&r, OG_VM_TOO_DEEP, e.msg.gas);
    else if (pays && og_u256_lt(&f->self->balance, &e.msg.value))
        x = refuse(&r, OG_VM_NO_FUNDS, e.msg.gas);
    else
        x = og_vm_enter_call(vm, &e, &r);
    return settle(f, x, &e, &r);
}
