/* guard_pca.c - covariance, subspace iteration, distances. */
#include "guard/guard_pca.h"

#include "base/base_mem.h"
#include "guard/guard_bytes.h"
#include "guard/guard_rng.h"
#include "guard/guard_vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX     8192 /* of the covariance; more are thinned out evenly */
#define ROUNDS       12
#define SHARE        0.9
#define VARIANCE_MIN 1e-3f

static void allocate(struct og_pca *m, size_t width, size_t k)
{
    *m = (struct og_pca){.width = width, .k = k};
    m->mean = og_xcalloc(width, sizeof *m->mean);
    m->axis = og_xcalloc(k * width, sizeof *m->axis);
    m->inv = og_xcalloc(k, sizeof *m->inv);
}

void og_pca_release(struct og_pca *m)
{
    free(m->mean);
    free(m->axis);
    free(m->inv);
    *m = (struct og_pca){0};
}

/* The covariance of up to ROWS_MAX rows, width x width; the caller frees. */
static float *covariance(const float *z, size_t n, size_t width, float *mean)
{
    float *c = og_xcalloc(width * width, sizeof *c), *d = og_xcalloc(width, sizeof *d);
    size_t rows = n < ROWS_MAX ? n : ROWS_MAX;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            mean[j] += z[i * width + j] / (float)n;
    for (size_t r = 0; r < rows; r++) {
        const float *row = z + r * n / rows * width;
        for (size_t j = 0; j < width; j++)
            d[j] = row[j] - mean[j];
        for (size_t j = 0; j < width; j++)
            if (d[j] != 0)
                og_vec_add(c + j * width, d, d[j] / (float)rows, width);
    }
    free(d);
    return c;
}

/* q: k rows made orthonormal, one behind the other; those that vanish become 0. */
static void orthonormal(float *q, size_t k, size_t width)
{
    for (size_t i = 0; i < k; i++) {
        float *v = q + i * width;
        for (unsigned twice = 0; twice < 2; twice++)
            for (size_t h = 0; h < i; h++)
                og_vec_add(v, q + h * width, -og_vec_dot(v, q + h * width, width), width);
        float norm = sqrtf(og_vec_dot(v, v, width));
        float by = norm > 1e-12f ? 1 / norm : 0;
        for (size_t j = 0; j < width; j++)
            v[j] *= by;
    }
}

static void iterate(const float *c, float *q, float *next, size_t k, size_t width)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < width; j++)
                next[i * width + j] = og_vec_dot(c + j * width, q + i * width, width);
        memcpy(q, next, k * width * sizeof *q);
        orthonormal(q, k, width);
    }
}

void og_pca_fit(const float *z, size_t n, size_t width, uint64_t seed, struct og_pca *out)
{
    struct og_rng r = {seed};
    size_t k = width < OG_PCA_MAX ? width : OG_PCA_MAX;
    allocate(out, width, k);
    float *c = covariance(z, n, width, out->mean);
    float *next = og_xcalloc(k * width, sizeof *next);
    double trace = 0, held = 0;
    for (size_t j = 0; j < width; j++)
        trace += c[j * width + j];
    for (size_t i = 0; i < k * width; i++)
        out->axis[i] = og_rng_unit(&r) - 0.5f;
    orthonormal(out->axis, k, width);
    iterate(c, out->axis, next, k, width);
    size_t used = 0;
    for (; used < k && held < SHARE * trace; used++) {
        const float *v = out->axis + used * width;
        for (size_t j = 0; j < width; j++)
            next[j] = og_vec_dot(c + j * width, v, width);
        float var = og_vec_dot(next, v, width);
        held += var;
        out->inv[used] = 1 / (var > VARIANCE_MIN ? var : VARIANCE_MIN);
    }
    out->k = used;
    double rest = used < width ? (trace - held) / (double)(width - used) : 0;
    out->inv_rest = 1 / (float)fmax(rest, VARIANCE_MIN);
    free(c);
    free(next);
}

float og_pca_score(const struct og_pca *m, const float *z)
{
    float d[OG_PCA_WIDTH_MAX];
    float inside = 0, held = 0;
    for (size_t j = 0; j < m->width; j++)
        d[j] = z[j] - m->mean[j];
    for (size_t i = 0; i < m->k; i++) {
        float p = og_vec_dot(d, m->axis + i * m->width, m->width);
        held += p * p;
        inside += p * p * m->inv[i];
    }
    float rest = og_vec_dot(d, d, m->width) - held;
    return logf(1 + inside + (rest > 0 ? rest : 0) * m->inv_rest);
}

void og_pca_parts(const struct og_pca *m, const float *z, float *part)
{
    float total = 0;
    for (size_t j = 0; j < m->width; j++)
        part[j] = z[j] - m->mean[j];
    for (size_t i = 0; i < m->k; i++) {
        const float *axis = m->axis + i * m->width;
        og_vec_add(part, axis, -og_vec_dot(part, axis, m->width), m->width);
    }
    for (size_t j = 0; j < m->width; j++)
        total += part[j] *= part[j];
    for (size_t j = 0; j < m->width && total > 0; j++)
        part[j] /= total;
}

void og_pca_encode(const struct og_pca *m, struct og_buf *out)
{
    og_buf_add_be32(out, (uint32_t)m->k);
    og_bytes_put_float(out, m->inv_rest);
    og_bytes_put_floats(out, m->mean, m->width);
    og_bytes_put_floats(out, m->inv, m->k);
    og_bytes_put_floats(out, m->axis, m->k * m->width);
}

enum og_rc og_pca_decode(const void *p, size_t n, size_t width, struct og_pca *out, size_t *used,
                         struct og_err *err)
{
    struct og_bytes b = {p, n, 0};
    uint32_t k;
    *out = (struct og_pca){0};
    if (!og_bytes_u32(&b, OG_PCA_MAX, &k))
        return og_err_set(err, OG_E_DATA, "the components are malformed");
    allocate(out, width, k);
    if (og_bytes_float(&b, &out->inv_rest) && og_bytes_floats(&b, out->mean, width) &&
        og_bytes_floats(&b, out->inv, k) && og_bytes_floats(&b, out->axis, k * width)) {
        *used = b.at;
        return OG_OK;
    }
    og_pca_release(out);
    return og_err_set(err, OG_E_DATA, "the components are malformed");
}
