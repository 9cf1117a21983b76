/* guard_drift.c - ADWIN on p-values, PSI on columns, AUC on labels. */
#include "guard/guard_drift.h"

#include "base/base_mem.h"
#include "guard/guard_adwin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PROMISED 1000 /* values of what the model promises, before the first row */
#define SMALL    1e-4
#define CELLS    (OG_HIST_BINS + 2)

/* The van der Corput sequence: even over 0..1 in any stretch. */
static double even(unsigned i)
{
    double v = 0, base = 0.5;
    for (; i; i >>= 1, base /= 2)
        v += (i & 1) * base;
    return v;
}

static double psi_of(const struct og_hist *h, const double *count, double rows, size_t j)
{
    double psi = 0, total = 0;
    for (size_t k = 0; k < CELLS; k++)
        total += exp(-(double)h->cost[j * CELLS + k]);
    for (size_t k = 0; k < CELLS; k++) {
        double p = fmax(exp(-(double)h->cost[j * CELLS + k]) / total, SMALL);
        double q = fmax(count[j * CELLS + k] / rows, SMALL);
        psi += (q - p) * log(q / p);
    }
    return psi;
}

static void columns(const struct og_model *m, const double *count, double rows,
                    struct og_drift *out)
{
    for (size_t c = 0; c < m->schema.n; c++) {
        const struct og_schema_col *col = &m->schema.col[c];
        for (size_t j = col->at; j < col->at + (col->categorical ? col->n_levels + 1 : 1); j++)
            out->psi[c] += psi_of(&m->hist, count, rows, j);
        out->moved += out->psi[c] > OG_DRIFT_PSI;
    }
}

void og_drift_look(const struct og_model *m, const struct og_frame *f, struct og_drift *out)
{
    struct og_adwin a;
    struct og_verdict v;
    size_t width = m->schema.width;
    float *z = og_xcalloc(width, sizeof *z);
    double *count = og_xcalloc(width * CELLS, sizeof *count), sum = 0;
    *out = (struct og_drift){.psi = og_xcalloc(m->schema.n, sizeof *out->psi)};
    og_adwin_init(&a, OG_ADWIN_DELTA);
    for (unsigned i = 1; i <= PROMISED; i++)
        og_adwin_add(&a, even(i));
    for (size_t i = 0; i < f->n; i++) {
        if (f->y[i])
            continue;
        og_model_score(m, f->x + i * width, z, &v);
        sum += v.p;
        out->rows++;
        if (og_adwin_add(&a, v.p) && !out->p_moved) {
            out->p_moved = true;
            out->p_at = i;
        }
        for (size_t j = 0; j < width && m->has[OG_MEMBER_HIST]; j++)
            count[j * CELLS + og_hist_bin(&m->hist, z, j)]++;
    }
    out->mean_p = out->rows ? sum / (double)out->rows : 0.5;
    if (m->has[OG_MEMBER_HIST] && out->rows >= OG_DRIFT_ROWS)
        columns(m, count, (double)out->rows, out);
    out->drift = out->p_moved || out->moved > 0;
    free(z);
    free(count);
}

struct scored {
    float score;
    uint8_t y;
};

static int by_score(const void *a, const void *b)
{
    float x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
    return (x > y) - (x < y);
}

/* Mann-Whitney with ties by half. */
static double area(struct scored *s, size_t n, size_t good, size_t bad)
{
    double ranks = 0;
    if (good == 0 || bad == 0)
        return 0.5;
    qsort(s, n, sizeof *s, by_score);
    for (size_t i = 0; i < n;) {
        size_t k = i;
        while (k < n && s[k].score == s[i].score)
            k++;
        for (size_t j = i; j < k; j++)
            ranks += s[j].y ? 0.5 * (double)(i + k + 1) : 0;
        i = k;
    }
    return (ranks - 0.5 * (double)bad * (double)(bad + 1)) / ((double)bad * (double)good);
}

void og_drift_judge(const struct og_model *m, const struct og_frame *f, size_t from, size_t to,
                    struct og_judged *out)
{
    struct og_verdict v;
    size_t hits = 0, alarms = 0, n = to - from;
    struct scored *s = og_xcalloc(n, sizeof *s);
    float *z = og_xcalloc(m->schema.width, sizeof *z);
    *out = (struct og_judged){0};
    for (size_t i = from; i < to; i++) {
        og_model_score(m, f->x + i * f->width, z, &v);
        s[i - from] = (struct scored){v.score, f->y[i]};
        out->bad += f->y[i];
        hits += f->y[i] && v.alert;
        alarms += !f->y[i] && v.alert;
    }
    out->good = n - out->bad;
    out->auc = area(s, n, out->good, out->bad);
    out->recall = out->bad ? (double)hits / (double)out->bad : 0;
    out->fpr = out->good ? (double)alarms / (double)out->good : 0;
    out->balanced = out->bad ? 0.5 * (out->recall + 1 - out->fpr) : 1 - out->fpr;
    free(s);
    free(z);
}
