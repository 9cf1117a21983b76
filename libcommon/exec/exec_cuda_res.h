/* exec_cuda_res.h - what CUDA jobs need beside them, held inside our own programs. */
#ifndef OG_EXEC_CUDA_RES_H
#define OG_EXEC_CUDA_RES_H

#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct og_cuda_res {
    const char *name; /* of the file */
    const uint8_t *p;
    size_t n;
    bool executable;
};

/* The runner (cuda/run), the headers of cuda/shim, the built-in kernels as PTX. */
enum og_cuda_res_id {
    OG_CUDA_RES_RUN,
    OG_CUDA_RES_SHIM,
    OG_CUDA_RES_HALF,
    OG_CUDA_RES_CLIMATE,
    OG_CUDA_RES_GEMM,
    OG_CUDA_RES_LEARN,
    OG_CUDA_RES_MOTION,
    OG_CUDA_RES_REDUCE,
    OG_CUDA_RES_COUNT
};
struct og_cuda_res og_cuda_res(enum og_cuda_res_id id);

/* All of them as files below dir, in a folder named by their content, written when missing.
 * path[id]: the caller frees each. */
enum og_rc og_cuda_res_files(const char *dir, char *path[OG_CUDA_RES_COUNT],
                             struct og_err *err) OG_MUST_CHECK;

#endif
