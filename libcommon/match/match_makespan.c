/* match_makespan.c - prices, a start that follows them, then small parts placed anew. */
#include "match/match_makespan.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_cert.h"
#include "match/match_mkbeam.h"
#include "match/match_mkexact.h"
#include "match/match_mkprice.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UNIT        ((int64_t)1 << 30) /* the start's makespan in the search's units of time */
#define STEPS_MIN   ((uint64_t)1 << 16)
#define STEPS_MAX   ((uint64_t)1 << 26)
#define STALL       150    /* parts without gain before a kick */
#define EXACT_STEPS 200000 /* of trying everything where tasks are few */
#define FEW         16     /* machines: any of them may be of use to any other */
#define SMALL       40     /* tasks: the search leaves no pair out */
#define HOLD        20     /* parts for which a kicked task stays */

struct search {
    size_t n, m;
    const int64_t *p;
    uint32_t *w; /* p in units; above UNIT no pair of a better assignment */
    const uint32_t *price;
    int32_t *x, *base, *best;     /* current machines, those the last kick left from, the best */
    int64_t *load;                /* of x, units */
    int64_t *least;               /* min_j price·w per task */
    uint64_t *hold;               /* task -> part until which it stays */
    int64_t low, top;             /* bound and best makespan, units */
    int64_t price_sum, least_sum; /* of the prices; of `least` */
    int64_t mark_top;             /* of mark */
    int64_t exact;                /* best makespan */
    uint64_t part, moved, seed;   /* moved: part of the last gain */
    uint8_t *role;                /* machine -> position in the part, or NOT_IN */
    size_t mach[OG_MKBEAM_MACHS]; /* and the other way */
    struct og_mkbeam beam;
    struct og_mkbeam_space *space;
};

#define NOT_IN UINT8_MAX

static size_t below(struct search *s, size_t n)
{
    s->seed += 0x9E3779B97F4A7C15ull;
    return (size_t)((og_u128)og_splitmix64(s->seed) * n >> 64);
}

/* ---- the start */

static enum og_rc check_times(size_t n, size_t m, const int64_t *p, struct og_err *err)
{
    og_i128 sum = 0;
    if (m == 0 || m > OG_MAKESPAN_MACHS_MAX || n > OG_MAKESPAN_CELLS_MAX / m)
        return og_err_set(err, OG_E_DATA, "%zu tasks on %zu machines are too many or too few", n,
                          m);
    for (size_t i = 0; i < n; i++) {
        int64_t most = -1;
        for (size_t j = 0; j < m; j++) {
            int64_t t = p[i * m + j];
            if (t == OG_COST_NONE)
                continue;
            if (t < 0 || t > OG_MAKESPAN_P_MAX)
                return og_err_set(err, OG_E_DATA,
                                  "task %zu on machine %zu: %" PRId64 " is out of range", i, j, t);
            most = t > most ? t : most;
        }
        if (most < 0)
            return og_err_set(err, OG_E_DATA, "no machine takes task %zu", i);
        sum += most;
    }
    if (sum >= (og_i128)1 << 62)
        return og_err_set(err, OG_E_DATA, "the times are too great");
    return OG_OK;
}

struct sized {
    int64_t size;
    size_t at;
};

static int longest_first(const void *a, const void *b)
{
    const struct sized *p = a, *q = b;
    if (p->size != q->size)
        return p->size > q->size ? -1 : 1;
    return p->at < q->at ? -1 : p->at > q->at;
}

/* Longest least time first, each where it ends earliest; returns the makespan. */
static int64_t start_greedy(size_t n, size_t m, const int64_t *p, int32_t *x)
{
    int64_t *load = og_xcalloc(m, sizeof *load), top = 0;
    struct sized *order = og_xcalloc(n + 1, sizeof *order);
    for (size_t i = 0; i < n; i++) {
        order[i] = (struct sized){OG_COST_NONE, i};
        for (size_t j = 0; j < m; j++)
            order[i].size = p[i * m + j] < order[i].size ? p[i * m + j] : order[i].size;
    }
    qsort(order, n, sizeof *order, longest_first);
    for (size_t k = 0; k < n; k++) {
        const int64_t *row = p + order[k].at * m;
        size_t at = SIZE_MAX;
        for (size_t j = 0; j < m; j++)
            if (row[j] != OG_COST_NONE && (at == SIZE_MAX || load[j] + row[j] < load[at] + row[at]))
                at = j;
        load[at] += row[at];
        x[order[k].at] = (int32_t)at;
        top = load[at] > top ? load[at] : top;
    }
    free(load);
    free(order);
    return top;
}

