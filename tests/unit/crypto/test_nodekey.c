/* test_nodekey.c - a node's VRF and consensus keys: made once, 0600, read back, never replaced. */
#include "crypto/crypto_nodekey.h"

#include "base/base_io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/test_nodekey.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    (void)state;
    struct og_err err;
    return og_io_remove_tree(dir, &err) == OG_OK ? 0 : -1;
}

static mode_t mode_of(const char *name)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void test_made_once(void **state)
{
    (void)state;
    struct og_err err = {0};
    struct og_nodekey a;
    struct og_nodekey b;
    struct og_key *k;
    size_t na;
    size_t nb;
    assert_int_equal(og_nodekey_ensure(dir, "ada", &a, &err), OG_OK);
    assert_int_equal(mode_of("ada.vrf.pem"), 0600);
    assert_int_equal(mode_of("ada.consensus.pem"), 0600);
    assert_true(og_vrf_pub_valid(a.vrf));
    assert_string_equal(og_pub_alg(a.consensus), "ed25519");
    assert_int_equal(og_nodekey_ensure(dir, "ada", &b, &err), OG_OK);
    assert_memory_equal(a.vrf, b.vrf, OG_VRF_PUB_LEN);
    const uint8_t *da = og_pub_der(a.consensus, &na);
    const uint8_t *db = og_pub_der(b.consensus, &nb);
    assert_int_equal(na, nb);
    assert_memory_equal(da, db, na);
    assert_int_equal(og_nodekey_consensus(dir, "ada", &k, &err), OG_OK);
    struct og_buf sig = OG_BUF_INIT;
    assert_int_equal(og_key_sign(k, "x", 1, &sig, &err), OG_OK);
    assert_true(og_pub_verify(a.consensus, "x", 1, sig.p, sig.len));
    og_buf_release(&sig);
    og_key_free(k);
    og_nodekey_release(&a);
    og_nodekey_release(&b);
}

static void test_each_node_its_own(void **state)
{
    (void)state;
    struct og_err err = {0};
    struct og_nodekey a;
    struct og_nodekey b;
    assert_int_equal(og_nodekey_ensure(dir, "ada", &a, &err), OG_OK);
    assert_int_equal(og_nodekey_ensure(dir, "lin", &b, &err), OG_OK);
    assert_memory_not_equal(a.vrf, b.vrf, OG_VRF_PUB_LEN);
    og_nodekey_release(&a);
    og_nodekey_release(&b);
}

static void test_what_is_not_a_key(void **state)
{
    (void)state;
    struct og_err err = {0};
    struct og_nodekey a;
    struct og_key *k;
    char path[128];
    assert_int_equal(og_nodekey_ensure(dir, "../x", &a, &err), OG_E_USAGE);
    assert_null(a.consensus);
    assert_int_equal(og_nodekey_consensus(dir, "nobody", &k, &err), OG_OK);
    assert_null(k);
    snprintf(path, sizeof path, "%s/bad.vrf.pem", dir);
    assert_int_equal(og_io_write_atomic(path, "junk", 4, 0600, OG_IO_REPLACE, &err), OG_OK);
    assert_int_equal(og_nodekey_ensure(dir, "bad", &a, &err), OG_E_DATA);
    assert_non_null(strstr(err.msg, "bad.vrf.pem"));
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(og_nodekey_ensure(dir, "bad", &a, &err), OG_E_NOPERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_once, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_each_node_its_own, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_what_is_not_a_key, make_dir, drop_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
