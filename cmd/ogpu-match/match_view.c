/* match_view.c - what the questions read: slots, rows, costs; for reading only. */
#include "match.h"

#include "base/base_time.h"
#include "store/store_block.h"

#include <stdlib.h>
#include <string.h>

/* Time of the last block: a round takes it as the present. */
static enum og_rc chain_now(struct og_store *st, uint64_t *out, struct og_err *err)
{
    struct og_roots r = {0};
    bool found;
    *out = og_time_unix_ms();
    OG_TRY(og_block_last(st, &r.height, NULL, err));
    OG_TRY(og_row_get(st, OG_F_ROOTS, &r, &found, err));
    if (found)
        *out = r.time_ms;
    return OG_OK;
}

enum og_rc match_view_open(const struct match_opts *opts, struct match_view *v, struct og_err *err)
{
    uint64_t now;
    memset(v, 0, sizeof *v);
    char *state = og_cli_state_dir(&opts->common);
    enum og_rc rc = og_store_open(state, OG_STORE_READ, &v->st, err);
    free(state);
    OG_TRY(rc);
    OG_TRY(og_store_begin_read(v->st, err));
    OG_TRY(og_ledger_open(v->st, &v->ledger, err));
    OG_TRY(og_view_cols(v->ledger, false, &v->cols, &v->m, err));
    OG_TRY(chain_now(v->st, &now, err));
    og_cost_round_init(&v->round, v->cols, v->m, now);
    OG_TRY(og_ways_new(v->ledger, &v->round, v->cols, v->m, &v->ways, err));
    return og_rank_new(v->ledger, &v->round, v->cols, v->m, &v->rank, err);
}

void match_view_close(struct match_view *v)
{
    og_rank_free(v->rank);
    og_ways_free(v->ways);
    og_view_free_cols(v->cols, v->m);
    og_ledger_close(v->ledger);
    if (v->st)
        og_store_end_read(v->st);
    og_store_close(v->st);
}

enum og_rc match_view_row(struct match_view *v, const struct og_task *t, uint64_t first,
                          uint64_t count, struct og_match_row *row, struct og_err *err)
{
    OG_TRY(og_view_row(v->ledger, t, first, count, row, err));
    enum og_rc rc = og_rank_of(v->rank, t->id, &row->rank_ms, err);
    if (rc != OG_OK)
        og_view_release_row(row);
    return rc;
}

void match_view_cost(struct match_view *v, const struct og_match_row *row,
                     const struct og_match_col *col, struct og_cost_terms *out)
{
    og_ways_task(v->ways, row->task, row->home, row->in_bytes);
    og_cost_explain(&v->round, row, col, og_ways_to(v->ways, col->node), out);
}
