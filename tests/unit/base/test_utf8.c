/* test_utf8.c - decoding by RFC 3629, widths, tame copies, clipping. */
#include "base/base_utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t len_of(const char *s)
{
    uint32_t cp;
    return og_utf8_next(s, strlen(s), &cp);
}

static void test_decode(void **state)
{
    (void)state;
    uint32_t cp;
    assert_int_equal(og_utf8_next("A", 1, &cp), 1);
    assert_int_equal(cp, 'A');
    assert_int_equal(og_utf8_next("\xc2\xb5", 2, &cp), 2);
    assert_int_equal(cp, 0xb5);
    assert_int_equal(og_utf8_next("\xe2\x82\xac", 3, &cp), 3);
    assert_int_equal(cp, 0x20ac);
    assert_int_equal(og_utf8_next("\xf4\x8f\xbf\xbf", 4, &cp), 4);
    assert_int_equal(cp, 0x10ffff);
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",
        "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff",         "\xe2\x82",         "\xe2(\xa1",        "\xc2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(len_of(bad[i]), 0);
    assert_int_equal(og_utf8_next("\xe2\x82\xac", 2, &cp), 0);
}

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(og_utf8_width('a'), 1);
    assert_int_equal(og_utf8_width(0x20ac), 1);
    assert_int_equal(og_utf8_width(0x2588), 1);
    assert_int_equal(og_utf8_width(0x301), 0);
    assert_int_equal(og_utf8_width(0x65e5), 2);
    assert_int_equal(og_utf8_width(0x1f600), 2);
    assert_int_equal(og_utf8_width(0x1b), -1);
    assert_int_equal(og_utf8_width(0x7f), -1);
    assert_int_equal(og_utf8_width(0x9b), -1);
}

static void test_tame(void **state)
{
    (void)state;
    size_t cols;
    char *s = og_utf8_tame("a\x1b[31m\n\xc2\x9b\xff"
                           "b\xe6\x97\xa5",
                           &cols);
    assert_string_equal(s, "a?[31m???b\xe6\x97\xa5");
    assert_int_equal(cols, 12);
    free(s);
    s = og_utf8_tame("", &cols);
    assert_string_equal(s, "");
    assert_int_equal(cols, 0);
    free(s);
}

static void test_clip(void **state)
{
    (void)state;
    size_t cols;
    assert_int_equal(og_utf8_clip("abc", 2, &cols), 2);
    assert_int_equal(cols, 2);
    assert_int_equal(og_utf8_clip("abc", 9, &cols), 3);
    assert_int_equal(og_utf8_clip("abc", 0, &cols), 0);
    /* a wide character does not fit half; a combining one goes with its letter */
    assert_int_equal(og_utf8_clip("a\xe6\x97\xa5", 2, &cols), 1);
    assert_int_equal(cols, 1);
    assert_int_equal(og_utf8_clip("e\xcc\x81x", 1, &cols), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_decode), cmocka_unit_test(test_width),
                                       cmocka_unit_test(test_tame), cmocka_unit_test(test_clip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
