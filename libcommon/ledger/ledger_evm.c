/* ledger_evm.c - rows of the chain as state of the EVM. */
#include "ledger/ledger_evm.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

static const struct og_hash zero_hash;

struct og_u256 og_evm_wei(uint64_t grains)
{
    og_u128 v = (og_u128)grains * OG_WEI_PER_GRAIN;
    return (struct og_u256){{(uint64_t)v, (uint64_t)(v >> 64), 0, 0}};
}

uint64_t og_evm_chain_id(const struct og_hash *chain)
{
    return (og_get_be64(chain->b) >> 11) | 1;
}

static enum og_rc read_rows(struct og_ledger *l, const struct og_addr *a, struct og_account *acc,
                            struct og_vm_acct_row *vm, struct og_err *err)
{
    bool found;
    *acc = (struct og_account){.addr = *a};
    *vm = (struct og_vm_acct_row){.addr = *a};
    OG_TRY(og_row_get(l->st, OG_F_ACCOUNT, acc, &found, err));
    return og_row_get(l->st, OG_F_VM_ACCT, vm, &found, err);
}

static bool is_zero(const struct og_hash *h)
{
    return memcmp(h->b, zero_hash.b, OG_HASH_LEN) == 0;
}

static enum og_rc get_account(void *ctx, const struct og_addr *a, struct og_vm_account *out,
                              bool *found, struct og_err *err)
{
    struct og_evm *e = ctx;
    struct og_account acc;
    struct og_vm_acct_row vm;
    OG_TRY(read_rows(e->l, a, &acc, &vm, err));
    bool sender = e->has_sender && og_addr_eq(a, &e->sender);
    out->nonce = acc.seq - (sender && acc.seq ? 1 : 0);
    struct og_u256 dust = og_u256_of(vm.dust_wei);
    struct og_u256 whole = og_evm_wei(acc.balance);
    og_u256_addc(&whole, &dust, &out->balance);
    out->code_hash = is_zero(&vm.code) ? og_keccak_empty : vm.code;
    out->has_storage = vm.slots > 0;
    *found = sender || acc.balance || acc.seq || vm.dust_wei || vm.slots || !is_zero(&vm.code);
    return OG_OK;
}

static enum og_rc get_storage(void *ctx, const struct og_addr *a, const struct og_u256 *key,
                              struct og_u256 *out, struct og_err *err)
{
    struct og_evm *e = ctx;
    struct og_vm_slot_row s = {.addr = *a};
    bool found;
    og_u256_store(key, s.key.b);
    OG_TRY(og_row_get(e->l->st, OG_F_VM_SLOT, &s, &found, err));
    *out = found ? og_u256_load(s.value.b) : OG_U256_ZERO;
    return OG_OK;
}

static enum og_rc get_code(void *ctx, const struct og_hash *code_hash, struct og_buf *out,
                           struct og_err *err)
{
    struct og_evm *e = ctx;
    struct og_vm_code_row c = {.hash = *code_hash};
    OG_TRY(og_row_need(e->l->st, OG_F_VM_CODE, &c, err));
    og_buf_add(out, c.code.p, c.code.n);
    OG_RELEASE(OG_F_VM_CODE, &c);
    return OG_OK;
}

/* SHA-256 of the block's row of `roots`, in both engines the same; zero for a block that changed no
 * hashed row, and for all but the 256 before this one. */
static enum og_rc get_block_hash(void *ctx, uint64_t number, struct og_hash *out,
                                 struct og_err *err)
{
    struct og_evm *e = ctx;
    struct og_roots r = {.height = number};
    bool found;
    *out = zero_hash;
    OG_TRY(og_row_get(e->l->st, OG_F_ROOTS, &r, &found, err));
    if (found) {
        struct og_buf b = OG_BUF_INIT;
        og_row_bytes(&og_families[OG_F_ROOTS], &r, &b);
        *out = og_sha256(b.p, b.len);
        og_buf_release(&b);
    }
    return OG_OK;
}

