/* test_cuda.c - the "cuda" object: parameters of every kind, and what is refused. */
#include "model/model_cuda.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void param(const char *text, struct og_cuda_param *p)
{
    struct og_err err = {0};
    if (og_cuda_param_parse(text, p, &err) != OG_OK)
        fail_msg("'%s': %s", text, err.msg);
}

static void refused(const char *text)
{
    struct og_cuda_param p;
    struct og_err err = {0};
    assert_int_equal(og_cuda_param_parse(text, &p, &err), OG_E_DATA);
    assert_non_null(strstr(err.msg, "parameter '"));
    og_cuda_param_release(&p);
}

static void test_buffers(void **st)
{
    struct og_cuda_param p;
    (void)st;
    param("in:f32:./a//b.bin", &p);
    assert_int_equal(p.kind, OG_CUDA_IN);
    assert_int_equal(p.size, 4);
    assert_string_equal(p.path, "a/b.bin");
    og_cuda_param_release(&p);
    param("out:f64:17:c:d.bin", &p);
    assert_int_equal(p.kind, OG_CUDA_OUT);
    assert_int_equal(p.size, 8);
    assert_int_equal(p.count, 17);
    assert_string_equal(p.out, "c:d.bin");
    assert_null(p.path);
    og_cuda_param_release(&p);
    param("inout:u8:a:b:c", &p);
    assert_string_equal(p.path, "a");
    assert_string_equal(p.out, "b:c");
    og_cuda_param_release(&p);
    param("tmp:bf16:3", &p);
    assert_int_equal(p.kind, OG_CUDA_TMP);
    assert_int_equal(p.size, 2);
    og_cuda_param_release(&p);
    param("const:weights:w.bin", &p);
    assert_int_equal(p.kind, OG_CUDA_CONST);
    assert_string_equal(p.name, "weights");
    og_cuda_param_release(&p);
}

static void value(const char *text, const void *want, uint32_t size)
{
    struct og_cuda_param p;
    param(text, &p);
    assert_int_equal(p.kind, OG_CUDA_VALUE);
    assert_int_equal(p.size, size);
    assert_false(p.index);
    assert_memory_equal(p.value, want, size);
    og_cuda_param_release(&p);
}

static void test_values(void **st)
{
    const float f = 0.1f, minus = -2.5e-3f;
    const double d = 1e300;
    struct og_cuda_param p;
    (void)st;
    value("i8:-128", "\x80", 1);
    value("u8:255", "\xff", 1);
    value("i16:-2", "\xfe\xff", 2);
    value("u32:4294967295", "\xff\xff\xff\xff", 4);
    value("i64:-9223372036854775808", "\0\0\0\0\0\0\0\x80", 8);
    value("u64:18446744073709551615", "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    value("f32:0.1", &f, 4);
    value("f32:-2.5e-3", &minus, 4);
    value("f64:1e300", &d, 8);
    param("u32:@index", &p);
    assert_true(p.index);
    og_cuda_param_release(&p);
}

static void test_refused(void **st)
{
    static const char *const texts[] = {"",
                                        "i32",
                                        "i32:",
                                        "i32:x",
                                        "i32:1x",
                                        "i8:128",
                                        "i8:-129",
                                        "u8:-1",
                                        "u8:256",
                                        "f32:",
                                        "f32:1.0x",
                                        "f64:1e999",
                                        "f16:1",
                                        "f32:@index",
                                        "in:f32",
                                        "in:f32:",
                                        "in:f31:a",
                                        "in:f32:/a",
                                        "in:f32:../a",
                                        "out:f32:a",
                                        "out:f32:0:a",
                                        "out:f32:5",
                                        "out:f32:5:",
                                        "tmp:f32:5:a",
                                        "inout:f32:a",
                                        "const:1a:f",
                                        "const:a",
                                        "const:a-b:f",
                                        "nix:f32:a",
                                        "out:f64:1e3:a",
                                        "out:u8:1099511627777:a",
                                        "i64:9223372036854775808",
                                        " i32:1",
                                        "i32: 1",
                                        "u64:+1"};
    (void)st;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refused(texts[i]);
}

static enum og_rc parse(const char *text, struct og_cuda *c, struct og_err *err)
{
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    enum og_rc rc = og_cuda_parse(o, c, err);
    json_decref(o);
    return rc;
}

static void test_object(void **st)
{
    struct og_cuda c;
    struct og_err err = {0};
    (void)st;
    assert_int_equal(parse("{\"source\":\"k.cu\",\"entry\":\"f<float, 3>\",\"grid\":[4,2],"
                           "\"block\":[32],\"shared_bytes\":64,\"parts\":8,"
                           "\"params\":[\"in:f32:a\",\"out:f32:8:b\",\"i32:7\"]}",
                           &c, &err),
                     OG_OK);
    assert_string_equal(c.entry, "f<float, 3>");
    assert_int_equal(c.grid[0] * 100 + c.grid[1] * 10 + c.grid[2], 421);
    assert_int_equal(c.block[0], 32);
    assert_int_equal(c.parts, 8);
    assert_int_equal(c.n_param, 3);
    og_cuda_release(&c);
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"source\":\"k.cu\",\"entry\":\"1f\",\"grid\":[1],\"block\":[1]}",
        "{\"source\":\"k.cu\",\"entry\":\"f\",\"grid\":[],\"block\":[1]}",
        "{\"source\":\"k.cu\",\"entry\":\"f\",\"grid\":[65536,65536],\"block\":[1]}",
        "{\"source\":\"k.cu\",\"entry\":\"f\",\"grid\":[1],\"block\":[1,1,1,1]}",
        "{\"source\":\"k.cu\",\"entry\":\"f\",\"grid\":[1],\"block\":[1025]}",
        "{\"source\":\"k.cu\",\"entry\":\"f\",\"grid\":[1],\"block\":[1],\"shared_bytes\":300000}",
        "{\"source\":\"k.cu\",\"entry\":\"f\",\"grid\":[2],\"block\":[1],\"parts\":3}",
        "{\"source\":\"k.cu\",\"entry\":\"f\",\"grid\":[1],\"block\":[1],\"params\":[7]}",
        "{\"source\":\"k.cu\",\"entry\":\"f\",\"grid\":[1],\"block\":[1],"
        "\"params\":[\"out:u8:1:k.cu\"]}",
        "{\"source\":\"k.cu\",\"entry\":\"f\",\"grid\":[1],\"block\":[1],"
        "\"params\":[\"out:u8:1:a\",\"out:u8:1:./a\"]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse(bad[i], &c, &err), OG_E_DATA);
        assert_null(c.source);
        assert_null(c.param);
    }
}

static void test_dims(void **st)
{
    json_t *a = og_cuda_dims("3,2");
    (void)st;
    assert_int_equal(json_array_size(a), 2);
    json_decref(a);
    assert_null(og_cuda_dims(""));
    assert_null(og_cuda_dims("0"));
    assert_null(og_cuda_dims("1,2,3,4"));
    assert_null(og_cuda_dims("1,"));
    assert_null(og_cuda_dims("4294967296"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffers), cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_object),
        cmocka_unit_test(test_dims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
