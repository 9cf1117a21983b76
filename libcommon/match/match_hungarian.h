/* match_hungarian.h - the matching of a round: exact, with infeasible pairs and waiting. */
#ifndef OG_MATCH_HUNGARIAN_H
#define OG_MATCH_HUNGARIAN_H

#include "base/base_err.h"
#include "match/match_cert.h"
#include "match/match_cost.h"
#include "match/match_greedy.h"
#include "match/match_lap.h"

#include <stddef.h>
#include <stdint.h>

#define OG_HUNGARIAN_ABS_MAX OG_LAP_MAX /* of any cost and wait */

/* Minimises Σ over rows of c[i·m + x_i], or wait_i where x_i = −1 (waits); each column at most
 * once; OG_COST_NONE is never chosen. Fills x and u (n each) and v (m) with a certificate that
 * og_cert_check accepts. Deterministic: the same input gives the same x, u, v everywhere.
 * OG_E_DATA: what og_lap_solve refuses (n or m above OG_LAP_SIZE, a cost or wait beyond
 * ±OG_HUNGARIAN_ABS_MAX or too wide for so many rows). n, m may be 0. */
enum og_rc og_hungarian_solve(size_t n, size_t m, const int64_t *c, const int64_t *wait, int32_t *x,
                              int64_t *u, int64_t *v, struct og_err *err) OG_MUST_CHECK;

#endif
