/* test_owner.c - worker.conf: values, sections, hours over midnight and over the week's end. */
#include "cli/cli_owner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum og_rc parse(struct og_owner *o, const char *text, struct og_err *err)
{
    og_owner_init(o);
    return og_owner_parse(o, "worker.conf", text, strlen(text), err);
}

static void test_values(void **state)
{
    (void)state;
    struct og_owner o;
    struct og_err err;
    assert_int_equal(parse(&o,
                           "# what I give\n"
                           "classes = program, kernel  # both\n"
                           "submitters=own\n\n"
                           "idle = 5m\nshare = 60%\nmax-power = 250W\r\nmax-temperature = 80\n"
                           "leave = give-back\ngrace = 2s\nheld = 10m\nheld-then = warn\n"
                           "scratch = 4GiB\noutput = 1M\nmin-rate = 0.5\nalone = yes\n",
                           &err),
                     OG_OK);
    assert_string_equal(o.classes, "program, kernel");
    assert_string_equal(o.submitters, "own");
    assert_true(og_owner_lists(o.classes, "kernel") && !og_owner_lists(o.classes, "kern"));
    assert_false(og_owner_lists(NULL, "kernel"));
    assert_true(o.all.idle_ms == 300000 && o.all.share_ppm == 600000 && o.all.power_mw == 250000);
    assert_true(o.all.temp_c == 80 && o.all.alone == 1 && o.all.use == OG_OWNER_UNSET);
    assert_true(o.leave == OG_LEAVE_GIVE_BACK && o.grace_ms == 2000 && o.held_ms == 600000);
    assert_true(o.scratch_bytes == (uint64_t)4 << 30 && o.output_bytes == 1 << 20);
    assert_true(o.min_rate == 500000000 && o.held_then == OG_HELD_WARN);
    og_owner_release(&o);
}

static void test_gpus(void **state)
{
    (void)state;
    struct og_owner o;
    struct og_owner_gate g;
    struct og_err err;
    assert_int_equal(parse(&o,
                           "share = 50%\nhours = Sa\n[gpu 1]\nshare = 25%\n[gpu GPU-face]\n"
                           "hours = Su\nuse = no\n",
                           &err),
                     OG_OK);
    og_owner_gpu_gate(&o, 0, "GPU-0", &g);
    assert_true(g.share_ppm == 500000 && g.use == OG_OWNER_UNSET && g.n_spans == 1);
    og_owner_gpu_gate(&o, 1, "GPU-1", &g);
    assert_true(g.share_ppm == 250000 && g.span[0].from == 5 * 1440);
    og_owner_gpu_gate(&o, 2, "GPU-face", &g);
    assert_true(g.share_ppm == 500000 && g.use == 0 && g.span[0].from == 6 * 1440);
    og_owner_release(&o);
}

static bool open_at(const char *hours, int day, int hour, int minute)
{
    struct og_owner o;
    struct og_err err;
    og_owner_init(&o);
    assert_int_equal(og_owner_set(&o, "hours", hours, &err), OG_OK);
    return og_owner_hours(&o.all, (uint32_t)(day * 1440 + hour * 60 + minute));
}

static void test_hours(void **state)
{
    (void)state;
    assert_true(open_at("Mo-Fr 18:00-08:00, Sa-Su", 0, 18, 0));
    assert_false(open_at("Mo-Fr 18:00-08:00, Sa-Su", 0, 17, 59));
    assert_false(open_at("Mo-Fr 18:00-08:00", 0, 7, 59)); /* Sunday night is not named */
    assert_true(open_at("Mo-Fr 18:00-08:00", 5, 7, 59));  /* Friday night ends on Saturday */
    assert_false(open_at("Mo-Fr 18:00-08:00", 5, 8, 0));
    assert_true(open_at("Mo-Fr 18:00-08:00, Sa-Su", 6, 23, 59));
    assert_true(open_at("Su 22:00-06:00", 0, 5, 59)); /* over the week's end */
    assert_false(open_at("Su 22:00-06:00", 0, 6, 0));
    assert_true(open_at("Sa-Mo", 6, 12, 0) && open_at("Sa-Mo", 0, 0, 0));
    assert_false(open_at("Sa-Mo", 1, 0, 0));
    assert_true(open_at("22:00-06:00", 3, 23, 0) && open_at("22:00-06:00", 3, 1, 0));
    assert_false(open_at("22:00-06:00", 3, 12, 0));
    assert_true(open_at("wednesday 00:00-24:00", 2, 23, 59));
}

static void test_errors_name_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } t[] = {
        {"\nidle = soon\n", "worker.conf:2: 'idle': 'soon' is not a duration"},
        {"nonsense\n", "worker.conf:1: neither 'KEY = VALUE' nor '[gpu N]'"},
        {"colour = blue\n", "worker.conf:1: there is no 'colour'"},
        {"share = 0%\n", "worker.conf:1: 'share' must be above 0"},
        {"share = 101%\n", "worker.conf:1: 'share' must be above 0"},
        {"max-power = 5kW\n", "worker.conf:1: 'max-power' must be a whole number"},
        {"alone = maybe\n", "worker.conf:1: 'alone' must be no or yes"},
        {"leave = run\n", "worker.conf:1: 'leave' must be finish or give-back"},
        {"idle =\n", "worker.conf:1: 'idle' has no value"},
        {"[cpu]\n", "worker.conf:1: a section is"},
        {"[gpu $x]\n", "worker.conf:1: '$x' is neither"},
        {"[gpu 0]\nclasses = program\n", "worker.conf:2: 'classes' is for the machine"},
        {"hours = Xy\n", "worker.conf:1: 'hours' must be like"},
        {"hours = Mo 25:00-26:00\n", "worker.conf:1: 'hours' must be like"},
        {"hours = Mo 10:00-10:00\n", "worker.conf:1: 'hours' must be like"},
        {"hours = Mo 10:00\n", "worker.conf:1: 'hours' must be like"},
        {"hours = Mo,\n", "worker.conf:1: 'hours' must be like"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct og_owner o;
        struct og_err err = {0};
        assert_int_equal(parse(&o, t[i].text, &err), OG_E_CONFIG);
        if (strncmp(err.msg, t[i].want, strlen(t[i].want)) != 0)
            fail_msg("'%s' instead of '%s'", err.msg, t[i].want);
        og_owner_release(&o);
    }
    char *big = malloc(OG_OWNER_FILE_MAX + 1);
    struct og_owner o;
    struct og_err err;
    assert_non_null(big);
    memset(big, '\n', OG_OWNER_FILE_MAX + 1);
    og_owner_init(&o);
    assert_int_equal(og_owner_parse(&o, "f", big, OG_OWNER_FILE_MAX + 1, &err), OG_E_CONFIG);
    free(big);
}

static void test_minute_of_the_week(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    assert_int_equal(og_owner_minute(0), 3 * 1440); /* 1 January 1970 was a Thursday */
    assert_int_equal(og_owner_minute(1795737600000), 4 * 1440);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_gpus),
        cmocka_unit_test(test_hours),
        cmocka_unit_test(test_errors_name_the_line),
        cmocka_unit_test(test_minute_of_the_week),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
