/* test_csv.c - rows, quotes, comments, numbers, bounds. */
#include "guard/guard_csv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_csv c;
static struct og_err err;
static bool more;

static void open_text(const char *s)
{
    og_csv_release(&c);
    og_csv_open(&c, s, strlen(s), "t");
}

static void row(size_t n, const char *const *want)
{
    assert_int_equal(og_csv_next(&c, &more, &err), OG_OK);
    assert_true(more);
    assert_int_equal(c.n, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(c.field[i], want[i]);
}

static void end(void)
{
    assert_int_equal(og_csv_next(&c, &more, &err), OG_OK);
    assert_false(more);
}

static void test_rows(void **state)
{
    (void)state;
    open_text("\xef\xbb\xbf"
              "a,b , c\r\n\n  \n1,,\"x, \"\"y\"\"\n2\"\n# no\nlast");
    c.comment = '#';
    row(3, (const char *const[]){"a", "b", "c"});
    row(3, (const char *const[]){"1", "", "x, \"y\"\n2"});
    assert_int_equal(c.line, 4);
    row(1, (const char *const[]){"last"});
    assert_int_equal(c.line, 7);
    end();
    open_text("\"2026\", \"1\" , \"\"\n");
    row(3, (const char *const[]){"2026", "1", ""});
    end();
    open_text("");
    end();
}

static void refused(const char *s, const char *why)
{
    open_text(s);
    enum og_rc rc = OG_OK;
    do
        rc = og_csv_next(&c, &more, &err);
    while (rc == OG_OK && more);
    assert_int_equal(rc, OG_E_DATA);
    assert_string_equal(err.msg, why);
}

static void test_refused(void **state)
{
    (void)state;
    refused("a,b\n1,\"2\n", "t:2: a quote that does not end");
    refused("\"a\"b\n", "t:1: text behind a closing quote");
    og_csv_release(&c);
    og_csv_open(&c, "a\0b", 3, "t");
    assert_int_equal(og_csv_next(&c, &more, &err), OG_E_DATA);
    assert_string_equal(err.msg, "t:1: a zero byte");
    char *many = malloc(2 * OG_CSV_FIELDS_MAX + 2);
    memset(many, ',', 2 * OG_CSV_FIELDS_MAX + 1);
    many[2 * OG_CSV_FIELDS_MAX + 1] = '\0';
    refused(many, "t:1: more than 4096 fields");
    free(many);
    many = malloc(OG_CSV_ROW_MAX + 8);
    memset(many, 'x', OG_CSV_ROW_MAX + 7);
    many[OG_CSV_ROW_MAX + 7] = '\0';
    refused(many, "t:1: a row of more than 1 MiB");
    og_csv_release(&c);
    free(many);
}

static void test_number(void **state)
{
    double v;
    (void)state;
    assert_true(og_csv_number("12", &v) && v == 12);
    assert_true(og_csv_number("-0.5e3", &v) && v == -500);
    assert_true(og_csv_number("1234567890123456789", &v) && v == 1234567890123456789.0);
    assert_true(og_csv_number("", &v) && isnan(v));
    assert_true(og_csv_number("?", &v) && isnan(v));
    assert_true(og_csv_number("NaN", &v) && isnan(v));
    static const char *const not_numbers[] = {"1x", "0x10", "tcp", "-", "1 2", "--1", "1e"};
    for (size_t i = 0; i < sizeof not_numbers / sizeof *not_numbers; i++)
        assert_false(og_csv_number(not_numbers[i], &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_number),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    og_csv_release(&c);
    return failed;
}
