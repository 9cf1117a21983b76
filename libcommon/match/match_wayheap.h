/* match_wayheap.h - the queue of Dijkstra's algorithm: the best way first, ties by node. */
#ifndef OG_MATCH_WAYHEAP_H
#define OG_MATCH_WAYHEAP_H

#include "base/base_mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A heap entry: the way to `node` known when it was pushed. */
struct og_way {
    uint64_t latency_us;
    uint64_t second; /* what decides between equal latencies: less is better */
    size_t node;
};

static inline bool og_way_better(const struct og_way *a, const struct og_way *b)
{
    if (a->latency_us != b->latency_us)
        return a->latency_us < b->latency_us;
    if (a->second != b->second)
        return a->second < b->second;
    return a->node < b->node;
}

/* The caller frees w. */
struct og_wayheap {
    struct og_way *w;
    size_t n, cap;
};

static inline void og_wayheap_push(struct og_wayheap *h, struct og_way w)
{
    size_t i = h->n++;
    h->w = og_xgrow(h->w, &h->cap, h->n, sizeof *h->w);
    while (i > 0 && og_way_better(&w, &h->w[(i - 1) / 2])) {
        h->w[i] = h->w[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h->w[i] = w;
}

static inline struct og_way og_wayheap_pop(struct og_wayheap *h)
{
    struct og_way top = h->w[0], last = h->w[--h->n];
    size_t i = 0;
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= h->n)
            break;
        if (c + 1 < h->n && og_way_better(&h->w[c + 1], &h->w[c]))
            c++;
        if (!og_way_better(&h->w[c], &last))
            break;
        h->w[i] = h->w[c];
        i = c;
    }
    if (h->n > 0)
        h->w[i] = last;
    return top;
}

#endif
