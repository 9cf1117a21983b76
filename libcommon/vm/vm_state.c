/* vm_state.c - accounts and storage with undo: the journal, transactions, what may be removed. */
#include "vm/vm_state.h"

#include "base/base_mem.h"
#include "vm/vm_keccak.h"
#include "vm/vm_table.h"

#include <stdlib.h>

enum undo_kind {
    UNDO_NONCE,
    UNDO_BALANCE,
    UNDO_CODE,
    UNDO_EXISTS,
    UNDO_TOUCHED,
    UNDO_CREATED,
    UNDO_DEAD,
    UNDO_WARM_ACCT,
    UNDO_WARM_SLOT,
    UNDO_SLOT,
    UNDO_TRANS
};

struct undo {
    enum undo_kind kind;
    union {
        struct og_vm_acct *acct;
        struct og_vm_slot *slot;
    } of;
    union {
        uint64_t n;
        struct og_u256 word;
        struct {
            struct og_vm_code *code;
            struct og_hash hash;
        } code;
    } old;
};

struct og_vm_state {
    struct og_vm_backend backend;
    struct og_vm_table accts, slots, codes; /* of struct og_vm_acct, og_vm_slot, og_vm_code */
    struct undo *undo;
    size_t n_undo, cap_undo;
    struct og_vm_acct **touched; /* may repeat, may have been reverted */
    size_t n_touched, cap_touched;
    uint64_t tx;
    enum og_rc rc;
    struct og_err err;
};

struct og_vm_state *og_vm_state_new(const struct og_vm_backend *backend, uint64_t seed)
{
    struct og_vm_state *st = og_xcalloc(1, sizeof *st);
    if (backend)
        st->backend = *backend;
    og_vm_table_init(&st->accts, seed);
    og_vm_table_init(&st->slots, og_splitmix64(seed));
    og_vm_table_init(&st->codes, og_splitmix64(seed + 1));
    st->tx = 1;
    return st;
}

static void free_code(void *p)
{
    og_vm_code_free(p);
}

void og_vm_state_free(struct og_vm_state *st)
{
    if (!st)
        return;
    og_vm_table_release(&st->accts, free);
    og_vm_table_release(&st->slots, free);
    og_vm_table_release(&st->codes, free_code);
    free(st->undo);
    free(st->touched);
    free(st);
}

enum og_rc og_vm_state_status(const struct og_vm_state *st, struct og_err *err)
{
    return st->rc == OG_OK ? OG_OK : og_err_set(err, st->rc, "%s", st->err.msg);
}

static void failed(struct og_vm_state *st, enum og_rc rc, const struct og_err *err)
{
    if (rc == OG_OK || st->rc != OG_OK)
        return;
    st->rc = rc;
    st->err = *err;
}

static bool same_addr(const void *item, const void *key, const void *key2)
{
    (void)key2;
    return memcmp(((const struct og_vm_acct *)item)->addr.b, key, OG_ADDR_LEN) == 0;
}

struct og_vm_acct *og_vm_state_acct(struct og_vm_state *st, const struct og_addr *addr)
{
    uint64_t lo, hi;
    uint32_t top;
    memcpy(&lo, addr->b, 8);
    memcpy(&hi, addr->b + 8, 8);
    memcpy(&top, addr->b + 16, 4);
    void **at = og_vm_table_at(&st->accts, og_vm_table_mix(&st->accts, lo ^ top, hi, 0), same_addr,
                               addr->b, NULL);
    if (*at)
        return *at;
    struct og_vm_acct *a = og_xcalloc(1, sizeof *a);
    struct og_vm_account found = {.code_hash = og_keccak_empty};
    struct og_err err = {0};
    bool exists = false;
    if (st->backend.account)
        failed(st, st->backend.account(st->backend.ctx, addr, &found, &exists, &err), &err);
    a->addr = *addr;
    a->code_hash = og_keccak_empty;
    a->exists = exists;
    if (exists) {
        a->nonce = found.nonce;
        a->balance = found.balance;
        a->code_hash = found.code_hash;
        a->has_storage = found.has_storage;
    }
    *at = a;
    return a;
}

static bool same_slot(const void *item, const void *key, const void *acct)
{
    const struct og_vm_slot *s = item;
    return s->acct == acct && og_u256_eq(&s->key, key);
}

struct og_vm_slot *og_vm_state_trans(struct og_vm_state *st, struct og_vm_acct *a,
                                     const struct og_u256 *key)
{
    uint64_t who, more;
    memcpy(&who, a->addr.b, 8);
    memcpy(&more, a->addr.b + 12, 8);
    uint64_t h = og_vm_table_mix(&st->slots, who ^ key->w[0], more ^ key->w[1],
                                 key->w[2] ^ (key->w[3] << 32 | key->w[3] >> 32));
    void **at = og_vm_table_at(&st->slots, h, same_slot, key, a);
    struct og_vm_slot *s = *at;
    if (!s) {
        s = og_xcalloc(1, sizeof *s);
        s->acct = a;
        s->key = *key;
        s->gen = a->gen;
        *at = s;
    }
    return s;
}

