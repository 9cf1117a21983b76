/* exec_kernel.h - built-in kernels on the CPU: matrix products over raw little-endian matrices. */
#ifndef OG_EXEC_KERNEL_H
#define OG_EXEC_KERNEL_H

#include "base/base_err.h"
#include "exec/exec_job.h"

#include <jansson.h>
#include <signal.h>
#include <stdint.h>

#define OG_KERNEL_DIM_MAX 65536

enum og_kernel_type { OG_KERNEL_F32, OG_KERNEL_I32 };

/* C (m x n) = A (m x k) * B (k x n), row-major. f32: 4-byte floats throughout, sums in chains of at
 * most 512 terms. i32: 4-byte integers in, exact 8-byte integers out, the same on every machine. */
struct og_kernel {
    enum og_kernel_type type;
    uint32_t m;
    uint32_t n;
    uint32_t k;
};

/* name: "gemm"; args: {"m":, "n":, "k":, "type":"f32"|"i32"} with whole numbers (or their decimal
 * text) 1..OG_KERNEL_DIM_MAX; type "f32" when absent. OG_E_DATA otherwise. */
enum og_rc og_kernel_parse(const char *name, const json_t *args, struct og_kernel *out,
                           struct og_err *err) OG_MUST_CHECK;

uint64_t og_kernel_work_mflop(const struct og_kernel *k); /* ceil(2mnk / 10^6) */
uint64_t og_kernel_a_bytes(const struct og_kernel *k);
uint64_t og_kernel_b_bytes(const struct og_kernel *k);
uint64_t og_kernel_c_bytes(const struct og_kernel *k);

/* All of C, in this process, on `threads` threads. Buffers of exactly the sizes above, aligned to
 * their elements. OG_E_DATA for i32 whose sums could reach 2^60 (max|a| * max|b| * k). */
enum og_rc og_kernel_run(const struct og_kernel *k, const void *a, const void *b, void *c,
                         unsigned threads, struct og_err *err) OG_MUST_CHECK;
/* Rows first .. first + count - 1 of C into c (count * n elements), by the own kernel. */
enum og_rc og_kernel_rows(const struct og_kernel *k, const void *a, const void *b, uint64_t first,
                          uint64_t count, void *c, struct og_err *err) OG_MUST_CHECK;

/* As og_kernel_run, but always by the own kernel, never OpenBLAS. */
enum og_rc og_kernel_run_own(const struct og_kernel *k, const void *a, const void *b, void *c,
                             unsigned threads, struct og_err *err) OG_MUST_CHECK;
/* "openblas", "avx2" or "portable": what og_kernel_run uses for this type here. */
const char *og_kernel_backend(enum og_kernel_type type);

/* The job of a worker: in[0] and in[1] are A and B, out[0] names C (n_out 0 or 1: "C" when 0). Runs
 * in a child process under limit_ms; the result is like og_exec_run's (exit 0, outs[0], empty
 * streams; exit 65 and the sentence on stderr when sizes or values do not fit). argv, env, sandbox
 * unused. */
enum og_rc og_exec_kernel(const struct og_job *job, const struct og_kernel *k,
                          struct og_job_result *out, const volatile sig_atomic_t *stop,
                          struct og_err *err) OG_MUST_CHECK;

#endif
