/* analyze_prove_inv.c - invariants by trial: all that may hold, less what some transaction breaks.
 */
#include "analyze/analyze_eval.h"
#include "analyze/analyze_prove_int.h"
#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX      12
#define CANDIDATES_MAX 48
#define CONSTS_MAX     12

struct pool {
    og_t slot[SLOTS_MAX]; /* reads of `any` at constants, and fields of them */
    size_t n_slots;
    og_t number[CONSTS_MAX]; /* that the code compares with */
    size_t n_numbers;
};

static void put(og_t *v, size_t *n, size_t max, og_t t)
{
    for (size_t i = 0; i < *n; i++)
        if (v[i] == t)
            return;
    if (*n < max)
        v[(*n)++] = t;
}

/* Does t speak of slots of the state alone? */
static bool is_state(const struct og_terms *ts, og_t t, og_t any)
{
    const struct og_term *n = &ts->v[t];
    unsigned kids = og_term_kids(n->op);
    if (n->op == OG_T_CONST)
        return true;
    if (n->op == OG_T_SELECT)
        return n->a == any && og_term_word(ts, n->b);
    if (!kids || n->op >= OG_T_KECCAK || n->depth > 30)
        return false;
    return (!(kids & 1) || is_state(ts, n->a, any)) && (!(kids & 2) || is_state(ts, n->b, any)) &&
           (!(kids & 4) || is_state(ts, n->c, any));
}

static void gather(struct og_prover *p, struct pool *k, og_t t, int deep)
{
    const struct og_term n = p->ts.v[t];
    unsigned kids = og_term_kids(n.op);
    if (deep <= 0 || n.op == OG_T_STORE || n.op == OG_T_BASE || n.op == OG_T_KECCAK)
        return;
    bool test = n.op == OG_T_LT || n.op == OG_T_EQ;
    if (test && og_term_word(&p->ts, n.a))
        put(k->number, &k->n_numbers, CONSTS_MAX, n.a);
    if (test && og_term_word(&p->ts, n.b))
        put(k->number, &k->n_numbers, CONSTS_MAX, n.b);
    if (!og_term_word(&p->ts, t) && n.op != OG_T_ISZERO && !test && is_state(&p->ts, t, p->any))
        put(k->slot, &k->n_slots, SLOTS_MAX, t);
    if (kids & 1)
        gather(p, k, n.a, deep - 1);
    if (kids & 2)
        gather(p, k, n.b, deep - 1);
}

static void add(struct og_prover *p, og_t t)
{
    if (og_term_word(&p->ts, t) || p->n_invariants >= CANDIDATES_MAX)
        return;
    for (size_t i = 0; i < p->n_invariants; i++)
        if (p->invariant[i] == t)
            return;
    p->invariant =
        og_xgrow(p->invariant, &p->cap_invariants, p->n_invariants + 1, sizeof *p->invariant);
    p->invariant[p->n_invariants++] = t;
}

static og_t op(struct og_prover *p, uint8_t o, og_t a, og_t b)
{
    return og_term_op(&p->ts, o, a, b, 0);
}

/* What a failed path asked of the state cannot be asked: the negation of that. */
static void from_bad(struct og_prover *p, const struct og_end *e)
{
    og_t all = og_term_u64(&p->ts, 1);
    for (size_t i = 0; i < e->facts.n; i++) {
        og_t f = e->facts.v[i];
        if (!is_state(&p->ts, f, p->any))
            continue;
        og_t truth = og_term_not(&p->ts, f);
        add(p, truth);
        all = op(p, OG_T_AND, all, og_term_not(&p->ts, truth));
    }
    if (e->answer && is_state(&p->ts, e->answer, p->any)) { /* of a function that says so */
        all = op(p, OG_T_AND, all, og_term_not(&p->ts, e->answer));
        add(p, og_term_not(&p->ts, og_term_not(&p->ts, e->answer)));
    }
    add(p, og_term_not(&p->ts, all));
}

