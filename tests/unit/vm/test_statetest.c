/* test_statetest.c - the runner of state tests on documents that pass, fail, are refused, skipped,
 * or are no state tests. The passing root is that of ethereum/tests
 * GeneralStateTests/stExample/own.json. */
#include "base/base_mem.h"
#include "vm/vm_statetest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char own[] =
    "{'own':{'env':{'currentBaseFee':'0x0a','currentCoinbase':'0xcb0000000000000000000000000000"
    "0000000000','currentDifficulty':'0x00','currentGasLimit':'0x1c9c380','currentNumber':'0x01"
    "','currentTimestamp':'0x03e8'},'post':{'Cancun':[{'hash':'0x7856cca0c33952821615dd30826d5f"
    "6c015c023befd11fcd8ceee2eba613c923','indexes':{'data':0,'gas':0,'value':0},'logs':'0xf650b"
    "b6c8fc9d50da32506bbd0bd97988d25d3f548fab09ede0c3f8aee181e07'}]},'pre':{'0xa94f5374fce5edbc"
    "8e2a8697c15331677e6ebf0b':{'balance':'0x0de0b6b3a7640000','code':'0x','nonce':'0x00','stor"
    "age':{}},'0xc0de000000000000000000000000000000000000':{'balance':'0x64','code':'0x60016001"
    "01600055604260205fa1','nonce':'0x00','storage':{}}},'transaction':{'data':['0x'],'gasLimit"
    "':['0x061a80'],'gasPrice':'0x0a','nonce':'0x00','secretKey':'0x45a915e4d060149eb4365960e6a"
    "7a45f334393093061116b197e3240065ff2d8','sender':'0xa94f5374fce5edbc8e2a8697c15331677e6ebf0"
    "b','to':'0xc0de000000000000000000000000000000000000','value':['0x0186a0']}}}";

struct seen {
    size_t n, passed, skipped;
    char error[160], skip[80];
};

static void on_result(void *ctx, const struct og_statetest_result *r)
{
    struct seen *s = ctx;
    s->n++;
    s->passed += r->pass;
    s->skipped += r->skipped != NULL;
    snprintf(s->error, sizeof s->error, "%s", r->error);
    snprintf(s->skip, sizeof s->skip, "%s", r->skipped ? r->skipped : "");
}

/* own with one piece of its text replaced. */
static enum og_rc run(const char *from, const char *to, struct seen *s, struct og_err *err)
{
    char *text = og_xmalloc(sizeof own + 200);
    const char *at = strstr(own, from);
    assert_non_null(at);
    snprintf(text, sizeof own + 200, "%.*s%s%s", (int)(at - own), own, to, at + strlen(from));
    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_t *doc = json_loads(text, 0, NULL);
    assert_non_null(doc);
    memset(s, 0, sizeof *s);
    err->msg[0] = 0;
    enum og_rc rc = og_statetest_run(doc, NULL, on_result, s, err);
    json_decref(doc);
    free(text);
    return rc;
}

static void test_pass_and_fail(void **st)
{
    struct seen s;
    struct og_err err;
    (void)st;
    assert_int_equal(run("x", "x", &s, &err), OG_OK);
    assert_int_equal(s.passed, 1);
    assert_int_equal(run("'sender':'0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b',", "", &s, &err),
                     OG_OK);
    assert_int_equal(s.passed, 1); /* the sender is that of the key */
    assert_int_equal(run("60016001016000", "60016002016000", &s, &err), OG_OK);
    assert_int_equal(s.passed, 0);
    assert_non_null(strstr(s.error, "state root should be 0x7856cca0c3"));
    assert_int_equal(run("f650bb6c", "f650bb6d", &s, &err), OG_OK);
    assert_non_null(strstr(s.error, "logs should be"));
    assert_int_equal(run("'value':['0x0186a0']", "'value':['0x0de0b6b3a7640000']", &s, &err),
                     OG_OK);
    assert_string_equal(s.error,
                        "the transaction was refused: the sender cannot pay gas and value");
    assert_int_equal(run("'hash'", "'expectException':'any','hash'", &s, &err), OG_OK);
    assert_string_equal(s.error, "the transaction was accepted");
    assert_int_equal(
        run("'0x0186a0'",
            "'0x:bigint 0x10000000000000000000000000000000000000000000000000000000000000000'", &s,
            &err),
        OG_OK);
    assert_string_equal(s.error, "the transaction was refused: a number is too big");
}

static void test_skipped(void **st)
{
    struct seen s;
    struct og_err err;
    (void)st;
    assert_int_equal(run("'gasPrice':", "'maxFeePerBlobGas':'0x01','gasPrice':", &s, &err), OG_OK);
    assert_string_equal(s.skip, "blob transaction");
    assert_int_equal(s.passed, 0);
    assert_int_equal(run("'Cancun'", "'Prague'", &s, &err), OG_OK);
    assert_string_equal(s.skip, "no result for Cancun");
    assert_int_equal(run("'to':'0xc0de000000000000000000000000000000000000'",
                         "'to':'0x000000000000000000000000000000000000000a'", &s, &err),
                     OG_OK);
    assert_string_equal(s.skip, "point evaluation precompile (0x0a)");
}

static void test_malformed(void **st)
{
    static const struct {
        const char *from, *to, *says;
    } bad[] = {
        {"'nonce':'0x00'", "'nonce':'0xg1'", "'own': 'nonce' must be a number in hex"},
        {"'nonce':'0x00'", "'nonce':'0x010000000000000000'", "'own': 'nonce' must be below 2^64"},
        {"'code':'0x6", "'code':'6", "'own': 'code' must be bytes in hex"},
        {"'code':'0x6", "'code':'0x", "'own': 'code' must be bytes in hex"},
        {"'0xc0de00", "'0xc0de0", "'own': 'pre' must be an address in hex"},
        {"'pre'", "'bre'", "'own': 'pre' must be an object"},
        {"'env'", "'enw'", "'own': 'env' must be an object"},
        {"'post':{", "'past':{", "'own': 'post' must be an object"},
        {"'data':0", "'data':-1", "'own': 'indexes' must hold a whole number 'data'"},
        {"'data':0", "'data':1", "'own': 'data' must be an array with an element 1"},
        {"'transaction'", "'transfer'", "'own': 'transaction' must be an object"},
        {"'storage':{}", "'storage':{'0x':'1'}", "'own': 'storage' must be a number in hex"},
    };
    struct seen s;
    struct og_err err;
    (void)st;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(run(bad[i].from, bad[i].to, &s, &err), OG_E_DATA);
        assert_string_equal(err.msg, bad[i].says);
        assert_int_equal(s.n, 0);
    }
    json_t *list = json_array();
    assert_int_equal(og_statetest_run(list, NULL, on_result, &s, &err), OG_E_DATA);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pass_and_fail),
        cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
