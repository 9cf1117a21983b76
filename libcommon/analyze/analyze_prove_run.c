/* analyze_prove_run.c - one transaction: entries with shaped arguments, ends, questions. */
#include "analyze/analyze_prove_int.h"

#include "analyze/analyze_args.h"
#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_PATH   60000
#define STEPS_ALL    1500000
#define PATHS_ALL    2000
#define WRAPS_MAX    64
#define SHAPES_MAX   9
#define HARDER       12 /* times the resource limit */
#define UNKNOWN_COST 30

struct shape {
    uint64_t fill;
    unsigned pick; /* lengths, as digits */
    uint32_t arrays;
};

static struct og_u256 shape_word(void *ctx, const struct og_abi_type *t)
{
    const struct shape *s = ctx;
    uint64_t w = s->fill * UINT64_C(0x0101010101010101);
    (void)t;
    return (struct og_u256){{w, w, w, w}};
}

static uint32_t shape_length(void *ctx, const struct og_abi_type *t)
{
    struct shape *s = ctx;
    uint32_t n = s->pick % (s->arrays + 1);
    s->pick /= s->arrays + 1;
    return t->kind == OG_ABI_BYTES ? 32 * n : n;
}

static uint8_t shape_byte(void *ctx)
{
    return (uint8_t)((const struct shape *)ctx)->fill;
}

static void add_entry(struct og_prover *p, const struct og_abi_fn *fn, unsigned pick, bool shaped)
{
    struct og_buf b[2] = {OG_BUF_INIT, OG_BUF_INIT};
    p->entry = og_xgrow(p->entry, &p->cap_entries, p->n_entries + 1, sizeof *p->entry);
    struct og_entry *e = &p->entry[p->n_entries++];
    *e = (struct og_entry){.fn = fn, .shaped = shaped};
    if (!fn)
        return;
    /* what is the same whatever the words are is the shape */
    for (int i = 0; i < 2; i++) {
        struct shape s = {.fill = i ? 0x22 : 0x11, .pick = pick, .arrays = p->o->arrays};
        const struct og_args_source src = {&s, shape_word, shape_length, shape_byte};
        og_args_encode(fn->in, fn->n_in, &src, &b[i]);
    }
    e->n_words = (uint32_t)(b[0].len / 32);
    e->word = og_xcalloc(e->n_words + 1, sizeof *e->word);
    e->known = og_xcalloc(e->n_words + 1, sizeof *e->known);
    for (uint32_t i = 0; i < e->n_words; i++) {
        e->word[i] = og_u256_load((const uint8_t *)b[0].p + 32 * i);
        e->known[i] = shaped && memcmp(b[0].p + 32 * i, b[1].p + 32 * i, 32) == 0;
    }
    og_buf_release(&b[0]);
    og_buf_release(&b[1]);
}

void og_prove_entries(struct og_prover *p)
{
    const struct og_abi *abi = &p->c->abi;
    for (size_t i = 0; i < abi->n; i++) {
        unsigned shapes = 1;
        bool dynamic = false;
        for (size_t k = 0; k < abi->fn[i].n_in; k++)
            if (abi->fn[i].in[k].dynamic) {
                shapes *= p->o->arrays + 1;
                dynamic = true;
            }
        for (unsigned k = 0; k < shapes && k < SHAPES_MAX; k++)
            add_entry(p, &abi->fn[i], k, dynamic);
    }
    add_entry(p, NULL, 0, false);
}

static bool is_signed_op(void *ctx, og_t t)
{
    uint8_t op = ((const struct og_terms *)ctx)->v[t].op;
    return op == OG_T_SLT || op == OG_T_SDIV || op == OG_T_SMOD || op == OG_T_SAR ||
           op == OG_T_SIGNEXTEND;
}

/* Numbers with a sign pass 2^256 rightly; what shares an operand with a signed operation may be
 * one. */
static bool may_be_signed(struct og_terms *ts, const struct og_facts *f, og_t used, og_t a, og_t b)
{
    if (og_term_any(ts, used, is_signed_op, ts))
        return true;
    for (size_t i = 0; i < f->n; i++)
        if (og_term_any(ts, f->v[i], is_signed_op, ts) &&
            ((!og_term_word(ts, a) && og_term_has(ts, f->v[i], a)) ||
             (!og_term_word(ts, b) && og_term_has(ts, f->v[i], b))))
            return true;
    return false;
}

static void add_wrap(struct og_prover *p, const struct og_sym_path *path, struct og_end *e,
                     uint8_t op, og_t a, og_t b, og_t used)
{
    if (may_be_signed(&p->ts, &path->facts, used, a, b)) {
        e->has_sign = true;
        return;
    }
    e->wrap = og_xrealloc(e->wrap, (2 * e->n_wraps + 2) * sizeof *e->wrap);
    e->wrap_op = og_xrealloc(e->wrap_op, e->n_wraps + 1);
    e->wrap[2 * e->n_wraps] = a;
    e->wrap[2 * e->n_wraps + 1] = b;
    e->wrap_op[e->n_wraps++] = op;
}

