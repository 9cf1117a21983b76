/* ledger_view.c - slots as columns and waiting work as rows of a matching. */
#include "ledger/ledger_view.h"

#include "ledger/ledger_int.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

uint64_t og_view_reliability(const struct og_node *n)
{
    uint64_t sum = n->rel_a + n->rel_b;
    return sum ? og_muldiv(n->rel_a, OG_PPM, sum) : 0;
}

enum og_rc og_view_lambda(struct og_ledger *l, uint64_t *ppm, struct og_err *err)
{
    return og_led_get(l, "lambda", ppm, err);
}

static uint32_t class_mask(const char *s)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } known[] = {{"program", OG_CLASS_PROGRAM},
                 {"kernel", OG_CLASS_KERNEL},
                 {"cuda", OG_CLASS_CUDA},
                 {"private", OG_CLASS_PRIVATE}};
    uint32_t mask = 0;
    for (size_t i = 0; s && i < sizeof known / sizeof *known; i++)
        if (strstr(s, known[i].name))
            mask |= known[i].bit;
    return mask;
}

static void read_submitters(const char *text, struct og_match_col *col)
{
    json_t *list = text ? json_loads(text, 0, NULL) : NULL;
    size_t n = json_array_size(list);
    uint8_t *flat = n ? og_xcalloc(n, OG_ADDR_LEN) : NULL;
    for (size_t i = 0; i < n; i++) {
        struct og_addr a;
        struct og_err ignored;
        const char *s = json_string_value(json_array_get(list, i));
        if (s && og_addr_parse(s, &a, &ignored) == OG_OK)
            memcpy(flat + i * OG_ADDR_LEN, a.b, OG_ADDR_LEN);
    }
    col->submitters = flat;
    col->submitters_n = n;
    json_decref(list);
}

static enum og_rc fill_col(struct og_ledger *l, const struct og_node *n, const struct og_slot *s,
                           struct og_match_col *col, struct og_err *err)
{
    uint64_t epoch;
    memset(col, 0, sizeof *col);
    OG_TRY(og_led_get(l, "epoch", &epoch, err));
    OG_TRY(og_view_lambda(l, &col->lambda_ppm, err));
    col->node = n->id;
    col->slot = (uint32_t)s->idx;
    memcpy(col->owner, n->owner.b, OG_ADDR_LEN);
    col->share_ppm = (uint32_t)s->share_ppm;
    col->c_mflops = og_muldiv(n->c_eff, s->share_ppm, OG_PPM);
    col->cores = (uint32_t)s->cores;
    col->mem_bytes = s->mem_bytes;
    col->gpu_ppm = (uint32_t)s->gpu_ppm;
    col->gpu_mem_bytes = s->gpu_mem_bytes;
    col->classes = class_mask(n->classes);
    col->min_rate = n->min_rate;
    col->rate = l->p.rate;
    col->max_lock = n->max_lock;
    col->free_bond = n->bond - n->locked;
    col->streak = n->streak;
    col->reliability_ppm = (uint32_t)og_view_reliability(n);
    col->queue_ms = s->sold_ms > l->now_ms ? s->sold_ms - l->now_ms : 0;
    col->recv_mflop = og_muldiv(n->work_done, s->share_ppm, OG_PPM);
    col->lease = s->lease;
    OG_TRY(og_led_pace(l, n->id, &col->pace_ppm, err));
    bool quarantined = n->quarantine_h > l->height || n->quarantine_ms > l->now_ms;
    col->blocked =
        n->state != OG_NODE_ACTIVE || quarantined || (n->barred_epoch && n->barred_epoch >= epoch);
    read_submitters(n->submitters, col);
    return OG_OK;
}

