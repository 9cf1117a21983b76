/* test_secret.c - nonces, commitments and values against their definitions, byte by byte. */
#include "base/base_num.h"
#include "crypto/crypto_merkle.h"
#include "work/work_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct og_hash h_of(const char *s)
{
    return og_sha256(s, strlen(s));
}

static void assert_hash(struct og_hash a, struct og_hash b)
{
    assert_memory_equal(a.b, b.b, OG_HASH_LEN);
}

static void test_nonces(void **st)
{
    struct og_hash secret = h_of("secret");
    uint8_t be[8];
    uint8_t tagged[16] = "verdict"; /* 7 bytes and the zero byte of a tag */
    (void)st;
    og_put_be64(be, 77);
    assert_hash(og_work_nonce(&secret, 77), og_hmac_sha256(secret.b, 32, be, 8));
    og_put_be64(tagged + 8, 77);
    assert_hash(og_work_verdict_nonce(&secret, 77), og_hmac_sha256(secret.b, 32, tagged, 16));
    struct og_hash a = og_work_nonce(&secret, 77);
    struct og_hash b = og_work_nonce(&secret, 78);
    assert_memory_not_equal(a.b, b.b, OG_HASH_LEN);
}

static void test_commitments(void **st)
{
    struct og_hash chain = h_of("chain"), nonce = h_of("nonce"), root = h_of("root");
    struct og_addr node;
    uint8_t msg[13 + 32 + 8 + 20 + 32 + 32];
    (void)st;
    memset(node.b, 7, sizeof node.b);
    memcpy(msg, "ogpu-commit", 12);
    memcpy(msg + 12, chain.b, 32);
    og_put_be64(msg + 44, 5);
    memcpy(msg + 52, node.b, 20);
    memcpy(msg + 72, nonce.b, 32);
    memcpy(msg + 104, root.b, 32);
    assert_hash(og_work_commit_hash(&chain, 5, &node, &nonce, &root), og_sha256(msg, 136));
    struct og_hash inner = og_sha256(root.b, 32);
    memcpy(msg, "ogpu-verdict", 13);
    memcpy(msg + 13, chain.b, 32);
    og_put_be64(msg + 45, 5);
    memcpy(msg + 53, node.b, 20);
    memcpy(msg + 73, nonce.b, 32);
    memcpy(msg + 105, inner.b, 32);
    assert_hash(og_work_verdict_hash(&chain, 5, &node, &nonce, &root), og_sha256(msg, 137));
}

static void test_value(void **st)
{
    struct og_hash leaf[3] = {h_of("a"), h_of("b"), h_of("c")};
    (void)st;
    assert_hash(og_work_value(leaf, 3, true), og_merkle_root(leaf, 3));
    assert_hash(og_work_value(leaf, 2, false), og_sha256(leaf, 64));
}

/* The same after the key was written under a passphrase and read again. */
static void test_secret_outlives_passphrase(void **st)
{
    uint8_t seed[32] = {9};
    struct og_key *k;
    struct og_key *again;
    struct og_hash a;
    struct og_hash b;
    struct og_buf pem = OG_BUF_INIT;
    struct og_err err;
    (void)st;
    assert_int_equal(og_key_generate("hybrid", seed, &k, &err), OG_OK);
    assert_int_equal(og_work_secret(k, &a, &err), OG_OK);
    assert_int_equal(og_key_to_pem(k, "word", &pem, &err), OG_OK);
    assert_int_equal(og_key_from_pem(pem.p, pem.len, "word", &again, &err), OG_OK);
    assert_int_equal(og_work_secret(again, &b, &err), OG_OK);
    assert_hash(a, b);
    og_buf_cleanse(&pem);
    og_buf_release(&pem);
    og_key_free(k);
    og_key_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nonces),
        cmocka_unit_test(test_commitments),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_secret_outlives_passphrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
