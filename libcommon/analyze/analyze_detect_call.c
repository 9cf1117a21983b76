/* analyze_detect_call.c - calls: unchecked, coming back, to chosen code, stopping others. */
#include "analyze/analyze_check_int.h"

#define STIPEND  2300
#define PRE_LAST 10

static bool to_precompile(const struct og_check *c, const struct og_sym_event *e)
{
    uint64_t n;
    return og_term_is_u64(&c->ts, e->target, &n) && n > 0 && n <= PRE_LAST;
}

static bool only_stipend(const struct og_check *c, const struct og_spath *p,
                         const struct og_sym_event *e)
{
    struct og_range r = og_facts_range(&c->ts, &p->facts, e->gas);
    return og_u256_fits_u64(&r.hi) && r.hi.w[0] <= STIPEND;
}

/* Is the success of the call anywhere in what the path tests, stores, hands on or returns? */
static bool is_looked_at(const struct og_check *c, const struct og_spath *p,
                         const struct og_sym_event *e)
{
    const struct og_terms *ts = &c->ts;
    for (size_t i = e->n_facts; i < p->facts.n; i++)
        if (og_term_has(ts, p->facts.v[i], e->success))
            return true;
    for (size_t i = 0; i < p->n_events; i++) {
        const struct og_sym_event *o = &p->event[i];
        if ((o->word && og_term_has(ts, o->word, e->success)) ||
            (o->what == OG_SYM_CALL && og_term_has(ts, o->value, e->success)))
            return true;
    }
    for (size_t i = 0; i < sizeof p->out / sizeof *p->out; i++)
        if (p->out[i] && og_term_has(ts, p->out[i], e->success))
            return true;
    return false;
}

static void unchecked(struct og_check *c, const struct og_spath *p, const struct og_sym_event *e)
{
    if (to_precompile(c, e) || is_looked_at(c, p, e))
        return;
    og_check_report(c, p, OG_FLAW_UNCHECKED_CALL, OG_SEVERITY_MEDIUM, e->pc,
                    e->op == 0xf1 ? "the result of a call or send is not looked at: when it fails, "
                                    "the function goes on as if it had not"
                                  : "the result of a delegated or static call is not looked at");
}

/* A lock: a slot that was tested, then set to something else, all before the call. */
static bool find_lock(const struct og_check *c, const struct og_spath *p, size_t call,
                      struct og_place *lock)
{
    const struct og_terms *ts = &c->ts;
    for (size_t i = 0; i < call; i++) {
        const struct og_sym_event *e = &p->event[i];
        if (e->what != OG_SYM_SSTORE)
            continue;
        struct og_place place = og_place_of(ts, e->key);
        if (place.kind != OG_PLACE_SLOT || e->word == e->old)
            continue;
        for (size_t k = 0; k < e->n_facts; k++) {
            og_t s = og_check_read_of(c, p->facts.v[k]);
            bool by_slot = s && ts->v[s].b == e->key;
            if (!by_slot || (ts->v[p->facts.v[k]].taint & ~(uint32_t)OG_F_STORAGE))
                continue;
            /* what was tested is different now */
            struct og_terms *w = (struct og_terms *)(uintptr_t)ts;
            og_t now = og_check_subst(w, p->facts.v[k], s, e->word);
            const struct og_u256 *v = og_term_word(ts, now);
            if (v && og_u256_is_zero(v)) {
                *lock = place;
                return true;
            }
        }
    }
    return false;
}

static bool reads_place(const struct og_check *c, const struct og_spath *p, size_t events,
                        const struct og_place *place)
{
    for (size_t i = 0; i < events; i++) {
        const struct og_sym_event *e = &p->event[i];
        if (e->what != OG_SYM_SLOAD)
            continue;
        struct og_place at = og_place_of(&c->ts, e->key);
        if (og_place_same(&at, place))
            return true;
    }
    return false;
}

static bool tests_lock(const struct og_check *c, const struct og_spath *p,
                       const struct og_place *lock)
{
    for (size_t i = 0; i < p->facts.n; i++) {
        og_t s = og_check_read_of(c, p->facts.v[i]);
        if (s && c->ts.v[s].b == lock->root)
            return true;
    }
    return false;
}

static bool has_effect(const struct og_spath *p)
{
    for (size_t i = 0; i < p->n_events; i++)
        if (p->event[i].what == OG_SYM_SSTORE || p->event[i].what == OG_SYM_CALL)
            return true;
    return false;
}

