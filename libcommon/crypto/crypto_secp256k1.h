/* crypto_secp256k1.h - public keys from ECDSA signatures over secp256k1 (SEC 1, section 4.1.6). */
#ifndef OG_CRYPTO_SECP256K1_H
#define OG_CRYPTO_SECP256K1_H

#include <stdbool.h>
#include <stdint.h>

/* The key that signed the 32-byte digest: x ‖ y in pub. odd tells which of the two points with
 * abscissa r was meant. False when r or s is not in [1, n) or there is no such point; both halves
 * of the range of s are accepted, as Ethereum's precompile does. */
bool og_secp256k1_recover(const uint8_t digest[32], const uint8_t r[32], const uint8_t s[32],
                          bool odd, uint8_t pub[64]);
/* The public key of a secret scalar in [1, n). For test accounts: not guarded against timing. */
bool og_secp256k1_pub(const uint8_t secret[32], uint8_t pub[64]);

#endif
