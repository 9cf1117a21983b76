/* store_cache.c - accounts and globals of the open write transaction in memory. */
#include "store/store_cache.h"

#include "base/base_num.h"
#include "store/store_db.h"

#include <string.h>

static bool key_of(const struct og_family *f, const void *rec, char key[OG_CACHE_KEY])
{
    const struct og_vm_slot_row *slot = rec;
    const char *name;
    size_t n;
    memset(key, 0, OG_CACHE_KEY);
    switch (f->index) {
    case OG_F_ACCOUNT:
        memcpy(key, ((const struct og_account *)rec)->addr.b, OG_ADDR_LEN);
        return true;
    case OG_F_GLOBAL:
        name = ((const struct og_value *)rec)->name;
        n = name ? strlen(name) : 0;
        if (n == 0 || n >= OG_CACHE_KEY)
            return false;
        memcpy(key, name, n);
        return true;
    case OG_F_VM_ACCT:
        memcpy(key, ((const struct og_vm_acct_row *)rec)->addr.b, OG_ADDR_LEN);
        return true;
    case OG_F_VM_SLOT:
        memcpy(key, slot->addr.b, OG_ADDR_LEN);
        memcpy(key + OG_ADDR_LEN, slot->key.b, OG_HASH_LEN);
        return true;
    default: return false;
    }
}

struct og_cache_slot *og_cache_find(struct og_store *st, const struct og_family *f, const void *rec,
                                    bool *hit)
{
    char key[OG_CACHE_KEY];
    *hit = false;
    if (!st->cached.on || !key_of(f, rec, key))
        return NULL;
    uint64_t h = (uint64_t)f->index;
    for (size_t i = 0; i < OG_CACHE_KEY; i += 8)
        h = og_splitmix64(h ^ og_get_be64((const uint8_t *)key + i));
    struct og_cache_slot *s = &st->cached.slot[h % OG_CACHE_SLOTS];
    *hit = s->f == f && memcmp(s->key, key, OG_CACHE_KEY) == 0;
    return s;
}

/* The record of a slot; name: room for a global's. */
union row {
    struct og_account account;
    struct og_value value;
    struct og_vm_acct_row vm;
    struct og_vm_slot_row slot;
};

static void key_to_row(struct og_cache_slot *s, union row *r)
{
    memset(r, 0, sizeof *r);
    switch (s->f->index) {
    case OG_F_ACCOUNT: memcpy(r->account.addr.b, s->key, OG_ADDR_LEN); return;
    case OG_F_VM_ACCT: memcpy(r->vm.addr.b, s->key, OG_ADDR_LEN); return;
    case OG_F_VM_SLOT:
        memcpy(r->slot.addr.b, s->key, OG_ADDR_LEN);
        memcpy(r->slot.key.b, s->key + OG_ADDR_LEN, OG_HASH_LEN);
        return;
    default: r->value.name = s->key; return;
    }
}

static enum og_rc write_slot(struct og_store *st, struct og_cache_slot *s, struct og_err *err)
{
    union row r;
    if (!s->f || !s->dirty)
        return OG_OK;
    key_to_row(s, &r);
    og_cache_get(s, &r);
    s->dirty = false;
    return s->there ? og_row_put_now(st, s->f, &r, err) : og_row_del_now(st, s->f, &r, err);
}

static void take_values(struct og_cache_slot *s, const void *rec)
{
    const struct og_vm_acct_row *vm = rec;
    switch (s->f->index) {
    case OG_F_ACCOUNT:
        s->v[0] = ((const struct og_account *)rec)->balance;
        s->v[1] = ((const struct og_account *)rec)->seq;
        return;
    case OG_F_VM_ACCT:
        s->v[0] = vm->dust_wei;
        s->v[1] = vm->slots;
        memcpy(s->v + 2, vm->code.b, OG_HASH_LEN);
        return;
    case OG_F_VM_SLOT:
        memcpy(s->v, ((const struct og_vm_slot_row *)rec)->value.b, OG_HASH_LEN);
        return;
    default: s->v[0] = ((const struct og_value *)rec)->value; return;
    }
}

enum og_rc og_cache_set(struct og_store *st, struct og_cache_slot *s, const struct og_family *f,
                        const void *rec, bool there, bool dirty, struct og_err *err)
{
    char key[OG_CACHE_KEY];
    if (!key_of(f, rec, key))
        return og_err_set(err, OG_E_INTERNAL, "a row of '%s' cannot be held", f->name);
    if (s->f != f || memcmp(s->key, key, OG_CACHE_KEY) != 0)
        OG_TRY(write_slot(st, s, err));
    if (dirty && !s->dirty)
        st->cached.dirty[st->cached.n_dirty++] = (uint16_t)(s - st->cached.slot);
    s->f = f;
    memcpy(s->key, key, OG_CACHE_KEY);
    s->there = there;
    s->dirty = dirty;
    take_values(s, rec);
    if (st->cached.n_dirty == OG_CACHE_SLOTS)
        return og_cache_flush(st, err);
    return OG_OK;
}

void og_cache_get(const struct og_cache_slot *s, void *rec)
{
    struct og_vm_acct_row *vm = rec;
    if (!s->there)
        return;
    switch (s->f->index) {
    case OG_F_ACCOUNT:
        ((struct og_account *)rec)->balance = s->v[0];
        ((struct og_account *)rec)->seq = s->v[1];
        return;
    case OG_F_VM_ACCT:
        vm->dust_wei = s->v[0];
        vm->slots = s->v[1];
        memcpy(vm->code.b, s->v + 2, OG_HASH_LEN);
        return;
    case OG_F_VM_SLOT: memcpy(((struct og_vm_slot_row *)rec)->value.b, s->v, OG_HASH_LEN); return;
    default: ((struct og_value *)rec)->value = s->v[0]; return;
    }
}

enum og_rc og_cache_flush(struct og_store *st, struct og_err *err)
{
    for (size_t i = 0; i < st->cached.n_dirty; i++)
        OG_TRY(write_slot(st, &st->cached.slot[st->cached.dirty[i]], err));
    st->cached.n_dirty = 0;
    return OG_OK;
}

void og_cache_drop(struct og_store *st)
{
    for (size_t i = 0; i < OG_CACHE_SLOTS; i++) {
        st->cached.slot[i].f = NULL;
        st->cached.slot[i].dirty = false;
    }
    st->cached.n_dirty = 0;
}
