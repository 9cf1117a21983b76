/* store_counter.h - inside store/ only: counts and sums kept beside the rows. Changes gather in
 * memory and are written with the transaction: a trigger a row would cost as much as the row. */
#ifndef OG_STORE_COUNTER_H
#define OG_STORE_COUNTER_H

#include "model/model_records.h"
#include "store/store_open.h"

#define OG_COUNTERS 26

struct og_counters {
    int64_t delta[OG_COUNTERS]; /* not written yet */
    int64_t mark[OG_COUNTERS];  /* as delta was at og_store_mark */
};

/* What of a family is counted: the sum of a column, and how many rows are in each state. */
struct og_counted {
    enum og_family_index f;
    const char *sum, *state;         /* columns; NULL: none */
    size_t sum_at, state_at;         /* in the record */
    size_t to_sum, to_state, states; /* counters; those of states stand in their order */
};
/* NULL when nothing of the family is counted. */
const struct og_counted *og_counted_of(enum og_family_index f);
/* Row values {sum, state} before and after; NULL: no row. Outside a transaction it is written at
 * once. */
enum og_rc og_counter_note(struct og_store *st, const struct og_counted *c, const uint64_t *before,
                           const uint64_t *after, struct og_err *err) OG_MUST_CHECK;
/* One more transaction in the chain. */
enum og_rc og_counter_tx(struct og_store *st, struct og_err *err) OG_MUST_CHECK;
/* Writes what has gathered. */
enum og_rc og_counter_flush(struct og_store *st, struct og_err *err) OG_MUST_CHECK;

#endif
