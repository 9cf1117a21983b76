/* exec_bench.h - the capacity of this machine, measured: a seeded matrix product in a child
 * process. */
#ifndef OG_EXEC_BENCH_H
#define OG_EXEC_BENCH_H

#include "base/base_err.h"

#include <stdint.h>

/* MFLOP/s of f32 products of random matrices made from seed (32 bytes) on `threads` threads, for
 * duration_ms (1..60,000) after a warm-up. *checksum is a digest of the last product: it depends on
 * the seed and the machine's kernel. Everything happens in a child, which a crash or a time-out of
 * 20 s + 4 * duration_ms ends. OG_E_UNAVAILABLE when it gives no answer. */
enum og_rc og_capacity_measure(const uint8_t seed[32], unsigned threads, uint64_t duration_ms,
                               uint64_t *mflops_per_s, uint64_t *checksum,
                               struct og_err *err) OG_MUST_CHECK;

/* n floats in -1..1 from the counter generator at position `at` of stream `stream`. */
void og_capacity_fill(const uint8_t seed[32], uint64_t stream, uint64_t at, float *out, uint64_t n);

#endif
