/* analyze_prove.c - properties, and the ways to settle them, from the cheapest on. */
#include "analyze/analyze_prove.h"

#include "analyze/analyze_fuzz.h"
#include "analyze/analyze_prove_int.h"
#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TERMS_MAX 4000000
#define HARD_MAX  3
#define FUZZ_RUNS 4000
#define FUZZ_GAS  1000000

/* What is sought: assertions in some functions, arithmetic, or an answer that is not true. */
struct goal {
    const char *name;
    bool overflow;
    const struct og_abi_fn *check;     /* only in this function */
    const struct og_abi_fn *invariant; /* after any transaction it must say true */
};

const char *og_verdict_name(enum og_verdict v)
{
    switch (v) {
    case OG_PROVED: return "proved";
    case OG_REFUTED: return "refuted";
    case OG_UNDECIDED: return "unknown";
    }
    return "unknown";
}

void og_proofs_release(struct og_proofs *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->v[i].property);
        free(p->v[i].message);
        og_seq_release(&p->v[i].witness);
    }
    free(p->v);
    *p = (struct og_proofs){0};
}

static void say(struct og_proof *r, enum og_verdict v, const char *fmt, ...) OG_PRINTF(3, 4);
static void say(struct og_proof *r, enum og_verdict v, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    free(r->message);
    r->message = og_xstrdup(text);
    r->verdict = v;
}

static bool is_named(const struct og_abi_fn *f, const char *prefix)
{
    return f && strncmp(f->name, prefix, strlen(prefix)) == 0;
}

/* Is this end one that the goal looks at, and with which operations? */
static bool concerns(const struct og_prover *p, const struct goal *g, const struct og_end *e)
{
    const struct og_abi_fn *fn = p->entry[e->entry].fn;
    if (g->overflow)
        return og_end_ok(e) && e->n_wraps > 0;
    if (g->invariant)
        return fn == g->invariant && (e->asserts || og_end_ok(e));
    if (g->check)
        return e->asserts && fn == g->check;
    return e->asserts && !is_named(fn, "check_") && !is_named(fn, "invariant_");
}

static size_t n_ways(const struct goal *g, const struct og_end *e)
{
    return g->overflow ? e->n_wraps : 1;
}

/* The condition, besides the facts of the path, that breaks the goal; 0: none. */
static og_t way(struct og_prover *p, const struct goal *g, const struct og_end *e, size_t i)
{
    if (g->overflow)
        return og_prove_wrap(p, e->wrap_op[i], e->wrap[2 * i], e->wrap[2 * i + 1]);
    if (g->invariant && !e->asserts)
        return og_term_not(&p->ts, e->answer ? e->answer : og_term_u64(&p->ts, 0));
    return 0;
}

/* Can the end break the goal? more: further facts. */
static enum og_sat ask_end(struct og_prover *p, const struct goal *g, const struct og_end *e,
                           const og_t *more, size_t n, size_t *which)
{
    enum og_sat all = OG_UNSAT;
    og_t *facts = og_xmalloc((n + 1) * sizeof *facts);
    if (n)
        memcpy(facts, more, n * sizeof *facts);
    /* by trial for each way first: a solver may take long over one that another spares it */
    for (size_t k = 0; k < 2 * n_ways(g, e) && all != OG_SAT; k++) {
        size_t i = k % n_ways(g, e);
        bool trial = k < n_ways(g, e);
        facts[n] = way(p, g, e, i);
        const struct og_u256 *w = facts[n] ? og_term_word(&p->ts, facts[n]) : NULL;
        if (w && og_u256_is_zero(w))
            continue;
        size_t n_facts = n + (facts[n] && !w);
        if (trial && !og_prove_try(p, &e->facts, facts, n_facts))
            continue;
        enum og_sat s = trial ? OG_SAT : og_prove_ask(p, &e->facts, facts, n_facts);
        if (s == OG_SAT)
            *which = i;
        if (s != OG_UNSAT)
            all = s;
    }
    free(facts);
    return all;
}

