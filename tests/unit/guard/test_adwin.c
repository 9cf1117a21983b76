/* test_adwin.c - one mean: next to no alarms and all is kept; another mean: soon seen, the old
 * forgotten; sums stay those of the window. */
#include "base/base_num.h"
#include "guard/guard_adwin.h"

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

static double bernoulli(double p)
{
    return (double)(og_splitmix64(state++) >> 11) * 0x1p-53 < p;
}

static void test_steady(void **ctx)
{
    (void)ctx;
    unsigned drifts = 0;
    for (unsigned round = 0; round < 40; round++) {
        struct og_adwin a;
        og_adwin_init(&a, OG_ADWIN_DELTA);
        for (unsigned i = 0; i < 5000; i++)
            drifts += og_adwin_add(&a, bernoulli(0.2));
    }
    assert_in_range(drifts, 0, 4); /* 40 windows of 5,000 at delta 0.002 */
}

static void test_change(void **ctx)
{
    static const double to[] = {0.5, 0.3, 0.02};
    static const unsigned within[] = {200, 900, 700};
    (void)ctx;
    for (unsigned k = 0; k < 3; k++) {
        struct og_adwin a;
        unsigned at = 0;
        og_adwin_init(&a, OG_ADWIN_DELTA);
        for (unsigned i = 0; i < 4000; i++)
            og_adwin_add(&a, bernoulli(0.15));
        for (unsigned i = 1; i <= 4000; i++)
            if (og_adwin_add(&a, bernoulli(to[k])) && at == 0)
                at = i;
        assert_in_range(at, 1, within[k]);
        assert_true(a.n < 4600 && fabs(og_adwin_mean(&a) - to[k]) < 0.05);
    }
}

static void test_sums(void **ctx)
{
    enum { N = 3000 };
    static double v[N];
    struct og_adwin a;
    (void)ctx;
    og_adwin_init(&a, OG_ADWIN_DELTA);
    for (unsigned i = 0; i < N; i++) {
        v[i] = (double)(og_splitmix64(state++) >> 11) * 0x1p-53 * (i < 1500 ? 0.4 : 1);
        og_adwin_add(&a, v[i]);
        double sum = 0, var = 0;
        if (i % 97 != 0)
            continue;
        for (size_t j = i + 1 - a.n; j <= i; j++)
            sum += v[j];
        for (size_t j = i + 1 - a.n; j <= i; j++)
            var += (v[j] - sum / (double)a.n) * (v[j] - sum / (double)a.n);
        assert_true(fabs(sum - a.sum) < 1e-6 && fabs(var - a.var) < 1e-6);
    }
    assert_true(a.drifts > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
