/* fuzz_cuda_source.c - any text as a CUDA source: read within its bounds, its lines kept. */
#include "exec/exec_cuda_source.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lines(const char *s, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += s[i] == '\n';
    return k;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_buf b = OG_BUF_INIT;
    bool fibers;
    char *copy = malloc(size + 1); /* exact bounds for the sanitizer */
    memcpy(copy, data, size);
    char *text = realloc(copy, size ? size : 1);
    og_cuda_source(text, size, &b, &fibers);
    if (lines(text, size) != lines(b.p ? b.p : "", b.len))
        abort();
    og_buf_release(&b);
    free(text);
    return 0;
}
