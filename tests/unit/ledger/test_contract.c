/* test_contract.c - contracts on the chain: money, storage, failure, gas, rules, the upgrade. */
#include "ledgerkit.h"

#include "../../sim/contracts.h"

/* A chain with the contract, in an open block. */
static struct kit *deployed(uint64_t value, struct og_addr *at)
{
    struct kit *k = kit_new(1, NULL);
    sim_open(k->s, 1);
    assert_int_equal(sim_deploy(k->s, k->me, value, at), OG_OK);
    return k;
}

static void done(struct kit *k)
{
    if (k->s->open)
        sim_seal(k->s);
    sim_check_vm(k->s);
    kit_free(k);
}

static uint64_t get(struct kit *k, const struct og_addr *at, const char *function, const char *args)
{
    struct og_buf data = OG_BUF_INIT;
    struct og_view_answer a;
    kit_data(k->s, function, args, &data);
    const struct og_view_message m = {
        .to = *at, .gas = 1000000, .data = (const uint8_t *)data.p, .len = data.len};
    SIM_OK(k->s, og_view_call(k->s->l, &m, &a, SIM_ERR));
    assert_int_equal(a.status, OG_VM_OK);
    assert_int_equal(a.output.len, 32);
    struct og_u256 w = og_u256_load((const uint8_t *)a.output.p);
    og_buf_release(&a.output);
    og_buf_release(&data);
    return w.w[0];
}

static void money_in_and_out(void **state)
{
    (void)state;
    struct og_addr at;
    struct kit *k = deployed(5000, &at);
    struct sim *s = k->s;
    uint64_t before = sim_balance(s, &s->acct[k->me].addr);
    assert_int_equal(sim_balance(s, &at), 5000);
    assert_int_equal(get(k, &at, "count", "[]"), 7);
    assert_int_equal(sim_call(s, k->me, &at, "put", "[\"hello\"]", 100), OG_OK);
    json_t *r = sim_receipt(s);
    uint64_t gas;
    SIM_OK(s, og_json_dec(r, "gas_used", &gas, SIM_ERR));
    assert_int_equal(json_array_size(json_object_get(r, "logs")), 1);
    assert_string_equal(json_string_value(json_object_get(r, "status")), "success");
    json_decref(r);
    assert_int_equal(sim_balance(s, &at), 5100);
    assert_int_equal(sim_balance(s, &s->acct[k->me].addr), before - 100 - gas);
    /* what is below a grain stays in the machine, and the sums hold */
    char text[OG_ADDR_TEXT];
    char args[160];
    og_addr_format(&s->acct[0].addr, text);
    uint64_t had = sim_balance(s, &s->acct[0].addr);
    snprintf(args, sizeof args, "[\"%s\", \"1700000000\"]", text);
    assert_int_equal(sim_call(s, k->me, &at, "send", args, 0), OG_OK);
    assert_int_equal(sim_balance(s, &s->acct[0].addr), had + 1);
    assert_int_equal(sim_balance(s, &at), 5098);
    sim_check_vm(s);
    assert_int_equal(sim_call(s, k->me, &at, "send", args, 0), OG_OK);
    assert_int_equal(sim_balance(s, &s->acct[0].addr), had + 3); /* 3.4 */
    assert_int_equal(sim_balance(s, &at), 5096);                 /* 5096.6 */
    done(k);
}

static void a_failure_pays_and_changes_nothing(void **state)
{
    (void)state;
    struct og_addr at;
    struct kit *k = deployed(0, &at);
    struct sim *s = k->s;
    struct og_buf data = OG_BUF_INIT;
    uint64_t before = sim_balance(s, &s->acct[k->me].addr);
    assert_int_equal(sim_call(s, k->me, &at, "want", "[\"5\"]", 0), OG_E_DATA);
    assert_true(s->last.in_block);
    assert_non_null(strstr(s->last.msg, "revert"));
    json_t *r = sim_receipt(s);
    assert_string_equal(json_string_value(json_object_get(r, "status")), "revert");
    json_decref(r);
    uint64_t after = sim_balance(s, &s->acct[k->me].addr);
    assert_true(after < before);
    kit_data(s, "spin", "[]", &data);
    assert_int_equal(sim_contract(s, k->me, &at, kit_hex(&data), 0, 100000, 3), OG_E_DATA);
    assert_non_null(strstr(s->last.msg, "out_of_gas after 100000 gas"));
    assert_int_equal(sim_balance(s, &s->acct[k->me].addr), after - 300000);
    assert_int_equal(get(k, &at, "count", "[]"), 7);
    og_buf_release(&data);
    done(k);
}

