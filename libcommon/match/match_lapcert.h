/* match_lapcert.h - checks a result of match_lap.h in O(nm); shares nothing with the solver. */
#ifndef OG_MATCH_LAPCERT_H
#define OG_MATCH_LAPCERT_H

#include "base/base_err.h"
#include "match/match_lap.h"

#include <stdint.h>

/* OG_OK: x is an assignment of p (no column over its capacity, no infeasible pair) and u, v prove
 * that none is cheaper (and, where no row may wait, that none matches more rows). OG_E_DATA names
 * the first rule that is broken and its place. The sums are done in 128 bits. */
enum og_rc og_lapcert_check(const struct og_lap_problem *p, const int32_t *x, const int64_t *u,
                            const int64_t *v, struct og_err *err) OG_MUST_CHECK;

#endif
