/* test_addr.c - bech32m by BIP-350's vectors, addresses by our own. */
#include "crypto/crypto_addr.h"

#include "base/base_num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void bip350_valid(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "A1LQFN3A",
        "a1lqfn3a",
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg"
        "6",
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        ("11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr"
         "8"),
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
        "?1v759aa",
    };
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
        assert_true(og_bech32m_valid(valid[i]));
}

static void bip350_invalid(void **state)
{
    (void)state;
    static const char *const invalid[] = {
        "\x20"
        "1xj0phk",
        "\x7f"
        "1g6xzxy",
        "\x80"
        "1vctc34",
        "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts"
        "4",
        "qyrz8wqd2c9m",
        "1qyrz8wqd2c9m",
        "y1b0jsk6g",
        "lt1igcx5c0",
        "in1muywd",
        "mm1crxm3i",
        "au1s5cgom",
        "M1VUXWEZ",
        "16plkw9",
        "1p2gdwpf",
        /* bech32, the older checksum */
        "A12UEL5L",
        "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
        "a1LQFN3A", /* mixed case */
        "",
    };
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        assert_false(og_bech32m_valid(invalid[i]));
}

/* Valid checksums over 5-bit strings that are no whole bytes: too many bits left over, or not zero.
 */
static void odd_bits_are_refused(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "a1qy52hkn",   /* 5 bits */
        "a1qqqcmw5yr", /* 15 bits */
        "a1qpg8r8qs",  /* 8 bits and 01 */
        ("11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr"
         "8"),
    };
    char hrp[84];
    uint8_t out[64];
    size_t n;
    struct og_err err;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_true(og_bech32m_valid(odd[i]));
        assert_int_equal(og_bech32m_decode(odd[i], hrp, out, sizeof out, &n, &err), OG_E_DATA);
        assert_int_equal(n, 0);
    }
    assert_int_equal(og_bech32m_decode("a1lqfn3a", hrp, out, sizeof out, &n, &err), OG_OK);
    assert_int_equal(n, 0);
    assert_string_equal(hrp, "a");
}

static void every_length_round_trips(void **state)
{
    (void)state;
    uint8_t in[52], out[64];
    char text[128], hrp[84];
    struct og_err err;
    size_t n;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 0; len <= 46; len++) {
        assert_int_equal(og_bech32m_encode("ogpux", in, len, text, sizeof text, &err), OG_OK);
        assert_int_equal(og_bech32m_decode(text, hrp, out, sizeof out, &n, &err), OG_OK);
        assert_string_equal(hrp, "ogpux");
        assert_int_equal(n, len);
        assert_memory_equal(out, in, len);
        if (len)
            assert_int_equal(og_bech32m_decode(text, hrp, out, len - 1, &n, &err), OG_E_DATA);
    }
    assert_int_equal(og_bech32m_encode("ogpu", in, 52, text, sizeof text, &err), OG_E_USAGE);
    assert_int_equal(og_bech32m_encode("OGPU", in, 5, text, sizeof text, &err), OG_E_USAGE);
    assert_int_equal(og_bech32m_encode("ogpu", in, 20, text, 43, &err), OG_E_USAGE);
}

static struct og_addr sample(void)
{
    struct og_addr a;
    for (size_t i = 0; i < sizeof a.b; i++)
        a.b[i] = (uint8_t)i;
    return a;
}

static void address_vectors(void **state)
{
    (void)state;
    char text[OG_ADDR_TEXT];
    struct og_addr a = sample(), b;
    struct og_err err;
    og_addr_format(&a, text);
    assert_string_equal(text, "ogpu1qqqsyqcyq5rqwzqfpg9scrgwpugpzysna0gnph");
    assert_int_equal(og_addr_parse(text, &b, &err), OG_OK);
    assert_true(og_addr_eq(&a, &b));
    b.b[19] ^= 1;
    assert_false(og_addr_eq(&a, &b));
    /* SHA-256("ed25519\0" ‖ "key") */
    a = og_addr_of_key("ed25519", "key", 3);
    char hex[41];
    og_hex_encode(a.b, sizeof a.b, hex);
    assert_string_equal(hex, "cca832d8bb674caa108a2e048d424bf0be66b682");
}

static void no_damaged_address_passes(void **state)
{
    (void)state;
    char text[OG_ADDR_TEXT];
    struct og_addr a = sample(), b;
    struct og_err err;
    og_addr_format(&a, text);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        for (int c = 1; c < 256; c++) {
            char bad[OG_ADDR_TEXT];
            memcpy(bad, text, sizeof bad);
            if ((unsigned char)bad[i] == c)
                continue;
            bad[i] = (char)c;
            assert_int_equal(og_addr_parse(bad, &b, &err), OG_E_DATA);
        }
    for (size_t i = 0; i < len; i++) {
        char bad[OG_ADDR_TEXT];
        memcpy(bad, text, sizeof bad);
        bad[i] = '\0';
        assert_int_equal(og_addr_parse(bad, &b, &err), OG_E_DATA);
    }
}

static void an_address_has_one_text(void **state)
{
    (void)state;
    struct og_addr b;
    struct og_err err;
    char text[OG_ADDR_TEXT];
    const char *upper = "OGPU1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNA0GNPH";
    assert_true(og_bech32m_valid(upper));
    assert_int_equal(og_addr_parse(upper, &b, &err), OG_E_DATA);
    /* other prefixes, other lengths */
    struct og_addr a = sample();
    assert_int_equal(og_bech32m_encode("ogpv", a.b, 20, text, sizeof text, &err), OG_OK);
    assert_int_equal(og_addr_parse(text, &b, &err), OG_E_DATA);
    assert_int_equal(og_bech32m_encode("ogpu", a.b, 19, text, sizeof text, &err), OG_OK);
    assert_int_equal(og_addr_parse(text, &b, &err), OG_E_DATA);
    assert_int_equal(og_addr_parse("", &b, &err), OG_E_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bip350_valid),
        cmocka_unit_test(bip350_invalid),
        cmocka_unit_test(odd_bits_are_refused),
        cmocka_unit_test(every_length_round_trips),
        cmocka_unit_test(address_vectors),
        cmocka_unit_test(no_damaged_address_passes),
        cmocka_unit_test(an_address_has_one_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
