/* worker_own.c - our owner's tasks taken without a round: small ones behind those that just ran,
 * and a filter's own when the slots are held by leases that nobody runs. */
#include "worker.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "check/check_method.h"
#include "match/match_need.h"
#include "store/store_query.h"
#include "store/store_row.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TOGETHER_US 200000  /* that runs behind each other in a slot are to take */
#define LONG_US     1000000 /* tasks that take longer are left to the rounds */
#define BEHIND_MAX  64
#define LOOK_MAX    1024 /* tasks looked at */
#define SLOTS_MAX   1024
#define PAGE        64
#define PATIENCE_MS 150  /* before a lease that nobody starts gives way to a task of ours */
#define OWNED_MS    1500 /* the same when its node has a worker */
#define AGAIN_MS    20   /* the same when that was so before */

/* May the node take the task by itself? */
static bool is_own(const struct worker *w, const struct og_work_node *node, const struct og_task *t)
{
    uint32_t is = t->kernel ? OG_CLASS_KERNEL : OG_CLASS_PROGRAM;
    uint32_t most = OG_CLASS_KERNEL | OG_CLASS_PROGRAM | OG_CLASS_CUDA;
    return og_addr_eq(&t->owner, &node->owner) && !((w->classes & most) && !(w->classes & is)) &&
           (t->verify == OG_VERIFY_OWN || t->verify == OG_VERIFY_AUTO);
}

/* Tasks that may follow, in their order. */
struct picks {
    struct worker *w;
    const struct og_work_node *node;
    uint64_t *id;
    size_t n, max;
    bool stop;
    uint64_t urgency; /* of the task looked at last */
};

static enum og_rc pick(struct picks *p, uint64_t id, struct og_err *err)
{
    struct og_task t = {.id = id};
    OG_TRY(og_row_need(p->w->store, OG_F_TASK, &t, err));
    bool waits = t.state == OG_TASK_OPEN && t.q_count + t.requeued > 0 && !worker_rests(p->w, id);
    bool fits = waits && t.count == 1 && is_own(p->w, p->node, &t);
    if (fits)
        p->id[p->n++] = id;
    else if (waits) /* its turn comes by a round, and now */
        p->stop = true;
    p->stop = p->stop || p->n == p->max;
    p->urgency = t.urgency;
    og_row_release(&og_families[OG_F_TASK], &t);
    return OG_OK;
}

static enum og_rc pick_of_filter(struct picks *p, struct og_err *err)
{
    const struct og_filter *f = &p->w->filter;
    size_t seen = 0;
    for (size_t i = 0; i < f->n && !p->stop && seen < LOOK_MAX; i++) {
        if (f->task[i].ended)
            continue;
        seen++;
        OG_TRY(pick(p, f->task[i].id, err));
    }
    return OG_OK;
}

/* In the order of the rounds; somebody else's task has its turn by a round. */
static enum og_rc pick_of_all(struct picks *p, struct og_err *err)
{
    uint64_t page[PAGE];
    uint64_t at[2] = {UINT32_MAX, 0};
    size_t n = PAGE;
    for (size_t seen = 0; n == PAGE && !p->stop && seen < LOOK_MAX; seen += n) {
        OG_TRY(og_query(p->w->store, OG_Q_OPEN_TASKS_BELOW, at, 2, page, 1, PAGE, &n, err));
        for (size_t i = 0; i < n && !p->stop; i++) {
            OG_TRY(pick(p, page[i], err));
            at[0] = p->urgency;
            at[1] = page[i];
        }
    }
    return OG_OK;
}

/* Slots of these runs that are free with their commit. */
static size_t left_slots(const struct worker *w, const struct og_work_node *node,
                         struct run *const *run, size_t n, uint64_t *slot)
{
    size_t m = 0;
    for (size_t i = 0; i < n && m < SLOTS_MAX; i++) {
        uint64_t s = run[i]->job.lease.slot;
        bool taken = run[i]->job.lease.method != OG_VERIFY_OWN || worker_chain_there(w, node, s);
        for (size_t j = 0; j < m; j++)
            taken = taken || slot[j] == s;
        if (!taken)
            slot[m++] = s;
    }
    return m;
}

static json_t *entry(const struct og_work_node *node, uint64_t slot, uint64_t task)
{
    json_t *o = json_object();
    json_object_set_new(o, "node", json_integer((json_int_t)node->id));
    json_object_set_new(o, "slot", json_integer((json_int_t)slot));
    json_object_set_new(o, "task", json_integer((json_int_t)task));
    return o;
}

/* So many that a slot is busy for a moment with its share of them. */
static json_t *deal(struct picks *p, const uint64_t *slot, size_t m, size_t slots, size_t each)
{
    struct og_err ignored;
    p->max = each * slots;
    p->id = og_xcalloc(p->max, sizeof *p->id);
    enum og_rc rc = p->w->is_filter ? pick_of_filter(p, &ignored) : pick_of_all(p, &ignored);
    size_t share = og_min_u64(each, (p->n + slots - 1) / slots);
    json_t *list = rc == OG_OK && p->n ? json_array() : NULL;
    for (size_t i = 0; list && i < p->n && i < share * m; i++)
        json_array_append_new(list, entry(p->node, slot[i % m], p->id[i]));
    free(p->id);
    return list;
}

