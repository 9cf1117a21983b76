/* test_num.c - numbers with units: every unit, every bound, everything else refused. */
#include "cli/cli_opts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef enum og_rc parser(const char *s, uint64_t *out, struct og_err *err);

struct good {
    const char *s;
    uint64_t v;
};

static void take(parser *parse, const struct good *g, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct og_err err = {0};
        uint64_t v = 1;
        if (parse(g[i].s, &v, &err) != OG_OK)
            fail_msg("'%s': %s", g[i].s, err.msg);
        assert_true(v == g[i].v);
    }
}

static void refuse(parser *parse, const char *const *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct og_err err = {0};
        uint64_t v = 1;
        if (parse(s[i], &v, &err) != OG_E_USAGE)
            fail_msg("'%s' was taken as %lu", s[i], (unsigned long)v);
        assert_int_equal(v, 0);
        assert_true(err.msg[0] == '\'');
    }
}

#define TAKE(parse, list)   take(parse, list, sizeof list / sizeof *list)
#define REFUSE(parse, list) refuse(parse, list, sizeof list / sizeof *list)

/* What no parser takes. */
static const char *const never[] = {"",
                                    " ",
                                    "-1",
                                    "+1",
                                    " 1",
                                    "1 ",
                                    ".5",
                                    "1.",
                                    "1..2",
                                    "x",
                                    "1x",
                                    "0x10",
                                    "1e3",
                                    "1,5",
                                    "inf",
                                    "nan",
                                    "18446744073709551616",
                                    "1.0000000000000000001",
                                    "1 s",
                                    "\xc2\xbd"};

static void test_bytes(void **state)
{
    (void)state;
    static const struct good good[] = {{"0", 0},
                                       {"4096", 4096},
                                       {"1B", 1},
                                       {"512k", 524288},
                                       {"512K", 524288},
                                       {"1KiB", 1024},
                                       {"1kB", 1000},
                                       {"1.5MiB", 1572864},
                                       {"8GiB", 8589934592u},
                                       {"8G", 8589934592u},
                                       {"1TB", 1000000000000u},
                                       {"0.5k", 512},
                                       {"16383PiB", 16383ull << 50},
                                       {"1M", 1048576},
                                       {"18446744073709551615", UINT64_MAX},
                                       {"2.500kB", 2500}};
    static const char *const bad[] = {"16384PiB", "1.5", "0.3k", "1gib", "1KiBB", "1ki", "8 GiB"};
    TAKE(og_cli_bytes, good);
    REFUSE(og_cli_bytes, bad);
    REFUSE(og_cli_bytes, never);
}

static void test_duration(void **state)
{
    (void)state;
    static const struct good good[] = {{"0", 0},
                                       {"5", 5000},
                                       {"250ms", 250},
                                       {"5s", 5000},
                                       {"10m", 600000},
                                       {"10min", 600000},
                                       {"2h", 7200000},
                                       {"3d", 259200000},
                                       {"1w", 604800000},
                                       {"0.2", 200},
                                       {"1.5h", 5400000},
                                       {"1h30m", 5400000},
                                       {"1d2h3m4s5ms", 93784005},
                                       {"1700000000.125", 1700000000125u}};
    static const char *const bad[] = {"0.0005", "1m1h",          "1s1s",  "30m1", "1y",  "ms",
                                      "1mm",    "213503982335d", "1h-1m", "1hm",  "1h30"};
    TAKE(og_cli_duration_ms, good);
    REFUSE(og_cli_duration_ms, bad);
    REFUSE(og_cli_duration_ms, never);
}

static void test_ppm(void **state)
{
    (void)state;
    static const struct good good[] = {{"0", 0},          {"1", 1000000}, {"0.25", 250000},
                                       {"25%", 250000},   {"0.0001%", 1}, {"0.000001", 1},
                                       {"100%", 1000000}, {"7ppm", 7},    {"2.50", 2500000}};
    static const char *const bad[] = {"0.0000001", "0.00001%", "%", "1.5ppm", "25%%"};
    TAKE(og_cli_ppm, good);
    REFUSE(og_cli_ppm, bad);
    REFUSE(og_cli_ppm, never);
}

static void test_amount(void **state)
{
    (void)state;
    static const struct good good[] = {
        {"0", 0},           {"1.5", 1500000000},   {"1500000000gr", 1500000000},
        {"0.000000001", 1}, {"2OGPU", 2000000000}, {"18446744073.709551615", UINT64_MAX}};
    static const char *const bad[] = {"0.0000000001", "1.5gr", "18446744073.709551676", "1ogpu"};
    TAKE(og_cli_amount, good);
    REFUSE(og_cli_amount, bad);
    REFUSE(og_cli_amount, never);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes),
                                       cmocka_unit_test(test_duration), cmocka_unit_test(test_ppm),
                                       cmocka_unit_test(test_amount)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
