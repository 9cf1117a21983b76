/* store_blob.h - content-addressed files: DIR/blobs/<2 hex>/<64 hex>; and where results lie. */
#ifndef OG_STORE_BLOB_H
#define OG_STORE_BLOB_H

#include "base/base_buf.h"
#include "crypto/crypto_hash.h"
#include "store/store_open.h"

#include <stdbool.h>
#include <stdint.h>

/* Path of a blob under a state folder; the caller frees. */
char *og_blob_path(const char *state_dir, const struct og_hash *h);
/* "DIR/blobs" ; the caller frees. */
char *og_blob_dir(const char *state_dir);
bool og_blob_has(const char *state_dir, const struct og_hash *h);
/* Same content is stored once. sync: fsync before it is named (submitted specs and inputs). */
enum og_rc og_blob_put(const char *state_dir, const void *p, size_t n, bool sync,
                       struct og_hash *out, struct og_err *err) OG_MUST_CHECK;
/* Copies a file in (reflink or hard link are not used: the source may change). */
enum og_rc og_blob_put_file(const char *state_dir, const char *path, bool sync, struct og_hash *out,
                            uint64_t *bytes, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_blob_put_fd(const char *state_dir, int fd, bool sync, struct og_hash *out,
                          uint64_t *bytes, struct og_err *err) OG_MUST_CHECK;
/* Reads and checks the hash (OG_E_DATA when the file is damaged, OG_E_NOINPUT when absent). */
enum og_rc og_blob_get(const char *state_dir, const struct og_hash *h, size_t max,
                       struct og_buf *out, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_blob_remove(const char *state_dir, const struct og_hash *h,
                          struct og_err *err) OG_MUST_CHECK;

/* The result list (one leaf line per element) of a lease. Equal results have the same root, so a
 * root may have several rows; a lease has one. Local. */
struct og_manifest {
    struct og_hash root, sha256;
    uint64_t task, first, count, lease;
};
enum og_rc og_manifest_put(struct og_store *st, const struct og_manifest *m,
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc og_manifest_get(struct og_store *st, const struct og_hash *root, struct og_manifest *out,
                           bool *found, struct og_err *err) OG_MUST_CHECK;
/* Of a task by first element >= from. */
enum og_rc og_manifest_page(struct og_store *st, uint64_t task, uint64_t from,
                            struct og_manifest *out, size_t max, size_t *n,
                            struct og_err *err) OG_MUST_CHECK;
/* All rows of a root / the row of a lease. */
enum og_rc og_manifest_del(struct og_store *st, const struct og_hash *root,
                           struct og_err *err) OG_MUST_CHECK;
enum og_rc og_manifest_del_lease(struct og_store *st, uint64_t lease,
                                 struct og_err *err) OG_MUST_CHECK;

/* What a worker of this machine is doing now; local, for following logs and for ogpu-top. */
struct og_run {
    uint64_t lease, pid, element, done, started_ms;
    char out_path[256], err_path[256];
};
enum og_rc og_run_put(struct og_store *st, const struct og_run *r,
                      struct og_err *err) OG_MUST_CHECK;
enum og_rc og_run_del(struct og_store *st, uint64_t lease, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_run_list(struct og_store *st, struct og_run *out, size_t max, size_t *n,
                       struct og_err *err) OG_MUST_CHECK;

#endif
