/* ledger_own.c - a node takes waiting tasks of its own owner without a round, several behind each
 * other in a slot: nobody else's money, time or standing is touched by it. */
#include "ledger/ledger_int.h"

#include "json/json_get.h"

#include <string.h>

#define PAGE 64

/* The slot's node is the sender's, and what runs in the slot now is of its own owner too. */
static enum og_rc own_slot(struct og_txn *x, uint64_t node, uint64_t idx, struct og_node *n,
                           struct og_err *err)
{
    struct og_slot s = {.node = node, .idx = idx};
    bool own = true;
    bool found;
    OG_TRY(og_led_node(x->l, node, n, err));
    enum og_rc rc = og_row_get(x->l->st, OG_F_SLOT, &s, &found, err);
    if (rc == OG_OK && !og_addr_eq(&n->addr, &x->tx->from))
        rc = OG_REFUSE(err, "node %llu is not the sender", (unsigned long long)node);
    else if (rc == OG_OK && !found)
        rc = OG_REFUSE(err, "node %llu has no slot %llu", (unsigned long long)node,
                       (unsigned long long)idx);
    if (rc == OG_OK && s.lease) {
        struct og_lease ls;
        rc = og_led_lease(x->l, s.lease, &ls, err);
        own = ls.method == OG_VERIFY_OWN;
        OG_RELEASE(OG_F_LEASE, &ls);
    }
    if (rc == OG_OK && !own)
        rc = OG_REFUSE(err, "slot %llu.%llu works for somebody else", (unsigned long long)node,
                       (unsigned long long)idx);
    return rc;
}

/* What of the task would be leased next. */
static enum og_rc next_row(struct og_ledger *l, const struct og_task *t, uint64_t row[4],
                           struct og_err *err)
{
    size_t n = 0;
    row[0] = t->id;
    row[1] = t->q_first;
    row[2] = og_min_u64(t->chunk, t->q_count);
    row[3] = OG_FROM_QUEUE;
    if (t->requeued)
        OG_TRY(og_query(l->st, OG_Q_REQUEUE_OF, (uint64_t[]){t->id}, 1, &row[1], 1, 1, &n, err));
    if (!n)
        return OG_OK;
    struct og_requeue r = {.task = t->id, .first = row[1]};
    OG_TRY(og_row_need(l->st, OG_F_REQUEUE, &r, err));
    row[2] = r.count;
    row[3] = OG_FROM_REQUEUE;
    OG_RELEASE(OG_F_REQUEUE, &r);
    return OG_OK;
}

/* A task that has gone, or that the slot cannot take now, is skipped. */
static enum og_rc take_one(struct og_txn *x, const struct og_node *n, uint64_t idx, uint64_t task,
                           struct og_err *err)
{
    struct og_ledger *l = x->l;
    struct og_task t;
    struct og_lease ls;
    uint64_t row[4];
    uint64_t lease;
    OG_TRY(og_led_task(l, task, &t, err));
    enum og_rc rc = OG_OK;
    if (!og_addr_eq(&t.owner, &n->owner) || og_view_method(&t, &n->owner) != OG_VERIFY_OWN)
        rc = OG_REFUSE(err, "task %llu is not the node's own", (unsigned long long)task);
    if (rc == OG_OK)
        rc = next_row(l, &t, row, err);
    OG_RELEASE(OG_F_TASK, &t);
    if (rc == OG_OK)
        rc = og_led_pair(l, row, n->id, idx, true, &lease, err);
    if (rc != OG_OK || !lease)
        return rc;
    if (!x->first_id)
        x->first_id = lease;
    OG_TRY(og_led_lease(l, lease, &ls, err));
    rc = og_led_start(l, &ls, err);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

enum og_rc og_led_take_own(struct og_txn *x, const json_t *list, struct og_err *err)
{
    static const char *const members[] = {"node", "slot", "task", NULL};
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        struct og_node n;
        uint64_t node;
        uint64_t idx;
        uint64_t task;
        if (!json_is_object(o))
            return OG_REFUSE(err, "'own' must be a list of objects");
        OG_TRY(og_json_only(o, members, err));
        OG_TRY(og_json_u64(o, "node", (uint64_t)1 << 53, &node, err));
        OG_TRY(og_json_u64(o, "slot", UINT32_MAX, &idx, err));
        OG_TRY(og_json_u64(o, "task", (uint64_t)1 << 53, &task, err));
        enum og_rc rc = own_slot(x, node, idx, &n, err);
        if (rc == OG_OK)
            rc = take_one(x, &n, idx, task, err);
        OG_RELEASE(OG_F_NODE, &n);
        OG_TRY(rc);
    }
    if (!json_array_size(list))
        return OG_REFUSE(err, "'own' is empty");
    if (!x->first_id && !json_object_get(x->body, "leases"))
        return OG_REFUSE(err, "none of these tasks can be taken now");
    return OG_OK;
}

enum og_rc og_led_slot_left(struct og_ledger *l, const struct og_lease *ls, struct og_slot *s,
                            struct og_err *err)
{
    uint64_t at[2] = {ls->node, 0};
    uint64_t row[PAGE][2];
    size_t n = PAGE;
    if (s->lease != ls->id)
        return OG_OK;
    s->lease = 0;
    while (ls->method == OG_VERIFY_OWN && n == PAGE) {
        OG_TRY(og_query(l->st, OG_Q_LEASES_OF_NODE, at, 2, &row[0][0], 2, PAGE, &n, err));
        for (size_t i = 0; i < n; i++) {
            struct og_lease other;
            at[1] = row[i][0];
            if (row[i][0] == ls->id || row[i][1] > OG_LEASE_RUNNING)
                continue;
            OG_TRY(og_led_lease(l, row[i][0], &other, err));
            if (other.slot == ls->slot)
                s->lease = other.id;
            OG_RELEASE(OG_F_LEASE, &other);
        }
    }
    return OG_OK;
}
