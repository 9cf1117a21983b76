/* analyze_cfg_int.h - inside the control flow: what is measured once all edges are known. */
#ifndef OG_ANALYZE_CFG_INT_H
#define OG_ANALYZE_CFG_INT_H

#include "analyze/analyze_cfg.h"

/* Loops (strongly connected parts), those that nothing leaves, bounds of gas, counts. */
void og_cfg_measure(struct og_cfg *g);

#endif