/* Was the goal broken when the sequence ran? Sums are looked for by their operands. */
static bool replay(struct og_prover *p, const struct goal *g, struct og_seq *s,
                   const struct og_end *e, size_t which, uint32_t *pc)
{
    struct og_seq_run r;
    struct og_seen seen;
    bool broken;
    og_seq_run_init(&r, p->d);
    if (g->overflow) {
        og_t a = e->wrap[2 * which], b = e->wrap[2 * which + 1];
        const struct og_term in = p->ts.v[b];
        bool cut = e->wrap_op[which] == OG_T_AND;
        r.watch.sought_op = cut ? in.op : e->wrap_op[which];
        og_prove_value(p, cut ? in.a : a, &r.watch.sought[0]);
        og_prove_value(p, cut ? in.b : b, &r.watch.sought[1]);
        if (og_term_word(&p->ts, cut ? in.a : a))
            r.watch.sought[0] = *og_term_word(&p->ts, cut ? in.a : a);
        if (og_term_word(&p->ts, cut ? in.b : b))
            r.watch.sought[1] = *og_term_word(&p->ts, cut ? in.b : b);
    }
    og_seq_run(&r, s, &seen);
    *pc = seen.pc[OG_FLAW_ASSERTION];
    broken = seen.seen[OG_FLAW_ASSERTION] && seen.tx[OG_FLAW_ASSERTION] == s->n - 1;
    if (g->overflow) {
        broken = r.last_ok && r.watch.found_sought;
        *pc = r.watch.found_pc;
    } else if (g->invariant && !broken) {
        broken = r.last_ok && (r.last_len < 32 || og_u256_is_zero(&r.last_out));
        *pc = r.watch.last_pc;
    }
    og_seq_run_release(&r);
    return broken;
}

struct search {
    struct og_prover *p;
    const struct goal *g;
    struct og_proof *out;
    const bool *worth; /* entries whose ends can break the goal at all */
    size_t entry[OG_PROVE_TXS];
    uint32_t depth; /* transactions */
    bool concrete;  /* from deployment; else from any storage with the invariants */
    bool found;     /* concrete: refuted. else: some end may break the goal */
    bool doubt;     /* a question without an answer, or a model that did not run */
};

static void last_tx(struct search *s, const struct og_ends *ends)
{
    struct og_prover *p = s->p;
    for (size_t i = 0; i < ends->n && !s->found; i++) {
        const struct og_end *e = &ends->v[i];
        size_t which = 0;
        if (!concerns(p, s->g, e))
            continue;
        enum og_sat sat = ask_end(p, s->g, e, NULL, 0, &which);
        s->doubt |= sat == OG_SAT_UNKNOWN;
        if (sat != OG_SAT)
            continue;
        if (!s->concrete) {
            s->found = true;
            return;
        }
        struct og_seq seq;
        uint32_t pc = 0;
        og_prove_model(p, s->entry, s->depth, &seq);
        if (replay(p, s->g, &seq, e, which, &pc)) {
            s->found = true;
            s->out->witness = seq;
            s->out->pc = pc;
        } else {
            s->doubt = true;
            og_seq_release(&seq);
        }
    }
}

/* Transactions at place `tx` of the sequence, and those after it. */
static void explore(struct search *s, uint32_t tx, og_t storage, const struct og_facts *facts)
{
    struct og_prover *p = s->p;
    for (size_t i = 0; i < p->n_entries && !s->found && p->left; i++) {
        bool last = tx + 1 == s->depth;
        struct og_ends ends = {0};
        if (last ? !s->worth[i] : p->entry[i].fn && p->entry[i].fn->view)
            continue;
        s->entry[tx] = i;
        og_prove_run(p, i, tx, storage, facts, &ends);
        s->out->loops_met |= ends.loops_met;
        s->doubt |= ends.ran_out;
        if (last)
            last_tx(s, &ends);
        for (size_t k = 0; !last && k < ends.n && !s->found && p->left; k++) {
            const struct og_end *e = &ends.v[k];
            if (!og_end_ok(e) || e->storage == storage)
                continue;
            if (og_prove_ask(p, &e->facts, NULL, 0) == OG_UNSAT)
                continue;
            explore(s, tx + 1, e->storage, &e->facts);
        }
        og_ends_release(&ends);
    }
    s->doubt |= !p->left;
}

