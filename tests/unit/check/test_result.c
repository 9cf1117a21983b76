/* test_result.c - leaves byte for byte, read back, and everything else refused. */
#include "base/base_io.h"
#include "check/check_result.h"
#include "crypto/crypto_merkle.h"
#include "json/json_canon.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define E_HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LEAF                                                                                       \
    "{\"exit\":137,\"index\":5,\"out\":[{\"bytes\":3,\"path\":\"a/b\",\"sha256\":\"" E_HEX         \
    "\"},{\"bytes\":9007199254740991,\"path\":\"z \\\"\xc3\xa9\",\"sha256\":\"" E_HEX              \
    "\"}],\"stderr\":{\"bytes\":0,\"sha256\":\"" E_HEX                                             \
    "\"},\"stdout\":{\"bytes\":7,\"sha256\":\"" E_HEX "\"}}"

static struct og_result_out outs[2];
static char path_a[] = "a/b", path_z[] = "z \"\xc3\xa9";

static struct og_result_element element(void)
{
    struct og_hash empty = og_sha256("", 0);
    struct og_result_element e = {.index = 5, .exit = og_result_exit(true, 9)};
    e.stdout_blob = (struct og_result_blob){7, empty};
    e.stderr_blob = (struct og_result_blob){0, empty};
    outs[0] = (struct og_result_out){path_z, {OG_RESULT_INT_MAX, empty}};
    outs[1] = (struct og_result_out){path_a, {3, empty}};
    og_result_sort(outs, 2);
    e.out = outs;
    e.out_n = 2;
    return e;
}

static void test_bytes(void **st)
{
    struct og_result_element e = element(), back;
    struct og_buf b = OG_BUF_INIT, again = OG_BUF_INIT;
    struct og_err err = {0};
    (void)st;
    assert_int_equal(og_result_leaf(&e, &b, &err), OG_OK);
    assert_string_equal(b.p, LEAF);
    assert_int_equal(og_result_parse(b.p, b.len, &back, &err), OG_OK);
    assert_int_equal(back.index, 5);
    assert_int_equal(back.exit, 137);
    assert_int_equal(back.out_n, 2);
    assert_string_equal(back.out[1].path, path_z);
    assert_int_equal(back.out[0].blob.bytes, 3);
    assert_int_equal(back.stdout_blob.bytes, 7);
    assert_int_equal(og_result_leaf(&back, &again, &err), OG_OK);
    assert_string_equal(again.p, b.p);
    og_result_release(&back);
    og_result_release(&back);
    og_result_release(NULL);
    struct og_buf raw = OG_BUF_INIT;
    og_buf_addc(&raw, 0);
    og_buf_adds(&raw, LEAF);
    struct og_hash want = og_sha256(raw.p, raw.len), got = og_result_leaf_hash(b.p, b.len);
    assert_memory_equal(want.b, got.b, 32);
    og_buf_release(&raw);
    og_buf_release(&b);
    og_buf_release(&again);
}

static void refuse_write(struct og_result_element *e)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_err err = {0};
    assert_int_equal(og_result_leaf(e, &b, &err), OG_E_DATA);
    assert_int_equal(b.len, 0);
    og_buf_release(&b);
}

static void test_refuses_to_write(void **st)
{
    static char up[] = "../x", abs_path[] = "/x", bad[] = "\xff", empty[] = "";
    char *const paths[] = {up, abs_path, bad, empty};
    struct og_result_element e = element();
    (void)st;
    e.exit = 256;
    refuse_write(&e);
    e = element();
    e.index = OG_RESULT_INT_MAX + 1;
    refuse_write(&e);
    e = element();
    e.stdout_blob.bytes = UINT64_MAX;
    refuse_write(&e);
    e = element();
    e.out[1].blob.bytes = UINT64_MAX;
    refuse_write(&e);
    e = element();
    e.out_n = OG_RESULT_OUT_MAX + 1;
    refuse_write(&e);
    e = element();
    e.out[1].path = path_a; /* twice */
    refuse_write(&e);
    e = element();
    e.out[0].path = path_z; /* wrong order */
    e.out[1].path = path_a;
    refuse_write(&e);
    for (size_t i = 0; i < 4; i++) {
        e = element();
        e.out_n = 1;
        e.out[0].path = paths[i];
        refuse_write(&e);
    }
}

