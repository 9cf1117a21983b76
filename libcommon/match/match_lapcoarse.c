/* match_lapcoarse.c - costs above the least of their row, in steps of a power of two, as 16-bit
 * numbers that saturate: what is too dear to be chosen need not be told apart. */
#include "match/match_lapcoarse.h"

#include "base/base_mem.h"

#include <stdlib.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_AVX2 1
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,bmi")))
#else
#define HAVE_AVX2 0
#endif

#define CELLS_MAX ((size_t)1 << 25)
#define BLOCK     32 /* cells of a row are padded to */
#define TOP       UINT16_MAX
#define REACH     32 /* prices may fall by so many times the first ε */

struct coarse {
    struct og_lapcore *c;
    size_t step; /* cells from row to row */
    uint16_t *cell;
    uint16_t *price; /* column -> what it asks on top */
    uint16_t *limit; /* row -> from here on it does not bid */
    int32_t *owner;  /* column -> row, −1 */
    unsigned shift;
};

struct duo {
    uint16_t h1, h2;
    size_t col; /* the first with h1 */
};

static uint16_t step_of(uint64_t above, unsigned shift)
{
    return above >> shift < TOP ? (uint16_t)(above >> shift) : TOP;
}

static uint16_t sum16(uint16_t a, uint16_t b)
{
    unsigned s = (unsigned)a + b;
    return s < TOP ? (uint16_t)s : TOP;
}

static struct duo duo_portable(const uint16_t *c, const uint16_t *p, size_t n)
{
    struct duo d = {TOP, TOP, 0};
    for (size_t j = 0; j < n; j++) {
        uint16_t h = sum16(c[j], p[j]);
        if (h < d.h1)
            d = (struct duo){h, d.h1, j};
        else if (h < d.h2)
            d.h2 = h;
    }
    return d;
}

/* h = cost − price of the wide problem; infeasible cells count as 2^30 here and are put right
 * later.
 */
static int64_t h32(const int32_t *r, const int32_t *v, size_t j)
{
    return (int64_t)(r[j] < OG_LAP_NONE32 ? r[j] : OG_LAP_NONE32) - v[j];
}

static void fill32_portable(const int32_t *r, const int32_t *v, int32_t least, unsigned shift,
                            size_t from, size_t m, uint16_t *out)
{
    for (size_t j = from; j < m; j++)
        out[j] = r[j] >= OG_LAP_NONE32 ? TOP : step_of((uint64_t)(h32(r, v, j) - least), shift);
}

static int32_t least32_portable(const int32_t *r, const int32_t *v, size_t from, size_t m,
                                int32_t least)
{
    for (size_t j = from; j < m; j++)
        least = h32(r, v, j) < least ? (int32_t)h32(r, v, j) : least;
    return least;
}

#if HAVE_AVX2
AVX2 static inline __m256i load(const void *p)
{
    return _mm256_loadu_si256(p);
}

AVX2 static inline __m256i h16(const uint16_t *c, const uint16_t *p)
{
    return _mm256_adds_epu16(load(c), load(p));
}

AVX2 static size_t find16(const uint16_t *c, const uint16_t *p, size_t n, uint16_t h)
{
    __m256i want = _mm256_set1_epi16((short)h);
    for (size_t j = 0; j < n; j += BLOCK) {
        __m256i a = _mm256_cmpeq_epi16(h16(c + j, p + j), want);
        __m256i b = _mm256_cmpeq_epi16(h16(c + j + 16, p + j + 16), want);
        if (_mm256_testz_si256(_mm256_or_si256(a, b), _mm256_or_si256(a, b)))
            continue;
        unsigned lo = (unsigned)_mm256_movemask_epi8(a), hi = (unsigned)_mm256_movemask_epi8(b);
        return lo != 0 ? j + (size_t)__builtin_ctz(lo) / 2 : j + 16 + (size_t)__builtin_ctz(hi) / 2;
    }
    return 0;
}

/* The two smallest of what 16 lanes hold: their smallest and their second smallest. */
AVX2 static inline struct duo meet16(__m256i one, __m256i two)
{
    __m128i lo = _mm256_castsi256_si128(one), hi = _mm256_extracti128_si256(one, 1), first, rest;
    __m128i low = _mm_min_epu16(lo, hi), lane = _mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7);
    rest = _mm_min_epu16(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
    rest = _mm_min_epu16(rest, _mm_max_epu16(lo, hi));
    first = _mm_minpos_epu16(low);
    lane = _mm_cmpeq_epi16(lane, _mm_set1_epi16((short)_mm_extract_epi16(first, 1)));
    rest = _mm_minpos_epu16(_mm_min_epu16(rest, _mm_or_si128(low, lane)));
    return (struct duo){(uint16_t)_mm_extract_epi16(first, 0), (uint16_t)_mm_extract_epi16(rest, 0),
                        0};
}

