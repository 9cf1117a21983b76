/* guard_roll.h - a window of the last scores, in order of time and of size: rolling conformal
 * p-values, and the tail of the window by peaks over threshold. */
#ifndef OG_GUARD_ROLL_H
#define OG_GUARD_ROLL_H

#include <stdbool.h>
#include <stddef.h>

struct og_roll {
    double *ring;   /* by time */
    double *sorted; /* ascending */
    size_t n, cap, at;
};

void og_roll_init(struct og_roll *r, size_t cap);
void og_roll_release(struct og_roll *r);
/* A finite score takes the place of the oldest when the window is full. */
void og_roll_add(struct og_roll *r, double score);
/* (1 + scores at or above) / (n + 1): of settled honest scores a valid p-value. */
double og_roll_p(const struct og_roll *r, double score);
/* -log10 of p, beyond the 98 % quantile by an exponential tail with the mean excess, so that it
 * goes on growing beyond the window's largest; 0 with less than 30 scores. */
double og_roll_surprise(const struct og_roll *r, double score);

/* A generalised Pareto tail fitted to excesses over t (Grimshaw 1993; SPOT of Siffer et al., KDD
 * 2017): P(excess > x) = (1 + shape x / scale)^(-1 / shape). */
struct og_pot {
    double t, scale, shape;
    size_t n, above; /* scores, and those above t */
};
/* Over the quantile `level` (0.98) of the window; false with less than 10 excesses. */
bool og_pot_fit(const struct og_roll *r, double level, struct og_pot *out);
/* The score that is passed with chance q (q <= above / n), and the chance that a score is passed.
 */
double og_pot_quantile(const struct og_pot *p, double q);
double og_pot_p(const struct og_pot *p, double score);

#endif