/* Could a function that is entered during the call make use of the old value there? */
static bool is_used(const struct og_check *c, const struct og_spath *p, size_t call,
                    const struct og_place *place, const struct og_place *lock)
{
    if (!lock && reads_place(c, p, call, place))
        return true;
    for (size_t i = 0; i < c->n_paths; i++) {
        const struct og_spath *q = &c->path[i];
        if (og_spath_ok(q) && !q->guarded && has_effect(q) && (!lock || !tests_lock(c, q, lock)) &&
            reads_place(c, q, q->n_events, place))
            return true;
    }
    return false;
}

static void reentrancy(struct og_check *c, const struct og_spath *p, size_t at)
{
    const struct og_sym_event *e = &p->event[at];
    struct og_place lock;
    if (e->op == 0xfa || only_stipend(c, p, e) || to_precompile(c, e))
        return;
    if (!og_check_chosen(c, e->target) || og_check_listed(c, p, e->target))
        return;
    bool locked = find_lock(c, p, at, &lock);
    for (size_t i = at + 1; i < p->n_events; i++) {
        const struct og_sym_event *w = &p->event[i];
        if (w->what != OG_SYM_SSTORE || w->word == w->old)
            continue;
        struct og_place place = og_place_of(&c->ts, w->key);
        if (locked && og_place_same(&place, &lock))
            continue;
        if (!is_used(c, p, at, &place, locked ? &lock : NULL))
            continue;
        og_check_report(c, p, OG_FLAW_REENTRANCY, OG_SEVERITY_HIGH, e->pc,
                        "storage is written after a call to an address that the caller chooses: "
                        "who is called can come back while the old value stands");
        return;
    }
}

static void delegated(struct og_check *c, const struct og_spath *p, const struct og_sym_event *e)
{
    if ((e->op != 0xf2 && e->op != 0xf4) || p->guarded || to_precompile(c, e))
        return;
    if (!og_check_chosen(c, e->target) || og_check_listed(c, p, e->target))
        return;
    og_check_report(c, p, OG_FLAW_DELEGATECALL, OG_SEVERITY_HIGH, e->pc,
                    "the caller chooses the code that runs over this contract's storage and ether");
}

static bool must_succeed(const struct og_spath *p, const struct og_sym_event *e)
{
    for (size_t i = 0; i < p->facts.n; i++)
        if (p->facts.v[i] == e->success)
            return true;
    return false;
}

/* A payment that everyone else waits for: in a loop, or to a receiver that anyone sets. */
static void stopping(struct og_check *c, const struct og_spath *p, size_t at)
{
    const struct og_sym_event *e = &p->event[at];
    const struct og_u256 *v = og_term_word(&c->ts, e->value);
    if (e->op != 0xf1 || (v && og_u256_is_zero(v)) || !must_succeed(p, e))
        return;
    for (size_t i = 0; i < at; i++)
        if (p->event[i].what == OG_SYM_CALL && p->event[i].pc == e->pc &&
            p->event[i].target != e->target) {
            og_check_report(c, p, OG_FLAW_SENDS, OG_SEVERITY_MEDIUM, e->pc,
                            "payments in a loop must all succeed: one receiver can stop them");
            return;
        }
    og_t s = og_check_read_of(c, e->target);
    if (!s || p->guarded)
        return;
    struct og_place place = og_place_of(&c->ts, c->ts.v[s].b);
    if (place.kind == OG_PLACE_SLOT && og_check_writable(c, &place))
        og_check_report(c, p, OG_FLAW_SENDS, OG_SEVERITY_MEDIUM, e->pc,
                        "the function needs a payment to succeed whose receiver anyone could set");
}

static void external(struct og_check *c, const struct og_spath *p, const struct og_sym_event *e)
{
    if (e->op != 0xf1 || p->guarded || only_stipend(c, p, e) || to_precompile(c, e) ||
        !(og_term_taint(&c->ts, e->target) & OG_F_CALLDATA) || !og_check_chosen(c, e->target) ||
        og_check_listed(c, p, e->target))
        return;
    og_check_report(c, p, OG_FLAW_EXTERNAL_CALL, OG_SEVERITY_LOW, e->pc,
                    "a call with all gas to an address from the caller's input");
}

void og_check_calls(struct og_check *c)
{
    for (size_t i = 0; i < c->n_paths; i++) {
        const struct og_spath *p = &c->path[i];
        if (!og_spath_ok(p))
            continue;
        for (size_t k = 0; k < p->n_events; k++) {
            if (p->event[k].what != OG_SYM_CALL)
                continue;
            unchecked(c, p, &p->event[k]);
            reentrancy(c, p, k);
            delegated(c, p, &p->event[k]);
            stopping(c, p, k);
            external(c, p, &p->event[k]);
        }
    }
}