enum og_rc og_led_col(struct og_ledger *l, uint64_t node, uint64_t idx, struct og_match_col *col,
                      struct og_err *err)
{
    struct og_node n;
    struct og_slot s = {.node = node, .idx = idx};
    memset(col, 0, sizeof *col);
    OG_TRY(og_led_node(l, node, &n, err));
    enum og_rc rc = og_row_need(l->st, OG_F_SLOT, &s, err);
    if (rc == OG_OK)
        rc = fill_col(l, &n, &s, col, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

void og_led_col_release(struct og_match_col *col)
{
    free((void *)(uintptr_t)col->submitters);
    col->submitters = NULL;
}

void og_view_free_cols(struct og_match_col *cols, size_t m)
{
    for (size_t i = 0; i < m; i++)
        og_led_col_release(&cols[i]);
    free(cols);
}

static enum og_rc node_cols(struct og_ledger *l, uint64_t node, bool free_only,
                            struct og_match_col *cols, size_t *m, struct og_err *err)
{
    uint64_t idx[1024];
    size_t k;
    struct og_node n;
    OG_TRY(og_led_node(l, node, &n, err));
    enum og_rc rc = og_query(l->st, OG_Q_SLOTS_OF, (uint64_t[]){node}, 1, idx, 1, 1024, &k, err);
    for (size_t i = 0; rc == OG_OK && i < k && *m < OG_MATCH_COLS_MAX; i++) {
        struct og_slot s = {.node = node, .idx = idx[i]};
        rc = og_row_need(l->st, OG_F_SLOT, &s, err);
        if (rc == OG_OK && (!free_only || s.lease == 0))
            rc = fill_col(l, &n, &s, &cols[(*m)++], err);
    }
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

enum og_rc og_view_cols(struct og_ledger *l, bool free_only, struct og_match_col **cols, size_t *m,
                        struct og_err *err)
{
    uint64_t id[4096];
    size_t k;
    *cols = NULL;
    *m = 0;
    OG_TRY(og_query(l->st, OG_Q_NODES, (uint64_t[]){0}, 1, id, 1, 4096, &k, err));
    *cols = og_xcalloc(OG_MATCH_COLS_MAX, sizeof **cols);
    for (size_t i = 0; i < k; i++) {
        enum og_rc rc = node_cols(l, id[i], free_only, *cols, m, err);
        if (rc != OG_OK) {
            og_view_free_cols(*cols, *m);
            *cols = NULL;
            *m = 0;
            return rc;
        }
    }
    return OG_OK;
}

struct barred {
    const struct og_addr *submitter;
    struct og_buf list;
};

static enum og_rc add_barred(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    struct barred *b = ctx;
    const struct og_bar *r = rec;
    if (og_addr_eq(&r->submitter, b->submitter))
        og_buf_add(&b->list, r->owner.b, OG_ADDR_LEN);
    return OG_OK;
}

static enum og_rc home_of(struct og_ledger *l, const struct og_addr *owner, uint64_t *home,
                          struct og_err *err)
{
    uint64_t id[1];
    size_t n;
    OG_TRY(og_query_nodes_of_owner(l->st, owner, 0, id, 1, &n, err));
    *home = n ? id[0] : 0;
    return OG_OK;
}

static enum og_rc row_tried(struct og_ledger *l, uint64_t task, uint64_t first,
                            struct og_match_row *row, struct og_err *err)
{
    struct og_requeue r = {.task = task, .first = first};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_REQUEUE, &r, &found, err));
    size_t n = r.tried.n / 8;
    if (found && n) {
        uint64_t *ids = og_xcalloc(n, sizeof *ids);
        for (size_t i = 0; i < n; i++)
            ids[i] = og_get_be64(r.tried.p + 8 * i);
        row->tried = ids;
        row->tried_n = n;
    }
    OG_RELEASE(OG_F_REQUEUE, &r);
    return OG_OK;
}

static bool is_light(const struct og_task *t)
{
    static const struct og_addr nobody = {{0xff}};
    unsigned elsewhere = og_view_method(t, &nobody);
    return elsewhere == OG_VERIFY_OWN || elsewhere == OG_VERIFY_ACCEPT ||
           elsewhere == OG_VERIFY_CMD;
}

enum og_rc og_view_row(struct og_ledger *l, const struct og_task *t, uint64_t first, uint64_t count,
                       struct og_match_row *row, struct og_err *err)
{
    struct barred b = {.submitter = &t->owner, .list = OG_BUF_INIT};
    memset(row, 0, sizeof *row);
    row->task = t->id;
    row->count = (uint32_t)count;
    if (!og_mul_u64(t->work, count, &row->work_mflop))
        row->work_mflop = OG_VALUE_MAX;
    uint64_t lambda;
    OG_TRY(og_view_lambda(l, &lambda, err));
    if (!t->work)
        row->learned_mflop = og_muldiv(og_view_learned(l, t, lambda), count, 1);
    row->limit_ms = t->limit_ms;
    row->in_bytes = t->in_bytes;
    row->urgency = (uint32_t)t->urgency;
    row->deadline_ms = t->deadline_ms;
    row->age_ms = l->now_ms > t->submit_ms ? l->now_ms - t->submit_ms : 0;
    memcpy(row->owner, t->owner.b, OG_ADDR_LEN);
    row->cores = (uint32_t)t->cores;
    row->mem_bytes = t->mem_bytes;
    row->gpu_ppm = (uint32_t)t->gpu_ppm;
    row->gpu_mem_bytes = t->gpu_mem_bytes;
    row->max_price_grains = t->max_price;
    row->classes = t->kernel ? OG_CLASS_KERNEL : OG_CLASS_PROGRAM;
    row->q_min_ppm = (uint32_t)l->p.q_min_ppm;
    row->local_only = t->verify == OG_VERIFY_OWN;
    row->light_lock = is_light(t);
    OG_TRY(home_of(l, &t->owner, &row->home, err));
    OG_TRY(row_tried(l, t->id, first, row, err));
    OG_TRY(og_row_walk(l->st, OG_F_BAR, add_barred, &b, err));
    row->barred_n = b.list.len / OG_ADDR_LEN;
    row->barred = row->barred_n ? (uint8_t *)og_buf_detach(&b.list) : NULL;
    og_buf_release(&b.list);
    return OG_OK;
}

void og_view_release_row(struct og_match_row *row)
{
    free((void *)(uintptr_t)row->tried);
    free((void *)(uintptr_t)row->barred);
    memset(row, 0, sizeof *row);
}
