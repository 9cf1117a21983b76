/* test_rule.c - the system contracts against their references in C on random inputs: 20,000 of each
 * rule, or RULE_CASES (tests/soak.sh: 10^6); what a wrong contract could do. */
#include "ledgerkit.h"

#include "ledger/ledger_rule_code.h"
#include "match/match_cost.h"
#include "match/match_greedy.h"
#include "vm/vm_keccak.h"

static uint64_t rng = 1;

/* Any size up to bits, small ones as often as large ones. */
static uint64_t any(unsigned bits)
{
    uint64_t r = og_splitmix64(rng++);
    unsigned n = (unsigned)(og_splitmix64(rng++) % (bits + 1));
    return n ? r >> (64 - n) : 0;
}

static uint64_t cases(void)
{
    uint64_t n = 20000;
    const char *s = getenv("RULE_CASES");
    return s && og_parse_u64(s, 100000000, &n) ? n : 20000;
}

static bool call(struct kit *k, enum og_system c, const char *sig, const uint64_t *in, size_t n,
                 uint64_t *out, size_t n_out)
{
    return og_rule_call(k->s->l, c, sig, in, n, out, n_out);
}

static void pay_is_its_reference(void **state)
{
    (void)state;
    struct kit *k = kit_new(1, NULL);
    for (uint64_t i = 0; i < cases(); i++) {
        uint64_t v[5] = {any(45), any(45), i % 3 ? any(60) : 0, any(30)};
        uint64_t out[3];
        assert_true(call(k, OG_SYSTEM_PAY, "units(uint64,uint64,uint64,uint64)", v, 4, out, 1));
        assert_int_equal(out[0], og_ref_units(v[0], v[1], v[2], v[3]));
        uint64_t p[4] = {any(44), any(60), any(23), any(62)};
        assert_true(call(k, OG_SYSTEM_PAY, "pay(uint64,uint64,uint64,uint64)", p, 4, out, 1));
        assert_int_equal(out[0], og_ref_pay(p[0], p[1], p[2], p[3]));
        uint64_t s[5] = {any(62), any(62), any(62), any(21), i % 16 == 0};
        assert_true(
            call(k, OG_SYSTEM_PAY, "settle(uint64,uint64,uint64,uint64,bool)", s, 5, out, 3));
        struct og_rule_split want = og_ref_settle(s[0], s[1], s[2], s[3], s[4]);
        assert_int_equal(out[0], want.node);
        assert_int_equal(out[1], want.treasury);
        assert_int_equal(out[2], want.refund);
    }
    kit_free(k);
}

static void market_is_its_reference(void **state)
{
    (void)state;
    struct kit *k = kit_new(1, NULL);
    for (uint64_t i = 0; i < cases(); i++) {
        uint64_t v[4] = {250000 + any(22) % 3750001, any(62), any(45), any(45)};
        uint64_t out;
        if (i % 2) /* near the goal */
            v[1] = og_muldiv(og_muldiv(v[2], v[3], 1000), 600000 + any(18), OG_PPM);
        v[1] = og_min_u64(v[1], OG_VALUE_MAX);
        assert_true(call(k, OG_SYSTEM_MARKET, "price(uint64,uint64,uint64,uint64)", v, 4, &out, 1));
        assert_int_equal(out, og_ref_price(v[0], v[1], v[2], v[3]));
        assert_int_equal(og_rule_price(k->s->l, v[0], v[1], v[2], v[3]), out);
    }
    for (uint64_t i = 0; i < cases() / 20; i++) {
        int64_t costs[OG_ALLOT_COLS];
        uint8_t a[OG_ALLOT_COLS];
        uint8_t b[OG_ALLOT_COLS];
        size_t m = i % 50 ? any(5) : any(8) + 1;
        size_t cells = 0;
        for (size_t j = 0; j < m; j++) {
            costs[j] = any(3) ? (int64_t)any(50) - (int64_t)any(20) : OG_COST_NONE;
            a[j] = b[j] = any(2) == 0;
        }
        int64_t wait = (int64_t)any(51) - 1000;
        assert_int_equal(og_rule_allot(k->s->l, m, costs, wait, a, &cells),
                         og_greedy_row(m, costs, wait, b));
        assert_int_equal(cells, m); /* the contract was asked */
        if (m)
            assert_memory_equal(a, b, m);
    }
    kit_free(k);
}

