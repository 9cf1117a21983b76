/* store_open.h - the state file: open, transactions, migrations. The only room that speaks SQL. */
#ifndef OG_STORE_OPEN_H
#define OG_STORE_OPEN_H

#include "base/base_err.h"
#include "crypto/crypto_hash.h"

#include <stdbool.h>
#include <stdint.h>

struct og_store;

enum og_store_flags {
    OG_STORE_READ = 0,
    OG_STORE_WRITE = 1,
    OG_STORE_CREATE = 2, /* make the file when there is none; only `ogpu init` */
    OG_STORE_NOSYNC = 4, /* scratch databases of an audit or a test */
    OG_STORE_MEMORY = 8  /* no file at all: dir is ignored */
};

#define OG_STORE_BUSY_MS 20000

/* dir holds ogpu.db. No state: OG_E_CONFIG ("run 'ogpu init'"); newer state: OG_E_CONFIG,
 * untouched; not ours or readable by nobody: OG_E_NOPERM. Older states are migrated when opened for
 * writing. */
enum og_rc og_store_open(const char *dir, enum og_store_flags flags, struct og_store **out,
                         struct og_err *err) OG_MUST_CHECK;
void og_store_close(struct og_store *st);
const char *og_store_dir(const struct og_store *st);

/* BEGIN IMMEDIATE; waits up to OG_STORE_BUSY_MS (OG_E_TEMPFAIL after). */
enum og_rc og_store_begin(struct og_store *st, struct og_err *err) OG_MUST_CHECK;
/* A read transaction: all reads until og_store_end_read see one state. Keep it short. */
enum og_rc og_store_begin_read(struct og_store *st, struct og_err *err) OG_MUST_CHECK;
void og_store_end_read(struct og_store *st);
enum og_rc og_store_commit(struct og_store *st, struct og_err *err) OG_MUST_CHECK;
void og_store_rollback(struct og_store *st);
bool og_store_in_transaction(const struct og_store *st);
/* One nested level, for a transaction that fails inside a block. */
enum og_rc og_store_mark(struct og_store *st, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_store_mark_keep(struct og_store *st, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_store_mark_undo(struct og_store *st, struct og_err *err) OG_MUST_CHECK;
/* Changes when any connection commits (PRAGMA data_version); 0 on failure. */
uint64_t og_store_version(struct og_store *st);

/* Local named values, not hashed. Missing: *found false, out empty. */
#include "base/base_buf.h"
enum og_rc og_store_meta_get(struct og_store *st, const char *name, struct og_buf *out, bool *found,
                             struct og_err *err) OG_MUST_CHECK;
enum og_rc og_store_meta_put(struct og_store *st, const char *name, const void *p, size_t n,
                             struct og_err *err) OG_MUST_CHECK;
enum og_rc og_store_meta_u64(struct og_store *st, const char *name, uint64_t absent, uint64_t *out,
                             struct og_err *err) OG_MUST_CHECK;
enum og_rc og_store_meta_put_u64(struct og_store *st, const char *name, uint64_t v,
                                 struct og_err *err) OG_MUST_CHECK;
/* Counters kept by triggers: "task.open", "lease.running", "tx", "balance", "bond", "escrow", … */
enum og_rc og_store_counter(struct og_store *st, const char *name, uint64_t *out,
                            struct og_err *err) OG_MUST_CHECK;

#endif
