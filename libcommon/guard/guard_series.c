/* guard_series.c - the views of a point and the silence after a report. */
#include "guard/guard_series.h"

#include "base/base_mem.h"
#include "guard/guard_csv.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW    6000
#define SLOW      0.02
#define DAY_MEAN  20
#define DAYS_BACK 7
#define DAY_S     86400.0
#define GAPS      201 /* that tell the distance of points */

void og_series_init(struct og_series *s, size_t period, uint64_t silence)
{
    *s = (struct og_series){.period = period <= OG_SERIES_PERIOD_MAX ? period : 0,
                            .silence = silence ? silence : 1};
    for (unsigned k = 0; k < OG_SERIES_VIEWS; k++)
        og_roll_init(&s->view[k], WINDOW);
    s->past = og_xcalloc(DAYS_BACK * s->period, sizeof *s->past);
    s->apart = og_xcalloc(DAY_MEAN, sizeof *s->apart);
}

void og_series_release(struct og_series *s)
{
    for (unsigned k = 0; k < OG_SERIES_VIEWS; k++)
        og_roll_release(&s->view[k]);
    free(s->past);
    free(s->apart);
    *s = (struct og_series){0};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Distance from the median of the same time 1, 2, 3 and 7 days before. */
static double day_distance(const struct og_series *s, double value)
{
    static const unsigned days[] = {1, 2, 3, DAYS_BACK};
    double same[4];
    size_t n = 0, span = DAYS_BACK * s->period;
    for (unsigned k = 0; k < 4; k++)
        if (days[k] * s->period <= s->n)
            same[n++] = s->past[(s->n - days[k] * s->period) % span];
    qsort(same, n, sizeof *same, by_value);
    return fabs(value - 0.5 * (same[(n - 1) / 2] + same[n / 2]));
}

/* The mean of the last distances; *known: two days are past. */
static double day_view(struct og_series *s, double value, bool *known)
{
    *known = false;
    if (s->period == 0)
        return 0;
    double d = s->n >= s->period ? day_distance(s, value) : 0;
    double *slot = &s->apart[s->n % DAY_MEAN];
    s->apart_sum += d - *slot;
    *slot = d;
    if (s->n % 1000 == 999) { /* what rounding left */
        s->apart_sum = 0;
        for (unsigned k = 0; k < DAY_MEAN; k++)
            s->apart_sum += s->apart[k];
    }
    s->past[s->n % (DAYS_BACK * s->period)] = value;
    *known = s->n >= 2 * s->period;
    return fmax(s->apart_sum, 0) / fmin((double)s->n + 1, DAY_MEAN);
}

static double silenced(struct og_series *s, double score)
{
    uint64_t since = s->n - s->reported_at;
    double level = s->reported > 0 && since < s->silence
                       ? s->reported * (1 - (double)since / (double)s->silence)
                       : 0;
    if (score >= level && score > 0) {
        s->reported = score;
        s->reported_at = s->n;
    }
    return score > level ? score : 0;
}

double og_series_add(struct og_series *s, double value)
{
    bool days;
    if (s->n == 0)
        s->last = s->slow = value;
    double x[OG_SERIES_VIEWS] = {value, -value, fabs(value - s->last), fabs(value - s->slow), 0};
    x[4] = day_view(s, value, &days);
    double first = 0, second = 0;
    for (unsigned k = 0; k < OG_SERIES_VIEWS; k++) {
        if (k == 4 && !days)
            continue;
        double v = og_roll_surprise(&s->view[k], x[k]);
        og_roll_add(&s->view[k], x[k]);
        second = v > first ? first : v > second ? v : second;
        first = v > first ? v : first;
    }
    s->last = value;
    s->slow += SLOW * (value - s->slow);
    double score = silenced(s, first + 0.5 * second);
    s->n++;
    return score;
}

static bool digits(const char **p, unsigned n, double *out)
{
    *out = 0;
    for (unsigned i = 0; i < n; i++, ++*p) {
        if (!isdigit((unsigned char)**p))
            return false;
        *out = *out * 10 + (**p - '0');
    }
    return true;
}

static bool skip(const char **p, const char *any)
{
    if (!**p || !strchr(any, **p))
        return false;
    ++*p;
    return true;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar. */
static double days_of(double year, double month, double day)
{
    double y = month <= 2 ? year - 1 : year, era = floor(y / 400), yoe = y - era * 400;
    double m = month > 2 ? month - 3 : month + 9;
    double doy = floor((153 * m + 2) / 5) + day - 1;
    double doe = yoe * 365 + floor(yoe / 4) - floor(yoe / 100) + doy;
    return era * 146097 + doe - 719468;
}

bool og_series_time(const char *text, double *seconds)
{
    double y, mo, d, h = 0, mi = 0, sec = 0;
    const char *p = text;
    if (digits(&p, 4, &y) && skip(&p, "-/") && digits(&p, 2, &mo) && skip(&p, "-/") &&
        digits(&p, 2, &d) && mo >= 1 && mo <= 12 && d >= 1 && d <= 31) {
        if (skip(&p, "T ") &&
            (!digits(&p, 2, &h) || !skip(&p, ":") || !digits(&p, 2, &mi) ||
             (skip(&p, ":") && !digits(&p, 2, &sec)) || h > 24 || mi > 59 || sec > 60))
            return false;
        *seconds = days_of(y, mo, d) * DAY_S + h * 3600 + mi * 60 + sec;
        return true;
    }
    return og_csv_number(text, seconds) && isfinite(*seconds);
}

size_t og_series_period(const double *seconds, size_t n)
{
    double gap[GAPS];
    size_t k = 0;
    for (size_t i = 1; i < n && k < GAPS; i++)
        gap[k++] = seconds[i] - seconds[i - 1];
    qsort(gap, k, sizeof *gap, by_value);
    double mid = k ? gap[k / 2] : 0;
    double points = mid > 0 ? round(DAY_S / mid) : 0;
    return points >= 4 && points <= OG_SERIES_PERIOD_MAX && points < (double)n / 3 ? (size_t)points
                                                                                   : 0;
}
