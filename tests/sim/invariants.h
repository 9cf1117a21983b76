/* invariants.h - what must hold after every block (protocol.md, end of section 3), row by row. */
#ifndef OG_SIM_INVARIANTS_H
#define OG_SIM_INVARIANTS_H

#include "chain.h"

/* Rows of one family; texts and blobs of the copies are gone, numbers stay. */
struct inv_rows {
    uint8_t *p;
    size_t n, cap, size;
};

struct inv_task {
    uint8_t *final; /* which elements are, from block to block */
    uint64_t count;
    uint64_t one, ppm, checks; /* escrow of an element, terms of its checks */
};

struct inv {
    struct sim *s;
    struct inv_rows task, lease, node, slot, requeue, check, paid, dep;
    struct inv_task *seen; /* by task number */
    size_t seen_cap;
    uint64_t accepted, slashed; /* how often, for the walk's own account */
};

static inline enum og_rc inv_take(void *ctx, const void *rec, struct og_err *err)
{
    struct inv_rows *r = ctx;
    (void)err;
    r->p = og_xgrow(r->p, &r->cap, r->n + 1, r->size);
    memcpy(r->p + r->n++ * r->size, rec, r->size);
    return OG_OK;
}

/* What hangs on texts of the row is asked while it is there. */
static inline enum og_rc inv_take_task(void *ctx, const void *rec, struct og_err *err)
{
    struct inv *v = ctx;
    const struct og_task *t = rec;
    size_t had = v->seen_cap;
    v->seen = og_xgrow(v->seen, &v->seen_cap, t->id + 1, sizeof *v->seen);
    memset(v->seen + had, 0, (v->seen_cap - had) * sizeof *v->seen);
    struct inv_task *k = &v->seen[t->id];
    if (!k->final) {
        k->final = og_xcalloc(t->count, 1);
        k->count = t->count;
        k->one = og_pay_escrow_one(t);
        og_pay_check_terms(t, (unsigned)t->verify, &k->ppm, &k->checks);
    } else if (k->one != og_pay_escrow_one(t)) {
        sim_fail(v->s, "task %llu: its terms have changed", (unsigned long long)t->id);
    }
    return inv_take(&v->task, rec, err);
}

static inline void inv_load(struct inv *v, enum og_family_index f, struct inv_rows *r)
{
    r->n = 0;
    r->size = og_families[f].size;
    SIM_OK(v->s, og_row_walk(v->s->st, f, inv_take, r, SIM_ERR));
}

#define INV_AT(v, member, type, i)                                                                 \
    ((struct type *)(void *)((v)->member.p + (i) * sizeof(struct type)))

static inline struct og_task *inv_task_of(struct inv *v, uint64_t id)
{
    for (size_t i = 0; i < v->task.n; i++)
        if (INV_AT(v, task, og_task, i)->id == id)
            return INV_AT(v, task, og_task, i);
    sim_fail(v->s, "task %llu is missing", (unsigned long long)id);
}

static inline struct og_lease *inv_lease_of(struct inv *v, uint64_t id)
{
    /* numbers are consecutive from 1 and no row goes */
    if (id == 0 || id > v->lease.n || INV_AT(v, lease, og_lease, id - 1)->id != id)
        sim_fail(v->s, "lease %llu is missing", (unsigned long long)id);
    return INV_AT(v, lease, og_lease, id - 1);
}

static inline struct og_node *inv_node_of(struct inv *v, uint64_t id)
{
    if (id == 0 || id > v->node.n || INV_AT(v, node, og_node, id - 1)->id != id)
        sim_fail(v->s, "node %llu is missing", (unsigned long long)id);
    return INV_AT(v, node, og_node, id - 1);
}

static inline bool inv_live(const struct og_lease *ls)
{
    return ls->state <= OG_LEASE_ACCEPTED;
}

/* 1: supply, escrows of ended tasks, locks below bonds. */
static inline void inv_supply(struct inv *v)
{
    uint64_t counted;
    uint64_t genesis;
    SIM_OK(v->s, og_ledger_supply(v->s->l, &counted, &genesis, SIM_ERR));
    if (counted != genesis)
        sim_fail(v->s, "the supply is %llu, not %llu", (unsigned long long)counted,
                 (unsigned long long)genesis);
}

enum { INV_QUEUE = 1, INV_REQUEUE, INV_LIVE, INV_PAID };

struct inv_cover {
    uint8_t *of; /* by element */
    uint64_t n[5], escrow;
};

