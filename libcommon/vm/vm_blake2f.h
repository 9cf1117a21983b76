/* vm_blake2f.h - the compression function of BLAKE2b (RFC 7693, 3.2) as EIP-152 gives it. */
#ifndef OG_VM_BLAKE2F_H
#define OG_VM_BLAKE2F_H

#include <stdbool.h>
#include <stdint.h>

#define OG_BLAKE2F_INPUT 213 /* rounds be32, state 64, block 128, offset 16, last 1 */

/* The new state; false when the last byte is neither 0 nor 1. */
bool og_blake2f(const uint8_t in[OG_BLAKE2F_INPUT], uint8_t out[64]);

#endif
