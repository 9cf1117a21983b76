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
