/* match_mkexact.c - branch and bound for few tasks. */
#include "match/match_mkexact.h"

#include "base/base_mem.h"
#include "match/match_cert.h"
#include "match/match_cost.h"

#include <stdlib.h>
#include <string.h>

struct exact {
    size_t n, m;
    const int64_t *p;
    size_t order[OG_MKEXACT_TASKS];
    int64_t rest[OG_MKEXACT_TASKS + 1]; /* Σ least times of the tasks from this one on */
    int32_t now[OG_MKEXACT_TASKS];
    int32_t *x;
    int64_t *load, best;
    og_i128 sum; /* of loads */
    uint64_t steps;
};

static int64_t least_time(const struct exact *e, size_t i)
{
    int64_t least = OG_COST_NONE;
    for (size_t j = 0; j < e->m; j++)
        least = e->p[i * e->m + j] < least ? e->p[i * e->m + j] : least;
    return least;
}

static void prepare(struct exact *e)
{
    int64_t least[OG_MKEXACT_TASKS];
    for (size_t i = 0; i < e->n; i++) {
        size_t k = i;
        least[i] = least_time(e, i);
        for (; k > 0 && least[e->order[k - 1]] < least[i]; k--)
            e->order[k] = e->order[k - 1];
        e->order[k] = i;
    }
    e->rest[e->n] = 0;
    for (size_t k = e->n; k-- > 0;)
        e->rest[k] = e->rest[k + 1] + least[e->order[k]];
}

/* The next machine after `last` in rising order of (load with the task, number). */
static size_t next_machine(const struct exact *e, const int64_t *row, size_t last)
{
    size_t at = SIZE_MAX;
    int64_t floor = last == SIZE_MAX ? -1 : e->load[last] + row[last], least = 0;
    for (size_t j = 0; j < e->m; j++) {
        if (row[j] == OG_COST_NONE)
            continue;
        int64_t end = e->load[j] + row[j];
        bool after = last == SIZE_MAX || end > floor || (end == floor && j > last);
        if (after && (at == SIZE_MAX || end < least)) {
            at = j;
            least = end;
        }
    }
    return at;
}

static void descend(struct exact *e, size_t k)
{
    if (k == e->n) {
        e->best = 0;
        for (size_t j = 0; j < e->m; j++)
            e->best = e->load[j] > e->best ? e->load[j] : e->best;
        memcpy(e->x, e->now, e->n * sizeof *e->x);
        return;
    }
    /* loads below the best sum to at most m · (best − 1) */
    if (e->sum + e->rest[k] > (og_i128)(e->best - 1) * (int64_t)e->m)
        return;
    size_t i = e->order[k];
    const int64_t *row = e->p + i * e->m;
    for (size_t j = next_machine(e, row, SIZE_MAX); j != SIZE_MAX && e->steps > 0;
         j = next_machine(e, row, j)) {
        if (e->load[j] + row[j] >= e->best)
            return;
        e->steps--;
        e->load[j] += row[j];
        e->sum += row[j];
        e->now[i] = (int32_t)j;
        descend(e, k + 1);
        e->load[j] -= row[j];
        e->sum -= row[j];
    }
}

bool og_mkexact_run(size_t n, size_t m, const int64_t *p, uint64_t steps, int32_t *x,
                    int64_t *makespan)
{
    struct exact e = {.n = n, .m = m, .p = p, .x = x, .best = *makespan, .steps = steps};
    if (n == 0 || n > OG_MKEXACT_TASKS)
        return n == 0;
    e.load = og_xcalloc(m, sizeof *e.load);
    prepare(&e);
    descend(&e, 0);
    *makespan = e.best;
    free(e.load);
    return e.steps > 0;
}
