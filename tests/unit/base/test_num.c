/* test_num.c - checked integers, decimal text, hex, big-endian; splitmix64 against its reference.
 */
#include "base/base_num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_parse(void **state)
{
    (void)state;
    uint64_t v = 1;
    assert_true(og_parse_u64("0", UINT64_MAX, &v));
    assert_int_equal(v, 0);
    assert_true(og_parse_u64("18446744073709551615", UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    assert_true(og_parse_u64("64", 64, &v));
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "01",
                                      "00",
                                      "1x",
                                      "0x1",
                                      "1.0",
                                      "1e3",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "184467440737095516150"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        v = 9;
        if (og_parse_u64(bad[i], UINT64_MAX, &v))
            fail_msg("'%s' was taken", bad[i]);
        assert_int_equal(v, 0);
    }
    assert_false(og_parse_u64("65", 64, &v));
    assert_true(og_parse_u64n("123", 2, UINT64_MAX, &v));
    assert_int_equal(v, 12);
    assert_false(og_parse_u64n("1\0", 2, UINT64_MAX, &v));
}

static void test_overflow(void **state)
{
    (void)state;
    uint64_t v;
    assert_true(og_add_u64(UINT64_MAX - 1, 1, &v));
    assert_false(og_add_u64(UINT64_MAX, 1, &v));
    assert_true(og_sub_u64(1, 1, &v));
    assert_false(og_sub_u64(0, 1, &v));
    assert_true(og_mul_u64(1u << 31, 1ull << 32, &v));
    assert_false(og_mul_u64(1ull << 32, 1ull << 32, &v));
}

static void test_muldiv(void **state)
{
    (void)state;
    assert_int_equal(og_muldiv(7, 3, 2), 10);
    assert_int_equal(og_muldiv_up(7, 3, 2), 11);
    assert_int_equal(og_muldiv_up(6, 3, 2), 9);
    assert_true(og_muldiv(UINT64_MAX, UINT64_MAX, UINT64_MAX) == UINT64_MAX);
    assert_true(og_muldiv_up(UINT64_MAX, UINT64_MAX, UINT64_MAX) == UINT64_MAX);
    assert_true(og_muldiv(UINT64_MAX, 2, 1) == UINT64_MAX);
    assert_true(og_muldiv_up(UINT64_MAX, UINT64_MAX, UINT64_MAX - 1) == UINT64_MAX);
    assert_int_equal(og_muldiv(0, UINT64_MAX, 1), 0);
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t b[4];
    char t[9];
    assert_true(og_hex_decode("00ff7a10", 8, b, 4));
    assert_memory_equal(b, "\x00\xff\x7a\x10", 4);
    og_hex_encode(b, 4, t);
    assert_string_equal(t, "00ff7a10");
    assert_false(og_hex_decode("00FF7a10", 8, b, 4));
    assert_false(og_hex_decode("00ff7a1", 7, b, 4));
    assert_false(og_hex_decode("00ff7a1g", 8, b, 4));
    assert_true(og_hex_decode("", 0, b, 0));
}

static void test_endian(void **state)
{
    (void)state;
    uint8_t p[8];
    og_put_be64(p, 0x8000000000000001u);
    assert_memory_equal(p, "\x80\0\0\0\0\0\0\1", 8);
    assert_true(og_get_be64(p) == 0x8000000000000001u);
    og_put_be32(p, 0xfffefdfcu);
    assert_true(og_get_be32(p) == 0xfffefdfcu);
}

/* The first outputs of the reference splitmix64 with seed 1234567. */
static void test_splitmix(void **state)
{
    (void)state;
    static const uint64_t want[] = {6457827717110365317u, 3203168211198807973u,
                                    9817491932198370423u, 4593380528125082431u};
    uint64_t s = 1234567;
    for (size_t i = 0; i < 4; i++) {
        assert_true(og_splitmix64(s) == want[i]);
        s += 0x9e3779b97f4a7c15u;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),  cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_muldiv), cmocka_unit_test(test_hex),
        cmocka_unit_test(test_endian), cmocka_unit_test(test_splitmix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
