/* test_xwing.c - X25519, HKDF, ML-KEM-768 by Wycheproof, X-Wing by its draft's vectors, HPKE round
 * trips. */
#include "crypto/crypto_xwing.h"

#include "vectors.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t *unhex(const json_t *t, const char *key, size_t *n)
{
    const json_t *s = json_object_get(t, key);
    assert_true(json_is_string(s));
    *n = json_string_length(s) / 2;
    uint8_t *b = og_xmalloc(*n + 1);
    assert_true(og_hex_decode(json_string_value(s), 2 * *n, b, *n));
    return b;
}

static bool is_valid(const json_t *t)
{
    return strcmp(json_string_value(json_object_get(t, "result")), "invalid") != 0;
}

/* fn for every test of every group; how many there were */
static size_t each(const json_t *j, void (*fn)(const json_t *t))
{
    size_t i, k, n = 0;
    json_t *g, *t;
    json_array_foreach(json_object_get(j, "testGroups"), i, g)
    {
        json_array_foreach(json_object_get(g, "tests"), k, t)
        {
            fn(t);
            n++;
        }
    }
    return n;
}

static void one_x25519(const json_t *t)
{
    size_t n;
    uint8_t *pub = unhex(t, "public", &n), *sec = unhex(t, "private", &n);
    uint8_t *want = unhex(t, "shared", &n), got[32];
    static const uint8_t zero[32];
    struct og_err err;
    enum og_rc rc = og_x25519(sec, pub, got, &err);
    if (memcmp(want, zero, 32) == 0) { /* "acceptable": we refuse it */
        assert_int_equal(rc, OG_E_DATA);
    } else {
        assert_int_equal(rc, OG_OK);
        assert_memory_equal(got, want, 32);
    }
    free(pub);
    free(sec);
    free(want);
}

static void one_hkdf(const json_t *t)
{
    size_t in, sn, fn, on;
    uint8_t *ikm = unhex(t, "ikm", &in), *salt = unhex(t, "salt", &sn);
    uint8_t *info = unhex(t, "info", &fn), *want = unhex(t, "okm", &on);
    size_t size = (size_t)json_integer_value(json_object_get(t, "size"));
    uint8_t *got = og_xmalloc(size + 1);
    struct og_err err;
    enum og_rc rc = og_hkdf_sha256(ikm, in, salt, sn, info, fn, got, size, &err);
    if (is_valid(t)) {
        assert_int_equal(rc, OG_OK);
        assert_int_equal(on, size);
        assert_memory_equal(got, want, on);
    } else {
        assert_int_not_equal(rc, OG_OK);
    }
    free(ikm);
    free(salt);
    free(info);
    free(want);
    free(got);
}

static void one_mlkem(const json_t *t)
{
    size_t n, en = 0, cn, kn;
    bool has_ek = json_object_get(t, "ek") != NULL;
    uint8_t *seed = unhex(t, "seed", &n), *ek = has_ek ? unhex(t, "ek", &en) : NULL;
    uint8_t *c = unhex(t, "c", &cn), *want = unhex(t, "K", &kn);
    uint8_t pub[OG_MLKEM_PUB], got[OG_KEM_SHARED];
    struct og_err err;
    bool ok = n == OG_MLKEM_SEED && og_mlkem768_pub(seed, pub, &err) == OG_OK &&
              (!has_ek || (en == sizeof pub && memcmp(pub, ek, en) == 0)) &&
              og_mlkem768_decaps(seed, c, cn, got, &err) == OG_OK &&
              memcmp(got, want, sizeof got) == 0;
    assert_int_equal(ok, is_valid(t));
    free(seed);
    free(ek);
    free(c);
    free(want);
}

static void wycheproof(const char *name, void (*fn)(const json_t *t), size_t want)
{
    json_t *j = load_vectors(name);
    if (!j)
        skip();
    assert_int_equal(each(j, fn), want);
    json_decref(j);
}

static void test_x25519(void **state)
{
    (void)state;
    wycheproof("wycheproof_x25519_test.json.gz", one_x25519, 518);
}

static void test_hkdf(void **state)
{
    (void)state;
    wycheproof("wycheproof_hkdf_sha256_test.json.gz", one_hkdf, 86);
}

static void test_mlkem(void **state)
{
    (void)state;
    wycheproof("wycheproof_mlkem_768_test.json.gz", one_mlkem, 193);
}

static void test_xwing(void **state)
{
    (void)state;
    json_t *j = load_vectors("xwing_test-vectors.json"), *t;
    size_t i;
    if (!j)
        skip();
    assert_int_equal(json_array_size(j), 3);
    json_array_foreach(j, i, t)
    {
        size_t n;
        uint8_t *sk = unhex(t, "sk", &n), *eseed = unhex(t, "eseed", &n), *pk = unhex(t, "pk", &n);
        uint8_t *ct = unhex(t, "ct", &n), *ss = unhex(t, "ss", &n);
        uint8_t pub[OG_XWING_PUB], got_ct[OG_XWING_CT], got[OG_KEM_SHARED];
        struct og_err err;
        assert_int_equal(og_xwing_pub(sk, pub, &err), OG_OK);
        assert_memory_equal(pub, pk, sizeof pub);
        assert_int_equal(og_xwing_encaps(pub, eseed, got_ct, got, &err), OG_OK);
        assert_memory_equal(got_ct, ct, sizeof got_ct);
        assert_memory_equal(got, ss, sizeof got);
        memset(got, 0, sizeof got);
        assert_int_equal(og_xwing_decaps(sk, ct, got, &err), OG_OK);
        assert_memory_equal(got, ss, sizeof got);
        ct[0] ^= 1; /* implicit rejection: another secret */
        assert_int_equal(og_xwing_decaps(sk, ct, got, &err), OG_OK);
        assert_memory_not_equal(got, ss, sizeof got);
        memset(ct + OG_MLKEM_CT, 0, 32);
        assert_int_equal(og_xwing_decaps(sk, ct, got, &err), OG_E_DATA);
        memset(pub, 0xff, 384); /* coefficients above q */
        assert_int_equal(og_xwing_encaps(pub, NULL, got_ct, got, &err), OG_E_DATA);
        free(sk);
        free(eseed);
        free(pk);
        free(ct);
        free(ss);
    }
    json_decref(j);
}

static void test_hpke(void **state)
{
    (void)state;
    uint8_t seed[32] = {1}, other[32] = {2}, pub[OG_XWING_PUB], enc[OG_XWING_CT], ct[21], out[5];
    struct og_err err;
    assert_int_equal(og_xwing_pub(seed, pub, &err), OG_OK);
    assert_int_equal(og_hpke_xwing_seal(pub, "info", "hello", 5, enc, ct, &err), OG_OK);
    assert_int_equal(og_hpke_xwing_open(seed, "info", enc, ct, 21, out, &err), OG_OK);
    assert_memory_equal(out, "hello", 5);
    assert_int_equal(og_hpke_xwing_open(other, "info", enc, ct, 21, out, &err), OG_NO);
    assert_int_equal(og_hpke_xwing_open(seed, "inf0", enc, ct, 21, out, &err), OG_NO);
    ct[3] ^= 1;
    assert_int_equal(og_hpke_xwing_open(seed, "info", enc, ct, 21, out, &err), OG_NO);
    assert_int_equal(og_hpke_xwing_open(seed, "info", enc, ct, 15, out, &err), OG_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x25519), cmocka_unit_test(test_hkdf), cmocka_unit_test(test_mlkem),
        cmocka_unit_test(test_xwing),  cmocka_unit_test(test_hpke),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
