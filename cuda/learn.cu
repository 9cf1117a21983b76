/* learn.cu - gradients of softmax regression and of a network with a hidden layer, in sums over parts
 * of the rows. As libcommon/exec/exec_learn.h: the same bits.
 *
 * Blocks take tickets. The first ones look at 64 rows each: values, then the gradient by them. The
 * others wait until all of those are done, which took their tickets before; a thread of theirs is one
 * number of the gradient over a part: rows in order, blocks of 64 added as a tree. */

#define ROWS 64

static __device__ float exp_of(float x)
{
    if (!(x >= -87.0f))
        return x != x ? x : 0.0f;
    float n = __fadd_rn(__fmaf_rn(x, 1.44269504088896341f, 12582912.0f), -12582912.0f);
    float r = __fmaf_rn(n, -0.693359375f, x);
    r = __fmaf_rn(n, 2.12194440e-4f, r);
    float p = 1.9875691500e-4f;
    p = __fmaf_rn(p, r, 1.3981999507e-3f);
    p = __fmaf_rn(p, r, 8.3334519073e-3f);
    p = __fmaf_rn(p, r, 4.1665795894e-2f);
    p = __fmaf_rn(p, r, 1.6666665459e-1f);
    p = __fmaf_rn(p, r, 5.0000001201e-1f);
    p = __fadd_rn(__fmaf_rn(p, __fmul_rn(r, r), r), 1.0f);
    return __fmul_rn(p, __uint_as_float((unsigned)((int)n + 127) << 23));
}

static __device__ float log_of(float x)
{
    unsigned bits = __float_as_uint(x);
    int e = (int)(bits >> 23) - 126;
    float m = __uint_as_float((bits & 0x7fffffu) | 0x3f000000u);
    if (m < 0.707106781186547524f) {
        e--;
        m = __fadd_rn(m, m);
    }
    m = __fadd_rn(m, -1.0f);
    float y = 7.0376836292e-2f;
    y = __fmaf_rn(y, m, -1.1514610310e-1f);
    y = __fmaf_rn(y, m, 1.1676998740e-1f);
    y = __fmaf_rn(y, m, -1.2420140846e-1f);
    y = __fmaf_rn(y, m, 1.4249322787e-1f);
    y = __fmaf_rn(y, m, -1.6668057665e-1f);
    y = __fmaf_rn(y, m, 2.0000714765e-1f);
    y = __fmaf_rn(y, m, -2.4999993993e-1f);
    y = __fmaf_rn(y, m, 3.3333331174e-1f);
    float z = __fmul_rn(m, m), f = (float)e;
    y = __fmul_rn(__fmul_rn(y, m), z);
    y = __fmaf_rn(f, -2.12194440e-4f, y);
    y = __fmaf_rn(z, -0.5f, y);
    return __fmaf_rn(f, 0.693359375f, __fadd_rn(m, y));
}

/* Values of `width` units of a row each, from bytes (x) or from the units below (u). */
static __device__ void forward(const unsigned char *x, const float *u, const float *w, unsigned in,
                               unsigned width, bool relu, unsigned n, float *to)
{
    for (unsigned at = threadIdx.x; at < n * width; at += blockDim.x) {
        unsigned r = at / width, j = at % width;
        float s = w[(unsigned long long)in * width + j];
        for (unsigned k = 0; k < in; k++) {
            float v = x ? __fdiv_rn((float)x[(unsigned long long)r * in + k], 255.0f)
                        : u[(unsigned long long)r * in + k];
            if (v != 0.0f)
                s = __fmaf_rn(v, w[(unsigned long long)k * width + j], s);
        }
        to[at] = !relu || s > 0.0f ? s : 0.0f;
    }
    __syncthreads();
}

/* z of a row becomes the gradient by z. */
static __device__ void judge(float *z, unsigned classes, unsigned label, float *score)
{
    unsigned best = 0;
    for (unsigned i = 1; i < classes; i++)
        best = z[i] > z[best] ? i : best;
    float top = z[best], to_label = __fsub_rn(z[label], top), sum = 0.0f;
    for (unsigned i = 0; i < classes; i++) {
        z[i] = exp_of(__fsub_rn(z[i], top));
        sum = __fadd_rn(sum, z[i]);
    }
    for (unsigned i = 0; i < classes; i++)
        z[i] = __fdiv_rn(z[i], sum);
    z[label] = __fsub_rn(z[label], 1.0f);
    score[0] = __fsub_rn(log_of(sum), to_label);
    score[1] = best == label ? 1.0f : 0.0f;
}

/* Gradient by the values of the hidden units, from that by z. */
static __device__ void backward(const float *d, const float *u, const float *b, unsigned hidden,
                                unsigned classes, unsigned n, float *to)
{
    for (unsigned at = threadIdx.x; at < n * hidden; at += blockDim.x) {
        unsigned r = at / hidden, j = at % hidden;
        float s = 0.0f;
        for (unsigned i = 0; i < classes; i++)
            s = __fmaf_rn(d[r * classes + i], b[j * classes + i], s);
        to[at] = u[at] > 0.0f ? s : 0.0f;
    }
}

