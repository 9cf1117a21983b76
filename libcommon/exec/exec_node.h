/* exec_node.h - this machine as a node: the owner's limits, the capacity measured under them, and
 * the body of node.join and node.update that says so. */
#ifndef OG_EXEC_NODE_H
#define OG_EXEC_NODE_H

#include "base/base_err.h"
#include "crypto/crypto_nodekey.h"

#include <jansson.h>
#include <stdint.h>

#define OG_NODE_SLOTS_MAX   64
#define OG_NODE_THREADS_MAX 1024

struct og_node_limits {
    uint64_t threads;   /* 0: the processors online */
    uint64_t share_ppm; /* of what they give; 0: all */
    uint64_t slots;     /* 0: one a thread */
    uint64_t mem_bytes; /* of all slots together; 0: 7/8 of the machine's */
};

/* Puts the machine's values in place of zeros. */
void og_node_limits_fill(struct og_node_limits *l);
/* Runs the benchmark on l->threads threads for duration_ms; *mflops_per_s before the share. */
enum og_rc og_node_measure(const struct og_node_limits *l, const uint8_t seed[32],
                           uint64_t duration_ms, uint64_t *mflops_per_s,
                           struct og_err *err) OG_MUST_CHECK;
/* What the owner offers of it: mflops_per_s * share, at least 1. */
uint64_t og_node_offered(const struct og_node_limits *l, uint64_t mflops_per_s);
/* A new object: classes, hw_class, keys (NULL: left out), max_lock "0", measured {height,
 * mflops_per_s}, min_rate "0", offered, slots, submitters []. The caller decrefs. */
json_t *og_node_body(const struct og_node_limits *l, uint64_t mflops_per_s, uint64_t height,
                     const struct og_nodekey *keys);

#endif
