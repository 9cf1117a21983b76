/* vm_rlp.h - recursive length prefix, writing only (Yellow Paper, appendix B). */
#ifndef OG_VM_RLP_H
#define OG_VM_RLP_H

#include "base/base_buf.h"
#include "vm/vm_u256.h"

/* One item: a byte string; a whole number without leading zeros. Appended to b. */
void og_rlp_bytes(struct og_buf *b, const void *p, size_t n);
void og_rlp_u64(struct og_buf *b, uint64_t v);
void og_rlp_u256(struct og_buf *b, const struct og_u256 *v);
/* Makes the items appended since b->len was `start` one list. */
void og_rlp_list(struct og_buf *b, size_t start);

#endif
