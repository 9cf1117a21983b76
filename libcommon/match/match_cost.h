/* match_cost.h - what a pair costs, in milliseconds times urgency; integers, saturating. */
#ifndef OG_MATCH_COST_H
#define OG_MATCH_COST_H

#include "match/match_need.h"

#include <stdint.h>

#define OG_COST_NONE INT64_MAX /* the pair is infeasible */

#define OG_COST_MAX      (((int64_t)1 << 40) - 1) /* of a cell */
#define OG_COST_WAIT_MIN ((int64_t)1 << 41)       /* of waiting: above any cell */
#define OG_COST_WAIT_MAX (((int64_t)1 << 42) - 1)

#define OG_COST_BPS_NONE  1000000u /* bandwidth of a way nobody reported, bytes/s */
#define OG_COST_RUN_MS    1000u    /* run time of one element of unknown work on the fastest slot */
#define OG_COST_FAIR_MAX  10000u   /* ceiling of the fairness price, ms */
#define OG_COST_WAIT_STEP (1ull << 26) /* ms of waiting that one step of urgency is worth */
#define OG_COST_AGE_MAX   (1ull << 32) /* ages count up to here, ms */

/* What all cells of a round share: filled once from its columns. */
struct og_cost_round {
    uint64_t now_ms;  /* time of the block that wrote the round */
    uint64_t c_fast;  /* greatest c_mflops of a column, at least 1 */
    uint64_t mean_ms; /* Σ recv_mflop · 1000 / Σ c_mflops */
};
void og_cost_round_init(struct og_cost_round *r, const struct og_match_col *cols, size_t m,
                        uint64_t now_ms);

/* The terms of one cell, so that each can be shown:
 *   queue_ms    until the slot is free
 *   latency_ms  ceil(latency_us / 1000)
 *   transfer_ms ceil(in_bytes · 1000 / bytes_per_s)
 *   run_ms      ceil(work · 1000 / C), or count · 1000 · fastest C / C when the work is unknown;
 *               never above count · limit_ms when there is a limit
 *   retry_ms    (latency + transfer + run) · (10^6 / reliability − 1): expected repeats
 *   ect_ms      the sum of the above: expected completion from now
 *   late_ms     now + ect − deadline when that is positive
 *   fair_ms     1/64 of the time for which the slot got more work per capacity than the round's
 * mean cost        urgency · (ect + late) + fair, at most OG_COST_MAX */
struct og_cost_terms {
    uint64_t queue_ms, latency_ms, transfer_ms, run_ms, retry_ms, ect_ms, late_ms, fair_ms;
    uint32_t urgency;
    int64_t cost;
};
void og_cost_explain(const struct og_cost_round *r, const struct og_match_row *row,
                     const struct og_match_col *col, uint64_t latency_us, uint64_t bytes_per_s,
                     struct og_cost_terms *out);
/* 0 <= cost <= OG_COST_MAX. Does not ask whether the pair is feasible: og_need_check does. */
int64_t og_cost_cell(const struct og_cost_round *r, const struct og_match_row *row,
                     const struct og_match_col *col, uint64_t latency_us, uint64_t bytes_per_s);

/* Cost of leaving the row for a later round: 2^41 + urgency · (2^26 + age_ms), so that nobody waits
 * beside a free slot that would take it, and among rows that compete for one slot the more urgent
 * wins, then the older, unless its cost is greater by more. With n rows whose cells are below
 * 2^41/n the number of matched rows is the greatest possible. */
int64_t og_cost_wait(const struct og_match_row *row);

/* 64 · cost + (splitmix64(r_seed + row · 2^32 + col) mod 64), sums modulo 2^64: the beacon breaks
 * ties. OG_COST_NONE stays. The caller multiplies og_cost_wait by 64 (og_cost_wait_tie). */
int64_t og_cost_tie(int64_t cost, uint64_t r_seed, uint32_t row, uint32_t col);
int64_t og_cost_wait_tie(int64_t wait);

#endif