AVX2 static struct duo duo_avx2(const uint16_t *c, const uint16_t *p, size_t n)
{
    __m256i top = _mm256_set1_epi16(-1), a1 = top, a2 = top, b1 = top, b2 = top;
    struct duo d;
    for (size_t j = 0; j < n; j += BLOCK) {
        __m256i a = h16(c + j, p + j), b = h16(c + j + 16, p + j + 16);
        a2 = _mm256_min_epu16(a2, _mm256_max_epu16(a1, a));
        a1 = _mm256_min_epu16(a1, a);
        b2 = _mm256_min_epu16(b2, _mm256_max_epu16(b1, b));
        b1 = _mm256_min_epu16(b1, b);
    }
    a2 = _mm256_min_epu16(_mm256_min_epu16(a2, b2), _mm256_max_epu16(a1, b1));
    d = meet16(_mm256_min_epu16(a1, b1), a2);
    d.col = d.h1 < TOP ? find16(c, p, n, d.h1) : 0;
    return d;
}

AVX2 static inline __m256i h32_avx2(const int32_t *r, const int32_t *v)
{
    return _mm256_sub_epi32(_mm256_min_epi32(load(r), _mm256_set1_epi32(OG_LAP_NONE32)), load(v));
}

AVX2 static int32_t least32_avx2(const int32_t *r, const int32_t *v, size_t m)
{
    __m256i a = _mm256_set1_epi32(INT32_MAX);
    int32_t t[8], least = INT32_MAX;
    size_t j = 0;
    for (; j + 8 <= m; j += 8)
        a = _mm256_min_epi32(a, h32_avx2(r + j, v + j));
    _mm256_storeu_si256((void *)t, a);
    for (int k = 0; k < 8; k++)
        least = t[k] < least ? t[k] : least;
    return least32_portable(r, v, j, m, least);
}

AVX2 static inline __m256i steps(const int32_t *r, const int32_t *v, __m256i least, __m128i shift)
{
    __m256i none = _mm256_cmpgt_epi32(load(r), _mm256_set1_epi32(OG_LAP_NONE32 - 1));
    __m256i x = _mm256_srl_epi32(_mm256_sub_epi32(h32_avx2(r, v), least), shift);
    return _mm256_min_epu32(_mm256_or_si256(x, none), _mm256_set1_epi32(TOP));
}

AVX2 static void fill32_avx2(const int32_t *r, const int32_t *v, int32_t least, unsigned shift,
                             size_t m, uint16_t *out)
{
    __m256i low = _mm256_set1_epi32(least);
    __m128i by = _mm_cvtsi32_si128((int)shift);
    size_t j = 0;
    for (; j + 16 <= m; j += 16) {
        __m256i x =
            _mm256_packus_epi32(steps(r + j, v + j, low, by), steps(r + j + 8, v + j + 8, low, by));
        _mm256_storeu_si256((void *)(out + j), _mm256_permute4x64_epi64(x, 0xd8));
    }
    fill32_portable(r, v, least, shift, j, m, out);
}
#else
static struct duo duo_avx2(const uint16_t *c, const uint16_t *p, size_t n)
{
    return duo_portable(c, p, n);
}
static int32_t least32_avx2(const int32_t *r, const int32_t *v, size_t m)
{
    return least32_portable(r, v, 0, m, INT32_MAX);
}
static void fill32_avx2(const int32_t *r, const int32_t *v, int32_t least, unsigned shift, size_t m,
                        uint16_t *out)
{
    fill32_portable(r, v, least, shift, 0, m, out);
}
#endif

static int64_t fill32(const struct coarse *k, size_t i, uint16_t *out)
{
    const int32_t *r = og_lapcore_row32(k->c, i), *v = k->c->v32;
    size_t m = k->c->m;
    bool fast = k->c->avx2;
    int32_t least = fast ? least32_avx2(r, v, m) : least32_portable(r, v, 0, m, INT32_MAX);
    if (fast)
        fill32_avx2(r, v, least, k->shift, m, out);
    else
        fill32_portable(r, v, least, k->shift, 0, m, out);
    return least;
}

