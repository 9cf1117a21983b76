/* test_verify.c - every outcome of protocol.md section 3, the money to the grain. */
#include "ledgerkit.h"

/* A = 500,000 and P = 300,000, S = 15,000 throughout.
 * exact: Q = 300,000, K = 500,000, V = 2,000,000, L = 1,500,000, escrow 1,025,000
 * vote:  Q = 45,000, K = 75,000, V = 300,000, L = 1,500,000, escrow 600,000
 * cmd:   Q = 75,000, V = 500,000, L = 5,000, escrow 775,000 */

static unsigned drawn(const struct kit *k, unsigned i)
{
    if (k->ls.drawn.n < 8 * (i + 1))
        fail_msg("%zu verifiers were drawn", k->ls.drawn.n / 8);
    return kit_index(k, og_get_be64(k->ls.drawn.p + (size_t)8 * i));
}

static struct kit *committed(const struct sim_cfg *cfg, const char *params, const char *task,
                             uint64_t salt)
{
    struct kit *k = kit_of(cfg, params);
    kit_mark(k);
    kit_submit(k, task);
    kit_to_commit(k, salt);
    kit_pass(k, 1, 1);
    kit_look(k);
    return k;
}

static struct kit *many(const char *params, const char *task)
{
    return committed(&(struct sim_cfg){.owners = 6, .nodes = 6}, params, task, 0);
}

static void hash_it(struct kit *k, unsigned i, uint64_t salt)
{
    struct og_hash v = crew_value(k->s, &k->ls, &k->t, salt);
    kit_do(k, kit_acct(k, drawn(k, i)), OG_TX_VERDICT_COMMIT,
           crew_verdict_commit(k->s, k->ls.id, drawn(k, i), &v));
    kit_look(k);
}

static void open_it(struct kit *k, unsigned i, uint64_t salt)
{
    struct og_hash v = crew_value(k->s, &k->ls, &k->t, salt);
    kit_do(k, kit_acct(k, drawn(k, i)), OG_TX_VERDICT,
           crew_verdict(k->s, k->ls.id, drawn(k, i), &v, NULL, 0));
    kit_look(k);
}

static void vote_it(struct kit *k, unsigned i, const char *vote)
{
    kit_do(k, kit_acct(k, drawn(k, i)), OG_TX_VERDICT,
           crew_verdict(k->s, k->ls.id, drawn(k, i), NULL, vote, 0));
    kit_look(k);
}

/* v1, then v2 and v3 with these salts; 0 is what the worker has. */
static void exact_three(struct kit *k, uint64_t a, uint64_t b, uint64_t c)
{
    hash_it(k, 0, a);
    kit_reveal(k, 0);
    open_it(k, 0, a);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REVEALED);
    hash_it(k, 1, b);
    hash_it(k, 2, c);
    open_it(k, 1, b);
    open_it(k, 2, c);
    kit_seal(k);
}

static uint64_t reliability(struct kit *k, unsigned i, bool b)
{
    uint64_t v = 0;
    KIT_NODE(k, i, v = b ? n->rel_b : n->rel_a);
    return v;
}

static uint64_t streak(struct kit *k, unsigned i)
{
    uint64_t v = 0;
    KIT_NODE(k, i, v = n->streak);
    return v;
}

static void test_exact_equal(void **st)
{
    struct kit *k = many(NULL, "{'verify':'exact'}");
    (void)st;
    assert_int_equal(k->ls.q_ppm, OG_PPM);
    assert_int_equal(k->ls.lock, 1500000);
    assert_int_equal(k->ls.checked, 2);
    kit_moved(k, -1025000, 0);
    assert_int_equal(kit_lock(k, drawn(k, 0)), 2000000);
    hash_it(k, 0, 0);
    kit_reveal(k, 0);
    open_it(k, 0, 0);
    kit_seal(k);
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, -615000, 15000);
    kit_node(k, k->worker, 300000, 0);
    kit_node(k, drawn(k, 0), 300000, 0);
    assert_int_equal(streak(k, k->worker), 300000);
    assert_int_equal(reliability(k, k->worker, false), 2 * OG_PPM);
    assert_int_equal(kit_lock(k, drawn(k, 0)), 0);
    kit_free(k);
}

