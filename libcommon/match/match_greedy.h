/* match_greedy.h - the fallback: rows in order, each takes its cheapest free slot. */
#ifndef OG_MATCH_GREEDY_H
#define OG_MATCH_GREEDY_H

#include <stddef.h>
#include <stdint.h>

/* x_i: the cheapest feasible free column of row i when it is cheaper than waiting (ties: the
 * lowest), else −1. */
void og_greedy_match(size_t n, size_t m, const int64_t *c, const int64_t *wait, int32_t *x);

/* The same a row at a time: taken (m flags, 0 at first) is updated; returns x_i. */
int32_t og_greedy_row(size_t m, const int64_t *c_row, int64_t wait, uint8_t *taken);

#endif
