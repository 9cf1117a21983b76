/* test_lapcert.c - the certificate of a problem refuses every corruption that makes it untrue. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_lap.h"
#include "match/match_lapcert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 70 /* more than a vector, and not a multiple of one */
#define M 75

static uint64_t state = 5;

static uint64_t below(uint64_t n)
{
    return og_splitmix64(state++) % n;
}

struct inst {
    int32_t c32[N * M];
    int64_t c64[N * M], w[N];
    uint32_t cap[M];
    struct og_lap_problem p;
    struct og_lap_result r;
};

static void fill(struct inst *t, bool wide, bool waits, bool caps)
{
    struct og_err err = {0};
    for (size_t k = 0; k < N * M; k++) {
        t->c64[k] = below(8) == 0 ? OG_COST_NONE : (int64_t)below(1000000) - 1000;
        t->c32[k] = t->c64[k] == OG_COST_NONE ? OG_LAP_NONE32 : (int32_t)t->c64[k];
    }
    for (size_t i = 0; i < N; i++)
        t->w[i] = (int64_t)below(100000);
    for (size_t j = 0; j < M; j++)
        t->cap[j] = (uint32_t)below(3);
    t->p = (struct og_lap_problem){.n = N, .m = M};
    t->p.c32 = wide ? NULL : t->c32;
    t->p.c64 = wide ? t->c64 : NULL;
    t->p.wait = waits ? t->w : NULL;
    t->p.cap = caps ? t->cap : NULL;
    assert_int_equal(og_lap_solve(&t->p, &t->r, &err), OG_OK);
}

static enum og_rc check(const struct inst *t, struct og_err *err)
{
    return og_lapcert_check(&t->p, t->r.x, t->r.u, t->r.v, err);
}

static void refused(const struct inst *t, const char *what, size_t at)
{
    struct og_err err = {0};
    struct og_lap_problem p = t->p;
    if (check(t, &err) != OG_E_DATA)
        fail_msg("%s at %zu was let through", what, at);
    p.portable = true;
    assert_int_equal(og_lapcert_check(&p, t->r.x, t->r.u, t->r.v, &err), OG_E_DATA);
}

/* Each cell lowered below u + v or, when it is taken, moved at all; each u and v moved. */
static void corrupt(struct inst *t)
{
    struct og_err err = {0};
    assert_int_equal(check(t, &err), OG_OK);
    for (size_t k = 0; k < N * M; k++) {
        size_t i = k / M, j = k % M;
        int32_t had32 = t->c32[k];
        int64_t had64 = t->c64[k], low = t->r.u[i] + t->r.v[j] - 1;
        if (t->cap[j] > 0 || t->p.cap == NULL) {
            t->c64[k] = low;
            t->c32[k] = low < INT32_MIN ? INT32_MIN : low < OG_LAP_NONE32 ? (int32_t)low : 0;
            refused(t, "a cheaper cell", k);
        }
        if (t->r.x[i] == (int32_t)j) {
            t->c32[k] = had32 + 1;
            t->c64[k] = had64 + 1;
            refused(t, "a dearer cell that is taken", k);
            t->c32[k] = OG_LAP_NONE32;
            t->c64[k] = OG_COST_NONE;
            refused(t, "an infeasible cell that is taken", k);
        }
        t->c32[k] = had32;
        t->c64[k] = had64;
    }
    for (size_t i = 0; i < N; i++)
        for (int64_t by = -1; by <= 1; by += 2) {
            t->r.u[i] += by;
            refused(t, "u", i);
            t->r.u[i] -= by;
        }
    for (size_t j = 0; j < M; j++)
        for (int64_t by = -1; by <= 1; by += 2) {
            if (t->p.cap != NULL && t->cap[j] == 0)
                continue; /* nobody can take it: any price proves the same */
            t->r.v[j] += by;
            refused(t, "v", j);
            t->r.v[j] -= by;
        }
    assert_int_equal(check(t, &err), OG_OK);
}

