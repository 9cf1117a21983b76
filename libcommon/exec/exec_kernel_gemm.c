/* exec_kernel_gemm.c - the kernel gemm: rows by exec_product.h, votes by Freivalds' check. */
#include "check/check_gemm.h"
#include "check/check_kernel_defs.h"
#include "check/check_result.h"
#include "exec/exec_kernel_int.h"
#include "exec/exec_product.h"

static struct og_product product_of(const struct og_kernel *k)
{
    return (struct og_product){
        k->arg[OG_GEMM_TYPE] == OG_GEMM_I32 ? OG_PRODUCT_I32 : OG_PRODUCT_F32,
        (uint32_t)k->arg[OG_GEMM_M], (uint32_t)k->arg[OG_GEMM_N], (uint32_t)k->arg[OG_GEMM_K]};
}

static enum og_rc values(const struct og_kernel *k, const void *const *in, struct og_err *err)
{
    const struct og_product p = product_of(k);
    if (p.type == OG_PRODUCT_I32 && !og_gemm_i32_fits(in[0], in[1], p.m, p.n, p.k))
        return og_err_set(err, OG_E_DATA, "kernel 'gemm': sums of these values could reach 2^60");
    return OG_OK;
}

static enum og_rc run(const struct og_kernel *k, const void *const *in, void *const *out,
                      unsigned threads, struct og_err *err)
{
    const struct og_product p = product_of(k);
    (void)err;
    og_product_run(&p, in[0], in[1], out[0], threads);
    return OG_OK;
}

static enum og_rc leaf(const struct og_kernel *k, const void *const *in, uint64_t i, void *to,
                       void **memo, struct og_err *err)
{
    const struct og_product p = product_of(k);
    uint64_t first = i * OG_RESULT_ROWS_LEAF;
    (void)memo;
    (void)err;
    og_product_rows(&p, in[0], in[1], first,
                    p.m - first < OG_RESULT_ROWS_LEAF ? p.m - first : OG_RESULT_ROWS_LEAF, to);
    return OG_OK;
}

static enum og_rc vote(const struct og_kernel *k, const void *const *in, const void *const *out,
                       const struct og_hash *seed, uint64_t samples, enum og_vote *found,
                       struct og_err *err)
{
    const struct og_product p = product_of(k);
    (void)samples;
    if (k->arg[OG_GEMM_TYPE] == OG_GEMM_TF32)
        return og_gemm_tf32_check(in[0], in[1], out[0], p.m, p.n, p.k, seed, found, NULL, err);
    if (p.type == OG_PRODUCT_I32)
        return og_gemm_i32_check(in[0], in[1], out[0], p.m, p.n, p.k, seed, found, err);
    return og_gemm_f32_check(in[0], in[1], out[0], p.m, p.n, p.k, seed, found, NULL, err);
}

static const char *backend(void)
{
    return og_product_backend(OG_PRODUCT_F32);
}

static bool plan(const struct og_kernel *k, struct og_cuda *c)
{
    const struct og_product p = product_of(k);
    bool i32 = p.type == OG_PRODUCT_I32;
    uint32_t tile = i32 ? 64 : 128;
    bool tf32 = k->arg[OG_GEMM_TYPE] == OG_GEMM_TF32;
    og_plan_open(c,
                 i32    ? "gemm_i32"
                 : tf32 ? "gemm_tf32"
                        : "gemm_f32",
                 (p.n + tile - 1) / tile, (p.m + tile - 1) / tile, 256);
    og_plan_in(c, 0, 4);
    og_plan_in(c, 1, 4);
    og_plan_out(c, k, 0, i32 ? 8 : 4);
    og_plan_u32(c, p.m);
    og_plan_u32(c, p.n);
    og_plan_u32(c, p.k);
    return true;
}

const struct og_kernel_ops og_kernel_ops_gemm = {
    .def = &og_kernel_gemm,
    .values = values,
    .run = run,
    .leaf = leaf,
    .vote = vote,
    .backend = backend,
    .ptx = OG_CUDA_RES_GEMM,
    .plan = plan,
};
