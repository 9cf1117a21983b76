/* analyze_fact.h - what holds on a path: conditions that were met, and what follows from them.
 *
 * The reasoning is by bounds, by order (a <= b <= c) and by the shape of terms; it is incomplete,
 * and what it says is true of every word. */
#ifndef OG_ANALYZE_FACT_H
#define OG_ANALYZE_FACT_H

#include "analyze/analyze_term.h"

struct og_facts {
    og_t *v;      /* each is not zero */
    uint32_t *at; /* where in the code it was met */
    size_t n, cap, cap_at;
    uint32_t now;   /* the place for what is added */
    unsigned *fuel; /* inside analyze_fact.c: what a question may still cost */
};

void og_facts_copy(struct og_facts *to, const struct og_facts *from);
void og_facts_release(struct og_facts *f);
/* t is not zero from here on; conjunctions are taken apart. */
void og_facts_add(struct og_terms *ts, struct og_facts *f, og_t t);

enum og_truth { OG_FALSE, OG_TRUE, OG_EITHER };
enum og_truth og_facts_decide(struct og_terms *ts, const struct og_facts *f, og_t t);

struct og_range {
    struct og_u256 lo, hi; /* both included */
};
struct og_range og_facts_range(const struct og_terms *ts, const struct og_facts *f, og_t t);
/* Is a <= b known? */
bool og_facts_le(const struct og_terms *ts, const struct og_facts *f, og_t a, og_t b);
/* Is it known that ADD, SUB or MUL of a and b loses nothing beyond 2^256 or below 0? */
bool og_facts_exact(struct og_terms *ts, const struct og_facts *f, uint8_t op, og_t a, og_t b);

#endif
