/* exec_learn.h - gradients of softmax regression, and of a network with one hidden layer, over
 * labelled rows: the same bits on every machine. CPU twin of cuda/learn.cu.
 *
 * Values are f32, rows of `features` bytes, x = byte / 255. With fma(a, b, c) = a b + c rounded
 * once and every sum in the order of its index: hidden 0:  z_j = b_j, z_j = fma(x_k, W_kj, z_j) for
 * k = 0 .. hidden h:  t_j likewise from A, a;  u_j = t_j > 0 ? t_j : 0;  z_i = c_i, fma(u_j, B_ji,
 * z_i) e_i = exp(z_i - max z);  S = e_0 + e_1 + ..;  p_i = e_i / S;  d_i = p_i - [i = label]
 *   gradient of the sum of -log p_label: x_k d_i, d_i; with a hidden layer u_j d_i, d_i and
 *   s_j = sum over i of fma(d_i, B_ji, s_j) where u_j > 0, else 0;  x_k s_j, s_j
 * Terms whose x_k or u_j is 0 are left out. exp and log are polynomials of our own.
 *
 * Rows are taken in parts; a part's sum runs over its rows in order, and parts are added as the
 * nodes of an RFC 6962 tree over them (left + right): a sum tree, so that any node can be
 * recomputed from its rows alone. */
#ifndef OG_EXEC_LEARN_H
#define OG_EXEC_LEARN_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_LEARN_FEATURES_MAX 65536
#define OG_LEARN_HIDDEN_MAX   4096
#define OG_LEARN_CLASSES_MAX  256
#define OG_LEARN_ROWS_MAX     (1u << 24)
#define OG_LEARN_PARAMS_MAX   (1u << 26)

/* Parameters, row-major: W [features][classes], b [classes]; or A [features][hidden], a [hidden],
 * B [hidden][classes], c [classes]. */
struct og_learn {
    uint32_t features, hidden, classes; /* hidden 0: softmax regression */
};

struct og_learn_rows {
    const uint8_t *x; /* n * features */
    const uint8_t *label;
    uint32_t n;
};

/* OG_E_DATA: a number of 0 (but hidden) or above its bound, or too many parameters. */
enum og_rc og_learn_check(const struct og_learn *l, struct og_err *err) OG_MUST_CHECK;
/* OG_E_DATA naming the row: a label that is no class. */
enum og_rc og_learn_labels(const struct og_learn *l, const struct og_learn_rows *r,
                           struct og_err *err) OG_MUST_CHECK;
size_t og_learn_params(const struct og_learn *l);
/* Floats of a node: the gradient, then the sum of -log p_label, then how many rows were right (the
 * label's z is the first of the largest). */
size_t og_learn_node(const struct og_learn *l);

/* The sum over parts first .. first + count - 1, of `part` rows each (the last may be shorter),
 * count >= 1: node (og_learn_node floats) of the sum tree when the range is one of its nodes. */
void og_learn_sum(const struct og_learn *l, const struct og_learn_rows *r, const float *params,
                  uint32_t part, uint32_t first, uint32_t count, float *node);
/* Descends over r in order, `batch` rows at a step (the last may be shorter): each parameter
 * becomes fma(-(rate / rows), gradient, parameter). Loss and right over the rows as each was met.
 */
void og_learn_descend(const struct og_learn *l, const struct og_learn_rows *r, uint32_t batch,
                      float rate, float *params, float score[2]);
/* How many rows are right. */
uint32_t og_learn_right(const struct og_learn *l, const struct og_learn_rows *r,
                        const float *params);
/* exp(x) for x <= 0 (0 below -87) and log(x) for normal x > 0, within 2 units in the last place. */
float og_learn_exp(float x);
float og_learn_log(float x);
bool og_learn_has_avx2(void);
/* For tests: from here on without AVX2. */
void og_learn_force_portable(bool on);

#endif
