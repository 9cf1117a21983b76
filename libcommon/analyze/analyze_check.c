/* analyze_check.c - runs the paths, keeps them, and has every detector look. */
#include "analyze/analyze_check.h"

#include "analyze/analyze_check_int.h"
#include "analyze/analyze_input.h"
#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define TERMS_MAX  2000000
#define STEPS_PATH 60000
#define WAIT_MAX   4000

void og_check_report(struct og_check *c, const struct og_spath *p, enum og_flaw flaw,
                     enum og_severity severity, uint32_t pc, const char *message)
{
    char *fn = og_function_name(c->abi, p->has_selector, p->selector), *text;
    struct og_finding f = {.flaw = flaw, .severity = severity, .tool = "check", .pc = pc};
    text = og_xstrdup(message);
    f.function = fn;
    f.message = text;
    og_findings_add(c->out, &f);
    free(fn);
    free(text);
}

static bool keep_path(void *ctx, struct og_sym_path *p)
{
    struct og_check *c = ctx;
    c->path = og_xgrow(c->path, &c->cap_paths, c->n_paths + 1, sizeof *c->path);
    struct og_spath *s = &c->path[c->n_paths++];
    *s = (struct og_spath){.end = p->end,
                           .pc = p->pc,
                           .selector = p->selector,
                           .has_selector = p->has_selector,
                           .heir = p->heir,
                           .storage = p->storage};
    if (p->end == OG_SYM_RETURN)
        for (unsigned i = 0; i < sizeof s->out / sizeof *s->out; i++)
            s->out[i] = og_sym_out_word(&c->ts, p, 32 * (uint64_t)i);
    s->facts = p->facts;
    p->facts = (struct og_facts){0};
    s->event = p->event;
    s->n_events = p->n_events;
    p->event = NULL;
    return true;
}

/* Loops that nothing leaves, in the function whose path was cut in them. */
static void endless(struct og_check *c)
{
    for (size_t i = 0; i < c->cfg.n_endless; i++) {
        uint32_t at = c->cfg.endless[i];
        struct og_spath nobody = {.pc = at};
        const struct og_spath *in = &nobody;
        for (size_t k = 0; k < c->n_paths; k++) {
            const struct og_spath *p = &c->path[k];
            for (size_t n = 0; p->end == OG_SYM_CUT && n < c->cfg.n; n++)
                if (c->cfg.node[n].loop && p->pc >= c->cfg.node[n].start &&
                    p->pc <= c->cfg.node[n].last)
                    in = p;
        }
        og_check_report(c, in, OG_FLAW_INFINITE_LOOP, OG_SEVERITY_HIGH, at,
                        "no value of its variables ends this loop: who enters it runs out of gas");
    }
}

/* A slot that an open path makes larger by a constant, and no path fact bounds. */
static bool grows_at_will(const struct og_check *c, og_t key)
{
    const struct og_terms *ts = &c->ts;
    for (size_t i = 0; i < c->n_paths; i++) {
        const struct og_spath *p = &c->path[i];
        for (size_t k = 0; og_spath_ok(p) && !p->guarded && k < p->n_events; k++) {
            const struct og_sym_event *e = &p->event[k];
            const struct og_term *n = e->what == OG_SYM_SSTORE ? &ts->v[e->word] : NULL;
            if (!n || e->key != key || n->op != OG_T_ADD || !og_term_word(ts, n->a) ||
                n->b != e->old)
                continue;
            struct og_range r = og_facts_range(ts, &p->facts, e->old);
            if (og_u256_bits(&r.hi) > 20)
                return true;
        }
    }
    return false;
}

/* The slot of storage that a test compares with a number, alone on its side; 0: none. */
static og_t length_slot(const struct og_terms *ts, og_t fact)
{
    while (ts->v[fact].op == OG_T_ISZERO)
        fact = ts->v[fact].a;
    const struct og_term *n = &ts->v[fact];
    if (n->op != OG_T_LT)
        return 0;
    og_t s = ts->v[n->b].op == OG_T_SELECT ? n->b : n->a;
    return ts->v[s].op == OG_T_SELECT && og_term_word(ts, ts->v[s].b) ? ts->v[s].b : 0;
}

/* Loops over a list that anyone makes longer, until no block has the gas for it. */
static void growing(struct og_check *c)
{
    for (size_t i = 0; i < c->n_paths; i++) {
        const struct og_spath *p = &c->path[i];
        for (size_t k = 1; k < p->facts.n; k++) {
            og_t slot = length_slot(&c->ts, p->facts.v[k]);
            bool again = false;
            for (size_t m = 0; m < k; m++)
                again |=
                    p->facts.at[m] == p->facts.at[k] && length_slot(&c->ts, p->facts.v[m]) == slot;
            if (slot && again && grows_at_will(c, slot))
                og_check_report(c, p, OG_FLAW_INFINITE_LOOP, OG_SEVERITY_MEDIUM, p->facts.at[k],
                                "a loop over a list that anyone can make longer: in time it takes "
                                "more gas than a block has");
        }
    }
}

static size_t count_ops(const uint8_t *code, size_t n, const uint8_t *seen)
{
    size_t ops = 0;
    for (size_t i = 0; i < n; i++) {
        ops += !seen || seen[i];
        if (code[i] >= 0x60 && code[i] <= 0x7f)
            i += code[i] - 0x5fu;
    }
    return ops;
}

static void release(struct og_check *c)
{
    for (size_t i = 0; i < c->n_paths; i++) {
        og_facts_release(&c->path[i].facts);
        free(c->path[i].event);
    }
    free(c->path);
    free(c->authority);
    free(c->writable);
    og_cfg_release(&c->cfg);
    og_sym_code_release(&c->code);
    og_terms_release(&c->ts);
    free(c);
}

void og_check(const uint8_t *code, size_t n, const struct og_abi *abi,
              const struct og_check_opts *o, struct og_findings *out, struct og_check_stats *stats)
{
    struct og_check *c = og_xcalloc(1, sizeof *c);
    struct og_sym_stats run;
    struct og_sym_opts so = {.loops = o->loops,
                             .steps_path = STEPS_PATH,
                             .steps_all = o->steps,
                             .paths_all = o->paths,
                             .waiting = WAIT_MAX,
                             .self = {{0xc0, 0xde}},
                             .ctx = c,
                             .done = keep_path};
    size_t body = og_contract_code_size(code, n);
    c->abi = abi;
    c->o = o;
    c->out = out;
    og_terms_init(&c->ts, TERMS_MAX);
    og_cfg_build(&c->ts, code, body, &c->cfg);
    og_sym_code_init(&c->code, code, n);
    og_sym_run(&c->ts, &c->code, &so, og_sym_start(&c->ts, 0, og_term_base(&c->ts, 1), NULL), &run);
    og_check_guards(c);
    og_check_calls(c);
    og_check_access(c);
    og_check_overflow(c);
    og_check_chance(c);
    endless(c);
    growing(c);
    og_findings_sort(out);
    *stats = (struct og_check_stats){.cfg = c->cfg.stats,
                                     .steps = run.steps,
                                     .paths = run.paths,
                                     .cut = run.cut,
                                     .code_bytes = body,
                                     .all_ops = count_ops(code, body, NULL),
                                     .seen_ops = count_ops(code, body, run.seen),
                                     .ran_out = run.ran_out};
    free(run.seen);
    release(c);
}
