/* test_kernel.c - the table of built-in kernels: arguments, sizes, work, leaves. */
#include "check/check_kernel_defs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum og_rc parse(const char *name, const char *text, struct og_kernel *k, struct og_err *err)
{
    json_t *args = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(args);
    enum og_rc rc = og_kernel_parse(name, args, k, err);
    json_decref(args);
    return rc;
}

static void refused(const char *name, const char *text, const char *why)
{
    struct og_kernel k;
    struct og_err err;
    assert_int_equal(parse(name, text, &k, &err), OG_E_DATA);
    if (!strstr(err.msg, why))
        fail_msg("%s %s: '%s' instead of '%s'", name, text, err.msg, why);
}

static void test_table(void **st)
{
    (void)st;
    for (size_t i = 0; i < og_kernel_count(); i++) {
        const struct og_kernel_def *d = og_kernel_at(i);
        assert_ptr_equal(og_kernel_find(d->name), d);
        if (i)
            assert_true(strcmp(og_kernel_at(i - 1)->name, d->name) < 0);
        assert_non_null(d->in_name[0]);
        assert_non_null(d->out_name[0]);
    }
    assert_null(og_kernel_find("sort"));
}

static void test_gemm(void **st)
{
    struct og_kernel k, same;
    struct og_err err;
    (void)st;
    assert_int_equal(parse("gemm", "{\"m\":1024,\"n\":512,\"k\":65536}", &k, &err), OG_OK);
    assert_true(k.shape.work_mflop == 68720); /* 2*1024*512*65536 = 68719.5e6 */
    assert_true(k.shape.n_in == 2 && k.shape.n_out == 1);
    assert_true(k.shape.in_bytes[0] == 268435456 && k.shape.in_bytes[1] == 134217728);
    assert_true(k.shape.out_bytes[0] == 2097152);
    assert_true(og_kernel_leaves(&k) == 16);
    assert_int_equal(k.shape.automatic, OG_VERIFY_VOTE);
    assert_non_null(k.shape.inexact);
    assert_int_equal(
        parse("gemm", "{\"m\":1024,\"n\":512,\"k\":65536,\"type\":\"f32\"}", &same, &err), OG_OK);
    assert_true(og_kernel_same(&k, &same));
    assert_int_equal(parse("gemm", "{\"m\":130,\"n\":1,\"k\":1,\"type\":\"i32\"}", &k, &err),
                     OG_OK);
    assert_false(og_kernel_same(&k, &same));
    assert_true(k.shape.out_bytes[0] == 130 * 8 && k.shape.work_mflop == 1);
    assert_int_equal(k.shape.automatic, OG_VERIFY_EXACT);
    assert_null(k.shape.inexact);
    assert_true(og_kernel_leaves(&k) == 3);
    struct og_kernel_leaf l = og_kernel_leaf_at(&k, 2);
    assert_true(l.out == 0 && l.offset == 2 * 64 * 8 && l.bytes == 2 * 8);
}

static void test_gemm_refuses(void **st)
{
    (void)st;
    refused("gemm", "{\"m\":0,\"n\":1,\"k\":1}", "'m' must be a whole number from 1 to 65536");
    refused("gemm", "{\"m\":65537,\"n\":1,\"k\":1}", "'m' must be");
    refused("gemm", "{\"m\":1,\"n\":-1,\"k\":1}", "'n' must be");
    refused("gemm", "{\"m\":1.5,\"n\":1,\"k\":1}", "'m' must be");
    refused("gemm", "{\"m\":\"1\",\"n\":1,\"k\":1}", "'m' must be");
    refused("gemm", "{\"m\":1,\"n\":1}", "'k' is missing");
    refused("gemm", "{\"m\":1,\"n\":1,\"k\":1,\"type\":\"f64\"}",
            "'type' must be f32, i32 or tf32");
    refused("gemm", "{\"m\":1,\"n\":1,\"k\":1,\"type\":3}", "'type' must be");
    refused("gemm", "{\"m\":1,\"n\":1,\"k\":1,\"q\":1}", "'q'");
    refused("gemm", "[1]", "must be an object");
    refused("gemm", "3", "must be an object");
    refused("sort", "{}", "'sort' is no built-in kernel");
}

