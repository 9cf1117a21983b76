/* match_dry.c - what would be assigned now and what it costs; changes nothing. */
#include "match.h"

#include "base/base_buf.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "cli/cli_table.h"
#include "match/match_cert.h"
#include "match/match_lap.h"
#include "match/match_place.h"
#include "store/store_query.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE 64

#define CELLS 262144 /* as many as a round of the chain has */

/* One problem: rows are ranges of tasks, columns places on slots; filled from the waiting round or
 * from the tasks and slots there are now. */
struct dry {
    uint64_t round; /* 0: not a round of the chain */
    size_t n, m, places, n_free;
    uint64_t (*row)[4]; /* task, first, count, attempt */
    uint64_t (*col)[2]; /* node, slot */
    bool *busy;         /* columns of slots with a lease */
    uint64_t *keep;     /* while only first places are known: rows · m */
    int64_t *c, *wait;
    int32_t *x;
    bool *go; /* rows that would be leased now */
};

static void release(struct dry *d)
{
    free(d->row);
    free(d->col);
    free(d->c);
    free(d->wait);
    free(d->x);
    free(d->busy);
    free(d->keep);
    free(d->go);
}

/* A row of a round says whether its elements wait again; which attempt that is, their own row. */
static enum og_rc attempt_of(struct match_view *v, uint64_t row[4], struct og_err *err)
{
    struct og_requeue r = {.task = row[0], .first = row[1]};
    bool found;
    if (row[3] == 0)
        return OG_OK;
    OG_TRY(og_row_get(v->st, OG_F_REQUEUE, &r, &found, err));
    row[3] = found ? r.attempt : 0;
    og_row_release(&og_families[OG_F_REQUEUE], &r);
    return OG_OK;
}

static enum og_rc from_round(struct match_view *v, struct dry *d, bool *found, struct og_err *err)
{
    struct og_round rd = {0};
    OG_TRY(og_view_round(v->ledger, &rd, &d->c, &d->wait, found, err));
    if (!*found)
        return OG_OK;
    d->round = rd.id;
    d->n = (size_t)rd.rows;
    d->m = (size_t)rd.cols;
    d->places = og_view_places(&rd);
    d->row = og_xcalloc(d->n + 1, sizeof *d->row);
    d->col = og_xcalloc(d->m + 1, sizeof *d->col);
    d->busy = og_xcalloc(d->m + 1, sizeof *d->busy);
    for (size_t i = 0; i < 4 * d->n && 8 * i + 8 <= rd.row.n; i++)
        d->row[i / 4][i % 4] = og_get_be64(rd.row.p + 8 * i);
    for (size_t j = 0; j < 2 * d->m && 8 * j + 8 <= rd.col.n; j++)
        d->col[j / 2][j % 2] = og_get_be64(rd.col.p + 8 * j);
    og_row_release(&og_families[OG_F_ROUND], &rd);
    for (size_t i = 0; i < d->n; i++)
        OG_TRY(attempt_of(v, d->row[i], err));
    for (size_t j = 0; j < d->m; j++) {
        struct og_slot s = {.node = d->col[j][0], .idx = d->col[j][1]};
        bool there;
        OG_TRY(og_row_get(v->st, OG_F_SLOT, &s, &there, err));
        d->busy[j] = !there || s.lease > 0;
        d->n_free += j % d->places == 0 && !d->busy[j];
    }
    return OG_OK;
}

/* One row more: its costs against every slot. */
static enum og_rc add_row(struct match_view *v, struct dry *d, const struct og_task *t,
                          uint64_t first, uint64_t count, uint64_t attempt, struct og_err *err)
{
    struct og_match_row row;
    struct og_cost_terms terms;
    uint64_t best_ms = UINT64_MAX;
    OG_TRY(match_view_row(v, t, first, count, &row, err));
    for (size_t j = 0; j < d->m; j++) {
        int64_t *cell = &d->c[d->n * d->m + j];
        *cell = OG_COST_NONE;
        if (og_need_check(&row, &v->cols[j]))
            continue;
        match_view_cost(v, &row, &v->cols[j], &terms);
        *cell = terms.cost;
        d->keep[d->n * d->m + j] = terms.ect_ms - terms.queue_ms;
        best_ms = og_min_u64(best_ms, terms.ect_ms);
    }
    d->wait[d->n] = og_cost_wait(&v->round, &row, best_ms);
    d->row[d->n][0] = t->id;
    d->row[d->n][1] = first;
    d->row[d->n][2] = count;
    d->row[d->n][3] = attempt;
    d->n++;
    og_view_release_row(&row);
    return OG_OK;
}