static void words_of_storage_come_and_go(void **state)
{
    (void)state;
    struct og_addr at;
    struct kit *k = deployed(0, &at);
    uint64_t rows;
    uint64_t with;
    SIM_OK(k->s, og_row_count(k->s->st, OG_F_VM_SLOT, &rows, SIM_ERR));
    assert_int_equal(sim_call(k->s, k->me, &at, "set", "[0, 50, 9]", 0), OG_OK);
    SIM_OK(k->s, og_row_count(k->s->st, OG_F_VM_SLOT, &with, SIM_ERR));
    assert_int_equal(with, rows + 50);
    assert_int_equal(sim_call(k->s, k->me, &at, "set", "[10, 40, 0]", 0), OG_OK);
    sim_seal(k->s);
    sim_open(k->s, 1);
    assert_int_equal(sim_call(k->s, k->me, &at, "set", "[0, 10, 0]", 0), OG_OK);
    SIM_OK(k->s, og_row_count(k->s->st, OG_F_VM_SLOT, &with, SIM_ERR));
    assert_int_equal(with, rows);
    done(k);
}

/* A contract that ends in the transaction that made it, with itself as heir, burns what it has; the
 * chain gives that to the treasury. */
static void nothing_burns(void **state)
{
    (void)state;
    struct og_addr at;
    struct kit *k = deployed(5000, &at);
    uint64_t had = sim_balance(k->s, &k->s->l->treasury);
    assert_int_equal(sim_call(k->s, k->me, &at, "burn", "[\"3000000000\"]", 0), OG_OK);
    assert_int_equal(sim_balance(k->s, &at), 4997);
    assert_int_equal(sim_balance(k->s, &k->s->l->treasury), had + 3);
    assert_int_equal(sim_call(k->s, k->me, &at, "burn", "[\"500000001\"]", 0), OG_OK);
    sim_check_vm(k->s);
    assert_int_equal(sim_call(k->s, k->me, &at, "spawn", "[\"2000000001\"]", 0), OG_OK);
    done(k);
}

static void rules_for_gas_and_code(void **state)
{
    (void)state;
    static const struct {
        const char *code, *why; /* init code */
    } bad[] = {
        {"60ef60005360016000f3", "invalid_code"}, /* EIP-3541 */
        {"60fe60005360016000f3", "invalid_code"}, /* first opcode INVALID */
        {"600c60005360016000f3", "invalid_code"}, /* none of Cancun's */
        {"fe", "invalid_opcode"},
        {"6160016000f3", "code_too_long"}, /* EIP-170 */
    };
    struct og_addr at;
    struct kit *k = deployed(0, &at);
    struct sim *s = k->s;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(sim_contract(s, k->me, NULL, json_string(bad[i].code), 0, 200000, 1),
                         OG_E_DATA);
        if (!strstr(s->last.msg, bad[i].why))
            fail_msg("%s: %s", bad[i].code, s->last.msg);
    }
    uint64_t max = og_view_gas_max(og_ledger_params(s->l));
    sim_contract(s, k->me, &at, json_string(""), 0, max + 1, 1);
    assert_non_null(strstr(s->last.msg, "a transaction may have"));
    sim_contract(s, k->me, &at, json_string(""), 0, 21000, 0);
    assert_non_null(strstr(s->last.msg, "'gas_price' is 0"));
    sim_contract(s, k->me, &at, json_string(""), 0, 20999, 1);
    assert_non_null(strstr(s->last.msg, "intrinsic gas"));
    sim_contract(s, k->me, &at, json_string("0g"), 0, 50000, 1);
    assert_non_null(strstr(s->last.msg, "whole bytes"));
    /* a transaction that may use more than the block has left stands in none */
    bool full = false;
    struct og_buf data = OG_BUF_INIT;
    kit_data(s, "spin", "[]", &data);
    sim_contract(s, k->me, &at, kit_hex(&data), 0, max, 1);
    assert_non_null(strstr(s->last.msg, "out_of_gas"));
    SIM_OK(s, og_ledger_gas_full(s->l, &full, SIM_ERR));
    assert_true(full);
    sim_contract(s, k->me, &at, kit_hex(&data), 0, max, 1);
    assert_false(s->last.in_block);
    assert_int_equal(s->last.rc, OG_E_TEMPFAIL);
    sim_seal(s);
    sim_open(s, 1);
    sim_contract(s, k->me, &at, kit_hex(&data), 0, max, 1);
    assert_true(s->last.in_block);
    og_buf_release(&data);
    done(k);
}

