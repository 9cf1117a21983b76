/* analyze_prove_int.h - inside the prover: entries, ends of paths, questions. */
#ifndef OG_ANALYZE_PROVE_INT_H
#define OG_ANALYZE_PROVE_INT_H

#include "analyze/analyze_prove.h"
#include "analyze/analyze_smt.h"
#include "analyze/analyze_sym.h"

#define OG_PROVE_TXS 8

/* A way to call the contract: a function with one shape of its arguments, or what has no name. */
struct og_entry {
    const struct og_abi_fn *fn; /* NULL: whatever is no function of the ABI */
    struct og_u256 *word;       /* of the arguments; fixed where `known` */
    bool *known;
    uint32_t n_words;
    bool shaped; /* arguments are of this shape and length */
};

/* The end of a path that matters. */
struct og_end {
    struct og_facts facts;
    og_t storage, before;
    enum og_sym_end end;
    uint32_t pc;
    size_t entry;
    og_t *wrap; /* pairs: operands of sums, differences, products that may pass their bounds; */
    uint8_t *wrap_op; /* AND: a mask, and what is cut to it */
    size_t n_wraps;
    bool has_sign; /* arithmetic that may be of signed numbers was passed over */
    bool asserts;  /* INVALID or Panic(1) */
    og_t answer;   /* first word returned; 0: none */
};

struct og_ends {
    struct og_end *v;
    size_t n, cap;
    bool loops_met, ran_out;
};

struct og_guess; /* words for unknowns, tried before Z3 is asked */

struct og_prover {
    struct og_terms ts;
    struct og_smt *smt;
    const struct og_contract *c;
    const struct og_deployed *d;
    const struct og_prove_opts *o;
    struct og_sym_code code;
    size_t body;
    struct og_entry *entry;
    size_t n_entries, cap_entries;
    og_t any, init;  /* storage: unknown, and as deployed */
    og_t *invariant; /* over `any` */
    size_t n_invariants, cap_invariants;
    size_t left;      /* questions */
    unsigned harder;  /* questions of the property that may be asked again with more */
    size_t under_way; /* entry, for arguments */
    bool by_guess;    /* the last model is a guess, not Z3's */
    struct og_guess *guess;
    struct og_ends ends_any; /* one transaction from any storage */
    bool have_any;
};

void og_prove_entries(struct og_prover *p);
/* All ends of one transaction by an entry. */
void og_prove_run(struct og_prover *p, size_t entry, uint32_t tx, og_t storage,
                  const struct og_facts *facts, struct og_ends *out);
void og_ends_release(struct og_ends *e);
static inline bool og_end_ok(const struct og_end *e)
{
    return e->end == OG_SYM_STOP || e->end == OG_SYM_RETURN || e->end == OG_SYM_DESTRUCT;
}

/* Facts and more; true answers are counted against the budget. */
enum og_sat og_prove_ask(struct og_prover *p, const struct og_facts *f, const og_t *more, size_t n);
/* A model by trial alone. */
bool og_prove_try(struct og_prover *p, const struct og_facts *f, const og_t *more, size_t n);
/* Tries words at random that the facts name or that are extreme; true: they meet all facts. */
bool og_prove_guess(struct og_prover *p, const og_t *fact, size_t n);
void og_guess_free(struct og_guess *g);
/* The word of a term in the last model. */
bool og_prove_value(struct og_prover *p, og_t t, struct og_u256 *out);
/* "This operation passes its bounds." */
og_t og_prove_wrap(struct og_prover *p, uint8_t op, og_t a, og_t b);

/* What the world of analyze_world.h fixes, as facts of transactions 0 to n - 1. */
void og_prove_world_facts(struct og_prover *p, uint32_t n, struct og_facts *f);
/* The model of the last question as transactions through these entries. */
void og_prove_model(struct og_prover *p, const size_t *entry, uint32_t n, struct og_seq *out);

/* Finds invariants; drops those that do not hold after deployment or some transaction. */
void og_prove_invariants(struct og_prover *p, const struct og_ends *bad);
/* t over `any` as it is over another storage. */
og_t og_prove_over(struct og_prover *p, og_t t, og_t storage);

#endif
