/* match_heft.c - list scheduling by upward rank with insertion (HEFT). */
#include "match/match_order.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <stdlib.h>
#include <string.h>

struct span {
    uint64_t start, finish;
};

struct line {
    struct span *span; /* by start */
    size_t n, cap;
};

struct heft {
    size_t n, m, edges;
    const int64_t *p;
    const struct og_order_edge *edge;
    const uint64_t *ready, *release;
    size_t *first_in, *in, *first_out, *out; /* edges by `to` and by `from` */
    uint64_t *rank;
    size_t *order; /* topological, then by rank */
    struct line *line;
};

static enum og_rc check(const struct heft *h, struct og_err *err)
{
    og_u128 sum = 0;
    for (size_t e = 0; e < h->edges; e++) {
        const struct og_order_edge *d = &h->edge[e];
        if (d->from >= h->n || d->to >= h->n || d->from == d->to)
            return og_err_set(err, OG_E_DATA, "edge %zu: no two tasks", e);
        sum += d->cost;
    }
    for (size_t i = 0; i < h->n; i++) {
        int64_t most = -1;
        for (size_t j = 0; j < h->m; j++) {
            int64_t t = h->p[i * h->m + j];
            if (t != OG_COST_NONE && t < 0)
                return og_err_set(err, OG_E_DATA, "task %zu: a time is below 0", i);
            most = t != OG_COST_NONE && t > most ? t : most;
        }
        if (most < 0)
            return og_err_set(err, OG_E_DATA, "no machine takes task %zu", i);
        sum += (og_u128)most;
    }
    for (size_t j = 0; h->ready && j < h->m; j++)
        sum += h->ready[j];
    for (size_t i = 0; h->release && i < h->n; i++)
        sum += h->release[i];
    if (sum >= (og_u128)1 << 62)
        return og_err_set(err, OG_E_DATA, "the times are too great");
    return OG_OK;
}

/* Edges grouped by their head (in) and tail (out). */
static void group(struct heft *h)
{
    for (size_t e = 0; e < h->edges; e++) {
        h->first_in[h->edge[e].to + 1]++;
        h->first_out[h->edge[e].from + 1]++;
    }
    for (size_t i = 0; i < h->n; i++) {
        h->first_in[i + 1] += h->first_in[i];
        h->first_out[i + 1] += h->first_out[i];
    }
    size_t *in = og_xmemdup(h->first_in, (h->n + 1) * sizeof *in);
    size_t *out = og_xmemdup(h->first_out, (h->n + 1) * sizeof *out);
    for (size_t e = 0; e < h->edges; e++) {
        h->in[in[h->edge[e].to]++] = e;
        h->out[out[h->edge[e].from]++] = e;
    }
    free(in);
    free(out);
}

/* Kahn's order into h->order; false: a cycle. */
static bool sort_tasks(struct heft *h)
{
    size_t *left = og_xcalloc(h->n + 1, sizeof *left), done = 0, seen = 0;
    for (size_t i = 0; i < h->n; i++) {
        left[i] = h->first_in[i + 1] - h->first_in[i];
        if (left[i] == 0)
            h->order[seen++] = i;
    }
    for (; done < seen; done++) {
        size_t i = h->order[done];
        for (size_t k = h->first_out[i]; k < h->first_out[i + 1]; k++) {
            size_t to = h->edge[h->out[k]].to;
            if (--left[to] == 0)
                h->order[seen++] = to;
        }
    }
    free(left);
    return seen == h->n;
}

static uint64_t mean_time(const struct heft *h, size_t i)
{
    og_u128 sum = 0;
    uint64_t count = 0;
    for (size_t j = 0; j < h->m; j++)
        if (h->p[i * h->m + j] != OG_COST_NONE) {
            sum += (uint64_t)h->p[i * h->m + j];
            count++;
        }
    return (uint64_t)(sum / count);
}

struct ranked {
    uint64_t rank;
    size_t turn, at; /* place in topological order */
};

/* A predecessor's rank is not below its follower's, and where both are equal (times 0) the order
 * of before decides; ties of strangers go to the lower task, as far as that holds. */
static int by_rank(const void *a, const void *b)
{
    const struct ranked *p = a, *q = b;
    if (p->rank != q->rank)
        return p->rank > q->rank ? -1 : 1;
    return p->turn < q->turn ? -1 : p->turn > q->turn;
}

