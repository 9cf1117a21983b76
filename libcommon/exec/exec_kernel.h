/* exec_kernel.h - built-in kernels on this machine's processors: whole, leaf by leaf, as a job. */
#ifndef OG_EXEC_KERNEL_H
#define OG_EXEC_KERNEL_H

#include "base/base_err.h"
#include "check/check_judge.h"
#include "check/check_kernel.h"
#include "exec/exec_job.h"

#include <signal.h>

/* Inputs and outputs are buffers of exactly the sizes of k->shape, aligned to 8 bytes. */

/* All outputs, in this process, on at most `threads` threads. OG_E_DATA: values in the inputs that
 * the kernel does not take. */
enum og_rc og_kernel_run(const struct og_kernel *k, const void *const *in, void *const *out,
                         unsigned threads, struct og_err *err) OG_MUST_CHECK;
/* Hashes of n leaves, each computed alone; leaf: ascending. OG_E_DATA as above. */
enum og_rc og_kernel_again(const struct og_kernel *k, const void *const *in, const uint64_t *leaf,
                           size_t n, struct og_hash *hash, struct og_err *err) OG_MUST_CHECK;
/* Judges outputs: a product by Freivalds' check, else leaves drawn from the seed are computed again
 * (samples of them, 0: all) and compared. OG_E_DATA as above. */
enum og_rc og_kernel_vote(const struct og_kernel *k, const void *const *in, const void *const *out,
                          const struct og_hash *seed, uint64_t samples, enum og_vote *vote,
                          struct og_err *err) OG_MUST_CHECK;
/* What og_kernel_run uses here: "openblas", "avx512", "avx2", "portable". */
const char *og_kernel_backend(const struct og_kernel_def *def);

/* The job of a worker: the inputs, in order, and the names of the outputs (n_out 0: the kernel's
 * own). Runs in a child process under limit_ms; the result is like og_exec_run's (exit 0, outs,
 * empty streams; exit 65 and the sentence on stderr when sizes or values do not fit). argv, env,
 * sandbox unused. */
enum og_rc og_exec_kernel(const struct og_job *job, const struct og_kernel *k,
                          struct og_job_result *out, const volatile sig_atomic_t *stop,
                          struct og_err *err) OG_MUST_CHECK;

#endif
