/* test_task.c - each row of the table of states (protocol.md section 1), the money to the grain. */
#include "ledgerkit.h"

/* accept: A = 500,000, L = 5,000, escrow 500,000 + 5 %; 3 s of work: P = 300,000, S = 15,000. */
#define ESCROW 525000

static json_t *range(const struct kit *k)
{
    return json_pack("{s:I}", "task", (json_int_t)k->t.id);
}

static void test_accept_paid(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_mark(k);
    kit_submit(k, "{}");
    kit_moved(k, -ESCROW, 0);
    kit_match(k);
    assert_int_equal(k->ls.amount, 500000);
    assert_int_equal(k->ls.lock, 5000);
    assert_int_equal(k->ls.capacity, 100000);
    assert_int_equal(kit_lock(k, k->worker), 5000);
    kit_start(k);
    kit_commit(k, 4000, 1, 3000, 0);
    assert_int_equal(k->ls.credited_ms, 3000);
    assert_int_equal(k->ls.units, 300000);
    assert_int_equal(k->ls.pay, 300000);
    kit_reveal(k, 0);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REVEALED);
    kit_do(k, k->me, OG_TX_TASK_ACCEPT, range(k));
    kit_seal(k);
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, -315000, 15000);
    kit_node(k, k->worker, 300000, 0);
    assert_int_equal(kit_lock(k, k->worker), 0);
    assert_int_equal(k->t.paid, 300000);
    kit_free(k);
}

/* Silence is yes, after both 200 blocks and a day. */
static void test_accept_silence(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_submit(k, "{}");
    kit_to_commit(k, 0);
    kit_reveal(k, 0);
    kit_seal(k);
    kit_pass(k, 1, 86400000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REVEALED);
    kit_pass(k, 197, 1000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REVEALED);
    kit_pass(k, 3, 1000);
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_free(k);
}

static void test_dispute(void **st)
{
    struct kit *k = kit_new(2, NULL);
    struct og_bar bar;
    bool found;
    (void)st;
    kit_mark(k);
    kit_submit(k, "{}");
    kit_to_commit(k, 0);
    kit_reveal(k, 0);
    kit_do(k, k->me, OG_TX_TASK_DISPUTE, range(k));
    kit_state(k, OG_TASK_FAILED, OG_LEASE_FAILED);
    kit_moved(k, -150000, 150000);
    kit_node(k, k->worker, 0, 0);
    bar.submitter = k->s->acct[k->me].addr;
    bar.owner = k->s->acct[k->s->node[k->worker].owner].addr;
    SIM_OK(k->s, og_row_get(k->s->st, OG_F_BAR, &bar, &found, SIM_ERR));
    assert_true(found);
    unsigned first = k->worker;
    for (int i = 0; i < 3; i++) { /* the pair is not matched again */
        kit_submit(k, "{}");
        kit_match(k);
        assert_int_not_equal(k->worker, first);
        kit_do(k, k->me, OG_TX_TASK_CANCEL, range(k));
    }
    kit_free(k);
}

static void test_cancel_open_and_waiting(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_mark(k);
    uint64_t first = kit_submit(k, "{'needs':{'cores':99}}");
    kit_submit(k, "{'after':[{'task':1}]}");
    k->ls.id = 0;
    kit_state(k, OG_TASK_WAITING, OG_LEASE_MATCHED);
    kit_do(k, k->me, OG_TX_TASK_CANCEL, range(k));
    kit_state(k, OG_TASK_CANCELLED, OG_LEASE_MATCHED);
    kit_moved(k, -ESCROW, 0);
    k->t.id = first;
    kit_do(k, k->me, OG_TX_TASK_CANCEL, range(k));
    kit_state(k, OG_TASK_CANCELLED, OG_LEASE_MATCHED);
    kit_moved(k, 0, 0);
    kit_refused(k, k->me, OG_TX_TASK_CANCEL, range(k), "has ended (cancelled)");
    kit_free(k);
}

