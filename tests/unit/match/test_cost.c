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

/* A way from the submitter's node, which holds the inputs. */
static struct og_cost_way a_way(uint64_t latency_us, uint64_t bytes_per_s)
{
    return (struct og_cost_way){.latency_us = latency_us, .bytes_per_s = bytes_per_s};
}

static void explain(const struct og_cost_round *round, const struct og_match_row *r,
                    const struct og_match_col *c, uint64_t latency_us, uint64_t bytes_per_s,
                    struct og_cost_terms *t)
{
    struct og_cost_way way = a_way(latency_us, bytes_per_s);
    og_cost_explain(round, r, c, &way, t);
}

static int64_t cell(const struct og_cost_round *round, const struct og_match_row *r,
                    const struct og_match_col *c, const struct og_cost_way *way)
{
    struct og_cost_terms t;
    og_cost_explain(round, r, c, way, &t);
    return t.cost;
}

static int64_t cell_at(const struct og_cost_round *round, const struct og_match_row *r,
                       const struct og_match_col *c, uint64_t latency_us, uint64_t bytes_per_s)
{
    struct og_cost_way way = a_way(latency_us, bytes_per_s);
    return cell(round, r, c, &way);
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
    explain(&round, &r, &c[0], 1001, 100000, &t);
    assert_int_equal(t.queue_ms, 50);
    assert_int_equal(t.latency_ms, 2);
    assert_int_equal(t.transfer_ms, 15);
    assert_int_equal(t.run_ms, 3000);
    assert_int_equal(t.retry_ms, 3017);
    assert_int_equal(t.ect_ms, 50 + 2 * 3017);
    assert_int_equal(t.late_ms, 0);
    assert_int_equal(t.cost, 3 * (50 + 2 * 3017));
    r.deadline_ms = 10084;
    explain(&round, &r, &c[0], 1001, 100000, &t);
    assert_int_equal(t.late_ms, 6000);
    assert_int_equal(t.cost, 3 * (6084 + 4 * 6000));
    r.deadline_ms = 1; /* long past: the wait from now on is what can be helped */
    explain(&round, &r, &c[0], 1001, 100000, &t);
    assert_int_equal(t.late_ms, t.ect_ms);
    r.deadline_ms = 10084;
    r.work_mflop = 0; /* a second an element on the fastest slot */
    explain(&round, &r, &c[0], 0, 0, &t);
    assert_int_equal(t.run_ms, 8000);
    assert_int_equal(t.transfer_ms, 2); /* a way nobody reported: a megabyte a second */
    r.limit_ms = 700;
    explain(&round, &r, &c[0], 0, 0, &t);
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
    explain(&round, &r, &c[0], 0, 1, &t);
    assert_int_equal(t.fair_ms, 100000 / OG_COST_FAIR_SHARE);
    assert_true(cell_at(&round, &r, &c[0], 0, 1) > cell_at(&round, &r, &c[1], 0, 1));
    c[0].recv_mflop = UINT64_MAX;
    explain(&round, &r, &c[0], 0, 1, &t);
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
                                 .learned_mflop = big[k >> 3 & 3],
                                 .limit_ms = big[k >> 4 & 3],
                                 .in_bytes = big[k >> 6 & 3],
                                 .urgency = (uint32_t)big[k >> 8 & 3],
                                 .deadline_ms = big[k >> 10 & 3],
                                 .age_ms = big[k & 3]};
        struct og_match_col c = {.c_mflops = big[k >> 12 & 3],
                                 .queue_ms = big[k >> 14 & 3],
                                 .recv_mflop = big[k >> 16 & 3],
                                 .pace_ppm = (uint32_t)big[k >> 15 & 3],
                                 .reliability_ppm = (uint32_t)big[k >> 2 & 3]};
        struct og_cost_round round;
        og_cost_round_init(&round, &c, 1, big[k >> 4 & 3]);
        struct og_cost_way way = {.latency_us = big[k >> 6 & 3],
                                  .fetch_us = big[k >> 10 & 3],
                                  .bytes_per_s = big[k >> 8 & 3],
                                  .held = k >> 9 & 1,
                                  .away = k >> 11 & 1};
        struct og_cost_terms t;
        og_cost_explain(&round, &r, &c, &way, &t);
        int64_t cost = t.cost;
        int64_t wait = og_cost_wait(&round, &r, t.ect_ms);
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
    int64_t cost = cell_at(&round, &r, &c, 5000, 1000);
    assert_true(cell_at(&round, &r, &c, 4000, 1000) < cost);
    assert_true(cell_at(&round, &r, &c, 5000, 2000) < cost);
    better = c;
    better.c_mflops = 2000;
    assert_true(cell_at(&round, &r, &better, 5000, 1000) < cost);
    better = c;
    better.reliability_ppm = 900000;
    assert_true(cell_at(&round, &r, &better, 5000, 1000) < cost);
    better = c;
    better.queue_ms = 0;
    assert_true(cell_at(&round, &r, &better, 5000, 1000) < cost);
}

