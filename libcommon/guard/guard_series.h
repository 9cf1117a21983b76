/* guard_series.h - how surprising a point of a series is, given what came before it.
 *
 * Five views of a point: its value, its value from below, its step, how far it lies from a slow
 * mean, and how far the last 20 points lie from the same times of earlier days. Each is ranked
 * among the last 6,000 of its kind (og_roll_surprise); the score is the largest plus half of the
 * second. Then silence: for some time only what is more surprising than the last report, less and
 * less of it, is reported, else 0. */
#ifndef OG_GUARD_SERIES_H
#define OG_GUARD_SERIES_H

#include "guard/guard_roll.h"

#include <stdint.h>

#define OG_SERIES_PERIOD_MAX 100000
#define OG_SERIES_VIEWS      5

struct og_series {
    struct og_roll view[OG_SERIES_VIEWS];
    size_t period; /* points of a day; 0: none */
    double *past;  /* the last 7 periods */
    double *apart; /* the last 20 distances from earlier days */
    double apart_sum;
    double last, slow; /* value and slow mean before this point */
    uint64_t n;
    uint64_t silence; /* points */
    uint64_t reported_at;
    double reported;
};

void og_series_init(struct og_series *s, size_t period, uint64_t silence);
void og_series_release(struct og_series *s);
/* The score of a finite value, at least 0. */
double og_series_add(struct og_series *s, double value);

/* "2014-04-10 00:04:00", "2014-04-10T00:04:00Z" (a fraction is cut), or seconds since the epoch. */
bool og_series_time(const char *text, double *seconds);
/* Points per day, from timestamps; 0 when days cannot be told apart (4 points a day at least). */
size_t og_series_period(const double *seconds, size_t n);

#endif
