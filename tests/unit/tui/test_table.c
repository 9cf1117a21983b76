/* test_table.c - the layout of columns, cursor and sort keys: no terminal needed. */
#include "tui/tui_table.h"

#include "tui/tui_draw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct og_tui_col cols[] = {
    {.title = "id", .least = 4, .most = 6, .priority = 0},
    {.title = "name", .least = 6, .most = 0, .priority = 2},
    {.title = "cost", .least = 5, .most = 5, .priority = 3, .right = true},
    {.title = "state", .least = 5, .most = 8, .priority = 1},
};
#define N (sizeof cols / sizeof *cols)

static void layout(int width, int a, int b, int c, int d)
{
    static const int natural[N] = {9, 30, 3, 5};
    int wide[N];
    og_tui_table_layout(cols, N, natural, width, wide);
    assert_int_equal(wide[0], a);
    assert_int_equal(wide[1], b);
    assert_int_equal(wide[2], c);
    assert_int_equal(wide[3], d);
}

static void test_layout(void **state)
{
    (void)state;
    layout(23, 4, 6, 5, 5);  /* all at their least: 4 + 6 + 5 + 5 and three blanks */
    layout(24, 5, 6, 5, 5);  /* the first spare column goes to priority 0 */
    layout(60, 6, 30, 5, 5); /* nothing grows beyond what it shows */
    layout(40, 6, 21, 5, 5);
    layout(22, 6, 9, 0, 5); /* cost goes first */
    layout(17, 4, 6, 0, 5);
    layout(16, 6, 0, 0, 5); /* then name */
    layout(9, 6, 0, 0, 0);  /* then state */
    layout(3, 3, 0, 0, 0);  /* the last one is clipped */
    layout(0, 0, 0, 0, 0);
    layout(-5, 0, 0, 0, 0);
}

static void test_never_wider(void **state)
{
    (void)state;
    static const int natural[N] = {9, 300, 3, 5};
    for (int width = 0; width <= 500; width++) {
        int wide[N];
        int total = 0;
        og_tui_table_layout(cols, N, natural, width, wide);
        for (size_t i = 0; i < N; i++)
            total += wide[i] ? wide[i] + 1 : 0;
        assert_true(total - 1 <= width);
    }
}

static void test_keys(void **state)
{
    (void)state;
    struct og_tui_table t = {.cols = cols, .n_cols = N};
    bool sorted;
    assert_true(og_tui_table_key(&t, 'k', 10, 4, &sorted));
    assert_int_equal(t.cursor, 0);
    assert_true(og_tui_table_key(&t, OG_KEY_DOWN, 10, 4, &sorted));
    assert_int_equal(t.cursor, 1);
    og_tui_table_key(&t, OG_KEY_PGDN, 10, 4, &sorted);
    assert_int_equal(t.cursor, 5);
    og_tui_table_key(&t, OG_KEY_PGDN, 10, 4, &sorted);
    og_tui_table_key(&t, 'j', 10, 4, &sorted);
    assert_int_equal(t.cursor, 9);
    og_tui_table_key(&t, OG_KEY_PGUP, 10, 4, &sorted);
    assert_int_equal(t.cursor, 5);
    og_tui_table_key(&t, OG_KEY_PGUP, 10, 40, &sorted);
    assert_int_equal(t.cursor, 0);
    og_tui_table_key(&t, 'G', 10, 4, &sorted);
    assert_int_equal(t.cursor, 9);
    og_tui_table_key(&t, 'j', 3, 4, &sorted); /* rows went away */
    assert_int_equal(t.cursor, 2);
    og_tui_table_key(&t, OG_KEY_PGDN, 0, 0, &sorted);
    assert_int_equal(t.cursor, 0);
    assert_false(sorted);
    assert_true(og_tui_table_key(&t, 'S', 10, 4, &sorted));
    assert_true(sorted);
    assert_int_equal(t.sort_col, N - 1);
    og_tui_table_key(&t, 's', 10, 4, &sorted);
    assert_int_equal(t.sort_col, 0);
    og_tui_table_key(&t, 'r', 10, 4, &sorted);
    assert_true(t.reverse && sorted);
    assert_false(og_tui_table_key(&t, 'q', 10, 4, &sorted));
    assert_false(sorted);
}

static void stack(int h, int a, int b, int c)
{
    static const int least[] = {1, 4, 3};
    static const int want[] = {1, 20, 6};
    int out[3];
    og_tui_stack(h, least, want, 3, out);
    assert_int_equal(out[0], a);
    assert_int_equal(out[1], b);
    assert_int_equal(out[2], c);
}

static void test_stack(void **state)
{
    (void)state;
    stack(0, 0, 0, 0);
    stack(1, 1, 0, 0);
    stack(4, 1, 0, 3);
    stack(5, 1, 4, 0);
    stack(8, 1, 4, 3);
    stack(10, 1, 5, 4);
    stack(24, 1, 17, 6);
    stack(500, 1, 20, 6);
}

static void test_level(void **state)
{
    (void)state;
    assert_int_equal(og_tui_level(749999, 750000, 900000), OG_TUI_GOOD);
    assert_int_equal(og_tui_level(750000, 750000, 900000), OG_TUI_WARN);
    assert_int_equal(og_tui_level(900000, 750000, 900000), OG_TUI_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout), cmocka_unit_test(test_never_wider),
        cmocka_unit_test(test_keys), cmocka_unit_test(test_stack), cmocka_unit_test(test_level)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
