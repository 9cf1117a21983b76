/* test_makespan.c - against brute force, the check against corruption, published instances, and one
 * answer for all compilers. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_braun.h"
#include "match/match_makespan.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 7
#define M 4

static uint64_t state = 1;

static uint64_t below(uint64_t n)
{
    return og_splitmix64(state++) % n;
}

static int64_t brute(size_t n, size_t m, const int64_t *p, size_t i, int64_t *load, int64_t best)
{
    int64_t top = 0;
    for (size_t j = 0; j < m; j++)
        top = load[j] > top ? load[j] : top;
    if (i == n || top >= best)
        return top < best ? top : best;
    for (size_t j = 0; j < m; j++) {
        if (p[i * m + j] == OG_COST_NONE)
            continue;
        load[j] += p[i * m + j];
        best = brute(n, m, p, i + 1, load, best);
        load[j] -= p[i * m + j];
    }
    return best;
}

static void fill(size_t n, size_t m, int64_t *p, uint64_t range, bool holes)
{
    for (size_t k = 0; k < n * m; k++)
        p[k] = holes && k % m > 0 && below(4) == 0 ? OG_COST_NONE : (int64_t)below(range);
}

static void test_brute(void **st)
{
    static const uint64_t range[] = {2, 10, 1000, 1000000000000000};
    const struct og_makespan_opts opts = {0};
    (void)st;
    for (int round = 0; round < 400; round++) {
        size_t n = 1 + below(N), m = 1 + below(M);
        int64_t p[N * M], load[M] = {0};
        int32_t x[N];
        uint32_t price[M];
        struct og_makespan out;
        struct og_err err = {0};
        fill(n, m, p, range[round % 4], round % 3 == 0);
        assert_int_equal(og_makespan_solve(n, m, p, &opts, x, price, &out, &err), OG_OK);
        int64_t best = brute(n, m, p, 0, load, INT64_MAX);
        assert_true(out.bound <= best);
        assert_true(out.makespan == best);
        assert_true(out.optimal);
        if (og_makespan_check(n, m, p, x, price, out.makespan, out.bound, &err) != OG_OK)
            fail_msg("%s", err.msg);
    }
}

static void test_corruption(void **st)
{
    const struct og_makespan_opts opts = {.steps = 20000};
    const size_t n = 24, m = 5;
    int64_t p[24 * 5], bound;
    int32_t x[24];
    uint32_t price[5];
    struct og_makespan out;
    struct og_err err;
    (void)st;
    fill(n, m, p, 1000, true);
    assert_int_equal(og_makespan_solve(n, m, p, &opts, x, price, &out, &err), OG_OK);
    for (size_t i = 0; i < n; i++) { /* no other single machine may pass, unless no load changes */
        int32_t was = x[i];
        for (int32_t j = -1; j <= (int32_t)m; j++) {
            x[i] = j;
            enum og_rc rc = og_makespan_check(n, m, p, x, price, out.makespan, out.bound, &err);
            int64_t load[5] = {0}, top = 0;
            bool valid = j >= 0 && j < (int32_t)m && p[i * m + (size_t)j] != OG_COST_NONE;
            for (size_t k = 0; valid && k < n; k++) {
                load[x[k]] += p[k * m + (size_t)x[k]];
                top = load[x[k]] > top ? load[x[k]] : top;
            }
            assert_int_equal(rc, valid && top == out.makespan ? OG_OK : OG_E_DATA);
        }
        x[i] = was;
    }
    assert_int_equal(og_makespan_check(n, m, p, x, price, out.makespan, out.bound + 1, &err),
                     OG_E_DATA);
    assert_int_equal(og_makespan_check(n, m, p, x, price, out.makespan - 1, out.bound, &err),
                     OG_E_DATA);
    memset(price, 0, sizeof price);
    assert_int_equal(og_makespan_bound(n, m, p, price, &bound, &err), OG_E_DATA);
}

static void test_edges(void **st)
{
    const struct og_makespan_opts opts = {0};
    const int64_t none[] = {OG_COST_NONE, OG_COST_NONE}, minus[] = {-1}, one[] = {4, 5, 6};
    const int64_t wide[] = {OG_MAKESPAN_P_MAX, OG_MAKESPAN_P_MAX}, zero[] = {0, 0, 0, 0};
    const int64_t big[] = {(int64_t)1 << 60, ((int64_t)1 << 60) + 1, (int64_t)1 << 59, 3};
    int32_t x[4];
    uint32_t price[4];
    struct og_makespan out;
    struct og_err err;
    (void)st;
    assert_int_equal(og_makespan_solve(0, 3, NULL, &opts, x, price, &out, &err), OG_OK);
    assert_int_equal(out.makespan, 0);
    assert_int_equal(og_makespan_solve(1, 0, one, &opts, x, price, &out, &err), OG_E_DATA);
    assert_int_equal(og_makespan_solve(1, 2, none, &opts, x, price, &out, &err), OG_E_DATA);
    assert_int_equal(og_makespan_solve(1, 1, minus, &opts, x, price, &out, &err), OG_E_DATA);
    assert_int_equal(og_makespan_solve(2, 1, wide, &opts, x, price, &out, &err), OG_E_DATA);
    assert_int_equal(og_makespan_solve(2, 2, zero, &opts, x, price, &out, &err), OG_OK);
    assert_int_equal(out.makespan, 0);
    assert_int_equal(og_makespan_check(2, 2, zero, x, price, 0, 0, &err), OG_OK);
    assert_int_equal(og_makespan_solve(3, 1, one, &opts, x, price, &out, &err), OG_OK);
    assert_int_equal(out.makespan, 15);
    assert_int_equal(out.bound, 15);
    assert_int_equal(og_makespan_solve(2, 2, big, &opts, x, price, &out, &err), OG_OK);
    assert_true(out.makespan == (int64_t)1 << 60);
    assert_int_equal(og_makespan_check(2, 2, big, x, price, out.makespan, out.bound, &err), OG_OK);
}

