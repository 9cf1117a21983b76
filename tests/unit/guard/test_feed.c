/* test_feed.c - what patterns, durations, ports and times mean; what is refused; every format's
 * name. */
#include "guard/guard_feed.h"
#include "guard/guard_feed_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    char text[2048];
    size_t n;
    uint64_t expires;
    double score;
};

static void see(void *ctx, const struct og_indicator *i)
{
    struct seen *s = ctx;
    char a[OG_IP_TEXT] = "", b[OG_IP_TEXT] = "";
    if (i->type <= OG_INTEL_IP_PORT) {
        og_ip_format(i->from, a);
        og_ip_format(i->to, b);
    }
    s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%s%s:%s", s->n ? " " : "",
                             og_intel_type_name(i->type), i->text ? i->text : a);
    if (i->type == OG_INTEL_RANGE)
        s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "-%s", b);
    if (i->type == OG_INTEL_CIDR)
        s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "/%u", i->plen);
    if (i->type == OG_INTEL_IP_PORT)
        s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "|%u", i->port);
    s->expires = i->expires;
    s->score = i->score;
}

static struct seen parse(enum og_feed_format f, const char *text, struct og_feed_counts *c)
{
    struct seen s = {"", 0, 0, 0};
    struct og_err err;
    assert_int_equal(og_feed_parse(f, text, strlen(text), 1000000, see, &s, c, &err), OG_OK);
    return s;
}

static void test_lines(void **ctx)
{
    struct og_feed_counts c;
    (void)ctx;
    struct seen s = parse(OG_FEED_PLAIN,
                          "1.2.3.4\r\n 5.6.7.0/24 # x\n\n;c\n1.1.1.1-1.1.1.9\n[2001:db8::1]:53\n"
                          "9.9.9.9:80\n9.9.9.9:0\n1.1.1.9-1.1.1.1\n2001:db8::1",
                          &c);
    assert_string_equal(s.text, "ip:1.2.3.4 cidr:5.6.7.0/120 range:1.1.1.1-1.1.1.9 "
                                "ip_port:2001:db8::1|53 ip_port:9.9.9.9|80 ip:2001:db8::1");
    assert_int_equal(c.bad_lines, 2);
    s = parse(OG_FEED_IPREP, "# c\n1.2.3.4,1,127\n1.2.3.0/24,3,128\n1.2.3.5,1\n", &c);
    assert_string_equal(s.text, "ip:1.2.3.4");
    assert_int_equal(c.bad_lines, 2);
    s = parse(OG_FEED_FEODO,
              "# c\n\"dst_port\",\"dst_ip\"\n\"443\",\"1.2.3.4\"\n\"\",\"1.2.3.5\"\n", &c);
    assert_string_equal(s.text, "ip_port:1.2.3.4|443 ip:1.2.3.5");
    s = parse(
        OG_FEED_ZEEK,
        "#fields\tindicator_type\tindicator\nIntel::ADDR\t1.2.3.4\nIntel::DOMAIN\tA.example\n"
        "Intel::FILE_HASH\td41d8cd98f00b204e9800998ecf8427e\nIntel::ADDR\tx\nIntel::EMAIL\ta@b\n",
        &c);
    assert_string_equal(s.text, "ip:1.2.3.4 domain:a.example md5:d41d8cd98f00b204e9800998ecf8427e");
    assert_int_equal(c.bad_lines, 2);
    s = parse(OG_FEED_OGPU,
              "{\"kind\":\"ip\",\"value\":\"1.2.3.4\",\"score\":0.25,\"expires\":1000001}\n"
              "{\"kind\":\"domain\",\"value\":\"a.example\",\"expires\":1000000}\n"
              "{\"kind\":\"colour\",\"value\":\"red\"}\nnonsense\n",
              &c);
    assert_string_equal(s.text, "ip:1.2.3.4");
    assert_true(s.expires == 1000001 && s.score == 0.25 && c.expired == 1 && c.bad_lines == 2);
}

static void pattern(const char *p, const char *want)
{
    struct og_feed_counts c = {0};
    struct seen s = {"", 0, 0, 0};
    struct og_feed_reader r = {.sink = see, .ctx = &s, .counts = &c};
    assert_int_equal(og_feed_read_pattern(&r, p), want != NULL);
    assert_string_equal(s.text, want ? want : ""); /* what is not understood gives nothing */
}

