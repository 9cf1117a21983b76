/* exec_product.h - built-in kernels on the CPU: matrix products over raw little-endian matrices. */
#ifndef OG_EXEC_PRODUCT_H
#define OG_EXEC_PRODUCT_H

#include <stdint.h>

enum og_product_type { OG_PRODUCT_F32, OG_PRODUCT_I32 };

/* C (m x n) = A (m x k) * B (k x n), row-major. f32: 4-byte floats throughout, sums in chains of at
 * most 512 terms. i32: 4-byte integers in, exact 8-byte integers out, the same on every machine. */
struct og_product {
    enum og_product_type type;
    uint32_t m;
    uint32_t n;
    uint32_t k;
};

uint64_t og_product_a_bytes(const struct og_product *k);
uint64_t og_product_b_bytes(const struct og_product *k);
uint64_t og_product_c_bytes(const struct og_product *k);

/* All of C, in this process, on `threads` threads. Buffers of exactly the sizes above, aligned to
 * their elements. i32: modulo 2^64; check_gemm.h says when that cannot happen. */
void og_product_run(const struct og_product *p, const void *a, const void *b, void *c,
                    unsigned threads);
/* As og_product_run, but always by the own kernel, never OpenBLAS. */
void og_product_run_own(const struct og_product *p, const void *a, const void *b, void *c,
                        unsigned threads);
/* Rows first .. first + count - 1 of C into c (count * n elements), by the own kernel; within m. */
void og_product_rows(const struct og_product *p, const void *a, const void *b, uint64_t first,
                     uint64_t count, void *c);
/* "openblas", "avx512", "avx2" or "portable": what og_product_run uses for this type here. */
const char *og_product_backend(enum og_product_type type);

#endif