/* Equal, and the verifier needed less: U <= 3/2 of its units plus one second's. */
static void test_exact_units(void **st)
{
    struct kit *k = many(NULL, "{'verify':'exact'}");
    (void)st;
    hash_it(k, 0, 0);
    kit_reveal(k, 0);
    struct og_hash v = crew_value(k->s, &k->ls, &k->t, 0);
    kit_do(k, kit_acct(k, drawn(k, 0)), OG_TX_VERDICT,
           crew_verdict(k->s, k->ls.id, drawn(k, 0), &v, NULL, 50000));
    kit_seal(k);
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    assert_int_equal(k->ls.units, 175000);
    kit_node(k, k->worker, 175000, 0);
    kit_node(k, drawn(k, 0), 175000, 0);
    kit_moved(k, -175000 - 175000 - 8750, 8750);
    kit_free(k);
}

static void test_exact_overruled(void **st)
{
    struct kit *k = many(NULL, "{'verify':'exact'}");
    (void)st;
    struct og_hash lie = crew_value(k->s, &k->ls, &k->t, 7);
    hash_it(k, 0, 7);
    kit_reveal(k, 0);
    kit_do(k, kit_acct(k, drawn(k, 0)), OG_TX_VERDICT, /* one unit: who lies does not cap U */
           crew_verdict(k->s, k->ls.id, drawn(k, 0), &lie, NULL, 1));
    for (unsigned i = 1; i < 3; i++)
        hash_it(k, i, 0);
    for (unsigned i = 1; i < 3; i++)
        open_it(k, i, 0);
    kit_seal(k);
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, -315000, 1400000 + 15000);
    kit_node(k, k->worker, 300000, 0);
    kit_node(k, drawn(k, 0), 0, -2000000);
    kit_node(k, drawn(k, 1), 300000, 0);
    kit_node(k, drawn(k, 2), 300000, 0);
    assert_int_equal(reliability(k, drawn(k, 0), true), 17 * OG_PPM);
    kit_free(k);
}

static void test_exact_wrong(void **st)
{
    struct kit *k = many(NULL, "{'verify':'exact'}");
    struct og_requeue r;
    (void)st;
    KIT_NODE(k, k->worker, n->streak = 12345);
    exact_three(k, 7, 7, 7);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_WRONG);
    kit_moved(k, -1025000, 600000);
    kit_node(k, k->worker, 0, -1500000);
    for (unsigned i = 0; i < 3; i++) {
        kit_node(k, drawn(k, i), 300000, 0);
        assert_int_equal(kit_lock(k, drawn(k, i)), 0);
    }
    assert_int_equal(streak(k, k->worker), 0);
    assert_int_equal(reliability(k, k->worker, true), 17 * OG_PPM);
    assert_true(kit_requeued(k, 0, &r));
    assert_int_equal(r.attempt, 1);
    kit_free(k);
}

static void test_exact_absent(void **st)
{
    struct kit *k = many(NULL, "{'verify':'exact'}");
    struct og_hash zero = {{0}};
    (void)st;
    for (unsigned i = 0; i < 3; i++) {
        kit_do(k, kit_acct(k, drawn(k, i)), OG_TX_VERDICT_COMMIT,
               crew_verdict_commit(k->s, k->ls.id, drawn(k, i), &zero));
        if (i == 1)
            continue; /* the second stage opens together */
        if (i == 0)
            kit_reveal(k, 0);
        for (unsigned j = i ? 1 : 0; j <= i; j++)
            vote_it(k, j, "absent");
    }
    kit_seal(k);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_WRONG);
    kit_node(k, k->worker, 0, -1500000);
    kit_free(k);
}

/* User code, verifiers of another hw_class: Q each out of L, no more. */
static void test_exact_soft(void **st)
{
    struct kit *k = committed(&(struct sim_cfg){.owners = 5, .nodes = 5, .hw_classes = 5}, NULL,
                              "{'verify':'exact'}", 0);
    (void)st;
    assert_int_equal(k->ls.q_ppm, OG_PPM);
    KIT_NODE(k, k->worker, n->streak = 12345);
    exact_three(k, 7, 7, 7);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_WRONG);
    kit_moved(k, -1025000, 0);
    kit_node(k, k->worker, 0, -900000);
    for (unsigned i = 0; i < 3; i++)
        kit_node(k, drawn(k, i), 300000, 0);
    assert_int_equal(streak(k, k->worker), 12345);
    assert_int_equal(reliability(k, k->worker, true), OG_PPM);
    kit_free(k);
}

