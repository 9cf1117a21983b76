/* test_braun.c - headers of all kinds, exact decimals, and what is refused. */
#include "match/match_braun.h"
#include "match/match_makespan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_braun parse(const char *s)
{
    struct og_braun b;
    struct og_err err = {0};
    if (og_braun_parse(s, strlen(s), &b, &err) != OG_OK)
        fail_msg("%s: %s", s, err.msg);
    return b;
}

static void expect(const char *s, size_t n, size_t m, unsigned decimals, const int64_t *p)
{
    struct og_braun b = parse(s);
    assert_int_equal(b.n, n);
    assert_int_equal(b.m, m);
    assert_int_equal(b.decimals, decimals);
    assert_false(b.rounded);
    for (size_t k = 0; k < n * m; k++)
        assert_true(b.p[k] == p[k]);
    og_braun_release(&b);
}

static void test_headers(void **st)
{
    const int64_t p[] = {1, 2, 3, 4, 5, 6}, wide[] = {1, 2, 3, 4, 5, 6, 7, 8};
    (void)st;
    expect("2 3 0\n1\n2\n3\n4\n5\n6\n", 2, 3, 0, p);
    expect("2 3\n1 2 3\n4 5 6", 2, 3, 0, p);
    expect("3 2 1 7 9\r\n1 2\r\n3 4\r\n5 6\r\n", 3, 2, 0, p);
    expect("# a comment\n\n  2\t3 0 1 2 3 4 5 6", 2, 3, 0, p);
    expect("2\n3\n0\n1\n2\n3\n4\n5\n6\n", 2, 3, 0, p);
    expect("2\n3\n1\n2\n3\n4\n5\n6\n", 2, 3, 0, p);
    expect("1 2 3 4\n5 6 7 8\n", 2, 4, 0, wide);
    struct og_braun b = parse("1.5 2\n3 4\n5 6\n"); /* no whole numbers: no header */
    assert_int_equal(b.n, 3);
    assert_int_equal(b.m, 2);
    og_braun_release(&b);
}

static void test_without_header(void **st)
{
    char *s = malloc(8192 * 8), *at = s;
    (void)st;
    for (int k = 0; k < 8192; k++)
        at += snprintf(at, 8, "%d.5\n", k % 100);
    struct og_braun b = parse(s);
    assert_int_equal(b.n, 512);
    assert_int_equal(b.m, 16);
    assert_int_equal(b.p[17], 175);
    og_braun_release(&b);
    free(s);
}

static void test_decimals(void **st)
{
    const int64_t p[] = {1500000, 2250000, 3, 123456};
    const int64_t e[] = {1500, 20, 1, 1000000};
    const int64_t inf[] = {1, OG_COST_NONE, OG_COST_NONE, 4};
    struct og_buf text = OG_BUF_INIT;
    (void)st;
    expect("2 2 0 1.5 2.25 0.000003 .123456", 2, 2, 6, p);
    expect("2 2 0 1.5e2 +2.0E0 1e-1 1e+05", 2, 2, 1, e);
    expect("2 2 0 1 inf Infinity 4.", 2, 2, 0, inf);
    og_braun_format(7358942750000, 6, &text);
    assert_string_equal(text.p, "7358942.750000");
    og_buf_reset(&text);
    og_braun_format(5, 3, &text);
    assert_string_equal(text.p, "0.005");
    og_buf_reset(&text);
    og_braun_format(5, 0, &text);
    assert_string_equal(text.p, "5");
    og_buf_release(&text);
}

/* More digits than 62 bits hold: as many decimals as fit, nearest, halves up. */
static void test_rounds(void **st)
{
    struct og_braun b = parse("1 2 0 1000000000.123456789123456 0.00000000050000000000001");
    (void)st;
    assert_true(b.rounded);
    assert_int_equal(b.decimals, 9);
    assert_true(b.p[0] == 1000000000123456789);
    assert_true(b.p[1] == 1);
    og_braun_release(&b);
}

static void refuse(const char *s, const char *sentence)
{
    struct og_braun b;
    struct og_err err = {0};
    assert_int_equal(og_braun_parse(s, strlen(s), &b, &err), OG_E_DATA);
    assert_null(b.p);
    if (strstr(err.msg, sentence) == NULL)
        fail_msg("%s: %s", s, err.msg);
}

static void test_refuses(void **st)
{
    static const char *const bad[] = {"-1",  "1.2.3", "nan", "1e",       "1e+", "1e65", "e5", ".",
                                      "0x5", "1,5",   "--5", "infinite", "+",   "1e5x", "++1"};
    char s[64];
    (void)st;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        snprintf(s, sizeof s, "1 2 0\n7 %s\n", bad[k]);
        refuse(s, "word 5: '");
    }
    refuse("", "holds no numbers");
    refuse(" \n# only this\n", "holds no numbers");
    refuse("2 2 0\n1 2 3", "are not 'tasks machines'");
    refuse("2 2 0\n1 2 3 4 5", "are not 'tasks machines'");
    refuse("5", "are not 'tasks machines'");
    refuse("0 3 0\n", "are not 'tasks machines'");
    refuse("67108864 67108864 0\n1", "are not 'tasks machines'");
    refuse("1 2 0\ninf inf", "no machine takes task 0");
    refuse("1 1 0\n1e40", "too great");
    refuse("2 1 0\n3000000000000000000 3000000000000000000", "too great");
    refuse("1 1 0\n\x01\xff", "word 4: '");
    refuse("1 1 0\n1111111111111111111111111111111111111111", "word 4: '1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),  cmocka_unit_test(test_without_header),
        cmocka_unit_test(test_decimals), cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