static void corrupt_x(struct inst *t)
{
    for (size_t i = 0; i < N; i++) {
        int32_t had = t->r.x[i];
        int64_t pays =
            had < 0 ? (t->p.wait == NULL ? OG_LAP_BIG : t->w[i]) : t->c64[i * M + (size_t)had];
        for (int32_t j = -2; j <= M; j++) {
            struct og_err err = {0};
            bool legal = j >= -1 && j < M;
            int64_t now = j == -1 ? (t->p.wait == NULL ? OG_LAP_BIG : t->w[i]) : 0;
            if (j == had)
                continue;
            t->r.x[i] = j;
            if (legal && j >= 0)
                now = t->c64[i * M + (size_t)j];
            if (!legal || now != pays)
                refused(t, "x", i);
            else
                (void)!check(t, &err); /* as cheap: may be right */
            t->r.x[i] = had;
        }
    }
}

static void test_corruption(void **st)
{
    (void)st;
    for (int k = 0; k < 8; k++) {
        struct inst *t = og_xcalloc(1, sizeof *t);
        fill(t, k & 1, k & 2, k & 4);
        corrupt(t);
        corrupt_x(t);
        og_lap_result_release(&t->r);
        free(t);
    }
}

/* More rows than columns: u and v lie around 2^52, their sums in 32 bits. */
static void test_tall(void **st)
{
    const size_t m = 37;
    struct inst *t = og_xcalloc(1, sizeof *t);
    struct og_err err = {0};
    (void)st;
    fill(t, false, false, false);
    og_lap_result_release(&t->r);
    t->p.m = m;
    t->p.stride = M;
    assert_int_equal(og_lap_solve(&t->p, &t->r, &err), OG_OK);
    assert_true(t->r.v[0] < -OG_LAP_MAX / 2);
    assert_int_equal(check(t, &err), OG_OK);
    for (size_t k = 0; k < N * m; k++) {
        int32_t *cell = &t->c32[k / m * M + k % m], had = *cell;
        int64_t sum = t->r.u[k / m] + t->r.v[k % m];
        assert_true(sum <= had && sum > INT32_MIN);
        *cell = (int32_t)sum - 1;
        refused(t, "a cheaper cell", k);
        *cell = had;
    }
    og_lap_result_release(&t->r);
    free(t);
}

/* Far from 32 bits: u and v that no solver would give. */
static void test_ranges(void **st)
{
    int32_t c[4] = {1, 2, 3, 4}, x[2] = {0, 1};
    int64_t u[2] = {1, 3}, v[2] = {0, 1};
    struct og_lap_problem p = {.n = 2, .m = 2, .c32 = c};
    struct og_err err = {0};
    (void)st;
    assert_int_equal(og_lapcert_check(&p, x, u, v, &err), OG_E_DATA); /* v above 0 */
    v[0] = -1;
    v[1] = 0;
    u[0] = 2;
    u[1] = 4;
    assert_int_equal(og_lapcert_check(&p, x, u, v, &err), OG_OK);
    u[0] = INT64_MAX;
    assert_int_equal(og_lapcert_check(&p, x, u, v, &err), OG_E_DATA);
    u[0] = INT64_MIN;
    assert_int_equal(og_lapcert_check(&p, x, u, v, &err), OG_E_DATA);
    u[0] = 2;
    v[0] = INT64_MIN;
    assert_int_equal(og_lapcert_check(&p, x, u, v, &err), OG_E_DATA);
    v[0] = -1;
    x[1] = 0;
    assert_int_equal(og_lapcert_check(&p, x, u, v, &err), OG_E_DATA);
    p.n = OG_LAP_SIZE + 1;
    assert_int_equal(og_lapcert_check(&p, x, u, v, &err), OG_E_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_corruption),
                                       cmocka_unit_test(test_tall), cmocka_unit_test(test_ranges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
