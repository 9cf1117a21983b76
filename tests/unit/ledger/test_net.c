/* test_net.c - tasks ordered by contracts: escrow, undoing, callbacks, what they can ask. */
#include "ledgerkit.h"

#include "../../sim/contracts.h"

#define SPEC "0x20f65c28671b40937c5bf23acc7c6f37e5a5ec0622e347b57685725df5ba9e50"
#define TASK                                                                                       \
    "{\\\"limit_ms\\\":10000,\\\"line\\\":0,\\\"max_price\\\":\\\"500000\\\",\\\"verify\\\":"      \
    "\\\"accept\\\"}"
#define COST 525000 /* 500,000 and the levy of a twentieth */

static struct kit *ordering(struct og_addr *at)
{
    const struct sim_cfg cfg = {.owners = 1, .nodes = 1};
    struct kit *k = kit_of(&cfg, NULL);
    sim_open(k->s, 1);
    assert_int_equal(sim_deploy_of(k->s, k->me, "Order", "[]", 0, at), OG_OK);
    return k;
}

static void done(struct kit *k)
{
    if (k->s->open)
        sim_seal(k->s);
    sim_check_vm(k->s);
    kit_free(k);
}

static enum og_rc order(struct kit *k, const struct og_addr *at, const char *task, unsigned gas,
                        uint64_t value)
{
    char args[1024];
    snprintf(args, sizeof args, "[\"" SPEC "\", \"%s\", %u]", task, gas);
    return sim_call_of(k->s, k->me, at, "Order", "order", args, value);
}

/* Word i of what a view gives. */
static struct og_u256 ask(struct kit *k, const struct og_addr *at, const char *function,
                          const char *args, size_t i)
{
    struct og_buf data = OG_BUF_INIT;
    struct og_view_answer a;
    sim_data(k->s, "Order", function, args, &data);
    const struct og_view_message m = {
        .to = *at, .gas = 10000000, .data = (const uint8_t *)data.p, .len = data.len};
    SIM_OK(k->s, og_view_call(k->s->l, &m, &a, SIM_ERR));
    if (a.status != OG_VM_OK || a.output.len < 32 * (i + 1))
        fail_msg("%s: status %u, %zu bytes", function, a.status, a.output.len);
    struct og_u256 w = og_u256_load((const uint8_t *)a.output.p + 32 * i);
    og_buf_release(&a.output);
    og_buf_release(&data);
    return w;
}

static uint64_t num(struct kit *k, const struct og_addr *at, const char *function, const char *args,
                    size_t i)
{
    struct og_u256 w = ask(k, at, function, args, i);
    assert_true(og_u256_fits_u64(&w));
    return w.w[0];
}

/* ["0x…"] of the task ordered last. */
static const char *last_id(struct kit *k, const struct og_addr *at, char out[80])
{
    uint8_t b[32];
    struct og_u256 w = ask(k, at, "last", "[]", 0);
    og_u256_store(&w, b);
    memcpy(out, "[\"0x", 4);
    og_hex_encode(b, 32, out + 4);
    memcpy(out + 68, "\"]", 3);
    return out;
}

