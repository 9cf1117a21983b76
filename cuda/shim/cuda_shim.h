/* cuda_shim.h - CUDA C++ for a CPU: the words of the language, for the system's C++ compiler. */
/* Included before the user's source in a generated file that ends with OGPU_ENTRY(kernel). With
 * OGPU_FIBERS 1 every thread of a block is a fiber of the runtime (ogpu_rt_*, cuda/run), else a
 * block is one loop over its threads, which the compiler may vectorise. One process runs one block
 * at a time: __shared__ is static, atomics are plain. */
#ifndef OGPU_CUDA_SHIM_H
#define OGPU_CUDA_SHIM_H

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <type_traits>
#include <utility>

#define __CUDACC__    1
#define __CUDA_ARCH__ 800
#define OGPU_CUDA_CPU 1
#define __global__    __attribute__((unused))
#define __device__
#define __host__
#define __constant__ __attribute__((used, visibility("default")))
#define __managed__
#define __shared__      static
#define __forceinline__ inline __attribute__((always_inline))
#ifndef __noinline__
#define __noinline__ __attribute__((noinline))
#endif
#define __restrict__ __restrict
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)
#define __grid_constant__
#define warpSize 32

#define OGPU_INLINE static inline __attribute__((always_inline, unused))

struct ogpu_dim {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c)
    {
    }
    constexpr dim3(ogpu_dim d) : x(d.x), y(d.y), z(d.z)
    {
    }
};

/* ---- the runtime ---- */

struct ogpu_snap {
    uint64_t value[32]; /* of the lanes */
    unsigned lanes;     /* that took part */
};
extern "C" {
void ogpu_rt_sync(int line);
int ogpu_rt_sync_vote(int line, int op, int pred); /* op: 0 count, 1 and, 2 or */
const struct ogpu_snap *ogpu_rt_warp(unsigned mask, uint64_t value, int line);
unsigned ogpu_rt_live(void);
/* The same for a thread's whole life, so the compiler may keep it. */
unsigned ogpu_rt_index(int which) __attribute__((const));
void ogpu_rt_trap(const char *what) __attribute__((noreturn));
void *ogpu_rt_shared(void);
}

#if OGPU_FIBERS
OGPU_INLINE ogpu_dim ogpu_tid()
{
    return {ogpu_rt_index(0), ogpu_rt_index(1), ogpu_rt_index(2)};
}
OGPU_INLINE ogpu_dim ogpu_bid()
{
    return {ogpu_rt_index(3), ogpu_rt_index(4), ogpu_rt_index(5)};
}
#define threadIdx (ogpu_tid())
#define blockIdx  (ogpu_bid())
#else
static ogpu_dim ogpu_t, ogpu_b;
#define threadIdx (ogpu_t)
#define blockIdx  (ogpu_b)
#endif
static ogpu_dim ogpu_bd, ogpu_gd;
#define blockDim (ogpu_bd)
#define gridDim  (ogpu_gd)

#define OGPU_KEEP() __asm__ volatile("" ::: "memory")

/* ---- barriers, warps ---- */

#define __syncthreads()        ogpu_rt_sync(__LINE__)
#define __syncthreads_count(p) ogpu_rt_sync_vote(__LINE__, 0, !!(p))
#define __syncthreads_and(p)   ogpu_rt_sync_vote(__LINE__, 1, !!(p))
#define __syncthreads_or(p)    ogpu_rt_sync_vote(__LINE__, 2, !!(p))
#define __syncwarp(...)        ((void)ogpu_rt_warp(ogpu_mask(__VA_ARGS__), 0, __LINE__))
OGPU_INLINE unsigned ogpu_mask(unsigned m = 0xffffffffu)
{
    return m;
}
OGPU_INLINE void __threadfence()
{
    OGPU_KEEP();
}
OGPU_INLINE void __threadfence_block()
{
    OGPU_KEEP();
}
OGPU_INLINE void __threadfence_system()
{
    OGPU_KEEP();
}
OGPU_INLINE unsigned ogpu_linear()
{
    ogpu_dim t = threadIdx;
    return t.x + ogpu_bd.x * (t.y + ogpu_bd.y * t.z);
}
OGPU_INLINE unsigned ogpu_lane()
{
    return ogpu_linear() & 31u;
}

