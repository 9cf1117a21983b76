/* test_err.c - codes and sentences: set, wrapped outermost first, cut but never overrun. */
#include "base/base_err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_set_and_wrap(void **state)
{
    (void)state;
    struct og_err err = {0};
    assert_int_equal(og_err_set(&err, OG_E_DATA, "'%s' must be %d", "a", 7), OG_E_DATA);
    assert_int_equal(err.rc, OG_E_DATA);
    assert_int_equal(og_err_wrap(&err, OG_E_DATA, "line %d", 12), OG_E_DATA);
    assert_int_equal(og_err_wrap(&err, OG_E_DATA, "'%s'", "a.jsonl"), OG_E_DATA);
    assert_string_equal(err.msg, "'a.jsonl': line 12: 'a' must be 7");
}

static void test_null(void **state)
{
    (void)state;
    assert_int_equal(og_err_set(NULL, OG_E_IO, "x"), OG_E_IO);
    assert_int_equal(og_err_wrap(NULL, OG_E_IO, "x"), OG_E_IO);
}

static void test_long(void **state)
{
    (void)state;
    struct og_err err = {0};
    char big[2 * OG_ERR_MAX];
    memset(big, 'z', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    og_err_set(&err, OG_E_DATA, "%s", big);
    assert_int_equal(strlen(err.msg), OG_ERR_MAX - 1);
    og_err_wrap(&err, OG_E_DATA, "place");
    assert_int_equal(strncmp(err.msg, "place: zzz", 10), 0);
    assert_true(strlen(err.msg) < OG_ERR_MAX);
    og_err_wrap(&err, OG_E_DATA, "%s", big);
    assert_int_equal(strlen(err.msg), OG_ERR_MAX - 1);
}

static void test_statuses(void **state)
{
    (void)state;
    /* sysexits: what shells and cron see */
    assert_int_equal(OG_OK, 0);
    assert_int_equal(OG_NO, 1);
    assert_int_equal(OG_E_USAGE, 64);
    assert_int_equal(OG_E_DATA, 65);
    assert_int_equal(OG_E_NOINPUT, 66);
    assert_int_equal(OG_E_UNAVAILABLE, 69);
    assert_int_equal(OG_E_INTERNAL, 70);
    assert_int_equal(OG_E_CANTCREATE, 73);
    assert_int_equal(OG_E_IO, 74);
    assert_int_equal(OG_E_TEMPFAIL, 75);
    assert_int_equal(OG_E_NOPERM, 77);
    assert_int_equal(OG_E_CONFIG, 78);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_and_wrap),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
