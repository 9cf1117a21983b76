/* match_lapscan.c - the K smallest of a row. A bound that at least K columns meet comes from the
 * minima of 32 lanes; the columns that meet it are gathered and sorted. */
#include "match/match_lapscan.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_AVX2 1
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,bmi,popcnt")))
#else
#define HAVE_AVX2 0
#endif

#define KEEP   OG_LAPSCAN_KEEP
#define LANES  32
#define ROOM   64  /* gathered before the worst are dropped */
#define AHEAD  256 /* cells fetched early: rows come from memory in no order */
#define NONE32 ((int32_t)1 << 30)
#define NONE64 INT64_MAX

struct gather {
    struct og_lapscan_hit hit[ROOM];
    size_t n;
    int64_t under; /* columns with h below this can still get in */
};

static bool before(struct og_lapscan_hit a, struct og_lapscan_hit b)
{
    return a.h < b.h || (a.h == b.h && a.col < b.col);
}

static void sort_hits(struct og_lapscan_hit *a, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct og_lapscan_hit t = a[i];
        size_t k = i;
        for (; k > 0 && before(t, a[k - 1]); k--)
            a[k] = a[k - 1];
        a[k] = t;
    }
}

/* Columns come in ascending order, so that a later one of equal h does not get in. */
static void add_hit(struct gather *g, int64_t h, size_t col)
{
    if (h >= g->under)
        return;
    g->hit[g->n].h = h;
    g->hit[g->n++].col = (int32_t)col;
    if (g->n < ROOM)
        return;
    sort_hits(g->hit, ROOM);
    g->n = KEEP;
    g->under = g->hit[KEEP - 1].h;
}

static size_t take(struct gather *g, struct og_lapscan_hit *out)
{
    size_t n;
    sort_hits(g->hit, g->n);
    n = g->n < KEEP ? g->n : KEEP;
    memcpy(out, g->hit, n * sizeof *out);
    return n;
}

static void gather32(struct gather *g, const int32_t *c, const int32_t *v, size_t from, size_t m)
{
    for (size_t j = from; j < m; j++)
        if (c[j] < NONE32)
            add_hit(g, c[j] - (int64_t)v[j], j);
}

static void gather64(struct gather *g, const int64_t *c, const int64_t *v, size_t from, size_t m)
{
    for (size_t j = from; j < m; j++)
        if (c[j] != NONE64)
            add_hit(g, c[j] - v[j], j);
}

#if HAVE_AVX2
bool og_lapscan_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
}

AVX2 static inline __m256i load(const void *p)
{
    return _mm256_loadu_si256(p);
}

/* Eight h at once; infeasible ones become 2^30 − v, at least 2^30. */
AVX2 static inline __m256i h32(const int32_t *c, const int32_t *v)
{
    return _mm256_sub_epi32(_mm256_min_epi32(load(c), _mm256_set1_epi32(NONE32)), load(v));
}

/* The KEEP-th smallest of 32 numbers: the least that at least KEEP do not exceed. */
AVX2 static int32_t kth32(__m256i a, __m256i b, __m256i d, __m256i e)
{
    int32_t t[LANES], best = INT32_MAX;
    _mm256_storeu_si256((void *)t, a);
    _mm256_storeu_si256((void *)(t + 8), b);
    _mm256_storeu_si256((void *)(t + 16), d);
    _mm256_storeu_si256((void *)(t + 24), e);
    for (int i = 0; i < LANES; i++) {
        __m256i x = _mm256_set1_epi32(t[i]);
        __m256i lo = _mm256_packs_epi32(_mm256_cmpgt_epi32(a, x), _mm256_cmpgt_epi32(b, x));
        __m256i hi = _mm256_packs_epi32(_mm256_cmpgt_epi32(d, x), _mm256_cmpgt_epi32(e, x));
        unsigned above = (unsigned)_mm256_movemask_epi8(_mm256_packs_epi16(lo, hi));
        int32_t got = LANES - _mm_popcnt_u32(above) >= KEEP ? t[i] : INT32_MAX;
        best = got < best ? got : best;
    }
    return best;
}

