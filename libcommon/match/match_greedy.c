/* match_greedy.c - deterministic greedy assignment. */
#include "match/match_greedy.h"

#include "base/base_mem.h"
#include "match/match_cost.h"

#include <stdlib.h>

int32_t og_greedy_row(size_t m, const int64_t *c_row, int64_t wait, uint8_t *taken)
{
    int64_t best = wait;
    int32_t x = -1;
    for (size_t j = 0; j < m; j++)
        if (!taken[j] && c_row[j] != OG_COST_NONE && c_row[j] < best) {
            best = c_row[j];
            x = (int32_t)j;
        }
    if (x >= 0)
        taken[x] = 1;
    return x;
}

void og_greedy_match(size_t n, size_t m, const int64_t *c, const int64_t *wait, int32_t *x)
{
    uint8_t *taken = og_xcalloc(m + 1, 1);
    for (size_t i = 0; i < n; i++)
        x[i] = og_greedy_row(m, m == 0 ? c : c + i * m, wait[i], taken);
    free(taken);
}
