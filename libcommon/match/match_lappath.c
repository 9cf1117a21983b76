/* match_lappath.c - Dijkstra from an open row over the lists; a row is looked at as a whole only
 * when its other columns could be nearer than the best end found. */
#include "match/match_lapcore.h"

#include "base/base_mem.h"

struct path {
    struct og_lapcore *c;
    int64_t now;  /* all that is nearer is final */
    int64_t best; /* of the ends found: a column with room or a row that can wait */
    int32_t end;  /* that column, −1: the row `leaver` waits */
    int32_t leaver;
    size_t done_n, ready_n;
    bool whole;           /* `below` is kept */
    int64_t zero;         /* the distance that it counts from */
    int64_t known;        /* the best end that it knows of */
    size_t looks, wholes; /* rows whose list was made again; that were looked at entirely */
    bool stood_in;        /* a stand-in was reached: the others offer nothing nearer */
};

static void push(struct og_lapcore_heap *h, struct og_lapcore_item t)
{
    size_t k = h->n;
    if (h->n == h->cap)
        h->a = og_xgrow(h->a, &h->cap, h->n + 1, sizeof *h->a);
    for (h->n++; k > 0 && h->a[(k - 1) / 2].key > t.key; k = (k - 1) / 2)
        h->a[k] = h->a[(k - 1) / 2];
    h->a[k] = t;
}

static struct og_lapcore_item pop(struct og_lapcore_heap *h)
{
    struct og_lapcore_item top = h->a[0], t = h->a[--h->n];
    size_t k = 0;
    for (size_t kid = 1; kid < h->n; kid = 2 * k + 1) {
        if (kid + 1 < h->n && h->a[kid + 1].key < h->a[kid].key)
            kid++;
        if (h->a[kid].key >= t.key)
            break;
        h->a[k] = h->a[kid];
        k = kid;
    }
    h->a[k] = t;
    return top;
}

#define CUT ((int64_t)1 << 30)

enum step {
    STEP_NEAR, /* the row has offered its list */
    STEP_ALL,  /* a new list, too: all of it is next */
    STEP_CUT   /* all but what 32 bits cannot tell */
};

static int32_t cut(int64_t d)
{
    return d > CUT ? (int32_t)CUT : d < -CUT ? (int32_t)-CUT : (int32_t)d;
}

/* Row i offers column j at distance `dist`, below the best end. */
static void offer(struct path *t, int32_t i, int32_t j, int64_t dist, int64_t cost)
{
    struct og_lapcore *c = t->c;
    if (c->seen[j] >= 2 * c->path && c->d[j] <= dist)
        return;
    c->seen[j] = 2 * c->path;
    c->d[j] = dist;
    c->cost[j] = cost;
    c->pred[j] = i;
    if (t->whole)
        c->below[j] = cut(dist - t->zero) + c->v32[j];
    if (og_lapcore_room(c, j)) {
        t->best = dist;
        t->end = j;
    } else if (dist == t->now) {
        c->ready[t->ready_n++] = j;
    } else {
        push(&c->heap, (struct og_lapcore_item){.key = dist, .col = j, .row = -1});
    }
}

/* Row i comes up again when what it has not offered begins to matter. */
static void come_back(struct path *t, int32_t i, int64_t base, int64_t bound, int32_t step)
{
    if (bound == INT64_MAX || base + bound >= t->best)
        return;
    /* a list made long ago can have a bound that the row has passed */
    int64_t key = base + bound > t->now ? base + bound : t->now;
    push(&t->c->heap, (struct og_lapcore_item){.key = key, .base = base, .row = i, .step = step});
}

static void offer_near(struct path *t, int32_t i, int64_t base)
{
    struct og_lapcore *c = t->c;
    const struct og_lapcore_list *l = og_lapcore_list(c, i);
    const struct og_lapcore_near *a = l->near;
    for (int32_t k = 0; k < l->n && base + l->first + a[k].above < t->best; k++) {
        int64_t dist = base + a[k].cost - c->v[a[k].col];
        if (dist < t->best)
            offer(t, i, a[k].col, dist, a[k].cost);
    }
    c->work += OG_LAPSCAN_KEEP;
}

/* From here on `below` holds for each column the cost at which a row with base `zero` would bring
 * nothing: distance to beat, plus price. */
static void keep_below(struct path *t)
{
    struct og_lapcore *c = t->c;
    t->whole = true;
    t->zero = t->now;
    t->known = t->best;
    for (size_t j = 0; j < c->m; j++) {
        int64_t d = c->seen[j] == 2 * c->path && c->d[j] < t->best ? c->d[j] : t->best;
        bool final = c->seen[j] > 2 * c->path;
        c->below[j] = final ? (int32_t)-CUT : cut(d - t->zero) + c->v32[j];
    }
}

/* A nearer end has been found since: nothing beyond it matters. */
static void lower_below(struct path *t)
{
    struct og_lapcore *c = t->c;
    int32_t best = cut(t->best - t->zero);
    t->known = t->best;
    for (size_t j = 0; j < c->m; j++) {
        int32_t most = best + c->v32[j];
        c->below[j] = c->below[j] < most ? c->below[j] : most;
    }
}

static void offer_all64(struct path *t, int32_t i, int64_t base)
{
    struct og_lapcore *c = t->c;
    const int64_t *r = og_lapcore_row(c, (size_t)i);
    for (size_t j = 0; j < c->m; j++)
        if (r[j] != OG_COST_NONE && base + r[j] - c->v[j] < t->best)
            offer(t, i, (int32_t)j, base + r[j] - c->v[j], r[j]);
}

