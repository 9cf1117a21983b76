/* test_node.c - this machine as a node: limits filled, capacity measured, the body that says so. */
#include "exec/exec_node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_limits_from_the_machine(void **state)
{
    (void)state;
    struct og_node_limits l = {0};
    og_node_limits_fill(&l);
    assert_in_range(l.threads, 1, OG_NODE_THREADS_MAX);
    assert_int_equal(l.share_ppm, 1000000);
    assert_in_range(l.slots, 1, OG_NODE_SLOTS_MAX);
    assert_true(l.mem_bytes > 1 << 20);
    struct og_node_limits kept = {3, 250000, 5, 1 << 30};
    og_node_limits_fill(&kept);
    assert_int_equal(kept.threads, 3);
    assert_int_equal(kept.share_ppm, 250000);
    assert_int_equal(kept.slots, 5);
    assert_int_equal(kept.mem_bytes, 1 << 30);
}

static void test_offer(void **state)
{
    (void)state;
    struct og_node_limits l = {1, 250000, 1, 1};
    assert_int_equal(og_node_offered(&l, 1001), 250);
    assert_int_equal(og_node_offered(&l, 1), 1); /* never nothing */
    l.share_ppm = 1000000;
    assert_int_equal(og_node_offered(&l, 1001), 1001);
}

static uint64_t number(const json_t *o, const char *key)
{
    assert_true(json_is_integer(json_object_get(o, key)));
    return (uint64_t)json_integer_value(json_object_get(o, key));
}

static void test_body(void **state)
{
    (void)state;
    struct og_node_limits l = {7, 500000, 3, 3001};
    json_t *o = og_node_body(&l, 1000, 12, NULL);
    assert_null(json_object_get(o, "keys"));
    assert_int_equal(number(o, "offered"), 500);
    const json_t *m = json_object_get(o, "measured");
    assert_int_equal(number(m, "mflops_per_s"), 1000);
    assert_int_equal(number(m, "height"), 12);
    const json_t *slots = json_object_get(o, "slots");
    assert_int_equal(json_array_size(slots), 3);
    uint64_t share = 0;
    for (size_t i = 0; i < 3; i++) {
        const json_t *s = json_array_get(slots, i);
        share += number(s, "share_ppm");
        assert_int_equal(number(s, "cores"), 2);
        assert_int_equal(number(s, "mem_bytes"), 1000);
        assert_int_equal(number(s, "gpu_ppm"), 0);
    }
    assert_in_range(share, 999990, 1000000);
    assert_int_equal(json_array_size(json_object_get(o, "classes")), 2);
    assert_true(json_string_length(json_object_get(o, "hw_class")) > 0);
    json_decref(o);
    l.slots = 64; /* more slots than processors: each still has one */
    o = og_node_body(&l, 1000, 0, NULL);
    assert_int_equal(number(json_array_get(json_object_get(o, "slots"), 63), "cores"), 1);
    json_decref(o);
}

static void test_measured(void **state)
{
    (void)state;
    struct og_err err = {0};
    struct og_node_limits l = {.threads = 1};
    const uint8_t seed[32] = {1};
    uint64_t mflops;
    og_node_limits_fill(&l);
    assert_int_equal(og_node_measure(&l, seed, 10, &mflops, &err), OG_OK);
    assert_true(mflops > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_from_the_machine),
        cmocka_unit_test(test_offer),
        cmocka_unit_test(test_body),
        cmocka_unit_test(test_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
