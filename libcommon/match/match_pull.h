/* match_pull.h - what is assigned and not done yet: which of it an idle slot should rather have. */
#ifndef OG_MATCH_PULL_H
#define OG_MATCH_PULL_H

#include "base/base_err.h"
#include "match/match_cost.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_PULL_MS 1000u /* below this gain nothing moves */

/* A lease where it is now. */
struct og_pull_row {
    uint64_t stay_ms; /* until it is expected to be done there, at most OG_COST_MAX */
    uint32_t urgency; /* 1..64 */
    bool runs;        /* its work so far is lost when it moves */
};

/* The gain in ms that a move must exceed: a second, and of work that runs half of what is left of
 * it, too. */
uint64_t og_pull_threshold(const struct og_pull_row *row);

/* n leases, m idle slots; ect: n·m, when row i would be done on slot j (OG_COST_NONE: it cannot go
 * there). to[i]: the slot that lease i should go to, −1: it stays. At most one goes to a slot, and
 * Σ urgency · (stay − threshold − ect) of those that move is the greatest: an assignment in which
 * staying costs stay − threshold, so that a slot pulls a lease when its dual gain is positive, the
 * price of the slot counted. OG_E_DATA: what og_lap_solve refuses. */
enum og_rc og_pull_choose(size_t n, size_t m, const struct og_pull_row *row, const int64_t *ect,
                          int32_t *to, struct og_err *err) OG_MUST_CHECK;

#endif
