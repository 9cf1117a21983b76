/* test_round.c - what a round is made of: busy slots, places, holders of inputs, learned work,
 * pace.
 */
#include "ledgerkit.h"

#include "match/match_graph.h"

static json_t *accept_body(const struct kit *k)
{
    return json_pack("{s:I,s:i,s:i}", "task", (json_int_t)k->t.id, "first", 0, "count", 0);
}

/* One element of the task done: C·T of 100 MFLOP a millisecond. */
static void element(struct kit *k, uint64_t ms)
{
    kit_match(k);
    kit_start(k);
    kit_commit(k, ms + 1000, 1, ms, k->ls.id);
    kit_reveal(k, k->ls.id);
    kit_do(k, k->me, OG_TX_TASK_ACCEPT, accept_body(k));
    kit_seal(k);
    kit_state(k, k->t.state, OG_LEASE_PAID);
}

static struct og_match_col col_of(struct kit *k, uint64_t node)
{
    struct og_match_col c;
    SIM_OK(k->s, og_led_col(k->s->l, node, 0, &c, SIM_ERR));
    og_led_col_release(&c);
    return c;
}

static uint64_t live(struct kit *k, uint64_t task)
{
    struct og_task t = {.id = task};
    sim_row(k->s, OG_F_TASK, &t);
    uint64_t n = t.live;
    OG_RELEASE(OG_F_TASK, &t);
    return n;
}

/* A task rather waits two seconds for the fast node than take the slow one for minutes. */
static void test_waits_for_the_fast(void **st)
{
    struct kit *k = kit_new(2, NULL);
    struct og_lease ls = {0};
    (void)st;
    KIT_NODE(k, 1, n->c_eff = 1000);
    uint64_t first = kit_submit(k, "{'limit_ms':600000,'work_mflop':'200000'}");
    kit_match(k);
    assert_int_equal(k->ls.node, 1);
    kit_start(k);
    uint64_t second = kit_submit(k, "{'limit_ms':600000,'work_mflop':'200000'}");
    for (int i = 0; i < 6; i++)
        kit_seal(k);
    assert_int_equal(live(k, first), 1);
    assert_int_equal(live(k, second), 0); /* node 2 is free all the time */
    /* a small one that nobody is ahead of there goes to node 2 at once */
    uint64_t small = kit_submit(k, "{'limit_ms':600000,'work_mflop':'10'}");
    for (int i = 0; i < 3; i++)
        kit_seal(k);
    assert_int_equal(live(k, small), 1);
    k->t.id = first;
    kit_look(k);
    kit_commit(k, 3000, 1, 2000, 0); /* the slot is free */
    for (int i = 0; i < 3; i++)
        kit_seal(k);
    assert_int_equal(live(k, second), 1);
    ls.id = 3;
    sim_row(k->s, OG_F_LEASE, &ls);
    assert_int_equal(ls.task, second);
    assert_int_equal(ls.node, 1);
    OG_RELEASE(OG_F_LEASE, &ls);
    kit_free(k);
}

/* The fast node works longer than expected, and what is late is expected to take as long again: the
 * slow one gets the task after all. */
static void test_gives_up_waiting(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    KIT_NODE(k, 1, n->c_eff = 20000);
    kit_submit(k, "{'limit_ms':600000,'work_mflop':'200000'}");
    kit_match(k);
    kit_start(k);
    uint64_t second = kit_submit(k, "{'limit_ms':600000,'work_mflop':'200000'}");
    kit_seal(k);
    kit_seal(k);
    assert_int_equal(live(k, second), 0);
    kit_pass(k, 2, 30000);
    for (int i = 0; i < 3; i++)
        kit_seal(k);
    assert_int_equal(live(k, second), 1);
    kit_free(k);
}

static void test_learned_work(void **st)
{
    struct kit *k = kit_new(1, NULL);
    struct og_match_row row;
    (void)st;
    kit_submit(k, "{'count':3}");
    assert_int_equal(og_view_learned(k->s->l, &k->t, OG_PPM), 0);
    element(k, 3000);
    assert_int_equal(og_view_learned(k->s->l, &k->t, OG_PPM), 300000);
    assert_int_equal(og_view_learned(k->s->l, &k->t, 2 * OG_PPM), 150000);
    SIM_OK(k->s, og_view_row(k->s->l, &k->t, 1, 2, &row, SIM_ERR));
    assert_int_equal(row.work_mflop, 0);
    assert_int_equal(row.learned_mflop, 600000);
    og_view_release_row(&row);
    kit_free(k);
}

/* An element that took more than those before shows in the node's pace, and is forgotten slowly. */
static void test_pace(void **st)
{
    struct kit *k = kit_new(1, "{'epoch_blocks':'30','epoch_ms':'1000000000'}");
    (void)st;
    kit_submit(k, "{'count':5,'max_price':'5000000'}");
    element(k, 2000);
    assert_int_equal(col_of(k, 1).pace_ppm, OG_PPM);
    element(k, 2000);
    assert_int_equal(col_of(k, 1).pace_ppm, OG_PPM);
    element(k, 6000); /* three times as long: (3 · 1 + 3)/4 */
    assert_int_equal(col_of(k, 1).pace_ppm, 1500000);
    element(k, 10); /* too short to say anything */
    assert_int_equal(col_of(k, 1).pace_ppm, 1500000);
    SIM_OK(k->s, og_store_begin(k->s->st, SIM_ERR));
    SIM_OK(k->s, og_led_forget_pace(k->s->l, SIM_ERR));
    assert_int_equal(col_of(k, 1).pace_ppm, 1250000);
    for (int i = 0; i < 8; i++)
        SIM_OK(k->s, og_led_forget_pace(k->s->l, SIM_ERR));
    assert_int_equal(col_of(k, 1).pace_ppm, OG_PPM);
    og_store_rollback(k->s->st);
    kit_free(k);
}

