/* store_same.h - the local tables that follow from the chain, held against those of a replay. */
#ifndef OG_STORE_SAME_H
#define OG_STORE_SAME_H

#include "store/store_open.h"

#include <stdint.h>

/* Receipts, movements of money (but for their words), counters, the trees of the app hash and what
 * is noted beside them. *table: the first that differs, static, and its row from 1; NULL: none. */
enum og_rc og_store_same_local(struct og_store *live, struct og_store *replay, const char **table,
                               uint64_t *row, struct og_err *err) OG_MUST_CHECK;

#endif
