/* match_graph.c - Dijkstra with a binary heap over symmetric integer links. */
#include "match/match_graph.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_wayheap.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct edge {
    uint32_t from, to; /* indices */
    uint64_t latency_us, bytes_per_s;
    size_t order; /* of the report, so that the later one wins */
};

struct node {
    uint64_t id;
    uint32_t at; /* position in the caller's order */
};

struct og_graph {
    size_t n, k;
    struct node *nodes; /* by id */
    struct edge *edges; /* by from, to */
    size_t *first;      /* n + 1 offsets into edges */
};

static int node_cmp(const void *a, const void *b)
{
    const struct node *p = a, *q = b;
    return p->id < q->id ? -1 : p->id > q->id;
}

static int edge_cmp(const void *a, const void *b)
{
    const struct edge *p = a, *q = b;
    if (p->from != q->from)
        return p->from < q->from ? -1 : 1;
    if (p->to != q->to)
        return p->to < q->to ? -1 : 1;
    return p->order < q->order ? -1 : p->order > q->order;
}

static const struct node *find(const struct og_graph *g, uint64_t id)
{
    struct node key = {id, 0};
    return g->n == 0 ? NULL : bsearch(&key, g->nodes, g->n, sizeof key, node_cmp);
}

static const struct edge *find_edge(const struct edge *e, size_t k, uint32_t from, uint32_t to)
{
    size_t lo = 0, hi = k;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (e[mid].from < from || (e[mid].from == from && e[mid].to < to))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < k && e[lo].from == from && e[lo].to == to ? &e[lo] : NULL;
}

/* Sorted reports, the last of each pair of ends only. */
static size_t collect(const struct og_graph *g, const struct og_graph_link *links, size_t k,
                      struct edge *e)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < k; i++) {
        const struct node *a = find(g, links[i].from), *b = find(g, links[i].to);
        if (a == NULL || b == NULL || a == b)
            continue;
        e[n] = (struct edge){a->at, b->at, links[i].latency_us, links[i].bytes_per_s, i};
        n++;
    }
    if (n > 0)
        qsort(e, n, sizeof *e, edge_cmp);
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && e[i].from == e[i + 1].from && e[i].to == e[i + 1].to)
            continue;
        e[kept++] = e[i];
    }
    return kept;
}

/* Both directions of each link that both ends report, with the worse figures. */
static void join(struct og_graph *g, const struct edge *e, size_t k)
{
    g->edges = og_xmalloc((k + 1) * sizeof *g->edges);
    g->first = og_xcalloc(g->n + 1, sizeof *g->first);
    for (size_t i = 0; i < k; i++) {
        const struct edge *back = find_edge(e, k, e[i].to, e[i].from);
        struct edge *o = &g->edges[g->k];
        if (back == NULL)
            continue;
        *o = e[i];
        o->latency_us = og_max_u64(e[i].latency_us, back->latency_us);
        o->bytes_per_s = og_min_u64(e[i].bytes_per_s, back->bytes_per_s);
        g->first[o->from + 1]++;
        g->k++;
    }
    for (size_t i = 0; i < g->n; i++)
        g->first[i + 1] += g->first[i];
}

enum og_rc og_graph_new(const uint64_t *ids, size_t n, const struct og_graph_link *links, size_t k,
                        struct og_graph **out, struct og_err *err)
{
    struct og_graph *g;
    struct edge *e;
    *out = NULL;
    if (n > INT32_MAX || k > INT32_MAX)
        return og_err_set(err, OG_E_DATA, "%zu nodes and %zu links are too many", n, k);
    g = og_xcalloc(1, sizeof *g);
    g->n = n;
    g->nodes = og_xmalloc((n + 1) * sizeof *g->nodes);
    for (size_t i = 0; i < n; i++)
        g->nodes[i] = (struct node){ids[i], (uint32_t)i};
    if (n > 0)
        qsort(g->nodes, n, sizeof *g->nodes, node_cmp);
    for (size_t i = 0; i < n; i++)
        if (g->nodes[i].id == 0 || (i > 0 && g->nodes[i].id == g->nodes[i - 1].id)) {
            uint64_t id = g->nodes[i].id;
            og_graph_free(g);
            return og_err_set(err, OG_E_DATA, "node %" PRIu64 " stands twice or is 0", id);
        }
    e = og_xmalloc((k + 1) * sizeof *e);
    join(g, e, collect(g, links, k, e));
    free(e);
    *out = g;
    return OG_OK;
}

void og_graph_free(struct og_graph *g)
{
    if (g == NULL)
        return;
    free(g->nodes);
    free(g->edges);
    free(g->first);
    free(g);
}

/* A heap entry: what is known of a way; stale ones are skipped when taken. */
struct way {
    uint64_t latency_us, bytes_per_s;
    uint32_t node;
};

