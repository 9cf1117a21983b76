/* analyze_smt.h - can these facts hold together? Answered by Z3, where it was there at build time.
 *
 * Terms become bit-vectors. Arrays of storage and Keccak-256 are uninterpreted functions, made
 * first-order for each question (Ackermann): equal keys read equal words; hashes of equal words are
 * equal, of others are far from each other and from small numbers. EXP, ADDMOD and MULMOD of
 * unknowns may be any word: what is UNSAT here is so in truth, what is SAT must be tried. Z3 is
 * bounded by its resource limit, never by time, so that answers repeat. */
#ifndef OG_ANALYZE_SMT_H
#define OG_ANALYZE_SMT_H

#include "analyze/analyze_term.h"

enum og_sat { OG_UNSAT, OG_SAT, OG_SAT_UNKNOWN };

struct og_smt;

bool og_smt_available(void);
const char *og_smt_version(void); /* "" where there is none */

/* Terms are borrowed. NULL where there is no Z3. */
struct og_smt *og_smt_new(struct og_terms *ts, unsigned rlimit);
/* For the questions that follow. */
void og_smt_limit(struct og_smt *s, unsigned rlimit);
void og_smt_free(struct og_smt *s);
/* Is there a model of all facts (each is not zero)? */
enum og_sat og_smt_check(struct og_smt *s, const og_t *fact, size_t n);
/* After OG_SAT: the word of a term that occurs in the facts; false: the model leaves it open. */
bool og_smt_value(struct og_smt *s, og_t t, struct og_u256 *out);
/* Questions asked, and the resource units they took. */
size_t og_smt_questions(const struct og_smt *s);

#endif