static void stake_is_its_reference(void **state)
{
    (void)state;
    struct kit *k = kit_new(1, NULL);
    for (uint64_t i = 0; i < cases(); i++) {
        uint64_t w[6] = {any(62), any(20) % 1000001, any(40), any(62), any(60), i % 16 == 0};
        uint64_t out[2];
        assert_true(call(k, OG_SYSTEM_STAKE, "weight(uint64,uint64,uint64,uint64,uint64,bool)", w,
                         6, out, 1));
        assert_int_equal(out[0], og_ref_weight(w[0], w[1], w[2], w[3], w[4], w[5]));
        uint64_t r[3] = {any(63), any(63), any(63)};
        assert_true(call(k, OG_SYSTEM_STAKE, "rise(uint64,uint64,uint64)", r, 3, out, 1));
        assert_int_equal(out[0], og_ref_rise(r[0], r[1], r[2]));
        assert_true(call(k, OG_SYSTEM_STAKE, "slash(uint64,uint64)", r, 2, out, 1));
        assert_int_equal(out[0], og_min_u64(r[0], r[1]));
        uint64_t u[4] = {any(52), any(52), any(40), any(40)};
        assert_true(call(k, OG_SYSTEM_STAKE, "unbond(uint64,uint64,uint64,uint64)", u, 4, out, 2));
        assert_int_equal(out[0], u[0] + u[2]);
        assert_int_equal(out[1], u[1] + u[3]);
    }
    kit_free(k);
}

/* Most columns that a row may have cost less than the fixed gas. */
static void the_gas_is_enough(void **state)
{
    (void)state;
    struct kit *k = kit_new(1, NULL);
    int64_t costs[OG_ALLOT_COLS];
    uint8_t taken[OG_ALLOT_COLS] = {0};
    size_t cells = 0;
    for (size_t j = 0; j < OG_ALLOT_COLS; j++)
        costs[j] = 1000000 - (int64_t)j; /* each is better than the one before */
    assert_int_equal(og_rule_allot(k->s->l, OG_ALLOT_COLS, costs, 2000000, taken, &cells), 255);
    assert_int_equal(cells, OG_ALLOT_COLS);
    struct og_view_message m = {.gas = 10000000};
    struct og_view_answer a;
    struct og_buf data = OG_BUF_INIT;
    uint8_t word[32] = {0};
    struct og_hash h = og_keccak256("allot(int64,uint256,int64[])", 28);
    og_buf_add(&data, h.b, 4);
    word[24] = 0x10; /* wait */
    og_buf_add(&data, word, 32);
    memset(word, 0, sizeof word);
    og_buf_add(&data, word, 32);
    word[31] = 0x60;
    og_buf_add(&data, word, 32);
    word[31] = 0;
    word[30] = 1;
    og_buf_add(&data, word, 32);
    word[30] = 0;
    for (size_t j = 0; j < OG_ALLOT_COLS; j++) {
        og_put_be64(word + 24, (uint64_t)costs[j]);
        og_buf_add(&data, word, 32);
    }
    m.to = og_system_addr(OG_SYSTEM_MARKET);
    m.data = (const uint8_t *)data.p;
    m.len = data.len;
    SIM_OK(k->s, og_view_call(k->s->l, &m, &a, SIM_ERR));
    assert_int_equal(a.status, 0);
    assert_true(a.gas_used < OG_ALLOT_GAS * 3 / 4);
    og_buf_release(&a.output);
    og_buf_release(&data);
    kit_free(k);
}

/* The state's code at a system address is what is called: a wrong one stays within the bounds, a
 * broken one leaves the references. */
