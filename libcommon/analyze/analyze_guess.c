/* analyze_guess.c - models by trial: most questions that have one have many, and products of 256
 * bits cost a solver more than a few thousand tries. */
#include "analyze/analyze_eval.h"
#include "analyze/analyze_prove_int.h"
#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define TRIES     2500
#define FACTS_MAX 256
#define VARS_MAX  64
#define WORDS_MAX 48

struct og_guess {
    struct og_eval eval;
    og_t var[VARS_MAX]; /* unknowns of the question */
    struct og_u256 word[VARS_MAX];
    size_t n_vars;
    struct og_u256 pool[WORDS_MAX]; /* from the facts */
    size_t n_pool;
    uint64_t seed;
    const struct og_terms *ts;
    bool lost;              /* more unknowns than there is room for */
    uint64_t of[FACTS_MAX]; /* unknowns in each fact, by bit */
};

void og_guess_free(struct og_guess *g)
{
    if (!g)
        return;
    og_eval_release(&g->eval);
    free(g);
}

static uint64_t draw(struct og_guess *g)
{
    return og_splitmix64(g->seed++);
}

static struct og_u256 cut(const struct og_guess *g, og_t t, struct og_u256 w)
{
    unsigned out = 256u - g->ts->v[t].bits;
    return og_u256_shr(og_u256_shl(w, out), out);
}

static struct og_u256 unknown(void *ctx, og_t t, const struct og_u256 *a, const struct og_u256 *b)
{
    struct og_guess *g = ctx;
    (void)a;
    (void)b;
    for (size_t i = 0; i < g->n_vars; i++)
        if (g->var[i] == t)
            return cut(g, t, g->word[i]);
    return OG_U256_ZERO;
}

/* Storage that is unknown: a word for each array and key, zero for most. */
static struct og_u256 slot(void *ctx, uint32_t base, const struct og_u256 *key)
{
    const struct og_guess *g = ctx;
    uint64_t h = og_splitmix64(g->seed ^ base ^ key->w[0] ^ og_splitmix64(key->w[3] ^ key->w[1]));
    switch (h % 4) {
    case 0: return g->n_pool ? g->pool[(h >> 8) % g->n_pool] : OG_U256_ZERO;
    case 1: return og_u256_of((h >> 8) % 8);
    default: return OG_U256_ZERO;
    }
}

static void note(struct og_guess *g, og_t t, bool *seen)
{
    const struct og_term n = g->ts->v[t];
    unsigned kids = og_term_kids(n.op);
    if (seen[t])
        return;
    seen[t] = true;
    if (n.op == OG_T_CONST) {
        if (g->n_pool < WORDS_MAX)
            g->pool[g->n_pool++] = *og_term_word(g->ts, t);
        return;
    }
    bool plain = n.op <= OG_T_KECCAK || n.op == OG_T_SELECT || n.op == OG_T_STORE ||
                 n.op == OG_T_CAT || n.op == OG_T_MULOK || n.op == OG_T_BASE;
    if (!plain) {
        if (g->n_vars < VARS_MAX)
            g->var[g->n_vars++] = t;
        else
            g->lost = true;
    }
    if ((kids & 1) && n.a)
        note(g, n.a, seen);
    if ((kids & 2) && n.b)
        note(g, n.b, seen);
    if ((kids & 4) && n.c)
        note(g, n.c, seen);
}

static struct og_u256 some(struct og_guess *g)
{
    uint64_t r = draw(g);
    struct og_u256 w = {{r, draw(g), draw(g), draw(g)}}, one = og_u256_of(1);
    switch (r % 8) {
    case 0: return og_u256_of(draw(g) % 4);
    case 1: return og_u256_shl(one, draw(g) % 256);
    case 2: return og_u256_sub(OG_U256_ZERO, og_u256_of(1 + draw(g) % 3));
    case 3: return og_u256_shr(w, draw(g) % 256);
    case 4: return og_u256_of(draw(g) % 300);
    default:
        if (!g->n_pool)
            return one;
        w = g->pool[draw(g) % g->n_pool];
        return r & 256 ? w : r & 512 ? og_u256_add(w, one) : og_u256_sub(w, one);
    }
}

