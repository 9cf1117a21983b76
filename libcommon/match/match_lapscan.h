/* match_lapscan.h - the best columns of a row: the one loop over whole rows that the solver has. */
#ifndef OG_MATCH_LAPSCAN_H
#define OG_MATCH_LAPSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_LAPSCAN_KEEP 24
#define OG_LAPSCAN_LOW                                                                             \
    (1 - (1 << 30)) /* lowest price in 32 bits; a lower one is written as this                     \
                     */

/* A column and h = cost − price. */
struct og_lapscan_hit {
    int64_t h;
    int32_t col;
};

/* Writes the OG_LAPSCAN_KEEP smallest hits by (h, col), ascending, over feasible columns; returns
 * how many there are. Every other feasible column has at least the h of the last one.
 *   _32  cells below 2^30 are feasible, OG_LAPSCAN_LOW <= v <= 0
 *   _64  cells other than INT64_MAX are feasible, |c|, |v| <= 2^54
 * avx2: may be true only where og_lapscan_has_avx2(); the result is the same. */
size_t og_lapscan_32(const int32_t *c, const int32_t *v, size_t m, bool avx2,
                     struct og_lapscan_hit *out);
size_t og_lapscan_64(const int64_t *c, const int64_t *v, size_t m, bool avx2,
                     struct og_lapscan_hit *out);

/* The column of the smallest h (the first such), and the two smallest h; INT64_MAX, −1 where there
 * is none. */
struct og_lapscan_two {
    int64_t h1, h2;
    int32_t col;
};
struct og_lapscan_two og_lapscan_two32(const int32_t *c, const int32_t *v, size_t m, bool avx2);
struct og_lapscan_two og_lapscan_two64(const int64_t *c, const int64_t *v, size_t m);

/* Numbers, ascending, of the columns with c < below − by, into at (room for m + 32).
 * −2^31 <= below − by < 2^31. next: the row that is likely to be asked for next, fetched meanwhile;
 * NULL: none. */
size_t og_lapscan_cheaper(const int32_t *c, const int32_t *below, int32_t by, size_t m, bool avx2,
                          const int32_t *next, uint32_t *at);

bool og_lapscan_has_avx2(void);

#endif
