/* vm_root.c - the state root: a trie of accounts over tries of their storage. */
#include "vm/vm_state.h"

#include "base/base_mem.h"
#include "vm/vm_keccak.h"
#include "vm/vm_rlp.h"
#include "vm/vm_trie.h"

#include <stdlib.h>

struct leaf {
    const struct og_vm_acct *acct;
    struct og_hash key;
    uint8_t value[110]; /* slot: RLP of a word, 33; account: RLP of its four fields, at most 110 */
    size_t len;
};

struct leaves {
    struct leaf *v;
    size_t n, cap;
};

static struct leaf *add_leaf(struct leaves *l, const struct og_vm_acct *a, const void *key,
                             size_t n)
{
    l->v = og_xgrow(l->v, &l->cap, l->n + 1, sizeof *l->v);
    struct leaf *leaf = &l->v[l->n++];
    leaf->acct = a;
    leaf->key = og_keccak256(key, n);
    return leaf;
}

static void put_value(struct leaf *leaf, struct og_buf *b)
{
    memcpy(leaf->value, b->p, b->len);
    leaf->len = b->len;
    og_buf_reset(b);
}

struct gathering {
    struct leaves accts, slots;
    struct og_buf b;
};

static void on_acct(void *ctx, const struct og_vm_acct *a)
{
    struct gathering *g = ctx;
    if (a->exists)
        add_leaf(&g->accts, a, a->addr.b, sizeof a->addr.b);
}

static void on_slot(void *ctx, const struct og_vm_slot *s)
{
    struct gathering *g = ctx;
    uint8_t key[32];
    if (og_u256_is_zero(&s->now))
        return;
    og_u256_store(&s->key, key);
    og_rlp_u256(&g->b, &s->now);
    put_value(add_leaf(&g->slots, s->acct, key, sizeof key), &g->b);
}

/* By the account's address: the place in memory would do, but would not repeat. */
static int by_acct(const void *pa, const void *pb)
{
    const struct leaf *a = pa, *b = pb;
    return memcmp(a->acct->addr.b, b->acct->addr.b, OG_ADDR_LEN);
}

static struct og_hash root_of(const struct leaf *leaf, size_t n)
{
    struct og_trie_item *items = og_xcalloc(n ? n : 1, sizeof *items);
    for (size_t i = 0; i < n; i++)
        items[i] = (struct og_trie_item){leaf[i].key.b, OG_HASH_LEN, leaf[i].value, leaf[i].len};
    struct og_hash root = og_trie_root(items, n);
    free(items);
    return root;
}

struct og_hash og_vm_state_root(const struct og_vm_state *st)
{
    struct gathering g = {{0}, {0}, OG_BUF_INIT};
    const struct og_vm_visitor v = {&g, on_acct, on_slot};
    og_vm_state_visit(st, &v);
    if (g.accts.n)
        qsort(g.accts.v, g.accts.n, sizeof *g.accts.v, by_acct);
    if (g.slots.n)
        qsort(g.slots.v, g.slots.n, sizeof *g.slots.v, by_acct);
    size_t at = 0;
    for (size_t i = 0; i < g.accts.n; i++) {
        struct leaf *leaf = &g.accts.v[i];
        size_t from = at;
        while (at < g.slots.n && g.slots.v[at].acct == leaf->acct)
            at++;
        struct og_hash storage = root_of(g.slots.v ? g.slots.v + from : NULL, at - from);
        og_rlp_u64(&g.b, leaf->acct->nonce);
        og_rlp_u256(&g.b, &leaf->acct->balance);
        og_rlp_bytes(&g.b, storage.b, sizeof storage.b);
        og_rlp_bytes(&g.b, leaf->acct->code_hash.b, OG_HASH_LEN);
        og_rlp_list(&g.b, 0);
        put_value(leaf, &g.b);
    }
    struct og_hash root = root_of(g.accts.v, g.accts.n);
    free(g.accts.v);
    free(g.slots.v);
    og_buf_release(&g.b);
    return root;
}
