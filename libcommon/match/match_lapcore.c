/* match_lapcore.c - lists of near columns and shortest augmenting paths over them. */
#include "match/match_lapcore.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define STOP_WORK 65536 /* cells between two questions to stop() */

static void *more(void *p, size_t n, size_t size)
{
    return og_xrealloc(p, (n + 1) * size); /* never zero bytes */
}

void og_lapcore_reserve(struct og_lapcore *c, size_t rows, size_t cols)
{
    size_t had = c->zero == NULL ? 0 : c->cols + 1;
    rows = rows > c->rows ? rows : c->rows;
    cols = cols > c->cols ? cols : c->cols;
    c->rows = rows;
    c->cols = cols;
    c->zero = more(c->zero, cols, sizeof *c->zero);
    memset(c->zero + had, 0, (cols + 1 - had) * sizeof *c->zero);
    c->v = more(c->v, cols, sizeof *c->v);
    c->v32 = more(c->v32, cols, sizeof *c->v32);
    c->load = more(c->load, cols, sizeof *c->load);
    c->head = more(c->head, cols, sizeof *c->head);
    c->d = more(c->d, cols, sizeof *c->d);
    c->cost = more(c->cost, cols, sizeof *c->cost);
    c->pred = more(c->pred, cols, sizeof *c->pred);
    c->seen = more(c->seen, cols, sizeof *c->seen);
    c->done = more(c->done, cols, sizeof *c->done);
    c->ready = more(c->ready, cols, sizeof *c->ready);
    c->below = more(c->below, cols, sizeof *c->below);
    c->at = more(c->at, cols + 32, sizeof *c->at);
    c->whole = more(c->whole, cols, sizeof *c->whole);
    c->x = more(c->x, rows, sizeof *c->x);
    c->next = more(c->next, rows, sizeof *c->next);
    c->prev = more(c->prev, rows, sizeof *c->prev);
    c->cx = more(c->cx, rows, sizeof *c->cx);
    c->lists = more(c->lists, rows, sizeof *c->lists);
}

void og_lapcore_new_row(struct og_lapcore *c, size_t i)
{
    c->x[i] = OG_LAPCORE_OPEN;
    og_lapcore_list(c, (int32_t)i)->n = -1;
}

void og_lapcore_new_col(struct og_lapcore *c, size_t j)
{
    c->head[j] = -1;
    c->load[j] = 0;
    c->seen[j] = 0;
    og_lapcore_price(c, (int32_t)j, og_lapcore_cap(c, (int32_t)j) == 0 ? -2 * OG_LAP_MAX : 0);
}

void og_lapcore_reset(struct og_lapcore *c)
{
    c->n = c->p->n;
    c->m = c->p->m;
    c->v_low = 0;
    for (size_t j = 0; j < c->m; j++)
        og_lapcore_new_col(c, j);
    for (size_t i = 0; i < c->n; i++)
        og_lapcore_new_row(c, i);
}

void og_lapcore_init(struct og_lapcore *c, const struct og_lap_problem *p)
{
    *c = (struct og_lapcore){.p = p};
    c->avx2 = !p->portable && og_lapscan_has_avx2();
    og_lapcore_reserve(c, p->n, p->m);
    og_lapcore_reset(c);
}

void og_lapcore_release(struct og_lapcore *c)
{
    free(c->v);
    free(c->v32);
    free(c->load);
    free(c->head);
    free(c->d);
    free(c->cost);
    free(c->pred);
    free(c->seen);
    free(c->done);
    free(c->ready);
    free(c->below);
    free(c->at);
    free(c->x);
    free(c->next);
    free(c->prev);
    free(c->cx);
    free(c->lists);
    free(c->whole);
    free(c->zero);
    free(c->heap.a);
    *c = (struct og_lapcore){0};
}

bool og_lapcore_stop(struct og_lapcore *c)
{
    if (c->p->stop != NULL && !c->stopped && c->work - c->asked >= STOP_WORK) {
        c->asked = c->work;
        c->stopped = c->p->stop(c->p->stop_user);
    }
    return c->stopped;
}

static size_t stride(const struct og_lap_problem *p)
{
    return p->stride == 0 ? p->m : p->stride;
}

/* What the callback wrote: a cell beyond the bound makes the solve fail in the end. */
static void judge(struct og_lapcore *c)
{
    for (size_t j = 0; j < c->m; j++) {
        int64_t t = c->whole[j] == OG_COST_NONE ? 0 : c->whole[j];
        t = t < -OG_LAP_MAX ? OG_LAP_MAX + 1 : t < 0 ? -t : t;
        if (t > OG_LAP_MAX)
            c->whole[j] = OG_COST_NONE;
        c->most = t > c->most ? t : c->most;
    }
}

