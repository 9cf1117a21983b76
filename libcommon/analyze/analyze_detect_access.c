/* analyze_detect_access.c - what anyone may do: destroy, withdraw, take over, write, jump. */
#include "analyze/analyze_check_int.h"

#define DIRECT (OG_F_CALLER | OG_F_CALLDATA)

static void destroy(struct og_check *c, const struct og_spath *p)
{
    if (p->end == OG_SYM_DESTRUCT && !p->guarded)
        og_check_report(c, p, OG_FLAW_SELFDESTRUCT, OG_SEVERITY_HIGH, p->pc,
                        "anyone can make the contract destroy itself");
}

static bool may_be_positive(const struct og_check *c, const struct og_spath *p, og_t value)
{
    struct og_range r = og_facts_range(&c->ts, &p->facts, value);
    return !og_u256_is_zero(&r.hi);
}

/* Does the amount come from the caller's own entry, or from what it just paid? */
static bool is_own_money(const struct og_check *c, og_t value)
{
    const struct og_terms *ts = &c->ts;
    og_t s = og_check_read_of(c, value);
    if (s && (ts->v[ts->v[s].b].taint & OG_F_CALLER))
        return true;
    return (ts->v[value].taint & OG_F_VALUE) != 0;
}

static bool is_wei_paid(const struct og_check *c, const struct og_spath *p)
{
    for (size_t i = 0; i < p->facts.n; i++)
        if ((c->ts.v[p->facts.v[i]].taint & OG_F_VALUE) && c->ts.v[p->facts.v[i]].op != OG_T_ISZERO)
            return true;
    return false;
}

static void withdraw(struct og_check *c, const struct og_spath *p, const struct og_sym_event *e)
{
    const struct og_terms *ts = &c->ts;
    if ((e->op != 0xf1 && e->op != 0xf2) || p->guarded || !may_be_positive(c, p, e->value))
        return;
    og_t s = og_check_read_of(c, e->target);
    bool direct = !s && (ts->v[e->target].taint & DIRECT);
    struct og_place place = {.kind = OG_PLACE_OTHER};
    if (s)
        place = og_place_of(ts, ts->v[s].b);
    /* an owner's slot that anyone can set counts; a receiver that was noted for a payment is none
     */
    bool taken = false;
    for (size_t i = 0; s && i < c->n_authority; i++)
        taken |= og_place_same(&c->authority[i].place, &place) && !c->authority[i].flag &&
                 og_check_writable(c, &place);
    if (!direct && !taken)
        return;
    if (is_own_money(c, e->value) || is_wei_paid(c, p) || og_check_listed(c, p, e->target))
        return;
    og_check_report(c, p, OG_FLAW_WITHDRAWAL, OG_SEVERITY_HIGH, e->pc,
                    "anyone can have the contract's ether sent to an address of their choice");
}

/* Is what is written an address, or a truth value, that the caller chooses? A number that counts or
 * a time is none. */
static bool names_someone(const struct og_check *c, const struct og_authority *a,
                          const struct og_sym_event *e)
{
    const struct og_u256 *w = og_term_word(&c->ts, e->word);
    return a->flag ? !(w && og_u256_is_zero(w)) : !w;
}

/* Does the write leave what the authority's test reads as it was? Other variables may share its
 * slot. */
static bool keeps(struct og_check *c, const struct og_authority *a, const struct og_sym_event *e)
{
    og_t before = og_check_subst(&c->ts, a->read, a->select, e->old);
    return before == og_check_subst(&c->ts, a->read, a->select, e->word);
}

static void take_over(struct og_check *c, const struct og_spath *p, const struct og_sym_event *e)
{
    const struct og_terms *ts = &c->ts;
    struct og_place place = og_place_of(ts, e->key);
    if (e->what != OG_SYM_SSTORE || p->guarded)
        return;
    for (size_t i = 0; i < c->n_authority; i++) {
        const struct og_authority *a = &c->authority[i];
        if (!og_place_same(&a->place, &place) || keeps(c, a, e))
            continue;
        bool own = place.kind != OG_PLACE_SLOT &&
                   !(ts->v[e->key].taint & OG_F_CALLDATA); /* an entry of the caller's own */
        if (own || !names_someone(c, a, e))
            continue;
        og_check_report(c, p, OG_FLAW_OWNER, OG_SEVERITY_HIGH, e->pc,
                        "anyone can change who is allowed what: the place that callers are "
                        "compared with is written without a test of the caller");
        return;
    }
}

