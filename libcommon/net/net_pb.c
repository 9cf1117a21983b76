/* net_pb.c - reads and writes protobuf fields. */
#include "net/net_pb.h"

void og_pb_open(struct og_pb_in *in, struct og_span s)
{
    in->p = s.p;
    in->end = s.n ? s.p + s.n : s.p;
    in->bad = false;
}

int og_pb_varint(const uint8_t *p, size_t len, uint64_t *v, size_t *n)
{
    *v = 0;
    for (size_t i = 0; i < 10; i++) {
        if (i >= len)
            return 0;
        if (i == 9 && p[i] > 1)
            return -1;
        *v |= (uint64_t)(p[i] & 0x7f) << (7 * i);
        if (!(p[i] & 0x80)) {
            *n = i + 1;
            return 1;
        }
    }
    return -1;
}

static bool fail(struct og_pb_in *in)
{
    in->bad = true;
    return false;
}

static bool take_varint(struct og_pb_in *in, uint64_t *v)
{
    size_t n;
    if (og_pb_varint(in->p, (size_t)(in->end - in->p), v, &n) != 1)
        return fail(in);
    in->p += n;
    return true;
}

static bool take_fixed(struct og_pb_in *in, size_t n, uint64_t *v)
{
    *v = 0;
    if ((size_t)(in->end - in->p) < n)
        return fail(in);
    for (size_t i = 0; i < n; i++)
        *v |= (uint64_t)in->p[i] << (8 * i);
    in->p += n;
    return true;
}

bool og_pb_next(struct og_pb_in *in, struct og_pb_field *f)
{
    uint64_t tag;
    *f = (struct og_pb_field){0};
    if (in->bad || in->p == in->end || !take_varint(in, &tag))
        return false;
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return fail(in);
    f->no = (uint32_t)(tag >> 3);
    switch (tag & 7) {
    case OG_PB_VARINT: return take_varint(in, &f->v);
    case OG_PB_FIXED64: f->wire = OG_PB_FIXED64; return take_fixed(in, 8, &f->v);
    case OG_PB_FIXED32: f->wire = OG_PB_FIXED32; return take_fixed(in, 4, &f->v);
    case OG_PB_BYTES: {
        uint64_t n;
        f->wire = OG_PB_BYTES;
        if (!take_varint(in, &n) || n > (uint64_t)(in->end - in->p))
            return fail(in);
        f->bytes = (struct og_span){in->p, (size_t)n};
        in->p += n;
        return true;
    }
    default: return fail(in); /* groups are not proto3 */
    }
}

void og_pb_put_varint(struct og_buf *out, uint64_t v)
{
    while (v >= 0x80) {
        og_buf_addc(out, (char)(v | 0x80));
        v >>= 7;
    }
    og_buf_addc(out, (char)v);
}

void og_pb_put_u64(struct og_buf *out, uint32_t no, uint64_t v)
{
    if (!v)
        return;
    og_pb_put_varint(out, (uint64_t)no << 3 | OG_PB_VARINT);
    og_pb_put_varint(out, v);
}

void og_pb_put_i64(struct og_buf *out, uint32_t no, int64_t v)
{
    og_pb_put_u64(out, no, (uint64_t)v);
}

void og_pb_put_item(struct og_buf *out, uint32_t no, const void *p, size_t n)
{
    og_pb_put_varint(out, (uint64_t)no << 3 | OG_PB_BYTES);
    og_pb_put_varint(out, n);
    og_buf_add(out, p, n);
}

void og_pb_put_bytes(struct og_buf *out, uint32_t no, const void *p, size_t n)
{
    if (n)
        og_pb_put_item(out, no, p, n);
}

size_t og_pb_item_size(size_t n)
{
    size_t head = 2;
    for (size_t v = n >> 7; v; v >>= 7)
        head++;
    return head + n;
}
