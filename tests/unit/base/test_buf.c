/* test_buf.c - the growable buffer: always NUL-terminated, every writer, detach, big formats. */
#include "base/base_buf.h"
#include "base/base_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_add(void **state)
{
    (void)state;
    struct og_buf b = OG_BUF_INIT;
    og_buf_adds(&b, "ab");
    og_buf_addc(&b, 'c');
    og_buf_addf(&b, "-%d-%s", 7, "x");
    og_buf_addu(&b, 0);
    og_buf_addu(&b, UINT64_MAX);
    og_buf_add(&b, NULL, 0);
    assert_string_equal(b.p, "abc-7-x018446744073709551615");
    assert_int_equal(b.len, strlen(b.p));
    og_buf_reset(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(b.p, "");
    og_buf_release(&b);
    og_buf_release(&b);
    og_buf_release(NULL);
    assert_null(b.p);
}

static void test_bytes(void **state)
{
    (void)state;
    struct og_buf b = OG_BUF_INIT;
    og_buf_add_be32(&b, 0x01020304u);
    og_buf_add_be64(&b, 0x05060708090a0b0cu);
    assert_memory_equal(b.p, "\1\2\3\4\5\6\7\10\11\12\13\14", 12);
    struct og_buf h = OG_BUF_INIT;
    og_buf_add_hex(&h, b.p, b.len);
    assert_string_equal(h.p, "0102030405060708090a0b0c");
    og_buf_release(&h);
    og_buf_release(&b);
}

static void test_long_format(void **state)
{
    (void)state;
    struct og_buf b = OG_BUF_INIT;
    char big[5000];
    memset(big, 'y', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    og_buf_adds(&b, "<");
    og_buf_addf(&b, "%s>", big);
    assert_int_equal(b.len, sizeof big + 1);
    assert_int_equal(b.p[b.len - 1], '>');
    assert_int_equal(b.p[b.len], '\0');
    og_buf_release(&b);
}

static void test_detach(void **state)
{
    (void)state;
    struct og_buf b = OG_BUF_INIT;
    char *p = og_buf_detach(&b);
    assert_string_equal(p, "");
    free(p);
    og_buf_adds(&b, "kept");
    p = og_buf_detach(&b);
    assert_string_equal(p, "kept");
    assert_null(b.p);
    assert_int_equal(b.len, 0);
    free(p);
}

static void test_grow(void **state)
{
    (void)state;
    size_t cap = 0;
    uint32_t *v = NULL;
    for (size_t i = 0; i < 1000; i++) {
        v = og_xgrow(v, &cap, i + 1, sizeof *v);
        assert_true(cap > i);
        v[i] = (uint32_t)i;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(v[i], i);
    assert_ptr_equal(og_xgrow(v, &cap, 1, sizeof *v), v);
    free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),         cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_long_format), cmocka_unit_test(test_detach),
        cmocka_unit_test(test_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