/* A bound that at least KEEP of the first m columns meet (m a multiple of 32). */
AVX2 static int32_t bound32(const int32_t *c, const int32_t *v, size_t m)
{
    __m256i max = _mm256_set1_epi32(INT32_MAX), a = max, b = max, d = max, e = max;
    for (size_t j = 0; j < m; j += LANES) { /* by hand: arrays of vectors end up in memory */
        a = _mm256_min_epi32(a, h32(c + j, v + j));
        b = _mm256_min_epi32(b, h32(c + j + 8, v + j + 8));
        d = _mm256_min_epi32(d, h32(c + j + 16, v + j + 16));
        e = _mm256_min_epi32(e, h32(c + j + 24, v + j + 24));
    }
    return kth32(a, b, d, e);
}

/* The numbers of set bits, two at once without a branch: few blocks have more. */
AVX2 static inline size_t number_bits(uint32_t bits, uint32_t base, uint32_t *out)
{
    size_t n = (size_t)_mm_popcnt_u32(bits);
    out[0] = base + _tzcnt_u32(bits);
    bits &= bits - 1;
    out[1] = base + _tzcnt_u32(bits);
    for (size_t k = 2; k < n; k++) {
        bits &= bits - 1;
        out[k] = base + _tzcnt_u32(bits);
    }
    return n;
}

/* Which of 32 columns have h <= most, as bits. */
AVX2 static inline uint32_t meeting32(const int32_t *c, const int32_t *v, __m256i most)
{
    __m256i a = _mm256_cmpgt_epi32(h32(c, v), most);
    __m256i b = _mm256_cmpgt_epi32(h32(c + 8, v + 8), most);
    __m256i d = _mm256_cmpgt_epi32(h32(c + 16, v + 16), most);
    __m256i e = _mm256_cmpgt_epi32(h32(c + 24, v + 24), most);
    __m256i all = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(d, e));
    all = _mm256_permutevar8x32_epi32(all, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    return ~(uint32_t)_mm256_movemask_epi8(all);
}

AVX2 static inline __m256i cheaper8(const int32_t *c, const int32_t *below, __m256i by)
{
    return _mm256_cmpgt_epi32(_mm256_sub_epi32(load(below), by), load(c));
}

AVX2 static size_t cheaper_avx2(const int32_t *c, const int32_t *below, int32_t by, size_t whole,
                                const int32_t *next, uint32_t *at)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7), x = _mm256_set1_epi32(by);
    size_t n = 0;
    for (size_t j = 0; j < whole; j += LANES) {
        _mm_prefetch((const char *)(c + j + AHEAD), _MM_HINT_T0);
        _mm_prefetch((const char *)(c + j + AHEAD + 16), _MM_HINT_T0);
        if (next != NULL) {
            _mm_prefetch((const char *)(next + j), _MM_HINT_T1);
            _mm_prefetch((const char *)(next + j + 16), _MM_HINT_T1);
        }
        __m256i lo = _mm256_packs_epi32(cheaper8(c + j, below + j, x),
                                        cheaper8(c + j + 8, below + j + 8, x));
        __m256i hi = _mm256_packs_epi32(cheaper8(c + j + 16, below + j + 16, x),
                                        cheaper8(c + j + 24, below + j + 24, x));
        __m256i all = _mm256_packs_epi16(lo, hi);
        if (!_mm256_testz_si256(all, all)) {
            all = _mm256_permutevar8x32_epi32(all, order);
            n += number_bits((uint32_t)_mm256_movemask_epi8(all), (uint32_t)j, at + n);
        }
    }
    return n;
}

