/* test_pem.c - keys to PEM and back, with and without a passphrase; files that are no keys. The
 * openssl command, where there is one, must read what we write. */
#include "crypto/crypto_sig.h"

#include "base/base_io.h"

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

extern char **environ;

#define PASS "correct horse battery staple"

static const char *const algs[] = {"ed25519",           "ml-dsa-65", "hybrid",
                                   "slh-dsa-sha2-128s", "ecdsa",     "ml-dsa-44"};
#define N_ALGS (sizeof algs / sizeof algs[0])

static struct og_key *make(const char *alg)
{
    struct og_key *k;
    struct og_err err;
    if (og_key_generate(alg, NULL, &k, &err) != OG_OK)
        fail_msg("%s: %s", alg, err.msg);
    return k;
}

static void same_key(const struct og_key *a, const struct og_key *b)
{
    struct og_addr x = og_key_addr(a), y = og_key_addr(b);
    assert_true(og_addr_eq(&x, &y));
    assert_string_equal(og_key_alg(a), og_key_alg(b));
    struct og_buf sig = OG_BUF_INIT;
    struct og_pub *pub;
    assert_int_equal(og_key_sign(b, "m", 1, &sig, NULL), OG_OK);
    assert_int_equal(og_key_pub(a, &pub, NULL), OG_OK);
    assert_true(og_pub_verify(pub, "m", 1, sig.p, sig.len));
    og_pub_free(pub);
    og_buf_release(&sig);
}

static void keys_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ALGS; i++) {
        struct og_key *k = make(algs[i]), *again;
        for (int enc = 0; enc < 2; enc++) {
            struct og_buf pem = OG_BUF_INIT;
            struct og_err err;
            const char *pass = enc ? PASS : NULL;
            assert_int_equal(og_key_to_pem(k, pass, &pem, &err), OG_OK);
            assert_int_equal(strncmp(pem.p,
                                     enc ? "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                         : "-----BEGIN PRIVATE KEY-----\n",
                                     enc ? 38 : 28),
                             0);
            if (og_key_from_pem(pem.p, pem.len, pass, &again, &err) != OG_OK)
                fail_msg("%s: %s", algs[i], err.msg);
            same_key(k, again);
            og_key_free(again);
            og_buf_cleanse(&pem);
        }
        og_key_free(k);
    }
}

static void plain_text_is_stable(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ALGS; i++) {
        struct og_key *k = make(algs[i]), *again;
        struct og_buf a = OG_BUF_INIT, b = OG_BUF_INIT;
        assert_int_equal(og_key_to_pem(k, NULL, &a, NULL), OG_OK);
        assert_int_equal(og_key_from_pem(a.p, a.len, NULL, &again, NULL), OG_OK);
        assert_int_equal(og_key_to_pem(again, NULL, &b, NULL), OG_OK);
        assert_string_equal(a.p, b.p);
        og_key_free(again);
        og_key_free(k);
        og_buf_cleanse(&a);
        og_buf_cleanse(&b);
    }
}

/* The expanded ML-DSA-65 key has 4032 bytes; ours is its seed. */
static void mldsa_is_its_seed(void **state)
{
    (void)state;
    uint8_t seed[32];
    memset(seed, 0x5a, sizeof seed);
    struct og_key *k;
    struct og_buf pem = OG_BUF_INIT;
    assert_int_equal(og_key_generate("ml-dsa-65", seed, &k, NULL), OG_OK);
    assert_int_equal(og_key_to_pem(k, NULL, &pem, NULL), OG_OK);
    assert_string_equal(pem.p, "-----BEGIN PRIVATE KEY-----\n"
                               "MDQCAQAwCwYJYIZIAWUDBAMSBCKAIFpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpa\n"
                               "WlpaWlpa\n"
                               "-----END PRIVATE KEY-----\n");
    og_buf_cleanse(&pem);
    og_key_free(k);
}

static void passphrases_are_needed(void **state)
{
    (void)state;
    struct og_key *k = make("hybrid"), *out;
    struct og_buf pem = OG_BUF_INIT;
    struct og_err err;
    assert_int_equal(og_key_to_pem(k, PASS, &pem, &err), OG_OK);
    assert_int_equal(og_key_from_pem(pem.p, pem.len, NULL, &out, &err), OG_E_NOPERM);
    assert_null(out);
    assert_int_equal(og_key_from_pem(pem.p, pem.len, "", &out, &err), OG_E_NOPERM);
    assert_int_equal(og_key_from_pem(pem.p, pem.len, PASS "r", &out, &err), OG_E_NOPERM);
    og_buf_cleanse(&pem);
    assert_int_equal(og_key_to_pem(k, "", &pem, &err), OG_E_USAGE);
    og_buf_cleanse(&pem);
    og_key_free(k);
}

static void refuse(const char *pem, size_t n)
{
    struct og_key *out;
    struct og_err err;
    enum og_rc rc = og_key_from_pem(pem, n, NULL, &out, &err);
    if (rc != OG_E_DATA)
        fail_msg("status %d for '%.*s'", rc, (int)n, pem);
    assert_null(out);
}

