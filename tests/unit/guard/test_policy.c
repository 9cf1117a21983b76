/* test_policy.c - every way through the states, what holds back, and the state written and read. */
#include "base/base_num.h"
#include "guard/guard_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIN  60000u
#define HOUR 3600000u

static struct og_policy_action a;

static bool step(struct og_policy *p, uint64_t node, enum og_policy_cause c, uint64_t now)
{
    return og_policy_step(p, node, c, now, 10, &a);
}

/* Suspicion as long as one likes: never more than throttle. */
static void test_suspicion_throttles(void **ctx)
{
    struct og_policy p;
    (void)ctx;
    og_policy_init(&p);
    assert_true(step(&p, 1, OG_CAUSE_SUSPICION, MIN) && a.to == OG_WARN && a.until_ms == 0);
    assert_false(step(&p, 1, OG_CAUSE_QUIET, 2 * MIN));
    assert_true(step(&p, 1, OG_CAUSE_SUSPICION, 3 * MIN) && a.to == OG_THROTTLE);
    assert_int_equal(a.until_ms, 3 * MIN + HOUR);
    for (uint64_t k = 0; k < 1000; k++) {
        assert_false(step(&p, 1, OG_CAUSE_SUSPICION, 4 * MIN + k));
        assert_int_equal(og_policy_of(&p, 1), OG_THROTTLE);
    }
    /* over, then again on probation: twice as long */
    assert_false(og_policy_expire(&p, 3 * MIN + HOUR - 1, &a));
    assert_true(og_policy_expire(&p, 3 * MIN + HOUR, &a) && a.to == OG_PROBATION);
    assert_true(step(&p, 1, OG_CAUSE_SUSPICION, 2 * HOUR) && a.to == OG_THROTTLE);
    assert_int_equal(a.until_ms, 4 * HOUR);
    og_policy_release(&p);
}

/* Two of three, not two of four; six quiet windows end a warning. */
static void test_hysteresis(void **ctx)
{
    struct og_policy p;
    (void)ctx;
    og_policy_init(&p);
    for (uint64_t k = 0; k < 5; k++) {
        step(&p, 1, OG_CAUSE_SUSPICION, k * MIN);
        step(&p, 1, OG_CAUSE_QUIET, k * MIN);
        step(&p, 1, OG_CAUSE_QUIET, k * MIN);
        assert_int_equal(og_policy_of(&p, 1), OG_WARN);
    }
    for (int k = 0; k < OG_POLICY_QUIET - 3; k++)
        assert_false(step(&p, 1, OG_CAUSE_QUIET, HOUR));
    assert_true(step(&p, 1, OG_CAUSE_QUIET, HOUR) && a.to == OG_OBSERVE);
    og_policy_release(&p);
}

static void test_proof(void **ctx)
{
    struct og_policy p;
    uint64_t last = 0, now = 1;
    (void)ctx;
    og_policy_init(&p);
    for (int k = 0; k < 12; k++) { /* each stay is twice as long, up to seven days */
        assert_true(step(&p, 5, OG_CAUSE_PROOF, now) && a.to == OG_QUARANTINE);
        uint64_t ms = a.until_ms - now;
        assert_true(ms == (k ? og_min_u64(2 * last, OG_POLICY_CAP_MS) : HOUR));
        last = ms;
        now += 1000;
    }
    assert_int_equal(last, OG_POLICY_CAP_MS);
    assert_true(step(&p, 5, OG_CAUSE_APPEAL, now) && a.to == OG_PROBATION &&
                a.until_ms == now + HOUR);
    assert_true(og_policy_expire(&p, now + HOUR, &a) && a.to == OG_OBSERVE);
    /* strikes fade: half in 14 days */
    now += 10 * OG_POLICY_HALF_MS;
    assert_true(step(&p, 5, OG_CAUSE_PROOF, now) && a.until_ms == now + HOUR);
    assert_true(step(&p, 5, OG_CAUSE_LIFT, now + 1) && a.to == OG_OBSERVE);
    assert_false(og_policy_expire(&p, UINT64_MAX / 2, &a));
    og_policy_release(&p);
}

