/* analyze_args.c - heads and tails of the ABI's encoding. */
#include "analyze/analyze_args.h"

#include <string.h>

struct og_u256 og_args_fit(const struct og_abi_type *t, struct og_u256 w)
{
    struct og_u256 k;
    switch (t->kind) {
    case OG_ABI_INT: k = og_u256_of(t->bits / 8 - 1); return og_u256_signextend(&k, w);
    case OG_ABI_FIXED_BYTES: return og_u256_shl(og_u256_shr(w, 256u - t->bits), 256u - t->bits);
    case OG_ABI_UINT:
    case OG_ABI_ADDRESS:
    case OG_ABI_BOOL:
    case OG_ABI_BYTES:
    case OG_ABI_ARRAY:
    case OG_ABI_TUPLE: break;
    }
    unsigned cut = t->bits && t->bits < 256 ? 256u - t->bits : 0;
    return og_u256_shr(og_u256_shl(w, cut), cut);
}

static void put(struct og_buf *out, struct og_u256 w)
{
    uint8_t b[32];
    og_u256_store(&w, b);
    og_buf_add(out, b, sizeof b);
}

static void encode_list(const struct og_abi_type *t, size_t n, bool same,
                        const struct og_args_source *src, struct og_buf *out);

static void encode_one(const struct og_abi_type *t, const struct og_args_source *src,
                       struct og_buf *out)
{
    uint32_t n;
    switch (t->kind) {
    case OG_ABI_BYTES:
        n = src->length(src->ctx, t);
        n = out->len + n > OG_ARGS_BYTES_MAX ? 0 : n;
        put(out, og_u256_of(n));
        for (uint32_t i = 0; i < (n + 31) / 32 * 32; i++)
            og_buf_addc(out, i < n ? (char)src->byte(src->ctx) : 0);
        return;
    case OG_ABI_ARRAY:
        n = t->sized ? t->len : src->length(src->ctx, t);
        if (out->len + 32 * (size_t)n * (t->sub->head_words + 1) > OG_ARGS_BYTES_MAX && !t->sized)
            n = 0;
        if (!t->sized)
            put(out, og_u256_of(n));
        encode_list(t->sub, n, true, src, out);
        return;
    case OG_ABI_TUPLE: encode_list(t->sub, t->len, false, src, out); return;
    case OG_ABI_UINT:
    case OG_ABI_INT:
    case OG_ABI_ADDRESS:
    case OG_ABI_BOOL:
    case OG_ABI_FIXED_BYTES: put(out, og_args_fit(t, src->word(src->ctx, t))); return;
    }
}

/* n values: of n types, or all of one type. Places of tails are filled in as they are known. */
static void encode_list(const struct og_abi_type *t, size_t n, bool same,
                        const struct og_args_source *src, struct og_buf *out)
{
    size_t start = out->len, head = 0, at;
    for (size_t i = 0; i < n; i++)
        head += 32 * (size_t)(t[same ? 0 : i].dynamic ? 1 : t[same ? 0 : i].head_words);
    struct og_buf tail = OG_BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        const struct og_abi_type *e = &t[same ? 0 : i];
        if (!e->dynamic) {
            encode_one(e, src, out);
            continue;
        }
        at = head + tail.len;
        put(out, og_u256_of(at));
        if (start + at < OG_ARGS_BYTES_MAX)
            encode_one(e, src, &tail);
        else
            put(&tail, OG_U256_ZERO);
    }
    og_buf_add(out, tail.p, tail.len);
    og_buf_release(&tail);
}

void og_args_encode(const struct og_abi_type *t, size_t n, const struct og_args_source *src,
                    struct og_buf *out)
{
    struct og_buf b = OG_BUF_INIT;
    encode_list(t, n, false, src, &b);
    og_buf_add(out, b.p, b.len);
    og_buf_release(&b);
}
