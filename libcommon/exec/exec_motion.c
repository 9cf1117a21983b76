/* exec_motion.c - motion masks: pixels to bits row by row, the majority on words of 64 bits. */
#include "exec/exec_motion.h"

#include "base/base_mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_AVX2_CODE 1
#define TARGET_AVX2    __attribute__((target("avx2,popcnt")))
#else
#define HAVE_AVX2_CODE 0
#endif

#define DIFF_OVER 25
#define MASK_OVER 30
#define BATCH     16    /* frames that pass a tile of rows while its background is in the cache */
#define TILE      12288 /* pixels */
#define PAD       8     /* words: a zero on either side, and whole vectors */
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* Bits of a mask on their way to packed bytes: a row need not end at a byte. */
struct packer {
    uint64_t hash;
    uint64_t held; /* first pixel lowest */
    unsigned n;
};

/* A frame under way. */
struct frame {
    uint64_t *raw[3]; /* rows y - 1, y, y + 1 of bits; bit i of word 1 is pixel i */
    struct packer packer;
};

struct og_motion {
    uint32_t w, h;
    size_t words; /* of a row of bits */
    uint32_t tile_rows;
    bool started, avx2;
    uint16_t *bg;
    struct frame frame[BATCH];
    uint64_t *mask, *one, *two; /* of the row at hand */
    uint64_t fnv8;              /* FNV_PRIME^8 */
};

/* A row: updates bg, sets the bits, returns the pixels that differ from prev. `soon`: the row of
 * the next frame, to be brought near; frames come from far, and page after page. */
typedef uint64_t row_fn(const uint8_t *y, const uint8_t *prev, const uint8_t *soon, uint16_t *bg,
                        uint32_t n, uint64_t *bits);

static atomic_bool portable_only;

void og_motion_force_portable(bool on)
{
    atomic_store(&portable_only, on);
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

/* Pixels from..n - 1; the words hold the bits below `from` already. */
static uint64_t row_tail(const uint8_t *y, const uint8_t *prev, uint16_t *bg, uint32_t from,
                         uint32_t n, uint64_t *bits)
{
    uint64_t diff = 0;
    for (uint32_t i = from; i < n; i++) {
        uint32_t b = bg[i];
        diff += distance(y[i], prev[i]) > DIFF_OVER;
        if (i % 64 == 0)
            bits[i / 64] = 0;
        bits[i / 64] |= (uint64_t)(distance(y[i], b >> 8) > MASK_OVER) << i % 64;
        /* (Y << 8) is a multiple of 32, so the floor of the sum is that of the second term */
        bg[i] = (uint16_t)(b + ((uint32_t)y[i] << 3) - ((b + 31) >> 5));
    }
    return diff;
}

static uint64_t row_portable(const uint8_t *y, const uint8_t *prev, const uint8_t *soon,
                             uint16_t *bg, uint32_t n, uint64_t *bits)
{
    (void)soon;
    return row_tail(y, prev, bg, 0, n, bits);
}

#if HAVE_AVX2_CODE
/* Which bytes differ by at least `from`. */
TARGET_AVX2 static uint32_t differ(__m256i a, __m256i b, char from)
{
    __m256i d = _mm256_sub_epi8(_mm256_max_epu8(a, b), _mm256_min_epu8(a, b));
    __m256i yes = _mm256_cmpeq_epi8(_mm256_max_epu8(d, _mm256_set1_epi8(from)), d);
    return (uint32_t)_mm256_movemask_epi8(yes);
}

/* b - ceil(b / 32) is floor(31 b / 32) */
TARGET_AVX2 static __m256i next_bg(__m256i y, __m256i b)
{
    __m256i kept = _mm256_mulhi_epu16(b, _mm256_set1_epi16((short)(31 * 2048)));
    return _mm256_add_epi16(kept, _mm256_slli_epi16(y, 3));
}

TARGET_AVX2 static uint32_t step32(const uint8_t *y, const uint8_t *prev, uint16_t *bg,
                                   uint32_t *diff)
{
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)y);
    __m256i b0 = _mm256_loadu_si256((const __m256i *)(const void *)bg);
    __m256i b1 = _mm256_loadu_si256((const __m256i *)(const void *)(bg + 16));
    __m256i high = _mm256_packus_epi16(_mm256_srli_epi16(b0, 8), _mm256_srli_epi16(b1, 8));
    high = _mm256_permute4x64_epi64(high, 0xD8);
    *diff = differ(v, _mm256_loadu_si256((const __m256i *)(const void *)prev), DIFF_OVER + 1);
    __m256i lo = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(v));
    __m256i hi = _mm256_cvtepu8_epi16(_mm256_extracti128_si256(v, 1));
    _mm256_storeu_si256((__m256i *)(void *)bg, next_bg(lo, b0));
    _mm256_storeu_si256((__m256i *)(void *)(bg + 16), next_bg(hi, b1));
    return differ(v, high, MASK_OVER + 1);
}

