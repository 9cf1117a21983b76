/* match_adapt.h - matching again after things have changed: a solver kept from problem to problem,
 * in which rows and columns have names that stay (paper 4.1, 7.1). */
#ifndef OG_MATCH_ADAPT_H
#define OG_MATCH_ADAPT_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_adapt;

/* n rows and m columns under their names; c: n·m cells (OG_COST_NONE: infeasible), wait: n, both
 * within OG_LAP_MAX. Borrowed. */
struct og_adapt_problem {
    size_t n, m;
    const uint64_t *row, *col;
    const int64_t *c, *wait;
};

/* x, u, v as og_lap_solve gives them, in the order of the problem; they belong to the adapter until
 * its next problem. gap: 0 when optimal, else what x may cost above the cheapest. */
struct og_adapt_result {
    const int32_t *x;
    const int64_t *u, *v;
    size_t placed;
    bool optimal, warm;
    int64_t gap;
};

/* Never fails; the caller frees it. */
struct og_adapt *og_adapt_new(void);
void og_adapt_free(struct og_adapt *a);

/* Solves p from the last solution, when enough of its names are there again: rows and columns that
 * went are taken out, new ones put in, rows whose cells differ put anew; the prices of columns
 * stay, so that a node that leaves, slows down or joins, or an urgent task, costs a few
 * augmentations. From the start when less than half of the rows or three quarters of the columns
 * stay, or a name stands twice. The optimum is the same either way. stop (may be NULL) ends it
 * early with a gap. OG_E_DATA as og_lap_solve. */
enum og_rc og_adapt_solve(struct og_adapt *a, const struct og_adapt_problem *p,
                          bool (*stop)(void *user), void *stop_user, struct og_adapt_result *out,
                          struct og_err *err) OG_MUST_CHECK;

#endif
