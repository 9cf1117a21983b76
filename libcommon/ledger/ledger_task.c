/* ledger_task.c - tasks after their submission: cancel, accept, dispute, re-queue, expiry, ends. */
#include "ledger/ledger_int.h"

#include "crypto/crypto_merkle.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

enum og_rc og_led_task(struct og_ledger *l, uint64_t id, struct og_task *t, struct og_err *err)
{
    memset(t, 0, sizeof *t);
    t->id = id;
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_TASK, t, &found, err));
    return found ? OG_OK : OG_REFUSE(err, "there is no task %llu", (unsigned long long)id);
}

enum og_rc og_led_escrow_take(struct og_task *t, uint64_t grains, struct og_err *err)
{
    if (grains > t->escrow)
        return og_err_set(err, OG_E_INTERNAL, "task %llu: escrow %llu, %llu wanted",
                          (unsigned long long)t->id, (unsigned long long)t->escrow,
                          (unsigned long long)grains);
    t->escrow -= grains;
    return OG_OK;
}

#define GROUPS_MAX 4096 /* of node, method, drawn or not, among the paid leases of a task */

struct nodes_seen {
    uint64_t id[16];
    size_t n;
    unsigned methods; /* bit: enum og_verify */
    bool undrawn;
    uint64_t why; /* of a failed lease: enum og_fail_why */
};

static const char *const why_names[] = {
    "attempts", "input", "time", "memory", "output", "check", "not deterministic", "disputed"};

/* Nodes in the order of their first paid lease; many leases are few groups. */
static enum og_rc see_leases(struct og_ledger *l, const struct og_task *t, struct nodes_seen *s,
                             struct og_err *err)
{
    uint64_t group[GROUPS_MAX][3]; /* node, method, not drawn */
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_PAID_OF_TASK, (uint64_t[]){t->id}, 1, &group[0][0], 3, GROUPS_MAX,
                    &n, err));
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < s->n && s->id[k] != group[i][0])
            k++;
        if (k == s->n && s->n < sizeof s->id / sizeof *s->id)
            s->id[s->n++] = group[i][0];
        s->methods |= 1u << group[i][1];
        s->undrawn |= group[i][2] != 0;
    }
    if (t->state != OG_TASK_FAILED)
        return OG_OK;
    return og_query(l->st, OG_Q_FAILED_OF_TASK, (uint64_t[]){t->id}, 1, &s->why, 1, 1, &n, err);
}

/* "exact", "accept,own", …; "undrawn" when a lease was not drawn for its check; "none". */
static void verified_by(const struct nodes_seen *s, struct og_buf *b)
{
    for (unsigned m = 0; m < 5; m++)
        if (s->methods & 1u << m)
            og_buf_addf(b, "%s%s", b->len ? "," : "", og_verify_name((enum og_verify)m));
    if (s->undrawn)
        og_buf_addf(b, "%sundrawn", b->len ? "," : "");
    if (!b->len)
        og_buf_adds(b, "none");
}

static enum og_rc write_receipt(struct og_ledger *l, const struct og_task *t, struct og_err *err)
{
    struct nodes_seen seen = {.n = 0};
    struct og_buf by = OG_BUF_INIT;
    struct og_buf line = OG_BUF_INIT;
    uint64_t index;
    char amount[24];
    OG_TRY(see_leases(l, t, &seen, err));
    verified_by(&seen, &by);
    json_t *nodes = json_array();
    for (size_t i = 0; i < seen.n; i++)
        json_array_append_new(nodes, json_integer((json_int_t)seen.id[i]));
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string("receipt"));
    json_object_set_new(o, "v", json_integer(1));
    json_object_set_new(o, "task", json_integer((json_int_t)t->id));
    json_object_set_new(o, "id", og_json_new_hex(t->hash.b, OG_HASH_LEN));
    json_object_set_new(o, "name", json_string(t->name ? t->name : ""));
    json_object_set_new(o, "state", json_string(og_task_state_names[t->state]));
    if (t->state == OG_TASK_FAILED)
        json_object_set_new(o, "why", json_string(why_names[seen.why]));
    json_object_set_new(o, "count", json_integer((json_int_t)t->count));
    json_object_set_new(o, "done", json_integer((json_int_t)t->done));
    json_object_set_new(o, "exit", json_integer((json_int_t)t->exit_worst));
    json_object_set_new(o, "nodes", nodes);
    json_object_set_new(o, "verified_by", json_string(by.p));
    snprintf(amount, sizeof amount, "%llu", (unsigned long long)t->max_price);
    json_object_set_new(o, "price", json_string(amount));
    snprintf(amount, sizeof amount, "%llu", (unsigned long long)t->paid);
    json_object_set_new(o, "payout", json_string(amount));
    json_object_set_new(o, "height", json_integer((json_int_t)l->height));
    enum og_rc rc = og_json_canon(o, &line, err);
    json_decref(o);
    if (rc == OG_OK)
        rc = og_receipt_count(l->st, l->height, &index, err);
    if (rc == OG_OK) {
        struct og_hash leaf = og_merkle_leaf(line.p, line.len);
        rc = og_receipt_add(l->st, OG_POS(l->height, index), t->id, &leaf, line.p, line.len, err);
    }
    og_buf_release(&by);
    og_buf_release(&line);
    return rc;
}