TARGET_AVX2 static uint64_t row_avx2(const uint8_t *y, const uint8_t *prev, const uint8_t *soon,
                                     uint16_t *bg, uint32_t n, uint64_t *bits)
{
    uint64_t diff = 0;
    uint32_t i = 0;
    for (; i + 64 <= n; i += 64) {
        uint32_t d[2];
        __builtin_prefetch(soon + i);
        uint64_t low = step32(y + i, prev + i, bg + i, &d[0]);
        bits[i / 64] = low | (uint64_t)step32(y + i + 32, prev + i + 32, bg + i + 32, &d[1]) << 32;
        diff += (uint64_t)__builtin_popcountll(d[0] | (uint64_t)d[1] << 32);
    }
    return diff + row_tail(y, prev, bg, i, n, bits);
}
#endif

bool og_motion_has_avx2(void)
{
#if HAVE_AVX2_CODE
    return !atomic_load(&portable_only) && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("popcnt");
#else
    return false;
#endif
}

static row_fn *pick_row(const struct og_motion *m)
{
#if HAVE_AVX2_CODE
    if (m->avx2)
        return row_avx2;
#endif
    (void)m;
    return row_portable;
}

enum og_rc og_motion_new(uint32_t w, uint32_t h, struct og_motion **out, struct og_err *err)
{
    *out = NULL;
    if (!w || !h || w > OG_MOTION_DIM_MAX || h > OG_MOTION_DIM_MAX)
        return og_err_set(err, OG_E_DATA, "a frame has sides of 1 to %d pixels", OG_MOTION_DIM_MAX);
    struct og_motion *m = og_xcalloc(1, sizeof *m);
    m->w = w;
    m->h = h;
    m->words = (w + 63) / 64;
    m->bg = og_xcalloc((size_t)w * h, sizeof *m->bg);
    uint64_t **const row[] = {&m->mask, &m->one, &m->two};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        *row[i] = og_xcalloc(m->words + PAD, sizeof **row[i]);
    for (int i = 0; i < 3 * BATCH; i++)
        m->frame[i / 3].raw[i % 3] = og_xcalloc(m->words + PAD, sizeof(uint64_t));
    m->tile_rows = w < TILE ? TILE / w : 1;
    m->avx2 = og_motion_has_avx2();
    m->fnv8 = 1;
    for (int i = 0; i < 8; i++)
        m->fnv8 *= FNV_PRIME;
    *out = m;
    return OG_OK;
}

void og_motion_free(struct og_motion *m)
{
    if (!m)
        return;
    for (int i = 0; i < 3 * BATCH; i++)
        free(m->frame[i / 3].raw[i % 3]);
    free(m->mask);
    free(m->one);
    free(m->two);
    free(m->bg);
    free(m);
}

const uint16_t *og_motion_background(const struct og_motion *m)
{
    return m->bg;
}

enum og_rc og_motion_resume(struct og_motion *m, const uint16_t *background, struct og_err *err)
{
    size_t n = (size_t)m->w * m->h;
    for (size_t i = 0; i < n; i++)
        if (background[i] > 255 << 8)
            return og_err_set(err, OG_E_DATA, "pixel %zu of the background is above 65280", i);
    memcpy(m->bg, background, n * sizeof *m->bg);
    m->started = true;
    return OG_OK;
}