template <class T> OGPU_INLINE T ogpu_shfl(unsigned mask, T v, unsigned from, bool in, int line)
{
    static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
    uint64_t bits = 0;
    memcpy(&bits, &v, sizeof v);
    const ogpu_snap *s = ogpu_rt_warp(mask, bits, line);
    if (in && from < 32 && (s->lanes >> from & 1))
        memcpy(&v, &s->value[from], sizeof v);
    return v;
}
template <class T>
OGPU_INLINE T ogpu_shfl_idx(int line, unsigned mask, T v, int src, int width = 32)
{
    unsigned base = ogpu_lane() & ~(unsigned)(width - 1);
    return ogpu_shfl(mask, v, base + ((unsigned)src & (unsigned)(width - 1)), true, line);
}
template <class T>
OGPU_INLINE T ogpu_shfl_up(int line, unsigned mask, T v, unsigned d, int width = 32)
{
    unsigned lane = ogpu_lane(), in = lane & (unsigned)(width - 1);
    return ogpu_shfl(mask, v, lane - d, in >= d, line);
}
template <class T>
OGPU_INLINE T ogpu_shfl_down(int line, unsigned mask, T v, unsigned d, int width = 32)
{
    unsigned lane = ogpu_lane(), in = lane & (unsigned)(width - 1);
    return ogpu_shfl(mask, v, lane + d, in + d < (unsigned)width, line);
}
template <class T> OGPU_INLINE T ogpu_shfl_xor(int line, unsigned mask, T v, int x, int width = 32)
{
    unsigned lane = ogpu_lane(), to = lane ^ (unsigned)x;
    return ogpu_shfl(mask, v, to, (to & ~(unsigned)(width - 1)) <= (lane & ~(unsigned)(width - 1)),
                     line);
}
#define __shfl_sync(...)      ogpu_shfl_idx(__LINE__, __VA_ARGS__)
#define __shfl_up_sync(...)   ogpu_shfl_up(__LINE__, __VA_ARGS__)
#define __shfl_down_sync(...) ogpu_shfl_down(__LINE__, __VA_ARGS__)
#define __shfl_xor_sync(...)  ogpu_shfl_xor(__LINE__, __VA_ARGS__)

OGPU_INLINE unsigned ogpu_ballot(int line, unsigned mask, int pred)
{
    const ogpu_snap *s = ogpu_rt_warp(mask, pred ? 1 : 0, line);
    unsigned bits = 0;
    for (unsigned i = 0; i < 32; i++)
        bits |= (s->lanes >> i & 1) ? (unsigned)(s->value[i] & 1) << i : 0u;
    return bits;
}
OGPU_INLINE int ogpu_all(int line, unsigned mask, int pred)
{
    const ogpu_snap *s = ogpu_rt_warp(mask, pred ? 1 : 0, line);
    int yes = 1;
    for (unsigned i = 0; i < 32; i++)
        if (s->lanes >> i & 1)
            yes &= (int)s->value[i];
    return yes;
}
template <class T> OGPU_INLINE unsigned ogpu_match_any(int line, unsigned mask, T v)
{
    uint64_t bits = 0;
    memcpy(&bits, &v, sizeof v);
    const ogpu_snap *s = ogpu_rt_warp(mask, bits, line);
    unsigned same = 0;
    for (unsigned i = 0; i < 32; i++)
        same |= (s->lanes >> i & 1) && s->value[i] == bits ? 1u << i : 0u;
    return same;
}
template <class T, class F> OGPU_INLINE T ogpu_reduce(int line, unsigned mask, T v, F f)
{
    uint64_t bits = 0;
    memcpy(&bits, &v, sizeof v);
    const ogpu_snap *s = ogpu_rt_warp(mask, bits, line);
    bool first = true;
    for (unsigned i = 0; i < 32; i++) {
        if (!(s->lanes >> i & 1))
            continue;
        T o;
        memcpy(&o, &s->value[i], sizeof o);
        v = first ? o : f(v, o);
        first = false;
    }
    return v;
}
#define __ballot_sync(m, p)    ogpu_ballot(__LINE__, m, !!(p))
#define __any_sync(m, p)       (ogpu_ballot(__LINE__, m, !!(p)) != 0)
#define __all_sync(m, p)       ogpu_all(__LINE__, m, !!(p))
#define __match_any_sync(m, v) ogpu_match_any(__LINE__, m, v)
#define __activemask()         ogpu_rt_live()
#define __reduce_add_sync(m, v)                                                                    \
    ogpu_reduce(__LINE__, m, v, [](auto a, auto b) { return (decltype(a))(a + b); })
