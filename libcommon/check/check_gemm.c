/* check_gemm.c - Freivalds' check of matrix products. */
#include "check/check_gemm.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_draw.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define P         (((uint64_t)1 << 61) - 1)
#define I32_LIMIT ((uint64_t)1 << 60)
#define UNIT      0x1p-24
#define WORST_MAX 1e9

__extension__ typedef __int128 i128;

static enum og_rc check_dims(size_t m, size_t n, size_t k, struct og_err *err)
{
    if (m > OG_GEMM_DIM_MAX || n > OG_GEMM_DIM_MAX || k > OG_GEMM_DIM_MAX)
        return og_err_set(err, OG_E_DATA, "a product of %zu x %zu x %zu is too large", m, n, k);
    return OG_OK;
}

static uint64_t largest(const int32_t *a, size_t n)
{
    uint64_t best = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t v = a[i];
        best = og_max_u64(best, (uint64_t)(v < 0 ? -v : v));
    }
    return best;
}

bool og_gemm_i32_fits(const int32_t *a, const int32_t *b, size_t m, size_t n, size_t k)
{
    og_u128 sum = (og_u128)largest(a, m * k) * largest(b, k * n);
    return sum < I32_LIMIT && sum * k < I32_LIMIT;
}

/* v mod P, in [0, P), for |v| < 2^122. */
static uint64_t mod_p(i128 v)
{
    bool neg = v < 0;
    og_u128 w = neg ? -(og_u128)v : (og_u128)v;
    uint64_t s = (uint64_t)(w & P) + (uint64_t)(w >> 61);
    s = (s & P) + (s >> 61);
    s = s >= P ? s - P : s;
    return neg && s > 0 ? P - s : s;
}

/* out = rows×cols matrix · x modulo P; the sums stay below 2^20 · 2^31 · 2^61. */
static void times_i32(const int32_t *a, size_t rows, size_t cols, const uint64_t *x, uint64_t *out)
{
    for (size_t i = 0; i < rows; i++) {
        i128 sum = 0;
        for (size_t j = 0; j < cols; j++)
            sum += (i128)a[i * cols + j] * (i128)x[j];
        out[i] = mod_p(sum);
    }
}

/* True when row · x = want modulo P and no element is out of range. */
static bool row_is(const int64_t *row, size_t n, const uint64_t *x, uint64_t want)
{
    uint64_t sum = 0;
    for (size_t j = 0; j < n; j++) {
        if (row[j] >= (int64_t)I32_LIMIT || row[j] <= -(int64_t)I32_LIMIT)
            return false;
        sum += mod_p((i128)row[j] * (i128)x[j]);
        sum = sum >= P ? sum - P : sum;
    }
    return sum == want;
}

enum og_rc og_gemm_i32_check(const int32_t *a, const int32_t *b, const int64_t *c, size_t m,
                             size_t n, size_t k, const struct og_hash *seed, enum og_vote *out,
                             struct og_err *err)
{
    enum og_rc rc = check_dims(m, n, k, err);
    struct og_draw d;
    uint64_t *r, *br, *abr;
    *out = OG_VOTE_NONE;
    if (rc != OG_OK)
        return rc;
    if (!og_gemm_i32_fits(a, b, m, n, k))
        return og_err_set(err, OG_E_DATA, "sums of this product can reach 2^60");
    r = og_xmalloc((n + 1) * sizeof *r);
    br = og_xmalloc((k + 1) * sizeof *br);
    abr = og_xmalloc((m + 1) * sizeof *abr);
    og_draw_init(&d, seed, "freivalds");
    for (size_t j = 0; j < n; j++)
        r[j] = 1 + og_draw_index(&d, P - 1);
    times_i32(b, k, n, r, br);
    times_i32(a, m, k, br, abr);
    *out = OG_VOTE_OK;
    for (size_t i = 0; i < m && *out == OG_VOTE_OK; i++)
        if (!row_is(c + i * n, n, r, abr[i]))
            *out = OG_VOTE_BAD;
    free(r);
    free(br);
    free(abr);
    return OG_OK;
}

static bool all_finite(const float *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(a[i]))
            return false;
    return true;
}

