/* run_cu.h - the three libraries of CUDA, opened at run time. */
#ifndef OG_CUDA_RUN_CU_H
#define OG_CUDA_RUN_CU_H

#include "exec/exec_cu.h"

#include <stdbool.h>
#include <stddef.h>

#define OG_CU_WHY_MAX 256

/* False: it is not to be had, and why says so in one sentence. path, when not NULL: a named file
 * instead of the usual names; real (may be NULL): where the library lies. */
bool og_cu_open_driver(struct og_cu_driver *out, char why[OG_CU_WHY_MAX]);
bool og_cu_open_nvrtc(const char *path, struct og_cu_nvrtc *out, char *real, size_t max,
                      char why[OG_CU_WHY_MAX]);
bool og_cu_open_nvml(struct og_cu_nvml *out, char why[OG_CU_WHY_MAX]);

#endif
