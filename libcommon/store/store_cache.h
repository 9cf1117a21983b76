/* store_cache.h - inside store/ only: accounts, globals and what contracts store of the open write
 * transaction in memory: the one overlay of native transactions and of the EVM. A batch changes the
 * same few of them with every transaction of the chain; they are written once, when it is
 * committed, when a mark is set, and before anything but og_row_get reads them. */
#ifndef OG_STORE_CACHE_H
#define OG_STORE_CACHE_H

#include "model/model_records.h"
#include "store/store_open.h"

#define OG_CACHE_SLOTS 1024
#define OG_CACHE_KEY   56 /* an address and a word */
#define OG_CACHE_WORDS 6

struct og_cache_slot {
    const struct og_family *f; /* NULL: empty */
    char key[OG_CACHE_KEY];    /* zeros behind it */
    uint64_t v[OG_CACHE_WORDS];
    bool there, dirty;
};

struct og_cache {
    bool on; /* a write transaction is open */
    struct og_cache_slot slot[OG_CACHE_SLOTS];
    uint16_t dirty[OG_CACHE_SLOTS]; /* slots that have been dirty since the last flush */
    size_t n_dirty;
};

/* The slot where rec's row is or would be; NULL: rows like it are not held. *hit: it is there. */
struct og_cache_slot *og_cache_find(struct og_store *st, const struct og_family *f, const void *rec,
                                    bool *hit);
/* Puts rec's row into a slot that og_cache_find gave; what was there is written first. Not there
 * and dirty: it is to be deleted. */
enum og_rc og_cache_set(struct og_store *st, struct og_cache_slot *s, const struct og_family *f,
                        const void *rec, bool there, bool dirty, struct og_err *err) OG_MUST_CHECK;
/* Values of a slot into rec. */
void og_cache_get(const struct og_cache_slot *s, void *rec);
enum og_rc og_cache_flush(struct og_store *st, struct og_err *err) OG_MUST_CHECK;
/* Forgets everything, written or not. */
void og_cache_drop(struct og_store *st);

/* store_row.c: past the cache. */
enum og_rc og_row_del_now(struct og_store *st, const struct og_family *f, const void *rec,
                          struct og_err *err) OG_MUST_CHECK;
enum og_rc og_row_put_now(struct og_store *st, const struct og_family *f, const void *rec,
                          struct og_err *err) OG_MUST_CHECK;

#endif