/* The waiting ranges of one task: those that wait again, then the rest in chunks. */
static enum og_rc add_task(struct match_view *v, struct dry *d, const struct og_task *t,
                           struct og_err *err)
{
    uint64_t again[PAGE], chunk = og_max_u64(t->chunk, 1);
    size_t n = 0;
    if (t->requeued > 0)
        OG_TRY(og_query(v->st, OG_Q_REQUEUE_OF, &t->id, 1, again, 1, PAGE, &n, err));
    for (size_t i = 0; i < n && d->n < OG_MATCH_ROWS_MAX; i++) {
        struct og_requeue r = {.task = t->id, .first = again[i]};
        OG_TRY(og_row_need(v->st, OG_F_REQUEUE, &r, err));
        enum og_rc rc = add_row(v, d, t, r.first, r.count, r.attempt, err);
        og_row_release(&og_families[OG_F_REQUEUE], &r);
        OG_TRY(rc);
    }
    uint64_t at = t->q_first, left = t->q_count;
    for (size_t k = 0; left > 0 && k < d->m && d->n < OG_MATCH_ROWS_MAX; k++) {
        uint64_t count = og_min_u64(left, chunk);
        OG_TRY(add_row(v, d, t, at, count, 0, err));
        at += count;
        left -= count;
    }
    return OG_OK;
}

/* From slots to places, as a round has them; costs in the round's scale, without a beacon. */
static void spread(const struct match_view *v, struct dry *d)
{
    size_t slots = d->m, k = og_place_count(d->n, slots, CELLS);
    int64_t *c = og_xcalloc(d->n * slots * k + 1, sizeof *c);
    uint64_t(*col)[2] = og_xcalloc(slots * k + 1, sizeof *col);
    d->busy = og_xcalloc(slots * k + 1, sizeof *d->busy);
    for (size_t i = 0; i < d->n * slots; i++)
        for (size_t p = 0; p < k; p++)
            c[i * k + p] = og_place_cost(d->c[i], d->keep[i], p);
    for (size_t j = 0; j < slots * k; j++) {
        col[j][0] = v->cols[j / k].node;
        col[j][1] = v->cols[j / k].slot;
        d->busy[j] = v->cols[j / k].lease > 0;
        d->n_free += j % k == 0 && !d->busy[j];
    }
    free(d->c);
    free(d->col);
    d->c = c;
    d->col = col;
    d->m = slots * k;
    d->places = k;
}

static enum og_rc from_tasks(struct match_view *v, struct dry *d, struct og_err *err)
{
    uint64_t at[2] = {UINT32_MAX, 0}, id[PAGE];
    d->m = v->m;
    d->row = og_xcalloc(OG_MATCH_ROWS_MAX, sizeof *d->row);
    d->col = og_xcalloc(d->m + 1, sizeof *d->col);
    d->c = og_xcalloc(OG_MATCH_ROWS_MAX * d->m + 1, sizeof *d->c);
    d->keep = og_xcalloc(OG_MATCH_ROWS_MAX * d->m + 1, sizeof *d->keep);
    d->wait = og_xcalloc(OG_MATCH_ROWS_MAX, sizeof *d->wait);
    for (size_t j = 0; j < d->m; j++) {
        d->col[j][0] = v->cols[j].node;
        d->col[j][1] = v->cols[j].slot;
    }
    for (size_t n = PAGE; n == PAGE && d->n < OG_MATCH_ROWS_MAX;) {
        OG_TRY(og_query(v->st, OG_Q_OPEN_TASKS_BELOW, at, 2, id, 1, PAGE, &n, err));
        for (size_t i = 0; i < n && d->n < OG_MATCH_ROWS_MAX; i++) {
            struct og_task t = {.id = id[i]};
            OG_TRY(og_row_need(v->st, OG_F_TASK, &t, err));
            enum og_rc rc = add_task(v, d, &t, err);
            at[0] = t.urgency;
            at[1] = id[i];
            og_row_release(&og_families[OG_F_TASK], &t);
            OG_TRY(rc);
        }
    }
    spread(v, d);
    return OG_OK;
}

static json_t *row_json(const struct dry *d, size_t i)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string("proposal"));
    json_object_set_new(o, "v", json_integer(1));
    json_object_set_new(o, "task", json_integer((json_int_t)d->row[i][0]));
    json_object_set_new(o, "first", json_integer((json_int_t)d->row[i][1]));
    json_object_set_new(o, "count", json_integer((json_int_t)d->row[i][2]));
    json_object_set_new(o, "attempt", json_integer((json_int_t)d->row[i][3]));
    int32_t x = d->x[i];
    if (x >= 0) {
        json_object_set_new(o, "node", json_integer((json_int_t)d->col[x][0]));
        json_object_set_new(o, "slot", json_integer((json_int_t)d->col[x][1]));
    }
    int64_t cost = x >= 0 ? d->c[i * d->m + (size_t)x] : d->wait[i];
    json_object_set_new(o, "waits", json_boolean(!d->go[i]));
    json_object_set_new(o, "cost", json_integer((json_int_t)cost));
    return o;
}

