/* cmd_fit.c - from a table to a model. */
#include "cmd.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

/* The boosted trees see the rows that do not calibrate. */
static enum og_rc boost(const struct og_frame *f, const struct cmd_fit *o, struct og_model *m,
                        struct og_err *err)
{
    size_t n = 0, bad = 0;
    float *x = og_xmalloc(f->n * f->width * sizeof *x), *y = og_xmalloc(f->n * sizeof *y);
    for (size_t i = 0; i < f->n; i++) {
        if (f->n >= OG_MODEL_SPLIT_FROM && og_model_calibrates(o->seed, f->n, i) && !f->y[i])
            continue;
        memcpy(x + n * f->width, f->x + i * f->width, f->width * sizeof *x);
        bad += f->y[i];
        y[n++] = f->y[i];
    }
    enum og_rc rc = OG_OK;
    if (bad == 0)
        rc = og_err_set(err, OG_E_DATA,
                        "every row is normal: there is nothing to learn from labels "
                        "(--unsupervised needs none)");
    else
        rc = cmd_boost(x, y, n, f->width, o->rounds, o->seed, &m->boost, err);
    m->has[OG_MEMBER_BOOST] = rc == OG_OK;
    free(x);
    free(y);
    return rc;
}

struct cmd_fit cmd_fit_of(const struct cmd_learn *o)
{
    struct cmd_fit f = {.schema = {.label = o->label,
                                   .normal = o->normal,
                                   .no_header = o->no_header,
                                   .owner = o->owner,
                                   .max_share = (double)o->max_share / OG_PPM,
                                   .seed = o->seed},
                        .unsupervised = o->unsupervised,
                        .rounds = o->rounds,
                        .seed = o->seed,
                        .alpha = (double)o->alpha / OG_PPM};
    const char *const text[3] = {o->categorical, o->ignore, o->exclude};
    const char **list[3];
    size_t n[3];
    for (unsigned k = 0; k < 3; k++) {
        f.names[k] = text[k] ? og_xstrdup(text[k]) : NULL;
        cmd_list(f.names[k], &list[k], &n[k]);
    }
    f.schema.categorical = list[0];
    f.schema.n_categorical = n[0];
    f.schema.ignore = list[1];
    f.schema.n_ignore = n[1];
    f.schema.exclude = list[2];
    f.schema.n_exclude = n[2];
    return f;
}

void cmd_fit_release(struct cmd_fit *f)
{
    free((void *)(uintptr_t)f->schema.categorical);
    free((void *)(uintptr_t)f->schema.ignore);
    free((void *)(uintptr_t)f->schema.exclude);
    for (unsigned k = 0; k < 3; k++)
        free(f->names[k]);
}

enum og_rc cmd_fit(const char *text, size_t len, const char *name, const struct cmd_fit *o,
                   struct og_model *out, struct og_err *err)
{
    struct og_frame f;
    struct og_buf left_out = OG_BUF_INIT;
    *out = (struct og_model){0};
    enum og_rc rc = og_schema_learn(text, len, name, &o->schema, &out->schema, &f, &left_out, err);
    if (rc == OG_OK && left_out.len)
        og_log(OG_LOG_WARNING, "left out, too many different values:%s", left_out.p);
    og_buf_release(&left_out);
    if (rc != OG_OK)
        return rc;
    if (o->part > 0 && (double)f.n * o->part >= 1)
        f.n = (size_t)((double)f.n * o->part);
    if (o->unsupervised && !o->schema.normal) /* labels are not looked at */
        memset(f.y, 0, f.n);
    og_schema_fit(&out->schema, &f);
    if (!o->unsupervised)
        rc = boost(&f, o, out, err);
    if (rc == OG_OK)
        og_model_fit(out, &f, !o->unsupervised || o->schema.normal, o->seed, (float)o->alpha);
    og_frame_release(&f);
    if (rc != OG_OK)
        og_model_release(out);
    return rc;
}
