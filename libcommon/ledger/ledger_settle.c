/* ledger_settle.c - ends of a lease where money moves: accepted and paid, or the range failed. */
#include "ledger/ledger_int.h"

#include <string.h>

enum og_rc og_led_accept(struct og_ledger *l, struct og_lease *ls, struct og_err *err)
{
    ls->state = OG_LEASE_ACCEPTED;
    ls->accept_h = l->height;
    ls->accept_ms = l->now_ms;
    ls->dl_h = ls->dl_ms = OG_NEVER;
    return og_row_put(l->st, OG_F_LEASE, ls, err);
}

static enum og_rc pay_node(struct og_ledger *l, struct og_task *t, uint64_t node, uint64_t grains,
                           const char *why, uint64_t ref, struct og_err *err)
{
    struct og_node n;
    if (grains == 0)
        return OG_OK;
    OG_TRY(og_led_escrow_take(t, grains, err));
    OG_TRY(og_led_node(l, node, &n, err));
    enum og_rc rc = og_led_credit(l, &n.addr, grains, why, ref, &t->owner, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

/* One paid row per element range; a second payment is a broken invariant, not a refusal. */
static enum og_rc mark_paid(struct og_ledger *l, const struct og_lease *ls, struct og_err *err)
{
    uint64_t seen;
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_PAID_OVERLAP,
                    (uint64_t[]){ls->task, ls->first, ls->first + ls->count}, 3, &seen, 1, 1, &n,
                    err));
    if (n)
        return og_err_set(err, OG_E_INTERNAL, "task %llu: elements at %llu would be paid twice",
                          (unsigned long long)ls->task, (unsigned long long)ls->first);
    struct og_paid p = {.task = ls->task,
                        .first = ls->first,
                        .count = ls->count,
                        .lease = ls->id,
                        .node = ls->node,
                        .grains = ls->pay};
    return og_row_put(l->st, OG_F_PAID, &p, err);
}

static enum og_rc count_demand(struct og_ledger *l, const struct og_lease *ls,
                               const struct og_task *t, struct og_err *err)
{
    struct og_node n;
    OG_TRY(og_led_node(l, ls->node, &n, err));
    bool own = og_addr_eq(&n.owner, &t->owner);
    OG_RELEASE(OG_F_NODE, &n);
    if (own)
        return OG_OK;
    uint64_t units; /* saturates: λ needs no more */
    OG_TRY(og_led_get(l, "epoch_units", &units, err));
    return og_led_set(l, "epoch_units", og_min_u64(OG_VALUE_MAX, units + ls->units), err);
}

static enum og_rc settle_one(struct og_ledger *l, uint64_t id, struct og_err *err)
{
    struct og_lease ls;
    struct og_task t;
    OG_TRY(og_led_lease(l, id, &ls, err));
    enum og_rc rc = og_led_task(l, ls.task, &t, err);
    uint64_t share = og_pay_share(&t, ls.count, ls.check_no);
    struct og_rule_split s =
        og_rule_settle(l, t.escrow, share, ls.pay, og_pay_extra_ppm(&t), false);
    ls.pay = s.node;
    if (rc == OG_OK)
        rc = mark_paid(l, &ls, err);
    if (rc == OG_OK)
        rc = pay_node(l, &t, ls.node, s.node, "pay", ls.id, err);
    if (rc == OG_OK)
        rc = og_led_escrow_take(&t, s.treasury, err);
    if (rc == OG_OK)
        rc = og_led_to_treasury(l, s.treasury, "levy", ls.id, err);
    if (rc == OG_OK)
        rc = count_demand(l, &ls, &t, err);
    if (rc == OG_OK)
        rc = og_led_learn_pace(l, &ls, &t, err);
    t.paid += ls.pay;
    t.done += ls.count;
    t.live -= ls.count;
    t.exit_worst = og_max_u64(t.exit_worst, ls.exits);
    if (rc == OG_OK)
        rc = og_led_lease_end(l, &ls, OG_LEASE_PAID, err);
    if (rc == OG_OK)
        rc = og_led_elements_final(l, &t, ls.count, og_min_u64(t.escrow, s.refund), err);
    OG_RELEASE(OG_F_TASK, &t);
    OG_RELEASE(OG_F_LEASE, &ls);
    return rc;
}

enum og_rc og_led_settle_accepted(struct og_ledger *l, struct og_err *err)
{
    uint64_t left = l->p.settle_max;
    while (left) {
        uint64_t id[256];
        size_t n;
        uint64_t want = og_min_u64(256, left);
        OG_TRY(og_query(l->st, OG_Q_LEASES_IN, (uint64_t[]){OG_LEASE_ACCEPTED, 0}, 2, id, 1, want,
                        &n, err));
        for (size_t i = 0; i < n; i++)
            OG_TRY(settle_one(l, id[i], err));
        left -= n;
        if (n < want)
            return OG_OK;
    }
    return OG_OK;
}

enum og_rc og_led_fail_range(struct og_ledger *l, struct og_lease *ls, const struct og_split *s,
                             enum og_lease_state end, struct og_err *err)
{
    struct og_task t;
    OG_TRY(og_led_task(l, ls->task, &t, err));
    uint64_t before = t.escrow;
    uint64_t share = og_pay_share(&t, ls->count, ls->check_no);
    enum og_rc rc = pay_node(l, &t, ls->node, s->to_worker, "part pay", ls->id, err);
    if (rc == OG_OK && s->first_node)
        rc = pay_node(l, &t, s->first_node, s->to_first, "part pay", ls->id, err);
    for (size_t i = 0; rc == OG_OK && i < s->verifiers; i++)
        rc = pay_node(l, &t, s->verifier[i], s->to_each, "check", ls->id, err);
    if (rc == OG_OK)
        rc = og_led_escrow_take(&t, s->to_treasury, err);
    if (rc == OG_OK)
        rc = og_led_to_treasury(l, s->to_treasury, "levy", ls->id, err);
    uint64_t spent = before - t.escrow;
    t.paid += s->to_worker + s->to_first;
    t.live -= ls->count;
    enum og_task_state as = end == OG_LEASE_CANCELLED ? OG_TASK_CANCELLED : OG_TASK_FAILED;
    t.end_as = og_max_u64(t.end_as, as);
    if (rc == OG_OK)
        rc = og_led_lease_end(l, ls, end, err);
    if (rc == OG_OK)
        rc = og_led_elements_final(l, &t, ls->count,
                                   og_min_u64(t.escrow, share > spent ? share - spent : 0), err);
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}
