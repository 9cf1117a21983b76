/* exec_matmul.c - blocked matrix products after Goto: B in panels of NR columns, A in panels of MR
 * rows. */
#include "exec/exec_matmul.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_AVX2_CODE 1
#define TARGET_AVX2    __attribute__((target("avx2,fma")))
#define TARGET_AVX512  __attribute__((target("avx512f")))
#else
#define HAVE_AVX2_CODE 0
#endif

#define KC   256 /* terms of a block; a multiple of it bounds every chain of sums */
#define F_MR 6
#define F_NR 16
#define I_MR 4
#define I_NR 12
#define I_NC 1020

static atomic_bool portable_only, narrow_only;

void og_matmul_force_portable(bool on)
{
    atomic_store(&portable_only, on);
}

void og_matmul_force_narrow(bool on)
{
    atomic_store(&narrow_only, on);
}

bool og_matmul_has_avx2(void)
{
#if HAVE_AVX2_CODE
    return !atomic_load(&portable_only) && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

bool og_matmul_has_avx512(void)
{
#if HAVE_AVX2_CODE
    return og_matmul_has_avx2() && !atomic_load(&narrow_only) && __builtin_cpu_supports("avx512f");
#else
    return false;
#endif
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- f32 ---- */

#define F_MR_MAX 14
#define F_NR_MAX 32
#define F_MC     336  /* rows of a block of A: it stays in the second cache */
#define F_NC     2048 /* columns of a block of B; a panel of it stays in the first */

/* A panel of A (kc x mr) times a panel of B (kc x nr) goes to c (mr x nr, row length ldc), or is
 * added to what stands there. Every element is one chain of fused multiply-adds over kc, from 0. */
struct f32_form {
    size_t mr, nr;
    void (*kernel)(size_t kc, const float *a, const float *b, float *c, size_t ldc, bool first);
};

static void f32_portable(size_t kc, const float *a, const float *b, float *c, size_t ldc,
                         bool first)
{
    float acc[F_MR][F_NR] = {{0}};
    for (size_t p = 0; p < kc; p++, a += F_MR, b += F_NR)
        for (int i = 0; i < F_MR; i++)
            for (int j = 0; j < F_NR; j++)
                acc[i][j] += a[i] * b[j];
    for (size_t i = 0; i < F_MR; i++)
        for (size_t j = 0; j < F_NR; j++)
            c[i * ldc + j] = first ? acc[i][j] : c[i * ldc + j] + acc[i][j];
}

#if HAVE_AVX2_CODE
TARGET_AVX2 static void f32_avx2(size_t kc, const float *a, const float *b, float *c, size_t ldc,
                                 bool first)
{
    __m256 lo[F_MR], hi[F_MR];
    for (int i = 0; i < F_MR; i++)
        lo[i] = hi[i] = _mm256_setzero_ps();
    for (size_t p = 0; p < kc; p++, a += F_MR, b += F_NR) {
        __m256 b0 = _mm256_load_ps(b), b1 = _mm256_load_ps(b + 8);
#pragma GCC unroll 6
        for (int i = 0; i < F_MR; i++) {
            __m256 x = _mm256_broadcast_ss(a + i);
            lo[i] = _mm256_fmadd_ps(x, b0, lo[i]);
            hi[i] = _mm256_fmadd_ps(x, b1, hi[i]);
        }
    }
#pragma GCC unroll 6
    for (int i = 0; i < F_MR; i++, c += ldc) {
        _mm256_storeu_ps(c, first ? lo[i] : _mm256_add_ps(_mm256_loadu_ps(c), lo[i]));
        _mm256_storeu_ps(c + 8, first ? hi[i] : _mm256_add_ps(_mm256_loadu_ps(c + 8), hi[i]));
    }
}

TARGET_AVX512 static void f32_avx512(size_t kc, const float *a, const float *b, float *c,
                                     size_t ldc, bool first)
{
    __m512 lo[F_MR_MAX], hi[F_MR_MAX];
    for (int i = 0; i < F_MR_MAX; i++)
        lo[i] = hi[i] = _mm512_setzero_ps();
    for (size_t p = 0; p < kc; p++, a += F_MR_MAX, b += F_NR_MAX) {
        __m512 b0 = _mm512_load_ps(b), b1 = _mm512_load_ps(b + 16);
#pragma GCC unroll 14
        for (int i = 0; i < F_MR_MAX; i++) {
            __m512 x = _mm512_set1_ps(a[i]);
            lo[i] = _mm512_fmadd_ps(x, b0, lo[i]);
            hi[i] = _mm512_fmadd_ps(x, b1, hi[i]);
        }
    }
#pragma GCC unroll 14
    for (int i = 0; i < F_MR_MAX; i++, c += ldc) {
        _mm512_storeu_ps(c, first ? lo[i] : _mm512_add_ps(_mm512_loadu_ps(c), lo[i]));
        _mm512_storeu_ps(c + 16, first ? hi[i] : _mm512_add_ps(_mm512_loadu_ps(c + 16), hi[i]));
    }
}
#endif

static struct f32_form f32_form(void)
{
#if HAVE_AVX2_CODE
    if (og_matmul_has_avx512())
        return (struct f32_form){F_MR_MAX, F_NR_MAX, f32_avx512};
    if (og_matmul_has_avx2())
        return (struct f32_form){F_MR, F_NR, f32_avx2};
#endif
    return (struct f32_form){F_MR, F_NR, f32_portable};
}

/* Panels of nr columns, k after k, short ones filled up with zeros. */
static void f32_pack_b(size_t kc, size_t nc, size_t nr, size_t n, const float *b, float *to)
{
    for (size_t j = 0; j < nc; j += nr) {
        size_t w = min_size(nr, nc - j);
        for (size_t p = 0; p < kc; p++, to += nr) {
            memcpy(to, b + p * n + j, w * sizeof *to);
            for (size_t x = w; x < nr; x++)
                to[x] = 0;
        }
    }
}

/* Panels of mr rows, k after k. */
static void f32_pack_a(size_t kc, size_t mc, size_t mr, size_t k, const float *a, float *to)
{
    for (size_t i = 0; i < mc; i += mr, to += kc * mr)
        for (size_t x = 0; x < mr; x++) {
            const float *row = a + (i + x) * k;
            for (size_t p = 0; p < kc; p++)
                to[p * mr + x] = i + x < mc ? row[p] : 0;
        }
}

/* A tile at an edge of C, by way of a whole one. */
static void f32_edge(const struct f32_form *f, size_t kc, const float *a, const float *b, float *c,
                     size_t ldc, size_t mr, size_t nr, bool first)
{
    float tile[F_MR_MAX * F_NR_MAX];
    f->kernel(kc, a, b, tile, f->nr, true);
    for (size_t i = 0; i < mr; i++)
        for (size_t j = 0; j < nr; j++)
            c[i * ldc + j] = first ? tile[i * f->nr + j] : c[i * ldc + j] + tile[i * f->nr + j];
}

/* c (mc x nc) from a packed block of A and one of B. */
static void f32_block(const struct f32_form *f, size_t kc, size_t mc, size_t nc, const float *pa,
                      const float *pb, float *c, size_t ldc, bool first)
{
    for (size_t j = 0; j < nc; j += f->nr)
        for (size_t i = 0; i < mc; i += f->mr) {
            const float *a = pa + i * kc, *b = pb + j * kc;
            float *to = c + i * ldc + j;
            if (i + f->mr <= mc && j + f->nr <= nc)
                f->kernel(kc, a, b, to, ldc, first);
            else
                f32_edge(f, kc, a, b, to, ldc, min_size(f->mr, mc - i), min_size(f->nr, nc - j),
                         first);
        }
}

void og_matmul_f32(size_t m, size_t n, size_t k, const float *a, const float *b, float *c)
{
    const struct f32_form f = f32_form();
    size_t rows = min_size(F_MC / f.mr * f.mr, (m + f.mr - 1) / f.mr * f.mr);
    size_t cols = min_size(F_NC, (n + f.nr - 1) / f.nr * f.nr), deep = min_size(KC, k);
    float *block = og_xmalloc((deep * (rows + cols) + 16) * sizeof *block);
    float *pb = (float *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
    float *pa = pb + deep * cols;
    for (size_t j0 = 0; j0 < n; j0 += F_NC) {
        size_t nc = min_size(F_NC, n - j0);
        for (size_t p0 = 0; p0 < k; p0 += KC) {
            size_t kc = min_size(KC, k - p0);
            f32_pack_b(kc, nc, f.nr, n, b + p0 * n + j0, pb);
            for (size_t i = 0; i < m; i += rows) {
                size_t mc = min_size(rows, m - i);
                f32_pack_a(kc, mc, f.mr, k, a + i * k + p0, pa);
                f32_block(&f, kc, mc, nc, pa, pb, c + i * n + j0, n, p0 == 0);
            }
        }
    }
    free(block);
}

/* ---- i32 ---- */

/* c (mr x nr of an I_MR x I_NR tile, row length n) += panel of A (kc x I_MR) * panel of B. */
typedef void i32_kernel(size_t kc, const int32_t *a, const int64_t *b, int64_t *tile);

static void i32_portable(size_t kc, const int32_t *a, const int64_t *b, int64_t *tile)
{
    uint64_t acc[I_MR][I_NR] = {{0}};
    for (size_t p = 0; p < kc; p++, a += I_MR, b += I_NR)
        for (int i = 0; i < I_MR; i++)
            for (int j = 0; j < I_NR; j++)
                acc[i][j] += (uint64_t)(a[i] * b[j]);
    memcpy(tile, acc, sizeof acc);
}

#if HAVE_AVX2_CODE
TARGET_AVX2 static void i32_avx2(size_t kc, const int32_t *a, const int64_t *b, int64_t *tile)
{
    __m256i acc[I_MR][3];
    for (int i = 0; i < I_MR; i++)
        acc[i][0] = acc[i][1] = acc[i][2] = _mm256_setzero_si256();
    for (size_t p = 0; p < kc; p++, a += I_MR, b += I_NR) {
        const __m256i *v = (const __m256i *)(const void *)b;
        __m256i b0 = _mm256_load_si256(v), b1 = _mm256_load_si256(v + 1),
                b2 = _mm256_load_si256(v + 2);
#pragma GCC unroll 4
        for (int i = 0; i < I_MR; i++) {
            __m256i x = _mm256_set1_epi32(a[i]); /* vpmuldq takes the low halves, signed */
            acc[i][0] = _mm256_add_epi64(acc[i][0], _mm256_mul_epi32(x, b0));
            acc[i][1] = _mm256_add_epi64(acc[i][1], _mm256_mul_epi32(x, b1));
            acc[i][2] = _mm256_add_epi64(acc[i][2], _mm256_mul_epi32(x, b2));
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < I_MR; i++)
        for (int j = 0; j < 3; j++)
            _mm256_storeu_si256((__m256i *)(void *)(tile + i * I_NR + j * 4), acc[i][j]);
}
#endif

static void i32_pack_b(size_t kc, size_t nc, size_t n, const int32_t *b, int64_t *to)
{
    for (size_t j = 0; j < nc; j += I_NR) {
        size_t w = min_size(I_NR, nc - j);
        for (size_t p = 0; p < kc; p++, to += I_NR)
            for (size_t x = 0; x < I_NR; x++)
                to[x] = x < w ? b[p * n + j + x] : 0;
    }
}

static void i32_pack_a(size_t mr, size_t kc, size_t k, const int32_t *a, int32_t *to)
{
    for (size_t p = 0; p < kc; p++, to += I_MR)
        for (size_t i = 0; i < I_MR; i++)
            to[i] = i < mr ? a[i * k + p] : 0;
}

static void i32_add_tile(size_t mr, size_t nr, size_t n, bool first, const int64_t *tile,
                         int64_t *c)
{
    for (size_t i = 0; i < mr; i++)
        for (size_t j = 0; j < nr; j++) {
            uint64_t old = first ? 0 : (uint64_t)c[i * n + j];
            c[i * n + j] = (int64_t)(old + (uint64_t)tile[i * I_NR + j]);
        }
}

void og_matmul_i32(size_t m, size_t n, size_t k, const int32_t *a, const int32_t *b, int64_t *c)
{
    i32_kernel *kernel = i32_portable;
#if HAVE_AVX2_CODE
    if (og_matmul_has_avx2())
        kernel = i32_avx2;
#endif
    int64_t *block = og_xmalloc((KC * (I_NC + I_NR + I_MR) + 8) * sizeof *block);
    int64_t *pb = (int64_t *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
    int32_t *pa = (int32_t *)(void *)(pb + KC * (I_NC + I_NR));
    int64_t tile[I_MR * I_NR];
    for (size_t j0 = 0; j0 < n; j0 += I_NC) {
        size_t nc = min_size(I_NC, n - j0);
        for (size_t p0 = 0; p0 < k; p0 += KC) {
            size_t kc = min_size(KC, k - p0);
            i32_pack_b(kc, nc, n, b + p0 * n + j0, pb);
            for (size_t i = 0; i < m; i += I_MR) {
                size_t mr = min_size(I_MR, m - i);
                i32_pack_a(mr, kc, k, a + i * k + p0, pa);
                for (size_t j = 0; j < nc; j += I_NR) {
                    kernel(kc, pa, pb + j * kc, tile);
                    i32_add_tile(mr, min_size(I_NR, nc - j), n, p0 == 0, tile, c + i * n + j0 + j);
                }
            }
        }
    }
    free(block);
}