#define __reduce_min_sync(m, v)                                                                    \
    ogpu_reduce(__LINE__, m, v, [](auto a, auto b) { return a < b ? a : b; })
#define __reduce_max_sync(m, v)                                                                    \
    ogpu_reduce(__LINE__, m, v, [](auto a, auto b) { return a > b ? a : b; })

/* ---- atomics: threads of a block take turns, blocks follow each other ---- */

#define OGPU_ATOMIC(name, expr)                                                                    \
    template <class T, class U> OGPU_INLINE T name(T *p, U u)                                      \
    {                                                                                              \
        OGPU_KEEP();                                                                               \
        T o = *p, v = (T)u;                                                                        \
        *p = (T)(expr);                                                                            \
        OGPU_KEEP();                                                                               \
        return o;                                                                                  \
    }
OGPU_ATOMIC(atomicAdd, o + v)
OGPU_ATOMIC(atomicSub, o - v)
OGPU_ATOMIC(atomicExch, v)
OGPU_ATOMIC(atomicMin, v < o ? v : o)
OGPU_ATOMIC(atomicMax, v > o ? v : o)
OGPU_ATOMIC(atomicAnd, o &v)
OGPU_ATOMIC(atomicOr, o | v)
OGPU_ATOMIC(atomicXor, o ^ v)
OGPU_ATOMIC(atomicInc, o >= v ? 0 : o + 1)
OGPU_ATOMIC(atomicDec, o == 0 || o > v ? v : o - 1)
template <class T, class U, class V> OGPU_INLINE T atomicCAS(T *p, U cmp, V val)
{
    OGPU_KEEP();
    T o = *p;
    if (o == (T)cmp)
        *p = (T)val;
    OGPU_KEEP();
    return o;
}
#define atomicAdd_block  atomicAdd
#define atomicAdd_system atomicAdd

/* ---- vector types ---- */

#define OGPU_VEC(T, N, A2, A4)                                                                     \
    struct N##1                                                                                    \
    {                                                                                              \
        T x;                                                                                       \
    };                                                                                             \
    struct __attribute__((aligned(A2))) N##2                                                       \
    {                                                                                              \
        T x, y;                                                                                    \
    };                                                                                             \
    struct N##3                                                                                    \
    {                                                                                              \
        T x, y, z;                                                                                 \
    };                                                                                             \
    struct __attribute__((aligned(A4))) N##4                                                       \
    {                                                                                              \
        T x, y, z, w;                                                                              \
    };                                                                                             \
    OGPU_INLINE N##1 make_##N##1(T x)                                                              \
    {                                                                                              \
        return {x};                                                                                \
    }                                                                                              \
    OGPU_INLINE N##2 make_##N##2(T x, T y)                                                         \
    {                                                                                              \
        return {x, y};                                                                             \
    }                                                                                              \
    OGPU_INLINE N##3 make_##N##3(T x, T y, T z)                                                    \
    {                                                                                              \
        return {x, y, z};                                                                          \
    }                                                                                              \
    OGPU_INLINE N##4 make_##N##4(T x, T y, T z, T w)                                               \
    {                                                                                              \
        return {x, y, z, w};                                                                       \
    }