/* Inputs lie on the submitter's node and where the task runs: work moves to data. */
static void test_holders(void **st)
{
    struct kit *k = kit_new(3, NULL);
    struct og_cost_round r;
    struct og_match_col *cols;
    struct og_ways *w;
    size_t m;
    (void)st;
    for (unsigned i = 0; i < 3; i++)
        for (unsigned j = 0; j < 3; j++)
            if (i != j)
                kit_do(k, kit_acct(k, i), OG_TX_LINK_REPORT,
                       json_pack("{s:i,s:i,s:i}", "peer", (int)j + 1, "latency_us",
                                 (int)(i + j) * 1000, "bytes_per_s", 1000000));
    kit_submit_by(k, 0, "{'count':2,'in_bytes':5000000}"); /* owner 0 has node 1 */
    kit_match(k);
    kit_start(k);
    SIM_OK(k->s, og_view_cols(k->s->l, false, &cols, &m, SIM_ERR));
    og_cost_round_init(&r, cols, m, k->s->now_ms);
    SIM_OK(k->s, og_ways_new(k->s->l, &r, cols, m, &w, SIM_ERR));
    og_ways_task(w, k->t.id, 1, k->t.in_bytes);
    assert_int_equal(m, 3);
    for (size_t j = 0; j < m; j++) {
        const struct og_cost_way *y = og_ways_to(w, cols[j].node);
        bool runs = cols[j].node == k->ls.node;
        assert_true(y->held == (runs || cols[j].node == 1));
        assert_true(y->away == !runs);
        assert_true((cols[j].queue_ms > 0) == runs); /* busy, expected to end */
        if (!y->held)
            assert_int_equal(y->bytes_per_s, 1000000);
    }
    assert_int_equal(og_ways_to(w, 3)->latency_us, 2000);
    og_ways_task(w, 999, 2, 1000000); /* another task, of node 2's owner, that runs nowhere */
    assert_true(og_ways_to(w, 2)->held && !og_ways_to(w, 1)->held && !og_ways_to(w, 1)->away);
    assert_int_equal(og_ways_to(w, 3)->fetch_us, 3000);
    assert_int_equal(og_ways_to(w, 77)->latency_us, OG_GRAPH_LATENCY_NONE_US);
    og_ways_free(w);
    og_view_free_cols(cols, m);
    kit_free(k);
}

static uint64_t rank_of(struct kit *k, uint64_t task)
{
    struct og_cost_round r;
    struct og_match_col *cols;
    struct og_rank *rank;
    uint64_t ms;
    size_t m;
    SIM_OK(k->s, og_view_cols(k->s->l, false, &cols, &m, SIM_ERR));
    og_cost_round_init(&r, cols, m, k->s->now_ms);
    SIM_OK(k->s, og_rank_new(k->s->l, &r, cols, m, &rank, SIM_ERR));
    SIM_OK(k->s, og_rank_of(rank, task, &ms, SIM_ERR));
    og_rank_free(rank);
    og_view_free_cols(cols, m);
    return ms;
}

/* A task that others wait for is taken before older ones of equal time. 100,000 MFLOP/s. */
static void test_ranks(void **st)
{
    struct kit *k = kit_new(1, NULL);
    char text[200];
    (void)st;
    uint64_t lone = kit_submit(k, "{'work_mflop':'100000'}");
    uint64_t head = kit_submit(k, "{'work_mflop':'100000'}");
    assert_int_equal(rank_of(k, head), 0);
    for (int i = 0; i < 2; i++) { /* two that wait for it, of one and of three seconds */
        snprintf(text, sizeof text, "{'work_mflop':'%d','after':[{'task':%d,'when':'ok'}]}",
                 100000 + 200000 * i, (int)head);
        kit_submit(k, text);
    }
    assert_int_equal(rank_of(k, head), 3000);
    snprintf(text, sizeof text,
             "{'work_mflop':'50000','count':4,'after':[{'task':%d,'when':'any'}]}", (int)head + 1);
    kit_submit(k, text); /* behind the short one: four elements on one slot */
    assert_int_equal(rank_of(k, head), 3000);
    assert_int_equal(rank_of(k, head + 1), 2000);
    snprintf(text, sizeof text, "{'work_mflop':'700000','after':[{'task':%d,'when':'fail'}]}",
             (int)lone);
    kit_submit(k, text);
    assert_int_equal(rank_of(k, lone), 0); /* when it fails: not expected */
    snprintf(text, sizeof text, "{'work_mflop':'300000','after':[{'task':%d,'when':'ok'}]}",
             (int)head + 3);
    kit_submit(k, text);
    assert_int_equal(rank_of(k, head), 1000 + 2000 + 3000);
    k->t.id = head;
    kit_match(k);
    assert_int_equal(live(k, lone), 0);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_the_fast),
        cmocka_unit_test(test_gives_up_waiting),
        cmocka_unit_test(test_learned_work),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_holders),
        cmocka_unit_test(test_ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
