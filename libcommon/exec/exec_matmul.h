/* exec_matmul.h - matrix products on one core: packed panels, register blocks, a portable fallback.
 */
#ifndef OG_EXEC_MATMUL_H
#define OG_EXEC_MATMUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* C (m x n) = A (m x k) * B (k x n), row-major, leading dimensions k, n and n. f32: each element
 * sums k in blocks of 256 by rising index, block after block, by fused multiply-add where the
 * processor has it (AVX2 and AVX-512 give the same bits); the result of a row does not depend on m
 * or on the other rows. */
void og_matmul_f32(size_t m, size_t n, size_t k, const float *a, const float *b, float *c);
/* Modulo 2^64. */
void og_matmul_i32(size_t m, size_t n, size_t k, const int32_t *a, const int32_t *b, int64_t *c);
bool og_matmul_has_avx2(void);
bool og_matmul_has_avx512(void);
/* For tests: never use AVX2, or AVX-512, in this process. */
void og_matmul_force_portable(bool on);
void og_matmul_force_narrow(bool on);

#endif
