/* ledger_ways.c - what a round's costs need of the network: ways, holders of
 * inputs, busy slots. */
#include "ledger/ledger_int.h"

#include "base/base_mem.h"
#include "match/match_graph.h"

#include <stdlib.h>
#include <string.h>

#define HOLDERS_MAX 16
#define LOOKS_MAX   (1u << 24) /* nodes and links visited for one round */

/* A task that runs on a node now: the node has its inputs and serves them. */
struct running {
    uint64_t task, node;
};

struct og_ways {
    struct og_graph *graph;
    uint64_t *id; /* nodes, ascending */
    size_t n;
    struct og_cost_way *way; /* of the task asked for last */
    struct og_graph_way *near;
    uint64_t *latency_us, *bytes_per_s; /* from the home asked for last */
    uint64_t home, task;
    struct running *run; /* by task, node */
    size_t runs;
    uint64_t looks;
};

struct links {
    struct og_graph_link *v;
    size_t n, cap;
};

static enum og_rc add_link(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    struct links *k = ctx;
    const struct og_link *r = rec;
    k->v = og_xgrow(k->v, &k->cap, k->n + 1, sizeof *k->v);
    k->v[k->n++] = (struct og_graph_link){r->node, r->peer, r->latency_us, r->bytes_per_s};
    return OG_OK;
}

static enum og_rc make_graph(struct og_ledger *l, struct og_ways *w, struct og_err *err)
{
    struct links k = {0};
    w->id = og_xcalloc(OG_MATCH_COLS_MAX, sizeof *w->id);
    OG_TRY(
        og_query(l->st, OG_Q_NODES, (uint64_t[]){0}, 1, w->id, 1, OG_MATCH_COLS_MAX, &w->n, err));
    w->way = og_xcalloc(w->n + 1, sizeof *w->way);
    w->near = og_xcalloc(w->n + 1, sizeof *w->near);
    w->latency_us = og_xcalloc(w->n + 1, sizeof *w->latency_us);
    w->bytes_per_s = og_xcalloc(w->n + 1, sizeof *w->bytes_per_s);
    enum og_rc rc = og_row_walk(l->st, OG_F_LINK, add_link, &k, err);
    if (rc == OG_OK)
        rc = og_graph_new(w->id, w->n, k.v, k.n, &w->graph, err);
    free(k.v);
    return rc;
}

uint64_t og_view_learned(const struct og_ledger *l, const struct og_task *t, uint64_t lambda_ppm)
{
    og_u128 price = (og_u128)l->p.rate * lambda_ppm;
    if (t->done == 0 || price == 0)
        return 0;
    /* what was paid, as work: U = P · 10^15 / (rate · λ) */
    og_u128 units = (og_u128)t->paid * 1000000000000000u / price / t->done;
    return units > OG_VALUE_MAX ? OG_VALUE_MAX : (uint64_t)units;
}

/* When the lease in a busy slot is expected to leave it. */
static void expect(const struct og_ledger *l, const struct og_cost_round *r,
                   const struct og_lease *ls, const struct og_task *t, struct og_match_col *col)
{
    struct og_match_row row = {.count = (uint32_t)ls->count, .limit_ms = t->limit_ms};
    uint64_t since = ls->started_ms;
    uint64_t start = 60000 + t->in_bytes / 1000;
    if (ls->state == OG_LEASE_MATCHED)
        since = ls->dl_ms > start ? ls->dl_ms - start : 0;
    if (!og_mul_u64(t->work, ls->count, &row.work_mflop))
        row.work_mflop = OG_VALUE_MAX;
    row.learned_mflop = og_muldiv(og_view_learned(l, t, col->lambda_ppm), ls->count, 1);
    uint64_t left =
        og_cost_left(og_cost_run(r, &row, col), r->now_ms > since ? r->now_ms - since : 0);
    col->queue_ms = og_max_u64(col->queue_ms, left);
}

static int by_task(const void *a, const void *b)
{
    const struct running *p = a;
    const struct running *q = b;
    if (p->task != q->task)
        return p->task < q->task ? -1 : 1;
    return p->node < q->node ? -1 : p->node > q->node;
}

