/* match_mkcheck.c - the bound that prices prove and the makespan of an assignment, in one pass. */
#include "base/base_mem.h"
#include "match/match_cert.h"
#include "match/match_makespan.h"

#include <inttypes.h>
#include <stdlib.h>

/* min_j l_j·p_ij over the machines that take task i. */
static og_i128 cheapest(size_t m, const int64_t *p_row, const uint32_t *price, bool *found)
{
    og_i128 least = 0;
    *found = false;
    for (size_t j = 0; j < m; j++) {
        og_i128 cost = (og_i128)p_row[j] * price[j];
        if (p_row[j] == OG_COST_NONE || (*found && cost >= least))
            continue;
        least = cost;
        *found = true;
    }
    return least;
}

enum og_rc og_makespan_bound(size_t n, size_t m, const int64_t *p, const uint32_t *price,
                             int64_t *bound, struct og_err *err)
{
    og_i128 sum = 0, total = 0;
    int64_t longest = 0;
    bool found;
    *bound = 0;
    for (size_t j = 0; j < m; j++)
        total += price[j];
    if (total == 0)
        return og_err_set(err, OG_E_DATA, "every price is 0");
    for (size_t i = 0; i < n; i++) {
        int64_t least = OG_COST_NONE;
        for (size_t j = 0; j < m; j++) {
            least = p[i * m + j] < least ? p[i * m + j] : least;
            if (p[i * m + j] != OG_COST_NONE &&
                (p[i * m + j] < 0 || p[i * m + j] > OG_MAKESPAN_P_MAX))
                return og_err_set(err, OG_E_DATA,
                                  "task %zu on machine %zu: %" PRId64 " is out of range", i, j,
                                  p[i * m + j]);
        }
        longest = least != OG_COST_NONE && least > longest ? least : longest;
        sum += cheapest(m, p + i * m, price, &found);
        if (!found)
            return og_err_set(err, OG_E_DATA, "no machine takes task %zu", i);
    }
    sum = (sum + total - 1) / total;
    if (sum > INT64_MAX)
        return og_err_set(err, OG_E_DATA, "the times are too great");
    *bound = sum > longest ? (int64_t)sum : longest;
    return OG_OK;
}

enum og_rc og_makespan_check(size_t n, size_t m, const int64_t *p, const int32_t *x,
                             const uint32_t *price, int64_t makespan, int64_t bound,
                             struct og_err *err)
{
    int64_t proven, longest = 0;
    OG_TRY(og_makespan_bound(n, m, p, price, &proven, err));
    int64_t *load = og_xcalloc(m + 1, sizeof *load);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        if (x[i] < 0 || (size_t)x[i] >= m)
            rc = og_err_set(err, OG_E_DATA, "task %zu is on no machine", i);
        else if (p[i * m + (size_t)x[i]] == OG_COST_NONE)
            rc = og_err_set(err, OG_E_DATA, "machine %d does not take task %zu", (int)x[i], i);
        else if (__builtin_add_overflow(load[x[i]], p[i * m + (size_t)x[i]], &load[x[i]]))
            rc = og_err_set(err, OG_E_DATA, "the times are too great");
        else if (load[x[i]] > longest)
            longest = load[x[i]];
    }
    free(load);
    if (rc == OG_OK && longest != makespan)
        rc = og_err_set(err, OG_E_DATA, "the makespan is %" PRId64 ", not %" PRId64, longest,
                        makespan);
    if (rc == OG_OK && proven != bound)
        rc =
            og_err_set(err, OG_E_DATA, "the prices prove %" PRId64 ", not %" PRId64, proven, bound);
    return rc;
}