static int64_t fill64(const struct coarse *k, size_t i, uint16_t *out)
{
    const int64_t *r = og_lapcore_row(k->c, i), *v = k->c->v;
    int64_t least = OG_COST_NONE;
    for (size_t j = 0; j < k->c->m; j++)
        if (r[j] != OG_COST_NONE && r[j] - v[j] < least)
            least = r[j] - v[j];
    for (size_t j = 0; j < k->c->m; j++)
        out[j] = r[j] == OG_COST_NONE ? TOP : step_of((uint64_t)(r[j] - v[j] - least), k->shift);
    return least;
}

static void fill(struct coarse *k, int64_t limit)
{
    struct og_lapcore *c = k->c;
    size_t rows = c->n < c->p->n ? c->n : c->p->n + (c->n > c->p->n);
    for (size_t i = 0; i < rows; i++) {
        uint16_t *out = k->cell + i * k->step;
        bool narrow = c->p->c32 != NULL && c->v_low >= OG_LAPSCAN_LOW;
        int64_t least = narrow ? fill32(k, i, out) : fill64(k, i, out);
        int64_t wait = og_lapcore_wait(c, (int32_t)i);
        for (size_t j = c->m; j < k->step; j++)
            out[j] = TOP;
        wait = wait < limit ? wait : limit;
        k->limit[i] = wait <= least ? 0 : step_of((uint64_t)(wait - least), k->shift);
        c->work += c->m;
        c->scans++;
    }
}

/* Row i bids; the row that it takes the column from, −1. */
static int32_t bid(struct coarse *k, int32_t i, uint16_t eps)
{
    size_t at = (size_t)i < k->c->p->n ? (size_t)i : k->c->p->n; /* stand-ins are all alike */
    const uint16_t *r = k->cell + at * k->step;
    struct duo d = k->c->avx2 ? duo_avx2(r, k->price, k->step) : duo_portable(r, k->price, k->step);
    uint16_t limit = k->limit[at];
    int32_t loser;
    if (d.h1 >= limit)
        return -1;
    d.h2 = d.h2 < limit ? d.h2 : limit;
    k->price[d.col] = sum16(k->price[d.col], sum16((uint16_t)(d.h2 - d.h1), eps));
    loser = k->owner[d.col];
    k->owner[d.col] = i;
    k->c->work += k->step / 4;
    return loser;
}

static void phase(struct coarse *k, uint16_t eps, size_t *budget)
{
    for (size_t j = 0; j < k->step; j++)
        k->owner[j] = -1;
    for (size_t s = 0; s < k->c->n; s++)
        for (int32_t i = (int32_t)s; i >= 0; i = bid(k, i, eps)) {
            if (*budget == 0 || og_lapcore_stop(k->c))
                return;
            --*budget;
        }
}

static bool single(const struct og_lapcore *c)
{
    for (size_t j = 0; j < c->m; j++)
        if (og_lapcore_cap(c, (int32_t)j) != 1)
            return false;
    return true;
}

int64_t og_lapcoarse_run(struct og_lapcore *c, int64_t eps, int64_t last, int64_t divide,
                         int64_t limit, size_t *budget)
{
    struct coarse k = {.c = c, .step = (c->m + BLOCK - 1) / BLOCK * BLOCK};
    if (c->p->row != NULL || (c->p->n + 1) * k.step > CELLS_MAX || !single(c))
        return eps;
    while ((int64_t)TOP << k.shift < REACH * eps)
        k.shift++;
    last = last > (int64_t)8 << k.shift ? last : (int64_t)8 << k.shift;
    while ((int64_t)32 << k.shift <= last)
        k.shift++;
    if (eps < last)
        return eps;
    k.cell = og_xmalloc((c->p->n + 1) * k.step * sizeof *k.cell);
    k.price = og_xcalloc(k.step, sizeof *k.price);
    k.limit = og_xmalloc((c->p->n + 1) * sizeof *k.limit);
    k.owner = og_xmalloc(k.step * sizeof *k.owner);
    fill(&k, limit);
    for (; eps >= last; eps /= divide) {
        int64_t e = eps >> k.shift;
        phase(&k, (uint16_t)(e < 1 ? 1 : e > TOP ? TOP : e), budget);
    }
    for (size_t j = 0; j < c->m; j++)
        og_lapcore_price(c, (int32_t)j, c->v[j] - ((int64_t)k.price[j] << k.shift));
    free(k.cell);
    free(k.price);
    free(k.limit);
    free(k.owner);
    return eps;
}
