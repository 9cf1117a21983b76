/* fuzz_braun.c - files of expected times: what is accepted is within bounds, reads the same when
 * written again, and can be solved. */
#include "match/match_braun.h"
#include "match/match_makespan.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 400 /* larger ones are read only */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void write_again(const struct og_braun *b, struct og_buf *out)
{
    og_buf_addf(out, "%zu %zu 0\n", b->n, b->m);
    for (size_t k = 0; k < b->n * b->m; k++) {
        if (b->p[k] == OG_COST_NONE)
            og_buf_adds(out, "inf");
        else
            og_braun_format(b->p[k], b->decimals, out);
        og_buf_addc(out, '\n');
    }
}

static void solve(const struct og_braun *b)
{
    struct og_makespan_opts opts = {.steps = 2000};
    struct og_makespan found;
    struct og_err err;
    int32_t x[CELLS_MAX];
    uint32_t price[CELLS_MAX];
    check(og_makespan_solve(b->n, b->m, b->p, &opts, x, price, &found, &err) == OG_OK);
    check(found.bound <= found.makespan);
    check(og_makespan_check(b->n, b->m, b->p, x, price, found.makespan, found.bound, &err) ==
          OG_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct og_braun b, again;
    struct og_buf text = OG_BUF_INIT;
    struct og_err err = {0};
    if (og_braun_parse((const char *)data, size, &b, &err) != OG_OK) {
        check(b.p == NULL && err.msg[0] != '\0');
        return 0;
    }
    check(b.n > 0 && b.m > 0 && b.decimals <= OG_BRAUN_DECIMALS_MAX);
    write_again(&b, &text);
    check(og_braun_parse(text.p, text.len, &again, &err) == OG_OK);
    check(again.n == b.n && again.m == b.m && !again.rounded);
    for (size_t k = 0; k < b.n * b.m && again.decimals == b.decimals; k++)
        check(again.p[k] == b.p[k]);
    if (b.n * b.m <= CELLS_MAX)
        solve(&b);
    og_braun_release(&again);
    og_braun_release(&b);
    og_buf_release(&text);
    return 0;
}
