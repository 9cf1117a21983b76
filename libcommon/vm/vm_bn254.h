/* vm_bn254.h - the curve alt_bn128 of EIP-196 and EIP-197: sums, multiples, products of pairings.
 */
#ifndef OG_VM_BN254_H
#define OG_VM_BN254_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_BN254_PAIR 192 /* bytes: a point of G1, 64, and one of G2, 128 */

/* Points are x ‖ y, 32 bytes each, big-endian; all zeros is the point at infinity. False when a
 * coordinate is not below the field's prime or a point is not on the curve. out may be in. */
bool og_bn254_add(const uint8_t in[128], uint8_t out[64]);
bool og_bn254_mul(const uint8_t in[96], uint8_t out[64]); /* point ‖ scalar */

/* *one: whether the product of the n pairings is 1. False also for a point of G2 outside its
 * subgroup. G2 coordinates are given imaginary part first. */
bool og_bn254_pairing(const uint8_t *in, size_t n, bool *one);

#endif
