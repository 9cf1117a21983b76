/* check_patch.c - reads patches; what a worker sends may be anything. */
#include "check/check_patch.h"

static uint64_t be64(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

enum og_rc og_patch_next(const uint8_t *patch, size_t n, size_t *at, uint64_t *last, uint64_t total,
                         uint32_t size, struct og_patch_run *out, bool *found, struct og_err *err)
{
    *found = false;
    *out = (struct og_patch_run){0, 0, NULL};
    if (*at >= n)
        return OG_OK;
    if (n - *at < 16)
        return og_err_set(err, OG_E_DATA, "a patch ends within a run");
    uint64_t offset = be64(patch + *at), bytes = be64(patch + *at + 8);
    if (offset > total || bytes > total - offset)
        return og_err_set(err, OG_E_DATA, "a patch goes beyond its buffer");
    if (bytes == 0 || bytes % size != 0 || offset % size != 0)
        return og_err_set(err, OG_E_DATA, "a patch has a run that is no whole elements");
    if (*at > 0 && offset <= *last)
        return og_err_set(err, OG_E_DATA, "a patch has runs out of order");
    if (bytes > n - *at - 16)
        return og_err_set(err, OG_E_DATA, "a patch ends within a run");
    *out = (struct og_patch_run){offset, bytes, patch + *at + 16};
    *at += 16 + (size_t)bytes;
    *last = offset + bytes;
    *found = true;
    return OG_OK;
}

bool og_patch_mark(uint8_t *seen, const struct og_patch_run *run, uint32_t size, uint64_t *which)
{
    uint64_t end = (run->offset + run->bytes) / size;
    for (uint64_t i = run->offset / size; i < end; i++) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        *which = i;
        if (seen[i / 8] & bit)
            return false;
        seen[i / 8] |= bit;
    }
    return true;
}