static uint64_t reverse_in_bytes(uint64_t x)
{
    x = (x >> 1 & UINT64_C(0x5555555555555555)) | (x & UINT64_C(0x5555555555555555)) << 1;
    x = (x >> 2 & UINT64_C(0x3333333333333333)) | (x & UINT64_C(0x3333333333333333)) << 2;
    return (x >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (x & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
}

static void hash_bytes(struct packer *p, uint64_t fnv8, uint64_t word, unsigned n_bytes)
{
    if (!word && n_bytes == 8) { /* most of a mask: eight steps of XOR with 0 */
        p->hash *= fnv8;
        return;
    }
    word = reverse_in_bytes(word);
    for (unsigned i = 0; i < n_bytes; i++, word >>= 8)
        p->hash = (p->hash ^ (word & 0xff)) * FNV_PRIME;
}

static void pack(struct packer *p, uint64_t fnv8, uint64_t word, unsigned n)
{
    p->held |= word << p->n;
    if (p->n + n < 64) {
        p->n += n;
        return;
    }
    hash_bytes(p, fnv8, p->held, 8);
    unsigned used = 64 - p->n;
    p->held = used < 64 ? word >> used : 0;
    p->n = n - used;
}

/* ---- the majority: at least 5 of 9, by adders over words of bits ---- */

/* Works on words and on vectors of words. */
#define MAJOR3(a, b, c) (((a) & (b)) | ((c) & ((a) | (b))))

/* l, c, r: columns to the left, here, to the right; sums of three rows in bits of weight 1 and 2 */
#define MAJORITY(T, out, l1, c1, r1, l2, c2, r2)                                                   \
    do {                                                                                           \
        T odd = (l1) ^ (c1) ^ (r1), carry = MAJOR3(l1, c1, r1);                                    \
        T ab = (l2) & (c2), a_or_b = (l2) | (c2), cd = (r2)&carry, c_or_d = (r2) | carry;          \
        (out) = (ab & c_or_d) | (cd & a_or_b) | ((ab | cd | (a_or_b & c_or_d)) & odd);             \
    } while (0)

static void majority_portable(struct og_motion *m, uint64_t *const raw[3])
{
    uint64_t *one = m->one, *two = m->two;
    for (size_t w = 0; w < m->words + 2; w++) {
        uint64_t a = raw[0][w], b = raw[1][w], c = raw[2][w];
        one[w] = a ^ b ^ c;
        two[w] = MAJOR3(a, b, c);
    }
    for (size_t w = 1; w <= m->words; w++)
        MAJORITY(uint64_t, m->mask[w - 1], one[w] << 1 | one[w - 1] >> 63, one[w],
                 one[w] >> 1 | one[w + 1] << 63, two[w] << 1 | two[w - 1] >> 63, two[w],
                 two[w] >> 1 | two[w + 1] << 63);
}

#if HAVE_AVX2_CODE
typedef uint64_t vec __attribute__((vector_size(32), aligned(8), may_alias));

TARGET_AVX2 static void majority_avx2(struct og_motion *m, uint64_t *const raw[3])
{
    uint64_t *one = m->one, *two = m->two;
    for (size_t w = 0; w < m->words + 2; w += 4) {
        vec a = *(const vec *)(const void *)&raw[0][w];
        vec b = *(const vec *)(const void *)&raw[1][w];
        vec c = *(const vec *)(const void *)&raw[2][w];
        *(vec *)(void *)&one[w] = a ^ b ^ c;
        *(vec *)(void *)&two[w] = MAJOR3(a, b, c);
    }
    for (size_t w = 1; w <= m->words; w += 4) {
        vec c1 = *(const vec *)(const void *)&one[w], c2 = *(const vec *)(const void *)&two[w];
        vec l1 = c1 << 1 | *(const vec *)(const void *)&one[w - 1] >> 63;
        vec l2 = c2 << 1 | *(const vec *)(const void *)&two[w - 1] >> 63;
        vec r1 = c1 >> 1 | *(const vec *)(const void *)&one[w + 1] << 63;
        vec r2 = c2 >> 1 | *(const vec *)(const void *)&two[w + 1] << 63, out;
        MAJORITY(vec, out, l1, c1, r1, l2, c2, r2);
        *(vec *)(void *)&m->mask[w - 1] = out;
    }
}
#endif

static bool mask_row(struct og_motion *m, uint64_t *const raw[3])
{
    uint64_t any = 0;
#if HAVE_AVX2_CODE
    if (m->avx2)
        majority_avx2(m, raw);
    else
#endif
        majority_portable(m, raw);
    if (m->w % 64) /* beyond the last pixel */
        m->mask[m->words - 1] &= (UINT64_C(1) << m->w % 64) - 1;
    for (size_t w = 0; w < m->words; w++)
        any |= m->mask[w];
    return any != 0;
}

static void note_row(const struct og_motion *m, uint32_t y, struct og_motion_row *row)
{
    size_t first = 0, last = m->words - 1;
    for (size_t w = 0; w < m->words; w++)
        row->mask_count += (uint64_t)__builtin_popcountll(m->mask[w]);
    while (!m->mask[first])
        first++;
    while (!m->mask[last])
        last--;
    int32_t x0 = (int32_t)(first * 64) + __builtin_ctzll(m->mask[first]);
    int32_t x1 = (int32_t)(last * 64) + 63 - __builtin_clzll(m->mask[last]);
    row->x0 = row->x0 < 0 || x0 < row->x0 ? x0 : row->x0;
    row->x1 = x1 > row->x1 ? x1 : row->x1;
    row->y0 = row->y0 < 0 ? (int32_t)y : row->y0;
    row->y1 = (int32_t)y;
}

static void end_row(struct og_motion *m, uint32_t y, struct frame *f, struct og_motion_row *row)
{
    if (mask_row(m, f->raw))
        note_row(m, y, row);
    for (size_t w = 0; w < m->words; w++)
        pack(&f->packer, m->fnv8, m->mask[w], w + 1 == m->words && m->w % 64 ? m->w % 64 : 64);
}

static void shift_rows(struct frame *f)
{
    uint64_t *first = f->raw[0];
    f->raw[0] = f->raw[1];
    f->raw[1] = f->raw[2];
    f->raw[2] = first;
}

static void clear_row(const struct og_motion *m, uint64_t *row)
{
    memset(row, 0, (m->words + PAD) * sizeof *row);
}

static void first_frame(struct og_motion *m, const uint8_t *y)
{
    size_t n = (size_t)m->w * m->h;
    for (size_t i = 0; i < n; i++)
        m->bg[i] = (uint16_t)(y[i] << 8);
    m->started = true;
}

static void tile(struct og_motion *m, struct frame *f, const uint8_t *y, const uint8_t *prev,
                 const uint8_t *soon, uint32_t from, struct og_motion_row *row)
{
    row_fn *pixels = pick_row(m);
    uint32_t end = m->h - from < m->tile_rows ? m->h : from + m->tile_rows;
    for (uint32_t r = from; r < end; r++) {
        size_t at = (size_t)r * m->w;
        shift_rows(f);
        row->diff_count += pixels(y + at, prev + at, soon + at, m->bg + at, m->w, f->raw[2] + 1);
        if (r)
            end_row(m, r - 1, f, row);
    }
}

static void batch(struct og_motion *m, const uint8_t *y, const uint8_t *prev, size_t n,
                  struct og_motion_row *row)
{
    size_t size = (size_t)m->w * m->h;
    if (!m->started) {
        first_frame(m, y);
        prev = y;
    }
    for (size_t t = 0; t < n; t++) {
        row[t] = (struct og_motion_row){0, 0, -1, -1, -1, -1, 0};
        m->frame[t].packer = (struct packer){FNV_BASIS, 0, 0};
        for (int i = 0; i < 3; i++)
            clear_row(m, m->frame[t].raw[i]);
    }
    for (uint32_t from = 0; from < m->h; from += m->tile_rows)
        for (size_t t = 0; t < n; t++)
            tile(m, &m->frame[t], y + t * size, t ? y + (t - 1) * size : prev,
                 y + (t + 1 < n ? t + 1 : t) * size, from, &row[t]);
    for (size_t t = 0; t < n; t++) {
        struct frame *f = &m->frame[t];
        shift_rows(f);
        clear_row(m, f->raw[2]);
        end_row(m, m->h - 1, f, &row[t]);
        hash_bytes(&f->packer, m->fnv8, f->packer.held, (f->packer.n + 7) / 8);
        row[t].fnv1a64 = f->packer.hash;
    }
}

void og_motion_frames(struct og_motion *m, const uint8_t *y, const uint8_t *prev, size_t n,
                      struct og_motion_row *row)
{
    size_t size = (size_t)m->w * m->h;
    for (size_t t = 0; t < n; t += BATCH)
        batch(m, y + t * size, t ? y + (t - 1) * size : prev, n - t < BATCH ? n - t : BATCH,
              row + t);
}
