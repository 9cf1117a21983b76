/* match_lap.h - linear assignment: exact, dense or sparse, cold or warm, with a certificate.
 *
 * Shortest augmenting paths (Jonker and Volgenant 1987) from the prices of an ε-scaled auction
 * (Bertsekas 1988); rows keep their best columns, and since prices only fall the rest is looked at
 * when it could matter (Bertsekas and Castañón 1989; LAPMOD, Volgenant 1996). Integers only: the
 * same problem gives the same x, u, v on every machine. No clock: stop() is asked. */
#ifndef OG_MATCH_LAP_H
#define OG_MATCH_LAP_H

#include "base/base_err.h"
#include "match/match_cost.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_LAP_NONE32 ((int32_t)1 << 30) /* a 32-bit cell from here on: the pair is infeasible */
#define OG_LAP_MAX    (((int64_t)1 << 52) - 1) /* of |cell| and |wait| */
#define OG_LAP_BIG    ((int64_t)1 << 52)       /* what a row left over costs where none may wait */
#define OG_LAP_SIZE   ((size_t)1 << 20)        /* most rows, most columns */

/* n rows (tasks) and m columns (slots). The costs stand in exactly one of c32, c64, row. All is
 * borrowed.
 *   c32   row-major, `stride` cells from row to row (0: m); cells >= OG_LAP_NONE32 are infeasible
 *   c64   the same with OG_COST_NONE for infeasible, |cell| <= OG_LAP_MAX
 *   row   writes the m costs of row i (as in c64) to out; called again when a row matters again
 *   wait  n costs of leaving the row out. NULL: no row may wait, as many rows as possible are
 *         matched, and among those matchings the cheapest is taken
 *   cap   m: how many rows the column takes. NULL: one each
 *   stop  asked now and then; once it says true, what is there is made a feasible assignment
 *   portable  leave vector instructions out; the result is the same (for tests) */
struct og_lap_problem {
    size_t n, m, stride;
    const int32_t *c32;
    const int64_t *c64;
    void (*row)(void *user, size_t i, int64_t *out);
    void *row_user;
    const int64_t *wait;
    const uint32_t *cap;
    bool (*stop)(void *user);
    void *stop_user;
    bool portable;
};

/* x_i: the column of row i, −1: it waits or is left over. u (n) and v (m) prove it: u_i + v_j <=
 * c_ij, equal on matched pairs; u_i <= wait_i (OG_LAP_BIG where none may wait), equal for rows
 * without a column; v_j <= 0, equal for columns with room. When `optimal` is false (stop) u and v
 * still bound from below: no assignment is cheaper than Σu + Σcap·v, and `gap` is what x costs
 * above that, OG_LAP_BIG counted for each row left over; at most INT64_MAX. */
struct og_lap_result {
    size_t n, m, matched;
    int32_t *x;
    int64_t *u, *v;
    int64_t cost; /* of matched pairs, and of waiting where rows may wait */
    int64_t gap;  /* 0 when optimal */
    bool optimal;
    uint64_t scans; /* whole rows looked at, of the work done */
};

/* Fills *out; release it also after a failure. OG_E_DATA: a size, cell or wait beyond its bound, or
 * costs so wide that (rows + 1) · |cell| reaches OG_LAP_BIG where no row may wait, 2^62 where rows
 * may. Memory beside the problem: O(n + m) and 24 columns a row; a copy in 16 bits of dense
 * problems of up to 2^25 cells; a transposed copy of dense ones with more rows than columns. */
enum og_rc og_lap_solve(const struct og_lap_problem *p, struct og_lap_result *out,
                        struct og_err *err) OG_MUST_CHECK;
void og_lap_result_release(struct og_lap_result *r);

/* A problem with its last solution, to be changed and solved again from there. It owns a copy of
 * the costs: 32-bit when made from c32, else 64-bit. */
struct og_lap;

/* Copies p (stop is not kept); not solved yet. The caller frees *out. */
enum og_rc og_lap_new(const struct og_lap_problem *p, struct og_lap **out,
                      struct og_err *err) OG_MUST_CHECK;
void og_lap_free(struct og_lap *l);
size_t og_lap_rows(const struct og_lap *l);
size_t og_lap_cols(const struct og_lap *l);
/* The problem as it stands, to verify or to look at; valid until the next change. */
const struct og_lap_problem *og_lap_problem_of(const struct og_lap *l);

/* Changes. cells: m costs of a row or n of a column, OG_COST_NONE for infeasible; with 32-bit costs
 * others are below OG_LAP_NONE32 and within int32_t. wait counts only where rows may wait. On
 * OG_E_DATA nothing has changed. */
enum og_rc og_lap_set_row(struct og_lap *l, size_t i, const int64_t *cells, int64_t wait,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc og_lap_set_col(struct og_lap *l, size_t j, const int64_t *cells, uint32_t cap,
                          struct og_err *err) OG_MUST_CHECK;
/* The new row (column) is the last one. */
enum og_rc og_lap_add_row(struct og_lap *l, const int64_t *cells, int64_t wait,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc og_lap_add_col(struct og_lap *l, const int64_t *cells, uint32_t cap,
                          struct og_err *err) OG_MUST_CHECK;
/* The last row (column) takes the number of the one removed. */
enum og_rc og_lap_remove_row(struct og_lap *l, size_t i, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_lap_remove_col(struct og_lap *l, size_t j, struct og_err *err) OG_MUST_CHECK;

/* Solves what the changes left open (all of it the first time). *out belongs to l and is valid
 * until its next change. The optimum is the cold one; x may be another cheapest assignment. After a
 * stop the next call goes on. */
enum og_rc og_lap_resolve(struct og_lap *l, bool (*stop)(void *user), void *stop_user,
                          const struct og_lap_result **out, struct og_err *err) OG_MUST_CHECK;

#endif
