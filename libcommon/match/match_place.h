/* match_place.h - places: the columns of a round are the first, second, … turn on every slot, so
 * that a row may rather wait for a busy fast slot than take a slow free one. */
#ifndef OG_MATCH_PLACE_H
#define OG_MATCH_PLACE_H

#include "match/match_cost.h"

#include <stddef.h>
#include <stdint.h>

/* Σ of completion times over slots in turn is an assignment (Horn 1973; Bruno, Coffman, Sethi
 * 1974): what stands k-th from the end of a slot delays itself and the k − 1 behind it. So place k
 * (from 0) of a slot costs the cell and k times what the row keeps the slot for (ect − queue). */
#define OG_PLACES_MAX 8 /* a slot */

/* Places per slot in a round of n rows and m slots with at most `cells` cells: 1..8, at most n. */
size_t og_place_count(size_t n, size_t m, size_t cells);

/* Cost of place k of a row that keeps the slot for keep_ms: cost + k · keep_ms, at most
 * OG_COST_MAX. OG_COST_NONE stays. */
int64_t og_place_cost(int64_t cost, uint64_t keep_ms, size_t k);

/* Which row each slot takes first: of the rows that x puts on its places the one with the greatest
 * weight to its time there (Smith 1956), ties to the lower row. Columns are slot · places + k. A
 * row's weight is urgency, age and deadline: wait/unit − 2^41; its time is (c_1 − c_0)/unit, unit
 * being what a millisecond counts in c and wait: 64 where og_cost_tie made them, else 1. first:
 * m/places entries, −1: none. */
void og_place_first(size_t n, size_t m, size_t places, int64_t unit, const int64_t *c,
                    const int64_t *wait, const int32_t *x, int32_t *first);

#endif