/* Sorts keys by counting for each how many are below it; writes the first KEEP. */
AVX2 static size_t rank_keys(int64_t *key, size_t n, struct og_lapscan_hit *out)
{
    int64_t rank[8];
    for (size_t i = n; i % 8 != 0; i++)
        key[i] = INT64_MAX;
    for (size_t i = 0; i < n; i += 8) {
        __m256i x = load(key + i), y = load(key + i + 4);
        __m256i a = _mm256_setzero_si256(), b = _mm256_setzero_si256();
        for (size_t k = 0; k < n; k++) {
            __m256i z = _mm256_set1_epi64x(key[k]);
            a = _mm256_sub_epi64(a, _mm256_cmpgt_epi64(x, z));
            b = _mm256_sub_epi64(b, _mm256_cmpgt_epi64(y, z));
        }
        _mm256_storeu_si256((void *)rank, a);
        _mm256_storeu_si256((void *)(rank + 4), b);
        for (size_t k = 0; k < 8; k++) {
            size_t to = rank[k] < KEEP ? (size_t)rank[k] : KEEP;
            out[to].h = key[i + k] >> 32;
            out[to].col = (int32_t)key[i + k];
        }
    }
    return n < KEEP ? n : KEEP;
}

/* Columns gathered so far: (h, column) as one number each, the newest still without their h. */
struct keys {
    const int32_t *c, *v;
    uint32_t at[2 * ROOM];
    int64_t key[4 * ROOM];
    size_t at_n, n;
};

AVX2 static void add_keys(struct keys *k)
{
    for (size_t i = 0; i < k->at_n; i++) {
        uint32_t at = k->at[i];
        int32_t c = k->c[at] < NONE32 ? k->c[at] : NONE32;
        k->key[k->n] = (c - (int64_t)k->v[at]) * ((int64_t)1 << 32) + at;
        k->n += k->c[at] < NONE32;
    }
    k->at_n = 0;
}

/* Drops all but the KEEP smallest. Returns the bound for what comes later. */
AVX2 static int64_t drop_keys(struct keys *k, int64_t bound)
{
    struct og_lapscan_hit hit[KEEP + 1];
    add_keys(k);
    if (k->n < KEEP)
        return bound;
    k->n = rank_keys(k->key, k->n, hit);
    for (size_t i = 0; i < KEEP; i++)
        k->key[i] = hit[i].h * ((int64_t)1 << 32) + hit[i].col;
    return hit[KEEP - 1].h - 1; /* a later column with the same h does not get in */
}

/* 0: too few of the columns that meet the bound are feasible. */
AVX2 static size_t fast32(const int32_t *c, const int32_t *v, size_t m, struct og_lapscan_hit *out)
{
    size_t whole = m / LANES * LANES, n;
    int64_t bound = bound32(c, v, whole);
    __m256i most = _mm256_set1_epi32((int32_t)bound);
    struct keys k = {.c = c, .v = v, .at_n = 0, .n = 0};
    struct og_lapscan_hit hit[KEEP + 1];
    for (size_t j = 0; j < whole && bound >= INT32_MIN; j += LANES) {
        k.at_n += number_bits(meeting32(c + j, v + j, most), (uint32_t)j, k.at + k.at_n);
        if (k.at_n < ROOM)
            continue;
        bound = drop_keys(&k, bound);
        most = _mm256_set1_epi32(bound < INT32_MIN ? INT32_MIN : (int32_t)bound);
    }
    for (size_t j = whole; j < m; j++) {
        k.at[k.at_n] = (uint32_t)j;
        k.at_n += c[j] < NONE32 && c[j] - (int64_t)v[j] <= bound;
    }
    add_keys(&k);
    if (k.n < KEEP)
        return 0;
    n = rank_keys(k.key, k.n, hit);
    memcpy(out, hit, n * sizeof *out);
    return n;
}

struct duo32 {
    __m256i one, two; /* per lane: smallest and second smallest */
};

AVX2 static inline void meet32(struct duo32 *d, __m256i h)
{
    d->two = _mm256_min_epi32(d->two, _mm256_max_epi32(d->one, h));
    d->one = _mm256_min_epi32(d->one, h);
}

