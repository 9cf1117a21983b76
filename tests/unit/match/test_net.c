/* test_net.c - measures of random small graphs against brute force: every path, every subset. */
#include "base/base_num.h"
#include "match/match_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 7

static uint64_t state = 1;

static uint64_t below(uint64_t n)
{
    return og_splitmix64(state++) % n;
}

struct plain {
    size_t n;
    bool has[N][N];
    uint64_t lat[N][N], bps[N][N];
};

/* The best way so far while all simple paths are tried. */
struct found {
    bool any;
    uint64_t lat, bps;
    size_t hops, node[N];
};

static bool beats(const struct found *a, const struct found *b)
{
    if (!b->any || a->lat != b->lat)
        return !b->any || a->lat < b->lat;
    if (a->bps != b->bps)
        return a->bps > b->bps;
    if (a->hops != b->hops)
        return a->hops < b->hops;
    for (size_t i = 0; i <= a->hops; i++)
        if (a->node[i] != b->node[i])
            return a->node[i] < b->node[i];
    return false;
}

static void try_all(const struct plain *g, struct found *way, size_t to, unsigned seen,
                    struct found *best)
{
    size_t at = way->node[way->hops];
    if (at == to && beats(way, best))
        *best = *way;
    for (size_t v = 0; v < g->n && at != to; v++) {
        if (!g->has[at][v] || (seen >> v & 1))
            continue;
        struct found next = *way;
        next.lat += g->lat[at][v];
        next.bps = og_min_u64(next.bps, g->bps[at][v]);
        next.node[++next.hops] = v;
        try_all(g, &next, to, seen | 1u << v, best);
    }
}

static struct found best_way(const struct plain *g, size_t from, size_t to)
{
    struct found way = {true, 0, OG_NET_VALUE_MAX, 0, {from}}, best = {.any = false};
    try_all(g, &way, to, 1u << from, &best);
    return best;
}

/* Nodes of `from`'s component that are reached without node `gone`. */
static unsigned reach(const struct plain *g, size_t from, size_t gone)
{
    unsigned seen = 1u << from, old = 0;
    while (seen != old) {
        old = seen;
        for (size_t i = 0; i < g->n; i++)
            for (size_t j = 0; j < g->n; j++)
                if (i != gone && j != gone && (seen >> i & 1) && g->has[i][j])
                    seen |= 1u << j;
    }
    return seen;
}

static uint64_t cut_of(const struct plain *g, unsigned part, unsigned side)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < g->n; i++)
        for (size_t j = 0; j < g->n; j++)
            if ((part & side) >> i & 1 && (part & ~side) >> j & 1 && g->has[i][j])
                sum += g->bps[i][j];
    return sum;
}

static struct og_net *draw(struct plain *g, uint64_t *ids)
{
    struct og_net_node node[N];
    struct og_graph_link link[2 * N * N];
    size_t k = 0;
    struct og_net *net;
    struct og_err err = {0};
    memset(g, 0, sizeof *g);
    g->n = 1 + below(N);
    for (size_t i = 0; i < g->n; i++)
        ids[i] = 10 * i + 1 + below(9);
    for (size_t i = 0; i < g->n; i++)
        node[g->n - 1 - i] = (struct og_net_node){.id = ids[i], .c_mflops = 100 + i};
    uint64_t dense = 1 + below(4);
    for (size_t i = 0; i < g->n; i++)
        for (size_t j = 0; j < i; j++) {
            if (below(4) >= dense)
                continue;
            uint64_t lat[2] = {below(5), below(5)}, bps[2] = {1 + below(4), 1 + below(4)};
            bool one = below(6) == 0; /* one end only: no edge */
            link[k++] = (struct og_graph_link){ids[i], ids[j], lat[0], bps[0]};
            if (one)
                continue;
            link[k++] = (struct og_graph_link){ids[j], ids[i], lat[1], bps[1]};
            g->has[i][j] = g->has[j][i] = true;
            g->lat[i][j] = g->lat[j][i] = og_max_u64(lat[0], lat[1]);
            g->bps[i][j] = g->bps[j][i] = og_min_u64(bps[0], bps[1]);
        }
    assert_int_equal(og_net_new(node, g->n, link, k, true, &net, &err), OG_OK);
    og_net_measure(net);
    return net;
}

static void check_paths(const struct plain *g, const struct og_net *net, const uint64_t *ids)
{
    struct og_err err;
    for (size_t i = 0; i < g->n; i++)
        for (size_t j = 0; j < g->n; j++) {
            struct found want = best_way(g, i, j);
            struct og_net_way way;
            assert_int_equal(og_net_path(net, ids[i], ids[j], &way, &err), OG_OK);
            assert_int_equal(way.found, want.any);
            if (!want.any)
                continue;
            assert_int_equal(way.latency_us, want.lat);
            assert_int_equal(way.bytes_per_s, want.bps);
            assert_int_equal(way.hops, want.hops);
            for (size_t k = 0; k <= want.hops; k++)
                assert_int_equal(way.id[k], ids[want.node[k]]);
            free(way.id);
        }
}

