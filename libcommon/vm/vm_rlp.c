/* vm_rlp.c - recursive length prefix, writing only. */
#include "vm/vm_rlp.h"

/* The prefix of a payload of n bytes; its length. */
static size_t prefix(uint8_t base, size_t n, uint8_t out[9])
{
    if (n < 56) {
        out[0] = (uint8_t)(base + n);
        return 1;
    }
    size_t k = (size_t)(71 - __builtin_clzll(n)) / 8;
    out[0] = (uint8_t)(base + 55 + k);
    for (size_t i = 0; i < k; i++)
        out[1 + i] = (uint8_t)(n >> (8 * (k - 1 - i)));
    return 1 + k;
}

void og_rlp_bytes(struct og_buf *b, const void *p, size_t n)
{
    uint8_t head[9];
    if (n != 1 || *(const uint8_t *)p >= 0x80)
        og_buf_add(b, head, prefix(0x80, n, head));
    if (n)
        og_buf_add(b, p, n);
}

void og_rlp_u64(struct og_buf *b, uint64_t v)
{
    struct og_u256 w = og_u256_of(v);
    og_rlp_u256(b, &w);
}

void og_rlp_u256(struct og_buf *b, const struct og_u256 *v)
{
    uint8_t be[32];
    og_u256_store(v, be);
    size_t skip = 32 - (og_u256_bits(v) + 7) / 8;
    og_rlp_bytes(b, be + skip, 32 - skip);
}

void og_rlp_list(struct og_buf *b, size_t start)
{
    uint8_t head[9];
    size_t n = b->len - start, k = prefix(0xc0, n, head);
    og_buf_add(b, head, k); /* makes room */
    memmove(b->p + start + k, b->p + start, n);
    memcpy(b->p + start, head, k);
}
