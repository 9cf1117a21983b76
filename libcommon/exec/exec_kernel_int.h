/* exec_kernel_int.h - how each built-in kernel computes: the rows of the table in exec_kernel.c. */
#ifndef OG_EXEC_KERNEL_INT_H
#define OG_EXEC_KERNEL_INT_H

#include "exec/exec_cuda_res.h"
#include "exec/exec_kernel.h"
#include "model/model_cuda.h"

struct og_kernel_ops {
    const struct og_kernel_def *def;
    /* Whether the values of the inputs are legal; NULL: all are. */
    enum og_rc (*values)(const struct og_kernel *k, const void *const *in, struct og_err *err);
    enum og_rc (*run)(const struct og_kernel *k, const void *const *in, void *const *out,
                      unsigned threads, struct og_err *err);
    /* One leaf alone, its bytes to `to`, the bits of run's. Called for ascending leaves; *memo,
     * NULL at first, is the kernel's own from call to call, and `forget` frees it (NULL: there is
     * none). */
    enum og_rc (*leaf)(const struct og_kernel *k, const void *const *in, uint64_t leaf, void *to,
                       void **memo, struct og_err *err);
    void (*forget)(void *memo);
    /* NULL: by leaves. */
    enum og_rc (*vote)(const struct og_kernel *k, const void *const *in, const void *const *out,
                       const struct og_hash *seed, uint64_t samples, enum og_vote *vote,
                       struct og_err *err);
    const char *(*backend)(void);
    /* On a GPU: the module, and the launch: entry, grid, block and parameters, by og_plan_*. False:
     * these arguments are better off here. NULL: there is no such kernel. */
    enum og_cuda_res_id ptx;
    bool (*plan)(const struct og_kernel *k, struct og_cuda *out);
};

/* OG_E_DATA: values that the kernel does not take. */
enum og_rc og_kernel_values(const struct og_kernel *k, const void *const *in,
                            struct og_err *err) OG_MUST_CHECK;
/* Looks at a job's inputs: numbers, sizes, values. good false: they are none, and out is the
 * result, as og_exec_kernel would have it. */
enum og_rc og_kernel_inputs(const struct og_job *job, const struct og_kernel *k, bool *good,
                            struct og_job_result *out, struct og_err *err) OG_MUST_CHECK;
/* The table's row of a kernel; NULL: none. */
const struct og_kernel_ops *og_kernel_ops_of(const struct og_kernel_def *def);

/* Appends a parameter: input i, output i, space set to zero, a number. */
void og_plan_in(struct og_cuda *c, size_t i, uint32_t size);
void og_plan_out(struct og_cuda *c, const struct og_kernel *k, size_t i, uint32_t size);
void og_plan_tmp(struct og_cuda *c, uint32_t size, uint64_t count);
void og_plan_u32(struct og_cuda *c, uint64_t v);
void og_plan_u64(struct og_cuda *c, uint64_t v);
void og_plan_open(struct og_cuda *c, const char *entry, uint64_t grid_x, uint64_t grid_y,
                  uint32_t block);

extern const struct og_kernel_ops og_kernel_ops_climate, og_kernel_ops_gemm, og_kernel_ops_mlp,
    og_kernel_ops_motion, og_kernel_ops_reduce, og_kernel_ops_sgd, og_kernel_ops_softmax;

/* Runs part 0..n - 1, each on a thread of its own where there are threads (the first on this one).
 */
void og_kernel_threads(void (*fn)(void *part), void *parts, size_t size, unsigned n);

#endif
