/* test_pay.c - the money of a lease against a slow reference in wide decimal-free arithmetic. */
#include "ledgerkit.h"

/* Numbers of 512 bits, little endian: wide enough for any product here. */
struct big {
    uint32_t d[16];
};

static struct big big_of(uint64_t v)
{
    struct big b = {{(uint32_t)v, (uint32_t)(v >> 32)}};
    return b;
}

static struct big big_mul(struct big a, uint64_t m)
{
    struct big out = {{0}};
    for (int part = 0; part < 2; part++) {
        uint64_t k = part ? m >> 32 : m & 0xffffffffu;
        uint64_t carry = 0;
        for (int i = 0; i + part < 16; i++) {
            og_u128 v = (og_u128)a.d[i] * k + out.d[i + part] + carry;
            out.d[i + part] = (uint32_t)v;
            carry = (uint64_t)(v >> 32);
        }
        assert_int_equal(carry, 0);
    }
    return out;
}

/* Floor of a / d; *rest says whether something was left. */
static struct big big_div(struct big a, uint64_t d, bool *rest)
{
    struct big q = {{0}};
    og_u128 r = 0;
    for (int i = 15; i >= 0; i--) {
        r = r << 32 | a.d[i];
        q.d[i] = (uint32_t)(r / d);
        r %= d;
    }
    *rest = r != 0;
    return q;
}

/* min(v, cap) */
static uint64_t big_min(struct big v, uint64_t cap)
{
    for (int i = 2; i < 16; i++)
        if (v.d[i])
            return cap;
    uint64_t low = (uint64_t)v.d[1] << 32 | v.d[0];
    return low < cap ? low : cap;
}

static uint64_t ref_div(uint64_t a, uint64_t b, uint64_t d, bool up, uint64_t cap)
{
    bool rest;
    struct big q = big_div(big_mul(big_of(a), b), d, &rest);
    uint64_t v = big_min(q, cap);
    return up && rest && v < cap ? v + 1 : v;
}

static uint64_t rng = 1;

/* Any size up to bits, small ones as often as large ones. */
static uint64_t any(unsigned bits)
{
    uint64_t r = og_splitmix64(rng++);
    unsigned n = 1 + (unsigned)(og_splitmix64(rng++) % bits);
    return r >> (64 - n);
}

#define ROUNDS 20000

static void test_units(void **st)
{
    (void)st;
    for (int i = 0; i < ROUNDS; i++) {
        bool rest;
        struct og_lease ls = {.capacity = any(40), .credited_ms = any(45)};
        struct og_task t = {.work = i % 3 ? any(60) : 0};
        uint64_t count = 1 + any(10);
        uint64_t want = ref_div(ls.capacity, ls.credited_ms, 1000, false, UINT64_MAX);
        if (t.work) {
            struct big w = big_div(big_mul(big_mul(big_of(t.work), count), 5), 4, &rest);
            want = og_min_u64(want, big_min(w, UINT64_MAX));
        }
        want = og_min_u64(want, ((uint64_t)1 << 60) - 1); /* U < 2^60 */
        assert_int_equal(og_ref_units(ls.capacity, ls.credited_ms, t.work, count), want);
    }
}

static void test_grains(void **st)
{
    (void)st;
    for (int i = 0; i < ROUNDS; i++) {
        bool rest;
        struct og_lease ls = {
            .rate = any(44), .units = any(60), .lambda_ppm = any(23), .amount = any(62)};
        struct big p = big_mul(big_mul(big_of(ls.rate), ls.units), ls.lambda_ppm);
        uint64_t want = big_min(big_div(p, 1000000000000000u, &rest), ls.amount);
        assert_int_equal(og_ref_pay(ls.rate, ls.units, ls.lambda_ppm, ls.amount), want);
    }
    struct og_lease most = {.rate = ((uint64_t)1 << 44) - 1,
                            .units = ((uint64_t)1 << 60) - 1,
                            .lambda_ppm = (1u << 23) - 1,
                            .amount = OG_VALUE_MAX};
    assert_int_equal(og_ref_pay(most.rate, most.units, most.lambda_ppm, most.amount), OG_VALUE_MAX);
}

static void test_surcharge(void **st)
{
    (void)st;
    for (int i = 0; i < ROUNDS; i++) {
        struct og_task t = {.levy_ppm = any(19), .urgency = 1 + any(6) % 64};
        uint64_t pay = any(61);
        uint64_t ppm = t.levy_ppm + 15625 * (t.urgency - 1);
        assert_int_equal(og_pay_surcharge(&t, pay), ref_div(pay, ppm, 1000000, false, UINT64_MAX));
    }
}

static void test_checks(void **st)
{
    (void)st;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t ppm = any(20) % 1000001;
        uint64_t a = any(59);
        uint64_t k = 1 + any(2);
        uint64_t up = ref_div(a, ppm, 1000000, true, UINT64_MAX);
        assert_int_equal(og_pay_check(a, ppm), ref_div(a, ppm, 1000000, false, UINT64_MAX));
        assert_int_equal(og_pay_reserve(a, ppm, k), up * k);
        assert_int_equal(og_pay_verifier_lock(a, ppm), up * 4);
    }
}

