/* ledger_judge.c - from what verifiers said to money, bonds and reputation (protocol.md section 3).
 */
#include "ledger/ledger_int.h"

#include "check/check_draw.h"

#include <string.h>

struct bench {
    struct og_check all[16];
    size_t n;
    const struct og_check *v[3]; /* v1, v2, v3 as far as they spoke */
};

static enum og_rc load_bench(struct og_ledger *l, const struct og_lease *ls, struct bench *b,
                             struct og_err *err)
{
    uint64_t turn[16];
    size_t k = 1;
    memset(b, 0, sizeof *b);
    OG_TRY(og_query(l->st, OG_Q_CHECKS_OF, (uint64_t[]){ls->id}, 1, turn, 1, 16, &b->n, err));
    for (size_t i = 0; i < b->n; i++) {
        b->all[i] = (struct og_check){.lease = ls->id, .turn = turn[i]};
        OG_TRY(og_row_need(l->st, OG_F_CHECK, &b->all[i], err));
    }
    for (size_t i = 0; i < b->n; i++) {
        if (b->all[i].state != OG_CHECK_DONE)
            continue;
        if (b->all[i].stage == 1)
            b->v[0] = &b->all[i];
        else if (k < 3)
            b->v[k++] = &b->all[i];
    }
    return OG_OK;
}

static struct og_judge_value value_of(const struct og_check *c)
{
    struct og_judge_value v = {.kind = OG_VALUE_NONE};
    if (!c)
        return v;
    v.kind = c->vote == OG_VOTE_ABSENT ? OG_VALUE_ABSENT : OG_VALUE_HASH;
    v.hash = c->value;
    return v;
}

/* User code, and a verifier of another hw_class: nobody is slashed for a difference. */
static enum og_rc is_soft(struct og_ledger *l, const struct og_lease *ls, const struct og_task *t,
                          const struct bench *b, bool *soft, struct og_err *err)
{
    struct og_node w;
    *soft = false;
    if (t->kernel)
        return OG_OK;
    OG_TRY(og_led_node(l, ls->node, &w, err));
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < 3 && rc == OG_OK; i++) {
        struct og_node n = {0};
        if (!b->v[i])
            continue;
        rc = og_led_node(l, b->v[i]->node, &n, err);
        if (rc == OG_OK)
            *soft |= strcmp(n.hw_class ? n.hw_class : "", w.hw_class ? w.hw_class : "") != 0;
        OG_RELEASE(OG_F_NODE, &n);
    }
    OG_RELEASE(OG_F_NODE, &w);
    return rc;
}

static enum og_rc judge(struct og_ledger *l, const struct og_lease *ls, const struct og_task *t,
                        const struct bench *b, bool final, struct og_judgement *j,
                        struct og_err *err)
{
    if (ls->method == OG_VERIFY_EXACT) {
        struct og_judge_value w = {.kind = OG_VALUE_HASH, .hash = ls->value};
        struct og_judge_value v[3] = {value_of(b->v[0]), value_of(b->v[1]), value_of(b->v[2])};
        bool soft;
        OG_TRY(is_soft(l, ls, t, b, &soft, err));
        *j = og_judge_exact(&w, v, soft, final);
    } else if (ls->method == OG_VERIFY_VOTE) {
        enum og_vote v[3];
        for (int i = 0; i < 3; i++)
            v[i] = b->v[i] ? (enum og_vote)b->v[i]->vote : OG_VOTE_NONE;
        *j = og_judge_vote(v, ls->referee, final);
    } else {
        enum og_vote v = b->v[0] ? (enum og_vote)b->v[0]->vote : OG_VOTE_NONE;
        *j = og_judge_cmd(ls->check_no != 0, v, final);
    }
    return OG_OK;
}

