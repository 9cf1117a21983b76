/* engine_audit.h - the whole chain again: every transaction replayed into a scratch state, every
 * header compared with what the replay comes to. */
#ifndef OG_ENGINE_AUDIT_H
#define OG_ENGINE_AUDIT_H

#include "engine/engine_header.h"
#include "store/store_open.h"

#include <stdbool.h>
#include <stdint.h>

struct og_audit {
    struct og_hash chain, app_hash; /* app_hash: after the last sealed block */
    uint64_t blocks, txs; /* sealed blocks; transactions of all blocks, the open one's too */
    uint64_t open_txs;    /* of which the open block's */
    uint64_t skipped;     /* rounds whose proposer did not seal */
    uint64_t supply;      /* grains, counted */
    bool ok;
    uint64_t bad_height, bad_index; /* where the first difference is; index 0: the block itself */
    char what[OG_ERR_MAX];          /* which */
};

/* What to replay, and who looks on. */
struct og_audit_want {
    const char *scratch_dir; /* an empty folder of the caller's */
    uint64_t until; /* last block wanted; 0: all, then the open block and the state itself */
    void (*progress)(void *ctx, uint64_t height, uint64_t last); /* may be NULL */
    /* Before a transaction is replayed; may be NULL. *stop: the audit ends here. OG_E_DATA is a
     * difference. */
    enum og_rc (*before)(void *ctx, struct og_ledger *l, const struct og_tx *tx, uint64_t height,
                         uint64_t index, bool *stop, struct og_err *err);
    void *ctx;
};

/* live: the state to audit, open for reading; it may grow meanwhile. OG_OK: the audit came to an
 * end, look at out->ok. */
enum og_rc og_audit_run(struct og_store *live, const struct og_audit_want *want,
                        struct og_audit *out, struct og_err *err) OG_MUST_CHECK;

#endif
