/* test_merkle.c - roots of the certificate-transparency reference tree, every path of every tree up
 * to 40 leaves, and simple maps against vectors of the Cosmos SDK (store/internal/maps). */
#include "crypto/crypto_merkle.h"

#include "base/base_num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define N_MAX 40

static void assert_hash(struct og_hash h, const char *want)
{
    char hex[2 * OG_HASH_LEN + 1];
    og_hex_encode(h.b, sizeof h.b, hex);
    assert_string_equal(hex, want);
}

static void rfc6962_roots(void **state)
{
    (void)state;
    static const char *const data[8] = {
        "",
        "\x00",
        "\x10",
        "\x20\x21",
        "\x30\x31",
        "\x40\x41\x42\x43",
        "\x50\x51\x52\x53\x54\x55\x56\x57",
        "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
    static const size_t len[8] = {0, 1, 1, 2, 2, 4, 8, 16};
    static const char *const roots[8] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    struct og_hash leaf[8] = {{{0}}};
    assert_hash(og_merkle_root(leaf, 0),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < 8; i++) {
        leaf[i] = og_merkle_leaf(data[i], len[i]);
        assert_hash(og_merkle_root(leaf, i + 1), roots[i]);
    }
}

/* RFC 6962 section 2.1 to the letter, to compare with. */
static struct og_hash by_definition(const struct og_hash *leaf, size_t n)
{
    if (n == 0)
        return og_sha256("", 0);
    if (n == 1)
        return leaf[0];
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    struct og_hash l = by_definition(leaf, k), r = by_definition(leaf + k, n - k);
    return og_merkle_inner(&l, &r);
}

static void make_leaves(struct og_hash leaf[N_MAX])
{
    for (size_t i = 0; i < N_MAX; i++)
        leaf[i] = og_merkle_leaf(&i, sizeof i);
}

static void roots_by_definition(void **state)
{
    (void)state;
    struct og_hash leaf[N_MAX];
    make_leaves(leaf);
    for (size_t n = 0; n <= N_MAX; n++) {
        struct og_hash a = by_definition(leaf, n), b = og_merkle_root(leaf, n);
        assert_memory_equal(a.b, b.b, OG_HASH_LEN);
    }
}

static void every_path_proves_its_leaf_only(void **state)
{
    (void)state;
    struct og_hash leaf[N_MAX];
    make_leaves(leaf);
    for (size_t n = 1; n <= N_MAX; n++) {
        struct og_hash root = og_merkle_root(leaf, n);
        for (size_t i = 0; i < n; i++) {
            struct og_merkle_path p;
            og_merkle_prove(leaf, n, i, &p);
            for (size_t j = 0; j < n; j++)
                assert_int_equal(og_merkle_verify(&root, &leaf[j], &p), i == j);
            for (uint64_t at = 0; at < n + 2; at++) {
                struct og_merkle_path moved = p;
                moved.index = at;
                assert_int_equal(og_merkle_verify(&root, &leaf[i], &moved), at == i);
            }
            struct og_merkle_path cut = p;
            cut.n = p.n - 1; /* of an empty path: too many */
            assert_false(og_merkle_verify(&root, &leaf[i], &cut));
            cut = p;
            memset(&cut.aunt[cut.n++], 0, OG_HASH_LEN);
            assert_false(og_merkle_verify(&root, &leaf[i], &cut));
        }
    }
}

static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    struct og_hash leaf[N_MAX];
    make_leaves(leaf);
    for (size_t n = 1; n <= N_MAX; n++) {
        struct og_hash root = og_merkle_root(leaf, n);
        for (size_t i = 0; i < n; i++) {
            struct og_merkle_path p;
            og_merkle_prove(leaf, n, i, &p);
            assert_true(og_merkle_verify(&root, &leaf[i], &p));
            for (size_t bit = 0; bit < p.n * 8 * OG_HASH_LEN; bit++) {
                uint8_t *b = &p.aunt[bit / 256].b[bit % 256 / 8];
                *b ^= (uint8_t)(1 << bit % 8);
                assert_false(og_merkle_verify(&root, &leaf[i], &p));
                *b ^= (uint8_t)(1 << bit % 8);
            }
            for (size_t bit = 0; bit < 256; bit++) {
                struct og_hash other = leaf[i];
                other.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
                assert_false(og_merkle_verify(&root, &other, &p));
            }
        }
    }
}

static void accumulator_equals_root(void **state)
{
    (void)state;
    static struct og_hash leaf[3000];
    struct og_merkle_acc a;
    og_merkle_acc_init(&a);
    for (size_t i = 0; i < 3000; i++) {
        leaf[i] = og_merkle_leaf(&i, sizeof i);
        og_merkle_acc_add(&a, &leaf[i]);
        if (i < 70 || i % 997 == 0 || (i & (i + 1)) == 0) {
            struct og_hash x = og_merkle_acc_root(&a), y = by_definition(leaf, i + 1);
            assert_memory_equal(x.b, y.b, OG_HASH_LEN);
        }
    }
}

static void simple_maps(void **state)
{
    (void)state;
    struct og_hash leaf[3];
    leaf[0] = og_merkle_map_leaf("key1", 4, "value1", 6);
    assert_hash(og_merkle_root(leaf, 1),
                "a44d3cc7daba1a4600b00a2434b30f8b970652169810d6dfa9fb1793a2189324");
    struct og_hash other = og_merkle_map_leaf("key1", 4, "value2", 6);
    assert_hash(og_merkle_root(&other, 1),
                "0638e99b3445caec9d95c05e1a3fc1487b4ddec6a952ff337080360b0dcc078c");
    leaf[1] = og_merkle_map_leaf("key2", 4, "value2", 6);
    assert_hash(og_merkle_root(leaf, 2),
                "8fd19b19e7bb3f2b3ee0574027d8a5a4cec370464ea2db2fbfa5c7d35bb0cff3");
    leaf[2] = og_merkle_map_leaf("key3", 4, "value3", 6);
    assert_hash(og_merkle_root(leaf, 3),
                "1dd674ec6782a0d586a903c9c63326a41cbe56b3bba33ed6ff5b527af6efb3dc");
}

/* A key of 128 bytes has a length of two uvarint bytes. */
static void long_map_keys(void **state)
{
    (void)state;
    uint8_t flat[1 + 2 + 300 + 1 + 32] = {0, 0xac, 0x02};
    memset(flat + 3, 'k', 300);
    flat[303] = 32;
    struct og_hash v = og_sha256("v", 1);
    memcpy(flat + 304, v.b, 32);
    struct og_hash want = og_sha256(flat, sizeof flat);
    struct og_hash got = og_merkle_map_leaf(flat + 3, 300, "v", 1);
    assert_memory_equal(got.b, want.b, OG_HASH_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc6962_roots),
        cmocka_unit_test(roots_by_definition),
        cmocka_unit_test(every_path_proves_its_leaf_only),
        cmocka_unit_test(every_flipped_bit_is_seen),
        cmocka_unit_test(accumulator_equals_root),
        cmocka_unit_test(simple_maps),
        cmocka_unit_test(long_map_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
