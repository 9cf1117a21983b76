/* engine.h - who orders transactions (design 2.3). The state tells: embedded applies them to the
 * open block in the local SQLite file and seals blocks with the validator keys it finds; comet
 * sends them to the CometBFT node that owns the state, and waits until the state has them. */
#ifndef OG_ENGINE_ENGINE_H
#define OG_ENGINE_ENGINE_H

#include "base/base_err.h"
#include "crypto/crypto_sig.h"
#include "model/model_tx.h"
#include "store/store_open.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_engine;

/* keys_dir: where node keys lie (NAME.vrf.pem, NAME.consensus.pem); NULL: this engine cannot seal.
 */
enum og_rc og_engine_open(const char *state_dir, const char *keys_dir, struct og_engine **out,
                          struct og_err *err) OG_MUST_CHECK;
void og_engine_close(struct og_engine *e);
/* The store it writes to; reads through it see what was committed. */
struct og_store *og_engine_store(struct og_engine *e);
const struct og_hash *og_engine_chain(struct og_engine *e);
/* The state machine on that store, for ledger_view.h. Borrowed. */
struct og_ledger;
struct og_ledger *og_engine_ledger(struct og_engine *e);
/* Allows a sealed block to jump more than 7 days of clock (--clock). */
void og_engine_allow_clock(struct og_engine *e);

/* How long a send waits: for a sealer when this engine holds no key; for the network to take a
 * transaction into a block. At first OG_STORE_BUSY_MS, on comet thrice that. */
void og_engine_set_wait(struct og_engine *e, uint64_t ms);

/* What became of one transaction. */
struct og_sent {
    enum og_rc rc;     /* OG_OK applied; else refused or failed, with the sentence in msg */
    bool in_block;     /* false: refused before it reached a block (no fee) */
    struct og_hash id; /* txid */
    uint64_t first_id; /* number of the first task, node, … it made; 0 none */
    char msg[OG_ERR_MAX];
};

/* Signs the drafts with key, in order, and applies them durably in as few SQLite transactions as
 * block limits allow; sealing as needed. out: n results. OG_OK means every draft reached a verdict;
 * look at out[i].rc. OG_E_TEMPFAIL: the state stayed busy or nobody sealed; on comet the network is
 * full, catches up or stands still, and the sentence says when a transaction may yet be applied.
 * OG_E_UNAVAILABLE: the node does not answer. Thread-unsafe. */
enum og_rc og_engine_send(struct og_engine *e, const struct og_key *key,
                          const struct og_draft *drafts, size_t n, struct og_sent *out,
                          struct og_err *err) OG_MUST_CHECK;
/* One draft; a failure of the transaction is returned as rc with its sentence. */
enum og_rc og_engine_send1(struct og_engine *e, const struct og_key *key, const struct og_draft *d,
                           struct og_sent *out, struct og_err *err) OG_MUST_CHECK;
/* Lines already signed (any senders). */
enum og_rc og_engine_send_lines(struct og_engine *e, const char *const *lines, const size_t *len,
                                size_t n, struct og_sent *out, struct og_err *err) OG_MUST_CHECK;

/* True when this engine holds a key that may seal. */
bool og_engine_can_seal(const struct og_engine *e);
/* Seals the open block now if it has something to seal or anything is pending (force: even when it
 * is young). *sealed tells. OG_OK and *sealed false when nothing is to be done or no key is held.
 */
enum og_rc og_engine_seal(struct og_engine *e, bool force, bool *sealed,
                          struct og_err *err) OG_MUST_CHECK;
/* Seals a block even when nothing is in it: its header proves the state before it. */
enum og_rc og_engine_seal_empty(struct og_engine *e, bool *sealed,
                                struct og_err *err) OG_MUST_CHECK;
/* Height of the last sealed block, time of the open one (0: none open). */
enum og_rc og_engine_head(struct og_engine *e, uint64_t *height, uint64_t *open_time_ms,
                          struct og_err *err) OG_MUST_CHECK;

#endif
