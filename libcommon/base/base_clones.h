/* base_clones.h - for loops that the compiler may widen: compiled once for each instruction set,
 * the best one taken at run time. Sums keep their order and products are not fused, so that the
 * bits are the same. */
#ifndef OG_BASE_CLONES_H
#define OG_BASE_CLONES_H

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#define OG_CLONES
#elif defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__)
#define OG_CLONES __attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3")))
#else
#define OG_CLONES
#endif

#endif
