/* vm_table.c - a set of pointers under keyed hashes, open addressing. */
#include "vm/vm_table.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>

void og_vm_table_init(struct og_vm_table *t, uint64_t seed)
{
    *t = (struct og_vm_table){.cap = 64, .seed = og_splitmix64(seed)};
    t->place = og_xcalloc(t->cap, sizeof *t->place);
    t->hash = og_xcalloc(t->cap, sizeof *t->hash);
}

void og_vm_table_release(struct og_vm_table *t, void (*drop)(void *))
{
    for (size_t i = 0; i < t->cap; i++)
        if (t->place[i])
            drop(t->place[i]);
    free(t->place);
    free(t->hash);
    *t = (struct og_vm_table){0};
}

static uint64_t fold(uint64_t a, uint64_t b)
{
    og_u128 p = (og_u128)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

uint64_t og_vm_table_mix(const struct og_vm_table *t, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t h = fold(a ^ t->seed, b ^ 0x9e3779b97f4a7c15u);
    return fold(h ^ c ^ 0xbf58476d1ce4e5b9u, t->seed ^ 0x94d049bb133111ebu) ^ h;
}

static void grow(struct og_vm_table *t)
{
    size_t cap = t->cap * 2;
    void **place = og_xcalloc(cap, sizeof *place);
    uint64_t *hash = og_xcalloc(cap, sizeof *hash);
    for (size_t i = 0; i < t->cap; i++) {
        if (!t->place[i])
            continue;
        size_t at = t->hash[i] & (cap - 1);
        while (place[at])
            at = (at + 1) & (cap - 1);
        place[at] = t->place[i];
        hash[at] = t->hash[i];
    }
    free(t->place);
    free(t->hash);
    t->place = place;
    t->hash = hash;
    t->cap = cap;
}

void **og_vm_table_at(struct og_vm_table *t, uint64_t hash,
                      bool (*same)(const void *item, const void *key, const void *key2),
                      const void *key, const void *key2)
{
    if (2 * t->n >= t->cap)
        grow(t);
    size_t at = hash & (t->cap - 1);
    for (; t->place[at]; at = (at + 1) & (t->cap - 1))
        if (t->hash[at] == hash && same(t->place[at], key, key2))
            return &t->place[at];
    t->hash[at] = hash;
    t->n++;
    return &t->place[at];
}
