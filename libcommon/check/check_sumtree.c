/* check_sumtree.c - levels of a sum tree from the root down. */
#include "check/check_sumtree.h"

#include "base/base_num.h"

static uint32_t top(uint64_t parts)
{
    uint32_t level = 0;
    for (; parts > 1; parts = (parts + 1) / 2)
        level++;
    return level;
}

uint64_t og_sumtree_width(uint64_t parts, uint32_t level)
{
    return level > top(parts) ? 0 : (parts + ((uint64_t)1 << level) - 1) >> level;
}

uint64_t og_sumtree_place(uint64_t parts, uint32_t level, uint64_t i)
{
    for (uint32_t l = top(parts); l > level; l--)
        i += og_sumtree_width(parts, l);
    return i;
}

uint64_t og_sumtree_nodes(uint64_t parts)
{
    return og_sumtree_place(parts, 0, parts);
}

struct og_sumtree_node og_sumtree_at(uint64_t parts, uint64_t place)
{
    struct og_sumtree_node n = {top(parts), place, 0, 0};
    while (n.i >= og_sumtree_width(parts, n.level))
        n.i -= og_sumtree_width(parts, n.level--);
    n.first = n.i << n.level;
    n.count = og_min_u64((uint64_t)1 << n.level, parts - n.first);
    return n;
}
