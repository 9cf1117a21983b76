/* match_graph.h - the network: shortest ways over reported links, whole microseconds. */
#ifndef OG_MATCH_GRAPH_H
#define OG_MATCH_GRAPH_H

#include "base/base_err.h"

#include <stddef.h>
#include <stdint.h>

#define OG_GRAPH_LATENCY_NONE_US 1000000u /* no link: one second */
#define OG_GRAPH_BPS_NONE        1000000u /* and a megabyte a second */

/* What node `from` reports of its link to `to`. */
struct og_graph_link {
    uint64_t from, to; /* node ids */
    uint64_t latency_us;
    uint64_t bytes_per_s;
};

struct og_graph;

/* A link counts with the worse of what both ends report, an end that reports nothing counts as no
 * link; a later report of the same ends replaces the earlier one. ids: distinct, any order;
 * links to others are ignored. OG_E_DATA: an id twice, or 0. The caller frees *out. */
enum og_rc og_graph_new(const uint64_t *ids, size_t n, const struct og_graph_link *links, size_t k,
                        struct og_graph **out, struct og_err *err) OG_MUST_CHECK;
void og_graph_free(struct og_graph *g);

/* From `src` to every node, in the order of ids: latency of the best way (lowest latency, then
 * widest) and its narrowest bandwidth; never above OG_GRAPH_LATENCY_NONE_US, as a node without
 * links can be reached in one second. The node itself: 0 and UINT64_MAX. An unknown src (0: nobody)
 * is one second from all. */
void og_graph_from(const struct og_graph *g, uint64_t src, uint64_t *latency_us,
                   uint64_t *bytes_per_s);

struct og_graph_way {
    uint64_t latency_us, bytes_per_s;
};
#define OG_GRAPH_WAYS_MAX 16 /* kept of a node: each longer and wider than the one before */

/* The quickest way of `bytes` bytes to every node from any of the sources: the least latency +
 * bytes over the narrowest bandwidth, exact where a node has at most 16 ways worth a look. A source
 * itself: 0 and UINT64_MAX; what cannot be reached quicker: one second and a megabyte a second.
 * Unknown sources are ignored. */
void og_graph_nearest(const struct og_graph *g, const uint64_t *src, size_t n_src, uint64_t bytes,
                      struct og_graph_way *out);
size_t og_graph_edges(const struct og_graph *g); /* both directions of a link count */

#endif
