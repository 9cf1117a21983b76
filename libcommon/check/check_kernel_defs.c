/* check_kernel_defs.c - each built-in kernel: what its arguments may be and what follows from them.
 */
#include "check/check_kernel_defs.h"

#include "base/base_num.h"
#include "check/check_result.h"
#include "check/check_sumtree.h"

#define NUMBER(key, low, high, text)                                                               \
    {                                                                                              \
        .name = key, .what = text, .min = low, .max = high                                         \
    }
#define NUMBER_OR(key, low, high, none, text)                                                      \
    {                                                                                              \
        .name = key, .what = text, .min = low, .max = high, .optional = true, .absent = none       \
    }
#define WORD_OR(key, list, none, text)                                                             \
    {                                                                                              \
        .name = key, .what = text, .optional = true, .absent = none, .words = list                 \
    }

static uint64_t mflop(uint64_t items, uint64_t each)
{
    return og_muldiv_up(items, each, 1000000);
}

/* ---- climate ---- */

#define CLIMATE_VALUE 256 /* work of a value, which passes by four times */

static enum og_rc span(const char *name, uint64_t first, uint64_t count, uint64_t times,
                       struct og_err *err)
{
    if (first >= times || count > times - first)
        return og_err_set(err, OG_E_DATA, "'%s' and '%s_n' must lie within 'times'", name, name);
    return OG_OK;
}

static enum og_rc climate_shape(const uint64_t *arg, struct og_kernel_shape *out,
                                struct og_err *err)
{
    uint64_t times = arg[OG_CLIMATE_TIMES], cells = arg[OG_CLIMATE_CELLS];
    uint64_t cell = 8 * (arg[OG_CLIMATE_PERIOD] + 2);
    OG_TRY(span("base", arg[OG_CLIMATE_BASE], arg[OG_CLIMATE_BASE_N], times, err));
    OG_TRY(span("trend", arg[OG_CLIMATE_TREND], arg[OG_CLIMATE_TREND_N], times, err));
    *out = (struct og_kernel_shape){
        .n_in = 1,
        .n_out = arg[OG_CLIMATE_ANOMALY] ? 2 : 1,
        .in_bytes = {4 * times * cells},
        .out_bytes = {cell * cells, 4 * times * cells},
        .leaf_bytes = {cell, 4 * times},
        .work_mflop = mflop(times * cells, CLIMATE_VALUE),
        .automatic = OG_VERIFY_EXACT,
    };
    return OG_OK;
}

const struct og_kernel_def og_kernel_climate = {
    .name = "climate",
    .what = "climatology, trend and anomaly of every cell of a grid",
    .arg = {NUMBER("times", 1, 1 << 20, "steps of time"),
            NUMBER("cells", 1, 1 << 20, "cells of the grid"),
            NUMBER_OR("period", 1, 366, 1, "steps of a year"),
            NUMBER_OR("base", 0, 1 << 20, 0, "first step of the climatology"),
            NUMBER_OR("base_n", 0, 1 << 20, 0, "its steps; 0: up to the end"),
            NUMBER_OR("trend", 0, 1 << 20, 0, "first step of the trend"),
            NUMBER_OR("trend_n", 0, 1 << 20, 0, "its steps; 0: up to the end"),
            NUMBER_OR("anomaly", 0, 1, 0, "1: a second output holds the anomalies")},
    .in_name = {"values"},
    .out_name = {"cells", "anomaly"},
    .shape = climate_shape,
};

/* ---- gemm ---- */

static enum og_rc gemm_shape(const uint64_t *arg, struct og_kernel_shape *out, struct og_err *err)
{
    uint64_t m = arg[OG_GEMM_M], n = arg[OG_GEMM_N], k = arg[OG_GEMM_K];
    bool i32 = arg[OG_GEMM_TYPE] == OG_GEMM_I32;
    uint64_t row = n * (i32 ? 8 : 4);
    (void)err;
    *out = (struct og_kernel_shape){
        .n_in = 2,
        .n_out = 1,
        .in_bytes = {4 * m * k, 4 * k * n},
        .out_bytes = {m * row},
        .leaf_bytes = {OG_RESULT_ROWS_LEAF * row},
        .work_mflop = mflop(2 * m * n, k),
        .inexact = i32 ? NULL : "f32 products differ in their last bits",
        .automatic = i32 ? OG_VERIFY_EXACT : OG_VERIFY_VOTE,
    };
    return OG_OK;
}

static const char *const gemm_types[] = {"f32", "i32", "tf32", NULL};

