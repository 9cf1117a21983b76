/* match_mkbeam.c - beam search over the placement of some tasks on a few machines. */
#include "match/match_mkbeam.h"

#include "base/base_mem.h"
#include "match/match_makespan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define K        OG_MKBEAM_MACHS
#define W        OG_MKBEAM_WIDTH
#define UNIT     OG_MAKESPAN_PRICE_BITS /* energies are times << UNIT */
#define OVER_MAX ((int64_t)1 << 38)     /* twice that, 8 times, << UNIT, fits */

struct state {
    int64_t over[K];
    int64_t cost[K]; /* what that counts */
    int64_t all;     /* Σ cost, and what the moves so far have added to the price */
    int64_t price;
};

struct child {
    int64_t energy;
    uint16_t parent;
    uint8_t pick; /* index into the task's machines */
};

/* How an excess or a gap of one machine counts: price · off² / (2 · give) up to `knee`, from there
 * an excess in full and a gap at the machine's price. */
struct penalty {
    int64_t curve; /* price / (2 · give), times 2^20 of the units below */
    int64_t knee, at_knee, price;
};

struct og_mkbeam_space {
    struct state half[2][W];
    struct state *now, *next;
    struct penalty penalty[K];
    struct child child[W * K];
    uint16_t parent[OG_MKBEAM_TASKS][W];
    uint8_t pick[OG_MKBEAM_TASKS][W];
    int64_t give[OG_MKBEAM_TASKS + 1][K]; /* elasticity of the tasks from this one on */
};

struct og_mkbeam_space *og_mkbeam_space_new(void)
{
    return og_xmalloc(sizeof(struct og_mkbeam_space));
}

void og_mkbeam_space_free(struct og_mkbeam_space *space)
{
    free(space);
}

static int64_t bend(const struct penalty *f, int64_t off)
{
    int64_t coarse = off >> 10;
    return f->curve * (coarse * coarse >> 10) >> 10;
}

static void penalty_set(struct penalty *f, int64_t price, int64_t give)
{
    int64_t most = price > 0 ? ((int64_t)1 << 53) / price : give;
    f->price = price;
    give = give < most ? give : most;
    f->knee = give * 3 / 10;
    /* price/2^20 · (off/2^30)² / (2 · give/2^30) · 2^50 = curve · (off/2^10)² / 2^20 */
    f->curve = give > 0 ? (price << 39) / give : 0;
    f->at_knee = bend(f, f->knee);
}

/* |off| <= OVER_MAX and the times of all tasks. */
static inline int64_t penalty(const struct penalty *f, int64_t off, bool last)
{
    if (off >= 0)
        return off < f->knee ? bend(f, off) : f->at_knee + (off - f->knee) * (1 << UNIT);
    if (last)
        return 0;
    return -off < f->knee ? bend(f, -off) : f->at_knee + (-off - f->knee) * f->price;
}

static int by_size(const void *a, const void *b)
{
    const struct og_mkbeam_task *p = a, *q = b;
    if (p->most != q->most)
        return p->most > q->most ? -1 : 1;
    return p->id < q->id ? -1 : p->id > q->id;
}

/* Elasticity of a machine's load: what would come or go for a change of its price by 15 %, over
 * twice 15 %. */
static void find_give(const struct og_mkbeam *b, struct og_mkbeam_space *s)
{
    memset(s->give[b->tasks], 0, sizeof s->give[b->tasks]);
    for (size_t q = b->tasks; q-- > 0;) {
        const struct og_mkbeam_task *t = &b->task[q];
        int64_t least = INT64_MAX;
        memcpy(s->give[q], s->give[q + 1], sizeof s->give[q]);
        for (size_t z = 0; z < t->n; z++) {
            int64_t cost = b->price[t->at[z]] * t->w[z];
            least = cost < least ? cost : least;
        }
        for (size_t z = 0; z < t->n; z++)
            if (b->price[t->at[z]] * t->w[z] < least + least / 20 * 3)
                s->give[q][t->at[z]] += (int64_t)t->w[z] * 10 / 3;
    }
}

static int64_t middle(int64_t a, int64_t b, int64_t c)
{
    int64_t lo = a < b ? a : b, hi = a < b ? b : a;
    return c < lo ? lo : c > hi ? hi : c;
}

/* Those below the pivot to the front, without a branch; returns how many. */
static size_t part(struct child *c, size_t n, int64_t pivot)
{
    size_t front = 0;
    for (size_t i = 0; i < n; i++) {
        struct child t = c[i];
        c[i] = c[front];
        c[front] = t;
        front += t.energy < pivot;
    }
    return front;
}

/* The `keep` children of least energy to the front (Hoare's selection). */
static void select_best(struct child *c, size_t n, size_t keep)
{
    while (keep > 0 && keep < n) {
        int64_t pivot = middle(c[0].energy, c[n / 2].energy, c[n - 1].energy);
        size_t low = part(c, n, pivot);
        if (low > keep) {
            n = low;
            continue;
        }
        c += low;
        n -= low;
        keep -= low;
        size_t same = part(c, n, pivot + 1); /* at least one */
        if (same >= keep)
            return;
        c += same;
        n -= same;
        keep -= same;
    }
}

