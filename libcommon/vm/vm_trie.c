/* vm_trie.c - the root of a Merkle-Patricia trie, depth first over sorted keys. */
#include "vm/vm_trie.h"

#include "vm/vm_keccak.h"
#include "vm/vm_rlp.h"

#include <stdlib.h>

static int by_key(const void *pa, const void *pb)
{
    const struct og_trie_item *a = pa, *b = pb;
    size_t n = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = n ? memcmp(a->key, b->key, n) : 0;
    return order ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static unsigned nibble(const struct og_trie_item *it, size_t i)
{
    return i & 1 ? it->key[i / 2] & 15 : it->key[i / 2] >> 4;
}

/* Hex-prefix form of the nibbles [from, to) of it's key. */
static void add_path(struct og_buf *b, const struct og_trie_item *it, size_t from, size_t to,
                     bool leaf)
{
    uint8_t path[OG_TRIE_KEY_MAX + 1];
    size_t n = 0;
    unsigned flag = leaf ? 2 : 0;
    if ((to - from) & 1)
        path[n++] = (uint8_t)((flag | 1) << 4 | nibble(it, from++));
    else
        path[n++] = (uint8_t)(flag << 4);
    for (; from < to; from += 2)
        path[n++] = (uint8_t)(nibble(it, from) << 4 | nibble(it, from + 1));
    og_rlp_bytes(b, path, n);
}

/* The list since `start` stands for a node: kept when under 32 bytes, else its hash. */
static void close_node(struct og_buf *b, size_t start)
{
    og_rlp_list(b, start);
    if (b->len - start < 32)
        return;
    struct og_hash h = og_keccak256(b->p + start, b->len - start);
    b->len = start;
    og_rlp_bytes(b, h.b, sizeof h.b);
}

static void add_node(struct og_buf *b, const struct og_trie_item *it, size_t n, size_t depth);

static void add_branch(struct og_buf *b, const struct og_trie_item *it, size_t n, size_t depth)
{
    const struct og_trie_item *own = it->key_len * 2 == depth ? it : NULL;
    size_t at = own ? 1 : 0;
    for (unsigned digit = 0; digit < 16; digit++) {
        size_t from = at;
        while (at < n && nibble(&it[at], depth) == digit)
            at++;
        if (at > from)
            add_node(b, it + from, at - from, depth + 1);
        else
            og_rlp_bytes(b, NULL, 0);
    }
    og_rlp_bytes(b, own ? own->value : NULL, own ? own->value_len : 0);
}

/* Appends the reference of the node of n > 0 sorted items whose first `depth` nibbles agree. The
 * recursion is as deep as a key is long. */
static void add_node(struct og_buf *b, const struct og_trie_item *it, size_t n, size_t depth)
{
    size_t start = b->len, end = it->key_len * 2;
    if (n == 1) {
        add_path(b, it, depth, end, true);
        og_rlp_bytes(b, it->value, it->value_len);
        close_node(b, start);
        return;
    }
    const struct og_trie_item *last = &it[n - 1];
    size_t same = depth;
    while (same < end && same < last->key_len * 2 && nibble(it, same) == nibble(last, same))
        same++;
    if (same > depth)
        add_path(b, it, depth, same, false);
    size_t inner = b->len;
    add_branch(b, it, n, same);
    if (same > depth)
        close_node(b, inner);
    close_node(b, start);
}

struct og_hash og_trie_root(struct og_trie_item *items, size_t n)
{
    struct og_buf b = OG_BUF_INIT;
    if (n) {
        qsort(items, n, sizeof *items, by_key);
        add_node(&b, items, n, 0);
    } else {
        og_rlp_bytes(&b, NULL, 0);
    }
    struct og_hash root;
    if (b.len == 33 && (uint8_t)b.p[0] == 0xa0) /* a hash already */
        memcpy(root.b, b.p + 1, sizeof root.b);
    else
        root = og_keccak256(b.p, b.len);
    og_buf_release(&b);
    return root;
}