enum og_rc og_evm_open(struct og_evm *e, struct og_ledger *l, const struct og_addr *sender,
                       struct og_err *err)
{
    struct og_hash beacon;
    *e = (struct og_evm){.l = l, .has_sender = sender != NULL};
    if (sender)
        e->sender = *sender;
    OG_TRY(og_ledger_beacon(l, l->height, &beacon, err));
    const struct og_vm_backend backend = {.ctx = e,
                                          .account = get_account,
                                          .storage = get_storage,
                                          .code = get_code,
                                          .block_hash = get_block_hash};
    e->env = (struct og_vm_env){.coinbase = l->treasury,
                                .number = l->height,
                                .timestamp = l->now_ms / 1000,
                                .gas_limit = l->p.block_gas,
                                .chain_id = og_evm_chain_id(&l->chain),
                                .base_fee = og_evm_wei(l->p.gas_price),
                                .blob_base_fee = og_u256_of(1),
                                .prevrandao = og_u256_load(beacon.b)};
    e->st = og_vm_state_new(&backend, og_get_be64(l->chain.b));
    if (!l->vm)
        l->vm = og_vm_new();
    og_evm_net(e);
    return OG_OK;
}

void og_evm_close(struct og_evm *e)
{
    og_vm_set_net(e->l->vm, NULL); /* it points into e */
    og_vm_state_free(e->st);
    e->st = NULL;
}

/* What the overlay changed, in the order of addresses and keys. */
struct changes {
    const struct og_vm_acct **acct;
    const struct og_vm_slot **slot;
    size_t n_acct, cap_acct, n_slot, cap_slot;
};

static void take_acct(void *ctx, const struct og_vm_acct *a)
{
    struct changes *c = ctx;
    if (!a->changed)
        return;
    c->acct = og_xgrow((void *)c->acct, &c->cap_acct, c->n_acct + 1, sizeof *c->acct);
    c->acct[c->n_acct++] = a;
}

static void take_slot(void *ctx, const struct og_vm_slot *s)
{
    struct changes *c = ctx;
    if (!s->changed)
        return;
    c->slot = og_xgrow((void *)c->slot, &c->cap_slot, c->n_slot + 1, sizeof *c->slot);
    c->slot[c->n_slot++] = s;
}

static int acct_cmp(const void *a, const void *b)
{
    const struct og_vm_acct *x = *(const struct og_vm_acct *const *)a;
    const struct og_vm_acct *y = *(const struct og_vm_acct *const *)b;
    return memcmp(x->addr.b, y->addr.b, OG_ADDR_LEN);
}

static int slot_cmp(const void *a, const void *b)
{
    const struct og_vm_slot *x = *(const struct og_vm_slot *const *)a;
    const struct og_vm_slot *y = *(const struct og_vm_slot *const *)b;
    int c = memcmp(x->acct->addr.b, y->acct->addr.b, OG_ADDR_LEN);
    return c ? c : og_u256_lt(&x->key, &y->key) ? -1 : !og_u256_eq(&x->key, &y->key) ? 1 : 0;
}

static void collect(const struct og_evm *e, struct changes *c)
{
    const struct og_vm_visitor v = {.ctx = c, .acct = take_acct, .slot = take_slot};
    og_vm_state_visit(e->st, &v);
    if (c->n_acct)
        qsort((void *)c->acct, c->n_acct, sizeof *c->acct, acct_cmp);
    if (c->n_slot)
        qsort((void *)c->slot, c->n_slot, sizeof *c->slot, slot_cmp);
}

/* What is written for one transaction. */
struct writing {
    struct og_evm *e;
    const struct og_contract_row *made;
    uint64_t fee, ref;
    og_u128 before, after; /* wei of all changed accounts */
    int64_t dust;          /* wei that became dust, less what ceased to be */
};

static og_u128 wei_of(const struct og_u256 *v)
{
    return (og_u128)v->w[1] << 64 | v->w[0]; /* the whole supply is below 2^92 */
}

