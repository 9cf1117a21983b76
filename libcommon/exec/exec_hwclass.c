/* exec_hwclass.c - classes by instruction set level: machines of one class round alike. */
#include "exec/exec_hwclass.h"

#include <stdio.h>

#if defined(__x86_64__)
static int x86_level(void)
{
    if (!(__builtin_cpu_supports("sse3") && __builtin_cpu_supports("ssse3") &&
          __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("sse4.2") &&
          __builtin_cpu_supports("popcnt")))
        return 1;
    if (!(__builtin_cpu_supports("avx") && __builtin_cpu_supports("avx2") &&
          __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
          __builtin_cpu_supports("fma")))
        return 2;
    if (!(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
          __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
          __builtin_cpu_supports("avx512vl")))
        return 3;
    return 4;
}
#endif

void og_hw_class(char out[32])
{
#if defined(__x86_64__)
    snprintf(out, 32, "cpu-x86-64-v%d", x86_level());
#elif defined(__aarch64__)
    snprintf(out, 32, "cpu-aarch64");
#else
    snprintf(out, 32, "cpu-other");
#endif
}
