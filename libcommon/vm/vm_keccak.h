/* vm_keccak.h - Keccak-256 with the padding of Ethereum (0x01), not that of FIPS 202. */
#ifndef OG_VM_KECCAK_H
#define OG_VM_KECCAK_H

#include "crypto/crypto_hash.h"

#include <stddef.h>

struct og_hash og_keccak256(const void *p, size_t n);

/* Of no bytes: the code hash of an account without code. */
extern const struct og_hash og_keccak_empty;

#endif
