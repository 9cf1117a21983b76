/* match_schedule.c - a plan for all that waits: what each slot would run, in which order, until
 * when. */
#include "match.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "cli/cli_table.h"
#include "match/match_makespan.h"
#include "match/match_order.h"
#include "store/store_query.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE      64
#define ROWS_MAX  1024
#define EDGES_MAX 65536
#define DEPS_MAX  1024

struct turn {
    uint64_t task, first, count, urgency;
    uint64_t ready_ms; /* when what it waits for and what runs now is expected to have ended */
    int32_t slot;      /* −1: no slot takes it */
    uint64_t start_ms, finish_ms;
};

struct plan {
    struct match_view *v; /* while reading */
    struct og_match_col *cols;
    size_t m, n;
    struct turn *row;
    int64_t *p; /* n·m, then a row for each busy slot: ms, OG_COST_NONE */
    struct og_order_edge *edge;
    size_t edges, edge_cap;
    bool more; /* what waits beside these rows */
    uint64_t makespan_ms, bound_ms, sum_ms, placed;
    bool heft;
};

static void release(struct plan *p)
{
    og_view_free_cols(p->cols, p->m);
    free(p->row);
    free(p->p);
    free(p->edge);
}

static enum og_rc add_row(struct plan *p, const struct og_task *t, uint64_t first, uint64_t count,
                          struct og_err *err)
{
    struct og_match_row row;
    struct og_cost_terms terms;
    if (p->n == ROWS_MAX) {
        p->more = true;
        return OG_OK;
    }
    OG_TRY(og_view_row(p->v->ledger, t, first, count, &row, err));
    for (size_t j = 0; j < p->m; j++) {
        int64_t *cell = &p->p[p->n * p->m + j];
        *cell = OG_COST_NONE;
        if (og_need_check(&row, &p->cols[j]))
            continue;
        match_view_cost(p->v, &row, &p->cols[j], &terms);
        *cell = (int64_t)og_min_u64(terms.ect_ms - terms.queue_ms, (uint64_t)OG_COST_MAX);
    }
    p->row[p->n++] =
        (struct turn){.task = t->id, .first = first, .count = count, .urgency = row.urgency};
    og_view_release_row(&row);
    return OG_OK;
}

