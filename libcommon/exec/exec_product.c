/* exec_product.c - matrix products cut into rows for threads. */
#include "exec/exec_product.h"

#include "base/base_mem.h"
#include "exec/exec_blas.h"
#include "exec/exec_kernel_int.h"
#include "exec/exec_matmul.h"

#include <stdlib.h>

#define THREADS_MAX 1024

uint64_t og_product_a_bytes(const struct og_product *k)
{
    return 4 * (uint64_t)k->m * k->k;
}

uint64_t og_product_b_bytes(const struct og_product *k)
{
    return 4 * (uint64_t)k->k * k->n;
}

static uint64_t c_size(const struct og_product *k)
{
    return k->type == OG_PRODUCT_I32 ? 8 : 4;
}

uint64_t og_product_c_bytes(const struct og_product *k)
{
    return c_size(k) * k->m * k->n;
}

const char *og_product_backend(enum og_product_type type)
{
    if (type == OG_PRODUCT_F32 && og_blas_load())
        return "openblas";
    if (type == OG_PRODUCT_F32 && og_matmul_has_avx512())
        return "avx512";
    return og_matmul_has_avx2() ? "avx2" : "portable";
}

/* Rows first .. first + count - 1 on this thread. */
struct part {
    const struct og_product *k;
    const void *a;
    const void *b;
    void *c; /* of row `first` */
    uint64_t first;
    uint64_t count;
    bool blas;
};

static void multiply(void *arg)
{
    const struct part *p = arg;
    const struct og_product *k = p->k;
    switch (k->type) {
    case OG_PRODUCT_F32: {
        const float *a = (const float *)p->a + p->first * k->k;
        if (p->blas)
            og_blas_gemm_f32(p->count, k->n, k->k, a, p->b, p->c);
        else
            og_matmul_f32(p->count, k->n, k->k, a, p->b, p->c);
        break;
    }
    case OG_PRODUCT_I32:
        og_matmul_i32(p->count, k->n, k->k, (const int32_t *)p->a + p->first * k->k, p->b, p->c);
        break;
    }
}

static void run_parts(const struct og_product *k, const void *a, const void *b, void *c,
                      unsigned threads, bool blas)
{
    threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    if (threads > k->m)
        threads = k->m;
    struct part *part = og_xcalloc(threads, sizeof *part);
    for (unsigned t = 0; t < threads; t++) {
        uint64_t first = (uint64_t)k->m * t / threads, end = (uint64_t)k->m * (t + 1) / threads;
        char *rows = (char *)c + first * k->n * c_size(k);
        part[t] = (struct part){k, a, b, rows, first, end - first, blas};
    }
    og_kernel_threads(multiply, part, sizeof *part, threads);
    free(part);
}

void og_product_run(const struct og_product *p, const void *a, const void *b, void *c,
                    unsigned threads)
{
    run_parts(p, a, b, c, threads, p->type == OG_PRODUCT_F32 && og_blas_load());
}

void og_product_run_own(const struct og_product *p, const void *a, const void *b, void *c,
                        unsigned threads)
{
    run_parts(p, a, b, c, threads, false);
}

void og_product_rows(const struct og_product *p, const void *a, const void *b, uint64_t first,
                     uint64_t count, void *c)
{
    struct part part = {p, a, b, c, first, count, false};
    if (count)
        multiply(&part);
}
