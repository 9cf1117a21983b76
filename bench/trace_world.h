/* trace_world.h - a seeded pool and its day: nodes that fail and slow down, links, arrays of tasks.
 */
#ifndef OG_BENCH_TRACE_WORLD_H
#define OG_BENCH_TRACE_WORLD_H

#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_graph.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES     24
#define REGIONS   4
#define SLOTS_MAX (3 * NODES)
#define SPANS     8
#define TRACE_MS  7200000
#define TICK_MS   1000  /* a block */
#define NOTICE_MS 30000 /* until a lost node is noticed */

struct span {
    uint64_t from, to;
};

struct node {
    uint64_t c_mflops, mem_bytes; /* capacity of the whole node */
    unsigned slots, region;
    double works; /* chance that a run comes to a right end */
    struct span down[SPANS], slow[SPANS];
    size_t downs, slows;
    /* what the chain would know */
    double ok, bad, pace; /* reliability as ok/(ok + bad) */
    double recv;          /* MFLOP received, halved each epoch */
    double total;
};

struct task {
    size_t job; /* tasks of a job share their inputs */
    uint64_t est_mflop;
    double mflop; /* what it really takes */
    uint64_t in_bytes, mem_bytes, submit_ms, deadline_ms, done_ms;
    unsigned home;
    uint32_t urgency, tried;
    unsigned attempts;
};

struct slot {
    unsigned node;
    int64_t task; /* -1: free */
    uint64_t start_ms, end_ms, lost_ms, expect_ms;
    bool right;
};

struct world {
    uint64_t rng, now_ms;
    struct node node[NODES];
    struct slot slot[SLOTS_MAX];
    size_t slots;
    struct task *task;
    size_t tasks, tasks_cap, jobs;
    uint8_t (*has)[NODES]; /* job, node: the inputs lie there */
    struct og_graph *graph;
    uint64_t id[NODES];
    struct og_graph_way (*way)[NODES]; /* of a gigabyte, from and to */
};

static inline uint64_t w_next(struct world *w)
{
    return og_splitmix64(w->rng += 0x9e3779b97f4a7c15u);
}
static inline uint64_t w_below(struct world *w, uint64_t n)
{
    return w_next(w) % n;
}
static inline double w_unit(struct world *w)
{
    return (double)(w_next(w) >> 11) / 9007199254740992.0;
}
static inline double w_expo(struct world *w, double mean)
{
    return -mean * log(1 - w_unit(w));
}
static inline double w_lognormal(struct world *w, double median, double sigma)
{
    double r = sqrt(-2 * log(1 - w_unit(w)));
    return median * exp(sigma * r * cos(6.283185307179586 * w_unit(w)));
}

static inline size_t w_spans(struct world *w, double every_ms, double last_ms, struct span *s)
{
    size_t n = 0;
    for (double t = w_expo(w, every_ms); n < SPANS && t < 20e6; t += w_expo(w, every_ms)) {
        double len = w_expo(w, last_ms);
        s[n++] = (struct span){(uint64_t)t, (uint64_t)(t + len)};
        t += len;
    }
    return n;
}

static inline bool w_within(const struct span *s, size_t n, uint64_t t)
{
    for (size_t i = 0; i < n; i++)
        if (t >= s[i].from && t < s[i].to)
            return true;
    return false;
}

/* Eight kinds of machines, from a laptop to a card of a data centre, in four regions. */
static inline void w_nodes(struct world *w)
{
    static const double tflops[] = {1.5, 4, 9, 13, 30, 36, 78, 83};
    static const uint64_t gib[] = {4, 8, 12, 16, 24, 24, 40, 80};
    for (unsigned i = 0; i < NODES; i++) {
        struct node *n = &w->node[i];
        size_t kind = w_below(w, 8);
        n->c_mflops = (uint64_t)(tflops[kind] * 1e6 * (0.85 + 0.3 * w_unit(w)));
        n->mem_bytes = gib[kind] << 30;
        n->slots = 1 + (unsigned)w_below(w, 3);
        n->region = (unsigned)w_below(w, REGIONS);
        n->works = 0.999 - 0.15 * pow(w_unit(w), 3);
        n->ok = 1 + 19 * n->works;
        n->bad = 1 + 19 * (1 - n->works);
        n->pace = 1;
        n->downs = w_spans(w, 7.2e6, 4e5, n->down);
        n->slows = w_spans(w, 5.4e6, 1.2e6, n->slow);
        w->id[i] = i + 1;
        for (unsigned k = 0; k < n->slots; k++)
            w->slot[w->slots++] = (struct slot){.node = i, .task = -1};
    }
}

