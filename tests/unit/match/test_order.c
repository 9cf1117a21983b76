/* test_order.c - Smith's rule and Σ of completion times against brute force, published optima of
 * the latter, and HEFT on the example of its paper. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_order.h"

#include <jansson.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 6
#define M 3

static uint64_t state = 1;

static uint64_t draw(uint64_t n)
{
    return og_splitmix64(state++) % n;
}

static uint64_t weighted(size_t n, const uint64_t *time, const uint64_t *weight,
                         const size_t *order)
{
    uint64_t at = 0, sum = 0;
    for (size_t k = 0; k < n; k++) {
        at += time[order[k]];
        sum += weight[order[k]] * at;
    }
    return sum;
}

static uint64_t best_order(size_t n, const uint64_t *time, const uint64_t *weight, size_t *order,
                           size_t k)
{
    uint64_t best = k == n ? weighted(n, time, weight, order) : UINT64_MAX;
    for (size_t i = k; i < n; i++) {
        size_t t = order[k];
        order[k] = order[i];
        order[i] = t;
        best = og_min_u64(best, best_order(n, time, weight, order, k + 1));
        order[i] = order[k];
        order[k] = t;
    }
    return best;
}

static void test_smith(void **st)
{
    (void)st;
    for (int round = 0; round < 1000; round++) {
        uint64_t time[N], weight[N];
        size_t order[N], trial[N], n = draw(N + 1);
        unsigned seen = 0;
        for (size_t i = 0; i < n; i++) {
            time[i] = draw(5);
            weight[i] = draw(5);
            trial[i] = i;
        }
        og_order_smith(n, time, weight, order);
        for (size_t k = 0; k < n; k++) {
            seen |= 1u << order[k];
            if (k > 0 && time[order[k]] == time[order[k - 1]] &&
                weight[order[k]] == weight[order[k - 1]])
                assert_true(order[k] > order[k - 1]);
        }
        assert_int_equal(seen, (1u << n) - 1);
        assert_int_equal(weighted(n, time, weight, order), best_order(n, time, weight, trial, 0));
    }
}

/* Σ of completion times when each machine runs its tasks shortest first. */
static uint64_t sum_of(size_t n, size_t m, const int64_t *p, const size_t *x)
{
    uint64_t sum = 0;
    for (size_t j = 0; j < m; j++) {
        uint64_t time[N], one[N];
        size_t order[N], k = 0;
        for (size_t i = 0; i < n; i++)
            if (x[i] == j) {
                time[k] = (uint64_t)p[i * m + j];
                one[k++] = 1;
            }
        og_order_smith(k, time, one, order);
        sum += weighted(k, time, one, order);
    }
    return sum;
}

static uint64_t best_sum(size_t n, size_t m, const int64_t *p, size_t *x, size_t i)
{
    uint64_t best = i == n ? sum_of(n, m, p, x) : UINT64_MAX;
    for (x[i] = 0; i < n && x[i] < m; x[i]++)
        if (p[i * m + x[i]] != OG_COST_NONE)
            best = og_min_u64(best, best_sum(n, m, p, x, i + 1));
    return best;
}

static void test_sumcj(void **st)
{
    (void)st;
    for (int round = 0; round < 400; round++) {
        size_t n = draw(N + 1), m = 1 + draw(M), x[N + 1], placed[M] = {0};
        int64_t p[N * M];
        int32_t machine[N];
        uint32_t back[N];
        struct og_order_sum out;
        struct og_err err;
        for (size_t k = 0; k < n * m; k++)
            p[k] = draw(6) == 0 && k % m > 0 ? OG_COST_NONE : (int64_t)draw(20);
        assert_int_equal(og_order_sumcj(n, m, p, 0, NULL, NULL, machine, back, &out, &err), OG_OK);
        assert_true(out.optimal);
        assert_int_equal(out.placed, n);
        assert_int_equal(out.sum, best_sum(n, m, p, x, 0));
        for (size_t i = 0; i < n; i++) {
            assert_in_range(machine[i], 0, m - 1);
            assert_true(p[i * m + (size_t)machine[i]] != OG_COST_NONE);
            placed[machine[i]]++;
        }
        for (size_t i = 0; i < n; i++) /* places are taken from the end without a hole */
            assert_in_range(back[i], 1, placed[machine[i]]);
    }
}

