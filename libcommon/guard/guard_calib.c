/* guard_calib.c - knots of the empirical survival function in the log domain. */
#include "guard/guard_calib.h"

#include "base/base_mem.h"

#include <math.h>
#include <stdlib.h>

#define TOP       128 /* the largest scores, each a knot */
#define TAIL_FROM 0.98
#define RATE_MAX  1e6f
#define LOG_P_MIN -600.0f
#define ORDER     2 /* of the mean: 1 is harmonic, more is nearer to the least */

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static float tail_rate(const float *s, size_t n)
{
    size_t from = (size_t)(TAIL_FROM * (double)n);
    double sum = 0;
    size_t above = 0;
    from = from + 8 > n ? n - (n < 8 ? n : 8) : from;
    for (size_t i = from; i < n; i++)
        if (s[i] > s[from]) {
            sum += (double)s[i] - s[from];
            above++;
        }
    double mean = above ? sum / (double)above : ((double)s[n - 1] - s[0]) / 8;
    return mean > 1.0 / RATE_MAX ? (float)(1 / mean) : RATE_MAX;
}

void og_calib_fit(float *score, size_t n, struct og_calib *out)
{
    *out = (struct og_calib){.n = n};
    qsort(score, n, sizeof *score, by_value);
    size_t top = n < TOP ? n : TOP, low = n - top, spare = OG_CALIB_KNOTS - top;
    size_t step = low > spare ? (low + spare - 1) / spare : 1;
    for (size_t i = 0; i < n; i += i < low && i + step < low ? step : i < low ? low - i : 1) {
        if (out->k > 0 && score[i] <= out->at[out->k - 1])
            continue;
        size_t first = i;
        while (first > 0 && score[first - 1] == score[i])
            first--;
        out->at[out->k] = score[i];
        out->log_p[out->k++] = logf((float)(1 + n - first) / (float)(n + 1));
    }
    out->rate = tail_rate(score, n);
}

float og_calib_log_p(const struct og_calib *c, float score)
{
    size_t lo = 0, hi = c->k;
    if (!(score > c->at[0]))
        return 0;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c->at[mid] <= score)
            lo = mid + 1;
        else
            hi = mid;
    }
    size_t i = lo - 1;
    float log_p;
    if (lo == c->k)
        log_p = c->log_p[i] - (score - c->at[i]) * c->rate;
    else
        log_p = c->log_p[i] +
                (c->log_p[lo] - c->log_p[i]) * (score - c->at[i]) / (c->at[lo] - c->at[i]);
    return log_p > LOG_P_MIN ? log_p : LOG_P_MIN + log_p / 1e6f;
}

void og_calib_encode(const struct og_calib *c, struct og_buf *out)
{
    og_buf_add_be32(out, (uint32_t)c->n);
    og_buf_add_be32(out, (uint32_t)c->k);
    og_bytes_put_floats(out, c->at, c->k);
    og_bytes_put_floats(out, c->log_p, c->k);
    og_bytes_put_float(out, c->rate);
}

bool og_calib_decode(struct og_bytes *b, struct og_calib *out)
{
    uint32_t n, k;
    *out = (struct og_calib){0};
    if (!og_bytes_u32(b, UINT32_MAX, &n) || !og_bytes_u32(b, OG_CALIB_KNOTS, &k) || k == 0 ||
        !og_bytes_floats(b, out->at, k) || !og_bytes_floats(b, out->log_p, k) ||
        !og_bytes_float(b, &out->rate) || out->rate < 0 || out->rate > RATE_MAX)
        return false;
    out->n = n;
    out->k = k;
    for (size_t i = 0; i < k; i++)
        if (out->log_p[i] > 0 || out->log_p[i] < -60 ||
            (i > 0 && (out->at[i] <= out->at[i - 1] || out->log_p[i] > out->log_p[i - 1])))
            return false;
    return true;
}

float og_calib_combine(const float *log_p, const float *weight, size_t n)
{
    double least = 0, sum = 0, weights = 0;
    for (size_t i = 0; i < n; i++)
        if (weight[i] > 0 && log_p[i] < least)
            least = log_p[i];
    for (size_t i = 0; i < n; i++) {
        sum += weight[i] * exp(ORDER * (least - log_p[i]));
        weights += weight[i];
    }
    return (float)((log(sum / weights) / ORDER - least) / 2.302585092994046);
}

struct ranked {
    double p;
    size_t at;
};

static int by_p(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->p != y->p ? (x->p > y->p) - (x->p < y->p) : (x->at > y->at) - (x->at < y->at);
}

size_t og_calib_bh(const double *p, size_t n, double q, bool *pick)
{
    struct ranked *r = og_xcalloc(n, sizeof *r);
    size_t picked = 0;
    for (size_t i = 0; i < n; i++) {
        r[i] = (struct ranked){p[i], i};
        pick[i] = false;
    }
    qsort(r, n, sizeof *r, by_p);
    for (size_t i = n; i > 0 && picked == 0; i--)
        if (r[i - 1].p <= q * (double)i / (double)n)
            picked = i;
    for (size_t i = 0; i < picked; i++)
        pick[r[i].at] = true;
    free(r);
    return picked;
}
