/* guard_model.c - members fitted, calibrated, asked. */
#include "guard/guard_model.h"

#include "base/base_mem.h"
#include "guard/guard_rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HST_ROWS 4096 /* mass of the half-space trees in a model file */

/* Where all rows that members learn from are known to be normal: chosen on training data with
 * whole attack types and kinds of normal rows held out. Where there may be anything among them: by
 * the 12 public tables; components then run after what they should find. */
static const float weights[2][OG_MEMBERS] = {
    {[OG_MEMBER_BOOST] = 1,
     [OG_MEMBER_IFOREST] = 2,
     [OG_MEMBER_NEAR] = 2,
     [OG_MEMBER_HIST] = 1,
     [OG_MEMBER_PCA] = 0.2f,
     [OG_MEMBER_HST] = 0.1f},
    {[OG_MEMBER_BOOST] = 0.25f,
     [OG_MEMBER_IFOREST] = 1,
     [OG_MEMBER_NEAR] = 1,
     [OG_MEMBER_HIST] = 1,
     [OG_MEMBER_PCA] = 4,
     [OG_MEMBER_HST] = 0.1f},
};

const char *og_member_name(enum og_member m)
{
    switch (m) {
    case OG_MEMBER_BOOST: return "boost";
    case OG_MEMBER_IFOREST: return "iforest";
    case OG_MEMBER_NEAR: return "near";
    case OG_MEMBER_HIST: return "hist";
    case OG_MEMBER_PCA: return "pca";
    case OG_MEMBER_HST: return "hst";
    case OG_MEMBERS: break;
    }
    return "";
}

bool og_model_calibrates(uint64_t seed, size_t n, size_t row)
{
    return n < OG_MODEL_SPLIT_FROM || og_splitmix64(og_splitmix64(seed) ^ row) % 5 == 0;
}

static bool fits(uint64_t seed, size_t n, size_t row)
{
    return n < OG_MODEL_SPLIT_FROM || !og_model_calibrates(seed, n, row);
}

void og_model_release(struct og_model *m)
{
    og_schema_release(&m->schema);
    og_forest_release(&m->boost);
    og_iforest_release(&m->iforest);
    og_near_release(&m->near);
    og_hist_release(&m->hist);
    og_pca_release(&m->pca);
    og_hst_release(&m->hst);
    *m = (struct og_model){0};
}

static void ask(const struct og_model *m, const float *x, const float *z, float *raw)
{
    raw[OG_MEMBER_BOOST] = m->has[OG_MEMBER_BOOST] ? og_forest_sum(&m->boost, x) : 0;
    raw[OG_MEMBER_IFOREST] = m->has[OG_MEMBER_IFOREST] ? og_iforest_score(&m->iforest, z) : 0;
    raw[OG_MEMBER_NEAR] = m->has[OG_MEMBER_NEAR] ? og_near_score(&m->near, z) : 0;
    raw[OG_MEMBER_HIST] = m->has[OG_MEMBER_HIST] ? og_hist_score(&m->hist, z) : 0;
    raw[OG_MEMBER_PCA] = m->has[OG_MEMBER_PCA] ? og_pca_score(&m->pca, z) : 0;
    raw[OG_MEMBER_HST] = m->has[OG_MEMBER_HST] ? og_hst_score(&m->hst, z) : 0;
}

static float combine(const struct og_model *m, const float *raw, float *log_p)
{
    float weight[OG_MEMBERS];
    for (unsigned k = 0; k < OG_MEMBERS; k++) {
        log_p[k] = m->has[k] ? og_calib_log_p(&m->member[k], raw[k]) : 0;
        weight[k] = m->has[k] ? m->weight[k] : 0;
    }
    return og_calib_combine(log_p, weight, OG_MEMBERS);
}

static void calibrate(struct og_model *m, const struct og_frame *f)
{
    size_t n = 0;
    float *raw = og_xcalloc(f->n * OG_MEMBERS, sizeof *raw), *z = og_xcalloc(f->width, sizeof *z);
    float *one = og_xcalloc(f->n, sizeof *one);
    float log_p[OG_MEMBERS];
    for (size_t i = 0; i < f->n; i++)
        if (!f->y[i] && og_model_calibrates(m->seed, f->n, i)) {
            og_schema_scale(&m->schema, f->x + i * f->width, z);
            ask(m, f->x + i * f->width, z, raw + n++ * OG_MEMBERS);
        }
    for (unsigned k = 0; k < OG_MEMBERS; k++) {
        for (size_t i = 0; i < n; i++)
            one[i] = raw[i * OG_MEMBERS + k];
        og_calib_fit(one, n, &m->member[k]);
    }
    for (size_t i = 0; i < n; i++)
        one[i] = combine(m, raw + i * OG_MEMBERS, log_p);
    og_calib_fit(one, n, &m->all);
    free(one);
    free(raw);
    free(z);
}

static void fit_hst(struct og_model *m, const float *z, size_t n)
{
    size_t rows = n < HST_ROWS ? n : HST_ROWS;
    og_hst_init(&m->hst, m->schema.width, (uint32_t)rows, m->seed + 5);
    for (size_t i = 0; i < rows; i++)
        og_hst_learn(&m->hst, z + i * n / rows * m->schema.width);
}

/* Without a normal row on one side of the split, all rows are on both. */
static void check_split(struct og_model *m, const struct og_frame *f)
{
    size_t in = 0, out = 0;
    for (size_t i = 0; i < f->n; i++) {
        in += !f->y[i] && fits(m->seed, f->n, i);
        out += !f->y[i] && og_model_calibrates(m->seed, f->n, i);
    }
    while ((in == 0 || out == 0) && f->n >= OG_MODEL_SPLIT_FROM) {
        m->seed++;
        in = out = 0;
        for (size_t i = 0; i < f->n; i++) {
            in += !f->y[i] && fits(m->seed, f->n, i);
            out += !f->y[i] && og_model_calibrates(m->seed, f->n, i);
        }
    }
}

void og_model_fit(struct og_model *m, const struct og_frame *f, bool normals, uint64_t seed,
                  float alpha)
{
    size_t n = 0, width = m->schema.width;
    m->seed = seed;
    m->alpha = alpha;
    m->rows = (uint32_t)f->n;
    memcpy(m->weight, weights[normals], sizeof m->weight);
    check_split(m, f);
    float *z = og_xcalloc(f->n * width, sizeof *z);
    for (size_t i = 0; i < f->n; i++)
        if (!f->y[i] && fits(m->seed, f->n, i))
            og_schema_scale(&m->schema, f->x + i * width, z + n++ * width);
    og_iforest_fit(z, n, width, m->seed + 1, &m->iforest);
    og_near_fit(z, n, width, m->seed + 2, &m->near);
    og_hist_fit(z, n, width, &m->hist);
    og_pca_fit(z, n, width, m->seed + 4, &m->pca);
    fit_hst(m, z, n);
    free(z);
    for (unsigned k = OG_MEMBER_IFOREST; k < OG_MEMBERS; k++)
        m->has[k] = true;
    calibrate(m, f);
}

void og_model_score(const struct og_model *m, const float *x, float *z, struct og_verdict *out)
{
    og_schema_scale(&m->schema, x, z);
    ask(m, x, z, out->raw);
    out->score = combine(m, out->raw, out->log_p);
    out->p = exp((double)og_calib_log_p(&m->all, out->score));
    out->alert = out->p <= (double)m->alpha;
}
