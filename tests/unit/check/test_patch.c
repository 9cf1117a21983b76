/* test_patch.c - patches: read whole, refused when they are not what the runner writes. */
#include "base/base_buf.h"
#include "check/check_patch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add(struct og_buf *b, uint64_t offset, uint64_t bytes, const char *p)
{
    og_buf_add_be64(b, offset);
    og_buf_add_be64(b, bytes);
    og_buf_adds(b, p);
}

static void test_runs(void **st)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_patch_run run;
    struct og_err err = {0};
    uint8_t seen[2] = {0, 0};
    size_t at = 0;
    uint64_t last = 0, which;
    bool found;
    (void)st;
    add(&b, 0, 4, "abcd");
    add(&b, 8, 8, "efghijkl");
    const uint8_t *p = (const uint8_t *)b.p;
    assert_int_equal(og_patch_next(p, b.len, &at, &last, 16, 4, &run, &found, &err), OG_OK);
    assert_true(found);
    assert_int_equal(run.offset, 0);
    assert_memory_equal(run.p, "abcd", 4);
    assert_true(og_patch_mark(seen, &run, 4, &which));
    assert_int_equal(og_patch_next(p, b.len, &at, &last, 16, 4, &run, &found, &err), OG_OK);
    assert_int_equal(run.offset, 8);
    assert_int_equal(run.bytes, 8);
    assert_true(og_patch_mark(seen, &run, 4, &which));
    assert_int_equal(seen[0], 0x0d);
    assert_false(og_patch_mark(seen, &run, 4, &which));
    assert_int_equal(which, 2);
    assert_int_equal(og_patch_next(p, b.len, &at, &last, 16, 4, &run, &found, &err), OG_OK);
    assert_false(found);
    og_buf_release(&b);
}

static void refused(const struct og_buf *b)
{
    struct og_patch_run run;
    struct og_err err = {0};
    size_t at = 0;
    uint64_t last = 0;
    bool found = true;
    enum og_rc rc = OG_OK;
    while (rc == OG_OK && found)
        rc = og_patch_next((const uint8_t *)b->p, b->len, &at, &last, 16, 4, &run, &found, &err);
    assert_int_equal(rc, OG_E_DATA);
}

static void test_refused(void **st)
{
    static const struct {
        uint64_t offset[2], bytes[2];
    } bad[] = {{{0, 0}, {0, 0}},
               {{2, 0}, {4, 0}},
               {{0, 0}, {6, 0}},
               {{16, 0}, {4, 0}},
               {{0, 0}, {20, 0}},
               {{8, 4}, {4, 4}},
               {{0, 4}, {4, 4}},
               {{0, 0}, {4, 4}},
               {{UINT64_MAX - 3, 0}, {4, 0}},
               {{4, 0}, {UINT64_MAX - 3, 0}}};
    (void)st;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct og_buf b = OG_BUF_INIT;
        add(&b, bad[i].offset[0], bad[i].bytes[0], "abcd");
        if (bad[i].bytes[1])
            add(&b, bad[i].offset[1], bad[i].bytes[1], "abcd");
        refused(&b);
        og_buf_release(&b);
    }
    struct og_buf b = OG_BUF_INIT;
    add(&b, 0, 8, "abcd");
    refused(&b);
    b.len = 15;
    refused(&b);
    og_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
