/* analyze_fact.c - bounds and order from the conditions of a path. */
#include "analyze/analyze_fact.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define DEEP 6
#define FUEL 4000 /* terms and facts that a question may look at */

#define OP(t) (ts->v[t].op)

static const struct og_u256 all_ones = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

void og_facts_copy(struct og_facts *to, const struct og_facts *from)
{
    *to = (struct og_facts){.n = from->n, .cap = from->n + 8, .now = from->now};
    to->cap_at = to->cap;
    to->v = og_xmalloc(to->cap * sizeof *to->v);
    to->at = og_xmalloc(to->cap * sizeof *to->at);
    if (from->n) {
        memcpy(to->v, from->v, from->n * sizeof *to->v);
        memcpy(to->at, from->at, from->n * sizeof *to->at);
    }
}

void og_facts_release(struct og_facts *f)
{
    free(f->v);
    free(f->at);
    *f = (struct og_facts){0};
}

static void push(struct og_facts *f, og_t t)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i] == t)
            return;
    f->v = og_xgrow(f->v, &f->cap, f->n + 1, sizeof *f->v);
    f->at = og_xgrow(f->at, &f->cap_at, f->n + 1, sizeof *f->at);
    f->at[f->n] = f->now;
    f->v[f->n++] = t;
}

static bool is_truth(const struct og_terms *ts, og_t t)
{
    return ts->v[t].bits <= 1;
}

/* x * y / x == y: with x = 0 too, the product loses nothing. */
static void add_mul(struct og_terms *ts, struct og_facts *f, og_t eq)
{
    for (int i = 0; i < 2; i++) {
        og_t d = i ? ts->v[eq].b : ts->v[eq].a, y = i ? ts->v[eq].a : ts->v[eq].b;
        if (OP(d) != OG_T_DIV || OP(ts->v[d].a) != OG_T_MUL)
            continue;
        const struct og_term *m = &ts->v[ts->v[d].a];
        og_t x = ts->v[d].b;
        if ((m->a == x && m->b == y) || (m->a == y && m->b == x))
            push(f, og_term_op(ts, OG_T_MULOK, x, y, 0));
    }
}

void og_facts_add(struct og_terms *ts, struct og_facts *f, og_t t)
{
    const struct og_term n = ts->v[t];
    if (n.op == OG_T_CONST)
        return;
    if (n.op == OG_T_AND && is_truth(ts, n.a) && is_truth(ts, n.b)) {
        og_facts_add(ts, f, n.a);
        og_facts_add(ts, f, n.b);
        return;
    }
    if (n.op == OG_T_ISZERO) {
        const struct og_term m = ts->v[n.a];
        if (m.op == OG_T_ISZERO) {
            og_facts_add(ts, f, m.a);
            return;
        }
        if (m.op == OG_T_OR) {
            og_facts_add(ts, f, og_term_not(ts, m.a));
            og_facts_add(ts, f, og_term_not(ts, m.b));
            return;
        }
    }
    push(f, t);
    if (n.op == OG_T_EQ)
        add_mul(ts, f, t);
}

/* False: enough was looked at for one question. */
static bool spend(const struct og_facts *f, unsigned n)
{
    *f->fuel -= *f->fuel < n ? *f->fuel : n;
    return *f->fuel > 0;
}

static struct og_range range(const struct og_terms *ts, const struct og_facts *f, og_t t, int deep);
static bool le(const struct og_terms *ts, const struct og_facts *f, og_t a, og_t b, int deep);

static void at_most(struct og_range *r, struct og_u256 w)
{
    if (og_u256_lt(&w, &r->hi))
        r->hi = w;
}

static void at_least(struct og_range *r, struct og_u256 w)
{
    if (og_u256_lt(&r->lo, &w))
        r->lo = w;
}

/* What one fact says about t. */
static void narrow(const struct og_terms *ts, const struct og_facts *f, og_t fact, og_t t, int deep,
                   struct og_range *r)
{
    const struct og_term *n = &ts->v[fact];
    bool no = n->op == OG_T_ISZERO;
    struct og_u256 one = og_u256_of(1);
    struct og_range o;
    if (fact == t)
        at_least(r, one);
    if (no) {
        if (n->a == t)
            *r = (struct og_range){OG_U256_ZERO, OG_U256_ZERO};
        n = &ts->v[n->a];
    }
    if (n->op == OG_T_EQ && !no && (n->a == t || n->b == t)) {
        o = range(ts, f, n->a == t ? n->b : n->a, deep - 1);
        at_most(r, o.hi);
        at_least(r, o.lo);
    }
    if (n->op != OG_T_LT)
        return;
    if (n->a == t) {
        o = range(ts, f, n->b, deep - 1);
        if (no)
            at_least(r, o.lo);
        else if (!og_u256_is_zero(&o.hi))
            at_most(r, og_u256_sub(o.hi, one));
    }
    if (n->b == t) {
        o = range(ts, f, n->a, deep - 1);
        if (no)
            at_most(r, o.hi);
        else if (!og_u256_eq(&o.lo, &all_ones))
            at_least(r, og_u256_add(o.lo, one));
    }
}

