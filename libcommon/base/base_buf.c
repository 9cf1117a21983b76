/* base_buf.c - a growable byte buffer. */
#include "base/base_buf.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void og_buf_init(struct og_buf *b)
{
    *b = (struct og_buf)OG_BUF_INIT;
}

void og_buf_release(struct og_buf *b)
{
    if (!b)
        return;
    free(b->p);
    og_buf_init(b);
}

void og_buf_reset(struct og_buf *b)
{
    b->len = 0;
    if (b->p)
        b->p[0] = '\0';
}

void og_buf_reserve(struct og_buf *b, size_t extra)
{
    b->p = og_xgrow(b->p, &b->cap, b->len + extra + 1, 1);
}

void og_buf_add(struct og_buf *b, const void *p, size_t n)
{
    og_buf_reserve(b, n);
    if (n)
        memcpy(b->p + b->len, p, n);
    b->len += n;
    b->p[b->len] = '\0';
}

void og_buf_adds(struct og_buf *b, const char *s)
{
    og_buf_add(b, s, strlen(s));
}

void og_buf_addc(struct og_buf *b, char c)
{
    og_buf_add(b, &c, 1);
}

void og_buf_addf(struct og_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char small[256];
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    if ((size_t)n < sizeof small) {
        og_buf_add(b, small, (size_t)n);
        return;
    }
    og_buf_reserve(b, (size_t)n);
    va_start(ap, fmt);
    vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

void og_buf_addu(struct og_buf *b, uint64_t v)
{
    char t[24];
    size_t i = sizeof t;
    do {
        t[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    og_buf_add(b, t + i, sizeof t - i);
}

void og_buf_add_be32(struct og_buf *b, uint32_t v)
{
    uint8_t t[4];
    og_put_be32(t, v);
    og_buf_add(b, t, sizeof t);
}

void og_buf_add_be64(struct og_buf *b, uint64_t v)
{
    uint8_t t[8];
    og_put_be64(t, v);
    og_buf_add(b, t, sizeof t);
}

void og_buf_add_hex(struct og_buf *b, const void *p, size_t n)
{
    og_buf_reserve(b, 2 * n);
    og_hex_encode(p, n, b->p + b->len);
    b->len += 2 * n;
}

char *og_buf_detach(struct og_buf *b)
{
    og_buf_reserve(b, 0);
    b->p[b->len] = '\0';
    char *p = b->p;
    og_buf_init(b);
    return p;
}
