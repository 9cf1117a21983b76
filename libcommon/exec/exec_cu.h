/* exec_cu.h - the parts of CUDA's driver, NVRTC and NVML that are used, declared by ourselves. */
#ifndef OG_EXEC_CU_H
#define OG_EXEC_CU_H

#include <stddef.h>
#include <stdint.h>

/* Nothing links to these libraries: each table makes a struct of function pointers that dlsym
 * fills (cuda/run/run_cu.c). X(needed, symbol, member, arguments): 1 the library is of no use
 * without it, 0 NULL where an older one lacks it. Symbols are those with 64-bit addresses (_v2);
 * numbers are of cuda.h, nvrtc.h and nvml.h, which name them as the comments do. */

typedef int og_cu_result; /* 0 is success in all three */

#define OG_CU_OOM         2   /* CUDA_ERROR_OUT_OF_MEMORY */
#define OG_CU_STUB        34  /* CUDA_ERROR_STUB_LIBRARY */
#define OG_CU_NO_DEVICE   100 /* CUDA_ERROR_NO_DEVICE */
#define OG_CU_BAD_PTX     218 /* CUDA_ERROR_INVALID_PTX */
#define OG_CU_NEW_PTX     222 /* CUDA_ERROR_UNSUPPORTED_PTX_VERSION */
#define OG_CU_NOT_FOUND   500 /* CUDA_ERROR_NOT_FOUND */
#define OG_CU_ADDRESS     700 /* CUDA_ERROR_ILLEGAL_ADDRESS */
#define OG_CU_RESOURCES   701 /* CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES */
#define OG_CU_ASSERT      710 /* CUDA_ERROR_ASSERT */
#define OG_CU_INSTRUCTION 715 /* CUDA_ERROR_ILLEGAL_INSTRUCTION */
#define OG_CU_MISALIGNED  716 /* CUDA_ERROR_MISALIGNED_ADDRESS */
#define OG_CU_LAUNCH      719 /* CUDA_ERROR_LAUNCH_FAILED */

#define OG_CU_ATTR_SMS       16 /* CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT */
#define OG_CU_ATTR_CC_MAJOR  75 /* CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR */
#define OG_CU_ATTR_CC_MINOR  76
#define OG_CU_ATTR_CLOCK     13 /* CU_DEVICE_ATTRIBUTE_CLOCK_RATE, kHz */
#define OG_CU_ATTR_ECC       32 /* CU_DEVICE_ATTRIBUTE_ECC_ENABLED */
#define OG_CU_FUNC_SHARED    8  /* CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES */
#define OG_CU_JIT_ERROR_LOG  5  /* CU_JIT_ERROR_LOG_BUFFER */
#define OG_CU_JIT_ERROR_SIZE 6  /* CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES */

typedef uintptr_t og_cu_ptr; /* CUdeviceptr */

#define OG_CU_DRIVER(X)                                                                            \
    X(1, "cuInit", init, (unsigned flags))                                                         \
    X(1, "cuDriverGetVersion", version, (int *out))                                                \
    X(1, "cuDeviceGetCount", count, (int *out))                                                    \
    X(1, "cuDeviceGet", device, (int *out, int ordinal))                                           \
    X(1, "cuDeviceGetName", name, (char *out, int max, int dev))                                   \
    X(0, "cuDeviceGetUuid_v2", uuid_v2, (uint8_t out[16], int dev))                                \
    X(0, "cuDeviceGetUuid", uuid, (uint8_t out[16], int dev))                                      \
    X(1, "cuDeviceTotalMem_v2", total_mem, (size_t * out, int dev))                                \
    X(1, "cuDeviceGetAttribute", attribute, (int *out, int which, int dev))                        \
    X(1, "cuDevicePrimaryCtxRetain", ctx_retain, (void **out, int dev))                            \
    X(1, "cuCtxSetCurrent", ctx_set, (void *ctx))                                                  \
    X(1, "cuCtxSynchronize", sync, (void))                                                         \
    X(1, "cuModuleLoadDataEx", load,                                                               \
      (void **out, const void *image, unsigned n, const int *options, void **values))              \
    X(1, "cuModuleGetFunction", function, (void **out, void *module, const char *name))            \
    X(1, "cuModuleGetGlobal_v2", global,                                                           \
      (og_cu_ptr * out, size_t * bytes, void *module, const char *name))                           \
    X(1, "cuMemAlloc_v2", alloc, (og_cu_ptr * out, size_t bytes))                                  \
    X(1, "cuMemFree_v2", free, (og_cu_ptr at))                                                     \
    X(1, "cuMemcpyHtoD_v2", to_device, (og_cu_ptr to, const void *from, size_t bytes))             \
    X(1, "cuMemcpyDtoH_v2", to_host, (void *to, og_cu_ptr from, size_t bytes))                     \
    X(1, "cuMemsetD8_v2", set, (og_cu_ptr at, unsigned char value, size_t n))                      \
    X(1, "cuLaunchKernel", launch,                                                                 \
      (void *fn, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,     \
       unsigned shared, void *stream, void **params, void **extra))                                \
    X(0, "cuFuncSetAttribute", func_set, (void *fn, int which, int value))                         \
    X(0, "cuFuncGetParamInfo", param_info, (void *fn, size_t index, size_t *at, size_t *size))     \
    X(0, "cuGetErrorName", error_name, (og_cu_result e, const char **out))