static void from_order_to_callback(void **state)
{
    (void)state;
    struct og_addr at;
    struct kit *k = ordering(&at);
    char id[80];
    uint64_t value = COST + 200000 + 77;
    assert_int_equal(order(k, &at, TASK, 200000, value), OG_OK);
    k->t.id = 1;
    kit_look(k);
    assert_true(og_addr_eq(&k->t.owner, &at));
    assert_int_equal(k->t.escrow, COST);
    assert_int_equal(sim_balance(k->s, &at), 77); /* the rest stays with the contract */
    last_id(k, &at, id);
    assert_int_equal(num(k, &at, "status", id, 0), 2);
    assert_int_equal(num(k, &at, "status", id, 1), 1);
    kit_to_commit(k, 0);
    kit_reveal(k, 0);
    assert_int_equal(num(k, &at, "ended", "[]", 0), 0);
    kit_pass(k, 201, 86400001);
    kit_look(k);
    assert_int_equal(k->t.state, OG_TASK_PAID);
    assert_int_equal(num(k, &at, "ended", "[]", 0), 1);
    assert_int_equal(num(k, &at, "state", "[]", 0), 3);
    assert_int_equal(num(k, &at, "paid", "[]", 0), k->t.paid);
    struct og_u256 root = ask(k, &at, "root", "[]", 0);
    struct og_u256 want = og_u256_load(k->ls.root.b);
    assert_true(og_u256_eq(&root, &want));
    assert_int_equal(num(k, &at, "status", id, 0), 3);
    assert_int_equal(num(k, &at, "status", id, 3), k->ls.capacity);
    assert_int_equal(num(k, &at, "status", id, 4), k->ls.credited_ms);
    assert_int_equal(num(k, &at, "result", id, 1), 1); /* one range */
    assert_int_equal(num(k, &at, "result", id, 3), 1); /* of one element */
    struct og_vmlog_ref log[4];
    size_t n;
    SIM_OK(k->s, og_vmlog_page(k->s->st, &at, (struct og_vmlog_ref){0, 0}, log, 4, &n, SIM_ERR));
    assert_int_equal(n, 1);                   /* Ended, in the receipt of the callback */
    assert_true(sim_balance(k->s, &at) > 77); /* what the task did not cost came back */
    done(k);
}

static void undone_with_its_transaction(void **state)
{
    (void)state;
    struct og_addr at;
    struct kit *k = ordering(&at);
    uint64_t tasks;
    assert_int_equal(sim_call_of(k->s, k->me, &at, "Order", "orderAndFail",
                                 "[\"" SPEC "\", \"" TASK "\"]", COST),
                     OG_E_DATA);
    assert_non_null(strstr(k->s->last.msg, "on second thoughts"));
    SIM_OK(k->s, og_row_count(k->s->st, OG_F_TASK, &tasks, SIM_ERR));
    assert_int_equal(tasks, 0);
    assert_int_equal(sim_balance(k->s, &at), 0);
    /* by DELEGATECALL: not from another's account */
    assert_int_equal(sim_call_of(k->s, k->me, &at, "Order", "orderByDelegate",
                                 "[\"" SPEC "\", \"" TASK "\"]", COST),
                     OG_OK);
    SIM_OK(k->s, og_row_count(k->s->st, OG_F_TASK, &tasks, SIM_ERR));
    assert_int_equal(tasks, 0);
    assert_int_equal(sim_balance(k->s, &at), COST);
    done(k);
}

static void orders_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *task;
        unsigned gas;
        uint64_t value;
        const char *why;
    } v[] = {
        {TASK, 0, COST - 1, "below the task's escrow"},
        {TASK, 1000, COST + 999, "below the task's escrow"},
        {TASK, 4000000000u, COST, "so much gas"},
        {"{}", 0, COST, "line"},
        {"[]", 0, COST, "canonical JSON"},
        {"{\\\"line\\\": 0}", 0, COST, ""},
        {"{\\\"after\\\":[],\\\"limit_ms\\\":1,\\\"line\\\":0,\\\"max_price\\\":\\\"1\\\"}", 0,
         COST, "waits for no other"},
        {"{\\\"colour\\\":1,\\\"limit_ms\\\":1,\\\"line\\\":0,\\\"max_price\\\":\\\"1\\\"}", 0,
         COST, "colour"},
        {"", 0, COST, "canonical JSON"},
    };
    struct og_addr at;
    struct kit *k = ordering(&at);
    uint64_t tasks;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        assert_int_equal(order(k, &at, v[i].task, v[i].gas, v[i].value), OG_E_DATA);
        if (!strstr(k->s->last.msg, v[i].why) || !strstr(k->s->last.msg, "revert"))
            fail_msg("%s: '%s' does not say '%s'", v[i].task, k->s->last.msg, v[i].why);
    }
    SIM_OK(k->s, og_row_count(k->s->st, OG_F_TASK, &tasks, SIM_ERR));
    assert_int_equal(tasks, 0);
    assert_int_equal(sim_balance(k->s, &at), 0);
    done(k);
}

