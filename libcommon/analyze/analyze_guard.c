/* analyze_guard.c - who may take a path: authorities, and what anyone can write. */
#include "analyze/analyze_check_int.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define ATTACKER (OG_F_CALLER | OG_F_CALLDATA | OG_F_VALUE)

static og_t word_of_list(const struct og_terms *ts, og_t list, unsigned k)
{
    for (; list && k; k--)
        list = ts->v[list].b;
    return list ? ts->v[list].a : 0;
}

struct og_place og_place_of(const struct og_terms *ts, og_t key)
{
    struct og_place p = {.kind = OG_PLACE_OTHER};
    struct og_u256 off;
    uint32_t n;
    og_t list, at = key;
    if (ts->v[at].op == OG_T_ADD && !og_term_hash(ts, at, &list, &n, &off)) {
        /* the hash of an array, an index, perhaps a member */
        at = og_term_split(ts, at, &off);
        p.off = og_u256_fits_u64(&off) ? off.w[0] : 0;
        if (ts->v[at].op == OG_T_ADD) {
            og_t x = ts->v[at].a, y = ts->v[at].b;
            at = og_term_hash(ts, x, &list, &n, &off) ? x : y;
        } else if (ts->v[key].op == OG_T_ADD && og_term_hash(ts, ts->v[key].a, &list, &n, &off)) {
            at = ts->v[key].a; /* a hash that is a constant, plus the index */
            p.off = 0;
        }
    }
    while (og_term_hash(ts, at, &list, &n, &off)) {
        og_t first = word_of_list(ts, list, 0);
        og_t slot = n == 64 ? word_of_list(ts, list, 1) : n == 32 ? first : 0;
        if (!slot)
            return p;
        p.off = p.deep ? p.off : p.off + off.w[0];
        p.deep++;
        p.index = n == 64 ? first : p.index;
        p.kind = n == 64 || p.kind == OG_PLACE_MAP ? OG_PLACE_MAP : OG_PLACE_ARRAY;
        at = slot;
    }
    if (og_term_word(ts, at)) {
        p.kind = p.deep ? p.kind : OG_PLACE_SLOT;
        p.root = at;
    } else {
        p.kind = OG_PLACE_OTHER;
    }
    return p;
}

bool og_place_same(const struct og_place *a, const struct og_place *b)
{
    return a->kind == b->kind && a->root == b->root && a->off == b->off && a->deep == b->deep &&
           a->kind != OG_PLACE_OTHER;
}

bool og_check_writable(const struct og_check *c, const struct og_place *p)
{
    for (size_t i = 0; i < c->n_writable; i++)
        if (og_place_same(&c->writable[i], p))
            return true;
    return false;
}

static bool is_select(void *ctx, og_t t)
{
    const struct og_check *c = ctx;
    return c->ts.v[t].op == OG_T_SELECT;
}

struct finder {
    const struct og_check *c;
    og_t found;
};

static bool find_select(void *ctx, og_t t)
{
    struct finder *f = ctx;
    if (!is_select((void *)(uintptr_t)f->c, t))
        return false;
    f->found = t;
    return true;
}

og_t og_check_read_of(const struct og_check *c, og_t t)
{
    struct finder f = {.c = c};
    if (!(c->ts.v[t].taint & OG_F_STORAGE))
        return 0;
    og_term_any(&c->ts, t, find_select, &f);
    return f.found;
}

static bool is_chosen(void *ctx, og_t t)
{
    const struct og_check *c = ctx;
    const struct og_term *n = &c->ts.v[t];
    if (n->op != OG_T_SELECT)
        return false;
    struct og_place p = og_place_of(&c->ts, n->b);
    return og_check_writable(c, &p);
}

bool og_check_chosen(const struct og_check *c, og_t t)
{
    const struct og_terms *ts = &c->ts;
    const struct og_term *n = &ts->v[t];
    og_t read = og_check_read_of(c, t);
    if (!read)
        return (n->taint & ATTACKER) != 0;
    return is_chosen((void *)(uintptr_t)c, read) ||
           (n->op != OG_T_SELECT && og_term_any(ts, t, is_chosen, (void *)(uintptr_t)c));
}

