/* guard_vec.h - sums over floats in a fixed order of four lanes: fast, and the same bits whatever
 * the compiler makes of them. */
#ifndef OG_GUARD_VEC_H
#define OG_GUARD_VEC_H

#include <stddef.h>
#include <string.h>

typedef float og_vec4 __attribute__((vector_size(16)));

static inline og_vec4 og_vec_load(const float *p)
{
    og_vec4 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline float og_vec_dot(const float *a, const float *b, size_t n)
{
    og_vec4 s = {0, 0, 0, 0}, t = {0, 0, 0, 0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        s += og_vec_load(a + i) * og_vec_load(b + i);
        t += og_vec_load(a + i + 4) * og_vec_load(b + i + 4);
    }
    s += t;
    float sum = (s[0] + s[1]) + (s[2] + s[3]);
    for (; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Squared distance. */
static inline float og_vec_dist(const float *a, const float *b, size_t n)
{
    og_vec4 s = {0, 0, 0, 0}, t = {0, 0, 0, 0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        og_vec4 d = og_vec_load(a + i) - og_vec_load(b + i);
        og_vec4 e = og_vec_load(a + i + 4) - og_vec_load(b + i + 4);
        s += d * d;
        t += e * e;
    }
    s += t;
    float sum = (s[0] + s[1]) + (s[2] + s[3]);
    for (; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

/* a += by b */
static inline void og_vec_add(float *a, const float *b, float by, size_t n)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        og_vec4 v = og_vec_load(a + i) + by * og_vec_load(b + i);
        memcpy(a + i, &v, sizeof v);
    }
    for (; i < n; i++)
        a[i] += by * b[i];
}

#endif
