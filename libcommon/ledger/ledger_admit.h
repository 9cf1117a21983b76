/* ledger_admit.h - transactions that wait: what can be said of one before a block applies it, and a
 * memory of signatures that were verified. Writes nothing. */
#ifndef OG_LEDGER_ADMIT_H
#define OG_LEDGER_ADMIT_H

#include "ledger/ledger.h"

/* Signatures that were verified, a bounded number; what is forgotten is verified again. */
struct og_seen;
struct og_seen *og_seen_new(size_t entries);
void og_seen_free(struct og_seen *s);
/* l asks s before it verifies, and tells it. Borrowed; may be shared. */
void og_ledger_set_seen(struct og_ledger *l, struct og_seen *s);

/* Counts up when a key in the state may have changed. */
uint64_t og_ledger_key_changes(const struct og_ledger *l);
/* As og_ledger_reload for who knows of every change himself: keys stay unless forget_keys. */
enum og_rc og_ledger_follow(struct og_ledger *l, bool forget_keys,
                            struct og_err *err) OG_MUST_CHECK;

/* An account as it will stand after its transactions that wait. */
struct og_seat {
    uint64_t seq, balance;
    bool has_key;       /* on the chain, or with one that waits */
    struct og_pub *pub; /* of a first transaction that waits; owned by the seat */
};
/* OG_E_DATA: there is no such account. */
enum og_rc og_ledger_seat(struct og_ledger *l, const struct og_addr *a, struct og_seat *out,
                          struct og_err *err) OG_MUST_CHECK;
void og_seat_release(struct og_seat *s);
/* Chain, height, sequence number, fee, balance, signature. OG_OK: the seat moved on.
 * OG_E_TEMPFAIL: another sequence number comes next; OG_E_DATA: it will never be applied. */
enum og_rc og_ledger_admit(struct og_ledger *l, const struct og_tx *tx, struct og_seat *seat,
                           struct og_err *err) OG_MUST_CHECK;
/* The part of it that needs no more than these numbers of the transaction. */
enum og_rc og_seat_take(struct og_seat *seat, uint64_t seq, uint64_t fee, uint64_t value,
                        struct og_err *err) OG_MUST_CHECK;

#endif
