/* test_calib.c - p-values are valid, conservative, monotone; combination; Benjamini-Hochberg
 * against its definition. */
#include "base/base_num.h"
#include "guard/guard_calib.h"

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

static void test_conservative(void **ctx)
{
    enum { N = 5000 };
    static float s[N], sorted[N];
    struct og_calib c;
    (void)ctx;
    for (size_t i = 0; i < N; i++)
        s[i] = (float)(-log(1 - unit()) + (i % 7 == 0 ? 1 : 0));
    memcpy(sorted, s, sizeof s);
    og_calib_fit(sorted, N, &c);
    float last = 1;
    for (size_t i = 0; i < N; i++) {
        assert_true(i == 0 || sorted[i] >= sorted[i - 1]);
        double p = (double)(N - i + 1) / (N + 1);
        float log_p = og_calib_log_p(&c, sorted[i]);
        /* among the largest never below what conformal prediction gives */
        assert_true(log_p >= log(p) - (N - i > 100 ? 0.11 : 1e-5));
        assert_true(log_p <= log(p) + 0.2 || p > 0.9); /* and not far above */
        assert_true(log_p <= last);
        last = log_p;
    }
    float beyond = og_calib_log_p(&c, sorted[N - 1] + 3);
    assert_true(beyond < last && isfinite(beyond));
    assert_true(og_calib_log_p(&c, 1e30f) < beyond && isfinite(og_calib_log_p(&c, 1e30f)));
    assert_true(og_calib_log_p(&c, -1e30f) == 0);
}

/* Of fresh honest scores at most a share a has p <= a, give or take four deviations. */
static void test_valid(void **ctx)
{
    enum { N = 4000 };
    static float s[N];
    struct og_calib c;
    (void)ctx;
    for (size_t i = 0; i < N; i++)
        s[i] = (float)(unit() + unit());
    og_calib_fit(s, N, &c);
    static const double alpha[] = {0.5, 0.1, 0.01};
    for (size_t k = 0; k < 3; k++) {
        size_t hits = 0, n = 40000;
        for (size_t i = 0; i < n; i++)
            hits += exp(og_calib_log_p(&c, (float)(unit() + unit()))) <= alpha[k];
        double rate = (double)hits / (double)n;
        double sd = sqrt(alpha[k] / (double)N + alpha[k] / (double)n);
        assert_true(rate < alpha[k] + 4 * sd);
        assert_true(rate > 0.6 * alpha[k]);
    }
}

static void test_ties_and_few(void **ctx)
{
    struct og_calib c, again;
    struct og_buf b = OG_BUF_INIT;
    float same[10] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, one[1] = {5};
    (void)ctx;
    og_calib_fit(same, 10, &c);
    assert_true(og_calib_log_p(&c, 2) == 0 && og_calib_log_p(&c, 3) < 0);
    og_calib_fit(one, 1, &c);
    assert_true(og_calib_log_p(&c, 5) == 0);
    og_calib_encode(&c, &b);
    struct og_bytes in = {(const uint8_t *)b.p, b.len, 0};
    assert_true(og_calib_decode(&in, &again));
    assert_true(in.at == b.len && again.k == c.k && again.at[0] == 5);
    for (size_t cut = 0; cut < b.len; cut++) {
        struct og_bytes part = {(const uint8_t *)b.p, cut, 0};
        assert_false(og_calib_decode(&part, &again));
    }
    og_buf_release(&b);
}

static void test_combine(void **ctx)
{
    const float w[3] = {1, 2, 0};
    float even[3] = {-2.302585f, -2.302585f, -50}, one[3] = {-23.02585f, 0, 0};
    (void)ctx;
    assert_true(fabsf(og_calib_combine(even, w, 3) - 1) < 1e-3f); /* a weight of 0 has no say */
    float score = og_calib_combine(one, w, 3);
    assert_true(score < 10 && score > 9.5f); /* near the least */
    one[1] = -1;
    assert_true(og_calib_combine(one, w, 3) >= score);
    one[0] = -599;
    assert_true(isfinite(og_calib_combine(one, w, 3)));
}

static void test_bh(void **ctx)
{
    enum { N = 40 };
    (void)ctx;
    for (unsigned round = 0; round < 300; round++) {
        double p[N], q = 0.02 + 0.4 * unit();
        bool pick[N];
        size_t best = 0;
        for (size_t i = 0; i < N; i++)
            p[i] = unit() < 0.3 ? unit() * 0.01 : unit();
        size_t n = og_calib_bh(p, N, q, pick), picked = 0;
        for (size_t i = 0; i < N; i++) { /* k = how many are at or below p[i] */
            size_t k = 0;
            for (size_t j = 0; j < N; j++)
                k += p[j] <= p[i];
            if (p[i] <= q * (double)k / N && k > best)
                best = k;
        }
        assert_int_equal(n, best);
        for (size_t i = 0; i < N; i++)
            picked += pick[i];
        assert_int_equal(picked, n);
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++)
                assert_true(!(pick[i] && !pick[j]) || p[i] <= p[j]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conservative), cmocka_unit_test(test_valid),
        cmocka_unit_test(test_ties_and_few), cmocka_unit_test(test_combine),
        cmocka_unit_test(test_bh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
