/* test_method.c - the table of methods, number by number. */
#include "check/check_method.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **st)
{
    static const char *const names[] = {"own", "exact", "vote", "cmd", "accept", "auto"};
    enum og_verify v;
    (void)st;
    for (int i = 0; i < 6; i++) {
        assert_string_equal(og_verify_name((enum og_verify)i), names[i]);
        assert_true(og_verify_parse(names[i], &v));
        assert_int_equal(v, i);
    }
    assert_string_equal(og_verify_name((enum og_verify)6), "?");
    assert_false(og_verify_parse("EXACT", &v));
    assert_false(og_verify_parse("", &v));
}

static void test_resolve(void **st)
{
    (void)st;
    assert_int_equal(og_check_resolve(OG_VERIFY_AUTO, true, OG_VERIFY_EXACT), OG_VERIFY_OWN);
    assert_int_equal(og_check_resolve(OG_VERIFY_AUTO, false, OG_VERIFY_EXACT), OG_VERIFY_EXACT);
    assert_int_equal(og_check_resolve(OG_VERIFY_AUTO, false, OG_VERIFY_VOTE), OG_VERIFY_VOTE);
    assert_int_equal(og_check_resolve(OG_VERIFY_AUTO, false, OG_VERIFY_ACCEPT), OG_VERIFY_ACCEPT);
    assert_int_equal(og_check_resolve(OG_VERIFY_EXACT, true, OG_VERIFY_ACCEPT), OG_VERIFY_EXACT);
}

static void test_leaves_and_ppm(void **st)
{
    (void)st;
    assert_int_equal(og_check_leaves(OG_VERIFY_EXACT, 0, 1000), 1000);
    assert_int_equal(og_check_leaves(OG_VERIFY_EXACT, 10, 1000), 10);
    assert_int_equal(og_check_leaves(OG_VERIFY_EXACT, 10, 5), 5);
    assert_int_equal(og_check_leaves(OG_VERIFY_EXACT, 255, 1000), OG_CHECK_PATHS_MAX);
    assert_int_equal(og_check_leaves(OG_VERIFY_EXACT, 255, 200), 200);
    assert_int_equal(og_check_leaves(OG_VERIFY_VOTE, 3, 70), 70);
    assert_int_equal(og_check_leaves(OG_VERIFY_CMD, 3, 70), 70);
    assert_int_equal(og_check_leaves(OG_VERIFY_ACCEPT, 3, 70), 0);
    assert_int_equal(og_check_leaves(OG_VERIFY_OWN, 3, 70), 0);
    assert_int_equal(og_check_ppm(OG_VERIFY_EXACT, 10, 1000), 30000);
    assert_int_equal(og_check_ppm(OG_VERIFY_EXACT, 1, 3), 353333);
    assert_int_equal(og_check_ppm(OG_VERIFY_EXACT, 1, 1), 1000000);
    assert_int_equal(og_check_ppm(OG_VERIFY_EXACT, 99, 100), 1000000);
    assert_int_equal(og_check_ppm(OG_VERIFY_EXACT, 0, 0), 20000);
    assert_int_equal(og_check_ppm(OG_VERIFY_EXACT, UINT64_MAX, UINT64_MAX), 1000000);
    assert_int_equal(og_check_ppm(OG_VERIFY_VOTE, 1, 1), 150000);
    assert_int_equal(og_check_ppm(OG_VERIFY_CMD, 1, 1), 250000);
    assert_int_equal(og_check_ppm(OG_VERIFY_ACCEPT, 1, 1), 0);
    assert_int_equal(og_check_ppm(OG_VERIFY_OWN, 1, 1), 0);
    assert_int_equal(og_check_ppm(OG_VERIFY_AUTO, 1, 1), 1000000);
    assert_int_equal(og_check_ppm(OG_VERIFY_AUTO, 1, 1000), 150000);
    assert_int_equal(og_check_checks(OG_VERIFY_EXACT), 1);
    assert_int_equal(og_check_checks(OG_VERIFY_VOTE), 1);
    assert_int_equal(og_check_checks(OG_VERIFY_CMD), 2);
    assert_int_equal(og_check_checks(OG_VERIFY_AUTO), 1);
    assert_int_equal(og_check_checks(OG_VERIFY_ACCEPT), 0);
    assert_int_equal(og_check_checks(OG_VERIFY_OWN), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_resolve),
                                       cmocka_unit_test(test_leaves_and_ppm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