/* A/100 of the escrow to the node. */
static void test_cancel_matched(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_mark(k);
    kit_submit(k, "{}");
    kit_match(k);
    kit_do(k, k->me, OG_TX_TASK_CANCEL, range(k));
    kit_state(k, OG_TASK_CANCELLED, OG_LEASE_CANCELLED);
    kit_moved(k, -5000, 0);
    kit_node(k, k->worker, 5000, 0);
    assert_int_equal(kit_lock(k, k->worker), 0);
    kit_free(k);
}

/* P for the time up to now, S to the treasury; never more than the limit. */
static void test_cancel_running(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_mark(k);
    kit_submit(k, "{'urgency':5}"); /* S = P · (50,000 + 62,500) ppm */
    kit_match(k);
    kit_start(k);
    sim_open(k->s, 2000);
    kit_do(k, k->me, OG_TX_TASK_CANCEL, range(k));
    kit_state(k, OG_TASK_CANCELLED, OG_LEASE_CANCELLED);
    assert_int_equal(k->ls.credited_ms, 2000);
    kit_moved(k, -222500, 22500);
    kit_node(k, k->worker, 200000, 0);
    kit_free(k);
    k = kit_new(2, NULL);
    kit_mark(k);
    kit_submit(k, "{'max_price':'5000000'}");
    kit_match(k);
    assert_int_equal(k->ls.amount, 1000000); /* pay for count · limit_ms is less than the price */
    kit_start(k);
    sim_open(k->s, 50000);
    kit_do(k, k->me, OG_TX_TASK_CANCEL, range(k));
    kit_moved(k, -1050000, 50000);
    kit_node(k, k->worker, 1000000, 0);
    kit_free(k);
}

static void test_no_cancel_after_commit(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_submit(k, "{}");
    kit_to_commit(k, 0);
    kit_refused(k, k->me, OG_TX_TASK_CANCEL, range(k), "nothing there can be cancelled any more");
    kit_state(k, OG_TASK_OPEN, OG_LEASE_COMMITTED);
    assert_int_equal(k->t.end_as, 0);
    kit_free(k);
}

static void test_expires(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_mark(k);
    kit_submit(k, "{'needs':{'cores':99},'expires_ms':5000}");
    k->ls.id = 0;
    kit_seal(k);
    kit_pass(k, 1, 4998);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_MATCHED);
    kit_pass(k, 1, 2);
    kit_state(k, OG_TASK_EXPIRED, OG_LEASE_MATCHED);
    kit_moved(k, 0, 0);
    kit_free(k);
}

/* What runs goes on when the rest of its task expires; the task ends as expired. */
static void test_expires_partly(void **st)
{
    struct kit *k = kit_new(1, NULL);
    (void)st;
    kit_mark(k);
    kit_submit(k, "{'count':3,'expires_ms':1000}");
    kit_match(k);
    kit_start(k);
    kit_commit(k, 4000, 1, 3000, 0);
    assert_int_equal(k->t.q_count, 0);
    assert_int_equal(k->t.live, 1);
    kit_reveal(k, 0);
    kit_do(k, k->me, OG_TX_TASK_ACCEPT, range(k));
    kit_seal(k);
    kit_state(k, OG_TASK_EXPIRED, OG_LEASE_PAID);
    kit_moved(k, -315000, 15000);
    kit_free(k);
}

/* [60; 60,000 + input bytes / 1,000]: A/100 of the bond to the treasury, attempt + 1. */
static void test_start_missed(void **st)
{
    struct kit *k = kit_new(2, NULL);
    struct og_requeue r;
    (void)st;
    kit_submit(k, "{'in_bytes':5000000}");
    kit_match(k);
    kit_mark(k);
    kit_pass(k, 1, 100000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_MATCHED);
    kit_pass(k, 58, 1000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_MATCHED);
    kit_pass(k, 1, 1);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_LATE);
    kit_moved(k, 0, 5000);
    kit_node(k, k->worker, 0, -5000);
    assert_true(kit_requeued(k, 0, &r));
    assert_int_equal(r.attempt, 1);
    kit_free(k);
    k = kit_new(2, NULL); /* blocks alone do not do it */
    kit_submit(k, "{'in_bytes':5000000}");
    kit_match(k);
    kit_pass(k, 64, 64999);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_MATCHED);
    kit_pass(k, 1, 1);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_LATE);
    kit_free(k);
}