static inline void inv_mark(struct inv *v, const struct og_task *t, struct inv_cover *c,
                            uint64_t first, uint64_t count, uint8_t what)
{
    if (first + count > t->count)
        sim_fail(v->s, "task %llu: elements up to %llu of %llu", (unsigned long long)t->id,
                 (unsigned long long)(first + count), (unsigned long long)t->count);
    for (uint64_t e = first; e < first + count; e++) {
        if (c->of[e])
            sim_fail(v->s, "task %llu: element %llu is both %d and %d", (unsigned long long)t->id,
                     (unsigned long long)e, c->of[e], what);
        c->of[e] = what;
    }
    c->n[what] += count;
}

static inline void inv_share(struct inv *v, const struct og_task *t, struct inv_cover *c,
                             uint64_t count, uint64_t check_no)
{
    uint64_t all = count * v->seen[t->id].one;
    uint64_t spent = check_no ? check_no - 1 : 0;
    if (spent > all)
        sim_fail(v->s, "task %llu: checks took more than the escrow", (unsigned long long)t->id);
    c->escrow += all - spent;
}

static inline void inv_cover(struct inv *v, const struct og_task *t, struct inv_cover *c)
{
    inv_mark(v, t, c, t->q_first, t->q_count, INV_QUEUE);
    inv_share(v, t, c, t->q_count, 0);
    for (size_t i = 0; i < v->requeue.n; i++) {
        const struct og_requeue *r = INV_AT(v, requeue, og_requeue, i);
        if (r->task != t->id)
            continue;
        inv_mark(v, t, c, r->first, r->count, INV_REQUEUE);
        inv_share(v, t, c, r->count, r->check_no);
        if (r->attempt > t->retry)
            sim_fail(v->s, "task %llu: attempt %llu waits", (unsigned long long)t->id,
                     (unsigned long long)r->attempt);
    }
    for (size_t i = 0; i < v->lease.n; i++) {
        const struct og_lease *ls = INV_AT(v, lease, og_lease, i);
        if (ls->task != t->id || !inv_live(ls))
            continue;
        inv_mark(v, t, c, ls->first, ls->count, INV_LIVE);
        inv_share(v, t, c, ls->count, ls->check_no);
    }
    for (size_t i = 0; i < v->paid.n; i++) {
        const struct og_paid *p = INV_AT(v, paid, og_paid, i);
        if (p->task == t->id)
            inv_mark(v, t, c, p->first, p->count, INV_PAID);
    }
}

/* Once final an element never comes back. */
static inline void inv_final(struct inv *v, const struct og_task *t, const struct inv_cover *c)
{
    struct inv_task *k = &v->seen[t->id];
    for (uint64_t e = 0; e < t->count; e++) {
        uint8_t now = c->of[e] == 0 ? 1 : c->of[e] == INV_PAID ? 2 : 0;
        if (k->final[e] && k->final[e] != now)
            sim_fail(v->s, "task %llu: element %llu was final", (unsigned long long)t->id,
                     (unsigned long long)e);
        k->final[e] = now;
    }
}

/* 2 and 3: elements partition, escrow covers exactly what can still be paid. */
static inline void inv_one_task(struct inv *v, const struct og_task *t)
{
    struct inv_cover c = {.of = og_xcalloc(t->count, 1)};
    inv_cover(v, t, &c);
    if (c.n[INV_QUEUE] != t->q_count || c.n[INV_REQUEUE] != t->requeued ||
        c.n[INV_LIVE] != t->live || c.n[INV_PAID] != t->done)
        sim_fail(v->s, "task %llu: %llu requeued, %llu live, %llu done are counted %llu %llu %llu",
                 (unsigned long long)t->id, (unsigned long long)t->requeued,
                 (unsigned long long)t->live, (unsigned long long)t->done,
                 (unsigned long long)c.n[INV_REQUEUE], (unsigned long long)c.n[INV_LIVE],
                 (unsigned long long)c.n[INV_PAID]);
    if (c.escrow != t->escrow)
        sim_fail(v->s, "task %llu (%s): escrow %llu, its elements need %llu",
                 (unsigned long long)t->id, og_task_state_names[t->state],
                 (unsigned long long)t->escrow, (unsigned long long)c.escrow);
    bool ended = t->state > OG_TASK_OPEN;
    if (ended == (t->q_count + t->requeued + t->live > 0))
        sim_fail(v->s, "task %llu is %s with %llu elements left", (unsigned long long)t->id,
                 og_task_state_names[t->state],
                 (unsigned long long)(t->q_count + t->requeued + t->live));
    if (t->state == OG_TASK_PAID && t->done != t->count)
        sim_fail(v->s, "task %llu is paid and not done", (unsigned long long)t->id);
    if (t->state == OG_TASK_WAITING && t->live + t->requeued + t->done)
        sim_fail(v->s, "task %llu waits and runs", (unsigned long long)t->id);
    inv_final(v, t, &c);
    free(c.of);
}

