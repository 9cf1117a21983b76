/* guard_bytes.c - see the header. */
#include "guard/guard_bytes.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <math.h>
#include <string.h>

void og_bytes_put_float(struct og_buf *out, float v)
{
    uint32_t u;
    memcpy(&u, &v, sizeof u);
    og_buf_add_be32(out, u);
}

void og_bytes_put_floats(struct og_buf *out, const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        og_bytes_put_float(out, v[i]);
}

void og_bytes_put_halves(struct og_buf *out, const float *v, size_t n, float unit)
{
    for (size_t i = 0; i < n; i++) {
        float q = roundf(v[i] / unit);
        int k = q > 32767 ? 32767 : q < -32767 ? -32767 : (int)q;
        unsigned u = (unsigned)(k + 32768);
        og_buf_addc(out, (char)(u >> 8));
        og_buf_addc(out, (char)u);
    }
}

void og_bytes_put_text(struct og_buf *out, const char *s)
{
    size_t n = strlen(s);
    og_buf_addc(out, (char)(n >> 8));
    og_buf_addc(out, (char)n);
    og_buf_add(out, s, n);
}

static bool has(const struct og_bytes *b, size_t n)
{
    return b->n - b->at >= n;
}

bool og_bytes_u8(struct og_bytes *b, uint8_t *v)
{
    if (!has(b, 1))
        return false;
    *v = b->p[b->at++];
    return true;
}

bool og_bytes_u32(struct og_bytes *b, uint32_t max, uint32_t *v)
{
    if (!has(b, 4))
        return false;
    *v = og_get_be32(b->p + b->at);
    b->at += 4;
    return *v <= max;
}

bool og_bytes_float(struct og_bytes *b, float *v)
{
    uint32_t u;
    if (!og_bytes_u32(b, UINT32_MAX, &u))
        return false;
    memcpy(v, &u, sizeof *v);
    return isfinite(*v);
}

bool og_bytes_floats(struct og_bytes *b, float *v, size_t n)
{
    if (!has(b, 4 * n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!og_bytes_float(b, &v[i]))
            return false;
    return true;
}

bool og_bytes_halves(struct og_bytes *b, float *v, size_t n, float unit)
{
    if (!has(b, 2 * n))
        return false;
    for (size_t i = 0; i < n; i++, b->at += 2)
        v[i] = (float)((b->p[b->at] << 8 | b->p[b->at + 1]) - 32768) * unit;
    return true;
}

bool og_bytes_text(struct og_bytes *b, size_t max, char **out)
{
    *out = NULL;
    if (!has(b, 2))
        return false;
    size_t n = (size_t)b->p[b->at] << 8 | b->p[b->at + 1];
    b->at += 2;
    if (n > max || !has(b, n) || memchr(b->p + b->at, '\0', n))
        return false;
    *out = og_xstrndup((const char *)b->p + b->at, n);
    b->at += n;
    return true;
}
