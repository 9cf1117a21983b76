/* base_utf8.h - UTF-8 one character at a time, and how wide it shows on a terminal. */
#ifndef OG_BASE_UTF8_H
#define OG_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at s[0..n), n > 0, and its code point; 0 when they are not UTF-8 (overlong
 * forms, surrogates and cut characters are not). */
size_t og_utf8_next(const char *s, size_t n, uint32_t *cp);
/* Columns on a terminal: 0 (combining), 1 or 2 (East Asian wide); -1 for control characters. */
int og_utf8_width(uint32_t cp);
/* A copy that is safe to show: control characters and bytes that are not UTF-8 are '?'. *cols gets
 * its width (cols may be NULL). The caller frees. */
char *og_utf8_tame(const char *s, size_t *cols);
/* Bytes of the longest prefix of tame s that is at most max columns wide; *cols gets its width. */
size_t og_utf8_clip(const char *s, size_t max, size_t *cols);

#endif
