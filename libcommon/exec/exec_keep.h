/* exec_keep.h - puts what a job made into a folder of blobs named by their SHA-256. */
#ifndef OG_EXEC_KEEP_H
#define OG_EXEC_KEEP_H

#include "base/base_err.h"
#include "base/base_io.h"
#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stdint.h>

/* "<blob_dir>/<aa>/<hex>"; the caller frees. */
char *og_keep_place(const char *blob_dir, const struct og_hash *h);
/* Gives the temp file (made in blob_dir) its name; takes it also on failure. A blob that is there
 * already is left alone. */
enum og_rc og_keep_commit(struct og_io_temp *t, const char *blob_dir, const struct og_hash *h,
                          bool sync, struct og_err *err) OG_MUST_CHECK;
/* Hashes what fd holds, at most max bytes (OG_E_DATA above), and stores it when blob_dir is set.
 * move_dir >= 0: nobody else can write the file any more, and it may be renamed from
 * move_dir/move_name instead of copied. */
enum og_rc og_keep_fd(int fd, uint64_t max, const char *blob_dir, bool sync, int move_dir,
                      const char *move_name, struct og_hash *h, uint64_t *bytes,
                      struct og_err *err) OG_MUST_CHECK;
/* All of from's bytes to fd to, sharing extents where the file system can. */
enum og_rc og_keep_copy_fd(int from, int to, struct og_err *err) OG_MUST_CHECK;

#endif
