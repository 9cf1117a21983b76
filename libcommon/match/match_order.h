/* match_order.h - in which order: Smith's rule, Σ of completion times, HEFT for tasks with edges.
 */
#ifndef OG_MATCH_ORDER_H
#define OG_MATCH_ORDER_H

#include "base/base_err.h"
#include "match/match_cost.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One machine, n tasks: order[k] is the task that runs k-th. Least Σ weight·completion (Smith 1956,
 * "Various optimizers for single-stage production"): falling weight/time; time 0 with a weight
 * first; ties to the lower task. */
void og_order_smith(size_t n, const uint64_t *time, const uint64_t *weight, size_t *order);

/* Unrelated machines, least Σ of completion times, exactly: an assignment of tasks to places, where
 * the k-th place from the end of machine j (k from 1) costs k·p_ij (Horn 1973; Bruno, Coffman and
 * Sethi 1974). p[i·m + j] >= 0 or OG_COST_NONE. places: of each machine; 0: as many as there are
 * tasks. Fills machine (−1: no place left for it) and back (place from the end, 1 is the last),
 * both n. OG_E_DATA: what og_lap_solve refuses. */
struct og_order_sum {
    int64_t sum;   /* of completion times of placed tasks */
    size_t placed; /* tasks: as many as possible */
    bool optimal;  /* false: stop() said true */
};
enum og_rc og_order_sumcj(size_t n, size_t m, const int64_t *p, size_t places,
                          bool (*stop)(void *at), void *stop_at, int32_t *machine, uint32_t *back,
                          struct og_order_sum *out, struct og_err *err) OG_MUST_CHECK;

/* `to` starts after `from` has ended, and `cost` later when it runs on another machine. */
struct og_order_edge {
    size_t from, to;
    uint64_t cost;
};

struct og_order_slot {
    int32_t machine;
    uint64_t start, finish;
};

/* Tasks that wait for each other, on unrelated machines (HEFT: Topcuoglu, Hariri and Wu 2002):
 * tasks by falling upward rank, mean time plus the greatest of (edge cost + rank) behind it, ties
 * in topological order; each where it ends earliest, in the first gap that holds it, ties to the
 * lower machine. Means are rounded down. ready (m): when each machine is free first, release (n):
 * before which a task does not start; both may be NULL. Fills slot (n), rank (n, may be NULL) and
 * *makespan. p as in match_makespan.h. OG_E_DATA: a cycle, an edge to itself or out of range, a
 * task that no machine takes, times beyond 2^62 in sum. */
enum og_rc og_order_heft(size_t n, size_t m, const int64_t *p, const struct og_order_edge *edge,
                         size_t edges, const uint64_t *ready, const uint64_t *release,
                         struct og_order_slot *slot, uint64_t *rank, uint64_t *makespan,
                         struct og_err *err) OG_MUST_CHECK;

#endif
