/* store_bucket.c - the content of one bucket of an app hash tree. */
#include "store/store_bucket.h"

#include "base/base_num.h"

#include <stdbool.h>
#include <string.h>

unsigned og_bucket_of(const void *key, size_t n)
{
    struct og_hash h = og_sha256(key, n);
    return (unsigned)h.b[0] << 8 | h.b[1];
}

size_t og_bucket_entry(const char *p, size_t left)
{
    if (left < 4)
        return 0;
    size_t kn = og_get_be32((const uint8_t *)p);
    return kn > left || left - kn < 4 + OG_HASH_LEN ? 0 : 4 + kn + OG_HASH_LEN;
}

int og_bucket_key_cmp(const void *a, size_t an, const void *b, size_t bn)
{
    int c = memcmp(a, b, an < bn ? an : bn);
    return c ? c : (an > bn) - (an < bn);
}

void og_bucket_edit(const struct og_buf *old, const void *key, size_t kn,
                    const struct og_hash *hash, struct og_buf *out)
{
    og_buf_reset(out);
    size_t at = 0;
    bool done = false;
    while (at < old->len) {
        size_t n = og_bucket_entry(old->p + at, old->len - at);
        if (!n)
            break;
        int c = og_bucket_key_cmp(old->p + at + 4, n - 4 - OG_HASH_LEN, key, kn);
        if (c >= 0 && !done) {
            done = true;
            if (hash) {
                og_buf_add_be32(out, (uint32_t)kn);
                og_buf_add(out, key, kn);
                og_buf_add(out, hash->b, OG_HASH_LEN);
            }
        }
        if (c != 0)
            og_buf_add(out, old->p + at, n);
        at += n;
    }
    if (!done && hash) {
        og_buf_add_be32(out, (uint32_t)kn);
        og_buf_add(out, key, kn);
        og_buf_add(out, hash->b, OG_HASH_LEN);
    }
}
