/* match_hungarian.h - exact minimum-cost assignment with infeasible pairs and waiting, O(n²m). */
#ifndef OG_MATCH_HUNGARIAN_H
#define OG_MATCH_HUNGARIAN_H

#include "base/base_err.h"
#include "match/match_cert.h"
#include "match/match_cost.h"
#include "match/match_greedy.h"

#include <stddef.h>
#include <stdint.h>

#define OG_HUNGARIAN_ABS_MAX (((int64_t)1 << 52) - 1) /* of any cost and wait */

/* Minimises Σ over rows of c[i·m + x_i], or wait_i where x_i = −1 (waits); each column at most
 * once; OG_COST_NONE is never chosen. Fills x and u (n each) and v (m) with a certificate that
 * og_cert_check accepts. Deterministic: the same input gives the same x, u, v everywhere.
 * OG_E_DATA: a cost or wait beyond ±OG_HUNGARIAN_ABS_MAX, or n, m above INT32_MAX. n, m may be 0.
 */
enum og_rc og_hungarian_solve(size_t n, size_t m, const int64_t *c, const int64_t *wait, int32_t *x,
                              int64_t *u, int64_t *v, struct og_err *err) OG_MUST_CHECK;

#endif