static void rank_tasks(struct heft *h)
{
    struct ranked *r = og_xcalloc(h->n + 1, sizeof *r);
    for (size_t k = h->n; k-- > 0;) {
        size_t i = h->order[k];
        uint64_t most = 0;
        for (size_t e = h->first_out[i]; e < h->first_out[i + 1]; e++) {
            const struct og_order_edge *d = &h->edge[h->out[e]];
            most = og_max_u64(most, d->cost + h->rank[d->to]);
        }
        h->rank[i] = mean_time(h, i) + most;
        r[k] = (struct ranked){h->rank[i], k, i};
    }
    if (h->n > 0)
        qsort(r, h->n, sizeof *r, by_rank);
    for (size_t k = 0; k < h->n; k++)
        h->order[k] = r[k].at;
    free(r);
}

/* Start of the first gap of at least `time` at or after `from`; *at: where it goes in the line. */
static uint64_t find_gap(const struct line *l, uint64_t from, uint64_t time, size_t *at)
{
    for (*at = 0; *at < l->n; ++*at) {
        if (from + time <= l->span[*at].start)
            return from;
        from = og_max_u64(from, l->span[*at].finish);
    }
    return from;
}

static void place(struct heft *h, size_t i, struct og_order_slot *slot)
{
    size_t best_at = 0;
    slot[i] = (struct og_order_slot){-1, 0, UINT64_MAX};
    for (size_t j = 0; j < h->m; j++) {
        int64_t time = h->p[i * h->m + j];
        uint64_t from = og_max_u64(h->ready ? h->ready[j] : 0, h->release ? h->release[i] : 0);
        size_t at;
        if (time == OG_COST_NONE)
            continue;
        for (size_t e = h->first_in[i]; e < h->first_in[i + 1]; e++) {
            const struct og_order_edge *d = &h->edge[h->in[e]];
            uint64_t here = slot[d->from].machine == (int32_t)j ? 0 : d->cost;
            from = og_max_u64(from, slot[d->from].finish + here);
        }
        uint64_t start = find_gap(&h->line[j], from, (uint64_t)time, &at);
        if (start + (uint64_t)time >= slot[i].finish)
            continue;
        slot[i] = (struct og_order_slot){(int32_t)j, start, start + (uint64_t)time};
        best_at = at;
    }
    struct line *l = &h->line[slot[i].machine];
    l->span = og_xgrow(l->span, &l->cap, l->n + 1, sizeof *l->span);
    memmove(l->span + best_at + 1, l->span + best_at, (l->n - best_at) * sizeof *l->span);
    l->span[best_at] = (struct span){slot[i].start, slot[i].finish};
    l->n++;
}

enum og_rc og_order_heft(size_t n, size_t m, const int64_t *p, const struct og_order_edge *edge,
                         size_t edges, const uint64_t *ready, const uint64_t *release,
                         struct og_order_slot *slot, uint64_t *rank, uint64_t *makespan,
                         struct og_err *err)
{
    struct heft h = {
        .n = n, .m = m, .edges = edges, .p = p, .edge = edge, .ready = ready, .release = release};
    *makespan = 0;
    OG_TRY(check(&h, err));
    h.first_in = og_xcalloc(n + 1, sizeof *h.first_in);
    h.first_out = og_xcalloc(n + 1, sizeof *h.first_out);
    h.in = og_xcalloc(edges + 1, sizeof *h.in);
    h.out = og_xcalloc(edges + 1, sizeof *h.out);
    h.rank = og_xcalloc(n + 1, sizeof *h.rank);
    h.order = og_xcalloc(n + 1, sizeof *h.order);
    h.line = og_xcalloc(m + 1, sizeof *h.line);
    group(&h);
    enum og_rc rc =
        sort_tasks(&h) ? OG_OK : og_err_set(err, OG_E_DATA, "the tasks wait in a circle");
    if (rc == OG_OK)
        rank_tasks(&h);
    for (size_t k = 0; rc == OG_OK && k < n; k++) {
        place(&h, h.order[k], slot);
        *makespan = og_max_u64(*makespan, slot[h.order[k]].finish);
    }
    if (rank && rc == OG_OK)
        memcpy(rank, h.rank, n * sizeof *rank);
    for (size_t j = 0; j < m; j++)
        free(h.line[j].span);
    free(h.first_in);
    free(h.first_out);
    free(h.in);
    free(h.out);
    free(h.rank);
    free(h.order);
    free(h.line);
    return rc;
}