static void test_renew_missed(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_submit(k, "{'limit_ms':1000000}");
    kit_match(k);
    kit_start(k);
    kit_mark(k);
    kit_pass(k, 119, 119999);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_RUNNING);
    kit_do(k, kit_acct(k, k->worker), OG_TX_LEASE_RENEW, crew_leases(k->ls.id));
    kit_pass(k, 119, 119000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_RUNNING);
    kit_pass(k, 2, 2000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_LATE);
    kit_moved(k, 0, 5000);
    kit_node(k, k->worker, 0, -5000);
    kit_free(k);
}

/* 5/4 · count · limit_ms + 60 s from the start, renewed or not; no clock alone ends it. */
static void test_hard_deadline(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_submit(k, "{'limit_ms':8000}");
    kit_match(k);
    kit_start(k);
    kit_pass(k, 1, 604800000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_RUNNING);
    kit_free(k);
    k = kit_new(2, NULL);
    kit_submit(k, "{'limit_ms':200000}"); /* 310 s in all */
    kit_match(k);
    kit_start(k);
    for (int i = 0; i < 3; i++) {
        kit_pass(k, 60, 100000);
        kit_do(k, kit_acct(k, k->worker), OG_TX_LEASE_RENEW, crew_leases(k->ls.id));
    }
    kit_state(k, OG_TASK_OPEN, OG_LEASE_RUNNING);
    kit_pass(k, 1, 10000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_LATE);
    kit_free(k);
}

/* After attempt > retry: failed, refund; an element goes to a node once. */
static void test_retry(void **st)
{
    struct kit *k = kit_new(3, NULL);
    unsigned seen = 0;
    (void)st;
    kit_mark(k);
    kit_submit(k, "{'retry':1}");
    for (int i = 0; i < 2; i++) {
        kit_match(k);
        assert_int_equal(k->ls.attempt, i);
        assert_false(seen & 1u << k->worker);
        seen |= 1u << k->worker;
        kit_pass(k, 60, 60000);
    }
    kit_state(k, OG_TASK_FAILED, OG_LEASE_LATE);
    kit_moved(k, 0, 10000);
    kit_free(k);
}

static void test_release(void **st)
{
    struct kit *k = kit_new(2, NULL);
    struct og_requeue r;
    (void)st;
    kit_submit(k, "{}");
    kit_match(k);
    kit_mark(k);
    kit_start(k);
    unsigned first = k->worker;
    kit_do(k, kit_acct(k, first), OG_TX_LEASE_RELEASE, crew_leases(k->ls.id));
    kit_state(k, OG_TASK_OPEN, OG_LEASE_RELEASED);
    assert_true(kit_requeued(k, 0, &r));
    assert_int_equal(r.attempt, 0);
    kit_moved(k, 0, 0);
    kit_node(k, first, 0, 0);
    kit_match(k);
    assert_int_not_equal(k->worker, first);
    kit_free(k);
}

static json_t *fault(const struct kit *k, const char *why)
{
    return json_pack("{s:I,s:s}", "lease", (json_int_t)k->ls.id, "why", why);
}

/* `input`, before the start: nobody's penalty; the second owner ends it. */
static void test_fail_input(void **st)
{
    struct kit *k = kit_new(3, NULL);
    struct og_requeue r;
    (void)st;
    kit_mark(k);
    kit_submit(k, "{}");
    kit_match(k);
    kit_refused(k, kit_acct(k, k->worker), OG_TX_RESULT_FAIL, fault(k, "time"), "is matched");
    kit_do(k, kit_acct(k, k->worker), OG_TX_RESULT_FAIL, fault(k, "input"));
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REJECTED);
    assert_true(kit_requeued(k, 0, &r));
    assert_int_equal(r.attempt, 0);
    kit_match(k);
    kit_do(k, kit_acct(k, k->worker), OG_TX_RESULT_FAIL, fault(k, "input"));
    kit_state(k, OG_TASK_FAILED, OG_LEASE_FAILED);
    kit_moved(k, 0, 0);
    for (unsigned i = 0; i < 3; i++)
        kit_node(k, i, 0, 0);
    kit_free(k);
}

