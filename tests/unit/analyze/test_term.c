/* test_term.c - simplified terms and what facts say of them, against random words. */
#include "analyze/analyze_eval.h"
#include "analyze/analyze_fact.h"
#include "analyze/analyze_simp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VARS  6
#define POOL  40
#define TRIES 3000

struct rng {
    uint64_t s;
};

static uint64_t next(struct rng *r)
{
    return og_splitmix64(r->s++);
}

/* Words near the places where rules go wrong. */
static struct og_u256 some_word(struct rng *r)
{
    struct og_u256 w = {{next(r), next(r), next(r), next(r)}};
    switch (next(r) % 7) {
    case 0: return og_u256_of(next(r) % 4);
    case 1: return og_u256_of(next(r) % 300);
    case 2: return og_u256_shl(og_u256_of(1), next(r) % 256);
    case 3: return og_u256_sub(og_u256_shl(og_u256_of(1), next(r) % 257), og_u256_of(1));
    case 4: return og_u256_sub(OG_U256_ZERO, og_u256_of(next(r) % 4));
    case 5: return og_u256_shr(w, next(r) % 256);
    default: return w;
    }
}

struct world {
    struct og_terms ts;
    struct og_u256 var[VARS];
};

static struct og_u256 unknown(void *ctx, og_t t, const struct og_u256 *a, const struct og_u256 *b)
{
    const struct world *w = ctx;
    const struct og_term *n = &w->ts.v[t];
    (void)a;
    (void)b;
    struct og_u256 v = w->var[n->c % VARS];
    return og_u256_shr(og_u256_shl(v, 256u - n->bits), 256u - n->bits);
}

static struct og_u256 slot(void *ctx, uint32_t base, const struct og_u256 *key)
{
    const struct world *w = ctx;
    return og_u256_add(w->var[base % VARS], *key);
}

static const uint8_t ops[] = {
    OG_T_ADD,    OG_T_MUL,    OG_T_SUB,    OG_T_DIV,    OG_T_SDIV,       OG_T_MOD,
    OG_T_SMOD,   OG_T_EXP,    OG_T_LT,     OG_T_LT + 1, OG_T_SLT,        OG_T_SLT + 1,
    OG_T_EQ,     OG_T_ISZERO, OG_T_AND,    OG_T_OR,     OG_T_XOR,        OG_T_NOT,
    OG_T_BYTE,   OG_T_SHL,    OG_T_SHR,    OG_T_SAR,    OG_T_SIGNEXTEND, OG_T_ADDMOD,
    OG_T_MULMOD, OG_T_MULOK,  OG_T_ISZERO, OG_T_AND,    OG_T_ADD,        OG_T_SUB,
};

static struct og_u256 fold(uint8_t op, struct og_u256 a, struct og_u256 b, struct og_u256 c)
{
    if (op == OG_T_LT + 1 || op == OG_T_SLT + 1)
        return og_simp_fold(op - 1, &b, &a, &c);
    return og_simp_fold(op, &a, &b, &c);
}

static void fill(struct world *w, struct rng *r)
{
    for (int i = 0; i < VARS; i++)
        w->var[i] = some_word(r);
}

/* A pool of terms grows by operations on its members; beside each stands its word. */
static void grow(struct world *w, struct rng *r, og_t *pool)
{
    static const enum og_tvar kinds[] = {OG_V_ANY, OG_V_CALLER, OG_V_SUCCESS, OG_V_VALUE};
    for (unsigned i = 0; i < POOL; i++) {
        if (i < 5) {
            pool[i] = og_term_var(&w->ts, kinds[next(r) % 4], 0, (uint32_t)(next(r) % VARS));
        } else if (i < 9) {
            struct og_u256 c = some_word(r);
            pool[i] = og_term_const(&w->ts, &c);
        } else {
            uint8_t op = ops[next(r) % sizeof ops];
            og_t a = pool[next(r) % i], b = pool[next(r) % i], c = pool[next(r) % i];
            pool[i] = og_term_op(&w->ts, op, a, b, c);
        }
    }
}