static void test_sumcj_bounds(void **st)
{
    const int64_t bad[] = {-1}, wide[] = {INT64_MAX - 1}, fine[] = {3, 4, 5};
    int32_t machine[3];
    uint32_t back[3];
    struct og_order_sum out;
    struct og_err err;
    (void)st;
    assert_int_equal(og_order_sumcj(1, 1, bad, 0, NULL, NULL, machine, back, &out, &err),
                     OG_E_DATA);
    assert_int_equal(og_order_sumcj(1, 1, wide, 0, NULL, NULL, machine, back, &out, &err),
                     OG_E_DATA);
    assert_int_equal(og_order_sumcj(3, 1, fine, 2, NULL, NULL, machine, back, &out, &err), OG_OK);
    assert_int_equal(out.placed, 2); /* two places: the longest stays out */
    assert_int_equal(out.sum, 3 + 7);
    assert_int_equal(machine[2], -1);
}

/* ---- the kind `sumcj` of the reference instances: m/16 machines with 16 places each */

static uint64_t stream;

static int64_t below(uint64_t r)
{
    uint64_t z = og_splitmix64(stream);
    stream += 0x9E3779B97F4A7C15ull;
    return (int64_t)((z >> 32) * r >> 32);
}

static void fill(int64_t *a, size_t n, uint64_t r)
{
    for (size_t i = 0; i < n; i++)
        a[i] = below(r);
}

static int64_t *make(size_t n, size_t m)
{
    static const int64_t speed[] = {8, 15, 20, 30, 35, 40, 65, 82, 125, 156, 330, 495, 660, 989};
    int64_t *a = og_xcalloc(5 * m + 4 * n + 1, sizeof *a), *p = og_xcalloc(n * m + 1, sizeof *p);
    int64_t *type = a, *jit = a + m, *reg = a + 2 * m, *busy = a + 3 * m, *queue = a + 4 * m;
    int64_t *cl = a + 5 * m, *mb = cl + n, *treg = mb + n, *need = treg + n;
    fill(type, m, 14);
    fill(jit, m, 81);
    fill(reg, m, 8);
    fill(busy, m, 4);
    fill(queue, m, 60000);
    fill(cl, n, 24);
    fill(mb, n, 4096);
    fill(treg, n, 8);
    fill(need, n, 8);
    for (size_t i = 0; i < n; i++) {
        int64_t work = ((int64_t)20 << (cl[i] / 2)) * (cl[i] % 2 ? 3 : 2);
        for (size_t j = 0; j < m; j++) {
            int64_t d = llabs(treg[i] - reg[j]);
            p[i * m + j] = work * 1000000 / (speed[type[j]] * (960 + jit[j])) + 5 + 20 * d +
                           mb[i] * (1 + d) / 8;
        }
    }
    free(a);
    return p;
}

static void solve_reference(const char *path)
{
    json_t *o = json_load_file(path, 0, NULL);
    assert_non_null(o);
    size_t n = (size_t)json_integer_value(json_object_get(o, "n"));
    size_t m = (size_t)json_integer_value(json_object_get(o, "m")) / 16;
    stream = (uint64_t)json_integer_value(json_object_get(o, "seed"));
    int64_t *p = make(n, m);
    int32_t *machine = og_xcalloc(n, sizeof *machine);
    uint32_t *back = og_xcalloc(n, sizeof *back);
    struct og_order_sum out;
    struct og_err err;
    assert_int_equal(og_order_sumcj(n, m, p, 16, NULL, NULL, machine, back, &out, &err), OG_OK);
    assert_int_equal(out.sum, json_integer_value(json_object_get(o, "optimal_cost")));
    assert_int_equal(out.placed, json_integer_value(json_object_get(o, "matched")));
    free(p);
    free(machine);
    free(back);
    json_decref(o);
}

static void test_reference(void **st)
{
    const char *shared = getenv("OGPU_SHARED");
    char folder[4096], path[8192];
    int seen = 0;
    (void)st;
    snprintf(folder, sizeof folder, "%s/match/dev", shared ? shared : "../shared");
    DIR *d = opendir(folder);
    if (d == NULL) {
        print_message("skip: no %s\n", folder);
        skip();
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strncmp(e->d_name, "sumcj_", 6) == 0) {
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            solve_reference(path);
            seen++;
        }
    closedir(d);
    assert_true(seen > 0);
}

/* ---- HEFT */