static void what_a_rule_says_is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool words; /* it answers */
    } codes[] = {
        {"5f195f5260605ff3", false}, /* three words, the first above 2^64 */
        {"67ffffffffffffffff80805f5260205260405260605ff3", true}, /* three times 2^64 − 1 */
        {"5ffd", false},
        {"5b5f56", false}, /* never ends */
        {"", false},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct kit *k = kit_new(1, NULL);
        struct og_ledger *l = k->s->l;
        uint8_t code[64];
        size_t n = strlen(codes[i].hex) / 2;
        assert_true(og_hex_decode(codes[i].hex, 2 * n, code, n));
        SIM_OK(k->s, og_store_begin(k->s->st, SIM_ERR));
        for (int c = 0; c < OG_SYSTEM_COUNT; c++) {
            struct og_vm_acct_row vm = {.addr = og_system_addr((enum og_system)c),
                                        .code = og_keccak256(code, n)};
            struct og_vm_code_row row = {.hash = vm.code, .code = {code, n}};
            SIM_OK(k->s, og_row_put(k->s->st, OG_F_VM_CODE, &row, SIM_ERR));
            SIM_OK(k->s, og_row_put(k->s->st, OG_F_VM_ACCT, &vm, SIM_ERR));
        }
        og_led_rules_free(l->rules);
        l->rules = NULL;
        SIM_OK(k->s, og_led_rules_load(l, SIM_ERR));
        struct og_rule_split s = og_rule_settle(l, 100, 90, 50, 100000, false);
        if (codes[i].words) {
            assert_int_equal(s.node, 50);
            assert_int_equal(s.node + s.treasury + s.refund, 100);
        } else {
            assert_int_equal(s.node, 50);
            assert_int_equal(s.treasury, 5);
            assert_int_equal(s.refund, 35);
        }
        assert_true(og_rule_slash(l, 10, 20) <= 10);
        assert_int_equal(og_rule_pay(l, 1000000000, 5, 1000000, 3), 3);
        assert_int_equal(og_rule_weight(l, 10, 1000000, 0, true), 0);
        assert_true(og_rule_price(l, 1000000, 0, 1, 1) >= 875000);
        og_store_rollback(k->s->st);
        og_led_rules_free(l->rules);
        l->rules = NULL;
        SIM_OK(k->s, og_led_rules_load(l, SIM_ERR));
        kit_free(k);
    }
}

/* A chain of protocol 1 has no such rows and uses the references. */
static void before_protocol_2(void **state)
{
    (void)state;
    struct kit *k = kit_new(1, "{'protocol':'1'}");
    struct og_vm_acct_row vm = {.addr = og_system_addr(OG_SYSTEM_PAY)};
    uint64_t out;
    bool found;
    SIM_OK(k->s, og_row_get(k->s->st, OG_F_VM_ACCT, &vm, &found, SIM_ERR));
    assert_false(found);
    assert_false(og_rule_call(k->s->l, OG_SYSTEM_PAY, "pay(uint64,uint64,uint64,uint64)",
                              (uint64_t[]){1, 1, 1, 1}, 4, &out, 1));
    assert_int_equal(og_rule_pay(k->s->l, 1000000000, 5000000, 1000000, 9000000), 5000000);
    kit_free(k);
}

/* What the ledger puts on a chain is what contracts/ holds. */
static void the_code_is_the_committed_one(void **state)
{
    (void)state;
    static const struct {
        const char *path, *hex;
    } v[] = {{"contracts/Pay.json", OG_CODE_PAY},
             {"contracts/Market.json", OG_CODE_MARKET},
             {"contracts/Stake.json", OG_CODE_STAKE}};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        json_t *doc = json_load_file(v[i].path, 0, NULL);
        assert_non_null(doc);
        assert_string_equal(json_string_value(json_object_get(doc, "runtime")), v[i].hex);
        json_decref(doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_code_is_the_committed_one),
        cmocka_unit_test(pay_is_its_reference),
        cmocka_unit_test(market_is_its_reference),
        cmocka_unit_test(stake_is_its_reference),
        cmocka_unit_test(the_gas_is_enough),
        cmocka_unit_test(what_a_rule_says_is_bounded),
        cmocka_unit_test(before_protocol_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
