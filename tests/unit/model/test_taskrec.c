/* test_taskrec.c - task records: every member, every bound, every sentence names the member. */
#include "model/model_taskrec.h"

#include "base/base_num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_err err;

/* The record {"argv":["p"], members}; the caller decrefs. */
static json_t *record(const char *members)
{
    char text[4096];
    snprintf(text, sizeof text, "{\"kind\":\"task\",\"v\":1,\"argv\":[\"p\"]%s%s}",
             members[0] ? "," : "", members);
    json_t *o = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    assert_non_null(o);
    return o;
}

struct told {
    const char *member, *meant;
    size_t n;
};

static void hear(void *ctx, const char *member, const char *meant)
{
    struct told *t = ctx;
    assert_true(t->n > 0 || strcmp(member, t->member) == 0);
    if (t->n++ == 0 && (meant || t->meant))
        assert_string_equal(meant ? meant : "none", t->meant ? t->meant : "none");
}

static void told(const char *members, const char *member, const char *meant)
{
    struct told t = {member, meant, 0};
    json_t *o = record(members);
    og_taskrec_unknown(o, hear, &t);
    assert_int_equal(t.n, member ? 1 : 0);
    json_decref(o);
}

static void test_unknown(void **state)
{
    (void)state;
    told("\"mem_bytes\":1,\"name\":\"n\"", NULL, NULL);
    told("\"mem_byts\":1", "mem_byts", "mem_bytes");
    told("\"mem\":1", "mem", "mem_bytes");
    told("\"price\":1", "price", "max_price");
    told("\"gpu\":1", "gpu", "gpu_ppm");
    told("\"afer\":[]", "afer", "after");
    told("\"x\":1", "x", NULL);
    told("\"\":1", "", NULL);
    told("\"_bytes\":1", "_bytes", NULL);
    told("\"a_name_that_is_longer_than_any_of_ours\":1", "a_name_that_is_longer_than_any_of_ours",
         NULL);
    told("\"in\":[\"a\",{\"path\":\"b\",\"urll\":\"c\"}]", "urll", "url");
    told("\"in\":{\"pth\":1}", NULL, NULL);
    told("\"in\":[[1],2,{\"bytes\":1}]", NULL, NULL);
}

static void refused(const char *members, const char *part)
{
    struct og_taskrec r;
    json_t *o = record(members);
    assert_int_equal(og_taskrec_parse(o, &r, &err), OG_E_DATA);
    if (!strstr(err.msg, part))
        fail_msg("%s: '%s' lacks '%s'", members, err.msg, part);
    json_decref(o);
}

static void refused_whole(const char *text, const char *part)
{
    struct og_taskrec r;
    json_t *o = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(o);
    assert_int_equal(og_taskrec_parse(o, &r, &err), OG_E_DATA);
    if (!strstr(err.msg, part))
        fail_msg("%s: '%s' lacks '%s'", text, err.msg, part);
    json_decref(o);
}

static void defaults(void **state)
{
    (void)state;
    struct og_taskrec r;
    json_t *o = record("");
    assert_int_equal(og_taskrec_parse(o, &r, &err), OG_OK);
    assert_null(r.name);
    assert_null(r.kernel);
    assert_int_equal(json_array_size(r.argv), 1);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.index0, 0);
    assert_int_equal(r.chunk, 0);
    assert_int_equal(r.urgency, 1);
    assert_int_equal(r.retry, 2);
    assert_int_equal(r.limit_ms, 600000);
    assert_int_equal(r.verify, 5);
    assert_false(r.has_max_price);
    assert_false(r.is_array);
    assert_false(r.no_sandbox);
    json_decref(o);
}