/* Paths of all short strings over awkward bytes: written exactly when base calls them tame. */
static void test_paths(void **st)
{
    static const char bytes[] = "/.a\x1f\x7f";
    size_t tame = 0;
    (void)st;
    for (size_t k = 0; k < 6 * 6 * 6 * 6 * 6; k++) {
        char path[6] = {0};
        for (size_t i = 0, v = k; i < 5; i++, v /= 6)
            path[i] = bytes[v % 6];
        struct og_result_element e = element();
        struct og_buf b = OG_BUF_INIT;
        struct og_err err = {0};
        e.out_n = 1;
        e.out[0].path = path;
        tame += og_io_path_is_tame(path);
        assert_int_equal(og_result_leaf(&e, &b, &err),
                         og_io_path_is_tame(path) ? OG_OK : OG_E_DATA);
        og_buf_release(&b);
    }
    assert_true(tame > 10);
    static const size_t sizes[] = {255, 256, 1000, 1024, 1025};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int parts = 0; parts < 2; parts++) {
            char path[1026] = {0};
            struct og_result_element e = element();
            struct og_buf b = OG_BUF_INIT;
            struct og_err err = {0};
            memset(path, 'p', sizes[i]);
            for (size_t j = 100; parts && j < sizes[i] - 1; j += 100)
                path[j] = '/';
            e.out_n = 1;
            e.out[0].path = path;
            assert_int_equal(og_result_leaf(&e, &b, &err),
                             og_io_path_is_tame(path) ? OG_OK : OG_E_DATA);
            og_buf_release(&b);
        }
}

/* Every byte of a leaf replaced, removed or doubled: refused, or another valid leaf that is written
 * back as the same bytes. */
static void test_refuses_to_read(void **st)
{
    static const char swap[] = "0\"{}[],:a\\ -.\x01\xff";
    size_t n = strlen(LEAF), ok = 0;
    char s[sizeof LEAF + 1];
    (void)st;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof swap + 1; k++) {
            struct og_result_element e;
            struct og_err err = {0};
            size_t len = n;
            memcpy(s, LEAF, n + 1);
            if (k < sizeof swap - 1) {
                s[i] = swap[k];
            } else if (k == sizeof swap - 1) {
                memmove(s + i, s + i + 1, n - i);
                len--;
            } else {
                memmove(s + i + 1, s + i, n - i + 1);
                len++;
            }
            enum og_rc rc = og_result_parse(s, len, &e, &err);
            if (rc == OG_OK) {
                struct og_buf b = OG_BUF_INIT;
                ok++;
                assert_int_equal(og_result_leaf(&e, &b, &err), OG_OK);
                assert_int_equal(b.len, len);
                assert_memory_equal(b.p, s, len);
                og_buf_release(&b);
            } else {
                assert_int_equal(rc, OG_E_DATA);
                assert_null(e.out);
            }
            og_result_release(&e);
        }
    assert_true(ok > 0 && ok < n * 4);
    static const char *const more[] = {"", "[]", "{}", "null", "{\"exit\":0}", LEAF "\n", " " LEAF};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        struct og_result_element e;
        struct og_err err = {0};
        assert_int_equal(og_result_parse(more[i], strlen(more[i]), &e, &err), OG_E_DATA);
    }
}

static void test_exit(void **st)
{
    (void)st;
    assert_int_equal(og_result_exit(false, 0), 0);
    assert_int_equal(og_result_exit(false, 255), 255);
    assert_int_equal(og_result_exit(true, 9), 137);
    assert_int_equal(og_result_exit(true, 15), 143);
}

static void test_kernel_leaves(void **st)
{
    uint8_t data[130 * 3];
    struct og_hash leaf[3], want;
    (void)st;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    assert_int_equal(og_result_kernel_count(0), 0);
    assert_int_equal(og_result_kernel_count(64), 1);
    assert_int_equal(og_result_kernel_count(65), 2);
    assert_int_equal(og_result_kernel_count(130), 3);
    og_result_kernel_leaves(data, 130, 3, leaf);
    want = og_merkle_leaf(data, 64 * 3);
    assert_memory_equal(leaf[0].b, want.b, 32);
    want = og_merkle_leaf(data + 64 * 3, 64 * 3);
    assert_memory_equal(leaf[1].b, want.b, 32);
    want = og_merkle_leaf(data + 128 * 3, 2 * 3);
    assert_memory_equal(leaf[2].b, want.b, 32);
    want = og_result_kernel_leaf(data, 130, 3, 2);
    assert_memory_equal(leaf[2].b, want.b, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_refuses_to_write),
        cmocka_unit_test(test_paths), cmocka_unit_test(test_refuses_to_read),
        cmocka_unit_test(test_exit),  cmocka_unit_test(test_kernel_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
