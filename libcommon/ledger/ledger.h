/* ledger.h - the state machine: genesis, begin, apply, end of a block. The only writer of hashed
 * tables. No clock, no randomness, no float: everything comes from transactions and block.open. */
#ifndef OG_LEDGER_LEDGER_H
#define OG_LEDGER_LEDGER_H

#include "crypto/crypto_sig.h"
#include "model/model_params.h"
#include "model/model_records.h"
#include "model/model_tx.h"
#include "store/store_open.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct og_ledger; /* one open state; holds the store, parameters and a cache of public keys */

enum og_rc og_ledger_open(struct og_store *st, struct og_ledger **out,
                          struct og_err *err) OG_MUST_CHECK;
void og_ledger_close(struct og_ledger *l);
/* Parameters, open height and time anew from the store: another process may have changed them. */
enum og_rc og_ledger_reload(struct og_ledger *l, struct og_err *err) OG_MUST_CHECK;
struct og_store *og_ledger_store(struct og_ledger *l);
const struct og_params *og_ledger_params(struct og_ledger *l);
const struct og_hash *og_ledger_chain(struct og_ledger *l);

/* True when a CometBFT network orders the blocks (genesis "engine": "comet"). */
bool og_ledger_is_comet(const struct og_ledger *l);

/* Genesis: canonical JSON {"accounts":[{"addr","amount"}],"engine":"embedded" or "comet",
 * "kind":"genesis",
 * "nodes":[node.join body with "addr", "bond", "owner"],"params":{name: "value"},"random": 64 hex,
 * "time_ms","v":1}. Writes the first rows; the chain is SHA-256 of these bytes. Amounts of nodes'
 * bonds come out of their owners' amounts. Inside one transaction of the caller's. */
enum og_rc og_ledger_genesis(struct og_store *st, const char *json, size_t n,
                             struct og_err *err) OG_MUST_CHECK;

#define OG_VOTES_MAX  512
#define OG_FAULTS_MAX 16

struct og_block_fault {
    uint64_t node, height; /* who signed two blocks of this height */
};

/* What a block.open says; all that the state machine learns from outside. */
struct og_block_open {
    /* proposer: node number. round: embedded, that of this block; comet, that of the last commit */
    uint64_t height, time_ms, round, proposer;
    /* Comet only: nodes that signed the last block, ascending; proven double signers. */
    uint64_t votes[OG_VOTES_MAX];
    size_t n_votes;
    struct og_block_fault fault[OG_FAULTS_MAX];
    size_t n_faults;
    uint8_t pi[81];
    bool has_pi;
    /* The output of pi, from whoever made it a moment ago with the proposer's key: it is not
     * verified again. Never from outside. */
    bool has_beta;
    struct og_hash beta;
};

/* Opens block `height` at time_ms: both are fixed from here on. */
enum og_rc og_ledger_begin_block(struct og_ledger *l, uint64_t height, uint64_t time_ms,
                                 struct og_err *err) OG_MUST_CHECK;
/* Result of one transaction inside the open block. */
struct og_applied {
    enum og_rc rc;     /* of the transaction; OG_OK: done */
    bool in_block;     /* paid its fee and stands in the block, failed or not */
    uint64_t first_id; /* number of the first thing it made */
    char msg[OG_ERR_MAX];
};
/* Checks signature, sequence, fee; applies. The return value is about the machine (I/O); what the
 * transaction came to is in *out. index: place in the block, from 1. */
enum og_rc og_ledger_apply(struct og_ledger *l, const struct og_tx *tx, const char *line,
                           uint64_t index, struct og_applied *out,
                           struct og_err *err) OG_MUST_CHECK;
/* Everything that happens at a block's end: beacon, draws, deadlines, settlement, rounds, epochs.
 * Checks the conservation of supply. *app_hash is the state after the block. */
enum og_rc og_ledger_end_block(struct og_ledger *l, const struct og_block_open *open,
                               const struct og_hash *tx_root, bool has_txs,
                               struct og_hash *app_hash, struct og_err *err) OG_MUST_CHECK;

/* True when the open block has used so much gas that it is to be sealed. */
enum og_rc og_ledger_gas_full(struct og_ledger *l, bool *full, struct og_err *err) OG_MUST_CHECK;
/* True when a block must be made though it holds no transaction (protocol section 2, beacon). */
enum og_rc og_ledger_pending(struct og_ledger *l, bool *pending, struct og_err *err) OG_MUST_CHECK;
/* The node drawn to propose (height, round) from the beacon of height − 1; 0: there is no
 * validator. */
enum og_rc og_ledger_proposer(struct og_ledger *l, uint64_t height, uint64_t round, uint64_t *node,
                              struct og_err *err) OG_MUST_CHECK;
/* Input of the VRF of block `height`. */
enum og_rc og_ledger_alpha(struct og_ledger *l, uint64_t height, struct og_buf *alpha,
                           struct og_err *err) OG_MUST_CHECK;
/* R of the block before `height`. */
enum og_rc og_ledger_beacon(struct og_ledger *l, uint64_t height, struct og_hash *out,
                            struct og_err *err) OG_MUST_CHECK;
/* Lowest fee of a transaction of this kind, size and weight (elements, cells). */
uint64_t og_ledger_fee(struct og_ledger *l, enum og_tx_kind kind, const json_t *body,
                       size_t line_bytes);
/* Balances + bonds + escrows + unbonding + fees of the open block, counted row by row. */
enum og_rc og_ledger_supply(struct og_ledger *l, uint64_t *counted, uint64_t *genesis,
                            struct og_err *err) OG_MUST_CHECK;

#endif
