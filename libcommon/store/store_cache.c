/* store_cache.c - accounts and globals of the open write transaction in memory. */
#include "store/store_cache.h"

#include "base/base_num.h"
#include "store/store_db.h"

#include <string.h>

static bool key_of(const struct og_family *f, const void *rec, char key[OG_CACHE_KEY])
{
    const char *name;
    size_t n;
    switch (f->index) {
    case OG_F_ACCOUNT:
        memset(key, 0, OG_CACHE_KEY);
        memcpy(key, ((const struct og_account *)rec)->addr.b, OG_ADDR_LEN);
        return true;
    case OG_F_GLOBAL:
        name = ((const struct og_value *)rec)->name;
        n = name ? strlen(name) : 0;
        if (n == 0 || n >= OG_CACHE_KEY)
            return false;
        memset(key, 0, OG_CACHE_KEY);
        memcpy(key, name, n);
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
    uint64_t h = og_splitmix64(og_get_be64((const uint8_t *)key) ^ (uint64_t)f->index);
    struct og_cache_slot *s = &st->cached.slot[h % OG_CACHE_SLOTS];
    *hit = s->f == f && memcmp(s->key, key, OG_CACHE_KEY) == 0;
    return s;
}

/* The record of a slot; name: room for a global's. */
union row {
    struct og_account account;
    struct og_value value;
};

static enum og_rc write_slot(struct og_store *st, struct og_cache_slot *s, struct og_err *err)
{
    union row r;
    if (!s->f || !s->dirty)
        return OG_OK;
    memset(&r, 0, sizeof r);
    if (s->f->index == OG_F_ACCOUNT)
        memcpy(r.account.addr.b, s->key, OG_ADDR_LEN);
    else
        r.value.name = s->key;
    og_cache_get(s, &r);
    s->dirty = false;
    return og_row_put_now(st, s->f, &r, err);
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
    if (f->index == OG_F_ACCOUNT) {
        s->v[0] = ((const struct og_account *)rec)->balance;
        s->v[1] = ((const struct og_account *)rec)->seq;
    } else {
        s->v[0] = ((const struct og_value *)rec)->value;
    }
    if (st->cached.n_dirty == OG_CACHE_SLOTS)
        return og_cache_flush(st, err);
    return OG_OK;
}

void og_cache_get(const struct og_cache_slot *s, void *rec)
{
    if (!s->there)
        return;
    if (s->f->index == OG_F_ACCOUNT) {
        ((struct og_account *)rec)->balance = s->v[0];
        ((struct og_account *)rec)->seq = s->v[1];
    } else {
        ((struct og_value *)rec)->value = s->v[0];
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