static enum og_rc credit_node(struct og_ledger *l, uint64_t node, uint64_t grains, uint64_t ref,
                              struct og_err *err)
{
    struct og_node n;
    OG_TRY(og_led_node(l, node, &n, err));
    enum og_rc rc = og_led_credit(l, &n.addr, grains, "check", ref, NULL, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

/* Slashes V of the verifiers that lose it; *pot is what came of it. */
static enum og_rc slash_verifiers(struct og_ledger *l, const struct bench *b, uint8_t bits,
                                  uint64_t *pot, struct og_err *err)
{
    *pot = 0;
    for (int i = 0; i < 3; i++) {
        struct og_node n;
        uint64_t taken;
        if (!(bits & 1u << i) || !b->v[i])
            continue;
        struct og_check c = *b->v[i];
        OG_TRY(og_led_node(l, c.node, &n, err));
        n.locked -= og_min_u64(n.locked, c.lock);
        og_led_slash(l, &n, c.lock, &taken);
        n.rel_b += 16 * (uint64_t)OG_PPM;
        c.lock = 0;
        *pot += taken;
        enum og_rc rc = og_led_leave_if_idle(l, &n, err);
        if (rc == OG_OK)
            rc = og_row_put(l->st, OG_F_NODE, &n, err);
        OG_RELEASE(OG_F_NODE, &n);
        OG_TRY(rc);
        OG_TRY(og_row_put(l->st, OG_F_CHECK, &c, err));
    }
    return OG_OK;
}

/* Takes grains of the worker's locked bond. proven: streak and reliability fall, but not for work
 * within one owner. */
static enum og_rc slash_worker(struct og_ledger *l, struct og_lease *ls,
                               const struct og_addr *submitter, uint64_t grains, bool proven,
                               uint64_t *taken, struct og_err *err)
{
    struct og_node n;
    OG_TRY(og_led_node(l, ls->node, &n, err));
    proven = proven && !og_addr_eq(&n.owner, submitter);
    n.locked -= og_min_u64(n.locked, ls->lock);
    og_led_slash(l, &n, og_min_u64(grains, ls->lock), taken);
    ls->lock = 0;
    if (proven) {
        n.streak = 0;
        n.rel_b += 16 * (uint64_t)OG_PPM;
    }
    enum og_rc rc = og_row_put(l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

struct purse {
    uint64_t q;          /* pay of one check */
    uint64_t split;      /* min(Q, (P − P/2 + K)/3) */
    uint64_t bond, lock; /* what was slashed of v1 and of the worker */
};

/* Pays v1..v3 from where the judgement says. The task's row is changed, not written. */
static enum og_rc pay_verifiers(struct og_ledger *l, struct og_lease *ls, struct og_task *t,
                                const struct bench *b, const struct og_judgement *j,
                                struct purse *p, struct og_err *err)
{
    for (int i = 0; i < 3; i++) {
        uint64_t g = p->q;
        uint64_t paid;
        if (!b->v[i] || j->pay[i] == OG_PAY_NONE || j->pay[i] == OG_PAY_SPLIT)
            continue;
        uint64_t node = b->v[i]->node;
        if (j->pay[i] == OG_PAY_RESERVE) {
            ls->check_no = (ls->check_no ? ls->check_no : 1) + g;
            OG_TRY(og_led_escrow_take(t, g, err));
        } else if (j->pay[i] == OG_PAY_TREASURY) {
            struct og_node n;
            OG_TRY(og_led_node(l, node, &n, err));
            enum og_rc rc = og_led_from_treasury(l, &n.addr, g, "check", ls->id, &paid, err);
            OG_RELEASE(OG_F_NODE, &n);
            OG_TRY(rc);
            continue;
        } else {
            uint64_t *from = j->pay[i] == OG_PAY_BOND ? &p->bond : &p->lock;
            g = og_min_u64(g, *from);
            *from -= g;
        }
        OG_TRY(credit_node(l, node, g, ls->id, err));
    }
    uint64_t rest = p->bond + p->lock;
    p->bond = p->lock = 0;
    return og_led_to_treasury(l, rest, "slash", ls->id, err);
}

static enum og_rc event(struct og_ledger *l, const char *what, const struct og_lease *ls,
                        struct og_err *err)
{
    return og_led_event(l, what,
                        json_pack("{s:I,s:I,s:I}", "lease", (json_int_t)ls->id, "node",
                                  (json_int_t)ls->node, "task", (json_int_t)ls->task),
                        err);
}

/* exact, equal: U <= 3/2 of the verifier's units, scaled to the whole, plus one second's. */
static void cap_units(struct og_ledger *l, struct og_lease *ls, const struct og_task *t,
                      const struct bench *b, const struct og_judgement *j)
{
    if (j->outcome != OG_JUDGE_ACCEPTED || ls->method != OG_VERIFY_EXACT || !b->v[0] ||
        (j->slash_v & 1u) || b->v[0]->units == 0)
        return;
    uint64_t all = t->kernel ? og_view_leaves(t) : ls->count;
    uint64_t drawn = og_check_leaves(OG_VERIFY_EXACT, (uint32_t)t->samples, all);
    uint64_t whole = og_muldiv(b->v[0]->units, all, drawn ? drawn : 1);
    uint64_t cap = og_muldiv(whole, 3, 2);
    if (!og_add_u64(cap, ls->capacity, &cap))
        return;
    ls->units = og_min_u64(ls->units, cap);
    ls->pay = og_pay_grains(l, ls);
}

static enum og_rc accepted(struct og_ledger *l, struct og_lease *ls, struct og_task *t,
                           const struct og_judgement *j, struct og_err *err)
{
    if (j->checked)
        OG_TRY(og_led_check_passed(l, ls, t, err));
    return og_led_accept(l, ls, err);
}

static enum og_rc nondeterministic(struct og_ledger *l, struct og_lease *ls, const struct bench *b,
                                   const struct purse *p, struct og_err *err)
{
    uint64_t v[3];
    struct og_split s = {.to_worker = ls->pay / 2, .to_each = p->split, .verifier = v};
    for (int i = 0; i < 3; i++)
        if (b->v[i])
            v[s.verifiers++] = b->v[i]->node;
    ls->fail_why = OG_FAIL_NONDETERMINISTIC;
    OG_TRY(event(l, "not deterministic", ls, err));
    return og_led_fail_range(l, ls, &s, OG_LEASE_FAILED, err);
}

static enum og_rc carry_out(struct og_ledger *l, struct og_lease *ls, struct og_task *t,
                            const struct bench *b, const struct og_judgement *j, struct purse *p,
                            struct og_err *err)
{
    struct og_split half = {
        .to_worker = ls->pay / 2, .to_first = ls->fail_pay / 2, .first_node = ls->fail_node};
    switch (j->outcome) {
    case OG_JUDGE_ACCEPTED: return accepted(l, ls, t, j, err);
    case OG_JUDGE_WRONG:
        OG_TRY(event(l, "wrong result", ls, err));
        OG_TRY(og_led_requeue(l, ls, ls->first, ls->count, true, true, err));
        return og_led_lease_end(l, ls, OG_LEASE_WRONG, err);
    case OG_JUDGE_REJECTED:
        if (ls->method == OG_VERIFY_CMD) {
            ls->fail_node = ls->node;
            ls->fail_pay = ls->pay;
            ls->check_no = og_max_u64(ls->check_no, 1);
        }
        OG_TRY(event(l, "not accepted", ls, err));
        OG_TRY(og_led_requeue(l, ls, ls->first, ls->count, ls->method != OG_VERIFY_CMD, true, err));
        return og_led_lease_end(l, ls, OG_LEASE_REJECTED, err);
    case OG_JUDGE_NONDET: return nondeterministic(l, ls, b, p, err);
    case OG_JUDGE_JOBFAULT:
        ls->fail_why = OG_FAIL_CHECK;
        return og_led_fail_range(l, ls, &half, OG_LEASE_FAILED, err);
    case OG_JUDGE_FALLBACK: ls->method = OG_VERIFY_ACCEPT; return og_led_after_reveal(l, ls, err);
    case OG_JUDGE_PENDING:
    case OG_JUDGE_MORE: break;
    }
    return og_row_put(l->st, OG_F_LEASE, ls, err);
}

static enum og_rc fill_purse(struct og_ledger *l, struct og_lease *ls, const struct og_task *t,
                             const struct bench *b, const struct og_judgement *j, struct purse *p,
                             struct og_err *err)
{
    uint64_t ppm;
    uint64_t checks;
    memset(p, 0, sizeof *p);
    og_pay_check_terms(t, (unsigned)ls->method, &ppm, &checks);
    p->q = og_pay_check(ls->pay, ppm);
    uint64_t k = og_pay_reserve(ls->amount, ppm, checks);
    p->split = og_min_u64(p->q, (ls->pay - ls->pay / 2 + k) / 3);
    OG_TRY(slash_verifiers(l, b, j->slash_v, &p->bond, err));
    if (j->lock == OG_LOCK_FREE)
        return OG_OK;
    uint64_t each = 0;
    for (int i = 0; i < 3; i++)
        each += j->pay[i] == OG_PAY_LOCK ? p->q : 0;
    bool all = j->lock == OG_LOCK_SLASH;
    return slash_worker(l, ls, &t->owner, all ? ls->lock : each, all, &p->lock, err);
}

/* The outcome stands: V lost, Q paid, duties still open closed, then what becomes of the lease. */
static enum og_rc settle(struct og_ledger *l, struct og_lease *ls, struct og_task *t,
                         const struct bench *b, const struct og_judgement *j, struct og_err *err)
{
    struct purse p;
    cap_units(l, ls, t, b, j);
    OG_TRY(fill_purse(l, ls, t, b, j, &p, err));
    OG_TRY(pay_verifiers(l, ls, t, b, j, &p, err));
    OG_TRY(og_row_put(l->st, OG_F_TASK, t, err));
    OG_TRY(og_led_free_checks(l, ls, err));
    return carry_out(l, ls, t, b, j, &p, err);
}

enum og_rc og_led_judge(struct og_ledger *l, struct og_lease *ls, bool final, struct og_err *err)
{
    struct og_task t;
    struct bench b;
    struct og_judgement j = {.outcome = OG_JUDGE_PENDING};
    OG_TRY(og_led_task(l, ls->task, &t, err));
    enum og_rc rc = load_bench(l, ls, &b, err);
    if (rc == OG_OK)
        rc = judge(l, ls, &t, &b, final, &j, err);
    if (rc == OG_OK && j.outcome == OG_JUDGE_MORE && ls->stage == 1) {
        bool both;
        rc = og_led_ask_two(l, ls, &t, &both, err);
        if (rc == OG_OK && !both)
            rc = judge(l, ls, &t, &b, true, &j, err);
    }
    if (rc == OG_OK && j.outcome != OG_JUDGE_MORE && j.outcome != OG_JUDGE_PENDING)
        rc = settle(l, ls, &t, &b, &j, err);
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

/* No reveal after a drawn check: L is slashed; who has computed its value has its Q out of it. */
enum og_rc og_led_wrong(struct og_ledger *l, struct og_lease *ls, struct og_err *err)
{
    struct og_task t;
    struct bench b;
    uint64_t pot;
    uint64_t ppm;
    uint64_t checks;
    OG_TRY(load_bench(l, ls, &b, err));
    OG_TRY(og_led_task(l, ls->task, &t, err));
    og_pay_check_terms(&t, (unsigned)ls->method, &ppm, &checks);
    enum og_rc rc = slash_worker(l, ls, &t.owner, ls->lock, true, &pot, err);
    OG_RELEASE(OG_F_TASK, &t);
    OG_TRY(rc);
    for (size_t i = 0; i < b.n; i++) {
        uint64_t g = og_min_u64(og_pay_check(ls->pay, ppm), pot);
        if (b.all[i].state != OG_CHECK_HASHED)
            continue;
        pot -= g;
        OG_TRY(credit_node(l, b.all[i].node, g, ls->id, err));
    }
    OG_TRY(og_led_to_treasury(l, pot, "slash", ls->id, err));
    OG_TRY(event(l, "wrong result", ls, err));
    OG_TRY(og_led_requeue(l, ls, ls->first, ls->count, true, true, err));
    return og_led_lease_end(l, ls, OG_LEASE_WRONG, err);
}