static void test_rules(void **state)
{
    struct rng r = {1};
    (void)state;
    for (int i = 0; i < TRIES; i++) {
        struct world w;
        struct og_eval e;
        og_t pool[POOL];
        og_terms_init(&w.ts, 100000);
        fill(&w, &r);
        og_eval_init(&e, &w.ts);
        e.ctx = &w;
        e.unknown = unknown;
        e.slot = slot;
        for (unsigned k = 0; k < POOL; k++) {
            if (k < 9) {
                struct og_u256 c = some_word(&r);
                pool[k] = k % 2 ? og_term_const(&w.ts, &c)
                                : og_term_var(&w.ts, k % 4 ? OG_V_ANY : OG_V_SUCCESS, 0, k % VARS);
                continue;
            }
            uint8_t op = ops[next(&r) % sizeof ops];
            og_t p[3] = {pool[next(&r) % k], pool[next(&r) % k], pool[next(&r) % k]};
            struct og_u256 want = fold(op, og_eval(&e, p[0]), og_eval(&e, p[1]), og_eval(&e, p[2]));
            pool[k] = og_term_op(&w.ts, op, p[0], p[1], p[2]);
            struct og_u256 got = og_eval(&e, pool[k]);
            assert_true(og_u256_eq(&want, &got));
            assert_true(og_u256_bits(&got) <= w.ts.v[pool[k]].bits);
        }
        og_eval_release(&e);
        og_terms_release(&w.ts);
    }
}

/* Conditions that hold for the words at hand are facts; then no answer may contradict the words. */
static void test_facts(void **state)
{
    struct rng r = {2};
    size_t known = 0;
    (void)state;
    for (int i = 0; i < TRIES; i++) {
        struct world w;
        struct og_eval e;
        struct og_facts f = {0};
        og_t pool[POOL];
        og_terms_init(&w.ts, 100000);
        fill(&w, &r);
        grow(&w, &r, pool);
        og_eval_init(&e, &w.ts);
        e.ctx = &w;
        e.unknown = unknown;
        e.slot = slot;
        for (int k = 0; k < 8; k++) {
            static const uint8_t tests[] = {OG_T_LT, OG_T_EQ, OG_T_LT, OG_T_MULOK};
            og_t t = og_term_op(&w.ts, tests[next(&r) % 4], pool[next(&r) % POOL],
                                pool[next(&r) % POOL], 0);
            struct og_u256 v = og_eval(&e, t);
            og_facts_add(&w.ts, &f, og_u256_is_zero(&v) ? og_term_not(&w.ts, t) : t);
        }
        for (int k = 0; k < 30; k++) {
            og_t a = pool[next(&r) % POOL], b = pool[next(&r) % POOL];
            struct og_u256 va = og_eval(&e, a), vb = og_eval(&e, b), x;
            struct og_range range = og_facts_range(&w.ts, &f, a);
            assert_false(og_u256_lt(&va, &range.lo) || og_u256_lt(&range.hi, &va));
            if (og_facts_le(&w.ts, &f, a, b)) {
                known++;
                assert_false(og_u256_lt(&vb, &va));
            }
            enum og_truth truth = og_facts_decide(&w.ts, &f, a);
            assert_true(truth == OG_EITHER || (truth == OG_TRUE) != og_u256_is_zero(&va));
            if (og_facts_exact(&w.ts, &f, OG_T_ADD, a, b))
                assert_false(og_u256_addc(&va, &vb, &x));
            if (og_facts_exact(&w.ts, &f, OG_T_SUB, a, b))
                assert_false(og_u256_lt(&va, &vb));
            if (og_facts_exact(&w.ts, &f, OG_T_MUL, a, b))
                assert_false(og_u256_is_zero(
                    &(struct og_u256){{og_simp_fold(OG_T_MULOK, &va, &vb, NULL).w[0], 0, 0, 0}}));
        }
        og_facts_release(&f);
        og_eval_release(&e);
        og_terms_release(&w.ts);
    }
    assert_true(known > 1000); /* the test tests something */
}