static void check_part(const struct plain *g, const struct og_net *net, size_t p, unsigned part)
{
    const struct og_net_part *got = &net->part[p];
    uint64_t diameter = 0, cut = UINT64_MAX;
    size_t ends[2] = {SIZE_MAX, SIZE_MAX};
    unsigned side = 0;
    for (size_t i = 0; i < g->n; i++) {
        side |= (unsigned)(net->cut_side[i] && (part >> i & 1)) << i;
        for (size_t j = i; j < g->n; j++)
            if ((part >> i & 1) && (part >> j & 1)) {
                uint64_t lat = best_way(g, i, j).lat;
                if (ends[0] == SIZE_MAX || lat > diameter) {
                    ends[0] = i;
                    ends[1] = j;
                }
                diameter = og_max_u64(diameter, lat);
            }
    }
    assert_int_equal(got->diameter_us, diameter);
    if (diameter > 0) {
        assert_int_equal(got->from, ends[0]);
        assert_int_equal(got->to, ends[1]);
    }
    assert_int_equal(got->nodes, __builtin_popcount(part));
    for (unsigned s = 1; s < 1u << g->n; s++)
        if ((s & part) == s && s != part)
            cut = og_min_u64(cut, cut_of(g, part, s));
    if (got->nodes == 1) {
        assert_int_equal(got->cut_bytes, 0);
        return;
    }
    assert_int_equal(got->cut_bytes, cut);
    assert_int_equal(cut_of(g, part, side), cut);
    assert_int_equal(got->cut_nodes, __builtin_popcount(side));
    assert_true(2 * got->cut_nodes <= got->nodes);
}

static void test_random(void **st)
{
    (void)st;
    for (int round = 0; round < 1500; round++) {
        struct plain g;
        uint64_t ids[N], c_net = 0;
        struct og_net *net = draw(&g, ids);
        size_t parts = 0, number[N];
        for (size_t i = 0; i < g.n; i++) {
            unsigned part = reach(&g, i, SIZE_MAX);
            size_t low = (size_t)__builtin_ctz(part);
            c_net += 100 + i;
            if (low == i) {
                number[i] = parts;
                check_part(&g, net, parts++, part);
            }
            assert_int_equal(net->node[i].component, number[low]);
            /* articulation: its neighbours no longer all reach each other */
            size_t other = 0;
            while (other < g.n && (other == i || !(part >> other & 1)))
                other++;
            bool apart = other < g.n && reach(&g, other, i) != (part & ~(1u << i));
            assert_int_equal(net->node[i].articulation, apart);
        }
        assert_int_equal(net->parts, parts);
        assert_int_equal(net->c_net_mflops, c_net);
        for (size_t e = 0; e < net->edges; e++) {
            size_t a = net->edge[e].a, b = net->edge[e].b;
            g.has[a][b] = g.has[b][a] = false;
            assert_int_equal(net->edge[e].bridge, !(reach(&g, a, SIZE_MAX) >> b & 1));
            g.has[a][b] = g.has[b][a] = true;
        }
        check_paths(&g, net, ids);
        og_net_free(net);
    }
}

static void test_one_end(void **st)
{
    const struct og_net_node node[] = {{.id = 2, .c_mflops = UINT64_MAX}, {.id = 1, .c_mflops = 5}};
    const struct og_graph_link link[] = {{1, 2, 7, 9}, {1, 2, 8, 10}, {1, 1, 1, 1}, {1, 3, 1, 1}};
    struct og_net *net;
    struct og_err err;
    (void)st;
    assert_int_equal(og_net_new(node, 2, link, 4, false, &net, &err), OG_OK);
    assert_int_equal(net->edges, 1);
    assert_int_equal(net->edge[0].latency_us, 8); /* the later report */
    assert_true(net->c_net_mflops == UINT64_MAX);
    assert_true(net->edge[0].bridge);
    og_net_free(net);
    assert_int_equal(og_net_new(node, 2, link, 4, true, &net, &err), OG_OK);
    assert_int_equal(net->edges, 0);
    assert_int_equal(net->parts, 2);
    og_net_measure(net);
    og_net_free(net);
    assert_int_equal(og_net_new(NULL, 0, NULL, 0, true, &net, &err), OG_OK);
    og_net_measure(net);
    assert_int_equal(net->parts, 0);
    og_net_free(net);
    og_net_free(NULL);
}

static void test_refuses(void **st)
{
    const struct og_net_node twice[] = {{.id = 2}, {.id = 2}}, zero[] = {{.id = 0}};
    const struct og_net_node two[] = {{.id = 1}, {.id = 2}};
    const struct og_graph_link wide = {1, 2, 1, OG_NET_VALUE_MAX + 1};
    struct og_net *net;
    struct og_net_way way;
    struct og_err err;
    (void)st;
    assert_int_equal(og_net_new(twice, 2, NULL, 0, true, &net, &err), OG_E_DATA);
    assert_null(net);
    assert_int_equal(og_net_new(zero, 1, NULL, 0, true, &net, &err), OG_E_DATA);
    assert_int_equal(og_net_new(two, 2, &wide, 1, true, &net, &err), OG_E_DATA);
    assert_int_equal(og_net_new(two, OG_NET_NODES_MAX + 1, NULL, 0, true, &net, &err), OG_E_DATA);
    assert_int_equal(og_net_new(two, 2, NULL, 0, true, &net, &err), OG_OK);
    assert_int_equal(og_net_path(net, 1, 3, &way, &err), OG_E_DATA);
    assert_int_equal(og_net_path(net, 3, 1, &way, &err), OG_E_DATA);
    assert_int_equal(og_net_path(net, 1, 2, &way, &err), OG_OK);
    assert_false(way.found);
    og_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_one_end),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
