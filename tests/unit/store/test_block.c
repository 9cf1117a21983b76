/* test_block.c - blocks, transactions, receipts, events, queues, lines of account. */
#include "storekit.h"

#include "crypto/crypto_merkle.h"
#include "store/store_block.h"
#include "store/store_query.h"

static void blocks(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    struct og_hash h = {{1}};
    struct og_hash got;
    struct og_buf header = OG_BUF_INIT;
    uint64_t height = 9;
    bool found;
    OK(og_block_last(st, &height, &got, &kit_err));
    assert_int_equal(height, 0);
    OK(og_block_first_held(st, &height, &kit_err));
    assert_int_equal(height, 0);
    for (uint64_t i = 3; i <= 5; i++) {
        h.b[0] = (uint8_t)i;
        OK(og_block_put(st, i, &h, "{\"x\":1}", 7, &kit_err));
    }
    assert_int_not_equal(og_block_put(st, 5, &h, "{}", 2, &kit_err), OG_OK); /* never replaced */
    OK(og_block_last(st, &height, &got, &kit_err));
    assert_int_equal(height, 5);
    assert_int_equal(got.b[0], 5);
    OK(og_block_first_held(st, &height, &kit_err));
    assert_int_equal(height, 3);
    OK(og_block_get(st, 4, &got, &header, &found, &kit_err));
    assert_true(found);
    assert_string_equal(header.p, "{\"x\":1}");
    OK(og_block_get(st, 6, &got, &header, &found, &kit_err));
    assert_false(found);
    og_buf_release(&header);
    og_store_close(st);
}

static void transactions(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    struct og_addr from = {{7}};
    struct og_txrow r;
    bool found;
    uint64_t n;
    for (uint64_t i = 0; i < 5; i++) {
        char line[16];
        int len = snprintf(line, sizeof line, "line %d", (int)i);
        struct og_hash id = og_sha256(line, (size_t)len);
        struct og_hash leaf = og_merkle_leaf(line, (size_t)len);
        OK(og_txrow_add(st, OG_POS(2, i), &id, &leaf, &from, i, "why", line, (size_t)len,
                        &kit_err));
    }
    OK(og_store_counter(st, "tx", &n, &kit_err));
    assert_int_equal(n, 5);
    struct og_hash id = og_sha256("line 3", 6);
    OK(og_txrow_get(st, 0, &id, &r, &found, &kit_err));
    assert_true(found);
    assert_true(r.pos == OG_POS(2, 3));
    assert_int_equal(OG_POS_HEIGHT(r.pos), 2);
    assert_int_equal(OG_POS_INDEX(r.pos), 3);
    assert_int_equal(r.status, 3);
    assert_string_equal(r.line.p, "line 3");
    assert_string_equal(r.result.p, "why");
    assert_memory_equal(&r.sender, &from, sizeof from);
    og_txrow_release(&r);
    OK(og_txrow_get(st, OG_POS(2, 4), NULL, &r, &found, &kit_err));
    assert_true(found);
    og_txrow_release(&r);
    id.b[31] ^= 1; /* the same first 8 bytes */
    OK(og_txrow_get(st, 0, &id, &r, &found, &kit_err));
    assert_false(found);
    struct og_hash *leaf;
    size_t leaves;
    OK(og_block_leaves(st, 2, false, &leaf, &leaves, &kit_err));
    assert_int_equal(leaves, 5);
    struct og_hash want = og_merkle_leaf("line 0", 6);
    assert_memory_equal(&leaf[0], &want, sizeof want);
    free(leaf);
    OK(og_block_leaves(st, 3, false, &leaf, &leaves, &kit_err));
    assert_int_equal(leaves, 0);
    free(leaf);
    og_store_close(st);
}

