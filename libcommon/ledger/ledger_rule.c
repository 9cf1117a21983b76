/* ledger_rule.c - calls of the system contracts, and the bounds of what they say. */
#include "ledger/ledger_rule.h"

#include "ledger/ledger_int.h"
#include "ledger/ledger_rule_code.h"

#include "base/base_mem.h"
#include "match/match_cost.h"
#include "match/match_greedy.h"
#include "vm/vm.h"
#include "vm/vm_keccak.h"
#include "vm/vm_net.h"

#include <stdlib.h>
#include <string.h>

#define WORD      32
#define SIGS      16 /* places for selectors; fewer signatures are used */
#define WORDS_MAX 8

struct selector {
    const char *signature; /* its address is the key */
    uint8_t b[4];
};

/* Contracts without storage in a world of their own: nothing stays from one call to the next. */
struct og_rules {
    struct og_vm *vm;
    struct og_vm_state *st;
    struct og_vm_code *code[OG_SYSTEM_COUNT];
    struct selector sel[SIGS];
    struct og_buf data;
};

static const struct {
    const char *name, *hex;
} systems[OG_SYSTEM_COUNT] = {
    {"Pay", OG_CODE_PAY}, {"Market", OG_CODE_MARKET}, {"Stake", OG_CODE_STAKE}};

struct og_addr og_system_addr(enum og_system c)
{
    struct og_addr a = {{0}};
    a.b[OG_ADDR_LEN - 2] = 0x0a;
    a.b[OG_ADDR_LEN - 1] = (uint8_t)c;
    return a;
}

const char *og_system_name(enum og_system c)
{
    return systems[c].name;
}

static enum og_rc install(struct og_ledger *l, enum og_system c, struct og_err *err)
{
    size_t n = strlen(systems[c].hex) / 2;
    uint8_t *code = og_xmalloc(n);
    if (!og_hex_decode(systems[c].hex, 2 * n, code, n)) {
        free(code);
        return og_err_set(err, OG_E_INTERNAL, "the code of %s is damaged", systems[c].name);
    }
    struct og_hash hash = og_keccak256(code, n);
    struct og_addr at = og_system_addr(c);
    struct og_account acc = {.addr = at};
    struct og_vm_acct_row vm = {.addr = at};
    struct og_vm_code_row row = {.hash = hash, .code = {code, n}};
    struct og_contract_row made = {.addr = at, .height = l->height};
    bool found;
    enum og_rc rc = og_row_get(l->st, OG_F_ACCOUNT, &acc, &found, err);
    if (rc == OG_OK)
        rc = og_row_get(l->st, OG_F_VM_ACCT, &vm, &found, err);
    acc.seq = 1;
    vm.code = hash;
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_ACCOUNT, &acc, err);
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_VM_ACCT, &vm, err);
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_VM_CODE, &row, err);
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_VM_CONTRACT, &made, err);
    free(code);
    return rc;
}

/* 0x0100 keeps what it knows of tasks in slots: an account that is empty would lose them. */
static enum og_rc install_net(struct og_ledger *l, struct og_err *err)
{
    struct og_account acc = {.addr = og_vm_net_addr(OG_VM_NET_SUBMIT)};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_ACCOUNT, &acc, &found, err));
    acc.seq = 1;
    return og_row_put(l->st, OG_F_ACCOUNT, &acc, err);
}

enum og_rc og_led_install_system(struct og_ledger *l, struct og_err *err)
{
    OG_TRY(install_net(l, err));
    for (int c = 0; c < OG_SYSTEM_COUNT; c++)
        OG_TRY(install(l, (enum og_system)c, err));
    return og_led_rules_load(l, err);
}

void og_led_rules_free(struct og_rules *r)
{
    if (!r)
        return;
    for (int c = 0; c < OG_SYSTEM_COUNT; c++)
        og_vm_code_free(r->code[c]);
    og_vm_state_free(r->st);
    og_vm_free(r->vm);
    og_buf_release(&r->data);
    free(r);
}

static enum og_rc load(struct og_ledger *l, struct og_rules *r, enum og_system c,
                       struct og_err *err)
{
    struct og_addr at = og_system_addr(c);
    struct og_buf code = OG_BUF_INIT;
    bool is;
    enum og_rc rc = og_view_contract(l, &at, &code, &is, err);
    if (rc == OG_OK && is) {
        r->code[c] = og_vm_code_new(code.p, code.len);
        og_vm_code_prepare(r->code[c]);
    }
    og_buf_release(&code);
    return rc;
}

enum og_rc og_led_rules_load(struct og_ledger *l, struct og_err *err)
{
    if (l->rules || l->p.protocol < 2)
        return OG_OK;
    struct og_rules *r = og_xcalloc(1, sizeof *r);
    r->vm = og_vm_new();
    r->st = og_vm_state_new(NULL, 1);
    enum og_rc rc = OG_OK;
    for (int c = 0; rc == OG_OK && c < OG_SYSTEM_COUNT; c++)
        rc = load(l, r, (enum og_system)c, err);
    if (rc != OG_OK) {
        og_led_rules_free(r);
        return rc;
    }
    l->rules = r;
    return OG_OK;
}