struct og_vm_slot *og_vm_state_slot(struct og_vm_state *st, struct og_vm_acct *a,
                                    const struct og_u256 *key)
{
    struct og_vm_slot *s = og_vm_state_trans(st, a, key);
    if (s->gen != a->gen) { /* what it held went with the account that stood here before */
        s->gen = a->gen;
        s->now = OG_U256_ZERO;
        s->loaded = true;
        s->changed = true;
    }
    if (!s->loaded) {
        struct og_err err = {0};
        if (a->exists && !a->cut && st->backend.storage)
            failed(st, st->backend.storage(st->backend.ctx, &a->addr, key, &s->now, &err), &err);
        s->loaded = true;
    }
    if (s->was_tx != st->tx) {
        s->was_tx = st->tx;
        s->was = s->now;
    }
    return s;
}

static bool same_code(const void *item, const void *key, const void *key2)
{
    (void)key2;
    return memcmp(((const struct og_vm_code *)item)->hash.b, key, OG_HASH_LEN) == 0;
}

/* The place of the code with this hash. */
static void **code_at(struct og_vm_state *st, const struct og_hash *h)
{
    uint64_t w[3];
    memcpy(w, h->b, sizeof w);
    return og_vm_table_at(&st->codes, og_vm_table_mix(&st->codes, w[0], w[1], w[2]), same_code,
                          h->b, NULL);
}

const struct og_vm_code *og_vm_state_code(struct og_vm_state *st, struct og_vm_acct *a)
{
    if (!a->code) {
        void **at = code_at(st, &a->code_hash);
        if (!*at) {
            struct og_buf b = OG_BUF_INIT;
            struct og_err err = {0};
            if (og_vm_acct_has_code(a) && st->backend.code)
                failed(st, st->backend.code(st->backend.ctx, &a->code_hash, &b, &err), &err);
            struct og_vm_code *c = og_vm_code_new(b.p, b.len);
            c->hash = a->code_hash;
            og_buf_release(&b);
            *at = c;
        }
        a->code = *at;
    }
    if (!a->code->ready)
        og_vm_code_prepare(a->code);
    return a->code;
}

struct og_hash og_vm_state_block_hash(struct og_vm_state *st, uint64_t number)
{
    struct og_hash h = {{0}};
    struct og_err err = {0};
    if (st->backend.block_hash)
        failed(st, st->backend.block_hash(st->backend.ctx, number, &h, &err), &err);
    return h;
}

static struct undo *note(struct og_vm_state *st, enum undo_kind kind)
{
    if (st->n_undo == st->cap_undo)
        st->undo = og_xgrow(st->undo, &st->cap_undo, st->n_undo + 1, sizeof *st->undo);
    struct undo *u = &st->undo[st->n_undo++];
    u->kind = kind;
    return u;
}

static void note_acct(struct og_vm_state *st, enum undo_kind kind, struct og_vm_acct *a, uint64_t n)
{
    struct undo *u = note(st, kind);
    u->of.acct = a;
    u->old.n = n;
}

static void change(struct og_vm_state *st, struct og_vm_acct *a)
{
    a->changed = true;
    if (!a->exists) {
        note_acct(st, UNDO_EXISTS, a, false);
        a->exists = true;
    }
    og_vm_state_touch(st, a);
}

void og_vm_state_touch(struct og_vm_state *st, struct og_vm_acct *a)
{
    if (a->touched_tx == st->tx)
        return;
    note_acct(st, UNDO_TOUCHED, a, a->touched_tx);
    a->touched_tx = st->tx;
    st->touched =
        og_xgrow(st->touched, &st->cap_touched, st->n_touched + 1, sizeof(struct og_vm_acct *));
    st->touched[st->n_touched++] = a;
}

void og_vm_state_set_nonce(struct og_vm_state *st, struct og_vm_acct *a, uint64_t nonce)
{
    change(st, a);
    note_acct(st, UNDO_NONCE, a, a->nonce);
    a->nonce = nonce;
}

void og_vm_state_set_balance(struct og_vm_state *st, struct og_vm_acct *a, struct og_u256 balance)
{
    change(st, a);
    struct undo *u = note(st, UNDO_BALANCE);
    u->of.acct = a;
    u->old.word = a->balance;
    a->balance = balance;
}

void og_vm_state_set_code(struct og_vm_state *st, struct og_vm_acct *a, const void *p, size_t n)
{
    change(st, a);
    struct undo *u = note(st, UNDO_CODE);
    u->of.acct = a;
    u->old.code.code = a->code;
    u->old.code.hash = a->code_hash;
    a->code_hash = og_keccak256(p, n);
    void **at = code_at(st, &a->code_hash);
    if (!*at) {
        struct og_vm_code *c = og_vm_code_new(p, n);
        c->hash = a->code_hash;
        *at = c;
    }
    a->code = *at;
}