static void test_probes(void **ctx)
{
    struct og_policy p;
    (void)ctx;
    og_policy_init(&p);
    /* who is not suspected is not convicted by a probe */
    assert_false(step(&p, 1, OG_CAUSE_PROBE_BAD, 1));
    step(&p, 1, OG_CAUSE_SUSPICION, 2);
    assert_true(step(&p, 1, OG_CAUSE_PROBE_BAD, 3) && a.to == OG_QUARANTINE);
    assert_false(step(&p, 1, OG_CAUSE_PROBE_GOOD, 4));
    step(&p, 2, OG_CAUSE_SUSPICION, 5);
    assert_true(step(&p, 2, OG_CAUSE_PROBE_GOOD, 6) && a.to == OG_OBSERVE);
    og_policy_release(&p);
}

static void test_held(void **ctx)
{
    static const uint64_t friends[] = {3, 9};
    struct og_policy p;
    size_t done = 0;
    (void)ctx;
    og_policy_init(&p);
    p.allow = friends;
    p.n_allow = 2;
    assert_true(step(&p, 9, OG_CAUSE_PROOF, 1) && a.held == OG_HELD_ALLOWED);
    assert_int_equal(og_policy_of(&p, 9), OG_OBSERVE);
    /* 100 nodes of 10 each: at most five are throttled for suspicion */
    p.capacity = 1000;
    p.per_hour = 1000;
    for (uint64_t k = 10; k < 60; k++) {
        step(&p, k, OG_CAUSE_SUSPICION, k);
        assert_true(step(&p, k, OG_CAUSE_SUSPICION, k + 1) && a.to == OG_THROTTLE);
        done += a.held == OG_HELD_NOT;
        assert_true(a.held == OG_HELD_NOT || a.held == OG_HELD_CAPACITY);
    }
    assert_int_equal(done, 5);
    /* proofs are not held back by it */
    assert_true(step(&p, 70, OG_CAUSE_PROOF, 100) && a.held == OG_HELD_NOT);
    og_policy_release(&p);
    og_policy_init(&p);
    for (uint64_t k = done = 0; k < 20; k++) {
        step(&p, 100 + k, OG_CAUSE_SUSPICION, 2 * HOUR);
        step(&p, 100 + k, OG_CAUSE_SUSPICION, 2 * HOUR);
        done += a.held == OG_HELD_NOT;
    }
    assert_int_equal(done, 5); /* an hour */
    assert_int_equal(a.held, OG_HELD_RATE);
    og_policy_release(&p);
}

/* A random life, written and read at every step, goes the same way. */
static void test_survives(void **ctx)
{
    struct og_policy p, q;
    uint64_t r = 1, now = 1;
    (void)ctx;
    og_policy_init(&p);
    for (int k = 0; k < 3000; k++) {
        struct og_buf one = OG_BUF_INIT, two = OG_BUF_INIT;
        struct og_err err;
        r = og_splitmix64(r);
        now += r % (HOUR / 2);
        enum og_policy_cause c = (enum og_policy_cause)(r >> 32 & 3);
        step(&p, 1 + (r >> 40) % 20, c, now);
        while (og_policy_expire(&p, now, &a))
            ;
        og_policy_encode(&p, &one);
        og_policy_init(&q);
        assert_int_equal(og_policy_decode(&q, one.p, one.len, &err), OG_OK);
        og_policy_encode(&q, &two);
        assert_string_equal(one.p, two.p);
        og_policy_release(&q);
        og_buf_release(&one);
        og_buf_release(&two);
    }
    og_policy_release(&p);
}

static void test_malformed(void **ctx)
{
    static const char *const bad[] = {"",
                                      "{}",
                                      "{\"nodes\":[[1]]}",
                                      "{\"nodes\":3}",
                                      "{\"nodes\":[[1,1,1,1,1,1,1,1,5,0]]}",
                                      "{\"nodes\":[[1,1,1,1,1,99,1,1,1,0]]}",
                                      "{\"nodes\":[[2,1,1,1,1,1,1,1,1,0],[2,1,1,1,1,1,1,1,1,0]]}",
                                      "{\"nodes\":[],\"hour_ms\":-1}"};
    (void)ctx;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct og_policy p;
        struct og_err err;
        og_policy_init(&p);
        assert_int_equal(og_policy_decode(&p, bad[i], strlen(bad[i]), &err), OG_E_DATA);
        assert_true(p.n == 0 && !p.node);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suspicion_throttles),
        cmocka_unit_test(test_hysteresis),
        cmocka_unit_test(test_proof),
        cmocka_unit_test(test_probes),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_survives),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