static void from_deployment(struct og_prover *p, const struct goal *g, const bool *worth,
                            struct og_proof *out, uint32_t *done, bool *doubt)
{
    for (uint32_t depth = 1; depth <= p->o->transactions && depth < OG_PROVE_TXS; depth++) {
        struct search s = {
            .p = p, .g = g, .out = out, .worth = worth, .depth = depth, .concrete = true};
        struct og_facts f = {0};
        og_prove_world_facts(p, depth, &f);
        explore(&s, 0, p->init, &f);
        og_facts_release(&f);
        *doubt |= s.doubt;
        if (s.found) {
            say(out, OG_REFUTED, "%u transaction%s from deployment %s it, run in the interpreter",
                depth, depth == 1 ? "" : "s", depth == 1 ? "breaks" : "break");
            return;
        }
        if (s.doubt)
            return;
        *done = depth;
    }
}

/* The fuzzer is a cheap way to a refutation. */
static bool by_luck(struct og_prover *p, const struct goal *g, struct og_proof *out)
{
    struct og_fuzz_opts o = OG_FUZZ_OPTS;
    struct og_findings f = {0};
    struct og_fuzz_stats stats;
    bool found = false;
    if (g->overflow || g->invariant)
        return false;
    o.runs = FUZZ_RUNS;
    o.gas = FUZZ_GAS;
    o.steps = 10000000;
    og_fuzz(p->c, p->d, &o, &f, &stats);
    for (size_t i = 0; i < f.n && !found; i++) {
        json_t *w = f.v[i].flaw == OG_FLAW_ASSERTION ? json_loads(f.v[i].witness, 0, NULL) : NULL;
        struct og_seq s = {0};
        if (w && og_seq_read(w, &s, NULL) == OG_OK && s.n) {
            const struct og_seq_tx *t = &s.v[s.n - 1];
            const struct og_abi_fn *fn =
                t->n >= 4 ? og_abi_find(&p->c->abi, og_get_be32(t->data)) : NULL;
            found =
                g->check ? fn == g->check : !is_named(fn, "check_") && !is_named(fn, "invariant_");
        }
        if (found) {
            out->witness = s;
            out->pc = f.v[i].pc;
            say(out, OG_REFUTED, "transactions found by trial break it in the interpreter");
        } else {
            og_seq_release(&s);
        }
        json_decref(w);
    }
    og_findings_release(&f);
    return found;
}

/* Ends from any storage that may break the goal, given facts on that storage. Takes nothing. */
static bool any_left(struct og_prover *p, const struct goal *g, const og_t *more, size_t n,
                     bool *worth, struct og_ends *bad)
{
    bool left = false;
    for (size_t i = 0; i < p->ends_any.n; i++) {
        const struct og_end *e = &p->ends_any.v[i];
        size_t which;
        if (!concerns(p, g, e) || ask_end(p, g, e, more, n, &which) == OG_UNSAT)
            continue;
        left = true;
        worth[e->entry] = true;
        if (bad) {
            bad->v = og_xgrow(bad->v, &bad->cap, bad->n + 1, sizeof *bad->v);
            bad->v[bad->n++] = *e; /* borrowed parts */
        }
    }
    return left;
}

/* From any storage with the invariants, two transactions of which the first breaks nothing. */
static bool two_steps(struct og_prover *p, const struct goal *g, const bool *worth,
                      struct og_proof *out)
{
    struct search s = {.p = p, .g = g, .out = out, .worth = worth, .depth = 2};
    struct og_facts f = {0};
    for (size_t i = 0; i < p->n_invariants; i++)
        og_facts_add(&p->ts, &f, p->invariant[i]);
    explore(&s, 0, p->any, &f);
    og_facts_release(&f);
    return !s.found && !s.doubt;
}

