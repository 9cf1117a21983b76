/* test_sig.c - public keys and signatures: Wycheproof for Ed25519 and ML-DSA-65, every algorithm
 * the loaded OpenSSL offers, addresses fixed by vectors made with another implementation of
 * SHA-256. */
#include "crypto/crypto_sig.h"

#include "vectors.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t *unhex(const json_t *s, size_t *n)
{
    const char *hex = json_string_value(s);
    assert_non_null(hex);
    *n = strlen(hex) / 2;
    uint8_t *b = og_xmalloc(*n + 1);
    assert_true(og_hex_decode(hex, 2 * *n, b, *n));
    return b;
}

struct tally {
    size_t valid, invalid, no_key, context;
};

static void check_case(const struct og_pub *pub, const json_t *t, struct tally *sum)
{
    size_t mn, sn;
    uint8_t *msg = unhex(json_object_get(t, "msg"), &mn);
    uint8_t *sig = unhex(json_object_get(t, "sig"), &sn);
    bool want = strcmp(json_string_value(json_object_get(t, "result")), "valid") == 0;
    const char *ctx = json_string_value(json_object_get(t, "ctx"));
    if (ctx && *ctx) { /* we sign without a context, so none of these may verify */
        want = false;
        sum->context++;
    }
    bool got = pub && og_pub_verify(pub, msg, mn, sig, sn);
    if (got != want)
        fail_msg("tcId %d: %d", (int)json_integer_value(json_object_get(t, "tcId")), got);
    sum->valid += want;
    sum->invalid += !want;
    free(msg);
    free(sig);
}

static struct tally run_wycheproof(const char *alg, const json_t *j)
{
    struct tally sum = {0, 0, 0, 0};
    size_t gi, ti;
    const json_t *g, *t;
    json_array_foreach(json_object_get(j, "testGroups"), gi, g)
    {
        size_t n = 0;
        const json_t *der_hex = json_object_get(g, "publicKeyDer");
        uint8_t *der = json_is_string(der_hex) ? unhex(der_hex, &n) : NULL;
        struct og_pub *pub = NULL;
        struct og_err err;
        enum og_rc rc = og_pub_parse(alg, der, n, &pub, &err);
        assert_true(rc == OG_OK || rc == OG_E_DATA);
        sum.no_key += !pub;
        json_array_foreach(json_object_get(g, "tests"), ti, t)
        {
            check_case(pub, t, &sum);
        }
        og_pub_free(pub);
        free(der);
    }
    return sum;
}

static void wycheproof_ed25519(void **state)
{
    (void)state;
    json_t *j = load_vectors("wycheproof_ed25519_test.json.gz");
    if (!j)
        skip();
    struct tally n = run_wycheproof("ed25519", j);
    assert_int_equal(n.valid + n.invalid, json_integer_value(json_object_get(j, "numberOfTests")));
    assert_int_equal(n.no_key, 0);
    assert_true(n.valid > 50 && n.invalid > 50);
    json_decref(j);
}

static void wycheproof_mldsa65(void **state)
{
    (void)state;
    json_t *j = load_vectors("wycheproof_mldsa_65_verify_test.json.gz");
    if (!j)
        skip();
    struct tally n = run_wycheproof("ml-dsa-65", j);
    assert_int_equal(n.valid + n.invalid, json_integer_value(json_object_get(j, "numberOfTests")));
    print_message("valid %zu, invalid %zu, keys refused %zu, with context %zu\n", n.valid,
                  n.invalid, n.no_key, n.context);
    assert_true(n.valid > 50 && n.invalid > 50);
    json_decref(j);
}

static struct og_key *seeded(const char *alg)
{
    uint8_t seed[32];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    struct og_key *k;
    struct og_err err;
    if (og_key_generate(alg, seed, &k, &err) != OG_OK)
        fail_msg("%s: %s", alg, err.msg);
    return k;
}

