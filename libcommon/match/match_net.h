/* match_net.h - measures of the network G = (V, E, W): components, diameter, cuts, best ways.
 *
 * Paper 1.4 and 2.1: nodes are providers with a capacity C_i, C_net = Σ C_i, edges are undirected
 * with latency and bandwidth as weights. Integers only, ties to the lower id. */
#ifndef OG_MATCH_NET_H
#define OG_MATCH_NET_H

#include "base/base_err.h"
#include "match/match_graph.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OG_NET_NODES_MAX 4096
#define OG_NET_LINKS_MAX 65536                     /* reports, one for each direction */
#define OG_NET_VALUE_MAX (((uint64_t)1 << 53) - 1) /* of latencies, bandwidths and their sums */

struct og_net_edge {
    size_t a, b; /* indices of nodes, a < b */
    uint64_t latency_us, bytes_per_s;
    bool bridge; /* without it the component falls apart */
};

struct og_net_node {
    uint64_t id, c_mflops;
    size_t component;
    bool articulation; /* without it the component falls apart */
};

struct og_net_part {
    size_t nodes;
    uint64_t diameter_us; /* the greatest of all least latencies between two of its nodes */
    size_t from, to;      /* such two, from < to in id; the same for a single node */
    uint64_t cut_bytes;   /* bytes/s: least bandwidth whose loss splits it; 0 for a single node */
    size_t cut_nodes;     /* nodes on the side of the cut with fewer (then without the lowest) */
};

/* All arrays belong to the net. */
struct og_net {
    size_t n, edges, parts;
    struct og_net_node *node; /* by id */
    struct og_net_edge *edge; /* by a, b */
    struct og_net_part *part; /* by lowest id */
    bool *cut_side;           /* node -> on the side of its component's cut that cut_nodes counts */
    uint64_t c_net_mflops;    /* saturating */
    size_t *first, *arc;      /* edges at each node: arc[first[i] .. first[i + 1]), by other end */
};

/* Nodes in any order, links as og_graph_new takes them: two_ends: an edge needs a report of each
 * end, as in the state; else one report is enough. Of two the worse figures count. Fills
 * components, edges, bridges and articulation nodes; og_net_measure the rest. OG_E_DATA: more than
 * the maxima, an id twice or 0, a figure above OG_NET_VALUE_MAX. */
enum og_rc og_net_new(const struct og_net_node *node, size_t n, const struct og_graph_link *link,
                      size_t links, bool two_ends, struct og_net **out,
                      struct og_err *err) OG_MUST_CHECK;
void og_net_free(struct og_net *net);

/* Diameters (Dijkstra from every node) and least cuts by bandwidth (Stoer and Wagner 1997). */
void og_net_measure(struct og_net *net);

/* The best way: least latency, then widest, then fewest links, then lowest ids from the start. */
struct og_net_way {
    bool found;
    uint64_t latency_us, bytes_per_s; /* the narrowest; OG_NET_VALUE_MAX for a way of no link */
    size_t hops;
    uint64_t *id; /* hops + 1 nodes; the caller frees */
};
/* OG_E_DATA: no such node. No way: OG_OK and found false. */
enum og_rc og_net_path(const struct og_net *net, uint64_t from, uint64_t to, struct og_net_way *out,
                       struct og_err *err) OG_MUST_CHECK;

#endif