OGPU_VEC(signed char, char, 2, 4)
OGPU_VEC(unsigned char, uchar, 2, 4)
OGPU_VEC(short, short, 4, 8)
OGPU_VEC(unsigned short, ushort, 4, 8)
OGPU_VEC(int, int, 8, 16)
OGPU_VEC(unsigned, uint, 8, 16)
OGPU_VEC(long, long, 16, 16)
OGPU_VEC(unsigned long, ulong, 16, 16)
OGPU_VEC(long long, longlong, 16, 16)
OGPU_VEC(unsigned long long, ulonglong, 16, 16)
OGPU_VEC(float, float, 8, 16)
OGPU_VEC(double, double, 16, 16)

/* ---- numbers ---- */

template <class T, class U> OGPU_INLINE auto min(T a, U b) -> typename std::common_type<T, U>::type
{
    typedef typename std::common_type<T, U>::type C;
    if (std::is_floating_point<C>::value)
        return (C)a != (C)a ? (C)b : (C)b < (C)a ? (C)b : (C)a;
    return (C)b < (C)a ? (C)b : (C)a;
}
template <class T, class U> OGPU_INLINE auto max(T a, U b) -> typename std::common_type<T, U>::type
{
    typedef typename std::common_type<T, U>::type C;
    if (std::is_floating_point<C>::value)
        return (C)a != (C)a ? (C)b : (C)a < (C)b ? (C)b : (C)a;
    return (C)a < (C)b ? (C)b : (C)a;
}
template <class To, class From> OGPU_INLINE To ogpu_bits(From f)
{
    static_assert(sizeof(To) == sizeof(From), "same size");
    To t;
    memcpy(&t, &f, sizeof t);
    return t;
}
#define OGPU_FN(R, name, A, ...)                                                                   \
    OGPU_INLINE R name A                                                                           \
    {                                                                                              \
        return (R)(__VA_ARGS__);                                                                   \
    }
template <class T> OGPU_INLINE T __ldg(const T *p)
{
    return *p;
}
OGPU_FN(float, __int_as_float, (int a), ogpu_bits<float>(a))
OGPU_FN(int, __float_as_int, (float a), ogpu_bits<int>(a))
OGPU_FN(float, __uint_as_float, (unsigned a), ogpu_bits<float>(a))
OGPU_FN(unsigned, __float_as_uint, (float a), ogpu_bits<unsigned>(a))
OGPU_FN(double, __longlong_as_double, (long long a), ogpu_bits<double>(a))
OGPU_FN(long long, __double_as_longlong, (double a), ogpu_bits<long long>(a))
OGPU_FN(int, __popc, (unsigned a), __builtin_popcount(a))
OGPU_FN(int, __popcll, (unsigned long long a), __builtin_popcountll(a))
OGPU_FN(int, __clz, (int a), a ? __builtin_clz((unsigned)a) : 32)
OGPU_FN(int, __clzll, (long long a), a ? __builtin_clzll((unsigned long long)a) : 64)
OGPU_FN(int, __ffs, (int a), __builtin_ffs(a))
OGPU_FN(int, __ffsll, (long long a), __builtin_ffsll(a))
OGPU_FN(int, __mul24, (int a, int b), (a << 8 >> 8) * (b << 8 >> 8))
OGPU_FN(unsigned, __umul24, (unsigned a, unsigned b), (a & 0xffffff) * (b & 0xffffff))
OGPU_FN(int, __mulhi, (int a, int b), (int)(((long long)a * b) >> 32))
OGPU_FN(unsigned, __umulhi, (unsigned a, unsigned b), ((unsigned long long)a * b) >> 32)
OGPU_FN(unsigned long long, __umul64hi, (unsigned long long a, unsigned long long b),
        ((unsigned __int128)a * b) >> 64)