static bool reads_caller_key(const struct og_check *c, og_t t)
{
    og_t s = og_check_read_of(c, t);
    return s && (c->ts.v[c->ts.v[s].b].taint & OG_F_CALLER);
}

/* Is this the caller itself, or bits of it? */
static bool is_caller(const struct og_terms *ts, og_t t, uint32_t who)
{
    return ts->v[t].taint == who && !og_term_word(ts, t);
}

/* The fact says that the caller (or the origin) is a certain one: the other side; 0: it does not.
 */
static og_t equal_to_caller(const struct og_terms *ts, og_t fact)
{
    const struct og_term *n = &ts->v[fact];
    if (n->op != OG_T_EQ)
        return 0;
    for (int i = 0; i < 2; i++) {
        og_t x = i ? n->b : n->a, y = i ? n->a : n->b;
        bool caller = is_caller(ts, x, OG_F_CALLER) || is_caller(ts, x, OG_F_ORIGIN);
        if (caller && !(ts->v[y].taint & (OG_F_CALLER | OG_F_ORIGIN) & ~OG_F_STORAGE) &&
            (!(ts->v[y].taint & (OG_F_CALLDATA | OG_F_VALUE)) || (ts->v[y].taint & OG_F_STORAGE)))
            return y;
    }
    return 0;
}

/* A truth value of storage kept for the caller: what the fact reads; 0: it is none. Amounts, which
 * are compared with others, are not meant. */
static og_t flag_of_caller(const struct og_check *c, og_t fact)
{
    const struct og_terms *ts = &c->ts;
    og_t t = fact;
    while (ts->v[t].op == OG_T_ISZERO)
        t = ts->v[t].a;
    if (ts->v[t].op == OG_T_LT || ts->v[t].op == OG_T_SLT)
        return 0;
    return reads_caller_key(c, t) ? og_check_read_of(c, t) : 0;
}

static void add_authority(struct og_check *c, og_t read, bool flag)
{
    og_t s = og_check_read_of(c, read);
    if (!s)
        return;
    struct og_authority a = {
        .place = og_place_of(&c->ts, c->ts.v[s].b), .read = read, .select = s, .flag = flag};
    if (a.place.kind == OG_PLACE_OTHER)
        return;
    for (size_t i = 0; i < c->n_authority; i++)
        if (c->authority[i].read == read)
            return;
    c->authority =
        og_xgrow(c->authority, &c->cap_authority, c->n_authority + 1, sizeof *c->authority);
    c->authority[c->n_authority++] = a;
}

static bool is_flag_fact(const struct og_terms *ts, og_t fact)
{
    /* nonzero: a truth value, or bits of a word that were masked to one */
    og_t t = fact;
    while (ts->v[t].op == OG_T_ISZERO)
        t = ts->v[t].a;
    return ts->v[t].bits <= 8 || ts->v[t].bits == 160;
}

static void find_authorities(struct og_check *c)
{
    for (size_t i = 0; i < c->n_paths; i++) {
        const struct og_facts *f = &c->path[i].facts;
        for (size_t k = 0; k < f->n; k++) {
            og_t with = equal_to_caller(&c->ts, f->v[k]);
            og_t flag = with ? 0 : flag_of_caller(c, f->v[k]);
            if (with)
                add_authority(c, with, false);
            else if (flag && is_flag_fact(&c->ts, f->v[k]))
                add_authority(c, f->v[k], true);
        }
    }
}

/* A secret: a hash of the calldata, or an address that a signature gives, equals something that is
 * not the caller's to choose. */
static bool is_secret(const struct og_check *c, og_t fact)
{
    const struct og_terms *ts = &c->ts;
    const struct og_term *n = &ts->v[fact];
    if (n->op != OG_T_EQ)
        return false;
    for (int i = 0; i < 2; i++) {
        og_t x = i ? n->b : n->a, y = i ? n->a : n->b;
        bool from_hash = ts->v[x].op == OG_T_KECCAK || (ts->v[x].taint & OG_F_RETURN);
        if (from_hash && (ts->v[x].taint & (OG_F_CALLDATA | OG_F_RETURN)) && !og_check_chosen(c, y))
            return true;
    }
    return false;
}

