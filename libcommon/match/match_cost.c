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

uint64_t og_cost_run(const struct og_cost_round *r, const struct og_match_row *row,
                     const struct og_match_col *col)
{
    uint64_t c = og_max_u64(col->c_mflops, 1), run, limit;
    uint64_t work = row->work_mflop > 0 ? row->work_mflop : row->learned_mflop;
    if (work > 0)
        run = og_muldiv_up(work, 1000, c);
    else
        run = og_muldiv_up((uint64_t)row->count * OG_COST_RUN_MS, og_max_u64(r->c_fast, c), c);
    if (col->pace_ppm > OG_PPM)
        run = og_muldiv_up(run, col->pace_ppm, OG_PPM);
    if (row->limit_ms > 0 && og_mul_u64(row->limit_ms, row->count, &limit))
        run = og_min_u64(run, limit);
    return run;
}

uint64_t og_cost_left(uint64_t expected_ms, uint64_t elapsed_ms)
{
    return expected_ms > elapsed_ms ? expected_ms - elapsed_ms : elapsed_ms - expected_ms;
}

static uint64_t fair_ms(const struct og_cost_round *r, const struct og_match_col *col)
{
    uint64_t own = og_muldiv(col->recv_mflop, 1000, og_max_u64(col->c_mflops, 1));
    if (own <= r->mean_ms)
        return 0;
    return og_min_u64((own - r->mean_ms) / OG_COST_FAIR_SHARE, OG_COST_FAIR_MAX);
}

static uint64_t transfer_ms(const struct og_match_row *row, const struct og_cost_way *way)
{
    uint64_t bps = way->bytes_per_s == 0 ? OG_COST_BPS_NONE : way->bytes_per_s;
    if (way->held || row->in_bytes == 0)
        return 0;
    return add_sat(way->fetch_us / 1000 + (way->fetch_us % 1000 != 0),
                   og_muldiv_up(row->in_bytes, 1000, bps));
}

static uint32_t urgency_of(const struct og_match_row *row)
{
    return (uint32_t)og_min_u64(og_max_u64(row->urgency, 1), URGENCY_MAX);
}

/* The part of `whole` that the chain behind a row is of chain and row. */
static uint64_t of_chain(uint64_t whole, uint64_t rank_ms, uint64_t own_ms)
{
    return rank_ms == 0 ? 0 : og_muldiv(whole, rank_ms, add_sat(rank_ms, own_ms));
}

void og_cost_explain(const struct og_cost_round *r, const struct og_match_row *row,
                     const struct og_match_col *col, const struct og_cost_way *way,
                     struct og_cost_terms *out)
{
    uint64_t once, late, cost;
    uint64_t rel = og_min_u64(og_max_u64(col->reliability_ppm, RELIABILITY_MIN), OG_PPM);
    out->urgency = urgency_of(row);
    out->queue_ms = col->queue_ms;
    out->latency_ms = way->latency_us / 1000 + (way->latency_us % 1000 != 0);
    out->transfer_ms = transfer_ms(row, way);
    out->run_ms = og_cost_run(r, row, col);
    once = add_sat(add_sat(out->latency_ms, out->transfer_ms), out->run_ms);
    out->retry_ms = og_muldiv_up(once, OG_PPM - rel, rel);
    out->ect_ms = add_sat(add_sat(out->queue_ms, once), out->retry_ms);
    out->late_ms = 0;
    if (row->deadline_ms > 0) {
        uint64_t end = add_sat(r->now_ms, out->ect_ms);
        late = end > row->deadline_ms ? end - row->deadline_ms : 0;
        out->late_ms = og_min_u64(late, out->ect_ms);
    }
    out->chain_ms = of_chain(out->ect_ms, row->rank_ms, out->ect_ms);
    out->fair_ms = fair_ms(r, col);
    out->switch_ms = way->away ? OG_COST_SWITCH_MS : 0;
    late = og_muldiv(out->late_ms, OG_COST_LATE_WEIGHT, 1);
    cost = og_muldiv(add_sat(add_sat(out->ect_ms, late), out->chain_ms), out->urgency, 1);
    cost = add_sat(cost, out->fair_ms + out->switch_ms);
    out->cost = (int64_t)og_min_u64(cost, (uint64_t)OG_COST_MAX);
}

int64_t og_cost_wait(const struct og_cost_round *r, const struct og_match_row *row,
                     uint64_t best_ms)
{
    uint64_t age = og_min_u64(row->age_ms, OG_COST_AGE_MAX), press = 0, end;
    if (row->deadline_ms > 0 && og_add_u64(r->now_ms, best_ms, &end) && end <= row->deadline_ms) {
        uint64_t whole = og_max_u64(add_sat(row->deadline_ms - end, best_ms), 1);
        press = og_muldiv(OG_COST_WAIT_STEP * OG_COST_PRESS, best_ms, whole);
    }
    press += of_chain(OG_COST_WAIT_STEP * OG_COST_CHAIN, row->rank_ms, best_ms);
    return OG_COST_WAIT_MIN + (int64_t)(urgency_of(row) * (OG_COST_WAIT_STEP + age + press));
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
