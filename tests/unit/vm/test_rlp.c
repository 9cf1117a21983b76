/* test_rlp.c - RLP of the Yellow Paper's definition, vectors of ethereum/tests
 * RLPTests/rlptest.json. */
#include "vm/vm_rlp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(struct og_buf *b, const char *want)
{
    struct og_buf hex = OG_BUF_INIT;
    og_buf_add_hex(&hex, b->p, b->len);
    assert_string_equal(hex.p, want);
    og_buf_release(&hex);
    og_buf_reset(b);
}

static void test_strings(void **st)
{
    struct og_buf b = OG_BUF_INIT;
    static const char lorem[] = "Lorem ipsum dolor sit amet, consectetur adipisicing elit";
    (void)st;
    og_rlp_bytes(&b, NULL, 0);
    check(&b, "80");
    og_rlp_bytes(&b, "\0", 1);
    check(&b, "00");
    og_rlp_bytes(&b, "\x7f", 1);
    check(&b, "7f");
    og_rlp_bytes(&b, "\x80", 1);
    check(&b, "8180");
    og_rlp_bytes(&b, "dog", 3);
    check(&b, "83646f67");
    og_rlp_bytes(&b, lorem, 55);
    assert_int_equal((uint8_t)b.p[0], 0xb7);
    assert_int_equal(b.len, 56);
    og_buf_reset(&b);
    og_rlp_bytes(&b, lorem, 56);
    assert_int_equal((uint8_t)b.p[0], 0xb8);
    assert_int_equal(b.p[1], 56);
    assert_memory_equal(b.p + 2, lorem, 56);
    og_buf_reset(&b);
    char *big = calloc(1, 70000);
    og_rlp_bytes(&b, big, 70000);
    assert_memory_equal(b.p, "\xba\x01\x11\x70", 4);
    assert_int_equal(b.len, 70004);
    free(big);
    og_buf_release(&b);
}

static void test_numbers(void **st)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_u256 big = {{0, 0, 0, UINT64_C(1) << 63}};
    (void)st;
    og_rlp_u64(&b, 0);
    check(&b, "80");
    og_rlp_u64(&b, 16);
    check(&b, "10");
    og_rlp_u64(&b, 128);
    check(&b, "8180");
    og_rlp_u64(&b, 1000);
    check(&b, "8203e8");
    og_rlp_u64(&b, UINT64_MAX);
    check(&b, "88ffffffffffffffff");
    og_rlp_u256(&b, &big);
    check(&b, "a08000000000000000000000000000000000000000000000000000000000000000");
    og_buf_release(&b);
}

static void test_lists(void **st)
{
    struct og_buf b = OG_BUF_INIT;
    (void)st;
    og_rlp_list(&b, 0);
    check(&b, "c0");
    og_rlp_bytes(&b, "dog", 3);
    og_rlp_bytes(&b, "god", 3);
    og_rlp_bytes(&b, "cat", 3);
    og_rlp_list(&b, 0);
    check(&b, "cc83646f6783676f6483636174");
    /* [ [], [[]], [ [], [[]] ] ] */
    og_rlp_list(&b, 0);
    size_t two = b.len;
    og_rlp_list(&b, two);
    og_rlp_list(&b, two);
    size_t three = b.len;
    og_rlp_list(&b, three);
    size_t inner = b.len;
    og_rlp_list(&b, inner);
    og_rlp_list(&b, inner);
    og_rlp_list(&b, three);
    og_rlp_list(&b, 0);
    check(&b, "c7c0c1c0c3c0c1c0");
    for (int i = 0; i < 60; i++)
        og_rlp_u64(&b, 1);
    og_rlp_list(&b, 0);
    assert_memory_equal(b.p, "\xf8\x3c\x01", 3);
    assert_int_equal(b.len, 62);
    og_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
