/* analyze_fuzz.c - the loop: make or change a sequence, run it, keep what reached something new. */
#include "analyze/analyze_fuzz.h"

#include "analyze/analyze_fuzz_int.h"
#include "base/base_mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 2000
#define SLOW_MAX 3 /* times that a function's loops are tried with a block's gas */

static const struct {
    enum og_flaw flaw;
    enum og_severity severity;
    const char *message;
} said[] = {
    {OG_FLAW_ASSERTION, OG_SEVERITY_HIGH, "these transactions make an assertion fail"},
    {OG_FLAW_WITHDRAWAL, OG_SEVERITY_HIGH, "these transactions give the attacker ether of others"},
    {OG_FLAW_REENTRANCY, OG_SEVERITY_HIGH,
     "by coming back while it is called the attacker gets ether of others"},
    {OG_FLAW_TX_ORIGIN, OG_SEVERITY_HIGH,
     "by having the owner call it the attacker's contract gets ether of others"},
    {OG_FLAW_SELFDESTRUCT, OG_SEVERITY_HIGH, "the attacker makes the contract destroy itself"},
    {OG_FLAW_DELEGATECALL, OG_SEVERITY_HIGH, "code of the attacker runs as the contract's own"},
    {OG_FLAW_INFINITE_LOOP, OG_SEVERITY_HIGH,
     "the last transaction takes more gas than a block has, with small arguments too"},
};

static void add_finding(struct og_seq_run *r, const struct og_seq *s, const struct og_abi *abi,
                        const char *tool, size_t k, struct og_findings *out)
{
    struct og_seen seen;
    og_seq_judge(r, s, &seen);
    const struct og_seq_tx *t = &s->v[seen.tx[said[k].flaw]];
    char *fn = og_function_name(abi, t->n >= 4, t->n >= 4 ? og_get_be32(t->data) : 0);
    char *message = og_xstrdup(said[k].message);
    struct og_finding f = {.flaw = said[k].flaw,
                           .severity = said[k].severity,
                           .tool = tool,
                           .pc = seen.pc[said[k].flaw],
                           .function = fn,
                           .message = message};
    f.witness = og_seq_json(s, abi, r->d, &seen);
    og_findings_add(out, &f);
    free(f.witness);
    free(fn);
    free(message);
}

static bool known(const struct og_findings *f, const char *tool, enum og_flaw flaw, uint32_t pc)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].flaw == flaw && strcmp(f->v[i].tool, tool) == 0 &&
            (f->v[i].pc == pc || flaw == OG_FLAW_WITHDRAWAL || flaw == OG_FLAW_REENTRANCY))
            return true;
    return false;
}

void og_fuzz_report(struct og_seq_run *r, const struct og_seq *s, const struct og_abi *abi,
                    const char *tool, bool minimise, struct og_findings *out)
{
    struct og_seen seen;
    og_seq_judge(r, s, &seen);
    for (size_t k = 0; k < sizeof said / sizeof *said; k++) {
        struct og_seq least;
        enum og_flaw f = said[k].flaw;
        if (!seen.seen[f] || known(out, tool, f, seen.pc[f]))
            continue;
        og_seq_copy(&least, s);
        if (minimise)
            og_seq_minimise(r, &least, f);
        add_finding(r, &least, abi, tool, k, out);
        og_seq_release(&least);
    }
}

static unsigned bucket(uint8_t n)
{
    return n == 0 ? 0 : n < 4 ? 1u << (n - 1) : n < 8 ? 8 : n < 16 ? 16 : n < 128 ? 32 : 64;
}

/* Has the run reached edges, or numbers of times, that none did? */
static bool is_new(uint8_t *all, const uint8_t *edge, size_t *edges)
{
    bool fresh = false;
    for (size_t i = 0; i < OG_WATCH_MAP; i++) {
        unsigned b = bucket(edge[i]);
        if (!(b & ~(unsigned)all[i]))
            continue;
        *edges += all[i] == 0;
        all[i] |= (uint8_t)b;
        fresh = true;
    }
    return fresh;
}

static void learn_words(struct og_fuzz *f, const struct og_watch *w)
{
    size_t n = w->n_words < OG_WATCH_WORDS ? w->n_words : OG_WATCH_WORDS;
    for (size_t i = 0; i < n; i++)
        og_fuzz_add_word(f, &w->word[i]);
}

static void keep(struct og_fuzz *f, const struct og_seq *s)
{
    struct og_seq copy;
    og_seq_copy(&copy, s);
    if (f->n_kept >= KEPT_MAX) {
        size_t i = og_fuzz_random(f) % f->n_kept;
        og_seq_release(&f->kept[i]);
        f->kept[i] = copy;
        return;
    }
    f->kept = og_xgrow(f->kept, &f->cap_kept, f->n_kept + 1, sizeof *f->kept);
    f->kept[f->n_kept++] = copy;
}

/* True: its loops were looked into before. */
static bool note_slow(struct og_fuzz *f, const struct og_seq *s, const struct og_seen *seen)
{
    if (!seen->slow)
        return false;
    const struct og_seq_tx *t = &s->v[seen->slow - 1];
    for (size_t i = 0; t->n >= 4 && i < f->n_fn; i++)
        if (!f->fn[i].bare && f->fn[i].selector == og_get_be32(t->data))
            return ++f->fn[i].out_of_gas > SLOW_MAX;
    return false;
}

static bool any_seen(const struct og_seen *s)
{
    for (int i = 0; i < OG_N_FLAWS; i++)
        if (s->seen[i])
            return true;
    return false;
}

void og_fuzz(const struct og_contract *c, const struct og_deployed *d, const struct og_fuzz_opts *o,
             struct og_findings *out, struct og_fuzz_stats *stats)
{
    struct og_fuzz f = {.abi = c->has_abi ? &c->abi : NULL, .seed = o->seed << 20};
    struct og_seq_run r;
    uint8_t *all = og_xcalloc(OG_WATCH_MAP, 1), *edge = og_xcalloc(OG_WATCH_MAP, 1);
    *stats = (struct og_fuzz_stats){0};
    og_seq_run_init(&r, d);
    og_fuzz_read_code(&f, c, (const uint8_t *)d->code.p, r.body);
    r.gas = o->gas;
    for (; stats->runs < o->runs && stats->steps < o->steps; stats->runs++) {
        struct og_seq s;
        struct og_seen seen;
        if (f.n_kept && og_fuzz_random(&f) % 5) {
            og_seq_copy(&s, &f.kept[og_fuzz_random(&f) % f.n_kept]);
            og_fuzz_mutate(&f, &s);
        } else {
            og_fuzz_new_seq(&f, &s);
        }
        memset(edge, 0, OG_WATCH_MAP);
        r.watch.edge = edge;
        uint64_t before = r.watch.all_steps;
        og_seq_run(&r, &s, &seen);
        stats->steps += r.watch.all_steps - before;
        r.watch.edge = NULL;
        if (is_new(all, edge, &stats->edges))
            keep(&f, &s);
        learn_words(&f, &r.watch);
        r.ignore_slow = note_slow(&f, &s, &seen);
        if (any_seen(&seen))
            og_fuzz_report(&r, &s, f.abi, "fuzz", true, out);
        og_seq_release(&s);
    }
    stats->kept = f.n_kept;
    stats->functions = f.n_fn;
    og_seq_run_release(&r);
    og_fuzz_release(&f);
    free(all);
    free(edge);
}