static void receipts_and_events(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    struct og_buf line = OG_BUF_INIT;
    struct og_hash leaf = {{1}};
    uint64_t pos;
    uint64_t n;
    bool found;
    OK(og_receipt_add(st, OG_POS(4, 0), 11, &leaf, "{\"a\":1}", 7, &kit_err));
    OK(og_receipt_add(st, OG_POS(4, 1), 12, &leaf, "{\"a\":2}", 7, &kit_err));
    OK(og_receipt_count(st, 4, &n, &kit_err));
    assert_int_equal(n, 2);
    OK(og_receipt_get(st, 12, &pos, &line, &found, &kit_err));
    assert_true(found && pos == OG_POS(4, 1));
    assert_string_equal(line.p, "{\"a\":2}");
    OK(og_receipt_get(st, 13, &pos, &line, &found, &kit_err));
    assert_false(found);
    og_buf_release(&line);
    for (uint64_t i = 0; i < 10; i++)
        OK(og_event_add(st, i, i * 100, "word", "{}", &kit_err));
    OK(og_event_prune(st, 4, &kit_err));
    struct og_event e[10];
    size_t k;
    OK(og_event_tail(st, e, 10, &k, &kit_err));
    assert_int_equal(k, 4);
    for (size_t i = 0; i < k; i++) {
        assert_int_equal(e[i].height, 9 - i);
        assert_string_equal(e[i].what, "word");
        og_buf_release(&e[i].line);
    }
    og_store_close(st);
}

static void queues_are_first_in_first_out(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    uint64_t out[10][3];
    size_t n;
    for (uint64_t i = 0; i < 4; i++) {
        OK(og_queue_push(st, OG_QUEUE_RECEIPT, i, i + 1, &kit_err));
        OK(og_queue_push(st, OG_QUEUE_TASK_ENDED, 100 + i, 0, &kit_err));
    }
    for (uint64_t i = 0; i < 4; i++) {
        OK(og_query(st, OG_Q_QUEUE, (uint64_t[]){OG_QUEUE_RECEIPT}, 1, &out[0][0], 3, 10, &n,
                    &kit_err));
        assert_int_equal(n, 4 - i);
        assert_int_equal(out[0][1], i);
        assert_int_equal(out[0][2], i + 1);
        OK(og_queue_drop(st, out[0][0], &kit_err));
    }
    OK(og_query(st, OG_Q_QUEUE, (uint64_t[]){OG_QUEUE_TASK_ENDED}, 1, &out[0][0], 3, 10, &n,
                &kit_err));
    assert_int_equal(n, 4);
    og_store_close(st);
}

static void lines_of_account(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    struct og_addr a = {{1}};
    struct og_addr b = {{2}};
    struct og_move m[10];
    size_t n;
    OK(og_move_add(st, 1, 10, &a, -5, "transfer", 3, &b, &kit_err));
    OK(og_move_add(st, 1, 10, &b, 5, "transfer", 3, &a, &kit_err));
    OK(og_move_add(st, 2, 20, &a, INT64_MAX, "genesis", 0, NULL, &kit_err));
    OK(og_move_page(st, &a, 0, m, 10, &n, &kit_err));
    assert_int_equal(n, 2);
    assert_int_equal(m[0].delta, -5);
    assert_string_equal(m[0].why, "transfer");
    assert_memory_equal(&m[0].other, &b, sizeof b);
    assert_true(m[1].delta == INT64_MAX);
    OK(og_move_page(st, &a, m[0].id, m, 10, &n, &kit_err));
    assert_int_equal(n, 1);
    og_store_close(st);
}

