/* test_keccak.c - Keccak-256 vectors of the Keccak team (KeccakKAT-3, short and long messages). */
#include "base/base_num.h"
#include "vm/vm_keccak.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(const void *p, size_t n, const char *want)
{
    char hex[65];
    struct og_hash h = og_keccak256(p, n);
    og_hex_encode(h.b, sizeof h.b, hex);
    assert_string_equal(hex, want);
}

static void test_vectors(void **st)
{
    static const char fox[] = "The quick brown fox jumps over the lazy dog";
    static const uint8_t cc = 0xcc;
    (void)st;
    check("", 0, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    check("abc", 3, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    check(fox, 43, "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15");
    check(&cc, 1, "eead6dbfc7340a56caedc044696a168870549a6a7f6f56961e84a54bd9970b8a");
    struct og_hash none = og_keccak256(NULL, 0);
    assert_memory_equal(none.b, og_keccak_empty.b, sizeof none.b);
}

/* Lengths around the rate of 136 bytes; the chain's end was computed by @noble/hashes. */
static void test_lengths(void **st)
{
    uint8_t b[700];
    struct og_hash h = {{0}};
    (void)st;
    for (size_t n = 0; n < sizeof b; n++) {
        memset(b, (int)(n & 0xff), n);
        memcpy(b, h.b, n < sizeof h.b ? n : sizeof h.b);
        h = og_keccak256(b, n);
    }
    char hex[65];
    og_hex_encode(h.b, sizeof h.b, hex);
    assert_string_equal(hex, "44dc4bf8f51b27116366b09e5f7ede25e11c709360ce0f0380aa7838acfb11b5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