/* Every column of row i that it brings nearer. */
static void offer_all(struct path *t, int32_t i, int64_t base)
{
    struct og_lapcore *c = t->c;
    const int32_t *r, *next = NULL;
    size_t n;
    c->scans++;
    c->work += c->m;
    t->wholes++;
    if (!t->whole && c->p->c32 != NULL)
        keep_below(t);
    if (c->p->c32 == NULL || t->now - t->zero > CUT / 2 || base - t->zero > CUT / 2 ||
        t->zero - base > CUT / 2) {
        offer_all64(t, i, base);
        return;
    }
    if (t->best < t->known)
        lower_below(t);
    if (t->best - t->zero > CUT) /* what 32 bits cannot tell comes later, if at all */
        push(&c->heap, (struct og_lapcore_item){
                           .key = t->zero + CUT, .base = base, .row = i, .step = STEP_CUT});
    r = og_lapcore_row32(c, (size_t)i);
    if (c->heap.n > 0 && c->heap.a[0].row >= 0)
        next = og_lapcore_row32(c, (size_t)c->heap.a[0].row);
    n = og_lapscan_cheaper(r, c->below, (int32_t)(base - t->zero), c->m, c->avx2, next, c->at);
    for (size_t k = 0; k < n; k++) {
        int32_t j = (int32_t)c->at[k];
        int64_t dist = base + r[j] - c->v[j];
        if (r[j] < OG_LAP_NONE32 && dist < t->best)
            offer(t, i, j, dist, r[j]);
    }
}

static void reach(struct path *t, int32_t i, int64_t base)
{
    struct og_lapcore *c = t->c;
    int64_t wait = base + og_lapcore_wait(c, i);
    if ((size_t)i >= c->p->n && t->stood_in)
        return;
    t->stood_in = t->stood_in || (size_t)i >= c->p->n;
    if (wait < t->best) {
        t->best = wait;
        t->end = -1;
        t->leaver = i;
    }
    if (og_lapcore_list(c, i)->n < 0)
        og_lapcore_look(c, i);
    offer_near(t, i, base);
    come_back(t, i, base, og_lapcore_list(c, i)->bound, STEP_NEAR);
}

/* The rest of a row matters: a new list first; all of it when that was tried on this path, or when
 * on this path new lists have rarely been enough. */
static void widen(struct path *t, const struct og_lapcore_item *e)
{
    struct og_lapcore *c = t->c;
    if (e->step == STEP_CUT) {
        c->scans++;
        c->work += c->m;
        offer_all64(t, e->row, e->base);
        return;
    }
    if (e->step == STEP_ALL || (t->wholes > 4 && 2 * t->wholes > t->looks)) {
        offer_all(t, e->row, e->base);
        return;
    }
    t->looks++;
    og_lapcore_look(c, e->row);
    offer_near(t, e->row, e->base);
    come_back(t, e->row, e->base, og_lapcore_list(c, e->row)->bound, STEP_ALL);
}

static void settle(struct path *t, int32_t j)
{
    struct og_lapcore *c = t->c;
    c->seen[j] = 2 * c->path + 1;
    if (t->whole)
        c->below[j] = (int32_t)-CUT;
    c->done[t->done_n++] = j;
    for (int32_t i = c->head[j]; i >= 0; i = c->next[i])
        reach(t, i, t->now - (c->cx[i] - c->v[j]));
}

/* Grows the tree until nothing is nearer than the best end. */
static void grow(struct path *t)
{
    struct og_lapcore *c = t->c;
    for (;;) {
        if (t->ready_n > 0 && t->now < t->best) {
            int32_t j = c->ready[--t->ready_n];
            if (c->seen[j] == 2 * c->path)
                settle(t, j);
            continue;
        }
        if (c->heap.n == 0 || c->heap.a[0].key >= t->best)
            return;
        struct og_lapcore_item e = pop(&c->heap);
        t->now = e.key;
        if (e.row >= 0)
            widen(t, &e);
        else if (c->seen[e.col] == 2 * c->path && c->d[e.col] == e.key)
            settle(t, e.col);
    }
}

/* Each row on the path takes the column it was offered, up to the open row. */
static void flip(struct path *t)
{
    struct og_lapcore *c = t->c;
    int32_t j = t->end;
    if (j < 0) {
        j = c->x[t->leaver];
        og_lapcore_drop(c, t->leaver);
        c->x[t->leaver] = OG_LAPCORE_WAITS;
    }
    while (j >= 0) {
        int32_t i = c->pred[j], old = c->x[i];
        og_lapcore_drop(c, i);
        og_lapcore_put(c, i, j, c->cost[j]);
        j = old;
    }
}

void og_lapcore_augment(struct og_lapcore *c, int32_t i)
{
    struct path t = {.c = c, .now = INT64_MIN, .best = INT64_MAX, .end = -1, .leaver = i};
    c->path++;
    c->heap.n = 0;
    reach(&t, i, 0);
    grow(&t);
    for (size_t k = 0; k < t.done_n; k++) {
        int32_t j = c->done[k];
        if (c->d[j] < t.best)
            og_lapcore_price(c, j, c->v[j] + c->d[j] - t.best);
    }
    flip(&t);
}
