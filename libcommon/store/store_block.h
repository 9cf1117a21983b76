/* store_block.h - blocks, transactions, receipts and events, as they were applied. */
#ifndef OG_STORE_BLOCK_H
#define OG_STORE_BLOCK_H

#include "base/base_buf.h"
#include "crypto/crypto_addr.h"
#include "crypto/crypto_hash.h"
#include "store/store_open.h"

#include <stddef.h>
#include <stdint.h>

/* A transaction's place: height << 20 | index; index 0 is block.open. */
#define OG_POS(height, index) ((uint64_t)(height) << 20 | (uint64_t)(index))
#define OG_POS_HEIGHT(pos)    ((uint64_t)(pos) >> 20)
#define OG_POS_INDEX(pos)     ((uint64_t)(pos)&0xfffff)

struct og_txrow {
    uint64_t pos;
    struct og_hash id, leaf;
    struct og_addr sender;
    uint64_t status;      /* enum og_rc of applying it */
    struct og_buf result; /* sentence of a failure, or JSON of what it made */
    struct og_buf line;
};
void og_txrow_release(struct og_txrow *r);
enum og_rc og_txrow_add(struct og_store *st, uint64_t pos, const struct og_hash *id,
                        const struct og_hash *leaf, const struct og_addr *sender, uint64_t status,
                        const char *result, const char *line, size_t len,
                        struct og_err *err) OG_MUST_CHECK;
/* pos 0: by id. */
enum og_rc og_txrow_get(struct og_store *st, uint64_t pos, const struct og_hash *id,
                        struct og_txrow *out, bool *found, struct og_err *err) OG_MUST_CHECK;
/* Leaves of the transactions / receipts of a block in order; the caller frees *out. */
enum og_rc og_block_leaves(struct og_store *st, uint64_t height, bool receipts,
                           struct og_hash **out, size_t *n, struct og_err *err) OG_MUST_CHECK;

enum og_rc og_block_put(struct og_store *st, uint64_t height, const struct og_hash *hash,
                        const char *header, size_t len, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_block_get(struct og_store *st, uint64_t height, struct og_hash *hash,
                        struct og_buf *header, bool *found, struct og_err *err) OG_MUST_CHECK;
/* Height of the last sealed block, 0 before the first. */
enum og_rc og_block_last(struct og_store *st, uint64_t *height, struct og_hash *hash,
                         struct og_err *err) OG_MUST_CHECK;
enum og_rc og_block_first_held(struct og_store *st, uint64_t *height,
                               struct og_err *err) OG_MUST_CHECK;

enum og_rc og_receipt_add(struct og_store *st, uint64_t pos, uint64_t task,
                          const struct og_hash *leaf, const char *line, size_t len,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc og_receipt_get(struct og_store *st, uint64_t task, uint64_t *pos, struct og_buf *line,
                          bool *found, struct og_err *err) OG_MUST_CHECK;
/* Receipts of a block so far. */
enum og_rc og_receipt_count(struct og_store *st, uint64_t height, uint64_t *n,
                            struct og_err *err) OG_MUST_CHECK;

/* Local log of what happened, for people: `what` is a word, line a JSON object. */
enum og_rc og_event_add(struct og_store *st, uint64_t height, uint64_t time_ms, const char *what,
                        const char *line, struct og_err *err) OG_MUST_CHECK;
struct og_event {
    uint64_t id, height, time_ms;
    char what[32];
    struct og_buf line;
};
/* The newest max events, newest first; release each line. */
enum og_rc og_event_tail(struct og_store *st, struct og_event *out, size_t max, size_t *n,
                         struct og_err *err) OG_MUST_CHECK;
/* Up to max events whose id is above after, by ascending id; release each line. */
enum og_rc og_event_page(struct og_store *st, uint64_t after, struct og_event *out, size_t max,
                         size_t *n, struct og_err *err) OG_MUST_CHECK;
/* Keeps the newest `keep` events. */
enum og_rc og_event_prune(struct og_store *st, uint64_t keep, struct og_err *err) OG_MUST_CHECK;

#endif
