/* vm_step.c - opcodes that reach into the state: storage, other accounts, logs, self-destruction.
 */
#include "vm/vm_step.h"

#include "base/base_mem.h"
#include "vm/vm_word.h"

#define COLD_ACCT    2600
#define COLD_SLOT    2100
#define WARM         100
#define SSTORE_LEAST 2300 /* EIP-2200: not with this little gas */
#define SSTORE_SET   20000
#define SSTORE_RESET 2900
#define REFUND_CLEAR 4800 /* EIP-3529 */
#define NEW_ACCT     25000

static bool pay(struct og_vm_frame *f, int64_t gas)
{
    f->gas -= gas;
    return f->gas >= 0;
}

static struct og_addr to_addr(const struct og_u256 *w)
{
    uint8_t b[32];
    struct og_addr a;
    og_u256_store(w, b);
    memcpy(a.b, b + 12, sizeof a.b);
    return a;
}

/* The account that the word names, its access paid for; NULL: out of gas. */
static struct og_vm_acct *acct_of(struct og_vm_frame *f, const struct og_u256 *w)
{
    struct og_addr addr = to_addr(w);
    struct og_vm_acct *a = og_vm_state_acct(f->vm->st, &addr);
    return pay(f, og_vm_state_warm_acct(f->vm->st, a) ? COLD_ACCT : WARM) ? a : NULL;
}

enum og_vm_status og_vm_step_BALANCE(struct og_vm_frame *f, struct og_u256 *sp)
{
    struct og_vm_acct *a = acct_of(f, sp);
    if (!a)
        return OG_VM_OUT_OF_GAS;
    *sp = a->balance;
    return OG_VM_OK;
}

enum og_vm_status og_vm_step_EXTCODESIZE(struct og_vm_frame *f, struct og_u256 *sp)
{
    struct og_vm_acct *a = acct_of(f, sp);
    if (!a)
        return OG_VM_OUT_OF_GAS;
    *sp = og_u256_of(og_vm_state_code(f->vm->st, a)->size);
    return OG_VM_OK;
}

enum og_vm_status og_vm_step_EXTCODEHASH(struct og_vm_frame *f, struct og_u256 *sp)
{
    struct og_vm_acct *a = acct_of(f, sp);
    if (!a)
        return OG_VM_OUT_OF_GAS;
    *sp = og_vm_acct_empty(a) ? OG_U256_ZERO : og_u256_load(a->code_hash.b);
    return OG_VM_OK;
}

enum og_vm_status og_vm_step_EXTCODECOPY(struct og_vm_frame *f, struct og_u256 *sp)
{
    struct og_vm_acct *a = acct_of(f, sp);
    uint64_t at, n;
    if (!a || !reach(f, &f->gas, sp - 1, sp - 3, &at, &n) || !pay(f, (int64_t)(3 * words(n))))
        return OG_VM_OUT_OF_GAS;
    const struct og_vm_code *c = og_vm_state_code(f->vm->st, a);
    if (n)
        copy_padded(f->mem + at, n, c->bytes, c->size, sp - 2);
    return OG_VM_OK;
}

enum og_vm_status og_vm_step_RETURNDATACOPY(struct og_vm_frame *f, struct og_u256 *sp)
{
    uint64_t at, n;
    struct og_u256 end;
    if (og_u256_addc(sp - 1, sp - 2, &end) || !og_u256_fits_u64(&end) || end.w[0] > f->ret_len)
        return OG_VM_BAD_RETURN;
    if (!reach(f, &f->gas, sp, sp - 2, &at, &n) || !pay(f, (int64_t)(3 * words(n))))
        return OG_VM_OUT_OF_GAS;
    if (n)
        memcpy(f->mem + at, f->ret + sp[-1].w[0], n);
    return OG_VM_OK;
}

enum og_vm_status og_vm_step_BLOCKHASH(struct og_vm_frame *f, struct og_u256 *sp)
{
    uint64_t now = f->vm->env.number;
    bool known = og_u256_fits_u64(sp) && sp->w[0] < now && now - sp->w[0] <= 256;
    struct og_hash h = {{0}};
    if (known)
        h = og_vm_state_block_hash(f->vm->st, sp->w[0]);
    *sp = og_u256_load(h.b);
    return OG_VM_OK;
}

enum og_vm_status og_vm_step_SLOAD(struct og_vm_frame *f, struct og_u256 *sp)
{
    struct og_vm_slot *s = og_vm_state_slot(f->vm->st, f->self, sp);
    if (!pay(f, og_vm_state_warm_slot(f->vm->st, s) ? COLD_SLOT : WARM))
        return OG_VM_OUT_OF_GAS;
    *sp = s->now;
    return OG_VM_OK;
}