/* P/2 to the worker, min(Q, (P − P/2 + K)/3) to each verifier, the rest back; nobody slashed. */
static void test_exact_nondeterministic(void **st)
{
    static const uint64_t said[][3] = {{7, 8, 9}, {7, 7, 0}, {7, 0, 7}, {7, 8, 0}};
    (void)st;
    for (size_t i = 0; i < 4; i++) {
        struct kit *k = many(NULL, "{'verify':'exact'}");
        exact_three(k, said[i][0], said[i][1], said[i][2]);
        kit_state(k, OG_TASK_FAILED, OG_LEASE_FAILED);
        kit_moved(k, -150000 - 3 * 216666, 0);
        kit_node(k, k->worker, 150000, 0);
        for (unsigned v = 0; v < 3; v++)
            kit_node(k, drawn(k, v), 216666, 0);
        kit_free(k);
    }
}

/* Drawn and not revealed is a wrong result; who computed has its Q. */
static void test_exact_no_reveal(void **st)
{
    struct kit *k = many(NULL, "{'verify':'exact'}");
    (void)st;
    hash_it(k, 0, 0);
    kit_pass(k, 200, 600000);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_WRONG);
    kit_moved(k, -1025000, 1200000);
    kit_node(k, k->worker, 0, -1500000);
    kit_node(k, drawn(k, 0), 300000, 0);
    assert_int_equal(kit_lock(k, drawn(k, 0)), 0);
    kit_free(k);
}

/* V/4 for a missed window, the next steps in; after three it is `accept`. */
static void test_exact_missed(void **st)
{
    struct kit *k = many(NULL, "{'verify':'exact'}");
    (void)st;
    for (unsigned i = 0; i < 3; i++) {
        kit_refused(k, kit_acct(k, k->worker), OG_TX_RESULT_REVEAL,
                    crew_reveal(k->s, &k->ls, &k->t, 0, 0), "has not committed yet");
        kit_pass(k, 120, 80000);
        kit_look(k);
        kit_node(k, drawn(k, i), 0, -500000);
        assert_int_equal(reliability(k, drawn(k, i), true), 3 * OG_PPM);
        assert_int_equal(k->ls.missed, i + 1);
    }
    assert_int_equal(k->ls.method, OG_VERIFY_ACCEPT);
    kit_moved(k, -1025000, 1500000);
    kit_reveal(k, 0);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REVEALED);
    kit_do(k, k->me, OG_TX_TASK_ACCEPT, json_pack("{s:I}", "task", (json_int_t)k->t.id));
    kit_seal(k);
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, -315000, 1515000);
    kit_free(k);
}

/* v1 missed, another differed; two of the second stage miss in one block: settled once. */
static void test_two_miss_together(void **st)
{
    struct kit *k = many(NULL, "{'verify':'exact'}");
    (void)st;
    kit_pass(k, 120, 80000);
    kit_look(k);
    hash_it(k, 1, 7);
    kit_reveal(k, 0);
    open_it(k, 1, 7);
    kit_seal(k);
    assert_int_equal(kit_lock(k, drawn(k, 2)), 2000000);
    kit_pass(k, 120, 80000);
    kit_look(k);
    assert_int_equal(k->ls.missed, 3);
    assert_int_equal(k->ls.method, OG_VERIFY_ACCEPT);
    kit_moved(k, -1025000, 3 * 500000);
    kit_node(k, drawn(k, 1), 300000, 0);
    for (unsigned i = 0; i < k->ls.drawn.n / 8; i++)
        assert_int_equal(kit_lock(k, drawn(k, i)), 0);
    kit_free(k);
}

