/* check_capacity.h - the seeded benchmark of a capacity window, and how others check it: chains of
 * products modulo a prime, whose every state is committed, and Freivalds' check of drawn steps
 * (R. Freivalds, Probabilistic machines can use less running time, IFIP 1977). Integers only.
 *
 *   A, D from the seed; S_0 = D(lane, 0); S_{i+1} = S_i · A + D(lane, i + 1)  mod p
 *
 * A has 256 x 256 entries, a state 16 x 256. D makes every state of full rank whatever the one
 * before was, so no step is cheaper than a product. Entries have nine bits and sums of 256 products
 * of centred ones stay below 2^24: f32 arithmetic is exact in any order, and eight bits are not
 * enough. */
#ifndef OG_CHECK_CAPACITY_H
#define OG_CHECK_CAPACITY_H

#include "crypto/crypto_hash.h"
#include "crypto/crypto_merkle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_CAP_N         256
#define OG_CAP_ROWS      16
#define OG_CAP_CELLS     ((size_t)OG_CAP_ROWS * OG_CAP_N)
#define OG_CAP_A_CELLS   ((size_t)OG_CAP_N * OG_CAP_N)
#define OG_CAP_P         509                    /* the largest prime of nine bits */
#define OG_CAP_BYTES     (OG_CAP_CELLS * 9 / 8) /* of a packed state */
#define OG_CAP_FLOP      ((uint64_t)2 * OG_CAP_ROWS * OG_CAP_N * OG_CAP_N) /* of a step */
#define OG_CAP_DRAWN     3 /* steps that are opened */
#define OG_CAP_LANES_MAX 4096
#define OG_CAP_STEPS_MAX ((uint64_t)1 << 32)
#define OG_CAP_CHUNK     16384 /* bytes of memory in one leaf */
#define OG_CAP_KEPT      5     /* windows whose median counts */

/* The seed of a node from the beacon of a block. */
struct og_hash og_cap_seed(const struct og_hash *beacon, uint64_t node);
/* Matrix A; matrix D of a lane and step; row-major, below p. */
void og_cap_a(const struct og_hash *seed, uint16_t out[OG_CAP_A_CELLS]);
void og_cap_d(const struct og_hash *seed, uint64_t lane, uint64_t step, uint16_t out[OG_CAP_CELLS]);
void og_cap_pack(const uint16_t m[OG_CAP_CELLS], uint8_t out[OG_CAP_BYTES]);
/* False: an entry is p or more. */
bool og_cap_unpack(const uint8_t in[OG_CAP_BYTES], uint16_t m[OG_CAP_CELLS]);
/* Leaf of a packed state. State i of a lane is leaf lane · (steps + 1) + i. */
struct og_hash og_cap_leaf(const uint8_t packed[OG_CAP_BYTES]);
/* Memory: chunk j of what the seed fills. */
void og_cap_chunk(const struct og_hash *seed, uint64_t j, uint8_t out[OG_CAP_CHUNK]);

/* The k-th drawn step and chunk, from a beacon that came after the commit. */
void og_cap_draw(const struct og_hash *beacon, uint64_t node, uint64_t k, uint64_t lanes,
                 uint64_t steps, uint64_t *lane, uint64_t *step);
uint64_t og_cap_draw_chunk(const struct og_hash *beacon, uint64_t node, uint64_t k,
                           uint64_t chunks);

/* Is `to` the state after `from`? Two random vectors from the beacon: a wrong state passes with
 * p^-2, one in 260,000. a: og_cap_a of the seed. */
bool og_cap_check(const struct og_hash *seed, const uint16_t *a, const struct og_hash *beacon,
                  uint64_t lane, uint64_t step, const uint16_t from[OG_CAP_CELLS],
                  const uint16_t to[OG_CAP_CELLS]);

/* MFLOP/s of lanes · steps steps in ms > 0. */
uint64_t og_cap_rate(uint64_t lanes, uint64_t steps, uint64_t ms);
/* The most that so many cores of a hw_class can do, in MFLOP/s, with 5 % above: operations a cycle
 * times a clock that no such processor reaches. UINT64_MAX: a class without a table entry. */
uint64_t og_cap_ceiling(const char *hw_class, uint64_t cores);
/* Of the last min(n, OG_CAP_KEPT) values in a ring of which v[(n - 1) % OG_CAP_KEPT] is the
 * youngest; the lower of two. n > 0. */
uint64_t og_cap_median(const uint64_t v[OG_CAP_KEPT], uint64_t n);

#endif