static bool product(const struct og_u256 *a, const struct og_u256 *b, struct og_u256 *out)
{
    *out = og_u256_mul(a, b);
    if (og_u256_is_zero(a))
        return true;
    struct og_u256 q = og_u256_div(out, a);
    return og_u256_eq(&q, b);
}

/* A long sum of which one part each is shallow: the parts' upper bounds together. */
static bool chain(const struct og_terms *ts, const struct og_facts *f, og_t t, struct og_u256 *hi)
{
    *hi = OG_U256_ZERO;
    for (;;) {
        const struct og_term *n = &ts->v[t];
        bool on = n->op == OG_T_ADD;
        og_t leaf = !on ? t : ts->v[n->a].depth < ts->v[n->b].depth ? n->a : n->b;
        struct og_range r = range(ts, f, leaf, 2);
        if (og_u256_addc(hi, &r.hi, hi))
            return false;
        if (!on)
            return true;
        t = leaf == n->a ? n->b : n->a;
    }
}

/* What the parts of a term say about it. */
static void shape(const struct og_terms *ts, const struct og_facts *f, const struct og_term *n,
                  int deep, struct og_range *r)
{
    struct og_range a, b;
    struct og_u256 w;
    uint64_t by;
    unsigned kids = og_term_kids(n->op);
    if (!(kids & 2) || n->op == OG_T_SELECT || n->op == OG_T_CAT || n->op == OG_T_RETWORD ||
        n->op == OG_T_CDLOAD)
        return;
    a = range(ts, f, n->a, deep - 1);
    b = range(ts, f, n->b, deep - 1);
    switch (n->op) {
    case OG_T_ADD:
        if (!og_u256_addc(&a.hi, &b.hi, &w)) {
            at_most(r, w);
            at_least(r, og_u256_add(a.lo, b.lo));
        }
        break;
    case OG_T_MUL:
        if (product(&a.hi, &b.hi, &w)) {
            at_most(r, w);
            at_least(r, og_u256_mul(&a.lo, &b.lo));
        }
        break;
    case OG_T_SUB:
        if (le(ts, f, n->b, n->a, deep - 1)) {
            at_most(r, og_u256_sub(a.hi, b.lo));
            if (!og_u256_lt(&a.lo, &b.hi))
                at_least(r, og_u256_sub(a.lo, b.hi));
        }
        break;
    case OG_T_DIV:
        if (!og_u256_is_zero(&b.lo)) {
            at_most(r, og_u256_div(&a.hi, &b.lo));
            at_least(r, og_u256_div(&a.lo, &b.hi));
        }
        at_most(r, a.hi);
        break;
    case OG_T_MOD:
        at_most(r, a.hi);
        if (!og_u256_is_zero(&b.hi))
            at_most(r, og_u256_sub(b.hi, og_u256_of(1)));
        break;
    case OG_T_AND:
        at_most(r, a.hi);
        at_most(r, b.hi);
        break;
    case OG_T_SHR:
        if (og_term_is_u64(ts, n->a, &by)) {
            at_most(r, og_u256_shr(b.hi, by));
            at_least(r, og_u256_shr(b.lo, by));
        }
        break;
    case OG_T_SHL:
        if (og_term_is_u64(ts, n->a, &by) && by + og_u256_bits(&b.hi) <= 256) {
            at_most(r, og_u256_shl(b.hi, by));
            at_least(r, og_u256_shl(b.lo, by));
        }
        break;
    }
}

static struct og_range range(const struct og_terms *ts, const struct og_facts *f, og_t t, int deep)
{
    const struct og_term *n = &ts->v[t];
    struct og_range r = {OG_U256_ZERO, og_u256_shr(all_ones, 256u - n->bits)};
    if (n->op == OG_T_CONST)
        return (struct og_range){ts->word[n->a], ts->word[n->a]};
    if (deep <= 0)
        return r;
    struct og_u256 sum;
    if (!spend(f, (unsigned)f->n / 8 + 1))
        return r;
    if (n->op == OG_T_ADD && n->depth > DEEP / 2 && deep > 2 && chain(ts, f, t, &sum))
        at_most(&r, sum);
    if (n->op == OG_T_ADD && n->depth > 2 * DEEP)
        return r;
    for (size_t i = 0; i < f->n; i++)
        narrow(ts, f, f->v[i], t, deep, &r);
    shape(ts, f, n, deep, &r);
    if (og_u256_lt(&r.hi, &r.lo)) /* the path cannot be taken */
        r.lo = r.hi;
    return r;
}

