/* base_buf.h - a growable byte buffer; always NUL-terminated behind len. */
#ifndef OG_BASE_BUF_H
#define OG_BASE_BUF_H

#include "base/base_err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct og_buf {
    char *p;
    size_t len;
    size_t cap;
};

#define OG_BUF_INIT                                                                                \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

void og_buf_init(struct og_buf *b);
void og_buf_release(struct og_buf *b); /* frees the bytes; the buffer is empty and usable again */
void og_buf_reset(struct og_buf *b);   /* length 0, memory kept */
void og_buf_reserve(struct og_buf *b, size_t extra);
void og_buf_add(struct og_buf *b, const void *p, size_t n);
void og_buf_adds(struct og_buf *b, const char *s);
void og_buf_addc(struct og_buf *b, char c);
void og_buf_addf(struct og_buf *b, const char *fmt, ...) OG_PRINTF(2, 3);
void og_buf_addu(struct og_buf *b, uint64_t v); /* decimal */
void og_buf_add_be32(struct og_buf *b, uint32_t v);
void og_buf_add_be64(struct og_buf *b, uint64_t v);
void og_buf_add_hex(struct og_buf *b, const void *p, size_t n); /* lower case */
char *og_buf_detach(struct og_buf *b); /* the bytes; the caller frees, the buffer is empty */

#endif
