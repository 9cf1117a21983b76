/* exec_blas.h - OpenBLAS, when this machine has it, loaded when first asked for. */
#ifndef OG_EXEC_BLAS_H
#define OG_EXEC_BLAS_H

#include <stdbool.h>
#include <stddef.h>

bool og_blas_load(void);
/* As og_matmul_f32, on one thread of its own making; only after og_blas_load() said true. */
void og_blas_gemm_f32(size_t m, size_t n, size_t k, const float *a, const float *b, float *c);

#endif
