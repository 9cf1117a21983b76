/* test_log.c - levels, the two formats, and hostile text that stays on its line. */
#include "base/base_log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int saved = -1;
static int ends[2];

static void grab(void)
{
    assert_int_equal(pipe(ends), 0);
    saved = dup(2);
    dup2(ends[1], 2);
    close(ends[1]);
}

static const char *release(void)
{
    static char out[8192];
    dup2(saved, 2);
    close(saved);
    ssize_t n = read(ends[0], out, sizeof out - 1);
    close(ends[0]);
    out[n > 0 ? n : 0] = '\0';
    return out;
}

static void test_levels(void **state)
{
    (void)state;
    og_log_setup("ogpu-t", OG_LOG_WARNING, false);
    grab();
    og_log(OG_LOG_ERROR, "broken: %d", 7);
    og_log(OG_LOG_WARNING, "odd");
    og_log(OG_LOG_INFO, "unseen");
    assert_string_equal(release(), "ogpu-t: broken: 7\nogpu-t: warning: odd\n");
    assert_int_equal(og_log_get_level(), OG_LOG_WARNING);
}

static void test_hostile(void **state)
{
    (void)state;
    og_log_setup("ogpu-t", OG_LOG_ERROR, false);
    grab();
    og_log(OG_LOG_ERROR, "'%s'", "a\nogpu-t: lie\x1b[2J\xff");
    assert_string_equal(release(), "ogpu-t: 'a?ogpu-t: lie?[2J?'\n");
}

static void test_json(void **state)
{
    (void)state;
    og_log_setup("ogpu-t", OG_LOG_INFO, true);
    assert_true(og_log_get_json());
    grab();
    og_log(OG_LOG_INFO, "a \"b\" \\ \n%s", "\xc3\xbc");
    const char *out = release();
    const char *want =
        "{\"level\":\"info\",\"msg\":\"a \\\"b\\\" \\\\ ?\xc3\xbc\",\"tool\":\"ogpu-t\",\"ts\":\"2";
    assert_int_equal(strncmp(out, want, strlen(want)), 0);
    assert_int_equal(out[strlen(out) - 1], '\n');
    og_log_setup("ogpu-t", OG_LOG_WARNING, false);
}

static void test_long(void **state)
{
    (void)state;
    char big[6000];
    memset(big, '"', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    og_log_setup("ogpu-t", OG_LOG_INFO, true);
    grab();
    og_log(OG_LOG_INFO, "%s", big);
    const char *out = release();
    assert_string_equal(out + strlen(out) - 3, "\"}\n");
    assert_null(memchr(out, '\n', strlen(out) - 1));
    og_log_setup("ogpu-t", OG_LOG_WARNING, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels),
                                       cmocka_unit_test(test_hostile), cmocka_unit_test(test_json),
                                       cmocka_unit_test(test_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