/* The balance of an account is now `wei`; gas is the part of the change that paid for gas. */
static enum og_rc put_money(struct writing *w, const struct og_addr *a, og_u128 wei, uint64_t gas,
                            struct og_err *err)
{
    struct og_ledger *l = w->e->l;
    struct og_account acc;
    struct og_vm_acct_row vm;
    OG_TRY(read_rows(l, a, &acc, &vm, err));
    uint64_t grains = (uint64_t)(wei / OG_WEI_PER_GRAIN);
    uint64_t dust = (uint64_t)(wei % OG_WEI_PER_GRAIN);
    OG_TRY(og_led_debit(l, a, gas, "gas", w->ref, NULL, err));
    uint64_t have = acc.balance - gas;
    const struct og_addr *other = !w->e->has_sender              ? NULL
                                  : og_addr_eq(a, &w->e->sender) ? &w->e->peer
                                                                 : &w->e->sender;
    if (grains > have)
        OG_TRY(og_led_credit(l, a, grains - have, "contract", w->ref, other, err));
    else
        OG_TRY(og_led_debit(l, a, have - grains, "contract", w->ref, other, err));
    if (dust == vm.dust_wei)
        return OG_OK;
    w->dust += (int64_t)dust - (int64_t)vm.dust_wei;
    vm.dust_wei = dust;
    return og_row_put(l->st, OG_F_VM_ACCT, &vm, err);
}

static enum og_rc put_code(struct writing *w, const struct og_vm_acct *a, struct og_err *err)
{
    struct og_ledger *l = w->e->l;
    struct og_vm_code_row c = {.hash = a->code_hash};
    struct og_contract_row made = {.addr = a->addr, .creator = w->e->sender, .height = l->height};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_VM_CODE, &c, &found, err));
    OG_RELEASE(OG_F_VM_CODE, &c);
    if (!found) {
        c.hash = a->code_hash;
        og_row_set_blob(&c.code, a->code->bytes, a->code->size);
        enum og_rc rc = og_row_put(l->st, OG_F_VM_CODE, &c, err);
        OG_RELEASE(OG_F_VM_CODE, &c);
        OG_TRY(rc);
    }
    if (w->made && og_addr_eq(&w->made->addr, &a->addr)) {
        made.report = w->made->report;
        made.analyser = w->made->analyser;
    }
    return og_row_put(l->st, OG_F_VM_CONTRACT, &made, err);
}

static enum og_rc put_acct(struct writing *w, const struct og_vm_acct *a, struct og_err *err)
{
    struct og_ledger *l = w->e->l;
    struct og_account acc;
    struct og_vm_acct_row vm;
    OG_TRY(read_rows(l, &a->addr, &acc, &vm, err));
    bool sender = w->e->has_sender && og_addr_eq(&a->addr, &w->e->sender);
    if (!sender && a->exists && a->nonce != acc.seq) {
        acc.seq = a->nonce;
        OG_TRY(og_row_put(l->st, OG_F_ACCOUNT, &acc, err));
    }
    if (a->exists && og_vm_acct_has_code(a) && is_zero(&vm.code)) {
        vm.code = a->code_hash;
        OG_TRY(og_row_put(l->st, OG_F_VM_ACCT, &vm, err));
        OG_TRY(put_code(w, a, err));
    }
    og_u128 wei = a->exists ? wei_of(&a->balance) : 0;
    w->before += (og_u128)acc.balance * OG_WEI_PER_GRAIN + vm.dust_wei;
    w->after += wei;
    if (og_addr_eq(&a->addr, &l->treasury))
        return OG_OK; /* last, with what burnt */
    return put_money(w, &a->addr, wei, sender ? w->fee : 0, err);
}

static enum og_rc put_slot(struct writing *w, const struct og_vm_slot *s, struct og_err *err)
{
    struct og_store *st = w->e->l->st;
    struct og_vm_slot_row row = {.addr = s->acct->addr};
    struct og_vm_acct_row vm = {.addr = s->acct->addr};
    bool found;
    bool ignored;
    og_u256_store(&s->key, row.key.b);
    OG_TRY(og_row_get(st, OG_F_VM_SLOT, &row, &found, err));
    struct og_u256 was = found ? og_u256_load(row.value.b) : OG_U256_ZERO;
    if (og_u256_eq(&was, &s->now))
        return OG_OK;
    bool keep = !og_u256_is_zero(&s->now);
    og_u256_store(&s->now, row.value.b);
    OG_TRY(keep ? og_row_put(st, OG_F_VM_SLOT, &row, err)
                : og_row_del(st, OG_F_VM_SLOT, &row, err));
    if (keep == found)
        return OG_OK;
    OG_TRY(og_row_get(st, OG_F_VM_ACCT, &vm, &ignored, err));
    vm.slots += keep ? 1 : (uint64_t)-1;
    return og_row_put(st, OG_F_VM_ACCT, &vm, err);
}