OGPU_INLINE unsigned __brev(unsigned v)
{
    unsigned r = 0;
    for (int i = 0; i < 32; i++)
        r |= (v >> i & 1u) << (31 - i);
    return r;
}
OGPU_FN(float, __fmaf_rn, (float a, float b, float c), fmaf(a, b, c))
OGPU_FN(double, __fma_rn, (double a, double b, double c), fma(a, b, c))
OGPU_FN(float, __fadd_rn, (float a, float b), a + b)
OGPU_FN(float, __fsub_rn, (float a, float b), a - b)
OGPU_FN(float, __fmul_rn, (float a, float b), a *b)
OGPU_FN(float, __fdiv_rn, (float a, float b), a / b)
OGPU_FN(float, __fsqrt_rn, (float a), sqrtf(a))
OGPU_FN(float, __frcp_rn, (float a), 1.0f / a)
OGPU_FN(double, __dadd_rn, (double a, double b), a + b)
OGPU_FN(double, __dsub_rn, (double a, double b), a - b)
OGPU_FN(double, __dmul_rn, (double a, double b), a *b)
OGPU_FN(double, __ddiv_rn, (double a, double b), a / b)
OGPU_FN(double, __dsqrt_rn, (double a), sqrt(a))
OGPU_FN(float, __fdividef, (float a, float b), a / b)
#define __expf(a)    expf(a)
#define __exp10f(a)  exp10f(a)
#define __logf(a)    logf(a)
#define __log2f(a)   log2f(a)
#define __log10f(a)  log10f(a)
#define __sinf(a)    sinf(a)
#define __cosf(a)    cosf(a)
#define __tanf(a)    tanf(a)
#define __powf(a, b) powf(a, b)
OGPU_FN(float, __saturatef, (float a), a > 0 ? (a < 1 ? a : 1.0f) : 0.0f)
OGPU_FN(float, rsqrtf, (float a), 1.0f / sqrtf(a))
OGPU_FN(double, rsqrt, (double a), 1.0 / sqrt(a))
OGPU_INLINE int ogpu_to_int(double a)
{
    return a != a ? 0 : a >= 2147483647.0 ? INT32_MAX : a <= -2147483648.0 ? INT32_MIN : (int)a;
}
OGPU_INLINE unsigned ogpu_to_uint(double a)
{
    return a != a || a <= 0 ? 0u : a >= 4294967295.0 ? UINT32_MAX : (unsigned)a;
}
OGPU_FN(int, __float2int_rz, (float a), ogpu_to_int(a))
OGPU_FN(int, __float2int_rn, (float a), ogpu_to_int(nearbyint(a)))
OGPU_FN(int, __float2int_rd, (float a), ogpu_to_int(floor(a)))
OGPU_FN(int, __float2int_ru, (float a), ogpu_to_int(ceil(a)))
OGPU_FN(unsigned, __float2uint_rz, (float a), ogpu_to_uint(a))
OGPU_FN(unsigned, __float2uint_rn, (float a), ogpu_to_uint(nearbyint(a)))
OGPU_FN(int, __double2int_rz, (double a), ogpu_to_int(a))
OGPU_FN(int, __double2int_rn, (double a), ogpu_to_int(nearbyint(a)))
OGPU_FN(float, __int2float_rn, (int a), a)
OGPU_FN(float, __uint2float_rn, (unsigned a), a)
OGPU_FN(double, __int2double_rn, (int a), a)
OGPU_FN(float, __double2float_rn, (double a), a)
OGPU_FN(long long, clock64, (), 0)
OGPU_FN(int, clock, (), 0)
#define __trap()       ogpu_rt_trap("__trap()")
#define __nanosleep(n) ((void)(n))
#ifndef __clang__
#define __builtin_assume(x) ((void)0)
#endif

#include "cuda_half.h"

/* ---- what the runtime calls ---- */