const int64_t *og_lapcore_row(struct og_lapcore *c, size_t i)
{
    const struct og_lap_problem *p = c->p;
    if (i >= p->n)
        return c->zero;
    if (p->c64 != NULL)
        return p->c64 + i * stride(p);
    if (p->c32 == NULL) {
        p->row(p->row_user, i, c->whole);
        judge(c);
        return c->whole;
    }
    const int32_t *r = og_lapcore_row32(c, i);
    for (size_t j = 0; j < c->m; j++)
        c->whole[j] = r[j] >= OG_LAP_NONE32 ? OG_COST_NONE : r[j];
    return c->whole;
}

int64_t og_lapcore_cell(struct og_lapcore *c, size_t i, size_t j)
{
    const struct og_lap_problem *p = c->p;
    if (p->c32 != NULL) {
        int32_t t = og_lapcore_row32(c, i)[j];
        return t >= OG_LAP_NONE32 ? OG_COST_NONE : t;
    }
    return og_lapcore_row(c, i)[j];
}

void og_lapcore_price(struct og_lapcore *c, int32_t j, int64_t v)
{
    c->v[j] = v;
    c->v32[j] = v < OG_LAPSCAN_LOW ? OG_LAPSCAN_LOW : (int32_t)v;
    if (v < c->v_low)
        c->v_low = v;
}

/* Are all of these prices whole in v32? */
static bool narrow(const struct og_lapcore *c, const struct og_lapscan_hit *hit, size_t n)
{
    if (c->v_low < OG_LAPSCAN_LOW)
        for (size_t k = 0; k < n; k++)
            if (c->v[hit[k].col] < OG_LAPSCAN_LOW)
                return false;
    return true;
}

void og_lapcore_look(struct og_lapcore *c, int32_t i)
{
    struct og_lapscan_hit hit[OG_LAPSCAN_KEEP];
    struct og_lapcore_list *l = og_lapcore_list(c, i);
    const struct og_lap_problem *p = c->p;
    size_t n = 0;
    bool good = false;
    if (p->c32 != NULL) {
        n = og_lapscan_32(og_lapcore_row32(c, (size_t)i), c->v32, c->m, c->avx2, hit);
        good = narrow(c, hit, n);
    }
    if (!good)
        n = og_lapscan_64(og_lapcore_row(c, (size_t)i), c->v, c->m, c->avx2, hit);
    l->first = n > 0 ? hit[0].h : 0;
    for (size_t k = 0; k < n; k++) {
        int64_t above = hit[k].h - hit[0].h;
        l->near[k].cost = hit[k].h + c->v[hit[k].col];
        l->near[k].col = hit[k].col;
        l->near[k].above = above > INT32_MAX ? INT32_MAX : (int32_t)above;
    }
    l->n = (int32_t)n;
    l->bound = n == OG_LAPSCAN_KEEP && n < c->m ? hit[n - 1].h : INT64_MAX;
    c->scans++;
    c->work += c->m;
}

int64_t og_lapcore_least(struct og_lapcore *c, int32_t i)
{
    for (int turn = 0;; turn++) {
        const struct og_lapcore_list *l = og_lapcore_list(c, i);
        if (turn > 0 || l->n < 0)
            og_lapcore_look(c, i);
        int64_t least = INT64_MAX;
        for (int32_t k = 0; k < l->n && l->first + l->near[k].above < least; k++) {
            int64_t h = l->near[k].cost - c->v[l->near[k].col];
            least = h < least ? h : least;
        }
        if (least <= l->bound)
            return least;
    }
}

void og_lapcore_put(struct og_lapcore *c, int32_t i, int32_t j, int64_t cost)
{
    int32_t h = c->head[j];
    c->x[i] = j;
    c->cx[i] = cost;
    c->prev[i] = -1;
    c->next[i] = h;
    if (h >= 0)
        c->prev[h] = i;
    c->head[j] = i;
    c->load[j]++;
}

void og_lapcore_drop(struct og_lapcore *c, int32_t i)
{
    int32_t j = c->x[i];
    c->x[i] = OG_LAPCORE_OPEN;
    if (j < 0)
        return;
    if (c->prev[i] >= 0)
        c->next[c->prev[i]] = c->next[i];
    else
        c->head[j] = c->next[i];
    if (c->next[i] >= 0)
        c->prev[c->next[i]] = c->prev[i];
    c->load[j]--;
}
