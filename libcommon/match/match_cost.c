/* match_cost.c - expected completion of a row on a column, as one integer. */
#include "match/match_cost.h"

#include "base/base_num.h"

#define RELIABILITY_MIN 1000u /* ppm: at most a thousand expected repeats */
#define URGENCY_MAX     64u

static uint64_t add_sat(uint64_t a, uint64_t b)
{
    uint64_t s;
    return og_add_u64(a, b, &s) ? s : UINT64_MAX;
}

void og_cost_round_init(struct og_cost_round *r, const struct og_match_col *cols, size_t m,
                        uint64_t now_ms)
{
    og_u128 recv = 0, cap = 0;
    r->now_ms = now_ms;
    r->c_fast = 1;
    r->mean_ms = 0;
    for (size_t j = 0; j < m; j++) {
        r->c_fast = og_max_u64(r->c_fast, cols[j].c_mflops);
        recv += cols[j].recv_mflop;
        cap += cols[j].c_mflops;
    }
    if (cap > 0) {
        og_u128 q = recv * 1000 / cap;
        r->mean_ms = q > UINT64_MAX ? UINT64_MAX : (uint64_t)q;
    }
}

static uint64_t run_ms(const struct og_cost_round *r, const struct og_match_row *row,
                       const struct og_match_col *col)
{
    uint64_t c = og_max_u64(col->c_mflops, 1), run, limit;
    if (row->work_mflop > 0)
        run = og_muldiv_up(row->work_mflop, 1000, c);
    else
        run = og_muldiv_up((uint64_t)row->count * OG_COST_RUN_MS, og_max_u64(r->c_fast, c), c);
    if (row->limit_ms > 0 && og_mul_u64(row->limit_ms, row->count, &limit))
        run = og_min_u64(run, limit);
    return run;
}

static uint64_t fair_ms(const struct og_cost_round *r, const struct og_match_col *col)
{
    uint64_t own = og_muldiv(col->recv_mflop, 1000, og_max_u64(col->c_mflops, 1));
    if (own <= r->mean_ms)
        return 0;
    return og_min_u64((own - r->mean_ms) / 64, OG_COST_FAIR_MAX);
}

void og_cost_explain(const struct og_cost_round *r, const struct og_match_row *row,
                     const struct og_match_col *col, uint64_t latency_us, uint64_t bytes_per_s,
                     struct og_cost_terms *out)
{
    uint64_t once, cost;
    uint64_t rel = og_min_u64(og_max_u64(col->reliability_ppm, RELIABILITY_MIN), OG_PPM);
    uint32_t urgency = row->urgency == 0 ? 1 : row->urgency;
    out->urgency = urgency > URGENCY_MAX ? URGENCY_MAX : urgency;
    out->queue_ms = col->queue_ms;
    out->latency_ms = latency_us / 1000 + (latency_us % 1000 != 0);
    out->transfer_ms =
        og_muldiv_up(row->in_bytes, 1000, bytes_per_s == 0 ? OG_COST_BPS_NONE : bytes_per_s);
    out->run_ms = run_ms(r, row, col);
    once = add_sat(add_sat(out->latency_ms, out->transfer_ms), out->run_ms);
    out->retry_ms = og_muldiv_up(once, OG_PPM - rel, rel);
    out->ect_ms = add_sat(add_sat(out->queue_ms, once), out->retry_ms);
    out->late_ms = 0;
    if (row->deadline_ms > 0) {
        uint64_t end = add_sat(r->now_ms, out->ect_ms);
        out->late_ms = end > row->deadline_ms ? end - row->deadline_ms : 0;
    }
    out->fair_ms = fair_ms(r, col);
    cost = add_sat(og_muldiv(add_sat(out->ect_ms, out->late_ms), out->urgency, 1), out->fair_ms);
    out->cost = (int64_t)og_min_u64(cost, (uint64_t)OG_COST_MAX);
}

int64_t og_cost_cell(const struct og_cost_round *r, const struct og_match_row *row,
                     const struct og_match_col *col, uint64_t latency_us, uint64_t bytes_per_s)
{
    struct og_cost_terms t;
    og_cost_explain(r, row, col, latency_us, bytes_per_s, &t);
    return t.cost;
}

int64_t og_cost_wait(const struct og_match_row *row)
{
    uint64_t urgency = og_min_u64(og_max_u64(row->urgency, 1), URGENCY_MAX);
    uint64_t age = og_min_u64(row->age_ms, OG_COST_AGE_MAX);
    return OG_COST_WAIT_MIN + (int64_t)(urgency * (OG_COST_WAIT_STEP + age));
}

int64_t og_cost_tie(int64_t cost, uint64_t r_seed, uint32_t row, uint32_t col)
{
    if (cost == OG_COST_NONE)
        return OG_COST_NONE;
    return 64 * cost + (int64_t)(og_splitmix64(r_seed + ((uint64_t)row << 32) + col) & 63);
}

int64_t og_cost_wait_tie(int64_t wait)
{
    return 64 * wait;
}
