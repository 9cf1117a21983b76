/* test_input.c - contracts from hex and JSON of every shape; types, selectors, encoded arguments.
 */
#include "analyze/analyze_args.h"
#include "analyze/analyze_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_contracts read_text(const char *s)
{
    struct og_contracts c;
    struct og_err err = {0};
    if (og_contracts_read(s, strlen(s), "x", &c, &err) != OG_OK)
        fail_msg("%s", err.msg);
    return c;
}

static void refused(const char *s, const char *why)
{
    struct og_contracts c;
    struct og_err err = {0};
    assert_int_equal(og_contracts_read(s, strlen(s), "x", &c, &err), OG_E_DATA);
    if (!strstr(err.msg, why))
        fail_msg("'%s' says '%s', wanted '%s'", s, err.msg, why);
    assert_int_equal(c.n, 0);
}

static void test_shapes(void **state)
{
    (void)state;
    struct og_contracts c = read_text(" 0x6001600201\n");
    assert_int_equal(c.n, 1);
    assert_int_equal(c.v[0].runtime.len, 5);
    og_contracts_release(&c);
    c = read_text("{\"name\":\"a\",\"runtime\":\"00\",\"creation\":\"6000\",\"abi\":[]}");
    assert_string_equal(c.v[0].name, "a");
    assert_int_equal(c.v[0].creation.len, 2);
    assert_true(c.v[0].has_abi);
    og_contracts_release(&c);
    c = read_text("{\"contracts\":{\"A\":{\"runtime\":\"00\"},\"I\":{\"runtime\":\"\"},"
                  "\"B\":{\"creation\":\"01\"}}}");
    assert_int_equal(c.n, 2);
    og_contracts_release(&c);
    /* solc --standard-json */
    c = read_text("{\"contracts\":{\"f.sol\":{\"C\":{\"abi\":[],\"evm\":{\"bytecode\":{\"object\":"
                  "\"6001\"},\"deployedBytecode\":{\"object\":\"00\"}}}}},\"sources\":{}}");
    assert_int_equal(c.n, 1);
    assert_string_equal(c.v[0].name, "C");
    assert_int_equal(c.v[0].creation.len, 2);
    assert_int_equal(c.v[0].runtime.len, 1);
    og_contracts_release(&c);
    /* solc --combined-json, ABI as a string */
    c = read_text("{\"contracts\":{\"f.sol:C\":{\"abi\":\"[]\",\"bin\":\"6001\","
                  "\"bin-runtime\":\"00\"}},\"version\":\"0.4.26\"}");
    assert_string_equal(c.v[0].name, "f.sol:C");
    assert_true(c.v[0].has_abi);
    og_contracts_release(&c);
    /* an artifact; a library that is not linked */
    c = read_text("{\"contractName\":\"L\",\"abi\":[],\"bytecode\":\"0x00\",\"deployedBytecode\":"
                  "\"0x73__$00112233445566778899aabbccddeeff00$__00\"}");
    assert_int_equal(c.v[0].runtime.len, 22);
    og_contracts_release(&c);
}

static void test_refused(void **state)
{
    (void)state;
    refused("", "no code in it");
    refused("600", "an odd number of hex digits");
    refused("60zz", "no hex digit at position 2");
    refused("{\"runtime\":7}", "must be a string");
    refused("{\"runtime\":", "x:1");
    refused("{\"contracts\":{}}", "no code in it");
    refused("{\"runtime\":\"00\",\"abi\":[{\"type\":\"function\",\"name\":\"f\",\"inputs\":"
            "[{\"type\":\"uint7\"}]}]}",
            "ABI entry 0: 'uint7' is no type of the ABI");
    refused("{\"runtime\":\"00\",\"abi\":{}}", "an ABI is a list");
    refused("{\"runtime\":\"00\",\"abi\":[{\"type\":\"function\",\"name\":\"f\",\"inputs\":"
            "[{\"type\":\"uint8[99999]\"}]}]}",
            "is no type");
}