static void test_named(void **state)
{
    struct og_terms ts;
    struct og_facts f = {0};
    (void)state;
    og_terms_init(&ts, 10000);
    og_t x = og_term_var(&ts, OG_V_ANY, 0, 1), y = og_term_var(&ts, OG_V_ANY, 0, 2),
         z = og_term_var(&ts, OG_V_ANY, 0, 3);
    og_t zero = og_term_u64(&ts, 0);
    /* checked arithmetic of Solidity 0.8 is recognized in its forms */
    og_t m = og_term_op(&ts, OG_T_MUL, x, y, 0), d = og_term_op(&ts, OG_T_DIV, m, x, 0);
    og_t ok = og_term_op(&ts, OG_T_OR, og_term_not(&ts, x), og_term_op(&ts, OG_T_EQ, y, d, 0), 0);
    assert_int_equal(ok, og_term_op(&ts, OG_T_MULOK, x, y, 0));
    og_t ones = og_term_op(&ts, OG_T_NOT, zero, 0, 0);
    og_t old =
        og_term_op(&ts, OG_T_AND, og_term_not(&ts, og_term_not(&ts, x)),
                   og_term_op(&ts, OG_T_LT + 1, y, og_term_op(&ts, OG_T_DIV, ones, x, 0), 0), 0);
    assert_int_equal(old, og_term_not(&ts, ok));
    /* x + y >= x is known, so is that nothing was lost */
    og_t sum = og_term_op(&ts, OG_T_ADD, x, y, 0);
    assert_false(og_facts_exact(&ts, &f, OG_T_ADD, x, y));
    og_facts_add(&ts, &f, og_term_not(&ts, og_term_op(&ts, OG_T_LT, sum, x, 0)));
    assert_true(og_facts_exact(&ts, &f, OG_T_ADD, x, y));
    assert_true(og_facts_exact(&ts, &f, OG_T_ADD, y, x));
    assert_true(og_facts_le(&ts, &f, x, sum));
    /* z <= x, so z + y is whole too */
    og_facts_add(&ts, &f, og_term_not(&ts, og_term_op(&ts, OG_T_LT, x, z, 0)));
    assert_true(og_facts_exact(&ts, &f, OG_T_ADD, y, z));
    assert_true(og_facts_exact(&ts, &f, OG_T_SUB, x, z));
    assert_false(og_facts_exact(&ts, &f, OG_T_SUB, z, x));
    og_facts_release(&f);
    og_terms_release(&ts);
}

static void test_storage(void **state)
{
    struct og_terms ts;
    (void)state;
    og_terms_init(&ts, 10000);
    og_t who = og_term_var(&ts, OG_V_CALLER, 0, 0), arg = og_term_var(&ts, OG_V_CDWORD, 0, 0);
    og_t one = og_term_u64(&ts, 1), two = og_term_u64(&ts, 2);
    og_t w1[2] = {who, one}, w2[2] = {who, two}, w3[2] = {arg, one};
    og_t k1 = og_term_keccak(&ts, w1, 64), k2 = og_term_keccak(&ts, w2, 64),
         k3 = og_term_keccak(&ts, w3, 64);
    og_t s = og_term_base(&ts, 1);
    s = og_term_store(&ts, s, k1, one);
    s = og_term_store(&ts, s, k2, two);
    assert_int_equal(og_term_select(&ts, s, k1), one); /* mappings of two slots are apart */
    assert_int_equal(og_term_select(&ts, s, one), og_term_select(&ts, og_term_base(&ts, 1), one));
    /* another key of the same mapping may be the same entry */
    assert_int_equal(ts.v[og_term_select(&ts, s, k3)].op, OG_T_SELECT);
    assert_true(og_term_has(&ts, og_term_select(&ts, s, k3), arg));
    assert_false(og_term_differ(&ts, k1, k3));
    assert_true(og_term_differ(&ts, k1, og_term_op(&ts, OG_T_ADD, one, k1, 0)));
    /* the hash of a constant is one, and still known as a hash */
    og_t h = og_term_keccak(&ts, &two, 32), list;
    uint32_t n;
    struct og_u256 off;
    assert_non_null(og_term_word(&ts, h));
    assert_true(og_term_hash(&ts, og_term_op(&ts, OG_T_ADD, h, two, 0), &list, &n, &off));
    assert_int_equal(off.w[0], 2);
    assert_int_equal(ts.v[list].a, two);
    og_terms_release(&ts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_storage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