static bool stop_after(void *at)
{
    int *left = at;
    return --*left < 0;
}

/* Whenever it is stopped, what is there is an assignment and a bound that hold. */
static void test_stop(void **st)
{
    const size_t n = 60, m = 6;
    int64_t *p = og_xcalloc(n * m, sizeof *p);
    int32_t x[60];
    uint32_t price[6];
    struct og_makespan out;
    struct og_err err;
    (void)st;
    fill(n, m, p, 100000, false);
    for (int k = 0; k < 4000; k += 97) {
        int left = k;
        struct og_makespan_opts opts = {.stop = stop_after, .stop_at = &left};
        assert_int_equal(og_makespan_solve(n, m, p, &opts, x, price, &out, &err), OG_OK);
        assert_true(out.stopped);
        assert_int_equal(og_makespan_check(n, m, p, x, price, out.makespan, out.bound, &err),
                         OG_OK);
    }
    free(p);
}

/* The same bits from every compiler, at every level of optimisation. */
static void test_same_everywhere(void **st)
{
    const struct og_makespan_opts opts = {.steps = 300000};
    const size_t n = 200, m = 9;
    int64_t *p = og_xcalloc(n * m, sizeof *p);
    int32_t *x = og_xcalloc(n, sizeof *x);
    uint32_t price[9];
    uint64_t hash = 0;
    struct og_makespan out;
    struct og_err err;
    (void)st;
    state = 42;
    fill(n, m, p, 1000000007, true);
    assert_int_equal(og_makespan_solve(n, m, p, &opts, x, price, &out, &err), OG_OK);
    for (size_t i = 0; i < n; i++)
        hash = og_splitmix64(hash ^ (uint64_t)x[i]);
    for (size_t j = 0; j < m; j++)
        hash = og_splitmix64(hash ^ price[j]);
    assert_true(out.makespan == 2833476527);
    assert_true(out.bound == 2801265079);
    assert_true(hash == 0xef245bbaa3bcbb47);
    free(p);
    free(x);
}

/* ---- the instances of Braun et al. */

static uint64_t solve_file(const char *path)
{
    const struct og_makespan_opts opts = {.steps = 3000000};
    struct og_buf text = OG_BUF_INIT;
    struct og_braun b;
    struct og_makespan out;
    struct og_err err;
    assert_int_equal(og_io_read_file(path, OG_BRAUN_BYTES_MAX, &text, &err), OG_OK);
    assert_int_equal(og_braun_parse(text.p, text.len, &b, &err), OG_OK);
    assert_int_equal(b.n, 512);
    assert_int_equal(b.m, 16);
    assert_int_equal(b.decimals, 6);
    int32_t *x = og_xcalloc(b.n, sizeof *x);
    uint32_t *price = og_xcalloc(b.m, sizeof *price);
    assert_int_equal(og_makespan_solve(b.n, b.m, b.p, &opts, x, price, &out, &err), OG_OK);
    assert_int_equal(og_makespan_check(b.n, b.m, b.p, x, price, out.makespan, out.bound, &err),
                     OG_OK);
    uint64_t gap = og_muldiv_up((uint64_t)(out.makespan - out.bound), OG_PPM, (uint64_t)out.bound);
    free(x);
    free(price);
    og_braun_release(&b);
    og_buf_release(&text);
    return gap;
}

static void test_published(void **st)
{
    const char *shared = getenv("OGPU_SHARED");
    char folder[4096], path[8192];
    uint64_t sum = 0, seen = 0;
    (void)st;
    snprintf(folder, sizeof folder, "%s/match/braun/512x16", shared ? shared : "../shared");
    DIR *d = opendir(folder);
    if (d == NULL) {
        print_message("skip: no %s\n", folder);
        skip();
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strncmp(e->d_name, "u_", 2) == 0) {
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            uint64_t gap = solve_file(path);
            assert_in_range(gap, 0, 20000); /* Min-Min is 140,000 above on the mean */
            sum += gap;
            seen++;
        }
    closedir(d);
    assert_int_equal(seen, 12);
    assert_in_range(sum / seen, 0, 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brute),           cmocka_unit_test(test_corruption),
        cmocka_unit_test(test_edges),           cmocka_unit_test(test_stop),
        cmocka_unit_test(test_same_everywhere), cmocka_unit_test(test_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
