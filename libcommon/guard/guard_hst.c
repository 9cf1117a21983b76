/* guard_hst.c - leaves count; the mass of inner nodes is summed once a window. */
#include "guard/guard_hst.h"

#include "base/base_mem.h"
#include "guard/guard_rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INNER (OG_HST_LEAVES - 1)
#define SMALL 10 /* mass below a tenth of a window ends the way down */

/* Ranges of a tree: centre s in z, reaching 2 max(s, 1 - s) to both sides (s in 0..1 of ±10 first
 * narrowed to ±3, where most of the mass is); every second use of a feature halves what is left. */
static void make_tree(struct og_hst *m, size_t t, struct og_rng *r, float *lo, float *hi)
{
    for (size_t j = 0; j < m->width; j++) {
        float s = og_rng_unit(r);
        float reach = 2 * (s > 0.5f ? s : 1 - s);
        lo[j] = 6 * (s - reach) - 3;
        hi[j] = 6 * (s + reach) - 3;
    }
    uint16_t *feature = m->feature + t * INNER;
    float *split = m->split + t * INNER;
    /* The range of a feature at a node follows from the way to it. */
    for (size_t i = 0; i < INNER; i++) {
        size_t j = og_rng_below(r, m->width);
        float a = lo[j], b = hi[j];
        size_t way[OG_HST_DEPTH + 1], n = 0;
        for (size_t k = i; k > 0; k = (k - 1) / 2)
            way[n++] = k;
        while (n > 0) {
            size_t k = way[--n], up = (k - 1) / 2;
            if (feature[up] != j)
                continue;
            if (k == 2 * up + 1)
                b = split[up];
            else
                a = split[up];
        }
        feature[i] = (uint16_t)j;
        split[i] = 0.5f * (a + b);
    }
}

static void allocate(struct og_hst *m)
{
    m->feature = og_xcalloc(OG_HST_TREES * INNER, sizeof *m->feature);
    m->split = og_xcalloc(OG_HST_TREES * INNER, sizeof *m->split);
    m->mass = og_xcalloc(OG_HST_TREES * OG_HST_LEAVES, sizeof *m->mass);
    m->latest = og_xcalloc(OG_HST_TREES * OG_HST_LEAVES, sizeof *m->latest);
    m->value = og_xcalloc(OG_HST_TREES * OG_HST_LEAVES, sizeof *m->value);
}

/* value of the leaves below node i, where the way down stopped at a node of little mass. */
static void set_values(struct og_hst *m)
{
    uint32_t *sum = og_xcalloc(INNER + OG_HST_LEAVES, sizeof *sum);
    float *value = og_xcalloc(INNER + OG_HST_LEAVES, sizeof *value);
    uint32_t small = m->window / SMALL;
    for (size_t t = 0; t < OG_HST_TREES; t++) {
        for (size_t k = 0; k < OG_HST_LEAVES; k++)
            sum[INNER + k] = m->mass[t * OG_HST_LEAVES + k];
        for (size_t i = INNER; i-- > 0;)
            sum[i] = sum[2 * i + 1] + sum[2 * i + 2];
        for (size_t i = 0, depth = 0; i < INNER + OG_HST_LEAVES; i++) {
            depth += i + 1 == (size_t)2 << depth;
            size_t up = i ? (i - 1) / 2 : 0;
            bool stopped = i > 0 && sum[up] <= small;
            value[i] = stopped ? value[up] : (float)sum[i] * (float)(1u << depth);
            if (i >= INNER)
                m->value[t * OG_HST_LEAVES + i - INNER] = value[i];
        }
    }
    free(sum);
    free(value);
}

void og_hst_init(struct og_hst *m, size_t width, uint32_t window, uint64_t seed)
{
    struct og_rng r = {seed};
    *m = (struct og_hst){.seed = seed, .width = width, .window = window};
    allocate(m);
    float *lo = og_xcalloc(width, sizeof *lo), *hi = og_xcalloc(width, sizeof *hi);
    for (size_t t = 0; t < OG_HST_TREES; t++)
        make_tree(m, t, &r, lo, hi);
    free(lo);
    free(hi);
    set_values(m);
}