/* sign, verify; then nothing that differs verifies. */
static void exercise(const struct og_key *k)
{
    struct og_err err;
    struct og_pub *pub;
    assert_int_equal(og_key_pub(k, &pub, &err), OG_OK);
    assert_string_equal(og_pub_alg(pub), og_key_alg(k));
    struct og_addr a = og_key_addr(k), b = og_pub_addr(pub);
    assert_true(og_addr_eq(&a, &b));
    struct og_buf sig = OG_BUF_INIT;
    const char *msg = "OGPU-TX-v1 message";
    size_t mn = strlen(msg);
    assert_int_equal(og_key_sign(k, msg, mn, &sig, &err), OG_OK);
    assert_true(sig.len > 0 && sig.len <= OG_SIG_MAX);
    assert_true(og_pub_verify(pub, msg, mn, sig.p, sig.len));
    assert_false(og_pub_verify(pub, msg, mn - 1, sig.p, sig.len));
    assert_false(og_pub_verify(pub, msg, mn, sig.p, sig.len - 1));
    assert_false(og_pub_verify(pub, msg, mn, sig.p, 0));
    og_buf_addc(&sig, '\0');
    assert_false(og_pub_verify(pub, msg, mn, sig.p, sig.len));
    sig.len--;
    for (size_t i = 0; i < 16; i++) {
        size_t at = i * (sig.len - 1) / 15;
        sig.p[at] ^= 1;
        assert_false(og_pub_verify(pub, msg, mn, sig.p, sig.len));
        sig.p[at] ^= 1;
    }
    og_buf_release(&sig);
    og_pub_free(pub);
}

static void every_listed_algorithm_works(void **state)
{
    (void)state;
    struct og_buf list = OG_BUF_INIT;
    og_sig_list_algs(&list);
    static const char *const must[] = {"ed25519\n", "ml-dsa-65\n", "hybrid\n",
                                       "slh-dsa-sha2-128s\n"};
    for (size_t i = 0; i < sizeof must / sizeof must[0]; i++)
        assert_non_null(strstr(list.p, must[i]));
    size_t count = 0;
    for (char *at = list.p, *end; (end = strchr(at, '\n')); at = end + 1, count++) {
        *end = '\0';
        /* slow ones (SLH-DSA, small signatures) take a second each; one of them is enough */
        size_t n = strlen(at);
        if (strncmp(at, "slh-", 4) == 0 && at[n - 1] == 's' && strcmp(at, "slh-dsa-sha2-128s") != 0)
            continue;
        struct og_key *k;
        struct og_err err;
        if (og_key_generate(at, NULL, &k, &err) != OG_OK)
            fail_msg("%s: %s", at, err.msg);
        assert_string_equal(og_key_alg(k), at);
        exercise(k);
        og_key_free(k);
    }
    assert_true(count >= 8);
    og_buf_release(&list);
}

static void seeds_fix_keys_and_signatures(void **state)
{
    (void)state;
    static const struct {
        const char *alg, *addr;
        size_t sig_len;
    } want[] = {
        {"ed25519", "ogpu1z20fnpy3vzlyjvj2lzsxn5lwfapzh8dtx3evaj", 64},
        {"ml-dsa-65", "ogpu18p9myzr5q9j8ldd5rwwdh3ptxljennefgd6mcn", 3309},
        {"hybrid", "ogpu1edshy546gaznlv6tmvcryj60ewr35js6kf0g53", 64 + 3309},
        {"slh-dsa-sha2-128s", "ogpu170t0mm0hwuvgze3xref7wlgl33mmpaad5wrt2x", 7856},
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct og_key *a = seeded(want[i].alg), *b = seeded(want[i].alg);
        struct og_addr addr = og_key_addr(a);
        char text[OG_ADDR_TEXT];
        og_addr_format(&addr, text);
        assert_string_equal(text, want[i].addr);
        struct og_buf s = OG_BUF_INIT, t = OG_BUF_INIT;
        assert_int_equal(og_key_sign(a, "m", 1, &s, NULL), OG_OK);
        assert_int_equal(og_key_sign(b, "m", 1, &t, NULL), OG_OK);
        assert_int_equal(s.len, want[i].sig_len);
        assert_int_equal(t.len, s.len);
        assert_memory_equal(s.p, t.p, s.len);
        og_buf_release(&s);
        og_buf_release(&t);
        og_key_free(a);
        og_key_free(b);
    }
}

