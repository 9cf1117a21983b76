/* base_utf8.c - UTF-8 one character at a time, and how wide it shows on a terminal. */
#include "base/base_utf8.h"

#include "base/base_mem.h"

#include <string.h>

size_t og_utf8_next(const char *s, size_t n, uint32_t *cp)
{
    const unsigned char *b = (const unsigned char *)s;
    *cp = b[0];
    if (b[0] < 0x80)
        return 1;
    size_t len = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    if (b[0] < 0xc2 || b[0] > 0xf4 || len > n)
        return 0;
    uint32_t v = b[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (b[i] & 0x3fu);
    }
    if ((len == 3 && v < 0x800) || (len == 4 && v < 0x10000) || v > 0x10ffff ||
        (v >= 0xd800 && v <= 0xdfff))
        return 0;
    *cp = v;
    return len;
}

struct range {
    uint32_t first, last;
};

static const struct range zero_wide[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},
    {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0000, 0xe0fff},
};

static const struct range two_wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xa960, 0xa97c},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
    {0x20000, 0x3fffd},
};

static int in_range(uint32_t cp, const struct range *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cp >= r[i].first && cp <= r[i].last)
            return 1;
    return 0;
}

int og_utf8_width(uint32_t cp)
{
    if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029)
        return -1;
    if (cp < 0x300)
        return 1;
    if (in_range(cp, zero_wide, sizeof zero_wide / sizeof *zero_wide))
        return 0;
    return in_range(cp, two_wide, sizeof two_wide / sizeof *two_wide) ? 2 : 1;
}

char *og_utf8_tame(const char *s, size_t *cols)
{
    size_t n = strlen(s);
    char *out = og_xmalloc(n + 1);
    size_t w = 0;
    size_t wide = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t len = og_utf8_next(s + i, n - i, &cp);
        int cw = len ? og_utf8_width(cp) : -1;
        if (cw < 0) {
            out[w++] = '?';
            wide++;
            i += len ? len : 1;
            continue;
        }
        memcpy(out + w, s + i, len);
        w += len;
        wide += (size_t)cw;
        i += len;
    }
    out[w] = '\0';
    if (cols)
        *cols = wide;
    return out;
}

size_t og_utf8_clip(const char *s, size_t max, size_t *cols)
{
    size_t n = strlen(s);
    size_t i = 0;
    size_t wide = 0;
    while (i < n) {
        uint32_t cp;
        size_t len = og_utf8_next(s + i, n - i, &cp);
        int cw = len ? og_utf8_width(cp) : 1;
        if (wide + (size_t)(cw < 0 ? 1 : cw) > max)
            break;
        wide += (size_t)(cw < 0 ? 1 : cw);
        i += len ? len : 1;
    }
    if (cols)
        *cols = wide;
    return i;
}