/* Every question is well-formed SQL for this schema and answers "nothing" on an empty state. */
static void every_question_can_be_asked(void **state)
{
    (void)state;
    static const size_t inputs[OG_Q_COUNT] = {
        [OG_Q_OPEN_TASKS_BELOW] = 2,
        [OG_Q_REQUEUE_OF] = 1,
        [OG_Q_FREE_SLOTS] = 2,
        [OG_Q_LEASES_IN] = 2,
        [OG_Q_LEASES_DUE] = 2,
        [OG_Q_CHECKS_DUE] = 2,
        [OG_Q_CHECKS_OF] = 1,
        [OG_Q_CHECKS_FOR] = 2,
        [OG_Q_TASKS_DUE] = 2,
        [OG_Q_DEPS_ON] = 1,
        [OG_Q_DEPS_OF] = 1,
        [OG_Q_QUEUE] = 1,
        [OG_Q_NODES] = 1,
        [OG_Q_NODES_ALL] = 1,
        [OG_Q_SLOTS_OF] = 1,
        [OG_Q_LEASES_OF_NODE] = 2,
        [OG_Q_LEASES_OF_TASK] = 2,
        [OG_Q_LIVE_OF_TASK] = 1,
        [OG_Q_PAID_OF_TASK] = 1,
        [OG_Q_FAILED_OF_TASK] = 1,
        [OG_Q_LEASES_TO_DRAW] = 1,
        [OG_Q_UNBOND_DUE] = 2,
        [OG_Q_UNBOND_OF] = 1,
        [OG_Q_PAID_OVERLAP] = 3,
        [OG_Q_ROTATIONS_DUE] = 2,
        [OG_Q_TASKS_FROM] = 1,
        [OG_Q_TASKS_IN] = 2,
        [OG_Q_PAID_OF_NODE] = 1,
        [OG_Q_ENDED_SINCE] = 1,
        [OG_Q_FAILED_SINCE] = 1,
        [OG_Q_TX_BEFORE] = 1,
    };
    struct og_store *st = kit_memory();
    for (int q = 0; q < OG_Q_COUNT; q++) {
        uint64_t in[4] = {1, 1, 1, 1};
        uint64_t out[12] = {0};
        size_t n;
        OK(og_query(st, (enum og_query)q, in, inputs[q], out, 3, 4, &n, &kit_err));
        assert_true(n <= 1); /* counts give one row */
        for (size_t i = 0; i < 3 * n; i++)
            assert_int_equal(out[i], 0);
    }
    og_store_close(st);
}

static void open_tasks_in_order(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    static const uint64_t urgency[] = {1, 3, 2, 3, 1, 64};
    for (uint64_t i = 0; i < 6; i++) {
        struct og_task t = {
            .id = i + 1, .state = OG_TASK_OPEN, .urgency = urgency[i], .q_count = 1};
        OK(og_row_put(st, OG_F_TASK, &t, &kit_err));
    }
    struct og_task done = {.id = 9, .state = OG_TASK_PAID, .urgency = 64, .q_count = 1};
    struct og_task empty = {.id = 10, .state = OG_TASK_OPEN, .urgency = 64};
    OK(og_row_put(st, OG_F_TASK, &done, &kit_err));
    OK(og_row_put(st, OG_F_TASK, &empty, &kit_err));
    uint64_t out[8];
    size_t n;
    static const uint64_t want[] = {6, 2, 4, 3, 1, 5};
    OK(og_query(st, OG_Q_OPEN_TASKS, NULL, 0, out, 1, 8, &n, &kit_err));
    assert_int_equal(n, 6);
    assert_memory_equal(out, want, sizeof want);
    OK(og_query(st, OG_Q_OPEN_TASKS_BELOW, (uint64_t[]){3, 2}, 2, out, 1, 8, &n, &kit_err));
    assert_int_equal(n, 4);
    assert_memory_equal(out, want + 2, 4 * sizeof *want);
    OK(og_query(st, OG_Q_OPEN_TASKS, NULL, 0, out, 1, 2, &n, &kit_err));
    assert_int_equal(n, 2); /* the limit holds */
    og_store_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks),
        cmocka_unit_test(transactions),
        cmocka_unit_test(receipts_and_events),
        cmocka_unit_test(queues_are_first_in_first_out),
        cmocka_unit_test(lines_of_account),
        cmocka_unit_test(every_question_can_be_asked),
        cmocka_unit_test(open_tasks_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
