/* test_own.c - tasks that a node takes for its own owner without a round: who may, what of, how
 * they share a slot and its time. */
#include "ledgerkit.h"

/* Own: no checks; A = 500,000, L = 5,000. Owner 0 has node 0 and submits here. */
#define OWN "{'verify':'own'}"

static json_t *take(uint64_t node, uint64_t slot, const uint64_t *task, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:I,s:I,s:I}", "node", (json_int_t)node, "slot",
                                              (json_int_t)slot, "task", (json_int_t)task[i]));
    return json_pack("{s:o}", "own", list);
}

static uint64_t slot_lease(struct kit *k, unsigned node)
{
    struct og_slot s = {.node = k->s->node[node].id};
    sim_row(k->s, OG_F_SLOT, &s);
    return s.lease;
}

static void look(struct kit *k, uint64_t task, uint64_t lease)
{
    k->t.id = task;
    k->ls.id = lease;
    kit_look(k);
}

/* Commits and reveals the lease with run_ms claimed, in the block that is open. */
static void finish(struct kit *k, uint64_t task, uint64_t lease, uint64_t run_ms)
{
    look(k, task, lease);
    kit_do(k, kit_acct(k, 0), OG_TX_RESULT_COMMIT,
           crew_commit(k->s, &k->ls, &k->t, 0, 0, 1, run_ms));
    kit_do(k, kit_acct(k, 0), OG_TX_RESULT_REVEAL, crew_reveal(k->s, &k->ls, &k->t, 0, 0));
}

/* Three behind each other in one slot: it is busy until the last ended, its time is sold once. */
static void test_behind_each_other(void **st)
{
    struct kit *k = kit_new(2, NULL);
    uint64_t task[3];
    (void)st;
    for (int i = 0; i < 3; i++)
        task[i] = kit_submit_by(k, 0, OWN);
    kit_do(k, kit_acct(k, 0), OG_TX_LEASE_START, take(1, 0, task, 3));
    assert_int_equal(k->s->last.first_id, 1);
    assert_int_equal(slot_lease(k, 0), 3);
    assert_int_equal(kit_lock(k, 0), 15000);
    kit_seal(k);
    for (int i = 0; i < 3; i++) {
        look(k, task[i], (uint64_t)i + 1);
        kit_state(k, OG_TASK_OPEN, OG_LEASE_RUNNING);
        assert_int_equal(k->ls.method, OG_VERIFY_OWN);
    }
    sim_open(k->s, 4000);
    finish(k, task[0], 1, 3000);
    assert_int_equal(slot_lease(k, 0), 3);
    finish(k, task[2], 3, 3000); /* out of turn: the slot falls to the one that still runs */
    assert_int_equal(slot_lease(k, 0), 2);
    finish(k, task[1], 2, 3000);
    assert_int_equal(slot_lease(k, 0), 0);
    kit_seal(k);
    uint64_t credited = 0;
    for (int i = 0; i < 3; i++) {
        look(k, task[i], (uint64_t)i + 1);
        kit_state(k, OG_TASK_PAID, OG_LEASE_PAID);
        credited += k->ls.credited_ms;
    }
    assert_int_equal(credited, 4000);
    assert_int_equal(kit_lock(k, 0), 0);
    kit_free(k);
}

/* With a round's lease in the same transaction, and after it. */
static void test_with_a_matched_one(void **st)
{
    struct kit *k = kit_new(1, NULL);
    (void)st;
    uint64_t first = kit_submit_by(k, 0, OWN);
    kit_match(k);
    uint64_t task = kit_submit_by(k, 0, "{'verify':'own','count':5,'chunk':2}");
    json_t *body = take(1, 0, (uint64_t[]){task, task}, 2);
    json_object_update_new(body, crew_leases(1));
    kit_do(k, kit_acct(k, 0), OG_TX_LEASE_START, body);
    look(k, task, 3);
    assert_int_equal(k->ls.first, 2);
    assert_int_equal(k->ls.count, 2);
    assert_int_equal(k->t.q_count, 1);
    assert_int_equal(slot_lease(k, 0), 3);
    kit_do(k, kit_acct(k, 0), OG_TX_LEASE_RELEASE, crew_leases(2));
    kit_do(k, kit_acct(k, 0), OG_TX_LEASE_START, take(1, 0, &task, 1)); /* what came back, first */
    look(k, task, 4);
    assert_int_equal(k->ls.first, 0);
    kit_do(k, kit_acct(k, 0), OG_TX_LEASE_RELEASE, crew_leases(4));
    kit_do(k, 0, OG_TX_TASK_CANCEL, json_pack("{s:I}", "task", (json_int_t)task));
    assert_int_equal(slot_lease(k, 0), 1);
    look(k, first, 1);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_RUNNING);
    kit_free(k);
}

