/* ledger_pay.c - the money of a lease: protocol.md section 1, u128 inside, rounded down. */
#include "ledger/ledger_int.h"

#define URGENCY_PPM 15625u /* of P for each step */

uint64_t og_pay_units(struct og_ledger *l, const struct og_lease *ls, const struct og_task *t,
                      uint64_t count)
{
    return og_rule_units(l, ls->capacity, ls->credited_ms, t->work, count);
}

uint64_t og_pay_grains(struct og_ledger *l, const struct og_lease *ls)
{
    return og_rule_pay(l, ls->rate, ls->units, ls->lambda_ppm, ls->amount);
}

/* S = P · (levy + 15625·(urgency − 1)) / 10^6 */
uint64_t og_pay_extra_ppm(const struct og_task *t)
{
    return t->levy_ppm + URGENCY_PPM * (t->urgency - 1);
}

uint64_t og_pay_surcharge(const struct og_task *t, uint64_t pay)
{
    return og_muldiv(pay, og_pay_extra_ppm(t), OG_PPM);
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
