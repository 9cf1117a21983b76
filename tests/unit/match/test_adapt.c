/* test_adapt.c - changes of a pool, one after the other: the optimum is always the cold one, what
 * runs stays, and what a change does not touch is not moved for nothing. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_adapt.h"
#include "match/match_cert.h"
#include "match/match_hungarian.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_MAX 64
#define M_MAX 64
#define H     50 /* what a waiting task must gain to be planned elsewhere */

/* Tasks that wait and nodes of one slot, in any order, under names. */
struct pool {
    size_t n, m;
    uint64_t row[N_MAX], col[M_MAX];
    uint64_t work[N_MAX], speed[M_MAX], urgency[N_MAX];
    uint64_t next, seed;
    int64_t c[N_MAX * M_MAX], wait[N_MAX];
    uint64_t plan[N_MAX]; /* name of the column of the last solution, 0: none */
};

static uint64_t draw(struct pool *p, uint64_t below)
{
    return og_splitmix64(p->seed++) % below;
}

static void add_task(struct pool *p, uint64_t urgency)
{
    p->row[p->n] = ++p->next;
    p->work[p->n] = 1000 + draw(p, 100000);
    p->urgency[p->n] = urgency;
    p->plan[p->n++] = 0;
}

static void add_node(struct pool *p)
{
    p->col[p->m] = ++p->next;
    p->speed[p->m++] = 1 + draw(p, 20);
}

static void drop_task(struct pool *p, size_t i)
{
    p->n--;
    p->row[i] = p->row[p->n];
    p->work[i] = p->work[p->n];
    p->urgency[i] = p->urgency[p->n];
    p->plan[i] = p->plan[p->n];
}

static void drop_node(struct pool *p, size_t j)
{
    p->m--;
    p->col[j] = p->col[p->m];
    p->speed[j] = p->speed[p->m];
}

static void fill(struct pool *p)
{
    for (size_t i = 0; i < p->n; i++) {
        p->wait[i] = (int64_t)(p->urgency[i] << 30);
        for (size_t j = 0; j < p->m; j++) {
            uint64_t ms = p->work[i] / p->speed[j] * p->urgency[i];
            bool cannot = p->seed && og_splitmix64(p->row[i] << 20 ^ p->col[j]) % 11 == 0;
            ms += p->plan[i] && p->plan[i] != p->col[j] ? H : 0; /* hysteresis */
            p->c[i * p->m + j] = cannot ? OG_COST_NONE : (int64_t)ms;
        }
    }
}

static int64_t total(const struct pool *p, const int32_t *x)
{
    int64_t sum = 0;
    for (size_t i = 0; i < p->n; i++)
        sum += x[i] < 0 ? p->wait[i] : p->c[i * p->m + (size_t)x[i]];
    return sum;
}

