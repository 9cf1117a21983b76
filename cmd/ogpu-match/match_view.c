/* match_view.c - what the questions read: slots, rows, costs; for reading only. */
#include "match.h"

#include "base/base_mem.h"
#include "base/base_time.h"
#include "match/match_graph.h"
#include "store/store_block.h"
#include "store/store_query.h"

#include <stdlib.h>
#include <string.h>

#define LINKS_MAX 65536

static enum og_rc read_nodes(struct match_view *v, struct og_err *err)
{
    size_t cap = 0, n = 1;
    uint64_t after = 0, id;
    while (n > 0) {
        OG_TRY(og_query(v->st, OG_Q_NODES, &after, 1, &id, 1, 1, &n, err));
        if (n == 0)
            break;
        v->node = og_xgrow(v->node, &cap, v->nodes + 1, sizeof *v->node);
        v->node[v->nodes++] = after = id;
    }
    v->latency_us = og_xcalloc(v->nodes + 1, sizeof *v->latency_us);
    v->bytes_per_s = og_xcalloc(v->nodes + 1, sizeof *v->bytes_per_s);
    return OG_OK;
}

static enum og_rc read_graph(struct match_view *v, struct og_err *err)
{
    uint64_t *pair = og_xcalloc((size_t)LINKS_MAX * 2, sizeof *pair);
    size_t n = 0;
    enum og_rc rc = og_query(v->st, OG_Q_LINKS, NULL, 0, pair, 2, LINKS_MAX, &n, err);
    struct og_graph_link *link = og_xcalloc(n + 1, sizeof *link);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        struct og_link l = {.node = pair[2 * i], .peer = pair[2 * i + 1]};
        rc = og_row_need(v->st, OG_F_LINK, &l, err);
        link[i] = (struct og_graph_link){l.node, l.peer, l.latency_us, l.bytes_per_s};
    }
    if (rc == OG_OK)
        rc = og_graph_new(v->node, v->nodes, link, n, &v->graph, err);
    free(link);
    free(pair);
    return rc;
}

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

enum og_rc match_view_open(const struct match_opts *opts, bool free_only, struct match_view *v,
                           struct og_err *err)
{
    uint64_t now;
    memset(v, 0, sizeof *v);
    char *state = og_cli_state_dir(&opts->common);
    enum og_rc rc = og_store_open(state, OG_STORE_READ, &v->st, err);
    free(state);
    OG_TRY(rc);
    OG_TRY(og_store_begin_read(v->st, err));
    OG_TRY(og_ledger_open(v->st, &v->ledger, err));
    OG_TRY(og_view_cols(v->ledger, free_only, &v->cols, &v->m, err));
    OG_TRY(chain_now(v->st, &now, err));
    og_cost_round_init(&v->round, v->cols, v->m, now);
    OG_TRY(read_nodes(v, err));
    return read_graph(v, err);
}

void match_view_close(struct match_view *v)
{
    free(v->node);
    free(v->latency_us);
    free(v->bytes_per_s);
    og_graph_free(v->graph);
    og_view_free_cols(v->cols, v->m);
    og_ledger_close(v->ledger);
    if (v->st)
        og_store_end_read(v->st);
    og_store_close(v->st);
}

void match_view_cost(struct match_view *v, const struct og_match_row *row,
                     const struct og_match_col *col, struct og_cost_terms *out)
{
    if (!v->has_home || v->home != row->home)
        og_graph_from(v->graph, row->home, v->latency_us, v->bytes_per_s);
    v->has_home = true;
    v->home = row->home;
    size_t i = 0;
    while (i < v->nodes && v->node[i] != col->node)
        i++;
    og_cost_explain(&v->round, row, col, i < v->nodes ? v->latency_us[i] : OG_GRAPH_LATENCY_NONE_US,
                    i < v->nodes ? v->bytes_per_s[i] : OG_GRAPH_BPS_NONE, out);
}
