/* match_makespan.h - shortest makespan on unrelated machines: prices, a lower bound, a search. */
#ifndef OG_MATCH_MAKESPAN_H
#define OG_MATCH_MAKESPAN_H

#include "base/base_err.h"
#include "match/match_cost.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_MAKESPAN_CELLS_MAX  ((size_t)1 << 26)
#define OG_MAKESPAN_MACHS_MAX  65535
#define OG_MAKESPAN_P_MAX      (((int64_t)1 << 62) - 1) /* of a processing time */
#define OG_MAKESPAN_PRICE_BITS 20                       /* prices sum to about 2^20 */

/* p[i·m + j] is the time that task i takes on machine j, 0..OG_MAKESPAN_P_MAX, or OG_COST_NONE;
 * an assignment gives every task one machine, the load of a machine is the sum of its tasks' times,
 * the makespan the greatest load (R||Cmax, NP-hard).
 *
 * Lower bound from prices l_j >= 0, not all 0, S = Σ l_j: the price of a task is at least
 * min_j l_j·p_ij wherever it goes, and all tasks together cost Σ l_j·load_j <= S·makespan; so
 *     makespan >= ceil( Σ_i min_j l_j·p_ij / S ).
 * With the best prices this is the bound of the linear relaxation (the two are dual). The bound
 * stated here is that or, where it is greater, the longest of the tasks' least times. */

struct og_makespan_opts {
    uint64_t steps; /* of the search, some 40 ns each; 0: by the size of the instance */
    bool (*stop)(
        void *at); /* asked about every millisecond; true: end with what there is; or NULL */
    void *stop_at;
};

struct og_makespan {
    int64_t makespan, bound; /* bound <= shortest makespan <= makespan */
    uint64_t steps;          /* taken */
    bool stopped;            /* by stop() */
    bool optimal;            /* known to be: it is the bound, or all else was tried */
};

/* Fills x (n machines) and price (m prices). Integers only and no randomness from outside: without
 * a stop() that says true the same input gives the same answer everywhere. OG_E_DATA: a time out of
 * range, a task that no machine takes, Σ_i max_j p_ij >= 2^62, no machine, or more cells than
 * OG_MAKESPAN_CELLS_MAX. n may be 0. */
enum og_rc og_makespan_solve(size_t n, size_t m, const int64_t *p,
                             const struct og_makespan_opts *opts, int32_t *x, uint32_t *price,
                             struct og_makespan *out, struct og_err *err) OG_MUST_CHECK;

/* The bound that these prices prove, in one pass and without the search. */
enum og_rc og_makespan_bound(size_t n, size_t m, const int64_t *p, const uint32_t *price,
                             int64_t *bound, struct og_err *err) OG_MUST_CHECK;
/* Every task on a machine that takes it, `makespan` the greatest load, `bound` what the prices
 * prove; OG_E_DATA says what is wrong. */
enum og_rc og_makespan_check(size_t n, size_t m, const int64_t *p, const int32_t *x,
                             const uint32_t *price, int64_t makespan, int64_t bound,
                             struct og_err *err) OG_MUST_CHECK;

#endif
