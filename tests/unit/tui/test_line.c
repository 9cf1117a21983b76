/* test_line.c - the input line: editing by characters, not bytes; never beyond its end. */
#include "tui/tui_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct og_tui_line l;

static void type(const char *s)
{
    for (; *s; s++)
        assert_int_equal(og_tui_line_key(&l, *s), OG_TUI_LINE_CHANGED);
}

static void test_edit(void **state)
{
    (void)state;
    og_tui_line_set(&l, "");
    type("user=kim");
    assert_int_equal(og_tui_line_key(&l, 0xfc), OG_TUI_LINE_CHANGED);
    assert_int_equal(og_tui_line_key(&l, 0x65e5), OG_TUI_LINE_CHANGED);
    assert_int_equal(og_tui_line_key(&l, 0x1f600), OG_TUI_LINE_CHANGED);
    assert_string_equal(l.text, "user=kim\xc3\xbc\xe6\x97\xa5\xf0\x9f\x98\x80");
    assert_int_equal(og_tui_line_key(&l, OG_KEY_LEFT), OG_TUI_LINE_MOVED);
    assert_int_equal(og_tui_line_key(&l, OG_KEY_BACKSPACE), OG_TUI_LINE_CHANGED);
    assert_string_equal(l.text, "user=kim\xc3\xbc\xf0\x9f\x98\x80");
    assert_int_equal(og_tui_line_key(&l, OG_KEY_DELETE), OG_TUI_LINE_CHANGED);
    assert_int_equal(og_tui_line_key(&l, OG_KEY_DELETE), OG_TUI_LINE_MOVED);
    assert_string_equal(l.text, "user=kim\xc3\xbc");
    og_tui_line_key(&l, 1);
    type("x");
    assert_string_equal(l.text, "xuser=kim\xc3\xbc");
    og_tui_line_key(&l, OG_KEY_RIGHT);
    og_tui_line_key(&l, 11);
    assert_string_equal(l.text, "xu");
    og_tui_line_key(&l, 21);
    assert_string_equal(l.text, "");
    assert_int_equal(og_tui_line_key(&l, OG_KEY_BACKSPACE), OG_TUI_LINE_MOVED);
    assert_int_equal(og_tui_line_key(&l, OG_KEY_LEFT), OG_TUI_LINE_MOVED);
    type("one two  ");
    og_tui_line_key(&l, 23);
    assert_string_equal(l.text, "one ");
}

static void test_ends(void **state)
{
    (void)state;
    og_tui_line_set(&l, "keep");
    assert_int_equal(og_tui_line_key(&l, OG_KEY_ENTER), OG_TUI_LINE_DONE);
    assert_int_equal(og_tui_line_key(&l, 27), OG_TUI_LINE_CANCEL);
    assert_string_equal(l.text, "keep");
    static const int ignored[] = {OG_KEY_NONE, OG_KEY_EOF, OG_KEY_RESIZE, OG_KEY_UP, OG_KEY_F0 + 1,
                                  9,           0x9b,       0x7f,          0xd800,    0x110000};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        assert_int_equal(og_tui_line_key(&l, ignored[i]), OG_TUI_LINE_IGNORED);
    assert_string_equal(l.text, "keep");
}

static void test_full(void **state)
{
    (void)state;
    og_tui_line_set(&l, "");
    for (int i = 0; i < 2000; i++)
        og_tui_line_key(&l, i % 2 ? 0x65e5 : 'a');
    assert_true(l.len < OG_TUI_LINE_MAX);
    assert_int_equal(strlen(l.text), l.len);
    char big[600];
    memset(big, 'x', sizeof big);
    memcpy(big + 254, "\xe6\x97\xa5", 3); /* would be cut in the middle */
    big[599] = '\0';
    og_tui_line_set(&l, big);
    assert_int_equal(l.len, 254);
    assert_int_equal(l.at, 254);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_edit), cmocka_unit_test(test_ends),
                                       cmocka_unit_test(test_full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
