/* guard_hist.c - bins of equal width over the range seen, a cost beyond it. */
#include "guard/guard_hist.h"

#include "base/base_mem.h"
#include "guard/guard_bytes.h"

#include <math.h>
#include <stdlib.h>

#define ROW  (OG_HIST_BINS + 2)
#define UNIT 0x1p-10f /* of a cost, as it stands in a file */

static void allocate(struct og_hist *m, size_t width)
{
    *m = (struct og_hist){.width = width};
    m->lo = og_xcalloc(width, sizeof *m->lo);
    m->per = og_xcalloc(width, sizeof *m->per);
    m->cost = og_xcalloc(width * ROW, sizeof *m->cost);
}

static size_t bin_of(const struct og_hist *m, float v, size_t j)
{
    float b = (v - m->lo[j]) * m->per[j];
    return b < 0 ? 0 : b < OG_HIST_BINS ? (size_t)b + 1 : b > OG_HIST_BINS ? ROW - 1 : OG_HIST_BINS;
}

void og_hist_fit(const float *z, size_t n, size_t width, struct og_hist *out)
{
    allocate(out, width);
    float *hi = og_xcalloc(width, sizeof *hi);
    for (size_t j = 0; j < width; j++)
        hi[j] = out->lo[j] = z[j];
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < width; j++) {
            float v = z[i * width + j];
            out->lo[j] = v < out->lo[j] ? v : out->lo[j];
            hi[j] = v > hi[j] ? v : hi[j];
        }
    for (size_t j = 0; j < width; j++) /* a feature that never varied fills one bin of width 2 */
        out->per[j] = hi[j] > out->lo[j] ? OG_HIST_BINS / (hi[j] - out->lo[j]) : 0.5f;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            out->cost[j * ROW + bin_of(out, z[i * width + j], j)]++;
    for (size_t k = 0; k < width * ROW; k++)
        out->cost[k] = roundf(-logf((out->cost[k] + 1) / ((float)n + ROW)) / UNIT) * UNIT;
    free(hi);
}

void og_hist_release(struct og_hist *m)
{
    free(m->lo);
    free(m->per);
    free(m->cost);
    *m = (struct og_hist){0};
}

size_t og_hist_bin(const struct og_hist *m, const float *z, size_t j)
{
    return bin_of(m, z[j], j);
}

float og_hist_part(const struct og_hist *m, const float *z, size_t j)
{
    return m->cost[j * ROW + bin_of(m, z[j], j)];
}

float og_hist_score(const struct og_hist *m, const float *z)
{
    float sum = 0;
    for (size_t j = 0; j < m->width; j++)
        sum += og_hist_part(m, z, j);
    return sum;
}

void og_hist_encode(const struct og_hist *m, struct og_buf *out)
{
    og_bytes_put_floats(out, m->lo, m->width);
    og_bytes_put_floats(out, m->per, m->width);
    og_bytes_put_halves(out, m->cost, m->width * ROW, UNIT);
}

enum og_rc og_hist_decode(const void *p, size_t n, size_t width, struct og_hist *out, size_t *used,
                          struct og_err *err)
{
    struct og_bytes b = {p, n, 0};
    allocate(out, width);
    if (og_bytes_floats(&b, out->lo, width) && og_bytes_floats(&b, out->per, width) &&
        og_bytes_halves(&b, out->cost, width * ROW, UNIT)) {
        *used = b.at;
        return OG_OK;
    }
    og_hist_release(out);
    return og_err_set(err, OG_E_DATA, "the histograms are malformed");
}
