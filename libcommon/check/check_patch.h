/* check_patch.h - what a part of a kernel's grid changed of a buffer: runs of its elements. */
#ifndef OG_CHECK_PATCH_H
#define OG_CHECK_PATCH_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A patch is a list of runs, each be64 offset, be64 length, length bytes; ascending, apart from
 * each other, whole elements. There is one patch for one change: an element that holds what it held
 * at the start is in none. */
struct og_patch_run {
    uint64_t offset, bytes;
    const uint8_t *p; /* within the patch */
};

/* The run at *at, which moves on; *found false at the end. total, size: bytes of the buffer and of
 * an element. last: end of the run before, 0 at first; the caller keeps it. OG_E_DATA: a run that
 * is cut short, out of order, outside, or no whole elements. */
enum og_rc og_patch_next(const uint8_t *patch, size_t n, size_t *at, uint64_t *last, uint64_t total,
                         uint32_t size, struct og_patch_run *out, bool *found,
                         struct og_err *err) OG_MUST_CHECK;

/* Marks the run's elements in seen, a bit each; false and *which when one was marked before. */
bool og_patch_mark(uint8_t *seen, const struct og_patch_run *run, uint32_t size, uint64_t *which);

#endif
