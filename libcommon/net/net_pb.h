/* net_pb.h - protocol buffers on the wire, no more than ABCI needs: a bounded reader of fields and
 * a writer of messages (encoding: protobuf.dev/programming-guides/encoding). */
#ifndef OG_NET_PB_H
#define OG_NET_PB_H

#include "base/base_buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_span {
    const uint8_t *p; /* borrowed */
    size_t n;
};

struct og_pb_in {
    const uint8_t *p, *end;
    bool bad; /* the bytes are no message: nothing more comes */
};

enum og_pb_wire { OG_PB_VARINT = 0, OG_PB_FIXED64 = 1, OG_PB_BYTES = 2, OG_PB_FIXED32 = 5 };

struct og_pb_field {
    uint32_t no;
    enum og_pb_wire wire;
    uint64_t v;           /* of a varint or a fixed number */
    struct og_span bytes; /* of a length-delimited field */
};

void og_pb_open(struct og_pb_in *in, struct og_span s);
/* The next field; false at the end and when what follows is malformed (in->bad). */
bool og_pb_next(struct og_pb_in *in, struct og_pb_field *f);
/* A varint of at most 10 bytes that fits 64 bits. 1: read, *n its bytes; 0: more bytes are needed;
 * -1: it is none. */
int og_pb_varint(const uint8_t *p, size_t len, uint64_t *v, size_t *n);

/* Writers append to out. Numbers that are 0 and empty bytes are left out, as proto3 does. */
void og_pb_put_varint(struct og_buf *out, uint64_t v);
void og_pb_put_u64(struct og_buf *out, uint32_t no, uint64_t v);
void og_pb_put_i64(struct og_buf *out, uint32_t no, int64_t v);
void og_pb_put_bytes(struct og_buf *out, uint32_t no, const void *p, size_t n);
/* As og_pb_put_bytes, empty or not: an element of a list, or a message that says by being there. */
void og_pb_put_item(struct og_buf *out, uint32_t no, const void *p, size_t n);
/* Bytes that an item of n bytes takes: tag, length and content, for field numbers below 16. */
size_t og_pb_item_size(size_t n);

#endif
