/* store_contract.h - receipts of contract transactions and who wrote the logs in them. */
#ifndef OG_STORE_CONTRACT_H
#define OG_STORE_CONTRACT_H

#include "base/base_buf.h"
#include "crypto/crypto_addr.h"
#include "crypto/crypto_hash.h"
#include "store/store_open.h"

#include <stddef.h>
#include <stdint.h>

/* pos: as of og_receipt_add, whose order it shares; tx: the place of the transaction. */
enum og_rc og_contract_receipt_add(struct og_store *st, uint64_t pos, uint64_t tx,
                                   const struct og_hash *leaf, const char *line, size_t len,
                                   struct og_err *err) OG_MUST_CHECK;
enum og_rc og_contract_receipt_get(struct og_store *st, uint64_t tx, uint64_t *pos,
                                   struct og_buf *line, bool *found,
                                   struct og_err *err) OG_MUST_CHECK;
/* By the receipt's own place. */
enum og_rc og_receipt_at(struct og_store *st, uint64_t pos, struct og_buf *line, bool *found,
                         struct og_err *err) OG_MUST_CHECK;

/* Log n of the receipt at pos is of this contract. */
enum og_rc og_vmlog_add(struct og_store *st, uint64_t pos, uint64_t n, const struct og_addr *addr,
                        struct og_err *err) OG_MUST_CHECK;
struct og_vmlog_ref {
    uint64_t pos, n;
};
/* Logs of a contract behind (pos, n), oldest first. */
enum og_rc og_vmlog_page(struct og_store *st, const struct og_addr *addr, struct og_vmlog_ref after,
                         struct og_vmlog_ref *out, size_t max, size_t *n,
                         struct og_err *err) OG_MUST_CHECK;

#endif
