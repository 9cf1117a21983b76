/* fuzz_lapfile.c - assignment instances: read the same in any pieces; a small one that is taken is
 * solved, and its certificate holds. */
#include "match/match_lap.h"
#include "match/match_lapcert.h"
#include "match/match_lapfile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 4096 /* solved up to here */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good)
        abort(); /* allowed: a finding */
}

static struct og_lapfile *read_in(const uint8_t *data, size_t size, size_t step,
                                  struct og_lap_problem *p, enum og_rc *rc)
{
    struct og_lapfile *f = og_lapfile_new();
    struct og_err err = {0};
    *rc = OG_OK;
    for (size_t k = 0; *rc == OG_OK && k < size; k += step)
        *rc = og_lapfile_feed(f, data + k, size - k < step ? size - k : step, &err);
    if (*rc == OG_OK)
        *rc = og_lapfile_end(f, &p->n, &p->m, &p->c32, &err);
    require(*rc == OG_OK || (*rc == OG_E_DATA && err.msg[0] != '\0'));
    return f;
}

static void solve(const struct og_lap_problem *p)
{
    struct og_lap_result r;
    struct og_err err = {0};
    require(og_lap_solve(p, &r, &err) == OG_OK && r.optimal);
    require(og_lapcert_check(p, r.x, r.u, r.v, &err) == OG_OK);
    og_lap_result_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_lap_problem p = {0}, q = {0};
    enum og_rc rc, again;
    struct og_lapfile *f = read_in(data, size, size + 1, &p, &rc);
    struct og_lapfile *g = read_in(data, size, 1 + size % 7, &q, &again);
    require(rc == again);
    if (rc == OG_OK) {
        require(p.n == q.n && p.m == q.m);
        require(memcmp(p.c32, q.c32, p.n * p.m * sizeof *p.c32) == 0);
        if (p.n * p.m <= CELLS_MAX)
            solve(&p);
    }
    og_lapfile_free(f);
    og_lapfile_free(g);
    return 0;
}