static json_t *total_json(const struct dry *d, const int64_t *u, const int64_t *v)
{
    json_int_t cost = 0, dual = 0, assigned = 0, placed = 0;
    for (size_t i = 0; i < d->n; i++) {
        int32_t x = d->x[i];
        cost += x >= 0 ? d->c[i * d->m + (size_t)x] : d->wait[i];
        assigned += d->go[i];
        placed += x >= 0;
        dual += u[i];
    }
    for (size_t j = 0; j < d->m; j++)
        dual += v[j];
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string("proposal_total"));
    json_object_set_new(o, "v", json_integer(1));
    json_object_set_new(o, "round", json_integer((json_int_t)d->round));
    json_object_set_new(o, "rows", json_integer((json_int_t)d->n));
    json_object_set_new(o, "cols", json_integer((json_int_t)d->m));
    json_object_set_new(o, "places", json_integer((json_int_t)d->places));
    json_object_set_new(o, "free", json_integer((json_int_t)d->n_free));
    json_object_set_new(o, "placed", json_integer(placed));
    json_object_set_new(o, "assigned", json_integer(assigned));
    json_object_set_new(o, "cost", json_integer(cost));
    json_object_set_new(o, "lower_bound", json_integer(dual));
    return o;
}

static long long num(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}

static enum og_rc print(const struct match_opts *opts, const struct dry *d, const json_t *total,
                        struct og_err *err)
{
    static const char *const head[] = {"TASK", "ELEMENTS", "ATTEMPT", "NODE", "SLOT", "COST"};
    struct og_table *t = og_table_new(6);
    enum og_rc rc = OG_OK;
    for (size_t c = 0; c < 6; c++)
        og_table_head(t, c, head[c], true);
    for (size_t i = 0; rc == OG_OK && i < d->n; i++) {
        json_t *o = row_json(d, i);
        if (!opts->common.human) {
            rc = og_jsonl_write(stdout, o, err);
        } else if (d->go[i]) {
            og_table_cellf(t, "%lld", num(o, "task"));
            og_table_cellf(t, "%lld-%lld", num(o, "first"), num(o, "first") + num(o, "count") - 1);
            og_table_cellf(t, "%lld", num(o, "attempt"));
            og_table_cellf(t, "%lld", num(o, "node"));
            og_table_cellf(t, "%lld", num(o, "slot"));
            og_table_cellf(t, "%lld", num(o, "cost"));
        }
        json_decref(o);
    }
    if (rc == OG_OK && !opts->common.human)
        rc = og_jsonl_write(stdout, total, err);
    if (opts->common.human && num(total, "assigned") > 0)
        og_table_print(t, og_table_width(stdout), stdout);
    if (opts->common.human)
        printf("%lld of %lld rows on %lld free slots, cost %lld, no assignment is below %lld\n",
               num(total, "assigned"), num(total, "rows"), num(total, "free"), num(total, "cost"),
               num(total, "lower_bound"));
    og_table_free(t);
    return rc;
}

/* Who is first on its slot, and the slot free. */
static void who_goes(struct dry *d)
{
    size_t k = d->places ? d->places : 1;
    int32_t *first = og_xcalloc(d->m / k + 1, sizeof *first);
    d->go = og_xcalloc(d->n + 1, sizeof *d->go);
    og_place_first(d->n, d->m, k, d->round ? 64 : 1, d->c, d->wait, d->x, first);
    for (size_t i = 0; i < d->n; i++)
        d->go[i] = d->x[i] >= 0 && first[(size_t)d->x[i] / k] == (int32_t)i && !d->busy[d->x[i]];
    free(first);
}

/* When the time for one problem is over. */
static bool is_over(void *user)
{
    return og_time_mono_ms() >= *(const uint64_t *)user;
}

static enum og_rc solve_and_print(const struct match_opts *opts, struct dry *d, struct og_err *err)
{
    struct og_lap_result r;
    uint64_t end = og_time_mono_ms() + opts->budget_ms;
    struct og_lap_problem p = {.n = d->n,
                               .m = d->m,
                               .c64 = d->c,
                               .wait = d->wait,
                               .stop = opts->budget_ms ? is_over : NULL,
                               .stop_user = &end};
    enum og_rc rc = og_lap_solve(&p, &r, err);
    if (rc == OG_OK && r.optimal)
        rc = og_cert_check(d->n, d->m, d->c, d->wait, r.x, r.u, r.v, err);
    if (rc == OG_OK) {
        d->x = r.x;
        r.x = NULL;
        who_goes(d);
        json_t *total = total_json(d, r.u, r.v);
        rc = print(opts, d, total, err);
        if (rc == OG_OK && d->n > 0 && num(total, "assigned") == 0)
            rc = OG_NO;
        json_decref(total);
    }
    og_lap_result_release(&r);
    return rc;
}

enum og_rc match_dry_run(const struct match_opts *opts, struct og_err *err)
{
    struct match_view v;
    struct dry d = {0};
    bool found = false;
    enum og_rc rc = match_view_open(opts, &v, err);
    if (rc == OG_OK)
        rc = from_round(&v, &d, &found, err);
    if (rc == OG_OK && !found)
        rc = from_tasks(&v, &d, err);
    match_view_close(&v); /* printing may wait */
    if (rc == OG_OK)
        rc = solve_and_print(opts, &d, err);
    release(&d);
    return rc;
}
