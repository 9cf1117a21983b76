/* store_bucket.h - the content of one bucket: sorted entries of key and row hash. Pure. */
#ifndef OG_STORE_BUCKET_H
#define OG_STORE_BUCKET_H

#include "base/base_buf.h"
#include "crypto/crypto_hash.h"

#include <stddef.h>

/* First 16 bits of SHA-256(key). */
unsigned og_bucket_of(const void *key, size_t n);
/* An entry is be32 length, key, 32-byte row hash. Its whole size, 0 when p[0..left) holds none. */
size_t og_bucket_entry(const char *p, size_t left);
/* By bytes, then by length. */
int og_bucket_key_cmp(const void *a, size_t an, const void *b, size_t bn);
/* Copies old to out (reset first) with key's entry replaced by hash, or left out when it is NULL.
 */
void og_bucket_edit(const struct og_buf *old, const void *key, size_t kn,
                    const struct og_hash *hash, struct og_buf *out);

#endif
