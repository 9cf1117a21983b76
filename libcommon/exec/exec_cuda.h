/* exec_cuda.h - runs a user's CUDA kernel: compiled in the sandbox, on a GPU or on this CPU. */
#ifndef OG_EXEC_CUDA_H
#define OG_EXEC_CUDA_H

#include "base/base_err.h"
#include "exec/exec_job.h"
#include "model/model_cuda.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define OG_CUDA_COMPILE_MS  120000
#define OG_CUDA_COMPILE_MEM ((uint64_t)2 << 30)
#define OG_CUDA_EXIT_SOURCE 65  /* the source does not compile, or does not fit its parameters */
#define OG_CUDA_EXIT_ABORT  134 /* barrier that diverges, trap, failed assertion */
#define OG_CUDA_EXIT_FAULT  139 /* memory out of bounds */

enum og_cuda_where {
    OG_CUDA_AUTO, /* on a GPU where one is to be had with a compiler for it, else on the CPU */
    OG_CUDA_CPU,
    OG_CUDA_GPU,
};

struct og_cuda_run {
    const struct og_cuda *cuda;
    const char *dir; /* absolute; a folder of ours for the runner, headers, compiled kernels */
    enum og_cuda_where where;
    const char
        *gpu; /* UUID of the one to use; NULL: as CUDA_VISIBLE_DEVICES has it, else the first */
    uint64_t index;       /* number of the element; cuda->parts 0 */
    const uint64_t *part; /* cuda->parts > 0: the parts to run, ascending */
    size_t n_part;
    /* A built-in kernel: its PTX (exec_cuda_res.h) on the GPU instead of a source; 0: none. where
     * is GPU then. */
    int ptx;
};

/* Can kernels run here at all? OG_E_UNAVAILABLE with one sentence naming what is missing. The
 * compiler's name goes to cxx ("" on a GPU); may be NULL. */
enum og_rc og_exec_cuda_probe(enum og_cuda_where where, const char **cxx,
                              struct og_err *err) OG_MUST_CHECK;

/* job: in (source, files of the parameters, other files that the source includes), limit_ms (of an
 * element; compiling has its own limits), mem_bytes, out_bytes_max, cores, sandbox, uid, scratch,
 * blob_dir, fsync, stdout_fd, stderr_fd; argv, env, out are unused. res: one result, or one for
 * each of run->part in their order, each to be released; outs in the order of the parameters that
 * write. With parts, outs are patches, and what kernels print goes to stderr_fd only.
 * A source that does not compile is exit 65 with the compiler's words as stderr. OG_OK when every
 * res says how it ended (why DONE, TIME, MEMORY, OUTPUT, STOPPED); else as og_exec_run. */
enum og_rc og_exec_cuda(const struct og_job *job, const struct og_cuda_run *run,
                        struct og_job_result *res, const volatile sig_atomic_t *stop,
                        struct og_err *err) OG_MUST_CHECK;

#endif
