/* cmd_fit.c - from a table to a model. */
#include "cmd.h"

#include "base/base_log.h"
#include "base/base_mem.h"

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