template <class F> struct ogpu_kernel;
template <class... A> struct ogpu_kernel<void (*)(A...)> {
    static constexpr int n = (int)sizeof...(A);
    static const int *sizes()
    {
        static const int v[] = {(int)sizeof(A)..., 0};
        return v;
    }
    static const int *pointers()
    {
        static const int v[] = {(int)std::is_pointer<A>::value..., 0};
        return v;
    }
    template <class F, size_t... I>
    static inline __attribute__((always_inline)) void call(F f, void **p, std::index_sequence<I...>)
    {
        f(*(typename std::remove_reference<A>::type *)p[I]...);
    }
    typedef std::index_sequence_for<A...> all;
};

#define OGPU_ABI 1
#if OGPU_FIBERS
#define OGPU_RUN(K)                                                                                \
    extern "C" __attribute__((visibility("default"))) void ogpu_thread(void **p)                   \
    {                                                                                              \
        typedef ogpu_kernel<decltype(&K)> ogpu_k;                                                  \
        ogpu_k::call(K, p, ogpu_k::all());                                                         \
    }
#else
/* The threads of a block in their order. precise: `f` is called through a pointer that the compiler
 * cannot see through, so that the thread's number is in memory when something goes wrong. */
template <class T, class F>
static inline __attribute__((always_inline)) void ogpu_loop(F f, void **p)
{
    const unsigned nx = ogpu_bd.x, ny = ogpu_bd.y, nz = ogpu_bd.z;
    for (unsigned z = 0; z < nz; z++)
        for (unsigned y = 0; y < ny; y++) {
            ogpu_t.z = z;
            ogpu_t.y = y;
#if defined __clang__
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
            for (unsigned x = 0; x < nx; x++) {
                ogpu_t.x = x;
                T::call(f, p, typename T::all());
            }
        }
}
#define OGPU_RUN(K)                                                                                \
    extern "C" __attribute__((visibility("default"), flatten)) void ogpu_block(                    \
        void **p, unsigned x, unsigned y, unsigned z)                                              \
    {                                                                                              \
        ogpu_b = {x, y, z};                                                                        \
        ogpu_loop<ogpu_kernel<decltype(&K)>>(K, p);                                                \
    }                                                                                              \
    extern "C" __attribute__((visibility("default"))) void ogpu_block_precise(                     \
        void **p, unsigned x, unsigned y, unsigned z)                                              \
    {                                                                                              \
        static decltype(&K) volatile f = K;                                                        \
        ogpu_b = {x, y, z};                                                                        \
        ogpu_loop<ogpu_kernel<decltype(&K)>>(f, p);                                                \
    }                                                                                              \
    extern "C" __attribute__((visibility("default"))) void ogpu_where(unsigned *at)                \
    {                                                                                              \
        at[0] = ogpu_t.x;                                                                          \
        at[1] = ogpu_t.y;                                                                          \
        at[2] = ogpu_t.z;                                                                          \
    }
#endif
#define OGPU_ENTRY(...)                                                                            \
    OGPU_RUN((__VA_ARGS__))                                                                        \
    extern "C" {                                                                                   \
    __attribute__((visibility("default"))) int ogpu_abi = OGPU_ABI, ogpu_fibers = OGPU_FIBERS,     \
                                               ogpu_params =                                       \
                                                   ogpu_kernel<decltype(&(__VA_ARGS__))>::n;       \
    __attribute__((visibility("default"))) const int *ogpu_sizes()                                 \
    {                                                                                              \
        return ogpu_kernel<decltype(&(__VA_ARGS__))>::sizes();                                     \
    }                                                                                              \
    __attribute__((visibility("default"))) const int *ogpu_pointers()                              \
    {                                                                                              \
        return ogpu_kernel<decltype(&(__VA_ARGS__))>::pointers();                                  \
    }                                                                                              \
    __attribute__((visibility("default"))) void ogpu_dims(const unsigned *grid,                    \
                                                          const unsigned *block)                   \
    {                                                                                              \
        ogpu_gd = {grid[0], grid[1], grid[2]};                                                     \
        ogpu_bd = {block[0], block[1], block[2]};                                                  \
    }                                                                                              \
    }

#endif
