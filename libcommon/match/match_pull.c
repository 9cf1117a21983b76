/* match_pull.c - moves to idle slots, as an assignment that may leave rows where they are. */
#include "match/match_pull.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "match/match_lap.h"

#include <stdlib.h>
#include <string.h>

uint64_t og_pull_threshold(const struct og_pull_row *row)
{
    return OG_PULL_MS + (row->runs ? row->stay_ms / 2 : 0);
}

static int64_t weighed(uint64_t ms, uint32_t urgency)
{
    uint32_t u = urgency < 1 ? 1 : urgency > 64 ? 64 : urgency;
    return (int64_t)(og_min_u64(ms, (uint64_t)OG_COST_MAX) * u);
}

enum og_rc og_pull_choose(size_t n, size_t m, const struct og_pull_row *row, const int64_t *ect,
                          int32_t *to, struct og_err *err)
{
    int64_t *cell = og_xcalloc(n * m + n + 1, sizeof *cell), *stay = cell + n * m;
    struct og_lap_problem p = {.n = n, .m = m, .c64 = cell, .wait = stay};
    struct og_lap_result r = {0};
    for (size_t i = 0; i < n; i++) {
        uint64_t most = og_pull_threshold(&row[i]);
        stay[i] = row[i].stay_ms > most ? weighed(row[i].stay_ms - most, row[i].urgency) : 0;
        for (size_t j = 0; j < m; j++) {
            int64_t t = ect[i * m + j];
            bool gains = t != OG_COST_NONE && t >= 0 &&
                         weighed((uint64_t)t, row[i].urgency) < stay[i]; /* as good: it stays */
            cell[i * m + j] = gains ? weighed((uint64_t)t, row[i].urgency) : OG_COST_NONE;
        }
    }
    enum og_rc rc = og_lap_solve(&p, &r, err);
    for (size_t i = 0; i < n; i++)
        to[i] = rc == OG_OK ? r.x[i] : -1;
    og_lap_result_release(&r);
    free(cell);
    return rc;
}
