/* exec_cuda_build.h - from a CUDA source to a module that the runner starts, kept for next time. */
#ifndef OG_EXEC_CUDA_BUILD_H
#define OG_EXEC_CUDA_BUILD_H

#include "exec/exec_cuda.h"
#include "exec/exec_cuda_res.h"

/* What a build is made with and gives. */
struct og_cuda_build {
    char *tool[OG_CUDA_RES_COUNT]; /* paths of the runner and headers */
    char *module;                  /* path of the compiled kernel; NULL: it did not compile */
    bool gpu;
};

/* Compiles, or finds compiled. Where the source is at fault: OG_OK, module NULL, and failed holds
 * exit 65 and the compiler's words. failed is a result in every case. */
enum og_rc og_cuda_build(const struct og_job *job, const struct og_cuda_run *run,
                         struct og_cuda_build *out, struct og_job_result *failed,
                         const volatile sig_atomic_t *stop, struct og_err *err) OG_MUST_CHECK;
void og_cuda_build_release(struct og_cuda_build *b);
/* text, cut to what a stream holds inline, becomes the stream. */
enum og_rc og_cuda_say(const struct og_job *job, struct og_job_stream *s, const char *text,
                       size_t n, struct og_err *err) OG_MUST_CHECK;
/* The C++ compiler of this machine, as jobs see it; NULL: there is none. */
const char *og_cuda_compiler(void);

#endif
