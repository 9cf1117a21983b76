/* test_lapscan.c - the best columns of a row: against sorting, and vector against plain code. */
#include "base/base_num.h"
#include "match/match_lapscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX 700

static uint64_t state = 31;

static uint64_t below(uint64_t n)
{
    return og_splitmix64(state++) % n;
}

static int by_h(const void *a, const void *b)
{
    const struct og_lapscan_hit *x = a, *y = b;
    if (x->h != y->h)
        return x->h < y->h ? -1 : 1;
    return x->col - y->col;
}

struct row {
    size_t m;
    int32_t c[MAX], v[MAX];
    int64_t c64[MAX], v64[MAX];
};

static void fill(struct row *r, size_t round)
{
    static const int64_t range[] = {1, 3, 1000, 1 << 20, (1 << 30) - 1};
    static const uint64_t holes[] = {0, 1, 9, 10};
    int64_t span = range[round % 5];
    r->m = 1 + below(MAX);
    for (size_t j = 0; j < r->m; j++) {
        bool hole = below(10) < holes[round / 5 % 4];
        int64_t c = (int64_t)below((uint64_t)span);
        c = round % 3 == 0 ? c + INT32_MIN : c;
        c = round % 7 == 0 ? -(int64_t)j : c; /* ever better: the worst order */
        r->c[j] = hole ? (1 << 30) + (int32_t)below(1 << 30) : (int32_t)c;
        r->c64[j] = hole ? INT64_MAX : c;
        r->v64[j] = round % 2 ? 0 : -(int64_t)below((uint64_t)span);
        r->v[j] = (int32_t)r->v64[j];
    }
}

static void test_listed(void **st)
{
    struct og_lapscan_hit want[MAX], got[4][OG_LAPSCAN_KEEP];
    bool avx2 = og_lapscan_has_avx2();
    (void)st;
    for (size_t round = 0; round < 5000; round++) {
        static struct row r;
        size_t n = 0, keep, m;
        fill(&r, round);
        m = r.m;
        for (size_t j = 0; j < m; j++)
            if (r.c64[j] != INT64_MAX)
                want[n++] = (struct og_lapscan_hit){r.c64[j] - r.v64[j], (int32_t)j};
        qsort(want, n, sizeof *want, by_h);
        keep = n < OG_LAPSCAN_KEEP ? n : OG_LAPSCAN_KEEP;
        assert_int_equal(og_lapscan_32(r.c, r.v, m, false, got[0]), keep);
        assert_int_equal(og_lapscan_32(r.c, r.v, m, avx2, got[1]), keep);
        assert_int_equal(og_lapscan_64(r.c64, r.v64, m, false, got[2]), keep);
        assert_int_equal(og_lapscan_64(r.c64, r.v64, m, avx2, got[3]), keep);
        for (size_t k = 0; k < keep; k++)
            for (size_t f = 0; f < 4; f++)
                if (got[f][k].h != want[k].h || got[f][k].col != want[k].col)
                    fail_msg("round %zu, m %zu, form %zu, place %zu", round, m, f, k);
        struct og_lapscan_two a = og_lapscan_two32(r.c, r.v, m, false);
        struct og_lapscan_two b = og_lapscan_two32(r.c, r.v, m, avx2);
        struct og_lapscan_two c = og_lapscan_two64(r.c64, r.v64, m);
        assert_true(a.h1 == (n > 0 ? want[0].h : INT64_MAX) && b.h1 == a.h1 && c.h1 == a.h1);
        assert_true(a.h2 == (n > 1 ? want[1].h : INT64_MAX) && b.h2 == a.h2 && c.h2 == a.h2);
        assert_true(a.col == (n > 0 ? want[0].col : -1) && b.col == a.col && c.col == a.col);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_listed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
