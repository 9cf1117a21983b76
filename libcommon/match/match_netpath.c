/* match_netpath.c - best ways, diameters and least cuts of the network. */
#include "match/match_net.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_wayheap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static size_t other_end(const struct og_net *net, size_t e, size_t i)
{
    return net->edge[e].a == i ? net->edge[e].b : net->edge[e].a;
}

/* What the second figure becomes over edge e. */
enum second {
    SECOND_WIDTH, /* OG_NET_VALUE_MAX − narrowest: the wider is better */
    SECOND_HOPS
};

static uint64_t extend(enum second kind, uint64_t so_far, uint64_t bytes_per_s)
{
    if (kind == SECOND_HOPS)
        return so_far + 1;
    return og_max_u64(so_far, OG_NET_VALUE_MAX - bytes_per_s);
}

/* Least (latency, second) from src over edges of at least `width`, into best[n]; latency UINT64_MAX
 * where there is no way. */
static void dijkstra(const struct og_net *net, size_t src, enum second kind, uint64_t width,
                     struct og_wayheap *h, struct og_way *best)
{
    for (size_t i = 0; i < net->n; i++)
        best[i] = (struct og_way){UINT64_MAX, UINT64_MAX, i};
    best[src] = (struct og_way){0, 0, src};
    og_wayheap_push(h, best[src]);
    while (h->n > 0) {
        struct og_way w = og_wayheap_pop(h);
        if (og_way_better(&best[w.node], &w))
            continue;
        for (size_t k = net->first[w.node]; k < net->first[w.node + 1]; k++) {
            const struct og_net_edge *e = &net->edge[net->arc[k]];
            struct og_way next = {w.latency_us + e->latency_us,
                                  extend(kind, w.second, e->bytes_per_s),
                                  other_end(net, net->arc[k], w.node)};
            if (e->bytes_per_s < width || next.latency_us > OG_NET_VALUE_MAX ||
                !og_way_better(&next, &best[next.node]))
                continue;
            best[next.node] = next;
            og_wayheap_push(h, next);
        }
    }
}

