/* test_time.c - formats, the shifted clock, the monotonic clock. */
#include "base/base_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_format(void **state)
{
    (void)state;
    char t[25];
    og_time_format(0, t);
    assert_string_equal(t, "1970-01-01T00:00:00.000Z");
    og_time_format(1795381680123u, t);
    assert_string_equal(t, "2026-11-22T21:08:00.123Z");
    og_time_format(951782399999u, t);
    assert_string_equal(t, "2000-02-28T23:59:59.999Z");
    og_time_format(UINT64_MAX, t);
    assert_string_equal(t, "9999-12-31T23:59:59.999Z");
}

static void test_now(void **state)
{
    (void)state;
    og_time_set_now(5000);
    uint64_t a = og_time_unix_ms();
    assert_in_range(a, 5000, 5000 + 60000);
    og_time_sleep_ms(20);
    assert_true(og_time_unix_ms() >= a + 20);
    og_time_set_now(0);
    assert_true(og_time_unix_ms() > 1600000000000u);
}

static void test_mono(void **state)
{
    (void)state;
    uint64_t a = og_time_mono_us();
    uint64_t b = og_time_mono_ms();
    og_time_sleep_ms(5);
    assert_true(og_time_mono_us() >= a + 5000);
    assert_true(og_time_mono_ms() >= b + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_format), cmocka_unit_test(test_now),
                                       cmocka_unit_test(test_mono)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
