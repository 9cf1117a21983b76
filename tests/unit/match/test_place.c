/* test_place.c - turns on slots: the sum of completion times against every order, and who is first.
 */
#include "base/base_num.h"
#include "match/match_hungarian.h"
#include "match/match_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TASKS 5
#define SLOTS 2

static void test_count(void **st)
{
    (void)st;
    assert_int_equal(og_place_count(0, 5, 1000), 1);
    assert_int_equal(og_place_count(5, 0, 1000), 1);
    assert_int_equal(og_place_count(1, 3, 1000), 1);
    assert_int_equal(og_place_count(3, 3, 1000), 3);
    assert_int_equal(og_place_count(64, 2, 262144), OG_PLACES_MAX);
    assert_int_equal(og_place_count(64, 1024, 262144), 4);
    assert_int_equal(og_place_count(64, 4096, 262144), 1);
    assert_int_equal(og_place_count(1024, 4096, 1), 1);
}

static void test_cost(void **st)
{
    (void)st;
    assert_int_equal(og_place_cost(100, 30, 0), 100);
    assert_int_equal(og_place_cost(100, 30, 7), 310);
    assert_true(og_place_cost(OG_COST_NONE, 0, 1) == OG_COST_NONE);
    assert_true(og_place_cost(OG_COST_MAX, 1, 1) == OG_COST_MAX);
    assert_true(og_place_cost(1, UINT64_MAX, 1) == OG_COST_MAX);
    assert_true(og_place_cost(1, UINT64_MAX, 7) == OG_COST_MAX);
    assert_true(og_place_cost(1, 0, 7) == 1);
}

struct small {
    uint64_t keep[TASKS][SLOTS], ready[SLOTS];
};

/* Least sum of completion times over all ways to deal the tasks, each slot's in the best order. */
static uint64_t brute(const struct small *p)
{
    uint64_t best = UINT64_MAX;
    for (unsigned deal = 0; deal < 1u << TASKS; deal++) {
        uint64_t sum = 0;
        for (size_t s = 0; s < SLOTS; s++) {
            uint64_t at = p->ready[s], left[TASKS];
            size_t n = 0;
            for (size_t i = 0; i < TASKS; i++)
                if ((deal >> i & 1) == s)
                    left[n++] = p->keep[i][s];
            for (; n > 0; n--) { /* shortest first */
                size_t k = 0;
                for (size_t i = 1; i < n; i++)
                    k = left[i] < left[k] ? i : k;
                at += left[k];
                sum += at;
                left[k] = left[n - 1];
            }
        }
        best = og_min_u64(best, sum);
    }
    return best;
}

static void test_sum_of_completion(void **st)
{
    (void)st;
    for (uint64_t seed = 0; seed < 500; seed++) {
        enum { M = SLOTS * TASKS };
        struct small p;
        int64_t c[TASKS * M], wait[TASKS], u[TASKS], v[M], sum = 0;
        int32_t x[TASKS], first[SLOTS];
        struct og_err err;
        for (size_t s = 0; s < SLOTS; s++)
            p.ready[s] = og_splitmix64(seed * 100 + s) % 300;
        for (size_t i = 0; i < TASKS; i++) {
            wait[i] = OG_COST_WAIT_MIN + 1000; /* all weigh the same */
            for (size_t s = 0; s < SLOTS; s++)
                p.keep[i][s] = 1 + og_splitmix64(seed * 100 + 10 + i * SLOTS + s) % 200;
            for (size_t j = 0; j < M; j++) {
                uint64_t keep = p.keep[i][j / TASKS];
                int64_t cell = (int64_t)(p.ready[j / TASKS] + keep);
                c[i * M + j] = og_place_cost(cell, keep, j % TASKS);
            }
        }
        assert_int_equal(og_hungarian_solve(TASKS, M, c, wait, x, u, v, &err), OG_OK);
        for (size_t i = 0; i < TASKS; i++) {
            assert_true(x[i] >= 0);
            sum += c[i * M + (size_t)x[i]];
        }
        assert_int_equal(sum, brute(&p));
        /* the first of a slot is its shortest, and has the highest place */
        og_place_first(TASKS, M, TASKS, 1, c, wait, x, first);
        for (size_t i = 0; i < TASKS; i++) {
            size_t s = (size_t)x[i] / TASKS, f = (size_t)first[s];
            assert_true(first[s] >= 0 && (size_t)x[f] / TASKS == s);
            assert_true(p.keep[f][s] <= p.keep[i][s]);
        }
    }
}

/* Smith's rule: weight over time; in a round with ties the same. */
static void test_first(void **st)
{
    int64_t c[3 * 4] = {100, 200, 50, 60,   /* 100 ms on the first slot */
                        300, 600, 50, 60,   /* 300 ms */
                        50,  60,  70, 140}; /* the second slot's */
    int64_t wait[3], tied[3 * 4];
    int32_t x[3] = {0, 1, 2}, first[2];
    static const int64_t weight[3] = {1000, 2900, 1};
    (void)st;
    for (size_t i = 0; i < 3; i++)
        wait[i] = OG_COST_WAIT_MIN + weight[i];
    og_place_first(3, 4, 2, 1, c, wait, x, first);
    assert_int_equal(first[0], 0); /* 1000/101 > 2900/301 */
    assert_int_equal(first[1], 2);
    wait[1] += 200; /* 3100/301 */
    og_place_first(3, 4, 2, 1, c, wait, x, first);
    assert_int_equal(first[0], 1);
    for (size_t k = 0; k < 12; k++)
        tied[k] = og_cost_tie(c[k], 7, (uint32_t)(k / 4), (uint32_t)(k % 4));
    for (size_t i = 0; i < 3; i++)
        wait[i] = og_cost_wait_tie(wait[i]);
    og_place_first(3, 4, 2, 64, tied, wait, x, first);
    assert_int_equal(first[0], 1);
    x[0] = x[1] = -1;
    og_place_first(3, 4, 2, 64, tied, wait, x, first);
    assert_int_equal(first[0], -1);
    og_place_first(0, 0, 1, 64, NULL, NULL, NULL, first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_sum_of_completion),
        cmocka_unit_test(test_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
