/* test_epoch.c - λ, weights, the cap of owners, decay, the treasury's share, lots by weight. */
#include "ledgerkit.h"

#include <math.h>

#define EPOCH "'epoch_blocks':'5','epoch_ms':'1000'"

static void next_epoch(struct kit *k)
{
    uint64_t was;
    uint64_t now;
    if (k->s->open)
        sim_seal(k->s);
    SIM_OK(k->s, og_led_get(k->s->l, "epoch", &was, SIM_ERR));
    now = was;
    for (int i = 0; i < 20 && now == was; i++) {
        sim_open(k->s, 500);
        sim_pay(k->s, k->me, &k->s->acct[0].addr, 1); /* a block must hold something */
        sim_seal(k->s);
        SIM_OK(k->s, og_led_get(k->s->l, "epoch", &now, SIM_ERR));
    }
    assert_int_equal(now, was + 1);
}

static uint64_t lambda_after(uint64_t lambda, uint64_t util_ppm, uint64_t *dur)
{
    struct kit *k = kit_new(1, "{" EPOCH "}");
    uint64_t start;
    uint64_t out;
    SIM_OK(k->s, og_led_set(k->s->l, "lambda", lambda, SIM_ERR));
    SIM_OK(k->s, og_led_get(k->s->l, "epoch_ms", &start, SIM_ERR));
    sim_idle(k->s, 4, 1);
    sim_open(k->s, 1000000);
    *dur = k->s->now_ms - start;
    /* C_net 100,000 MFLOP/s */
    uint64_t units = (uint64_t)((og_u128)100000 * *dur * util_ppm / 1000 / 1000000);
    SIM_OK(k->s, og_led_set(k->s->l, "epoch_units", units, SIM_ERR));
    sim_pay(k->s, k->me, &k->s->acct[0].addr, 1);
    sim_seal(k->s);
    sim_open(k->s, 1);
    sim_pay(k->s, k->me, &k->s->acct[0].addr, 1);
    sim_seal(k->s);
    SIM_OK(k->s, og_led_get(k->s->l, "epoch", &out, SIM_ERR));
    assert_int_equal(out, 2);
    SIM_OK(k->s, og_view_lambda(k->s->l, &out, SIM_ERR));
    kit_free(k);
    return out;
}

/* λ + λ·(util − 0.7)/(8·0.7), the step within an eighth, λ within 0.25..4; in doubles here. */
static void test_lambda(void **st)
{
    static const uint64_t at[] = {250000, 300000, 1000000, 2222222, 4000000};
    static const uint64_t util[] = {0, 100000, 699999, 700000, 900000, 1300000, 1990000};
    (void)st;
    for (size_t i = 0; i < 5; i++)
        for (size_t u = 0; u < 7; u++) {
            uint64_t dur;
            double l = (double)at[i];
            double step = l * ((double)util[u] / 1e6 - 0.7) / 5.6;
            step = fmin(fmax(step, -l / 8), l / 8);
            double want = fmin(fmax(l + step, 250000), 4000000);
            uint64_t got = lambda_after(at[i], util[u], &dur);
            if (fabs((double)got - want) > 3)
                fail_msg("lambda %.0f at %.2f: %llu, not %.0f", l, (double)util[u] / 1e6,
                         (unsigned long long)got, want);
        }
}

/* Demand within one owner does not move λ. */
static void test_own_is_no_demand(void **st)
{
    struct kit *k = kit_new(1, NULL);
    uint64_t units;
    (void)st;
    kit_submit_by(k, 0, "{'verify':'auto'}");
    kit_to_commit(k, 0);
    kit_reveal(k, 0);
    kit_seal(k);
    SIM_OK(k->s, og_led_get(k->s->l, "epoch_units", &units, SIM_ERR));
    assert_int_equal(units, 0);
    kit_submit(k, "{}");
    kit_to_commit(k, 0);
    kit_reveal(k, 0);
    kit_do(k, k->me, OG_TX_TASK_ACCEPT, json_pack("{s:I}", "task", (json_int_t)k->t.id));
    kit_seal(k);
    SIM_OK(k->s, og_led_get(k->s->l, "epoch_units", &units, SIM_ERR));
    assert_int_equal(units, 300000);
    kit_free(k);
}

static uint64_t weight(struct kit *k, unsigned i)
{
    uint64_t w = 0;
    KIT_NODE(k, i, w = n->weight);
    return w;
}

