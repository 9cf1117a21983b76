/* lap_gen.h - the instances of the assignment problem that reference optima are known for, drawn
 * from a seed; for tests and benchmarks. */
#ifndef LAP_GEN_H
#define LAP_GEN_H

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LAP_GEN_HOLE ((int64_t)1 << 30) /* infeasible */

static uint64_t lap_gen_state;

/* ((next() >> 32) · r) >> 32, splitmix64. */
static int64_t lap_gen_below(uint64_t r)
{
    uint64_t z = og_splitmix64(lap_gen_state);
    lap_gen_state += 0x9E3779B97F4A7C15ull;
    return (int64_t)((z >> 32) * r >> 32);
}

static int64_t *lap_gen_draw(size_t n, uint64_t r)
{
    int64_t *a = og_xmalloc((n + 1) * sizeof *a);
    for (size_t i = 0; i < n; i++)
        a[i] = lap_gen_below(r);
    return a;
}

static int64_t lap_gen_root(int64_t v)
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

static void lap_gen_geo(int64_t *c, size_t n, size_t m)
{
    int64_t *a = lap_gen_draw(2 * n, 65536), *b = lap_gen_draw(2 * m, 65536);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) {
            int64_t x = a[2 * i] - b[2 * j], y = a[2 * i + 1] - b[2 * j + 1];
            c[i * m + j] = lap_gen_root((x * x + y * y) * 256);
        }
    free(a);
    free(b);
}

/* Machines of 14 types, 24 job templates, 8 regions: `holes` for memory needs, `positions` > 1 for
 * the sum of completion times. */
static void lap_gen_mach(int64_t *c, size_t n, size_t m, bool holes, size_t positions)
{
    static const int64_t speed[] = {8, 15, 20, 30, 35, 40, 65, 82, 125, 156, 330, 495, 660, 989};
    static const int64_t vram[] = {6, 8, 8, 12, 12, 16, 24, 24, 16, 40, 24, 80, 80, 141};
    static const int64_t needs[] = {2, 4, 6, 8, 12, 16, 24, 40};
    size_t nodes = m / positions;
    int64_t *t = lap_gen_draw(nodes, 14), *jit = lap_gen_draw(nodes, 81),
            *reg = lap_gen_draw(nodes, 8);
    int64_t *busy = lap_gen_draw(nodes, 4), *q = lap_gen_draw(nodes, 60000);
    int64_t *cl = lap_gen_draw(n, 24), *mb = lap_gen_draw(n, 4096), *treg = lap_gen_draw(n, 8),
            *need = lap_gen_draw(n, 8);
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
            c[i * m + j] = holes && needs[need[i]] > vram[t[k]] ? LAP_GEN_HOLE : p;
        }
    }
    int64_t *all[] = {t, jit, reg, busy, q, cl, mb, treg, need};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        free(all[k]);
}

/* kind: uni uni100 geo mw mach machinf sumcj; m is a multiple of 16 for sumcj. */
static void lap_gen(uint64_t seed, const char *kind, int64_t *c, size_t n, size_t m)
{
    lap_gen_state = seed;
    if (strcmp(kind, "uni") == 0)
        for (size_t k = 0; k < n * m; k++)
            c[k] = lap_gen_below(1000000);
    else if (strcmp(kind, "uni100") == 0)
        for (size_t k = 0; k < n * m; k++)
            c[k] = 1 + lap_gen_below(100);
    else if (strcmp(kind, "mw") == 0)
        for (size_t k = 0; k < n * m; k++)
            c[k] = (int64_t)((k / m + 1) * (k % m + 1));
    else if (strcmp(kind, "geo") == 0)
        lap_gen_geo(c, n, m);
    else
        lap_gen_mach(c, n, m, strcmp(kind, "machinf") == 0, strcmp(kind, "sumcj") == 0 ? 16 : 1);
}

#endif
