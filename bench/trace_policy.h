/* trace_policy.h - who gets what: ours, first come first served, Min-Min, random. All see the same
 * estimates, queue and slots, once a tick; none sees what a task really takes. */
#ifndef OG_BENCH_TRACE_POLICY_H
#define OG_BENCH_TRACE_POLICY_H

#include "trace_world.h"

#include "match/match_hungarian.h"
#include "match/match_place.h"

#define FREE_NOTHING (UINT64_MAX / 4)

struct knobs {
    size_t places; /* at most; 1: no turns, 0: free slots only */
    double kappa;  /* times the fairness price */
};

struct bench {
    struct world w;
    int64_t *wait; /* tasks that wait, −1: started in this tick */
    size_t waits;
    struct knobs k;
};

static inline bool p_fits(const struct world *w, const struct task *t, size_t s)
{
    const struct slot *o = &w->slot[s];
    return t->mem_bytes <= w->node[o->node].mem_bytes && !(t->tried >> o->node & 1) &&
           w_up(w, o->node);
}

static inline bool p_free(const struct world *w, size_t s)
{
    return w->slot[s].task < 0 && w_up(w, w->slot[s].node);
}

/* When a slot is expected to be free, from now. */
static inline uint64_t p_left(const struct world *w, size_t s)
{
    const struct slot *o = &w->slot[s];
    return o->task < 0 ? 0 : og_cost_left(o->expect_ms, w->now_ms - o->start_ms);
}

/* Starts it; how it ends is the world's. */
static inline void p_start(struct bench *b, size_t q, size_t s)
{
    struct world *w = &b->w;
    struct slot *o = &w->slot[s];
    struct task *t = &w->task[b->wait[q]];
    const struct node *n = &w->node[o->node];
    double c = (double)w_capacity(w, s);
    double slow = w_within(n->slow, n->slows, w->now_ms) ? 3 : 1;
    uint64_t way = (uint64_t)w_fetch_ms(w, t, o->node) + w_way_ms(w, t->home, o->node, 1);
    double lasts = (double)way + t->mflop * 1000 / c * slow;
    o->right = w_unit(w) < n->works;
    lasts *= o->right ? 1 : w_unit(w);
    o->task = b->wait[q];
    o->start_ms = w->now_ms;
    o->end_ms = w->now_ms + (uint64_t)lasts + 1;
    o->expect_ms = way + (uint64_t)((double)t->est_mflop * 1000 / c * n->pace);
    o->lost_ms = UINT64_MAX;
    for (size_t i = 0; i < n->downs; i++)
        if (n->down[i].from >= w->now_ms && n->down[i].from < o->end_ms)
            o->lost_ms = og_min_u64(o->lost_ms, n->down[i].from);
    if (t->in_bytes)
        w->has[t->job][o->node] = 1;
    b->wait[q] = -1;
}

/* In order of urgency and arrival, the fastest free slot (HTCondor's usual Rank; Kubernetes also
 * goes task by task by priority). pick_random: any free slot. */
static inline void p_first_come(struct bench *b, bool pick_random)
{
    struct world *w = &b->w;
    for (size_t q = 0; q < b->waits; q++) {
        size_t best = SIZE_MAX, seen = 0;
        for (size_t s = 0; s < w->slots; s++) {
            if (!p_free(w, s) || !p_fits(w, &w->task[b->wait[q]], s))
                continue;
            seen++;
            if (best == SIZE_MAX ||
                (pick_random ? w_below(w, seen) == 0 : w_capacity(w, s) > w_capacity(w, best)))
                best = s;
        }
        if (best != SIZE_MAX)
            p_start(b, q, best);
    }
}

struct minmin {
    uint64_t ready[SLOTS_MAX];
    uint64_t *when;
    size_t *where;
};

