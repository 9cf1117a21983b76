/* exec_learn.c - gradients over labelled rows: rows padded to whole vectors, zeros left out. */
#include "exec/exec_learn.h"

#include "base/base_mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LANES 8 /* floats of a vector: rows of parameters are padded to a multiple */

struct term {
    size_t index;
    float v;
};

/* Parameters in padded rows, and the space of a row under way. Sections of the padded vector:
 * softmax W at at_b = 0, b at at_c; with a hidden layer A at 0, a at at_a, B at at_b, c at at_c. */
struct learner {
    struct og_learn s;
    size_t hidden, classes;        /* padded */
    size_t at_a, at_b, at_c, size; /* floats */
    float *w, *bt;                 /* padded parameters; B transposed, [classes][hidden] */
    struct term *x, *h;
    float *u, *d, *z; /* hidden values, their gradient; z, then the gradient by z */
};

static atomic_bool portable_only;

void og_learn_force_portable(bool on)
{
    atomic_store(&portable_only, on);
}

/* exp by 2^n e^r, |r| <= ln 2 / 2; coefficients of Cephes expf. */
static inline float exp_of(float x)
{
    if (!(x >= -87.0f))
        return x != x ? x : 0;
    float n = __builtin_fmaf(x, 1.44269504088896341f, 12582912.0f) - 12582912.0f;
    float r = __builtin_fmaf(n, -0.693359375f, x);
    r = __builtin_fmaf(n, 2.12194440e-4f, r);
    float p = 1.9875691500e-4f;
    p = __builtin_fmaf(p, r, 1.3981999507e-3f);
    p = __builtin_fmaf(p, r, 8.3334519073e-3f);
    p = __builtin_fmaf(p, r, 4.1665795894e-2f);
    p = __builtin_fmaf(p, r, 1.6666665459e-1f);
    p = __builtin_fmaf(p, r, 5.0000001201e-1f);
    p = __builtin_fmaf(p, r * r, r) + 1.0f;
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* log of m 2^e, m in [sqrt 1/2, sqrt 2); coefficients of Cephes logf. */
static float log_of(float x)
{
    static const float c[] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,
                              -1.2420140846e-1f, 1.4249322787e-1f,  -1.6668057665e-1f,
                              2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t e = (int32_t)(bits >> 23) - 126;
    bits = (bits & 0x7fffff) | 0x3f000000;
    float m;
    memcpy(&m, &bits, sizeof m);
    if (m < 0.707106781186547524f) {
        e--;
        m = m + m;
    }
    m = m - 1.0f;
    float y = c[0];
    for (size_t i = 1; i < sizeof c / sizeof *c; i++)
        y = __builtin_fmaf(y, m, c[i]);
    float z = m * m, f = (float)e;
    y = y * m * z;
    y = __builtin_fmaf(f, -2.12194440e-4f, y);
    y = __builtin_fmaf(z, -0.5f, y);
    return __builtin_fmaf(f, 0.693359375f, m + y);
}

float og_learn_exp(float x)
{
    return exp_of(x);
}

float og_learn_log(float x)
{
    return log_of(x);
}

static size_t bytes_terms(const uint8_t *x, size_t n, struct term *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        out[k] = (struct term){i, (float)x[i] / 255.0f};
        k += x[i] != 0;
    }
    return k;
}

static size_t relu_terms(const float *u, size_t n, struct term *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        out[k] = (struct term){i, u[i]};
        k += u[i] > 0;
    }
    return k;
}

/* z becomes the gradient by z; padding becomes 0. */
static inline void judge(struct learner *l, unsigned label, float score[2])
{
    size_t n = l->s.classes, best = 0;
    for (size_t i = 1; i < n; i++)
        best = l->z[i] > l->z[best] ? i : best;
    float top = l->z[best], to_label = l->z[label] - top, sum = 0;
    for (size_t i = 0; i < n; i++) {
        l->z[i] = exp_of(l->z[i] - top);
        sum = sum + l->z[i];
    }
    for (size_t i = 0; i < n; i++)
        l->z[i] = l->z[i] / sum;
    l->z[label] = l->z[label] - 1.0f;
    for (size_t i = n; i < l->classes; i++)
        l->z[i] = 0;
    score[0] = score[0] + (log_of(sum) - to_label);
    score[1] = score[1] + (best == label ? 1.0f : 0.0f);
}

