/* test_fuzz.c - the small world, the agent, sequences and what they are judged to show; the fuzzer
 * finds what small codes hide, the same every time. */
#include "analyze/analyze_fuzz.h"
#include "base/base_num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct kit {
    struct og_contracts c;
    struct og_deployed d;
};

static void open_kit(struct kit *k, const char *text)
{
    struct og_err err = {0};
    if (og_contracts_read(text, strlen(text), "x", &k->c, &err) != OG_OK ||
        og_deploy(&k->c.v[0], &k->d, &err) != OG_OK)
        fail_msg("%s", err.msg);
}

static void close_kit(struct kit *k)
{
    og_deployed_release(&k->d);
    og_contracts_release(&k->c);
}

static struct og_findings fuzz(struct kit *k, uint64_t seed)
{
    struct og_fuzz_opts o = OG_FUZZ_OPTS;
    struct og_findings f = {0};
    struct og_fuzz_stats s;
    o.seed = seed;
    o.runs = 3000;
    og_fuzz(&k->c.v[0], &k->d, &o, &f, &s);
    assert_true(s.runs > 0 && s.steps > 0);
    return f;
}

static const struct og_finding *find(const struct og_findings *f, enum og_flaw flaw)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].flaw == flaw)
            return &f->v[i];
    return NULL;
}

/* Creation code that keeps the deployer in slot 0, stores its argument in slot 1 and returns 00. */
static void test_deploy(void **state)
{
    struct kit k;
    (void)state;
    open_kit(&k, "{\"creation\":\"335f55602060206019385f395f51600155"
                 "6001601ff3"
                 "\",\"abi\":"
                 "[{\"type\":\"constructor\",\"inputs\":[{\"type\":\"address\"}]}]}");
    assert_true(k.d.constructed);
    assert_int_equal(k.d.code.len, 1);
    assert_true(k.d.n_slots >= 1);
    struct og_u256 owner = og_u256_from_be(og_world_addr(OG_WHO_OWNER)->b, OG_ADDR_LEN);
    assert_true(og_u256_eq(&k.d.slot[0].word, &owner));
    assert_int_equal(strlen(k.d.args), 64);
    close_kit(&k);
}

/* pays its whole balance to any caller with calldata; takes ether without */
#define OPEN_PURSE                                                                                 \
    "{\"runtime\":\"3660055700"                                                                    \
    "5b"                                                                                           \
    "5f5f5f5f47335af100\"}"

static void test_theft(void **state)
{
    struct kit k;
    (void)state;
    open_kit(&k, OPEN_PURSE);
    struct og_findings a = fuzz(&k, 1), b = fuzz(&k, 1);
    const struct og_finding *t = find(&a, OG_FLAW_WITHDRAWAL);
    assert_non_null(t);
    assert_null(find(&a, OG_FLAW_REENTRANCY));
    /* the same seed finds the same */
    assert_int_equal(a.n, b.n);
    for (size_t i = 0; i < a.n; i++)
        assert_string_equal(a.v[i].witness, b.v[i].witness);
    /* the witness shows it again, and is minimal: a payment and a theft */
    struct og_seq s;
    struct og_seen seen;
    struct og_seq_run r;
    json_t *w = json_loads(t->witness, 0, NULL);
    assert_int_equal(og_seq_read(w, &s, NULL), OG_OK);
    assert_int_equal(s.n, 2);
    og_seq_run_init(&r, &k.d);
    og_seq_judge(&r, &s, &seen);
    assert_true(seen.seen[OG_FLAW_WITHDRAWAL] && !og_u256_is_zero(&seen.gain));
    og_seq_remove(&s, 0);
    og_seq_judge(&r, &s, &seen);
    assert_false(seen.seen[OG_FLAW_WITHDRAWAL]);
    og_seq_run_release(&r);
    og_seq_release(&s);
    json_decref(w);
    og_findings_release(&a);
    og_findings_release(&b);
    close_kit(&k);
}

static enum og_flaw only(const char *hex)
{
    struct kit k;
    enum og_flaw flaw = OG_N_FLAWS;
    open_kit(&k, hex);
    struct og_findings f = fuzz(&k, 1);
    if (f.n == 1)
        flaw = f.v[0].flaw;
    og_findings_release(&f);
    close_kit(&k);
    return flaw;
}

static void test_oracles(void **state)
{
    (void)state;
    /* word 0 of the calldata is 0x1234: INVALID */
    assert_int_equal(only("5f3561123414600957005bfe"), OG_N_FLAWS); /* the jump misses */
    assert_int_equal(only("5f3561123414600a57005bfe"), OG_FLAW_ASSERTION);
    assert_int_equal(only("33ff"), OG_FLAW_SELFDESTRUCT);
    assert_int_equal(only("5f5f5f5f5f355af400"), OG_FLAW_DELEGATECALL);
    assert_int_equal(only("5b600056"), OG_FLAW_INFINITE_LOOP);
    /* a loop as long as the calldata says is the caller's own business */
    assert_int_equal(only("5f355b8015600f57600190036002565b00"), OG_N_FLAWS);
    assert_int_equal(only("00"), OG_N_FLAWS);
}

static void test_agent(void **state)
{
    struct og_seq_tx t = {.who = OG_WHO_AGENT, .again = 2, .n = 5, .n_back = 3};
    struct og_buf b = OG_BUF_INIT;
    uint8_t data[5] = {1, 2, 3, 4, 5}, back[3] = {6, 7, 8};
    (void)state;
    t.data = data;
    t.back = back;
    og_agent_code(&t, &b);
    assert_memory_equal(b.p + b.len - 8, data, 5);
    assert_memory_equal(b.p + b.len - 3, back, 3);
    og_buf_release(&b);
}

static void test_read(void **state)
{
    static const char *const bad[] = {"{}",
                                      "{\"transactions\":[{}]}",
                                      "{\"transactions\":[{\"from\":\"nobody\"}]}",
                                      "{\"transactions\":[{\"from\":\"user\",\"data\":\"0x1\"}]}",
                                      "{\"transactions\":[{\"from\":\"user\",\"value\":\"7\"}]}",
                                      "{\"transactions\":[{\"from\":\"user\",\"again\":-1}]}"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct og_seq s;
        struct og_err err = {0};
        json_t *o = json_loads(bad[i], 0, NULL);
        assert_int_equal(og_seq_read(o, &s, &err), OG_E_DATA);
        assert_int_equal(s.n, 0);
        json_decref(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deploy), cmocka_unit_test(test_theft), cmocka_unit_test(test_oracles),
        cmocka_unit_test(test_agent),  cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
