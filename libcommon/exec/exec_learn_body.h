/* exec_learn_body.h - the passes over rows, once for each instruction set: NAME(f) and TARGET are
 * set by exec_learn.c, which includes this. */

/* acc[0..cols) += sum over the listed terms of v * w[index][0..cols), in order. */
TARGET static void NAME(gather)(const struct term *t, size_t n, const float *w, size_t stride,
                                size_t cols, float *acc)
{
    size_t c = 0;
    for (; c + 32 <= cols; c += 32) {
        float s[32];
        memcpy(s, acc + c, sizeof s);
        for (size_t i = 0; i < n; i++) {
            const float *row = w + t[i].index * stride + c;
            for (int j = 0; j < 32; j++)
                s[j] = __builtin_fmaf(t[i].v, row[j], s[j]);
        }
        memcpy(acc + c, s, sizeof s);
    }
    for (; c < cols; c += LANES) {
        float s[LANES];
        memcpy(s, acc + c, sizeof s);
        for (size_t i = 0; i < n; i++) {
            const float *row = w + t[i].index * stride + c;
            for (int j = 0; j < LANES; j++)
                s[j] = __builtin_fmaf(t[i].v, row[j], s[j]);
        }
        memcpy(acc + c, s, sizeof s);
    }
}

/* g[index][0..cols) += v * d[0..cols) for the listed terms. */
TARGET static void NAME(scatter)(const struct term *t, size_t n, const float *d, size_t stride,
                                 size_t cols, float *g)
{
    for (size_t i = 0; i < n; i++) {
        float *row = g + t[i].index * stride;
        for (size_t c = 0; c < cols; c += LANES)
            for (int j = 0; j < LANES; j++)
                row[c + (size_t)j] = __builtin_fmaf(t[i].v, d[c + (size_t)j], row[c + (size_t)j]);
    }
}

TARGET static void NAME(add)(const float *a, size_t n, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = to[i] + a[i];
}

/* One row: its share of the gradient into g (padded), its score. */
TARGET static void NAME(row)(struct learner *l, const uint8_t *x, unsigned label, float *g,
                             float score[2])
{
    size_t nx = bytes_terms(x, l->s.features, l->x);
    const struct term *in = l->x;
    size_t n_in = nx;
    if (l->s.hidden) {
        memcpy(l->u, l->w + l->at_a, l->hidden * sizeof *l->u);
        NAME(gather)(l->x, nx, l->w, l->hidden, l->hidden, l->u);
        n_in = relu_terms(l->u, l->s.hidden, l->h);
        in = l->h;
    }
    memcpy(l->z, l->w + l->at_c, l->classes * sizeof *l->z);
    NAME(gather)(in, n_in, l->w + l->at_b, l->classes, l->classes, l->z);
    judge(l, label, score);
    if (!g)
        return;
    NAME(scatter)(in, n_in, l->z, l->classes, l->classes, g + l->at_b);
    NAME(add)(l->z, l->classes, g + l->at_c);
    if (l->s.hidden) {
        memset(l->d, 0, l->hidden * sizeof *l->d);
        for (uint32_t i = 0; i < l->s.classes; i++)
            for (size_t j = 0; j < l->hidden; j++)
                l->d[j] = __builtin_fmaf(l->z[i], l->bt[i * l->hidden + j], l->d[j]);
        for (size_t j = 0; j < l->hidden; j++)
            l->d[j] = l->u[j] > 0 ? l->d[j] : 0;
        NAME(scatter)(l->x, nx, l->d, l->hidden, l->hidden, g);
        NAME(add)(l->d, l->hidden, g + l->at_a);
    }
}

TARGET static void NAME(step)(float rate, const float *g, size_t n, float *w)
{
    for (size_t i = 0; i < n; i++)
        w[i] = __builtin_fmaf(rate, g[i], w[i]);
}
