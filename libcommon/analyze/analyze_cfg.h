/* analyze_cfg.h - control flow of contract code: blocks, where they go, bounds of stack and gas.
 *
 * Jump targets are found by value-set analysis: every word on the stack is a set of up to 6
 * constants, or unknown below 2^bits. A block is looked at once for each set of return addresses
 * below it on the stack, so that a function called from two places returns to each caller alone
 * (Grech et al., "Gigahorse", ICSE 2019, has the same idea). */
#ifndef OG_ANALYZE_CFG_H
#define OG_ANALYZE_CFG_H

#include "analyze/analyze_term.h"

#define OG_CFG_SET 6

struct og_cfg_value {
    uint8_t n; /* constants; 0: unknown */
    uint16_t bits;
    og_t t[OG_CFG_SET];
};

enum og_cfg_end {
    OG_CFG_ON,     /* falls into the next block, or jumps */
    OG_CFG_LEAVES, /* STOP, RETURN, SELFDESTRUCT */
    OG_CFG_FAILS,  /* REVERT, INVALID, undefined, stack, bad jump */
    OG_CFG_OPEN    /* a jump whose target is not known */
};

/* A block in one context. */
struct og_cfg_node {
    uint32_t start, last; /* pc of its first and last opcode */
    uint64_t context;
    uint32_t height; /* of the stack at its start */
    struct og_cfg_value *in;
    uint32_t *to;
    size_t n_to, cap_to;
    enum og_cfg_end end;
    uint32_t gas;  /* static part */
    uint32_t loop; /* number of its strongly connected part if that is a loop; 0: none */
    bool queued;
};

struct og_cfg_stats {
    size_t blocks, nodes, edges, open_jumps, loops;
    uint32_t max_stack;
    uint64_t min_gas; /* of the cheapest way to leave; UINT64_MAX: there is none */
    uint64_t max_gas; /* static gas of the dearest way; UINT64_MAX: no bound, there are loops */
    bool complete;    /* every jump is resolved, and no bound was met */
};

struct og_cfg {
    struct og_cfg_node *node;
    size_t n, cap;
    uint32_t *endless; /* places of loops that nothing leaves */
    size_t n_endless, cap_endless;
    struct og_cfg_stats stats;
};

#define OG_CFG_NODES_MAX 20000

void og_cfg_build(struct og_terms *ts, const uint8_t *code, size_t n, struct og_cfg *out);
void og_cfg_release(struct og_cfg *g);

#endif
