/* match_cost.h - what a pair costs, in milliseconds times urgency; integers,
 * saturating. */
#ifndef OG_MATCH_COST_H
#define OG_MATCH_COST_H

#include "match/match_need.h"

#include <stdint.h>

#define OG_COST_NONE INT64_MAX /* the pair is infeasible */

#define OG_COST_MAX      (((int64_t)1 << 40) - 1) /* of a cell */
#define OG_COST_WAIT_MIN ((int64_t)1 << 41)       /* of waiting: above any cell */
#define OG_COST_WAIT_MAX (((int64_t)1 << 42) - 1)

/* The knobs. bench/results has the curves that they were chosen from. */
#define OG_COST_BPS_NONE    1000000u     /* bandwidth of a way nobody reported, bytes/s */
#define OG_COST_RUN_MS      1000u        /* an element of unknown work on the fastest slot */
#define OG_COST_FAIR_SHARE  16u          /* kappa: 1/16 of what a slot got above the mean */
#define OG_COST_FAIR_MAX    40000u       /* ceiling of the fairness price, ms */
#define OG_COST_LATE_WEIGHT 4u           /* a millisecond after the deadline */
#define OG_COST_CHAIN       8u           /* steps that a chain much longer than the row is worth */
#define OG_COST_SWITCH_MS   50u          /* H: starting a task on one more node */
#define OG_COST_WAIT_STEP   (1ull << 20) /* ms of waiting that one step of urgency is worth */
#define OG_COST_AGE_MAX     (1ull << 32) /* ages count up to here, ms */
#define OG_COST_PRESS                                                                              \
    8u /* how many steps a deadline just in reach is worth                                         \
        */

/* What all cells of a round share: filled once from its columns. */
struct og_cost_round {
    uint64_t now_ms;  /* time of the block that wrote the round */
    uint64_t c_fast;  /* greatest c_mflops of a column, at least 1 */
    uint64_t mean_ms; /* Σ recv_mflop · 1000 / Σ c_mflops */
};
void og_cost_round_init(struct og_cost_round *r, const struct og_match_col *cols, size_t m,
                        uint64_t now_ms);

/* The ways that matter to a task on one node; see match_graph.h. */
struct og_cost_way {
    uint64_t latency_us;  /* from the submitter's node */
    uint64_t fetch_us;    /* from the nearest holder of the inputs; 0: the
                             submitter's node is it */
    uint64_t bytes_per_s; /* of the way from the nearest holder; 0: nobody
                             reported one */
    bool held;            /* the node has the inputs */
    bool away;            /* the task runs on other nodes, not on this one */
};

/* The terms of one cell, so that each can be shown; all but urgency and cost are milliseconds. */
struct og_cost_terms {
    uint64_t queue_ms;    /* until the slot is free; of a busy one expected, og_cost_left */
    uint64_t latency_ms;  /* ceil(latency_us / 1000) */
    uint64_t transfer_ms; /* ceil(fetch_us / 1000) + ceil(in_bytes · 1000 / bytes_per_s); 0: held */
    /* ceil(work · 1000 / C) · pace: work as known, else as its finished elements took, else count ·
     * 1000 · fastest C; never above count · limit_ms when there is a limit */
    uint64_t run_ms;
    uint64_t retry_ms; /* (latency + transfer + run) · (10^6 / reliability − 1): expected repeats */
    uint64_t ect_ms;  /* the sum of the above: expected completion from now */
    uint64_t late_ms; /* how much of ect lies after the deadline */
    /* ect · rank / (rank + ect): what waits behind the row is late with it (upward rank:
     * Topcuoglu, Hariri and Wu 2002) */
    uint64_t chain_ms;
    uint64_t fair_ms;   /* 1/16 of the time for which the slot got more work per capacity than the
                           round's mean */
    uint64_t switch_ms; /* 50 where the task already runs on other nodes only: hysteresis */
    uint32_t urgency;
    int64_t cost; /* urgency · (ect + 4 · late + chain) + fair + switch, at most OG_COST_MAX */
};
void og_cost_explain(const struct og_cost_round *r, const struct og_match_row *row,
                     const struct og_match_col *col, const struct og_cost_way *way,
                     struct og_cost_terms *out);

/* Run time of a row on a column, ms, as in the terms. */
uint64_t og_cost_run(const struct og_cost_round *r, const struct og_match_row *row,
                     const struct og_match_col *col);
/* How long a lease still takes that was expected to take expected_ms and runs
 * for elapsed_ms: what is late is expected to take as long again as it is late.
 */
uint64_t og_cost_left(uint64_t expected_ms, uint64_t elapsed_ms);

/* Cost of leaving the row for a later round: 2^41 + urgency · (2^20 + age_ms +
 * press + chain), so that every row has a place that can have one, and among rows that
 * compete for one the more urgent wins, then the older, unless its cost is
 * greater by more. best_ms: the least ect of its cells; press: 2^20 · 8 · best
 * / (slack + best) while the deadline can be met, slack being the time to
 * spare; chain: 2^20 · 8 · rank / (rank + best). With n rows whose cells are below 2^41/n the
 * number of rows placed is the greatest possible. */
int64_t og_cost_wait(const struct og_cost_round *r, const struct og_match_row *row,
                     uint64_t best_ms);

/* 64 · cost + (splitmix64(r_seed + row · 2^32 + col) mod 64), sums modulo 2^64:
 * the beacon breaks ties. OG_COST_NONE stays. The caller multiplies
 * og_cost_wait by 64 (og_cost_wait_tie). */
int64_t og_cost_tie(int64_t cost, uint64_t r_seed, uint32_t row, uint32_t col);
int64_t og_cost_wait_tie(int64_t wait);

#endif