/* A sum or product within a narrower type: its mask and what is cut to it. */
static bool narrow(struct og_prover *p, const struct og_sym_path *path, const struct og_term *n)
{
    struct og_terms *ts = &p->ts;
    const struct og_u256 *w = n->op == OG_T_AND ? og_term_word(ts, n->a) : NULL;
    if (!w)
        return false;
    struct og_u256 mask = *w, full;
    unsigned k = og_u256_bits(&mask);
    const struct og_term in = ts->v[n->b];
    full = og_u256_sub(og_u256_shl(og_u256_of(1), k), og_u256_of(1));
    if (!k || k % 8 || k >= 160 || !og_u256_eq(&mask, &full) ||
        (in.op != OG_T_ADD && in.op != OG_T_MUL))
        return false;
    struct og_range a = og_facts_range(ts, &path->facts, in.a),
                    b = og_facts_range(ts, &path->facts, in.b),
                    r = og_facts_range(ts, &path->facts, n->b);
    return og_u256_bits(&a.hi) <= k && og_u256_bits(&b.hi) <= k && og_u256_bits(&r.hi) > k;
}

/* Parts of what is stored or sent that may pass their bounds. */
static void find_wraps(struct og_prover *p, const struct og_sym_path *path, struct og_end *e,
                       og_t t, int deep)
{
    struct og_terms *ts = &p->ts;
    const struct og_term n = ts->v[t];
    unsigned kids = og_term_kids(n.op);
    struct og_u256 off;
    og_t list;
    uint32_t len;
    if (deep <= 0 || n.op >= OG_T_KECCAK || n.op == OG_T_LT || n.op == OG_T_SLT ||
        n.op == OG_T_EQ || n.op == OG_T_ISZERO || e->n_wraps >= WRAPS_MAX)
        return;
    bool sum = n.op == OG_T_ADD || n.op == OG_T_SUB || n.op == OG_T_MUL;
    if (narrow(p, path, &n))
        add_wrap(p, path, e, OG_T_AND, n.a, n.b, t);
    if (sum && !og_term_hash(ts, n.a, &list, &len, &off) &&
        !og_term_hash(ts, n.b, &list, &len, &off) &&
        !og_facts_exact(ts, &path->facts, n.op, n.a, n.b))
        add_wrap(p, path, e, n.op, n.a, n.b, t);
    if (kids & 1)
        find_wraps(p, path, e, n.a, deep - 1);
    if (kids & 2)
        find_wraps(p, path, e, n.b, deep - 1);
}

static bool is_assertion(struct og_prover *p, struct og_sym_path *path)
{
    struct og_terms *ts = &p->ts;
    uint64_t n;
    if (path->end == OG_SYM_INVALID)
        return path->pc < p->body;
    if (path->end != OG_SYM_REVERT || !og_term_is_u64(ts, path->out_len, &n) || n != 36)
        return false;
    const struct og_u256 *w = og_term_word(ts, og_sym_out_word(ts, path, 0));
    if (!w || w->w[3] >> 32 != 0x4e487b71)
        return false;
    return og_term_is_u64(ts, og_sym_out_word(ts, path, 4), &n) && n == 1;
}

struct collect {
    struct og_prover *p;
    struct og_ends *out;
    og_t before;
    size_t entry;
};

static bool collect(void *ctx, struct og_sym_path *path)
{
    struct collect *c = ctx;
    struct og_prover *p = c->p;
    bool ok =
        path->end == OG_SYM_STOP || path->end == OG_SYM_RETURN || path->end == OG_SYM_DESTRUCT;
    bool bad = is_assertion(p, path);
    if (path->end == OG_SYM_CUT && !c->out->loops_met)
        c->out->loops_met = og_prove_ask(p, &path->facts, NULL, 0) != OG_UNSAT;
    if (path->end == OG_SYM_WILD)
        c->out->ran_out = true;
    if (!ok && !bad)
        return true;
    c->out->v = og_xgrow(c->out->v, &c->out->cap, c->out->n + 1, sizeof *c->out->v);
    struct og_end *e = &c->out->v[c->out->n++];
    *e = (struct og_end){.storage = path->storage,
                         .before = c->before,
                         .end = path->end,
                         .pc = path->pc,
                         .entry = c->entry,
                         .asserts = bad};
    if (path->end == OG_SYM_RETURN)
        e->answer = og_sym_out_word(&p->ts, path, 0);
    for (size_t i = 0; ok && p->o->overflow && i < path->n_events; i++) {
        const struct og_sym_event *v = &path->event[i];
        if (v->what == OG_SYM_SSTORE)
            find_wraps(p, path, e, v->word, 40);
        else if (v->what == OG_SYM_CALL && v->op == 0xf1)
            find_wraps(p, path, e, v->value, 40);
    }
    e->facts = path->facts;
    path->facts = (struct og_facts){0};
    return true;
}

