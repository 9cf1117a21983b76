/* store_tree.h - the app hash: bucket trees over the rows of every family (design section 5).
 *
 * A row's bucket is the first 16 bits of SHA-256(key bytes); a bucket's content is the list of
 * (be32 length ‖ key bytes ‖ SHA-256(row bytes)) sorted by key bytes. A store's root is the RFC
 * 6962 root of its 2^16 bucket contents. params, validators and epochs are CometBFT simple maps of
 * (first key column as text -> canonical JSON of the row). app_hash is the simple map of
 * (store name -> 32-byte root). */
#ifndef OG_STORE_TREE_H
#define OG_STORE_TREE_H

#include "crypto/crypto_merkle.h"
#include "model/model_records.h"
#include "store/store_open.h"

#define OG_BUCKETS 65536u

/* Notes that the row with rec's key changed. Called by og_row_put and og_row_del. */
enum og_rc og_tree_touch(struct og_store *st, const struct og_family *f, const void *rec,
                         struct og_err *err) OG_MUST_CHECK;
/* Number of rows changed since the last flush. */
enum og_rc og_tree_pending(struct og_store *st, uint64_t *n, struct og_err *err) OG_MUST_CHECK;
/* Brings buckets and roots up to date; gives the app hash. */
enum og_rc og_tree_flush(struct og_store *st, struct og_hash *app_hash,
                         struct og_err *err) OG_MUST_CHECK;
/* The same hash from one scan of the rows, using nothing that is stored in the trees. */
enum og_rc og_tree_recompute(struct og_store *st, struct og_hash *app_hash,
                             struct og_err *err) OG_MUST_CHECK;

/* Proof that a row is (or is not) in the state of the last flush: bucket content, path to the store
 * root, path to the app hash. A simple map has no buckets, and no proof that something is not in it
 * (OG_E_USAGE). */
struct og_tree_proof {
    struct og_buf bucket;           /* empty for a map */
    struct og_merkle_path in_store; /* leaf: og_merkle_leaf(bucket content), or the map's own */
    struct og_hash store_root;
    struct og_merkle_path in_app; /* leaf: og_merkle_map_leaf(store name, root) */
    struct og_hash app_hash;
};
enum og_rc og_tree_prove(struct og_store *st, enum og_family_index f, const void *rec,
                         struct og_tree_proof *out, struct og_err *err) OG_MUST_CHECK;
void og_tree_proof_release(struct og_tree_proof *p);
/* The bytes that a proof of the row is about, appended: og_row_key_bytes and og_row_bytes, of a map
 * the key as text and the canonical JSON. */
enum og_rc og_tree_bytes(enum og_family_index f, const void *rec, struct og_buf *key,
                         struct og_buf *row, struct og_err *err) OG_MUST_CHECK;
bool og_tree_is_map(const char *store);
/* True when row_bytes (NULL: absence) under key_bytes agrees with the proof and app_hash. Pure. */
bool og_tree_verify(const struct og_tree_proof *p, const char *store,
                    const struct og_buf *key_bytes, const struct og_buf *row_bytes,
                    const struct og_hash *app_hash);

#endif
