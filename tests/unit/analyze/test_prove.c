/* test_prove.c - Z3's answers about terms against words, and proofs and refutations of small codes.
 */
#include "analyze/analyze_eval.h"
#include "analyze/analyze_prove.h"
#include "analyze/analyze_smt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void need_z3(void)
{
    if (og_smt_available())
        return;
    print_message("skip: built without Z3\n");
    skip();
}

static struct og_u256 no_unknown(void *ctx, og_t t, const struct og_u256 *a,
                                 const struct og_u256 *b)
{
    const struct og_u256 *w = ctx;
    (void)t;
    (void)a;
    (void)b;
    return *w;
}

/* One unknown x and random operations: "op(x, c) is this word" with x given must be satisfiable,
 * and with another word not. */
static void test_words(void **state)
{
    static const uint8_t ops[] = {OG_T_ADD,        OG_T_MUL,  OG_T_SUB, OG_T_DIV, OG_T_SDIV,
                                  OG_T_MOD,        OG_T_SMOD, OG_T_LT,  OG_T_SLT, OG_T_AND,
                                  OG_T_OR,         OG_T_XOR,  OG_T_SHL, OG_T_SHR, OG_T_SAR,
                                  OG_T_SIGNEXTEND, OG_T_MULOK};
    struct og_terms ts;
    (void)state;
    need_z3();
    og_terms_init(&ts, 100000);
    struct og_smt *s = og_smt_new(&ts, 4000000);
    uint64_t r = 1;
    for (int i = 0; i < 60; i++) {
        struct og_u256 x = {{og_splitmix64(r), og_splitmix64(r + 1), 0, og_splitmix64(r + 2)}};
        struct og_u256 c = og_u256_shr(x, 100 + og_splitmix64(r + 3) % 156);
        r += 4;
        if (i % 3 == 0)
            x = og_u256_sub(OG_U256_ZERO, og_u256_of(og_splitmix64(r) % 9));
        og_t v = og_term_var(&ts, OG_V_ANY, 0, 1), k = og_term_const(&ts, &c);
        uint8_t op = ops[(size_t)i % sizeof ops];
        if (op == OG_T_SIGNEXTEND)
            k = og_term_u64(&ts, r % 33);
        bool first = op == OG_T_SHL || op == OG_T_SHR || op == OG_T_SAR || op == OG_T_SIGNEXTEND;
        og_t t = og_term_op(&ts, op, first ? k : v, first ? v : k, 0);
        struct og_eval e;
        og_eval_init(&e, &ts);
        e.ctx = &x;
        e.unknown = no_unknown;
        struct og_u256 w = og_eval(&e, t), other = og_u256_add(w, og_u256_of(1));
        og_eval_release(&e);
        og_t is_x = og_term_raw(&ts, OG_T_EQ, v, og_term_const(&ts, &x), 0);
        og_t yes[2] = {is_x, og_term_raw(&ts, OG_T_EQ, t, og_term_const(&ts, &w), 0)};
        og_t no[2] = {is_x, og_term_raw(&ts, OG_T_EQ, t, og_term_const(&ts, &other), 0)};
        struct og_u256 model;
        assert_int_equal(og_smt_check(s, yes, 2), OG_SAT);
        if (og_smt_value(s, v, &model))
            assert_true(og_u256_eq(&model, &x));
        if (og_smt_check(s, no, 2) != OG_UNSAT)
            fail_msg("operation 0x%02x", op);
    }
    og_smt_free(s);
    og_terms_release(&ts);
}

