/* base_mem.c - allocation that aborts on out of memory. */
#include "base/base_mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "ogpu: out of memory (%zu bytes)\n", size); /* allowed: nothing to return */
    abort();                                                    /* allowed: nothing to return */
}

void *og_xmalloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void *og_xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        out_of_memory(n * size);
    return p;
}

void *og_xrealloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);
    if (!q)
        out_of_memory(size);
    return q;
}

char *og_xstrdup(const char *s)
{
    return og_xmemdup(s, strlen(s) + 1);
}

char *og_xstrndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *p = og_xmalloc(len + 1);
    memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

void *og_xmemdup(const void *p, size_t n)
{
    void *q = og_xmalloc(n);
    if (n)
        memcpy(q, p, n);
    return q;
}

void *og_xgrow(void *p, size_t *cap, size_t want, size_t size)
{
    if (want <= *cap)
        return p;
    if (want > SIZE_MAX / 2 / size)
        out_of_memory(want);
    size_t n = *cap ? *cap : 16;
    while (n < want)
        n *= 2;
    *cap = n;
    return og_xrealloc(p, n * size);
}