static inline void inv_tasks(struct inv *v)
{
    for (size_t i = 0; i < v->task.n; i++) {
        const struct og_task *t = INV_AT(v, task, og_task, i);
        uint64_t deps = 0;
        inv_one_task(v, t);
        for (size_t k = 0; k < v->dep.n; k++)
            deps += INV_AT(v, dep, og_dep, k)->task == t->id;
        if (t->state == OG_TASK_WAITING && deps != t->waiting_on)
            sim_fail(v->s, "task %llu waits on %llu, %llu rows", (unsigned long long)t->id,
                     (unsigned long long)t->waiting_on, (unsigned long long)deps);
        if (t->state == OG_TASK_OPEN && deps)
            sim_fail(v->s, "task %llu is open and waits", (unsigned long long)t->id);
    }
    for (size_t i = 0; i < v->requeue.n; i++) /* none without its task */
        inv_task_of(v, INV_AT(v, requeue, og_requeue, i)->task);
}

/* The lease's own numbers. */
static inline void inv_one_lease(struct inv *v, const struct og_lease *ls)
{
    const struct og_task *t = inv_task_of(v, ls->task);
    unsigned long long id = ls->id;
    const struct inv_task *k = &v->seen[t->id];
    if (ls->pay > ls->amount || ls->amount > ls->count * t->max_price)
        sim_fail(v->s, "lease %llu: P or A is too high", id);
    if (ls->credited_ms > ls->count * t->limit_ms ||
        (ls->credited_ms && ls->credited_ms > v->s->now_ms - ls->started_ms))
        sim_fail(v->s, "lease %llu: more time than passed", id);
    uint64_t most =
        ls->pay + og_pay_surcharge(t, ls->pay) + k->checks * og_pay_check(ls->pay, k->ppm);
    if (most > ls->count * k->one)
        sim_fail(v->s, "lease %llu: P + S + checks are above its escrow", id);
    if (!inv_live(ls) && (ls->dl_ms != OG_NEVER || ls->end_h == 0))
        sim_fail(v->s, "lease %llu has ended with a deadline", id);
    bool running = ls->state <= OG_LEASE_RUNNING;
    struct og_slot *slot = NULL;
    for (size_t i = 0; i < v->slot.n && !slot; i++) {
        struct og_slot *s = INV_AT(v, slot, og_slot, i);
        slot = s->node == ls->node && s->idx == ls->slot ? s : NULL;
    }
    bool behind = slot && ls->method == OG_VERIFY_OWN && slot->lease > ls->id;
    if (running && (!slot || (slot->lease != ls->id && !behind)))
        sim_fail(v->s, "lease %llu works and its slot says otherwise", id);
    if (!running && slot && slot->lease == ls->id)
        sim_fail(v->s, "lease %llu holds a slot and does not work", id);
}

/* Something must come to it by itself, or it never ends. */
static inline void inv_moves_on(struct inv *v, const struct og_lease *ls)
{
    bool draw = ls->state == OG_LEASE_COMMITTED && ls->checked == 0 &&
                (ls->method == OG_VERIFY_EXACT || ls->method == OG_VERIFY_VOTE ||
                 ls->method == OG_VERIFY_CMD);
    bool duty = false;
    for (size_t i = 0; i < v->check.n; i++) {
        const struct og_check *c = INV_AT(v, check, og_check, i);
        duty |= c->lease == ls->id && c->state < OG_CHECK_DONE && c->dl_ms < OG_NEVER;
    }
    if (!draw && !duty && ls->dl_ms >= OG_NEVER && ls->state != OG_LEASE_ACCEPTED)
        sim_fail(v->s, "lease %llu (%s, %s) waits for nothing", (unsigned long long)ls->id,
                 og_lease_state_names[ls->state], og_method_names[ls->method]);
}

