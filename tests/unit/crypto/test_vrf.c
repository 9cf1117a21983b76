/* test_vrf.c - ECVRF-P256-SHA256-TAI: examples 10 to 12 of RFC 9381, and proofs that must not pass.
 */
#include "crypto/crypto_vrf.h"

#include "base/base_num.h"
#include "crypto/crypto_sig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *sk, *pub, *alpha, *pi, *beta;
} example[] = {
    {"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6", "73616d706c65",
     "035b5c726e8c0e2c488a107c600578ee75cb702343c153cb1eb8dec77f4b5071b4a53f0a46f018bc"
     "2c56e58d383f2305e0975972c26feea0eb122fe7893c15af376b33edf7de17c6ea056d4d82de6bc0"
     "2f",
     "a3ad7b0ef73d8fc6655053ea22f9bede8c743f08bbed3d38821f0e16474b505e"},
    {"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6", "74657374",
     "034dac60aba508ba0c01aa9be80377ebd7562c4a52d74722e0abae7dc3080ddb56c19e067b15a8a8"
     "174905b13617804534214f935b94c2287f797e393eb0816969d864f37625b443f30f1a5a33f2b3c8"
     "54",
     "a284f94ceec2ff4b3794629da7cbafa49121972671b466cab4ce170aa365f26d"},
    {"2ca1411a41b17b24cc8c3b089cfd033f1920202a6c0de8abb97df1498d50d2c8",
     "03596375e6ce57e0f20294fc46bdfcfd19a39f8161b58695b3ec5b3d16427c274d",
     "4578616d706c65207573696e67204543445341206b65792066726f6d20417070656e646978204c2e"
     "342e32206f6620414e53492e58392d36322d32303035",
     "03d03398bf53aa23831d7d1b2937e005fb0062cbefa06796579f2a1fc7e7b8c667d091c00b0f5c36"
     "19d10ecea44363b5a599cadc5b2957e223fec62e81f7b4825fc799a771a3d7334b9186bdbee87316"
     "b1",
     "90871e06da5caa39a3c61578ebb844de8635e27ac0b13e829997d0d95dd98c19"},
};

static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    assert_true(og_hex_decode(hex, 2 * n, out, n));
    return n;
}

static void rfc9381_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof example / sizeof example[0]; i++) {
        uint8_t sk[32], pub[33], got_pub[33], alpha[80], want[81], pi[81], beta[32];
        unhex(example[i].sk, sk);
        unhex(example[i].pub, pub);
        size_t n = unhex(example[i].alpha, alpha);
        unhex(example[i].pi, want);
        unhex(example[i].beta, beta);
        struct og_vrf_key *k;
        struct og_hash b;
        assert_int_equal(og_vrf_from_scalar(sk, &k, NULL), OG_OK);
        og_vrf_pub(k, got_pub);
        assert_memory_equal(got_pub, pub, sizeof pub);
        assert_int_equal(og_vrf_prove(k, alpha, n, pi, &b, NULL), OG_OK);
        assert_memory_equal(pi, want, sizeof pi);
        assert_memory_equal(b.b, beta, sizeof beta);
        assert_true(og_vrf_verify(pub, alpha, n, want, &b));
        assert_memory_equal(b.b, beta, sizeof beta);
        og_vrf_free(k);
    }
}

struct fixture {
    struct og_vrf_key *k;
    uint8_t pub[OG_VRF_PUB_LEN], pi[OG_VRF_PI_LEN];
    struct og_hash beta;
};