static void candidates(struct og_prover *p, const struct og_ends *bad)
{
    struct pool k = {0};
    for (size_t i = 0; i < bad->n; i++)
        from_bad(p, &bad->v[i]);
    for (size_t i = 0; i < p->ends_any.n; i++) {
        const struct og_end *e = &p->ends_any.v[i];
        for (size_t f = 0; f < e->facts.n; f++)
            gather(p, &k, e->facts.v[f], 12);
    }
    for (size_t i = 0; i < k.n_slots; i++) {
        og_t now = og_prove_over(p, k.slot[i], p->init);
        add(p, op(p, OG_T_EQ, now, k.slot[i]));
        add(p, og_term_not(&p->ts, op(p, OG_T_LT, k.slot[i], now)));
        for (size_t n = 0; n < k.n_numbers; n++)
            add(p, og_term_not(&p->ts, op(p, OG_T_LT, k.number[n], k.slot[i])));
        for (size_t o = 0; o < k.n_slots; o++)
            if (o != i) {
                add(p, og_term_not(&p->ts, op(p, OG_T_LT, k.slot[o], k.slot[i])));
                add(p, op(p, OG_T_EQ, k.slot[o], k.slot[i]));
            }
    }
}

og_t og_prove_over(struct og_prover *p, og_t t, og_t storage)
{
    const struct og_term n = p->ts.v[t];
    unsigned kids = og_term_kids(n.op);
    if (n.op == OG_T_SELECT && n.a == p->any)
        return og_term_select(&p->ts, storage, og_prove_over(p, n.b, storage));
    if (!kids || n.op >= OG_T_KECCAK)
        return t;
    og_t a = kids & 1 ? og_prove_over(p, n.a, storage) : n.a;
    og_t b = kids & 2 ? og_prove_over(p, n.b, storage) : n.b;
    og_t c = kids & 4 ? og_prove_over(p, n.c, storage) : n.c;
    return a == n.a && b == n.b && c == n.c ? t : og_term_op(&p->ts, n.op, a, b, c);
}

static void drop(struct og_prover *p, size_t i)
{
    p->invariant[i] = p->invariant[--p->n_invariants];
}

/* Does some transaction from a state with all of them break this one? */
static bool breaks(struct og_prover *p, size_t i, const struct og_end *e)
{
    og_t after = og_prove_over(p, p->invariant[i], e->storage);
    const struct og_u256 *w = og_term_word(&p->ts, after);
    if (after == p->invariant[i] || (w && !og_u256_is_zero(w)))
        return false;
    og_t *more = og_xmalloc((p->n_invariants + 1) * sizeof *more);
    memcpy(more, p->invariant, p->n_invariants * sizeof *more);
    more[p->n_invariants] = og_term_not(&p->ts, after);
    bool broken = og_prove_ask(p, &e->facts, more, p->n_invariants + 1) != OG_UNSAT;
    free(more);
    return broken;
}

void og_prove_invariants(struct og_prover *p, const struct og_ends *bad)
{
    p->n_invariants = 0;
    if (p->ends_any.ran_out || p->ends_any.loops_met)
        return; /* some transaction is not known */
    candidates(p, bad);
    for (size_t i = 0; i < p->n_invariants;) {
        const struct og_u256 *w = og_term_word(&p->ts, og_prove_over(p, p->invariant[i], p->init));
        if (w && !og_u256_is_zero(w))
            i++;
        else
            drop(p, i);
    }
    for (bool more = true; more && p->left;) {
        more = false;
        for (size_t i = 0; i < p->n_invariants && p->left;) {
            bool broken = false;
            for (size_t e = 0; e < p->ends_any.n && !broken; e++)
                broken = og_end_ok(&p->ends_any.v[e]) && breaks(p, i, &p->ends_any.v[e]);
            if (broken) {
                drop(p, i);
                more = true;
            } else {
                i++;
            }
        }
    }
    if (!p->left)
        p->n_invariants = 0; /* not all were tried */
}