static inline void inv_leases(struct inv *v)
{
    for (size_t i = 0; i < v->lease.n; i++) {
        const struct og_lease *ls = INV_AT(v, lease, og_lease, i);
        bool paid = false;
        inv_one_lease(v, ls);
        if (inv_live(ls))
            inv_moves_on(v, ls);
        for (size_t k = 0; k < v->paid.n && !paid; k++) {
            const struct og_paid *p = INV_AT(v, paid, og_paid, k);
            paid = p->lease == ls->id && p->first == ls->first && p->count == ls->count &&
                   p->task == ls->task && p->node == ls->node && p->grains == ls->pay;
        }
        if (paid != (ls->state == OG_LEASE_PAID))
            sim_fail(v->s, "lease %llu is %s and has%s its paid row", (unsigned long long)ls->id,
                     og_lease_state_names[ls->state], paid ? "" : " not");
    }
}

/* Another of its slot comes after it: the share is that one's. */
static inline bool inv_behind(const struct inv *v, const struct og_lease *ls)
{
    bool behind = false;
    for (size_t i = 0; i < v->lease.n && ls->method == OG_VERIFY_OWN; i++) {
        const struct og_lease *o = INV_AT(v, lease, og_lease, i);
        behind |= o->node == ls->node && o->slot == ls->slot && o->state <= OG_LEASE_RUNNING &&
                  o->id > ls->id;
    }
    return behind;
}

/* 3: slots; a node's leases never share more than the whole of it. */
static inline void inv_slots(struct inv *v)
{
    for (size_t i = 0; i < v->slot.n; i++) {
        const struct og_slot *s = INV_AT(v, slot, og_slot, i);
        uint64_t credited = 0;
        if (s->lease) {
            const struct og_lease *ls = inv_lease_of(v, s->lease);
            if (ls->node != s->node || ls->slot != s->idx || ls->state > OG_LEASE_RUNNING)
                sim_fail(v->s, "slot %llu of node %llu holds lease %llu",
                         (unsigned long long)s->idx, (unsigned long long)s->node,
                         (unsigned long long)s->lease);
        }
        for (size_t k = 0; k < v->lease.n; k++) {
            const struct og_lease *ls = INV_AT(v, lease, og_lease, k);
            credited += ls->node == s->node && ls->slot == s->idx ? ls->credited_ms : 0;
        }
        if (credited > v->s->now_ms - 1700000000000 || s->sold_ms > v->s->now_ms)
            sim_fail(v->s, "slot %llu of node %llu sold more time than passed",
                     (unsigned long long)s->idx, (unsigned long long)s->node);
    }
    for (size_t i = 0; i < v->node.n; i++) {
        uint64_t share = 0;
        for (size_t k = 0; k < v->lease.n; k++) {
            const struct og_lease *ls = INV_AT(v, lease, og_lease, k);
            if (ls->node == i + 1 && ls->state <= OG_LEASE_RUNNING && !inv_behind(v, ls))
                share += ls->share_ppm;
        }
        if (share > OG_PPM)
            sim_fail(v->s, "node %zu sells %llu ppm of itself", i + 1, (unsigned long long)share);
    }
}

static inline void inv_nodes(struct inv *v)
{
    for (size_t i = 0; i < v->node.n; i++) {
        const struct og_node *n = inv_node_of(v, i + 1);
        uint64_t locks = 0;
        bool live = false;
        for (size_t k = 0; k < v->lease.n; k++) {
            const struct og_lease *ls = INV_AT(v, lease, og_lease, k);
            if (ls->node != n->id || !inv_live(ls))
                continue;
            locks += ls->lock;
            live = true;
        }
        for (size_t k = 0; k < v->check.n; k++)
            if (INV_AT(v, check, og_check, k)->node == n->id)
                locks += INV_AT(v, check, og_check, k)->lock;
        if (locks != n->locked || n->locked > n->bond)
            sim_fail(v->s, "node %zu: %llu locked, its leases and checks lock %llu, bond %llu",
                     i + 1, (unsigned long long)n->locked, (unsigned long long)locks,
                     (unsigned long long)n->bond);
        if (n->state == OG_NODE_LEFT && (n->bond || live))
            sim_fail(v->s, "node %zu has left and has a bond or leases", i + 1);
        if (n->state == OG_NODE_LEAVING && !live && !n->locked)
            sim_fail(v->s, "node %zu has nothing to do and does not leave", i + 1);
        if (n->rel_a < 1 || n->rel_b < 1 || n->rel_a > (uint64_t)OG_PPM << 20)
            sim_fail(v->s, "node %zu: reliability is out of bounds", i + 1);
    }
}

