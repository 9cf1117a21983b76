/* match_pull.c - gives back what this node holds and an idle slot of another would finish sooner.
 */
#include "match.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_pull.h"
#include "store/store_query.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LEASES_MAX 64 /* of the node, looked at together */
#define FREE_GIFTS 8  /* given back in an epoch: more may bar the node */

struct pull {
    struct match_view v;
    uint64_t node;
    size_t *idle; /* columns of the view */
    size_t m, n;
    uint64_t lease[LEASES_MAX];
    struct og_pull_row row[LEASES_MAX];
    int64_t *ect; /* LEASES_MAX · m */
};

static void find_idle(struct pull *p)
{
    p->idle = og_xcalloc(p->v.m + 1, sizeof *p->idle);
    for (size_t j = 0; j < p->v.m; j++)
        if (p->v.cols[j].lease == 0 && p->v.cols[j].node != p->node)
            p->idle[p->m++] = j;
    p->ect = og_xcalloc(LEASES_MAX * p->m + 1, sizeof *p->ect);
}

static const struct og_match_col *col_of(const struct pull *p, const struct og_lease *ls)
{
    for (size_t j = 0; j < p->v.m; j++)
        if (p->v.cols[j].node == ls->node && p->v.cols[j].slot == ls->slot &&
            p->v.cols[j].lease == ls->id)
            return &p->v.cols[j];
    return NULL;
}

/* When it is done where it is: what runs as the chain expects it; what nobody has started is
 * expected to wait as long again as it has. */
static uint64_t stay_ms(struct pull *p, const struct og_lease *ls, const struct og_task *t,
                        const struct og_match_row *row, const struct og_match_col *col)
{
    uint64_t start = 60000 + t->in_bytes / 1000;
    uint64_t since = ls->dl_ms > start ? ls->dl_ms - start : 0;
    if (ls->state == OG_LEASE_RUNNING)
        return col->queue_ms;
    return og_cost_run(&p->v.round, row, col) +
           (p->v.round.now_ms > since ? p->v.round.now_ms - since : 0);
}

/* The nodes that the elements will not go to again: those before, and this one. */
static void bar_here(struct og_match_row *row, const struct og_lease *ls)
{
    size_t n = ls->tried.n / 8;
    uint64_t *ids = og_xcalloc(n + 1, sizeof *ids);
    for (size_t i = 0; i < n; i++)
        ids[i] = og_get_be64(ls->tried.p + 8 * i);
    ids[n] = ls->node;
    free((void *)(uintptr_t)row->tried);
    row->tried = ids;
    row->tried_n = n + 1;
}

static enum og_rc add_lease(struct pull *p, const struct og_lease *ls, const struct og_task *t,
                            struct og_err *err)
{
    const struct og_match_col *col = col_of(p, ls);
    struct og_match_row row;
    struct og_cost_terms terms;
    if (col == NULL || memcmp(col->owner, t->owner.b, OG_ADDR_LEN) == 0)
        return OG_OK; /* one's own may come back to the same node: nothing would be won */
    OG_TRY(match_view_row(&p->v, t, ls->first, ls->count, &row, err));
    bar_here(&row, ls);
    p->row[p->n] = (struct og_pull_row){.stay_ms = stay_ms(p, ls, t, &row, col),
                                        .urgency = row.urgency,
                                        .runs = ls->state == OG_LEASE_RUNNING};
    for (size_t k = 0; k < p->m; k++) {
        const struct og_match_col *there = &p->v.cols[p->idle[k]];
        int64_t *cell = &p->ect[p->n * p->m + k];
        *cell = OG_COST_NONE;
        if (og_need_check(&row, there))
            continue;
        match_view_cost(&p->v, &row, there, &terms);
        *cell = (int64_t)og_min_u64(terms.ect_ms, (uint64_t)OG_COST_MAX);
    }
    p->lease[p->n++] = ls->id;
    og_view_release_row(&row);
    return OG_OK;
}

