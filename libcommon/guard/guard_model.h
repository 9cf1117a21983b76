/* guard_model.h - a model: columns, members, their calibration; fitted, scored, as bytes.
 *
 * Members are the boosted trees (supervised only), isolation forest, nearest rows, histograms,
 * components and half-space trees. Each member's score becomes a p-value over honest rows it was
 * not fitted to; the weighted mean of these (og_calib_combine) is the score of the row, and its own
 * p-value, over the same rows, decides. */
#ifndef OG_GUARD_MODEL_H
#define OG_GUARD_MODEL_H

#include "guard/guard_calib.h"
#include "guard/guard_forest.h"
#include "guard/guard_hist.h"
#include "guard/guard_hst.h"
#include "guard/guard_iforest.h"
#include "guard/guard_near.h"
#include "guard/guard_pca.h"
#include "guard/guard_schema.h"

#define OG_MODEL_BYTES_MAX (1u << 20)

enum og_member {
    OG_MEMBER_BOOST,
    OG_MEMBER_IFOREST,
    OG_MEMBER_NEAR,
    OG_MEMBER_HIST,
    OG_MEMBER_PCA,
    OG_MEMBER_HST,
    OG_MEMBERS
};

struct og_model {
    struct og_schema schema;
    bool has[OG_MEMBERS];
    float weight[OG_MEMBERS];
    struct og_forest boost; /* over features as they are; the others over z */
    struct og_iforest iforest;
    struct og_near near;
    struct og_hist hist;
    struct og_pca pca;
    struct og_hst hst;
    struct og_calib member[OG_MEMBERS], all;
    float alpha; /* p at or below it is an alert */
    uint64_t seed;
    uint32_t rows; /* it was trained with */
};

struct og_verdict {
    float raw[OG_MEMBERS];   /* members' scores, 0 where there is none */
    float log_p[OG_MEMBERS]; /* their p-values */
    float score;             /* -log10 of their mean, before it is calibrated itself */
    double p;
    bool alert;
};

/* Which rows a model is fitted to and which calibrate it: a function of seed and row. With few rows
 * all do both. */
#define OG_MODEL_SPLIT_FROM 2000
bool og_model_calibrates(uint64_t seed, size_t n, size_t row);

const char *og_member_name(enum og_member m);

/* Fits all but the boosted trees, which m->boost and m->has hold already, and m->schema, which is
 * fitted to f, too. normals: the rows with y = 0 are known to be normal; else anything may be
 * among them. */
void og_model_fit(struct og_model *m, const struct og_frame *f, bool normals, uint64_t seed,
                  float alpha);
void og_model_release(struct og_model *m);
/* x: features (og_schema_encode). z: room for as many floats; afterwards x by its scale. */
void og_model_score(const struct og_model *m, const float *x, float *z, struct og_verdict *out);

/* Which columns made the score: share[c] of each column, adding to 1 where anything did; of the
 * member with the least p. */
void og_model_explain(const struct og_model *m, const float *x, const float *z,
                      const struct og_verdict *v, double *share);

void og_model_encode(const struct og_model *m, struct og_buf *out);
/* OG_E_DATA: malformed. */
enum og_rc og_model_decode(const void *p, size_t n, struct og_model *out,
                           struct og_err *err) OG_MUST_CHECK;

#endif
