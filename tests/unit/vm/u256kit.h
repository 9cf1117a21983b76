/* u256kit.h - every operation on words against OpenSSL's BIGNUMs, on seeded random words; included
 * once for the intrinsics (test_u256.c) and once for the portable path (test_u256_portable.c). */
#ifndef OG_TEST_U256KIT_H
#define OG_TEST_U256KIT_H

#include "vm/vm_u256.h"

#include <openssl/bn.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 20000

static uint64_t kit_state = 42;
static BN_CTX *kit_ctx;
static BIGNUM *kit_mod, *kit_half; /* 2^256, 2^255 */

static uint64_t draw(void)
{
    return og_splitmix64(kit_state++);
}

/* Words of all sizes, with runs of ones and zeros. */
static struct og_u256 draw_word(void)
{
    struct og_u256 w = {{draw(), draw(), draw(), draw()}};
    uint64_t how = draw();
    for (int i = 0; i < 4; i++)
        if (how >> (2 * i) & 1)
            w.w[i] = how >> (2 * i + 1) & 1 ? UINT64_MAX : 0;
    return how & 0x100 ? og_u256_shr(w, (how >> 9) & 0xff) : w;
}

static BIGNUM *to_bn(const struct og_u256 *w)
{
    uint8_t b[32];
    og_u256_store(w, b);
    BIGNUM *n = BN_bin2bn(b, 32, NULL);
    assert_non_null(n);
    return n;
}

static BIGNUM *to_signed(const struct og_u256 *w)
{
    BIGNUM *n = to_bn(w);
    if (BN_cmp(n, kit_half) >= 0)
        assert_int_equal(BN_sub(n, n, kit_mod), 1);
    return n;
}

/* n modulo 2^256; n is freed. */
static struct og_u256 from_bn_take(BIGNUM *n)
{
    uint8_t b[32];
    assert_int_equal(BN_nnmod(n, n, kit_mod, kit_ctx), 1);
    assert_int_equal(BN_bn2binpad(n, b, 32), 32);
    BN_free(n);
    return og_u256_load(b);
}

static void same(const char *what, const struct og_u256 *got, struct og_u256 want,
                 const struct og_u256 *a, const struct og_u256 *b)
{
    char g[67], w[67], ta[67], tb[67];
    if (og_u256_eq(got, &want))
        return;
    og_u256_to_hex(got, g);
    og_u256_to_hex(&want, w);
    og_u256_to_hex(a, ta);
    og_u256_to_hex(b, tb);
    fail_msg("%s of %s and %s: %s, should be %s", what, ta, tb, g, w);
}

static void check_sums(const struct og_u256 *a, const struct og_u256 *b)
{
    BIGNUM *x = to_bn(a), *y = to_bn(b), *r = BN_new();
    struct og_u256 got;
    BN_add(r, x, y);
    assert_int_equal(og_u256_addc(a, b, &got), BN_cmp(r, kit_mod) >= 0);
    same("sum", &got, from_bn_take(r), a, b);
    r = BN_new();
    BN_sub(r, x, y);
    assert_int_equal(og_u256_subb(a, b, &got), BN_is_negative(r));
    same("difference", &got, from_bn_take(r), a, b);
    assert_int_equal(og_u256_lt(a, b), BN_cmp(x, y) < 0);
    r = BN_new();
    BN_mul(r, x, y, kit_ctx);
    got = og_u256_mul(a, b);
    same("product", &got, from_bn_take(r), a, b);
    assert_int_equal(og_u256_bits(a), BN_num_bits(x));
    BN_free(x);
    BN_free(y);
    x = to_signed(a);
    y = to_signed(b);
    assert_int_equal(og_u256_slt(a, b), BN_cmp(x, y) < 0);
    BN_free(x);
    BN_free(y);
}

static void check_quotients(const struct og_u256 *a, const struct og_u256 *b)
{
    if (og_u256_is_zero(b))
        return;
    BIGNUM *x = to_bn(a), *y = to_bn(b), *q = BN_new(), *r = BN_new();
    struct og_u256 got = og_u256_div(a, b);
    BN_div(q, r, x, y, kit_ctx);
    same("quotient", &got, from_bn_take(q), a, b);
    got = og_u256_mod(a, b);
    same("remainder", &got, from_bn_take(r), a, b);
    BN_free(x);
    BN_free(y);
    x = to_signed(a);
    y = to_signed(b);
    q = BN_new();
    r = BN_new();
    BN_div(q, r, x, y, kit_ctx); /* truncates, as the EVM does */
    got = og_u256_sdiv(a, b);
    same("signed quotient", &got, from_bn_take(q), a, b);
    got = og_u256_smod(a, b);
    same("signed remainder", &got, from_bn_take(r), a, b);
    BN_free(x);
    BN_free(y);
}

static void check_modular(const struct og_u256 *a, const struct og_u256 *b, const struct og_u256 *m)
{
    BIGNUM *x = to_bn(a), *y = to_bn(b), *z = to_bn(m), *r = BN_new();
    struct og_u256 got = og_u256_addmod(a, b, m);
    if (og_u256_is_zero(m)) {
        assert_true(og_u256_is_zero(&got));
        got = og_u256_mulmod(a, b, m);
        assert_true(og_u256_is_zero(&got));
        BN_free(r);
    } else {
        BN_mod_add(r, x, y, z, kit_ctx);
        same("sum modulo", &got, from_bn_take(r), a, b);
        r = BN_new();
        BN_mod_mul(r, x, y, z, kit_ctx);
        got = og_u256_mulmod(a, b, m);
        same("product modulo", &got, from_bn_take(r), a, b);
    }
    BN_free(x);
    BN_free(y);
    BN_free(z);
}