static void test_patterns(void **ctx)
{
    (void)ctx;
    pattern("[ipv4-addr:value = '1.2.3.4']", "ip:1.2.3.4");
    pattern(" [ ipv4-addr:value='1.2.3.4' ] ", "ip:1.2.3.4");
    pattern("[ipv4-addr:value ISSUBSET '1.2.3.0/24' OR url:value = 'http://x/\\'y']",
            "cidr:1.2.3.0/120 url:http://x/'y");
    pattern("[file:hashes.'MD5' = 'd41d8cd98f00b204e9800998ecf8427e' AND domain-name:value = "
            "'a.b'] AND "
            "[autonomous-system:number = 64500]",
            "md5:d41d8cd98f00b204e9800998ecf8427e domain:a.b as:64500");
    pattern("[ipv4-addr:value = '1.2.3.4'", NULL);
    pattern("[ipv4-addr:value = '1.2.3.4'] OR", NULL);
    pattern("[ipv4-addr:value = '1.2.3.4'] FOLLOWEDBY [ipv4-addr:value = '1.2.3.5']", NULL);
    pattern("[ipv4-addr:value != '1.2.3.4']", NULL);
    pattern("[process:name = 'x']", NULL);
    pattern("ipv4-addr:value = '1.2.3.4'", NULL);
    pattern("", NULL);
}

static void test_json(void **ctx)
{
    struct og_feed_counts c;
    (void)ctx;
    struct seen s =
        parse(OG_FEED_CROWDSEC,
              "{\"new\":[{\"scope\":\"Ip\",\"value\":\"1.2.3.4\",\"duration\":\"1h2m3.9s\"},"
              "{\"scope\":\"Ip\",\"value\":\"1.2.3.5\",\"duration\":\"-5m\"},"
              "{\"scope\":\"Country\",\"value\":\"AQ\",\"duration\":\"4h\"},"
              "{\"scope\":\"Ip\",\"value\":\"1.2.3.6\",\"duration\":\"soon\"}],\"deleted\":null}",
              &c);
    assert_string_equal(s.text, "ip:1.2.3.4");
    assert_true(s.expires == 1000000 + 3723 && c.expired == 1 && c.skipped == 1 &&
                c.bad_lines == 1);
    s = parse(
        OG_FEED_MISP,
        "{\"Event\":{\"threat_level_id\":\"1\",\"Attribute\":[{\"type\":\"domain|ip\",\"to_ids\":"
        "true,"
        "\"value\":\"a.b|1.2.3.4\"},{\"type\":\"comment\",\"to_ids\":true,\"value\":\"x\"}]}}",
        &c);
    assert_string_equal(s.text, "domain:a.b ip:1.2.3.4");
    assert_true(s.score == 0.9 && c.skipped == 1);
    s = parse(OG_FEED_STIX,
              "{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern_type\":\"stix\","
              "\"pattern\":"
              "\"[ipv4-addr:value = "
              "'1.2.3.4']\",\"valid_until\":\"1970-01-12T13:46:41Z\",\"confidence\":85}]}",
              &c);
    assert_true(s.expires == 1000001 && s.score == 0.85);
}

static void test_refused(void **ctx)
{
    static const struct {
        enum og_feed_format f;
        const char *text;
    } bad[] = {
        {OG_FEED_STIX, "x"},
        {OG_FEED_STIX, "[]"},
        {OG_FEED_STIX, "{}"},
        {OG_FEED_STIX, "{\"objects\":1}"},
        {OG_FEED_MISP, "{}"},
        {OG_FEED_CROWDSEC, "{}"},
        {OG_FEED_ZEEK, "1.2.3.4\tIntel::ADDR\n"},
        {OG_FEED_FEODO, "\"a\n"},
    };
    struct og_feed_counts c;
    struct og_err err;
    uint64_t t;
    (void)ctx;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(
            og_feed_parse(bad[i].f, bad[i].text, strlen(bad[i].text), 0, NULL, NULL, &c, &err),
            OG_E_DATA);
    for (unsigned k = 0; k < OG_FEED_FORMATS; k++) {
        enum og_feed_format f;
        assert_true(og_feed_by_name(og_feed_name((enum og_feed_format)k), &f) && f == k);
    }
    assert_true(og_feed_time("2026-11-22T19:00:00Z", &t) && t == 1795374000);
    assert_true(og_feed_time("2026-11-22T19:00:00.123Z", &t) && t == 1795374000);
    assert_false(og_feed_time("2026-11-22T19:00:00+01:00", &t));
    assert_false(og_feed_time("tomorrow", &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
