/* test_canon.c - canonical bytes: RFC 8785's rules where they meet ours, committed vectors,
 * refusals. */
#include "json/json_canon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Input in any form and its canonical bytes. Never change a line: signatures hang on them. */
static const struct {
    const char *in, *out;
} vectors[] = {
    {"{}", "{}"},
    {" [ ] ", "[]"},
    {"{\"b\":1,\"a\":2,\"B\":3,\"\":4,\"a1\":5,\"aa\":6}",
     "{\"\":4,\"B\":3,\"a\":2,\"a1\":5,\"aa\":6,\"b\":1}"},
    /* RFC 8785 section 3.2.3, without its fractions and with ASCII keys */
    {"{\"literals\":[null,true,false],\"numbers\":[333333333,4,0],"
     "\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\"}",
     "{\"literals\":[null,true,false],\"numbers\":[333333333,4,0],"
     "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
    /* section 3.2.2.2: short escapes, lower-case hex for the others, nothing else escaped */
    {"\"\\b\\t\\n\\f\\r\\\"\\\\\\/\"", "\"\\b\\t\\n\\f\\r\\\"\\\\/\""},
    {"\"\\u0000\\u0001\\u000b\\u000E\\u001F\\u007f\\u0080\"",
     "\"\\u0000\\u0001\\u000b\\u000e\\u001f\x7f\xc2\x80\""},
    {"\"\\u00e9\\ud83d\\ude02\\u2028\"", "\"\xc3\xa9\xf0\x9f\x98\x82\xe2\x80\xa8\""},
    {"[9007199254740991,-9007199254740991,0,-1]", "[9007199254740991,-9007199254740991,0,-1]"},
    {"{\"v\":1,\"kind\":\"transfer\",\"body\":{\"value\":\"1000000000\",\"to\":\"ogpu1\"},\"seq\":"
     "\"1\"}",
     "{\"body\":{\"to\":\"ogpu1\",\"value\":\"1000000000\"},\"kind\":\"transfer\",\"seq\":\"1\","
     "\"v\":1}"},
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct og_err err = {0};
        struct og_buf b = OG_BUF_INIT;
        json_t *v = json_loads(vectors[i].in, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(v);
        assert_int_equal(og_json_canon(v, &b, &err), OG_OK);
        assert_string_equal(b.p, vectors[i].out);
        json_decref(v);
        char c = vectors[i].out[0];
        if (c == '{' || c == '[') {
            json_t *back = NULL;
            assert_int_equal(og_json_parse_canon(b.p, b.len, &back, &err), OG_OK);
            json_decref(back);
        }
        og_buf_release(&b);
    }
}

static void refuse(const char *s, size_t n)
{
    struct og_err err = {0};
    json_t *v = (json_t *)(uintptr_t)1;
    if (og_json_parse_canon(s, n, &v, &err) != OG_E_DATA)
        fail_msg("taken: %s", s);
    assert_null(v);
    assert_true(err.msg[0] != '\0');
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " {}",
        "{} ",
        "{}\n",
        "{\"a\":-0}",
        "{\"a\":1e3}",
        "{\"a\":1.0}",
        "{\"a\":1E3}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":9007199254740992}",
        "{\"a\":-9007199254740992}",
        "{\"a\":9223372036854775807}",
        "{\"a\":99999999999999999999}",
        "{\"a\":1,\"a\":1}",
        "{\"x\":{\"a\":1,\"a\":2}}",
        "{\"b\":1,\"a\":1}",
        "{\"a\": 1}",
        "{\"a\":1,}",
        "{\"\\u0061\":1}",
        "{\"\xc3\xa9\":1}",
        "{\"\\n\":1}",
        "{\"\\u0000\":1}",
        "{\"\x7f\":1}",
        "{\"a\":\"\\/\"}",
        "{\"a\":\"\\u001F\"}",
        "{\"a\":\"\\u000a\"}",
        "{\"a\":\"\\u00e9\"}",
        "{\"a\":\"\\ud83d\"}",
        "{\"a\":\"\x1f\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":NaN}",
        "{\"a\":tru}",
        "{\"a\":1}{}",
        "\xef\xbb\xbf{}",
        "[",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse(bad[i], strlen(bad[i]));
    refuse("{\"a\":1}\0", 8);
}

/* The case that jansson's own writer gives other bytes for. */
static void test_jansson_differs(void **state)
{
    (void)state;
    json_t *v = json_pack("{s:s}", "a", "\x1f");
    char *dump = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS);
    struct og_err err = {0};
    struct og_buf b = OG_BUF_INIT;
    assert_int_equal(og_json_canon(v, &b, &err), OG_OK);
    assert_string_equal(b.p, "{\"a\":\"\\u001f\"}");
    assert_string_not_equal(dump, b.p);
    free(dump);
    og_buf_release(&b);
    json_decref(v);
}

static void test_depth(void **state)
{
    (void)state;
    char deep[300];
    struct og_err err = {0};
    json_t *v = NULL;
    memset(deep, '[', 150);
    memset(deep + 150, ']', 150);
    refuse(deep, sizeof deep);
    assert_int_equal(og_json_parse_canon(deep + 86, 128, &v, &err), OG_OK);
    json_decref(v);
}

static void test_many_keys(void **state)
{
    (void)state;
    json_t *v = json_object();
    for (int i = 999; i >= 0; i--) {
        char key[16];
        snprintf(key, sizeof key, "k%03d", i);
        json_object_set_new(v, key, json_integer(i));
    }
    struct og_err err = {0};
    struct og_buf b = OG_BUF_INIT;
    json_t *back = NULL;
    assert_int_equal(og_json_canon(v, &b, &err), OG_OK);
    assert_int_equal(strncmp(b.p, "{\"k000\":0,\"k001\":1,", 19), 0);
    assert_int_equal(og_json_parse_canon(b.p, b.len, &back, &err), OG_OK);
    assert_true(json_equal(v, back));
    json_decref(back);
    json_decref(v);
    og_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_jansson_differs), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_many_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