static int setup(void **state)
{
    static struct fixture f;
    uint8_t seed[32] = {7};
    assert_int_equal(og_vrf_generate(seed, &f.k, NULL), OG_OK);
    og_vrf_pub(f.k, f.pub);
    assert_int_equal(og_vrf_prove(f.k, "alpha", 5, f.pi, &f.beta, NULL), OG_OK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    og_vrf_free(f->k);
    return 0;
}

static bool passes(const struct fixture *f)
{
    struct og_hash beta;
    bool ok = og_vrf_verify(f->pub, "alpha", 5, f->pi, &beta);
    if (ok)
        assert_memory_equal(beta.b, f->beta.b, OG_HASH_LEN);
    return ok;
}

static void every_flipped_bit_is_seen(void **state)
{
    struct fixture f = *(struct fixture *)*state;
    assert_true(passes(&f));
    for (size_t bit = 0; bit < 8 * sizeof f.pi; bit++) {
        f.pi[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(passes(&f));
        f.pi[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof f.pub; bit += 3) {
        f.pub[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(passes(&f));
        f.pub[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    struct og_hash beta;
    assert_false(og_vrf_verify(f.pub, "alphb", 5, f.pi, &beta));
    assert_false(og_vrf_verify(f.pub, "alpha", 4, f.pi, &beta));
    assert_false(og_vrf_verify(f.pub, "", 0, f.pi, &beta));
}

static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/* A scalar of q or more is another spelling of a smaller one: there must be one proof of each
 * thing. */
static void scalars_stay_below_the_order(void **state)
{
    struct fixture f = *(struct fixture *)*state;
    unhex(order, f.pi + 33 + 16);
    assert_false(passes(&f));
    memset(f.pi + 33 + 16, 0xff, 32);
    assert_false(passes(&f));
}

static void points_must_lie_on_the_curve(void **state)
{
    struct fixture f = *(struct fixture *)*state;
    assert_true(og_vrf_pub_valid(f.pub));
    uint8_t bad[33] = {0};
    assert_false(og_vrf_pub_valid(bad)); /* infinity */
    bad[0] = 2;
    bad[32] = 1; /* x = 1 is on no point of P-256 */
    assert_false(og_vrf_pub_valid(bad));
    memset(bad + 1, 0xff, 32); /* x >= p */
    assert_false(og_vrf_pub_valid(bad));
    memcpy(bad, f.pub, 33);
    bad[0] = 4;
    assert_false(og_vrf_pub_valid(bad));
    bad[0] = 6;
    assert_false(og_vrf_pub_valid(bad));
    memset(bad, 0, sizeof bad);
    memcpy(f.pi, bad, 33);
    assert_false(passes(&f));
}

static void secrets_are_in_range(void **state)
{
    (void)state;
    uint8_t sk[32] = {0};
    struct og_vrf_key *k;
    struct og_err err;
    assert_int_equal(og_vrf_from_scalar(sk, &k, &err), OG_E_DATA);
    assert_null(k);
    unhex(order, sk);
    assert_int_equal(og_vrf_from_scalar(sk, &k, &err), OG_E_DATA);
    sk[31]--;
    assert_int_equal(og_vrf_from_scalar(sk, &k, &err), OG_OK);
    og_vrf_free(k);
}

static void seeds_and_files(void **state)
{
    const struct fixture *f = *state;
    uint8_t pub[33];
    char hex_pub[67];
    struct og_vrf_key *k;
    struct og_err err;
    og_hex_encode(f->pub, 33, hex_pub);
    assert_string_equal(hex_pub,
                        "03420839aa029fde993674982ff223278bf1e3a812277c12ac2484c3f650bd4305");
    for (int with_pass = 0; with_pass < 2; with_pass++) {
        const char *pass = with_pass ? "open sesame" : NULL;
        struct og_buf pem = OG_BUF_INIT;
        assert_int_equal(og_vrf_to_pem(f->k, pass, &pem, &err), OG_OK);
        assert_int_equal(og_vrf_from_pem(pem.p, pem.len, pass, &k, &err), OG_OK);
        og_vrf_pub(k, pub);
        assert_memory_equal(pub, f->pub, 33);
        og_vrf_free(k);
        if (with_pass) {
            assert_int_equal(og_vrf_from_pem(pem.p, pem.len, "shut", &k, &err), OG_E_NOPERM);
            assert_int_equal(og_vrf_from_pem(pem.p, pem.len, NULL, &k, &err), OG_E_NOPERM);
        }
        assert_int_equal(og_vrf_from_pem(pem.p, pem.len / 2, pass, &k, &err), OG_E_DATA);
        og_buf_cleanse(&pem);
    }
    struct og_key *other;
    struct og_buf pem = OG_BUF_INIT;
    assert_int_equal(og_key_generate("ed25519", NULL, &other, &err), OG_OK);
    assert_int_equal(og_key_to_pem(other, NULL, &pem, &err), OG_OK);
    assert_int_equal(og_vrf_from_pem(pem.p, pem.len, NULL, &k, &err), OG_E_DATA);
    assert_int_equal(og_vrf_from_pem("", 0, NULL, &k, &err), OG_E_DATA);
    og_buf_cleanse(&pem);
    og_key_free(other);
}

static void random_keys_prove(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 30; i++) {
        struct og_vrf_key *k;
        uint8_t pub[33], pi[81];
        struct og_hash a, b;
        assert_int_equal(og_vrf_generate(NULL, &k, NULL), OG_OK);
        og_vrf_pub(k, pub);
        assert_int_equal(og_vrf_prove(k, &i, i % 5, pi, &a, NULL), OG_OK);
        assert_true(og_vrf_verify(pub, &i, i % 5, pi, &b));
        assert_memory_equal(a.b, b.b, OG_HASH_LEN);
        og_vrf_free(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc9381_examples),
        cmocka_unit_test(every_flipped_bit_is_seen),
        cmocka_unit_test(scalars_stay_below_the_order),
        cmocka_unit_test(points_must_lie_on_the_curve),
        cmocka_unit_test(secrets_are_in_range),
        cmocka_unit_test(seeds_and_files),
        cmocka_unit_test(random_keys_prove),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
