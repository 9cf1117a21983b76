/* store_map.h - inside store/: the tables that are CometBFT simple maps (params, validators,
 * epochs): from the first key column as text to the canonical JSON of the row. */
#ifndef OG_STORE_MAP_H
#define OG_STORE_MAP_H

#include "base/base_buf.h"
#include "crypto/crypto_merkle.h"
#include "model/model_records.h"
#include "store/store_open.h"

bool og_map_is(enum og_family_index f);
/* Key and value of a row, appended. */
void og_map_key(const struct og_family *f, const void *rec, struct og_buf *key);
enum og_rc og_map_value(const struct og_family *f, const void *rec, struct og_buf *value,
                        struct og_err *err) OG_MUST_CHECK;
/* Leaves of all rows in the order of their keys; *at: where the one with this key stands, *n where
 * there is none (key NULL: not asked). The caller frees *leaf. */
enum og_rc og_map_leaves(struct og_store *st, enum og_family_index f, const struct og_buf *key,
                         struct og_hash **leaf, size_t *n, size_t *at,
                         struct og_err *err) OG_MUST_CHECK;

#endif
