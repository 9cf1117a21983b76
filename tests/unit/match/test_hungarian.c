/* test_hungarian.c - the solver against brute force, its certificate, reference optima, speed. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_hungarian.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t state = 12345;

static uint64_t next64(void)
{
    state += 0x9E3779B97F4A7C15ull;
    return og_splitmix64(state - 0x9E3779B97F4A7C15ull);
}

static uint64_t below(uint64_t n)
{
    return next64() % n;
}

/* Cheapest total by trying everything. */
static int64_t brute(size_t n, size_t m, const int64_t *c, const int64_t *w, size_t i,
                     unsigned used)
{
    if (i == n)
        return 0;
    int64_t best = w[i] + brute(n, m, c, w, i + 1, used);
    for (size_t j = 0; j < m; j++) {
        if (used >> j & 1 || c[i * m + j] == OG_COST_NONE)
            continue;
        int64_t t = c[i * m + j] + brute(n, m, c, w, i + 1, used | 1u << j);
        best = t < best ? t : best;
    }
    return best;
}

static int64_t total(size_t n, size_t m, const int64_t *c, const int64_t *w, const int32_t *x)
{
    int64_t t = 0;
    for (size_t i = 0; i < n; i++)
        t += x[i] < 0 ? w[i] : c[i * m + (size_t)x[i]];
    return t;
}

struct small {
    size_t n, m;
    int64_t c[49], w[7], u[7], v[7];
    int32_t x[7];
};

static void fill(struct small *s, size_t round)
{
    static const int64_t range[] = {2, 4, 20, 1000, 1 << 20, (int64_t)1 << 40, (int64_t)1 << 51};
    static const uint64_t holes[] = {0, 1, 3, 6, 9, 10};
    int64_t r = range[round % 7];
    uint64_t hole = holes[round / 7 % 6];
    s->n = below(8);
    s->m = below(8);
    for (size_t k = 0; k < s->n * s->m; k++) {
        s->c[k] = (int64_t)below((uint64_t)r) - (round % 3 == 0 ? r / 2 : 0);
        if (below(10) < hole)
            s->c[k] = OG_COST_NONE;
    }
    for (size_t i = 0; i < s->n; i++)
        s->w[i] = round % 2 == 0 ? r + (int64_t)below((uint64_t)r) : (int64_t)below((uint64_t)r);
}

static void solve(struct small *s)
{
    struct og_err err = {0};
    assert_int_equal(og_hungarian_solve(s->n, s->m, s->c, s->w, s->x, s->u, s->v, &err), OG_OK);
    if (og_cert_check(s->n, s->m, s->c, s->w, s->x, s->u, s->v, &err) != OG_OK)
        fail_msg("certificate of %zu x %zu: %s", s->n, s->m, err.msg);
}

static void test_brute_force(void **st)
{
    (void)st;
    for (size_t round = 0; round < 10000; round++) {
        struct small s;
        fill(&s, round);
        solve(&s);
        int64_t want = brute(s.n, s.m, s.c, s.w, 0, 0);
        if (total(s.n, s.m, s.c, s.w, s.x) != want)
            fail_msg("round %zu: %lld, best %lld", round, (long long)total(s.n, s.m, s.c, s.w, s.x),
                     (long long)want);
    }
}

/* One cell, x, u or v changed: whenever the certificate still passes, x is still optimal, and
 * whenever x is no longer optimal or not an assignment the check says so. */
static void test_corruption(void **st)
{
    size_t broken = 0, refused = 0;
    (void)st;
    for (size_t round = 0; round < 10000; round++) {
        struct small s;
        struct og_err err;
        fill(&s, round);
        if (s.n == 0 || s.m == 0)
            continue;
        solve(&s);
        size_t i = below(s.n), j = below(s.m), kind = below(6);
        int64_t by = below(2) ? 1 + (int64_t)below(50) : -1 - (int64_t)below(50);
        bool legal = true;
        if (kind == 0 && s.c[i * s.m + j] != OG_COST_NONE)
            s.c[i * s.m + j] += by;
        else if (kind == 1)
            s.c[i * s.m + j] = OG_COST_NONE;
        else if (kind == 2)
            s.w[i] += by;
        else if (kind == 3)
            s.u[i] += by;
        else if (kind == 4)
            s.v[j] += by;
        else
            s.x[i] = (int32_t)below(s.m + 1) - 1;
        for (size_t a = 0; a < s.n; a++) {
            legal = legal && (s.x[a] < 0 || s.c[a * s.m + (size_t)s.x[a]] != OG_COST_NONE);
            for (size_t b = 0; b < a; b++)
                legal = legal && (s.x[a] < 0 || s.x[a] != s.x[b]);
        }
        bool best = legal && total(s.n, s.m, s.c, s.w, s.x) == brute(s.n, s.m, s.c, s.w, 0, 0);
        enum og_rc rc = og_cert_check(s.n, s.m, s.c, s.w, s.x, s.u, s.v, &err);
        if (!best) {
            broken++;
            assert_int_equal(rc, OG_E_DATA);
        }
        refused += rc == OG_E_DATA;
        /* a single u or v moved breaks the sum, so it can never pass */
        if (kind == 3 || kind == 4)
            assert_int_equal(rc, OG_E_DATA);
    }
    assert_true(broken > 1000);
    assert_true(refused >= broken);
}

