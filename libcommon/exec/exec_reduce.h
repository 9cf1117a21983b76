/* exec_reduce.h - sums of the columns of a table over its rows, as a sum tree over parts of rows;
 * the same bits on every machine. CPU twin of cuda/reduce.cu.
 *
 * f32: s_c = sum of (f64)x[r][c] w[r], n_c = sum of w[r] over the rows where x is finite (others
 * add 0); w is f64, 1 where there are no weights. A product is rounded, then added, rows in order
 * from 0.0. i32: sums as 8-byte integers, n_c = rows. Nodes are added sum by sum. */
#ifndef OG_EXEC_REDUCE_H
#define OG_EXEC_REDUCE_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stdint.h>

struct og_reduce {
    uint64_t rows;
    uint32_t columns, part; /* rows of a part; the last may be shorter */
    bool i32;
    const void *x;   /* rows * columns, 4 bytes each */
    const double *w; /* rows, or NULL */
};

/* A node: `columns` sums, then `columns` n, 8 bytes each. */
void og_reduce_part(const struct og_reduce *r, uint64_t part, void *node);
void og_reduce_add(const struct og_reduce *r, const void *a, const void *b, void *sum);
/* OG_E_DATA: a weight that is not finite or not below 2^64. */
enum og_rc og_reduce_weights(const struct og_reduce *r, struct og_err *err) OG_MUST_CHECK;

#endif