/* Native transfers see what calls left, and calls what native transfers did, within one block. */
static void one_state_for_both(void **state)
{
    (void)state;
    struct og_addr at;
    struct kit *k = deployed(0, &at);
    struct sim *s = k->s;
    char text[OG_ADDR_TEXT];
    char args[160];
    og_addr_format(&s->acct[0].addr, text);
    snprintf(args, sizeof args, "[\"%s\", \"400000000000\"]", text);
    assert_int_equal(sim_call(s, k->me, &at, "send", args, 0), OG_E_DATA); /* it has nothing */
    assert_int_equal(sim_pay(s, k->me, &at, 400), OG_OK);
    uint64_t had = sim_balance(s, &s->acct[0].addr);
    assert_int_equal(sim_call(s, k->me, &at, "send", args, 0), OG_OK);
    assert_int_equal(sim_balance(s, &s->acct[0].addr), had + 400);
    assert_int_equal(sim_pay(s, 0, &s->acct[k->me].addr, had + 400), OG_OK);
    done(k);
}

/* "OGPU-UPGRADE-v1\0" ‖ chain ‖ be64 protocol by the one validator. */
static json_t *upgrade(struct sim *s, uint64_t to)
{
    struct og_buf bytes = OG_BUF_INIT;
    struct og_buf sig = OG_BUF_INIT;
    struct og_buf text = OG_BUF_INIT;
    og_buf_add(&bytes, "OGPU-UPGRADE-v1", 16);
    og_buf_add(&bytes, s->chain.b, OG_HASH_LEN);
    og_buf_add_be64(&bytes, to);
    SIM_OK(s, og_key_sign(sim_key(2048 + s->node[0].keys), bytes.p, bytes.len, &sig, SIM_ERR));
    og_base64_encode(sig.p, sig.len, &text);
    json_t *body = json_pack("{s:I, s:[{s:I, s:s}]}", "protocol", (json_int_t)to, "votes", "node",
                             (json_int_t)s->node[0].id, "sig", text.p);
    og_buf_release(&bytes);
    og_buf_release(&sig);
    og_buf_release(&text);
    return body;
}

static void a_chain_of_protocol_1_is_upgraded(void **state)
{
    (void)state;
    const struct sim_cfg cfg = {.owners = 1, .nodes = 1, .validators = true};
    struct kit *k = kit_of(&cfg, "{'protocol':'1'}");
    struct sim *s = k->s;
    struct og_addr at;
    struct og_version v = {.protocol = 2};
    struct og_hash before;
    bool found;
    uint64_t params;
    SIM_OK(s, og_row_count(s->st, OG_F_PARAM, &params, SIM_ERR));
    sim_open(s, 1);
    sim_deploy(s, k->me, 0, &at);
    assert_false(s->last.in_block); /* as a program that does not know the kind */
    assert_non_null(strstr(s->last.msg, "no kind of transaction of protocol 1"));
    assert_int_equal(sim_send(s, k->me, OG_TX_PROTOCOL_UPGRADE, upgrade(s, 3)), OG_E_DATA);
    json_t *unsigned_vote = upgrade(s, 2);
    json_object_set_new(unsigned_vote, "votes", json_array());
    assert_int_equal(sim_send(s, k->me, OG_TX_PROTOCOL_UPGRADE, unsigned_vote), OG_E_DATA);
    assert_non_null(strstr(s->last.msg, "two thirds"));
    assert_int_equal(sim_send(s, k->me, OG_TX_PARAMS_SET,
                              json_pack("{s:{s:s}, s:[]}", "values", "protocol", "2", "votes")),
                     OG_E_DATA);
    assert_int_equal(sim_send(s, k->me, OG_TX_PROTOCOL_UPGRADE, upgrade(s, 2)), OG_OK);
    sim_deploy(s, k->me, 0, &at);
    assert_false(s->last.in_block); /* from the next block on */
    sim_seal(s);
    SIM_OK(s, og_row_get(s->st, OG_F_VERSION, &v, &found, SIM_ERR));
    assert_true(found);
    assert_int_equal(v.height, s->height);
    before = v.before;
    assert_memory_not_equal(before.b, v.after.b, OG_HASH_LEN);
    sim_open(s, 1);
    SIM_OK(s, og_ledger_reload(s->l, SIM_ERR));
    SIM_OK(s, og_ledger_begin_block(s->l, s->height, s->now_ms, SIM_ERR));
    assert_int_equal(sim_deploy(s, k->me, 0, &at), OG_OK);
    uint64_t now;
    SIM_OK(s, og_row_count(s->st, OG_F_PARAM, &now, SIM_ERR));
    assert_true(now > params);
    assert_int_equal(sim_send(s, k->me, OG_TX_PROTOCOL_UPGRADE, upgrade(s, 2)), OG_E_DATA);
    done(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_in_and_out),
        cmocka_unit_test(a_failure_pays_and_changes_nothing),
        cmocka_unit_test(words_of_storage_come_and_go),
        cmocka_unit_test(nothing_burns),
        cmocka_unit_test(rules_for_gas_and_code),
        cmocka_unit_test(one_state_for_both),
        cmocka_unit_test(a_chain_of_protocol_1_is_upgraded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