static void scale(struct search *s, int64_t top)
{
    for (size_t k = 0; k < s->n * s->m; k++)
        s->w[k] =
            s->p[k] > top ? OG_MKPRICE_NONE : (uint32_t)(((og_i128)s->p[k] * UNIT + top / 2) / top);
}

static int64_t priced(const struct search *s, size_t i, size_t j)
{
    return (int64_t)s->price[j] * s->w[i * s->m + j];
}

/* Every task where its price is least. */
static void start_priced(struct search *s)
{
    for (size_t i = 0; i < s->n; i++) {
        size_t at = SIZE_MAX;
        for (size_t j = 0; j < s->m; j++)
            if (s->w[i * s->m + j] <= UNIT &&
                (at == SIZE_MAX || priced(s, i, j) < priced(s, i, at)))
                at = j;
        s->x[i] = (int32_t)at;
        s->least[i] = priced(s, i, at);
    }
}

static void find_loads(struct search *s)
{
    memset(s->load, 0, s->m * sizeof *s->load);
    for (size_t i = 0; i < s->n; i++)
        s->load[s->x[i]] += s->w[i * s->m + (size_t)s->x[i]];
}

static int64_t exact_top(const struct search *s)
{
    int64_t *load = og_xcalloc(s->m, sizeof *load), top = 0;
    for (size_t i = 0; i < s->n; i++) {
        int64_t *l = &load[s->x[i]];
        *l += s->p[i * s->m + (size_t)s->x[i]];
        top = *l > top ? *l : top;
    }
    free(load);
    return top;
}

/* Keeps x when it is better than the best. */
static void keep_best(struct search *s)
{
    int64_t top = 0;
    for (size_t j = 0; j < s->m; j++)
        top = s->load[j] > top ? s->load[j] : top;
    if (top > s->top)
        return;
    int64_t exact = exact_top(s);
    if (exact >= s->exact)
        return;
    s->exact = exact;
    s->top = top;
    s->moved = s->part;
    memcpy(s->best, s->x, s->n * sizeof *s->x);
}

/* What the prices of all tasks together may be above their least in a better assignment. */
static int64_t spare(const struct search *s)
{
    return (int64_t)((og_i128)s->top * s->price_sum - s->least_sum) + 1;
}

/* ---- a part: a few machines, the tasks on them that have a choice */

/* Where a task on machine j would go else, as one of them has it; any machine when there is none.
 */
static size_t neighbour(struct search *s, size_t j)
{
    size_t i = below(s, s->n), at = SIZE_MAX;
    for (size_t k = 0; k < s->n && s->x[i] != (int32_t)j; k++)
        i = i + 1 < s->n ? i + 1 : 0;
    for (size_t k = 0; k < s->m && s->x[i] == (int32_t)j; k++)
        if (k != j && s->w[i * s->m + k] <= UNIT && s->role[k] == NOT_IN &&
            (at == SIZE_MAX || priced(s, i, k) < priced(s, i, at)))
            at = k;
    return at == SIZE_MAX ? below(s, s->m) : at;
}

static void choose_machines(struct search *s, int64_t target)
{
    size_t over = 0, want = 5 + below(s, 3), first = below(s, s->m);
    struct og_mkbeam *b = &s->beam;
    memset(s->role, NOT_IN, s->m);
    for (size_t j = 0; j < s->m; j++)
        over += s->load[j] > target;
    if (over > 0) {
        size_t skip = below(s, over);
        for (first = 0; s->load[first] <= target || skip > 0; first++)
            skip -= s->load[first] > target;
    }
    want = want < s->m ? want : s->m;
    /* of many machines, one drawn at random is seldom of use */
    for (b->machs = 0; b->machs < want;) {
        bool near = s->m > FEW && below(s, 64) < (s->m < 48 ? s->m : 48);
        size_t j = b->machs == 0 ? first : near ? neighbour(s, first) : below(s, s->m);
        if (s->role[j] != NOT_IN)
            continue;
        s->role[j] = (uint8_t)b->machs;
        s->mach[b->machs] = j;
        b->price[b->machs] = s->price[j];
        b->over[b->machs++] = s->load[j] - target;
    }
}