static bool better(const struct way *a, const struct way *b)
{
    if (a->latency_us != b->latency_us)
        return a->latency_us < b->latency_us;
    if (a->bytes_per_s != b->bytes_per_s)
        return a->bytes_per_s > b->bytes_per_s;
    return a->node < b->node;
}

/* The queue holds less as better: the wider first among equal latencies. */
static void push(struct og_wayheap *h, struct way w)
{
    og_wayheap_push(h, (struct og_way){w.latency_us, UINT64_MAX - w.bytes_per_s, w.node});
}

static struct way pop(struct og_wayheap *h)
{
    struct og_way w = og_wayheap_pop(h);
    return (struct way){w.latency_us, UINT64_MAX - w.second, (uint32_t)w.node};
}

void og_graph_from(const struct og_graph *g, uint64_t src, uint64_t *latency_us,
                   uint64_t *bytes_per_s)
{
    struct og_wayheap h = {NULL, 0, 0};
    const struct node *s = find(g, src);
    for (size_t i = 0; i < g->n; i++) {
        latency_us[i] = OG_GRAPH_LATENCY_NONE_US;
        bytes_per_s[i] = OG_GRAPH_BPS_NONE;
    }
    if (s == NULL)
        return;
    latency_us[s->at] = 0;
    bytes_per_s[s->at] = UINT64_MAX;
    push(&h, (struct way){0, UINT64_MAX, s->at});
    while (h.n > 0) {
        struct way w = pop(&h);
        if (w.latency_us != latency_us[w.node] || w.bytes_per_s != bytes_per_s[w.node])
            continue;
        for (size_t k = g->first[w.node]; k < g->first[w.node + 1]; k++) {
            const struct edge *e = &g->edges[k];
            struct way next = {0, og_min_u64(w.bytes_per_s, e->bytes_per_s), e->to};
            struct way old = {latency_us[e->to], bytes_per_s[e->to], e->to};
            if (!og_add_u64(w.latency_us, e->latency_us, &next.latency_us) || !better(&next, &old))
                continue;
            latency_us[e->to] = next.latency_us;
            bytes_per_s[e->to] = next.bytes_per_s;
            push(&h, next);
        }
    }
    free(h.w);
}

/* What is known of a node: the best time so far and the widest way accepted. */
struct reach {
    uint64_t total_us, wide;
    unsigned ways;
};

static uint64_t way_us(const struct way *w, uint64_t bytes)
{
    uint64_t us = w->bytes_per_s == 0 ? (bytes > 0 ? UINT64_MAX : 0)
                                      : og_muldiv_up(bytes, 1000000, w->bytes_per_s);
    return us > UINT64_MAX - w->latency_us ? UINT64_MAX : us + w->latency_us;
}

/* Ways come by latency; a wider one may still be quicker. One that is longer than the whole of the
 * best cannot be. */
static bool accept_way(struct reach *r, const struct way *w, uint64_t bytes,
                       struct og_graph_way *out)
{
    uint64_t us = way_us(w, bytes);
    if (r->ways >= OG_GRAPH_WAYS_MAX || (r->ways > 0 && w->bytes_per_s <= r->wide) ||
        w->latency_us >= r->total_us)
        return false;
    r->ways++;
    r->wide = w->bytes_per_s;
    if (us < r->total_us) {
        r->total_us = us;
        *out = (struct og_graph_way){w->latency_us, w->bytes_per_s};
    }
    return true;
}

void og_graph_nearest(const struct og_graph *g, const uint64_t *src, size_t n_src, uint64_t bytes,
                      struct og_graph_way *out)
{
    struct og_wayheap h = {NULL, 0, 0};
    struct reach *r = og_xcalloc(g->n + 1, sizeof *r);
    struct way none = {OG_GRAPH_LATENCY_NONE_US, OG_GRAPH_BPS_NONE, 0};
    for (size_t i = 0; i < g->n; i++) {
        out[i] = (struct og_graph_way){none.latency_us, none.bytes_per_s};
        r[i].total_us = way_us(&none, bytes);
    }
    for (size_t i = 0; i < n_src; i++) {
        const struct node *s = find(g, src[i]);
        if (s != NULL)
            push(&h, (struct way){0, UINT64_MAX, s->at});
    }
    while (h.n > 0) {
        struct way w = pop(&h);
        if (!accept_way(&r[w.node], &w, bytes, &out[w.node]))
            continue;
        for (size_t e = g->first[w.node]; e < g->first[w.node + 1]; e++) {
            struct way next = {w.latency_us + g->edges[e].latency_us,
                               og_min_u64(w.bytes_per_s, g->edges[e].bytes_per_s), g->edges[e].to};
            if (next.latency_us >= w.latency_us && next.latency_us < r[next.node].total_us)
                push(&h, next);
        }
    }
    free(r);
    free(h.w);
}

size_t og_graph_edges(const struct og_graph *g)
{
    return g->k;
}
