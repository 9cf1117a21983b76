/* ledger_pay.c - the money of a lease: protocol.md section 1, u128 inside, rounded down. */
#include "ledger/ledger_int.h"

#define URGENCY_PPM 15625u /* of P for each step */
#define UNITS_MAX   (((uint64_t)1 << 60) - 1)

static uint64_t cap128(og_u128 v)
{
    return v > OG_VALUE_MAX ? OG_VALUE_MAX : (uint64_t)v;
}

/* U = min(C·T / 1000, 5/4 · work), below 2^60 so that P's product stays within 128 bits */
uint64_t og_pay_units(const struct og_lease *ls, const struct og_task *t, uint64_t count)
{
    uint64_t u = cap128((og_u128)ls->capacity * ls->credited_ms / 1000);
    if (t->work)
        u = og_min_u64(u, cap128((og_u128)t->work * count * 5 / 4));
    return og_min_u64(u, UNITS_MAX);
}

/* P = min(A, rate · U · λ / 10^15) */
uint64_t og_pay_grains(const struct og_lease *ls)
{
    /* rate < 2^44, U < 2^60, λ < 2^23: the product is below 2^127, so it is divided once */
    og_u128 p = (og_u128)ls->rate * ls->units * ls->lambda_ppm / 1000000000000000u;
    return og_min_u64(ls->amount, cap128(p));
}

/* S = P · (levy + 15625·(urgency − 1)) / 10^6 */
uint64_t og_pay_surcharge(const struct og_task *t, uint64_t pay)
{
    return og_muldiv(pay, t->levy_ppm + URGENCY_PPM * (t->urgency - 1), OG_PPM);
}

uint64_t og_pay_check(uint64_t pay, uint64_t check_ppm)
{
    return og_muldiv(pay, check_ppm, OG_PPM);
}

uint64_t og_pay_reserve(uint64_t amount, uint64_t check_ppm, uint64_t checks)
{
    return og_muldiv_up(amount, check_ppm, OG_PPM) * checks;
}

uint64_t og_pay_verifier_lock(uint64_t amount, uint64_t check_ppm)
{
    return 4 * og_muldiv_up(amount, check_ppm, OG_PPM);
}

/* count · (max_price + ceil(max_price · ppm / 10^6)) */
static bool escrow(uint64_t count, uint64_t max_price, uint64_t ppm, uint64_t *out)
{
    og_u128 one = ((og_u128)max_price * ppm + OG_PPM - 1) / OG_PPM + max_price;
    og_u128 all = one * count;
    if (one > OG_VALUE_MAX || all > OG_VALUE_MAX)
        return false;
    *out = (uint64_t)all;
    return true;
}

bool og_view_escrow(const struct og_params *p, uint64_t count, uint64_t max_price,
                    uint64_t check_ppm, uint64_t checks, uint64_t urgency, uint64_t *out)
{
    return escrow(count, max_price, checks * check_ppm + p->levy_ppm + URGENCY_PPM * (urgency - 1),
                  out);
}

void og_pay_check_terms(const struct og_task *t, unsigned method, uint64_t *check_ppm,
                        uint64_t *checks)
{
    enum og_verify m = (enum og_verify)method;
    uint64_t all = og_view_leaves(t);
    *check_ppm = og_check_ppm(m, og_check_leaves(m, (uint32_t)t->samples, all), all);
    *checks = og_check_checks(m);
}

/* Escrow of one element: what was taken at submit, divided by count. */
uint64_t og_pay_escrow_one(const struct og_task *t)
{
    uint64_t ppm;
    uint64_t checks;
    uint64_t one = 0;
    og_pay_check_terms(t, (unsigned)t->verify, &ppm, &checks);
    if (!escrow(1, t->max_price, checks * ppm + t->levy_ppm + URGENCY_PPM * (t->urgency - 1), &one))
        return 0;
    return one;
}

/* What the escrow still holds for some elements. */
uint64_t og_pay_share(const struct og_task *t, uint64_t count, uint64_t check_no)
{
    uint64_t all = count * og_pay_escrow_one(t);
    uint64_t spent = check_no ? check_no - 1 : 0;
    return all > spent ? all - spent : 0;
}