static bool pays(const struct og_check *c, const struct og_spath *p)
{
    for (size_t i = 0; i < p->n_events; i++)
        if (p->event[i].what == OG_SYM_CALL && may_be_positive(c, p, p->event[i].value))
            return true;
    return false;
}

static bool takes_from(const struct og_check *c, const struct og_sym_event *e)
{
    const struct og_terms *ts = &c->ts;
    const struct og_u256 *w = og_term_word(ts, e->word);
    if (w)
        return og_u256_is_zero(w);
    return ts->v[e->word].op == OG_T_SUB && ts->v[e->word].a == e->old;
}

/* An entry of somebody else is lowered, and nothing on the path asks who the caller is. */
static void take_from_others(struct og_check *c, const struct og_spath *p,
                             const struct og_sym_event *e)
{
    const struct og_terms *ts = &c->ts;
    if (e->what != OG_SYM_SSTORE || p->guarded)
        return;
    struct og_place place = og_place_of(ts, e->key);
    uint32_t index = place.index ? ts->v[place.index].taint : 0;
    if (place.kind != OG_PLACE_MAP || !(index & OG_F_CALLDATA) ||
        (ts->v[e->key].taint & OG_F_CALLER) || !takes_from(c, e) || !pays(c, p))
        return;
    /* paid out to that somebody: anyone may set it off */
    for (size_t i = 0; i < p->n_events; i++)
        if (p->event[i].what == OG_SYM_CALL && p->event[i].target == place.index)
            return;
    og_check_report(c, p, OG_FLAW_OWNER, OG_SEVERITY_HIGH, e->pc,
                    "anyone can lower the entry of another account and have ether sent: nothing "
                    "tests who the caller is");
}

/* A key that is the caller's number itself, not a hash of it. */
static void write_anywhere(struct og_check *c, const struct og_spath *p,
                           const struct og_sym_event *e)
{
    const struct og_terms *ts = &c->ts;
    struct og_u256 off;
    if (e->what != OG_SYM_SSTORE || p->guarded || og_place_of(ts, e->key).kind != OG_PLACE_OTHER)
        return;
    og_t base = og_term_split(ts, e->key, &off), list;
    uint32_t len;
    if (og_term_hash(ts, e->key, &list, &len, &off))
        return;
    struct og_range r = og_facts_range(ts, &p->facts, e->key);
    if (!base || ts->v[base].op == OG_T_KECCAK || !(ts->v[e->key].taint & OG_F_CALLDATA) ||
        og_u256_fits_u64(&r.hi))
        return;
    if (ts->v[base].op == OG_T_ADD || ts->v[base].op == OG_T_VAR || ts->v[base].op == OG_T_CDLOAD)
        og_check_report(c, p, OG_FLAW_STORAGE_WRITE, OG_SEVERITY_HIGH, e->pc,
                        "the caller chooses which slot of storage is written");
}

static void jump(struct og_check *c, const struct og_spath *p)
{
    if (p->end == OG_SYM_WILD && !p->guarded)
        og_check_report(c, p, OG_FLAW_JUMP, OG_SEVERITY_HIGH, p->pc,
                        "the target of a jump comes from input or storage");
}

void og_check_access(struct og_check *c)
{
    for (size_t i = 0; i < c->n_paths; i++) {
        const struct og_spath *p = &c->path[i];
        jump(c, p);
        if (!og_spath_ok(p))
            continue;
        destroy(c, p);
        for (size_t k = 0; k < p->n_events; k++) {
            const struct og_sym_event *e = &p->event[k];
            if (e->what == OG_SYM_CALL)
                withdraw(c, p, e);
            take_over(c, p, e);
            take_from_others(c, p, e);
            write_anywhere(c, p, e);
        }
    }
}