/* What waits of a task: ranges that wait again, then the rest in chunks. */
static enum og_rc add_task(struct plan *p, const struct og_task *t, struct og_err *err)
{
    uint64_t again[PAGE], chunk = og_max_u64(t->chunk, 1), at = t->q_first, left = t->q_count;
    size_t n = 0;
    if (t->requeued > 0)
        OG_TRY(og_query(p->v->st, OG_Q_REQUEUE_OF, &t->id, 1, again, 1, PAGE, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_requeue r = {.task = t->id, .first = again[i]};
        OG_TRY(og_row_need(p->v->st, OG_F_REQUEUE, &r, err));
        enum og_rc rc = add_row(p, t, r.first, r.count, err);
        og_row_release(&og_families[OG_F_REQUEUE], &r);
        OG_TRY(rc);
    }
    for (; left > 0 && p->n < ROWS_MAX;
         at += og_min_u64(left, chunk), left -= og_min_u64(left, chunk))
        OG_TRY(add_row(p, t, at, og_min_u64(left, chunk), err));
    p->more = p->more || left > 0;
    return OG_OK;
}

static enum og_rc add_open(struct plan *p, struct og_err *err)
{
    uint64_t at[2] = {UINT32_MAX, 0}, id[PAGE];
    for (size_t n = PAGE; n == PAGE && !p->more;) {
        OG_TRY(og_query(p->v->st, OG_Q_OPEN_TASKS_BELOW, at, 2, id, 1, PAGE, &n, err));
        for (size_t i = 0; i < n; i++) {
            struct og_task t = {.id = id[i]};
            OG_TRY(og_row_need(p->v->st, OG_F_TASK, &t, err));
            enum og_rc rc = add_task(p, &t, err);
            at[0] = t.urgency;
            at[1] = id[i];
            og_row_release(&og_families[OG_F_TASK], &t);
            OG_TRY(rc);
        }
    }
    return OG_OK;
}

/* Rows [from, to) come after task `on`: after its rows here, and after its leases that run. */
static enum og_rc add_dep(struct plan *p, size_t from, size_t to, uint64_t on, struct og_err *err)
{
    uint64_t ready = 0;
    for (size_t j = 0; j < p->m; j++) {
        struct og_lease lease = {.id = p->cols[j].lease};
        bool found = false;
        if (lease.id == 0)
            continue;
        OG_TRY(og_row_get(p->v->st, OG_F_LEASE, &lease, &found, err));
        if (found && lease.task == on)
            ready = og_max_u64(ready, p->cols[j].queue_ms);
        og_row_release(&og_families[OG_F_LEASE], &lease);
    }
    for (size_t i = from; i < to; i++)
        p->row[i].ready_ms = og_max_u64(p->row[i].ready_ms, ready);
    for (size_t k = 0; k < from; k++)
        for (size_t i = from; p->row[k].task == on && i < to; i++) {
            if (p->edges == EDGES_MAX)
                return og_err_set(err, OG_E_DATA, "more than %d dependencies to plan", EDGES_MAX);
            p->edge = og_xgrow(p->edge, &p->edge_cap, p->edges + 1, sizeof *p->edge);
            p->edge[p->edges++] = (struct og_order_edge){k, i, 0};
        }
    p->heft = true;
    return OG_OK;
}

/* Tasks that wait for others, by number: a dependency has a lower one, so it is here already. One
 * whose dependency had no place here stays out too. */
static enum og_rc add_waiting(struct plan *p, struct og_err *err)
{
    uint64_t at[2] = {OG_TASK_WAITING, 0}, id[PAGE], dep[2 * DEPS_MAX];
    for (size_t n = PAGE; n == PAGE && !p->more;) {
        OG_TRY(og_query(p->v->st, OG_Q_TASKS_IN, at, 2, id, 1, PAGE, &n, err));
        for (size_t i = 0; i < n; i++) {
            struct og_task t = {.id = at[1] = id[i]};
            size_t from = p->n, deps = 0;
            OG_TRY(og_row_need(p->v->st, OG_F_TASK, &t, err));
            enum og_rc rc = add_task(p, &t, err);
            if (rc == OG_OK)
                rc = og_query(p->v->st, OG_Q_DEPS_OF, &t.id, 1, dep, 2, DEPS_MAX, &deps, err);
            for (size_t k = 0; rc == OG_OK && k < deps; k++)
                rc = add_dep(p, from, p->n, dep[2 * k], err);
            og_row_release(&og_families[OG_F_TASK], &t);
            OG_TRY(rc);
        }
    }
    return OG_OK;
}

/* Rows that no slot takes, and those behind them, stay out: row i of the problem is of[i]. */
static size_t choose_rows(struct plan *p, size_t *of)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        p->row[i].slot = -1;
        for (size_t j = 0; j < p->m; j++)
            if (p->p[i * p->m + j] != OG_COST_NONE)
                p->row[i].slot = 0;
    }
    for (size_t e = 0; e < p->edges; e++) /* by rising `to` */
        if (p->row[p->edge[e].from].slot < 0)
            p->row[p->edge[e].to].slot = -1;
    for (size_t i = 0; i < p->n; i++)
        if (p->row[i].slot == 0)
            of[n++] = i;
    return n;
}

static void compact(struct plan *p, const size_t *of, size_t n)
{
    size_t *to = og_xcalloc(p->n + 1, sizeof *to), kept = 0;
    for (size_t i = 0; i < n; i++) {
        to[of[i]] = i;
        for (size_t j = 0; j < p->m; j++)
            p->p[i * p->m + j] = p->p[of[i] * p->m + j];
    }
    for (size_t e = 0; e < p->edges; e++)
        if (p->row[p->edge[e].to].slot == 0) {
            p->edge[kept] = p->edge[e];
            p->edge[kept].from = to[p->edge[e].from];
            p->edge[kept++].to = to[p->edge[e].to];
        }
    p->edges = kept;
    free(to);
}

static bool time_is_up(void *at)
{
    return og_time_mono_us() >= *(const uint64_t *)at;
}

/* The bound, and where no row waits for another the machine of each; a busy slot is a row that
 * only it takes. */
static enum og_rc solve_makespan(struct plan *p, const struct match_opts *opts, const size_t *of,
                                 size_t n, struct og_err *err)
{
    uint64_t end = og_time_mono_us() + opts->budget_ms * 1000;
    struct og_makespan_opts o = {.steps = opts->budget_ms ? UINT64_MAX : 0,
                                 .stop = opts->budget_ms ? time_is_up : NULL,
                                 .stop_at = &end};
    struct og_makespan found;
    size_t rows = n;
    for (size_t j = 0; j < p->m; j++) {
        if (p->cols[j].queue_ms == 0)
            continue;
        for (size_t k = 0; k < p->m; k++)
            p->p[rows * p->m + k] = OG_COST_NONE;
        p->p[rows++ * p->m + j] = (int64_t)og_min_u64(p->cols[j].queue_ms, (uint64_t)OG_COST_MAX);
    }
    int32_t *x = og_xcalloc(rows + 1, sizeof *x);
    uint32_t *price = og_xcalloc(p->m + 1, sizeof *price);
    enum og_rc rc = og_makespan_solve(rows, p->m, p->p, &o, x, price, &found, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++)
        p->row[of[i]].slot = x[i];
    p->bound_ms = rc == OG_OK ? (uint64_t)found.bound : 0;
    free(x);
    free(price);
    return rc;
}

