/* fuzz_patch.c - patches: every run that is accepted lies in the buffer and in the patch. */
#include "check/check_patch.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { TOTAL = 4096 };
    uint8_t seen[TOTAL / 8 + 1] = {0};
    uint32_t each = size ? 1u << (data[0] & 3) : 1;
    const uint8_t *p = size ? data + 1 : data;
    size_t n = size ? size - 1 : 0, at = 0;
    uint64_t last = 0, which, sum = 0;
    bool found = true;
    while (found) {
        struct og_patch_run run;
        struct og_err err = {0};
        if (og_patch_next(p, n, &at, &last, TOTAL, each, &run, &found, &err) != OG_OK)
            return 0;
        if (!found)
            break;
        if (run.p < p || run.p + run.bytes > p + n || run.offset + run.bytes > TOTAL ||
            !og_patch_mark(seen, &run, each, &which))
            abort();
        for (uint64_t i = 0; i < run.bytes; i++)
            sum += run.p[i];
    }
    return sum == UINT64_MAX ? 1 : 0;
}