static void check_shifts(const struct og_u256 *a, uint64_t n)
{
    BIGNUM *x = to_bn(a), *s = to_signed(a), *r = BN_new();
    struct og_u256 got = og_u256_shl(*a, n), by = og_u256_of(n);
    BN_lshift(r, x, (int)n);
    same("left shift", &got, from_bn_take(r), a, &by);
    r = BN_new();
    BN_rshift(r, x, (int)n);
    got = og_u256_shr(*a, n);
    same("right shift", &got, from_bn_take(r), a, &by);
    r = BN_new(); /* floor(s / 2^n): −1 − floor((−1 − s) / 2^n) for s < 0 */
    bool negative = BN_is_negative(s);
    if (negative) {
        BN_add_word(s, 1);
        BN_set_negative(s, 0);
    }
    BN_rshift(r, s, (int)n);
    if (negative) {
        BN_add_word(r, 1);
        BN_set_negative(r, 1);
    }
    got = og_u256_sar(*a, n);
    same("arithmetic shift", &got, from_bn_take(r), a, &by);
    BN_free(x);
    BN_free(s);
}

static void test_random(void **st)
{
    (void)st;
    for (int i = 0; i < ROUNDS; i++) {
        struct og_u256 a = draw_word(), b = draw_word(), m = draw_word();
        check_sums(&a, &b);
        check_quotients(&a, &b);
        check_modular(&a, &b, &m);
        check_shifts(&a, draw() % 300);
    }
}

static void test_powers(void **st)
{
    (void)st;
    for (int i = 0; i < 1000; i++) {
        struct og_u256 a = i % 3 ? draw_word() : og_u256_of(2), e = draw_word();
        if (i % 2)
            e = og_u256_shr(e, 200 + draw() % 56);
        BIGNUM *x = to_bn(&a), *y = to_bn(&e), *r = BN_new();
        assert_int_equal(BN_mod_exp(r, x, y, kit_mod, kit_ctx), 1);
        struct og_u256 got = og_u256_exp(&a, &e);
        same("power", &got, from_bn_take(r), &a, &e);
        BN_free(x);
        BN_free(y);
    }
}

static void test_signextend(void **st)
{
    (void)st;
    for (int i = 0; i < 2000; i++) {
        struct og_u256 a = draw_word(), k = og_u256_of((uint64_t)i % 34);
        struct og_u256 got = og_u256_signextend(&k, a);
        unsigned left = k.w[0] > 30 ? 0 : 248 - 8 * (unsigned)k.w[0];
        same("sign extension", &got, og_u256_sar(og_u256_shl(a, left), left), &a, &k);
    }
    struct og_u256 far = {{0, 1, 0, 0}}, a = og_u256_of(0x80);
    struct og_u256 got = og_u256_signextend(&far, a);
    same("sign extension", &got, a, &a, &far);
}

static void test_edges(void **st)
{
    (void)st;
    const struct og_u256 zero = OG_U256_ZERO, one = og_u256_of(1), all = og_u256_sub(zero, one);
    const struct og_u256 least = {{0, 0, 0, UINT64_C(1) << 63}};
    struct og_u256 got = og_u256_div(&all, &zero);
    assert_true(og_u256_is_zero(&got));
    got = og_u256_mod(&all, &zero);
    assert_true(og_u256_is_zero(&got));
    got = og_u256_sdiv(&least, &all); /* −2^255 / −1 wraps */
    assert_true(og_u256_eq(&got, &least));
    got = og_u256_smod(&least, &all);
    assert_true(og_u256_is_zero(&got));
    got = og_u256_exp(&zero, &zero);
    assert_true(og_u256_eq(&got, &one));
    got = og_u256_sar(least, 255);
    assert_true(og_u256_eq(&got, &all));
    got = og_u256_sar(least, UINT64_MAX);
    assert_true(og_u256_eq(&got, &all));
    got = og_u256_shl(one, 256);
    assert_true(og_u256_is_zero(&got));
    got = og_u256_mulmod(&all, &all, &all);
    assert_true(og_u256_is_zero(&got));
}

static void test_text(void **st)
{
    char s[67];
    struct og_u256 v;
    (void)st;
    og_u256_to_hex(&OG_U256_ZERO, s);
    assert_string_equal(s, "0x0");
    for (int i = 0; i < 1000; i++) {
        struct og_u256 a = draw_word();
        og_u256_to_hex(&a, s);
        assert_true(og_u256_from_hex(s, &v));
        assert_true(og_u256_eq(&a, &v));
    }
    static const char *const bad[] = {"",
                                      "0",
                                      "0x",
                                      "12",
                                      "0xg",
                                      "0x 1",
                                      "-0x1",
                                      "0x11111111111111111111111111111111111111111111111111111111"
                                      "111111111"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(og_u256_from_hex(bad[i], &v));
}

static int open_kit(void **st)
{
    (void)st;
    kit_ctx = BN_CTX_new();
    kit_mod = BN_new();
    kit_half = BN_new();
    BN_set_bit(kit_mod, 256);
    BN_set_bit(kit_half, 255);
    return 0;
}

static int close_kit(void **st)
{
    (void)st;
    BN_free(kit_half);
    BN_free(kit_mod);
    BN_CTX_free(kit_ctx);
    return 0;
}

static const struct CMUnitTest kit_tests[] = {
    cmocka_unit_test(test_random), cmocka_unit_test(test_powers), cmocka_unit_test(test_signextend),
    cmocka_unit_test(test_edges),  cmocka_unit_test(test_text),
};

#endif
