/* match_lapcoarse.h - the wide phases of the auction in 16 bits: half or a quarter of the memory to
 * go through for a bid, where steps are so wide that the low bits do not matter. */
#ifndef OG_MATCH_LAPCOARSE_H
#define OG_MATCH_LAPCOARSE_H

#include "match/match_lapcore.h"

/* Bids from where prices stand with ε, ε/divide, … down to `last` or what 16 bits can tell apart,
 * then sets the prices of c; rows stay open. limit: a row that would pay more does not bid. Takes
 * the bids off *budget. Returns the ε to go on with: the first one when nothing was done, as for
 * costs from a callback, capacities other than one, or a problem too big for a second copy. */
int64_t og_lapcoarse_run(struct og_lapcore *c, int64_t eps, int64_t last, int64_t divide,
                         int64_t limit, size_t *budget);

#endif