/* The chain of one number over rows: v[r * in] * d[r * width], in order; v NULL: d alone. */
struct chain {
    const unsigned char *x;
    const float *v, *d;
    unsigned long long in, width;
};

static __device__ float over_rows(const struct chain *c, unsigned long long from,
                                  unsigned long long to)
{
    float s = 0.0f;
    for (unsigned long long r = from; r < to; r++) {
        float d = c->d[r * c->width];
        if (!c->x && !c->v) {
            s = __fadd_rn(s, d);
            continue;
        }
        float v = c->x ? __fdiv_rn((float)c->x[r * c->in], 255.0f) : c->v[r * c->in];
        if (v != 0.0f)
            s = __fmaf_rn(v, d, s);
    }
    return s;
}

/* Blocks of rows as an RFC 6962 tree: equal sizes join as they come, what is left from the right. */
static __device__ float over_part(const struct chain *c, unsigned long long from,
                                  unsigned long long to)
{
    float held[32];
    unsigned n = 0;
    unsigned long long count = 0;
    for (unsigned long long r = from; r < to; r += ROWS) {
        float s = over_rows(c, r, r + ROWS < to ? r + ROWS : to);
        for (unsigned long long k = count; k & 1; k >>= 1)
            s = __fadd_rn(held[--n], s);
        held[n++] = s;
        count++;
    }
    float s = held[--n];
    while (n > 0)
        s = __fadd_rn(held[--n], s);
    return s;
}

struct layout {
    const unsigned char *x;
    const float *u, *s, *d, *score;
    unsigned features, hidden, classes;
};

/* Which chain number q of a node is. */
static __device__ struct chain chain_of(const struct layout *l, unsigned long long q)
{
    unsigned long long a = (unsigned long long)l->features * l->hidden;
    unsigned in = l->hidden ? l->hidden : l->features;
    if (q < a)
        return {l->x + q / l->hidden, nullptr, l->s + q % l->hidden, l->features, l->hidden};
    q -= a;
    if (q < l->hidden)
        return {nullptr, nullptr, l->s + q, 0, l->hidden};
    q -= l->hidden;
    if (q < (unsigned long long)in * l->classes)
        return {l->hidden ? nullptr : l->x + q / l->classes, l->u + q / l->classes,
                l->d + q % l->classes, in, l->classes};
    q -= (unsigned long long)in * l->classes;
    if (q < l->classes)
        return {nullptr, nullptr, l->d + q, 0, l->classes};
    return {nullptr, nullptr, l->score + (q - l->classes), 0, 2};
}

/* w: parameters; out: a node a part; d, u, s, score: space for every row; tickets: two zeros. */
extern "C" __global__ void learn(const float *w, const unsigned char *x,
                                 const unsigned char *label, float *out, float *d, float *u,
                                 float *s, float *score, unsigned *tickets, unsigned rows,
                                 unsigned features, unsigned hidden, unsigned classes,
                                 unsigned parts)
{
    __shared__ unsigned ticket;
    unsigned first = (rows + ROWS - 1) / ROWS, in = hidden ? hidden : features;
    if (threadIdx.x == 0)
        ticket = atomicAdd(&tickets[0], 1u);
    __syncthreads();
    if (ticket < first) {
        unsigned long long r = (unsigned long long)ticket * ROWS;
        unsigned n = rows - r < ROWS ? (unsigned)(rows - r) : ROWS;
        const float *top = w + (unsigned long long)(features + 1) * hidden;
        if (hidden)
            forward(x + r * features, nullptr, w, features, hidden, true, n, u + r * hidden);
        forward(hidden ? nullptr : x + r * features, u + r * hidden, top, in, classes, false, n,
                d + r * classes);
        if (threadIdx.x < n)
            judge(d + (r + threadIdx.x) * classes, classes, label[r + threadIdx.x],
                  score + 2 * (r + threadIdx.x));
        __syncthreads();
        if (hidden)
            backward(d + r * classes, u + r * hidden, top, hidden, classes, n, s + r * hidden);
        __threadfence();
        __syncthreads();
        if (threadIdx.x == 0)
            atomicAdd(&tickets[1], 1u);
        return;
    }
    if (threadIdx.x == 0)
        while (atomicAdd(&tickets[1], 0u) < first) {
        }
    __syncthreads();
    __threadfence();
    unsigned long long node = (unsigned long long)(features + 1) * hidden +
                              (unsigned long long)(in + 1) * classes + 2;
    unsigned long long chunks = (node + blockDim.x - 1) / blockDim.x;
    unsigned long long part = (ticket - first) / chunks;
    unsigned long long q = (ticket - first) % chunks * blockDim.x + threadIdx.x;
    if (q >= node)
        return;
    const struct layout l = {x, u, s, d, score, features, hidden, classes};
    const struct chain c = chain_of(&l, q);
    out[part * node + q] = over_part(&c, (unsigned long long)rows * part / parts,
                                     (unsigned long long)rows * (part + 1) / parts);
}
