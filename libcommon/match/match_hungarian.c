/* match_hungarian.c - the matching of a round by the solver of match_lap.h, in 64-bit costs. */
#include "match/match_hungarian.h"

#include "match/match_lap.h"

#include <string.h>

enum og_rc og_hungarian_solve(size_t n, size_t m, const int64_t *c, const int64_t *wait, int32_t *x,
                              int64_t *u, int64_t *v, struct og_err *err)
{
    const struct og_lap_problem p = {.n = n, .m = m, .c64 = c, .wait = wait};
    struct og_lap_result r;
    enum og_rc rc = og_lap_solve(&p, &r, err);
    if (rc == OG_OK) {
        memcpy(x, r.x, n * sizeof *x);
        memcpy(u, r.u, n * sizeof *u);
        memcpy(v, r.v, m * sizeof *v);
    }
    og_lap_result_release(&r);
    return rc;
}