/* Dust lies in account rows as the whole grains that it adds up to, in one account that nobody has
 * the key of: the sum of all rows stays the supply. */
static enum og_rc settle_dust(struct writing *w, struct og_err *err)
{
    struct og_ledger *l = w->e->l;
    struct og_addr pool = og_addr_of_key("dust", "", 0);
    int64_t grains = w->dust / (int64_t)OG_WEI_PER_GRAIN;
    if (w->dust % (int64_t)OG_WEI_PER_GRAIN != 0)
        return og_err_set(err, OG_E_INTERNAL, "dust of contracts is no whole number of grains");
    return grains > 0 ? og_led_credit(l, &pool, (uint64_t)grains, "dust", w->ref, NULL, err)
                      : og_led_debit(l, &pool, (uint64_t)-grains, "dust", w->ref, NULL, err);
}

/* The treasury has what it has in the overlay, less the tips, which are fees, and what burnt. */
static enum og_rc settle_treasury(struct writing *w, og_u128 tips, struct og_err *err)
{
    struct og_ledger *l = w->e->l;
    const struct og_vm_acct *t = og_vm_state_acct(w->e->st, &l->treasury);
    og_u128 fee = (og_u128)w->fee * OG_WEI_PER_GRAIN;
    if (w->before < w->after || w->before - w->after + tips < fee)
        return og_err_set(err, OG_E_INTERNAL, "a contract made money");
    og_u128 burnt = w->before - w->after + tips - fee;
    og_u128 wei = (t->exists ? wei_of(&t->balance) : 0) - tips + burnt;
    uint64_t before;
    uint64_t after;
    OG_TRY(og_led_balance(l, &l->treasury, &before, err));
    OG_TRY(put_money(w, &l->treasury, wei, 0, err));
    OG_TRY(og_led_balance(l, &l->treasury, &after, err));
    return after > before ? og_led_add(l, "treasury_in", after - before, err) : OG_OK;
}

static enum og_rc drop_empty(struct writing *w, const struct og_addr *a, struct og_err *err)
{
    struct og_vm_acct_row vm = {.addr = *a};
    bool found;
    OG_TRY(og_row_get(w->e->l->st, OG_F_VM_ACCT, &vm, &found, err));
    return found && is_zero(&vm.code) && !vm.dust_wei && !vm.slots
               ? og_row_del(w->e->l->st, OG_F_VM_ACCT, &vm, err)
               : OG_OK;
}

enum og_rc og_evm_write(struct og_evm *e, uint64_t fee, uint64_t tip_wei_per_gas, uint64_t gas_used,
                        uint64_t ref, const struct og_contract_row *made, struct og_err *err)
{
    struct writing w = {.e = e, .made = made, .fee = fee, .ref = ref};
    struct changes c = {.acct = NULL};
    enum og_rc rc = og_vm_state_status(e->st, err);
    collect(e, &c);
    for (size_t i = 0; rc == OG_OK && i < c.n_acct; i++)
        rc = put_acct(&w, c.acct[i], err);
    for (size_t i = 0; rc == OG_OK && i < c.n_slot; i++)
        rc = put_slot(&w, c.slot[i], err);
    if (rc == OG_OK)
        rc = settle_treasury(&w, (og_u128)tip_wei_per_gas * gas_used, err);
    if (rc == OG_OK)
        rc = settle_dust(&w, err);
    for (size_t i = 0; rc == OG_OK && i < c.n_acct; i++)
        rc = drop_empty(&w, &c.acct[i]->addr, err);
    if (rc == OG_OK)
        rc = drop_empty(&w, &e->l->treasury, err);
    free((void *)c.acct);
    free((void *)c.slot);
    return rc;
}
