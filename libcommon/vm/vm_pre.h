/* vm_pre.h - the precompiled contracts 1 to 9 (Yellow Paper, appendix E; EIP-152, 196, 197, 198,
 * 1108, 2565). */
#ifndef OG_VM_PRE_H
#define OG_VM_PRE_H

#include "base/base_buf.h"
#include "crypto/crypto_addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_VM_PRE_LAST 10 /* of Cancun; all are warm from the start */

/* The number of the precompile at this address, 0: none. */
unsigned og_vm_pre_number(const struct og_addr *a);

/* What the input costs, INT64_MAX for more than any gas; the answer is appended to out, when the
 * gas suffices. */
int64_t og_vm_pre_gas(unsigned number, const uint8_t *in, size_t n);
/* False: the input is refused, which takes all gas. Number 10 refuses everything. */
bool og_vm_pre_run(unsigned number, const uint8_t *in, size_t n, struct og_buf *out);

#endif