/* time, memory, output: P/2 to each when a second owner says the same, nothing before. */
static void test_fail_alike(void **st)
{
    struct kit *k = kit_new(3, NULL);
    (void)st;
    kit_mark(k);
    kit_submit(k, "{}");
    kit_match(k);
    kit_start(k);
    unsigned first = k->worker;
    sim_open(k->s, 3000);
    kit_do(k, kit_acct(k, first), OG_TX_RESULT_FAIL, fault(k, "memory"));
    kit_moved(k, -ESCROW, 0);
    kit_node(k, first, 0, 0);
    kit_match(k);
    kit_start(k);
    sim_open(k->s, 2001);
    kit_do(k, kit_acct(k, k->worker), OG_TX_RESULT_FAIL, fault(k, "memory"));
    kit_state(k, OG_TASK_FAILED, OG_LEASE_FAILED);
    kit_moved(k, -150000 - 100050, 0);
    kit_node(k, first, 150000, 0);
    kit_node(k, k->worker, 100050, 0);
    kit_free(k);
}

static void test_fail_unlike(void **st)
{
    struct kit *k = kit_new(3, NULL);
    (void)st;
    kit_submit(k, "{}");
    for (int i = 0; i < 2; i++) {
        kit_match(k);
        kit_start(k);
        sim_open(k->s, 3000);
        kit_do(k, kit_acct(k, k->worker), OG_TX_RESULT_FAIL, fault(k, i ? "time" : "memory"));
        kit_state(k, OG_TASK_OPEN, OG_LEASE_REJECTED);
    }
    kit_free(k);
}

/* The lease splits: A and L by count, remainders to the second part, which waits again. */
static void test_prefix(void **st)
{
    struct kit *k = kit_new(1, NULL);
    struct og_requeue r;
    (void)st;
    kit_mark(k);
    kit_submit(k, "{'count':7,'chunk':7,'limit_ms':1000,'max_price':'100001'}");
    kit_moved(k, -7 * (100001 + 5001), 0);
    kit_match(k);
    assert_int_equal(k->ls.amount, 700000); /* 7 s of 100,000 MFLOP/s */
    assert_int_equal(k->ls.lock, 7000);
    kit_start(k);
    kit_commit(k, 9000, 3, 9000, 0);
    assert_int_equal(k->ls.count, 3);
    assert_int_equal(k->ls.amount, 300000);
    assert_int_equal(k->ls.lock, 3000);
    assert_int_equal(k->ls.credited_ms, 3000);
    assert_int_equal(k->t.live, 3);
    assert_int_equal(kit_lock(k, 0), 3000);
    assert_true(kit_requeued(k, 3, &r));
    assert_int_equal(r.count, 4);
    assert_int_equal(r.attempt, 0);
    kit_match(k); /* the same node may take what it never tried */
    assert_int_equal(k->ls.first, 3);
    kit_free(k);
}

static void test_no_reveal(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    kit_submit(k, "{}");
    kit_to_commit(k, 0);
    kit_mark(k);
    kit_pass(k, 199, 700000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_COMMITTED);
    kit_pass(k, 1, 1);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_LATE);
    kit_moved(k, 0, 5000);
    kit_node(k, k->worker, 0, -5000);
    kit_free(k);
}

/* own: the submitter's node, paid at once with its levy, no word of it in reliability. */
static void test_own(void **st)
{
    struct kit *k = kit_new(1, NULL);
    (void)st;
    k->me = 0;
    kit_mark(k);
    kit_submit(k, "{'verify':'auto'}");
    kit_to_commit(k, 0);
    assert_int_equal(k->ls.method, OG_VERIFY_OWN);
    kit_reveal(k, 0);
    kit_seal(k);
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, -315000, 15000);
    kit_node(k, 0, 300000, 0);
    KIT_NODE(k, 0, {
        assert_int_equal(n->streak, 0);
        assert_int_equal(n->rel_a, OG_PPM);
        assert_int_equal(n->rel_b, OG_PPM);
    });
    kit_free(k);
}