static enum og_rc end_task(struct og_ledger *l, struct og_task *t, enum og_task_state state,
                           struct og_err *err)
{
    t->state = state;
    OG_TRY(og_led_credit(l, &t->owner, t->escrow, "refund", t->id, NULL, err));
    t->escrow = 0;
    OG_TRY(og_row_put(l->st, OG_F_TASK, t, err));
    OG_TRY(write_receipt(l, t, err));
    OG_TRY(og_led_net_ended(l, t, err));
    if (state == OG_TASK_FAILED || state == OG_TASK_EXPIRED)
        OG_TRY(og_led_event(l, "task ended",
                            json_pack("{s:I,s:s,s:s}", "task", (json_int_t)t->id, "state",
                                      og_task_state_names[state], "name", t->name ? t->name : ""),
                            err));
    uint64_t on[1][2];
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_DEPS_ON, (uint64_t[]){t->id}, 1, &on[0][0], 2, 1, &n, err));
    return n ? og_queue_push(l->st, OG_QUEUE_TASK_ENDED, t->id, 0, err) : OG_OK;
}

/* end_as holds the end that the ended elements ask for: 0 paid, else a state. */
static void worse_end(struct og_task *t, enum og_task_state s)
{
    if (t->end_as < (uint64_t)s)
        t->end_as = (uint64_t)s;
}

/* Nothing waits, nothing lives: the task ends as the worst of its elements did. */
enum og_rc og_led_end_if_done(struct og_ledger *l, struct og_task *t, struct og_err *err)
{
    if (t->state > OG_TASK_OPEN)
        return og_row_put(l->st, OG_F_TASK, t, err);
    if (t->q_count || t->requeued || t->live)
        return og_row_put(l->st, OG_F_TASK, t, err);
    return end_task(l, t, t->end_as ? (enum og_task_state)t->end_as : OG_TASK_PAID, err);
}

enum og_rc og_led_elements_final(struct og_ledger *l, struct og_task *t, uint64_t count,
                                 uint64_t refund, struct og_err *err)
{
    (void)count;
    OG_TRY(og_led_escrow_take(t, refund, err));
    OG_TRY(og_led_credit(l, &t->owner, refund, "refund", t->id, NULL, err));
    return og_led_end_if_done(l, t, err);
}

/* Never leased elements of [first, end) leave the queue. */
static enum og_rc drop_queue(struct og_task *t, uint64_t first, uint64_t end, uint64_t *dropped,
                             struct og_err *err)
{
    uint64_t q_end = t->q_first + t->q_count;
    *dropped = 0;
    if (t->q_count && first <= t->q_first && end >= q_end) {
        *dropped = t->q_count;
        t->q_count = 0;
    } else if (t->q_count && end >= q_end && first < q_end) {
        *dropped = q_end - first;
        t->q_count = first - t->q_first;
    } else if (t->q_count && first <= t->q_first && end > t->q_first) {
        *dropped = end - t->q_first;
        t->q_count = q_end - end;
        t->q_first = end;
    } else if (t->q_count && first < q_end && end > t->q_first) {
        return OG_REFUSE(err, "a cancelled range must reach one end of what waits");
    }
    return OG_OK;
}

/* Waiting elements of [first, end) leave; *dropped says how many; they are refunded and the task
 * will end as `as` or worse. */
