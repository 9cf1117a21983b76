/* exec_kernel_gpu.h - built-in kernels on a GPU: our PTX, made fit by the driver, by the runner. */
#ifndef OG_EXEC_KERNEL_GPU_H
#define OG_EXEC_KERNEL_GPU_H

#include "exec/exec_cuda.h"
#include "exec/exec_kernel.h"

/* The kernel as CUDA source would have it: entry, grid, block, parameters; inputs are the files
 * "in0", .., outputs "out0", .. False: the kernel has no such form for these arguments. Release
 * with og_cuda_release in both cases. */
bool og_kernel_plan(const struct og_kernel *k, struct og_cuda *out);

/* Where: as in struct og_cuda_run. */
struct og_kernel_place {
    enum og_cuda_where where;
    const char *dir, *gpu;
};

/* As og_exec_kernel, on a GPU. OG_E_UNAVAILABLE: there is none, it does not hold the files, it
 * fails, or the arguments do not suit it. */
enum og_rc og_exec_kernel_gpu(const struct og_job *job, const struct og_kernel *k,
                              const struct og_kernel_place *place, struct og_job_result *out,
                              const volatile sig_atomic_t *stop, struct og_err *err) OG_MUST_CHECK;
/* There unless where is CPU, and where that cannot be had by og_exec_kernel. */
enum og_rc og_exec_kernel_where(const struct og_job *job, const struct og_kernel *k,
                                const struct og_kernel_place *place, struct og_job_result *out,
                                const volatile sig_atomic_t *stop,
                                struct og_err *err) OG_MUST_CHECK;

#endif