static bool fact_guards(const struct og_check *c, og_t fact)
{
    const struct og_terms *ts = &c->ts;
    og_t with = equal_to_caller(ts, fact);
    if (with) {
        og_t s = og_check_read_of(c, with);
        return !s || !is_chosen((void *)(uintptr_t)c, s) ||
               (ts->v[ts->v[s].b].taint & OG_F_CALLDATA); /* an owner for each item */
    }
    if (is_secret(c, fact))
        return true;
    if (!reads_caller_key(c, fact))
        return false;
    const struct og_term *n = &ts->v[fact];
    if (n->op == OG_T_ISZERO && ts->v[n->a].op != OG_T_LT && ts->v[n->a].op != OG_T_ISZERO)
        return false; /* "not yet" holds for everyone who is new */
    og_t s = flag_of_caller(c, fact);
    return !s || !is_flag_fact(ts, fact) || !is_chosen((void *)(uintptr_t)c, s);
}

/* The word of a slot as the constructor left it; NULL: zero. */
static const struct og_u256 *deployed_word(const struct og_check *c, og_t key)
{
    const struct og_deployed *d = c->o->deployed;
    for (size_t i = 0; i < d->n_slots; i++)
        if (og_u256_eq(&d->slot[i].key, og_term_word(&c->ts, key)))
            return &d->slot[i].word;
    return NULL;
}

/* t as it is right after deployment; *fixed: it speaks only of slots that not anyone can write. */
static og_t at_deployment(struct og_check *c, og_t t, bool *fixed)
{
    const struct og_term n = c->ts.v[t];
    unsigned kids = og_term_kids(n.op);
    if (n.op == OG_T_SELECT && c->ts.v[n.a].op == OG_T_BASE && og_term_word(&c->ts, n.b)) {
        struct og_place place = og_place_of(&c->ts, n.b);
        const struct og_u256 *w = deployed_word(c, n.b);
        *fixed &= !og_check_writable(c, &place);
        return w ? og_term_const(&c->ts, w) : og_term_u64(&c->ts, 0);
    }
    if (n.op == OG_T_CONST || !kids || n.op >= OG_T_KECCAK || n.depth > 30) {
        *fixed &= n.op == OG_T_CONST;
        return t;
    }
    og_t a = at_deployment(c, n.a, fixed);
    og_t b = kids & 2 ? at_deployment(c, n.b, fixed) : 0;
    og_t d = kids & 4 ? at_deployment(c, n.c, fixed) : 0;
    return og_term_op(&c->ts, n.op, a, b, d);
}

/* "Not yet done": closed once it is done. Without knowing what the constructor did it is taken for
 * done; else the words that it left decide. */
static bool is_closed(const struct og_check *c, og_t fact)
{
    struct og_check *w = (struct og_check *)(uintptr_t)c; /* for new terms */
    const struct og_term n = c->ts.v[fact];
    bool fixed = true;
    if (!(n.taint & OG_F_STORAGE) || (n.taint & ~(uint32_t)OG_F_STORAGE))
        return false;
    if (!c->o->deployed || !c->o->deployed->constructed)
        return n.op == OG_T_ISZERO && c->ts.v[n.a].op != OG_T_LT && c->ts.v[n.a].op != OG_T_EQ;
    og_t now = at_deployment(w, fact, &fixed);
    const struct og_u256 *v = og_term_word(&c->ts, now);
    return fixed && v && og_u256_is_zero(v);
}

static bool is_guarded(const struct og_check *c, const struct og_spath *p)
{
    for (size_t i = 0; i < p->facts.n; i++)
        if (is_closed(c, p->facts.v[i]))
            return true;
    for (size_t i = 0; i < p->facts.n; i++)
        if (fact_guards(c, p->facts.v[i]))
            return true;
    return false;
}

