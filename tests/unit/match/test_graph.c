/* test_graph.c - ways by hand, and against Bellman and Ford's repeated relaxation on random graphs.
 */
#include "base/base_num.h"
#include "match/match_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_by_hand(void **st)
{
    const uint64_t ids[] = {30, 10, 20, 40};
    const struct og_graph_link links[] = {
        {10, 20, 9999, 5},   {10, 20, 100, 5000}, {20, 10, 150, 9000}, /* the later report counts */
        {20, 30, 100, 7000}, {30, 20, 50, 8000},  {10, 30, 400, 1000},
        {30, 10, 10, 9000},  {10, 40, 10, 10}, /* one end only */
        {10, 99, 1, 1},      {10, 10, 1, 1},
    };
    uint64_t lat[4], bps[4];
    struct og_graph *g;
    struct og_err err = {0};
    (void)st;
    assert_int_equal(og_graph_new(ids, 4, links, 10, &g, &err), OG_OK);
    og_graph_from(g, 10, lat, bps);
    assert_int_equal(lat[0], 250); /* by 20: 150 + 100, not 400 */
    assert_int_equal(bps[0], 5000);
    assert_int_equal(lat[1], 0);
    assert_true(bps[1] == UINT64_MAX);
    assert_int_equal(lat[2], 150);
    assert_int_equal(lat[3], OG_GRAPH_LATENCY_NONE_US);
    assert_int_equal(bps[3], OG_GRAPH_BPS_NONE);
    og_graph_from(g, 77, lat, bps);
    for (int i = 0; i < 4; i++)
        assert_int_equal(lat[i], OG_GRAPH_LATENCY_NONE_US);
    og_graph_free(g);
    og_graph_free(NULL);
}

static void test_refuses(void **st)
{
    const uint64_t twice[] = {1, 2, 1}, zero[] = {1, 0};
    struct og_graph *g;
    struct og_err err = {0};
    (void)st;
    assert_int_equal(og_graph_new(twice, 3, NULL, 0, &g, &err), OG_E_DATA);
    assert_null(g);
    assert_int_equal(og_graph_new(zero, 2, NULL, 0, &g, &err), OG_E_DATA);
    assert_int_equal(og_graph_new(NULL, 0, NULL, 0, &g, &err), OG_OK);
    og_graph_from(g, 1, NULL, NULL);
    og_graph_free(g);
}

#define N 12

static void test_random(void **st)
{
    uint64_t s = 7;
    (void)st;
    for (int round = 0; round < 500; round++) {
        uint64_t ids[N], lat[N], bps[N], el[N][N], eb[N][N], rl[N], rb[N];
        struct og_graph_link links[N * N];
        size_t k = 0;
        struct og_graph *g;
        struct og_err err = {0};
        for (size_t i = 0; i < N; i++)
            ids[i] = 1000 - i * 7;
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++)
                el[i][j] = UINT64_MAX;
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < i; j++) {
                uint64_t h = og_splitmix64(s++), a = h % 5, b = (h >> 8) % 5 * 300000;
                if (h >> 60 < 9)
                    continue;
                links[k++] = (struct og_graph_link){ids[i], ids[j], a, 50 + (h >> 16) % 9};
                links[k++] = (struct og_graph_link){ids[j], ids[i], b, 50 + (h >> 24) % 9};
                el[i][j] = el[j][i] = og_max_u64(a, b);
                eb[i][j] = eb[j][i] = og_min_u64(50 + (h >> 16) % 9, 50 + (h >> 24) % 9);
            }
        assert_int_equal(og_graph_new(ids, N, links, k, &g, &err), OG_OK);
        og_graph_from(g, ids[0], lat, bps);
        for (size_t i = 0; i < N; i++) {
            rl[i] = OG_GRAPH_LATENCY_NONE_US;
            rb[i] = OG_GRAPH_BPS_NONE;
        }
        rl[0] = 0;
        rb[0] = UINT64_MAX;
        for (int pass = 0; pass < N; pass++)
            for (size_t i = 0; i < N; i++)
                for (size_t j = 0; j < N; j++) {
                    if (el[i][j] == UINT64_MAX)
                        continue;
                    uint64_t l = rl[i] + el[i][j], b = og_min_u64(rb[i], eb[i][j]);
                    if (l < rl[j] || (l == rl[j] && b > rb[j])) {
                        rl[j] = l;
                        rb[j] = b;
                    }
                }
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(lat[i], rl[i]);
            assert_int_equal(bps[i], rb[i]);
        }
        og_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_hand),
                                       cmocka_unit_test(test_refuses),
                                       cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
