/* match_lapcert.c - dual certificate of an assignment, 32- and 64-bit costs, capacities, waiting.
 */
#include "match/match_lapcert.h"

#include "base/base_mem.h"
#include "match/match_cert.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_AVX2 1
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))
#else
#define HAVE_AVX2 0
#endif

#define DUAL_MAX ((int64_t)1 << 54) /* of |u| and |v| */

struct check {
    const struct og_lap_problem *p;
    const int32_t *x;
    const int64_t *u, *v;
    uint32_t *load;
    int64_t *row; /* one row of the callback */
    int32_t *v32; /* v in 32 bits; NULL: it does not fit, or there are no vector instructions */
    og_i128 primal, dual;
};

static uint32_t cap_of(const struct check *t, size_t j)
{
    return t->p->cap == NULL ? 1 : t->p->cap[j];
}

static enum og_rc check_x(struct check *t, struct og_err *err)
{
    for (size_t i = 0; i < t->p->n; i++) {
        int32_t j = t->x[i];
        if (j == -1)
            continue;
        if (j < -1 || (size_t)j >= t->p->m)
            return og_err_set(err, OG_E_DATA, "x[%zu] is %" PRId32 ", not a column", i, j);
        if (t->load[j]++ == cap_of(t, (size_t)j))
            return og_err_set(err, OG_E_DATA, "x[%zu] takes column %" PRId32 ", which is full", i,
                              j);
    }
    return OG_OK;
}

static enum og_rc check_v(struct check *t, struct og_err *err)
{
    for (size_t j = 0; j < t->p->m; j++) {
        int64_t v = t->v[j];
        if (v > 0 || v < -DUAL_MAX)
            return og_err_set(err, OG_E_DATA, "v[%zu] is %" PRId64 ", outside -2^54 <= v <= 0", j,
                              v);
        if (v != 0 && t->load[j] < cap_of(t, j))
            return og_err_set(err, OG_E_DATA, "v[%zu] is %" PRId64 " but the column has room", j,
                              v);
        t->dual += (og_i128)v * cap_of(t, j);
    }
    return OG_OK;
}

/* The first column of row i with u + v > c; m: none. */
static size_t violated64(const int64_t *c, const int64_t *v, int64_t u, size_t m)
{
    for (size_t j = 0; j < m; j++)
        if (c[j] != OG_COST_NONE && c[j] - v[j] < u)
            return j;
    return m;
}

static size_t violated32(const int32_t *c, const int64_t *v, int64_t u, size_t m)
{
    for (size_t j = 0; j < m; j++)
        if (c[j] < OG_LAP_NONE32 && c[j] - v[j] < u)
            return j;
    return m;
}

#if HAVE_AVX2
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

/* Is u above none of c − v? Cells from 2^30 on count as 2^30: u must not be above that. */
AVX2 static bool holds32(const int32_t *c, const int32_t *v, int32_t u, size_t m)
{
    __m256i none = _mm256_set1_epi32(OG_LAP_NONE32), least = _mm256_set1_epi32(INT32_MAX);
    int32_t t[8];
    size_t j = 0;
    for (; j + 8 <= m; j += 8) {
        __m256i x = _mm256_min_epi32(_mm256_loadu_si256((const void *)(c + j)), none);
        __m256i h = _mm256_sub_epi32(x, _mm256_loadu_si256((const void *)(v + j)));
        least = _mm256_min_epi32(least, h);
    }
    _mm256_storeu_si256((void *)t, least);
    for (int k = 0; k < 8; k++)
        if (t[k] < u)
            return false;
    for (; j < m; j++)
        if (c[j] < OG_LAP_NONE32 && c[j] - (int64_t)v[j] < u)
            return false;
    return true;
}
#else
static bool has_avx2(void)
{
    return false;
}
static bool holds32(const int32_t *c, const int32_t *v, int32_t u, size_t m)
{
    (void)c, (void)v, (void)u, (void)m;
    return false;
}
#endif

static void narrow_v(struct check *t)
{
    if (t->p->c32 == NULL || t->p->portable || !has_avx2())
        return;
    for (size_t j = 0; j < t->p->m; j++)
        if (t->v[j] <= -(int64_t)OG_LAP_NONE32)
            return;
    t->v32 = og_xmalloc((t->p->m + 1) * sizeof *t->v32);
    for (size_t j = 0; j < t->p->m; j++)
        t->v32[j] = (int32_t)t->v[j];
}

