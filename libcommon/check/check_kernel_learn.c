/* check_kernel_learn.c - softmax, mlp and sgd: what their arguments may be and what follows. */
#include "base/base_num.h"
#include "check/check_kernel_defs.h"

#define NUMBER(key, low, high, text)                                                               \
    {                                                                                              \
        .name = key, .what = text, .min = low, .max = high                                         \
    }
#define NUMBER_OR(key, low, high, none, text)                                                      \
    {                                                                                              \
        .name = key, .what = text, .min = low, .max = high, .optional = true, .absent = none       \
    }

#define ROWS     NUMBER("rows", 1, 1 << 24, "labelled rows")
#define FEATURES NUMBER("features", 1, 65536, "bytes of a row; x is byte / 255")
#define CLASSES  NUMBER("classes", 2, 256, "labels are bytes below it")
#define PARTS    NUMBER_OR("parts", 1, 4096, 8, "sums that the gradient comes in, each a leaf")

#define PARAMS_MAX ((uint64_t)1 << 26)

static uint64_t params(const uint64_t *arg, uint64_t hidden)
{
    uint64_t f = arg[OG_LEARN_FEATURES], c = arg[OG_LEARN_CLASSES];
    return hidden ? (f + 1) * hidden + (hidden + 1) * c : (f + 1) * c;
}

static enum og_rc base_shape(const uint64_t *arg, uint64_t hidden, struct og_kernel_shape *out,
                             struct og_err *err)
{
    uint64_t rows = arg[OG_LEARN_ROWS], n = params(arg, hidden);
    if (n > PARAMS_MAX)
        return og_err_set(err, OG_E_DATA, "%llu parameters are more than %llu",
                          (unsigned long long)n, (unsigned long long)PARAMS_MAX);
    *out = (struct og_kernel_shape){
        .n_in = 3,
        .n_out = 1,
        .in_bytes = {4 * n, rows * arg[OG_LEARN_FEATURES], rows},
        .out_bytes = {4 * n},
        .leaf_bytes = {4 * n},
        .work_mflop = og_muldiv_up(4 * n, rows, 1000000),
        .automatic = OG_VERIFY_EXACT,
    };
    return OG_OK;
}

static enum og_rc sums_shape(const uint64_t *arg, uint64_t hidden, struct og_kernel_shape *out,
                             struct og_err *err)
{
    uint64_t parts = arg[OG_LEARN_PARTS];
    OG_TRY(base_shape(arg, hidden, out, err));
    if (parts > arg[OG_LEARN_ROWS])
        return og_err_set(err, OG_E_DATA, "'parts' must be at most 'rows'");
    out->leaf_bytes[0] += 8; /* loss, right */
    out->out_bytes[0] = parts * out->leaf_bytes[0];
    return OG_OK;
}

static enum og_rc softmax_shape(const uint64_t *arg, struct og_kernel_shape *out,
                                struct og_err *err)
{
    return sums_shape(arg, 0, out, err);
}

static enum og_rc mlp_shape(const uint64_t *arg, struct og_kernel_shape *out, struct og_err *err)
{
    return sums_shape(arg, arg[OG_LEARN_HIDDEN], out, err);
}

static enum og_rc sgd_shape(const uint64_t *arg, struct og_kernel_shape *out, struct og_err *err)
{
    return base_shape(arg, arg[OG_SGD_HIDDEN], out, err);
}

const struct og_kernel_def og_kernel_softmax = {
    .name = "softmax",
    .what = "gradient of softmax regression over labelled rows, in sums over parts of them",
    .arg = {ROWS, FEATURES, CLASSES, PARTS},
    .in_name = {"parameters", "rows", "labels"},
    .out_name = {"sums"},
    .shape = softmax_shape,
};

const struct og_kernel_def og_kernel_mlp = {
    .name = "mlp",
    .what = "gradient of a network with one hidden layer, in sums over parts of the rows",
    .arg = {ROWS, FEATURES, CLASSES, PARTS, NUMBER("hidden", 1, 4096, "hidden units")},
    .in_name = {"parameters", "rows", "labels"},
    .out_name = {"sums"},
    .shape = mlp_shape,
};

const struct og_kernel_def og_kernel_sgd = {
    .name = "sgd",
    .what = "descends over labelled rows in their order, a batch a step",
    .arg = {ROWS, FEATURES, CLASSES,
            NUMBER_OR("hidden", 0, 4096, 0, "hidden units; 0: softmax regression"),
            NUMBER_OR("batch", 1, 1 << 24, 100, "rows of a step"),
            NUMBER_OR("rate_ppm", 0, 1000000000, 10000, "step, in millionths")},
    .in_name = {"parameters", "rows", "labels"},
    .out_name = {"parameters"},
    .shape = sgd_shape,
};
