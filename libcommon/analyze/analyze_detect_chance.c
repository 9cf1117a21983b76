/* analyze_detect_chance.c - what decides: tx.origin, the proposer's clock, chance; told assertions.
 */
#include "analyze/analyze_check_int.h"

#include "vm/vm_keccak.h"

#include <string.h>

static bool moves_ether(const struct og_check *c, const struct og_spath *p)
{
    if (p->end == OG_SYM_DESTRUCT)
        return true;
    for (size_t i = 0; i < p->n_events; i++) {
        const struct og_sym_event *e = &p->event[i];
        const struct og_u256 *v = e->value ? og_term_word(&c->ts, e->value) : NULL;
        if (e->what == OG_SYM_CALL && e->op == 0xf1 && !(v && og_u256_is_zero(v)))
            return true;
    }
    return false;
}

static bool is_origin_test(void *ctx, og_t t)
{
    const struct og_check *c = ctx;
    const struct og_terms *ts = &c->ts;
    const struct og_term *n = &ts->v[t];
    if (n->op != OG_T_EQ)
        return false;
    uint32_t a = ts->v[n->a].taint, b = ts->v[n->b].taint;
    return ((a | b) & OG_F_ORIGIN) && !((a | b) & OG_F_CALLER);
}

static void origin(struct og_check *c, const struct og_spath *p)
{
    for (size_t i = 0; i < p->facts.n; i++)
        if (og_term_any(&c->ts, p->facts.v[i], is_origin_test, c))
            og_check_report(c, p, OG_FLAW_TX_ORIGIN, OG_SEVERITY_MEDIUM, p->facts.at[i],
                            "tx.origin is compared: whom the true caller calls can pass as it");
}

static bool is_draw(void *ctx, og_t t)
{
    const struct og_check *c = ctx;
    const struct og_term *n = &c->ts.v[t];
    return (n->taint & (OG_F_TIME | OG_F_BLOCK)) &&
           (n->op == OG_T_MOD || n->op == OG_T_SMOD || n->op == OG_T_KECCAK ||
            n->op == OG_T_BLOCKHASH || n->op == OG_T_DIV || n->op == OG_T_AND);
}

static bool is_clock_equal(void *ctx, og_t t)
{
    const struct og_check *c = ctx;
    const struct og_term *n = &c->ts.v[t];
    return n->op == OG_T_EQ && (n->taint & OG_F_TIME);
}

static void decided_by(struct og_check *c, const struct og_spath *p, og_t t, uint32_t pc)
{
    uint32_t f = c->ts.v[t].taint;
    bool draw = og_term_any(&c->ts, t, is_draw, c);
    if ((f & OG_F_BLOCK) && draw)
        og_check_report(c, p, OG_FLAW_RANDOMNESS, OG_SEVERITY_MEDIUM, pc,
                        "a choice rests on numbers of the block, which its proposer knows before");
    if ((f & OG_F_TIME) && draw)
        og_check_report(c, p, OG_FLAW_RANDOMNESS, OG_SEVERITY_MEDIUM, pc,
                        "a choice is drawn from the time of the block");
    if ((f & OG_F_TIME) && (draw || og_term_any(&c->ts, t, is_clock_equal, c)))
        og_check_report(c, p, OG_FLAW_TIMESTAMP, OG_SEVERITY_LOW, pc,
                        "a condition needs an exact time of the block, which its proposer sets");
}

static void chance(struct og_check *c, const struct og_spath *p)
{
    bool ether = moves_ether(c, p);
    for (size_t i = 0; ether && i < p->facts.n; i++)
        decided_by(c, p, p->facts.v[i], p->facts.at[i]);
    for (size_t i = 0; i < p->n_events; i++) {
        const struct og_sym_event *e = &p->event[i];
        if (e->what == OG_SYM_SSTORE && (c->ts.v[e->word].taint & OG_F_BLOCK))
            decided_by(c, p, e->word, e->pc);
        if (e->what == OG_SYM_CALL && ether)
            decided_by(c, p, e->target, e->pc);
    }
}

/* event AssertionFailed(string): a failed assertion that does not end the transaction */
static void told(struct og_check *c, const struct og_spath *p)
{
    static const char event[] = "AssertionFailed(string)";
    struct og_hash h = og_keccak256(event, sizeof event - 1);
    struct og_u256 want = og_u256_load(h.b);
    for (size_t i = 0; i < p->n_events; i++) {
        const struct og_sym_event *e = &p->event[i];
        const struct og_u256 *w = e->what == OG_SYM_LOG ? og_term_word(&c->ts, e->key) : NULL;
        if (w && og_u256_eq(w, &want))
            og_check_report(c, p, OG_FLAW_ASSERTION, OG_SEVERITY_MEDIUM, e->pc,
                            "the code can say AssertionFailed");
    }
}

void og_check_chance(struct og_check *c)
{
    for (size_t i = 0; i < c->n_paths; i++) {
        const struct og_spath *p = &c->path[i];
        origin(c, p);
        if (!og_spath_ok(p))
            continue;
        chance(c, p);
        told(c, p);
    }
}
