/* guard_rules.h - proof before suspicion: what no honest node can do, found in its events.
 *
 * Facts of the past are kept in a table of fixed size (eight to a bucket, the oldest makes room),
 * so that memory is bounded whatever comes; a proof is never wrong for that, it may be missed when
 * what it refers to was long ago. */
#ifndef OG_GUARD_RULES_H
#define OG_GUARD_RULES_H

#include "guard/guard_event.h"

/* word; the ledger verifies it itself */
#define OG_GUARD_PROOFS(X)                                                                         \
    X(DOUBLE_SIGN, "double-sign", true)                                                            \
    X(REPLAY, "replay", false)                                                                     \
    X(COPIED_COMMIT, "copied-commit", false)                                                       \
    X(FORGED, "forged", false)                                                                     \
    X(IMPOSSIBLE, "impossible", false)                                                             \
    X(WRONG_RESULT, "wrong-result", true)

enum og_guard_proof {
#define X(name, word, ledger) OG_GP_##name,
    OG_GUARD_PROOFS(X)
#undef X
        OG_GP_COUNT
};

#define OG_GUARD_EARLY_MS 2000 /* a claim may pass the time that the chain saw by so much */

struct og_guard_fact {
    uint64_t key; /* of kind and subject; 0: free */
    uint64_t node, id, time_ms;
    uint8_t hash[32];
};

struct og_guard_rules {
    struct og_guard_fact *fact;
    size_t buckets; /* a power of two */
};

/* Against whom, by which events; `with` is the earlier one, 0 where one event is enough. */
struct og_guard_hit {
    enum og_guard_proof proof;
    uint64_t node, time_ms, id, with, with_node, with_ms;
    uint64_t subject; /* height or lease */
    bool has_hash;
    struct og_hash hash, with_hash;
};

const char *og_guard_proof_word(enum og_guard_proof p);
/* The ledger punishes it by itself, or on an `evidence` transaction. */
bool og_guard_proof_of_ledger(enum og_guard_proof p);

/* facts: how many are remembered, 1,024 to 2^26, rounded up to a power of two. */
void og_guard_rules_init(struct og_guard_rules *r, size_t facts);
void og_guard_rules_release(struct og_guard_rules *r);
/* True: *out is a proof. */
bool og_guard_rules_see(struct og_guard_rules *r, const struct og_guard_event *e,
                        struct og_guard_hit *out);

#endif
