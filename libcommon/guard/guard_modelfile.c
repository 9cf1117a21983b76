/* guard_modelfile.c - a model as bytes (og_model_encode, _decode), and its explanation. */
#include "guard/guard_model.h"

#include "base/base_mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = {'O', 'G', 'P', 'U', 'G', 'R', 'D', '1'};

static void encode_schema(const struct og_schema *s, struct og_buf *out)
{
    og_buf_add_be32(out, (uint32_t)s->n);
    for (size_t c = 0; c < s->n; c++) {
        const struct og_schema_col *col = &s->col[c];
        og_bytes_put_text(out, col->name);
        og_buf_addc(out, (char)(col->categorical | col->log << 1));
        if (!col->categorical)
            continue;
        og_buf_add_be32(out, col->n_levels);
        for (size_t k = 0; k < col->n_levels; k++)
            og_bytes_put_text(out, col->level[k]);
    }
    og_bytes_put_floats(out, s->mid, s->width);
    og_bytes_put_floats(out, s->scale, s->width);
}

static bool decode_col(struct og_bytes *b, struct og_schema_col *col)
{
    uint8_t kind;
    uint32_t n = 0;
    if (!og_bytes_text(b, OG_SCHEMA_NAME_MAX, &col->name) || !og_bytes_u8(b, &kind) || kind > 2)
        return false;
    col->categorical = kind & 1;
    col->log = kind >> 1;
    if (!col->categorical)
        return true;
    if (!og_bytes_u32(b, OG_SCHEMA_LEVELS_MAX, &n))
        return false;
    col->level = og_xcalloc(n, sizeof *col->level);
    for (size_t k = 0; k < n; k++, col->n_levels++)
        if (!og_bytes_text(b, OG_SCHEMA_NAME_MAX, &col->level[k]) ||
            (k > 0 && strcmp(col->level[k - 1], col->level[k]) >= 0)) {
            free(col->level[k]);
            return false;
        }
    return true;
}

static bool decode_schema(struct og_bytes *b, struct og_schema *s)
{
    uint32_t n;
    if (!og_bytes_u32(b, OG_SCHEMA_COLS_MAX, &n) || n == 0)
        return false;
    s->col = og_xcalloc(n, sizeof *s->col);
    for (uint32_t c = 0; c < n; c++) {
        s->n++;
        s->col[c].at = (uint32_t)s->width;
        if (!decode_col(b, &s->col[c]))
            return false;
        s->width += s->col[c].categorical ? s->col[c].n_levels + 1 : 1;
        if (s->width > OG_SCHEMA_WIDTH_MAX)
            return false;
    }
    s->mid = og_xcalloc(s->width, sizeof *s->mid);
    s->scale = og_xcalloc(s->width, sizeof *s->scale);
    return og_bytes_floats(b, s->mid, s->width) && og_bytes_floats(b, s->scale, s->width);
}

void og_model_encode(const struct og_model *m, struct og_buf *out)
{
    og_buf_add(out, magic, sizeof magic);
    og_buf_add_be64(out, m->seed);
    og_buf_add_be32(out, m->rows);
    og_bytes_put_float(out, m->alpha);
    encode_schema(&m->schema, out);
    for (unsigned k = 0; k < OG_MEMBERS; k++) {
        og_buf_addc(out, (char)m->has[k]);
        if (!m->has[k])
            continue;
        og_bytes_put_float(out, m->weight[k]);
        og_calib_encode(&m->member[k], out);
        switch ((enum og_member)k) {
        case OG_MEMBER_BOOST: og_forest_encode(&m->boost, out); break;
        case OG_MEMBER_IFOREST: og_forest_encode(&m->iforest.f, out); break;
        case OG_MEMBER_NEAR: og_near_encode(&m->near, out); break;
        case OG_MEMBER_HIST: og_hist_encode(&m->hist, out); break;
        case OG_MEMBER_PCA: og_pca_encode(&m->pca, out); break;
        case OG_MEMBER_HST: og_hst_encode(&m->hst, out); break;
        case OG_MEMBERS: break;
        }
    }
    og_calib_encode(&m->all, out);
}

static enum og_rc bad(const char *what, struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "malformed model: %s", what);
}

static enum og_rc decode_member(struct og_bytes *b, enum og_member k, struct og_model *m,
                                struct og_err *err)
{
    const uint8_t *p = b->p + b->at;
    size_t n = b->n - b->at, width = m->schema.width, used = 0;
    enum og_rc rc = OG_OK;
    switch (k) {
    case OG_MEMBER_BOOST: rc = og_forest_decode(p, n, width, &m->boost, &used, err); break;
    case OG_MEMBER_IFOREST: rc = og_forest_decode(p, n, width, &m->iforest.f, &used, err); break;
    case OG_MEMBER_NEAR: rc = og_near_decode(p, n, width, &m->near, &used, err); break;
    case OG_MEMBER_HIST: rc = og_hist_decode(p, n, width, &m->hist, &used, err); break;
    case OG_MEMBER_PCA: rc = og_pca_decode(p, n, width, &m->pca, &used, err); break;
    case OG_MEMBER_HST: rc = og_hst_decode(p, n, width, &m->hst, &used, err); break;
    case OG_MEMBERS: break;
    }
    b->at += used;
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "malformed model");
}