static void everything(void **state)
{
    (void)state;
    struct og_taskrec r;
    json_t *o = record("\"name\":\"prep\",\"env\":{\"A_1\":\"x\"},\"cores\":2,"
                       "\"mem_bytes\":8589934592,\"gpu_ppm\":250000,\"gpu_mem_bytes\":1,"
                       "\"urgency\":64,\"deadline_ms\":5,\"limit_ms\":6,\"max_price\":\"17\","
                       "\"chunk\":1024,\"samples\":64,\"check\":[\"sh\",\"-c\",\"true\"],"
                       "\"check_limit_ms\":9,\"after\":[\"fetch:any\",12,\"13:fail\",\"x\"],"
                       "\"in\":[\"a/b\",{\"path\":\"c\",\"url\":\"https://h/c\",\"sha256\":"
                       "\"00000000000000000000000000000000000000000000000000000000000000ff\","
                       "\"bytes\":3}],\"out\":[\"o/p\"],\"expires_ms\":1,\"retry\":0,"
                       "\"array\":\"5-9\",\"sandbox\":\"none\",\"unknown\":[1]");
    assert_int_equal(og_taskrec_parse(o, &r, &err), OG_OK);
    assert_string_equal(r.name, "prep");
    assert_int_equal(r.mem_bytes, 8589934592);
    assert_int_equal(r.gpu_ppm, 250000);
    assert_int_equal(r.count, 5);
    assert_int_equal(r.index0, 5);
    assert_true(r.is_array);
    assert_int_equal(r.verify, 3); /* a check command makes it `cmd` */
    assert_true(r.has_max_price);
    assert_int_equal(r.max_price, 17);
    assert_int_equal(r.retry, 0);
    assert_true(r.no_sandbox);
    struct og_taskrec_after a;
    assert_int_equal(og_taskrec_after(&r, 0, &a, &err), OG_OK);
    assert_int_equal(a.task, 0);
    assert_int_equal(a.name_len, 5);
    assert_int_equal(a.when, 1);
    assert_int_equal(og_taskrec_after(&r, 1, &a, &err), OG_OK);
    assert_int_equal(a.task, 12);
    assert_int_equal(a.when, 0);
    assert_int_equal(og_taskrec_after(&r, 2, &a, &err), OG_OK);
    assert_int_equal(a.task, 13);
    assert_int_equal(a.when, 2);
    struct og_taskrec_in in;
    assert_int_equal(og_taskrec_in(&r, 0, &in, &err), OG_OK);
    assert_string_equal(in.path, "a/b");
    assert_int_equal(in.n_url, 0);
    assert_int_equal(og_taskrec_in(&r, 1, &in, &err), OG_OK);
    assert_int_equal(in.n_url, 1);
    assert_int_equal(in.sha256.b[31], 255);
    assert_int_equal(in.bytes, 3);
    json_decref(o);
}

static void numbers(void **state)
{
    (void)state;
    refused("\"mem_bytes\":\"8GiB\"", "'mem_bytes' must be a whole number");
    refused("\"mem_bytes\":1.5", "'mem_bytes' must be a whole number");
    refused("\"mem_bytes\":-1", "'mem_bytes' must be a whole number");
    refused("\"mem_bytes\":9007199254740992", "'mem_bytes' must be between");
    refused("\"urgency\":0", "'urgency' must be between 1 and 64");
    refused("\"urgency\":65", "'urgency' must be between 1 and 64");
    refused("\"retry\":9", "'retry' must be between 0 and 8");
    refused("\"chunk\":1025", "'chunk' must be between 1 and 1024");
    refused("\"samples\":65", "'samples' must be between 0 and 64");
    refused("\"limit_ms\":0", "'limit_ms' must be between");
    refused("\"count\":0", "'count' must be between");
    refused_whole("{\"argv\":[\"p\"],\"v\":2}", "'v' must be 1");
    refused("\"max_price\":17", "'max_price' must be a whole number of grains written as a string");
    refused("\"max_price\":\"-1\"", "'max_price' must be");
    refused("\"max_price\":\"4611686018427387905\"", "'max_price' must be");
}

static void words(void **state)
{
    (void)state;
    refused("\"name\":7", "'name' must be a string");
    refused("\"name\":\"\"", "'name' must be");
    refused("\"name\":\"12\"", "'name' must be");
    refused("\"name\":\"a:b\"", "'name' must be");
    refused("\"name\":\"a\\nb\"", "'name' must be");
    refused("\"name\":\"a\\u0000b\"", "'name' must be");
    refused("\"verify\":\"maybe\"", "'verify' must be own, exact, vote, cmd, accept or auto");
    refused("\"verify\":\"cmd\"", "'check' must be there");
    refused("\"verify\":\"own\",\"check\":[\"x\"]", "'check' must be there with 'verify' cmd");
    refused("\"sandbox\":\"docker\"", "'sandbox' must be bwrap or none");
    refused("\"after\":\"x\"", "'after' must be a list");
    refused("\"after\":[\"x:soon\"]", "'after' must be");
    refused("\"after\":[0]", "'after' must be");
    refused("\"after\":[\"\"]", "'after' must be");
    refused("\"env\":[]", "'env' must be");
    refused("\"env\":{\"A\":1}", "'env' must be");
    refused("\"env\":{\"1A\":\"\"}", "'env' must be");
    refused("\"env\":{\"A-B\":\"\"}", "'env' must be");
    refused("\"args\":{}", "'args' must be");
    refused("\"array\":5", "'array' must be a string");
    refused("\"array\":\"9-5\"", "'array' must be a range");
    refused("\"array\":\"1-2\",\"count\":2", "'array' must be absent beside 'count'");
}

static void files(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\"/etc/passwd\"", "\"../x\"", "\"a/../../b\"", "\"\"", "\".\"", "\"a\\tb\"", "7", "{}"};
    char text[128];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "\"in\":[%s]", bad[i]);
        refused(text, "'in' must be");
        snprintf(text, sizeof text, "\"out\":[%s]", bad[i]);
        refused(text, "'out' must be");
    }
    refused("\"in\":[{\"path\":\"a\",\"url\":\"file:///etc/passwd\"}]", "'url' must be");
    refused("\"in\":[{\"path\":\"a\",\"url\":\"https://h/a\"}]", "'sha256' must be");
    refused("\"in\":[{\"path\":\"a\",\"urls\":[]}]", "'in' must be");
}

