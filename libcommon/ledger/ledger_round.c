/* ledger_round.c - rounds: frozen at a block's end, matched by certificate or greedily. */
#include "ledger/ledger_int.h"

#include "base/base_mem.h"
#include "match/match_cert.h"
#include "match/match_greedy.h"
#include "match/match_place.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_MAX   262144
#define SCAN_MAX    4096 /* open tasks looked at for one round */
#define CERT_REWARD 200  /* grains a row */
#define CERT_BAR    16   /* rounds */

/* A cell before its places are known. */
struct cell {
    int64_t cost; /* OG_COST_NONE: infeasible */
    uint64_t keep_ms;
};

struct builder {
    struct og_ledger *l;
    struct og_match_col *cols;
    size_t m, n_free, rows, rows_max, scanned;
    struct og_cost_round cost;
    struct og_buf row, wait;
    struct cell *cell; /* rows · m */
    size_t cells_cap;
    uint64_t seed;
    struct og_ways *ways;
    struct og_rank *rank;
};

/* `auto` is own on one's own node, whose lock is light. */
static uint32_t why_not(const struct og_task *t, const struct og_match_row *row,
                        const struct og_match_col *col)
{
    struct og_match_row r = *row;
    if (t->verify == OG_VERIFY_AUTO && memcmp(row->owner, col->owner, OG_ADDR_LEN) == 0)
        r.light_lock = true;
    return og_need_check(&r, col);
}

/* The cells of the next row; *best_ms the soonest it could be done. False: no free slot can take
 * it. */
static bool add_cells(struct builder *b, const struct og_task *t, const struct og_match_row *row,
                      uint64_t *best_ms)
{
    bool any = false;
    *best_ms = UINT64_MAX;
    og_ways_task(b->ways, t->id, row->home, row->in_bytes);
    b->cell = og_xgrow(b->cell, &b->cells_cap, (b->rows + 1) * b->m, sizeof *b->cell);
    for (size_t j = 0; j < b->m; j++) {
        const struct og_match_col *col = &b->cols[j];
        struct cell *c = &b->cell[b->rows * b->m + j];
        struct og_cost_terms terms;
        *c = (struct cell){OG_COST_NONE, 0};
        if (why_not(t, row, col) != 0)
            continue;
        og_cost_explain(&b->cost, row, col, og_ways_to(b->ways, col->node), &terms);
        *c = (struct cell){terms.cost, terms.ect_ms - terms.queue_ms};
        *best_ms = og_min_u64(*best_ms, terms.ect_ms);
        any = any || col->lease == 0;
    }
    return any;
}

/* *took false when no slot can take it or the round is full. */
static enum og_rc add_row(struct builder *b, const struct og_task *t, uint64_t first,
                          uint64_t count, uint64_t from, bool *took, struct og_err *err)
{
    struct og_match_row row;
    uint64_t best_ms;
    *took = false;
    if (b->rows >= b->rows_max)
        return OG_OK;
    OG_TRY(
        og_view_row(b->l, t, from == OG_FROM_REQUEUE ? first : UINT64_MAX >> 2, count, &row, err));
    enum og_rc rc = og_rank_of(b->rank, t->id, &row.rank_ms, err);
    *took = rc == OG_OK && add_cells(b, t, &row, &best_ms);
    if (*took) {
        og_buf_add_be64(&b->row, t->id);
        og_buf_add_be64(&b->row, first);
        og_buf_add_be64(&b->row, count);
        og_buf_add_be64(&b->row, from);
        int64_t wait = og_cost_wait(&b->cost, &row, best_ms);
        og_buf_add_be64(&b->wait, (uint64_t)og_cost_wait_tie(wait));
        b->rows++;
    }
    og_view_release_row(&row);
    return rc;
}

