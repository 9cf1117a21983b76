/* crypto_merkle.h - RFC 6962 trees (lists) and CometBFT "simple" Merkle maps. */
#ifndef OG_CRYPTO_MERKLE_H
#define OG_CRYPTO_MERKLE_H

#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 6962 section 2.1: leaf = SHA-256(00 ‖ data), inner = SHA-256(01 ‖ l ‖ r), empty =
 * SHA-256(""), split at the largest power of two below n. CometBFT's simple tree is the same tree.
 */
struct og_hash og_merkle_leaf(const void *p, size_t n);
struct og_hash og_merkle_inner(const struct og_hash *l, const struct og_hash *r);
/* Root over n leaf hashes (made with og_merkle_leaf); does not change them. */
struct og_hash og_merkle_root(const struct og_hash *leaf, size_t n);

#define OG_MERKLE_PATH_MAX 48
struct og_merkle_path {
    uint64_t total, index;
    size_t n; /* aunts, from the leaf upwards */
    struct og_hash aunt[OG_MERKLE_PATH_MAX];
};
/* index < n. */
void og_merkle_prove(const struct og_hash *leaf, size_t n, size_t index,
                     struct og_merkle_path *out);
bool og_merkle_verify(const struct og_hash *root, const struct og_hash *leaf,
                      const struct og_merkle_path *path);

/* Appends leaves one by one with O(log n) memory; the root equals og_merkle_root's. */
struct og_merkle_acc {
    uint64_t n;
    struct og_hash peak[64];
};
void og_merkle_acc_init(struct og_merkle_acc *a);
void og_merkle_acc_add(struct og_merkle_acc *a, const struct og_hash *leaf);
struct og_hash og_merkle_acc_root(const struct og_merkle_acc *a);

/* Leaf of a simple map: SHA-256(00 ‖ uvarint(kn) ‖ key ‖ uvarint(32) ‖ SHA-256(value)).
 * A map's leaves stand sorted by key bytes; its root is og_merkle_root of them. */
struct og_hash og_merkle_map_leaf(const void *key, size_t kn, const void *value, size_t vn);

#endif
