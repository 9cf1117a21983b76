/* test_draw.c - the stream by its definition, and chi-square of every kind of draw. */
#include "base/base_num.h"
#include "check/check_draw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_hash seed_of(uint64_t i)
{
    return og_sha256(&i, sizeof i);
}

static void test_stream(void **st)
{
    struct og_hash seed = seed_of(1), block;
    uint8_t in[32 + 2 + 4];
    struct og_draw d;
    (void)st;
    memcpy(in, seed.b, 32);
    memcpy(in + 32, "t", 2); /* the tag and its zero byte */
    og_draw_init(&d, &seed, "t");
    for (uint32_t j = 0; j < 3; j++) {
        og_put_be32(in + 34, j);
        block = og_sha256(in, sizeof in);
        for (size_t k = 0; k < 4; k++)
            assert_true(og_draw_u64(&d) == og_get_be64(block.b + 8 * k));
    }
    uint8_t msg[10 + 32 + 16] = "ogpu-draw";
    memcpy(msg + 10, seed.b, 32);
    og_put_be64(msg + 42, 7);
    og_put_be64(msg + 50, 3);
    struct og_hash want = og_sha256(msg, sizeof msg), got = og_draw_seed(&seed, 7, 3);
    assert_memory_equal(want.b, got.b, 32);
}

/* Rejection: for w above 2^63 about half of the words are thrown away, none is folded. */
static void test_rejection(void **st)
{
    const uint64_t w = ((uint64_t)1 << 63) + 1;
    struct og_hash seed = seed_of(2);
    struct og_draw d, raw;
    size_t thrown = 0;
    (void)st;
    og_draw_init(&d, &seed, "r");
    og_draw_init(&raw, &seed, "r");
    for (int i = 0; i < 2000; i++) {
        uint64_t x = og_draw_index(&d, w), y;
        while ((y = og_draw_u64(&raw)) >= w)
            thrown++;
        assert_true(x == y);
    }
    assert_true(thrown > 1700 && thrown < 2300);
    og_draw_init(&d, &seed, "r");
    og_draw_init(&raw, &seed, "r");
    assert_true(og_draw_index(&d, 1) == 0);
    og_draw_u64(&raw);
    assert_true(og_draw_index(&d, (uint64_t)1 << 63) == (og_draw_u64(&raw) & INT64_MAX));
}

/* Σ (seen − want)² / want, times 1000. */
static uint64_t chi2(const uint64_t *seen, const uint64_t *want, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t gap = seen[i] > want[i] ? seen[i] - want[i] : want[i] - seen[i];
        sum += gap * gap * 1000 / want[i];
    }
    return sum;
}

static void test_index_chi2(void **st)
{
    uint64_t seen[101] = {0}, want[101];
    struct og_hash seed = seed_of(3);
    struct og_draw d;
    (void)st;
    og_draw_init(&d, &seed, "chi");
    for (int i = 0; i < 1010000; i++)
        seen[og_draw_index(&d, 101)]++;
    for (int i = 0; i < 101; i++)
        want[i] = 10000;
    assert_true(chi2(seen, want, 101) < 161000); /* 100 degrees, p = 10^-4 */
    assert_true(chi2(seen, want, 101) > 50000);
}

static void test_leaves(void **st)
{
    uint64_t sets[10] = {0}, want[10], out[64];
    (void)st;
    for (uint64_t r = 0; r < 20000; r++) { /* 3 of 5: ten sets */
        struct og_hash seed = seed_of(100 + r);
        assert_int_equal(og_draw_leaves(&seed, 5, 3, out), 3);
        assert_true(out[0] < out[1] && out[1] < out[2] && out[2] < 5);
        size_t code = 0;
        for (size_t a = 0; a < 5; a++)
            for (size_t b = a + 1; b < 5; b++)
                for (size_t c = b + 1; c < 5; c++, code++)
                    if (out[0] == a && out[1] == b && out[2] == c)
                        sets[code]++;
    }
    for (int i = 0; i < 10; i++)
        want[i] = 2000;
    assert_true(chi2(sets, want, 10) < 34000); /* 9 degrees, p = 10^-4 */
    struct og_hash seed = seed_of(4);
    assert_int_equal(og_draw_leaves(&seed, UINT64_MAX, 64, out), 64);
    for (int i = 1; i < 64; i++)
        assert_true(out[i - 1] < out[i]);
    assert_int_equal(og_draw_leaves(&seed, 4, 9, out), 4);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(out[i], i);
    assert_int_equal(og_draw_leaves(&seed, 0, 9, out), 0);
    assert_int_equal(og_draw_leaves(&seed, 9, 0, out), 0);
}

static void test_weighted(void **st)
{
    const uint64_t w[] = {0, 10, 20, 0, 30, 40};
    uint64_t first[6] = {0}, second[6] = {0}, f[4], s[4];
    const uint64_t want1[] = {3000, 6000, 9000, 12000};
    uint64_t want2[4] = {0};
    static const uint64_t pos[] = {10, 20, 30, 40};
    size_t out[6], n;
    struct og_err err = {0};
    (void)st;
    for (uint64_t r = 0; r < 30000; r++) {
        struct og_hash seed = seed_of(90000 + r);
        assert_int_equal(og_draw_weighted(&seed, "v", w, 6, 2, out, &n, &err), OG_OK);
        assert_int_equal(n, 2);
        assert_true(out[0] != out[1]);
        first[out[0]]++;
        second[out[1]]++;
    }
    assert_int_equal(first[0] + first[3] + second[0] + second[3], 0);
    static const size_t at[] = {1, 2, 4, 5};
    for (size_t i = 0; i < 4; i++) {
        f[i] = first[at[i]];
        s[i] = second[at[i]];
        for (size_t j = 0; j < 4; j++) /* P(j first) · P(i | j gone) */
            want2[i] += i == j ? 0 : 30000 * pos[j] * pos[i] / (100 * (100 - pos[j]));
    }
    assert_true(chi2(f, want1, 4) < 21100); /* 3 degrees, p = 10^-4 */
    assert_true(chi2(s, want2, 4) < 21100);
    struct og_hash seed = seed_of(5);
    assert_int_equal(og_draw_weighted(&seed, "v", w, 6, 9, out, &n, &err), OG_OK);
    assert_int_equal(n, 4); /* all that have weight, each once */
    assert_int_equal(og_draw_weighted(&seed, "v", w, 0, 9, out, &n, &err), OG_OK);
    assert_int_equal(n, 0);
    const uint64_t big[] = {(uint64_t)1 << 62, (uint64_t)1 << 62};
    assert_int_equal(og_draw_weighted(&seed, "v", big, 2, 1, out, &n, &err), OG_E_DATA);
    assert_int_equal(n, 0);
}

static void test_check(void **st)
{
    size_t yes = 0;
    (void)st;
    for (uint64_t r = 0; r < 20000; r++) {
        struct og_hash seed = seed_of(r);
        assert_false(og_draw_check(&seed, 0));
        assert_true(og_draw_check(&seed, 1000000));
        assert_true(og_draw_check(&seed, UINT64_MAX));
        yes += og_draw_check(&seed, 50000);
    }
    assert_true(yes > 880 && yes < 1120); /* 1000 ± 31 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream),     cmocka_unit_test(test_rejection),
        cmocka_unit_test(test_index_chi2), cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_weighted),   cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