/* Smith's order on every slot: urgency over time. */
static void order_slots(struct plan *p, const size_t *of, size_t n)
{
    uint64_t *time = og_xcalloc(n + 1, sizeof *time), *weight = og_xcalloc(n + 1, sizeof *weight);
    size_t *order = og_xcalloc(n + 1, sizeof *order), *on = og_xcalloc(n + 1, sizeof *on);
    for (size_t j = 0; j < p->m; j++) {
        uint64_t at = p->cols[j].queue_ms;
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
            if (p->row[of[i]].slot == (int32_t)j) {
                time[k] = (uint64_t)p->p[i * p->m + j];
                weight[k] = p->row[of[i]].urgency;
                on[k++] = i;
            }
        og_order_smith(k, time, weight, order);
        for (size_t q = 0; q < k; q++) {
            struct turn *t = &p->row[of[on[order[q]]]];
            t->start_ms = at;
            t->finish_ms = at += time[order[q]];
        }
    }
    free(time);
    free(weight);
    free(order);
    free(on);
}

static enum og_rc order_dag(struct plan *p, const size_t *of, size_t n, struct og_err *err)
{
    uint64_t *ready = og_xcalloc(p->m + 1, sizeof *ready), makespan;
    uint64_t *start = og_xcalloc(n + 1, sizeof *start);
    struct og_order_slot *slot = og_xcalloc(n + 1, sizeof *slot);
    for (size_t j = 0; j < p->m; j++)
        ready[j] = og_min_u64(p->cols[j].queue_ms, (uint64_t)OG_COST_MAX);
    for (size_t i = 0; i < n; i++)
        start[i] = og_min_u64(p->row[of[i]].ready_ms, (uint64_t)OG_COST_MAX);
    enum og_rc rc =
        og_order_heft(n, p->m, p->p, p->edge, p->edges, ready, start, slot, NULL, &makespan, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        p->row[of[i]].slot = slot[i].machine;
        p->row[of[i]].start_ms = slot[i].start;
        p->row[of[i]].finish_ms = slot[i].finish;
    }
    free(ready);
    free(start);
    free(slot);
    return rc;
}

static enum og_rc make_plan(struct plan *p, const struct match_opts *opts, struct og_err *err)
{
    size_t *of = og_xcalloc(p->n + 1, sizeof *of);
    size_t n = choose_rows(p, of);
    enum og_rc rc = OG_OK;
    compact(p, of, n);
    if (p->m > 0)
        rc = solve_makespan(p, opts, of, n, err);
    if (rc == OG_OK && p->heft)
        rc = order_dag(p, of, n, err);
    else if (rc == OG_OK)
        order_slots(p, of, n);
    for (size_t j = 0; j < p->m; j++)
        p->makespan_ms = og_max_u64(p->makespan_ms, p->cols[j].queue_ms);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        p->makespan_ms = og_max_u64(p->makespan_ms, p->row[of[i]].finish_ms);
        p->sum_ms += p->row[of[i]].finish_ms;
    }
    p->placed = n;
    free(of);
    return rc;
}

/* ---- printing: by slot, then by start */

static int turn_cmp(const void *a, const void *b)
{
    const struct turn *p = a, *q = b;
    if (p->slot != q->slot) /* −1 last */
        return (uint32_t)p->slot < (uint32_t)q->slot ? -1 : 1;
    if (p->start_ms != q->start_ms)
        return p->start_ms < q->start_ms ? -1 : 1;
    if (p->finish_ms != q->finish_ms)
        return p->finish_ms < q->finish_ms ? -1 : 1;
    if (p->task != q->task)
        return p->task < q->task ? -1 : 1;
    return p->first < q->first ? -1 : p->first > q->first;
}

static void set_num(json_t *o, const char *key, uint64_t v)
{
    json_object_set_new(o, key, json_integer((json_int_t)v));
}

static json_t *turn_json(const struct plan *p, const struct turn *t, uint64_t turn)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string("turn"));
    set_num(o, "v", 1);
    set_num(o, "task", t->task);
    set_num(o, "first", t->first);
    set_num(o, "count", t->count);
    json_object_set_new(o, "waits", json_boolean(t->slot < 0));
    if (t->slot < 0)
        return o;
    set_num(o, "node", p->cols[t->slot].node);
    set_num(o, "slot", p->cols[t->slot].slot);
    set_num(o, "turn", turn);
    set_num(o, "start_ms", t->start_ms);
    set_num(o, "finish_ms", t->finish_ms);
    return o;
}

