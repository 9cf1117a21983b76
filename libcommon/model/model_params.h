/* model_params.h - genesis parameters: names, defaults, bounds (protocol.md, end of section 2). */
#ifndef OG_MODEL_PARAMS_H
#define OG_MODEL_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(member, default, min, max, since) in order of names; since: the first protocol that has it. A
 * genesis that does not name its protocol is of protocol 1. */
#define OG_PARAMS(X)                                                                               \
    X(admit_vouch, 0, 0, 1, 1)                                                                     \
    X(base_fee, 1000, 0, 1000000000000, 1)                                                         \
    X(block_gas, 20000000, 1000000, 1000000000, 2)                                                 \
    X(block_max, 2000, 1, 1000000, 1)                                                              \
    X(block_ms, 1000, 1, 3600000, 1)                                                               \
    X(byte_fee, 1, 0, 1000000000, 1)                                                               \
    X(cap_ppm, 1000000, 1000, 1000000, 1)                                                          \
    X(capacity_ms, 5000, 10, 600000, 2)                                                            \
    X(cell_fee, 1, 0, 1000000000, 1)                                                               \
    X(draw_delay, 1, 1, 16, 1)                                                                     \
    X(element_fee, 100, 0, 1000000000, 1)                                                          \
    X(epoch_blocks, 600, 1, 100000000, 1)                                                          \
    X(epoch_ms, 600000, 0, 31536000000, 1)                                                         \
    X(evidence_blocks, 99400, 1, 100000000, 1)                                                     \
    X(evidence_ms, 258600000, 0, 31536000000, 1)                                                   \
    X(gas_price, 1, 0, 1000000000, 2)                                                              \
    X(greedy_cells, 1000000, 1, 4194304, 1)                                                        \
    X(k_mflops_per_ogpu, 1000000, 1, 1000000000000, 1)                                             \
    X(levy_ppm, 50000, 0, 500000, 1)                                                               \
    X(min_bond, 10000000000, 0, 1000000000000000000, 1)                                            \
    X(protocol, 1, 1, 2, 1)                                                                        \
    X(q_min_ppm, 50000, 1, 1000000, 1)                                                             \
    X(rate, 1000000000, 0, 17592186044415, 1)                                                      \
    X(referee_ppm, 125000, 0, 1000000, 1)                                                          \
    X(round_blocks, 1, 1, 10000, 1)                                                                \
    X(round_grace, 4, 1, 10000, 1)                                                                 \
    X(round_rows, 1024, 1, 1024, 1)                                                                \
    X(settle_max, 4096, 1, 65536, 1)                                                               \
    X(unbond_blocks, 100000, 1, 100000000, 1)                                                      \
    X(unbond_ms, 259200000, 0, 31536000000, 1)

#define OG_PROTOCOL 2 /* of new chains */

struct og_params {
#define X(name, dflt, min, max, since) uint64_t name;
    OG_PARAMS(X)
#undef X
};

struct og_param_info {
    const char *name;
    uint64_t dflt, min, max, since;
    size_t at; /* offset in struct og_params */
};
extern const struct og_param_info og_param_infos[];
extern const size_t og_param_count;

void og_params_defaults(struct og_params *p);
/* NULL when there is no such parameter. */
const struct og_param_info *og_param_find(const char *name);
/* False when the name is unknown or the value is out of its bounds. */
bool og_params_set(struct og_params *p, const char *name, uint64_t value);

#endif