static void test_shapes(void **st)
{
    int64_t c[16] = {0}, w[4] = {10, 20, 30, 40}, u[4], v[4];
    int32_t x[4];
    struct og_err err = {0};
    (void)st;
    assert_int_equal(og_hungarian_solve(0, 0, c, w, x, u, v, &err), OG_OK);
    assert_int_equal(og_cert_check(0, 0, c, w, x, u, v, &err), OG_OK);
    assert_int_equal(og_hungarian_solve(0, 4, c, w, x, u, v, &err), OG_OK);
    for (size_t j = 0; j < 4; j++)
        assert_int_equal(v[j], 0);
    assert_int_equal(og_hungarian_solve(4, 0, NULL, w, x, u, v, &err), OG_OK);
    assert_int_equal(og_cert_check(4, 0, NULL, w, x, u, v, &err), OG_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(x[i], -1);
        assert_int_equal(u[i], w[i]);
    }
    for (size_t k = 0; k < 16; k++)
        c[k] = OG_COST_NONE;
    assert_int_equal(og_hungarian_solve(4, 4, c, w, x, u, v, &err), OG_OK);
    assert_int_equal(og_cert_check(4, 4, c, w, x, u, v, &err), OG_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(x[i], -1);
    for (size_t k = 0; k < 16; k++)
        c[k] = 5; /* nothing but ties: everybody is placed */
    assert_int_equal(og_hungarian_solve(4, 4, c, w, x, u, v, &err), OG_OK);
    assert_int_equal(og_cert_check(4, 4, c, w, x, u, v, &err), OG_OK);
    assert_int_equal(total(4, 4, c, w, x), 20);
}

static void test_big_values(void **st)
{
    const int64_t big = OG_HUNGARIAN_ABS_MAX;
    int64_t c[9] = {big, -big, big, -big, big, -big, big, big, -big}, w[3] = {big, big, big};
    int64_t u[3], v[3];
    int32_t x[3];
    struct og_err err = {0};
    (void)st;
    assert_int_equal(og_hungarian_solve(3, 3, c, w, x, u, v, &err), OG_OK);
    assert_int_equal(og_cert_check(3, 3, c, w, x, u, v, &err), OG_OK);
    assert_true(total(3, 3, c, w, x) == -3 * big);
    c[4] = big + 1;
    assert_int_equal(og_hungarian_solve(3, 3, c, w, x, u, v, &err), OG_E_DATA);
    c[4] = -big - 1;
    assert_int_equal(og_hungarian_solve(3, 3, c, w, x, u, v, &err), OG_E_DATA);
    c[4] = INT64_MIN;
    assert_int_equal(og_hungarian_solve(3, 3, c, w, x, u, v, &err), OG_E_DATA);
    c[4] = 0;
    w[1] = INT64_MAX;
    assert_int_equal(og_hungarian_solve(3, 3, c, w, x, u, v, &err), OG_E_DATA);
    assert_int_equal(og_cert_check(3, 3, c, w, x, u, v, &err), OG_E_DATA);
}

/* The size of a full round with costs as a round has them: types of nodes, ties, a third
 * infeasible. */
static void test_full_round(void **st)
{
    const size_t n = 1024, m = 4096;
    static const uint64_t speed[8] = {8, 20, 35, 65, 125, 330, 660, 989};
    int64_t *c = og_xmalloc(n * m * sizeof *c), *w = og_xmalloc(n * sizeof *w);
    int64_t *u = og_xmalloc(n * sizeof *u), *v = og_xmalloc(m * sizeof *v);
    int32_t *x = og_xmalloc(n * sizeof *x), *g = og_xmalloc(n * sizeof *g);
    uint64_t *type = og_xmalloc(m * sizeof *type), *queue = og_xmalloc(m * sizeof *queue);
    struct og_err err = {0};
    (void)st;
    for (size_t j = 0; j < m; j++) {
        type[j] = below(8);
        queue[j] = below(4) == 0 ? below(60000) : 0;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t work = 20ull << below(12), urgency = 1 + below(64), need = below(8);
        w[i] = og_cost_wait_tie(OG_COST_WAIT_MIN + (int64_t)(urgency << 26));
        for (size_t j = 0; j < m; j++) {
            uint64_t ms = queue[j] + work * 1000 / speed[type[j]];
            c[i * m + j] = need > type[j] + 3
                               ? OG_COST_NONE
                               : og_cost_tie((int64_t)(urgency * ms), 77, (uint32_t)i, (uint32_t)j);
        }
    }
    assert_int_equal(og_hungarian_solve(n, m, c, w, x, u, v, &err), OG_OK);
    assert_int_equal(og_cert_check(n, m, c, w, x, u, v, &err), OG_OK);
    og_greedy_match(n, m, c, w, g);
    assert_true(total(n, m, c, w, x) <= total(n, m, c, w, g));
    for (size_t i = 0; i < n; i++)
        assert_true(x[i] >= 0); /* four slots a row: nobody needs to wait */
    free(c);
    free(w);
    free(u);
    free(v);
    free(x);
    free(g);
    free(type);
    free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brute_force), cmocka_unit_test(test_corruption),
        cmocka_unit_test(test_shapes),      cmocka_unit_test(test_big_values),
        cmocka_unit_test(test_full_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
