/* test_params.c - parameters: sorted names, defaults within bounds, bounds hold. */
#include "model/model_params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t value(const struct og_params *p, const struct og_param_info *i)
{
    uint64_t v;
    memcpy(&v, (const char *)p + i->at, sizeof v);
    return v;
}

static void defaults_are_within_bounds(void **state)
{
    (void)state;
    struct og_params p;
    memset(&p, 0xff, sizeof p);
    og_params_defaults(&p);
    assert_true(og_param_count * sizeof(uint64_t) == sizeof p);
    for (size_t k = 0; k < og_param_count; k++) {
        const struct og_param_info *i = &og_param_infos[k];
        assert_true(i->min <= i->dflt && i->dflt <= i->max);
        assert_true(value(&p, i) == i->dflt);
        if (k) /* the order of the app hash's map */
            assert_true(strcmp(og_param_infos[k - 1].name, i->name) < 0);
    }
}

static void bounds_hold(void **state)
{
    (void)state;
    struct og_params p;
    og_params_defaults(&p);
    for (size_t k = 0; k < og_param_count; k++) {
        const struct og_param_info *i = &og_param_infos[k];
        assert_ptr_equal(og_param_find(i->name), i);
        assert_true(og_params_set(&p, i->name, i->min));
        assert_true(value(&p, i) == i->min);
        assert_true(og_params_set(&p, i->name, i->max));
        assert_true(value(&p, i) == i->max);
        assert_false(og_params_set(&p, i->name, i->max + 1));
        if (i->min)
            assert_false(og_params_set(&p, i->name, i->min - 1));
        assert_true(value(&p, i) == i->max); /* refused ones change nothing */
    }
    assert_false(og_params_set(&p, "no_such", 1));
    assert_false(og_params_set(&p, "", 1));
    assert_null(og_param_find("block_m"));
}

/* Fixed so that no edit of the table changes a rule unseen. */
static void the_protocols_defaults(void **state)
{
    (void)state;
    struct og_params p;
    og_params_defaults(&p);
    assert_int_equal(p.rate, 1000000000);
    assert_int_equal(p.base_fee, 1000);
    assert_int_equal(p.byte_fee, 1);
    assert_int_equal(p.element_fee, 100);
    assert_int_equal(p.q_min_ppm, 50000);
    assert_int_equal(p.levy_ppm, 50000);
    assert_int_equal(p.epoch_blocks, 600);
    assert_int_equal(p.epoch_ms, 600000);
    assert_int_equal(p.min_bond, 10000000000);
    assert_int_equal(p.block_ms, 1000);
    assert_int_equal(p.block_max, 2000);
    assert_int_equal(p.unbond_ms, 3ull * 86400 * 1000);
    assert_int_equal(p.evidence_blocks, p.unbond_blocks - p.epoch_blocks);
    assert_int_equal(p.evidence_ms, p.unbond_ms - p.epoch_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_within_bounds),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(the_protocols_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