static json_t *total_json(const struct plan *p)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string("schedule"));
    set_num(o, "v", 1);
    json_object_set_new(o, "method", json_string(p->heft ? "heft" : "makespan"));
    set_num(o, "rows", p->n);
    set_num(o, "placed", p->placed);
    json_object_set_new(o, "complete", json_boolean(!p->more));
    set_num(o, "slots", p->m);
    set_num(o, "makespan_ms", p->makespan_ms);
    set_num(o, "bound_ms", p->bound_ms);
    if (p->bound_ms > 0)
        set_num(o, "gap_ppm", og_muldiv_up(p->makespan_ms - p->bound_ms, OG_PPM, p->bound_ms));
    json_object_set_new(o, "sum_ms", og_json_new_dec(p->sum_ms));
    return o;
}

static void print_table(const struct plan *p)
{
    static const char *const head[] = {"NODE",     "SLOT",  "TURN",  "TASK",
                                       "ELEMENTS", "START", "FINISH"};
    struct og_table *t = og_table_new(7);
    uint64_t turn = 0;
    char text[32];
    for (size_t c = 0; c < 7; c++)
        og_table_head(t, c, head[c], true);
    for (size_t i = 0; i < p->n && p->row[i].slot >= 0; i++) {
        const struct turn *r = &p->row[i];
        turn = i > 0 && r[-1].slot == r->slot ? turn + 1 : 1;
        og_table_cellf(t, "%" PRIu64, p->cols[r->slot].node);
        og_table_cellf(t, "%" PRIu32, p->cols[r->slot].slot);
        og_table_cellf(t, "%" PRIu64, turn);
        og_table_cellf(t, "%" PRIu64, r->task);
        og_table_cellf(t, "%" PRIu64 "-%" PRIu64, r->first, r->first + r->count - 1);
        og_fmt_duration_ms(r->start_ms, text, sizeof text);
        og_table_cell(t, text);
        og_fmt_duration_ms(r->finish_ms, text, sizeof text);
        og_table_cell(t, text);
    }
    if (p->placed > 0)
        og_table_print(t, og_table_width(stdout), stdout);
    og_table_free(t);
    og_fmt_duration_ms(p->makespan_ms, text, sizeof text);
    printf("%" PRIu64 " of %zu rows on %zu slots, all done in %s", p->placed, p->n, p->m, text);
    og_fmt_duration_ms(p->bound_ms, text, sizeof text);
    printf(", not before %s in any schedule\n", text);
    if (p->more)
        printf("more waits behind them\n");
}

static enum og_rc print_plan(const struct match_opts *opts, struct plan *p, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    uint64_t turn = 0;
    if (p->n > 0)
        qsort(p->row, p->n, sizeof *p->row, turn_cmp);
    if (opts->common.human) {
        print_table(p);
        return OG_OK;
    }
    for (size_t i = 0; rc == OG_OK && i < p->n; i++) {
        turn = i > 0 && p->row[i - 1].slot == p->row[i].slot ? turn + 1 : 1;
        json_t *o = turn_json(p, &p->row[i], turn);
        rc = og_jsonl_write(stdout, o, err);
        json_decref(o);
    }
    json_t *total = total_json(p);
    if (rc == OG_OK)
        rc = og_jsonl_write(stdout, total, err);
    json_decref(total);
    return rc;
}

static enum og_rc read_rows(struct plan *p, struct og_err *err)
{
    p->m = p->v->m;
    p->cols = p->v->cols;
    p->row = og_xcalloc(ROWS_MAX, sizeof *p->row);
    p->p = og_xcalloc((ROWS_MAX + p->m) * p->m + 1, sizeof *p->p);
    OG_TRY(add_open(p, err));
    return add_waiting(p, err);
}

enum og_rc match_schedule(const struct match_opts *opts, struct og_err *err)
{
    struct match_view v;
    struct plan p = {.v = &v};
    enum og_rc rc = match_view_open(opts, &v, err);
    if (rc == OG_OK)
        rc = read_rows(&p, err);
    if (p.cols) { /* they are the plan's now */
        v.cols = NULL;
        v.m = 0;
    }
    match_view_close(&v); /* the rest needs no state, and printing may wait */
    if (rc == OG_OK)
        rc = make_plan(&p, opts, err);
    if (rc == OG_OK)
        rc = print_plan(opts, &p, err);
    if (rc == OG_OK && p.n > 0 && p.placed == 0)
        rc = OG_NO;
    release(&p);
    return rc;
}
