/* engine_int.h - inside engine/ only: the embedded engine's state. */
#ifndef OG_ENGINE_INT_H
#define OG_ENGINE_INT_H

#include "crypto/crypto_vrf.h"
#include "engine/engine.h"
#include "engine/engine_header.h"
#include "store/store_block.h"

/* A node's validator keys, found in the keys folder. */
struct og_sealer {
    struct og_key *consensus;
    struct og_vrf_key *vrf;
    uint8_t vrf_pub[OG_VRF_PUB_LEN];
    struct og_buf cons_der;
};

struct og_engine {
    struct og_store *st;
    struct og_ledger *l;
    char *keys_dir;
    struct og_sealer *sealer;
    size_t n_sealers;
    uint64_t wait_ms;
    bool keys_loaded, allow_clock;
    struct og_comet *comet; /* the network that orders; NULL: embedded */
};

/* engine_comet.c: a state that an ogpu-node owns. *out NULL: it is a local chain. */
enum og_rc og_comet_open(struct og_engine *e, struct og_comet **out,
                         struct og_err *err) OG_MUST_CHECK;
void og_comet_close(struct og_comet *c);
/* As og_engine_send and og_engine_send_lines: sent to the node, awaited in the state. */
enum og_rc og_comet_send(struct og_engine *e, const struct og_key *key,
                         const struct og_draft *drafts, size_t n, struct og_sent *out,
                         struct og_err *err) OG_MUST_CHECK;
enum og_rc og_comet_send_lines(struct og_engine *e, const char *const *lines, const size_t *len,
                               size_t n, struct og_sent *out, struct og_err *err) OG_MUST_CHECK;

/* engine.c: what an account needs for its next transaction, and a draft signed with it. */
struct og_sender {
    struct og_addr addr;
    uint64_t seq, valid_until;
    bool with_pub;
    size_t sig_text; /* bytes of a signature in base64 */
};
enum og_rc og_engine_sender(struct og_engine *e, const struct og_key *key, struct og_sender *s,
                            struct og_err *err) OG_MUST_CHECK;
enum og_rc og_engine_sign(struct og_engine *e, const struct og_key *key, const struct og_draft *d,
                          struct og_sender *s, bool with_pub, struct og_buf *line,
                          struct og_err *err) OG_MUST_CHECK;

/* The open block as the state has it; height 0: none. */
struct og_open_block {
    uint64_t height, time_ms, n; /* n: transactions, without block.open */
};
enum og_rc og_engine_open_block(struct og_engine *e, struct og_open_block *o,
                                struct og_err *err) OG_MUST_CHECK;
enum og_rc og_engine_put_open(struct og_engine *e, const struct og_open_block *o,
                              struct og_err *err) OG_MUST_CHECK;
/* Inside a write transaction: opens a block when none is open. */
enum og_rc og_engine_ensure_open(struct og_engine *e, struct og_open_block *o,
                                 struct og_err *err) OG_MUST_CHECK;
/* Inside a write transaction: seals the open block with a key held. *sealed false: no key of a
 * proposer of this height is here. */
enum og_rc og_engine_seal_open(struct og_engine *e, struct og_open_block *o, bool *sealed,
                               struct og_err *err) OG_MUST_CHECK;
/* Ends the block that h->open describes: beacon proof (s NULL: the one in h->open), roots, the
 * ledger's end of the block, header stored. A signature that h holds already is kept. */
enum og_rc og_engine_close_block(struct og_engine *e, struct og_open_block *o, struct og_header *h,
                                 const struct og_sealer *s, struct og_err *err) OG_MUST_CHECK;
/* One line into the open block: what became of it is in *out. */
enum og_rc og_engine_apply_line(struct og_engine *e, const char *line, size_t len,
                                struct og_open_block *o, struct og_sent *out,
                                struct og_err *err) OG_MUST_CHECK;
/* The open block is too old or too full for another transaction. */
enum og_rc og_engine_is_due(struct og_engine *e, const struct og_open_block *o, bool *due,
                            struct og_err *err) OG_MUST_CHECK;
enum og_rc og_engine_load_keys(struct og_engine *e, struct og_err *err) OG_MUST_CHECK;
void og_engine_free_keys(struct og_engine *e);
/* The ledger's parameters may have been changed by another process. */
enum og_rc og_engine_refresh(struct og_engine *e, struct og_err *err) OG_MUST_CHECK;

#endif
