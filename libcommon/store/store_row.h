/* store_row.h - records of any family: get, put, delete, walk; writes mark rows for the app hash.
 */
#ifndef OG_STORE_ROW_H
#define OG_STORE_ROW_H

#include "model/model_records.h"
#include "store/store_open.h"

/* rec: zeroed but for its key columns; filled when found. The caller releases texts and blobs with
 * og_row_release(&og_families[f], rec) (a no-op for families without any). */
enum og_rc og_row_get(struct og_store *st, enum og_family_index f, void *rec, bool *found,
                      struct og_err *err) OG_MUST_CHECK;
/* The canonical bytes (og_row_bytes) of the row with rec's key, straight from the file: what a
 * cache holds is not looked at. */
enum og_rc og_row_stored_bytes(struct og_store *st, enum og_family_index f, const void *rec,
                               struct og_buf *out, bool *found, struct og_err *err) OG_MUST_CHECK;
/* As og_row_get; a missing row is OG_E_INTERNAL. For rows that the state promises to hold. */
enum og_rc og_row_need(struct og_store *st, enum og_family_index f, void *rec,
                       struct og_err *err) OG_MUST_CHECK;
/* Insert or update. */
enum og_rc og_row_put(struct og_store *st, enum og_family_index f, const void *rec,
                      struct og_err *err) OG_MUST_CHECK;
/* Insert a row that is new: numbers just drawn. One that exists is OG_E_DATA. */
enum og_rc og_row_add(struct og_store *st, enum og_family_index f, const void *rec,
                      struct og_err *err) OG_MUST_CHECK;
enum og_rc og_row_del(struct og_store *st, enum og_family_index f, const void *rec,
                      struct og_err *err) OG_MUST_CHECK;
/* Calls fn for every row in key order; fn's failure ends the walk. The record is released after. */
typedef enum og_rc (*og_row_fn)(void *ctx, const void *rec, struct og_err *err);
enum og_rc og_row_walk(struct og_store *st, enum og_family_index f, og_row_fn fn, void *ctx,
                       struct og_err *err) OG_MUST_CHECK;
/* Up to max rows whose first key column is >= from, in key order (families keyed by integers).
 * recs: array of max records, released by the caller. For paging without an open cursor. */
enum og_rc og_row_page(struct og_store *st, enum og_family_index f, uint64_t from, void *recs,
                       size_t max, size_t *n, struct og_err *err) OG_MUST_CHECK;
enum og_rc og_row_count(struct og_store *st, enum og_family_index f, uint64_t *n,
                        struct og_err *err) OG_MUST_CHECK;

#endif