const struct og_kernel_def og_kernel_gemm = {
    .name = "gemm",
    .what = "product C of two matrices A and B",
    .arg = {NUMBER("m", 1, 65536, "rows of A and C"), NUMBER("n", 1, 65536, "columns of B and C"),
            NUMBER("k", 1, 65536, "columns of A, rows of B"),
            WORD_OR("type", gemm_types, OG_GEMM_F32, "of the elements")},
    .in_name = {"A", "B"},
    .out_name = {"C"},
    .rated = true,
    .shape = gemm_shape,
};

/* ---- motion ---- */

#define MOTION_PIXEL 32 /* work of a pixel: what its bytes cost to move, in flops of a product */

static enum og_rc motion_shape(const uint64_t *arg, struct og_kernel_shape *out, struct og_err *err)
{
    uint64_t pixels = arg[OG_MOTION_WIDTH] * arg[OG_MOTION_HEIGHT];
    uint64_t frames = arg[OG_MOTION_FRAMES], segment = arg[OG_MOTION_SEGMENT];
    uint64_t warm = arg[OG_MOTION_WARM], segments = (frames + segment - 1) / segment;
    bool resume = arg[OG_MOTION_RESUME], state = arg[OG_MOTION_STATE];
    if (warm && (resume || state))
        return og_err_set(err, OG_E_DATA, "'resume' and 'state' go with a 'warmup' of 0");
    uint64_t early = og_min_u64((warm + segment - 1) / segment, segments); /* start with the clip */
    uint64_t run = frames + (segments - early) * warm;
    for (uint64_t i = 1; i < early; i++)
        run += i * segment;
    *out = (struct og_kernel_shape){
        .n_in = resume ? 2 : 1,
        .n_out = state ? 2 : 1,
        .in_bytes = {pixels * frames, 3 * pixels},
        .out_bytes = {OG_MOTION_ROW_BYTES * frames, 3 * pixels},
        .leaf_bytes = {OG_MOTION_ROW_BYTES * segment, 3 * pixels},
        .work_mflop = mflop(run, MOTION_PIXEL * pixels),
        .automatic = OG_VERIFY_EXACT,
    };
    return OG_OK;
}

const struct og_kernel_def og_kernel_motion = {
    .name = "motion",
    .what = "motion in 8-bit frames against a running background: counts, box and hash a frame",
    .arg = {NUMBER("width", 1, 16384, "pixels of a row"), NUMBER("height", 1, 16384, "rows"),
            NUMBER("frames", 1, 1 << 22, "of the clip"),
            NUMBER_OR("segment", 1, 1 << 22, 64, "frames of a leaf"),
            NUMBER_OR("warmup", 0, 65536, 0, "frames before a segment that make its background"),
            NUMBER_OR("resume", 0, 1, 0, "1: a second input holds the state before"),
            NUMBER_OR("state", 0, 1, 0, "1: a second output holds the state after")},
    .in_name = {"frames", "state"},
    .out_name = {"rows", "state"},
    .shape = motion_shape,
};

/* ---- reduce ---- */

#define REDUCE_VALUE 64

static enum og_rc reduce_shape(const uint64_t *arg, struct og_kernel_shape *out, struct og_err *err)
{
    uint64_t rows = arg[OG_REDUCE_ROWS], columns = arg[OG_REDUCE_COLUMNS];
    uint64_t parts = (rows + arg[OG_REDUCE_PART] - 1) / arg[OG_REDUCE_PART];
    bool weights = arg[OG_REDUCE_WEIGHTS];
    if (weights && arg[OG_REDUCE_TYPE] == OG_REDUCE_I32)
        return og_err_set(err, OG_E_DATA, "'weights' go with the type f32");
    *out = (struct og_kernel_shape){
        .n_in = weights ? 2 : 1,
        .n_out = 1,
        .in_bytes = {4 * rows * columns, 8 * rows},
        .out_bytes = {16 * columns * og_sumtree_nodes(parts)},
        .leaf_bytes = {16 * columns},
        .work_mflop = mflop(rows * columns, REDUCE_VALUE),
        .automatic = OG_VERIFY_VOTE,
    };
    return OG_OK;
}

static const char *const reduce_types[] = {"f32", "i32", NULL};

const struct og_kernel_def og_kernel_reduce = {
    .name = "reduce",
    .what = "sums of the columns of a table over its rows, as a sum tree",
    .arg = {NUMBER("rows", 1, (uint64_t)1 << 31, "of the table"),
            NUMBER("columns", 1, 1 << 20, "of the table"),
            NUMBER_OR("part", 1, 1 << 20, 1024, "rows of a part, a leaf of the sum tree"),
            WORD_OR("type", reduce_types, OG_REDUCE_F32, "of the elements"),
            NUMBER_OR("weights", 0, 1, 0, "1: a second input holds a weight a row")},
    .in_name = {"table", "weights"},
    .out_name = {"sums"},
    .shape = reduce_shape,
};