/* Each fact of its own, from seeded pairs: the better it is the cheaper the pair, never dearer. */
static void test_monotone(void **st)
{
    (void)st;
    for (uint64_t seed = 0; seed < 20000; seed++) {
        uint64_t q[16];
        for (size_t k = 0; k < 16; k++)
            q[k] = og_splitmix64(seed * 16 + k);
        struct og_match_row r = {.count = 1 + (uint32_t)(q[0] % 8),
                                 .work_mflop = q[1] % 4 ? q[1] % 1000000 : 0,
                                 .learned_mflop = q[1] % 8 ? 0 : q[2] % 1000000,
                                 .limit_ms = q[2] % 3 ? 0 : q[2] % 100000,
                                 .in_bytes = q[3] % 100000000,
                                 .urgency = 1 + (uint32_t)(q[4] % 64),
                                 .deadline_ms = q[5] % 2 ? 0 : q[5] % 400000,
                                 .rank_ms = q[15] % 1000000};
        struct og_match_col c = {.c_mflops = 1 + q[6] % 10000,
                                 .queue_ms = q[7] % 5000,
                                 .recv_mflop = q[8] % 10000000,
                                 .reliability_ppm = (uint32_t)(q[9] % 1000001),
                                 .pace_ppm = 1000000 + (uint32_t)(q[10] % 3000000)};
        struct og_cost_way w = {.latency_us = q[11] % 900000,
                                .fetch_us = q[12] % 900000,
                                .bytes_per_s = 1 + q[13] % 1000000,
                                .away = q[14] % 2};
        struct og_match_col other = c;
        other.c_mflops = 20000;
        other.recv_mflop = 0;
        struct og_cost_round round;
        og_cost_round_init(&round, (struct og_match_col[]){c, other}, 2, 100000);
        int64_t cost = cell(&round, &r, &c, &w);
        struct og_match_col d = c;
        struct og_cost_way v = w;
#define NOT_DEARER(change, undo)                                                                   \
    do {                                                                                           \
        change;                                                                                    \
        assert_true(cell(&round, &r, &d, &v) <= cost);                                             \
        undo;                                                                                      \
    } while (0)
        NOT_DEARER(d.reliability_ppm += (1000000 - c.reliability_ppm) / 2, d = c);
        NOT_DEARER(d.c_mflops *= 2, d = c);
        NOT_DEARER(d.queue_ms /= 2, d = c);
        NOT_DEARER(r.rank_ms /= 2, r.rank_ms = q[15] % 1000000);
        NOT_DEARER(d.recv_mflop /= 2, d = c);
        NOT_DEARER(d.pace_ppm = 1000000, d = c);
        NOT_DEARER(v.latency_us /= 2, v = w);
        NOT_DEARER(v.fetch_us /= 2, v = w);
        NOT_DEARER(v.bytes_per_s *= 2, v = w);
        NOT_DEARER(v.held = true, v = w);
        NOT_DEARER(v.away = false, v = w);
#undef NOT_DEARER
        /* older, more urgent, nearer to its deadline: dearer to leave waiting */
        int64_t wait = og_cost_wait(&round, &r, 5000);
        struct og_match_row s = r;
        s.age_ms = 1 + q[15] % 1000000;
        assert_true(og_cost_wait(&round, &s, 5000) > wait);
        s = r;
        s.urgency = r.urgency < 64 ? r.urgency + 1 : 64;
        assert_true(og_cost_wait(&round, &s, 5000) >= wait);
        s = r;
        s.deadline_ms = 105000 + q[15] % 100000;
        wait = og_cost_wait(&round, &s, 5000);
        s.deadline_ms += 1000;
        assert_true(og_cost_wait(&round, &s, 5000) <= wait);
    }
}

static void test_work_moves_to_data(void **st)
{
    struct og_match_row r = {.count = 1, .work_mflop = 1000, .in_bytes = 5000000, .urgency = 2};
    struct og_match_col c = a_col(1000);
    struct og_cost_way far = {.latency_us = 1000, .fetch_us = 2500, .bytes_per_s = 1000000};
    struct og_cost_way held = far;
    struct og_cost_round round;
    struct og_cost_terms t;
    (void)st;
    held.held = true;
    c.reliability_ppm = 1000000;
    og_cost_round_init(&round, &c, 1, 0);
    og_cost_explain(&round, &r, &c, &far, &t);
    assert_int_equal(t.transfer_ms, 3 + 5000);
    assert_int_equal(t.ect_ms, 1 + 5003 + 1000);
    og_cost_explain(&round, &r, &c, &held, &t);
    assert_int_equal(t.transfer_ms, 0);
    assert_int_equal(t.cost, 2 * 1001);
    held.away = true;
    og_cost_explain(&round, &r, &c, &held, &t);
    assert_int_equal(t.switch_ms, OG_COST_SWITCH_MS);
    assert_int_equal(t.cost, 2 * 1001 + OG_COST_SWITCH_MS);
    r.in_bytes = 0; /* nothing to fetch, however far the holder */
    og_cost_explain(&round, &r, &c, &far, &t);
    assert_int_equal(t.transfer_ms, 0);
}