/* Topcuoglu, Hariri and Wu (2002), table 1 and figure 2; its schedule ends at 80. */
static void test_heft_paper(void **st)
{
    const int64_t p[] = {14, 16, 9, 13, 19, 18, 11, 13, 19, 13, 8,  17, 12, 13, 10,
                         13, 16, 9, 7,  15, 11, 5,  11, 14, 18, 12, 20, 21, 7,  16};
    const struct og_order_edge edge[] = {
        {0, 1, 18}, {0, 2, 12}, {0, 3, 9},  {0, 4, 11}, {0, 5, 14},
        {1, 7, 19}, {1, 8, 16}, {2, 6, 23}, {3, 7, 27}, {3, 8, 23},
        {4, 8, 13}, {5, 7, 15}, {6, 9, 17}, {7, 9, 11}, {8, 9, 13},
    };
    const uint64_t want[] = {108, 77, 79, 80, 69, 63, 42, 35, 44, 14};
    struct og_order_slot slot[10];
    uint64_t rank[10], makespan;
    struct og_err err;
    (void)st;
    assert_int_equal(og_order_heft(10, 3, p, edge, 15, NULL, NULL, slot, rank, &makespan, &err),
                     OG_OK);
    assert_int_equal(makespan, 80);
    for (size_t i = 0; i < 10; i++) /* the paper's means are not rounded: 108.000 77.000 79.999 … */
        assert_in_range(rank[i], want[i] - 2, want[i]);
    assert_int_equal(slot[9].finish, 80);
}

static void check_heft(size_t n, size_t m, const int64_t *p, const struct og_order_edge *edge,
                       size_t edges, const uint64_t *ready, const uint64_t *release)
{
    struct og_order_slot slot[N];
    uint64_t makespan, last = 0;
    struct og_err err;
    assert_int_equal(
        og_order_heft(n, m, p, edge, edges, ready, release, slot, NULL, &makespan, &err), OG_OK);
    for (size_t i = 0; i < n; i++) {
        assert_in_range(slot[i].machine, 0, m - 1);
        assert_int_equal(slot[i].finish - slot[i].start, p[i * m + (size_t)slot[i].machine]);
        assert_true(slot[i].start >= ready[slot[i].machine]);
        assert_true(slot[i].start >= release[i]);
        last = og_max_u64(last, slot[i].finish);
        for (size_t k = 0; k < i; k++)
            if (slot[k].machine == slot[i].machine)
                assert_true(slot[k].finish <= slot[i].start || slot[i].finish <= slot[k].start);
    }
    for (size_t e = 0; e < edges; e++) {
        const struct og_order_slot *a = &slot[edge[e].from], *b = &slot[edge[e].to];
        assert_true(b->start >= a->finish + (a->machine == b->machine ? 0 : edge[e].cost));
    }
    assert_int_equal(makespan, last);
}

static void test_heft_random(void **st)
{
    (void)st;
    for (int round = 0; round < 2000; round++) {
        size_t n = draw(N + 1), m = 1 + draw(M), edges = 0;
        struct og_order_edge edge[N * N];
        int64_t p[N * M];
        uint64_t ready[M] = {draw(9), draw(9), draw(9)}, release[N] = {draw(9), draw(9)};
        for (size_t k = 0; k < n * m; k++)
            p[k] = draw(5) == 0 && k % m > 0 ? OG_COST_NONE : (int64_t)draw(9);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < i; k++)
                if (draw(3) == 0)
                    edge[edges++] = (struct og_order_edge){i, k, draw(7)};
        check_heft(n, m, p, edge, edges, ready, release);
    }
}

static void test_heft_refuses(void **st)
{
    const int64_t p[] = {1, 2, OG_COST_NONE}, wide[] = {INT64_MAX - 1, INT64_MAX - 1};
    const struct og_order_edge ring[] = {{0, 1, 1}, {1, 0, 1}}, self = {1, 1, 0}, far = {0, 2, 0};
    struct og_order_slot slot[3];
    uint64_t makespan;
    struct og_err err;
    (void)st;
    assert_int_equal(og_order_heft(2, 1, p, ring, 2, NULL, NULL, slot, NULL, &makespan, &err),
                     OG_E_DATA);
    assert_int_equal(og_order_heft(2, 1, p, &self, 1, NULL, NULL, slot, NULL, &makespan, &err),
                     OG_E_DATA);
    assert_int_equal(og_order_heft(2, 1, p, &far, 1, NULL, NULL, slot, NULL, &makespan, &err),
                     OG_E_DATA);
    assert_int_equal(og_order_heft(3, 1, p, NULL, 0, NULL, NULL, slot, NULL, &makespan, &err),
                     OG_E_DATA);
    assert_int_equal(og_order_heft(2, 1, wide, NULL, 0, NULL, NULL, slot, NULL, &makespan, &err),
                     OG_E_DATA);
    assert_int_equal(og_order_heft(0, 0, NULL, NULL, 0, NULL, NULL, slot, NULL, &makespan, &err),
                     OG_OK);
    assert_int_equal(makespan, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smith),        cmocka_unit_test(test_sumcj),
        cmocka_unit_test(test_sumcj_bounds), cmocka_unit_test(test_reference),
        cmocka_unit_test(test_heft_paper),   cmocka_unit_test(test_heft_random),
        cmocka_unit_test(test_heft_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
