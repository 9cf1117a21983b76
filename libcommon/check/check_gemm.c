/* check_gemm.c - Freivalds' check of matrix products. */
#include "check/check_gemm.h"

#include "base/base_clones.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_draw.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define P          (((uint64_t)1 << 61) - 1)
#define I32_LIMIT  ((uint64_t)1 << 60)
#define UNIT       0x1p-24
#define F32_UNITS  32
#define TF32_UNITS 128 /* tensor cores cut where they add */
#define WORST_MAX  1e9

__extension__ typedef __int128 i128;

static enum og_rc check_dims(size_t m, size_t n, size_t k, struct og_err *err)
{
    if (m > OG_GEMM_DIM_MAX || n > OG_GEMM_DIM_MAX || k > OG_GEMM_DIM_MAX)
        return og_err_set(err, OG_E_DATA, "a product of %zu x %zu x %zu is too large", m, n, k);
    return OG_OK;
}

OG_CLONES static void bounds(const int32_t *a, size_t n, int32_t out[2])
{
    int32_t low = 0, high = 0;
    for (size_t i = 0; i < n; i++) {
        low = a[i] < low ? a[i] : low;
        high = a[i] > high ? a[i] : high;
    }
    out[0] = low;
    out[1] = high;
}

static uint64_t largest(const int32_t *a, size_t n)
{
    int32_t b[2];
    bounds(a, n, b);
    return og_max_u64((uint64_t)b[1], (uint64_t)(-(int64_t)b[0]));
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

#define LIMB   21 /* bits; three make an element of x */
#define LIMBS  3
#define STRIPE 1024 /* columns whose products with limbs are summed in 63 bits */

/* A vector modulo P, a limb after the other. */
struct limbs {
    int32_t *v[LIMBS];
};

static struct limbs limbs_of(const uint64_t *x, size_t n)
{
    struct limbs l;
    for (size_t q = 0; q < LIMBS; q++) {
        l.v[q] = og_xmalloc((n + 1) * sizeof **l.v);
        for (size_t j = 0; j < n; j++)
            l.v[q][j] = (int32_t)(x[j] >> (LIMB * q) & ((1u << LIMB) - 1));
    }
    return l;
}

static void limbs_free(struct limbs *l)
{
    for (size_t q = 0; q < LIMBS; q++)
        free(l->v[q]);
}

OG_CLONES static void dot_limbs(const int32_t *a, size_t n, const int32_t *x0, const int32_t *x1,
                                const int32_t *x2, int64_t out[LIMBS])
{
    int64_t s0 = 0, s1 = 0, s2 = 0;
    for (size_t j = 0; j < n; j++) {
        s0 += (int64_t)a[j] * x0[j];
        s1 += (int64_t)a[j] * x1[j];
        s2 += (int64_t)a[j] * x2[j];
    }
    out[0] = s0;
    out[1] = s1;
    out[2] = s2;
}

/* a · x of n <= STRIPE elements from column `at` on; below 2^(31 + 61 + 10). */
static i128 dot(const int32_t *a, size_t n, const struct limbs *x, size_t at)
{
    int64_t s[LIMBS];
    dot_limbs(a, n, x->v[0] + at, x->v[1] + at, x->v[2] + at, s);
    return (i128)s[0] + (i128)s[1] * (1 << LIMB) + (i128)s[2] * ((int64_t)1 << 2 * LIMB);
}

/* out = rows×cols matrix · x modulo P; the sums stay below 2^20 · 2^31 · 2^61. */
static void times_i32(const int32_t *a, size_t rows, size_t cols, const uint64_t *x, uint64_t *out)
{
    struct limbs l = limbs_of(x, cols);
    for (size_t i = 0; i < rows; i++) {
        i128 sum = 0;
        for (size_t j = 0; j < cols; j += STRIPE)
            sum += dot(a + i * cols + j, og_min_u64(STRIPE, cols - j), &l, j);
        out[i] = mod_p(sum);
    }
    limbs_free(&l);
}

/* Cuts elements below 2^60 in two: v = high · 2^30 + low. False: one is out of range. */
OG_CLONES static bool halve(const int64_t *v, size_t n, int32_t *low, int32_t *high)
{
    uint64_t over = 0;
    for (size_t j = 0; j < n; j++) {
        over |= (uint64_t)v[j] + (I32_LIMIT - 1) > 2 * (I32_LIMIT - 1);
        low[j] = (int32_t)(v[j] & 0x3fffffff);
        high[j] = (int32_t)(v[j] >> 30);
    }
    return !over;
}

/* True when row · x = want modulo P and no element is out of range. */
static bool row_is(const int64_t *row, size_t n, const struct limbs *x, uint64_t want)
{
    int32_t low[STRIPE], high[STRIPE];
    i128 sums[2] = {0, 0};
    for (size_t j = 0; j < n; j += STRIPE) {
        size_t w = og_min_u64(STRIPE, n - j);
        if (!halve(row + j, w, low, high))
            return false;
        sums[0] += dot(low, w, x, j);
        sums[1] += dot(high, w, x, j);
    }
    return mod_p((i128)mod_p(sums[0]) + (i128)mod_p(sums[1]) * (1 << 30)) == want;
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
    struct limbs l = limbs_of(r, n);
    for (size_t i = 0; i < m && *out == OG_VOTE_OK; i++)
        if (!row_is(c + i * n, n, &l, abr[i]))
            *out = OG_VOTE_BAD;
    limbs_free(&l);
    free(r);
    free(br);
    free(abr);
    return OG_OK;
}

/* Eight lanes; their sums are added in order, so that every processor rounds alike. */
#define LANES 8
typedef float f32_lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef double f64_lanes __attribute__((vector_size(8 * LANES), aligned(8), may_alias));

/* What a row tells: its products with the vectors of all rounds, and the sum of its squares. */
struct row_sums {
    double dot[OG_GEMM_ROUNDS], squares;
};

/* Two rows at once, which share what is read of x: OG_GEMM_ROUNDS vectors of `stride` elements, one
 * after the other. */
OG_CLONES static void row_sums(const float *const row[2], size_t cols, const double *x,
                               size_t stride, struct row_sums out[2])
{
    f64_lanes s[2][OG_GEMM_ROUNDS + 1] = {{{0}}};
    size_t j = 0;
    for (; j + LANES <= cols; j += LANES) {
        if (j % (2 * LANES) == 0) { /* rows to come, a cache line at a time */
            __builtin_prefetch(row[0] + j + 2 * cols, 0, 2);
            __builtin_prefetch(row[1] + j + 2 * cols, 0, 2);
        }
        f64_lanes v =
            __builtin_convertvector(*(const f32_lanes *)(const void *)(row[0] + j), f64_lanes);
        f64_lanes w =
            __builtin_convertvector(*(const f32_lanes *)(const void *)(row[1] + j), f64_lanes);
#pragma GCC unroll 4
        for (size_t q = 0; q < OG_GEMM_ROUNDS; q++) {
            f64_lanes y = *(const f64_lanes *)(const void *)(x + q * stride + j);
            s[0][q] += v * y;
            s[1][q] += w * y;
        }
        s[0][OG_GEMM_ROUNDS] += v * v;
        s[1][OG_GEMM_ROUNDS] += w * w;
    }
    for (size_t r = 0; r < 2; r++) {
        double sum[OG_GEMM_ROUNDS + 1] = {0};
        for (size_t q = 0; q <= OG_GEMM_ROUNDS; q++)
            for (size_t l = 0; l < LANES; l++)
                sum[q] += s[r][q][l];
        for (size_t i = j; i < cols; i++) {
            double v = row[r][i];
            for (size_t q = 0; q < OG_GEMM_ROUNDS; q++)
                sum[q] += v * x[q * stride + i];
            sum[OG_GEMM_ROUNDS] += v * v;
        }
        memcpy(out[r].dot, sum, sizeof out[r].dot);
        out[r].squares = sum[OG_GEMM_ROUNDS];
    }
}

struct f32_check {
    size_t n, k;
    const double *sign; /* rounds × n, ±1 */
    const double *br;   /* rounds × k: B · sign */
    double b_norm;
    double unit;   /* of the tolerance */
    float *narrow; /* two rows of A or B with their inputs rounded to TF32; NULL: as they are */
    double worst;
};

/* Squares of finite f32 sum to less than 2^256 · 2^40: a sum that is not finite tells an element
 * that is not. */
static enum og_vote judge_row(struct f32_check *f, const struct row_sums *a,
                              const struct row_sums *c)
{
    enum og_vote vote = OG_VOTE_OK;
    double a_norm = sqrt(a->squares), tau;
    if (!isfinite(c->squares))
        return a_norm * f->b_norm >= (double)FLT_MAX ? OG_VOTE_GREY : OG_VOTE_BAD;
    tau = f->unit * a_norm * f->b_norm + (double)f->n * (double)f->k * 0x1p-149;
    for (size_t q = 0; q < OG_GEMM_ROUNDS; q++) {
        double gap = fabs(c->dot[q] - a->dot[q]);
        double ratio = gap == 0 ? 0 : gap < tau * WORST_MAX ? gap / tau : WORST_MAX;
        f->worst = ratio > f->worst ? ratio : f->worst;
        if (gap > 4 * tau)
            return OG_VOTE_BAD;
        if (gap > tau)
            vote = OG_VOTE_GREY;
    }
    return vote;
}

/* Round q's sign of column j is draw j · OG_GEMM_ROUNDS + q. */
static void draw_signs(const struct og_hash *seed, double *sign, size_t n)
{
    struct og_draw d;
    uint64_t bits = 0;
    og_draw_init(&d, seed, "freivalds");
    for (size_t i = 0; i < n * OG_GEMM_ROUNDS; i++) {
        if (i % 64 == 0)
            bits = og_draw_u64(&d);
        sign[i % OG_GEMM_ROUNDS * n + i / OG_GEMM_ROUNDS] = bits >> (i % 64) & 1 ? 1 : -1;
    }
}

/* To the nearest with 10 bits behind the point, halves away from zero. */
static void to_tf32(const float *from, size_t n, float *to)
{
    for (size_t j = 0; j < n; j++) {
        uint32_t u;
        memcpy(&u, &from[j], sizeof u);
        u = (u & 0x7f800000) == 0x7f800000 ? u : (u + 0x1000) & 0xffffe000;
        memcpy(&to[j], &u, sizeof u);
    }
}

/* Two rows of an input, one after the other; the second may be the first again. */
static void take_rows(const struct f32_check *f, const float *p, size_t cols, size_t two,
                      const float *row[2])
{
    row[0] = p;
    row[1] = p + two * cols;
    if (!f->narrow)
        return;
    to_tf32(p, (1 + two) * cols, f->narrow);
    row[0] = f->narrow;
    row[1] = f->narrow + two * cols;
}

/* B · sign into br (rounds × k); false: B holds NaN or infinity. */
static bool multiply_b(struct f32_check *f, const float *b, double *br)
{
    size_t n = f->n, k = f->k;
    double squares = 0;
    for (size_t i = 0; i < k; i += 2) {
        struct row_sums s[2];
        size_t two = i + 1 < k;
        const float *row[2];
        take_rows(f, b + i * n, n, two, row);
        row_sums(row, n, f->sign, n, s);
        for (size_t r = 0; r <= two; r++) {
            for (size_t q = 0; q < OG_GEMM_ROUNDS; q++)
                br[q * k + i + r] = s[r].dot[q];
            squares += s[r].squares;
        }
    }
    f->b_norm = sqrt(squares);
    return isfinite(squares);
}

static enum og_vote judge_rows(struct f32_check *f, const float *a, const float *c, size_t m)
{
    bool grey = false, bad = false;
    for (size_t i = 0; i < m; i += 2) {
        struct row_sums s[2], t[2];
        size_t two = i + 1 < m;
        const float *a_row[2];
        const float *const c_row[2] = {c + i * f->n, c + (i + two) * f->n};
        take_rows(f, a + i * f->k, f->k, two, a_row);
        row_sums(a_row, f->k, f->br, f->k, s);
        row_sums(c_row, f->n, f->sign, f->n, t);
        for (size_t r = 0; r <= two; r++) {
            if (!isfinite(s[r].squares))
                return OG_VOTE_GREY;
            enum og_vote v = judge_row(f, &s[r], &t[r]);
            bad = bad || v == OG_VOTE_BAD;
            grey = grey || v == OG_VOTE_GREY;
        }
    }
    return bad ? OG_VOTE_BAD : grey ? OG_VOTE_GREY : OG_VOTE_OK;
}

static enum og_rc float_check(bool narrow, const float *a, const float *b, const float *c, size_t m,
                              size_t n, size_t k, const struct og_hash *seed, enum og_vote *out,
                              double *worst, struct og_err *err)
{
    struct f32_check f = {.n = n, .k = k, .unit = (narrow ? TF32_UNITS : F32_UNITS) * UNIT};
    *out = OG_VOTE_NONE;
    if (worst != NULL)
        *worst = 0;
    OG_TRY(check_dims(m, n, k, err));
    double *sign = og_xmalloc((n + 1) * OG_GEMM_ROUNDS * sizeof *sign);
    double *br = og_xmalloc((k + 1) * OG_GEMM_ROUNDS * sizeof *br);
    if (narrow)
        f.narrow = og_xmalloc((og_max_u64(n, k) + 1) * 2 * sizeof *f.narrow);
    draw_signs(seed, sign, n);
    f.sign = sign;
    f.br = br;
    *out = multiply_b(&f, b, br) ? judge_rows(&f, a, c, m) : OG_VOTE_GREY;
    if (worst != NULL)
        *worst = f.worst;
    free(f.narrow);
    free(sign);
    free(br);
    return OG_OK;
}

enum og_rc og_gemm_f32_check(const float *a, const float *b, const float *c, size_t m, size_t n,
                             size_t k, const struct og_hash *seed, enum og_vote *out, double *worst,
                             struct og_err *err)
{
    return float_check(false, a, b, c, m, n, k, seed, out, worst, err);
}

enum og_rc og_gemm_tf32_check(const float *a, const float *b, const float *c, size_t m, size_t n,
                              size_t k, const struct og_hash *seed, enum og_vote *out,
                              double *worst, struct og_err *err)
{
    OG_TRY(float_check(false, a, b, c, m, n, k, seed, out, worst, err));
    if (*out == OG_VOTE_OK)
        return OG_OK;
    return float_check(true, a, b, c, m, n, k, seed, out, worst, err);
}
