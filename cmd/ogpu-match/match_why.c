/* match_why.c - why a task waits and why a node gets no work: needs, counts, what would change it.
 */
#include "match.h"

#include "base/base_buf.h"
#include "base/base_num.h"
#include "cli/cli_table.h"
#include "store/store_query.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE      64
#define TASKS_MAX 1024

static void set_num(json_t *o, const char *key, uint64_t v)
{
    json_object_set_new(o, key, json_integer((json_int_t)v));
}

static json_t *why_words(uint32_t why)
{
    json_t *a = json_array();
    for (unsigned i = 0; i < OG_WHY_BITS; i++)
        if (why >> i & 1)
            json_array_append_new(a, json_string(og_need_why_text(1u << i)));
    return a;
}

static json_t *counts(const struct og_need_count *t)
{
    json_t *a = json_array();
    for (unsigned i = 0; i < OG_WHY_BITS; i++) {
        if (t->fails[i] == 0)
            continue;
        json_t *o = json_object();
        json_object_set_new(o, "need", json_string(og_need_why_text(1u << i)));
        set_num(o, "excludes", t->fails[i]);
        set_num(o, "alone", t->only[i]);
        json_array_append_new(a, o);
    }
    return a;
}

static json_t *lines(const struct og_buf *b)
{
    json_t *a = json_array();
    const char *s = b->p ? b->p : "";
    for (size_t n; *s; s += n + (s[n] == '\n')) {
        n = strcspn(s, "\n");
        json_array_append_new(a, json_stringn(s, n));
    }
    return a;
}

static json_t *pair_json(struct match_view *v, const struct og_match_row *row,
                         const struct og_match_col *col, uint64_t *best_ms)
{
    struct og_cost_terms t;
    struct og_slot slot = {.node = col->node, .idx = col->slot};
    struct og_err ignored;
    bool found = false;
    json_t *o = json_object();
    uint32_t why = og_need_check(row, col);
    set_num(o, "node", col->node);
    set_num(o, "slot", col->slot);
    if (og_row_get(v->st, OG_F_SLOT, &slot, &found, &ignored) == OG_OK && found)
        set_num(o, "lease", slot.lease);
    json_object_set_new(o, "why", why_words(why));
    if (why)
        return o;
    match_view_cost(v, row, col, &t);
    set_num(o, "cost", (uint64_t)t.cost);
    set_num(o, "queue_ms", t.queue_ms);
    set_num(o, "latency_ms", t.latency_ms);
    set_num(o, "transfer_ms", t.transfer_ms);
    set_num(o, "run_ms", t.run_ms);
    set_num(o, "retry_ms", t.retry_ms);
    set_num(o, "ect_ms", t.ect_ms);
    set_num(o, "late_ms", t.late_ms);
    set_num(o, "chain_ms", t.chain_ms);
    set_num(o, "fair_ms", t.fair_ms);
    set_num(o, "switch_ms", t.switch_ms);
    set_num(o, "keep_ms", t.ect_ms - t.queue_ms);
    set_num(o, "pace_ppm", col->pace_ppm);
    set_num(o, "reliability_ppm", col->reliability_ppm);
    set_num(o, "urgency", t.urgency);
    *best_ms = og_min_u64(*best_ms, t.ect_ms);
    json_object_set_new(o, "amount", og_json_new_dec(og_need_amount(row, col)));
    return o;
}

