/* test_pull.c - leases move to idle slots for more than the threshold, best first, none twice. */
#include "base/base_num.h"
#include "match/match_pull.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define X OG_COST_NONE

static void choose(size_t n, size_t m, const struct og_pull_row *row, const int64_t *ect,
                   int32_t *to)
{
    struct og_err err = {0};
    assert_int_equal(og_pull_choose(n, m, row, ect, to, &err), OG_OK);
}

static void test_threshold(void **st)
{
    struct og_pull_row waits = {.stay_ms = 10000, .urgency = 1};
    struct og_pull_row runs = {.stay_ms = 10000, .urgency = 1, .runs = true};
    int32_t to;
    (void)st;
    assert_int_equal(og_pull_threshold(&waits), 1000);
    assert_int_equal(og_pull_threshold(&runs), 6000);
    for (int64_t ect = 0; ect <= 12000; ect += 50) {
        choose(1, 1, &waits, &ect, &to);
        assert_int_equal(to, ect < 9000 ? 0 : -1);
        choose(1, 1, &runs, &ect, &to);
        assert_int_equal(to, ect < 4000 ? 0 : -1);
    }
    waits.stay_ms = 900; /* less than the threshold in all */
    choose(1, 1, &waits, (int64_t[]){0}, &to);
    assert_int_equal(to, -1);
}

static void test_one_slot(void **st)
{
    struct og_pull_row row[3] = {{20000, 1, false}, {40000, 1, false}, {25000, 4, false}};
    int32_t to[3];
    (void)st;
    choose(3, 1, row, (int64_t[]){5000, 5000, 5000}, to); /* 4 times 19 s is the most */
    assert_true(to[0] == -1 && to[1] == -1 && to[2] == 0);
    choose(3, 1, row, (int64_t[]){5000, 5000, X}, to);
    assert_true(to[0] == -1 && to[1] == 0 && to[2] == -1);
    choose(3, 2, row, (int64_t[]){5000, 1000, 5000, 30000, X, 9000}, to);
    assert_true(to[0] == -1 && to[1] == 0 && to[2] == 1);
    choose(3, 0, row, NULL, to);
    assert_true(to[0] == -1 && to[1] == -1 && to[2] == -1);
}

/* Against all ways to move three leases to three slots. */
static int64_t best(size_t i, unsigned taken, const struct og_pull_row *row, const int64_t *ect)
{
    if (i == 3)
        return 0;
    int64_t most = best(i + 1, taken, row, ect);
    for (unsigned j = 0; j < 3; j++) {
        if (taken >> j & 1 || ect[3 * i + j] == X)
            continue;
        int64_t gain =
            (int64_t)row[i].stay_ms - (int64_t)og_pull_threshold(&row[i]) - ect[3 * i + j];
        if (gain <= 0)
            continue;
        gain = gain * row[i].urgency + best(i + 1, taken | 1u << j, row, ect);
        most = gain > most ? gain : most;
    }
    return most;
}

static void test_best(void **st)
{
    (void)st;
    for (uint64_t seed = 0; seed < 5000; seed++) {
        struct og_pull_row row[3];
        int64_t ect[9], got = 0;
        int32_t to[3];
        unsigned taken = 0;
        for (size_t i = 0; i < 3; i++)
            row[i] = (struct og_pull_row){og_splitmix64(16 * seed + i) % 20000,
                                          1 + (uint32_t)(og_splitmix64(16 * seed + 3 + i) % 3),
                                          og_splitmix64(seed) >> i & 1};
        for (size_t k = 0; k < 9; k++)
            ect[k] = og_splitmix64(16 * seed + 6 + k) % 5 == 0
                         ? X
                         : (int64_t)(og_splitmix64(16 * seed + 6 + k) % 15000);
        choose(3, 3, row, ect, to);
        for (size_t i = 0; i < 3; i++) {
            if (to[i] < 0)
                continue;
            int64_t gain = (int64_t)row[i].stay_ms - (int64_t)og_pull_threshold(&row[i]) -
                           ect[3 * i + (size_t)to[i]];
            assert_true(gain > 0 && !(taken >> to[i] & 1));
            taken |= 1u << to[i];
            got += gain * row[i].urgency;
        }
        assert_int_equal(got, best(0, 0, row, ect));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_one_slot),
        cmocka_unit_test(test_best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