/* min(C_eff · reliability, k · bond): zero below min_bond; falls at once, rises slowly. */
static void test_weights(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 3, .nodes = 3, .bond = 20 * SIM_OGPU},
                           "{" EPOCH ",'k_mflops_per_ogpu':'4000'}");
    (void)st;
    /* at genesis: 100,000 · 1/2 = 50,000 and 4,000 · 20 = 80,000 */
    assert_int_equal(weight(k, 0), 50000);
    KIT_NODE(k, 0, n->rel_a = 3 * OG_PPM);  /* 3/4 */
    KIT_NODE(k, 1, n->bond = 9999999999);   /* below min_bond */
    KIT_NODE(k, 2, n->rel_b = 4 * OG_PPM);  /* 1/5 */
    KIT_NODE(k, 0, n->bond += 10000000001); /* the supply stays */
    next_epoch(k);
    /* a tenth of itself, or a hundredth of C_net = 300,000 */
    assert_int_equal(weight(k, 0), 55000);
    assert_int_equal(weight(k, 1), 0);
    /* a stays at 1, b decays: 4 − 3/64 */
    assert_int_equal(weight(k, 2), (uint64_t)100000 * 1000000 / (1000000 + 3953125));
    next_epoch(k);
    assert_int_equal(weight(k, 0), 60500);
    for (int i = 0; i < 6; i++)
        next_epoch(k);
    KIT_NODE(k, 0,
             assert_int_equal(n->weight, og_muldiv(n->c_eff, og_view_reliability(n), OG_PPM)));
    kit_free(k);
}

/* a ← a − (a − 10^6)/64, towards zero, from above and from below. */
static void test_decay(void **st)
{
    struct kit *k = kit_new(1, "{" EPOCH "}");
    uint64_t a = 9000001;
    uint64_t b = 17000000;
    (void)st;
    KIT_NODE(k, 0, n->rel_a = a; n->rel_b = b);
    for (int i = 0; i < 30; i++) {
        next_epoch(k);
        a -= (a - 1000000) / 64;
        b -= (b - 1000000) / 64;
        KIT_NODE(k, 0, {
            assert_int_equal(n->rel_a, a);
            assert_int_equal(n->rel_b, b);
        });
    }
    kit_free(k);
}

/* With weights w and a cap, water-filling: nobody above max(1/owners, cap) of the whole, who is
 * below keeps all, who is above is cut to exactly that. */
static void fill_case(const uint64_t *speed, unsigned owners, unsigned cap_ppm)
{
    char params[128];
    snprintf(params, sizeof params, "{" EPOCH ",'cap_ppm':'%u','k_mflops_per_ogpu':'1000000'}",
             cap_ppm);
    struct kit *k = kit_new(owners, params);
    double share = fmax(cap_ppm / 1e6, 1.0 / owners);
    double sum = 0;
    for (unsigned i = 0; i < owners; i++)
        KIT_NODE(k, i, {
            n->offered = n->measured = n->c_eff = speed[i];
            n->weight = OG_VALUE_MAX / 64; /* falls at once */
        });
    next_epoch(k);
    for (unsigned i = 0; i < owners; i++)
        sum += (double)weight(k, i);
    for (unsigned i = 0; i < owners; i++) {
        double w = (double)weight(k, i);
        double raw = (double)speed[i] / 2;
        if (w > share * sum * 1.0001 + 2)
            fail_msg("owner %u of %u has %.0f of %.0f", i, owners, w, sum);
        bool kept = w >= raw - 2;
        bool full = w >= share * sum * 0.9999 - 2;
        if (!kept && !full)
            fail_msg("owner %u of %u has %.0f of %.0f, has %.0f", i, owners, w, sum, raw);
    }
    kit_free(k);
}

static void test_cap(void **st)
{
    uint64_t rng = 7;
    (void)st;
    fill_case((uint64_t[]){1000000, 1000000, 1000000, 1000000}, 4, 250000);
    fill_case((uint64_t[]){100000000, 10000, 10000, 10000}, 4, 250000);
    fill_case((uint64_t[]){100000000, 50000000, 20000, 10000, 10000}, 5, 250000);
    fill_case((uint64_t[]){100000000, 1000}, 2, 250000);
    fill_case((uint64_t[]){100000000}, 1, 250000);
    for (int i = 0; i < 40; i++) {
        uint64_t speed[8];
        unsigned n = 1 + (unsigned)(og_splitmix64(rng++) % 8);
        for (unsigned j = 0; j < n; j++) {
            unsigned shift = 44 + (unsigned)(og_splitmix64(rng++) % 10);
            speed[j] = 10000 + (og_splitmix64(rng++) >> shift);
        }
        fill_case(speed, n, (unsigned)(100000 + og_splitmix64(rng++) % 500000));
    }
}

/* A cap binds owners: two nodes of one owner share it. */
static void test_cap_by_owner(void **st)
{
    struct kit *k =
        kit_of(&(struct sim_cfg){.owners = 4, .nodes = 8}, "{" EPOCH ",'cap_ppm':'250000'}");
    (void)st;
    for (unsigned i = 0; i < 8; i += 4)
        KIT_NODE(k, i, n->offered = n->measured = n->c_eff = 10000000);
    next_epoch(k);
    uint64_t sum = 0;
    for (unsigned i = 0; i < 8; i++)
        sum += weight(k, i);
    assert_true((weight(k, 0) + weight(k, 4)) * 4 <= sum + 8);
    kit_free(k);
}

