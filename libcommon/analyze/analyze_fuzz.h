/* analyze_fuzz.h - fuzzing a contract: sequences of transactions, guided by coverage.
 *
 * Seeds and numbers of runs decide everything; no clock does. Findings carry a minimised sequence
 * (analyze_seq.h) that shows the flaw again. */
#ifndef OG_ANALYZE_FUZZ_H
#define OG_ANALYZE_FUZZ_H

#include "analyze/analyze_seq.h"

struct og_fuzz_opts {
    uint64_t seed;
    size_t runs;    /* sequences */
    int64_t gas;    /* of a transaction while searching; what runs out is tried with a block's */
    uint64_t steps; /* opcodes altogether; the search ends when they are used up */
};
#define OG_FUZZ_OPTS                                                                               \
    ((struct og_fuzz_opts){.seed = 1, .runs = 20000, .gas = 2000000, .steps = 100000000})

struct og_fuzz_stats {
    size_t runs, kept, edges, functions;
    uint64_t steps;
};

void og_fuzz(const struct og_contract *c, const struct og_deployed *d, const struct og_fuzz_opts *o,
             struct og_findings *out, struct og_fuzz_stats *stats);

/* Adds what a given sequence shows, minimised or not; tool: who says so. */
void og_fuzz_report(struct og_seq_run *r, const struct og_seq *s, const struct og_abi *abi,
                    const char *tool, bool minimise, struct og_findings *out);

#endif
