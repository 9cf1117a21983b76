/* test_pre.c - precompiles: vectors of EIP-152, EIP-196, EIP-197, EIP-198, EIP-2565 and
 * go-ethereum; what is marked so was computed by @ethereumjs/evm. */
#include "base/base_buf.h"
#include "base/base_num.h"
#include "vm/vm_pre.h"
#include "vm/vm_u256.h"

#include <openssl/bn.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_buf in = OG_BUF_INIT, out = OG_BUF_INIT;

static void add_hex(const char *hex)
{
    size_t n = strlen(hex) / 2;
    og_buf_reserve(&in, n);
    assert_true(og_hex_decode(hex, strlen(hex), (uint8_t *)in.p + in.len, n));
    in.len += n;
}

static void check(unsigned number, const char *hex, int64_t gas, const char *want)
{
    struct og_buf got = OG_BUF_INIT;
    og_buf_reset(&in);
    og_buf_reset(&out);
    add_hex(hex);
    assert_int_equal(og_vm_pre_gas(number, (const uint8_t *)in.p, in.len), gas);
    bool done = og_vm_pre_run(number, (const uint8_t *)in.p, in.len, &out);
    assert_int_equal(done, want != NULL);
    if (want) {
        og_buf_add_hex(&got, out.p, out.len);
        assert_string_equal(got.p ? got.p : "", want);
    }
    og_buf_release(&got);
}

#define WORD(tail) "00000000000000000000000000000000000000000000000000000000000000" tail
#define SIG                                                                                        \
    "9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac80388256084f8ae3bd7535248d0bd448298cc2" \
    "e2071e56992d0774dc340c368ae950852ada"
#define HASH "456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3"
#define ALL  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void test_ecrecover(void **st)
{
    (void)st;
    check(1, HASH WORD("1c") SIG, 3000,
          "0000000000000000000000007156526fbd7a3c72969b54f64e42c10fbb768c8a");
    check(1, HASH WORD("1d") SIG, 3000, "");
    check(1,
          HASH "01"
               "00000000000000000000000000000000000000000000000000000000"
               "00001c" SIG,
          3000, "");
    check(1, HASH WORD("1b") WORD("00") WORD("01"), 3000, "");
    check(1, HASH WORD("1b") ALL WORD("01"), 3000, ""); /* r is not below the order */
    check(1, "", 3000, "");
}

