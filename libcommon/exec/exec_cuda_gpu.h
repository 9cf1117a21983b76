/* exec_cuda_gpu.h - the GPUs of this machine, and kernels compiled for them with NVRTC. */
#ifndef OG_EXEC_CUDA_GPU_H
#define OG_EXEC_CUDA_GPU_H

#include "base/base_buf.h"
#include "base/base_err.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_GPU_UNKNOWN UINT64_MAX /* the driver or NVML did not tell */

#define OG_GPU_PROCS_MAX 64
struct og_gpu_proc {
    uint64_t pid, mem_bytes; /* mem_bytes 0: not known */
};

struct og_gpu {
    uint64_t ordinal; /* the driver's */
    char name[128], uuid[64];
    uint64_t mem_bytes, mem_used_bytes;
    uint64_t cc_major, cc_minor, sms, clock_khz;
    uint64_t ecc, mig; /* 0 off, 1 on */
    uint64_t throttle; /* bits OG_CU_REASONS of exec_cu.h */
    uint64_t temperature_c, power_mw, busy_percent;
    uint64_t minor;                            /* of /dev/nvidiaN */
    struct og_gpu_proc proc[OG_GPU_PROCS_MAX]; /* that compute on it now; og_gpu_watch only */
    size_t n_procs;
};

struct og_gpu_list {
    struct og_gpu *gpu;
    size_t n;
    char no_gpu[256]; /* why there is none; "" else */
    char no_nvml[256], no_nvrtc[256];
    char driver[64]; /* of NVML: "570.86.10" */
    uint64_t cuda;   /* what the driver supports: 12080 is 12.8; 0: no driver */
    char nvrtc[512]; /* path */
    char nvrtc_version[32];
};

/* Asks the driver in a process of its own, which is ended after 30 s: a driver that hangs or
 * crashes does us no harm. A machine without GPU is no error. Release the list in every case.
 * $OGPU_LIBCUDA, $OGPU_LIBNVRTC, $OGPU_LIBNVML name other libraries. */
enum og_rc og_gpu_list(struct og_gpu_list *out, struct og_err *err) OG_MUST_CHECK;
void og_gpu_list_release(struct og_gpu_list *l);
/* Asked once for this process; never NULL. Thread-safe. */
const struct og_gpu_list *og_gpu_known(void);
/* NVML's figures, every ms, as text to fd (see og_gpu_list_parse; "end N" ends a look), from a
 * process of its own; comes back when *stop becomes non-zero or when there is no NVML. */
enum og_rc og_gpu_watch(uint64_t ms, int fd, const volatile sig_atomic_t *stop,
                        struct og_err *err) OG_MUST_CHECK;
/* Reads what the runner says ("KEY VALUE" lines); unknown keys are passed over. */
void og_gpu_list_parse(const char *text, size_t n, struct og_gpu_list *out);

/* "NAME=VALUE" of the variables that CUDA's libraries and the runner read, NULL-terminated. gpu:
 * UUID of the one that is to be visible, or NULL. */
#define OG_CUDA_ENV_MAX 8
size_t og_cuda_gpu_env(const char *gpu, const char **env, char *text, size_t max);

/* Appended before a source whose grid runs in parts: blockIdx and gridDim are those of the whole
 * grid while a launch covers a run of its blocks. */
void og_cuda_gpu_prologue(struct og_buf *out);

#endif
