/* test_reference.c - published instances of the assignment problem: the optimum to the last unit.
 */
#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_hungarian.h"

#include <jansson.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CELLS_MAX 1000000 /* larger ones are for benchmarks */
#define HOLE      ((int64_t)1 << 30)
#define WAIT      ((int64_t)1 << 40) /* cardinality first */

static uint64_t state;

/* ((next() >> 32) · r) >> 32, splitmix64. */
static int64_t below(uint64_t r)
{
    uint64_t z = og_splitmix64(state);
    state += 0x9E3779B97F4A7C15ull;
    return (int64_t)((z >> 32) * r >> 32);
}

static int64_t *draw(size_t n, uint64_t r)
{
    int64_t *a = og_xmalloc((n + 1) * sizeof *a);
    for (size_t i = 0; i < n; i++)
        a[i] = below(r);
    return a;
}

static int64_t root(int64_t v)
{
    int64_t lo = 0, hi = 3000000000;
    while (lo < hi) {
        int64_t mid = (lo + hi + 1) / 2;
        if (mid * mid <= v)
            lo = mid;
        else
            hi = mid - 1;
    }
    return lo;
}

static void make_geo(int64_t *c, size_t n, size_t m)
{
    int64_t *a = draw(2 * n, 65536), *b = draw(2 * m, 65536);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            int64_t x = a[2 * i] - b[2 * j], y = a[2 * i + 1] - b[2 * j + 1];
            c[i * m + j] = root((x * x + y * y) * 256);
        }
    free(a);
    free(b);
}

/* Machines of 14 types, 24 job templates, 8 regions: `holes` for memory needs, `positions` > 1 for
 * the sum of completion times. */
static void make_mach(int64_t *c, size_t n, size_t m, bool holes, size_t positions)
{
    static const int64_t speed[] = {8, 15, 20, 30, 35, 40, 65, 82, 125, 156, 330, 495, 660, 989};
    static const int64_t vram[] = {6, 8, 8, 12, 12, 16, 24, 24, 16, 40, 24, 80, 80, 141};
    static const int64_t needs[] = {2, 4, 6, 8, 12, 16, 24, 40};
    size_t nodes = m / positions;
    int64_t *t = draw(nodes, 14), *jit = draw(nodes, 81), *reg = draw(nodes, 8);
    int64_t *busy = draw(nodes, 4), *q = draw(nodes, 60000);
    int64_t *cl = draw(n, 24), *mb = draw(n, 4096), *treg = draw(n, 8), *need = draw(n, 8);
    for (size_t i = 0; i < n; i++) {
        int64_t work = ((int64_t)20 << (cl[i] / 2)) * (cl[i] % 2 ? 3 : 2);
        for (size_t j = 0; j < m; j++) {
            size_t k = j / positions;
            int64_t d = llabs(treg[i] - reg[k]);
            int64_t p =
                work * 1000000 / (speed[t[k]] * (960 + jit[k])) + 5 + 20 * d + mb[i] * (1 + d) / 8;
            if (positions > 1)
                p *= (int64_t)(j % positions) + 1;
            else if (busy[k] == 0)
                p += q[k];
            c[i * m + j] = holes && needs[need[i]] > vram[t[k]] ? HOLE : p;
        }
    }
    int64_t *all[] = {t, jit, reg, busy, q, cl, mb, treg, need};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
}

static void make(const char *kind, int64_t *c, size_t n, size_t m)
{
    if (strcmp(kind, "uni") == 0)
        for (size_t k = 0; k < n * m; k++)
            c[k] = below(1000000);
    else if (strcmp(kind, "uni100") == 0)
        for (size_t k = 0; k < n * m; k++)
            c[k] = 1 + below(100);
    else if (strcmp(kind, "mw") == 0)
        for (size_t k = 0; k < n * m; k++)
            c[k] = (int64_t)((k / m + 1) * (k % m + 1));
    else if (strcmp(kind, "geo") == 0)
        make_geo(c, n, m);
    else
        make_mach(c, n, m, strcmp(kind, "machinf") == 0, strcmp(kind, "sumcj") == 0 ? 16 : 1);
}

static int64_t member(const json_t *o, const char *key)
{
    assert_true(json_is_integer(json_object_get(o, key)));
    return json_integer_value(json_object_get(o, key));
}

static void solve_one(const json_t *o, const char *name)
{
    size_t n = (size_t)member(o, "n"), m = (size_t)member(o, "m");
    int64_t *c = og_xmalloc(n * m * sizeof *c), *w = og_xmalloc(n * sizeof *w);
    int64_t *u = og_xmalloc(n * sizeof *u), *v = og_xmalloc(m * sizeof *v);
    int32_t *x = og_xmalloc(n * sizeof *x);
    int64_t sum = 0, cost = 0, matched = 0;
    struct og_err err = {0};
    state = (uint64_t)member(o, "seed");
    make(json_string_value(json_object_get(o, "kind")), c, n, m);
    for (size_t k = 0; k < n * m; k++) {
        sum += c[k] == HOLE ? 0 : c[k];
        c[k] = c[k] == HOLE ? OG_COST_NONE : c[k];
    }
    assert_int_equal(sum, member(o, "sum_cells"));
    assert_int_equal(c[n * m - 1] == OG_COST_NONE ? HOLE : c[n * m - 1], member(o, "last_cell"));
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
    free(c);
    free(w);
    free(u);
    free(v);
    free(x);
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
        if (member(o, "n") * member(o, "m") <= CELLS_MAX) {
            solve_one(o, e->d_name);
            solved++;
        }
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
