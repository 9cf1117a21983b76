/* exec_kernel_int.h - how each built-in kernel computes: the rows of the table in exec_kernel.c. */
#ifndef OG_EXEC_KERNEL_INT_H
#define OG_EXEC_KERNEL_INT_H

#include "exec/exec_kernel.h"

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
};

extern const struct og_kernel_ops og_kernel_ops_climate, og_kernel_ops_gemm, og_kernel_ops_mlp,
    og_kernel_ops_motion, og_kernel_ops_reduce, og_kernel_ops_sgd, og_kernel_ops_softmax;

/* Runs part 0..n - 1, each on a thread of its own where there are threads (the first on this one).
 */
void og_kernel_threads(void (*fn)(void *part), void *parts, size_t size, unsigned n);

#endif
