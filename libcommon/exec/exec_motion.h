/* exec_motion.h - motion masks against a running background, in integers: the same bits on every
 * machine. CPU twin of cuda/motion.cu.
 *
 * On 8-bit luma Y_t of w x h pixels, row-major:
 *   diff_count = #{ |Y_t - Y_(t-1)| > 25 }
 *   B_0 = Y_0 << 8;  raw = |Y_t - (B >> 8)| > 30;  mask = 3x3 majority of raw (5 of 9, border 0)
 *   B += ((Y_t << 8) - B) >> 5   (floor)
 * The first frame after og_motion_new has empty masks. B stays in 0..65280: 16 bits a pixel. */
#ifndef OG_EXEC_MOTION_H
#define OG_EXEC_MOTION_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_MOTION_DIM_MAX 16384
#define OG_MOTION_WARMUP  160 /* frames; an older background weighs (31/32)^160 = 0.6 % then */

struct og_motion;

struct og_motion_row {
    uint64_t diff_count;
    uint64_t mask_count;
    int32_t x0, y0, x1, y1; /* of the mask's pixels; -1 each when there is none */
    uint64_t fnv1a64;       /* of the mask packed 8 pixels a byte, first pixel highest, over rows */
};

/* OG_E_DATA: a side of 0 or above OG_MOTION_DIM_MAX. Free with og_motion_free. */
enum og_rc og_motion_new(uint32_t w, uint32_t h, struct og_motion **out,
                         struct og_err *err) OG_MUST_CHECK;
void og_motion_free(struct og_motion *m);
/* The next n frames, one after the other at y, into n rows; prev is the frame before them, not read
 * when they are the first. Several at once are faster. */
void og_motion_frames(struct og_motion *m, const uint8_t *y, const uint8_t *prev, size_t n,
                      struct og_motion_row *row);
/* The background after the last frame, w * h; to be set before the first frame of a later segment,
 * whose first `prev` is then this segment's last frame. Valid while m lives. */
const uint16_t *og_motion_background(const struct og_motion *m);
/* OG_E_DATA when a value is above 65280. */
enum og_rc og_motion_resume(struct og_motion *m, const uint16_t *background,
                            struct og_err *err) OG_MUST_CHECK;
bool og_motion_has_avx2(void);
/* For tests: no og_motion made from here on uses AVX2. */
void og_motion_force_portable(bool on);

#endif