static enum og_rc drop_waiting(struct og_ledger *l, struct og_task *t, uint64_t first, uint64_t end,
                               enum og_task_state as, uint64_t *dropped, struct og_err *err)
{
    uint64_t at[1024];
    size_t n;
    OG_TRY(drop_queue(t, first, end, dropped, err));
    uint64_t refund = og_pay_share(t, *dropped, 0);
    OG_TRY(og_query(l->st, OG_Q_REQUEUE_OF, (uint64_t[]){t->id}, 1, at, 1, 1024, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_requeue r = {.task = t->id, .first = at[i]};
        OG_TRY(og_row_need(l->st, OG_F_REQUEUE, &r, err));
        enum og_rc rc = OG_OK;
        if (r.first >= first && r.first + r.count <= end) {
            t->requeued -= r.count;
            *dropped += r.count;
            refund += og_pay_share(t, r.count, r.check_no);
            rc = og_row_del(l->st, OG_F_REQUEUE, &r, err);
        }
        OG_RELEASE(OG_F_REQUEUE, &r);
        OG_TRY(rc);
    }
    if (*dropped)
        worse_end(t, as);
    OG_TRY(og_led_escrow_take(t, refund, err));
    return og_led_credit(l, &t->owner, refund, "refund", t->id, NULL, err);
}

enum og_rc og_led_requeue(struct og_ledger *l, struct og_lease *ls, uint64_t first, uint64_t count,
                          bool again, bool tried, struct og_err *err)
{
    struct og_task t;
    struct og_node node;
    OG_TRY(og_led_task(l, ls->task, &t, err));
    uint64_t attempt = ls->attempt + (again ? 1 : 0);
    t.live -= count;
    enum og_rc rc;
    if (attempt > t.retry || t.state > OG_TASK_OPEN) {
        worse_end(&t, OG_TASK_FAILED);
        rc = og_led_elements_final(l, &t, count, og_pay_share(&t, count, ls->check_no), err);
        OG_RELEASE(OG_F_TASK, &t);
        return rc;
    }
    struct og_requeue r = {.task = ls->task,
                           .first = first,
                           .count = count,
                           .attempt = attempt,
                           .fail_why = ls->fail_why,
                           .fail_node = ls->fail_node,
                           .fail_pay = ls->fail_pay,
                           .check_no = ls->check_no};
    rc = og_led_node(l, ls->node, &node, err);
    bool own = rc == OG_OK && og_addr_eq(&node.owner, &t.owner);
    OG_RELEASE(OG_F_NODE, &node);
    struct og_buf list = OG_BUF_INIT;
    og_buf_add(&list, ls->tried.p, ls->tried.n);
    if (tried && !own) /* an own node may try again: there may be no other */
        og_buf_add_be64(&list, ls->node);
    og_row_set_blob(&r.tried, list.p, list.len);
    og_buf_release(&list);
    t.requeued += count;
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_REQUEUE, &r, err);
    if (rc == OG_OK)
        rc = og_row_put(l->st, OG_F_TASK, &t, err);
    OG_RELEASE(OG_F_REQUEUE, &r);
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

static enum og_rc read_range(struct og_txn *x, struct og_task *t, uint64_t *first, uint64_t *end,
                             struct og_err *err)
{
    static const char *const members[] = {"count", "first", "task", NULL};
    uint64_t id;
    uint64_t count;
    memset(t, 0, sizeof *t);
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_u64(x->body, "task", (uint64_t)1 << 53, &id, err));
    OG_TRY(og_json_u64_or(x->body, "first", UINT32_MAX, 0, first, err));
    OG_TRY(og_json_u64_or(x->body, "count", UINT32_MAX, 0, &count, err));
    OG_TRY(og_led_task(x->l, id, t, err));
    *end = count ? *first + count : t->count;
    enum og_rc rc = OG_OK;
    if (!og_addr_eq(&t->owner, &x->tx->from))
        rc = OG_REFUSE(err, "task %llu is not the sender's", (unsigned long long)id);
    else if (t->state > OG_TASK_OPEN)
        rc = OG_REFUSE(err, "task %llu has ended (%s)", (unsigned long long)id,
                       og_task_state_names[t->state]);
    else if (*end > t->count || *first >= *end)
        rc = OG_REFUSE(err, "the range is not of task %llu", (unsigned long long)id);
    if (rc != OG_OK)
        OG_RELEASE(OG_F_TASK, t);
    return rc;
}

/* Live leases of the task inside [first, end), at most max. */
static enum og_rc live_in(struct og_ledger *l, uint64_t task, uint64_t first, uint64_t end,
                          uint64_t *id, size_t max, size_t *n, struct og_err *err)
{
    uint64_t all[4096];
    size_t k;
    *n = 0;
    OG_TRY(og_query(l->st, OG_Q_LIVE_OF_TASK, (uint64_t[]){task}, 1, all, 1, 4096, &k, err));
    for (size_t i = 0; i < k && *n < max; i++) {
        struct og_lease ls;
        OG_TRY(og_led_lease(l, all[i], &ls, err));
        if (ls.first >= first && ls.first + ls.count <= end)
            id[(*n)++] = all[i];
        OG_RELEASE(OG_F_LEASE, &ls);
    }
    return OG_OK;
}