static void test_motion(void **st)
{
    struct og_kernel k;
    struct og_err err;
    (void)st;
    assert_int_equal(parse("motion", "{\"width\":192,\"height\":108,\"frames\":377}", &k, &err),
                     OG_OK);
    assert_true(k.shape.n_in == 1 && k.shape.n_out == 1);
    assert_true(k.shape.in_bytes[0] == 192 * 108 * 377);
    assert_true(k.shape.out_bytes[0] == 40 * 377);
    assert_true(og_kernel_leaves(&k) == 6); /* segments of 64 frames */
    assert_true(k.shape.work_mflop == 251); /* 32 a pixel: 250.2 */
    assert_int_equal(k.shape.automatic, OG_VERIFY_EXACT);
    assert_int_equal(
        parse("motion",
              "{\"width\":1000,\"height\":1000,\"frames\":40,\"segment\":10,\"warmup\":15}", &k,
              &err),
        OG_OK);
    assert_true(k.shape.work_mflop == 32 * (40 + 10 + 15 + 15));
    assert_int_equal(parse("motion",
                           "{\"width\":8,\"height\":8,\"frames\":3,\"segment\":2,\"state\":1,"
                           "\"resume\":1}",
                           &k, &err),
                     OG_OK);
    assert_true(k.shape.n_in == 2 && k.shape.in_bytes[1] == 192 && k.shape.n_out == 2);
    assert_true(og_kernel_leaves(&k) == 3);
    struct og_kernel_leaf l = og_kernel_leaf_at(&k, 2);
    assert_true(l.out == 1 && l.offset == 0 && l.bytes == 192);
    refused("motion", "{\"width\":8,\"height\":8,\"frames\":3,\"warmup\":1,\"state\":1}",
            "'warmup'");
    refused("motion", "{\"width\":1,\"height\":1,\"frames\":4194304,\"segment\":1}", "too fine");
}

static void test_climate(void **st)
{
    struct og_kernel k;
    struct og_err err;
    (void)st;
    assert_int_equal(parse("climate",
                           "{\"times\":240,\"cells\":1813,\"base\":101,\"base_n\":30,\"trend\":110,"
                           "\"anomaly\":1}",
                           &k, &err),
                     OG_OK);
    assert_true(k.shape.n_in == 1 && k.shape.in_bytes[0] == 4 * 240 * 1813);
    assert_true(k.shape.out_bytes[0] == 24 * 1813 && k.shape.out_bytes[1] == 4 * 240 * 1813);
    assert_true(og_kernel_leaves(&k) == 2 * 1813); /* a cell each */
    refused("climate", "{\"times\":240,\"cells\":1,\"base\":240}", "'base' and 'base_n'");
    refused("climate", "{\"times\":240,\"cells\":1,\"trend\":200,\"trend_n\":41}", "'trend_n'");
}

static void test_reduce(void **st)
{
    struct og_kernel k;
    struct og_err err;
    (void)st;
    assert_int_equal(parse("reduce", "{\"rows\":5000,\"columns\":3,\"weights\":1}", &k, &err),
                     OG_OK);
    assert_true(k.shape.n_in == 2 && k.shape.in_bytes[1] == 40000);
    assert_true(og_kernel_leaves(&k) == 1 + 2 + 3 + 5); /* nodes over 5 parts */
    assert_true(k.shape.out_bytes[0] == 11 * 3 * 16);
    assert_int_equal(k.shape.automatic, OG_VERIFY_VOTE);
    refused("reduce", "{\"rows\":5,\"columns\":3,\"weights\":1,\"type\":\"i32\"}", "'weights'");
    refused("reduce", "{\"rows\":2147483648,\"columns\":1,\"part\":1024}", "too fine");
}

static void test_learn(void **st)
{
    struct og_kernel k;
    struct og_err err;
    (void)st;
    const char *text = "{\"rows\":6000,\"features\":784,\"classes\":10,\"parts\":4}";
    assert_int_equal(parse("softmax", text, &k, &err), OG_OK);
    assert_true(k.shape.in_bytes[0] == 4 * 7850 && k.shape.in_bytes[1] == 6000 * 784);
    assert_true(k.shape.in_bytes[2] == 6000 && k.shape.out_bytes[0] == 4 * 4 * 7852);
    assert_true(og_kernel_leaves(&k) == 4 && k.shape.work_mflop == 189); /* 4 * 7850 * 6000 */
    assert_int_equal(k.shape.automatic, OG_VERIFY_EXACT);
    text = "{\"rows\":100,\"features\":784,\"classes\":10,\"hidden\":128}";
    assert_int_equal(parse("mlp", text, &k, &err), OG_OK);
    assert_true(k.shape.in_bytes[0] == 4 * (785 * 128 + 1290) && og_kernel_leaves(&k) == 8);
    assert_int_equal(parse("sgd", text, &k, &err), OG_OK);
    assert_true(k.shape.out_bytes[0] == k.shape.in_bytes[0] && og_kernel_leaves(&k) == 1);
    refused("softmax", "{\"rows\":3,\"features\":1,\"classes\":2,\"parts\":4}", "'parts'");
    refused("mlp", "{\"rows\":3,\"features\":1,\"classes\":2}", "'hidden' is missing");
    refused("sgd", "{\"rows\":3,\"features\":65536,\"classes\":2,\"hidden\":4096}", "parameters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),        cmocka_unit_test(test_gemm),
        cmocka_unit_test(test_gemm_refuses), cmocka_unit_test(test_motion),
        cmocka_unit_test(test_climate),      cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_learn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