/* Both halves of the hybrid must verify, each in its own place. */
static void hybrid_needs_both(void **state)
{
    (void)state;
    struct og_key *k = seeded("hybrid"), *other;
    struct og_pub *pub;
    struct og_buf good = OG_BUF_INIT, bad = OG_BUF_INIT;
    struct og_err err;
    assert_int_equal(og_key_generate("hybrid", NULL, &other, &err), OG_OK);
    assert_int_equal(og_key_pub(k, &pub, &err), OG_OK);
    assert_int_equal(og_key_sign(k, "m", 1, &good, &err), OG_OK);
    assert_int_equal(og_key_sign(other, "m", 1, &bad, &err), OG_OK);
    struct og_buf mixed = OG_BUF_INIT;
    og_buf_add(&mixed, good.p, 64);
    og_buf_add(&mixed, bad.p + 64, bad.len - 64);
    assert_false(og_pub_verify(pub, "m", 1, mixed.p, mixed.len));
    og_buf_reset(&mixed);
    og_buf_add(&mixed, bad.p, 64);
    og_buf_add(&mixed, good.p + 64, good.len - 64);
    assert_false(og_pub_verify(pub, "m", 1, mixed.p, mixed.len));
    og_buf_reset(&mixed);
    og_buf_add(&mixed, good.p + 64, good.len - 64);
    og_buf_add(&mixed, good.p, 64);
    assert_false(og_pub_verify(pub, "m", 1, mixed.p, mixed.len));
    assert_false(og_pub_verify(pub, "m", 1, good.p, 64));
    assert_true(og_pub_verify(pub, "m", 1, good.p, good.len));
    og_buf_release(&mixed);
    og_buf_release(&good);
    og_buf_release(&bad);
    og_pub_free(pub);
    og_key_free(k);
    og_key_free(other);
}

static void refuse_pub(const char *alg, const void *der, size_t n, enum og_rc want)
{
    struct og_pub *p = NULL;
    struct og_err err;
    assert_int_equal(og_pub_parse(alg, der, n, &p, &err), want);
    assert_null(p);
}

static void malformed_public_keys(void **state)
{
    (void)state;
    static const char *const algs[] = {"ed25519", "ml-dsa-65", "hybrid", "slh-dsa-sha2-128s"};
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        struct og_key *k = seeded(algs[i]);
        struct og_pub *p;
        assert_int_equal(og_key_pub(k, &p, NULL), OG_OK);
        size_t n;
        const uint8_t *der = og_pub_der(p, &n);
        struct og_hash h = og_pub_spki_hash(p), again = og_sha256(der, n);
        assert_memory_equal(h.b, again.b, OG_HASH_LEN);
        uint8_t *bad = og_xmalloc(n + 1);
        memcpy(bad, der, n);
        bad[n] = 0;
        refuse_pub(algs[i], bad, n + 1, OG_E_DATA);
        refuse_pub(algs[i], bad, 0, OG_E_DATA);
        for (size_t cut = 1; cut < n; cut = cut < 60 ? cut + 1 : cut + 101)
            refuse_pub(algs[i], bad, cut, OG_E_DATA);
        for (size_t bit = 0; bit < 12 * 8; bit++) { /* the head says what follows, in one way */
            bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
            refuse_pub(algs[i], bad, n, OG_E_DATA);
            bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t j = 0; j < sizeof algs / sizeof algs[0]; j++)
            if (j != i)
                refuse_pub(algs[j], der, n, OG_E_DATA);
        free(bad);
        og_pub_free(p);
        og_key_free(k);
    }
}

static void names_are_strict(void **state)
{
    (void)state;
    struct og_key *k;
    struct og_err err;
    static char long_name[OG_ALG_MAX + 1];
    memset(long_name, 'x', OG_ALG_MAX);
    const char *const usage[] = {"ed25519/", "", "ed25519 ", "ed25519\n", "a=b", long_name};
    for (size_t i = 0; i < sizeof usage / sizeof usage[0]; i++)
        assert_int_equal(og_key_generate(usage[i], NULL, &k, &err), OG_E_USAGE);
    /* unknown, MACs, not for signing, other names of known ones */
    static const char *const none[] = {"rot13", "hmac", "x25519", "ml-kem-768", "mldsa65", "dsa"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(og_key_generate(none[i], NULL, &k, &err), OG_E_UNAVAILABLE);
        assert_null(k);
        assert_non_null(strstr(err.msg, none[i]));
    }
    uint8_t seed[32] = {1};
    assert_int_equal(og_key_generate("ecdsa", seed, &k, &err), OG_E_USAGE);
    assert_int_equal(og_key_generate("Ed25519", NULL, &k, &err), OG_OK);
    assert_string_equal(og_key_alg(k), "ed25519");
    og_key_free(k);
    assert_int_equal(og_key_generate(NULL, NULL, &k, &err), OG_OK);
    assert_string_equal(og_key_alg(k), "hybrid");
    og_key_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof_ed25519),
        cmocka_unit_test(wycheproof_mldsa65),
        cmocka_unit_test(every_listed_algorithm_works),
        cmocka_unit_test(seeds_fix_keys_and_signatures),
        cmocka_unit_test(hybrid_needs_both),
        cmocka_unit_test(malformed_public_keys),
        cmocka_unit_test(names_are_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
