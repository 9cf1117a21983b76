/* test_tx.c - what a transaction pays, and why one is refused. */
#include "vmkit.h"

static struct og_vm *vm;
static struct og_vm_env env;

static int make(void **st)
{
    (void)st;
    vm = og_vm_new();
    env = kit_env;
    env.base_fee = og_u256_of(10);
    return 0;
}

static int drop(void **st)
{
    (void)st;
    og_vm_free(vm);
    return 0;
}

static struct og_vm_tx a_tx(void)
{
    return (struct og_vm_tx){.from = kit_sender,
                             .to = kit_contract,
                             .gas_limit = 100000,
                             .value = og_u256_of(5),
                             .max_fee = og_u256_of(15),
                             .max_priority = og_u256_of(2)};
}

static void test_payment(void **state)
{
    (void)state;
    struct og_vm_state *st = kit_world(NULL, "00");
    struct og_vm_receipt r;
    struct og_vm_tx tx = a_tx();
    const uint8_t data[] = {0, 1, 2};
    tx.data = data;
    tx.data_len = sizeof data;
    og_vm_tx_apply(vm, st, &env, &tx, &r);
    assert_int_equal(r.refusal, OG_VM_TX_OK);
    assert_int_equal(r.status, OG_VM_OK);
    assert_int_equal(r.gas_used, 21000 + 4 + 16 + 16);
    assert_int_equal(og_vm_state_acct(st, &kit_coinbase)->balance.w[0], 2 * r.gas_used);
    assert_int_equal(og_vm_state_acct(st, &kit_sender)->balance.w[0],
                     UINT64_C(1000000000000000000) - 5 - 12 * r.gas_used);
    assert_int_equal(og_vm_state_acct(st, &kit_contract)->balance.w[0], 5);
    assert_int_equal(og_vm_state_acct(st, &kit_sender)->nonce, 1);
    og_vm_state_free(st);
}

static enum og_vm_refusal apply(struct og_vm_tx tx, const char *sender_code)
{
    struct og_vm_state *st = kit_world(NULL, "00");
    struct og_vm_receipt r;
    if (sender_code)
        kit_put_code(st, &kit_sender, sender_code);
    og_vm_state_begin_tx(st);
    struct og_hash before = og_vm_state_root(st);
    og_vm_tx_apply(vm, st, &env, &tx, &r);
    struct og_hash after = og_vm_state_root(st);
    if (r.refusal != OG_VM_TX_OK)
        assert_memory_equal(before.b, after.b, sizeof before.b);
    og_vm_state_free(st);
    return r.refusal;
}

static void test_refusals(void **state)
{
    (void)state;
    static uint8_t init[OG_VM_INIT_MAX + 1];
    struct og_vm_tx tx = a_tx();
    assert_int_equal(apply(tx, NULL), OG_VM_TX_OK);
    assert_int_equal(apply(tx, "00"), OG_VM_TX_SENDER_HAS_CODE);
    tx.nonce = 1;
    assert_int_equal(apply(tx, NULL), OG_VM_TX_NONCE);
    tx.nonce = UINT64_MAX;
    assert_int_equal(apply(tx, NULL), OG_VM_TX_NONCE_MAX);
    tx = a_tx();
    tx.gas_limit = 20999;
    assert_int_equal(apply(tx, NULL), OG_VM_TX_INTRINSIC_GAS);
    tx.gas_limit = 30000001;
    assert_int_equal(apply(tx, NULL), OG_VM_TX_GAS_ABOVE_BLOCK);
    tx = a_tx();
    tx.max_fee = og_u256_of(9);
    tx.max_priority = og_u256_of(1);
    assert_int_equal(apply(tx, NULL), OG_VM_TX_FEE_BELOW_BASE);
    tx.max_fee = og_u256_of(11);
    tx.max_priority = og_u256_of(12);
    assert_int_equal(apply(tx, NULL), OG_VM_TX_PRIORITY_ABOVE_FEE);
    tx = a_tx();
    tx.value = og_u256_of(UINT64_C(1000000000000000000));
    assert_int_equal(apply(tx, NULL), OG_VM_TX_FUNDS);
    tx = a_tx();
    tx.max_fee = (struct og_u256){{0, 0, 0, UINT64_C(1) << 60}}; /* gas · fee passes 2^256 */
    assert_int_equal(apply(tx, NULL), OG_VM_TX_FUNDS);
    tx = a_tx();
    tx.create = true;
    tx.gas_limit = 30000000;
    tx.data = init;
    tx.data_len = sizeof init;
    assert_int_equal(apply(tx, NULL), OG_VM_TX_INIT_TOO_LONG);
    tx.data_len--;
    assert_int_equal(apply(tx, NULL), OG_VM_TX_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payment),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