/* Matched: A/100 to the node. Running: P for the time up to now. */
static enum og_rc cancel_lease(struct og_ledger *l, uint64_t id, struct og_err *err)
{
    struct og_lease ls;
    struct og_task t;
    OG_TRY(og_led_lease(l, id, &ls, err));
    struct og_split s = {.to_worker = ls.amount / 100};
    enum og_rc rc = og_led_task(l, ls.task, &t, err);
    if (rc == OG_OK && ls.state == OG_LEASE_RUNNING) {
        struct og_slot slot = {.node = ls.node, .idx = ls.slot};
        rc = og_row_need(l->st, OG_F_SLOT, &slot, err);
        uint64_t from = og_max_u64(ls.started_ms, slot.sold_ms);
        ls.credited_ms = og_min_u64(ls.count * t.limit_ms, l->now_ms > from ? l->now_ms - from : 0);
        slot.sold_ms = from + ls.credited_ms;
        ls.units = og_pay_units(l, &ls, &t, ls.count);
        ls.pay = og_pay_grains(l, &ls);
        s.to_worker = ls.pay;
        s.to_treasury = og_pay_surcharge(&t, ls.pay);
        if (rc == OG_OK)
            rc = og_row_put(l->st, OG_F_SLOT, &slot, err);
    }
    OG_RELEASE(OG_F_TASK, &t);
    if (rc == OG_OK)
        rc = og_led_fail_range(l, &ls, &s, OG_LEASE_CANCELLED, err);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

enum og_rc og_tx_task_cancel(struct og_txn *x, struct og_err *err)
{
    struct og_task t;
    uint64_t first;
    uint64_t end;
    uint64_t id[4096];
    uint64_t took;
    size_t n;
    OG_TRY(read_range(x, &t, &first, &end, err));
    enum og_rc rc = drop_waiting(x->l, &t, first, end, OG_TASK_CANCELLED, &took, err);
    if (rc == OG_OK)
        rc = og_led_end_if_done(x->l, &t, err);
    uint64_t task = t.id;
    OG_RELEASE(OG_F_TASK, &t);
    if (rc == OG_OK)
        rc = live_in(x->l, task, first, end, id, 4096, &n, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        struct og_lease ls;
        OG_TRY(og_led_lease(x->l, id[i], &ls, err));
        bool early = ls.state <= OG_LEASE_RUNNING;
        OG_RELEASE(OG_F_LEASE, &ls);
        if (early) { /* after commit an element cannot be cancelled */
            rc = cancel_lease(x->l, id[i], err);
            took++;
        }
    }
    return rc != OG_OK || took ? rc : OG_REFUSE(err, "nothing there can be cancelled any more");
}

enum og_rc og_tx_task_accept(struct og_txn *x, struct og_err *err)
{
    struct og_task t;
    uint64_t first;
    uint64_t end;
    uint64_t id[4096];
    size_t n;
    size_t took = 0;
    OG_TRY(read_range(x, &t, &first, &end, err));
    OG_RELEASE(OG_F_TASK, &t);
    uint64_t task;
    OG_TRY(og_json_u64(x->body, "task", (uint64_t)1 << 53, &task, err));
    OG_TRY(live_in(x->l, task, first, end, id, 4096, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_lease ls;
        OG_TRY(og_led_lease(x->l, id[i], &ls, err));
        enum og_rc rc = OG_OK;
        if (ls.state == OG_LEASE_REVEALED && ls.method == OG_VERIFY_ACCEPT) {
            took++;
            rc = og_led_accept(x->l, &ls, err);
        }
        OG_RELEASE(OG_F_LEASE, &ls);
        OG_TRY(rc);
    }
    return took ? OG_OK : OG_REFUSE(err, "nothing there waits for acceptance");
}

static enum og_rc dispute_lease(struct og_ledger *l, struct og_lease *ls,
                                const struct og_addr *submitter, struct og_err *err)
{
    struct og_node n;
    struct og_bar bar = {.submitter = *submitter};
    OG_TRY(og_led_node(l, ls->node, &n, err));
    bar.owner = n.owner;
    OG_RELEASE(OG_F_NODE, &n);
    OG_TRY(og_row_put(l->st, OG_F_BAR, &bar, err));
    struct og_split s = {.to_treasury = ls->pay / 2};
    ls->fail_why = OG_FAIL_DISPUTED;
    return og_led_fail_range(l, ls, &s, OG_LEASE_FAILED, err);
}

/* P/2 to the treasury, the rest to the submitter; the pair is not matched again. */
enum og_rc og_tx_task_dispute(struct og_txn *x, struct og_err *err)
{
    struct og_task t;
    uint64_t first;
    uint64_t end;
    uint64_t id[4096];
    size_t n;
    size_t took = 0;
    OG_TRY(read_range(x, &t, &first, &end, err));
    uint64_t task = t.id;
    OG_RELEASE(OG_F_TASK, &t);
    OG_TRY(live_in(x->l, task, first, end, id, 4096, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct og_lease ls;
        OG_TRY(og_led_lease(x->l, id[i], &ls, err));
        enum og_rc rc = OG_OK;
        if (ls.state == OG_LEASE_REVEALED && ls.method == OG_VERIFY_ACCEPT) {
            took++;
            rc = dispute_lease(x->l, &ls, &x->tx->from, err);
        }
        OG_RELEASE(OG_F_LEASE, &ls);
        OG_TRY(rc);
    }
    return took ? OG_OK : OG_REFUSE(err, "nothing there can be disputed");
}

/* 'expires' has passed for what still waits; what lives goes on. */
enum og_rc og_led_tasks_due(struct og_ledger *l, struct og_err *err)
{
    uint64_t id[256];
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_TASKS_DUE, (uint64_t[]){l->height, l->now_ms}, 2, id, 1, 256, &n,
                    err));
    for (size_t i = 0; i < n; i++) {
        struct og_task t;
        OG_TRY(og_led_task(l, id[i], &t, err));
        uint64_t dropped;
        enum og_rc rc = drop_waiting(l, &t, 0, t.count, OG_TASK_EXPIRED, &dropped, err);
        if (rc == OG_OK)
            rc = og_led_end_if_done(l, &t, err);
        OG_RELEASE(OG_F_TASK, &t);
        OG_TRY(rc);
    }
    return OG_OK;
}

static enum og_rc release_dependant(struct og_ledger *l, const struct og_task *on,
                                    const uint64_t dep[2], struct og_err *err)
{
    struct og_task t;
    struct og_dep d = {.on = on->id, .task = dep[0]};
    bool ok = on->state == OG_TASK_PAID && on->exit_worst == 0;
    bool met = dep[1] == 1 || (dep[1] == 0) == ok;
    OG_TRY(og_row_del(l->st, OG_F_DEP, &d, err));
    OG_TRY(og_led_task(l, dep[0], &t, err));
    enum og_rc rc = OG_OK;
    if (t.state == OG_TASK_WAITING) {
        t.waiting_on--;
        if (!met) {
            uint64_t dropped;
            rc = drop_waiting(l, &t, 0, t.count, OG_TASK_CANCELLED, &dropped, err);
            if (rc == OG_OK)
                rc = og_led_end_if_done(l, &t, err);
        } else {
            if (t.waiting_on == 0)
                t.state = OG_TASK_OPEN;
            rc = og_row_put(l->st, OG_F_TASK, &t, err);
        }
    }
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

/* Ended tasks release or cancel what waits for them: at most settle_max rows a block. */
enum og_rc og_led_cascade(struct og_ledger *l, struct og_err *err)
{
    uint64_t left = l->p.settle_max;
    while (left) {
        uint64_t q[1][3];
        uint64_t dep[256][2];
        size_t n;
        OG_TRY(og_query(l->st, OG_Q_QUEUE, (uint64_t[]){OG_QUEUE_TASK_ENDED}, 1, &q[0][0], 3, 1, &n,
                        err));
        if (n == 0)
            return OG_OK;
        struct og_task on;
        OG_TRY(og_led_task(l, q[0][1], &on, err));
        enum og_rc rc = og_query(l->st, OG_Q_DEPS_ON, (uint64_t[]){on.id}, 1, &dep[0][0], 2,
                                 og_min_u64(256, left), &n, err);
        for (size_t i = 0; rc == OG_OK && i < n; i++)
            rc = release_dependant(l, &on, dep[i], err);
        left -= n;
        if (rc == OG_OK && n < 256 && left)
            rc = og_queue_drop(l->st, q[0][0], err);
        OG_RELEASE(OG_F_TASK, &on);
        OG_TRY(rc);
    }
    return OG_OK;
}