AVX2 static inline struct duo32 join32(struct duo32 a, struct duo32 b)
{
    struct duo32 d = {
        _mm256_min_epi32(a.one, b.one),
        _mm256_min_epi32(_mm256_min_epi32(a.two, b.two), _mm256_max_epi32(a.one, b.one))};
    return d;
}

/* The first of `whole` columns with this h, at or after 0. */
AVX2 static size_t find32(const int32_t *c, const int32_t *v, size_t whole, int32_t h)
{
    __m256i want = _mm256_set1_epi32(h);
    for (size_t j = 0; j < whole; j += 16) {
        __m256i a = _mm256_cmpeq_epi32(h32(c + j, v + j), want);
        __m256i b = _mm256_cmpeq_epi32(h32(c + j + 8, v + j + 8), want);
        unsigned at = (unsigned)_mm256_movemask_epi8(_mm256_packs_epi32(a, b));
        if (at != 0) { /* packs interleaves halves: the lowest column is looked for by hand */
            for (size_t k = j; k < j + 16; k++)
                if (c[k] < NONE32 && c[k] - (int64_t)v[k] == h)
                    return k;
        }
    }
    return whole;
}

AVX2 static bool duo32_avx2(const int32_t *c, const int32_t *v, size_t whole,
                            struct og_lapscan_two *t)
{
    const __m256i max = _mm256_set1_epi32(INT32_MAX);
    struct duo32 a = {max, max}, b = {max, max}, d;
    int32_t one[8], two[8], h1 = INT32_MAX, h2 = INT32_MAX;
    for (size_t j = 0; j < whole; j += 16) {
        meet32(&a, h32(c + j, v + j));
        meet32(&b, h32(c + j + 8, v + j + 8));
    }
    d = join32(a, b);
    memcpy(one, &d.one, sizeof one);
    memcpy(two, &d.two, sizeof two);
    for (int k = 0; k < 8; k++) {
        int32_t hi = one[k] > h1 ? one[k] : h1;
        h1 = one[k] < h1 ? one[k] : h1;
        h2 = hi < h2 ? hi : h2;
        h2 = two[k] < h2 ? two[k] : h2;
    }
    if (h2 >= NONE32) /* infeasible ones could be among the two */
        return false;
    t->h1 = h1;
    t->h2 = h2;
    t->col = (int32_t)find32(c, v, whole, h1);
    return true;
}

AVX2 static inline __m256i h64(const int64_t *c, const int64_t *v)
{
    __m256i x = load(c), none = _mm256_set1_epi64x(NONE64);
    return _mm256_blendv_epi8(_mm256_sub_epi64(x, load(v)), none, _mm256_cmpeq_epi64(x, none));
}

static int64_t kth64(const int64_t t[LANES])
{
    int64_t best = INT64_MAX;
    for (int i = 0; i < LANES; i++) {
        int n = 0;
        for (int k = 0; k < LANES; k++)
            n += t[k] <= t[i];
        if (n >= KEEP && t[i] < best)
            best = t[i];
    }
    return best;
}

AVX2 static int64_t bound64(const int64_t *c, const int64_t *v, size_t m)
{
    __m256i a[8];
    int64_t t[LANES];
    for (int k = 0; k < 8; k++)
        a[k] = _mm256_set1_epi64x(INT64_MAX);
    for (size_t j = 0; j < m; j += LANES)
        for (size_t k = 0; k < 8; k++) {
            __m256i h = h64(c + j + 4 * k, v + j + 4 * k);
            a[k] = _mm256_blendv_epi8(a[k], h, _mm256_cmpgt_epi64(a[k], h));
        }
    memcpy(t, a, sizeof t);
    return kth64(t);
}

AVX2 static void gather64_avx2(struct gather *g, const int64_t *c, const int64_t *v, size_t m,
                               int64_t bound)
{
    __m256i most = _mm256_set1_epi64x(bound);
    for (size_t j = 0; j < m; j += 4) {
        __m256i a = _mm256_cmpgt_epi64(h64(c + j, v + j), most);
        unsigned in = ~(unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(a)) & 0xf;
        for (; in != 0; in &= in - 1) {
            size_t at = j + (size_t)__builtin_ctz(in);
            if (c[at] != NONE64)
                add_hit(g, c[at] - v[at], at);
        }
    }
}