static void test_effective_rate(void **st)
{
    struct og_match_row r = {.count = 4, .learned_mflop = 8000, .urgency = 1};
    struct og_match_col c[2] = {a_col(1000), a_col(4000)};
    struct og_cost_round round;
    (void)st;
    og_cost_round_init(&round, c, 2, 0);
    assert_int_equal(og_cost_run(&round, &r, &c[0]), 8000);
    c[0].pace_ppm = 2500000;
    assert_int_equal(og_cost_run(&round, &r, &c[0]), 20000);
    r.work_mflop = 2000; /* what is known goes before what was learned */
    assert_int_equal(og_cost_run(&round, &r, &c[0]), 5000);
    r.limit_ms = 100;
    assert_int_equal(og_cost_run(&round, &r, &c[0]), 400);
    assert_int_equal(og_cost_left(1000, 400), 600);
    assert_int_equal(og_cost_left(1000, 1000), 0);
    assert_int_equal(og_cost_left(1000, 2500), 1500); /* late: as long again */
}

static void test_wait_order(void **st)
{
    struct og_match_row r = {.urgency = 1}, s = {.urgency = 2};
    struct og_cost_round round = {.now_ms = 1000, .c_fast = 1};
    (void)st;
    assert_true(og_cost_wait(&round, &s, 0) > og_cost_wait(&round, &r, 0));
    r.age_ms = 1000;
    assert_true(og_cost_wait(&round, &s, 0) > og_cost_wait(&round, &r, 0));
    r.age_ms = 3 * OG_COST_WAIT_STEP; /* nobody starves */
    assert_true(og_cost_wait(&round, &s, 0) < og_cost_wait(&round, &r, 0));
    /* 500 ms of work, 500 to spare: half of the press */
    int64_t plain = og_cost_wait(&round, &s, 500);
    s.deadline_ms = 2000;
    assert_int_equal(og_cost_wait(&round, &s, 500) - plain,
                     2 * OG_COST_PRESS * OG_COST_WAIT_STEP / 2);
    s.deadline_ms = 1499; /* missed whatever is done: no press */
    assert_int_equal(og_cost_wait(&round, &s, 500), plain);
}

/* What waits behind a row makes it dearer to be late and to leave waiting, up to twice and 8 steps.
 */
static void test_chain(void **st)
{
    struct og_match_row r = {.count = 1, .work_mflop = 3000, .urgency = 2};
    struct og_match_col c = a_col(1000);
    struct og_cost_way way = {.held = true};
    struct og_cost_round round;
    struct og_cost_terms t;
    int64_t plain;
    (void)st;
    c.reliability_ppm = 1000000;
    og_cost_round_init(&round, &c, 1, 0);
    plain = og_cost_wait(&round, &r, 3000);
    og_cost_explain(&round, &r, &c, &way, &t);
    assert_int_equal(t.chain_ms, 0);
    assert_int_equal(t.cost, 2 * 3000);
    r.rank_ms = 1000;
    og_cost_explain(&round, &r, &c, &way, &t);
    assert_int_equal(t.chain_ms, 750); /* 3000 · 1000 / 4000 */
    assert_int_equal(t.cost, 2 * 3750);
    assert_int_equal(og_cost_wait(&round, &r, 3000) - plain, 2 * 8 * OG_COST_WAIT_STEP / 4);
    r.rank_ms = UINT64_MAX; /* no chain makes it more than twice as dear */
    og_cost_explain(&round, &r, &c, &way, &t);
    assert_true(t.chain_ms <= 3000 && t.cost <= 2 * 6000);
    r.urgency = 64;
    r.age_ms = UINT64_MAX;
    assert_true(og_cost_wait(&round, &r, 0) <= OG_COST_WAIT_MAX);
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
        cmocka_unit_test(test_terms),          cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_bounds),         cmocka_unit_test(test_better_is_cheaper),
        cmocka_unit_test(test_monotone),       cmocka_unit_test(test_work_moves_to_data),
        cmocka_unit_test(test_effective_rate), cmocka_unit_test(test_wait_order),
        cmocka_unit_test(test_chain),          cmocka_unit_test(test_tie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