struct og_range og_facts_range(const struct og_terms *ts, const struct og_facts *f, og_t t)
{
    unsigned fuel = FUEL;
    struct og_facts v = *f;
    v.fuel = &fuel;
    return range(ts, &v, t, DEEP);
}

/* The fact as low <= high; false: it says something else. An equation is read as x <= y or y <= x.
 */
static bool as_order(const struct og_terms *ts, og_t fact, bool turn, og_t *low, og_t *high)
{
    const struct og_term *n = &ts->v[fact];
    if (n->op == OG_T_LT || n->op == OG_T_EQ) {
        bool t = turn && n->op == OG_T_EQ;
        *low = t ? n->b : n->a;
        *high = t ? n->a : n->b;
        return !turn || t;
    }
    if (n->op != OG_T_ISZERO || ts->v[n->a].op != OG_T_LT || turn)
        return false;
    *low = ts->v[n->a].b;
    *high = ts->v[n->a].a;
    return true;
}

/* A fact x <= y with a <= x and y <= b; one of the two is the same term. */
static bool le_by_fact(const struct og_terms *ts, const struct og_facts *f, og_t a, og_t b,
                       int deep)
{
    og_t x, y;
    for (size_t k = 0; k < 2 * f->n; k++) {
        if (!as_order(ts, f->v[k / 2], k % 2, &x, &y))
            continue;
        if (y == b && (x == a || (deep > 0 && le(ts, f, a, x, deep - 2))))
            return true;
        if (x == a && y != b && deep > 0 && le(ts, f, y, b, deep - 3))
            return true;
    }
    return false;
}

/* Is it a fact that x + y loses nothing: y <= ~x? */
static bool whole_sum(const struct og_terms *ts, const struct og_facts *f, og_t x, og_t y, int deep)
{
    og_t low, high;
    for (size_t k = 0; k < f->n; k++) {
        if (!as_order(ts, f->v[k], false, &low, &high) || ts->v[high].op != OG_T_NOT)
            continue;
        og_t h = ts->v[high].a;
        if ((low == y && (h == x || (deep > 0 && le(ts, f, x, h, deep - 2)))) ||
            (low == x && (h == y || (deep > 0 && le(ts, f, y, h, deep - 2)))))
            return true;
    }
    return false;
}

/* A word of storage that was perhaps overwritten: at least a, whichever it is. */
static bool le_select(const struct og_terms *ts, const struct og_facts *f, og_t a, og_t b, int deep)
{
    const struct og_term *n = &ts->v[b], *s = &ts->v[n->a];
    if (s->op != OG_T_STORE || !le(ts, f, a, s->c, deep - 1))
        return false;
    og_t below = og_term_peek(ts, s->a, n->b);
    return below && le(ts, f, a, below, deep - 1);
}

static bool le(const struct og_terms *ts, const struct og_facts *f, og_t a, og_t b, int deep)
{
    const struct og_term *na = &ts->v[a], *nb = &ts->v[b];
    struct og_u256 w;
    if (a == b)
        return true;
    if (!spend(f, (unsigned)f->n / 4 + 1))
        return false;
    if (le_by_fact(ts, f, a, b, deep > 0 ? deep : 0))
        return true;
    if (deep <= 0)
        return false;
    struct og_range ra = range(ts, f, a, deep - 2), rb = range(ts, f, b, deep - 2);
    if (!og_u256_lt(&rb.lo, &ra.hi))
        return true;
    switch (na->op) {
    case OG_T_AND:
        if (le(ts, f, na->a, b, deep - 1) || le(ts, f, na->b, b, deep - 1))
            return true;
        break;
    case OG_T_DIV:
    case OG_T_MOD:
        if (le(ts, f, na->a, b, deep - 1))
            return true;
        break;
    case OG_T_SHR:
        if (le(ts, f, na->b, b, deep - 1))
            return true;
        break;
    case OG_T_SUB:
        if (le(ts, f, na->b, na->a, deep - 2) && le(ts, f, na->a, b, deep - 1))
            return true;
        break;
    case OG_T_NOT:
        if (nb->op == OG_T_NOT)
            return le(ts, f, nb->a, na->a, deep - 1);
        break;
    }
    if (nb->op == OG_T_SELECT && le_select(ts, f, a, b, deep))
        return true;
    if (nb->op == OG_T_ADD) {
        struct og_range x = range(ts, f, nb->a, deep - 2), y = range(ts, f, nb->b, deep - 2);
        if (!og_u256_addc(&x.hi, &y.hi, &w) || whole_sum(ts, f, nb->a, nb->b, 0))
            return le(ts, f, a, nb->a, deep - 1) || le(ts, f, a, nb->b, deep - 1);
    }
    return false;
}