static bool fast64(struct gather *g, const int64_t *c, const int64_t *v, size_t m)
{
    size_t whole = m / LANES * LANES;
    int64_t bound = bound64(c, v, whole);
    if (bound == NONE64)
        return false;
    gather64_avx2(g, c, v, whole, bound);
    if (g->under > bound + 1)
        g->under = bound + 1;
    gather64(g, c, v, whole, m);
    return true;
}
#else
static size_t cheaper_avx2(const int32_t *c, const int32_t *below, int32_t by, size_t whole,
                           const int32_t *next, uint32_t *at)
{
    (void)c, (void)below, (void)by, (void)whole, (void)next, (void)at;
    return 0;
}
static bool duo32_avx2(const int32_t *c, const int32_t *v, size_t whole, struct og_lapscan_two *t)
{
    (void)c, (void)v, (void)whole, (void)t;
    return false;
}
bool og_lapscan_has_avx2(void)
{
    return false;
}
static size_t fast32(const int32_t *c, const int32_t *v, size_t m, struct og_lapscan_hit *out)
{
    (void)c, (void)v, (void)m, (void)out;
    return 0;
}
static bool fast64(struct gather *g, const int64_t *c, const int64_t *v, size_t m)
{
    (void)g, (void)c, (void)v, (void)m;
    return false;
}
#endif

size_t og_lapscan_32(const int32_t *c, const int32_t *v, size_t m, bool avx2,
                     struct og_lapscan_hit *out)
{
    struct gather g = {.n = 0, .under = INT64_MAX};
    size_t n = avx2 && m >= 2 * LANES ? fast32(c, v, m, out) : 0;
    if (n > 0)
        return n;
    gather32(&g, c, v, 0, m);
    return take(&g, out);
}

size_t og_lapscan_64(const int64_t *c, const int64_t *v, size_t m, bool avx2,
                     struct og_lapscan_hit *out)
{
    struct gather g = {.n = 0, .under = INT64_MAX};
    if (!avx2 || m < 2 * LANES || !fast64(&g, c, v, m))
        gather64(&g, c, v, 0, m);
    return take(&g, out);
}

static void meet(struct og_lapscan_two *t, int64_t h, size_t col)
{
    if (h < t->h1) {
        t->h2 = t->h1;
        t->h1 = h;
        t->col = (int32_t)col;
    } else if (h < t->h2) {
        t->h2 = h;
    }
}

struct og_lapscan_two og_lapscan_two32(const int32_t *c, const int32_t *v, size_t m, bool avx2)
{
    struct og_lapscan_two t = {INT64_MAX, INT64_MAX, -1};
    size_t from = m / 16 * 16;
    if (!avx2 || from == 0 || !duo32_avx2(c, v, from, &t))
        from = 0;
    for (size_t j = from; j < m; j++)
        if (c[j] < NONE32)
            meet(&t, c[j] - (int64_t)v[j], j);
    return t;
}

struct og_lapscan_two og_lapscan_two64(const int64_t *c, const int64_t *v, size_t m)
{
    struct og_lapscan_two t = {INT64_MAX, INT64_MAX, -1};
    for (size_t j = 0; j < m; j++)
        if (c[j] != NONE64)
            meet(&t, c[j] - v[j], j);
    return t;
}

size_t og_lapscan_cheaper(const int32_t *c, const int32_t *below, int32_t by, size_t m, bool avx2,
                          const int32_t *next, uint32_t *at)
{
    size_t whole = avx2 ? m / LANES * LANES : 0;
    size_t n = avx2 ? cheaper_avx2(c, below, by, whole, next, at) : 0;
    for (size_t j = whole; j < m; j++) {
        at[n] = (uint32_t)j;
        n += c[j] < (int64_t)below[j] - by;
    }
    return n;
}
