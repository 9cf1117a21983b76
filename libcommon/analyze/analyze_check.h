/* analyze_check.h - static checking of a contract: every path to a bound, and what is wrong on it.
 *
 * analyze_cfg.h finds the control flow; analyze_sym.h runs the paths; here their conditions and
 * effects are judged together: who may do what is read from the conditions that lead there. A
 * finding is a judgement, not a proof. The same code and bounds give the same findings. */
#ifndef OG_ANALYZE_CHECK_H
#define OG_ANALYZE_CHECK_H

#include "analyze/analyze_cfg.h"
#include "analyze/analyze_find.h"
#include "analyze/analyze_sym.h"
#include "analyze/analyze_world.h"

struct og_check_opts {
    uint32_t loops;      /* forks at one place of a path */
    size_t steps, paths; /* altogether */
    /* What the constructor left, if it is known; then paths that it closes for good are not taken
     * for open, and places that hold the deployer's address are taken for authorities. */
    const struct og_deployed *deployed;
};
#define OG_CHECK_OPTS ((struct og_check_opts){.loops = 3, .steps = 3000000, .paths = 6000})

struct og_check_stats {
    struct og_cfg_stats cfg;
    size_t steps, paths, cut;
    size_t code_bytes, seen_ops, all_ops; /* instructions on some path, of all reachable */
    bool ran_out;
};

/* Looks at runtime code; abi may be NULL. Findings are added to out. */
void og_check(const uint8_t *code, size_t n, const struct og_abi *abi,
              const struct og_check_opts *o, struct og_findings *out, struct og_check_stats *stats);

#endif
