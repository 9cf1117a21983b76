/* crypto_modexp.h - powers modulo any whole number (EIP-198's function). */
#ifndef OG_CRYPTO_MODEXP_H
#define OG_CRYPTO_MODEXP_H

#include <stddef.h>
#include <stdint.h>

/* base^exp mod m, all big-endian, into out (n_mod bytes). A modulus of 0 gives 0; 0^0 mod m is 1
 * mod m. Lengths are below 2^31; the caller has bounded the work. */
void og_modexp(const uint8_t *base, size_t n_base, const uint8_t *exp, size_t n_exp,
               const uint8_t *mod, size_t n_mod, uint8_t *out);

#endif