static enum og_rc add_deps(struct match_view *v, const struct og_task *t, json_t *o,
                           struct og_buf *say, struct og_err *err)
{
    static const char *const when[] = {"ok", "any", "fail"};
    uint64_t dep[2 * PAGE];
    size_t n;
    json_t *a = json_array();
    json_object_set_new(o, "after", a);
    OG_TRY(og_query(v->st, OG_Q_DEPS_OF, &t->id, 1, dep, 2, PAGE, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_task on = {.id = dep[2 * i]};
        OG_TRY(og_row_need(v->st, OG_F_TASK, &on, err));
        json_t *d = json_object();
        const char *cond = when[dep[2 * i + 1] < 3 ? dep[2 * i + 1] : 1];
        set_num(d, "task", on.id);
        json_object_set_new(d, "when", json_string(cond));
        json_object_set_new(d, "state", json_string(og_task_state_names[on.state]));
        json_array_append_new(a, d);
        if (on.state <= OG_TASK_OPEN)
            og_buf_addf(say, "it starts after task %" PRIu64 " (%s), which is %s\n", on.id, cond,
                        og_task_state_names[on.state]);
        og_row_release(&og_families[OG_F_TASK], &on);
    }
    return OG_OK;
}

/* The slots one by one, the counts and the change for the next elements of t. */
static enum og_rc explain(struct match_view *v, const struct og_task *t, json_t *o,
                          struct og_buf *say, struct og_err *err)
{
    struct og_match_row row;
    struct og_need_count tally;
    uint64_t first = 0, count = 0, best_ms = UINT64_MAX;
    bool waits = false;
    json_t *a = json_array();
    json_object_set_new(o, "slots", a);
    OG_TRY(match_next_range(v->st, t, &first, &count, &waits, err));
    if (!waits) {
        if (t->state == OG_TASK_OPEN)
            og_buf_addf(say,
                        "all its elements are assigned: %" PRIu64 " are leased, %" PRIu64 " done\n",
                        t->live, t->done);
        else if (t->state != OG_TASK_WAITING)
            og_buf_addf(say, "it has ended: %s\n", og_task_state_names[t->state]);
        return OG_OK;
    }
    OG_TRY(match_view_row(v, t, first, count, &row, err));
    og_need_tally(&row, v->cols, v->m, &tally);
    json_object_set_new(o, "reasons", counts(&tally));
    set_num(o, "feasible", tally.feasible);
    for (size_t j = 0; j < v->m; j++)
        json_array_append_new(a, pair_json(v, &row, &v->cols[j], &best_ms));
    set_num(o, "age_ms", row.age_ms);
    set_num(o, "rank_ms", og_min_u64(row.rank_ms, (uint64_t)1 << 53));
    set_num(o, "work_mflop", og_min_u64(row.work_mflop, (uint64_t)1 << 53));
    set_num(o, "learned_mflop", og_min_u64(row.learned_mflop, (uint64_t)1 << 53));
    set_num(o, "wait_cost", (uint64_t)og_cost_wait(&v->round, &row, best_ms));
    if (t->state == OG_TASK_OPEN && tally.feasible > 0)
        og_buf_addf(say, "%zu of %zu slots can take it; it waits for one of them and for a round\n",
                    tally.feasible, v->m);
    else if (tally.feasible == 0 && v->m > 0)
        og_need_change_text(&row, v->cols, v->m, say);
    else if (v->m == 0)
        og_buf_adds(say, "there is no node\n");
    og_view_release_row(&row);
    return OG_OK;
}

static long long num(const json_t *o, const char *key)
{
    return (long long)json_integer_value(json_object_get(o, key));
}

/* The terms of the cost, each under its name in the record, in milliseconds. */
static void print_slots(const json_t *slots)
{
    static const char *const head[] = {"NODE",     "SLOT", "LEASE",  "QUEUE",   "LATENCY",
                                       "TRANSFER", "RUN",  "RETRY",  "DONE IN", "LATE",
                                       "CHAIN",    "FAIR", "SWITCH", "COST",    "WHY NOT"};
    static const char *const key[] = {
        "node",     "slot",   "lease",   "queue_ms", "latency_ms", "transfer_ms", "run_ms",
        "retry_ms", "ect_ms", "late_ms", "chain_ms", "fair_ms",    "switch_ms",   "cost"};
    enum { NAMES = 3, KEYS = sizeof key / sizeof *key };
    struct og_table *t = og_table_new(KEYS + 1);
    size_t i;
    const json_t *s, *w;
    for (size_t c = 0; c <= KEYS; c++)
        og_table_head(t, c, head[c], c < KEYS);
    json_array_foreach(slots, i, s)
    {
        struct og_buf why = OG_BUF_INIT;
        size_t k;
        json_array_foreach(json_object_get(s, "why"), k, w)
            og_buf_addf(&why, "%s%s", k ? ", " : "", json_string_value(w));
        for (size_t c = 0; c < KEYS; c++)
            if (c < NAMES || why.len == 0)
                og_table_cellf(t, "%lld", num(s, key[c]));
            else
                og_table_cell(t, "-");
        og_table_cell(t, why.len ? why.p : "");
        og_buf_release(&why);
    }
    og_table_print(t, og_table_width(stdout), stdout);
    og_table_free(t);
}

/* Made while the state is open, printed after: a pager may keep us waiting. */
struct answer {
    json_t *o;
    struct og_buf say, what;
};

static enum og_rc print_answer(const struct match_opts *opts, struct answer *a, struct og_err *err)
{
    json_object_set_new(a->o, "change", lines(&a->say));
    if (!opts->common.human)
        return og_jsonl_write(stdout, a->o, err);
    printf("%s\n%s", a->what.p, a->say.p ? a->say.p : "");
    if (json_array_size(json_object_get(a->o, "slots")) > 0)
        print_slots(json_object_get(a->o, "slots"));
    return OG_OK;
}

static void release_answer(struct answer *a)
{
    json_decref(a->o);
    og_buf_release(&a->say);
    og_buf_release(&a->what);
}

static enum og_rc answer_task(struct match_view *v, struct og_task *t, struct answer *a,
                              struct og_err *err)
{
    json_t *o = a->o;
    uint64_t waiting = t->state <= OG_TASK_OPEN ? t->q_count + t->requeued : 0;
    json_object_set_new(o, "kind", json_string("why"));
    set_num(o, "v", 1);
    set_num(o, "task", t->id);
    set_num(o, "waiting", waiting);
    set_num(o, "leased", t->live);
    set_num(o, "done", t->done);
    set_num(o, "feasible", 0);
    json_object_set_new(o, "reasons", json_array());
    json_object_set_new(o, "name", json_string(t->name ? t->name : ""));
    json_object_set_new(o, "state", json_string(og_task_state_names[t->state]));
    og_buf_addf(&a->what, "task %" PRIu64 " is %s; %" PRIu64 " of %" PRIu64 " elements wait", t->id,
                og_task_state_names[t->state], waiting, t->count);
    OG_TRY(add_deps(v, t, o, &a->say, err));
    return explain(v, t, o, &a->say, err);
}

enum og_rc match_why(const struct match_opts *opts, struct og_err *err)
{
    struct match_view v;
    struct og_task t = {.id = opts->why};
    struct answer a = {.o = json_object()};
    bool found;
    enum og_rc rc = match_view_open(opts, &v, err);
    if (rc == OG_OK)
        rc = og_row_get(v.st, OG_F_TASK, &t, &found, err);
    if (rc == OG_OK && !found)
        rc = og_err_set(err, OG_E_DATA, "there is no task %" PRIu64, opts->why);
    if (rc == OG_OK)
        rc = answer_task(&v, &t, &a, err);
    og_row_release(&og_families[OG_F_TASK], &t);
    match_view_close(&v);
    if (rc == OG_OK)
        rc = print_answer(opts, &a, err);
    release_answer(&a);
    return rc;
}

/* The waiting tasks, most urgent first, against the slots of one node. */
struct census {
    const struct og_match_col *cols;
    size_t m;
    uint64_t tasks, fit;
    uint64_t fails[OG_WHY_BITS];
    json_t *list;
};

static enum og_rc count_task(struct match_view *v, struct census *c, uint64_t id, uint64_t *urgency,
                             struct og_err *err)
{
    struct og_task t = {.id = id};
    struct og_match_row row;
    uint64_t first, count;
    uint32_t why = 0;
    bool waits, fits = false;
    OG_TRY(og_row_need(v->st, OG_F_TASK, &t, err));
    *urgency = t.urgency;
    enum og_rc rc = match_next_range(v->st, &t, &first, &count, &waits, err);
    if (rc == OG_OK && waits) {
        rc = og_view_row(v->ledger, &t, first, count, &row, err);
        for (size_t j = 0; rc == OG_OK && j < c->m; j++) {
            uint32_t w = og_need_check(&row, &c->cols[j]);
            fits = fits || w == 0;
            why |= w;
        }
        if (rc == OG_OK)
            og_view_release_row(&row);
        c->tasks++;
        c->fit += fits;
        for (unsigned i = 0; !fits && i < OG_WHY_BITS; i++)
            c->fails[i] += why >> i & 1;
    }
    og_row_release(&og_families[OG_F_TASK], &t);
    return rc;
}

static enum og_rc take_census(struct match_view *v, struct census *c, struct og_err *err)
{
    uint64_t at[2] = {UINT32_MAX, 0}, id[PAGE];
    for (size_t n = PAGE; n == PAGE && c->tasks < TASKS_MAX;) {
        OG_TRY(og_query(v->st, OG_Q_OPEN_TASKS_BELOW, at, 2, id, 1, PAGE, &n, err));
        for (size_t i = 0; i < n; i++) {
            OG_TRY(count_task(v, c, id[i], &at[0], err));
            at[1] = id[i];
        }
    }
    return OG_OK;
}

static void say_node(const struct og_node *n, const struct census *c, size_t busy,
                     struct og_buf *say)
{
    if (n->state != OG_NODE_ACTIVE)
        og_buf_addf(say, "it is %s\n", og_node_state_names[n->state]);
    if (n->bond == 0)
        og_buf_adds(say, "it has no bond: 'ogpu-stake --bond AMOUNT' locks one\n");
    if (n->c_eff == 0)
        og_buf_adds(say, "it has no measured capacity\n");
    if (c->m == 0)
        og_buf_adds(say, "it has no slot\n");
    if (c->m > 0 && busy == c->m)
        og_buf_addf(say, "its %zu slots are all at work\n", c->m);
    if (c->tasks == 0)
        og_buf_adds(say, "no task waits\n");
    else
        og_buf_addf(say, "it could take %" PRIu64 " of the %" PRIu64 " waiting tasks looked at\n",
                    c->fit, c->tasks);
    for (unsigned i = 0; i < OG_WHY_BITS; i++)
        if (c->fails[i] > 0)
            og_buf_addf(say, "%s: excludes it from %" PRIu64 " waiting tasks\n",
                        og_need_why_text(1u << i), c->fails[i]);
}

static enum og_rc count_busy(struct match_view *v, const struct census *c, size_t *busy,
                             struct og_err *err)
{
    *busy = 0;
    for (size_t j = 0; j < c->m; j++) {
        struct og_slot s = {.node = c->cols[j].node, .idx = c->cols[j].slot};
        OG_TRY(og_row_need(v->st, OG_F_SLOT, &s, err));
        *busy += s.lease > 0;
    }
    return OG_OK;
}

static enum og_rc answer_node(struct match_view *v, const struct og_node *n, struct answer *a,
                              struct og_err *err)
{
    struct census c = {0};
    size_t at = 0, busy = 0;
    while (at < v->m && v->cols[at].node != n->id)
        at++;
    c.cols = v->cols + at;
    while (at + c.m < v->m && v->cols[at + c.m].node == n->id)
        c.m++;
    OG_TRY(take_census(v, &c, err));
    OG_TRY(count_busy(v, &c, &busy, err));
    json_t *reasons = json_array();
    json_object_set_new(a->o, "kind", json_string("why_node"));
    set_num(a->o, "v", 1);
    set_num(a->o, "node", n->id);
    set_num(a->o, "slots_total", c.m);
    set_num(a->o, "slots_busy", busy);
    set_num(a->o, "tasks", c.tasks);
    set_num(a->o, "fit", c.fit);
    json_object_set_new(a->o, "state", json_string(og_node_state_names[n->state]));
    json_object_set_new(a->o, "reasons", reasons);
    for (unsigned i = 0; i < OG_WHY_BITS; i++)
        if (c.fails[i] > 0)
            json_array_append_new(reasons,
                                  json_pack("{s:s, s:I}", "need", og_need_why_text(1u << i),
                                            "excludes", (json_int_t)c.fails[i]));
    say_node(n, &c, busy, &a->say);
    og_buf_addf(&a->what, "node %" PRIu64 " is %s; %zu of %zu slots are at work", n->id,
                og_node_state_names[n->state], busy, c.m);
    return OG_OK;
}

enum og_rc match_why_node(const struct match_opts *opts, struct og_err *err)
{
    struct match_view v;
    struct og_node n = {.id = opts->why_node};
    struct answer a = {.o = json_object()};
    bool found;
    enum og_rc rc = match_view_open(opts, &v, err);
    if (rc == OG_OK)
        rc = og_row_get(v.st, OG_F_NODE, &n, &found, err);
    if (rc == OG_OK && !found)
        rc = og_err_set(err, OG_E_DATA, "there is no node %" PRIu64, opts->why_node);
    if (rc == OG_OK)
        rc = answer_node(&v, &n, &a, err);
    og_row_release(&og_families[OG_F_NODE], &n);
    match_view_close(&v);
    if (rc == OG_OK)
        rc = print_answer(opts, &a, err);
    release_answer(&a);
    return rc;
}