static const uint8_t *selector(struct og_rules *r, const char *signature)
{
    size_t i = 0;
    while (i + 1 < SIGS && r->sel[i].signature && r->sel[i].signature != signature)
        i++;
    if (r->sel[i].signature != signature) {
        struct og_hash h = og_keccak256(signature, strlen(signature));
        r->sel[i].signature = signature;
        memcpy(r->sel[i].b, h.b, 4);
    }
    return r->sel[i].b;
}

static void add_word(struct og_buf *b, uint64_t v, bool minus)
{
    uint8_t w[WORD];
    memset(w, minus ? 0xff : 0, sizeof w);
    og_put_be64(w + WORD - 8, v);
    og_buf_add(b, w, sizeof w);
}

/* Runs what r->data holds; its words come back when they are as many as wanted. */
static bool run(struct og_rules *r, enum og_system c, int64_t gas, struct og_u256 *out,
                size_t n_out)
{
    static const struct og_vm_env env = {.gas_limit = OG_ALLOT_GAS};
    struct og_vm_result got;
    const struct og_vm_msg msg = {.kind = OG_VM_CALL,
                                  .is_static = true,
                                  .to = og_system_addr(c),
                                  .gas = gas,
                                  .input = (const uint8_t *)r->data.p,
                                  .input_len = r->data.len,
                                  .code = r->code[c]};
    og_vm_state_begin_tx(r->st);
    og_vm_begin(r->vm, r->st, &env);
    og_vm_run(r->vm, &msg, &got);
    if (got.status != OG_VM_OK || got.out_len != n_out * WORD)
        return false;
    for (size_t i = 0; i < n_out; i++)
        out[i] = og_u256_load(got.out + i * WORD);
    return true;
}

bool og_rule_call(struct og_ledger *l, enum og_system c, const char *signature, const uint64_t *in,
                  size_t n_in, uint64_t *out, size_t n_out)
{
    struct og_rules *r = l->rules;
    struct og_u256 w[WORDS_MAX];
    if (!r || !r->code[c] || n_out > WORDS_MAX)
        return false;
    og_buf_reset(&r->data);
    og_buf_add(&r->data, selector(r, signature), 4);
    for (size_t i = 0; i < n_in; i++)
        add_word(&r->data, in[i], false);
    bool ok = run(r, c, OG_RULE_GAS, w, n_out);
    for (size_t i = 0; ok && i < n_out; i++) {
        ok = og_u256_fits_u64(&w[i]);
        out[i] = w[i].w[0];
    }
    return ok;
}

uint64_t og_rule_units(struct og_ledger *l, uint64_t capacity, uint64_t ms, uint64_t work,
                       uint64_t count)
{
    static const char sig[] = "units(uint64,uint64,uint64,uint64)";
    const uint64_t in[] = {capacity, ms, work, count};
    uint64_t u;
    uint64_t most = og_ref_units(capacity, ms, 0, 0); /* never more than was sold */
    return og_rule_call(l, OG_SYSTEM_PAY, sig, in, 4, &u, 1)
               ? og_min_u64(u, most)
               : og_ref_units(capacity, ms, work, count);
}

uint64_t og_rule_pay(struct og_ledger *l, uint64_t rate, uint64_t units, uint64_t lambda,
                     uint64_t amount)
{
    static const char sig[] = "pay(uint64,uint64,uint64,uint64)";
    const uint64_t in[] = {rate, units, lambda, amount};
    uint64_t p;
    return og_rule_call(l, OG_SYSTEM_PAY, sig, in, 4, &p, 1)
               ? og_min_u64(p, amount)
               : og_ref_pay(rate, units, lambda, amount);
}

struct og_rule_split og_rule_settle(struct og_ledger *l, uint64_t escrow, uint64_t share,
                                    uint64_t due, uint64_t extra, bool paid)
{
    static const char sig[] = "settle(uint64,uint64,uint64,uint64,bool)";
    const uint64_t in[] = {escrow, share, due, extra, paid};
    uint64_t out[3];
    if (!og_rule_call(l, OG_SYSTEM_PAY, sig, in, 5, out, 3))
        return og_ref_settle(escrow, share, due, extra, paid);
    struct og_rule_split r;
    r.node = og_min_u64(out[0], og_min_u64(due, escrow));
    r.treasury = og_min_u64(out[1], escrow - r.node);
    r.refund = og_min_u64(out[2], escrow - r.node - r.treasury);
    return r;
}

