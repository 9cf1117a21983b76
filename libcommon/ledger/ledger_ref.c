/* ledger_ref.c - the rules of the system contracts in C: u128 inside, rounded down. */
#include "ledger/ledger_rule.h"

#include "base/base_num.h"

#define UNITS_MAX  (((uint64_t)1 << 60) - 1)
#define LAMBDA_MIN 250000u
#define LAMBDA_MAX 4000000u
#define UTIL_GOAL  700000u /* ppm */

static uint64_t cap128(og_u128 v)
{
    return v > OG_VALUE_MAX ? OG_VALUE_MAX : (uint64_t)v;
}

/* U = min(C·T / 1000, 5/4 · work), below 2^60 so that P's product stays within 128 bits */
uint64_t og_ref_units(uint64_t capacity, uint64_t ms, uint64_t work, uint64_t count)
{
    uint64_t u = cap128((og_u128)capacity * ms / 1000);
    if (work)
        u = og_min_u64(u, cap128((og_u128)work * count * 5 / 4));
    return og_min_u64(u, UNITS_MAX);
}

/* P = min(A, rate · U · λ / 10^15) */
uint64_t og_ref_pay(uint64_t rate, uint64_t units, uint64_t lambda, uint64_t amount)
{
    /* rate < 2^44, U < 2^60, λ < 2^23: the product is below 2^127, so it is divided once */
    og_u128 p = (og_u128)rate * units * lambda / 1000000000000000u;
    return og_min_u64(amount, cap128(p));
}

struct og_rule_split og_ref_settle(uint64_t escrow, uint64_t share, uint64_t due, uint64_t extra,
                                   bool paid)
{
    struct og_rule_split r = {0, 0, 0};
    if (paid)
        return r;
    og_u128 s = (og_u128)due * extra / OG_PPM;
    uint64_t left = escrow;
    r.node = og_min_u64(due, left);
    left -= r.node;
    r.treasury = s < left ? (uint64_t)s : left;
    left -= r.treasury;
    og_u128 spent = s + due;
    r.refund = og_min_u64(share > spent ? (uint64_t)(share - spent) : 0, left);
    return r;
}

/* λ + λ·(util − 0.7)/(8·0.7), step within ±1/8, λ within 0.25..4 */
uint64_t og_ref_price(uint64_t lambda, uint64_t units, uint64_t capacity, uint64_t ms)
{
    og_u128 could = (og_u128)capacity * ms;
    og_u128 util128 = could ? (og_u128)units * 1000u * OG_PPM / could : 0;
    uint64_t util = util128 > 2 * OG_PPM ? 2 * OG_PPM : (uint64_t)util128;
    uint64_t most = lambda / 8;
    uint64_t next;
    if (util >= UTIL_GOAL)
        next = lambda + og_min_u64(most, og_muldiv(lambda, util - UTIL_GOAL, 8u * UTIL_GOAL));
    else
        next = lambda - og_min_u64(most, og_muldiv(lambda, UTIL_GOAL - util, 8u * UTIL_GOAL));
    return og_min_u64(og_max_u64(next, LAMBDA_MIN), LAMBDA_MAX);
}

/* min(C_eff · reliability, k · bond); nothing below min_bond or barred. */
uint64_t og_ref_weight(uint64_t capacity, uint64_t reliability, uint64_t k, uint64_t bond,
                       uint64_t min_bond, bool barred)
{
    if (barred || bond < min_bond)
        return 0;
    return og_min_u64(og_muldiv(capacity, reliability, OG_PPM), og_muldiv(k, bond, 1000000000u));
}

/* A weight rises by at most a tenth of itself or a hundredth of C_net an epoch, falls at once. */
uint64_t og_ref_rise(uint64_t now, uint64_t target, uint64_t all)
{
    uint64_t most;
    if (!og_add_u64(now, og_max_u64(now / 10, all / 100), &most))
        most = UINT64_MAX;
    return og_min_u64(target, most);
}