static inline void inv_checks(struct inv *v)
{
    for (size_t i = 0; i < v->check.n; i++) {
        const struct og_check *c = INV_AT(v, check, og_check, i);
        const struct og_lease *ls = inv_lease_of(v, c->lease);
        const struct og_node *n = inv_node_of(v, c->node);
        unsigned long long id = c->lease;
        bool due = ls->state == OG_LEASE_COMMITTED || ls->state == OG_LEASE_REVEALED;
        if (c->state < OG_CHECK_DONE && (!due || ls->method == OG_VERIFY_ACCEPT))
            sim_fail(v->s, "lease %llu is %s by %s and somebody is asked to check it", id,
                     og_lease_state_names[ls->state], og_method_names[ls->method]);
        if (c->lock && !inv_live(ls))
            sim_fail(v->s, "lease %llu has ended and locks a verifier", id);
        if (og_addr_eq(&n->owner, &inv_node_of(v, ls->node)->owner) ||
            og_addr_eq(&n->owner, &inv_task_of(v, ls->task)->owner))
            sim_fail(v->s, "lease %llu is checked by a party", id);
        for (size_t k = i + 1; k < v->check.n; k++) {
            const struct og_check *d = INV_AT(v, check, og_check, k);
            if (d->lease == c->lease && og_addr_eq(&inv_node_of(v, d->node)->owner, &n->owner))
                sim_fail(v->s, "lease %llu is checked twice by one owner", id);
        }
    }
}

static inline void inv_counter(struct inv *v, const char *family, const char *state, uint64_t want)
{
    char name[64];
    uint64_t n;
    snprintf(name, sizeof name, "%s.%s", family, state);
    SIM_OK(v->s, og_store_counter(v->s->st, name, &n, SIM_ERR));
    if (n != want)
        sim_fail(v->s, "counter %s is %llu, not %llu", name, (unsigned long long)n,
                 (unsigned long long)want);
}

static inline void inv_counters(struct inv *v)
{
    uint64_t tasks[OG_TASK_STATES] = {0};
    uint64_t leases[OG_LEASE_STATES] = {0};
    for (size_t i = 0; i < v->task.n; i++)
        tasks[INV_AT(v, task, og_task, i)->state]++;
    for (size_t i = 0; i < v->lease.n; i++)
        leases[INV_AT(v, lease, og_lease, i)->state]++;
    for (size_t i = 0; i < OG_TASK_STATES; i++)
        inv_counter(v, "task", og_task_state_names[i], tasks[i]);
    for (size_t i = 0; i < OG_LEASE_STATES; i++)
        inv_counter(v, "lease", og_lease_state_names[i], leases[i]);
}

/* After a sealed block. trees: compares the app hash with one made from all rows. */
static inline void inv_check(struct inv *v, bool trees)
{
    v->task.n = 0;
    v->task.size = sizeof(struct og_task);
    SIM_OK(v->s, og_row_walk(v->s->st, OG_F_TASK, inv_take_task, v, SIM_ERR));
    inv_load(v, OG_F_LEASE, &v->lease);
    inv_load(v, OG_F_NODE, &v->node);
    inv_load(v, OG_F_SLOT, &v->slot);
    inv_load(v, OG_F_REQUEUE, &v->requeue);
    inv_load(v, OG_F_CHECK, &v->check);
    inv_load(v, OG_F_PAID, &v->paid);
    inv_load(v, OG_F_DEP, &v->dep);
    inv_supply(v);
    inv_nodes(v);
    inv_slots(v);
    inv_leases(v);
    inv_checks(v);
    inv_tasks(v);
    inv_counters(v);
    if (trees) {
        struct og_hash all;
        SIM_OK(v->s, og_tree_recompute(v->s->st, &all, SIM_ERR));
        if (memcmp(all.b, sim_block(v->s)->app.b, OG_HASH_LEN) != 0)
            sim_fail(v->s, "the app hash is not that of the rows");
    }
}

static inline void inv_release(struct inv *v)
{
    struct inv_rows *all[] = {&v->task,    &v->lease, &v->node, &v->slot,
                              &v->requeue, &v->check, &v->paid, &v->dep};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]->p);
    for (size_t i = 0; i < v->seen_cap; i++)
        free(v->seen[i].final);
    free(v->seen);
}

#endif
