/* analyze_fuzz_int.h - inside the fuzzer: functions, words to try, the kept sequences. */
#ifndef OG_ANALYZE_FUZZ_INT_H
#define OG_ANALYZE_FUZZ_INT_H

#include "analyze/analyze_fuzz.h"

#define OG_FUZZ_WORDS 1024

struct og_fuzz_fn {
    const struct og_abi_fn *abi; /* NULL: only the selector is known, or none */
    uint32_t selector;
    bool bare;           /* no selector: fallback and receive */
    uint32_t out_of_gas; /* how often */
};

struct og_fuzz {
    const struct og_abi *abi;
    uint64_t seed;
    struct og_fuzz_fn *fn;
    size_t n_fn, cap_fn;
    struct og_u256 word[OG_FUZZ_WORDS];
    size_t n_words, next_word, fixed_words; /* fixed: from the code */
    struct og_seq *kept;
    size_t n_kept, cap_kept;
    enum og_who caller; /* of the transaction that is made */
};

uint64_t og_fuzz_random(struct og_fuzz *f);
/* Functions from the ABI, else selectors from the code; words from the code's constants. */
void og_fuzz_read_code(struct og_fuzz *f, const struct og_contract *c, const uint8_t *p, size_t n);
void og_fuzz_add_word(struct og_fuzz *f, const struct og_u256 *w);
void og_fuzz_new_seq(struct og_fuzz *f, struct og_seq *out);
void og_fuzz_mutate(struct og_fuzz *f, struct og_seq *s);
void og_fuzz_release(struct og_fuzz *f);

#endif
