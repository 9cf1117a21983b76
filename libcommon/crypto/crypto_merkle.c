/* crypto_merkle.c - RFC 6962 trees, their paths, and leaves of CometBFT's simple maps. */
#include "crypto/crypto_merkle.h"

#include <assert.h>
#include <string.h>

struct og_hash og_merkle_leaf(const void *p, size_t n)
{
    static const uint8_t zero = 0;
    return og_sha256_2(&zero, 1, p, n);
}

struct og_hash og_merkle_inner(const struct og_hash *l, const struct og_hash *r)
{
    uint8_t t[1 + 2 * OG_HASH_LEN];
    t[0] = 1;
    memcpy(t + 1, l->b, OG_HASH_LEN);
    memcpy(t + 1 + OG_HASH_LEN, r->b, OG_HASH_LEN);
    return og_sha256(t, sizeof t);
}

void og_merkle_acc_init(struct og_merkle_acc *a)
{
    a->n = 0;
}

/* peak[i] is the root of a full subtree of 2^i leaves where bit i of n is set; larger ones stand to
 * the left. Adding a leaf is counting up by one: each carry joins two subtrees. */
void og_merkle_acc_add(struct og_merkle_acc *a, const struct og_hash *leaf)
{
    struct og_hash h = *leaf;
    size_t i = 0;
    for (; a->n >> i & 1; i++)
        h = og_merkle_inner(&a->peak[i], &h);
    a->peak[i] = h;
    a->n++;
}

struct og_hash og_merkle_acc_root(const struct og_merkle_acc *a)
{
    if (a->n == 0)
        return og_sha256(NULL, 0);
    size_t i = (size_t)__builtin_ctzll(a->n);
    struct og_hash h = a->peak[i];
    for (i++; i < 64 && a->n >> i; i++)
        if (a->n >> i & 1)
            h = og_merkle_inner(&a->peak[i], &h);
    return h;
}

struct og_hash og_merkle_root(const struct og_hash *leaf, size_t n)
{
    struct og_merkle_acc a;
    og_merkle_acc_init(&a);
    for (size_t i = 0; i < n; i++)
        og_merkle_acc_add(&a, &leaf[i]);
    return og_merkle_acc_root(&a);
}

/* The largest power of two below n; n >= 2. */
static size_t split_of(size_t n)
{
    return (size_t)1 << (63 - __builtin_clzll((unsigned long long)n - 1));
}

void og_merkle_prove(const struct og_hash *leaf, size_t n, size_t index, struct og_merkle_path *out)
{
    assert(index < n);
    *out = (struct og_merkle_path){.total = n, .index = index};
    /* From the root down: the sibling left behind at each step, then turned round. */
    while (n > 1) {
        size_t k = split_of(n);
        assert(out->n < OG_MERKLE_PATH_MAX);
        if (index < k) {
            out->aunt[out->n++] = og_merkle_root(leaf + k, n - k);
            n = k;
        } else {
            out->aunt[out->n++] = og_merkle_root(leaf, k);
            leaf += k;
            index -= k;
            n -= k;
        }
    }
    for (size_t i = 0, j = out->n; i + 1 < j; i++) {
        struct og_hash t = out->aunt[i];
        out->aunt[i] = out->aunt[--j];
        out->aunt[j] = t;
    }
}

/* RFC 9162 section 2.1.3.2: fn and sn walk from the leaf and the last leaf to the root. */
bool og_merkle_verify(const struct og_hash *root, const struct og_hash *leaf,
                      const struct og_merkle_path *path)
{
    if (path->index >= path->total || path->n > OG_MERKLE_PATH_MAX)
        return false;
    uint64_t fn = path->index, sn = path->total - 1;
    struct og_hash h = *leaf;
    for (size_t i = 0; i < path->n; i++) {
        if (sn == 0)
            return false;
        if (fn & 1 || fn == sn) {
            h = og_merkle_inner(&path->aunt[i], &h);
            while (!(fn & 1) && fn) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            h = og_merkle_inner(&h, &path->aunt[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && memcmp(h.b, root->b, OG_HASH_LEN) == 0;
}

static void add_uvarint(struct og_hasher *h, uint64_t v)
{
    uint8_t t[10];
    size_t n = 0;
    do {
        t[n] = (uint8_t)(v & 0x7f);
        v >>= 7;
        t[n++] |= v ? 0x80 : 0;
    } while (v);
    og_hasher_add(h, t, n);
}

struct og_hash og_merkle_map_leaf(const void *key, size_t kn, const void *value, size_t vn)
{
    struct og_hash v = og_sha256(value, vn);
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_add(&h, "", 1); /* the leaf's 00 */
    add_uvarint(&h, kn);
    og_hasher_add(&h, key, kn);
    add_uvarint(&h, OG_HASH_LEN);
    og_hasher_hash(&h, &v);
    return og_hasher_final(&h);
}
