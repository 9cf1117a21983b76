/* engine_header.h - a sealed block's header and its block.open: canonical JSON both.
 *
 * Header: {"app_hash","chain","height","kind":"block","n_tx","parent","pi","proposer",
 * "receipt_root","round","sig","time_ms","tx_root","v":1}. app_hash is the state after the block
 * before; tx_root and receipt_root are this block's. sig: the proposer's consensus key over
 * "OGPU-BLOCK-v1\0" and the bytes without sig ("" when there is no validator). The block's hash is
 * SHA-256 of the whole header; parent is that of the block before, the chain id for the first.
 * On comet the network's own commit signs a block: sig is "", and "votes" and "misbehaviour" say
 * what block.open says, where they are not empty. */
#ifndef OG_ENGINE_HEADER_H
#define OG_ENGINE_HEADER_H

#include "ledger/ledger.h"

struct og_header {
    struct og_hash app_hash, chain, parent, tx_root, receipt_root;
    struct og_block_open open; /* height, time, round, proposer, pi */
    uint64_t n_tx;             /* block.open counted */
    struct og_buf sig;
    struct og_buf line; /* canonical bytes with sig */
    struct og_hash hash;
};
void og_header_release(struct og_header *h);

/* key NULL: unsigned. Fills sig, line and hash. */
enum og_rc og_header_sign(struct og_header *h, const struct og_key *key,
                          struct og_err *err) OG_MUST_CHECK;
/* Fills line and hash, with the signature that h has. */
enum og_rc og_header_keep(struct og_header *h, struct og_err *err) OG_MUST_CHECK;
/* Strict; fills everything. Does not verify the signature. */
enum og_rc og_header_parse(const char *s, size_t n, struct og_header *out,
                           struct og_err *err) OG_MUST_CHECK;
/* True when sig is p's over the header. */
bool og_header_verify(const struct og_header *h, const struct og_pub *p);

/* The first transaction of a block. */
enum og_rc og_block_open_line(const struct og_block_open *o, struct og_buf *out,
                              struct og_err *err) OG_MUST_CHECK;
enum og_rc og_block_open_parse(const char *s, size_t n, struct og_block_open *out,
                               struct og_err *err) OG_MUST_CHECK;

#endif
