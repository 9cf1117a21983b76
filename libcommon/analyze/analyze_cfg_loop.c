/* analyze_cfg_loop.c - loops of the control flow (Tarjan 1972) and bounds of gas. */
#include "analyze/analyze_cfg_int.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

struct tarjan {
    struct og_cfg *g;
    uint32_t *index, *low, *stack, *edge, *way; /* way: nodes being visited */
    bool *on;
    size_t n_stack, n_way;
    uint32_t next, parts;
    uint32_t *order; /* nodes, those that are reached last first */
    size_t n_order;
};

static bool goes_to_itself(const struct og_cfg_node *n, uint32_t i)
{
    for (size_t k = 0; k < n->n_to; k++)
        if (n->to[k] == i)
            return true;
    return false;
}

/* Does no edge lead out of the part, and no block of it end? */
static bool is_endless(const struct og_cfg *g, const uint32_t *part, size_t n, uint32_t loop)
{
    for (size_t i = 0; i < n; i++) {
        const struct og_cfg_node *node = &g->node[part[i]];
        if (node->end != OG_CFG_ON || !node->n_to)
            return false;
        for (size_t k = 0; k < node->n_to; k++)
            if (g->node[node->to[k]].loop != loop)
                return false;
    }
    return true;
}

static void close_part(struct tarjan *t, uint32_t v)
{
    struct og_cfg *g = t->g;
    size_t from = t->n_stack;
    uint32_t w;
    do {
        w = t->stack[--from];
        t->on[w] = false;
        t->order[t->n_order++] = w;
    } while (w != v);
    size_t n = t->n_stack - from;
    if (n > 1 || goes_to_itself(&g->node[v], v)) {
        uint32_t least = UINT32_MAX;
        g->stats.loops++;
        t->parts++;
        for (size_t i = from; i < t->n_stack; i++)
            g->node[t->stack[i]].loop = t->parts;
        for (size_t i = from; i < t->n_stack; i++)
            if (g->node[t->stack[i]].start < least)
                least = g->node[t->stack[i]].start;
        if (is_endless(g, t->stack + from, n, t->parts)) {
            g->endless =
                og_xgrow(g->endless, &g->cap_endless, g->n_endless + 1, sizeof *g->endless);
            g->endless[g->n_endless++] = least;
        }
    }
    t->n_stack = from;
}

static void enter(struct tarjan *t, uint32_t v)
{
    t->index[v] = t->low[v] = ++t->next;
    t->stack[t->n_stack++] = v;
    t->on[v] = true;
    t->edge[v] = 0;
    t->way[t->n_way++] = v;
}

static void visit(struct tarjan *t, uint32_t root)
{
    enter(t, root);
    while (t->n_way) {
        uint32_t v = t->way[t->n_way - 1];
        const struct og_cfg_node *n = &t->g->node[v];
        if (t->edge[v] < n->n_to) {
            uint32_t w = n->to[t->edge[v]++];
            if (!t->index[w])
                enter(t, w);
            else if (t->on[w] && t->index[w] < t->low[v])
                t->low[v] = t->index[w];
            continue;
        }
        t->n_way--;
        if (t->low[v] == t->index[v])
            close_part(t, v);
        if (t->n_way) {
            uint32_t up = t->way[t->n_way - 1];
            if (t->low[v] < t->low[up])
                t->low[up] = t->low[v];
        }
    }
}

/* Cheapest way out by relaxing until nothing changes; the dearest along the order where there is no
 * loop. */
static void bound_gas(struct og_cfg *g, const uint32_t *order, size_t n)
{
    uint64_t *least = og_xmalloc((n + 1) * sizeof *least), *most = og_xcalloc(n + 1, sizeof *most);
    bool more = true;
    memset(least, 0xff, (n + 1) * sizeof *least);
    while (more) {
        more = false;
        for (size_t i = 0; i < n; i++) { /* those reached last come first */
            const struct og_cfg_node *v = &g->node[order[i]];
            uint64_t best = v->end == OG_CFG_LEAVES ? 0 : UINT64_MAX;
            for (size_t k = 0; k < v->n_to; k++)
                best = og_min_u64(best, least[v->to[k]]);
            if (best != UINT64_MAX && best + v->gas < least[order[i]]) {
                least[order[i]] = best + v->gas;
                more = true;
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct og_cfg_node *v = &g->node[order[i]];
        for (size_t k = 0; k < v->n_to; k++)
            most[order[i]] = og_max_u64(most[order[i]], most[v->to[k]]);
        most[order[i]] += v->gas;
    }
    g->stats.min_gas = n ? least[0] : UINT64_MAX;
    g->stats.max_gas = g->stats.loops || !g->stats.complete ? UINT64_MAX : n ? most[0] : 0;
    free(least);
    free(most);
}

static int by_start(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static size_t count_blocks(const struct og_cfg *g)
{
    uint32_t *start = og_xmalloc((g->n + 1) * sizeof *start);
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++)
        start[i] = g->node[i].start;
    if (g->n)
        qsort(start, g->n, sizeof *start, by_start);
    for (size_t i = 0; i < g->n; i++)
        n += i == 0 || start[i] != start[i - 1];
    free(start);
    return n;
}

void og_cfg_measure(struct og_cfg *g)
{
    size_t n = g->n + 1;
    struct tarjan t = {.g = g};
    t.index = og_xcalloc(n, sizeof *t.index);
    t.low = og_xcalloc(n, sizeof *t.low);
    t.stack = og_xcalloc(n, sizeof *t.stack);
    t.edge = og_xcalloc(n, sizeof *t.edge);
    t.way = og_xcalloc(n, sizeof *t.way);
    t.on = og_xcalloc(n, sizeof *t.on);
    t.order = og_xcalloc(n, sizeof *t.order);
    for (uint32_t i = 0; i < g->n; i++)
        if (!t.index[i])
            visit(&t, i);
    g->stats.nodes = g->n;
    g->stats.blocks = count_blocks(g);
    for (size_t i = 0; i < g->n; i++) {
        g->stats.edges += g->node[i].n_to;
        g->stats.open_jumps += g->node[i].end == OG_CFG_OPEN;
    }
    if (g->stats.open_jumps)
        g->stats.complete = false;
    bound_gas(g, t.order, t.n_order);
    free(t.index);
    free(t.low);
    free(t.stack);
    free(t.edge);
    free(t.way);
    free(t.on);
    free(t.order);
}
