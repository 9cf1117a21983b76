/* exec_cuda_source.h - a user's CUDA source made ready for the C++ compiler of a CPU. */
#ifndef OG_EXEC_CUDA_SOURCE_H
#define OG_EXEC_CUDA_SOURCE_H

#include "base/base_buf.h"

#include <stdbool.h>

/* Appends the source as the shim (cuda/shim) needs it: `extern __shared__ T name[];` becomes a
 * pointer to the runner's shared memory, lines that include CUDA's own headers become empty. Line
 * numbers stay. *fibers: the text names something for which threads of a block wait for each other
 * (a barrier, a shuffle, a vote); comments and strings do not count. */
void og_cuda_source(const char *text, size_t n, struct og_buf *out, bool *fibers);

#endif
