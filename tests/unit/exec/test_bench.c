/* test_bench.c - the capacity benchmark and the class of the machine. */
#include "base/base_num.h"
#include "base/base_time.h"
#include "exec/exec_bench.h"
#include "exec/exec_hwclass.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t seed[32] = {1, 2, 3};

static void test_capacity_is_measured(void **state)
{
    (void)state;
    struct og_err err;
    uint64_t one, sum, start = og_time_mono_ms();
    assert_int_equal(og_capacity_measure(seed, 1, 150, &one, &sum, &err), OG_OK);
    uint64_t took = og_time_mono_ms() - start;
    print_message("1 thread: %llu MFLOP/s in %llu ms\n", (unsigned long long)one,
                  (unsigned long long)took);
    assert_true(one >= 100);     /* no machine this runs on is slower than 0.1 GFLOP/s a core */
    assert_true(one <= 2000000); /* and none does 2 TFLOP/s on one */
    assert_true(sum != 0);
    assert_true(took >= 150);
}

/* How much more two threads do is for a benchmark to say: other work may hold either core. */
static void test_capacity_of_any_threads(void **state)
{
    (void)state;
    struct og_err err;
    for (unsigned threads = 1; threads <= 3; threads++) {
        uint64_t v = 0, sum = 0;
        assert_int_equal(og_capacity_measure(seed, threads, 100, &v, &sum, &err), OG_OK);
        assert_true(v > 0);
        print_message("%u threads: %llu MFLOP/s\n", threads, (unsigned long long)v);
    }
}

static void test_capacity_bounds(void **state)
{
    (void)state;
    struct og_err err;
    uint64_t v, sum;
    assert_int_equal(og_capacity_measure(seed, 0, 100, &v, &sum, &err), OG_E_USAGE);
    assert_int_equal(og_capacity_measure(seed, 1, 0, &v, &sum, &err), OG_E_USAGE);
    assert_int_equal(og_capacity_measure(seed, 1, 60001, &v, &sum, &err), OG_E_USAGE);
    assert_true(v == 0);
}

static void test_fill_is_a_function_of_position(void **state)
{
    (void)state;
    float a[1000], b[1000];
    og_capacity_fill(seed, 5, 0, a, 1000);
    og_capacity_fill(seed, 5, 600, b, 400);
    assert_memory_equal(a + 600, b, 400 * sizeof *b);
    og_capacity_fill(seed, 6, 0, b, 1000);
    assert_memory_not_equal(a, b, sizeof a);
    double sum = 0, sq = 0;
    for (int i = 0; i < 1000; i++) {
        assert_true(a[i] > -1 && a[i] < 1 && fabsf(a[i]) > 0);
        sum += a[i];
        sq += (double)a[i] * a[i];
    }
    assert_true(fabs(sum / 1000) < 0.1);           /* mean 0, sd of the mean 0.018 */
    assert_true(fabs(sq / 1000 - 1.0 / 3) < 0.05); /* variance 1/3 */
}

static void test_class_fits_the_machine(void **state)
{
    (void)state;
    char name[32];
    struct utsname u;
    og_hw_class(name);
    assert_int_equal(uname(&u), 0);
    if (strcmp(u.machine, "x86_64") == 0) {
        assert_int_equal(strncmp(name, "cpu-x86-64-v", 12), 0);
        assert_true(name[12] >= '1' && name[12] <= '4' && !name[13]);
    } else if (strcmp(u.machine, "aarch64") == 0) {
        assert_string_equal(name, "cpu-aarch64");
    } else {
        assert_string_equal(name, "cpu-other");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capacity_is_measured),
        cmocka_unit_test(test_capacity_of_any_threads),
        cmocka_unit_test(test_capacity_bounds),
        cmocka_unit_test(test_fill_is_a_function_of_position),
        cmocka_unit_test(test_class_fits_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