static enum og_rc add_leases(struct pull *p, struct og_err *err)
{
    uint64_t at[LEASES_MAX][2];
    size_t n;
    OG_TRY(og_query(p->v.st, OG_Q_LEASES_OF_NODE, (uint64_t[]){p->node, 0}, 2, &at[0][0], 2,
                    LEASES_MAX, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_lease ls = {.id = at[i][0]};
        struct og_task t = {0};
        if (at[i][1] > OG_LEASE_RUNNING)
            continue;
        enum og_rc rc = og_row_need(p->v.st, OG_F_LEASE, &ls, err);
        t.id = ls.task;
        if (rc == OG_OK)
            rc = og_row_need(p->v.st, OG_F_TASK, &t, err);
        if (rc == OG_OK)
            rc = add_lease(p, &ls, &t, err);
        og_row_release(&og_families[OG_F_TASK], &t);
        og_row_release(&og_families[OG_F_LEASE], &ls);
        OG_TRY(rc);
    }
    return OG_OK;
}

/* How many more may be given back in this epoch. */
static enum og_rc gifts(struct pull *p, size_t *left, struct og_err *err)
{
    struct og_node n = {.id = p->node};
    OG_TRY(og_row_need(p->v.st, OG_F_NODE, &n, err));
    *left = n.epoch_released < FREE_GIFTS ? FREE_GIFTS - n.epoch_released : 0;
    og_row_release(&og_families[OG_F_NODE], &n);
    return OG_OK;
}

/* The list of leases to give back; NULL: none. */
static enum og_rc choose(struct pull *p, json_t **out, struct og_err *err)
{
    int32_t to[LEASES_MAX];
    size_t left;
    *out = NULL;
    OG_TRY(gifts(p, &left, err));
    if (p->n == 0 || p->m == 0 || left == 0)
        return OG_OK;
    OG_TRY(og_pull_choose(p->n, p->m, p->row, p->ect, to, err));
    json_t *list = json_array();
    for (size_t i = 0; i < p->n && json_array_size(list) < left; i++) {
        if (to[i] < 0)
            continue;
        const struct og_match_col *there = &p->v.cols[p->idle[to[i]]];
        og_log(OG_LOG_INFO,
               "lease %" PRIu64 " is given back: %" PRIu64 " ms here, %" PRId64
               " ms on node %" PRIu64 " slot %" PRIu32,
               p->lease[i], p->row[i].stay_ms, p->ect[i * p->m + (size_t)to[i]], there->node,
               there->slot);
        json_array_append_new(list, json_integer((json_int_t)p->lease[i]));
    }
    if (json_array_size(list) > 0)
        *out = list;
    else
        json_decref(list);
    return OG_OK;
}

static enum og_rc look(struct matcher *m, json_t **out, struct og_err *err)
{
    struct pull p = {.node = m->key_node};
    *out = NULL;
    enum og_rc rc = match_view_open(m->opts, &p.v, err);
    if (rc == OG_OK)
        find_idle(&p);
    if (rc == OG_OK && p.m > 0)
        rc = add_leases(&p, err);
    if (rc == OG_OK)
        rc = choose(&p, out, err);
    match_view_close(&p.v);
    free(p.idle);
    free(p.ect);
    return rc;
}

enum og_rc match_pull(struct matcher *m, bool *any, struct og_err *err)
{
    json_t *list;
    struct og_sent sent;
    *any = false;
    if (!m->key)
        return OG_OK;
    OG_TRY(look(m, &list, err));
    if (!list)
        return OG_OK;
    struct og_draft d = {.kind = OG_TX_LEASE_RELEASE, .body = json_pack("{s:o}", "leases", list)};
    enum og_rc rc = og_engine_send1(m->engine, m->key, &d, &sent, err);
    json_decref(d.body);
    *any = rc == OG_OK;
    if (rc != OG_E_DATA)
        return rc;
    og_log(OG_LOG_DEBUG, "not given back: %s", err->msg); /* it has moved on meanwhile */
    *err = (struct og_err){0};
    return OG_OK;
}
