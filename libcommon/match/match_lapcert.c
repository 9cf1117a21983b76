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
#define ROWS     4                  /* looked at together */

struct check {
    const struct og_lap_problem *p;
    const int32_t *x;
    const int64_t *u, *v;
    uint32_t *load;
    int64_t *row;  /* one row of the callback */
    int32_t *v32;  /* v − moved in 32 bits; NULL: no, or there are no vector instructions */
    int64_t moved; /* from v to u */
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

/* Eight c − v; cells from 2^30 on count as 2^30: no u of a fast row is above that. */
AVX2 static inline __m256i h8(const int32_t *c, __m256i v)
{
    __m256i none = _mm256_set1_epi32(OG_LAP_NONE32);
    return _mm256_sub_epi32(_mm256_min_epi32(_mm256_loadu_si256((const void *)c), none), v);
}

AVX2 static inline bool above8(int32_t u, __m256i least)
{
    return _mm256_movemask_epi8(_mm256_cmpgt_epi32(_mm256_set1_epi32(u), least)) != 0;
}

/* Is none of u[0..3] above a c − v of its row? The rows stand `step` apart; four at once, as many
 * streams from memory as one core can use. */
AVX2 static bool holds32(const int32_t *c, size_t step, const int32_t *v, const int32_t *u,
                         size_t m)
{
    const int32_t *c1 = c + step, *c2 = c1 + step, *c3 = c2 + step;
    __m256i max = _mm256_set1_epi32(INT32_MAX), a = max, b = max, d = max, e = max;
    size_t j = 0;
    for (; j + 8 <= m; j += 8) {
        __m256i w = _mm256_loadu_si256((const void *)(v + j));
        a = _mm256_min_epi32(a, h8(c + j, w));
        b = _mm256_min_epi32(b, h8(c1 + j, w));
        d = _mm256_min_epi32(d, h8(c2 + j, w));
        e = _mm256_min_epi32(e, h8(c3 + j, w));
    }
    if (above8(u[0], a) || above8(u[1], b) || above8(u[2], d) || above8(u[3], e))
        return false;
    for (; j < m; j++)
        for (size_t k = 0; k < ROWS; k++)
            if (c[k * step + j] < OG_LAP_NONE32 && c[k * step + j] - (int64_t)v[j] < u[k])
                return false;
    return true;
}
#else
static bool has_avx2(void)
{
    return false;
}
static bool holds32(const int32_t *c, size_t step, const int32_t *v, const int32_t *u, size_t m)
{
    (void)c, (void)step, (void)v, (void)u, (void)m;
    return false;
}
#endif

/* Only u + v counts: all v less their greatest, which goes to u, have 32 bits more often. */
static void narrow_v(struct check *t)
{
    size_t m = t->p->m;
    int64_t most = INT64_MIN, least = INT64_MAX;
    if (t->p->c32 == NULL || t->p->portable || !has_avx2() || m == 0)
        return;
    for (size_t j = 0; j < m; j++) {
        most = t->v[j] > most ? t->v[j] : most;
        least = t->v[j] < least ? t->v[j] : least;
    }
    if (least - most <= -(int64_t)OG_LAP_NONE32)
        return;
    t->moved = most;
    t->v32 = og_xmalloc(m * sizeof *t->v32);
    for (size_t j = 0; j < m; j++)
        t->v32[j] = (int32_t)(t->v[j] - most);
}

/* True: rows i to i + ROWS − 1 have no u + v above a cell. False: one of them may have. */
static bool holds(const struct check *t, size_t i)
{
    size_t step = t->p->stride == 0 ? t->p->m : t->p->stride;
    int32_t u[ROWS];
    if (t->v32 == NULL || i + ROWS > t->p->n)
        return false;
    for (size_t k = 0; k < ROWS; k++) {
        if (t->u[i + k] > OG_LAP_BIG || t->u[i + k] < -DUAL_MAX)
            return false;
        int64_t moved = t->u[i + k] + t->moved;
        if (moved > OG_LAP_NONE32 || moved < INT32_MIN)
            return false;
        u[k] = (int32_t)moved;
    }
    return holds32(t->p->c32 + i * step, step, t->v32, u, t->p->m);
}

/* The first column of row i with u + v above the cell; m: none. */
static size_t violated(const struct check *t, size_t i)
{
    const struct og_lap_problem *p = t->p;
    size_t step = p->stride == 0 ? p->m : p->stride;
    int64_t u = t->u[i];
    if (p->c32 == NULL)
        return violated64(p->c64 != NULL ? p->c64 + i * step : t->row, t->v, u, p->m);
    return violated32(p->c32 + i * step, t->v, u, p->m);
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

/* clean: no u + v of the row is above its cell. */
static enum og_rc check_row(struct check *t, size_t i, bool clean, struct og_err *err)
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
    j = p->m > 0 && !clean ? violated(t, i) : p->m;
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
    if (p->c32 == NULL && p->c64 == NULL)
        t.row = og_xmalloc((p->m + 1) * sizeof *t.row);
    enum og_rc rc = check_x(&t, err);
    if (rc == OG_OK)
        rc = check_v(&t, err);
    if (rc == OG_OK)
        narrow_v(&t);
    for (size_t i = 0, clean = 0; rc == OG_OK && i < p->n; i++) {
        if (i % ROWS == 0)
            clean = holds(&t, i) ? i + ROWS : i;
        rc = check_row(&t, i, i < clean, err);
    }
    if (rc == OG_OK && t.primal != t.dual)
        rc = og_err_set(err, OG_E_DATA, "the sum of u and v is not the cost of x");
    free(t.load);
    free(t.row);
    free(t.v32);
    return rc;
}