/* From task q on: the elasticities of the machines that it may go to are others than before. */
static size_t set_penalties(const struct og_mkbeam *b, struct og_mkbeam_space *s, size_t q,
                            uint8_t *changed)
{
    const struct og_mkbeam_task *t = &b->task[q];
    bool last = q + 1 == b->tasks, all = q == 0 || last;
    size_t n = all ? b->machs : t->n;
    for (size_t i = 0; i < n; i++) {
        uint8_t k = changed[i] = all ? (uint8_t)i : t->at[i];
        penalty_set(&s->penalty[k], b->price[k], last ? 0 : s->give[q + 1][k] + b->give);
    }
    return n;
}

/* Task q leaves where it was, in every state; its children with their energies. */
static size_t expand(const struct og_mkbeam *b, struct og_mkbeam_space *s, size_t q, size_t states)
{
    const struct og_mkbeam_task *t = &b->task[q];
    bool last = q + 1 == b->tasks;
    uint8_t changed[K];
    int64_t was = 0, cost[K];
    size_t n = 0, others = set_penalties(b, s, q, changed);
    for (size_t z = 0; z < t->n; z++) {
        cost[z] = b->price[t->at[z]] * t->w[z];
        if (t->at[z] == t->now)
            was = t->w[z];
    }
    for (size_t i = 0; i < states; i++) {
        struct state *st = &s->now[i];
        st->over[t->now] -= was;
        st->price -= b->price[t->now] * was;
        st->all -= b->price[t->now] * was;
        for (size_t c = 0; c < others; c++) {
            uint8_t k = changed[c];
            st->all -= st->cost[k];
            st->all += st->cost[k] = penalty(&s->penalty[k], st->over[k], last);
        }
        for (size_t z = 0; z < t->n; z++) {
            uint8_t k = t->at[z];
            int64_t after = penalty(&s->penalty[k], st->over[k] + t->w[z], last);
            s->child[n++] =
                (struct child){st->all + cost[z] - st->cost[k] + after, (uint16_t)i, (uint8_t)z};
        }
    }
    return n;
}

static size_t survive(const struct og_mkbeam *b, struct og_mkbeam_space *s, size_t q, size_t n)
{
    const struct og_mkbeam_task *t = &b->task[q];
    size_t keep = n < W ? n : W;
    if (n > W)
        select_best(s->child, n, W);
    for (size_t i = 0; i < keep; i++) {
        const struct child *c = &s->child[i];
        struct state *st = &s->next[i];
        uint8_t k = t->at[c->pick];
        *st = s->now[c->parent];
        st->over[k] += t->w[c->pick];
        st->price += b->price[k] * t->w[c->pick];
        st->cost[k] = penalty(&s->penalty[k], st->over[k], q + 1 == b->tasks);
        st->all = c->energy;
        s->parent[q][i] = c->parent;
        s->pick[q][i] = c->pick;
    }
    struct state *full = s->next;
    s->next = s->now;
    s->now = full;
    return keep;
}

static int64_t excess(const int64_t *over, size_t machs)
{
    int64_t sum = 0;
    for (size_t k = 0; k < machs; k++)
        sum += over[k] <= 0 ? 0 : over[k] > OVER_MAX ? OVER_MAX : over[k];
    return sum * (1 << UNIT);
}

int64_t og_mkbeam_value(const struct og_mkbeam *b)
{
    return excess(b->over, b->machs);
}

void og_mkbeam_run(struct og_mkbeam *b, struct og_mkbeam_space *s)
{
    size_t states = 1, at = 0;
    qsort(b->task, b->tasks, sizeof *b->task, by_size);
    find_give(b, s);
    s->now = s->half[0];
    s->next = s->half[1];
    memset(&s->now[0], 0, sizeof s->now[0]);
    for (size_t k = 0; k < b->machs; k++)
        s->now[0].over[k] = b->over[k] > OVER_MAX    ? OVER_MAX
                            : b->over[k] < -OVER_MAX ? -OVER_MAX
                                                     : b->over[k];
    for (size_t q = 0; q < b->tasks; q++) {
        size_t n = expand(b, s, q, states);
        b->steps += n;
        states = survive(b, s, q, n);
    }
    b->value = INT64_MAX;
    for (size_t i = 0; i < states; i++) {
        int64_t value = excess(s->now[i].over, b->machs) + s->now[i].price;
        if (value < b->value) {
            b->value = value;
            at = i;
        }
    }
    memcpy(b->over, s->now[at].over, sizeof b->over);
    for (size_t q = b->tasks; q-- > 0;) {
        b->to[q] = b->task[q].at[s->pick[q][at]];
        at = s->parent[q][at];
    }
}
