/* test_hash.c - SHA-256 (FIPS 180-4 examples), HMAC (RFC 4231), the tagged forms of the protocol.
 */
#include "crypto/crypto_hash.h"

#include "base/base_num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_hash(struct og_hash h, const char *want)
{
    char hex[2 * OG_HASH_LEN + 1];
    og_hex_encode(h.b, sizeof h.b, hex);
    assert_string_equal(hex, want);
}

static void sha256_examples(void **state)
{
    (void)state;
    assert_hash(og_sha256("", 0),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_hash(og_sha256("abc", 3),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_hash(og_sha256(NULL, 0),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    static char million[1000000];
    memset(million, 'a', sizeof million);
    assert_hash(og_sha256(million, sizeof million),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void pieces_equal_whole(void **state)
{
    (void)state;
    uint8_t b[300];
    for (size_t i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)(i * 7);
    for (size_t cut = 0; cut <= sizeof b; cut++) {
        struct og_hash whole = og_sha256(b, sizeof b);
        struct og_hash two = og_sha256_2(b, cut, b + cut, sizeof b - cut);
        struct og_hasher h;
        og_hasher_init(&h);
        og_hasher_add(&h, b, cut);
        og_hasher_add(&h, b + cut, sizeof b - cut);
        struct og_hash inc = og_hasher_final(&h);
        assert_memory_equal(whole.b, two.b, OG_HASH_LEN);
        assert_memory_equal(whole.b, inc.b, OG_HASH_LEN);
    }
}

/* tag as ASCII and one zero byte, be64, 32 bytes: the joined bytes written out. */
static void tagged_form(void **state)
{
    (void)state;
    struct og_hash inner = og_sha256("x", 1);
    struct og_hasher h;
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-draw");
    og_hasher_u64(&h, 0x0102030405060708);
    og_hasher_hash(&h, &inner);
    struct og_hash got = og_hasher_final(&h);
    uint8_t flat[10 + 8 + 32];
    memcpy(flat, "ogpu-draw", 10);
    memcpy(flat + 10, "\1\2\3\4\5\6\7\10", 8);
    memcpy(flat + 18, inner.b, 32);
    struct og_hash want = og_sha256(flat, sizeof flat);
    assert_memory_equal(got.b, want.b, OG_HASH_LEN);
    assert_hash(got, "dc229f13511f985fc469244a5d4aa0963dc76d8e8ee01f5d8ccb944864a2a361");
}

static void hmac_rfc4231(void **state)
{
    (void)state;
    uint8_t key[131];
    memset(key, 0x0b, 20);
    assert_hash(og_hmac_sha256(key, 20, "Hi There", 8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_hash(og_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    const char *big = "Test Using Larger Than Block-Size Key - Hash Key First";
    assert_hash(og_hmac_sha256(key, sizeof key, big, strlen(big)),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void files_are_streamed(void **state)
{
    (void)state;
    int p[2];
    assert_int_equal(pipe(p), 0);
    assert_int_equal(write(p[1], "abc", 3), 3);
    close(p[1]);
    struct og_hash h;
    uint64_t n;
    assert_int_equal(og_sha256_fd(p[0], &h, &n, NULL), OG_OK);
    close(p[0]);
    assert_int_equal(n, 3);
    assert_hash(h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct og_err err;
    assert_int_equal(og_sha256_fd(-1, &h, &n, &err), OG_E_IO);
}

static void randomness_differs(void **state)
{
    (void)state;
    uint8_t a[1000], b[1000];
    memset(a, 0, sizeof a);
    og_random_bytes(a, sizeof a);
    og_random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    size_t zeros = 0;
    for (size_t i = 0; i < sizeof a; i++)
        zeros += a[i] == 0;
    assert_true(zeros < 40); /* 3.9 expected; all 1000 were written */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_examples),    cmocka_unit_test(pieces_equal_whole),
        cmocka_unit_test(tagged_form),        cmocka_unit_test(hmac_rfc4231),
        cmocka_unit_test(files_are_streamed), cmocka_unit_test(randomness_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