/* Half of the inflow to validators by w · blocks signed. */
static void test_treasury_share(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 3, .nodes = 3},
                           "{'epoch_blocks':'3','epoch_ms':'1000'}");
    struct og_addr treasury = og_addr_of_key("treasury", "", 0);
    uint64_t was[3];
    (void)st;
    sim_open(k->s, 500);
    sim_pay(k->s, k->me, &treasury, 1000001);
    sim_seal(k->s);
    for (unsigned i = 0; i < 3; i++) {
        KIT_NODE(k, i, n->epoch_sealed = i + 1; n->weight = 7000 * (i + 1));
        was[i] = sim_balance(k->s, &k->s->acct[i].addr);
    }
    for (int i = 0; i < 2; i++) {
        sim_open(k->s, 500);
        sim_pay(k->s, k->me, &k->s->acct[k->me].addr, 1);
        sim_seal(k->s);
    }
    for (unsigned i = 0; i < 3; i++) /* 1 : 4 : 9 of 500,000 */
        assert_int_equal(sim_balance(k->s, &k->s->acct[i].addr) - was[i],
                         (uint64_t)500000 * (i + 1) * (i + 1) / 14);
    KIT_NODE(k, 2, assert_int_equal(n->epoch_sealed, 0));
    kit_free(k);
}

/* Weights beyond 64 bits do not pay out more than there is. */
static void test_treasury_share_wide(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 3, .nodes = 3},
                           "{'epoch_blocks':'3','epoch_ms':'1000'}");
    struct og_addr treasury = og_addr_of_key("treasury", "", 0);
    (void)st;
    sim_open(k->s, 500);
    sim_pay(k->s, k->me, &treasury, 1000000);
    sim_seal(k->s);
    for (unsigned i = 0; i < 3; i++)
        KIT_NODE(k, i, n->epoch_sealed = (uint64_t)1 << 40; n->weight = (uint64_t)1 << 40);
    for (int i = 0; i < 2; i++) {
        sim_open(k->s, 500);
        sim_pay(k->s, k->me, &k->s->acct[k->me].addr, 1);
        sim_seal(k->s);
    }
    uint64_t left = sim_balance(k->s, &treasury);
    assert_in_range(left, 500000, 500002);
    kit_free(k);
}

/* Drawn proposers follow P_i: χ² over 4,000 heights. */
static void test_proposers(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 4, .nodes = 4, .validators = true}, NULL);
    double chi = 0;
    uint64_t seen[4] = {0};
    uint64_t sum = 0;
    (void)st;
    for (unsigned i = 0; i < 4; i++) {
        struct og_validator v = {.node = k->s->node[i].id, .weight = 1000 * (i + 1)};
        sum += v.weight;
        SIM_OK(k->s, og_row_put(k->s->st, OG_F_VALIDATOR, &v, SIM_ERR));
    }
    for (uint64_t h = 1; h <= 4000; h++) {
        uint64_t node;
        SIM_OK(k->s, og_ledger_proposer(k->s->l, h, h % 3, &node, SIM_ERR));
        seen[kit_index(k, node)]++;
    }
    for (unsigned i = 0; i < 4; i++) {
        double want = 4000.0 * 1000 * (i + 1) / (double)sum;
        chi += ((double)seen[i] - want) * ((double)seen[i] - want) / want;
    }
    if (chi > 16.27) /* 3 degrees of freedom, one in a thousand */
        fail_msg("chi square is %.2f", chi);
    kit_free(k);
}

/* P_i of the validators sums to the whole; one without keys is none. */
static void test_validators(void **st)
{
    struct kit *k =
        kit_of(&(struct sim_cfg){.owners = 3, .nodes = 3, .validators = true}, "{" EPOCH "}");
    struct og_validator v = {.node = 1};
    bool found;
    (void)st;
    SIM_OK(k->s, og_row_get(k->s->st, OG_F_VALIDATOR, &v, &found, SIM_ERR));
    assert_true(found);
    assert_int_equal(v.weight, 50000);
    assert_int_equal(v.select_ppm, 333333);
    uint8_t pub[OG_VRF_PUB_LEN];
    og_vrf_pub(sim_vrf(k->s->node[0].keys), pub);
    struct og_hash spki = og_sha256(pub, sizeof pub);
    kit_do(k, kit_acct(k, 0), OG_TX_KEY_REVOKE,
           json_pack("{s:s,s:o}", "what", "vrf", "spki", og_json_new_hex(spki.b, 32)));
    SIM_OK(k->s, og_row_get(k->s->st, OG_F_VALIDATOR, &v, &found, SIM_ERR));
    assert_false(found); /* at once: nobody waits for its proofs */
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lambda),
        cmocka_unit_test(test_own_is_no_demand),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_decay),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_cap_by_owner),
        cmocka_unit_test(test_treasury_share),
        cmocka_unit_test(test_treasury_share_wide),
        cmocka_unit_test(test_proposers),
        cmocka_unit_test(test_validators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
