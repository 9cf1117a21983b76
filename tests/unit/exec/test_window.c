/* test_window.c - a window's run: what it commits to holds, what does not hold is seen. */
#include "crypto/crypto_sig.h"
#include "exec/exec_matmul.h"
#include "exec/exec_window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_hash hash_of(const char *s)
{
    return og_sha256(s, strlen(s));
}

static void test_step_by_integers(void **st)
{
    struct og_hash seed = hash_of("seed");
    static uint16_t a[OG_CAP_A_CELLS];
    static uint16_t c[OG_CAP_CELLS], d[OG_CAP_CELLS], to[OG_CAP_CELLS];
    (void)st;
    og_cap_a(&seed, a);
    og_cap_d(&seed, 3, 0, c);
    og_cap_d(&seed, 3, 1, d);
    for (size_t i = 0; i < OG_CAP_ROWS; i++)
        for (size_t j = 0; j < OG_CAP_N; j++) {
            uint64_t sum = d[i * OG_CAP_N + j];
            for (size_t k = 0; k < OG_CAP_N; k++)
                sum += (uint64_t)c[i * OG_CAP_N + k] * a[k * OG_CAP_N + j];
            to[i * OG_CAP_N + j] = (uint16_t)(sum % OG_CAP_P);
        }
    struct og_hash beacon = hash_of("beacon");
    assert_true(og_cap_check(&seed, a, &beacon, 3, 0, c, to));
    assert_false(og_cap_check(&seed, a, &beacon, 2, 0, c, to));
    assert_false(og_cap_check(&seed, a, &beacon, 3, 1, c, to));
    for (unsigned i = 0; i < 100; i++) { /* any one entry, by one */
        size_t at = (i * 7919u) % OG_CAP_CELLS;
        uint16_t was = to[at];
        to[at] = (uint16_t)((was + 1) % OG_CAP_P);
        assert_false(og_cap_check(&seed, a, &beacon, 3, 0, c, to));
        to[at] = was;
    }
}

/* What a run opens is in the tree that it committed to, and is what the seed makes. */
static void check_opened(const struct og_window_run *r, const struct og_hash *seed)
{
    struct og_hash beacon = hash_of("later");
    static uint16_t a[OG_CAP_A_CELLS], m[2][OG_CAP_CELLS];
    static const char *const names[] = {"from", "to"};
    og_cap_a(seed, a);
    json_t *c = og_window_commit(r, 4, 9);
    json_t *o = og_window_reveal(r, 4, 1, &beacon);
    uint64_t lanes = (uint64_t)json_integer_value(json_object_get(c, "lanes"));
    uint64_t steps = (uint64_t)json_integer_value(json_object_get(c, "steps"));
    for (uint64_t k = 0; k < OG_CAP_DRAWN; k++) {
        const json_t *e = json_array_get(json_object_get(o, "opened"), k);
        uint64_t lane, step;
        og_cap_draw(&beacon, 1, k, lanes, steps, &lane, &step);
        for (int i = 0; i < 2; i++) {
            struct og_buf b = OG_BUF_INIT;
            const char *s = json_string_value(json_object_get(e, names[i]));
            assert_int_equal(og_base64_decode(s, strlen(s), OG_CAP_BYTES, &b, NULL), OG_OK);
            assert_true(og_cap_unpack((const uint8_t *)b.p, m[i]));
            og_buf_release(&b);
        }
        assert_true(og_cap_check(seed, a, &beacon, lane, step, m[0], m[1]));
    }
    json_decref(o);
    json_decref(c);
}

static void test_pack(void **st)
{
    struct og_hash seed = hash_of("x");
    static uint16_t m[OG_CAP_CELLS], again[OG_CAP_CELLS];
    static uint8_t p[OG_CAP_BYTES];
    (void)st;
    og_cap_d(&seed, 0, 5, m);
    og_cap_pack(m, p);
    assert_true(og_cap_unpack(p, again));
    assert_memory_equal(m, again, sizeof m);
    m[OG_CAP_CELLS - 1] = OG_CAP_P;
    og_cap_pack(m, p);
    assert_false(og_cap_unpack(p, again));
}

static uint64_t number(const json_t *o, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(o, key));
}

static void run_at(bool portable, char root[65])
{
    struct og_hash seed = hash_of("run");
    struct og_window_run *r;
    struct og_err err;
    og_matmul_force_portable(portable);
    assert_int_equal(og_window_run(&seed, 2, 1, 40000, NULL, &r, &err), OG_OK);
    json_t *c = og_window_commit(r, 4, 9);
    assert_int_equal(number(c, "lanes"), 16);
    assert_int_equal(number(c, "chunks"), 2);
    assert_int_equal(number(c, "round"), 4);
    assert_true(number(c, "steps") >= 1);
    assert_int_equal(og_window_steps(r), 16 * number(c, "steps"));
    snprintf(root, 65, "%s", json_string_value(json_array_get(json_object_get(c, "roots"), 1)));
    check_opened(r, &seed);
    json_decref(c);
    og_window_run_free(r);
    og_matmul_force_portable(false);
}

static void test_memory_is_the_seeds(void **st)
{
    char a[65], b[65];
    (void)st;
    run_at(false, a);
    run_at(true, b);
    assert_string_equal(a, b);
}

static void test_median(void **st)
{
    const uint64_t v[OG_CAP_KEPT] = {50, 10, 40, 20, 30};
    (void)st;
    assert_int_equal(og_cap_median(v, 1), 50);
    assert_int_equal(og_cap_median(v, 2), 10);
    assert_int_equal(og_cap_median(v, 3), 40);
    assert_int_equal(og_cap_median(v, 4), 20);
    assert_int_equal(og_cap_median(v, 5), 30);
    assert_int_equal(og_cap_median(v, 500), 30);
}

static void test_ceiling(void **st)
{
    (void)st;
    assert_int_equal(og_cap_ceiling("cpu-x86-64-v3", 2), 436800); /* 2 · 32 · 6.5 GHz · 1.05 */
    assert_true(og_cap_ceiling("cpu-other", 1) == UINT64_MAX);
    assert_int_equal(og_cap_rate(2, 1000000, 1000), 4194304); /* 2^21 FLOP a step */
}

/* Steps left out are drawn as often as chance says: 1 - (1 - f)^s. */
static void test_draws_are_even(void **st)
{
    uint64_t hit = 0;
    (void)st;
    for (uint64_t i = 0; i < 4000; i++) {
        struct og_hash beacon = og_sha256(&i, sizeof i);
        bool any = false;
        for (uint64_t k = 0; k < OG_CAP_DRAWN; k++) {
            uint64_t lane, step;
            og_cap_draw(&beacon, 7, k, 4, 1000, &lane, &step);
            assert_true(lane < 4 && step < 1000);
            any = any || step < 200;
        }
        hit += any;
    }
    assert_in_range(hit, 1852, 2052); /* 4000 · (1 - 0.8^3) = 1952, three deviations */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_step_by_integers),
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_memory_is_the_seeds),
        cmocka_unit_test(test_median),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_draws_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
