/* exec_kernel_learn.c - the kernels softmax, mlp and sgd, by exec_learn.h. */
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_kernel_defs.h"
#include "exec/exec_kernel_int.h"
#include "exec/exec_learn.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 64 /* rows of a chain of sums; blocks are added as a tree */

static struct og_learn learn_of(const struct og_kernel *k)
{
    uint64_t hidden = k->def == &og_kernel_mlp   ? k->arg[OG_LEARN_HIDDEN]
                      : k->def == &og_kernel_sgd ? k->arg[OG_SGD_HIDDEN]
                                                 : 0;
    return (struct og_learn){(uint32_t)k->arg[OG_LEARN_FEATURES], (uint32_t)hidden,
                             (uint32_t)k->arg[OG_LEARN_CLASSES]};
}

static enum og_rc values(const struct og_kernel *k, const void *const *in, struct og_err *err)
{
    const struct og_learn l = learn_of(k);
    const struct og_learn_rows r = {in[1], in[2], (uint32_t)k->arg[OG_LEARN_ROWS]};
    OG_TRY(og_learn_check(&l, err));
    return og_learn_labels(&l, &r, err);
}

/* The sum over part i of the rows. */
static void sum(const struct og_kernel *k, const void *const *in, uint64_t i, float *to)
{
    const struct og_learn l = learn_of(k);
    uint64_t rows = k->arg[OG_LEARN_ROWS], parts = k->arg[OG_LEARN_PARTS];
    uint64_t from = rows * i / parts, n = rows * (i + 1) / parts - from;
    const struct og_learn_rows r = {(const uint8_t *)in[1] + from * l.features,
                                    (const uint8_t *)in[2] + from, (uint32_t)n};
    og_learn_sum(&l, &r, in[0], BLOCK, 0, (uint32_t)((n + BLOCK - 1) / BLOCK), to);
}

/* Parts first, first + step, ... */
struct share {
    const struct og_kernel *k;
    const void *const *in;
    char *out;
    uint64_t first, step;
};

static void some_sums(void *arg)
{
    struct share *s = arg;
    for (uint64_t i = s->first; i < s->k->arg[OG_LEARN_PARTS]; i += s->step)
        sum(s->k, s->in, i, (float *)(void *)(s->out + i * s->k->shape.leaf_bytes[0]));
}

static enum og_rc sums_run(const struct og_kernel *k, const void *const *in, void *const *out,
                           unsigned threads, struct og_err *err)
{
    unsigned used = (unsigned)og_min_u64(threads ? threads : 1, k->arg[OG_LEARN_PARTS]);
    struct share *s = og_xcalloc(used, sizeof *s);
    (void)err;
    for (unsigned t = 0; t < used; t++)
        s[t] = (struct share){k, in, out[0], t, used};
    og_kernel_threads(some_sums, s, sizeof *s, used);
    free(s);
    return OG_OK;
}

static enum og_rc sums_leaf(const struct og_kernel *k, const void *const *in, uint64_t leaf,
                            void *to, void **memo, struct og_err *err)
{
    (void)memo;
    (void)err;
    sum(k, in, leaf, to);
    return OG_OK;
}

static void descend(const struct og_kernel *k, const void *const *in, float *to)
{
    const struct og_learn l = learn_of(k);
    const struct og_learn_rows r = {in[1], in[2], (uint32_t)k->arg[OG_LEARN_ROWS]};
    float score[2];
    memcpy(to, in[0], (size_t)k->shape.out_bytes[0]);
    og_learn_descend(&l, &r, (uint32_t)k->arg[OG_SGD_BATCH],
                     (float)k->arg[OG_SGD_RATE_PPM] / 1000000.0f, to, score);
}

static enum og_rc sgd_run(const struct og_kernel *k, const void *const *in, void *const *out,
                          unsigned threads, struct og_err *err)
{
    (void)threads;
    (void)err;
    descend(k, in, out[0]);
    return OG_OK;
}

static enum og_rc sgd_leaf(const struct og_kernel *k, const void *const *in, uint64_t leaf,
                           void *to, void **memo, struct og_err *err)
{
    (void)leaf;
    (void)memo;
    (void)err;
    descend(k, in, to);
    return OG_OK;
}

static const char *backend(void)
{
    return og_learn_has_avx2() ? "avx2" : "portable";
}

static bool plan(const struct og_kernel *k, struct og_cuda *c)
{
    const struct og_learn l = learn_of(k);
    uint64_t rows = k->arg[OG_LEARN_ROWS], parts = k->arg[OG_LEARN_PARTS];
    uint64_t chunks = (og_learn_node(&l) + 255) / 256, hidden = l.hidden ? rows * l.hidden : 1;
    og_plan_open(c, "learn", (rows + BLOCK - 1) / BLOCK + parts * chunks, 1, 256);
    og_plan_in(c, 0, 4);
    og_plan_in(c, 1, 1);
    og_plan_in(c, 2, 1);
    og_plan_out(c, k, 0, 4);
    og_plan_tmp(c, 4, rows * l.classes);
    og_plan_tmp(c, 4, hidden);
    og_plan_tmp(c, 4, hidden);
    og_plan_tmp(c, 4, 2 * rows);
    og_plan_tmp(c, 4, 2); /* tickets */
    const uint64_t rest[] = {rows, l.features, l.hidden, l.classes, parts};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        og_plan_u32(c, rest[i]);
    return true;
}

const struct og_kernel_ops og_kernel_ops_softmax = {
    .def = &og_kernel_softmax,
    .values = values,
    .run = sums_run,
    .leaf = sums_leaf,
    .backend = backend,
    .ptx = OG_CUDA_RES_LEARN,
    .plan = plan,
};

const struct og_kernel_ops og_kernel_ops_mlp = {
    .def = &og_kernel_mlp,
    .values = values,
    .run = sums_run,
    .leaf = sums_leaf,
    .backend = backend,
    .ptx = OG_CUDA_RES_LEARN,
    .plan = plan,
};

const struct og_kernel_ops og_kernel_ops_sgd = {
    .def = &og_kernel_sgd,
    .values = values,
    .run = sgd_run,
    .leaf = sgd_leaf,
    .backend = backend,
};
