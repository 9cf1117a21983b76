/* guard_schema.c - from text to features. */
#include "guard/guard_schema.h"

#include "base/base_mem.h"
#include "guard/guard_csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void og_schema_release(struct og_schema *s)
{
    for (size_t c = 0; c < s->n; c++) {
        for (size_t k = 0; k < s->col[c].n_levels; k++)
            free(s->col[c].level[k]);
        free(s->col[c].level);
        free(s->col[c].name);
    }
    free(s->col);
    free(s->mid);
    free(s->scale);
    *s = (struct og_schema){0};
}

void og_frame_release(struct og_frame *f)
{
    free(f->x);
    free(f->y);
    *f = (struct og_frame){0};
}

static int compare_level(const char *s, size_t len, const char *level)
{
    int d = strncmp(s, level, len);
    return d ? d : level[len] ? -1 : 0;
}

void og_schema_put_level(const struct og_schema *s, size_t col, const char *level, size_t len,
                         float *x)
{
    const struct og_schema_col *c = &s->col[col];
    float *at = x + c->at;
    size_t lo = 0, hi = c->n_levels;
    memset(at, 0, (c->n_levels + 1) * sizeof *at);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int d = compare_level(level, len, c->level[mid]);
        if (d == 0) {
            at[mid] = 1;
            return;
        }
        if (d < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    at[c->n_levels] = 1;
}

void og_schema_put(const struct og_schema *s, size_t col, double v, float *x)
{
    const struct og_schema_col *c = &s->col[col];
    if (c->categorical) {
        memset(x + c->at, 0, (c->n_levels + 1) * sizeof *x);
        x[c->at + c->n_levels] = 1;
    } else {
        x[c->at] = isfinite(v) ? (float)fmin(fmax(v, -1e37), 1e37) : NAN;
    }
}

void og_schema_encode(const struct og_schema *s, const char *const *field, float *x, size_t *bad)
{
    double v;
    *bad = SIZE_MAX;
    for (size_t c = 0; c < s->n; c++) {
        if (s->col[c].categorical) {
            const char *level = field[c] ? field[c] : "";
            og_schema_put_level(s, c, level, strlen(level), x);
        } else if (!field[c] || !og_csv_number(field[c], &v)) {
            x[s->col[c].at] = NAN;
            if (field[c])
                *bad = c;
        } else {
            og_schema_put(s, c, v, x);
        }
    }
}

static float transform(bool log, float v)
{
    return log ? copysignf(log1pf(fabsf(v)), v) : v;
}

void og_schema_scale(const struct og_schema *s, const float *x, float *z)
{
    for (size_t c = 0; c < s->n; c++) {
        const struct og_schema_col *col = &s->col[c];
        for (size_t j = col->at; j < col->at + (col->categorical ? col->n_levels + 1 : 1); j++) {
            float v = (transform(col->log, x[j]) - s->mid[j]) * s->scale[j];
            z[j] = v > OG_SCHEMA_Z_MAX    ? OG_SCHEMA_Z_MAX
                   : v < -OG_SCHEMA_Z_MAX ? -OG_SCHEMA_Z_MAX
                   : v == v               ? v
                                          : 0;
        }
    }
}

/* Third standardised moment of t(x) over normal rows, NaN where it has none. */
static double moments(const struct og_frame *f, size_t j, bool log, double *mean, double *sd)
{
    double sum = 0, m2 = 0, m3 = 0;
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        float v = f->x[i * f->width + j];
        if (f->y[i] || v != v)
            continue;
        sum += transform(log, v);
        n++;
    }
    *mean = n ? sum / (double)n : 0;
    for (size_t i = 0; i < f->n; i++) {
        float v = f->x[i * f->width + j];
        if (f->y[i] || v != v)
            continue;
        double d = transform(log, v) - *mean;
        m2 += d * d;
        m3 += d * d * d;
    }
    *sd = n ? sqrt(m2 / (double)n) : 0;
    return *sd > 0 ? m3 / (double)n / (*sd * *sd * *sd) : 0;
}

/* Beyond this skewness t is tried, and kept when it halves it. */
#define SKEW_MAX 10.0
/* Deviation from what never varied: a tenth of the value's size is a unit. */
#define CONSTANT_UNIT 0.1

void og_schema_fit(struct og_schema *s, const struct og_frame *f)
{
    free(s->mid);
    free(s->scale);
    s->mid = og_xcalloc(s->width, sizeof *s->mid);
    s->scale = og_xcalloc(s->width, sizeof *s->scale);
    for (size_t c = 0; c < s->n; c++) {
        struct og_schema_col *col = &s->col[c];
        col->log = false;
        for (size_t j = col->at; j < col->at + (col->categorical ? col->n_levels + 1 : 1); j++) {
            double mean, sd, lmean, lsd;
            double skew = fabs(moments(f, j, false, &mean, &sd));
            if (!col->categorical && skew > SKEW_MAX &&
                2 * fabs(moments(f, j, true, &lmean, &lsd)) < skew) {
                col->log = true;
                mean = lmean;
                sd = lsd;
            }
            double unit = CONSTANT_UNIT * fmax(fabs(mean), 1);
            if (sd < 1e-6 * fmax(fabs(mean), 1e-6))
                sd = unit;
            s->mid[j] = (float)mean;
            s->scale[j] = (float)(1 / fmax(sd, 1e-30));
        }
    }
}

size_t og_schema_find(const struct og_schema *s, const char *name)
{
    for (size_t c = 0; c < s->n; c++)
        if (strcmp(s->col[c].name, name) == 0)
            return c;
    return SIZE_MAX;
}

enum og_rc og_schema_map(const struct og_schema *s, const char *const *names, size_t n, size_t *map,
                         struct og_err *err)
{
    for (size_t c = 0; c < s->n; c++) {
        size_t k = 0;
        while (k < n && strcmp(names[k], s->col[c].name) != 0)
            k++;
        if (k == n)
            return og_err_set(err, OG_E_DATA, "column '%.64s' of the model is missing",
                              s->col[c].name);
        map[c] = k;
    }
    return OG_OK;
}
