/* test_app.c - the application of a network: blocks proposed, checked, executed, crashed, refused.
 */
#include "appkit.h"

static void blocks_give_the_same_state_everywhere(void **state)
{
    (void)state;
    struct net t;
    uint64_t code[64];
    net_open(&t, "{}");
    assert_int_equal(block(&t, 0, NULL, 0, NULL), 0); /* nothing to do: an empty block */
    char *line[4] = {transfer(&t, 5, 6, 0), transfer(&t, 5, 7, 0), transfer(&t, 6, 5, 0),
                     transfer(&t, 7, 5, 0)};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(check_tx(&t, 1, line[i], false), 0);
    assert_int_equal(block(&t, 1, line, 4, code), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(code[i], 0);
    for (size_t i = 0; i < 4; i++) /* done is done */
        assert_int_equal(check_tx(&t, 1, line[i], true), OG_E_TEMPFAIL);
    assert_int_equal(block(&t, 2, line, 4, code), 0);
    audit(&t);
    free_lines(line, 4);
    net_close(&t);
}

/* An executed block that was not committed comes again, also to a new process. */
static void what_is_not_committed_comes_again(void **state)
{
    (void)state;
    struct net t;
    struct block b;
    struct answer a;
    uint8_t first[OG_HASH_LEN];
    uint8_t again[OG_HASH_LEN];
    net_open(&t, "{}");
    block(&t, 0, NULL, 0, NULL);
    char *line[2] = {transfer(&t, 5, 6, 0), transfer(&t, 5, 6, 0)};
    propose(&t, &b, 0, line, 2);
    finalize(&t, 1, &b, &a);
    hash_of(&a, first);
    og_buf_release(&a.bytes);
    finalize(&t, 1, &b, &a); /* in the same process */
    hash_of(&a, again);
    og_buf_release(&a.bytes);
    assert_memory_equal(first, again, OG_HASH_LEN);
    og_app_close(t.app[1]); /* as after kill -9: the transaction is gone */
    open_app(&t, 1);
    struct og_abci_req info = {.call = OG_ABCI_INFO};
    ask(t.app[1], &info, &a);
    assert_int_equal(number(&a, 4), 1);
    og_buf_release(&a.bytes);
    finalize(&t, 1, &b, &a);
    hash_of(&a, again);
    assert_memory_equal(first, again, OG_HASH_LEN);
    commit(&t, 1);
    og_buf_release(&a.bytes);
    finalize(&t, 0, &b, &a);
    hash_of(&a, again);
    assert_memory_equal(first, again, OG_HASH_LEN);
    commit(&t, 0);
    og_buf_release(&a.bytes);
    og_buf_release(&b.proposal.bytes);
    t.height++;
    audit(&t);
    free_lines(line, 2);
    net_close(&t);
}

static void a_proposal_without_its_beacon_is_refused(void **state)
{
    (void)state;
    struct net t;
    struct block b;
    net_open(&t, "{}");
    block(&t, 0, NULL, 0, NULL);
    char *line[2] = {transfer(&t, 5, 6, 0), transfer(&t, 5, 6, 0)};
    propose(&t, &b, 1, line, 2);
    assert_int_equal(b.n, 3);
    assert_int_equal(process(&t, 1, &b), OG_ABCI_ACCEPT);
    struct og_span opening = b.tx[0];
    b.req.txs = b.tx + 1; /* none */
    b.req.n_txs = 2;
    assert_int_equal(process(&t, 1, &b), OG_ABCI_REJECT);
    b.req.txs = b.tx; /* one where nothing needs it */
    b.req.n_txs = 1;
    assert_int_equal(process(&t, 1, &b), OG_ABCI_REJECT);
    b.req.n_txs = 3;
    b.req.proposer.p = b.vote[0].addr; /* another's */
    assert_int_equal(process(&t, 1, &b), OG_ABCI_REJECT);
    b.req.proposer.p = b.proposer;
    b.req.time_s++; /* another time than the header's */
    assert_int_equal(process(&t, 1, &b), OG_ABCI_REJECT);
    b.req.time_s--;
    b.vote[2].flag = OG_ABCI_FLAG_COMMIT; /* other signers */
    assert_int_equal(process(&t, 1, &b), OG_ABCI_REJECT);
    b.vote[2].flag = OG_ABCI_FLAG_ABSENT;
    char *bent = og_xstrndup((const char *)opening.p, opening.n);
    char *pi = strstr(bent, "\"pi\":\"");
    assert_non_null(pi);
    pi[80] = pi[80] == 'a' ? 'b' : 'a';
    b.tx[0].p = (const uint8_t *)bent; /* a wrong proof */
    assert_int_equal(process(&t, 1, &b), OG_ABCI_REJECT);
    b.tx[0] = opening;
    b.tx[2] = (struct og_span){(const uint8_t *)"{}", 2}; /* no transaction */
    assert_int_equal(process(&t, 1, &b), OG_ABCI_REJECT);
    assert_int_equal(process(&t, 0, &b), OG_ABCI_REJECT);
    free(bent);
    og_buf_release(&b.proposal.bytes);
    free_lines(line, 2);
    net_close(&t);
}

static void the_mempool_keeps_the_order_of_an_account(void **state)
{
    (void)state;
    struct net t;
    net_open(&t, "{}");
    block(&t, 0, NULL, 0, NULL);
    char *a1 = transfer(&t, 5, 6, 1);
    char *a2 = transfer(&t, 5, 6, 2);
    char *a3 = transfer(&t, 5, 6, 3);
    char *bad = og_xstrdup(a1);
    char *sig = strstr(bad, "\"sig\":\"");
    assert_non_null(sig);
    sig[20] = sig[20] == 'A' ? 'B' : 'A';
    assert_int_equal(check_tx(&t, 0, a2, false), OG_E_TEMPFAIL); /* a gap */
    assert_int_equal(check_tx(&t, 0, bad, false), OG_E_DATA);
    assert_int_equal(check_tx(&t, 0, "{\"kind\":\"block.open\"}", false), OG_E_DATA);
    assert_int_equal(check_tx(&t, 0, a1, false), 0);
    assert_int_equal(check_tx(&t, 0, a1, false), OG_E_TEMPFAIL); /* twice */
    assert_int_equal(check_tx(&t, 0, a2, false), 0);
    char *some[3] = {a1, a3, a2}; /* a3 does not follow a1: it stays behind */
    assert_int_equal(block(&t, 0, some, 3, NULL), 3);
    assert_int_equal(check_tx(&t, 0, a3, false), 0);
    struct og_key *k = kit_key("account", 5);
    struct og_addr addr = og_key_addr(k);
    struct og_abci_req q = {
        .call = OG_ABCI_QUERY, .path = {(const uint8_t *)"seq", 3}, .data = {addr.b, OG_ADDR_LEN}};
    struct answer got;
    struct og_pb_field f;
    ask(t.app[0], &q, &got);
    assert_true(member(&got, 7, 0, &f));
    assert_int_equal(f.bytes.n, strlen("{\"key\":true,\"seq\":\"4\"}"));
    assert_memory_equal(f.bytes.p, "{\"key\":true,\"seq\":\"4\"}", f.bytes.n);
    og_buf_release(&got.bytes);
    og_key_free(k);
    char *rest[1] = {a3};
    assert_int_equal(block(&t, 1, rest, 1, NULL), 2);
    audit(&t);
    free(a1);
    free(a2);
    free(a3);
    free(bad);
    net_close(&t);
}

/* Two transactions with one number in a block: the second is no part of it and owes nothing. */
static void a_block_may_hold_what_does_not_apply(void **state)
{
    (void)state;
    struct net t;
    struct block b;
    net_open(&t, "{}");
    block(&t, 0, NULL, 0, NULL);
    char *first = transfer(&t, 5, 6, 1);
    char *second = transfer(&t, 5, 7, 1);
    char *line[1] = {first};
    propose(&t, &b, 0, line, 1);
    b.tx[b.n++] = (struct og_span){(const uint8_t *)second, strlen(second)};
    b.req.n_txs = b.n;
    for (size_t i = 0; i < APPS; i++) {
        struct answer a;
        struct og_pb_field f;
        assert_int_equal(process(&t, i, &b), OG_ABCI_ACCEPT);
        finalize(&t, i, &b, &a);
        assert_true(member(&a, 2, 2, &f));
        struct answer one = {.body = f.bytes};
        assert_int_equal(number(&one, 1), 1000 + OG_E_TEMPFAIL); /* another number comes next */
        commit(&t, i);
        og_buf_release(&a.bytes);
    }
    og_buf_release(&b.proposal.bytes);
    t.height++;
    audit(&t);
    free(first);
    free(second);
    net_close(&t);
}

/* A proven double signer loses its power: the engine is told, the chain goes on. */
static void a_double_signer_is_removed(void **state)
{
    (void)state;
    struct net t;
    struct block b;
    struct og_abci_fault fault = {.type = OG_ABCI_DUPLICATE_VOTE, .height = 1};
    net_open(&t, "{}");
    block(&t, 0, NULL, 0, NULL);
    char *line[1] = {transfer(&t, 5, 6, 1)};
    address(2, fault.addr);
    memset(&b, 0, sizeof b);
    head(&t, &b, 0);
    struct og_span txs[1] = {{(const uint8_t *)line[0], strlen(line[0])}};
    b.req.faults = &fault;
    b.req.n_faults = 1;
    struct og_abci_req r = b.req;
    r.call = OG_ABCI_PREPARE;
    r.txs = txs;
    r.n_txs = 1;
    ask(t.app[0], &r, &b.proposal);
    struct og_pb_field f;
    while (member(&b.proposal, 1, b.n, &f))
        b.tx[b.n++] = f.bytes;
    b.req.txs = b.tx;
    b.req.n_txs = b.n;
    for (size_t i = 0; i < APPS; i++) {
        struct answer a;
        assert_int_equal(process(&t, i, &b), OG_ABCI_ACCEPT);
        finalize(&t, i, &b, &a);
        size_t gone = 0;
        for (size_t k = 0; member(&a, 3, k, &f); k++) {
            struct answer one = {.body = f.bytes};
            gone += number(&one, 2) == 0;
        }
        assert_int_equal(gone, 1);
        commit(&t, i);
        og_buf_release(&a.bytes);
    }
    og_buf_release(&b.proposal.bytes);
    t.height++;
    audit(&t);
    free(line[0]);
    net_close(&t);
}

static void another_genesis_halts(void **state)
{
    (void)state;
    struct net t;
    struct og_buf g = OG_BUF_INIT;
    struct og_buf text = OG_BUF_INIT;
    struct og_buf out = OG_BUF_INIT;
    net_open(&t, "{}");
    comet_genesis("{\"levy_ppm\":\"1\"}", &g);
    OK(og_app_state_json(g.p, g.len, false, &text, &kit_err));
    struct og_abci_req r = {.call = OG_ABCI_INIT_CHAIN,
                            .app_state = {(const uint8_t *)text.p, text.len}};
    assert_int_equal(og_app_call(t.app[0], &r, &out, &kit_err), OG_E_CONFIG);
    r.app_state = (struct og_span){(const uint8_t *)"nonsense", 8};
    assert_int_equal(og_app_call(t.app[0], &r, &out, &kit_err), OG_E_CONFIG);
    r = (struct og_abci_req){.call = OG_ABCI_COMMIT}; /* nothing was executed */
    assert_int_equal(og_app_call(t.app[0], &r, &out, &kit_err), OG_E_INTERNAL);
    r = (struct og_abci_req){.call = OG_ABCI_INFO, .abci_version = {(const uint8_t *)"3.0.0", 5}};
    assert_int_equal(og_app_call(t.app[0], &r, &out, &kit_err), OG_E_CONFIG);
    og_buf_release(&g);
    og_buf_release(&text);
    og_buf_release(&out);
    net_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_give_the_same_state_everywhere),
        cmocka_unit_test(what_is_not_committed_comes_again),
        cmocka_unit_test(a_proposal_without_its_beacon_is_refused),
        cmocka_unit_test(the_mempool_keeps_the_order_of_an_account),
        cmocka_unit_test(a_block_may_hold_what_does_not_apply),
        cmocka_unit_test(a_double_signer_is_removed),
        cmocka_unit_test(another_genesis_halts),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}