void og_ends_release(struct og_ends *e)
{
    for (size_t i = 0; i < e->n; i++) {
        og_facts_release(&e->v[i].facts);
        free(e->v[i].wrap);
        free(e->v[i].wrap_op);
    }
    free(e->v);
    *e = (struct og_ends){0};
}

static og_t argument(void *ctx, uint32_t tx, uint32_t k)
{
    struct og_prover *p = ((struct collect *)ctx)->p;
    const struct og_entry *e = &p->entry[p->under_way];
    (void)tx;
    if (!e->shaped)
        return 0;
    if (k >= e->n_words)
        return og_term_u64(&p->ts, 0);
    return e->known[k] ? og_term_const(&p->ts, &e->word[k]) : 0;
}

/* Which function is called, or that it is none; nothing else is known of the calldata unless it has
 * a shape. */
static void entry_facts(struct og_prover *p, size_t entry, uint32_t tx, struct og_facts *f)
{
    struct og_terms *ts = &p->ts;
    const struct og_entry *e = &p->entry[entry];
    og_t sel = og_term_var(ts, OG_V_SELECTOR, tx, 0), size = og_term_var(ts, OG_V_CDSIZE, tx, 0);
    if (e->fn) {
        og_facts_add(ts, f, og_term_op(ts, OG_T_EQ, og_term_u64(ts, e->fn->selector), sel, 0));
        if (e->shaped)
            og_facts_add(
                ts, f,
                og_term_op(ts, OG_T_EQ, og_term_u64(ts, 4 + 32 * (uint64_t)e->n_words), size, 0));
        return;
    }
    for (size_t i = 0; i < p->c->abi.n; i++) {
        og_t same = og_term_op(ts, OG_T_EQ, og_term_u64(ts, p->c->abi.fn[i].selector), sel, 0);
        og_facts_add(ts, f, og_term_not(ts, same));
    }
}

void og_prove_run(struct og_prover *p, size_t entry, uint32_t tx, og_t storage,
                  const struct og_facts *facts, struct og_ends *out)
{
    struct collect c = {.p = p, .out = out, .before = storage, .entry = entry};
    struct og_sym_stats stats;
    const struct og_sym_opts so = {.loops = p->o->loops,
                                   .steps_path = STEPS_PATH,
                                   .steps_all = STEPS_ALL,
                                   .paths_all = PATHS_ALL,
                                   .waiting = PATHS_ALL,
                                   .self = *og_world_addr(OG_WHO_CONTRACT),
                                   .havoc = true,
                                   .split = true,
                                   .ctx = &c,
                                   .done = collect,
                                   .argument = argument};
    struct og_sym_path *start = og_sym_start(&p->ts, tx, storage, facts);
    entry_facts(p, entry, tx, &start->facts);
    p->under_way = entry;
    og_sym_run(&p->ts, &p->code, &so, start, &stats);
    out->ran_out |= stats.ran_out || p->ts.full;
    free(stats.seen);
}

static og_t *joined(const struct og_facts *f, const og_t *more, size_t n)
{
    og_t *all = og_xmalloc((f->n + n + 1) * sizeof *all);
    if (f->n)
        memcpy(all, f->v, f->n * sizeof *all);
    if (n)
        memcpy(all + f->n, more, n * sizeof *all);
    return all;
}

bool og_prove_try(struct og_prover *p, const struct og_facts *f, const og_t *more, size_t n)
{
    og_t *all = joined(f, more, n);
    p->by_guess = og_prove_guess(p, all, f->n + n);
    free(all);
    return p->by_guess;
}

enum og_sat og_prove_ask(struct og_prover *p, const struct og_facts *f, const og_t *more, size_t n)
{
    if (!p->left)
        return OG_SAT_UNKNOWN;
    p->left--;
    if (og_prove_try(p, f, more, n))
        return OG_SAT;
    og_t *all = joined(f, more, n);
    enum og_sat s = og_smt_check(p->smt, all, f->n + n);
    if (s == OG_SAT_UNKNOWN && p->harder) { /* a few questions get more */
        p->harder--;
        og_smt_limit(p->smt, p->o->rlimit * HARDER);
        s = og_smt_check(p->smt, all, f->n + n);
        og_smt_limit(p->smt, p->o->rlimit);
    }
    free(all);
    if (s == OG_SAT_UNKNOWN) /* it took as long as many that have an answer */
        p->left -= p->left < UNKNOWN_COST ? p->left : UNKNOWN_COST;
    return s;
}

og_t og_prove_wrap(struct og_prover *p, uint8_t op, og_t a, og_t b)
{
    struct og_terms *ts = &p->ts;
    if (op == OG_T_ADD)
        return og_term_op(ts, OG_T_LT, og_term_op(ts, OG_T_NOT, a, 0, 0), b, 0);
    if (op == OG_T_SUB || op == OG_T_AND)
        return og_term_op(ts, OG_T_LT, a, b, 0);
    return og_term_not(ts, og_term_op(ts, OG_T_MULOK, a, b, 0));
}
