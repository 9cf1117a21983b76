/* test_vm.c - frames, depth, undo, warm and transient storage, a backend that answers or fails. */
#include "vmkit.h"

#include "vm/vm_keccak.h"

static struct og_vm *vm;

static int make(void **st)
{
    (void)st;
    vm = og_vm_new();
    return 0;
}

static int drop(void **st)
{
    (void)st;
    og_vm_free(vm);
    return 0;
}

static void expect_end(const char *code, int64_t gas, enum og_vm_status status, int64_t used)
{
    struct og_vm_state *st = kit_world(NULL, code);
    struct og_vm_result r = kit_call(vm, st, gas);
    assert_string_equal(og_vm_status_name(r.status), og_vm_status_name(status));
    assert_int_equal(gas - r.gas_left, used);
    og_vm_state_free(st);
}

static void test_ends(void **state)
{
    (void)state;
    expect_end("6001600201", 100, OG_VM_OK, 9);
    expect_end("6001600201", 8, OG_VM_OUT_OF_GAS, 8);
    expect_end("01", 100, OG_VM_UNDERFLOW, 100);
    expect_end("fe", 100, OG_VM_BAD_OPCODE, 100);
    expect_end("0c", 100, OG_VM_BAD_OPCODE, 100);
    expect_end("b0", 100, OG_VM_BAD_OPCODE, 100); /* an opcode of our own has no meaning in code */
    expect_end("b25b", 100, OG_VM_BAD_OPCODE, 100);
    expect_end("600456", 100, OG_VM_BAD_JUMP, 100);
    expect_end("600456005b", 100, OG_VM_OK, 12);
    expect_end("600556605b00", 100, OG_VM_BAD_JUMP, 100); /* push data is no target */
    expect_end("7f00", 100, OG_VM_OK, 3);                 /* a PUSH beyond the end reads zeros */
    expect_end("60006000fd", 100, OG_VM_REVERT, 6);
    expect_end("5b600056", 100000, OG_VM_OUT_OF_GAS, 100000);
    expect_end("5b5f600056", 100000, OG_VM_OVERFLOW, 100000);
    expect_end("600160005260206000f3", 100, OG_VM_OK, 18);
    expect_end("6001640100000000525b", 1000000000, OG_VM_OUT_OF_GAS, 1000000000);
    expect_end("600160006020523e", 1000, OG_VM_UNDERFLOW, 1000);
    expect_end("6001600060003e", 1000, OG_VM_BAD_RETURN, 1000);
}

/* Calls itself with all gas until the depth ends it; each level counts in the same slot. */
static void test_depth(void **state)
{
    (void)state;
    /* sstore(0, sload(0) + 1); call(gas, address, 0, 0, 0, 0, 0) */
    static const char code[] = "600054600101600055"
                               "5f5f5f5f5f305af1";
    struct og_vm_state *st = kit_world(NULL, code);
    struct og_vm_result r = kit_call(vm, st, INT64_C(1) << 50);
    assert_int_equal(r.status, OG_VM_OK);
    assert_int_equal(kit_slot(st, &kit_contract, 0), OG_VM_DEPTH + 1);
    og_vm_state_free(st);
}

/* The callee writes storage, transient storage, a log, earns a refund, and reverts: nothing stays.
 */
static void test_undo(void **state)
{
    (void)state;
    static const struct og_addr callee = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xcc}};
    struct og_vm_state *st = kit_world(NULL, "5f5f5f5f600a60cc5af1600155");
    kit_put_code(st, &callee,
                 "6007600055" /* sstore(0, 7) */
                 "60096001"   /* tstore(1, 9) */
                 "5d"
                 "5f5fa0"   /* log0 */
                 "5f600255" /* sstore(2, 0): a refund */
                 "5f5ffd");
    struct og_u256 two = og_u256_of(2);
    og_vm_state_set_slot(st, og_vm_state_slot(st, og_vm_state_acct(st, &callee), &two),
                         og_u256_of(5));
    og_vm_state_set_balance(st, og_vm_state_acct(st, &kit_contract), og_u256_of(100));
    og_vm_state_begin_tx(st);
    struct og_vm_result r = kit_call(vm, st, 1000000);
    size_t n;
    og_vm_logs(vm, &n);
    assert_int_equal(r.status, OG_VM_OK);
    assert_int_equal(n, 0);
    assert_int_equal(og_vm_refund(vm), 0);
    assert_int_equal(kit_slot(st, &callee, 0), 0);
    assert_int_equal(kit_slot(st, &callee, 2), 5);
    assert_int_equal(og_vm_state_acct(st, &callee)->balance.w[0], 0);
    assert_int_equal(og_vm_state_acct(st, &kit_contract)->balance.w[0], 100);
    og_vm_state_free(st);
}

/* Transient storage and warmth end with the transaction, storage does not. */
static void test_transactions(void **state)
{
    (void)state;
    /* sstore(0, tload(0)); tstore(0, 5); sstore(1, sload(1) + 1) */
    struct og_vm_state *st = kit_world(NULL, "5f5c5f5560055f5d600154600101600155");
    int64_t used[2];
    for (int i = 0; i < 2; i++) {
        struct og_vm_result r = kit_call(vm, st, 1000000);
        assert_int_equal(r.status, OG_VM_OK);
        used[i] = 1000000 - r.gas_left;
        og_vm_state_end_tx(st);
        assert_int_equal(kit_slot(st, &kit_contract, 0), 0);
        assert_int_equal(kit_slot(st, &kit_contract, 1), i + 1);
    }
    /* the second time the slot is changed from 1, not set from 0 */
    assert_int_equal(used[0] - used[1], 20000 - 2900);
    og_vm_state_free(st);
}

