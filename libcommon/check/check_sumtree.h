/* check_sumtree.h - places of the nodes of a sum tree in a file. Pure. */
#ifndef OG_CHECK_SUMTREE_H
#define OG_CHECK_SUMTREE_H

#include <stdint.h>

/* Level 0 holds the sums of the parts, one a part; node i of the level above is node 2i + node
 * 2i + 1, or node 2i alone where that is the last: the shape of an RFC 6962 tree. The file has the
 * whole sum first, then the level below it, and the parts at the end. */
struct og_sumtree_node {
    uint32_t level;
    uint64_t i;
    uint64_t first, count; /* parts that it sums */
};

/* Nodes over `parts` parts, 1..2^32. */
uint64_t og_sumtree_nodes(uint64_t parts);
/* Nodes of a level; 0 above the root. */
uint64_t og_sumtree_width(uint64_t parts, uint32_t level);
/* The place in the file, and what stands at a place below og_sumtree_nodes. */
uint64_t og_sumtree_place(uint64_t parts, uint32_t level, uint64_t i);
struct og_sumtree_node og_sumtree_at(uint64_t parts, uint64_t place);

#endif
