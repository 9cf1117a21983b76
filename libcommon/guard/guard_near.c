/* guard_near.c - samples kept with 16 bits a number. */
#include "guard/guard_near.h"

#include "base/base_mem.h"
#include "guard/guard_bytes.h"
#include "guard/guard_rng.h"
#include "guard/guard_vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX ((size_t)96 << 10)
#define UNIT        (10.0f / 32767)

void og_near_fit(const float *z, size_t n, size_t width, uint64_t seed, struct og_near *out)
{
    struct og_rng r = {seed};
    size_t each = n < OG_NEAR_SAMPLE ? n : OG_NEAR_SAMPLE;
    size_t fits = NUMBERS_MAX / (each * width);
    *out = (struct og_near){.width = width, .n = each};
    out->samples = fits < 1 ? 1 : fits < OG_NEAR_SAMPLES ? fits : OG_NEAR_SAMPLES;
    out->row = og_xcalloc(out->samples * each * width, sizeof *out->row);
    uint32_t *idx = og_xmalloc(n * sizeof *idx);
    for (size_t i = 0; i < n; i++)
        idx[i] = (uint32_t)i;
    for (size_t s = 0; s < out->samples; s++) {
        og_rng_choose(&r, idx, n, each);
        for (size_t i = 0; i < each; i++)
            memcpy(out->row + (s * each + i) * width, z + (size_t)idx[i] * width,
                   width * sizeof *z);
    }
    for (size_t i = 0; i < out->samples * each * width; i++)
        out->row[i] = roundf(out->row[i] / UNIT) * UNIT; /* as it comes back from a file */
    free(idx);
}

void og_near_release(struct og_near *m)
{
    free(m->row);
    *m = (struct og_near){0};
}

/* Squared distance to the nearest of a sample's rows; a copy of z itself does not count once. */
static float nearest(const struct og_near *m, const float *row, const float *z)
{
    float best = INFINITY, copy = INFINITY;
    float same = (float)m->width * UNIT * UNIT;
    for (size_t i = 0; i < m->n; i++, row += m->width) {
        float d = og_vec_dist(z, row, m->width);
        if (d <= same && copy > same)
            copy = d;
        else
            best = d < best ? d : best;
    }
    return best < INFINITY ? best : copy;
}

float og_near_score(const struct og_near *m, const float *z)
{
    float sum = 0;
    for (size_t s = 0; s < m->samples; s++)
        sum += sqrtf(nearest(m, m->row + s * m->n * m->width, z));
    return sum / (float)m->samples;
}

void og_near_encode(const struct og_near *m, struct og_buf *out)
{
    og_buf_add_be32(out, (uint32_t)m->samples);
    og_buf_add_be32(out, (uint32_t)m->n);
    og_bytes_put_halves(out, m->row, m->samples * m->n * m->width, UNIT);
}

enum og_rc og_near_decode(const void *p, size_t n, size_t width, struct og_near *out, size_t *used,
                          struct og_err *err)
{
    struct og_bytes b = {p, n, 0};
    uint32_t samples, each;
    *out = (struct og_near){0};
    if (og_bytes_u32(&b, OG_NEAR_SAMPLES, &samples) && og_bytes_u32(&b, OG_NEAR_SAMPLE, &each) &&
        samples > 0 && each > 0 && n / 2 >= samples * each * width) {
        *out = (struct og_near){.width = width, .n = each, .samples = samples};
        out->row = og_xcalloc(samples * each * width, sizeof *out->row);
        if (og_bytes_halves(&b, out->row, samples * each * width, UNIT)) {
            *used = b.at;
            return OG_OK;
        }
    }
    og_near_release(out);
    return og_err_set(err, OG_E_DATA, "the samples are malformed");
}