/* The third miss settles the lease; a fourth in the same block finds nothing to do. */
static void test_third_miss_settles(void **st)
{
    struct kit *k = many(NULL, "{'verify':'exact'}");
    (void)st;
    kit_pass(k, 120, 80000); /* the first */
    kit_look(k);
    hash_it(k, 1, 7);
    kit_reveal(k, 0);
    open_it(k, 1, 7);
    hash_it(k, 2, 7);
    kit_pass(k, 60, 60000); /* the second committed and did not open: the next steps in */
    kit_look(k);
    assert_int_equal(k->ls.missed, 2);
    assert_int_equal(kit_lock(k, drawn(k, 4)), 2000000);
    kit_pass(k, 120, 5000); /* blocks of both windows are over, time is not */
    kit_pass(k, 1, 100000);
    kit_look(k);
    assert_int_equal(k->ls.missed, 3);
    assert_int_equal(k->ls.method, OG_VERIFY_ACCEPT);
    kit_moved(k, -1025000, 3 * 500000);
    kit_node(k, drawn(k, 4), 0, 0);
    kit_free(k);
}

static void test_vote_ok(void **st)
{
    struct kit *k = many("{'referee_ppm':'0'}", "{'verify':'vote'}");
    (void)st;
    kit_moved(k, -600000, 0);
    kit_refused(k, kit_acct(k, drawn(k, 0)), OG_TX_VERDICT,
                crew_verdict(k->s, k->ls.id, drawn(k, 0), NULL, "ok", 0), "not revealed yet");
    kit_reveal(k, 0);
    vote_it(k, 0, "ok");
    kit_seal(k);
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, -360000, 15000);
    kit_node(k, k->worker, 300000, 0);
    kit_node(k, drawn(k, 0), 45000, 0);
    kit_free(k);
}

static struct kit *voted(const char *referee, const char *a, const char *b, const char *c)
{
    struct kit *k = many(referee, "{'verify':'vote'}");
    struct og_addr treasury = og_addr_of_key("treasury", "", 0);
    sim_open(k->s, 1);
    assert_int_equal(sim_pay(k->s, k->me + 1, &treasury, 1000000), OG_OK);
    kit_mark(k);
    kit_reveal(k, 0);
    vote_it(k, 0, a);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REVEALED);
    vote_it(k, 1, b);
    vote_it(k, 2, c);
    kit_seal(k);
    kit_look(k);
    return k;
}

static void test_vote_three_against(void **st)
{
    struct kit *k = voted("{'referee_ppm':'0'}", "bad", "absent", "bad");
    (void)st;
    kit_state(k, OG_TASK_OPEN, OG_LEASE_WRONG);
    kit_moved(k, 0, 1500000 - 135000);
    kit_node(k, k->worker, 0, -1500000);
    for (unsigned i = 0; i < 3; i++)
        kit_node(k, drawn(k, i), 45000, 0);
    kit_free(k);
}

static void test_vote_two_not_ok(void **st)
{
    static const char *const said[][3] = {
        {"bad", "bad", "ok"}, {"grey", "grey", "grey"}, {"bad", "grey", "ok"}};
    (void)st;
    for (size_t i = 0; i < 3; i++) {
        struct kit *k = voted("{'referee_ppm':'0'}", said[i][0], said[i][1], said[i][2]);
        struct og_requeue r;
        kit_state(k, OG_TASK_OPEN, OG_LEASE_REJECTED);
        kit_moved(k, 0, 0);
        kit_node(k, k->worker, 0, -135000);
        for (unsigned v = 0; v < 3; v++)
            kit_node(k, drawn(k, v), 45000, 0);
        assert_int_equal(reliability(k, k->worker, true), OG_PPM);
        assert_true(kit_requeued(k, 0, &r));
        assert_int_equal(r.attempt, 1);
        kit_free(k);
    }
}

/* One not ok: accepted; v1 loses V if it said bad or absent. */
static void test_vote_one_not_ok(void **st)
{
    struct kit *k = voted("{'referee_ppm':'0'}", "absent", "ok", "ok");
    (void)st;
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, 600000 - 315000, 15000 + 210000);
    kit_node(k, drawn(k, 0), 0, -300000);
    kit_node(k, drawn(k, 1), 45000, 0);
    kit_node(k, drawn(k, 2), 45000, 0);
    kit_free(k);
    k = voted("{'referee_ppm':'0'}", "grey", "ok", "ok");
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, 600000 - 360000, 15000 - 90000);
    for (unsigned i = 0; i < 3; i++)
        kit_node(k, drawn(k, i), 45000, 0);
    kit_free(k);
}

