/* vm_trie.h - the root of a Merkle-Patricia trie (Yellow Paper, appendix D), made in one go. */
#ifndef OG_VM_TRIE_H
#define OG_VM_TRIE_H

#include "crypto/crypto_hash.h"

#include <stddef.h>
#include <stdint.h>

#define OG_TRIE_KEY_MAX 64 /* bytes of a key */

struct og_trie_item {
    const uint8_t *key; /* borrowed */
    size_t key_len;     /* <= OG_TRIE_KEY_MAX */
    const uint8_t *value;
    size_t value_len; /* > 0: an empty value is an absent one and must be left out */
};

/* Keccak-256 root of n items with different keys; sorts the array. The empty trie has the root
 * 56e81f17…b421. */
struct og_hash og_trie_root(struct og_trie_item *items, size_t n);

#endif