static inline void mm_look(const struct bench *b, struct minmin *m, size_t q)
{
    const struct world *w = &b->w;
    const struct task *t = &w->task[b->wait[q]];
    m->when[q] = UINT64_MAX;
    m->where[q] = SIZE_MAX;
    for (size_t s = 0; s < w->slots; s++) {
        if (!p_fits(w, t, s))
            continue;
        uint64_t ms = m->ready[s] + w_way_ms(w, t->home, w->slot[s].node, t->in_bytes) +
                      og_muldiv_up(t->est_mflop, 1000, w_capacity(w, s));
        if (ms < m->when[q]) {
            m->when[q] = ms;
            m->where[q] = s;
        }
    }
}

/* Min-Min (Ibarra and Kim 1977; Maheswaran et al. 1999) over the whole queue, mapped anew each
 * tick: what comes first on a free slot starts. */
static inline void p_minmin(struct bench *b)
{
    struct world *w = &b->w;
    struct minmin m = {.when = og_xcalloc(b->waits + 1, sizeof *m.when),
                       .where = og_xcalloc(b->waits + 1, sizeof *m.where)};
    size_t idle = 0;
    bool taken[SLOTS_MAX] = {false};
    for (size_t s = 0; s < w->slots; s++) {
        m.ready[s] = p_left(w, s);
        idle += p_free(w, s);
    }
    for (size_t q = 0; idle && q < b->waits; q++)
        mm_look(b, &m, q);
    while (idle) {
        size_t best = SIZE_MAX;
        for (size_t q = 0; q < b->waits; q++)
            if (m.where[q] != SIZE_MAX && (best == SIZE_MAX || m.when[q] < m.when[best]))
                best = q;
        if (best == SIZE_MAX)
            break;
        size_t s = m.where[best];
        m.ready[s] = m.when[best];
        m.where[best] = SIZE_MAX;
        bool starts = !taken[s] && p_free(w, s);
        taken[s] = true;
        for (size_t q = 0; q < b->waits; q++)
            if (m.where[q] == s && b->wait[q] >= 0)
                mm_look(b, &m, q);
        if (starts) {
            p_start(b, best, s);
            idle--;
        }
    }
    free(m.when);
    free(m.where);
}

/* The round of a chain, ledger_round.c. */
struct round {
    struct og_cost_round cost;
    struct og_match_col col[SLOTS_MAX];
    size_t slot[SLOTS_MAX], m, n, places;
    struct og_graph_way near[NODES];
    bool runs[NODES];
    bool somewhere;
    size_t job;
    int64_t *c, *wait, *u, *v;
    int32_t *x, *first;
};

static inline void r_columns(const struct bench *b, struct round *r)
{
    const struct world *w = &b->w;
    for (size_t s = 0; s < w->slots; s++) {
        const struct slot *o = &w->slot[s];
        const struct node *n = &w->node[o->node];
        if (!w_up(w, o->node) || (b->k.places == 0 && o->task >= 0))
            continue;
        r->slot[r->m] = s;
        r->col[r->m++] =
            (struct og_match_col){.node = w->id[o->node],
                                  .slot = (uint32_t)s,
                                  .c_mflops = w_capacity(w, s),
                                  .gpu_mem_bytes = n->mem_bytes,
                                  .reliability_ppm = (uint32_t)(1e6 * n->ok / (n->ok + n->bad)),
                                  .queue_ms = p_left(w, s),
                                  .lease = (uint64_t)(o->task + 1),
                                  .pace_ppm = (uint32_t)(1e6 * n->pace),
                                  .recv_mflop = (uint64_t)(n->recv / n->slots)};
    }
}

/* Where a job's inputs are known to lie: at home and where its tasks run. */
static inline void r_holders(const struct bench *b, struct round *r, const struct task *t)
{
    const struct world *w = &b->w;
    uint64_t id[NODES + 1];
    size_t n = 0;
    if (r->job == t->job + 1)
        return;
    r->job = t->job + 1;
    r->somewhere = false;
    memset(r->runs, 0, sizeof r->runs);
    for (size_t s = 0; s < w->slots; s++)
        if (w->slot[s].task >= 0 && w->task[w->slot[s].task].job == t->job)
            r->somewhere = r->runs[w->slot[s].node] = true;
    id[n++] = w->id[t->home];
    for (size_t i = 0; i < NODES; i++)
        if (r->runs[i])
            id[n++] = w->id[i];
    og_graph_nearest(w->graph, id, n, t->in_bytes, r->near);
}

