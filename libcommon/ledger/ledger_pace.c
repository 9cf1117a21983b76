/* ledger_pace.c - a node's pace: how much longer than expected its leases run, for costs only. */
#include "ledger/ledger_int.h"

#include "base/base_mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACE_MAX    (4u * OG_PPM)
#define PACE_LEAST  (OG_PPM + OG_PPM / 100) /* below it a pace is forgotten */
#define CREDITED_MS 1000                    /* shorter leases say nothing of a node's speed */

static void name_of(uint64_t node, char out[32])
{
    snprintf(out, 32, "pace:%" PRIu64, node);
}

/* Absent means as expected. */
static enum og_rc put_pace(struct og_ledger *l, const char *name, uint64_t ppm, struct og_err *err)
{
    struct og_value v = {.name = og_xstrdup(name), .value = ppm};
    enum og_rc rc = ppm < PACE_LEAST ? og_row_del(l->st, OG_F_GLOBAL, &v, err)
                                     : og_row_put(l->st, OG_F_GLOBAL, &v, err);
    free(v.name);
    return rc;
}

enum og_rc og_led_pace(struct og_ledger *l, uint64_t node, uint32_t *ppm, struct og_err *err)
{
    char name[32];
    uint64_t v;
    name_of(node, name);
    OG_TRY(og_led_get(l, name, &v, err));
    *ppm = (uint32_t)og_min_u64(og_max_u64(v, OG_PPM), PACE_MAX);
    return OG_OK;
}

/* Time · capacity over the work: of a built-in kernel from its arguments, else what the elements of
 * the same task took that were done before. Never below 10^6: nobody gains by short claims. */
enum og_rc og_led_learn_pace(struct og_ledger *l, const struct og_lease *ls,
                             const struct og_task *t, struct og_err *err)
{
    char name[32];
    uint32_t old;
    uint64_t each = t->kernel ? t->work : og_view_learned(l, t, ls->lambda_ppm);
    uint64_t work = og_muldiv(each, ls->count, 1);
    if (ls->credited_ms < CREDITED_MS || work == 0)
        return OG_OK;
    uint64_t took = og_muldiv(ls->capacity, ls->credited_ms, 1000);
    uint64_t ratio = og_min_u64(og_max_u64(og_muldiv(took, OG_PPM, work), OG_PPM), PACE_MAX);
    name_of(ls->node, name);
    OG_TRY(og_led_pace(l, ls->node, &old, err));
    uint64_t now = (3 * (uint64_t)old + ratio) / 4;
    return old == OG_PPM && now < PACE_LEAST ? OG_OK : put_pace(l, name, now, err);
}

struct paces {
    struct og_value *v;
    size_t n, cap;
};

static enum og_rc collect(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    struct paces *k = ctx;
    const struct og_value *v = rec;
    if (strncmp(v->name, "pace:", 5) != 0)
        return OG_OK;
    k->v = og_xgrow(k->v, &k->cap, k->n + 1, sizeof *k->v);
    k->v[k->n++] = (struct og_value){og_xstrdup(v->name), v->value};
    return OG_OK;
}

enum og_rc og_led_forget_pace(struct og_ledger *l, struct og_err *err)
{
    struct paces k = {.n = 0};
    enum og_rc rc = og_row_walk(l->st, OG_F_GLOBAL, collect, &k, err);
    for (size_t i = 0; i < k.n; i++) {
        uint64_t above = k.v[i].value > OG_PPM ? k.v[i].value - OG_PPM : 0;
        if (rc == OG_OK)
            rc = put_pace(l, k.v[i].name, OG_PPM + above / 2, err);
        free(k.v[i].name);
    }
    free(k.v);
    return rc;
}