/* Solves anew, compares with the cold solver, and notes the plan. How many tasks changed theirs. */
static size_t solve(struct pool *p, struct og_adapt *a, bool *warm)
{
    struct og_adapt_problem q = {p->n, p->m, p->row, p->col, p->c, p->wait};
    struct og_adapt_result r;
    struct og_err err = {0};
    int32_t x[N_MAX];
    int64_t u[N_MAX], v[M_MAX];
    size_t moved = 0;
    fill(p);
    if (og_adapt_solve(a, &q, NULL, NULL, &r, &err) != OG_OK)
        fail_msg("%s", err.msg);
    assert_true(r.optimal && r.gap == 0);
    if (og_cert_check(p->n, p->m, p->c, p->wait, r.x, r.u, r.v, &err) != OG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(og_hungarian_solve(p->n, p->m, p->c, p->wait, x, u, v, &err), OG_OK);
    assert_int_equal(total(p, r.x), total(p, x));
    for (size_t i = 0; i < p->n; i++) {
        uint64_t now = r.x[i] < 0 ? 0 : p->col[r.x[i]];
        moved += p->plan[i] && now != p->plan[i];
        p->plan[i] = now;
    }
    *warm = r.warm;
    return moved;
}

static struct pool *new_pool(uint64_t seed, size_t n, size_t m)
{
    struct pool *p = og_xcalloc(1, sizeof *p);
    p->seed = seed << 32;
    for (size_t i = 0; i < n; i++)
        add_task(p, 1);
    for (size_t j = 0; j < m; j++)
        add_node(p);
    return p;
}

static void test_random_changes(void **st)
{
    (void)st;
    size_t warms = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct pool *p = new_pool(seed, 10 + seed % 30, 5 + seed % 40);
        struct og_adapt *a = og_adapt_new();
        bool warm;
        solve(p, a, &warm);
        assert_false(warm);
        for (int k = 0; k < 60; k++) {
            for (uint64_t e = 1 + draw(p, 3); e > 0; e--)
                switch (draw(p, 6)) {
                case 0:
                    if (p->n < N_MAX)
                        add_task(p, 1 + draw(p, 8));
                    break;
                case 1:
                    if (p->m < M_MAX)
                        add_node(p);
                    break;
                case 2:
                    if (p->n > 0)
                        drop_task(p, draw(p, p->n));
                    break;
                case 3:
                    if (p->m > 1)
                        drop_node(p, draw(p, p->m));
                    break;
                case 4:
                    if (p->m > 0)
                        p->speed[draw(p, p->m)] = 1 + draw(p, 20);
                    break;
                case 5:
                    if (p->n > 0)
                        p->urgency[draw(p, p->n)] = 1 + draw(p, 64);
                    break;
                }
            solve(p, a, &warm);
            warms += warm;
        }
        og_adapt_free(a);
        free(p);
    }
    assert_true(warms > 2000); /* of 2,400 */
}

/* A node leaves: its task is planned elsewhere, and few others are. */
static void test_node_leaves(void **st)
{
    (void)st;
    size_t moved = 0, all = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct pool *p = new_pool(seed, 20, 40);
        struct og_adapt *a = og_adapt_new();
        bool warm;
        solve(p, a, &warm);
        assert_int_equal(solve(p, a, &warm), 0); /* nothing has happened: nothing moves */
        assert_true(warm);
        uint64_t gone = p->plan[0];
        for (size_t j = 0; j < p->m; j++)
            if (p->col[j] == gone)
                drop_node(p, j--);
        moved += solve(p, a, &warm);
        all += p->n;
        assert_true(warm);
        assert_true(p->plan[0] != gone && p->plan[0] != 0);
        og_adapt_free(a);
        free(p);
    }
    assert_true(moved >= 50 && moved * 4 < all);
}

/* A node that slows down keeps its task while the gain elsewhere is within the threshold. */
static void test_slow_node(void **st)
{
    struct pool p = {.n = 1, .m = 2, .row = {1}, .col = {11, 12}, .speed = {10, 9}};
    struct og_adapt *a = og_adapt_new();
    bool warm;
    (void)st;
    p.work[0] = 900;
    p.urgency[0] = 1;
    solve(&p, a, &warm);
    assert_int_equal(p.plan[0], 11);
    p.speed[0] = 7; /* 128 ms against 100 + 50 */
    assert_int_equal(solve(&p, a, &warm), 0);
    p.speed[0] = 5; /* 180 ms against 100 + 50 */
    assert_int_equal(solve(&p, a, &warm), 1);
    assert_int_equal(p.plan[0], 12);
    og_adapt_free(a);
}