/* After an answer of true, any transaction, the answer is true again. */
static bool invariant_step(struct og_prover *p, const struct goal *g, const bool *worth,
                           struct og_proof *out)
{
    struct og_ends starts = {0};
    bool ok = true;
    for (size_t i = 0; i < p->n_entries; i++)
        if (p->entry[i].fn == g->invariant)
            og_prove_run(p, i, OG_PROVE_TXS - 1, p->any, NULL, &starts);
    ok = !starts.ran_out && !starts.loops_met;
    for (size_t i = 0; i < starts.n && ok; i++) {
        struct search s = {.p = p, .g = g, .out = out, .worth = worth, .depth = 2};
        const struct og_end *e = &starts.v[i];
        struct og_facts f;
        if (!og_end_ok(e) || !e->answer)
            continue;
        og_facts_copy(&f, &e->facts);
        og_facts_add(&p->ts, &f, e->answer);
        const struct og_u256 *w = og_term_word(&p->ts, e->answer);
        if (!w || !og_u256_is_zero(w))
            explore(&s, 0, p->any, &f);
        og_facts_release(&f);
        ok = !s.found && !s.doubt;
    }
    og_ends_release(&starts);
    return ok;
}

static void by_induction(struct og_prover *p, const struct goal *g, const bool *worth,
                         struct og_ends *bad, struct og_proof *out, uint32_t done)
{
    bool *again = og_xcalloc(p->n_entries + 1, 1);
    p->left = p->o->questions;
    if (g->invariant && done >= 1 && invariant_step(p, g, worth, out)) {
        out->induction = 1;
        say(out, OG_PROVED, "it holds after deployment, and every transaction keeps it");
        free(again);
        return;
    }
    p->left = p->o->questions;
    og_prove_invariants(p, bad);
    if (p->n_invariants && !any_left(p, g, p->invariant, p->n_invariants, again, NULL)) {
        out->induction = 1;
        out->invariants = p->n_invariants;
        say(out, OG_PROVED,
            "from any storage with %zu invariants that hold after deployment and are kept by "
            "every transaction",
            p->n_invariants);
    } else if (done >= 1 && p->left && two_steps(p, g, worth, out)) {
        out->induction = 2;
        out->invariants = p->n_invariants;
        say(out, OG_PROVED, "by induction over two transactions, with %zu invariants",
            p->n_invariants);
    }
    free(again);
}

static void settle(struct og_prover *p, const struct goal *g, struct og_proof *out)
{
    bool *worth = og_xcalloc(p->n_entries + 1, 1), doubt = false, sign = false;
    struct og_ends bad = {0};
    uint32_t done = 0;
    size_t asked = og_smt_questions(p->smt);
    p->left = p->o->questions;
    p->harder = HARD_MAX;
    out->loops_met = p->ends_any.loops_met;
    for (size_t i = 0; i < p->ends_any.n; i++)
        sign |= g->overflow && p->ends_any.v[i].has_sign;
    say(out, OG_UNDECIDED, "no way to settle it was found");
    if (p->ends_any.ran_out || sign) {
        say(out, OG_UNDECIDED,
            sign ? "signed arithmetic is not looked at"
                 : "there are more paths than were followed");
        doubt = true;
    }
    bool left = any_left(p, g, NULL, 0, worth, &bad);
    if (!left && !doubt) {
        say(out, OG_PROVED, "from any storage");
    } else if (left && !by_luck(p, g, out)) {
        p->left = p->o->questions;
        bool unsure = false;
        from_deployment(p, g, worth, out, &done, &unsure);
        if (out->verdict != OG_REFUTED && !doubt)
            by_induction(p, g, worth, &bad, out, done);
        if (out->verdict == OG_UNDECIDED && !doubt && !unsure && done >= p->o->transactions) {
            out->transactions = done;
            say(out, OG_PROVED, "within %u transactions from deployment", done);
        }
    }
    out->questions = og_smt_questions(p->smt) - asked;
    free(bad.v);
    free(worth);
}

static og_t deployed_storage(struct og_prover *p)
{
    struct og_terms *ts = &p->ts;
    og_t s = og_term_base(ts, 0);
    for (size_t i = 0; i < p->d->n_images; i++) { /* so that keys are known as hashes */
        const struct og_preimage *m = &p->d->image[i];
        og_t w[2];
        for (uint32_t k = 0; k < 2; k++) {
            struct og_u256 v = og_u256_load(m->bytes + 32 * k);
            w[k] = og_term_const(ts, &v);
        }
        if (m->n % 32 == 0)
            og_term_keccak(ts, w, m->n);
    }
    for (size_t i = 0; i < p->d->n_slots; i++)
        s = og_term_store(ts, s, og_term_const(ts, &p->d->slot[i].key),
                          og_term_const(ts, &p->d->slot[i].word));
    return s;
}