static enum og_rc add_task(struct builder *b, uint64_t id, struct og_err *err)
{
    struct og_task t;
    uint64_t at[1024];
    size_t n;
    bool took = true;
    OG_TRY(og_led_task(b->l, id, &t, err));
    enum og_rc rc = og_query(b->l->st, OG_Q_REQUEUE_OF, (uint64_t[]){id}, 1, at, 1, 1024, &n, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        struct og_requeue r = {.task = id, .first = at[i]};
        rc = og_row_need(b->l->st, OG_F_REQUEUE, &r, err);
        if (rc == OG_OK)
            rc = add_row(b, &t, r.first, r.count, OG_FROM_REQUEUE, &took, err);
        OG_RELEASE(OG_F_REQUEUE, &r);
    }
    took = true;
    for (uint64_t done = 0; rc == OG_OK && took && done < t.q_count; done += t.chunk)
        rc = add_row(b, &t, t.q_first + done, og_min_u64(t.chunk, t.q_count - done), OG_FROM_QUEUE,
                     &took, err);
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

/* Open tasks by urgency, then number; those that no free slot can take are passed over. */
static enum og_rc add_tasks(struct builder *b, struct og_err *err)
{
    uint64_t urgency = 65;
    uint64_t after = 0;
    while (b->rows < b->rows_max && b->scanned < SCAN_MAX) {
        uint64_t id[64];
        size_t n;
        OG_TRY(og_query(b->l->st, OG_Q_OPEN_TASKS_BELOW, (uint64_t[]){urgency, after}, 2, id, 1, 64,
                        &n, err));
        for (size_t i = 0; i < n && b->rows < b->rows_max; i++)
            OG_TRY(add_task(b, id[i], err));
        b->scanned += n;
        if (n < 64)
            return OG_OK;
        struct og_task t;
        OG_TRY(og_led_task(b->l, id[n - 1], &t, err));
        urgency = t.urgency;
        after = t.id;
        OG_RELEASE(OG_F_TASK, &t);
    }
    return OG_OK;
}

static void release_builder(struct builder *b)
{
    og_view_free_cols(b->cols, b->m);
    og_buf_release(&b->row);
    og_buf_release(&b->wait);
    og_ways_free(b->ways);
    og_rank_free(b->rank);
    free(b->cell);
}

/* Costs with their ties, a row after the other, a slot's places side by side. */
static void add_places(const struct builder *b, size_t places, struct og_buf *out)
{
    for (size_t i = 0; i < b->rows; i++)
        for (size_t j = 0; j < b->m * places; j++) {
            const struct cell *c = &b->cell[i * b->m + j / places];
            int64_t cost = og_place_cost(c->cost, c->keep_ms, j % places);
            cost = og_cost_tie(cost, b->seed, (uint32_t)i, (uint32_t)j);
            og_buf_add_be64(out, (uint64_t)cost);
        }
}

static enum og_rc store_round(struct builder *b, const struct og_hash *beacon, struct og_err *err)
{
    size_t places = og_place_count(b->rows, b->m, CELLS_MAX);
    struct og_round r = {
        .height = b->l->height, .rows = b->rows, .cols = b->m * places, .seed = *beacon};
    struct og_buf col = OG_BUF_INIT;
    struct og_buf cost = OG_BUF_INIT;
    for (size_t j = 0; j < r.cols; j++) {
        og_buf_add_be64(&col, b->cols[j / places].node);
        og_buf_add_be64(&col, b->cols[j / places].slot);
    }
    add_places(b, places, &cost);
    enum og_rc rc = og_led_number(b->l, "next_round", &r.id, err);
    og_row_set_blob(&r.row, b->row.p, b->row.len);
    og_row_set_blob(&r.col, col.p, col.len);
    og_row_set_blob(&r.cost, cost.p, cost.len);
    og_row_set_blob(&r.wait, b->wait.p, b->wait.len);
    og_buf_release(&col);
    og_buf_release(&cost);
    if (rc == OG_OK)
        rc = og_row_put(b->l->st, OG_F_ROUND, &r, err);
    if (rc == OG_OK)
        rc = og_led_set(b->l, "round_open", r.id, err);
    OG_RELEASE(OG_F_ROUND, &r);
    return rc;
}

/* Every slot when they fit, else the free ones; those that work have a lease. */
static enum og_rc find_slots(struct builder *b, struct og_err *err)
{
    OG_TRY(og_view_cols(b->l, true, &b->cols, &b->n_free, err));
    b->m = b->n_free;
    if (b->n_free == 0 || b->n_free == OG_MATCH_COLS_MAX)
        return OG_OK;
    og_view_free_cols(b->cols, b->m);
    b->cols = NULL;
    OG_TRY(og_view_cols(b->l, false, &b->cols, &b->m, err));
    if (b->m < OG_MATCH_COLS_MAX)
        return OG_OK;
    og_view_free_cols(b->cols, b->m);
    b->cols = NULL;
    return og_view_cols(b->l, true, &b->cols, &b->m, err);
}

static enum og_rc write_round(struct og_ledger *l, const struct og_hash *beacon, struct og_err *err)
{
    struct builder b = {.l = l, .seed = og_get_be64(beacon->b)};
    uint64_t one;
    size_t n;
    OG_TRY(og_query(l->st, OG_Q_OPEN_TASKS, NULL, 0, &one, 1, 1, &n, err));
    if (!n)
        return OG_OK;
    enum og_rc rc = find_slots(&b, err);
    if (rc == OG_OK && b.m) {
        b.rows_max = og_min_u64(l->p.round_rows, og_max_u64(64, 4 * b.m));
        b.rows_max = og_min_u64(b.rows_max, CELLS_MAX / b.m);
        og_cost_round_init(&b.cost, b.cols, b.m, l->now_ms);
        rc = og_ways_new(l, &b.cost, b.cols, b.m, &b.ways, err);
        if (rc == OG_OK)
            rc = og_rank_new(l, &b.cost, b.cols, b.m, &b.rank, err);
        if (rc == OG_OK)
            rc = add_tasks(&b, err);
        if (rc == OG_OK && b.rows)
            rc = store_round(&b, beacon, err);
    }
    release_builder(&b);
    return rc;
}

/* Takes the elements of a row out of the queue: what is left of it now. *count 0: gone. */
static enum og_rc take_elements(struct og_ledger *l, struct og_task *t, const uint64_t row[4],
                                struct og_lease *ls, struct og_err *err)
{
    ls->count = 0;
    if (row[3] == OG_FROM_QUEUE) {
        ls->first = t->q_first;
        ls->count = og_min_u64(t->chunk, t->q_count);
        t->q_first += ls->count;
        t->q_count -= ls->count;
        return OG_OK;
    }
    struct og_requeue r = {.task = t->id, .first = row[1]};
    bool found;
    OG_TRY(og_row_get(l->st, OG_F_REQUEUE, &r, &found, err));
    enum og_rc rc = OG_OK;
    if (found && r.count == row[2]) {
        ls->first = r.first;
        ls->count = r.count;
        ls->attempt = r.attempt;
        ls->fail_why = r.fail_why;
        ls->fail_node = r.fail_node;
        ls->fail_pay = r.fail_pay;
        ls->check_no = r.check_no;
        og_row_set_blob(&ls->tried, r.tried.p, r.tried.n);
        t->requeued -= r.count;
        rc = og_row_del(l->st, OG_F_REQUEUE, &r, err);
    }
    OG_RELEASE(OG_F_REQUEUE, &r);
    return rc;
}

/* Rate, λ, A, q and L, frozen here. */
static enum og_rc set_terms(struct og_ledger *l, struct og_lease *ls, const struct og_task *t,
                            const struct og_match_row *row, const struct og_match_col *col,
                            struct og_err *err)
{
    struct og_node n;
    size_t owners = 3;
    OG_TRY(og_led_node(l, ls->node, &n, err));
    ls->method = og_view_method(t, &n.owner);
    bool drawn = ls->method == OG_VERIFY_EXACT || ls->method == OG_VERIFY_VOTE;
    enum og_rc rc = OG_OK;
    if (drawn && !t->kernel)
        rc = og_led_class_owners(l, n.hw_class, &n.owner, &t->owner, &owners, err);
    OG_RELEASE(OG_F_NODE, &n);
    ls->share_ppm = col->share_ppm;
    ls->capacity = col->c_mflops;
    ls->rate = col->rate;
    ls->lambda_ppm = col->lambda_ppm;
    ls->amount = og_need_amount(row, col);
    ls->q_ppm = drawn ? og_need_check_ppm(row, col, ls->amount) : 0;
    if (ls->method == OG_VERIFY_CMD || (drawn && owners < 3))
        ls->q_ppm = OG_PPM;
    ls->lock = ls->amount / 100;
    if (drawn && ls->q_ppm) {
        uint64_t triple = 3 * og_min_u64(ls->amount, OG_VALUE_MAX / 3);
        ls->lock = og_muldiv_up(triple, OG_PPM, ls->q_ppm);
    }
    return rc;
}

static enum og_rc write_lease(struct og_ledger *l, struct og_lease *ls, struct og_task *t,
                              struct og_err *err)
{
    struct og_node n;
    struct og_slot s = {.node = ls->node, .idx = ls->slot};
    OG_TRY(og_led_number(l, "next_lease", &ls->id, err));
    ls->state = OG_LEASE_MATCHED;
    ls->matched_h = l->height;
    og_led_deadline(l, 60, 60000 + t->in_bytes / 1000, &ls->dl_h, &ls->dl_ms);
    t->live += ls->count;
    OG_TRY(og_row_put(l->st, OG_F_LEASE, ls, err));
    OG_TRY(og_row_put(l->st, OG_F_TASK, t, err));
    OG_TRY(og_row_need(l->st, OG_F_SLOT, &s, err));
    s.lease = ls->id;
    OG_TRY(og_row_put(l->st, OG_F_SLOT, &s, err));
    OG_TRY(og_led_node(l, ls->node, &n, err));
    n.locked += ls->lock;
    n.epoch_leases++;
    enum og_rc rc = og_row_put(l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

/* A pair whose task or slot has gone, or that its node can no longer bond, is skipped. */
enum og_rc og_led_pair(struct og_ledger *l, const uint64_t row[4], uint64_t node, uint64_t idx,
                       bool behind, uint64_t *lease, struct og_err *err)
{
    struct og_task t;
    struct og_slot s = {.node = node, .idx = idx};
    struct og_match_row r = {0};
    struct og_match_col col = {0};
    struct og_lease ls = {.task = row[0], .node = node, .slot = idx};
    bool found;
    *lease = 0;
    OG_TRY(og_row_get(l->st, OG_F_SLOT, &s, &found, err));
    OG_TRY(og_led_task(l, row[0], &t, err));
    enum og_rc rc = OG_OK;
    bool there = row[3] == OG_FROM_QUEUE ? t.q_count > 0 : t.requeued > 0;
    bool go = found && (behind || s.lease == 0) && t.state == OG_TASK_OPEN && there;
    if (go)
        rc = og_led_col(l, node, idx, &col, err);
    if (go && rc == OG_OK)
        rc =
            og_view_row(l, &t, row[3] == OG_FROM_REQUEUE ? row[1] : UINT64_MAX >> 2,
                        row[3] == OG_FROM_QUEUE ? og_min_u64(t.chunk, t.q_count) : row[2], &r, err);
    go = go && rc == OG_OK && why_not(&t, &r, &col) == 0;
    if (go)
        rc = take_elements(l, &t, row, &ls, err);
    if (go && rc == OG_OK && ls.count) {
        rc = set_terms(l, &ls, &t, &r, &col, err);
        if (rc == OG_OK)
            rc = write_lease(l, &ls, &t, err);
        *lease = ls.id;
    }
    og_led_col_release(&col);
    og_view_release_row(&r);
    OG_RELEASE(OG_F_LEASE, &ls);
    OG_RELEASE(OG_F_TASK, &t);
    return rc;
}

static uint64_t be_at(const struct og_blob *b, size_t i)
{
    return og_get_be64(b->p + 8 * i);
}

size_t og_view_places(const struct og_round *rd)
{
    size_t k = 1;
    while (k < rd->cols && be_at(&rd->col, 2 * k) == be_at(&rd->col, 0) &&
           be_at(&rd->col, 2 * k + 1) == be_at(&rd->col, 1))
        k++;
    return k;
}

void og_view_first(const struct og_round *rd, const int64_t *c, const int64_t *wait,
                   const int32_t *x, bool *lease)
{
    size_t places = og_view_places(rd);
    int32_t *first = og_xcalloc(rd->cols / places + 1, sizeof *first);
    og_place_first(rd->rows, rd->cols, places, 64, c, wait, x, first);
    for (size_t i = 0; i < rd->rows; i++)
        lease[i] = x[i] >= 0 && first[(size_t)x[i] / places] == (int32_t)i;
    free(first);
}

static enum og_rc apply_pairs(struct og_ledger *l, struct og_round *r, const int64_t *c,
                              const int64_t *wait, const int32_t *x, struct og_err *err)
{
    bool *go = og_xcalloc(r->rows + 1, sizeof *go);
    enum og_rc rc = OG_OK;
    og_view_first(r, c, wait, x, go);
    for (size_t i = 0; rc == OG_OK && i < r->rows; i++) {
        uint64_t row[4];
        uint64_t lease;
        if (!go[i])
            continue;
        for (size_t k = 0; k < 4; k++)
            row[k] = be_at(&r->row, 4 * i + k);
        rc = og_led_pair(l, row, be_at(&r->col, 2 * (size_t)x[i]),
                         be_at(&r->col, 2 * (size_t)x[i] + 1), false, &lease, err);
    }
    free(go);
    OG_TRY(rc);
    OG_TRY(og_led_set(l, "round_open", 0, err));
    return og_row_del(l->st, OG_F_ROUND, r, err);
}

/* The round and its name are of one moment, whatever others write meanwhile. */
static enum og_rc read_round(struct og_ledger *l, struct og_round *rd, struct og_err *err)
{
    bool inside = og_store_in_transaction(l->st);
    if (!inside)
        OG_TRY(og_store_begin_read(l->st, err));
    enum og_rc rc = og_led_get(l, "round_open", &rd->id, err);
    if (rc == OG_OK && rd->id)
        rc = og_row_need(l->st, OG_F_ROUND, rd, err);
    if (!inside)
        og_store_end_read(l->st);
    return rc;
}

enum og_rc og_view_round(struct og_ledger *l, struct og_round *rd, int64_t **c, int64_t **wait,
                         bool *found, struct og_err *err)
{
    memset(rd, 0, sizeof *rd);
    *c = *wait = NULL;
    *found = false;
    OG_TRY(read_round(l, rd, err));
    if (!rd->id)
        return OG_OK;
    size_t cells = rd->rows * rd->cols;
    *c = og_xcalloc(cells, sizeof **c);
    *wait = og_xcalloc(rd->rows, sizeof **wait);
    for (size_t i = 0; i < cells; i++)
        (*c)[i] = (int64_t)be_at(&rd->cost, i);
    for (size_t i = 0; i < rd->rows; i++)
        (*wait)[i] = (int64_t)be_at(&rd->wait, i);
    *found = true;
    return OG_OK;
}

static enum og_rc read_ints(const json_t *body, const char *key, size_t n, int64_t *out,
                            struct og_err *err)
{
    const json_t *list;
    OG_TRY(og_json_arr(body, key, n, &list, err));
    if (json_array_size(list) != n)
        return OG_REFUSE(err, "'%s' must have %zu entries", key, n);
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        if (!json_is_integer(v))
            return OG_REFUSE(err, "'%s' must be whole numbers", key);
        out[i] = json_integer_value(v);
    }
    return OG_OK;
}

struct certificate {
    int32_t *x;
    int64_t *x64, *u, *v;
};

static enum og_rc read_certificate(const json_t *body, const struct og_round *r,
                                   struct certificate *k, struct og_err *err)
{
    k->x = og_xcalloc(r->rows, sizeof *k->x);
    k->x64 = og_xcalloc(r->rows, sizeof *k->x64);
    k->u = og_xcalloc(r->rows, sizeof *k->u);
    k->v = og_xcalloc(r->cols, sizeof *k->v);
    OG_TRY(read_ints(body, "x", r->rows, k->x64, err));
    OG_TRY(read_ints(body, "u", r->rows, k->u, err));
    OG_TRY(read_ints(body, "v", r->cols, k->v, err));
    for (size_t i = 0; i < r->rows; i++) {
        if (k->x64[i] < -1 || k->x64[i] >= (int64_t)r->cols)
            return OG_REFUSE(err, "'x' names a slot that is not there");
        k->x[i] = (int32_t)k->x64[i];
    }
    return OG_OK;
}

static enum og_rc check_sender(struct og_txn *x, uint64_t round, uint64_t *node, struct og_err *err)
{
    struct og_node n;
    OG_TRY(og_led_sender_node(x, &n, err));
    enum og_rc rc = OG_OK;
    if (n.bond < x->l->p.min_bond)
        rc = OG_REFUSE(err, "the node's bond is below the least bond");
    else if (n.barred_round > round)
        rc = OG_REFUSE(err, "the node sent a wrong certificate; it may again from round %llu",
                       (unsigned long long)n.barred_round);
    *node = n.id;
    OG_RELEASE(OG_F_NODE, &n);
    return rc;
}

enum og_rc og_tx_match_commit(struct og_txn *x, struct og_err *err)
{
    static const char *const members[] = {"round", "u", "v", "x", NULL};
    struct og_round r;
    struct certificate k = {0};
    int64_t *c;
    int64_t *wait;
    bool found;
    uint64_t round;
    uint64_t node;
    uint64_t paid;
    OG_TRY(og_json_only(x->body, members, err));
    OG_TRY(og_json_u64(x->body, "round", (uint64_t)1 << 53, &round, err));
    OG_TRY(check_sender(x, round, &node, err));
    OG_TRY(og_view_round(x->l, &r, &c, &wait, &found, err));
    enum og_rc rc =
        found && r.id == round
            ? OG_OK
            : OG_REFUSE(err, "round %llu does not wait for a matching", (unsigned long long)round);
    if (rc == OG_OK) {
        rc = read_certificate(x->body, &r, &k, err);
        if (rc == OG_OK)
            rc = og_cert_check(r.rows, r.cols, c, wait, k.x, k.u, k.v, err);
        if (rc != OG_OK) {
            x->penalty = r.rows * r.cols;
            x->bar_node = node;
            x->bar_round = round + CERT_BAR;
        }
    }
    uint64_t reward = CERT_REWARD * r.rows;
    if (rc == OG_OK)
        rc = apply_pairs(x->l, &r, c, wait, k.x, err);
    if (rc == OG_OK)
        rc = og_led_from_treasury(x->l, &x->tx->from, reward, "certificate", round, &paid, err);
    x->fee_back = rc == OG_OK;
    free(k.x);
    free(k.x64);
    free(k.u);
    free(k.v);
    free(c);
    free(wait);
    OG_RELEASE(OG_F_ROUND, &r);
    return rc;
}

enum og_rc og_led_penalty(struct og_txn *x, struct og_err *err)
{
    struct og_node n;
    uint64_t have;
    if (!x->bar_node)
        return OG_OK;
    OG_TRY(og_led_node(x->l, x->bar_node, &n, err));
    n.barred_round = x->bar_round;
    enum og_rc rc = og_row_put(x->l->st, OG_F_NODE, &n, err);
    OG_RELEASE(OG_F_NODE, &n);
    if (rc == OG_OK)
        rc = og_led_balance(x->l, &x->tx->from, &have, err);
    if (rc == OG_OK)
        rc = og_led_debit(x->l, &x->tx->from, og_min_u64(have, x->penalty), "wrong certificate",
                          x->bar_round, NULL, err);
    return rc == OG_OK ? og_led_to_treasury(x->l, og_min_u64(have, x->penalty), "wrong certificate",
                                            x->bar_round, err)
                       : rc;
}

/* Without a valid certificate in time: rows in order, each its cheapest free slot. */
static enum og_rc greedy(struct og_ledger *l, struct og_round *r, const int64_t *c,
                         const int64_t *wait, struct og_err *err)
{
    int32_t *x = og_xcalloc(r->rows, sizeof *x);
    uint8_t *taken = og_xcalloc(r->cols, 1);
    size_t cells = 0;
    for (size_t i = 0; i < r->rows; i++)
        x[i] = (i + 1) * r->cols <= l->p.greedy_cells
                   ? og_rule_allot(l, r->cols, c + i * r->cols, wait[i], taken, &cells)
                   : -1;
    enum og_rc rc = apply_pairs(l, r, c, wait, x, err);
    free(x);
    free(taken);
    return rc;
}

enum og_rc og_led_rounds(struct og_ledger *l, const struct og_hash *beacon, struct og_err *err)
{
    struct og_round r;
    int64_t *c;
    int64_t *wait;
    bool found;
    OG_TRY(og_view_round(l, &r, &c, &wait, &found, err));
    enum og_rc rc = OG_OK;
    bool open = found;
    if (found && l->height >= r.height + l->p.round_grace) {
        rc = greedy(l, &r, c, wait, err);
        open = false;
    }
    free(c);
    free(wait);
    OG_RELEASE(OG_F_ROUND, &r);
    if (rc == OG_OK && !open && l->height % l->p.round_blocks == 0)
        rc = write_round(l, beacon, err);
    return rc;
}