static void add_task(struct search *s, size_t i, int64_t regret)
{
    struct og_mkbeam_task *t = &s->beam.task[s->beam.tasks];
    *t = (struct og_mkbeam_task){.id = (uint32_t)i, .now = s->role[s->x[i]]};
    const uint32_t *row = s->w + i * s->m;
    for (uint8_t k = 0; k < s->beam.machs; k++) {
        uint32_t w = row[s->mach[k]];
        if (w > UNIT)
            continue;
        if (k != t->now && (priced(s, i, s->mach[k]) - s->least[i] > regret || w >= s->top))
            continue;
        t->at[t->n] = k;
        t->w[t->n++] = w;
        t->most = w > t->most ? w : t->most;
    }
    s->beam.tasks += t->n > 1;
}

static void apply_part(struct search *s)
{
    for (size_t q = 0; q < s->beam.tasks; q++) {
        size_t i = s->beam.task[q].id;
        int32_t to = (int32_t)s->mach[s->beam.to[q]];
        s->load[s->x[i]] -= s->w[i * s->m + (size_t)s->x[i]];
        s->x[i] = to;
        s->load[to] += s->w[i * s->m + (size_t)to];
    }
}

/* Excess that the search tries to remove: nine tenths of the way from the bound to the best, half
 * of it while that is far. */
static int64_t target_of(const struct search *s)
{
    int64_t gap = s->top - s->low;
    return gap > s->low / 100 ? s->low + gap / 2 : s->low + gap - gap / 10;
}

/* Where the bound is weak, its prices say little and any target may be out of reach: sometimes all
 * that counts is to be below the best. */
static void choose_goal(struct search *s)
{
    int64_t gap = s->top - s->low;
    size_t way = gap > s->low / 100 ? below(s, 4) : 0;
    choose_machines(s, way < 2 ? target_of(s) : way == 2 ? s->top - gap / 10 : s->top - 1);
    if (way == 3)
        memset(s->beam.price, 0, sizeof s->beam.price);
}

static void improve_part(struct search *s)
{
    static const int64_t share[] = {32, 24, 16, 8};
    static const int64_t give[] = {UNIT / 100, UNIT / 33, UNIT / 10, UNIT / 3};
    int64_t regret = spare(s) / (s->n <= SMALL ? 1 : share[below(s, 4)]);
    struct og_mkbeam *b = &s->beam;
    choose_goal(s);
    b->give = give[below(s, 4)];
    b->tasks = 0;
    for (size_t k = 0, i = below(s, s->n); k < s->n && b->tasks < OG_MKBEAM_TASKS; k++) {
        if (s->role[s->x[i]] != NOT_IN && s->hold[i] <= s->part)
            add_task(s, i, regret);
        i = i + 1 < s->n ? i + 1 : 0;
    }
    if (b->tasks == 0)
        return;
    int64_t before = og_mkbeam_value(b);
    og_mkbeam_run(b, s->space);
    if (b->value > before)
        return;
    if (before - b->value > UNIT >> 10)
        s->moved = s->part;
    apply_part(s);
    keep_best(s);
}

/* What og_mkbeam_value says of a part, for all machines and all tasks. */
static og_i128 value_of(struct search *s, const int32_t *x)
{
    og_i128 value = 0;
    int64_t target = target_of(s);
    memset(s->load, 0, s->m * sizeof *s->load);
    for (size_t i = 0; i < s->n; i++) {
        s->load[x[i]] += s->w[i * s->m + (size_t)x[i]];
        value += priced(s, i, (size_t)x[i]) - s->least[i];
    }
    for (size_t j = 0; j < s->m; j++)
        value += s->load[j] > target ? (og_i128)(s->load[j] - target) << OG_MAKESPAN_PRICE_BITS : 0;
    return value;
}

/* A walk over what the parts cannot improve: on from here unless it is clearly worse than where
 * the last kick left from; one to four tasks go elsewhere and stay there for a
 * while. */
