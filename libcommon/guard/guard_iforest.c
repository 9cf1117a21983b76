/* guard_iforest.c - trees over samples of 256 rows, leaves with their path length. */
#include "guard/guard_iforest.h"

#include "base/base_mem.h"
#include "guard/guard_rng.h"

#include <math.h>
#include <stdlib.h>

#define TRIES 16 /* features looked at for one that varies, before all are */

struct builder {
    const float *z;
    size_t width;
    struct og_rng rng;
    struct og_forest *f;
    uint32_t *row; /* of the sample */
    unsigned limit;
    float unit;
};

/* Mean path of an unsuccessful search among n: 2 H(n-1) - 2 (n-1) / n. */
static double mean_path(size_t n)
{
    if (n < 2)
        return 0;
    if (n == 2)
        return 1;
    double h = log((double)n - 1) + 0.57721566490153286 + 1 / (2 * ((double)n - 1));
    return 2 * h - 2 * ((double)n - 1) / (double)n;
}

static bool range_of(const struct builder *b, size_t from, size_t n, size_t feature, float *lo,
                     float *hi)
{
    *lo = INFINITY;
    *hi = -INFINITY;
    for (size_t i = from; i < from + n; i++) {
        float v = b->z[b->row[i] * b->width + feature];
        *lo = v < *lo ? v : *lo;
        *hi = v > *hi ? v : *hi;
    }
    return *hi > *lo;
}

/* A feature that varies over the rows, each with the same chance; false: none does. */
static bool pick(struct builder *b, size_t from, size_t n, size_t *feature, float *lo, float *hi)
{
    for (unsigned t = 0; t < TRIES; t++) {
        *feature = og_rng_below(&b->rng, b->width);
        if (range_of(b, from, n, *feature, lo, hi))
            return true;
    }
    size_t seen = 0, found = 0;
    for (size_t j = 0; j < b->width; j++)
        if (range_of(b, from, n, j, lo, hi) && og_rng_below(&b->rng, ++seen) == 0)
            found = j;
    *feature = found;
    return seen > 0 && range_of(b, from, n, found, lo, hi);
}

static size_t divide(struct builder *b, size_t from, size_t n, size_t feature, float split)
{
    size_t k = from;
    for (size_t i = from; i < from + n; i++)
        if (b->z[b->row[i] * b->width + feature] < split) {
            uint32_t t = b->row[i];
            b->row[i] = b->row[k];
            b->row[k++] = t;
        }
    return k - from;
}

static void grow(struct builder *b, uint32_t node, size_t from, size_t n, unsigned depth)
{
    struct og_forest *f = b->f;
    size_t feature = 0, left = 0;
    float lo = 0, hi = 0, split = 0;
    bool splits = n > 1 && depth < b->limit && pick(b, from, n, &feature, &lo, &hi);
    if (splits) {
        split = lo + og_rng_unit(&b->rng) * (hi - lo);
        split = split > lo ? split : hi; /* the lowest go left always */
        left = divide(b, from, n, feature, split);
    }
    if (!splits || left == 0 || left == n) {
        size_t at = f->root[f->n_trees - 1] + node;
        f->leaf[at] = -b->unit * (float)(depth + mean_path(n));
        f->depth = depth > f->depth ? depth : f->depth;
        return;
    }
    uint32_t l = og_forest_leaf(f, 0);
    og_forest_leaf(f, 0);
    og_forest_split(f, node, (uint16_t)feature, split, l);
    grow(b, l, from, left, depth + 1);
    grow(b, l + 1, from + left, n - left, depth + 1);
}

void og_iforest_fit(const float *z, size_t n, size_t width, uint64_t seed, struct og_iforest *out)
{
    size_t sample = n < OG_IFOREST_SAMPLE ? n : OG_IFOREST_SAMPLE;
    struct builder b = {.z = z, .width = width, .rng = {seed}, .f = &out->f};
    double c = mean_path(sample);
    *out = (struct og_iforest){0};
    b.unit = (float)(1 / (OG_IFOREST_TREES * (c > 0 ? c : 1)));
    while ((1u << b.limit) < sample)
        b.limit++;
    b.row = og_xmalloc(n * sizeof *b.row);
    for (size_t i = 0; i < n; i++)
        b.row[i] = (uint32_t)i;
    for (unsigned t = 0; t < OG_IFOREST_TREES; t++) {
        og_rng_choose(&b.rng, b.row, n, sample);
        og_forest_tree(b.f);
        og_forest_leaf(b.f, 0);
        grow(&b, 0, 0, sample, 0);
    }
    free(b.row);
}

void og_iforest_release(struct og_iforest *m)
{
    og_forest_release(&m->f);
}

float og_iforest_score(const struct og_iforest *m, const float *z)
{
    return og_forest_sum(&m->f, z);
}
