/* analyze_world.c - fixed accounts, and a contract deployed among them. */
#include "analyze/analyze_world.h"

#include "analyze/analyze_args.h"
#include "analyze/analyze_watch.h"
#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

static const struct og_addr addr[OG_N_WHO] = {
    [OG_WHO_OWNER] = {{0x0a, [19] = 0x01}},    [OG_WHO_USER] = {{0x0b, [19] = 0x02}},
    [OG_WHO_ATTACKER] = {{0x0c, [19] = 0x03}}, [OG_WHO_AGENT] = {{0x0d, [19] = 0x04}},
    [OG_WHO_CONTRACT] = {{0xc0, 0xde}},
};

const struct og_addr *og_world_addr(enum og_who who)
{
    return &addr[who];
}

const char *og_world_name(enum og_who who)
{
    static const char *const name[OG_N_WHO] = {"owner", "user", "attacker", "agent", "contract"};
    return name[who];
}

const struct og_vm_env *og_world_env(void)
{
    static const struct og_vm_env env = {.coinbase = {{0xcb}},
                                         .number = 20000000,
                                         .timestamp = 1700000000,
                                         .gas_limit = OG_WORLD_GAS,
                                         .chain_id = 1,
                                         .prevrandao = {{1, 2, 3, 4}}};
    return &env;
}

struct og_u256 og_world_wei(void)
{
    struct og_u256 ether = og_u256_of(UINT64_C(1000000000000000000)), m = og_u256_of(1000000);
    return og_u256_mul(&ether, &m);
}

void og_deployed_release(struct og_deployed *d)
{
    og_buf_release(&d->code);
    free(d->slot);
    free(d->image);
    free(d->args);
    *d = (struct og_deployed){0};
}

static void add_people(struct og_vm_state *st)
{
    for (int i = 0; i < OG_WHO_CONTRACT; i++)
        og_vm_state_set_balance(st, og_vm_state_acct(st, &addr[i]), og_world_wei());
}

struct og_vm_state *og_world_state(const struct og_deployed *d)
{
    struct og_vm_state *st = og_vm_state_new(NULL, 1);
    struct og_vm_acct *a = og_vm_state_acct(st, &addr[OG_WHO_CONTRACT]);
    add_people(st);
    og_vm_state_set_code(st, a, d->code.p, d->code.len);
    og_vm_state_set_nonce(st, a, 1);
    og_vm_state_set_balance(st, a, d->balance);
    for (size_t i = 0; i < d->n_slots; i++)
        og_vm_state_set_slot(st, og_vm_state_slot(st, a, &d->slot[i].key), d->slot[i].word);
    og_vm_state_begin_tx(st);
    return st;
}

static void keep_slot(void *ctx, const struct og_vm_slot *s)
{
    struct og_deployed *d = ctx;
    if (!og_addr_eq(&s->acct->addr, &addr[OG_WHO_CONTRACT]) || og_u256_is_zero(&s->now))
        return;
    d->slot = og_xgrow(d->slot, &d->cap_slots, d->n_slots + 1, sizeof *d->slot);
    d->slot[d->n_slots++] = (struct og_world_slot){s->key, s->now};
}

static int by_key(const void *x, const void *y)
{
    const struct og_world_slot *a = x, *b = y;
    return og_u256_lt(&a->key, &b->key) ? -1 : og_u256_lt(&b->key, &a->key);
}

struct filler {
    uint64_t number;
};

static struct og_u256 fill_word(void *ctx, const struct og_abi_type *t)
{
    const struct filler *f = ctx;
    if (t->kind == OG_ABI_ADDRESS)
        return og_u256_from_be(addr[OG_WHO_OWNER].b, OG_ADDR_LEN);
    return og_u256_of(f->number);
}

static uint32_t fill_length(void *ctx, const struct og_abi_type *t)
{
    (void)ctx;
    return t->kind == OG_ABI_BYTES ? 4 : 1;
}

static uint8_t fill_byte(void *ctx)
{
    (void)ctx;
    return 'x';
}

/* Init code runs as code of the contract's own account, so that the address is the fixed one. */
static bool construct(const struct og_contract *c, const struct og_buf *args, uint64_t wei,
                      struct og_deployed *d)
{
    struct og_vm *vm = og_vm_new();
    struct og_vm_state *st = og_vm_state_new(NULL, 1);
    struct og_vm_acct *a = og_vm_state_acct(st, &addr[OG_WHO_CONTRACT]);
    struct og_vm_env env = *og_world_env();
    struct og_watch watch;
    struct og_vm_result r;
    struct og_buf init = OG_BUF_INIT;
    og_buf_add(&init, c->creation.p, c->creation.len);
    og_buf_add(&init, args->p, args->len);
    struct og_vm_code *code = og_vm_code_new(init.p, init.len);
    og_vm_code_prepare(code);
    env.origin = addr[OG_WHO_OWNER];
    add_people(st);
    og_vm_state_set_nonce(st, a, 1);
    og_vm_state_begin_tx(st);
    og_vm_begin(vm, st, &env);
    og_watch_init(&watch);
    watch.keep_images = true;
    og_vm_set_tracer(vm, &watch.tracer);
    const struct og_vm_msg msg = {.kind = OG_VM_CALL,
                                  .from = addr[OG_WHO_OWNER],
                                  .to = addr[OG_WHO_CONTRACT],
                                  .value = og_u256_of(wei),
                                  .gas = OG_WORLD_GAS,
                                  .code = code};
    og_vm_run(vm, &msg, &r);
    bool ok = r.status == OG_VM_OK && r.out_len > 0 && r.out_len <= OG_VM_CODE_MAX;
    if (ok) {
        const struct og_vm_visitor v = {.ctx = d, .slot = keep_slot};
        og_buf_add(&d->code, r.out, r.out_len);
        og_vm_state_visit(st, &v);
        if (d->n_slots)
            qsort(d->slot, d->n_slots, sizeof *d->slot, by_key);
        d->balance = a->balance;
        d->image = watch.image;
        d->n_images = watch.n_images;
        d->cap_images = watch.cap_images;
        watch.image = NULL;
        d->constructed = true;
    }
    og_watch_release(&watch);
    og_buf_release(&init);
    og_vm_code_free(code);
    og_vm_state_free(st);
    og_vm_free(vm);
    return ok;
}

enum og_rc og_deploy(const struct og_contract *c, struct og_deployed *out, struct og_err *err)
{
    static const uint64_t numbers[] = {1000, 1, 0, 1700000100};
    *out = (struct og_deployed){0};
    struct og_args_source src = {NULL, fill_word, fill_length, fill_byte};
    for (unsigned i = 0; c->creation.len && i < 8 && !out->constructed; i++) {
        struct filler f = {numbers[i / 2]};
        struct og_buf args = OG_BUF_INIT;
        src.ctx = &f;
        if (c->has_abi && c->abi.constructor.name)
            og_args_encode(c->abi.constructor.in, c->abi.constructor.n_in, &src, &args);
        if (construct(c, &args, i % 2 ? UINT64_C(1000000000000000000) : 0, out)) {
            struct og_buf hex = OG_BUF_INIT;
            og_buf_add_hex(&hex, args.p, args.len);
            out->args = og_buf_detach(&hex);
        }
        og_buf_release(&args);
    }
    if (out->constructed)
        return OG_OK;
    if (!c->runtime.len)
        return og_err_set(err, OG_E_DATA, "the constructor fails with every argument tried");
    og_buf_add(&out->code, c->runtime.p, c->runtime.len);
    out->args = og_xstrdup("");
    return OG_OK;
}