void og_hst_release(struct og_hst *m)
{
    free(m->feature);
    free(m->split);
    free(m->mass);
    free(m->latest);
    free(m->value);
    *m = (struct og_hst){0};
}

static void walk(const struct og_hst *m, const float *z, uint32_t at[OG_HST_TREES])
{
    memset(at, 0, OG_HST_TREES * sizeof *at);
    for (unsigned d = 0; d < OG_HST_DEPTH; d++)
        for (unsigned t = 0; t < OG_HST_TREES; t++) {
            size_t k = t * INNER + at[t];
            at[t] = 2 * at[t] + 1 + (z[m->feature[k]] >= m->split[k]);
        }
}

static float value_at(const struct og_hst *m, const uint32_t at[OG_HST_TREES])
{
    float sum = 0;
    for (unsigned t = 0; t < OG_HST_TREES; t++)
        sum += m->value[t * OG_HST_LEAVES + at[t] - INNER];
    return -logf(1 + sum / OG_HST_TREES);
}

float og_hst_score(const struct og_hst *m, const float *z)
{
    uint32_t at[OG_HST_TREES];
    walk(m, z, at);
    return value_at(m, at);
}

float og_hst_learn(struct og_hst *m, const float *z)
{
    uint32_t at[OG_HST_TREES];
    walk(m, z, at);
    float score = value_at(m, at);
    for (unsigned t = 0; t < OG_HST_TREES; t++) {
        uint16_t *k = &m->latest[t * OG_HST_LEAVES + at[t] - INNER];
        *k = (uint16_t)(*k + (*k < UINT16_MAX));
    }
    if (++m->seen == m->window) {
        uint16_t *last = m->mass;
        m->mass = m->latest;
        m->latest = last;
        memset(last, 0, OG_HST_TREES * OG_HST_LEAVES * sizeof *last);
        m->seen = 0;
        set_values(m);
    }
    return score;
}

/* Seed, window, and the last window's mass in runs: the trees follow from the seed. */
void og_hst_encode(const struct og_hst *m, struct og_buf *out)
{
    og_buf_add_be64(out, m->seed);
    og_buf_add_be32(out, m->window);
    for (size_t i = 0; i < OG_HST_TREES * OG_HST_LEAVES;) {
        size_t zeros = 0;
        while (i + zeros < OG_HST_TREES * OG_HST_LEAVES && m->mass[i + zeros] == 0 && zeros < 255)
            zeros++;
        i += zeros;
        og_buf_addc(out, (char)zeros);
        if (zeros == 255 || i == OG_HST_TREES * OG_HST_LEAVES)
            continue;
        og_buf_addc(out, (char)(m->mass[i] >> 8));
        og_buf_addc(out, (char)m->mass[i++]);
    }
}

enum og_rc og_hst_decode(const void *p, size_t n, size_t width, struct og_hst *out, size_t *used,
                         struct og_err *err)
{
    const uint8_t *b = p;
    *out = (struct og_hst){0};
    *used = 12;
    if (n < 12 || width == 0 || og_get_be32(b + 8) == 0 || og_get_be32(b + 8) > UINT16_MAX)
        return og_err_set(err, OG_E_DATA, "the half-space trees are malformed");
    og_hst_init(out, width, og_get_be32(b + 8), og_get_be64(b));
    size_t i = 0, total = OG_HST_TREES * OG_HST_LEAVES;
    while (i < total && *used < n) {
        size_t zeros = b[(*used)++];
        i += zeros;
        if (i >= total || zeros == 255)
            continue;
        if (n - *used < 2)
            break;
        out->mass[i++] = (uint16_t)(b[*used] << 8 | b[*used + 1]);
        *used += 2;
    }
    if (i != total) {
        og_hst_release(out);
        return og_err_set(err, OG_E_DATA, "the half-space trees are malformed");
    }
    set_values(out);
    return OG_OK;
}