static void test_selectors(void **state)
{
    (void)state;
    struct og_contracts c = read_text(
        "{\"runtime\":\"00\",\"abi\":["
        "{\"type\":\"function\",\"name\":\"transfer\",\"stateMutability\":\"nonpayable\","
        "\"inputs\":"
        "[{\"type\":\"address\"},{\"type\":\"uint\"}],\"outputs\":[{\"type\":\"bool\"}]},"
        "{\"type\":\"function\",\"name\":\"f\",\"stateMutability\":\"view\",\"inputs\":[{\"type\":"
        "\"tuple[2][]\",\"components\":[{\"type\":\"bytes3\"},{\"type\":\"string\"}]}]},"
        "{\"type\":\"event\",\"name\":\"E\"},{\"type\":\"receive\"},"
        "{\"type\":\"constructor\",\"inputs\":[{\"type\":\"int8\"}]}]}");
    const struct og_abi *a = &c.v[0].abi;
    assert_int_equal(a->n, 2);
    assert_int_equal(a->fn[0].selector, 0xa9059cbb); /* ERC-20 */
    assert_true(a->fn[0].returns_bool && !a->fn[0].view && a->fn[1].view);
    assert_string_equal(a->fn[0].signature, "transfer(address,uint256)");
    assert_string_equal(a->fn[1].signature, "f((bytes3,string)[2][])");
    assert_true(a->fn[1].in[0].dynamic && a->has_receive && !a->has_fallback);
    assert_int_equal(a->constructor.n_in, 1);
    assert_ptr_equal(og_abi_find(a, 0xa9059cbb), &a->fn[0]);
    assert_null(og_abi_find(a, 1));
    og_contracts_release(&c);
}

static struct og_u256 count_word(void *ctx, const struct og_abi_type *t)
{
    (void)t;
    return og_u256_of(++*(uint64_t *)ctx);
}
static uint32_t two(void *ctx, const struct og_abi_type *t)
{
    (void)ctx;
    return t->kind == OG_ABI_BYTES ? 3 : 2;
}
static uint8_t letter(void *ctx)
{
    (void)ctx;
    return 'a';
}

/* sam(bytes,bool,uint256[]) and f(uint256,uint32[],bytes10,bytes) of the specification, with our
 * values. */
static void test_encoding(void **state)
{
    uint64_t n = 0;
    const struct og_args_source src = {&n, count_word, two, letter};
    struct og_buf b = OG_BUF_INIT;
    (void)state;
    struct og_contracts c =
        read_text("{\"runtime\":\"00\",\"abi\":[{\"type\":\"function\",\"name\":\"sam\",\"inputs\":"
                  "[{\"type\":\"bytes\"},{\"type\":\"bool\"},{\"type\":\"uint256[]\"}]}]}");
    og_args_encode(c.v[0].abi.fn[0].in, 3, &src, &b);
    static const uint64_t want[] = {0x60, 1, 0xa0, 3, 0, 2, 2, 3};
    assert_int_equal(b.len, 8 * 32);
    for (int i = 0; i < 8; i++) {
        struct og_u256 w = og_u256_load((const uint8_t *)b.p + 32 * i);
        if (i == 4)
            assert_memory_equal(b.p + 128, "aaa\0", 4);
        else
            assert_int_equal(w.w[0], want[i]);
    }
    og_buf_release(&b);
    og_contracts_release(&c);
}

static void test_metadata(void **state)
{
    uint8_t code[60] = {0x60, 0x00, 0x00};
    (void)state;
    static const uint8_t tail[] = {0xa1, 0x65, 'b', 'z', 'z', 'r', '0', 0x58, 0x20};
    memcpy(code + 3, tail, sizeof tail);
    code[3 + 41] = 0x00;
    code[3 + 42] = 0x29;
    assert_int_equal(og_contract_code_size(code, 3 + 43), 3);
    assert_int_equal(og_contract_code_size(code, 20), 20);
    assert_int_equal(og_contract_code_size(code, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_selectors), cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
