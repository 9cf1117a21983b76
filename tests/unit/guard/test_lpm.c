/* test_lpm.c - addresses as text, longest prefixes against a plain search, ranges, the whole set.
 */
#include "base/base_num.h"
#include "guard/guard_intel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t state = 1;

static uint64_t below(uint64_t n)
{
    return og_splitmix64(state++) % n;
}

static struct og_ip ip(const char *s)
{
    struct og_ip a = {0, 0};
    assert_true(og_ip_parse(s, strlen(s), &a));
    return a;
}

static void test_text(void **ctx)
{
    static const char *const good[] = {"0.0.0.0", "255.255.255.255", "203.0.113.7",
                                       "::1",     "2001:db8::bad",   "fe80::1:2:3:4"};
    static const char *const bad[] = {"",         "1.2.3",    "1.2.3.4.5", "256.1.1.1",
                                      "01.2.3.4", "1.2.3.4 ", "1..2.3",    "a.b.c.d",
                                      ":::",      "2001:db8", "1.2.3.4/8"};
    char text[OG_IP_TEXT];
    struct og_ip a;
    unsigned plen;
    bool has;
    (void)ctx;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        og_ip_format(ip(good[i]), text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(og_ip_parse(bad[i], strlen(bad[i]), &a));
    assert_true(og_ip_parse_net("198.51.100.77/25", 16, &a, &plen, &has) && has && plen == 121);
    og_ip_format(a, text);
    assert_string_equal(text, "198.51.100.0");
    og_ip_format(og_ip_last(a, plen), text);
    assert_string_equal(text, "198.51.100.127");
    assert_true(og_ip_parse_net("2001:db8:bad::5/48", 18, &a, &plen, &has) && plen == 48);
    og_ip_format(og_ip_last(a, plen), text);
    assert_string_equal(text, "2001:db8:bad:ffff:ffff:ffff:ffff:ffff");
    assert_false(og_ip_parse_net("1.2.3.4/33", 10, &a, &plen, &has));
    assert_false(og_ip_parse_net("::/129", 6, &a, &plen, &has));
    assert_false(og_ip_parse_net("1.2.3.4/", 8, &a, &plen, &has));
}

struct prefix {
    struct og_ip a;
    unsigned plen;
    uint32_t data;
};

static uint32_t plain(const struct prefix *p, size_t n, struct og_ip a)
{
    uint32_t data = OG_LPM_NONE;
    unsigned best = 0;
    for (size_t i = 0; i < n; i++)
        if (og_ip_cmp(p[i].a, a) <= 0 && og_ip_cmp(a, og_ip_last(p[i].a, p[i].plen)) <= 0 &&
            (data == OG_LPM_NONE || p[i].plen > best || (p[i].plen == best && p[i].data > data))) {
            data = p[i].data;
            best = p[i].plen;
        }
    return data;
}

static void compare(size_t n, bool v6, bool shuffled)
{
    struct prefix *p = calloc(n, sizeof *p);
    struct og_lpm l = {0};
    for (size_t i = 0; i < n; i++) {
        char text[64];
        bool has;
        if (v6)
            snprintf(text, sizeof text, "2001:db8:%x:%x::/%u", (unsigned)below(4),
                     (unsigned)below(9), 20 + (unsigned)below(109));
        else
            snprintf(text, sizeof text, "%u.%u.%u.%u/%u", (unsigned)below(3), (unsigned)below(256),
                     (unsigned)below(4) * 64, (unsigned)below(256), 8 + (unsigned)below(25));
        assert_true(og_ip_parse_net(text, strlen(text), &p[i].a, &p[i].plen, &has));
        p[i].data = shuffled ? (uint32_t)below(1000) : (uint32_t)i;
        og_lpm_add(&l, p[i].a, p[i].plen, p[i].data);
    }
    og_lpm_build(&l);
    for (unsigned k = 0; k < 3000; k++) {
        const struct prefix *q = &p[below(n)];
        struct og_ip a = k % 3 ? og_ip_last(q->a, q->plen) : q->a;
        if (k % 3 == 1)
            a.lo++; /* just beyond */
        if (!v6 && !og_ip_is4(a))
            continue;
        assert_int_equal(og_lpm_find(&l, a), plain(p, n, a));
    }
    og_lpm_release(&l);
    free(p);
}

static void test_longest(void **ctx)
{
    (void)ctx;
    for (size_t n = 1; n < 40; n += 3) {
        compare(n, false, true);
        compare(n, true, true);
    }
    compare(3000, false, true);
    compare(5000, false, false); /* enough for the radix sort */
    compare(400, true, false);
    struct og_lpm none = {0};
    og_lpm_build(&none);
    assert_int_equal(og_lpm_find(&none, ip("1.2.3.4")), OG_LPM_NONE);
    assert_int_equal(og_lpm_find(&none, ip("::1")), OG_LPM_NONE);
    og_lpm_release(&none);
    struct og_lpm all = {0};
    og_lpm_add(&all, ip("0.0.0.0"), 96, 7);
    og_lpm_add(&all, ip("255.255.255.255"), 128, 8);
    og_lpm_build(&all);
    assert_int_equal(og_lpm_find(&all, ip("255.255.255.254")), 7);
    assert_int_equal(og_lpm_find(&all, ip("255.255.255.255")), 8);
    assert_int_equal(og_lpm_find(&all, ip("::5")), OG_LPM_NONE);
    og_lpm_release(&all);
}

static void test_range(void **ctx)
{
    (void)ctx;
    for (unsigned k = 0; k < 200; k++) {
        struct og_lpm l = {0};
        uint32_t from = (uint32_t)below(1 << 12), to = from + (uint32_t)below(1 << 12);
        if (k == 0) {
            from = 0;
            to = UINT32_MAX;
        }
        og_lpm_add_range(&l, og_ip_of4(from), og_ip_of4(to), 1);
        assert_in_range(l.n_add4, 1, 62);
        og_lpm_build(&l);
        for (uint32_t v = 0; v < 1 << 13; v++)
            assert_int_equal(og_lpm_find(&l, og_ip_of4(v)), v >= from && v <= to ? 1 : OG_LPM_NONE);
        og_lpm_release(&l);
    }
    struct og_lpm l = {0};
    og_lpm_add_range(&l, ip("2001:db8::5"), ip("2001:db8::1:0"), 1);
    og_lpm_build(&l);
    assert_int_equal(og_lpm_find(&l, ip("2001:db8::4")), OG_LPM_NONE);
    assert_int_equal(og_lpm_find(&l, ip("2001:db8::5")), 1);
    assert_int_equal(og_lpm_find(&l, ip("2001:db8::1:0")), 1);
    assert_int_equal(og_lpm_find(&l, ip("2001:db8::1:1")), OG_LPM_NONE);
    og_lpm_release(&l);
}

static void take(struct og_intel *s, enum og_feed_format f, const char *text)
{
    struct og_feed_counts c;
    struct og_err err;
    assert_int_equal(og_feed_parse(f, text, strlen(text), 1000, og_intel_take, s, &c, &err), OG_OK);
}

static void ask(const struct og_intel *s)
{
    struct og_intel_hit h;
    assert_true(og_intel_match_ip(s, ip("203.0.113.7"), 0, 1000, &h));
    assert_string_equal(h.feed, "one");
    assert_true(h.type == OG_INTEL_IP && h.score == 0.5);
    assert_true(og_intel_match_ip(s, ip("198.51.100.200"), 9, 1000, &h));
    assert_true(og_intel_match_ip(s, ip("2001:db8:dead::1"), 0, 1000, &h));
    assert_false(og_intel_match_ip(s, ip("203.0.113.99"), 0, 1000, &h)); /* its port only */
    assert_false(og_intel_match_ip(s, ip("203.0.113.99"), 80, 1000, &h));
    assert_true(og_intel_match_ip(s, ip("203.0.113.99"), 4444, 1000, &h));
    assert_false(og_intel_match_ip(s, ip("10.1.2.3"), 0, 1000, &h));      /* private */
    assert_false(og_intel_match_ip(s, ip("198.51.100.64"), 0, 1000, &h)); /* our own */
    assert_false(og_intel_match_ip(s, ip("8.8.8.8"), 0, 1000, &h));       /* too wide */
    assert_true(og_intel_match_text(s, OG_INTEL_DOMAIN, "a.pool.bad.example", 18, 1999, &h));
    assert_true(h.score == 0.2 && h.expires == 2000);
    assert_false(og_intel_match_text(s, OG_INTEL_DOMAIN, "pool.bad.example", 16, 2000, &h));
    assert_false(og_intel_match_text(s, OG_INTEL_DOMAIN, "bad.example", 11, 1000, &h));
}

static void test_set(void **ctx)
{
    struct og_intel s, again;
    struct og_buf b = OG_BUF_INIT;
    struct og_err err;
    (void)ctx;
    og_intel_init(&s);
    og_intel_allow(&s, ip("198.51.100.64"), 122);
    assert_true(og_intel_feed(&s, "one", 0.5));
    take(&s, OG_FEED_PLAIN,
         "203.0.113.7\n198.51.100.0/24\n10.0.0.0/8\n0.0.0.0/1\n"
         "2001:db8:dead::/48\n203.0.113.99:4444\n");
    assert_int_equal(s.too_wide, 1);
    assert_true(og_intel_feed(&s, "two", 0.25));
    take(&s, OG_FEED_OGPU,
         "{\"kind\":\"domain\",\"value\":\"Pool.bad.example\",\"score\":0.8,\"expires\":2000}\n");
    og_intel_build(&s);
    ask(&s);
    og_intel_encode(&s, &b);
    assert_int_equal(og_intel_decode(b.p, b.len, &again, &err), OG_OK);
    ask(&again);
    og_intel_release(&again);
    for (size_t cut = 0; cut < b.len; cut++)
        assert_int_equal(og_intel_decode(b.p, cut, &again, &err), OG_E_DATA);
    og_intel_release(&s);
    og_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
