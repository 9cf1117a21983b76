/* test_sumtree.c - places of the nodes of a sum tree, against the shape of RFC 6962. */
#include "check/check_sumtree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* RFC 6962: the left half of n > 1 is the largest power of two below n. */
static uint64_t left_of(uint64_t n)
{
    uint64_t k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

/* The node over [first, first + count) is there, and its halves are those of the RFC. */
static void check_node(uint64_t parts, uint64_t place, uint64_t first, uint64_t count)
{
    struct og_sumtree_node n = og_sumtree_at(parts, place);
    assert_true(n.first == first && n.count == count);
    assert_true(og_sumtree_place(parts, n.level, n.i) == place);
    while (n.level > 0 && 2 * n.i + 1 >= og_sumtree_width(parts, n.level - 1)) {
        n.level--; /* carried up alone */
        n.i *= 2;
    }
    if (count == 1) {
        assert_int_equal(n.level, 0);
        return;
    }
    uint64_t left = left_of(count);
    check_node(parts, og_sumtree_place(parts, n.level - 1, 2 * n.i), first, left);
    check_node(parts, og_sumtree_place(parts, n.level - 1, 2 * n.i + 1), first + left,
               count - left);
}

static void test_shape(void **st)
{
    (void)st;
    for (uint64_t parts = 1; parts < 70; parts++) {
        check_node(parts, 0, 0, parts);
        assert_true(og_sumtree_place(parts, 0, 0) + parts == og_sumtree_nodes(parts));
    }
    assert_true(og_sumtree_nodes(1) == 1 && og_sumtree_nodes(5) == 11);
    assert_true(og_sumtree_width(5, 3) == 1 && og_sumtree_width(5, 4) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
