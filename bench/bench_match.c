/* bench_match.c - time of an exact matching of 1024 rows and 4096 columns and of its certificate:
 * "NAME MS" lines. Costs are drawn from seeds; a twentieth of the pairs is infeasible. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "match/match_cert.h"
#include "match/match_hungarian.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS 1024
#define COLS 4096
#define RUNS 5

struct problem {
    int64_t *c, *wait, *u, *v;
    int32_t *x;
};

static void fill(struct problem *p, uint64_t seed, int64_t span)
{
    for (size_t i = 0; i < (size_t)ROWS * COLS; i++) {
        uint64_t r = og_splitmix64(seed << 32 ^ i);
        p->c[i] = r % 20 == 0 ? OG_COST_NONE : (int64_t)(r / 20 % (uint64_t)span);
    }
    for (size_t i = 0; i < ROWS; i++)
        p->wait[i] = 4 * span;
}

/* Costs as a chain has them: a row's work over a column's speed, with small ties broken. */
static void fill_product(struct problem *p, uint64_t seed, int64_t span)
{
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLS; j++) {
            uint64_t work = 1 + og_splitmix64(seed ^ i) % 1000;
            uint64_t slow = 1 + og_splitmix64(seed << 20 ^ j) % 1000;
            uint64_t tie = og_splitmix64(seed << 32 ^ (i * COLS + j)) % 1000;
            p->c[i * COLS + j] = (int64_t)(work * slow * (uint64_t)span / 1000000 + tie);
        }
    for (size_t i = 0; i < ROWS; i++)
        p->wait[i] = 4 * span;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int measure(struct problem *p, const char *name,
                   void (*make)(struct problem *p, uint64_t seed, int64_t span))
{
    uint64_t solve[RUNS];
    uint64_t cert[RUNS];
    struct og_err err;
    for (uint64_t i = 0; i < RUNS; i++) {
        make(p, i + 1, 1000000000);
        uint64_t start = og_time_mono_us();
        if (og_hungarian_solve(ROWS, COLS, p->c, p->wait, p->x, p->u, p->v, &err) != OG_OK)
            return fprintf(stderr, "bench_match: %s\n", err.msg), 70;
        uint64_t mid = og_time_mono_us();
        if (og_cert_check(ROWS, COLS, p->c, p->wait, p->x, p->u, p->v, &err) != OG_OK)
            return fprintf(stderr, "bench_match: %s\n", err.msg), 70;
        cert[i] = og_time_mono_us() - mid;
        solve[i] = mid - start;
    }
    qsort(solve, RUNS, sizeof *solve, by_value);
    qsort(cert, RUNS, sizeof *cert, by_value);
    printf("solve_%s %.3f\ncertificate_%s %.3f\n", name, (double)solve[RUNS / 2] / 1000, name,
           (double)cert[RUNS / 2] / 1000);
    return 0;
}

int main(void)
{
    struct problem p = {.c = og_xcalloc((size_t)ROWS * COLS, sizeof *p.c),
                        .wait = og_xcalloc(ROWS, sizeof *p.wait),
                        .u = og_xcalloc(ROWS, sizeof *p.u),
                        .v = og_xcalloc(COLS, sizeof *p.v),
                        .x = og_xcalloc(ROWS, sizeof *p.x)};
    int rc = measure(&p, "random", fill);
    rc = rc ? rc : measure(&p, "product", fill_product);
    free(p.c);
    free(p.wait);
    free(p.u);
    free(p.v);
    free(p.x);
    return rc;
}