#define OG_CU_NVRTC(X)                                                                             \
    X(1, "nvrtcVersion", version, (int *major, int *minor))                                        \
    X(1, "nvrtcCreateProgram", create,                                                             \
      (void **out, const char *text, const char *name, int n, const char *const *headers,          \
       const char *const *names))                                                                  \
    X(1, "nvrtcCompileProgram", compile, (void *prog, int n, const char *const *options))          \
    X(1, "nvrtcGetPTXSize", ptx_size, (void *prog, size_t *out))                                   \
    X(1, "nvrtcGetPTX", ptx, (void *prog, char *out))                                              \
    X(0, "nvrtcGetCUBINSize", cubin_size, (void *prog, size_t *out))                               \
    X(0, "nvrtcGetCUBIN", cubin, (void *prog, char *out))                                          \
    X(1, "nvrtcGetProgramLogSize", log_size, (void *prog, size_t *out))                            \
    X(1, "nvrtcGetProgramLog", log, (void *prog, char *out))                                       \
    X(1, "nvrtcAddNameExpression", add_name, (void *prog, const char *expression))                 \
    X(1, "nvrtcGetLoweredName", lowered, (void *prog, const char *expression, const char **out))   \
    X(0, "nvrtcGetNumSupportedArchs", n_archs, (int *out))                                         \
    X(0, "nvrtcGetSupportedArchs", archs, (int *out))

#define OG_CU_NVML(X)                                                                              \
    X(1, "nvmlInit_v2", init, (void))                                                              \
    X(1, "nvmlSystemGetDriverVersion", driver, (char *out, unsigned max))                          \
    X(1, "nvmlDeviceGetCount_v2", count, (unsigned *out))                                          \
    X(1, "nvmlDeviceGetHandleByIndex_v2", handle, (unsigned index, void **out))                    \
    X(1, "nvmlDeviceGetName", name, (void *dev, char *out, unsigned max))                          \
    X(1, "nvmlDeviceGetUUID", uuid, (void *dev, char *out, unsigned max))                          \
    X(1, "nvmlDeviceGetMemoryInfo", memory, (void *dev, uint64_t out[3]))                          \
    X(0, "nvmlDeviceGetCudaComputeCapability", cc, (void *dev, int *major, int *minor))            \
    X(0, "nvmlDeviceGetEccMode", ecc, (void *dev, int *current, int *pending))                     \
    X(0, "nvmlDeviceGetMigMode", mig, (void *dev, unsigned *current, unsigned *pending))           \
    X(0, "nvmlDeviceGetCurrentClocksEventReasons", reasons, (void *dev, uint64_t *out))            \
    X(0, "nvmlDeviceGetCurrentClocksThrottleReasons", throttle, (void *dev, uint64_t *out))        \
    X(0, "nvmlDeviceGetTemperature", temperature, (void *dev, int sensor, unsigned *out))          \
    X(0, "nvmlDeviceGetPowerUsage", power, (void *dev, unsigned *out))                             \
    X(0, "nvmlDeviceGetUtilizationRates", utilization, (void *dev, unsigned out[2]))               \
    X(0, "nvmlDeviceGetComputeRunningProcesses_v3", processes3,                                    \
      (void *dev, unsigned *n, void *out))                                                         \
    X(0, "nvmlDeviceGetComputeRunningProcesses_v2", processes2,                                    \
      (void *dev, unsigned *n, void *out))                                                         \
    X(0, "nvmlDeviceGetMinorNumber", minor, (void *dev, unsigned *out))

#define OG_CU_MEMBER(needed, symbol, member, args) og_cu_result(*member) args;
struct og_cu_driver {
    OG_CU_DRIVER(OG_CU_MEMBER)
};
struct og_cu_nvrtc {
    OG_CU_NVRTC(OG_CU_MEMBER)
};
struct og_cu_nvml {
    OG_CU_NVML(OG_CU_MEMBER)
};

/* Bits of nvmlDeviceGetCurrentClocksEventReasons. */
#define OG_CU_REASONS(X)                                                                           \
    X(0x1, "idle")                                                                                 \
    X(0x2, "app-clocks")                                                                           \
    X(0x4, "power-cap")                                                                            \
    X(0x8, "hw-slowdown")                                                                          \
    X(0x10, "sync-boost")                                                                          \
    X(0x20, "sw-thermal")                                                                          \
    X(0x40, "hw-thermal")                                                                          \
    X(0x80, "power-brake")                                                                         \
    X(0x100, "display-clocks")

#endif
