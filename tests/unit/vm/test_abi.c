/* test_abi.c - the ABI: types, selectors, values there and back, what is refused. */
#include "vm/vm_abi.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_err err;

static json_t *json(const char *text)
{
    char *copy = og_xstrdup(text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_t *o = json_loads(copy, JSON_DECODE_ANY, NULL);
    if (!o)
        fail_msg("not JSON: %s", copy);
    free(copy);
    return o;
}

/* An ABI with one function f(inputs) returns (inputs). */
static struct og_vm_abi abi_of(const char *inputs)
{
    struct og_vm_abi abi;
    json_t *in = json(inputs);
    json_t *doc = json_pack("[{s:s, s:s, s:O, s:o}]", "type", "function", "name", "f", "inputs", in,
                            "outputs", in);
    if (og_vm_abi_parse(doc, &abi, &err) != OG_OK)
        fail_msg("%s: %s", inputs, err.msg);
    json_decref(doc);
    return abi;
}

static char *hex_of(const struct og_buf *b)
{
    char *s = og_xcalloc(1, 2 * b->len + 1);
    og_hex_encode(b->p ? b->p : "", b->len, s);
    return s;
}

/* Examples of the specification, "Examples" and "Use of Dynamic Types". */
static void examples_of_the_specification(void **state)
{
    (void)state;
    static const struct {
        const char *inputs, *values, *hex;
    } v[] = {
        {"[{'type':'uint32'},{'type':'bool'}]", "[69,true]",
         "0000000000000000000000000000000000000000000000000000000000000045"
         "0000000000000000000000000000000000000000000000000000000000000001"},
        {"[{'type':'bytes3[2]'}]", "[['0x616263','0x646566']]",
         "6162630000000000000000000000000000000000000000000000000000000000"
         "6465660000000000000000000000000000000000000000000000000000000000"},
        {"[{'type':'bytes'},{'type':'bool'},{'type':'uint256[]'}]", "['0x64617665',true,[1,2,3]]",
         "0000000000000000000000000000000000000000000000000000000000000060"
         "0000000000000000000000000000000000000000000000000000000000000001"
         "00000000000000000000000000000000000000000000000000000000000000a0"
         "0000000000000000000000000000000000000000000000000000000000000004"
         "6461766500000000000000000000000000000000000000000000000000000000"
         "0000000000000000000000000000000000000000000000000000000000000003"
         "0000000000000000000000000000000000000000000000000000000000000001"
         "0000000000000000000000000000000000000000000000000000000000000002"
         "0000000000000000000000000000000000000000000000000000000000000003"},
        {"[{'type':'uint256'},{'type':'uint32[]'},{'type':'bytes10'},{'type':'bytes'}]",
         "['0x123',['0x456','0x789'],'0x31323334353637383930','0x48656c6c6f2c20776f726c6421']",
         "0000000000000000000000000000000000000000000000000000000000000123"
         "0000000000000000000000000000000000000000000000000000000000000080"
         "3132333435363738393000000000000000000000000000000000000000000000"
         "00000000000000000000000000000000000000000000000000000000000000e0"
         "0000000000000000000000000000000000000000000000000000000000000002"
         "0000000000000000000000000000000000000000000000000000000000000456"
         "0000000000000000000000000000000000000000000000000000000000000789"
         "000000000000000000000000000000000000000000000000000000000000000d"
         "48656c6c6f2c20776f726c642100000000000000000000000000000000000000"},
        {"[{'type':'uint256[][]'},{'type':'string[]'}]", "[[[1,2],[3]],['one','two','three']]",
         "0000000000000000000000000000000000000000000000000000000000000040"
         "0000000000000000000000000000000000000000000000000000000000000140"
         "0000000000000000000000000000000000000000000000000000000000000002"
         "0000000000000000000000000000000000000000000000000000000000000040"
         "00000000000000000000000000000000000000000000000000000000000000a0"
         "0000000000000000000000000000000000000000000000000000000000000002"
         "0000000000000000000000000000000000000000000000000000000000000001"
         "0000000000000000000000000000000000000000000000000000000000000002"
         "0000000000000000000000000000000000000000000000000000000000000001"
         "0000000000000000000000000000000000000000000000000000000000000003"
         "0000000000000000000000000000000000000000000000000000000000000003"
         "0000000000000000000000000000000000000000000000000000000000000060"
         "00000000000000000000000000000000000000000000000000000000000000a0"
         "00000000000000000000000000000000000000000000000000000000000000e0"
         "0000000000000000000000000000000000000000000000000000000000000003"
         "6f6e650000000000000000000000000000000000000000000000000000000000"
         "0000000000000000000000000000000000000000000000000000000000000003"
         "74776f0000000000000000000000000000000000000000000000000000000000"
         "0000000000000000000000000000000000000000000000000000000000000005"
         "7468726565000000000000000000000000000000000000000000000000000000"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct og_vm_abi abi = abi_of(v[i].inputs);
        struct og_buf b = OG_BUF_INIT;
        json_t *values = json(v[i].values);
        assert_int_equal(og_vm_abi_encode(&abi.item[0].in, values, &b, &err), OG_OK);
        char *hex = hex_of(&b);
        assert_string_equal(hex, v[i].hex);
        free(hex);
        og_buf_release(&b);
        json_decref(values);
        og_vm_abi_release(&abi);
    }
}

static void selectors(void **state)
{
    (void)state;
    static const struct {
        const char *inputs, *signature;
    } v[] = {
        {"[{'type':'uint'},{'type':'int[2][]'}]", "f(uint256,int256[2][])"},
        {"[{'type':'tuple','components':[{'type':'address'},{'type':'tuple[3]','components':"
         "[{'type':'function'},{'type':'fixed'}]}]}]",
         "f((address,(function,fixed128x18)[3]))"},
        {"[{'type':'ufixed8x1'},{'type':'tuple','components':[]}]", "f(ufixed8x1,())"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct og_vm_abi abi = abi_of(v[i].inputs);
        assert_string_equal(abi.item[0].signature, v[i].signature);
        og_vm_abi_release(&abi);
    }
    json_t *doc = json("[{'name':'transfer','inputs':[{'type':'address'},{'type':'uint256'}]},"
                       "{'name':'transfer','inputs':[{'type':'address'}]},{'type':'receive'},"
                       "{'type':'event','name':'Transfer','inputs':[{'type':'address','indexed':"
                       "true},{'type':'address','indexed':true},{'type':'uint256'}]}]");
    struct og_vm_abi abi;
    const struct og_vm_abi_item *it;
    assert_int_equal(og_vm_abi_parse(doc, &abi, &err), OG_OK);
    assert_int_equal(og_vm_abi_find(&abi, OG_VM_ABI_FUNCTION, "transfer", 2, &it, &err), OG_OK);
    assert_memory_equal(it->hash.b, "\xa9\x05\x9c\xbb", 4);
    assert_int_equal(og_vm_abi_find(&abi, OG_VM_ABI_FUNCTION, "transfer", -1, &it, &err),
                     OG_E_DATA);
    assert_non_null(strstr(err.msg, "more than one"));
    assert_int_equal(og_vm_abi_find(&abi, OG_VM_ABI_FUNCTION, "transfer(address)", -1, &it, &err),
                     OG_OK);
    assert_int_equal(it->in.n, 1);
    assert_ptr_equal(og_vm_abi_by_hash(&abi, OG_VM_ABI_EVENT, abi.item[3].hash.b, 32),
                     &abi.item[3]);
    assert_memory_equal(abi.item[3].hash.b, "\xdd\xf2\x52\xad\x1b\xe2\xc8\x9b", 8);
    og_vm_abi_release(&abi);
    json_decref(doc);
}

/* Values as they are printed go in and come out the same. */
static void there_and_back(void **state)
{
    (void)state;
    static const char *const v[][2] = {
        {"[{'type':'int8'},{'type':'int256'}]",
         "['-128','-578960446186580977117854925043439539266349923328202820197287920039565648199"
         "68']"},
        {"[{'type':'uint256'}]",
         "['115792089237316195423570985008687907853269984665640564039457584007913129639935']"},
        {"[{'type':'fixed64x3'},{'type':'ufixed8x1'},{'type':'fixed'}]",
         "['-1234.567','25.5','0.000000000000000001']"},
        {"[{'type':'address'},{'type':'bool'},{'type':'function'}]",
         "['ogpu1nzdx0y4a20pagnqq77nxsn30qj4mug9yp29kd9',false,"
         "'0x000102030405060708090a0b0c0d0e0f1011121314151617']"},
        {"[{'type':'string'},{'type':'string[2]'}]", "['',['grüße','']]"},
        {"[{'type':'tuple[]','components':[{'name':'a','type':'uint8'},{'name':'b','type':"
         "'bytes'}]},{'type':'uint8[0]'}]",
         "[[{'a':'1','b':'0x'},{'a':'255','b':'0x00ff'}],[]]"},
        {"[{'type':'tuple','components':[{'name':'x','type':'tuple','components':[{'name':'y',"
         "'type':'string[]'}]},{'name':'','type':'bytes32'}]}]",
         "[[{'y':['p','q']},'0x00000000000000000000000000000000000000000000000000000000000000"
         "01']]"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct og_vm_abi abi = abi_of(v[i][0]);
        struct og_buf b = OG_BUF_INIT;
        json_t *values = json(v[i][1]);
        json_t *back;
        if (og_vm_abi_encode(&abi.item[0].in, values, &b, &err) != OG_OK)
            fail_msg("%s: %s", v[i][1], err.msg);
        if (og_vm_abi_decode(&abi.item[0].in, (const uint8_t *)b.p, b.len, true, &back, &err) !=
            OG_OK)
            fail_msg("%s: %s", v[i][1], err.msg);
        if (!json_equal(values, back))
            fail_msg("%s came back as %s", v[i][1], json_dumps(back, JSON_COMPACT));
        json_decref(back);
        json_decref(values);
        og_buf_release(&b);
        og_vm_abi_release(&abi);
    }
}

static void values_that_do_not_fit(void **state)
{
    (void)state;
    static const char *const v[][2] = {
        {"uint8", "256"},
        {"uint8", "-1"},
        {"int8", "128"},
        {"int8", "'-129'"},
        {"uint256", "'1.5'"},
        {"uint256", "'0xg'"},
        {"uint256", "''"},
        {"uint256", "'-'"},
        {"uint256", "'11579208923731619542357098500868790785326998466564056403945758400791312963"
                    "9936'"},
        {"bool", "1"},
        {"bool", "'yes'"},
        {"address", "'0x01'"},
        {"address", "'ogpu1qqqq'"},
        {"bytes4", "'0x0102'"},
        {"bytes4", "'0x0102030405'"},
        {"bytes", "'0x012'"},
        {"bytes", "'zz'"},
        {"string", "7"},
        {"uint8[2]", "[1]"},
        {"uint8[]", "'1'"},
        {"fixed64x3", "'1.2345'"},
        {"fixed64x3", "'.5'"},
        {"fixed64x3", "'9223372036854775.808'"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        char inputs[64];
        char values[256];
        snprintf(inputs, sizeof inputs, "[{'type':'%s'}]", v[i][0]);
        snprintf(values, sizeof values, "[%s]", v[i][1]);
        struct og_vm_abi abi = abi_of(inputs);
        struct og_buf b = OG_BUF_INIT;
        json_t *list = json(values);
        if (og_vm_abi_encode(&abi.item[0].in, list, &b, &err) != OG_E_DATA || b.len)
            fail_msg("%s is taken as %s", v[i][1], v[i][0]);
        json_decref(list);
        og_buf_release(&b);
        og_vm_abi_release(&abi);
    }
}

static void types_that_are_none(void **state)
{
    (void)state;
    static const char *const v[] = {"uint7",           "uint264", "int0",      "bytes0", "bytes33",
                                    "fixed8",          "fixed8x", "fixed8x81", "uint[",  "[]",
                                    "uint8[-1]",       "uint8[1", "tupl",      "",       "uint08",
                                    "uint8[99999999]", "bool8"};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct og_vm_abi abi;
        json_t *doc = json_pack("[{s:s, s:[{s:s}]}]", "name", "f", "inputs", "type", v[i]);
        if (og_vm_abi_parse(doc, &abi, &err) != OG_E_DATA)
            fail_msg("'%s' is taken", v[i]);
        assert_int_equal(abi.n, 0);
        json_decref(doc);
    }
}

/* Data that no encoder writes: each is refused, none is read beyond its end. */
static void data_that_is_wrong(void **state)
{
    (void)state;
#define Z "00000000000000000000000000000000000000000000000000000000000000"
#define F "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    static const char *const v[][2] = {
        {"uint256", ""},
        {"uint8", Z "00" Z "00"}, /* right */
        {"uint8", "00" F},
        {"int8", Z "80"},
        {"bool", Z "02"},
        {"bytes4", "01020304"
                   "05000000000000000000000000000000000000000000000000000000"},
        {"address", "000000000000000000000001"
                    "0000000000000000000000000000000000000000"},
        {"bytes", Z "20"},
        {"bytes", Z "20" Z "21" Z "00"},
        {"bytes", "ff" F},
        {"uint8[]", Z "20" Z "02" Z "01"},
        {"uint8[]", Z "20"
                      "ff" F},
        {"string[]", Z "20" Z "01" Z "40"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        char inputs[64];
        uint8_t bytes[256];
        size_t n = strlen(v[i][1]) / 2;
        json_t *out;
        snprintf(inputs, sizeof inputs, "[{'type':'%s'}]", v[i][0]);
        assert_true(og_hex_decode(v[i][1], 2 * n, bytes, n));
        struct og_vm_abi abi = abi_of(inputs);
        enum og_rc rc = og_vm_abi_decode(&abi.item[0].in, bytes, n, false, &out, &err);
        if (rc != (i == 1 ? OG_OK : OG_E_DATA))
            fail_msg("%s %s: %d", v[i][0], v[i][1], (int)rc);
        json_decref(out);
        og_vm_abi_release(&abi);
    }
}

static void logs(void **state)
{
    (void)state;
    json_t *doc = json("[{'type':'event','name':'E','inputs':[{'name':'a','type':'string',"
                       "'indexed':true},{'name':'b','type':'uint8'},{'name':'c','type':'int8',"
                       "'indexed':true},{'name':'','type':'bool'}]}]");
    struct og_vm_abi abi;
    json_t *out;
    uint8_t data[64] = {0};
    const struct og_u256 topic[3] = {
        {{0}}, {{1, 2, 3, 4}}, {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}}};
    data[31] = 9;
    data[63] = 1;
    assert_int_equal(og_vm_abi_parse(doc, &abi, &err), OG_OK);
    assert_int_equal(og_vm_abi_decode_log(&abi.item[0], topic, 3, data, 64, &out, &err), OG_OK);
    json_t *want = json("{'a':'0x0000000000000004000000000000000300000000000000020000000000000001',"
                        "'b':'9','c':'-1','3':true}");
    assert_true(json_equal(out, want));
    json_decref(out);
    json_decref(want);
    assert_int_equal(og_vm_abi_decode_log(&abi.item[0], topic, 2, data, 64, &out, &err), OG_E_DATA);
    assert_null(out);
    assert_int_equal(og_vm_abi_decode_log(&abi.item[0], topic, 3, data, 32, &out, &err), OG_E_DATA);
    og_vm_abi_release(&abi);
    json_decref(doc);
}

static void decimals(void **state)
{
    (void)state;
    uint64_t r = 1;
    for (int i = 0; i < 20000; i++) {
        struct og_u256 w;
        struct og_u256 back;
        char text[79];
        for (int k = 0; k < 4; k++)
            w.w[k] = (r = og_splitmix64(r)) % 5 ? og_splitmix64(r + 1) >> (r % 64) : 0;
        og_u256_to_dec(&w, text);
        assert_true(og_u256_from_dec(text, strlen(text), &back));
        assert_memory_equal(&w, &back, sizeof w);
        assert_true(text[0] != '0' || text[1] == '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_specification),
        cmocka_unit_test(selectors),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(values_that_do_not_fit),
        cmocka_unit_test(types_that_are_none),
        cmocka_unit_test(data_that_is_wrong),
        cmocka_unit_test(logs),
        cmocka_unit_test(decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
