/* guard_forest.h - binary trees laid out flat, and the one evaluator for all of them.
 *
 * A node is 8 bytes; its children lie side by side. A leaf leads to itself, so that every tree is
 * walked in the same number of steps, without branches, several trees at a time. */
#ifndef OG_GUARD_FOREST_H
#define OG_GUARD_FOREST_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_FOREST_TREES_MAX 4096
#define OG_FOREST_NODES_MAX (1u << 20)
#define OG_FOREST_DEPTH_MAX 32
#define OG_FOREST_MISSING   0x8000u /* in `feature`: a missing value goes left */

struct og_forest_node {
    float split;      /* x < split goes left */
    uint16_t feature; /* | OG_FOREST_MISSING */
    uint16_t left;    /* from the tree's first node; the right child follows it */
};

struct og_forest {
    struct og_forest_node *node;
    float *leaf; /* per node; 0 where it is no leaf */
    uint32_t *root;
    size_t n_trees, n_nodes, cap_nodes, cap_leaves, cap_trees;
    unsigned depth; /* steps to the deepest leaf */
    float base;
};

void og_forest_release(struct og_forest *f);
/* Begins a tree; nodes are added behind it in any order that keeps siblings together. */
void og_forest_tree(struct og_forest *f);
/* Adds a node of the last tree; its number in the tree. A leaf has a value; a split is set later
 * with og_forest_split. */
uint32_t og_forest_leaf(struct og_forest *f, float value);
void og_forest_split(struct og_forest *f, uint32_t node, uint16_t feature, float split,
                     uint32_t left);
/* base + the leaves of all trees that x (finite or NaN) reaches, added in float in their order. */
float og_forest_sum(const struct og_forest *f, const float *x);
/* share[feature] += what the splits on the way add to the sum, tree by tree (Saabas: the mean of
 * the leaves below a node is its value). `below` is og_forest_values'. */
void og_forest_explain(const struct og_forest *f, const float *below, const float *x,
                       double *share);
/* Per node the mean of the leaves below it, each leaf as often as 2^-depth says; the caller frees.
 */
float *og_forest_values(const struct og_forest *f);

/* Bytes of f appended, and back. decode: *used bytes of p; width: features must be below it.
 * OG_E_DATA: not what encode writes, or trees that do not end. */
void og_forest_encode(const struct og_forest *f, struct og_buf *out);
enum og_rc og_forest_decode(const void *p, size_t n, size_t width, struct og_forest *out,
                            size_t *used, struct og_err *err) OG_MUST_CHECK;

/* A model that libxgboost saved as JSON (schema of version 1.6 and later): binary:logistic or
 * reg:squarederror, gbtree, no categorical splits. The sum is its margin, bit for bit. */
enum og_rc og_forest_of_xgboost(const char *json, size_t len, size_t width, struct og_forest *out,
                                struct og_err *err) OG_MUST_CHECK;

#endif
