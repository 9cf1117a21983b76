/* guard_bytes.h - numbers of model files: big endian, checked on the way in. */
#ifndef OG_GUARD_BYTES_H
#define OG_GUARD_BYTES_H

#include "base/base_buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_bytes {
    const uint8_t *p;
    size_t n, at;
};

void og_bytes_put_float(struct og_buf *out, float v);
void og_bytes_put_floats(struct og_buf *out, const float *v, size_t n);
/* As 16-bit multiples of unit, from -32767 to 32767. */
void og_bytes_put_halves(struct og_buf *out, const float *v, size_t n, float unit);
/* A length in two bytes and the bytes. */
void og_bytes_put_text(struct og_buf *out, const char *s);

/* False where the bytes end or a number is not finite. */
bool og_bytes_u8(struct og_bytes *b, uint8_t *v);
bool og_bytes_u32(struct og_bytes *b, uint32_t max, uint32_t *v);
bool og_bytes_float(struct og_bytes *b, float *v);
bool og_bytes_floats(struct og_bytes *b, float *v, size_t n);
bool og_bytes_halves(struct og_bytes *b, float *v, size_t n, float unit);
/* Text without zero bytes, at most max; the caller frees. */
bool og_bytes_text(struct og_bytes *b, size_t max, char **out);

#endif
