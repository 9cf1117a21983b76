/* test_greedy.c - the fallback: valid, in row order, lowest column on ties. */
#include "base/base_num.h"
#include "match/match_cost.h"
#include "match/match_greedy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_order_and_ties(void **st)
{
    const int64_t c[] = {5, 5, 9, 5, 5, 9, 1, 1, OG_COST_NONE}, w[] = {10, 10, 10};
    const int64_t dear[] = {10, 11, 12};
    int32_t x[3];
    (void)st;
    og_greedy_match(3, 3, c, w, x);
    assert_int_equal(x[0], 0);
    assert_int_equal(x[1], 1);
    assert_int_equal(x[2], -1); /* what is left is infeasible */
    og_greedy_match(1, 3, dear, w, x);
    assert_int_equal(x[0], -1); /* not cheaper than waiting */
    og_greedy_match(3, 0, NULL, w, x);
    assert_int_equal(x[0], -1);
    og_greedy_match(0, 3, c, w, x);
}

static void test_valid(void **st)
{
    uint64_t s = 1;
    (void)st;
    for (int round = 0; round < 2000; round++) {
        size_t n = og_splitmix64(s++) % 9, m = og_splitmix64(s++) % 9;
        int64_t c[64], w[8];
        int32_t x[8];
        unsigned used = 0;
        for (size_t k = 0; k < n * m; k++)
            c[k] = og_splitmix64(s++) % 4 == 0 ? OG_COST_NONE : (int64_t)(og_splitmix64(s++) % 9);
        for (size_t i = 0; i < n; i++)
            w[i] = (int64_t)(og_splitmix64(s++) % 12);
        og_greedy_match(n, m, c, w, x);
        for (size_t i = 0; i < n; i++) {
            int64_t got = x[i] < 0 ? w[i] : c[i * m + (size_t)x[i]];
            assert_true(got != OG_COST_NONE && got <= w[i]);
            for (size_t j = 0; j < m; j++) /* nothing that was free then is cheaper */
                assert_true(used >> j & 1 || c[i * m + j] >= got);
            if (x[i] >= 0) {
                assert_false(used >> x[i] & 1);
                used |= 1u << x[i];
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_and_ties),
                                       cmocka_unit_test(test_valid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
