/* vm_revert.h - why a frame reverted, as Solidity says it: Error(string), Panic(uint256). */
#ifndef OG_VM_REVERT_H
#define OG_VM_REVERT_H

#include "base/base_buf.h"

#include <stddef.h>
#include <stdint.h>

/* Appends a few words to out: the sentence of Error, "panic 0x11 (arithmetic overflow)", else the
 * first bytes in hex; nothing for empty data. Printable ASCII, at most 200 bytes. */
void og_vm_revert_text(const uint8_t *data, size_t n, struct og_buf *out);

#endif
