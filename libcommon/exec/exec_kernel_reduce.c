/* exec_kernel_reduce.c - the kernel reduce: a sum tree over parts of rows, by exec_reduce.h. */
#include "check/check_kernel_defs.h"
#include "check/check_sumtree.h"
#include "exec/exec_kernel_int.h"
#include "exec/exec_kernel_tree.h"
#include "exec/exec_reduce.h"

static struct og_reduce reduce_of(const struct og_kernel *k, const void *const *in)
{
    return (struct og_reduce){
        .rows = k->arg[OG_REDUCE_ROWS],
        .columns = (uint32_t)k->arg[OG_REDUCE_COLUMNS],
        .part = (uint32_t)k->arg[OG_REDUCE_PART],
        .i32 = k->arg[OG_REDUCE_TYPE] == OG_REDUCE_I32,
        .x = in[0],
        .w = k->arg[OG_REDUCE_WEIGHTS] ? in[1] : NULL,
    };
}

static void part(const void *ctx, uint64_t i, void *node)
{
    og_reduce_part(ctx, i, node);
}

static void add(const void *ctx, const void *a, const void *b, void *sum)
{
    og_reduce_add(ctx, a, b, sum);
}

static struct og_tree tree_of(const struct og_reduce *r)
{
    return (struct og_tree){(r->rows + r->part - 1) / r->part, 16 * (size_t)r->columns, r, part,
                            add};
}

static enum og_rc values(const struct og_kernel *k, const void *const *in, struct og_err *err)
{
    const struct og_reduce r = reduce_of(k, in);
    enum og_rc rc = og_reduce_weights(&r, err);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "kernel 'reduce'");
}

static enum og_rc run(const struct og_kernel *k, const void *const *in, void *const *out,
                      unsigned threads, struct og_err *err)
{
    const struct og_reduce r = reduce_of(k, in);
    const struct og_tree t = tree_of(&r);
    (void)err;
    og_tree_run(&t, out[0], threads);
    return OG_OK;
}

static enum og_rc leaf(const struct og_kernel *k, const void *const *in, uint64_t i, void *to,
                       void **memo, struct og_err *err)
{
    const struct og_reduce r = reduce_of(k, in);
    const struct og_tree t = tree_of(&r);
    (void)memo;
    (void)err;
    og_tree_node(&t, i, to);
    return OG_OK;
}

static enum og_rc vote(const struct og_kernel *k, const void *const *in, const void *const *out,
                       const struct og_hash *seed, uint64_t samples, enum og_vote *found,
                       struct og_err *err)
{
    const struct og_reduce r = reduce_of(k, in);
    const struct og_tree t = tree_of(&r);
    (void)err;
    *found = og_tree_vote(&t, out[0], seed, samples);
    return OG_OK;
}

static const char *backend(void)
{
    return "portable";
}

static bool plan(const struct og_kernel *k, struct og_cuda *c)
{
    bool i32 = k->arg[OG_REDUCE_TYPE] == OG_REDUCE_I32, weights = k->arg[OG_REDUCE_WEIGHTS];
    uint64_t rows = k->arg[OG_REDUCE_ROWS], part = k->arg[OG_REDUCE_PART];
    uint64_t columns = k->arg[OG_REDUCE_COLUMNS], parts = (rows + part - 1) / part;
    og_plan_open(c, "reduce", parts, (columns + 255) / 256, 256);
    og_plan_in(c, 0, 4);
    if (weights)
        og_plan_in(c, 1, 8);
    else
        og_plan_tmp(c, 8, 1);
    og_plan_out(c, k, 0, 8);
    og_plan_tmp(c, 4, 1); /* blocks that ended */
    og_plan_u64(c, rows);
    og_plan_u64(c, og_sumtree_place(parts, 0, 0));
    og_plan_u32(c, columns);
    og_plan_u32(c, part);
    og_plan_u32(c, i32);
    og_plan_u32(c, weights);
    return true;
}

const struct og_kernel_ops og_kernel_ops_reduce = {
    .def = &og_kernel_reduce,
    .values = values,
    .run = run,
    .leaf = leaf,
    .vote = vote,
    .backend = backend,
    .ptx = OG_CUDA_RES_REDUCE,
    .plan = plan,
};