/* The referees of an ok are paid by the treasury; an ok against two bad loses V. */
static void test_vote_referee(void **st)
{
    struct kit *k = voted("{'referee_ppm':'1000000'}", "ok", "ok", "ok");
    (void)st;
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, 600000 - 360000, 15000 - 90000);
    kit_free(k);
    k = voted("{'referee_ppm':'1000000'}", "ok", "bad", "bad");
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REJECTED);
    kit_moved(k, 0, 300000);
    kit_node(k, k->worker, 0, -90000);
    kit_node(k, drawn(k, 0), 0, -300000);
    kit_node(k, drawn(k, 1), 45000, 0);
    assert_int_equal(reliability(k, drawn(k, 0), true), 17 * OG_PPM);
    kit_free(k);
}

#define CMD                                                                                        \
    "{'verify':'cmd','check':{'limit_ms':1000,'sha256':"                                           \
    "'20f65c28671b40937c5bf23acc7c6f37e5a5ec0622e347b57685725df5ba9e50'}}"

static void test_cmd_ok(void **st)
{
    struct kit *k = many(NULL, CMD);
    (void)st;
    kit_moved(k, -775000, 0);
    assert_int_equal(k->ls.lock, 5000);
    kit_reveal(k, 0);
    vote_it(k, 0, "ok");
    kit_seal(k);
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    kit_moved(k, -390000, 15000);
    kit_node(k, drawn(k, 0), 75000, 0);
    kit_free(k);
}

/* A no sends the task to another node; a second no there is the job's fault: P/2 to each. */
static void second_node(const char *vote, enum og_task_state end, int64_t submitter,
                        int64_t treasury, int64_t first_gets, int64_t second_gets)
{
    struct kit *k = many(NULL, CMD);
    kit_reveal(k, 0);
    vote_it(k, 0, "bad");
    unsigned first = k->worker;
    kit_state(k, OG_TASK_OPEN, OG_LEASE_REJECTED);
    kit_moved(k, -775000, 0);
    kit_node(k, drawn(k, 0), 75000, 0);
    kit_mark(k);
    kit_to_commit(k, 0);
    assert_int_equal(k->ls.attempt, 0);
    assert_int_not_equal(k->worker, first);
    kit_pass(k, 1, 1);
    kit_look(k);
    unsigned v = drawn(k, 0);
    kit_reveal(k, 0);
    vote_it(k, 0, vote);
    kit_seal(k);
    kit_look(k);
    assert_int_equal(k->t.state, end);
    kit_moved(k, submitter, treasury);
    kit_node(k, k->worker, second_gets, 0);
    kit_node(k, first, first_gets + (v == first ? 75000 : 0), 0);
    kit_free(k);
}

static void test_cmd_second(void **st)
{
    (void)st;
    second_node("bad", OG_TASK_FAILED, 775000 - 150000 - 300000, 0, 150000, 150000);
    second_node("ok", OG_TASK_PAID, 775000 - 150000 - 315000, 15000, 0, 300000);
}

/* After a no of eight elements a prefix of two takes a quarter of what checks took; the bill of
 * two noes and a yes comes out of the escrow to the grain. */
static void test_cmd_prefix(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 6, .nodes = 6}, NULL);
    struct og_requeue r;
    (void)st;
    kit_mark(k);
    kit_submit(k, "{'count':8,'chunk':8,'verify':'cmd','retry':0,'check':{'limit_ms':1000,'sha256':"
                  "'20f65c28671b40937c5bf23acc7c6f37e5a5ec0622e347b57685725df5ba9e50'}}");
    kit_to_commit(k, 0);
    kit_pass(k, 1, 1);
    kit_look(k);
    assert_int_equal(k->ls.pay, 300000);
    kit_reveal(k, 0);
    vote_it(k, 0, "bad");
    assert_true(kit_requeued(k, 0, &r));
    assert_int_equal(r.check_no, 75001);
    kit_match(k);
    kit_start(k);
    kit_commit(k, 4000, 2, 3000, 0);
    assert_int_equal(k->ls.check_no, 18751);
    assert_true(kit_requeued(k, 2, &r));
    assert_int_equal(r.check_no, 56251);
    kit_pass(k, 1, 1);
    kit_look(k);
    kit_reveal(k, 0);
    vote_it(k, 0, "ok");
    kit_do(k, k->me, OG_TX_TASK_CANCEL,
           json_pack("{s:I,s:i,s:i}", "task", (json_int_t)k->t.id, "first", 2, "count", 6));
    kit_seal(k);
    kit_look(k);
    assert_int_equal(k->t.state, OG_TASK_CANCELLED);
    /* the other six were matched anew meanwhile: A/100 of 3,000,000 to that node */
    kit_moved(k, -75000 - 300000 - 15000 - 75000 - 30000, 15000);
    kit_free(k);
}

