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

#define K 7

/* Every simple way from `at` on, for the quickest of `bytes`. */
static void walk(uint64_t lat[K][K], uint64_t bps[K][K], size_t at, unsigned seen, uint64_t us,
                 uint64_t width, uint64_t bytes, uint64_t best[K])
{
    uint64_t all = us + (bytes ? og_muldiv_up(bytes, 1000000, width) : 0);
    if (all < best[at])
        best[at] = all;
    for (size_t j = 0; j < K; j++)
        if (bps[at][j] > 0 && !(seen >> j & 1))
            walk(lat, bps, j, seen | 1u << j, us + lat[at][j], og_min_u64(width, bps[at][j]), bytes,
                 best);
}

static void test_nearest(void **st)
{
    (void)st;
    for (uint64_t seed = 0; seed < 400; seed++) {
        uint64_t ids[K], lat[K][K] = {{0}}, bps[K][K] = {{0}}, src[3];
        struct og_graph_link l[K * K];
        struct og_graph_way out[K];
        struct og_graph *g;
        struct og_err err;
        size_t k = 0, n_src = 1 + seed % 2;
        uint64_t bytes = seed % 3 ? og_splitmix64(seed) % (1000000 << seed % 8) : 0;
        for (size_t i = 0; i < K; i++)
            ids[i] = 100 - i;
        for (size_t i = 0; i < K; i++)
            for (size_t j = 0; j < i; j++) {
                uint64_t r = og_splitmix64(seed * 1000 + i * K + j);
                if (r % 3 == 0)
                    continue;
                lat[i][j] = lat[j][i] = r / 3 % 300000;
                bps[i][j] = bps[j][i] = 1 + r / 1000000 % 3000000;
                l[k++] = (struct og_graph_link){ids[i], ids[j], lat[i][j], bps[i][j]};
                l[k++] = (struct og_graph_link){ids[j], ids[i], lat[i][j], bps[i][j]};
            }
        assert_int_equal(og_graph_new(ids, K, l, k, &g, &err), OG_OK);
        assert_int_equal(og_graph_edges(g), k);
        src[0] = ids[seed % K];
        src[1] = ids[(seed + 3) % K];
        src[n_src] = 9999; /* nobody */
        og_graph_nearest(g, src, n_src + 1, bytes, out);
        uint64_t best[K];
        for (size_t i = 0; i < K; i++)
            best[i] = OG_GRAPH_LATENCY_NONE_US +
                      (bytes ? og_muldiv_up(bytes, 1000000, OG_GRAPH_BPS_NONE) : 0);
        for (size_t s = 0; s < n_src; s++)
            walk(lat, bps, (seed + 3 * s) % K, 1u << (seed + 3 * s) % K, 0, UINT64_MAX, bytes,
                 best);
        for (size_t i = 0; i < K; i++)
            assert_int_equal(out[i].latency_us +
                                 (bytes ? og_muldiv_up(bytes, 1000000, out[i].bytes_per_s) : 0),
                             best[i]);
        og_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand), cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_random), cmocka_unit_test(test_nearest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
