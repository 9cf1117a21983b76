/* vm_table.h - a set of pointers under keyed hashes, open addressing, nothing ever taken out. */
#ifndef OG_VM_TABLE_H
#define OG_VM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_vm_table {
    void **place; /* cap of them, NULL: free */
    uint64_t *hash;
    size_t n, cap; /* cap: a power of two */
    uint64_t seed;
};

void og_vm_table_init(struct og_vm_table *t, uint64_t seed);
/* Calls drop on every item. */
void og_vm_table_release(struct og_vm_table *t, void (*drop)(void *));

uint64_t og_vm_table_mix(const struct og_vm_table *t, uint64_t a, uint64_t b, uint64_t c);
/* The place of the item for which same(item, key, key2) holds; *place is NULL where there is none,
 * and the caller puts one there at once. Valid until the next call. */
void **og_vm_table_at(struct og_vm_table *t, uint64_t hash,
                      bool (*same)(const void *item, const void *key, const void *key2),
                      const void *key, const void *key2);

#endif
