/* submit_strmap.c - an open-addressing table from strings to numbers. */
#include "submit.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

struct og_strmap_slot {
    const char *key;
    size_t len;
    uint64_t value;
};

static uint64_t hash_of(const char *key, size_t len)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)key[i]) * 1099511628211u;
    return og_splitmix64(h);
}

static struct og_strmap_slot *slot_of(const struct og_strmap *m, const char *key, size_t len)
{
    size_t i = (size_t)hash_of(key, len) & (m->cap - 1);
    while (m->slot[i].key && (m->slot[i].len != len || memcmp(m->slot[i].key, key, len) != 0))
        i = (i + 1) & (m->cap - 1);
    return &m->slot[i];
}

uint64_t *og_strmap_find(const struct og_strmap *m, const char *key, size_t len)
{
    if (m->cap == 0)
        return NULL;
    struct og_strmap_slot *s = slot_of(m, key, len);
    return s->key ? &s->value : NULL;
}

static void grow(struct og_strmap *m)
{
    struct og_strmap old = *m;
    m->cap = old.cap ? 2 * old.cap : 64;
    m->slot = og_xcalloc(m->cap, sizeof *m->slot);
    for (size_t i = 0; i < old.cap; i++)
        if (old.slot[i].key)
            *slot_of(m, old.slot[i].key, old.slot[i].len) = old.slot[i];
    free(old.slot);
}

uint64_t *og_strmap_at(struct og_strmap *m, const char *key, size_t len, uint64_t fresh)
{
    if (2 * (m->n + 1) > m->cap)
        grow(m);
    struct og_strmap_slot *s = slot_of(m, key, len);
    if (!s->key) {
        *s = (struct og_strmap_slot){key, len, fresh};
        m->n++;
    }
    return &s->value;
}

void og_strmap_release(struct og_strmap *m)
{
    free(m->slot);
    *m = (struct og_strmap){0};
}
