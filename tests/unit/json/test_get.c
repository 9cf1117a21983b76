/* test_get.c - typed members: each kind, each refusal, each sentence names the member. */
#include "json/json_get.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *o;
static struct og_err err;

static int enter(void **state)
{
    (void)state;
    o = json_loads(
        "{\"n\":7,\"neg\":-1,\"real\":1.5,\"s\":\"text\",\"nul\":\"a\\u0000b\",\"t\":true,"
        "\"dec\":\"18446744073709551615\",\"dec2\":\"07\",\"hex\":\"00ff\",\"HEX\":\"00FF\","
        "\"a\":[1,2],\"o\":{\"x\":1},\"null\":null}",
        JSON_ALLOW_NUL, NULL);
    return o ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    json_decref(o);
    return 0;
}

static void assert_data(enum og_rc rc, const char *part)
{
    assert_int_equal(rc, OG_E_DATA);
    if (!strstr(err.msg, part))
        fail_msg("'%s' lacks '%s'", err.msg, part);
}

static void test_u64(void **state)
{
    (void)state;
    uint64_t v = 1;
    int64_t i = 1;
    assert_int_equal(og_json_u64(o, "n", 7, &v, &err), OG_OK);
    assert_int_equal(v, 7);
    assert_data(og_json_u64(o, "n", 6, &v, &err), "'n' must be at most 6");
    assert_int_equal(v, 0);
    assert_data(og_json_u64(o, "none", 6, &v, &err), "'none' is missing");
    assert_data(og_json_u64(o, "neg", 6, &v, &err), "'neg' must be a whole number");
    assert_data(og_json_u64(o, "real", 6, &v, &err), "'real' must be a whole number");
    assert_data(og_json_u64(o, "s", 6, &v, &err), "whole number");
    assert_data(og_json_u64(o, "null", 6, &v, &err), "whole number");
    assert_int_equal(og_json_u64_or(o, "none", 6, 42, &v, &err), OG_OK);
    assert_int_equal(v, 42);
    assert_int_equal(og_json_i64(o, "neg", &i, &err), OG_OK);
    assert_int_equal(i, -1);
    assert_data(og_json_i64(o, "real", &i, &err), "'real'");
    assert_data(og_json_i64(o, "none", &i, &err), "missing");
}

static void test_dec(void **state)
{
    (void)state;
    uint64_t v = 1;
    assert_int_equal(og_json_dec(o, "dec", &v, &err), OG_OK);
    assert_true(v == UINT64_MAX);
    assert_data(og_json_dec(o, "dec2", &v, &err), "'dec2' must be a whole number written as");
    assert_data(og_json_dec(o, "n", &v, &err), "written as a string");
    assert_data(og_json_dec(o, "nul", &v, &err), "written as a string");
    assert_data(og_json_dec(o, "none", &v, &err), "missing");
    assert_int_equal(og_json_dec_or(o, "none", 3, &v, &err), OG_OK);
    assert_int_equal(v, 3);
}

static void test_str(void **state)
{
    (void)state;
    const char *s = NULL;
    assert_int_equal(og_json_str(o, "s", 4, &s, &err), OG_OK);
    assert_string_equal(s, "text");
    assert_data(og_json_str(o, "s", 3, &s, &err), "'s' is longer than 3 bytes");
    assert_null(s);
    assert_data(og_json_str(o, "nul", 9, &s, &err), "NUL");
    assert_data(og_json_str(o, "n", 9, &s, &err), "must be a string");
    assert_data(og_json_str(o, "none", 9, &s, &err), "missing");
    assert_int_equal(og_json_str_opt(o, "none", 9, &s, &err), OG_OK);
    assert_null(s);
}

static void test_others(void **state)
{
    (void)state;
    bool b = false;
    uint8_t h[2];
    const json_t *v;
    assert_int_equal(og_json_bool_or(o, "t", false, &b, &err), OG_OK);
    assert_true(b);
    assert_int_equal(og_json_bool_or(o, "none", true, &b, &err), OG_OK);
    assert_true(b);
    assert_data(og_json_bool_or(o, "n", true, &b, &err), "true or false");
    assert_int_equal(og_json_hex(o, "hex", h, 2, &err), OG_OK);
    assert_memory_equal(h, "\x00\xff", 2);
    assert_data(og_json_hex(o, "HEX", h, 2, &err), "4 lower-case hex digits");
    assert_data(og_json_hex(o, "hex", h, 1, &err), "longer");
    assert_int_equal(og_json_arr(o, "a", 2, &v, &err), OG_OK);
    assert_data(og_json_arr(o, "a", 1, &v, &err), "more than 1");
    assert_data(og_json_arr(o, "o", 1, &v, &err), "must be a list");
    assert_data(og_json_arr(o, "none", 1, &v, &err), "missing");
    assert_int_equal(og_json_arr_opt(o, "none", 1, &v, &err), OG_OK);
    assert_null(v);
    assert_int_equal(og_json_obj(o, "o", &v, &err), OG_OK);
    assert_data(og_json_obj(o, "a", &v, &err), "must be an object");
    assert_data(og_json_obj(o, "none", &v, &err), "missing");
    assert_int_equal(og_json_obj_opt(o, "none", &v, &err), OG_OK);
    assert_null(v);
}

static void test_only(void **state)
{
    (void)state;
    const json_t *v = json_object_get(o, "o");
    static const char *const with[] = {"y", "x", NULL};
    static const char *const without[] = {"y", NULL};
    assert_int_equal(og_json_only(v, with, &err), OG_OK);
    assert_data(og_json_only(v, without, &err), "'x' is not a member");
}

static void test_new(void **state)
{
    (void)state;
    json_t *v = og_json_new_dec(UINT64_MAX);
    assert_string_equal(json_string_value(v), "18446744073709551615");
    json_decref(v);
    v = og_json_new_hex("\x01\xfe", 2);
    assert_string_equal(json_string_value(v), "01fe");
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_u64),  cmocka_unit_test(test_dec),
                                       cmocka_unit_test(test_str),  cmocka_unit_test(test_others),
                                       cmocka_unit_test(test_only), cmocka_unit_test(test_new)};
    return cmocka_run_group_tests(tests, enter, leave);
}