bool og_facts_le(const struct og_terms *ts, const struct og_facts *f, og_t a, og_t b)
{
    unsigned fuel = FUEL;
    struct og_facts v = *f;
    v.fuel = &fuel;
    return le(ts, &v, a, b, DEEP);
}

static enum og_truth decide_lt(const struct og_terms *ts, const struct og_facts *f, og_t a, og_t b)
{
    struct og_range ra = og_facts_range(ts, f, a), rb = og_facts_range(ts, f, b);
    if (og_u256_lt(&ra.hi, &rb.lo))
        return OG_TRUE;
    if (!og_u256_lt(&ra.lo, &rb.hi) || og_facts_le(ts, f, b, a))
        return OG_FALSE;
    return OG_EITHER;
}

static enum og_truth decide_eq(const struct og_terms *ts, const struct og_facts *f, og_t a, og_t b)
{
    struct og_range ra = og_facts_range(ts, f, a), rb = og_facts_range(ts, f, b);
    if (og_u256_lt(&ra.hi, &rb.lo) || og_u256_lt(&rb.hi, &ra.lo))
        return OG_FALSE;
    return og_u256_eq(&ra.lo, &ra.hi) && og_u256_eq(&rb.lo, &rb.hi) ? OG_TRUE : OG_EITHER;
}

enum og_truth og_facts_decide(struct og_terms *ts, const struct og_facts *f, og_t t)
{
    const struct og_u256 *w = og_term_word(ts, t);
    if (w)
        return og_u256_is_zero(w) ? OG_FALSE : OG_TRUE;
    og_t no = og_term_not(ts, t), yes = og_term_not(ts, no);
    for (size_t i = 0; i < f->n; i++) {
        if (f->v[i] == t || f->v[i] == yes)
            return OG_TRUE;
        if (f->v[i] == no)
            return OG_FALSE;
    }
    const struct og_term n = ts->v[t];
    enum og_truth x = OG_EITHER, y;
    switch (n.op) {
    case OG_T_ISZERO:
        x = og_facts_decide(ts, f, n.a);
        return x == OG_EITHER ? x : x == OG_TRUE ? OG_FALSE : OG_TRUE;
    case OG_T_LT: return decide_lt(ts, f, n.a, n.b);
    case OG_T_EQ: x = decide_eq(ts, f, n.a, n.b); break;
    case OG_T_MULOK: return og_facts_exact(ts, f, OG_T_MUL, n.a, n.b) ? OG_TRUE : OG_EITHER;
    case OG_T_AND:
    case OG_T_OR:
        if (!is_truth(ts, n.a) || !is_truth(ts, n.b))
            break;
        x = og_facts_decide(ts, f, n.a);
        y = og_facts_decide(ts, f, n.b);
        if (n.op == OG_T_AND)
            return x == OG_FALSE || y == OG_FALSE ? OG_FALSE : x == OG_TRUE ? y : OG_EITHER;
        return x == OG_TRUE || y == OG_TRUE ? OG_TRUE : x == OG_FALSE ? y : OG_EITHER;
    }
    if (x != OG_EITHER)
        return x;
    struct og_range r = og_facts_range(ts, f, t);
    if (og_u256_is_zero(&r.hi))
        return OG_FALSE;
    return og_u256_is_zero(&r.lo) ? OG_EITHER : OG_TRUE;
}

static bool has(const struct og_facts *f, og_t t)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i] == t)
            return true;
    return false;
}

bool og_facts_exact(struct og_terms *ts, const struct og_facts *f, uint8_t op, og_t a, og_t b)
{
    struct og_u256 w;
    if (op == OG_T_SUB)
        return og_facts_le(ts, f, b, a);
    unsigned fuel = FUEL;
    struct og_facts v = *f;
    v.fuel = &fuel;
    struct og_range ra = range(ts, &v, a, DEEP), rb = range(ts, &v, b, DEEP);
    if (op == OG_T_MUL)
        return product(&ra.hi, &rb.hi, &w) || has(f, og_term_op(ts, OG_T_MULOK, a, b, 0));
    if (!og_u256_addc(&ra.hi, &rb.hi, &w))
        return true;
    og_t sum = og_term_op(ts, OG_T_ADD, a, b, 0);
    if (le_by_fact(ts, &v, a, sum, 0) || le_by_fact(ts, &v, b, sum, 0) ||
        whole_sum(ts, &v, a, b, DEEP))
        return true;
    return og_facts_le(ts, f, a, og_term_op(ts, OG_T_NOT, b, 0, 0)) ||
           og_facts_le(ts, f, b, og_term_op(ts, OG_T_NOT, a, 0, 0));
}
