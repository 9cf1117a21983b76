/* check_kernel_defs.h - the rows of the table in check_kernel.c, and the places of their arguments.
 */
#ifndef OG_CHECK_KERNEL_DEFS_H
#define OG_CHECK_KERNEL_DEFS_H

#include "check/check_kernel.h"

/* Statistics of a grid of `cells` over `times` steps, as exec/exec_climate.h has them. Input: f32,
 * times by cells; what is not finite is missing. Output 0: period + 2 f64 a cell: climatology of
 * each phase, trend, number of values. anomaly: output 1, f32, cells by times. A leaf is a cell. */
enum {
    OG_CLIMATE_TIMES,
    OG_CLIMATE_CELLS,
    OG_CLIMATE_PERIOD,
    OG_CLIMATE_BASE,
    OG_CLIMATE_BASE_N,
    OG_CLIMATE_TREND,
    OG_CLIMATE_TREND_N,
    OG_CLIMATE_ANOMALY
};
extern const struct og_kernel_def og_kernel_climate;

/* C (m x n) = A (m x k) * B (k x n), row-major, little-endian. f32: 4-byte floats throughout, sums
 * in chains of at most 512 terms. tf32: likewise, but inputs may be taken with 10 bits behind the
 * point. i32: 4-byte integers in, exact 8-byte integers out. A leaf is 64
 * rows of C. */
enum { OG_GEMM_M, OG_GEMM_N, OG_GEMM_K, OG_GEMM_TYPE };
enum { OG_GEMM_F32, OG_GEMM_I32, OG_GEMM_TF32 }; /* values of OG_GEMM_TYPE */
extern const struct og_kernel_def og_kernel_gemm;

/* Motion masks of a clip of 8-bit luma, as exec/exec_motion.h has them; in integers. Output 0: 40
 * bytes a frame: le64 diff_count, le64 mask_count, le32 x0, y0, x1, y1 (-1: no pixel), le64
 * fnv1a64. A leaf of it is a segment of frames. warmup 0: one background runs through all frames.
 * Otherwise each segment has its own, which starts `warmup` frames earlier, or with the clip.
 * resume: input 1 is the state before the first frame: a le16 background value a pixel, then the
 * frame before. state: output 1 is the state after the last one, one leaf. */
enum {
    OG_MOTION_WIDTH,
    OG_MOTION_HEIGHT,
    OG_MOTION_FRAMES,
    OG_MOTION_SEGMENT,
    OG_MOTION_WARM,
    OG_MOTION_RESUME,
    OG_MOTION_STATE
};
#define OG_MOTION_ROW_BYTES 40
extern const struct og_kernel_def og_kernel_motion;

/* Sums of the columns of a table over its rows, as exec/exec_reduce.h has them; the output is a sum
 * tree over parts of rows (check_sumtree.h), whose nodes are the leaves. Input 1, with weights: f64
 * a row. */
enum { OG_REDUCE_ROWS, OG_REDUCE_COLUMNS, OG_REDUCE_PART, OG_REDUCE_TYPE, OG_REDUCE_WEIGHTS };
enum { OG_REDUCE_F32, OG_REDUCE_I32 }; /* values of OG_REDUCE_TYPE */
extern const struct og_kernel_def og_kernel_reduce;

/* Gradients over labelled rows, as exec/exec_learn.h has them; f32 with the same bits everywhere.
 * Inputs: parameters, rows * features bytes, a label byte a row. softmax and mlp: `parts` sums,
 * each over rows rows * i / parts .. rows * (i + 1) / parts - 1 in blocks of 64 added as a tree:
 * gradient, loss, right; a leaf is a sum. sgd: the parameters after steps of `batch` rows, one
 * leaf. */
enum { OG_LEARN_ROWS, OG_LEARN_FEATURES, OG_LEARN_CLASSES, OG_LEARN_PARTS, OG_LEARN_HIDDEN };
enum { OG_SGD_HIDDEN = OG_LEARN_PARTS, OG_SGD_BATCH, OG_SGD_RATE_PPM };
extern const struct og_kernel_def og_kernel_softmax, og_kernel_mlp, og_kernel_sgd;

#endif
