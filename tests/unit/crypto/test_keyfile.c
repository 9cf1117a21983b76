/* test_keyfile.c - identities on disk: modes, no overwriting, names, the public part of a locked
 * key. */
#include "crypto/crypto_keyfile.h"

#include "base/base_io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static int setup(void **state)
{
    static char dir[] = "/tmp/ogpu-test-keyfile-XXXXXX";
    assert_non_null(mkdtemp(dir));
    *state = og_io_join(dir, "keys");
    return 0;
}

static int teardown(void **state)
{
    char *keys = *state;
    *strrchr(keys, '/') = '\0';
    assert_int_equal(og_io_remove_tree(keys, NULL), OG_OK);
    free(keys);
    return 0;
}

static struct og_key *make(void)
{
    struct og_key *k;
    assert_int_equal(og_key_generate("ed25519", NULL, &k, NULL), OG_OK);
    return k;
}

static mode_t mode_of(const char *dir, const char *name)
{
    char *path = og_io_join(dir, name);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    free(path);
    return st.st_mode & 07777;
}

static void assert_same(struct og_addr a, struct og_addr b)
{
    assert_true(og_addr_eq(&a, &b));
}

static void saved_keys_load(void **state)
{
    const char *dir = *state;
    struct og_key *k = make(), *again, *other = make();
    struct og_err err;
    assert_int_equal(og_keyfile_save(dir, "a", k, NULL, false, &err), OG_OK);
    assert_int_equal(mode_of(dir, ""), 0700);
    assert_int_equal(mode_of(dir, "a.pem"), 0600);
    assert_int_equal(og_keyfile_load(dir, "a", NULL, &again, &err), OG_OK);
    assert_same(og_key_addr(k), og_key_addr(again));
    og_key_free(again);
    assert_int_equal(og_keyfile_save(dir, "a", other, NULL, false, &err), OG_E_CANTCREATE);
    assert_int_equal(og_keyfile_load(dir, "a", NULL, &again, &err), OG_OK);
    assert_same(og_key_addr(k), og_key_addr(again));
    og_key_free(again);
    og_key_free(k);
    og_key_free(other);
}

static void locked_keys_show_their_public_part(void **state)
{
    const char *dir = *state;
    struct og_key *k = make(), *again;
    struct og_pub *pub;
    struct og_err err;
    bool encrypted;
    assert_int_equal(og_keyfile_save(dir, "b", k, "pw", false, &err), OG_OK);
    assert_int_equal(og_keyfile_load_pub(dir, "b", &pub, &encrypted, &err), OG_OK);
    assert_true(encrypted);
    assert_same(og_pub_addr(pub), og_key_addr(k));
    og_pub_free(pub);
    assert_int_equal(og_keyfile_load(dir, "b", NULL, &again, &err), OG_E_NOPERM);
    assert_int_equal(og_keyfile_load(dir, "b", "no", &again, &err), OG_E_NOPERM);
    assert_int_equal(og_keyfile_load(dir, "b", "pw", &again, &err), OG_OK);
    /* another passphrase, then none */
    assert_int_equal(og_keyfile_save(dir, "b", again, "px", true, &err), OG_OK);
    og_key_free(again);
    assert_int_equal(og_keyfile_load(dir, "b", "pw", &again, &err), OG_E_NOPERM);
    assert_int_equal(og_keyfile_load(dir, "b", "px", &again, &err), OG_OK);
    assert_int_equal(og_keyfile_save(dir, "b", again, NULL, true, &err), OG_OK);
    og_key_free(again);
    assert_int_equal(og_keyfile_load_pub(dir, "b", &pub, &encrypted, &err), OG_OK);
    assert_false(encrypted);
    og_pub_free(pub);
    /* without NAME.pub a locked key cannot say who it is */
    assert_int_equal(og_keyfile_save(dir, "b", k, "pw", true, &err), OG_OK);
    char *side = og_io_join(dir, "b.pub");
    assert_int_equal(remove(side), 0);
    free(side);
    assert_int_equal(og_keyfile_load_pub(dir, "b", &pub, &encrypted, &err), OG_E_NOINPUT);
    assert_true(encrypted);
    og_key_free(k);
}

static void readable_keys_are_refused(void **state)
{
    const char *dir = *state;
    struct og_key *k = make(), *again;
    struct og_err err;
    assert_int_equal(og_keyfile_save(dir, "c", k, NULL, false, &err), OG_OK);
    char *path = og_keyfile_path(dir, "c");
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(og_keyfile_load(dir, "c", NULL, &again, &err), OG_E_NOPERM);
    assert_null(again);
    free(path);
    og_key_free(k);
}

static void names_are_checked(void **state)
{
    const char *dir = *state;
    struct og_key *k = make(), *again;
    struct og_err err;
    static char long_name[66];
    memset(long_name, 'x', 65);
    const char *const bad[] = {"", "..", "a/b", "-x", "a.b", "a b", "a\n", "\xc3\xa4", long_name};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(og_keyfile_save(dir, bad[i], k, NULL, false, &err), OG_E_USAGE);
        assert_int_equal(og_keyfile_load(dir, bad[i], NULL, &again, &err), OG_E_USAGE);
    }
    assert_int_equal(og_keyfile_load(dir, "nobody", NULL, &again, &err), OG_E_NOINPUT);
    og_key_free(k);
}

