/* test_trie.c - roots of ethereum/tests TrieTests (trieanyorder.json, trietest.json). */
#include "base/base_num.h"
#include "vm/vm_trie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct pair {
    const char *key, *value;
};

static void check(const struct pair *p, size_t n, const char *want)
{
    struct og_trie_item items[8];
    char hex[65];
    for (int reverse = 0; reverse < 2; reverse++) {
        for (size_t i = 0; i < n; i++) {
            const struct pair *q = &p[reverse ? n - 1 - i : i];
            items[i] = (struct og_trie_item){(const uint8_t *)q->key, strlen(q->key),
                                             (const uint8_t *)q->value, strlen(q->value)};
        }
        struct og_hash root = og_trie_root(items, n);
        og_hex_encode(root.b, sizeof root.b, hex);
        assert_string_equal(hex, want);
    }
}

static void test_published(void **st)
{
    static const struct pair dogs[] = {
        {"doe", "reindeer"}, {"dog", "puppy"}, {"dogglesworth", "cat"}};
    static const struct pair puppy[] = {
        {"do", "verb"}, {"horse", "stallion"}, {"doge", "coin"}, {"dog", "puppy"}};
    static const struct pair foo[] = {{"foo", "bar"}, {"food", "bass"}};
    static const struct pair small[] = {{"be", "e"}, {"dog", "puppy"}, {"bed", "d"}};
    static const struct pair testy[] = {{"test", "test"}, {"te", "testy"}};
    static const struct pair single[] = {
        {"A", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}};
    (void)st;
    check(NULL, 0, "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    check(single, 1, "d23786fb4a010da3ce639d66d5e904a11dbc02746d1ce25029e53290cabf28ab");
    check(dogs, 3, "8aad789dff2f538bca5d8ea56e8abe10f4c7ba3a5dea95fea4cd6e7c3a1168d3");
    check(puppy, 4, "5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84");
    check(foo, 2, "17beaa1648bafa633cda809c90c04af50fc8aed3cb40d16efbddee6fdf63c4c3");
    check(small, 3, "3f67c7a47520f79faa29255d2d3c084a7a6df0453116ed7232ff10277a8be68b");
    check(testy, 2, "8452568af70d8d140f58d941338542f645fcca50094b20f3c3d8c3df49337928");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