/* A callback that never ends costs its gas and harms nobody else; a task that expires is told, too.
 */
static void a_callback_that_fails(void **state)
{
    (void)state;
    struct og_addr at;
    struct kit *k = ordering(&at);
    assert_int_equal(sim_call_of(k->s, k->me, &at, "Order", "loopInCallback", "[]", 0), OG_OK);
    assert_int_equal(order(k, &at,
                           "{\\\"expires_ms\\\":1000,\\\"limit_ms\\\":10000,\\\"line\\\":0,"
                           "\\\"max_price\\\":\\\"500000\\\",\\\"needs\\\":{\\\"cores\\\":60000},"
                           "\\\"verify\\\":\\\"accept\\\"}",
                           100000, COST + 100000),
                     OG_OK);
    assert_int_equal(sim_balance(k->s, &at), 0);
    k->t.id = 1;
    kit_pass(k, 3, 5000);
    kit_look(k);
    assert_int_equal(k->t.state, OG_TASK_EXPIRED);
    assert_int_equal(num(k, &at, "ended", "[]", 0), 0);
    assert_int_equal(sim_balance(k->s, &at), COST); /* the escrow, not the gas */
    uint64_t queued[3];
    size_t n;
    SIM_OK(k->s, og_query(k->s->st, OG_Q_QUEUE, (uint64_t[]){OG_QUEUE_CALLBACK}, 1, queued, 3, 1,
                          &n, SIM_ERR));
    assert_int_equal(n, 0);
    done(k);
}

static void questions(void **state)
{
    (void)state;
    struct og_addr at;
    struct kit *k = ordering(&at);
    struct og_node n = {.id = 1};
    sim_row(k->s, OG_F_NODE, &n);
    assert_int_equal(num(k, &at, "node", "[1]", 0), n.c_eff * OG_PPM);
    assert_int_equal(num(k, &at, "node", "[1]", 1), og_view_reliability(&n));
    assert_int_equal(num(k, &at, "node", "[1]", 2), n.bond);
    assert_int_equal(num(k, &at, "node", "[9]", 2), 0);
    OG_RELEASE(OG_F_NODE, &n);
    assert_int_equal(num(k, &at, "market", "[]", 0), og_ledger_params(k->s->l)->rate);
    assert_int_equal(num(k, &at, "market", "[]", 1), 1000000000000000000u);
    assert_int_equal(num(k, &at, "status", "[\"" SPEC "\"]", 0), 0);
    /* (1 2; 3 −4)·(5; −6) = (−7; 39) */
    const char *mv = "[2, 2, 1, \"0x000000010000000200000003fffffffc\", \"0x00000005fffffffa\"]";
    struct og_u256 w = ask(k, &at, "product", mv, 2);
    assert_int_equal(w.w[3], 0xfffffff900000027u);
    assert_int_equal(num(k, &at, "dot", "[\"0x0000000100000002\", \"0x0000000500000006\"]", 0), 17);
    const char *fr = "[1, 2, 1, \"0x00000000000000030000000000000004\","
                     " \"0x00000000000000050000000000000006\"]";
    assert_int_equal(num(k, &at, "verified", fr, 0), 1);
    assert_int_equal(num(k, &at, "verified", fr, 1), 0);
    done(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_order_to_callback),
        cmocka_unit_test(undone_with_its_transaction),
        cmocka_unit_test(orders_that_are_refused),
        cmocka_unit_test(a_callback_that_fails),
        cmocka_unit_test(questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
