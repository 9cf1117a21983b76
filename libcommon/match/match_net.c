/* match_net.c - edges, components, bridges and articulation nodes of the network. */
#include "match/match_net.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int node_cmp(const void *a, const void *b)
{
    const struct og_net_node *p = a, *q = b;
    return p->id < q->id ? -1 : p->id > q->id;
}

static struct og_net_node *find(const struct og_net *net, uint64_t id)
{
    struct og_net_node key = {.id = id};
    return net->n == 0 ? NULL : bsearch(&key, net->node, net->n, sizeof key, node_cmp);
}

/* A report in the order that brings both directions of an edge together. */
struct report {
    struct og_net_edge edge;
    bool back;    /* reported by the higher end */
    size_t order; /* the later one of the same end counts */
};

static int report_cmp(const void *a, const void *b)
{
    const struct report *p = a, *q = b;
    if (p->edge.a != q->edge.a)
        return p->edge.a < q->edge.a ? -1 : 1;
    if (p->edge.b != q->edge.b)
        return p->edge.b < q->edge.b ? -1 : 1;
    if (p->back != q->back)
        return p->back ? 1 : -1;
    return p->order < q->order ? -1 : p->order > q->order;
}

static bool same_edge(const struct report *p, const struct report *q)
{
    return p->edge.a == q->edge.a && p->edge.b == q->edge.b;
}

static size_t collect(const struct og_net *net, const struct og_graph_link *link, size_t links,
                      struct report *r)
{
    size_t n = 0, kept = 0;
    for (size_t k = 0; k < links; k++) {
        const struct og_net_node *p = find(net, link[k].from), *q = find(net, link[k].to);
        if (p == NULL || q == NULL || p == q)
            continue;
        size_t a = (size_t)(p - net->node), b = (size_t)(q - net->node);
        r[n] = (struct report){.back = a > b, .order = k};
        r[n++].edge = (struct og_net_edge){.a = a < b ? a : b,
                                           .b = a < b ? b : a,
                                           .latency_us = link[k].latency_us,
                                           .bytes_per_s = link[k].bytes_per_s};
    }
    if (n > 0)
        qsort(r, n, sizeof *r, report_cmp);
    for (size_t k = 0; k < n; k++)
        if (k + 1 == n || !same_edge(&r[k], &r[k + 1]) || r[k].back != r[k + 1].back)
            r[kept++] = r[k];
    return kept;
}

static void join(struct og_net *net, const struct report *r, size_t n, bool two_ends)
{
    net->edge = og_xcalloc(n + 1, sizeof *net->edge);
    for (size_t k = 0; k < n; k++) {
        bool both = k + 1 < n && same_edge(&r[k], &r[k + 1]);
        struct og_net_edge e = r[k].edge;
        if (both) {
            e.latency_us = og_max_u64(e.latency_us, r[k + 1].edge.latency_us);
            e.bytes_per_s = og_min_u64(e.bytes_per_s, r[k + 1].edge.bytes_per_s);
            k++;
        }
        if (both || !two_ends)
            net->edge[net->edges++] = e;
    }
}

/* Edges come sorted by (a, b), so that those at a node come by their other end too: first the ones
 * to lower nodes, in order, then to higher ones. */
static void index_edges(struct og_net *net)
{
    net->first = og_xcalloc(net->n + 2, sizeof *net->first);
    net->arc = og_xcalloc(2 * net->edges + 1, sizeof *net->arc);
    for (size_t e = 0; e < net->edges; e++) {
        net->first[net->edge[e].a + 1]++;
        net->first[net->edge[e].b + 1]++;
    }
    for (size_t i = 0; i < net->n; i++)
        net->first[i + 1] += net->first[i];
    size_t *at = og_xmemdup(net->first, (net->n + 1) * sizeof *at);
    for (size_t e = 0; e < net->edges; e++)
        net->arc[at[net->edge[e].b]++] = e;
    for (size_t e = 0; e < net->edges; e++)
        net->arc[at[net->edge[e].a]++] = e;
    free(at);
}

/* Depth first without recursion: low[i] is the earliest node that the tree below i reaches by one
 * edge beside the tree (Hopcroft and Tarjan 1973). */
struct walk {
    size_t *low, *seen, *up, *next, *stack;
    size_t clock;
};

static void leave(struct og_net *net, struct walk *w, size_t i, size_t depth, size_t *root_children)
{
    if (depth == 0)
        return;
    size_t parent = w->stack[depth - 1];
    if (w->low[i] > w->seen[parent])
        net->edge[w->up[i]].bridge = true;
    if (depth == 1)
        ++*root_children;
    else if (w->low[i] >= w->seen[parent])
        net->node[parent].articulation = true;
    if (w->low[i] < w->low[parent])
        w->low[parent] = w->low[i];
}

