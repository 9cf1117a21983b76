/* test_reference.c - published instances of the assignment problem: the optimum to the last unit.
 */
#include "lap_gen.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "match/match_hungarian.h"
#include "match/match_lap.h"
#include "match/match_lapcert.h"

#include <jansson.h>

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOLE LAP_GEN_HOLE
#define WAIT ((int64_t)1 << 40) /* cardinality first */

static int64_t member(const json_t *o, const char *key)
{
    assert_true(json_is_integer(json_object_get(o, key)));
    return json_integer_value(json_object_get(o, key));
}

/* The recipe's own checks: first cells, last cell, sum, FNV-1a of the bytes of small ones. */
static void check_recipe(const json_t *o, const int64_t *c, size_t cells)
{
    const json_t *first = json_object_get(o, "first_cells"), *want = json_object_get(o, "fnv1a64");
    int64_t sum = 0, holes = 0;
    uint64_t h = 0xcbf29ce484222325ull;
    char hex[17];
    for (size_t k = 0; k < json_array_size(first); k++)
        assert_int_equal(c[k], json_integer_value(json_array_get(first, k)));
    for (size_t k = 0; k < cells; k++) {
        sum += c[k] == HOLE ? 0 : c[k];
        holes += c[k] == HOLE;
        for (unsigned b = 0; b < 4; b++)
            h = (h ^ ((uint64_t)c[k] >> 8 * b & 0xff)) * 0x100000001b3ull;
    }
    assert_int_equal(sum, member(o, "sum_cells"));
    assert_int_equal(holes, member(o, "n_infeasible"));
    assert_int_equal(c[cells - 1], member(o, "last_cell"));
    snprintf(hex, sizeof hex, "%016" PRIx64, h);
    if (want != NULL)
        assert_string_equal(hex, json_string_value(want));
}

/* As the rounds are solved: 64 bits, waiting dearer than any matching. */
static void solve_round(const json_t *o, const char *name, int64_t *c, size_t n, size_t m)
{
    int64_t *w = og_xmalloc(n * sizeof *w), cost = 0, matched = 0;
    int64_t *u = og_xmalloc(n * sizeof *u), *v = og_xmalloc(m * sizeof *v);
    int32_t *x = og_xmalloc(n * sizeof *x);
    struct og_err err = {0};
    for (size_t k = 0; k < n * m; k++)
        c[k] = c[k] == HOLE ? OG_COST_NONE : c[k];
    for (size_t i = 0; i < n; i++)
        w[i] = WAIT;
    assert_int_equal(og_hungarian_solve(n, m, c, w, x, u, v, &err), OG_OK);
    if (og_cert_check(n, m, c, w, x, u, v, &err) != OG_OK)
        fail_msg("%s: %s", name, err.msg);
    for (size_t i = 0; i < n; i++)
        if (x[i] >= 0) {
            matched++;
            cost += c[i * m + (size_t)x[i]];
        }
    if (matched != member(o, "matched") || cost != member(o, "optimal_cost"))
        fail_msg("%s: %lld rows cost %lld", name, (long long)matched, (long long)cost);
    free(w);
    free(u);
    free(v);
    free(x);
}

/* 32 bits, no waiting, with and without vector instructions: the same bits. */
static void solve_plain(const json_t *o, const char *name, const int64_t *c, size_t n, size_t m)
{
    int32_t *c32 = og_xmalloc(n * m * sizeof *c32);
    struct og_lap_result r[2];
    struct og_err err = {0};
    for (size_t k = 0; k < n * m; k++)
        c32[k] = (int32_t)c[k];
    for (int k = 0; k < 2; k++) {
        struct og_lap_problem p = {.n = n, .m = m, .c32 = c32, .portable = k > 0};
        assert_int_equal(og_lap_solve(&p, &r[k], &err), OG_OK);
        if (og_lapcert_check(&p, r[k].x, r[k].u, r[k].v, &err) != OG_OK)
            fail_msg("%s: %s", name, err.msg);
        if ((int64_t)r[k].matched != member(o, "matched") || r[k].cost != member(o, "optimal_cost"))
            fail_msg("%s: %zu rows cost %lld", name, r[k].matched, (long long)r[k].cost);
    }
    assert_memory_equal(r[0].x, r[1].x, n * sizeof *r[0].x);
    assert_memory_equal(r[0].u, r[1].u, n * sizeof *r[0].u);
    assert_memory_equal(r[0].v, r[1].v, m * sizeof *r[0].v);
    og_lap_result_release(&r[0]);
    og_lap_result_release(&r[1]);
    free(c32);
}

static void solve_one(const json_t *o, const char *name)
{
    size_t n = (size_t)member(o, "n"), m = (size_t)member(o, "m");
    int64_t *c = og_xmalloc(n * m * sizeof *c);
    lap_gen((uint64_t)member(o, "seed"), json_string_value(json_object_get(o, "kind")), c, n, m);
    check_recipe(o, c, n * m);
    solve_plain(o, name, c, n, m);
    solve_round(o, name, c, n, m);
    free(c);
}

static void test_dev_instances(void **st)
{
    const char *shared = getenv("OGPU_SHARED");
    char *dir = og_io_join(shared == NULL ? "../shared" : shared, "match/dev");
    DIR *d = opendir(dir);
    size_t solved = 0;
    (void)st;
    if (d == NULL) {
        print_message("skip: no folder '%s' (OGPU_SHARED names the one that holds match/)\n", dir);
        free(dir);
        skip();
        return;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct og_buf b = OG_BUF_INIT;
        struct og_err err = {0};
        char *path;
        json_t *o;
        if (strstr(e->d_name, ".json") == NULL)
            continue;
        path = og_io_join(dir, e->d_name);
        assert_int_equal(og_io_read_file(path, 65536, &b, &err), OG_OK);
        o = json_loadb(b.p, b.len, 0, NULL);
        assert_non_null(o);
        solve_one(o, e->d_name);
        solved++;
        json_decref(o);
        free(path);
        og_buf_release(&b);
    }
    closedir(d);
    free(dir);
    assert_true(solved > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dev_instances)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
