/* analyze_eval.c - terms to words, each term once. */
#include "analyze/analyze_eval.h"

#include "analyze/analyze_simp.h"
#include "base/base_mem.h"
#include "vm/vm_keccak.h"

#include <stdlib.h>
#include <string.h>

void og_eval_init(struct og_eval *e, const struct og_terms *ts)
{
    *e = (struct og_eval){.ts = ts};
}

void og_eval_reset(struct og_eval *e)
{
    if (e->have)
        memset(e->have, 0, e->cap);
}

void og_eval_release(struct og_eval *e)
{
    free(e->word);
    free(e->have);
    *e = (struct og_eval){0};
}

static struct og_u256 hash(struct og_eval *e, const struct og_term *n)
{
    uint8_t b[256] = {0};
    uint32_t at = 0;
    for (og_t l = n->a; l && at + 32 <= sizeof b; l = e->ts->v[l].b, at += 32) {
        struct og_u256 w = og_eval(e, e->ts->v[l].a);
        og_u256_store(&w, b + at);
    }
    struct og_hash h = og_keccak256(b, n->b <= sizeof b ? n->b : sizeof b);
    return og_u256_load(h.b);
}

static struct og_u256 select_word(struct og_eval *e, const struct og_term *n)
{
    struct og_u256 key = og_eval(e, n->b);
    og_t array = n->a;
    while (e->ts->v[array].op == OG_T_STORE) {
        const struct og_term *s = &e->ts->v[array];
        struct og_u256 k = og_eval(e, s->b);
        if (og_u256_eq(&k, &key))
            return og_eval(e, s->c);
        array = s->a;
    }
    uint32_t base = e->ts->v[array].a;
    return base ? e->slot(e->ctx, base, &key) : OG_U256_ZERO;
}

static struct og_u256 compute(struct og_eval *e, og_t t)
{
    const struct og_term *n = &e->ts->v[t];
    unsigned kids = og_term_kids(n->op);
    struct og_u256 a = OG_U256_ZERO, b = OG_U256_ZERO, c = OG_U256_ZERO;
    if (n->op == OG_T_CONST)
        return e->ts->word[n->a];
    if (n->op == OG_T_SELECT)
        return select_word(e, n);
    if (n->op == OG_T_KECCAK)
        return hash(e, n);
    if (kids & 1)
        a = og_eval(e, n->a);
    if (kids & 2)
        b = og_eval(e, n->b);
    if (kids & 4)
        c = og_eval(e, n->c);
    if (n->op <= OG_T_SAR || n->op == OG_T_MULOK)
        return og_simp_fold(n->op, &a, &b, &c);
    return e->unknown(e->ctx, t, &a, &b);
}

struct og_u256 og_eval(struct og_eval *e, og_t t)
{
    if (t >= e->cap) {
        size_t cap = e->ts->n + e->ts->n / 2 + 64;
        e->word = og_xrealloc(e->word, cap * sizeof *e->word);
        e->have = og_xrealloc(e->have, cap);
        memset(e->have + e->cap, 0, cap - e->cap);
        e->cap = cap;
    }
    if (!e->have[t]) {
        struct og_u256 w = compute(e, t);
        e->word[t] = w;
        e->have[t] = 1;
    }
    return e->word[t];
}
