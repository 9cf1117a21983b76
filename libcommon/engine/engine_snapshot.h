/* engine_snapshot.h - the hashed state as chunks: made by a node for those that come later, put
 * together by a fresh one, which compares the app hash before it believes anything.
 *
 * DIR/snapshots/HEIGHT holds `meta` (the SHA-256 of each chunk, joined) and chunks 0, 1, …: records
 * of be32 length of the name, name of a family, be32 length, bytes of a row (og_row_bytes), in
 * order of families and keys. The first record has the name "header" and is the block's header. */
#ifndef OG_ENGINE_SNAPSHOT_H
#define OG_ENGINE_SNAPSHOT_H

#include "base/base_buf.h"
#include "crypto/crypto_hash.h"
#include "store/store_open.h"

#include <stdbool.h>
#include <stdint.h>

#define OG_SNAPSHOT_FORMAT 1
#define OG_SNAPSHOT_KEEP   2
#define OG_SNAPSHOT_CHUNK  (2u << 20) /* a chunk ends with the row that fills it */

/* Of the state as it is now. *made false: this block has no roots of its own, or a queue goes over
 * it; the next one may do. The newest OG_SNAPSHOT_KEEP stay. */
enum og_rc og_snapshot_make(const char *state_dir, bool *made, struct og_err *err) OG_MUST_CHECK;

struct og_snapshot {
    uint64_t height;
    uint32_t chunks;
    struct og_buf meta;
    struct og_hash hash; /* SHA-256 of meta */
};
/* Those that are there, oldest first; release each meta. */
enum og_rc og_snapshot_list(const char *state_dir, struct og_snapshot *out, size_t max, size_t *n,
                            struct og_err *err) OG_MUST_CHECK;
/* OG_E_NOINPUT: there is none. */
enum og_rc og_snapshot_chunk(const char *state_dir, uint64_t height, uint32_t chunk,
                             struct og_buf *out, struct og_err *err) OG_MUST_CHECK;

/* One being put together, in one transaction of the store. */
struct og_restore {
    struct og_store *st;
    uint64_t height;
    uint32_t next, chunks;
    struct og_buf meta, header;
    struct og_hash app_hash; /* what it must come to */
};
/* The store is at its genesis. OG_E_DATA: the offer contradicts itself. */
enum og_rc og_restore_begin(struct og_restore *r, struct og_store *st,
                            const struct og_snapshot *offer, const struct og_hash *app_hash,
                            struct og_err *err) OG_MUST_CHECK;
/* The next chunk; OG_E_DATA: it is not the one that was offered, and nothing has changed. With the
 * last one the state is compared and committed: OG_NO and *done when it is not the one promised. */
enum og_rc og_restore_chunk(struct og_restore *r, const void *p, size_t n, bool *done,
                            struct og_err *err) OG_MUST_CHECK;
/* Forgets what was not committed. */
void og_restore_end(struct og_restore *r);

#endif