/* escrow = count · (max_price + ceil(max_price · (checks·check_ppm + levy + 15625·(urgency−1)))) */
static void test_escrow(void **st)
{
    struct og_params p;
    (void)st;
    og_params_defaults(&p);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t count = 1 + any(20);
        uint64_t price = any(41);
        uint64_t ppm = any(20) % 1000001;
        uint64_t checks = any(2) % 3;
        uint64_t urgency = 1 + any(6) % 64;
        uint64_t out = 0;
        uint64_t all = checks * ppm + p.levy_ppm + 15625 * (urgency - 1);
        uint64_t one = price + ref_div(price, all, 1000000, true, UINT64_MAX);
        bool fits = (og_u128)one * count <= OG_VALUE_MAX;
        assert_int_equal(og_view_escrow(&p, count, price, ppm, checks, urgency, &out), fits);
        if (fits)
            assert_int_equal(out, one * count);
    }
    uint64_t out;
    assert_false(og_view_escrow(&p, UINT32_MAX, OG_VALUE_MAX, 1000000, 2, 64, &out));
}

/* What a lease can cost never exceeds its escrow: any method, any split. */
static void test_covers(void **st)
{
    static const enum og_verify how[] = {OG_VERIFY_OWN, OG_VERIFY_EXACT,  OG_VERIFY_VOTE,
                                         OG_VERIFY_CMD, OG_VERIFY_ACCEPT, OG_VERIFY_AUTO};
    (void)st;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t ppm;
        uint64_t checks;
        struct og_task t = {.verify = how[i % 6],
                            .levy_ppm = any(19),
                            .urgency = 1 + any(6) % 64,
                            .max_price = any(40),
                            .count = 1 + any(10),
                            .chunk = 1 + any(10),
                            .samples = any(6)};
        uint64_t count = og_min_u64(t.count, t.chunk);
        uint64_t p = count * t.max_price; /* P = A, the dearest */
        p = i % 2 ? p : any(62) % (p + 1);
        og_pay_check_terms(&t, (unsigned)t.verify, &ppm, &checks);
        uint64_t cost = p + og_pay_surcharge(&t, p) + checks * og_pay_check(p, ppm);
        assert_true(cost <= og_pay_share(&t, count, 0));
        uint64_t v =
            og_min_u64(og_pay_check(p, ppm), (p - p / 2 + og_pay_reserve(p, ppm, checks)) / 3);
        assert_true(p / 2 + 3 * v <= og_pay_share(&t, count, 0)); /* not deterministic */
    }
}

static void test_share(void **st)
{
    struct og_task t = {
        .verify = OG_VERIFY_ACCEPT, .levy_ppm = 50000, .urgency = 1, .max_price = 99};
    (void)st;
    assert_int_equal(og_pay_escrow_one(&t), 104);
    assert_int_equal(og_pay_share(&t, 3, 0), 312);
    assert_int_equal(og_pay_share(&t, 3, 1), 312);
    assert_int_equal(og_pay_share(&t, 3, 13), 300);
    assert_int_equal(og_pay_share(&t, 3, 1000), 0);
}

static uint64_t escrow_with(const char *params, const char *text)
{
    struct kit *k = kit_new(1, params);
    kit_submit(k, text);
    kit_look(k);
    uint64_t e = k->t.escrow;
    kit_free(k);
    return e;
}

static uint64_t escrow_of(const char *text)
{
    return escrow_with(NULL, text);
}

/* The table of methods: escrow of 1,000,000 with a levy of 5 %. */
static void test_submitted(void **st)
{
    (void)st;
    assert_int_equal(escrow_of("{'max_price':'1000000','verify':'own'}"), 1050000);
    assert_int_equal(escrow_of("{'max_price':'1000000','verify':'accept'}"), 1050000);
    assert_int_equal(escrow_of("{'max_price':'1000000','verify':'vote'}"), 1200000);
    assert_int_equal(escrow_of("{'max_price':'1000000','verify':'exact'}"), 2050000);
    assert_int_equal(escrow_of("{'max_price':'1000000','verify':'auto'}"), 2050000);
    assert_int_equal(escrow_of("{'max_price':'1000000','verify':'cmd','check':{'limit_ms':1,"
                               "'sha256':'20f65c28671b40937c5bf23acc7c6f37e5a5ec0622e347b57685725d"
                               "f5ba9e50'}}"),
                     1550000);
    assert_int_equal(escrow_of("{'max_price':'1000000','urgency':64}"), 1000000 + 50000 + 984375);
    assert_int_equal(escrow_of("{'max_price':'1000000','verify':'exact','count':10,'chunk':10,"
                               "'samples':1}"),
                     10 * (1000000 + 100000 + 20000 + 50000));
    assert_int_equal(escrow_of("{'max_price':'0'}"), 0);
    assert_int_equal(escrow_with("{'levy_ppm':'100000'}", "{'max_price':'1000000'}"), 1100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),     cmocka_unit_test(test_grains),
        cmocka_unit_test(test_surcharge), cmocka_unit_test(test_checks),
        cmocka_unit_test(test_escrow),    cmocka_unit_test(test_covers),
        cmocka_unit_test(test_share),     cmocka_unit_test(test_submitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
