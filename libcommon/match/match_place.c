/* match_place.c - turns on slots as columns, and who has the first turn. */
#include "match/match_place.h"

#include "base/base_num.h"

size_t og_place_count(size_t n, size_t m, size_t cells)
{
    size_t k = OG_PLACES_MAX;
    if (n == 0 || m == 0)
        return 1;
    if (k > n)
        k = n;
    while (k > 1 && n * m * k > cells)
        k--;
    return k;
}

int64_t og_place_cost(int64_t cost, uint64_t keep_ms, size_t k)
{
    uint64_t more;
    if (cost == OG_COST_NONE)
        return OG_COST_NONE;
    if (!og_mul_u64(keep_ms, k, &more) || more > (uint64_t)OG_COST_MAX)
        return OG_COST_MAX;
    int64_t sum = cost + (int64_t)more;
    return sum < OG_COST_MAX ? sum : OG_COST_MAX;
}

static uint64_t weight(int64_t wait, int64_t unit)
{
    int64_t w = wait / unit - OG_COST_WAIT_MIN;
    return w > 0 ? (uint64_t)w : 0;
}

/* How long the row keeps the slot, in ms and one more: never 0. */
static uint64_t keeps(const int64_t *place, int64_t unit)
{
    int64_t ms = (place[1] - place[0]) / unit;
    return ms > 0 ? (uint64_t)ms + 1 : 1;
}

void og_place_first(size_t n, size_t m, size_t places, int64_t unit, const int64_t *c,
                    const int64_t *wait, const int32_t *x, int32_t *first)
{
    for (size_t s = 0; s < m / places; s++)
        first[s] = -1;
    for (size_t i = 0; i < n; i++) {
        if (x[i] < 0 || (size_t)x[i] >= m)
            continue;
        size_t s = (size_t)x[i] / places;
        size_t at = s * places;
        if (first[s] < 0) {
            first[s] = (int32_t)i;
        } else {
            size_t b = (size_t)first[s];
            og_u128 mine = (og_u128)weight(wait[i], unit) * keeps(c + b * m + at, unit);
            og_u128 best = (og_u128)weight(wait[b], unit) * keeps(c + i * m + at, unit);
            if (mine > best)
                first[s] = (int32_t)i;
        }
    }
}