#define NAME(f) portable_##f
#define TARGET
#include "exec/exec_learn_body.h"
#undef NAME
#undef TARGET
#if defined(__x86_64__)
#define NAME(f) avx2_##f
#define TARGET  __attribute__((target("avx2,fma"), optimize("O3")))
#include "exec/exec_learn_body.h"
#undef NAME
#undef TARGET

bool og_learn_has_avx2(void)
{
    return !atomic_load(&portable_only) && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("fma");
}
#else
#define avx2_row  portable_row
#define avx2_add  portable_add
#define avx2_step portable_step
bool og_learn_has_avx2(void)
{
    return false;
}
#endif

static size_t padded(size_t n)
{
    return (n + LANES - 1) / LANES * LANES;
}

/* Rows of `from` by rows of `to`. */
static void copy_rows(const float *from, size_t from_cols, float *to, size_t to_cols, size_t rows,
                      size_t cols)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(to + i * to_cols, from + i * from_cols, cols * sizeof *to);
}

/* Between the layouts: plain at p, padded at q. */
static void pad(const struct learner *l, const float *p, float *q)
{
    size_t f = l->s.features, h = l->s.hidden, c = l->s.classes;
    if (h) {
        copy_rows(p, h, q, l->hidden, f + 1, h);
        p += (f + 1) * h;
    }
    copy_rows(p, c, q + l->at_b, l->classes, (h ? h : f) + 1, c);
}

static void unpad(const struct learner *l, const float *q, float *p)
{
    size_t f = l->s.features, h = l->s.hidden, c = l->s.classes;
    if (h) {
        copy_rows(q, l->hidden, p, h, f + 1, h);
        p += (f + 1) * h;
    }
    copy_rows(q + l->at_b, l->classes, p, c, (h ? h : f) + 1, c);
}

static void transpose(struct learner *l)
{
    for (size_t j = 0; j < l->s.hidden; j++)
        for (size_t i = 0; i < l->s.classes; i++)
            l->bt[i * l->hidden + j] = l->w[l->at_b + j * l->classes + i];
}

static void learner_init(struct learner *l, const struct og_learn *s, const float *params)
{
    size_t in = s->hidden ? s->hidden : s->features;
    *l = (struct learner){.s = *s, .hidden = padded(s->hidden), .classes = padded(s->classes)};
    l->at_a = s->features * l->hidden;
    l->at_b = s->hidden ? l->at_a + l->hidden : 0;
    l->at_c = l->at_b + in * l->classes;
    l->size = l->at_c + l->classes;
    l->w = og_xcalloc(l->size, sizeof *l->w);
    l->bt = og_xcalloc(l->hidden * l->classes + 1, sizeof *l->bt);
    l->x = og_xcalloc(s->features + 1, sizeof *l->x);
    l->h = og_xcalloc(s->hidden + 1, sizeof *l->h);
    l->u = og_xcalloc(l->hidden + 1, sizeof *l->u);
    l->d = og_xcalloc(l->hidden + 1, sizeof *l->d);
    l->z = og_xcalloc(l->classes, sizeof *l->z);
    pad(l, params, l->w);
    transpose(l);
}

static void learner_release(struct learner *l)
{
    free(l->w);
    free(l->bt);
    free(l->x);
    free(l->h);
    free(l->u);
    free(l->d);
    free(l->z);
}

static void pass(struct learner *l, const struct og_learn_rows *r, uint32_t from, uint32_t to,
                 float *g, float score[2])
{
    bool avx2 = og_learn_has_avx2();
    for (uint32_t i = from; i < to; i++) {
        const uint8_t *x = r->x + (size_t)i * l->s.features;
        if (avx2)
            avx2_row(l, x, r->label[i], g, score);
        else
            portable_row(l, x, r->label[i], g, score);
    }
}

