/* match_order.c - Smith's rule and the least sum of completion times. */
#include "match/match_order.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_lap.h"

#include <stdlib.h>

struct job {
    uint64_t time, weight;
    size_t at;
};

static int smith_cmp(const void *a, const void *b)
{
    const struct job *p = a, *q = b;
    og_u128 left = (og_u128)p->weight * q->time, right = (og_u128)q->weight * p->time;
    if (left != right)
        return left > right ? -1 : 1;
    return p->at < q->at ? -1 : p->at > q->at;
}

/* Tasks of no time and no weight compare equal with all others, so they stay out of the sort. */
void og_order_smith(size_t n, const uint64_t *time, const uint64_t *weight, size_t *order)
{
    struct job *job = og_xcalloc(n + 1, sizeof *job);
    size_t real = 0, none = n;
    for (size_t i = 0; i < n; i++)
        if (time[i] != 0 || weight[i] != 0)
            job[real++] = (struct job){time[i], weight[i], i};
    for (size_t i = n; i-- > 0;)
        if (time[i] == 0 && weight[i] == 0)
            order[--none] = i;
    if (real > 0)
        qsort(job, real, sizeof *job, smith_cmp);
    for (size_t k = 0; k < real; k++)
        order[k] = job[k].at;
    free(job);
}

/* ---- sum of completion times */

struct places {
    size_t m, each;
    const int64_t *p;
};

static void fill_row(void *user, size_t i, int64_t *out)
{
    const struct places *s = user;
    for (size_t j = 0; j < s->m; j++) {
        int64_t p = s->p[i * s->m + j];
        for (size_t k = 0; k < s->each; k++)
            out[j * s->each + k] = p == OG_COST_NONE ? p : p * (int64_t)(k + 1);
    }
}

static enum og_rc check(size_t n, size_t m, const int64_t *p, size_t each, struct og_err *err)
{
    if (n > OG_LAP_SIZE || m > OG_LAP_SIZE / (each ? each : 1))
        return og_err_set(err, OG_E_DATA, "%zu tasks on %zu machines of %zu places are too many", n,
                          m, each);
    for (size_t k = 0; k < n * m; k++)
        if (p[k] != OG_COST_NONE && (p[k] < 0 || p[k] > OG_LAP_MAX / (int64_t)each))
            return og_err_set(err, OG_E_DATA, "task %zu on machine %zu: the time is out of range",
                              k / m, k % m);
    return OG_OK;
}

/* Tasks that take no time may stand at any place: moves everybody up, and sums. */
static int64_t close_ranks(const struct places *s, size_t n, int32_t *machine, uint32_t *back)
{
    size_t *at = og_xcalloc(s->m * s->each + 1, sizeof *at);
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        if (machine[i] >= 0)
            at[(size_t)machine[i] * s->each + back[i] - 1] = i + 1;
    for (size_t j = 0; j < s->m; j++) {
        uint32_t place = 0;
        for (size_t k = 0; k < s->each; k++) {
            size_t i = at[j * s->each + k];
            if (i == 0)
                continue;
            back[i - 1] = ++place;
            sum += s->p[(i - 1) * s->m + j] * place;
        }
    }
    free(at);
    return sum;
}

enum og_rc og_order_sumcj(size_t n, size_t m, const int64_t *p, size_t places,
                          bool (*stop)(void *at), void *stop_at, int32_t *machine, uint32_t *back,
                          struct og_order_sum *out, struct og_err *err)
{
    struct places s = {m, places && places < n ? places : n, p};
    *out = (struct og_order_sum){0, 0, true};
    OG_TRY(check(n, m, p, s.each, err));
    struct og_lap_problem lap = {.n = n,
                                 .m = m * s.each,
                                 .row = fill_row,
                                 .row_user = &s,
                                 .stop = stop,
                                 .stop_user = stop_at};
    struct og_lap_result r = {0};
    enum og_rc rc = og_lap_solve(&lap, &r, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        bool in = r.x[i] >= 0;
        machine[i] = in ? r.x[i] / (int32_t)s.each : -1;
        back[i] = in ? (uint32_t)(r.x[i] % (int32_t)s.each) + 1 : 0;
        out->placed += in;
    }
    if (rc == OG_OK && n > 0)
        out->sum = close_ranks(&s, n, machine, back);
    out->optimal = rc == OG_OK && r.optimal;
    og_lap_result_release(&r);
    return rc;
}
