/* analyze_simp.h - inside the terms: what a new one is equal to, and how large it can be. */
#ifndef OG_ANALYZE_SIMP_H
#define OG_ANALYZE_SIMP_H

#include "analyze/analyze_term.h"

/* A bound for a node whose parts have theirs: the word is below 2^bits. */
uint16_t og_simp_bits(const struct og_terms *ts, const struct og_term *t);
/* The word of an operation on words. */
struct og_u256 og_simp_fold(uint8_t op, const struct og_u256 *a, const struct og_u256 *b,
                            const struct og_u256 *c);

#endif
