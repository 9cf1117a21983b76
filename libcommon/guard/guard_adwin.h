/* guard_adwin.h - ADWIN (Bifet, Gavalda, SDM 2007): a window that keeps what has one mean. Buckets
 * of an exponential histogram, M = 5 of each size; memory O(log n). */
#ifndef OG_GUARD_ADWIN_H
#define OG_GUARD_ADWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_ADWIN_LEVELS  40
#define OG_ADWIN_BUCKETS 6 /* M + 1 */
#define OG_ADWIN_DELTA   0.002

struct og_adwin_level {
    unsigned n;
    double sum[OG_ADWIN_BUCKETS],
        var[OG_ADWIN_BUCKETS]; /* oldest first; var: squares about the mean */
};

struct og_adwin {
    double delta;
    uint64_t n; /* in the window */
    double sum, var;
    uint64_t seen, drifts;
    struct og_adwin_level level[OG_ADWIN_LEVELS]; /* level i: buckets of 2^i values */
};

void og_adwin_init(struct og_adwin *a, double delta);
/* A value in 0..1; true when the oldest part was dropped because its mean differed. Looked for
 * every 32nd value, as the original does. */
bool og_adwin_add(struct og_adwin *a, double value);
double og_adwin_mean(const struct og_adwin *a);

#endif