/* All of the bond is locked and one lease of two is late: the other's lock stays whole. */
static void test_late_all_locked(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 1, .nodes = 1, .slots = 2}, NULL);
    (void)st;
    kit_do(k, 0, OG_TX_STAKE_UNBOND,
           json_pack("{s:i,s:o}", "node", 1, "amount", og_json_new_dec(KIT_BOND - 10000)));
    kit_submit(k, "{'count':2}");
    kit_match(k);
    assert_int_equal(kit_lock(k, 0), 10000);
    kit_start(k); /* the second; the first is late */
    kit_pass(k, 61, 61000);
    assert_int_equal(kit_lock(k, 0), 5000);
    KIT_NODE(k, 0, assert_int_equal(n->bond, 5000));
    kit_free(k);
}

/* Nobody can check: it is `accept`, and no reveal is late, not wrong. */
static void test_no_reveal_no_verifier(void **st)
{
    struct kit *k = kit_new(1, NULL);
    (void)st;
    kit_submit(k, "{'verify':'exact'}");
    kit_to_commit(k, 0);
    kit_mark(k);
    kit_pass(k, 202, 700000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_LATE);
    kit_moved(k, 0, 5000);
    kit_node(k, 0, 0, -5000);
    kit_free(k);
}

/* `auto` on one's own node is `own`: its lock is A/100, whatever it would be elsewhere. */
static void test_own_light_lock(void **st)
{
    struct kit *k = kit_new(1, NULL);
    (void)st;
    kit_do(k, 0, OG_TX_STAKE_UNBOND,
           json_pack("{s:i,s:o}", "node", 1, "amount", og_json_new_dec(KIT_BOND - 5000)));
    kit_submit_by(k, 0,
                  "{'verify':'auto','kernel':{'name':'gemm','args':{'m':100,'n':5000,"
                  "'k':5000,'type':'i32'}}}");
    kit_match(k);
    assert_int_equal(k->ls.method, OG_VERIFY_OWN);
    assert_int_equal(k->ls.lock, 5000);
    kit_free(k);
}

static void test_terms_stay(void **st)
{
    struct kit *k = kit_new(1, NULL);
    struct og_value levy = {.name = og_xstrdup("levy_ppm"), .value = 500000};
    (void)st;
    kit_mark(k);
    kit_submit(k, "{'count':2}");
    SIM_OK(k->s, og_row_put(k->s->st, OG_F_PARAM, &levy, SIM_ERR));
    OG_RELEASE(OG_F_PARAM, &levy);
    k->s->l->p.levy_ppm = 500000; /* voted while the task waits: its escrow holds 5 % */
    for (int i = 0; i < 2; i++) {
        kit_to_commit(k, 0);
        kit_reveal(k, 0);
        kit_do(k, k->me, OG_TX_TASK_ACCEPT, range(k));
        kit_seal(k);
    }
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, -630000, 30000);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_paid),
        cmocka_unit_test(test_accept_silence),
        cmocka_unit_test(test_dispute),
        cmocka_unit_test(test_cancel_open_and_waiting),
        cmocka_unit_test(test_cancel_matched),
        cmocka_unit_test(test_cancel_running),
        cmocka_unit_test(test_no_cancel_after_commit),
        cmocka_unit_test(test_expires),
        cmocka_unit_test(test_expires_partly),
        cmocka_unit_test(test_start_missed),
        cmocka_unit_test(test_renew_missed),
        cmocka_unit_test(test_hard_deadline),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_fail_input),
        cmocka_unit_test(test_fail_alike),
        cmocka_unit_test(test_fail_unlike),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_no_reveal),
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_late_all_locked),
        cmocka_unit_test(test_no_reveal_no_verifier),
        cmocka_unit_test(test_own_light_lock),
        cmocka_unit_test(test_terms_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
