/* guard_forest.c - building, walking, explaining, bytes. */
#include "guard/guard_forest.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANES 8

void og_forest_release(struct og_forest *f)
{
    free(f->node);
    free(f->leaf);
    free(f->root);
    *f = (struct og_forest){0};
}

void og_forest_tree(struct og_forest *f)
{
    f->root = og_xgrow(f->root, &f->cap_trees, f->n_trees + 1, sizeof *f->root);
    f->root[f->n_trees++] = (uint32_t)f->n_nodes;
}

uint32_t og_forest_leaf(struct og_forest *f, float value)
{
    uint32_t k = (uint32_t)f->n_nodes - f->root[f->n_trees - 1];
    f->node = og_xgrow(f->node, &f->cap_nodes, f->n_nodes + 1, sizeof *f->node);
    f->leaf = og_xgrow(f->leaf, &f->cap_leaves, f->n_nodes + 1, sizeof *f->leaf);
    f->node[f->n_nodes] = (struct og_forest_node){INFINITY, OG_FOREST_MISSING, (uint16_t)k};
    f->leaf[f->n_nodes++] = value;
    return k;
}

void og_forest_split(struct og_forest *f, uint32_t node, uint16_t feature, float split,
                     uint32_t left)
{
    uint32_t at = f->root[f->n_trees - 1] + node;
    f->node[at] = (struct og_forest_node){split, feature, (uint16_t)left};
    f->leaf[at] = 0;
}

static inline uint32_t step(const struct og_forest_node *tree, uint32_t at, const float *x)
{
    const struct og_forest_node n = tree[at];
    float v = x[n.feature & 0x7fff];
    unsigned right = (v >= n.split) | ((v != v) & !(n.feature >> 15));
    return n.left + right;
}

float og_forest_sum(const struct og_forest *f, const float *x)
{
    float sum = f->base;
    size_t t = 0;
    for (; t + LANES <= f->n_trees; t += LANES) {
        const struct og_forest_node *tree[LANES];
        uint32_t at[LANES];
        for (unsigned k = 0; k < LANES; k++) {
            tree[k] = f->node + f->root[t + k];
            at[k] = 0;
        }
        for (unsigned d = 0; d < f->depth; d++)
            for (unsigned k = 0; k < LANES; k++)
                at[k] = step(tree[k], at[k], x);
        for (unsigned k = 0; k < LANES; k++)
            sum += f->leaf[f->root[t + k] + at[k]];
    }
    for (; t < f->n_trees; t++) {
        uint32_t at = 0;
        for (unsigned d = 0; d < f->depth; d++)
            at = step(f->node + f->root[t], at, x);
        sum += f->leaf[f->root[t] + at];
    }
    return sum;
}

static bool is_leaf(const struct og_forest *f, size_t root, uint32_t at)
{
    return f->node[root + at].left == at;
}

float *og_forest_values(const struct og_forest *f)
{
    float *out = og_xcalloc(f->n_nodes, sizeof *out);
    size_t end = f->n_nodes;
    for (size_t t = f->n_trees; t-- > 0; end = f->root[t])
        for (size_t i = end; i-- > f->root[t];) {
            const float *child = out + f->root[t] + f->node[i].left;
            bool leaf = is_leaf(f, f->root[t], (uint32_t)(i - f->root[t]));
            out[i] = leaf ? f->leaf[i] : 0.5f * (child[0] + child[1]);
        }
    return out;
}

void og_forest_explain(const struct og_forest *f, const float *below, const float *x, double *share)
{
    for (size_t t = 0; t < f->n_trees; t++) {
        size_t root = f->root[t];
        for (uint32_t at = 0; !is_leaf(f, root, at);) {
            uint32_t to = step(f->node + root, at, x);
            share[f->node[root + at].feature & 0x7fff] += below[root + to] - below[root + at];
            at = to;
        }
    }
}

static void put_float(struct og_buf *out, float v)
{
    uint32_t u;
    memcpy(&u, &v, sizeof u);
    og_buf_add_be32(out, u);
}

static float get_float(const uint8_t *p)
{
    uint32_t u = og_get_be32(p);
    float v;
    memcpy(&v, &u, sizeof v);
    return v;
}

