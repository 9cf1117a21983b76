/* analyze_prove.h - proofs about contracts: symbolic execution whose questions Z3 answers.
 *
 * A property is proved when no path breaks it: from any storage at all; or from any storage that
 * satisfies invariants found by trial (Houdini: Flanagan, Leino 2001), which hold after deployment
 * and after every transaction, by induction over 1 or 2 transactions; or else within a number of
 * transactions from deployment, which is then the bound. Loops and arrays are followed to bounds;
 * a proof says which bounds it met. It is refuted by transactions that were run in the interpreter
 * and broke it there. Everything else is unknown.
 *
 * Assumed: Keccak-256 has no collisions, call values are below 2^128, arguments of dynamic types
 * are encoded as the ABI says, and memory is used as Solidity does. */
#ifndef OG_ANALYZE_PROVE_H
#define OG_ANALYZE_PROVE_H

#include "analyze/analyze_seq.h"

enum og_verdict { OG_PROVED, OG_REFUTED, OG_UNDECIDED };

struct og_prove_opts {
    uint32_t loops;        /* forks at one place of a path */
    uint32_t transactions; /* from deployment */
    uint32_t arrays;       /* elements of arrays in arguments */
    unsigned rlimit;       /* of Z3 for a question */
    size_t questions;      /* for a stage of a property; one without an answer counts as 30 */
    bool overflow;         /* also prove that arithmetic keeps its bounds */
};
#define OG_PROVE_OPTS                                                                              \
    ((struct og_prove_opts){                                                                       \
        .loops = 10, .transactions = 3, .arrays = 2, .rlimit = 1500000, .questions = 400})

struct og_proof {
    char *property; /* "assertions", "overflow", "invariant_x()", "check_y(uint256)" */
    enum og_flaw flaw;
    enum og_verdict verdict;
    char *message;         /* why */
    uint32_t transactions; /* bound; 0: none */
    bool loops_met;        /* some path went on at the bound of loops */
    uint32_t induction;    /* transactions of the step; 0: no induction was needed */
    size_t invariants;     /* found and used */
    size_t questions;
    struct og_seq witness; /* of a refutation */
    uint32_t pc;
};

struct og_proofs {
    struct og_proof *v;
    size_t n, cap;
};

/* OG_E_UNAVAILABLE: built without Z3. */
enum og_rc og_prove(const struct og_contract *c, const struct og_deployed *d,
                    const struct og_prove_opts *o, struct og_proofs *out,
                    struct og_err *err) OG_MUST_CHECK;
void og_proofs_release(struct og_proofs *p);
const char *og_verdict_name(enum og_verdict v); /* "proved", "refuted", "unknown" */

/* {"kind":"proof",…}; the caller decrefs. */
json_t *og_proof_json(const struct og_proof *p, const struct og_prove_opts *o,
                      const struct og_abi *abi, const struct og_deployed *d, const char *contract);

#endif