static enum og_rc decode(struct og_bytes *b, struct og_model *m, struct og_err *err)
{
    uint32_t hi, lo;
    bool any = false;
    if (b->n < sizeof magic || memcmp(b->p, magic, sizeof magic) != 0)
        return bad("it does not begin like one", err);
    b->at = sizeof magic;
    if (!og_bytes_u32(b, UINT32_MAX, &hi) || !og_bytes_u32(b, UINT32_MAX, &lo) ||
        !og_bytes_u32(b, UINT32_MAX, &m->rows) || !og_bytes_float(b, &m->alpha) ||
        !(m->alpha > 0 && m->alpha < 1))
        return bad("its head", err);
    m->seed = (uint64_t)hi << 32 | lo;
    if (!decode_schema(b, &m->schema))
        return bad("its columns", err);
    for (unsigned k = 0; k < OG_MEMBERS; k++) {
        uint8_t has;
        if (!og_bytes_u8(b, &has) || has > 1)
            return bad("its members", err);
        if (!has)
            continue;
        if (!og_bytes_float(b, &m->weight[k]) || !(m->weight[k] > 0 && m->weight[k] < 1e6f) ||
            !og_calib_decode(b, &m->member[k]))
            return bad("its calibration", err);
        OG_TRY(decode_member(b, (enum og_member)k, m, err));
        any = m->has[k] = true;
    }
    if (!any || !og_calib_decode(b, &m->all) || b->at != b->n)
        return bad("its end", err);
    return OG_OK;
}

enum og_rc og_model_decode(const void *p, size_t n, struct og_model *out, struct og_err *err)
{
    struct og_bytes b = {p, n, 0};
    *out = (struct og_model){0};
    enum og_rc rc = n > OG_MODEL_BYTES_MAX ? bad("more than 1 MiB", err) : decode(&b, out, err);
    if (rc != OG_OK)
        og_model_release(out);
    return rc;
}

/* Per feature, of one member; the walk of near is the distance to the nearest rows. */
static void features_of(const struct og_model *m, enum og_member k, const float *x, const float *z,
                        double *part)
{
    size_t width = m->schema.width;
    float *tmp, *below;
    switch (k) {
    case OG_MEMBER_BOOST:
    case OG_MEMBER_IFOREST:
        below = og_forest_values(k == OG_MEMBER_BOOST ? &m->boost : &m->iforest.f);
        og_forest_explain(k == OG_MEMBER_BOOST ? &m->boost : &m->iforest.f, below,
                          k == OG_MEMBER_BOOST ? x : z, part);
        free(below);
        break;
    case OG_MEMBER_PCA:
        tmp = og_xcalloc(width, sizeof *tmp);
        og_pca_parts(&m->pca, z, tmp);
        for (size_t j = 0; j < width; j++)
            part[j] = tmp[j];
        free(tmp);
        break;
    case OG_MEMBER_HIST:
        for (size_t j = 0; j < width; j++)
            part[j] = og_hist_part(&m->hist, z, j);
        break;
    case OG_MEMBER_NEAR:
    case OG_MEMBER_HST:
    case OG_MEMBERS:
        for (size_t j = 0; j < width; j++)
            part[j] = (double)z[j] * z[j];
        break;
    }
}

void og_model_explain(const struct og_model *m, const float *x, const float *z,
                      const struct og_verdict *v, double *share)
{
    double *part = og_xcalloc(m->schema.width, sizeof *part), total = 0;
    unsigned best = 0;
    for (unsigned k = 0; k < OG_MEMBERS; k++)
        if (m->has[k] && (!m->has[best] || v->log_p[k] < v->log_p[best]))
            best = k;
    features_of(m, (enum og_member)best, x, z, part);
    for (size_t c = 0; c < m->schema.n; c++) {
        const struct og_schema_col *col = &m->schema.col[c];
        share[c] = 0;
        for (size_t j = col->at; j < col->at + (col->categorical ? col->n_levels + 1 : 1); j++)
            share[c] += part[j];
        share[c] = share[c] > 0 ? share[c] : 0; /* what speaks for it, not against */
        total += share[c];
    }
    for (size_t c = 0; c < m->schema.n && total > 0; c++)
        share[c] /= total;
    free(part);
}