static void enter(struct walk *w, size_t i, size_t by, size_t depth, const struct og_net *net)
{
    w->stack[depth] = i;
    w->seen[i] = w->low[i] = ++w->clock;
    w->up[i] = by;
    w->next[i] = net->first[i];
}

static void explore(struct og_net *net, struct walk *w, size_t root)
{
    struct og_net_part *part = &net->part[net->parts];
    size_t depth = 0, children = 0;
    *part = (struct og_net_part){.from = root, .to = root};
    enter(w, root, SIZE_MAX, 0, net);
    for (;;) {
        size_t i = w->stack[depth];
        if (w->next[i] < net->first[i + 1]) {
            size_t e = net->arc[w->next[i]++];
            size_t to = net->edge[e].a == i ? net->edge[e].b : net->edge[e].a;
            if (e == w->up[i])
                continue;
            if (w->seen[to] == 0)
                enter(w, to, e, ++depth, net);
            else if (w->seen[to] < w->low[i])
                w->low[i] = w->seen[to];
            continue;
        }
        net->node[i].component = net->parts;
        part->nodes++;
        leave(net, w, i, depth, &children);
        if (depth-- == 0)
            break;
    }
    net->node[root].articulation = children > 1;
    net->parts++;
}

static void find_parts(struct og_net *net)
{
    size_t n = net->n + 1;
    struct walk w = {og_xcalloc(n, sizeof(size_t)), og_xcalloc(n, sizeof(size_t)),
                     og_xcalloc(n, sizeof(size_t)), og_xcalloc(n, sizeof(size_t)),
                     og_xcalloc(n, sizeof(size_t)), 0};
    net->part = og_xcalloc(n, sizeof *net->part);
    for (size_t i = 0; i < net->n; i++)
        if (w.seen[i] == 0)
            explore(net, &w, i);
    free(w.low);
    free(w.seen);
    free(w.up);
    free(w.next);
    free(w.stack);
}

static enum og_rc take_nodes(struct og_net *net, const struct og_net_node *node, size_t n,
                             struct og_err *err)
{
    net->n = n;
    net->node = og_xcalloc(n + 1, sizeof *net->node);
    net->cut_side = og_xcalloc(n + 1, sizeof *net->cut_side);
    for (size_t i = 0; i < n; i++) {
        net->node[i] = (struct og_net_node){.id = node[i].id, .c_mflops = node[i].c_mflops};
        if (!og_add_u64(net->c_net_mflops, node[i].c_mflops, &net->c_net_mflops))
            net->c_net_mflops = UINT64_MAX;
    }
    if (n > 0)
        qsort(net->node, n, sizeof *net->node, node_cmp);
    for (size_t i = 0; i < n; i++)
        if (net->node[i].id == 0 || (i > 0 && net->node[i].id == net->node[i - 1].id))
            return og_err_set(err, OG_E_DATA, "node %" PRIu64 " stands twice or is 0",
                              net->node[i].id);
    return OG_OK;
}

enum og_rc og_net_new(const struct og_net_node *node, size_t n, const struct og_graph_link *link,
                      size_t links, bool two_ends, struct og_net **out, struct og_err *err)
{
    *out = NULL;
    if (n > OG_NET_NODES_MAX || links > OG_NET_LINKS_MAX)
        return og_err_set(err, OG_E_DATA,
                          "%zu nodes and %zu links are more than %d and %d, the most there may be",
                          n, links, OG_NET_NODES_MAX, OG_NET_LINKS_MAX);
    for (size_t k = 0; k < links; k++)
        if (link[k].latency_us > OG_NET_VALUE_MAX || link[k].bytes_per_s > OG_NET_VALUE_MAX)
            return og_err_set(err, OG_E_DATA,
                              "link %" PRIu64 "-%" PRIu64 ": a figure is above 2^53", link[k].from,
                              link[k].to);
    struct og_net *net = og_xcalloc(1, sizeof *net);
    enum og_rc rc = take_nodes(net, node, n, err);
    if (rc != OG_OK) {
        og_net_free(net);
        return rc;
    }
    struct report *r = og_xcalloc(links + 1, sizeof *r);
    join(net, r, collect(net, link, links, r), two_ends);
    free(r);
    index_edges(net);
    find_parts(net);
    *out = net;
    return OG_OK;
}

void og_net_free(struct og_net *net)
{
    if (net == NULL)
        return;
    free(net->node);
    free(net->edge);
    free(net->part);
    free(net->cut_side);
    free(net->first);
    free(net->arc);
    free(net);
}
