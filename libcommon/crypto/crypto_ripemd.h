/* crypto_ripemd.h - RIPEMD-160, which only the EVM's third precompile asks for. */
#ifndef OG_CRYPTO_RIPEMD_H
#define OG_CRYPTO_RIPEMD_H

#include <stddef.h>
#include <stdint.h>

void og_ripemd160(const void *p, size_t n, uint8_t out[20]);

#endif