/* Those that have gone or do not fit are passed over, until none is left. */
static void test_gone_are_skipped(void **st)
{
    struct kit *k = kit_new(1, NULL);
    uint64_t task[3];
    (void)st;
    task[0] = kit_submit_by(k, 0, OWN);
    task[1] = kit_submit_by(k, 0, "{'verify':'own','needs':{'cores':4096}}");
    task[2] = kit_submit_by(k, 0, OWN);
    kit_do(k, 0, OG_TX_TASK_CANCEL, json_pack("{s:I}", "task", (json_int_t)task[0]));
    kit_do(k, kit_acct(k, 0), OG_TX_LEASE_START, take(1, 0, task, 3));
    assert_int_equal(slot_lease(k, 0), 1);
    look(k, task[2], 1);
    kit_state(k, OG_TASK_OPEN, OG_LEASE_RUNNING);
    kit_refused(k, kit_acct(k, 0), OG_TX_LEASE_START, take(1, 0, task, 2),
                "none of these tasks can be taken now");
    kit_free(k);
}

/* Only one's own: tasks, slots, methods without a check. */
static void test_only_own(void **st)
{
    struct kit *k = kit_new(2, NULL);
    (void)st;
    uint64_t own = kit_submit_by(k, 0, OWN);
    uint64_t other = kit_submit_by(k, 1, OWN);
    uint64_t checked = kit_submit_by(k, 0, "{'verify':'accept'}");
    uint64_t none = 77;
    unsigned me = kit_acct(k, 0);
    kit_refused(k, me, OG_TX_LEASE_START, take(1, 0, &other, 1), "is not the node's own");
    kit_refused(k, me, OG_TX_LEASE_START, take(1, 0, &checked, 1), "is not the node's own");
    kit_refused(k, me, OG_TX_LEASE_START, take(2, 0, &own, 1), "node 2 is not the sender");
    kit_refused(k, me, OG_TX_LEASE_START, take(1, 9, &own, 1), "node 1 has no slot 9");
    kit_refused(k, me, OG_TX_LEASE_START, take(9, 0, &own, 1), "there is no node 9");
    kit_refused(k, me, OG_TX_LEASE_START, take(1, 0, &none, 1), "there is no task 77");
    kit_refused(k, 0, OG_TX_LEASE_START, take(1, 0, &own, 1), "node 1 is not the sender");
    kit_refused(k, me, OG_TX_LEASE_START, take(1, 0, NULL, 0), "'own' is empty");
    kit_refused(k, me, OG_TX_LEASE_START, json_pack("{s:[i]}", "own", 1), "a list of objects");
    kit_refused(k, me, OG_TX_LEASE_RELEASE, take(1, 0, &own, 1), "'own'");
    kit_do(k, me, OG_TX_LEASE_START, take(1, 0, &own, 1));
    kit_free(k);
}

/* A slot that works for somebody else is not shared with him. */
static void test_slot_of_another(void **st)
{
    struct kit *k = kit_new(1, NULL);
    (void)st;
    kit_submit(k, "{}");
    kit_match(k);
    uint64_t own = kit_submit_by(k, 0, OWN);
    kit_refused(k, kit_acct(k, 0), OG_TX_LEASE_START, take(1, 0, &own, 1),
                "slot 1.0 works for somebody else");
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_behind_each_other), cmocka_unit_test(test_with_a_matched_one),
        cmocka_unit_test(test_gone_are_skipped),  cmocka_unit_test(test_only_own),
        cmocka_unit_test(test_slot_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
