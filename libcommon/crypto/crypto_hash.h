/* crypto_hash.h - SHA-256 and the project's tagged hashes. */
#ifndef OG_CRYPTO_HASH_H
#define OG_CRYPTO_HASH_H

#include "base/base_err.h"

#include <stddef.h>
#include <stdint.h>

#define OG_HASH_LEN 32

struct og_hash {
    uint8_t b[OG_HASH_LEN];
};

struct og_hash og_sha256(const void *p, size_t n);
struct og_hash og_sha256_2(const void *a, size_t an, const void *b, size_t bn); /* of a ‖ b */

/* Incremental; the context is a plain value, nothing to free. */
struct og_hasher {
    uint64_t opaque[16];
};
void og_hasher_init(struct og_hasher *h);
void og_hasher_add(struct og_hasher *h, const void *p, size_t n);
/* Protocol section 1: tags as ASCII and one zero byte, integers be64, hashes 32 bytes. */
void og_hasher_tag(struct og_hasher *h, const char *tag);
void og_hasher_u64(struct og_hasher *h, uint64_t v);
void og_hasher_hash(struct og_hasher *h, const struct og_hash *v);
struct og_hash og_hasher_final(struct og_hasher *h);

/* Whole file, streamed. */
enum og_rc og_sha256_fd(int fd, struct og_hash *out, uint64_t *bytes,
                        struct og_err *err) OG_MUST_CHECK;
struct og_hash og_hmac_sha256(const void *key, size_t kn, const void *p, size_t n);
/* Cryptographic randomness from the system; aborts when there is none. */
void og_random_bytes(void *p, size_t n);

#endif
