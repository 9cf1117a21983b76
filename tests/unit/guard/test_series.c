/* test_series.c - spikes, drops, broken days are surprising, noise is not; times; silence. */
#include "base/base_num.h"
#include "guard/guard_series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t state = 1;

static double unit(void)
{
    return (double)(og_splitmix64(state++) >> 11) * 0x1p-53;
}

/* Where the largest score of n points lies that value(i) gives. */
static size_t top_of(double (*value)(size_t), size_t n, size_t period, double *top)
{
    struct og_series s;
    size_t at = 0;
    *top = -1;
    og_series_init(&s, period, n / 5);
    for (size_t i = 0; i < n; i++) {
        double score = og_series_add(&s, value(i));
        assert_true(score >= 0 && isfinite(score));
        if (score > *top) {
            *top = score;
            at = i;
        }
    }
    og_series_release(&s);
    return at;
}

static double noise(size_t i)
{
    (void)i;
    return unit() + unit() + unit();
}

static double spike(size_t i)
{
    return noise(i) + (i == 3000 ? 3 : 0);
}

static double drop(size_t i)
{
    return noise(i) - (i == 2500 ? 4 : 0);
}

static double jump(size_t i)
{
    return (i / 20 % 2 == 0 || i == 3333 ? 10 : 0) + 0.1 * noise(i) + (i == 3333 ? 0.5 : 0);
}

/* Every day the same but one, which stays at its usual low. */
static double day(size_t i)
{
    bool dead = i >= 288 * 11 && i < 288 * 12;
    return (dead ? 0 : 50 * (1 + sin((double)i * 6.283185307 / 288))) + noise(i);
}

static void test_found(void **ctx)
{
    double quiet, top;
    (void)ctx;
    top_of(noise, 4000, 0, &quiet);
    assert_int_equal(top_of(spike, 4000, 0, &top), 3000);
    assert_true(top > quiet);
    assert_int_equal(top_of(drop, 4000, 0, &top), 2500);
    assert_int_equal(top_of(jump, 4000, 0, &top), 3333);
    size_t at = top_of(day, 288 * 14, 288, &top);
    assert_in_range(at, 288 * 11, 288 * 12 + 20);
    assert_true(top > quiet);
}

static void test_silence(void **ctx)
{
    struct og_series s;
    unsigned reports = 0;
    (void)ctx;
    og_series_init(&s, 0, 1000);
    for (size_t i = 0; i < 2000; i++)
        og_series_add(&s, noise(i));
    double first = og_series_add(&s, 9);
    for (size_t i = 0; i < 100; i++)
        reports += og_series_add(&s, noise(i)) > 0;
    assert_true(first > 3 && reports == 0);
    assert_true(og_series_add(&s, 100) > first);
    og_series_release(&s);
}

static void test_time(void **ctx)
{
    double t, u;
    (void)ctx;
    assert_true(og_series_time("1970-01-02 00:00:01", &t) && t == 86401);
    assert_true(og_series_time("2026-11-22T19:00:00Z", &t) && t == 1795374000);
    assert_true(og_series_time("2000-02-29", &t) && og_series_time("2000/03/01", &u) &&
                u - t == 86400);
    assert_true(og_series_time("1795370400.5", &t) && t == 1795370400.5);
    assert_false(og_series_time("soon", &t));
    assert_false(og_series_time("", &t));
    assert_false(og_series_time("2026-13-01", &t));
    double s[1000];
    for (unsigned i = 0; i < 1000; i++)
        s[i] = 300.0 * i + (i % 10 == 0 ? 7 : 0);
    assert_int_equal(og_series_period(s, 1000), 288);
    assert_int_equal(og_series_period(s, 100), 0); /* not three days */
    assert_int_equal(og_series_period(s, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