/* Everybody of a region is linked; the first of each region also to the first of the others. */
static inline void w_links(struct world *w)
{
    struct og_graph_link *l = og_xcalloc(NODES * NODES, sizeof *l);
    struct og_err err;
    int first[REGIONS];
    size_t k = 0;
    memset(first, -1, sizeof first);
    for (int i = 0; i < NODES; i++)
        if (first[w->node[i].region] < 0)
            first[w->node[i].region] = i;
    for (int i = 0; i < NODES; i++)
        for (int j = i + 1; j < NODES; j++) {
            uint64_t us = 500 + w_below(w, 2000), bps = 50000000 + w_below(w, 75000000);
            if (w->node[i].region != w->node[j].region) {
                if (first[w->node[i].region] != i || first[w->node[j].region] != j)
                    continue;
                us = 15000 + w_below(w, 120000);
                bps = 8000000 + w_below(w, 40000000);
            }
            l[k++] = (struct og_graph_link){w->id[i], w->id[j], us, bps};
            l[k++] = (struct og_graph_link){w->id[j], w->id[i], us, bps};
        }
    if (og_graph_new(w->id, NODES, l, k, &w->graph, &err) != OG_OK)
        exit(70);
    w->way = og_xcalloc(NODES, sizeof *w->way);
    for (size_t i = 0; i < NODES; i++)
        og_graph_nearest(w->graph, &w->id[i], 1, 1000000000, w->way[i]);
    free(l);
}

/* One job: an array of similar tasks with the same inputs, needs, urgency and deadline. */
static inline double w_job(struct world *w)
{
    static const uint64_t gib[] = {4, 4, 4, 4, 4, 8, 8, 8, 16, 24};
    double u = w_unit(w), sum = 0, at = w_unit(w) * TRACE_MS;
    size_t n = 1 + w_below(w, u >= 0.45 && u < 0.9 ? 32 : 4);
    double each = w_lognormal(w, u < 0.45 ? 4e7 : u < 0.9 ? 3e8 : 4e9, 0.7);
    double bytes = w_unit(w) < 0.4 ? 0 : fmin(w_lognormal(w, 2e8, 1.5), 2e10);
    double slack = w_unit(w) < 0.25 ? 2 + 4 * w_unit(w) : 0;
    uint32_t urgency = w_unit(w) < 0.12 ? 16 : 1;
    uint64_t mem = gib[w_below(w, 10)] << 30;
    unsigned home = (unsigned)w_below(w, NODES);
    if (w_unit(w) < 0.3) /* every quarter of an hour many come at once */
        at = floor(at / 9e5) * 9e5 + w_unit(w) * 2e4;
    for (size_t i = 0; i < n; i++) {
        double est = each * w_lognormal(w, 1, 0.2);
        w->task = og_xgrow(w->task, &w->tasks_cap, w->tasks + 1, sizeof *w->task);
        struct task *t = &w->task[w->tasks++];
        *t = (struct task){.job = w->jobs,
                           .est_mflop = (uint64_t)est + 1,
                           .mflop = est * w_lognormal(w, 1, 0.25),
                           .in_bytes = (uint64_t)bytes,
                           .mem_bytes = mem,
                           .submit_ms = (uint64_t)at,
                           .home = home,
                           .urgency = urgency};
        if (slack > 0)
            t->deadline_ms =
                t->submit_ms + (uint64_t)(slack * (est / 15000 + bytes / 20000 + 5000));
        sum += t->mflop;
    }
    w->jobs++;
    return sum;
}

static inline int w_by_time(const void *a, const void *b)
{
    const struct task *p = a, *q = b;
    if (p->submit_ms != q->submit_ms)
        return p->submit_ms < q->submit_ms ? -1 : 1;
    return (p->job > q->job) - (p->job < q->job);
}

/* Work for `load` of what all nodes could do in two hours. */
static inline void world_init(struct world *w, uint64_t seed, double load)
{
    double could = 0, sum = 0;
    memset(w, 0, sizeof *w);
    w->rng = seed * 1000003;
    w_nodes(w);
    w_links(w);
    for (size_t i = 0; i < NODES; i++)
        could += (double)w->node[i].c_mflops * TRACE_MS / 1000;
    while (sum < load * could)
        sum += w_job(w);
    qsort(w->task, w->tasks, sizeof *w->task, w_by_time);
    w->has = og_xcalloc(w->jobs, sizeof *w->has);
    for (size_t i = 0; i < w->tasks; i++)
        w->has[w->task[i].job][w->task[i].home] = 1;
}

static inline void world_release(struct world *w)
{
    og_graph_free(w->graph);
    free(w->task);
    free(w->has);
    free(w->way);
}

static inline bool w_up(const struct world *w, unsigned node)
{
    return !w_within(w->node[node].down, w->node[node].downs, w->now_ms);
}

static inline uint64_t w_capacity(const struct world *w, size_t slot)
{
    const struct node *n = &w->node[w->slot[slot].node];
    return n->c_mflops / n->slots;
}

static inline uint64_t w_way_ms(const struct world *w, unsigned from, unsigned to, uint64_t bytes)
{
    const struct og_graph_way *y = &w->way[from][to];
    if (from == to || bytes == 0)
        return 0;
    return y->latency_us / 1000 + 1 + og_muldiv_up(bytes, 1000, y->bytes_per_s);
}

/* Inputs come from the nearest node that has them: nobody's policy. */
static inline uint64_t w_fetch_ms(const struct world *w, const struct task *t, unsigned to)
{
    uint64_t best = UINT64_MAX;
    if (t->in_bytes == 0 || w->has[t->job][to])
        return 0;
    for (unsigned h = 0; h < NODES; h++)
        if (w->has[t->job][h])
            best = og_min_u64(best, w_way_ms(w, h, to, t->in_bytes));
    return best;
}

#endif