/* What a transaction creates and destroys is gone; what was there before keeps code and storage. */
static void test_selfdestruct(void **state)
{
    (void)state;
    struct og_vm_state *st = kit_world(NULL, "60ccff");
    og_vm_state_set_balance(st, og_vm_state_acct(st, &kit_contract), og_u256_of(9));
    og_vm_state_begin_tx(st);
    struct og_vm_result r = kit_call(vm, st, 100000);
    assert_int_equal(r.status, OG_VM_OK);
    og_vm_state_end_tx(st);
    assert_true(og_vm_acct_has_code(og_vm_state_acct(st, &kit_contract)));
    assert_true(og_u256_is_zero(&og_vm_state_acct(st, &kit_contract)->balance));
    const uint8_t init[] = {0x60, 7, 0x5f, 0x55, 0x60, 0xcc, 0xff}; /* sstore(0, 7); selfdestruct */
    const struct og_vm_msg msg = {.kind = OG_VM_CREATE,
                                  .from = kit_sender,
                                  .value = og_u256_of(3),
                                  .gas = 100000,
                                  .input = init,
                                  .input_len = sizeof init};
    og_vm_begin(vm, st, &kit_env);
    og_vm_run(vm, &msg, &r);
    assert_int_equal(r.status, OG_VM_OK);
    assert_true(og_vm_state_acct(st, &r.created)->exists);
    assert_int_equal(kit_slot(st, &r.created, 0), 7);
    og_vm_state_end_tx(st);
    assert_false(og_vm_state_acct(st, &r.created)->exists);
    assert_int_equal(kit_slot(st, &r.created, 0), 0);
    static const struct og_addr heir = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xcc}};
    assert_int_equal(og_vm_state_acct(st, &heir)->balance.w[0], 12);
    og_vm_state_free(st);
}

/* A backend with one contract whose slots hold their own key plus one. */
static enum og_rc back_account(void *ctx, const struct og_addr *a, struct og_vm_account *out,
                               bool *found, struct og_err *err)
{
    (void)err;
    *found = memcmp(a->b, kit_contract.b, sizeof a->b) == 0;
    if (*found)
        *out = (struct og_vm_account){
            .nonce = 1, .code_hash = *(const struct og_hash *)ctx, .has_storage = true};
    return OG_OK;
}

static enum og_rc back_storage(void *ctx, const struct og_addr *a, const struct og_u256 *key,
                               struct og_u256 *out, struct og_err *err)
{
    (void)ctx;
    (void)a;
    if (key->w[0] == 666)
        return og_err_set(err, OG_E_IO, "slot 666 cannot be read");
    *out = og_u256_add(*key, og_u256_of(1));
    return OG_OK;
}

static const uint8_t back_bytes[] = {0x5f, 0x35, 0x54, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3};

static enum og_rc back_code(void *ctx, const struct og_hash *h, struct og_buf *out,
                            struct og_err *err)
{
    (void)ctx;
    (void)h;
    (void)err;
    og_buf_add(out, back_bytes, sizeof back_bytes); /* return sload(calldataload(0)) */
    return OG_OK;
}

static void test_backend(void **state)
{
    (void)state;
    struct og_hash hash = og_keccak256(back_bytes, sizeof back_bytes);
    const struct og_vm_backend b = {
        .ctx = &hash, .account = back_account, .storage = back_storage, .code = back_code};
    struct og_vm_state *st = kit_world(&b, NULL);
    struct og_vm_result r;
    struct og_err err;
    uint8_t key[32] = {0};
    struct og_vm_msg msg = {.kind = OG_VM_CALL,
                            .from = kit_sender,
                            .to = kit_contract,
                            .gas = 100000,
                            .input = key,
                            .input_len = sizeof key};
    key[31] = 41;
    og_vm_begin(vm, st, &kit_env);
    og_vm_run(vm, &msg, &r);
    assert_int_equal(r.status, OG_VM_OK);
    assert_int_equal(r.out_len, 32);
    assert_int_equal(r.out[31], 42);
    key[30] = 666 >> 8;
    key[31] = 666 & 0xff;
    og_vm_run(vm, &msg, &r);
    assert_int_equal(r.status, OG_VM_BACKEND);
    assert_int_equal(og_vm_state_status(st, &err), OG_E_IO);
    assert_string_equal(err.msg, "slot 666 cannot be read");
    og_vm_state_free(st);
}

static void test_create_address(void **state)
{
    (void)state;
    /* the first contract of an address: keccak(rlp([sender, 0])), known from the main net */
    struct og_addr from, want;
    kit_hex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", from.b);
    kit_hex("cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d", want.b);
    struct og_addr got = og_vm_create_addr(&from, 0);
    assert_memory_equal(got.b, want.b, sizeof want.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),           cmocka_unit_test(test_depth),
        cmocka_unit_test(test_undo),           cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_selfdestruct),   cmocka_unit_test(test_backend),
        cmocka_unit_test(test_create_address),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