/* The first column of row i with u + v above the cell; m: none. */
static size_t violated(const struct check *t, size_t i)
{
    const struct og_lap_problem *p = t->p;
    size_t step = p->stride == 0 ? p->m : p->stride;
    int64_t u = t->u[i];
    if (p->c32 == NULL)
        return violated64(p->c64 != NULL ? p->c64 + i * step : t->row, t->v, u, p->m);
    const int32_t *r = p->c32 + i * step;
    if (t->v32 != NULL && u <= OG_LAP_NONE32 && u >= INT32_MIN &&
        holds32(r, t->v32, (int32_t)u, p->m))
        return p->m;
    return violated32(r, t->v, u, p->m);
}

/* Cell i, j in 64 bits; the row is in t->row when the costs come from a callback. */
static int64_t cell(const struct check *t, size_t i, size_t j)
{
    size_t step = t->p->stride == 0 ? t->p->m : t->p->stride;
    if (t->p->c32 != NULL) {
        int32_t c = t->p->c32[i * step + j];
        return c >= OG_LAP_NONE32 ? OG_COST_NONE : c;
    }
    return t->p->c64 != NULL ? t->p->c64[i * step + j] : t->row[j];
}

static enum og_rc check_pair(struct check *t, size_t i, int64_t wait, struct og_err *err)
{
    int32_t x = t->x[i];
    int64_t c;
    if (x == -1) {
        t->primal += wait;
        if (t->u[i] != wait)
            return og_err_set(err, OG_E_DATA, "row %zu has no column but u is not that cost", i);
        return OG_OK;
    }
    c = cell(t, i, (size_t)x);
    if (c == OG_COST_NONE)
        return og_err_set(err, OG_E_DATA, "row %zu cannot go to column %" PRId32, i, x);
    if (c < -OG_LAP_MAX || c > OG_LAP_MAX)
        return og_err_set(err, OG_E_DATA, "cell %zu, %" PRId32 " is beyond 2^52", i, x);
    if (t->u[i] + t->v[x] != c)
        return og_err_set(err, OG_E_DATA, "u[%zu] + v[%" PRId32 "] is not the cell taken", i, x);
    t->primal += c;
    return OG_OK;
}

static enum og_rc check_row(struct check *t, size_t i, struct og_err *err)
{
    const struct og_lap_problem *p = t->p;
    size_t j;
    int64_t wait = p->wait == NULL ? OG_LAP_BIG : p->wait[i], u = t->u[i];
    if (u < -DUAL_MAX || u > DUAL_MAX)
        return og_err_set(err, OG_E_DATA, "u[%zu] is beyond 2^54", i);
    if (u > wait)
        return og_err_set(err, OG_E_DATA, "u[%zu] is above the cost of having no column", i);
    if (p->m > 0 && p->c32 == NULL && p->c64 == NULL)
        p->row(p->row_user, i, t->row);
    j = p->m > 0 ? violated(t, i) : 0;
    if (j < p->m)
        return og_err_set(err, OG_E_DATA, "u[%zu] + v[%zu] is above the cell", i, j);
    t->dual += u;
    return check_pair(t, i, wait, err);
}

enum og_rc og_lapcert_check(const struct og_lap_problem *p, const int32_t *x, const int64_t *u,
                            const int64_t *v, struct og_err *err)
{
    struct check t = {.p = p, .x = x, .u = u, .v = v};
    if (p->n > OG_LAP_SIZE || p->m > OG_LAP_SIZE)
        return og_err_set(err, OG_E_DATA, "%zu rows and %zu columns are too many", p->n, p->m);
    t.load = og_xcalloc(p->m + 1, sizeof *t.load);
    t.row = og_xmalloc((p->m + 1) * sizeof *t.row);
    enum og_rc rc = check_x(&t, err);
    if (rc == OG_OK)
        rc = check_v(&t, err);
    if (rc == OG_OK)
        narrow_v(&t);
    for (size_t i = 0; rc == OG_OK && i < p->n; i++)
        rc = check_row(&t, i, err);
    if (rc == OG_OK && t.primal != t.dual)
        rc = og_err_set(err, OG_E_DATA, "the sum of u and v is not the cost of x");
    free(t.load);
    free(t.row);
    free(t.v32);
    return rc;
}