/* Trees count, base; per tree its nodes; a leaf is a value and 0xffff, a split 8 bytes. */
void og_forest_encode(const struct og_forest *f, struct og_buf *out)
{
    og_buf_add_be32(out, (uint32_t)f->n_trees);
    put_float(out, f->base);
    for (size_t t = 0; t < f->n_trees; t++) {
        size_t end = t + 1 < f->n_trees ? f->root[t + 1] : f->n_nodes;
        og_buf_add_be32(out, (uint32_t)(end - f->root[t]));
        for (size_t i = f->root[t]; i < end; i++) {
            const struct og_forest_node *n = &f->node[i];
            bool leaf = n->left == i - f->root[t];
            uint16_t feature = leaf ? 0xffff : n->feature;
            put_float(out, leaf ? f->leaf[i] : n->split);
            og_buf_addc(out, (char)(feature >> 8));
            og_buf_addc(out, (char)feature);
            if (leaf)
                continue;
            og_buf_addc(out, (char)(n->left >> 8));
            og_buf_addc(out, (char)n->left);
        }
    }
}

static enum og_rc bad(struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "the trees are malformed");
}

static enum og_rc decode_nodes(const uint8_t *p, size_t n, size_t count, size_t width,
                               struct og_forest *f, size_t *at, struct og_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (n - *at < 6)
            return bad(err);
        float v = get_float(p + *at);
        unsigned feature = (unsigned)p[*at + 4] << 8 | p[*at + 5];
        *at += 6;
        if (!isfinite(v))
            return bad(err);
        og_forest_leaf(f, v);
        if (feature == 0xffff)
            continue;
        if (n - *at < 2)
            return bad(err);
        unsigned left = (unsigned)p[*at] << 8 | p[*at + 1];
        *at += 2;
        /* children behind their parent: every way ends */
        if ((feature & 0x7fff) >= width || left <= i || left + 1 >= count)
            return bad(err);
        og_forest_split(f, (uint32_t)i, (uint16_t)feature, v, left);
    }
    return OG_OK;
}

/* Depth of the last tree; children lie behind their parents. */
static unsigned last_depth(const struct og_forest *f, uint8_t *depth)
{
    size_t root = f->root[f->n_trees - 1], count = f->n_nodes - root;
    unsigned deepest = 0;
    memset(depth, 0, count);
    for (size_t i = 0; i < count; i++) {
        const struct og_forest_node *n = &f->node[root + i];
        deepest = depth[i] > deepest ? depth[i] : deepest;
        if (n->left == i || depth[i] > OG_FOREST_DEPTH_MAX)
            continue;
        depth[n->left] = depth[n->left + 1] = (uint8_t)(depth[i] + 1);
    }
    return deepest;
}

static enum og_rc decode(const uint8_t *p, size_t n, size_t width, struct og_forest *f,
                         size_t *used, uint8_t *depth, struct og_err *err)
{
    if (n < 8 || width == 0)
        return bad(err);
    uint32_t trees = og_get_be32(p);
    f->base = get_float(p + 4);
    *used = 8;
    if (trees > OG_FOREST_TREES_MAX || !isfinite(f->base))
        return bad(err);
    for (uint32_t t = 0; t < trees; t++) {
        if (n - *used < 4)
            return bad(err);
        uint32_t count = og_get_be32(p + *used);
        *used += 4;
        if (count == 0 || count > 0xffff || f->n_nodes + count > OG_FOREST_NODES_MAX)
            return bad(err);
        og_forest_tree(f);
        OG_TRY(decode_nodes(p, n, count, width, f, used, err));
        unsigned d = last_depth(f, depth);
        if (d > OG_FOREST_DEPTH_MAX)
            return bad(err);
        f->depth = d > f->depth ? d : f->depth;
    }
    return OG_OK;
}

enum og_rc og_forest_decode(const void *p, size_t n, size_t width, struct og_forest *out,
                            size_t *used, struct og_err *err)
{
    *out = (struct og_forest){0};
    *used = 0;
    uint8_t *depth = og_xmalloc(0x10000);
    enum og_rc rc = decode(p, n, width, out, used, depth, err);
    free(depth);
    if (rc != OG_OK)
        og_forest_release(out);
    return rc;
}