static void no_keys(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "hello\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        /* an X25519 key: no signatures */
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VuBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n"
        "-----END PRIVATE KEY-----\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i], strlen(bad[i]));
    struct og_key *k = make("hybrid"), *one = make("ed25519");
    struct og_buf pem = OG_BUF_INIT, other = OG_BUF_INIT, mix = OG_BUF_INIT;
    assert_int_equal(og_key_to_pem(k, NULL, &pem, NULL), OG_OK);
    assert_int_equal(og_key_to_pem(one, NULL, &other, NULL), OG_OK);
    og_buf_add(&mix, other.p, other.len); /* two of one kind */
    og_buf_add(&mix, other.p, other.len);
    refuse(mix.p, mix.len);
    og_buf_reset(&mix); /* three */
    og_buf_add(&mix, pem.p, pem.len);
    og_buf_add(&mix, other.p, other.len);
    refuse(mix.p, mix.len);
    og_buf_reset(&mix); /* the hybrid's halves in the other order */
    const char *second = strstr(pem.p + 1, "-----BEGIN");
    og_buf_adds(&mix, second);
    og_buf_add(&mix, pem.p, (size_t)(second - pem.p));
    refuse(mix.p, mix.len);
    for (size_t cut = (size_t)(second - pem.p) + 30; cut < pem.len - 1; cut++)
        refuse(pem.p, cut);
    og_buf_cleanse(&mix);
    og_buf_cleanse(&pem);
    og_buf_cleanse(&other);
    og_key_free(one);
    og_key_free(k);
}

static void public_keys_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ALGS; i++) {
        struct og_key *k = make(algs[i]);
        struct og_pub *pub, *again;
        struct og_buf pem = OG_BUF_INIT;
        struct og_err err;
        assert_int_equal(og_key_pub(k, &pub, &err), OG_OK);
        assert_int_equal(og_pub_to_pem(pub, &pem, &err), OG_OK);
        assert_int_equal(og_pub_from_pem(pem.p, pem.len, &again, &err), OG_OK);
        assert_string_equal(og_pub_alg(pub), og_pub_alg(again));
        struct og_addr a = og_pub_addr(pub), b = og_pub_addr(again);
        assert_true(og_addr_eq(&a, &b));
        og_pub_free(again);
        assert_int_equal(og_pub_from_pem(pem.p, pem.len / 2, &again, &err), OG_E_DATA);
        assert_null(again);
        og_buf_release(&pem);
        og_pub_free(pub);
        og_key_free(k);
    }
    struct og_pub *none;
    struct og_err err;
    assert_int_equal(og_pub_from_pem("", 0, &none, &err), OG_E_DATA);
    const char *junk = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    assert_int_equal(og_pub_from_pem(junk, strlen(junk), &none, &err), OG_E_DATA);
}

/* Runs openssl pkey on our text; -1 when there is no such command. */
static int openssl_reads(const struct og_buf *pem, const char *extra1, const char *extra2)
{
    char path[] = "/tmp/ogpu-test-pem-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, pem->p, pem->len), (ssize_t)pem->len);
    close(fd);
    char *argv[8] = {strdup("openssl"),
                     strdup("pkey"),
                     strdup("-in"),
                     strdup(path),
                     strdup("-noout"),
                     extra1 ? strdup(extra1) : NULL,
                     extra2 ? strdup(extra2) : NULL,
                     NULL};
    posix_spawn_file_actions_t fa;
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_addopen(&fa, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    int status = -1;
    if (posix_spawnp(&pid, "openssl", &fa, NULL, argv, environ) == 0)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&fa);
    for (size_t i = 0; i < 8; i++)
        free(argv[i]);
    unlink(path);
    return status;
}

static void openssl_command_reads_ours(void **state)
{
    (void)state;
    struct og_key *k = make("ed25519");
    struct og_pub *pub;
    struct og_buf pem = OG_BUF_INIT;
    assert_int_equal(og_key_to_pem(k, NULL, &pem, NULL), OG_OK);
    int status = openssl_reads(&pem, NULL, NULL);
    if (status == -1) {
        og_buf_cleanse(&pem);
        og_key_free(k);
        print_message("skip: no openssl command\n");
        skip();
    }
    assert_int_equal(status, 0);
    og_buf_cleanse(&pem);
    assert_int_equal(og_key_to_pem(k, PASS, &pem, NULL), OG_OK);
    assert_int_equal(openssl_reads(&pem, "-passin", "pass:" PASS), 0);
    assert_int_not_equal(openssl_reads(&pem, "-passin", "pass:wrong"), 0);
    og_buf_cleanse(&pem);
    assert_int_equal(og_key_pub(k, &pub, NULL), OG_OK);
    assert_int_equal(og_pub_to_pem(pub, &pem, NULL), OG_OK);
    assert_int_equal(openssl_reads(&pem, "-pubin", NULL), 0);
    og_buf_release(&pem);
    og_pub_free(pub);
    og_key_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_round_trip),
        cmocka_unit_test(plain_text_is_stable),
        cmocka_unit_test(mldsa_is_its_seed),
        cmocka_unit_test(passphrases_are_needed),
        cmocka_unit_test(no_keys),
        cmocka_unit_test(public_keys_round_trip),
        cmocka_unit_test(openssl_command_reads_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