/* A node that joins is idle: it draws the waiting task that gains most, above the threshold. */
static void test_idle_node_draws(void **st)
{
    struct pool p = {.n = 3, .m = 3, .row = {1, 2, 3}, .col = {21, 22, 23}, .speed = {4, 4, 4}};
    struct og_adapt *a = og_adapt_new();
    bool warm;
    (void)st;
    for (size_t i = 0; i < 3; i++) {
        p.work[i] = i ? 1000 * (i + 1) : 960;
        p.urgency[i] = 1;
    }
    p.next = 100;
    solve(&p, a, &warm);
    p.col[3] = 24;
    p.speed[3] = 5; /* 3,000 of work: 750 against 600 + 50 */
    p.m = 4;
    assert_int_equal(solve(&p, a, &warm), 1);
    assert_true(warm);
    assert_int_equal(p.plan[2], 24);
    p.col[4] = 25;
    p.speed[4] = 5; /* the next: 500 against 400 + 50, and 600 stays 600 */
    p.m = 5;
    assert_int_equal(solve(&p, a, &warm), 1);
    assert_int_equal(p.plan[1], 25);
    p.col[5] = 26;
    p.speed[5] = 5; /* the last: 240 against 192 + 50 is no gain */
    p.m = 6;
    assert_int_equal(solve(&p, a, &warm), 0);
    og_adapt_free(a);
}

/* An urgent task takes the fast node from one that only waits for it. */
static void test_urgent_arrives(void **st)
{
    struct pool p = {.n = 2, .m = 2, .row = {1, 2}, .col = {31, 32}, .speed = {20, 1}};
    struct og_adapt *a = og_adapt_new();
    bool warm;
    (void)st;
    p.work[0] = p.work[1] = 10000;
    p.work[1] = 100;
    p.urgency[0] = p.urgency[1] = 1;
    solve(&p, a, &warm);
    assert_int_equal(p.plan[0], 31);
    p.row[2] = 3;
    p.work[2] = 10000;
    p.urgency[2] = 16;
    p.n = 3;
    solve(&p, a, &warm);
    assert_true(warm);
    assert_int_equal(p.plan[2], 31);
    assert_true(p.plan[0] != 31);
    og_adapt_free(a);
}

static bool at_once(void *user)
{
    (void)user;
    return true;
}

/* Time is up: feasible, with a gap that is not too small, and the next call goes on. */
static void test_stopped(void **st)
{
    (void)st;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct pool *p = new_pool(seed, 60, 60);
        struct og_adapt *a = og_adapt_new();
        struct og_adapt_problem q = {p->n, p->m, p->row, p->col, p->c, p->wait};
        struct og_adapt_result r;
        struct og_err err;
        bool used[M_MAX] = {false}, warm;
        fill(p);
        assert_int_equal(og_adapt_solve(a, &q, at_once, NULL, &r, &err), OG_OK);
        int64_t cost = total(p, r.x), gap = r.gap;
        for (size_t i = 0; i < p->n; i++)
            if (r.x[i] >= 0) {
                assert_false(used[r.x[i]]);
                used[r.x[i]] = true;
                assert_true(p->c[i * p->m + (size_t)r.x[i]] != OG_COST_NONE);
            }
        assert_int_equal(og_adapt_solve(a, &q, NULL, NULL, &r, &err), OG_OK);
        assert_true(r.optimal);
        assert_true(total(p, r.x) <= cost && cost - total(p, r.x) <= gap);
        solve(p, a, &warm);
        og_adapt_free(a);
        free(p);
    }
}

/* A name twice, no rows, no columns: still the optimum. */
static void test_odd(void **st)
{
    struct pool p = {.n = 2, .m = 2, .row = {1, 1}, .col = {7, 7}, .speed = {1, 2}};
    struct og_adapt *a = og_adapt_new();
    bool warm;
    (void)st;
    p.work[0] = 100;
    p.work[1] = 900;
    p.urgency[0] = p.urgency[1] = 1;
    for (int k = 0; k < 3; k++) {
        p.plan[0] = p.plan[1] = 0;
        solve(&p, a, &warm);
        assert_false(warm);
    }
    p.n = 0;
    solve(&p, a, &warm);
    p.n = 2;
    p.row[0] = 5;
    p.m = 0;
    solve(&p, a, &warm);
    og_adapt_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_changes),
        cmocka_unit_test(test_node_leaves),
        cmocka_unit_test(test_slow_node),
        cmocka_unit_test(test_idle_node_draws),
        cmocka_unit_test(test_urgent_arrives),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_odd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
