/* guard_drift.h - do recent rows still look like those a model learned from? And which of two
 * models judges labelled rows better. */
#ifndef OG_GUARD_DRIFT_H
#define OG_GUARD_DRIFT_H

#include "guard/guard_model.h"

#define OG_DRIFT_PSI  0.25 /* population stability index that counts as a change */
#define OG_DRIFT_ROWS 500  /* least rows for it */

struct og_drift {
    uint64_t rows; /* normal rows looked at */
    bool p_moved;  /* ADWIN over their p-values, beginning with what the model promises */
    uint64_t p_at; /* the row it was seen at */
    double mean_p; /* 0.5 is what it promises */
    double *psi;   /* per column against the model's histograms; the caller frees */
    size_t moved;  /* columns beyond OG_DRIFT_PSI */
    bool drift;    /* any of it */
};

/* f: rows by the model's columns. */
void og_drift_look(const struct og_model *m, const struct og_frame *f, struct og_drift *out);

struct og_judged {
    size_t good, bad;   /* labelled rows */
    double auc;         /* 0.5 without both */
    double recall, fpr; /* at the model's alpha */
    double balanced;    /* (recall + 1 - fpr) / 2; 1 - fpr without bad rows */
};
/* Rows from..to-1 of f. */
void og_drift_judge(const struct og_model *m, const struct og_frame *f, size_t from, size_t to,
                    struct og_judged *out);

#endif
