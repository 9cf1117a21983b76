/* guard_adwin.c - see the header. */
#include "guard/guard_adwin.h"

#include <math.h>
#include <string.h>

#define CLOCK     32
#define MIN_SIDE  5
#define MIN_TOTAL 10

void og_adwin_init(struct og_adwin *a, double delta)
{
    memset(a, 0, sizeof *a);
    a->delta = delta;
}

double og_adwin_mean(const struct og_adwin *a)
{
    return a->n ? a->sum / (double)a->n : 0;
}

/* Squares about the common mean of two parts. */
static double joined(double na, double sa, double va, double nb, double sb, double vb)
{
    double d = sa / na - sb / nb;
    return va + vb + na * nb / (na + nb) * d * d;
}

static void pop(struct og_adwin_level *l, unsigned k)
{
    memmove(l->sum, l->sum + k, (l->n - k) * sizeof *l->sum);
    memmove(l->var, l->var + k, (l->n - k) * sizeof *l->var);
    l->n -= k;
}

static void compress(struct og_adwin *a)
{
    for (unsigned i = 0; i + 1 < OG_ADWIN_LEVELS && a->level[i].n == OG_ADWIN_BUCKETS; i++) {
        struct og_adwin_level *l = &a->level[i], *up = &a->level[i + 1];
        double size = ldexp(1, (int)i);
        up->sum[up->n] = l->sum[0] + l->sum[1];
        up->var[up->n++] = joined(size, l->sum[0], l->var[0], size, l->sum[1], l->var[1]);
        pop(l, 2);
    }
}

static void drop_oldest(struct og_adwin *a)
{
    unsigned i = OG_ADWIN_LEVELS;
    while (a->level[i - 1].n == 0)
        i--;
    struct og_adwin_level *l = &a->level[i - 1];
    double size = ldexp(1, (int)i - 1), rest = (double)a->n - size;
    double d = rest > 0 ? l->sum[0] / size - (a->sum - l->sum[0]) / rest : 0;
    a->n -= (uint64_t)size;
    a->sum -= l->sum[0];
    a->var -= l->var[0] + (rest > 0 ? size * rest / (size + rest) * d * d : 0);
    a->var = a->var > 0 ? a->var : 0;
    pop(l, 1);
}

static bool differ(const struct og_adwin *a, double n0, double s0)
{
    double n = (double)a->n, n1 = n - n0, s1 = a->sum - s0;
    double ln = log(2 * log(n) / a->delta), v = a->var / n;
    double m = 1 / (n0 - MIN_SIDE + 1) + 1 / (n1 - MIN_SIDE + 1);
    double eps = sqrt(2 * m * v * ln) + 2.0 / 3 * ln * m;
    return fabs(s0 / n0 - s1 / n1) > eps;
}

/* Is there a place where the window should be cut? */
static bool find_cut(const struct og_adwin *a)
{
    double n0 = 0, s0 = 0;
    for (unsigned i = OG_ADWIN_LEVELS; i-- > 0;)
        for (unsigned k = 0; k < a->level[i].n; k++) {
            n0 += ldexp(1, (int)i);
            s0 += a->level[i].sum[k];
            if ((double)a->n - n0 < MIN_SIDE)
                return false;
            if (n0 >= MIN_SIDE && differ(a, n0, s0))
                return true;
        }
    return false;
}

bool og_adwin_add(struct og_adwin *a, double value)
{
    struct og_adwin_level *l = &a->level[0];
    if (a->n > 0) {
        double d = value - a->sum / (double)a->n;
        a->var += (double)a->n / (double)(a->n + 1) * d * d;
    }
    l->sum[l->n] = value;
    l->var[l->n++] = 0;
    a->n++;
    a->sum += value;
    a->seen++;
    compress(a);
    bool drift = false;
    if (a->seen % CLOCK == 0)
        while (a->n > MIN_TOTAL && find_cut(a)) {
            drop_oldest(a);
            drift = true;
        }
    a->drifts += drift;
    return drift;
}
