/* match_mkprice.c - multiplicative weights: dearer where the load is above the average. */
#include "match/match_mkprice.h"

#include "base/base_mem.h"
#include "match/match_cert.h"
#include "match/match_makespan.h"

#include <stdlib.h>
#include <string.h>

#define ONE       ((int64_t)1 << 40) /* the weights sum to about this */
#define ROUNDS    3000
#define ROUNDS_LO 200
#define CELLS     ((size_t)1 << 27) /* looked at in all rounds together, unless that is too few */

struct pricing {
    size_t n, m;
    const uint32_t *w;
    int64_t *weight, *load;
    uint32_t *price;
};

static uint64_t root(uint64_t v)
{
    uint64_t lo = 0, hi = UINT32_MAX;
    while (lo < hi) {
        uint64_t mid = (lo + hi + 1) / 2;
        if (mid * mid <= v)
            lo = mid;
        else
            hi = mid - 1;
    }
    return lo;
}

/* Prices of 20 bits from the weights; returns their sum. */
static uint64_t round_prices(struct pricing *s)
{
    uint64_t sum = 0;
    for (size_t j = 0; j < s->m; j++) {
        s->price[j] = (uint32_t)(s->weight[j] >> (40 - OG_MAKESPAN_PRICE_BITS));
        s->price[j] = s->price[j] ? s->price[j] : 1;
        sum += s->price[j];
    }
    return sum;
}

/* Every task to its cheapest machine: fills load, returns Σ min l_j·w_ij. A task's least price is
 * below 2^51 and, by duality, all of them together below 2^52. */
static uint64_t place(struct pricing *s)
{
    uint64_t sum = 0;
    memset(s->load, 0, s->m * sizeof *s->load);
    for (size_t i = 0; i < s->n; i++) {
        const uint32_t *row = s->w + i * s->m;
        uint64_t least = UINT64_MAX;
        size_t at = 0;
        for (size_t j = 0; j < s->m; j++) {
            uint64_t cost = row[j] == OG_MKPRICE_NONE ? UINT64_MAX : (uint64_t)row[j] * s->price[j];
            at = cost < least ? j : at;
            least = cost < least ? cost : least;
        }
        sum += least;
        s->load[at] += row[at];
    }
    return sum;
}

/* weight_j times e^(step · (load_j - mean) / greatest load), the power series to the third term;
 * step in 2^-30, at most a half. */
static void update(struct pricing *s, int64_t mean, int64_t step)
{
    int64_t most = 1;
    uint64_t sum = 0;
    for (size_t j = 0; j < s->m; j++)
        most = s->load[j] > most ? s->load[j] : most;
    for (size_t j = 0; j < s->m; j++) {
        og_i128 part = (og_i128)step * (s->load[j] - mean) / most;
        int64_t x = (int64_t)part;
        int64_t x2 = x * x >> 30, x3 = x2 * x >> 30;
        int64_t grow = ((int64_t)1 << 30) + x + x2 / 2 + x3 / 6;
        part = (og_i128)s->weight[j] * grow >> 30;
        s->weight[j] = part > 0 ? (int64_t)part : 1;
        sum += (uint64_t)s->weight[j];
    }
    for (size_t j = 0; j < s->m; j++)
        s->weight[j] = (int64_t)((og_i128)s->weight[j] * ONE / (int64_t)sum);
}

void og_mkprice_find(size_t n, size_t m, const uint32_t *w, bool (*stop)(void *at), void *stop_at,
                     uint32_t *price)
{
    struct pricing s = {.n = n, .m = m, .w = w};
    size_t rounds = CELLS / (n * m + 1);
    uint64_t best = 0;
    rounds = rounds > ROUNDS ? ROUNDS : rounds < ROUNDS_LO ? ROUNDS_LO : rounds;
    s.weight = og_xcalloc(m + 1, sizeof *s.weight);
    s.load = og_xcalloc(m + 1, sizeof *s.load);
    s.price = og_xcalloc(m + 1, sizeof *s.price);
    for (size_t j = 0; j < m; j++)
        s.weight[j] = ONE / (int64_t)m;
    for (size_t t = 0; t < rounds; t++) {
        uint64_t sum = round_prices(&s);
        uint64_t bound = place(&s) * 1024 / sum; /* of load, times 1024 */
        if (t == 0 || bound > best) {
            best = bound;
            memcpy(price, s.price, m * sizeof *price);
        }
        if (stop && stop(stop_at))
            break;
        update(&s, (int64_t)(bound / 1024), (int64_t)(((uint64_t)1 << 44) / root((t + 1) << 30)));
    }
    free(s.weight);
    free(s.load);
    free(s.price);
}