/* An unguarded write: does what is written depend on the caller, or where? */
static bool writes_at_will(const struct og_check *c, const struct og_sym_event *e)
{
    const struct og_terms *ts = &c->ts;
    uint32_t word = ts->v[e->word].taint, key = ts->v[e->key].taint;
    const struct og_u256 *w = og_term_word(ts, e->word);
    if (w && og_u256_is_zero(w))
        return false;
    return (word & ATTACKER) || (key & OG_F_CALLDATA);
}

static bool mark_writes(struct og_check *c, const struct og_spath *p)
{
    bool more = false;
    for (size_t i = 0; i < p->n_events; i++) {
        const struct og_sym_event *e = &p->event[i];
        if (e->what != OG_SYM_SSTORE || !writes_at_will(c, e))
            continue;
        struct og_place place = og_place_of(&c->ts, e->key);
        if (place.kind == OG_PLACE_OTHER || og_check_writable(c, &place))
            continue;
        c->writable =
            og_xgrow(c->writable, &c->cap_writable, c->n_writable + 1, sizeof *c->writable);
        c->writable[c->n_writable++] = place;
        more = true;
    }
    return more;
}

/* Slots that hold the deployer's address, wherever in the word. */
static void deployers_slots(struct og_check *c)
{
    const struct og_deployed *d = c->o->deployed;
    struct og_u256 owner = og_u256_from_be(og_world_addr(OG_WHO_OWNER)->b, OG_ADDR_LEN);
    struct og_u256 ones = og_u256_sub(og_u256_shl(og_u256_of(1), 160), og_u256_of(1));
    for (size_t i = 0; d && i < d->n_slots; i++)
        for (unsigned by = 0; by <= 96; by += 8) {
            struct og_u256 w = og_u256_shr(d->slot[i].word, by);
            for (int k = 0; k < 4; k++)
                w.w[k] &= ones.w[k];
            if (!og_u256_eq(&w, &owner))
                continue;
            og_t key = og_term_const(&c->ts, &d->slot[i].key);
            og_t word = og_term_select(&c->ts, og_term_base(&c->ts, 1), key);
            og_t moved = og_term_op(&c->ts, OG_T_SHR, og_term_u64(&c->ts, by), word, 0);
            add_authority(c, og_term_op(&c->ts, OG_T_AND, og_term_const(&c->ts, &ones), moved, 0),
                          false);
        }
}

void og_check_guards(struct og_check *c)
{
    bool more = true;
    find_authorities(c);
    deployers_slots(c);
    while (more) {
        more = false;
        for (size_t i = 0; i < c->n_paths; i++) {
            struct og_spath *p = &c->path[i];
            p->guarded = is_guarded(c, p);
            if (og_spath_ok(p) && !p->guarded)
                more |= mark_writes(c, p);
        }
    }
}

bool og_check_listed(const struct og_check *c, const struct og_spath *p, og_t t)
{
    const struct og_terms *ts = &c->ts;
    for (size_t i = 0; i < p->facts.n; i++) {
        og_t f = p->facts.v[i], s = og_check_read_of(c, f);
        const struct og_term *n = &ts->v[f];
        if (n->op == OG_T_EQ && (n->a == t || n->b == t) &&
            !og_check_chosen(c, n->a == t ? n->b : n->a))
            return true;
        if (!s || !og_term_has(ts, ts->v[s].b, t) || n->op == OG_T_ISZERO || n->op == OG_T_LT ||
            n->op == OG_T_SLT)
            continue;
        struct og_place place = og_place_of(ts, ts->v[s].b);
        if (!og_check_writable(c, &place))
            return true;
    }
    return false;
}

og_t og_check_subst(struct og_terms *ts, og_t t, og_t from, og_t to)
{
    const struct og_term n = ts->v[t];
    unsigned kids = og_term_kids(n.op);
    if (t == from)
        return to;
    if (!kids || n.depth > 40 || n.op >= OG_T_KECCAK)
        return t;
    og_t a = kids & 1 ? og_check_subst(ts, n.a, from, to) : n.a;
    og_t b = kids & 2 ? og_check_subst(ts, n.b, from, to) : n.b;
    og_t c = kids & 4 ? og_check_subst(ts, n.c, from, to) : n.c;
    return a == n.a && b == n.b && c == n.c ? t : og_term_op(ts, n.op, a, b, c);
}
