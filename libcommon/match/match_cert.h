/* match_cert.h - proof that an assignment is a cheapest one, checked in O(nm) without the solver.
 */
#ifndef OG_MATCH_CERT_H
#define OG_MATCH_CERT_H

#include "base/base_err.h"
#include "base/base_num.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 og_i128;

#define OG_CERT_ABS_MAX (((int64_t)1 << 53) - 1) /* of u and v: whole in any JSON reader */

/* Valid: −1 <= x_i < m, no column twice, no infeasible pair; |u|, |v| <= OG_CERT_ABS_MAX;
 * u_i + v_j <= c_ij for every feasible pair, equal on matched ones; u_i <= wait_i, equal for rows
 * that wait; v_j <= 0, equal for unmatched columns. Then Σu + Σv is the cost of x and no assignment
 * is cheaper. Costs are within ±2^62 or OG_COST_NONE. */
enum og_rc og_cert_check(size_t n, size_t m, const int64_t *c, const int64_t *wait,
                         const int32_t *x, const int64_t *u, const int64_t *v,
                         struct og_err *err) OG_MUST_CHECK;

/* The same a row at a time, so that the caller need not hold the matrix. */
struct og_cert {
    size_t n, m, next;
    const int32_t *x;
    const int64_t *u, *v; /* borrowed */
    bool *used;           /* column -> matched */
    og_i128 primal, dual;
};
/* Checks x and the ranges and signs of u and v. On failure cert holds nothing. */
enum og_rc og_cert_init(struct og_cert *cert, size_t n, size_t m, const int32_t *x,
                        const int64_t *u, const int64_t *v, struct og_err *err) OG_MUST_CHECK;
/* Row number cert->next, its m costs and its waiting cost. */
enum og_rc og_cert_row(struct og_cert *cert, const int64_t *c_row, int64_t wait,
                       struct og_err *err) OG_MUST_CHECK;
/* After the last row: the sums agree. */
enum og_rc og_cert_end(struct og_cert *cert, struct og_err *err) OG_MUST_CHECK;
void og_cert_release(struct og_cert *cert);

#endif