/* EIP-2200 with the prices of 2929 and 3529: the refund for the change from s->now to v. */
static int64_t refund_of(const struct og_vm_slot *s, const struct og_u256 *v)
{
    int64_t refund = 0;
    if (og_u256_eq(&s->now, v))
        return 0;
    if (og_u256_eq(&s->was, &s->now))
        return !og_u256_is_zero(&s->was) && og_u256_is_zero(v) ? REFUND_CLEAR : 0;
    if (!og_u256_is_zero(&s->was)) {
        if (og_u256_is_zero(&s->now))
            refund -= REFUND_CLEAR;
        else if (og_u256_is_zero(v))
            refund += REFUND_CLEAR;
    }
    if (og_u256_eq(&s->was, v))
        refund += (og_u256_is_zero(&s->was) ? SSTORE_SET : SSTORE_RESET) - WARM;
    return refund;
}

enum og_vm_status og_vm_step_SSTORE(struct og_vm_frame *f, struct og_u256 *sp)
{
    const struct og_u256 *v = sp - 1;
    if (f->is_static)
        return OG_VM_READ_ONLY;
    if (f->gas <= SSTORE_LEAST)
        return OG_VM_OUT_OF_GAS;
    struct og_vm_slot *s = og_vm_state_slot(f->vm->st, f->self, sp);
    int64_t cost = og_vm_state_warm_slot(f->vm->st, s) ? COLD_SLOT : 0;
    bool same = og_u256_eq(&s->now, v);
    if (same || !og_u256_eq(&s->was, &s->now))
        cost += WARM;
    else
        cost += og_u256_is_zero(&s->was) ? SSTORE_SET : SSTORE_RESET;
    if (!pay(f, cost))
        return OG_VM_OUT_OF_GAS;
    f->vm->refund += refund_of(s, v);
    if (!same)
        og_vm_state_set_slot(f->vm->st, s, *v);
    return OG_VM_OK;
}

enum og_vm_status og_vm_step_TLOAD(struct og_vm_frame *f, struct og_u256 *sp)
{
    const struct og_vm_slot *s = og_vm_state_trans(f->vm->st, f->self, sp);
    *sp = og_vm_state_get_trans(f->vm->st, s);
    return OG_VM_OK;
}

enum og_vm_status og_vm_step_TSTORE(struct og_vm_frame *f, struct og_u256 *sp)
{
    if (f->is_static)
        return OG_VM_READ_ONLY;
    struct og_vm_slot *s = og_vm_state_trans(f->vm->st, f->self, sp);
    og_vm_state_set_trans(f->vm->st, s, sp[-1]);
    return OG_VM_OK;
}

enum og_vm_status og_vm_step_LOG(struct og_vm_frame *f, struct og_u256 *sp, unsigned n_topics)
{
    struct og_vm *vm = f->vm;
    uint64_t at, n;
    if (f->is_static)
        return OG_VM_READ_ONLY;
    if (!reach(f, &f->gas, sp, sp - 1, &at, &n) || !pay(f, (int64_t)(8 * n)))
        return OG_VM_OUT_OF_GAS;
    vm->log = og_xgrow(vm->log, &vm->cap_logs, vm->n_logs + 1, sizeof *vm->log);
    struct og_vm_log *log = &vm->log[vm->n_logs++];
    *log = (struct og_vm_log){.addr = f->self->addr, .n_topics = n_topics, .len = n};
    for (unsigned i = 0; i < n_topics; i++)
        log->topic[i] = sp[-2 - (int)i];
    log->data = n ? og_xmemdup(f->mem + at, n) : NULL;
    return OG_VM_OK;
}

/* EIP-6780: only what this transaction created goes; else the balance alone moves. */
enum og_vm_status og_vm_step_SELFDESTRUCT(struct og_vm_frame *f, struct og_u256 *sp)
{
    struct og_vm_state *st = f->vm->st;
    struct og_vm_acct *self = f->self;
    if (f->is_static)
        return OG_VM_READ_ONLY;
    struct og_addr addr = to_addr(sp);
    struct og_vm_acct *heir = og_vm_state_acct(st, &addr);
    int64_t cost = og_vm_state_warm_acct(st, heir) ? COLD_ACCT : 0;
    if (!og_u256_is_zero(&self->balance) && og_vm_acct_empty(heir))
        cost += NEW_ACCT;
    if (!pay(f, cost))
        return OG_VM_OUT_OF_GAS;
    bool created = og_vm_state_is_created(st, self);
    if (heir != self) {
        struct og_u256 sum = og_u256_add(heir->balance, self->balance);
        if (og_u256_is_zero(&self->balance)) {
            if (heir->exists)
                og_vm_state_touch(st, heir);
        } else {
            og_vm_state_set_balance(st, heir, sum);
        }
        og_vm_state_set_balance(st, self, OG_U256_ZERO);
    } else if (created) {
        og_vm_state_set_balance(st, self, OG_U256_ZERO);
    }
    if (created)
        og_vm_state_mark_dead(st, self);
    return OG_VM_OK;
}
