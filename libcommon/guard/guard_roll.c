/* guard_roll.c - insertion into a sorted array: a window of 6,000 moves 24 kB on the mean. */
#include "guard/guard_roll.h"

#include "base/base_mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_FROM 0.98
#define LEAST     30
#define ROOTS     32 /* intervals that Grimshaw's equation is searched in, each side */

void og_roll_init(struct og_roll *r, size_t cap)
{
    *r = (struct og_roll){.cap = cap};
    r->ring = og_xcalloc(cap, sizeof *r->ring);
    r->sorted = og_xcalloc(cap, sizeof *r->sorted);
}

void og_roll_release(struct og_roll *r)
{
    free(r->ring);
    free(r->sorted);
    *r = (struct og_roll){0};
}

/* How many are below v. */
static size_t below(const struct og_roll *r, double v)
{
    size_t lo = 0, hi = r->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (r->sorted[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void og_roll_add(struct og_roll *r, double score)
{
    if (r->n == r->cap) {
        size_t k = below(r, r->ring[r->at]);
        memmove(r->sorted + k, r->sorted + k + 1, (r->n - k - 1) * sizeof *r->sorted);
        r->n--;
    }
    size_t k = below(r, score);
    memmove(r->sorted + k + 1, r->sorted + k, (r->n - k) * sizeof *r->sorted);
    r->sorted[k] = score;
    r->n++;
    r->ring[r->at] = score;
    r->at = (r->at + 1) % r->cap;
}

double og_roll_p(const struct og_roll *r, double score)
{
    return (double)(1 + r->n - below(r, score)) / (double)(r->n + 1);
}

double og_roll_surprise(const struct og_roll *r, double score)
{
    if (r->n < LEAST)
        return 0;
    size_t from = (size_t)(TAIL_FROM * (double)r->n);
    double t = r->sorted[from], sum = 0;
    if (score <= t)
        return -log10(og_roll_p(r, score));
    for (size_t i = from + 1; i < r->n; i++)
        sum += r->sorted[i] - t;
    double mean = from + 1 < r->n ? sum / (double)(r->n - from - 1) : 0;
    if (mean <= 0) /* the window's end is flat: an eighth of its upper half is a unit */
        mean = 1e-9 + fabs(r->sorted[r->n - 1] - r->sorted[r->n / 2]) / 8;
    return -log10((double)(r->n - from) / (double)(r->n + 1)) + (score - t) / mean * 0.4343;
}

/* Grimshaw's equation u(x) v(x) = 1 in x = shape / scale; y: n excesses. */
static double grimshaw(const double *y, size_t n, double x)
{
    double u = 0, v = 0;
    for (size_t i = 0; i < n; i++) {
        double s = 1 + x * y[i];
        u += 1 / s;
        v += log(s);
    }
    return u / (double)n * (1 + v / (double)n) - 1;
}

/* Log-likelihood of the root x; x = 0 is the exponential. */
static double likelihood(const double *y, size_t n, double x, double mean, struct og_pot *p)
{
    if (x == 0) {
        p->shape = 0;
        p->scale = mean;
        return -(double)n * (log(mean) + 1);
    }
    double v = 0;
    for (size_t i = 0; i < n; i++)
        v += log(1 + x * y[i]);
    p->shape = v / (double)n;
    p->scale = p->shape / x;
    return -(double)n * log(p->scale) - (1 + 1 / p->shape) * v;
}

static void try_interval(const double *y, size_t n, double a, double b, double mean, double *best,
                         struct og_pot *out)
{
    double fa = grimshaw(y, n, a), fb = grimshaw(y, n, b);
    struct og_pot p = *out;
    if (!(fa * fb < 0))
        return;
    for (unsigned i = 0; i < 60; i++) {
        double m = 0.5 * (a + b), f = grimshaw(y, n, m);
        if (f * fa > 0) {
            a = m;
            fa = f;
        } else {
            b = m;
        }
    }
    double l = likelihood(y, n, 0.5 * (a + b), mean, &p);
    if (isfinite(l) && p.scale > 0 && l > *best) {
        *best = l;
        *out = p;
    }
}

bool og_pot_fit(const struct og_roll *r, double level, struct og_pot *out)
{
    size_t from = (size_t)(level * (double)r->n);
    *out = (struct og_pot){0};
    if (from >= r->n)
        return false;
    double t = r->sorted[from], sum = 0;
    while (from < r->n && r->sorted[from] <= t)
        from++;
    size_t n = r->n - from;
    if (n < 10)
        return false;
    double *y = og_xmalloc(n * sizeof *y);
    for (size_t i = 0; i < n; i++)
        sum += y[i] = r->sorted[from + i] - t;
    double mean = sum / (double)n;
    *out = (struct og_pot){.t = t, .n = r->n, .above = n};
    double best = likelihood(y, n, 0, mean, out);
    double low = -1 / y[n - 1] * (1 - 1e-6), high = 2 * (mean - y[0]) / (y[0] * y[0] + 1e-300);
    high = fmin(high, 1e3 / mean);
    for (unsigned i = 0; i < ROOTS; i++) {
        double a = low + (-1e-6 / mean - low) * i / ROOTS;
        double b = low + (-1e-6 / mean - low) * (i + 1) / ROOTS;
        try_interval(y, n, a, b, mean, &best, out);
        a = 1e-6 / mean + high * i / ROOTS;
        b = 1e-6 / mean + high * (i + 1) / ROOTS;
        try_interval(y, n, a, b, mean, &best, out);
    }
    free(y);
    return true;
}

double og_pot_quantile(const struct og_pot *p, double q)
{
    double ratio = q * (double)p->n / (double)p->above;
    if (ratio >= 1)
        return p->t;
    if (fabs(p->shape) < 1e-9)
        return p->t - p->scale * log(ratio);
    return p->t + p->scale / p->shape * (pow(ratio, -p->shape) - 1);
}

double og_pot_p(const struct og_pot *p, double score)
{
    double share = (double)p->above / (double)p->n, x = score - p->t;
    if (x <= 0)
        return 1;
    if (fabs(p->shape) < 1e-9)
        return share * exp(-x / p->scale);
    double s = 1 + p->shape * x / p->scale;
    return s > 0 ? share * pow(s, -1 / p->shape) : 0;
}