uint64_t og_rule_price(struct og_ledger *l, uint64_t lambda, uint64_t units, uint64_t capacity,
                       uint64_t ms)
{
    static const char sig[] = "price(uint64,uint64,uint64,uint64)";
    const uint64_t in[] = {lambda, units, capacity, ms};
    uint64_t next;
    if (!og_rule_call(l, OG_SYSTEM_MARKET, sig, in, 4, &next, 1))
        return og_ref_price(lambda, units, capacity, ms);
    next = og_min_u64(og_max_u64(next, lambda - lambda / 8), lambda + lambda / 8);
    return og_min_u64(og_max_u64(next, 250000), 4000000);
}

/* True: *column is what the contract says, UINT64_MAX for none. */
static bool allot(struct og_rules *r, size_t m, const int64_t *costs, int64_t wait,
                  const uint8_t *taken, uint64_t *column)
{
    static const char sig[] = "allot(int64,uint256,int64[])";
    struct og_u256 bits = OG_U256_ZERO;
    struct og_u256 w;
    uint8_t word[WORD];
    for (size_t j = 0; j < m; j++)
        bits.w[j / 64] |= (uint64_t)(taken[j] != 0) << (j % 64);
    og_u256_store(&bits, word);
    og_buf_reset(&r->data);
    og_buf_add(&r->data, selector(r, sig), 4);
    add_word(&r->data, (uint64_t)wait, wait < 0);
    og_buf_add(&r->data, word, sizeof word);
    add_word(&r->data, 3 * (uint64_t)WORD, false);
    add_word(&r->data, m, false);
    for (size_t j = 0; j < m; j++)
        add_word(&r->data, (uint64_t)costs[j], costs[j] < 0);
    if (!run(r, OG_SYSTEM_MARKET, OG_ALLOT_GAS, &w, 1))
        return false;
    *column = og_u256_fits_u64(&w) ? w.w[0] : UINT64_MAX;
    return true;
}

int32_t og_rule_allot(struct og_ledger *l, size_t m, const int64_t *costs, int64_t wait,
                      uint8_t *taken, size_t *cells)
{
    struct og_rules *r = l->rules;
    uint64_t j;
    if (!r || !r->code[OG_SYSTEM_MARKET] || m > OG_ALLOT_COLS || *cells + m > OG_ALLOT_CELLS)
        return og_greedy_row(m, costs, wait, taken);
    *cells += m;
    if (!allot(r, m, costs, wait, taken, &j))
        return og_greedy_row(m, costs, wait, taken);
    if (j >= m || taken[j] || costs[j] == OG_COST_NONE || costs[j] >= wait)
        return -1;
    taken[j] = 1;
    return (int32_t)j;
}

uint64_t og_rule_weight(struct og_ledger *l, uint64_t capacity, uint64_t reliability, uint64_t bond,
                        bool barred)
{
    static const char sig[] = "weight(uint64,uint64,uint64,uint64,uint64,bool)";
    uint64_t k = l->p.k_mflops_per_ogpu;
    const uint64_t in[] = {capacity, reliability, k, bond, l->p.min_bond, barred};
    uint64_t w;
    if (!og_rule_call(l, OG_SYSTEM_STAKE, sig, in, 6, &w, 1))
        return og_ref_weight(capacity, reliability, k, bond, l->p.min_bond, barred);
    return og_min_u64(w, barred ? 0 : capacity);
}

uint64_t og_rule_rise(struct og_ledger *l, uint64_t now, uint64_t target, uint64_t all)
{
    static const char sig[] = "rise(uint64,uint64,uint64)";
    const uint64_t in[] = {now, target, all};
    uint64_t w;
    return og_rule_call(l, OG_SYSTEM_STAKE, sig, in, 3, &w, 1) ? og_min_u64(w, target)
                                                               : og_ref_rise(now, target, all);
}

uint64_t og_rule_slash(struct og_ledger *l, uint64_t bond, uint64_t grains)
{
    static const char sig[] = "slash(uint64,uint64)";
    const uint64_t in[] = {bond, grains};
    uint64_t taken;
    uint64_t most = og_min_u64(bond, grains);
    return og_rule_call(l, OG_SYSTEM_STAKE, sig, in, 2, &taken, 1) ? og_min_u64(taken, most) : most;
}

void og_rule_unbond(struct og_ledger *l, uint64_t *at_h, uint64_t *at_ms)
{
    static const char sig[] = "unbond(uint64,uint64,uint64,uint64)";
    const uint64_t in[] = {l->height, l->now_ms, l->p.unbond_blocks, l->p.unbond_ms};
    uint64_t out[2];
    bool ok = og_rule_call(l, OG_SYSTEM_STAKE, sig, in, 4, out, 2);
    *at_h =
        ok ? og_min_u64(og_max_u64(out[0], l->height), OG_NEVER) : l->height + l->p.unbond_blocks;
    *at_ms = ok ? og_min_u64(og_max_u64(out[1], l->now_ms), OG_NEVER) : l->now_ms + l->p.unbond_ms;
}