static inline void r_row(struct bench *b, struct round *r, size_t i)
{
    const struct world *w = &b->w;
    const struct task *t = &w->task[b->wait[i]];
    struct og_match_row row = {.count = 1,
                               .work_mflop = t->est_mflop,
                               .in_bytes = t->in_bytes,
                               .urgency = t->urgency,
                               .deadline_ms = t->deadline_ms,
                               .age_ms = w->now_ms - t->submit_ms,
                               .gpu_mem_bytes = t->mem_bytes};
    uint64_t best = UINT64_MAX;
    size_t cols = r->m * r->places;
    r_holders(b, r, t);
    for (size_t j = 0; j < r->m; j++) {
        unsigned node = w->slot[r->slot[j]].node;
        bool fits = og_need_check(&row, &r->col[j]) == 0 && p_fits(w, t, r->slot[j]);
        struct og_cost_way way = {.latency_us = w->way[t->home][node].latency_us,
                                  .fetch_us = r->near[node].latency_us,
                                  .bytes_per_s = r->near[node].bytes_per_s,
                                  .held = node == t->home || r->runs[node],
                                  .away = r->somewhere && !r->runs[node]};
        struct og_cost_terms terms;
        og_cost_explain(&r->cost, &row, &r->col[j], &way, &terms);
        int64_t cost = terms.cost + (int64_t)((b->k.kappa - 1) * (double)terms.fair_ms);
        for (size_t k = 0; k < r->places; k++)
            r->c[i * cols + j * r->places + k] =
                fits ? og_place_cost(cost, terms.ect_ms - terms.queue_ms, k) : OG_COST_NONE;
        best = fits ? og_min_u64(best, terms.ect_ms) : best;
    }
    r->wait[i] = og_cost_wait(&r->cost, &row, best);
}

static inline void r_release(struct round *r)
{
    free(r->c);
    free(r->wait);
    free(r->u);
    free(r->v);
    free(r->x);
    free(r->first);
}

/* As the chain does it; greedy: as it does without a certificate. */
static inline void p_ours(struct bench *b, bool greedy)
{
    struct world *w = &b->w;
    struct round r = {.n = b->waits};
    struct og_err err;
    size_t idle = 0;
    for (size_t s = 0; s < w->slots; s++)
        idle += p_free(w, s);
    if (!idle)
        return;
    r_columns(b, &r);
    og_cost_round_init(&r.cost, r.col, r.m, w->now_ms);
    r.n = og_min_u64(r.n, og_min_u64(1024, og_max_u64(64, 4 * r.m)));
    r.places = og_place_count(r.n, r.m, 262144);
    r.places = og_min_u64(r.places, og_max_u64(b->k.places, 1));
    size_t cols = r.m * r.places;
    r.c = og_xcalloc(r.n * cols + 1, sizeof *r.c);
    r.wait = og_xcalloc(r.n + 1, sizeof *r.wait);
    r.u = og_xcalloc(r.n + 1, sizeof *r.u);
    r.v = og_xcalloc(cols + 1, sizeof *r.v);
    r.x = og_xcalloc(r.n + 1, sizeof *r.x);
    r.first = og_xcalloc(r.m + 1, sizeof *r.first);
    for (size_t i = 0; i < r.n; i++)
        r_row(b, &r, i);
    if (greedy)
        og_greedy_match(r.n, cols, r.c, r.wait, r.x);
    else if (og_hungarian_solve(r.n, cols, r.c, r.wait, r.x, r.u, r.v, &err) != OG_OK)
        exit(70);
    og_place_first(r.n, cols, r.places, 1, r.c, r.wait, r.x, r.first);
    for (size_t j = 0; j < r.m; j++)
        if (r.first[j] >= 0 && p_free(w, r.slot[j]))
            p_start(b, (size_t)r.first[j], r.slot[j]);
    r_release(&r);
}

#endif
