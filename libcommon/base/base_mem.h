/* base_mem.h - allocation that cannot fail: out of memory prints one line and aborts. */
#ifndef OG_BASE_MEM_H
#define OG_BASE_MEM_H

#include <stddef.h>

/* Sizes that come from outside must be bounded before they reach these. The caller frees. */
void *og_xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *og_xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *og_xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
char *og_xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *og_xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
void *og_xmemdup(const void *p, size_t n) __attribute__((malloc, returns_nonnull));

/* Grows *p (elements of `size` bytes, capacity *cap) to hold at least `want` elements. */
void *og_xgrow(void *p, size_t *cap, size_t want, size_t size);

#endif
