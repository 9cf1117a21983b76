/* test_spec.c - spec lines read, refused with a sentence, and found by number in their blob. */
#include "base/base_io.h"
#include "store/store_blob.h"
#include "work/work_fetch.h"
#include "work/work_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" /* of "hello" */

static enum og_rc parse(const char *s, struct og_spec *out, struct og_err *err)
{
    return og_spec_parse(s, strlen(s), out, err);
}

static void test_reads(void **st)
{
    struct og_spec s;
    struct og_err err;
    (void)st;
    assert_int_equal(parse("{\"argv\":[\"./p\",\"x\"],\"env\":{\"K\":\"v=1\"},\"index0\":7,"
                           "\"in\":[{\"path\":\"p\",\"sha256\":\"" HEX "\",\"bytes\":5,"
                           "\"mode\":493}],\"out\":[\"a/b\"],\"sandbox\":\"none\",\"check\":"
                           "{\"argv\":[\"true\"]}}",
                           &s, &err),
                     OG_OK);
    assert_string_equal(s.argv[1], "x");
    assert_null(s.argv[2]);
    assert_string_equal(s.env[0], "K=v=1");
    assert_int_equal(s.n_in, 1);
    assert_true(s.in[0].executable && s.in[0].bytes == 5);
    assert_string_equal(s.out[0], "a/b");
    assert_int_equal(s.base, 7);
    assert_true(s.no_sandbox);
    assert_string_equal(s.check_argv[0], "true");
    og_spec_release(&s);
}

static void test_refuses(void **st)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"argv\":[]}",
        "{\"argv\":[\"a\"],\"kernel\":\"gemm\"}",
        "{\"argv\":[1]}",
        "{\"argv\":[\"a\\u0000b\"]}",
        "{\"argv\":[\"a\"],\"argv\":[\"b\"]}",
        "{\"argv\":[\"a\"],\"env\":{\"A B\":\"x\"}}",
        "{\"argv\":[\"a\"],\"env\":{\"A\":1}}",
        "{\"argv\":[\"a\"],\"out\":[\"/abs\"]}",
        "{\"argv\":[\"a\"],\"in\":[{\"path\":\"x\"}]}",
        "{\"argv\":[\"a\"],\"in\":[{\"path\":\"../x\",\"sha256\":\"" HEX "\"}]}",
        "{\"argv\":[\"a\"],\"in\":[{\"path\":\"x\",\"sha256\":\"" HEX
        "\",\"urls\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}]}",
        "{\"argv\":[\"a\"],\"sandbox\":\"maybe\"}",
        "{\"argv\":[\"a\"],\"check\":{\"argv\":[]}}",
    };
    struct og_spec s;
    (void)st;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct og_err err = {0};
        assert_int_equal(parse(bad[i], &s, &err), OG_E_DATA);
        assert_true(err.msg[0] != '\0');
        assert_null(s.json);
    }
}

static int make_dir(void **st)
{
    char *dir = strdup("/tmp/ogpu-spec-XXXXXX");
    *st = dir;
    return dir && mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **st)
{
    struct og_err err;
    int rc = og_io_remove_tree(*st, &err);
    free(*st);
    return rc;
}

static void test_lines(void **st)
{
    static const char text[] = "{\"argv\":[\"zero\"]}\n{\"argv\":[\"one\"]}\nnot json\n";
    struct og_spec_cache *c = og_spec_cache_new(*st);
    struct og_spec s;
    struct og_hash h;
    struct og_hash none = {{1}};
    struct og_err err;
    assert_int_equal(og_blob_put(*st, text, sizeof text - 1, false, &h, &err), OG_OK);
    assert_int_equal(og_spec_load(c, &h, 1, &s, &err), OG_OK);
    assert_string_equal(s.argv[0], "one");
    og_spec_release(&s);
    assert_int_equal(og_spec_load(c, &h, 0, &s, &err), OG_OK);
    assert_string_equal(s.argv[0], "zero");
    og_spec_release(&s);
    assert_int_equal(og_spec_load(c, &h, 2, &s, &err), OG_E_DATA);
    assert_int_equal(og_spec_load(c, &h, 3, &s, &err), OG_E_DATA);
    assert_int_equal(og_spec_load(c, &none, 0, &s, &err), OG_E_NOINPUT);
    og_spec_cache_free(c);
}

static void test_damaged_blob(void **st)
{
    static const char text[] = "{\"argv\":[\"zero\"]}\n";
    struct og_spec_cache *c = og_spec_cache_new(*st);
    struct og_spec s;
    struct og_hash h;
    struct og_err err;
    assert_int_equal(og_blob_put(*st, text, sizeof text - 1, false, &h, &err), OG_OK);
    char *path = og_blob_path(*st, &h);
    assert_int_equal(og_io_write_atomic(path, "{}\n", 3, 0600, OG_IO_REPLACE, &err), OG_OK);
    assert_int_equal(og_spec_load(c, &h, 0, &s, &err), OG_E_DATA);
    free(path);
    og_spec_cache_free(c);
}

static void test_fetch_local(void **st)
{
    struct og_spec_in in = {.path = "x", .bytes = 5};
    struct og_err err = {0};
    assert_int_equal(og_blob_put(*st, "hello", 5, false, &in.sha256, &err), OG_OK);
    assert_int_equal(og_work_fetch(*st, &in, 1, false, NULL, &err), OG_OK);
    in.bytes = 6;
    assert_int_equal(og_work_fetch(*st, &in, 1, false, NULL, &err), OG_E_DATA);
    in.bytes = UINT64_MAX;
    assert_int_equal(og_work_fetch(*st, &in, 1, false, NULL, &err), OG_OK);
    char *path = og_blob_path(*st, &in.sha256);
    assert_int_equal(og_io_write_atomic(path, "jello", 5, 0600, OG_IO_REPLACE, &err), OG_OK);
    assert_int_equal(og_work_fetch(*st, &in, 1, false, NULL, &err), OG_E_IO);
    assert_int_equal(remove(path), 0);
    assert_int_equal(og_work_fetch(*st, &in, 1, false, NULL, &err), OG_E_NOINPUT);
    free(path);
}

/* Only http and https, and for strangers no address of this machine. */
static void test_fetch_refuses(void **st)
{
    struct og_spec_in in = {.path = "x", .bytes = UINT64_MAX, .n_urls = 1};
    struct og_err err = {0};
    char *blobs = og_blob_dir(*st);
    assert_int_equal(og_io_mkdirs(blobs, 0700, &err), OG_OK);
    in.urls[0] = "file:///etc/passwd";
    assert_int_equal(og_work_fetch(*st, &in, 1, true, NULL, &err), OG_E_NOINPUT);
    in.urls[0] = "http://127.0.0.1:9/";
    assert_int_equal(og_work_fetch(*st, &in, 1, false, NULL, &err), OG_E_NOINPUT);
    free(blobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test_setup_teardown(test_lines, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_damaged_blob, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_fetch_local, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_fetch_refuses, make_dir, drop_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