static void lists_are_sorted(void **state)
{
    char *dir = og_io_join(*state, "list");
    struct og_key *k = make();
    struct og_err err;
    char **names;
    size_t n;
    assert_int_equal(og_keyfile_list(dir, &names, &n, &err), OG_OK);
    assert_int_equal(n, 0);
    static const char *const want[] = {"alice", "bob", "carol"};
    for (size_t i = 3; i-- > 0;)
        assert_int_equal(og_keyfile_save(dir, want[i], k, NULL, false, &err), OG_OK);
    char *other = og_io_join(dir, "alice.vrf.pem"); /* a node's, not an identity */
    assert_int_equal(og_io_write_atomic(other, "x", 1, 0600, OG_IO_REPLACE, &err), OG_OK);
    free(other);
    assert_int_equal(og_keyfile_list(dir, &names, &n, &err), OG_OK);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(names[i], want[i]);
        free(names[i]);
    }
    free(names);
    free(dir);
    og_key_free(k);
}

/* A rotation in its steps; each may be done twice. */
static void keys_of_a_rotation(void **state)
{
    const char *dir = *state;
    struct og_key *old = make(), *new = make(), *got;
    struct og_pub *pub;
    struct og_err err;
    struct og_addr a = og_key_addr(old);
    char *path;
    bool encrypted;
    assert_int_equal(og_keyfile_save(dir, "r", old, NULL, false, &err), OG_OK);
    assert_false(og_keyfile_next_exists(dir, "r"));
    assert_int_equal(og_keyfile_next_save(dir, "r", new, "secret", &err), OG_OK);
    assert_int_equal(og_keyfile_next_save(dir, "r", old, NULL, &err), OG_E_CANTCREATE);
    assert_true(og_keyfile_next_exists(dir, "r"));
    assert_int_equal(mode_of(dir, "r.next.pem"), 0600);
    assert_int_equal(og_keyfile_next_load(dir, "r", "secret", &got, &err), OG_OK);
    assert_same(og_key_addr(got), og_key_addr(new));
    /* the address may be there before the key: it is the old one's own */
    assert_int_equal(og_keyfile_put_addr(dir, "r", &a, &err), OG_OK);
    assert_int_equal(og_keyfile_next_take(dir, "r", got, &a, &path, &err), OG_OK);
    assert_string_equal(strrchr(path, '/'), "/r.old-1.pem");
    assert_int_equal(mode_of(dir, "r.old-1.pem"), 0600);
    free(path);
    og_key_free(got);
    assert_false(og_keyfile_next_exists(dir, "r"));
    assert_int_equal(og_keyfile_load(dir, "r", "secret", &got, &err), OG_OK);
    assert_same(og_key_addr(got), a);
    og_key_free(got);
    assert_int_equal(og_keyfile_load_pub(dir, "r", &pub, &encrypted, &err), OG_OK);
    assert_true(encrypted);
    assert_same(og_pub_addr(pub), a);
    og_pub_free(pub);
    char *file = og_io_join(dir, "r.addr");
    assert_int_equal(og_io_write_atomic(file, "ogpu1x\n", 7, 0644, OG_IO_REPLACE, &err), OG_OK);
    assert_int_equal(og_keyfile_load(dir, "r", "secret", &got, &err), OG_E_DATA);
    assert_null(got);
    assert_int_equal(og_keyfile_load_pub(dir, "r", &pub, &encrypted, &err), OG_E_DATA);
    assert_null(pub);
    free(file);
    og_key_free(old);
    og_key_free(new);
}

static void a_cold_key_stands_beside(void **state)
{
    const char *dir = *state;
    struct og_key *hot = make(), *cold = make(), *got;
    struct og_pub *pub;
    struct og_err err;
    assert_int_equal(og_keyfile_save(dir, "h", hot, NULL, false, &err), OG_OK);
    assert_int_equal(og_keyfile_load(dir, "h", NULL, &got, &err), OG_OK);
    assert_null(og_key_cold(got));
    og_key_free(got);
    assert_int_equal(og_key_pub(cold, &pub, &err), OG_OK);
    assert_int_equal(og_keyfile_put_cold(dir, "h", pub, &err), OG_OK);
    assert_int_equal(og_keyfile_put_cold(dir, "h", pub, &err), OG_E_CANTCREATE);
    assert_int_equal(og_keyfile_load(dir, "h", NULL, &got, &err), OG_OK);
    assert_non_null(og_key_cold(got));
    assert_same(og_pub_addr(og_key_cold(got)), og_key_addr(cold));
    og_key_free(got);
    og_pub_free(pub);
    og_key_free(hot);
    og_key_free(cold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_keys_load),
        cmocka_unit_test(locked_keys_show_their_public_part),
        cmocka_unit_test(readable_keys_are_refused),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(lists_are_sorted),
        cmocka_unit_test(keys_of_a_rotation),
        cmocka_unit_test(a_cold_key_stands_beside),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