void og_vm_state_set_slot(struct og_vm_state *st, struct og_vm_slot *s, struct og_u256 v)
{
    struct undo *u = note(st, UNDO_SLOT);
    u->of.slot = s;
    u->old.word = s->now;
    s->now = v;
    s->changed = true;
}

struct og_u256 og_vm_state_get_trans(const struct og_vm_state *st, const struct og_vm_slot *s)
{
    return s->trans_tx == st->tx ? s->trans : OG_U256_ZERO;
}

void og_vm_state_set_trans(struct og_vm_state *st, struct og_vm_slot *s, struct og_u256 v)
{
    struct undo *u = note(st, UNDO_TRANS);
    u->of.slot = s;
    u->old.word = og_vm_state_get_trans(st, s);
    s->trans = v;
    s->trans_tx = st->tx;
}

void og_vm_state_mark_created(struct og_vm_state *st, struct og_vm_acct *a)
{
    note_acct(st, UNDO_CREATED, a, a->created_tx);
    a->created_tx = st->tx;
}

void og_vm_state_mark_dead(struct og_vm_state *st, struct og_vm_acct *a)
{
    if (a->dead_tx == st->tx)
        return;
    og_vm_state_touch(st, a);
    note_acct(st, UNDO_DEAD, a, a->dead_tx);
    a->dead_tx = st->tx;
}

bool og_vm_state_is_created(const struct og_vm_state *st, const struct og_vm_acct *a)
{
    return a->created_tx == st->tx;
}

bool og_vm_state_is_dead(const struct og_vm_state *st, const struct og_vm_acct *a)
{
    return a->dead_tx == st->tx;
}

bool og_vm_state_warm_acct(struct og_vm_state *st, struct og_vm_acct *a)
{
    if (a->warm_tx == st->tx)
        return false;
    note_acct(st, UNDO_WARM_ACCT, a, a->warm_tx);
    a->warm_tx = st->tx;
    return true;
}

bool og_vm_state_warm_slot(struct og_vm_state *st, struct og_vm_slot *s)
{
    if (s->warm_tx == st->tx)
        return false;
    struct undo *u = note(st, UNDO_WARM_SLOT);
    u->of.slot = s;
    u->old.n = s->warm_tx;
    s->warm_tx = st->tx;
    return true;
}

size_t og_vm_state_mark(const struct og_vm_state *st)
{
    return st->n_undo;
}

static void undo_one(const struct undo *u)
{
    switch (u->kind) {
    case UNDO_NONCE: u->of.acct->nonce = u->old.n; break;
    case UNDO_BALANCE: u->of.acct->balance = u->old.word; break;
    case UNDO_CODE:
        u->of.acct->code = u->old.code.code;
        u->of.acct->code_hash = u->old.code.hash;
        break;
    case UNDO_EXISTS: u->of.acct->exists = u->old.n; break;
    case UNDO_TOUCHED: u->of.acct->touched_tx = u->old.n; break;
    case UNDO_CREATED: u->of.acct->created_tx = u->old.n; break;
    case UNDO_DEAD: u->of.acct->dead_tx = u->old.n; break;
    case UNDO_WARM_ACCT: u->of.acct->warm_tx = u->old.n; break;
    case UNDO_WARM_SLOT: u->of.slot->warm_tx = u->old.n; break;
    case UNDO_SLOT: u->of.slot->now = u->old.word; break;
    case UNDO_TRANS: u->of.slot->trans = u->old.word; break;
    }
}

void og_vm_state_revert(struct og_vm_state *st, size_t mark)
{
    while (st->n_undo > mark)
        undo_one(&st->undo[--st->n_undo]);
}

void og_vm_state_begin_tx(struct og_vm_state *st)
{
    st->tx++;
    st->n_undo = 0;
    st->n_touched = 0;
}

static void remove_acct(struct og_vm_acct *a)
{
    a->exists = false;
    a->changed = true;
    a->nonce = 0;
    a->balance = OG_U256_ZERO;
    a->code_hash = og_keccak_empty;
    a->code = NULL;
    a->gen++;
    a->cut = true;
    a->has_storage = false;
}

void og_vm_state_end_tx(struct og_vm_state *st)
{
    for (size_t i = 0; i < st->n_touched; i++) {
        struct og_vm_acct *a = st->touched[i];
        if (a->exists && a->touched_tx == st->tx && (a->dead_tx == st->tx || og_vm_acct_empty(a)))
            remove_acct(a);
    }
    og_vm_state_begin_tx(st);
}

void og_vm_state_visit(const struct og_vm_state *st, const struct og_vm_visitor *v)
{
    for (size_t i = 0; v->acct && i < st->accts.cap; i++)
        if (st->accts.place[i])
            v->acct(v->ctx, st->accts.place[i]);
    for (size_t i = 0; v->slot && i < st->slots.cap; i++) {
        const struct og_vm_slot *s = st->slots.place[i];
        if (s && s->loaded && s->acct->exists && s->gen == s->acct->gen)
            v->slot(v->ctx, s);
    }
}