/* A leaving verifier whose last lock is slashed leaves at once. */
static void test_leave_by_slash(void **st)
{
    struct kit *k = many("{'referee_ppm':'0'}", "{'verify':'vote'}");
    (void)st;
    unsigned v = drawn(k, 0);
    kit_reveal(k, 0);
    kit_do(k, kit_acct(k, v), OG_TX_NODE_LEAVE,
           json_pack("{s:I}", "node", (json_int_t)k->s->node[v].id));
    KIT_NODE(k, v, assert_int_equal(n->state, OG_NODE_LEAVING));
    vote_it(k, 0, "bad");
    vote_it(k, 1, "ok");
    vote_it(k, 2, "ok");
    KIT_NODE(k, v, assert_int_equal(n->state, OG_NODE_LEFT); assert_int_equal(n->bond, 0));
    kit_free(k);
}

/* Two owners: nobody may check, the submitter accepts, and the receipt does not say exact. */
static void test_no_verifier(void **st)
{
    struct kit *k =
        committed(&(struct sim_cfg){.owners = 1, .nodes = 1}, NULL, "{'verify':'exact'}", 0);
    struct og_buf line = OG_BUF_INIT;
    uint64_t pos;
    bool found;
    (void)st;
    assert_int_equal(k->ls.method, OG_VERIFY_ACCEPT);
    kit_reveal(k, 0);
    kit_do(k, k->me, OG_TX_TASK_ACCEPT, json_pack("{s:I}", "task", (json_int_t)k->t.id));
    kit_seal(k);
    kit_moved(k, -315000, 15000);
    SIM_OK(k->s, og_receipt_get(k->s->st, k->t.id, &pos, &line, &found, SIM_ERR));
    assert_true(found);
    assert_non_null(strstr(line.p, "\"verified_by\":\"accept\""));
    og_buf_release(&line);
    kit_free(k);
}

/* Checked on one's own node: paid, and no word of it in streak and reliability. */
static void test_own_moves_nothing(void **st)
{
    struct kit *k = kit_of(&(struct sim_cfg){.owners = 5, .nodes = 5}, NULL);
    (void)st;
    for (unsigned i = 1; i < 5; i++)
        KIT_NODE(k, i, n->min_rate = OG_VALUE_MAX);
    k->me = 0;
    kit_submit(k, "{'verify':'exact'}");
    kit_to_commit(k, 0);
    assert_int_equal(k->worker, 0);
    kit_pass(k, 1, 1);
    kit_look(k);
    hash_it(k, 0, 0);
    kit_reveal(k, 0);
    open_it(k, 0, 0);
    kit_seal(k);
    kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
    assert_int_equal(streak(k, 0), 0);
    assert_int_equal(reliability(k, 0, false), OG_PPM);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_equal),
        cmocka_unit_test(test_exact_units),
        cmocka_unit_test(test_exact_overruled),
        cmocka_unit_test(test_exact_wrong),
        cmocka_unit_test(test_exact_absent),
        cmocka_unit_test(test_exact_soft),
        cmocka_unit_test(test_exact_nondeterministic),
        cmocka_unit_test(test_exact_no_reveal),
        cmocka_unit_test(test_exact_missed),
        cmocka_unit_test(test_two_miss_together),
        cmocka_unit_test(test_third_miss_settles),
        cmocka_unit_test(test_vote_ok),
        cmocka_unit_test(test_vote_three_against),
        cmocka_unit_test(test_vote_two_not_ok),
        cmocka_unit_test(test_vote_one_not_ok),
        cmocka_unit_test(test_vote_referee),
        cmocka_unit_test(test_cmd_ok),
        cmocka_unit_test(test_cmd_second),
        cmocka_unit_test(test_cmd_prefix),
        cmocka_unit_test(test_leave_by_slash),
        cmocka_unit_test(test_no_verifier),
        cmocka_unit_test(test_own_moves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