/* What a fact x = constant says at once: exactly that word. */
static void pinned(struct og_guess *g, og_t fact, bool *fixed)
{
    const struct og_term *n = &g->ts->v[fact];
    bool zero = n->op == OG_T_ISZERO;
    if (!zero && (n->op != OG_T_EQ || !og_term_word(g->ts, n->a)))
        return;
    for (size_t i = 0; i < g->n_vars; i++)
        if (g->var[i] == (zero ? n->a : n->b)) {
            g->word[i] = zero ? OG_U256_ZERO : *og_term_word(g->ts, n->a);
            fixed[i] = true;
        }
}

struct part {
    const struct og_guess *g;
    uint64_t bits;
};

static bool add_bit(void *ctx, og_t t)
{
    struct part *p = ctx;
    for (size_t i = 0; i < p->g->n_vars; i++)
        if (p->g->var[i] == t)
            p->bits |= UINT64_C(1) << i;
    return false;
}

/* Facts that the words do not meet; one of them, at random. */
static size_t failing(struct og_guess *g, const og_t *fact, size_t n, size_t *one)
{
    size_t bad = 0;
    og_eval_reset(&g->eval);
    for (size_t i = 0; i < n; i++) {
        struct og_u256 w = og_eval(&g->eval, fact[i]);
        if (og_u256_is_zero(&w) && draw(g) % ++bad == 0)
            *one = i;
    }
    return bad;
}

/* Changes an unknown of a fact that is not met; a change for the worse is mostly taken back. */
static bool walk(struct og_guess *g, const og_t *fact, size_t n, const bool *fixed)
{
    size_t one = 0, bad = failing(g, fact, n, &one), next;
    for (unsigned k = 0; k < TRIES && bad && g->n_vars; k++) {
        size_t i = draw(g) % g->n_vars;
        for (unsigned t = 0; t < 16 && !(g->of[one] >> i & 1); t++)
            i = draw(g) % g->n_vars;
        if (fixed[i])
            continue;
        struct og_u256 old = g->word[i];
        size_t was = one;
        g->word[i] = some(g);
        next = failing(g, fact, n, &one);
        if (next > bad && draw(g) % 16) {
            g->word[i] = old;
            one = was;
        } else {
            bad = next;
        }
    }
    return failing(g, fact, n, &one) == 0;
}

bool og_prove_guess(struct og_prover *p, const og_t *fact, size_t n)
{
    if (!p->guess)
        p->guess = og_xcalloc(1, sizeof *p->guess);
    struct og_guess *g = p->guess;
    bool *seen = og_xcalloc(p->ts.n + 1, 1), fixed[VARS_MAX] = {false};
    g->ts = &p->ts;
    g->n_vars = g->n_pool = 0;
    g->seed = 1;
    g->lost = false;
    for (size_t i = 0; i < n; i++)
        note(g, fact[i], seen);
    free(seen);
    for (size_t i = 0; i < n; i++)
        pinned(g, fact[i], fixed);
    og_eval_release(&g->eval);
    og_eval_init(&g->eval, &p->ts);
    g->eval.ctx = g;
    g->eval.unknown = unknown;
    g->eval.slot = slot;
    if (g->lost || n > FACTS_MAX)
        return false;
    for (size_t i = 0; i < g->n_vars; i++)
        if (!fixed[i])
            g->word[i] = OG_U256_ZERO;
    for (size_t i = 0; i < n; i++) {
        struct part part = {.g = g};
        og_term_any(&p->ts, fact[i], add_bit, &part);
        g->of[i] = part.bits;
    }
    return walk(g, fact, n, fixed);
}

bool og_prove_value(struct og_prover *p, og_t t, struct og_u256 *out)
{
    if (!p->by_guess)
        return og_smt_value(p->smt, t, out);
    *out = og_eval(&p->guess->eval, t);
    if (p->ts.v[t].op != OG_T_VAR)
        return true;
    for (size_t i = 0; i < p->guess->n_vars; i++)
        if (p->guess->var[i] == t)
            return true;
    return false;
}