static void work(void **state)
{
    (void)state;
    refused_whole("[]", "a task must be an object");
    refused_whole("{}", "one of 'argv', 'kernel' (with 'args') and 'cuda' must be there");
    refused_whole("{\"argv\":[]}", "'argv' must be");
    refused_whole("{\"argv\":[\"\"]}", "'argv' must be");
    refused_whole("{\"argv\":[\"a\",1]}", "'argv' must be");
    refused_whole("{\"argv\":\"ls\"}", "'argv' must be");
    refused_whole("{\"argv\":[\"a\"],\"kernel\":\"gemm\",\"args\":{}}",
                  "one of 'argv', 'kernel' (with 'args') and 'cuda'");
    refused_whole("{\"kernel\":\"gemm\"}", "'args' must be");
    refused_whole("{\"kernel\":\"gemm\",\"args\":{},\"count\":2}", "'count' must be absent");
    struct og_taskrec r;
    json_t *o = json_loads("{\"kernel\":\"gemm\",\"args\":{\"m\":1}}", 0, NULL);
    assert_int_equal(og_taskrec_parse(o, &r, &err), OG_OK);
    assert_string_equal(r.kernel, "gemm");
    json_decref(o);
}

static void too_long(void **state)
{
    (void)state;
    struct og_taskrec r;
    char *big = malloc(OG_TASKREC_TEXT_MAX + 2);
    assert_non_null(big);
    memset(big, 'x', OG_TASKREC_TEXT_MAX + 1);
    big[OG_TASKREC_TEXT_MAX + 1] = '\0';
    json_t *o = json_pack("{s:[s, s]}", "argv", "p", big);
    assert_int_equal(og_taskrec_parse(o, &r, &err), OG_E_DATA);
    assert_string_equal(err.msg, "'argv' must be at most 131072 bytes long");
    json_decref(o);
    big[OG_TASKREC_TEXT_MAX - 2] = '\0'; /* with "p" and two zero bytes exactly the limit */
    o = json_pack("{s:[s, s]}", "argv", "p", big);
    assert_int_equal(og_taskrec_parse(o, &r, &err), OG_E_DATA);
    json_decref(o);
    big[OG_TASKREC_TEXT_MAX - 3] = '\0';
    o = json_pack("{s:[s, s]}", "argv", "p", big);
    assert_int_equal(og_taskrec_parse(o, &r, &err), OG_OK);
    json_decref(o);
    free(big);
}

static void paths(void **state)
{
    (void)state;
    char out[OG_TASKREC_PATH_MAX + 1];
    assert_true(og_taskrec_path("./a//./b/", out));
    assert_string_equal(out, "a/b");
    assert_true(og_taskrec_path("..a/b..", out));
    assert_string_equal(out, "..a/b..");
    assert_false(og_taskrec_path("a/..", out));
    assert_false(og_taskrec_path("./", out));
    assert_false(og_taskrec_path("a\x7f", out));
    char text[OG_TASKREC_PATH_MAX + 8];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? '/' : 'a';
    text[OG_TASKREC_PATH_MAX - 1] = '\0';
    assert_true(og_taskrec_path(text, out));
    text[OG_TASKREC_PATH_MAX - 1] = '/';
    text[OG_TASKREC_PATH_MAX + 1] = '\0';
    assert_false(og_taskrec_path(text, out));
}

static void ranges(void **state)
{
    (void)state;
    uint64_t at;
    uint64_t n;
    assert_true(og_taskrec_array("0-999", &at, &n));
    assert_int_equal(at, 0);
    assert_int_equal(n, 1000);
    assert_true(og_taskrec_array("7", &at, &n));
    assert_int_equal(at, 7);
    assert_int_equal(n, 1);
    assert_true(og_taskrec_array("0-4294967294", &at, &n));
    assert_int_equal(n, 4294967295);
    assert_false(og_taskrec_array("0-4294967295", &at, &n));
    assert_false(og_taskrec_array("", &at, &n));
    assert_false(og_taskrec_array("-", &at, &n));
    assert_false(og_taskrec_array("1-", &at, &n));
    assert_false(og_taskrec_array("1-2-3", &at, &n));
    assert_false(og_taskrec_array("01-2", &at, &n));
    assert_false(og_taskrec_array("1,2", &at, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown), cmocka_unit_test(defaults), cmocka_unit_test(everything),
        cmocka_unit_test(numbers),      cmocka_unit_test(words),    cmocka_unit_test(files),
        cmocka_unit_test(work),         cmocka_unit_test(too_long), cmocka_unit_test(paths),
        cmocka_unit_test(ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
