/* work_secret.c - nonces and commitments of a node. */
#include "work/work_secret.h"

#include "base/base_num.h"
#include "crypto/crypto_merkle.h"

#include <string.h>

enum og_rc og_work_secret(const struct og_key *key, struct og_hash *out, struct og_err *err)
{
    struct og_buf pem = OG_BUF_INIT;
    memset(out, 0, sizeof *out);
    enum og_rc rc = og_key_to_pem(key, NULL, &pem, err);
    if (rc == OG_OK)
        *out = og_sha256(pem.p, pem.len);
    og_buf_cleanse(&pem);
    return rc;
}

struct og_hash og_work_nonce(const struct og_hash *secret, uint64_t lease)
{
    uint8_t b[8];
    og_put_be64(b, lease);
    return og_hmac_sha256(secret->b, OG_HASH_LEN, b, sizeof b);
}

struct og_hash og_work_verdict_nonce(const struct og_hash *secret, uint64_t lease)
{
    static const char tag[] = "verdict"; /* its NUL belongs to it */
    uint8_t b[sizeof tag + 8];
    memcpy(b, tag, sizeof tag);
    og_put_be64(b + sizeof tag, lease);
    return og_hmac_sha256(secret->b, OG_HASH_LEN, b, sizeof b);
}

static struct og_hash commitment(const char *tag, const struct og_hash *chain, uint64_t lease,
                                 const struct og_addr *who, const struct og_hash *nonce,
                                 const struct og_hash *what)
{
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_tag(&h, tag);
    og_hasher_hash(&h, chain);
    og_hasher_u64(&h, lease);
    og_hasher_add(&h, who->b, OG_ADDR_LEN);
    og_hasher_hash(&h, nonce);
    og_hasher_hash(&h, what);
    return og_hasher_final(&h);
}

struct og_hash og_work_commit_hash(const struct og_hash *chain, uint64_t lease,
                                   const struct og_addr *node, const struct og_hash *nonce,
                                   const struct og_hash *root)
{
    return commitment("ogpu-commit", chain, lease, node, nonce, root);
}

struct og_hash og_work_verdict_hash(const struct og_hash *chain, uint64_t lease,
                                    const struct og_addr *verifier, const struct og_hash *nonce,
                                    const struct og_hash *value)
{
    struct og_hash inner = og_sha256(value->b, OG_HASH_LEN);
    return commitment("ogpu-verdict", chain, lease, verifier, nonce, &inner);
}

struct og_hash og_work_value(const struct og_hash *drawn, size_t n, bool all)
{
    struct og_hasher h;
    if (all)
        return og_merkle_root(drawn, n);
    og_hasher_init(&h);
    for (size_t i = 0; i < n; i++)
        og_hasher_hash(&h, &drawn[i]);
    return og_hasher_final(&h);
}