static bool find(const struct og_net *net, uint64_t id, size_t *at)
{
    size_t lo = 0, hi = net->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (net->node[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    *at = lo;
    return lo < net->n && net->node[lo].id == id;
}

/* From the start, always to the lowest node that is still on a best way. */
static void follow(const struct og_net *net, size_t at, const struct og_way *rest, uint64_t width,
                   struct og_net_way *out)
{
    out->hops = (size_t)rest[at].second;
    out->id = og_xcalloc(out->hops + 1, sizeof *out->id);
    out->id[0] = net->node[at].id;
    for (size_t step = 1; step <= out->hops; step++) {
        for (size_t k = net->first[at]; k < net->first[at + 1]; k++) {
            const struct og_net_edge *e = &net->edge[net->arc[k]];
            size_t to = other_end(net, net->arc[k], at);
            if (e->bytes_per_s < width || rest[to].latency_us == UINT64_MAX ||
                rest[to].latency_us + e->latency_us != rest[at].latency_us ||
                rest[to].second + 1 != rest[at].second)
                continue;
            at = to;
            break;
        }
        out->id[step] = net->node[at].id;
    }
}

enum og_rc og_net_path(const struct og_net *net, uint64_t from, uint64_t to, struct og_net_way *out,
                       struct og_err *err)
{
    size_t a, b;
    *out = (struct og_net_way){0};
    if (!find(net, from, &a))
        return og_err_set(err, OG_E_DATA, "there is no node %" PRIu64, from);
    if (!find(net, to, &b))
        return og_err_set(err, OG_E_DATA, "there is no node %" PRIu64, to);
    struct og_wayheap h = {NULL, 0, 0};
    struct og_way *best = og_xcalloc(net->n + 1, sizeof *best);
    dijkstra(net, a, SECOND_WIDTH, 0, &h, best);
    out->found = best[b].latency_us != UINT64_MAX;
    if (out->found) {
        out->latency_us = best[b].latency_us;
        out->bytes_per_s = OG_NET_VALUE_MAX - best[b].second;
        /* the shortest of those ways uses no edge narrower than that */
        dijkstra(net, b, SECOND_HOPS, out->bytes_per_s, &h, best);
        follow(net, a, best, out->bytes_per_s, out);
    }
    free(best);
    free(h.w);
    return OG_OK;
}

/* ---- measures */

static void measure_diameter(struct og_net *net)
{
    struct og_wayheap h = {NULL, 0, 0};
    struct og_way *best = og_xcalloc(net->n + 1, sizeof *best);
    for (size_t i = 0; i < net->n; i++) {
        struct og_net_part *part = &net->part[net->node[i].component];
        dijkstra(net, i, SECOND_HOPS, 0, &h, best);
        for (size_t j = i + 1; j < net->n; j++)
            if (best[j].latency_us != UINT64_MAX && best[j].latency_us > part->diameter_us) {
                part->diameter_us = best[j].latency_us;
                part->from = i;
                part->to = j;
            }
    }
    free(best);
    free(h.w);
}

/* One component while its cut is sought: nodes merge, group[i] is who stands for node i. */
struct cutter {
    struct og_net *net;
    size_t *member; /* nodes of the component */
    size_t n;
    size_t *group;
    size_t *next_in; /* list of the nodes that a group holds, from the one that stands for it */
    size_t *last_in;
    uint64_t *pull; /* bandwidth to what is already taken, saturating */
    bool *taken;
    bool *side;    /* the best so far */
    size_t *order; /* groups as a phase took them */
    size_t groups;
    struct og_wayheap heap;
};

static void take(struct cutter *c, size_t i)
{
    const struct og_net *net = c->net;
    c->taken[i] = true;
    for (size_t v = i; v != SIZE_MAX; v = c->next_in[v])
        for (size_t k = net->first[v]; k < net->first[v + 1]; k++) {
            size_t g = c->group[other_end(net, net->arc[k], v)];
            if (c->taken[g])
                continue;
            if (!og_add_u64(c->pull[g], net->edge[net->arc[k]].bytes_per_s, &c->pull[g]))
                c->pull[g] = UINT64_MAX;
            og_wayheap_push(&c->heap, (struct og_way){UINT64_MAX - c->pull[g], 0, g});
        }
}

/* One phase: takes all groups, always the one with the most pull (ties: the lowest). The last one's
 * pull is the cut that parts it from the rest. */
static uint64_t phase(struct cutter *c)
{
    for (size_t k = 0; k < c->n; k++) {
        c->pull[c->member[k]] = 0;
        c->taken[c->member[k]] = false;
    }
    c->groups = 0;
    og_wayheap_push(&c->heap, (struct og_way){UINT64_MAX, 0, c->group[c->member[0]]});
    while (c->heap.n > 0) {
        size_t v = og_wayheap_pop(&c->heap).node;
        if (c->taken[v])
            continue;
        c->order[c->groups++] = v;
        take(c, v);
    }
    return c->pull[c->order[c->groups - 1]];
}

static void merge(struct cutter *c, size_t into, size_t from)
{
    for (size_t v = from; v != SIZE_MAX; v = c->next_in[v])
        c->group[v] = into;
    c->next_in[c->last_in[into]] = from;
    c->last_in[into] = c->last_in[from];
}

/* No cut below the best parts the last two, nor any two taken one after the other of which the
 * second had so much pull (Nagamochi and Ibaraki 1992). */
static void contract(struct cutter *c, uint64_t best)
{
    for (size_t k = c->groups; --k > 0;)
        if (k == c->groups - 1 || c->pull[c->order[k]] >= best)
            merge(c, c->order[k - 1], c->order[k]);
}

static void remember(struct cutter *c, size_t last, size_t *count)
{
    *count = 0;
    for (size_t k = 0; k < c->n; k++)
        c->side[c->member[k]] = false;
    for (size_t v = last;; v = c->next_in[v]) {
        c->side[v] = true;
        ++*count;
        if (v == c->last_in[last])
            break;
    }
}

static void cut_part(struct cutter *c, struct og_net_part *part)
{
    size_t count = 0;
    bool any = false;
    for (size_t k = 0; k < c->n; k++) {
        size_t v = c->member[k];
        c->group[v] = c->last_in[v] = v;
        c->next_in[v] = SIZE_MAX;
    }
    for (c->groups = c->n; c->groups > 1;) {
        uint64_t cut = phase(c);
        if (c->groups == 1)
            break;
        if (!any || cut < part->cut_bytes) {
            part->cut_bytes = cut;
            remember(c, c->order[c->groups - 1], &count);
        }
        any = true;
        contract(c, part->cut_bytes);
    }
    /* the side with fewer nodes; of equal ones that without the lowest */
    bool turn = 2 * count > c->n || (2 * count == c->n && c->n > 0 && c->side[c->member[0]]);
    for (size_t k = 0; turn && k < c->n; k++)
        c->side[c->member[k]] = !c->side[c->member[k]];
    part->cut_nodes = turn ? c->n - count : count;
}

void og_net_measure(struct og_net *net)
{
    size_t n = net->n + 1;
    struct cutter c = {.net = net, .side = net->cut_side};
    measure_diameter(net);
    c.member = og_xcalloc(n, sizeof *c.member);
    c.group = og_xcalloc(n, sizeof *c.group);
    c.next_in = og_xcalloc(n, sizeof *c.next_in);
    c.last_in = og_xcalloc(n, sizeof *c.last_in);
    c.pull = og_xcalloc(n, sizeof *c.pull);
    c.taken = og_xcalloc(n, sizeof *c.taken);
    c.order = og_xcalloc(n, sizeof *c.order);
    for (size_t p = 0; p < net->parts; p++) {
        c.n = 0;
        for (size_t i = 0; i < net->n; i++)
            if (net->node[i].component == p)
                c.member[c.n++] = i;
        cut_part(&c, &net->part[p]);
    }
    free(c.member);
    free(c.group);
    free(c.next_in);
    free(c.last_in);
    free(c.pull);
    free(c.taken);
    free(c.order);
    free(c.heap.w);
}