static void test_hashes(void **st)
{
    (void)st;
    check(2, "616263", 72, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(3, "616263", 720, "0000000000000000000000008eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
    check(3, "", 600, "0000000000000000000000009c1185a5c5e9fc54612808977ee8f548b2258d31");
    check(4, "616263", 18, "616263");
    check(4, "", 15, "");
}

static void test_modexp_eip(void **st)
{
    (void)st;
    /* EIP-198's first example: 3^(2^256 − 2^32 − 978) mod (2^256 − 2^32 − 977) = 1 */
    check(5,
          WORD("01") WORD("20")
              WORD("20") "03"
                         "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2e"
                         "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
          1360, WORD("01"));
    check(5,
          WORD("00") WORD("20")
              WORD("20") "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2e"
                         "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
          1360, WORD("00"));
    check(5, "", 200, "");
    check(5, WORD("00") WORD("00") WORD("01") "05", 200, "01"); /* 0^0 */
    check(5, WORD("00") WORD("00") WORD("01") "01", 200, "00");
    check(5,
          WORD("01") WORD("01") WORD("02") "0302"
                                           "0000",
          200, "0000");
    check(5,
          WORD("01") WORD("01") WORD("03") "0302"
                                           "000007",
          200, "000002");
    og_buf_reset(&in); /* lengths that no gas pays for */
    add_hex(ALL ALL ALL);
    assert_int_equal(og_vm_pre_gas(5, (const uint8_t *)in.p, in.len), INT64_MAX);
    og_buf_reset(&in); /* but nothing modulo nothing is cheap */
    add_hex(WORD("00") ALL WORD("00"));
    assert_int_equal(og_vm_pre_gas(5, (const uint8_t *)in.p, in.len), 200);
}

static void put_len(uint8_t *p, size_t n)
{
    memset(p, 0, 32);
    og_put_be64(p + 24, n);
}

static int64_t modexp_input(size_t nb, const char *exp, size_t nm, uint64_t seed)
{
    uint8_t len[32];
    og_buf_reset(&in);
    put_len(len, nb);
    og_buf_add(&in, len, 32);
    put_len(len, strlen(exp) / 2);
    og_buf_add(&in, len, 32);
    put_len(len, nm);
    og_buf_add(&in, len, 32);
    for (size_t i = 0; i < nb; i++)
        og_buf_addc(&in, (char)og_splitmix64(seed++));
    add_hex(exp);
    for (size_t i = 0; i < nm; i++)
        og_buf_addc(&in, (char)og_splitmix64(seed++));
    return og_vm_pre_gas(5, (const uint8_t *)in.p, in.len);
}

/* The prices of EIP-2565's table (nagydani-1 to 5: square and the power 65537). */
static void test_modexp_prices(void **st)
{
    static const struct {
        size_t n;
        int64_t square, power;
    } row[] = {{64, 200, 341},
               {128, 200, 1365},
               {256, 341, 5461},
               {512, 1365, 21845},
               {1024, 5461, 87381}};
    (void)st;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        assert_int_equal(modexp_input(row[i].n, "02", row[i].n, i), row[i].square);
        assert_int_equal(modexp_input(row[i].n, "010001", row[i].n, i), row[i].power);
    }
}

/* Small moduli go another way than large ones: both against a third. */
static void test_modexp_values(void **st)
{
    static const char exp[] = "00c0ffee0102030405060708090a0b0c0d0e0f1011121314";
    (void)st;
    BN_CTX *ctx = BN_CTX_new();
    for (size_t nm = 1; nm <= 40; nm++)
        for (size_t nb = 0; nb < 40; nb += 13) {
            modexp_input(nb, exp, nm, 1000 * nm + nb);
            og_buf_reset(&out);
            assert_true(og_vm_pre_run(5, (const uint8_t *)in.p, in.len, &out));
            assert_int_equal(out.len, nm);
            const uint8_t *p = (const uint8_t *)in.p + 96;
            BIGNUM *b = BN_bin2bn(p, (int)nb, NULL), *r = BN_new();
            BIGNUM *e = BN_bin2bn(p + nb, (int)strlen(exp) / 2, NULL);
            BIGNUM *m = BN_bin2bn(p + nb + strlen(exp) / 2, (int)nm, NULL), *w = BN_new();
            BN_one(r);
            BN_mod(r, r, m, ctx);
            for (int i = BN_num_bits(e) - 1; i >= 0; i--) {
                BN_mod_sqr(r, r, m, ctx);
                if (BN_is_bit_set(e, i))
                    BN_mod_mul(r, r, b, m, ctx);
            }
            BN_bin2bn((const uint8_t *)out.p, (int)out.len, w);
            assert_int_equal(BN_cmp(r, w), 0);
            BN_free(b);
            BN_free(e);
            BN_free(m);
            BN_free(r);
            BN_free(w);
        }
    BN_CTX_free(ctx);
}

#define P_2 /* 2·(1, 2) */                                                                        \
    "030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3"                             \
    "15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4"
#define P_NEG WORD("01") "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd45"
#define Q                                                                                          \
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"                             \
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"                             \
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"                             \
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
#define Q_WILD /* on the twist, not of the prime order */                                          \
    "0000000000000000000000000000000000000000000000000000000000000015"                             \
    "0000000000000000000000000000000000000000000000000000000000000003"                             \
    "03b6675468f6f6e0a8581b1f5dcc22d24f6640e661671ef194dce36b02ae0b01"                             \
    "2c00198cbeb86844fc9b491043dc3c9dba3ff7d3fa43e970ad0c109a671b7f1d"
#define PRIME "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47"

static void test_bn_points(void **st)
{
    (void)st;
    check(6, WORD("01") WORD("02") WORD("01") WORD("02"), 150, P_2);
    check(6, WORD("01") WORD("02"), 150, WORD("01") WORD("02"));
    check(6, WORD("01") WORD("02") P_NEG, 150, WORD("00") WORD("00"));
    check(6, "", 150, WORD("00") WORD("00"));
    check(6, WORD("01") WORD("03"), 150, NULL);
    check(6, PRIME WORD("02"), 150, NULL);
    check(7, WORD("01") WORD("02") WORD("02"), 6000, P_2);
    check(7, WORD("01") WORD("02") WORD("00"), 6000, WORD("00") WORD("00"));
    check(7,
          WORD("01") WORD(
              "02") "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001", /* the order
                                                                                         */
          6000, WORD("00") WORD("00"));
    check(7, WORD("01") WORD("03") WORD("01"), 6000, NULL);
}

/* Twenty multiples, one after the other; the end by @ethereumjs/evm. */
static void test_bn_chain(void **st)
{
    uint8_t b[96] = {0};
    struct og_u256 k = {
        {0xccccccccddddddddu, 0xaaaaaaaabbbbbbbbu, 0xfedcba9876543210u, 0x123456789abcdef0u}};
    const struct og_u256 step = og_u256_of(0x9e3779b97f4a7c15u);
    (void)st;
    b[31] = 1;
    b[63] = 2;
    for (int i = 0; i < 20; i++) {
        og_u256_store(&k, b + 64);
        og_buf_reset(&out);
        assert_true(og_vm_pre_run(7, b, sizeof b, &out));
        memcpy(b, out.p, 64);
        k = og_u256_add(og_u256_mul(&k, &step), og_u256_of(1));
    }
    char hex[129];
    og_hex_encode(b, 64, hex);
    assert_string_equal(hex, "248eb77f523a960176193500e8256e050154757dccc4a890dd5e58bf041a7e3c"
                             "19d75bcacee448d900b87645384b1dd7c0cc719ec664f9e8a6b7a731e63d3a2b");
}

static void test_bn_pairing(void **st)
{
    (void)st;
    check(8, "", 45000, WORD("01"));
    check(8, WORD("01") WORD("02") Q P_NEG Q, 113000, WORD("01"));
    check(8, P_2 Q P_NEG Q P_NEG Q, 147000, WORD("01"));
    check(8, P_2 Q P_NEG Q, 113000, WORD("00"));
    check(8, WORD("01") WORD("02") Q, 79000, WORD("00"));
    check(8, WORD("00") WORD("00") Q, 79000, WORD("01"));
    check(8, WORD("01") WORD("02") WORD("00") WORD("00") WORD("00") WORD("00"), 79000, WORD("01"));
    check(8, WORD("01") WORD("02") Q_WILD, 79000, NULL);
    check(8, WORD("01") WORD("02") Q "00", 79000, NULL);
    check(8, WORD("01") WORD("03") Q, 79000, NULL);
}

#define BLAKE(rounds, last)                                                                        \
    rounds "48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"                      \
           "d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b"                      \
           "6162630000000000000000000000000000000000000000000000000000000000"                      \
           "0000000000000000000000000000000000000000000000000000000000000000"                      \
           "0000000000000000000000000000000000000000000000000000000000000000"                      \
           "0000000000000000000000000000000000000000000000000000000000000000"                      \
           "03000000000000000000000000000000" last

static void test_blake2f(void **st)
{
    (void)st; /* EIP-152, vectors 0, 2 to 7 */
    check(9, "", 0, NULL);
    check(9, BLAKE("0000000c", "02"), 12, NULL);
    check(9, BLAKE("00000000", "01"), 0,
          "08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
          "d282e6ad7f520e511f6c3e2b8c68059b9442be0454267ce079217e1319cde05b");
    check(9, BLAKE("0000000c", "01"), 12,
          "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
          "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    check(9, BLAKE("0000000c", "00"), 12,
          "75ab69d3190a562c51aef8d88f1c2775876944407270c42c9844252c26d28752"
          "98743e7f6d5ea2f2d3e8d226039cd31b4e426ac4f2d3d666a610c2116fde4735");
    check(9, BLAKE("00000001", "01"), 1,
          "b63a380cb2897d521994a85234ee2c181b5f844d2c624c002677e9703449d2fb"
          "a551b3a8333bcdf5f2f7e08993d53923de3d64fcc68c034e717b9293fed7a421");
}

static void test_missing(void **st)
{
    struct og_addr a = {{0}};
    (void)st;
    check(10, "00", 50000, NULL);
    a.b[19] = 9;
    assert_int_equal(og_vm_pre_number(&a), 9);
    a.b[19] = 11;
    assert_int_equal(og_vm_pre_number(&a), 0);
    a.b[19] = 1;
    a.b[0] = 1;
    assert_int_equal(og_vm_pre_number(&a), 0);
}

static int release(void **st)
{
    (void)st;
    og_buf_release(&in);
    og_buf_release(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ecrecover),     cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_modexp_eip),    cmocka_unit_test(test_modexp_prices),
        cmocka_unit_test(test_modexp_values), cmocka_unit_test(test_bn_points),
        cmocka_unit_test(test_bn_chain),      cmocka_unit_test(test_bn_pairing),
        cmocka_unit_test(test_blake2f),       cmocka_unit_test(test_missing),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