static enum og_rc look_at_busy(struct og_ledger *l, struct og_ways *w,
                               const struct og_cost_round *r, struct og_match_col *cols, size_t m,
                               struct og_err *err)
{
    w->run = og_xcalloc(m + 1, sizeof *w->run);
    for (size_t j = 0; j < m; j++) {
        struct og_lease ls;
        struct og_task t = {0};
        if (!cols[j].lease)
            continue;
        OG_TRY(og_led_lease(l, cols[j].lease, &ls, err));
        enum og_rc rc = og_led_task(l, ls.task, &t, err);
        if (rc == OG_OK)
            expect(l, r, &ls, &t, &cols[j]);
        if (rc == OG_OK && ls.state == OG_LEASE_RUNNING)
            w->run[w->runs++] = (struct running){ls.task, ls.node};
        OG_RELEASE(OG_F_TASK, &t);
        OG_RELEASE(OG_F_LEASE, &ls);
        OG_TRY(rc);
    }
    if (w->runs > 0)
        qsort(w->run, w->runs, sizeof *w->run, by_task);
    return OG_OK;
}

enum og_rc og_ways_new(struct og_ledger *l, const struct og_cost_round *r,
                       struct og_match_col *cols, size_t m, struct og_ways **out,
                       struct og_err *err)
{
    struct og_ways *w = og_xcalloc(1, sizeof *w);
    *out = NULL;
    enum og_rc rc = make_graph(l, w, err);
    if (rc == OG_OK)
        rc = look_at_busy(l, w, r, cols, m, err);
    if (rc == OG_OK)
        *out = w;
    else
        og_ways_free(w);
    return rc;
}

void og_ways_free(struct og_ways *w)
{
    if (!w)
        return;
    og_graph_free(w->graph);
    free(w->id);
    free(w->way);
    free(w->near);
    free(w->latency_us);
    free(w->bytes_per_s);
    free(w->run);
    free(w);
}

/* May the graph be walked once more? A round of many homes in a large network
 * has an end. */
static bool may_look(struct og_ways *w)
{
    w->looks += w->n + og_graph_edges(w->graph);
    return w->looks <= LOOKS_MAX;
}

static size_t first_run(const struct og_ways *w, uint64_t task)
{
    size_t lo = 0;
    size_t hi = w->runs;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->run[mid].task < task)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The submitter's node, then those where the task runs. */
static size_t holders(const struct og_ways *w, uint64_t task, uint64_t home,
                      uint64_t id[HOLDERS_MAX])
{
    size_t n = 0;
    if (home)
        id[n++] = home;
    for (size_t i = first_run(w, task); i < w->runs && w->run[i].task == task; i++) {
        bool again = w->run[i].node == home || (n > 0 && id[n - 1] == w->run[i].node);
        if (!again && n < HOLDERS_MAX)
            id[n++] = w->run[i].node;
    }
    return n;
}

static void from_home(struct og_ways *w, uint64_t home)
{
    bool same = w->task && w->home == home;
    w->home = home;
    if (same)
        return;
    if (may_look(w)) {
        og_graph_from(w->graph, home, w->latency_us, w->bytes_per_s);
        return;
    }
    for (size_t i = 0; i < w->n; i++) {
        w->latency_us[i] = OG_GRAPH_LATENCY_NONE_US;
        w->bytes_per_s[i] = OG_GRAPH_BPS_NONE;
    }
}

static bool runs_on(const struct og_ways *w, uint64_t task, uint64_t node)
{
    for (size_t i = first_run(w, task); i < w->runs && w->run[i].task == task; i++)
        if (w->run[i].node == node)
            return true;
    return false;
}

void og_ways_task(struct og_ways *w, uint64_t task, uint64_t home, uint64_t in_bytes)
{
    uint64_t id[HOLDERS_MAX];
    if (w->task == task)
        return;
    size_t n = holders(w, task, home, id);
    from_home(w, home);
    w->task = task;
    bool fetched = in_bytes > 0 && n > 0 && may_look(w);
    if (fetched)
        og_graph_nearest(w->graph, id, n, in_bytes, w->near);
    bool somewhere = first_run(w, task) < w->runs && w->run[first_run(w, task)].task == task;
    for (size_t i = 0; i < w->n; i++) {
        bool here = somewhere && runs_on(w, task, w->id[i]);
        w->way[i] = (struct og_cost_way){.latency_us = w->latency_us[i],
                                         .bytes_per_s = w->bytes_per_s[i],
                                         .held = here || (home && w->id[i] == home),
                                         .away = somewhere && !here};
        if (fetched) {
            w->way[i].fetch_us = w->near[i].latency_us;
            w->way[i].bytes_per_s = w->near[i].bytes_per_s;
        }
    }
}

const struct og_cost_way *og_ways_to(const struct og_ways *w, uint64_t node)
{
    static const struct og_cost_way none = {.latency_us = OG_GRAPH_LATENCY_NONE_US,
                                            .bytes_per_s = OG_GRAPH_BPS_NONE};
    size_t lo = 0;
    size_t hi = w->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->id[mid] < node)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < w->n && w->id[lo] == node ? &w->way[lo] : &none;
}
