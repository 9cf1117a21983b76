/* ledger_rank.c - upward ranks: how long what waits for a task takes after it. */
#include "ledger/ledger_int.h"

#include "base/base_mem.h"

#include <stdlib.h>

#define DEPTH_MAX 128  /* tasks behind each other */
#define WIDTH_MAX 32   /* tasks that wait for one: those of the lowest numbers */
#define LOOKS_MAX 1024 /* tasks read for one round */
#define ON_FAIL   2    /* of og_dep: starts only when the other fails */

struct known {
    uint64_t task, ms; /* task 0: no entry */
};

struct og_rank {
    struct og_ledger *l;
    const struct og_cost_round *round;
    struct og_match_col mean; /* a slot of the mean capacity */
    size_t m, looks;
    bool none; /* no task waits for another */
    uint64_t lambda_ppm;
    struct known known[2 * LOOKS_MAX + 2 * OG_MATCH_ROWS_MAX];
    size_t n_known;
};

#define KNOWN (sizeof((struct og_rank *)0)->known / sizeof(struct known))

enum og_rc og_rank_new(struct og_ledger *l, const struct og_cost_round *round,
                       const struct og_match_col *cols, size_t m, struct og_rank **out,
                       struct og_err *err)
{
    uint64_t any, sum = 0;
    size_t n;
    *out = NULL;
    OG_TRY(og_query(l->st, OG_Q_DEPS_ANY, NULL, 0, &any, 1, 1, &n, err));
    struct og_rank *r = og_xcalloc(1, sizeof *r);
    r->l = l;
    r->round = round;
    r->m = m;
    r->none = n == 0 || m == 0;
    for (size_t j = 0; j < m; j++)
        if (!og_add_u64(sum, cols[j].c_mflops, &sum))
            sum = OG_VALUE_MAX;
    r->mean.c_mflops = m == 0 ? 0 : sum / m;
    enum og_rc rc = og_view_lambda(l, &r->lambda_ppm, err);
    if (rc != OG_OK) {
        og_rank_free(r);
        return rc;
    }
    *out = r;
    return OG_OK;
}

void og_rank_free(struct og_rank *r)
{
    free(r);
}

/* Where the task is, or would be; NULL: the table is full. */
static struct known *find(struct og_rank *r, uint64_t task)
{
    size_t at = og_splitmix64(task) % KNOWN;
    while (r->known[at].task != 0 && r->known[at].task != task)
        at = (at + 1) % KNOWN;
    return r->known[at].task == task || r->n_known < KNOWN - 1 ? &r->known[at] : NULL;
}

static void remember(struct og_rank *r, uint64_t task, uint64_t ms)
{
    struct known *k = find(r, task);
    if (k == NULL)
        return;
    r->n_known += k->task == 0;
    *k = (struct known){task, ms};
}

/* What all elements of the task take on all slots of the mean capacity, in turns of a chunk. */
static uint64_t own_ms(const struct og_rank *r, const struct og_task *t)
{
    uint64_t chunk = og_max_u64(t->chunk, 1), chunks = t->count / chunk + (t->count % chunk != 0);
    struct og_match_row row = {.count = (uint32_t)og_min_u64(chunk, t->count),
                               .limit_ms = t->limit_ms};
    if (!og_mul_u64(t->work, row.count, &row.work_mflop))
        row.work_mflop = OG_VALUE_MAX;
    if (t->work == 0)
        row.learned_mflop = og_muldiv(og_view_learned(r->l, t, r->lambda_ppm), row.count, 1);
    return og_muldiv(og_cost_run(r->round, &row, &r->mean), (chunks + r->m - 1) / r->m, 1);
}

static enum og_rc chain(struct og_rank *r, uint64_t task, unsigned depth, uint64_t *ms,
                        struct og_err *err)
{
    uint64_t dep[WIDTH_MAX][2];
    size_t n;
    const struct known *k = find(r, task);
    *ms = k != NULL && k->task == task ? k->ms : 0;
    if ((k != NULL && k->task == task) || depth == DEPTH_MAX || r->looks >= LOOKS_MAX)
        return OG_OK;
    OG_TRY(og_query(r->l->st, OG_Q_DEPS_ON, &task, 1, &dep[0][0], 2, WIDTH_MAX, &n, err));
    for (size_t i = 0; i < n && r->looks < LOOKS_MAX; i++) {
        struct og_task t;
        uint64_t behind = 0;
        if (dep[i][1] == ON_FAIL)
            continue;
        r->looks++;
        OG_TRY(og_led_task(r->l, dep[i][0], &t, err));
        uint64_t own = t.state == OG_TASK_WAITING ? own_ms(r, &t) : 0;
        bool waits = t.state == OG_TASK_WAITING;
        OG_RELEASE(OG_F_TASK, &t);
        if (!waits)
            continue;
        OG_TRY(chain(r, dep[i][0], depth + 1, &behind, err));
        if (!og_add_u64(own, behind, &own))
            own = OG_VALUE_MAX;
        *ms = og_max_u64(*ms, og_min_u64(own, OG_VALUE_MAX));
    }
    remember(r, task, *ms);
    return OG_OK;
}

enum og_rc og_rank_of(struct og_rank *r, uint64_t task, uint64_t *ms, struct og_err *err)
{
    *ms = 0;
    return r->none ? OG_OK : chain(r, task, 0, ms, err);
}