static void one_goal(struct og_prover *p, const struct goal *g, struct og_proofs *out)
{
    out->v = og_xgrow(out->v, &out->cap, out->n + 1, sizeof *out->v);
    struct og_proof *r = &out->v[out->n++];
    *r = (struct og_proof){.property = og_xstrdup(g->name)};
    r->flaw = g->overflow ? OG_FLAW_OVERFLOW : g->invariant ? OG_FLAW_INVARIANT : OG_FLAW_ASSERTION;
    settle(p, g, r);
}

enum og_rc og_prove(const struct og_contract *c, const struct og_deployed *d,
                    const struct og_prove_opts *o, struct og_proofs *out, struct og_err *err)
{
    *out = (struct og_proofs){0};
    if (!og_smt_available())
        return og_err_set(err, OG_E_UNAVAILABLE, "proofs need Z3, without which this was built");
    struct og_prover *p = og_xcalloc(1, sizeof *p);
    p->c = c;
    p->d = d;
    p->o = o;
    p->left = o->questions;
    og_terms_init(&p->ts, TERMS_MAX);
    p->smt = og_smt_new(&p->ts, o->rlimit);
    p->any = og_term_base(&p->ts, 1);
    p->init = deployed_storage(p);
    og_sym_code_init(&p->code, (const uint8_t *)d->code.p, d->code.len);
    p->body = og_contract_code_size((const uint8_t *)d->code.p, d->code.len);
    og_prove_entries(p);
    for (size_t i = 0; i < p->n_entries; i++)
        og_prove_run(p, i, 0, p->any, NULL, &p->ends_any);
    one_goal(p, &(struct goal){.name = "assertions"}, out);
    for (size_t i = 0; i < c->abi.n; i++)
        if (is_named(&c->abi.fn[i], "check_"))
            one_goal(p, &(struct goal){.name = c->abi.fn[i].signature, .check = &c->abi.fn[i]},
                     out);
    for (size_t i = 0; i < c->abi.n; i++)
        if (is_named(&c->abi.fn[i], "invariant_") && c->abi.fn[i].n_in == 0)
            one_goal(p, &(struct goal){.name = c->abi.fn[i].signature, .invariant = &c->abi.fn[i]},
                     out);
    if (o->overflow)
        one_goal(p, &(struct goal){.name = "overflow", .overflow = true}, out);
    og_ends_release(&p->ends_any);
    for (size_t i = 0; i < p->n_entries; i++) {
        free(p->entry[i].word);
        free(p->entry[i].known);
    }
    free(p->entry);
    free(p->invariant);
    og_sym_code_release(&p->code);
    og_smt_free(p->smt);
    og_guess_free(p->guess);
    og_terms_release(&p->ts);
    free(p);
    return OG_OK;
}

json_t *og_proof_json(const struct og_proof *p, const struct og_prove_opts *o,
                      const struct og_abi *abi, const struct og_deployed *d, const char *contract)
{
    json_t *b = json_pack("{s:i, s:i}", "loops", (int)o->loops, "array_elements", (int)o->arrays);
    json_object_set_new(b, "loops_met", json_boolean(p->loops_met));
    json_object_set_new(b, "transactions",
                        p->transactions ? json_integer(p->transactions) : json_null());
    json_t *r =
        json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:i, s:I, s:I}", "kind", "proof", "v", 1,
                  "property", p->property, "verdict", og_verdict_name(p->verdict), "message",
                  p->message, "bound", b, "induction", (int)p->induction, "invariants",
                  (json_int_t)p->invariants, "questions", (json_int_t)p->questions);
    json_t *w = NULL;
    if (p->verdict == OG_REFUTED) {
        char *text = og_seq_json(&p->witness, abi, d, NULL);
        w = json_loads(text, 0, NULL);
        free(text);
    }
    json_object_set_new(r, "witness", w ? w : json_null());
    if (contract)
        json_object_set_new(r, "contract", json_string(contract));
    return r;
}