/* Storage and hashes: what must and what cannot be. */
static void test_axioms(void **state)
{
    struct og_terms ts;
    (void)state;
    need_z3();
    og_terms_init(&ts, 100000);
    struct og_smt *s = og_smt_new(&ts, 4000000);
    og_t x = og_term_var(&ts, OG_V_ANY, 0, 1), y = og_term_var(&ts, OG_V_ANY, 0, 2);
    og_t one = og_term_u64(&ts, 1), five = og_term_u64(&ts, 5);
    og_t wx[2] = {x, one}, wy[2] = {y, one};
    og_t hx = og_term_keccak(&ts, wx, 64), hy = og_term_keccak(&ts, wy, 64);
    og_t same = og_term_raw(&ts, OG_T_EQ, hx, hy, 0);
    og_t differ = og_term_not(&ts, og_term_op(&ts, OG_T_EQ, x, y, 0));
    og_t q[3] = {same, differ};
    assert_int_equal(og_smt_check(s, q, 2), OG_UNSAT); /* injective */
    assert_int_equal(og_smt_check(s, q, 1), OG_SAT);
    q[0] = og_term_raw(&ts, OG_T_EQ, hx, five, 0);
    assert_int_equal(og_smt_check(s, q, 1), OG_UNSAT); /* no small number */
    og_t arr = og_term_store(&ts, og_term_base(&ts, 1), hx, five);
    og_t read = og_term_select(&ts, arr, hy);
    q[0] = og_term_not(&ts, differ);
    q[1] = og_term_not(&ts, og_term_op(&ts, OG_T_EQ, five, read, 0));
    assert_int_equal(og_smt_check(s, q, 2), OG_UNSAT); /* the same entry */
    q[0] = differ;
    assert_int_equal(og_smt_check(s, q, 2), OG_SAT);
    og_t ra = og_term_select(&ts, og_term_base(&ts, 1), x),
         rb = og_term_select(&ts, og_term_base(&ts, 1), y);
    q[0] = og_term_op(&ts, OG_T_EQ, x, y, 0);
    q[1] = og_term_op(&ts, OG_T_LT, ra, rb, 0);
    assert_int_equal(og_smt_check(s, q, 2), OG_UNSAT); /* one word at one key */
    /* the hash of a constant is that of no other word */
    og_t ht = og_term_keccak(&ts, (og_t[]){five, one}, 64);
    q[0] = og_term_raw(&ts, OG_T_EQ, hx, ht, 0);
    q[1] = og_term_not(&ts, og_term_op(&ts, OG_T_EQ, five, x, 0));
    assert_int_equal(og_smt_check(s, q, 2), OG_UNSAT);
    og_smt_free(s);
    og_terms_release(&ts);
}

struct want {
    const char *hex;
    bool overflow;
    enum og_verdict verdict;
    uint32_t induction;
    size_t transactions; /* of the refutation */
};

static void one(const struct want *w)
{
    struct og_contracts c;
    struct og_deployed d;
    struct og_proofs p;
    struct og_err err = {0};
    struct og_prove_opts o = OG_PROVE_OPTS;
    o.overflow = w->overflow;
    assert_int_equal(og_contracts_read(w->hex, strlen(w->hex), "x", &c, &err), OG_OK);
    assert_int_equal(og_deploy(&c.v[0], &d, &err), OG_OK);
    assert_int_equal(og_prove(&c.v[0], &d, &o, &p, &err), OG_OK);
    const struct og_proof *r = &p.v[p.n - 1];
    if (r->verdict != w->verdict || r->induction != w->induction || r->witness.n != w->transactions)
        fail_msg("%s: %s, %s, induction %u, %zu transactions", w->hex, og_verdict_name(r->verdict),
                 r->message, r->induction, r->witness.n);
    og_proofs_release(&p);
    og_deployed_release(&d);
    og_contracts_release(&c);
}

static void test_proofs(void **state)
{
    static const struct want all[] = {
        /* x == 0x1234 fails; x & 3 == 7 and x * x == 3 cannot be */
        {"5f3561123414600a57005bfe", false, OG_REFUTED, 0, 1},
        {"5f35600316600714600c57005bfe", false, OG_PROVED, 0, 0},
        {"5f358002600314600b57005bfe", false, OG_PROVED, 0, 0},
        /* 7 sets a slot, then 9 fails */
        {"5f35806007146015576009145f5416601357005bfe5b60015f5500", false, OG_REFUTED, 0, 2},
        /* the slot is only ever 0 or 1, so it is never 5 */
        {"5f54600514601057"
         "5f356001165f5500"
         "5bfe",
         false, OG_PROVED, 1, 0},
        /* slot 1 += x; the same with x < 2 ** 255 and slot 1 = x + 1 */
        {"6001546004350160015500", true, OG_REFUTED, 0, 2},
        {"600435600116"
         "60010160015500",
         true, OG_PROVED, 0, 0},
        {"600435600402"
         "60015500",
         true, OG_REFUTED, 0, 1},
    };
    (void)state;
    need_z3();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        one(&all[i]);
}

static void test_without(void **state)
{
    struct og_contracts c;
    struct og_deployed d;
    struct og_proofs p;
    struct og_err err = {0};
    struct og_prove_opts o = OG_PROVE_OPTS;
    (void)state;
    assert_int_equal(og_contracts_read("00", 2, "x", &c, &err), OG_OK);
    assert_int_equal(og_deploy(&c.v[0], &d, &err), OG_OK);
    enum og_rc rc = og_prove(&c.v[0], &d, &o, &p, &err);
    assert_int_equal(rc, og_smt_available() ? OG_OK : OG_E_UNAVAILABLE);
    if (rc == OG_OK)
        assert_int_equal(p.v[0].verdict, OG_PROVED);
    og_proofs_release(&p);
    og_deployed_release(&d);
    og_contracts_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_axioms),
        cmocka_unit_test(test_proofs),
        cmocka_unit_test(test_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
