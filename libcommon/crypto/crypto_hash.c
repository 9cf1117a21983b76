/* crypto_hash.c - SHA-256, HMAC and randomness.
 *
 * SHA256_Init and its kin are deprecated since OpenSSL 3.0 in favour of EVP, whose contexts live on
 * the heap, while og_hasher is a plain value. They are kept here, in this file alone (64 bytes:
 * 0.10 µs; OpenSSL's one-shot SHA256(), which goes through EVP: 0.27 µs). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/crypto_hash.h"

#include "base/base_num.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct og_hasher), "og_hasher holds a SHA256_CTX");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct og_hasher), "og_hasher is aligned for it");

static SHA256_CTX *ctx_of(struct og_hasher *h)
{
    return (SHA256_CTX *)(void *)h->opaque;
}

struct og_hash og_sha256(const void *p, size_t n)
{
    return og_sha256_2(p, n, NULL, 0);
}

struct og_hash og_sha256_2(const void *a, size_t an, const void *b, size_t bn)
{
    struct og_hash out;
    SHA256_CTX c;
    SHA256_Init(&c);
    if (an)
        SHA256_Update(&c, a, an);
    if (bn)
        SHA256_Update(&c, b, bn);
    SHA256_Final(out.b, &c);
    return out;
}

void og_hasher_init(struct og_hasher *h)
{
    SHA256_Init(ctx_of(h));
}

void og_hasher_add(struct og_hasher *h, const void *p, size_t n)
{
    if (n)
        SHA256_Update(ctx_of(h), p, n);
}

void og_hasher_tag(struct og_hasher *h, const char *tag)
{
    og_hasher_add(h, tag, strlen(tag) + 1);
}

void og_hasher_u64(struct og_hasher *h, uint64_t v)
{
    uint8_t t[8];
    og_put_be64(t, v);
    og_hasher_add(h, t, sizeof t);
}

void og_hasher_hash(struct og_hasher *h, const struct og_hash *v)
{
    og_hasher_add(h, v->b, sizeof v->b);
}

struct og_hash og_hasher_final(struct og_hasher *h)
{
    struct og_hash out;
    SHA256_Final(out.b, ctx_of(h));
    return out;
}

enum og_rc og_sha256_fd(int fd, struct og_hash *out, uint64_t *bytes, struct og_err *err)
{
    *out = (struct og_hash){{0}};
    *bytes = 0;
    uint8_t chunk[1 << 16];
    struct og_hasher h;
    og_hasher_init(&h);
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0)
            break;
        if (n < 0) {
            if (errno == EINTR)
                continue;
            *bytes = 0;
            return og_err_set(err, OG_E_IO, "cannot read: %s", strerror(errno));
        }
        og_hasher_add(&h, chunk, (size_t)n);
        *bytes += (uint64_t)n;
    }
    *out = og_hasher_final(&h);
    return OG_OK;
}

struct og_hash og_hmac_sha256(const void *key, size_t kn, const void *p, size_t n)
{
    uint8_t pad[SHA256_CBLOCK] = {0};
    if (kn > sizeof pad) {
        struct og_hash k = og_sha256(key, kn);
        memcpy(pad, k.b, sizeof k.b);
        OPENSSL_cleanse(&k, sizeof k);
    } else if (kn) {
        memcpy(pad, key, kn);
    }
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    struct og_hash inner = og_sha256_2(pad, sizeof pad, p, n);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    struct og_hash out = og_sha256_2(pad, sizeof pad, inner.b, sizeof inner.b);
    OPENSSL_cleanse(pad, sizeof pad);
    OPENSSL_cleanse(&inner, sizeof inner);
    return out;
}

void og_random_bytes(void *p, size_t n)
{
    uint8_t *at = p;
    while (n) {
        ssize_t got = getrandom(at, n < 256 ? n : 256, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            abort(); /* allowed: keys and nonces without randomness must never exist */
        }
        at += got;
        n -= (size_t)got;
    }
}
