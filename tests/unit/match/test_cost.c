/* test_cost.c - the terms by hand, their bounds under the largest inputs, and what waiting costs.
 */
#include "base/base_num.h"
#include "match/match_cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_match_col a_col(uint64_t c_mflops)
{
    struct og_match_col c = {.node = 1, .c_mflops = c_mflops, .reliability_ppm = 500000};
    return c;
}

static void test_terms(void **st)
{
    struct og_match_row r = {.count = 2, .work_mflop = 3000, .in_bytes = 1500, .urgency = 3};
    struct og_match_col c[2] = {a_col(1000), a_col(4000)};
    struct og_cost_round round;
    struct og_cost_terms t;
    (void)st;
    c[0].queue_ms = 50;
    og_cost_round_init(&round, c, 2, 10000);
    assert_int_equal(round.c_fast, 4000);
    assert_int_equal(round.mean_ms, 0);
    og_cost_explain(&round, &r, &c[0], 1001, 100000, &t);
    assert_int_equal(t.queue_ms, 50);
    assert_int_equal(t.latency_ms, 2);
    assert_int_equal(t.transfer_ms, 15);
    assert_int_equal(t.run_ms, 3000);
    assert_int_equal(t.retry_ms, 3017);
    assert_int_equal(t.ect_ms, 50 + 2 * 3017);
    assert_int_equal(t.late_ms, 0);
    assert_int_equal(t.cost, 3 * (50 + 2 * 3017));
    r.deadline_ms = 10084;
    og_cost_explain(&round, &r, &c[0], 1001, 100000, &t);
    assert_int_equal(t.late_ms, 6000);
    assert_int_equal(t.cost, 3 * (6084 + 6000));
    r.work_mflop = 0; /* a second an element on the fastest slot */
    og_cost_explain(&round, &r, &c[0], 0, 0, &t);
    assert_int_equal(t.run_ms, 8000);
    assert_int_equal(t.transfer_ms, 2); /* a way nobody reported: a megabyte a second */
    r.limit_ms = 700;
    og_cost_explain(&round, &r, &c[0], 0, 0, &t);
    assert_int_equal(t.run_ms, 1400);
}

static void test_fairness(void **st)
{
    struct og_match_row r = {.count = 1, .work_mflop = 1000, .urgency = 1};
    struct og_match_col c[2] = {a_col(1000), a_col(1000)};
    struct og_cost_round round;
    struct og_cost_terms t;
    (void)st;
    c[0].recv_mflop = 200000; /* 200 s of work, the other none: mean 100 s */
    og_cost_round_init(&round, c, 2, 0);
    assert_int_equal(round.mean_ms, 100000);
    og_cost_explain(&round, &r, &c[0], 0, 1, &t);
    assert_int_equal(t.fair_ms, 100000 / 64);
    assert_true(og_cost_cell(&round, &r, &c[0], 0, 1) > og_cost_cell(&round, &r, &c[1], 0, 1));
    c[0].recv_mflop = UINT64_MAX;
    og_cost_explain(&round, &r, &c[0], 0, 1, &t);
    assert_int_equal(t.fair_ms, OG_COST_FAIR_MAX);
}

/* Every field at 0, 1 and its greatest value: always within the bounds, always below waiting. */
static void test_bounds(void **st)
{
    static const uint64_t big[] = {0, 1, 1000000, UINT64_MAX};
    (void)st;
    for (unsigned k = 0; k < 1u << 18; k++) {
        struct og_match_row r = {.count = (uint32_t)big[k & 3],
                                 .work_mflop = big[k >> 2 & 3],
                                 .limit_ms = big[k >> 4 & 3],
                                 .in_bytes = big[k >> 6 & 3],
                                 .urgency = (uint32_t)big[k >> 8 & 3],
                                 .deadline_ms = big[k >> 10 & 3],
                                 .age_ms = big[k & 3]};
        struct og_match_col c = {.c_mflops = big[k >> 12 & 3],
                                 .queue_ms = big[k >> 14 & 3],
                                 .recv_mflop = big[k >> 16 & 3],
                                 .reliability_ppm = (uint32_t)big[k >> 2 & 3]};
        struct og_cost_round round;
        og_cost_round_init(&round, &c, 1, big[k >> 4 & 3]);
        int64_t cost = og_cost_cell(&round, &r, &c, big[k >> 6 & 3], big[k >> 8 & 3]);
        int64_t wait = og_cost_wait(&r);
        assert_true(cost >= 0 && cost <= OG_COST_MAX);
        assert_true(wait > OG_COST_MAX && wait <= OG_COST_WAIT_MAX);
        assert_true(og_cost_tie(cost, k, 1023, 4095) < og_cost_wait_tie(wait));
    }
}

static void test_better_is_cheaper(void **st)
{
    struct og_match_row r = {.count = 1, .work_mflop = 100000, .in_bytes = 1000, .urgency = 2};
    struct og_match_col c = a_col(1000), better;
    struct og_cost_round round;
    (void)st;
    c.queue_ms = 10;
    og_cost_round_init(&round, &c, 1, 0);
    int64_t cost = og_cost_cell(&round, &r, &c, 5000, 1000);
    assert_true(og_cost_cell(&round, &r, &c, 4000, 1000) < cost);
    assert_true(og_cost_cell(&round, &r, &c, 5000, 2000) < cost);
    better = c;
    better.c_mflops = 2000;
    assert_true(og_cost_cell(&round, &r, &better, 5000, 1000) < cost);
    better = c;
    better.reliability_ppm = 900000;
    assert_true(og_cost_cell(&round, &r, &better, 5000, 1000) < cost);
    better = c;
    better.queue_ms = 0;
    assert_true(og_cost_cell(&round, &r, &better, 5000, 1000) < cost);
}

static void test_wait_order(void **st)
{
    struct og_match_row r = {.urgency = 1}, s = {.urgency = 2};
    (void)st;
    assert_true(og_cost_wait(&s) > og_cost_wait(&r));
    r.age_ms = 1000;
    assert_true(og_cost_wait(&r) > og_cost_wait(&(struct og_match_row){.urgency = 1}));
    assert_true(og_cost_wait(&s) > og_cost_wait(&r));
    r.age_ms = 3 * OG_COST_WAIT_STEP; /* nobody starves */
    assert_true(og_cost_wait(&s) < og_cost_wait(&r));
}

static void test_tie(void **st)
{
    (void)st;
    assert_true(og_cost_tie(OG_COST_NONE, 1, 2, 3) == OG_COST_NONE);
    assert_int_equal(og_cost_tie(10, 0, 0, 0), 640 + (int64_t)(0xe220a8397b1dcdafull & 63));
    assert_int_equal(og_cost_tie(0, UINT64_MAX, 0, 1), og_cost_tie(0, 0, 0, 0)); /* wraps */
    assert_int_equal(og_cost_tie(0, 5, 7, 9), (int64_t)(og_splitmix64(5 + (7ull << 32) + 9) % 64));
    unsigned seen[64] = {0};
    for (uint32_t i = 0; i < 64; i++)
        for (uint32_t j = 0; j < 64; j++)
            seen[og_cost_tie(0, 99, i, j)]++;
    for (int k = 0; k < 64; k++)
        assert_true(seen[k] > 20 && seen[k] < 120); /* 64 expected */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms),      cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_bounds),     cmocka_unit_test(test_better_is_cheaper),
        cmocka_unit_test(test_wait_order), cmocka_unit_test(test_tie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