/* Node over parts first .. first + count - 1 into g (padded, size + 2 floats). */
static void node(struct learner *l, const struct og_learn_rows *r, uint32_t part, uint32_t first,
                 uint32_t count, float *g)
{
    if (count > 1) {
        uint32_t left = 1;
        while (left < (count + 1) / 2)
            left *= 2;
        float *right = og_xmalloc((l->size + 2) * sizeof *right);
        node(l, r, part, first, left, g);
        node(l, r, part, first + left, count - left, right);
        (og_learn_has_avx2() ? avx2_add : portable_add)(right, l->size + 2, g);
        free(right);
        return;
    }
    uint64_t from = (uint64_t)first * part, to = from + part;
    memset(g, 0, (l->size + 2) * sizeof *g);
    pass(l, r, (uint32_t)from, (uint32_t)(to < r->n ? to : r->n), g, g + l->size);
}

enum og_rc og_learn_check(const struct og_learn *l, struct og_err *err)
{
    if (l->features < 1 || l->features > OG_LEARN_FEATURES_MAX)
        return og_err_set(err, OG_E_DATA, "'features' must be from 1 to %d", OG_LEARN_FEATURES_MAX);
    if (l->hidden > OG_LEARN_HIDDEN_MAX)
        return og_err_set(err, OG_E_DATA, "'hidden' must be at most %d", OG_LEARN_HIDDEN_MAX);
    if (l->classes < 2 || l->classes > OG_LEARN_CLASSES_MAX)
        return og_err_set(err, OG_E_DATA, "'classes' must be from 2 to %d", OG_LEARN_CLASSES_MAX);
    if (og_learn_params(l) > OG_LEARN_PARAMS_MAX)
        return og_err_set(err, OG_E_DATA, "%zu parameters are more than %u", og_learn_params(l),
                          OG_LEARN_PARAMS_MAX);
    return OG_OK;
}

enum og_rc og_learn_labels(const struct og_learn *l, const struct og_learn_rows *r,
                           struct og_err *err)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (r->label[i] >= l->classes)
            return og_err_set(err, OG_E_DATA, "row %u has label %u, and there are %u classes", i,
                              r->label[i], l->classes);
    return OG_OK;
}

size_t og_learn_params(const struct og_learn *l)
{
    size_t f = l->features, h = l->hidden, c = l->classes;
    return h ? (f + 1) * h + (h + 1) * c : (f + 1) * c;
}

size_t og_learn_node(const struct og_learn *l)
{
    return og_learn_params(l) + 2;
}

void og_learn_sum(const struct og_learn *s, const struct og_learn_rows *r, const float *params,
                  uint32_t part, uint32_t first, uint32_t count, float *out)
{
    struct learner l;
    learner_init(&l, s, params);
    float *g = og_xmalloc((l.size + 2) * sizeof *g);
    node(&l, r, part, first, count, g);
    unpad(&l, g, out);
    memcpy(out + og_learn_params(s), g + l.size, 2 * sizeof *g);
    free(g);
    learner_release(&l);
}

void og_learn_descend(const struct og_learn *s, const struct og_learn_rows *r, uint32_t batch,
                      float rate, float *params, float score[2])
{
    struct learner l;
    learner_init(&l, s, params);
    float *g = og_xmalloc(l.size * sizeof *g);
    score[0] = score[1] = 0;
    for (uint32_t from = 0; from < r->n;) {
        uint32_t n = r->n - from < batch ? r->n - from : batch;
        memset(g, 0, l.size * sizeof *g);
        pass(&l, r, from, from + n, g, score);
        (og_learn_has_avx2() ? avx2_step : portable_step)(-(rate / (float)n), g, l.size, l.w);
        transpose(&l);
        from += n;
    }
    unpad(&l, l.w, params);
    free(g);
    learner_release(&l);
}

uint32_t og_learn_right(const struct og_learn *s, const struct og_learn_rows *r,
                        const float *params)
{
    struct learner l;
    uint32_t right = 0;
    learner_init(&l, s, params);
    for (uint32_t i = 0; i < r->n; i++) {
        float score[2] = {0, 0};
        pass(&l, r, i, i + 1, NULL, score);
        right += score[1] > 0;
    }
    learner_release(&l);
    return right;
}