static double norm(const float *a, size_t n)
{
    double s = 0;
    for (size_t i = 0; i < n; i++)
        s += (double)a[i] * (double)a[i];
    return sqrt(s);
}

struct f32_check {
    size_t n, k;
    const double *sign; /* n × rounds, ±1 */
    const double *br;   /* k × rounds: B · sign */
    double b_norm;
    double worst;
};

/* out[q] = row · x[., q] for every round q. */
static void times_f32(const float *row, size_t cols, const double *x, double out[OG_GEMM_ROUNDS])
{
    memset(out, 0, OG_GEMM_ROUNDS * sizeof *out);
    for (size_t j = 0; j < cols; j++)
        for (size_t q = 0; q < OG_GEMM_ROUNDS; q++)
            out[q] += (double)row[j] * x[j * OG_GEMM_ROUNDS + q];
}

static enum og_vote judge_row(struct f32_check *f, const float *a_row, const float *c_row)
{
    double want[OG_GEMM_ROUNDS], got[OG_GEMM_ROUNDS], a_norm = norm(a_row, f->k), tau;
    enum og_vote vote = OG_VOTE_OK;
    if (!all_finite(c_row, f->n))
        return a_norm * f->b_norm >= (double)FLT_MAX ? OG_VOTE_GREY : OG_VOTE_BAD;
    tau = 32 * UNIT * a_norm * f->b_norm + (double)f->n * (double)f->k * 0x1p-149;
    times_f32(a_row, f->k, f->br, want);
    times_f32(c_row, f->n, f->sign, got);
    for (size_t q = 0; q < OG_GEMM_ROUNDS; q++) {
        double gap = fabs(got[q] - want[q]);
        double ratio = gap == 0 ? 0 : gap < tau * WORST_MAX ? gap / tau : WORST_MAX;
        f->worst = ratio > f->worst ? ratio : f->worst;
        if (gap > 4 * tau)
            return OG_VOTE_BAD;
        if (gap > tau)
            vote = OG_VOTE_GREY;
    }
    return vote;
}

static void draw_signs(const struct og_hash *seed, double *sign, size_t n)
{
    struct og_draw d;
    uint64_t bits = 0;
    og_draw_init(&d, seed, "freivalds");
    for (size_t j = 0; j < n; j++) {
        if (j % 64 == 0)
            bits = og_draw_u64(&d);
        sign[j] = bits >> (j % 64) & 1 ? 1 : -1;
    }
}

enum og_rc og_gemm_f32_check(const float *a, const float *b, const float *c, size_t m, size_t n,
                             size_t k, const struct og_hash *seed, enum og_vote *out, double *worst,
                             struct og_err *err)
{
    enum og_rc rc = check_dims(m, n, k, err);
    struct f32_check f = {.n = n, .k = k};
    double *sign, *br;
    bool grey = false;
    *out = OG_VOTE_NONE;
    if (worst != NULL)
        *worst = 0;
    if (rc != OG_OK)
        return rc;
    if (!all_finite(a, m * k) || !all_finite(b, k * n)) {
        *out = OG_VOTE_GREY;
        return OG_OK;
    }
    sign = og_xmalloc((n + 1) * OG_GEMM_ROUNDS * sizeof *sign);
    br = og_xmalloc((k + 1) * OG_GEMM_ROUNDS * sizeof *br);
    draw_signs(seed, sign, n * OG_GEMM_ROUNDS);
    for (size_t i = 0; i < k; i++)
        times_f32(b + i * n, n, sign, br + i * OG_GEMM_ROUNDS);
    f.sign = sign;
    f.br = br;
    f.b_norm = norm(b, k * n);
    *out = OG_VOTE_OK;
    for (size_t i = 0; i < m && *out == OG_VOTE_OK; i++) {
        enum og_vote v = judge_row(&f, a + i * k, c + i * n);
        if (v == OG_VOTE_BAD)
            *out = OG_VOTE_BAD;
        grey = grey || v == OG_VOTE_GREY;
    }
    if (*out == OG_VOTE_OK && grey)
        *out = OG_VOTE_GREY;
    if (worst != NULL)
        *worst = f.worst;
    free(sign);
    free(br);
    return OG_OK;
}
