/* analyze_eval.h - the word that a term is, once every unknown has one. */
#ifndef OG_ANALYZE_EVAL_H
#define OG_ANALYZE_EVAL_H

#include "analyze/analyze_term.h"

struct og_eval {
    const struct og_terms *ts;
    void *ctx;
    /* Of an unknown (VAR, CDLOAD, CODESIZE, …): t, with its parts' words in a and b where they are
     * terms. */
    struct og_u256 (*unknown)(void *ctx, og_t t, const struct og_u256 *a, const struct og_u256 *b);
    /* Of an array that is unknown, at a key. */
    struct og_u256 (*slot)(void *ctx, uint32_t base, const struct og_u256 *key);
    struct og_u256 *word; /* by term */
    uint8_t *have;
    size_t cap;
};

/* unknown and slot are filled in by the caller. */
void og_eval_init(struct og_eval *e, const struct og_terms *ts);
/* The unknowns have other words now. */
void og_eval_reset(struct og_eval *e);
void og_eval_release(struct og_eval *e);
struct og_u256 og_eval(struct og_eval *e, og_t t);

#endif
