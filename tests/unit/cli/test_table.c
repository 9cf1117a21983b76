/* test_table.c - tables clipped to a width without trailing blanks; numbers as people read them. */
#include "cli/cli_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *print(size_t width)
{
    struct og_table *t = og_table_new(3);
    og_table_head(t, 0, "id", false);
    og_table_head(t, 1, "price", true);
    og_table_head(t, 2, "name", false);
    og_table_cell(t, "a1");
    og_table_cellf(t, "%d", 7);
    og_table_cell(t, "long name\x1b[2J");
    og_table_cell(t, "\xe6\x97\xa5\xe6\x9c\xac");
    og_table_cell(t, "123456");
    og_table_cell(t, NULL);
    char *out = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&out, &n);
    og_table_print(t, width, f);
    fclose(f);
    og_table_free(t);
    return out;
}

static void test_print(void **state)
{
    (void)state;
    char *s = print(0);
    assert_string_equal(s, "id     price  name\n"
                           "a1         7  long name?[2J\n"
                           "\xe6\x97\xa5\xe6\x9c\xac  123456  -\n");
    free(s);
    s = print(18);
    assert_string_equal(s, "id     price  name\n"
                           "a1         7  long\n"
                           "\xe6\x97\xa5\xe6\x9c\xac  123456  -\n");
    free(s);
    s = print(3);
    assert_string_equal(s, "id\na1\n\xe6\x97\xa5\n");
    free(s);
    og_table_free(NULL);
}

static void test_widths(void **state)
{
    (void)state;
    for (size_t w = 1; w < 60; w++) {
        char *s = print(w);
        size_t lines = 0;
        for (char *p = s; *p; p = strchr(p, '\n') + 1, lines++)
            assert_true((size_t)(strchr(p, '\n') - p) <= w + 2); /* two wide characters: 6 bytes */
        assert_int_equal(lines, 3);
        free(s);
    }
}

static void test_long_cell(void **state)
{
    (void)state;
    struct og_table *t = og_table_new(1);
    og_table_cellf(t, "%02000d", 5);
    og_table_cell(t, "x");
    char *out = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&out, &n);
    og_table_print(t, 0, f);
    fclose(f);
    assert_int_equal(n, 1 + 2001 + 2);
    free(out);
    og_table_free(t);
}

static void amount(uint64_t v, const char *want)
{
    char t[40];
    og_fmt_amount(v, t, sizeof t);
    assert_string_equal(t, want);
}

static void bytes(uint64_t v, const char *want)
{
    char t[40];
    og_fmt_bytes(v, t, sizeof t);
    assert_string_equal(t, want);
}

static void duration(uint64_t v, const char *want)
{
    char t[40];
    og_fmt_duration_ms(v, t, sizeof t);
    assert_string_equal(t, want);
}

static void test_formats(void **state)
{
    (void)state;
    amount(0, "0");
    amount(1, "0.000000001");
    amount(1500000000, "1.5");
    amount(10000000000, "10");
    amount(UINT64_MAX, "18446744073.709551615");
    bytes(0, "0 B");
    bytes(1023, "1023 B");
    bytes(1024, "1.0 KiB");
    bytes(1536, "1.5 KiB");
    bytes(1048575, "1.0 MiB");
    bytes(8589934592u, "8.0 GiB");
    bytes(UINT64_MAX, "16.0 EiB");
    duration(0, "0ms");
    duration(999, "999ms");
    duration(1250, "1.2s");
    duration(123000, "2m03s");
    duration(3600000, "1h00m");
    duration(90000000, "1d01h");
    char small[4];
    og_fmt_amount(UINT64_MAX, small, sizeof small);
    assert_string_equal(small, "184");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_print), cmocka_unit_test(test_widths),
                                       cmocka_unit_test(test_long_cell),
                                       cmocka_unit_test(test_formats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
