/* cuda_half.h - half and bfloat16 for cuda_shim.h, which includes it. */
#ifndef OGPU_CUDA_HALF_H
#define OGPU_CUDA_HALF_H

/* ---- half precision: rounded to nearest even, calculated in float ---- */

OGPU_INLINE unsigned short ogpu_to_half(float f)
{
    uint32_t u = ogpu_bits<uint32_t>(f), sign = u >> 16 & 0x8000u;
    u &= 0x7fffffffu;
    if (u >= 0x7f800000u)
        return (unsigned short)(sign | (u > 0x7f800000u ? 0x7e00u : 0x7c00u));
    if (u >= 0x477ff000u) /* 65520 and above */
        return (unsigned short)(sign | 0x7c00u);
    if (u < 0x38800000u) { /* below 2^-14: a multiple of 2^-24, rounded by the adder */
        float a = ogpu_bits<float>(u) + 0.5f;
        return (unsigned short)(sign | (ogpu_bits<uint32_t>(a) - 0x3f000000u));
    }
    u += 0xc8000fffu + (u >> 13 & 1u);
    return (unsigned short)(sign | u >> 13);
}
OGPU_INLINE float ogpu_from_half(unsigned short h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, e = h >> 10 & 31u, m = h & 0x3ffu;
    if (e == 31)
        return ogpu_bits<float>(sign | 0x7f800000u | m << 13);
    if (e == 0) {
        float f = (float)m * 5.9604644775390625e-8f;
        return sign ? -f : f;
    }
    return ogpu_bits<float>(sign | (e + 112) << 23 | m << 13);
}
OGPU_INLINE unsigned short ogpu_to_bf16(float f)
{
    uint32_t u = ogpu_bits<uint32_t>(f);
    if ((u & 0x7fffffffu) > 0x7f800000u)
        return 0x7fff;
    return (unsigned short)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}
OGPU_INLINE float ogpu_from_bf16(unsigned short h)
{
    return ogpu_bits<float>((uint32_t)h << 16);
}

/* The 16-bit types T with conversions TO, FROM; every operation rounds once. */
#define OGPU_NARROW(T, TO, FROM)                                                                   \
    struct T {                                                                                     \
        unsigned short x;                                                                          \
        T() = default;                                                                             \
        T(float f) : x(TO(f))                                                                      \
        {                                                                                          \
        }                                                                                          \
        T(double f) : x(TO((float)f))                                                              \
        {                                                                                          \
        }                                                                                          \
        T(int f) : x(TO((float)f))                                                                 \
        {                                                                                          \
        }                                                                                          \
        operator float() const                                                                     \
        {                                                                                          \
            return FROM(x);                                                                        \
        }                                                                                          \
        T &operator+=(T o)                                                                         \
        {                                                                                          \
            return *this = T((float)*this + (float)o);                                             \
        }                                                                                          \
        T &operator-=(T o)                                                                         \
        {                                                                                          \
            return *this = T((float)*this - (float)o);                                             \
        }                                                                                          \
        T &operator*=(T o)                                                                         \
        {                                                                                          \
            return *this = T((float)*this * (float)o);                                             \
        }                                                                                          \
        T &operator/=(T o)                                                                         \
        {                                                                                          \
            return *this = T((float)*this / (float)o);                                             \
        }                                                                                          \
    };                                                                                             \
    OGPU_INLINE T operator+(T a, T b)                                                              \
    {                                                                                              \
        return T((float)a + (float)b);                                                             \
    }                                                                                              \
    OGPU_INLINE T operator-(T a, T b)                                                              \
    {                                                                                              \
        return T((float)a - (float)b);                                                             \
    }                                                                                              \
    OGPU_INLINE T operator*(T a, T b)                                                              \
    {                                                                                              \
        return T((float)a * (float)b);                                                             \
    }                                                                                              \
    OGPU_INLINE T operator/(T a, T b)                                                              \
    {                                                                                              \
        return T((float)a / (float)b);                                                             \
    }
OGPU_NARROW(__half, ogpu_to_half, ogpu_from_half)
OGPU_NARROW(__nv_bfloat16, ogpu_to_bf16, ogpu_from_bf16)
typedef __half half;
struct __attribute__((aligned(4))) __half2 {
    __half x, y;
};
typedef __half2 half2;
OGPU_FN(__half, __float2half, (float a), __half(a))
OGPU_FN(__half, __float2half_rn, (float a), __half(a))
OGPU_FN(float, __half2float, (__half a), (float)a)
OGPU_FN(__nv_bfloat16, __float2bfloat16, (float a), __nv_bfloat16(a))
OGPU_FN(float, __bfloat162float, (__nv_bfloat16 a), (float)a)
OGPU_FN(__half, __hadd, (__half a, __half b), a + b)
OGPU_FN(__half, __hsub, (__half a, __half b), a - b)
OGPU_FN(__half, __hmul, (__half a, __half b), a *b)
OGPU_FN(__half, __hdiv, (__half a, __half b), a / b)
/* float holds the product exactly, double the sum: one rounding in all but the rarest ties */
OGPU_FN(__half, __hfma, (__half a, __half b, __half c), __half((float)a *(float)b + (float)c))
OGPU_INLINE __half2 __halves2half2(__half a, __half b)
{
    return {a, b};
}
OGPU_INLINE __half2 __floats2half2_rn(float a, float b)
{
    return {__half(a), __half(b)};
}
OGPU_INLINE float2 __half22float2(__half2 h)
{
    return {(float)h.x, (float)h.y};
}
OGPU_INLINE __half2 __hadd2(__half2 a, __half2 b)
{
    return {a.x + b.x, a.y + b.y};
}
OGPU_INLINE __half2 __hmul2(__half2 a, __half2 b)
{
    return {a.x * b.x, a.y * b.y};
}
OGPU_INLINE __half2 __hfma2(__half2 a, __half2 b, __half2 c)
{
    return {__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)};
}

#endif