static void kick(struct search *s)
{
    int64_t gap = spare(s);
    if (value_of(s, s->x) <= value_of(s, s->base) + gap / 32)
        memcpy(s->base, s->x, s->n * sizeof *s->x);
    else
        memcpy(s->x, s->base, s->n * sizeof *s->x);
    for (size_t k = 1 + below(s, 4), tries = 200; k > 0 && tries > 0; tries--) {
        size_t i = below(s, s->n), j = below(s, s->m);
        if (s->w[i * s->m + j] > UNIT || (int32_t)j == s->x[i] ||
            priced(s, i, j) - s->least[i] > (s->n <= SMALL ? gap : gap / 4))
            continue;
        s->x[i] = (int32_t)j;
        s->hold[i] = s->part + HOLD;
        k--;
    }
    find_loads(s);
    s->moved = s->part;
}

static void run(struct search *s, const struct og_makespan_opts *o, int64_t bound, uint64_t steps,
                bool *stopped)
{
    s->space = og_mkbeam_space_new();
    /* a part without a choice costs a pass over the tasks */
    for (uint64_t idle = 0; s->exact > bound && s->beam.steps + idle < steps; s->part++) {
        uint64_t before = s->beam.steps;
        if (o->stop && o->stop(o->stop_at)) {
            *stopped = true;
            break;
        }
        if (s->part - s->moved > STALL)
            kick(s);
        improve_part(s);
        idle += s->beam.steps == before ? s->n : s->n / 8;
    }
    og_mkbeam_space_free(s->space);
}

static enum og_rc search(struct search *s, const struct og_makespan_opts *o, uint32_t *price,
                         struct og_makespan *out, struct og_err *err)
{
    uint64_t steps = 4096 * (uint64_t)s->n * s->m;
    steps = og_max_u64(STEPS_MIN, og_min_u64(steps, STEPS_MAX));
    scale(s, s->exact);
    og_mkprice_find(s->n, s->m, s->w, o->stop, o->stop_at, price);
    OG_TRY(og_makespan_bound(s->n, s->m, s->p, price, &out->bound, err));
    s->low = (int64_t)((og_i128)out->bound * UNIT / s->exact);
    s->top = UNIT + 1 + (int64_t)s->n;
    start_priced(s);
    for (size_t j = 0; j < s->m; j++)
        s->price_sum += price[j];
    for (size_t i = 0; i < s->n; i++)
        s->least_sum += s->least[i];
    find_loads(s);
    keep_best(s);
    memcpy(s->base, s->x, s->n * sizeof *s->x);
    if (!out->optimal)
        run(s, o, out->bound, o->steps ? o->steps : steps, &out->stopped);
    return OG_OK;
}

enum og_rc og_makespan_solve(size_t n, size_t m, const int64_t *p,
                             const struct og_makespan_opts *opts, int32_t *x, uint32_t *price,
                             struct og_makespan *out, struct og_err *err)
{
    *out = (struct og_makespan){0};
    OG_TRY(check_times(n, m, p, err));
    struct search *s = og_xcalloc(1, sizeof *s);
    s->n = n;
    s->m = m;
    s->p = p;
    s->price = price;
    s->best = x;
    s->exact = start_greedy(n, m, p, x);
    for (size_t j = 0; j < m; j++)
        price[j] = 1;
    enum og_rc rc = OG_OK;
    if (s->exact > 0 && n <= OG_MKEXACT_TASKS)
        out->optimal = og_mkexact_run(n, m, p, EXACT_STEPS, x, &s->exact);
    if (s->exact > 0) {
        s->w = og_xmalloc(n * m * sizeof *s->w);
        s->x = og_xmalloc(n * sizeof *s->x);
        s->base = og_xmalloc(n * sizeof *s->base);
        s->load = og_xcalloc(m, sizeof *s->load);
        s->least = og_xcalloc(n, sizeof *s->least);
        s->hold = og_xcalloc(n, sizeof *s->hold);
        s->role = og_xcalloc(m, sizeof *s->role);
        rc = search(s, opts, price, out, err);
    }
    out->makespan = s->exact;
    out->optimal = out->optimal || s->exact == 0 || s->exact == out->bound;
    out->steps = s->beam.steps;
    free(s->w);
    free(s->x);
    free(s->base);
    free(s->load);
    free(s->least);
    free(s->hold);
    free(s->role);
    free(s);
    return rc;
}