json_t *worker_own_next(struct worker *w, struct og_work_node *node, struct run *const *run,
                        size_t n)
{
    struct og_err ignored;
    struct picks p = {.w = w, .node = node};
    uint64_t slot[SLOTS_MAX];
    uint64_t all[SLOTS_MAX];
    size_t slots;
    if (!w->mean_us || w->mean_us > LONG_US || w->draining || worker_closed(w, node) ||
        w->o->drain || w->cluster)
        return NULL;
    size_t m = left_slots(w, node, run, n, slot);
    if (!m || og_query(w->store, OG_Q_SLOTS_OF, (uint64_t[]){node->id}, 1, all, 1, SLOTS_MAX,
                       &slots, &ignored) != OG_OK)
        return NULL;
    uint64_t each = og_max_u64(1, TOGETHER_US / og_max_u64(1, w->mean_us));
    return deal(&p, slot, m, slots, og_min_u64(BEHIND_MAX, each));
}

/* A task of the filter that the node may take, and that waits: *task, else 0. */
static enum og_rc waiting_task(struct worker *w, const struct og_work_node *node, uint64_t *task,
                               struct og_err *err)
{
    size_t seen = 0;
    *task = 0;
    for (size_t i = 0; i < w->filter.n && !*task && seen < LOOK_MAX; i++) {
        struct og_task t = {.id = w->filter.task[i].id};
        if (w->filter.task[i].ended)
            continue;
        seen++;
        OG_TRY(og_row_need(w->store, OG_F_TASK, &t, err));
        if (t.state == OG_TASK_OPEN && t.q_count + t.requeued > 0 && is_own(w, node, &t) &&
            !worker_rests(w, t.id))
            *task = t.id;
        og_row_release(&og_families[OG_F_TASK], &t);
    }
    return OG_OK;
}

/* A lease of another task of our owner that was matched and not started: *lease, else 0. */
static enum og_rc idle_lease(struct worker *w, const struct og_work_node *node, uint64_t *lease,
                             uint64_t *slot, struct og_err *err)
{
    uint64_t page[PAGE][2];
    uint64_t at[2] = {node->id, 0};
    size_t n = PAGE;
    *lease = 0;
    while (n == PAGE && !*lease) {
        OG_TRY(og_query(w->store, OG_Q_LEASES_OF_NODE, at, 2, &page[0][0], 2, PAGE, &n, err));
        for (size_t i = 0; i < n && !*lease; i++) {
            struct og_lease ls = {.id = at[1] = page[i][0]};
            if (page[i][1] != OG_LEASE_MATCHED)
                continue;
            OG_TRY(og_row_need(w->store, OG_F_LEASE, &ls, err));
            if (ls.method == OG_VERIFY_OWN && !og_filter_has(&w->filter, ls.task)) {
                *lease = ls.id;
                *slot = ls.slot;
            }
            og_row_release(&og_families[OG_F_LEASE], &ls);
        }
    }
    return OG_OK;
}

static enum og_rc swap(struct worker *w, struct og_work_node *node, uint64_t lease, uint64_t slot,
                       uint64_t task, struct og_err *err)
{
    struct og_sent sent[2];
    json_t *body[2] = {json_object(), json_object()};
    json_t *list[2] = {json_array(), json_array()};
    struct og_draft draft[2] = {{.kind = OG_TX_LEASE_RELEASE, .body = body[0]},
                                {.kind = OG_TX_LEASE_START, .body = body[1]}};
    json_array_append_new(list[0], json_integer((json_int_t)lease));
    json_array_append_new(list[1], entry(node, slot, task));
    json_object_set_new(body[0], "leases", list[0]);
    json_object_set_new(body[1], "own", list[1]);
    enum og_rc rc = og_engine_send(w->engine, node->key, draft, 2, sent, err);
    json_decref(body[0]);
    json_decref(body[1]);
    if (rc == OG_OK && sent[1].rc == OG_OK)
        og_log(OG_LOG_INFO, "lease %" PRIu64 ", which nobody runs, gives way to task %" PRIu64,
               lease, task);
    w->changed = w->jumped = true;
    return rc;
}

enum og_rc worker_own_jump(struct worker *w, struct og_err *err)
{
    uint64_t now = og_time_mono_ms();
    if (w->n_runs || w->draining || w->filter.n == w->filter.ended) {
        w->idle_ms = 0;
        return OG_OK;
    }
    if (!w->idle_ms)
        w->idle_ms = now;
    if (now - w->idle_ms < (w->jumped ? AGAIN_MS : PATIENCE_MS))
        return OG_OK;
    for (size_t i = 0; i < w->n_nodes; i++) {
        struct og_work_node *node = &w->node[i];
        uint64_t task;
        uint64_t lease = 0;
        uint64_t slot;
        if (now - w->idle_ms < OWNED_MS && worker_node_owned(w, node->id))
            continue;
        OG_TRY(waiting_task(w, node, &task, err));
        if (task)
            OG_TRY(idle_lease(w, node, &lease, &slot, err));
        if (lease)
            return swap(w, node, lease, slot, task, err);
    }
    return OG_OK;
}
