/* test_roll.c - the window against a plain count, rolling p-values after a shift, the tail fit. */
#include "base/base_num.h"
#include "guard/guard_roll.h"

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

static void test_window(void **ctx)
{
    enum { N = 500, CAP = 64 };
    double all[N];
    struct og_roll r;
    (void)ctx;
    og_roll_init(&r, CAP);
    for (size_t i = 0; i < N; i++) {
        all[i] = floor(unit() * 40); /* with ties */
        size_t from = i > CAP ? i - CAP : 0, ge = 0;
        for (size_t j = from; j < i; j++)
            ge += all[j] >= all[i];
        assert_true(fabs(og_roll_p(&r, all[i]) - (double)(1 + ge) / (double)(1 + i - from)) <
                    1e-12);
        og_roll_add(&r, all[i]);
        for (size_t j = 1; j < r.n; j++)
            assert_true(r.sorted[j] >= r.sorted[j - 1]);
    }
    assert_int_equal(r.n, CAP);
    og_roll_release(&r);
}

/* Settled honest scores roll the pool: 3,000 events after their scale tripled the share of false
 * alarms is again what was asked for. */
static void test_shift(void **ctx)
{
    enum { LATE = 500, POOL = 2000 };
    static const double alpha[] = {0.05, 0.02, 0.01};
    (void)ctx;
    for (size_t k = 0; k < 3; k++) {
        struct og_roll r;
        static double waiting[LATE];
        size_t alarms = 0, judged = 0, just_after = 0;
        og_roll_init(&r, POOL);
        for (size_t i = 0; i < 60000; i++) {
            double s = -log(1 - unit()) * (i < 5000 ? 1 : 3);
            bool alarm = og_roll_p(&r, s) <= alpha[k];
            just_after += alarm && i >= 5000 && i < 5500;
            if (i >= 8000) {
                alarms += alarm;
                judged++;
            }
            if (i >= LATE) /* honest, as it turned out LATE events later */
                og_roll_add(&r, waiting[i % LATE]);
            waiting[i % LATE] = s;
        }
        double realised = (double)alarms / (double)judged;
        assert_true(realised > alpha[k] / 1.3 && realised < alpha[k] * 1.3);
        assert_true((double)just_after / 500 > 2 * alpha[k]); /* there was a shift to get over */
        og_roll_release(&r);
    }
}

static void test_surprise(void **ctx)
{
    struct og_roll r;
    (void)ctx;
    og_roll_init(&r, 1000);
    assert_true(og_roll_surprise(&r, 1e9) == 0);
    for (unsigned i = 0; i < 1000; i++)
        og_roll_add(&r, 5);
    assert_true(og_roll_surprise(&r, 5) < 0.01);
    assert_true(isfinite(og_roll_surprise(&r, 6)) && og_roll_surprise(&r, 6) > 2);
    double last = 0;
    og_roll_release(&r);
    og_roll_init(&r, 1000);
    for (unsigned i = 0; i < 1500; i++)
        og_roll_add(&r, unit());
    for (double v = 0; v < 3; v += 0.001) {
        double s = og_roll_surprise(&r, v);
        assert_true(s >= last - 1e-9);
        last = s;
    }
    og_roll_release(&r);
}

/* Tails of known shape: the quantile that is passed with chance 1e-4 is found within a factor. */
static void test_pot(void **ctx)
{
    static const double shape[] = {-0.3, 0, 0.25};
    state = 1;
    (void)ctx;
    for (size_t k = 0; k < 3; k++) {
        struct og_roll r;
        struct og_pot p;
        double g = shape[k];
        og_roll_init(&r, 20000);
        for (unsigned i = 0; i < 20000; i++) {
            double u = 1 - unit();
            og_roll_add(&r, g == 0 ? -log(u) : (pow(u, -g) - 1) / g);
        }
        assert_true(og_pot_fit(&r, 0.98, &p));
        assert_true(p.above == 399 || p.above == 400);
        assert_true(fabs(p.shape - g) < 0.2);
        double z = og_pot_quantile(&p, 1e-4), want = g == 0 ? log(1e4) : (pow(1e4, g) - 1) / g;
        assert_true(z > 0.8 * want && z < 1.25 * want);
        assert_true(fabs(og_pot_p(&p, z) / 1e-4 - 1) < 1e-6);
        assert_true(og_pot_p(&p, p.t) == 1 && og_pot_quantile(&p, 0.5) == p.t);
        og_roll_release(&r);
    }
    struct og_roll few;
    struct og_pot p;
    og_roll_init(&few, 100);
    for (unsigned i = 0; i < 100; i++)
        og_roll_add(&few, i % 3);
    assert_false(og_pot_fit(&few, 0.98, &p));
    og_roll_release(&few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_surprise),
        cmocka_unit_test(test_pot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
