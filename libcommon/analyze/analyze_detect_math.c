/* analyze_detect_math.c - sums, differences and products that pass 2^256 or 0 and are then used. */
#include "analyze/analyze_check_int.h"

struct sought {
    struct og_check *c;
    const struct og_spath *p;
    bool is_signed;
    og_t found;
};

static bool is_signed_op(void *ctx, og_t t)
{
    const struct og_check *c = ctx;
    uint8_t op = c->ts.v[t].op;
    return op == OG_T_SLT || op == OG_T_SDIV || op == OG_T_SMOD || op == OG_T_SAR ||
           op == OG_T_SIGNEXTEND;
}

/* A constant that is one less than 2^k: what a narrower type keeps. */
static unsigned mask_bits(const struct og_terms *ts, og_t t)
{
    const struct og_u256 *w = og_term_word(ts, t);
    if (!w)
        return 0;
    unsigned k = og_u256_bits(w);
    struct og_u256 full = og_u256_sub(og_u256_shl(og_u256_of(1), k), og_u256_of(1));
    return k % 8 == 0 && k && k < 256 && og_u256_eq(w, &full) ? k : 0;
}

static bool is_input(const struct og_terms *ts, og_t t)
{
    return (ts->v[t].taint & ~(uint32_t)(OG_F_ANY | OG_F_GAS)) != 0;
}

/* Sums within a type of k bits whose parts have no more. */
static bool passes_type(struct sought *s, og_t t)
{
    const struct og_terms *ts = &s->c->ts;
    const struct og_term n = ts->v[t];
    unsigned k = n.op == OG_T_AND ? mask_bits(ts, n.a) : 0;
    if (!k || k == 160)
        return false;
    const struct og_term in = ts->v[n.b];
    if (in.op != OG_T_ADD && in.op != OG_T_SUB && in.op != OG_T_MUL)
        return false;
    struct og_range a = og_facts_range(ts, &s->p->facts, in.a),
                    b = og_facts_range(ts, &s->p->facts, in.b),
                    r = og_facts_range(ts, &s->p->facts, n.b);
    if (og_u256_bits(&a.hi) > k || og_u256_bits(&b.hi) > k)
        return false;
    if (in.op == OG_T_SUB)
        return !og_facts_exact(&s->c->ts, &s->p->facts, OG_T_SUB, in.a, in.b);
    return og_u256_bits(&r.hi) > k;
}

/* What nobody can reach: as many steps, or as much ether, as it would take. */
static bool takes_for_ever(const struct og_terms *ts, og_t part, og_t other)
{
    const struct og_u256 *w = og_term_word(ts, part);
    bool small = w && og_u256_fits_u64(w);
    bool ether = ts->v[part].bits <= 128 && ts->v[part].taint == OG_F_VALUE;
    return (small || ether) && !(ts->v[other].taint & (OG_F_CALLDATA | OG_F_RETURN));
}

static bool passes(void *ctx, og_t t)
{
    struct sought *s = ctx;
    struct og_terms *ts = &s->c->ts;
    const struct og_term n = ts->v[t];
    if (passes_type(s, t)) {
        s->found = t;
        return true;
    }
    if (n.op != OG_T_ADD && n.op != OG_T_SUB && n.op != OG_T_MUL)
        return false;
    /* masks and places: a difference of constants' powers, a hash and an index */
    struct og_u256 off;
    uint32_t len;
    og_t list;
    if (og_term_hash(ts, n.a, &list, &len, &off) || og_term_hash(ts, n.b, &list, &len, &off) ||
        !is_input(ts, t))
        return false;
    if (ts->v[n.a].op == OG_T_BALANCE || ts->v[n.b].op == OG_T_BALANCE)
        return false;
    if (n.op == OG_T_ADD && (takes_for_ever(ts, n.a, n.b) || takes_for_ever(ts, n.b, n.a)))
        return false;
    if (og_facts_exact(ts, &s->p->facts, n.op, n.a, n.b))
        return false;
    s->found = t;
    return true;
}

/* Parts of what is used: through arithmetic, not through hashes, reads of storage or tests. */
static bool look(struct sought *s, og_t t, int deep)
{
    const struct og_terms *ts = &s->c->ts;
    const struct og_term n = ts->v[t];
    unsigned kids = og_term_kids(n.op);
    if (deep <= 0 || n.op >= OG_T_KECCAK || n.op == OG_T_LT || n.op == OG_T_SLT ||
        n.op == OG_T_EQ || n.op == OG_T_ISZERO)
        return false;
    if (passes(s, t))
        return true;
    return ((kids & 1) && look(s, n.a, deep - 1)) || ((kids & 2) && look(s, n.b, deep - 1)) ||
           ((kids & 4) && look(s, n.c, deep - 1));
}

static bool path_is_signed(const struct og_check *c, const struct og_spath *p, og_t t)
{
    void *ctx = (void *)(uintptr_t)c;
    if (og_term_any(&c->ts, t, is_signed_op, ctx))
        return true;
    const struct og_term *n = &c->ts.v[t];
    for (size_t i = 0; i < p->facts.n; i++) {
        og_t f = p->facts.v[i];
        if (og_term_any(&c->ts, f, is_signed_op, ctx) &&
            ((n->a && og_term_kids(n->op) & 1 && !og_term_word(&c->ts, n->a) &&
              og_term_has(&c->ts, f, n->a)) ||
             (og_term_kids(n->op) & 2 && !og_term_word(&c->ts, n->b) &&
              og_term_has(&c->ts, f, n->b))))
            return true;
    }
    return false;
}

static void look_at(struct og_check *c, const struct og_spath *p, og_t used, uint32_t pc,
                    const char *message)
{
    struct sought s = {.c = c, .p = p};
    if (look(&s, used, 24) && !path_is_signed(c, p, s.found))
        og_check_report(c, p, OG_FLAW_OVERFLOW, OG_SEVERITY_HIGH, pc, message);
}

void og_check_overflow(struct og_check *c)
{
    for (size_t i = 0; i < c->n_paths; i++) {
        const struct og_spath *p = &c->path[i];
        if (!og_spath_ok(p))
            continue;
        for (size_t k = 0; k < p->n_events; k++) {
            const struct og_sym_event *e = &p->event[k];
            if (e->what == OG_SYM_SSTORE)
                look_at(c, p, e->word, e->pc,
                        "what is stored can come from a sum, difference or product that passes "
                        "the bounds of its type");
            else if (e->what == OG_SYM_CALL && e->op == 0xf1)
                look_at(c, p, e->value, e->pc,
                        "the ether sent can come from arithmetic that passes its bounds");
        }
    }
}
