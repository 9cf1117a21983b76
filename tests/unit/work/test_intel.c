/* test_intel.c - what the feeds know is not fetched: contents, URLs, hosts, addresses; a set that
 * is replaced, damaged, gone. */
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "guard/guard_intel.h"
#include "store/store_blob.h"
#include "work/work_fetch.h"
#include "work/work_intel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <unistd.h>

static char dir[] = "/tmp/ogpu-intel-XXXXXX";

static int make_dir(void **st)
{
    struct og_err err;
    (void)st;
    if (!mkdtemp(dir))
        return -1;
    char *guard = og_io_join(dir, "guard"), *blobs = og_blob_dir(dir);
    int rc = og_io_mkdirs(guard, 0700, &err) != OG_OK || og_io_mkdirs(blobs, 0700, &err) != OG_OK;
    free(guard);
    free(blobs);
    return rc;
}

static int drop_dir(void **st)
{
    struct og_err err;
    (void)st;
    return og_io_remove_tree(dir, &err) != OG_OK;
}

static void put(const char *bytes, size_t n)
{
    struct og_err err;
    char *path = og_io_join(dir, "guard/intel");
    assert_int_equal(og_io_write_atomic(path, bytes, n, 0600, OG_IO_REPLACE, &err), OG_OK);
    free(path);
}

static void know(const char *lines)
{
    struct og_intel s;
    struct og_feed_counts c;
    struct og_err err;
    struct og_buf b = OG_BUF_INIT;
    og_intel_init(&s);
    assert_true(og_intel_feed(&s, "test", 1));
    assert_int_equal(
        og_feed_parse(OG_FEED_OGPU, lines, strlen(lines), 0, og_intel_take, &s, &c, &err), OG_OK);
    assert_int_equal(c.bad_lines, 0);
    og_intel_build(&s);
    og_intel_encode(&s, &b);
    put(b.p, b.len);
    og_intel_release(&s);
    og_buf_release(&b);
}

static void test_urls(void **st)
{
    char feed[OG_WORK_FEED_MAX];
    (void)st;
    assert_false(og_work_known_url(dir, "http://bad.example/x", feed));
    know("{\"kind\":\"domain\",\"value\":\"bad.example\"}\n"
         "{\"kind\":\"url\",\"value\":\"http://good.example/bad\"}\n"
         "{\"kind\":\"ip\",\"value\":\"203.0.113.7\"}\n"
         "{\"kind\":\"ip_port\",\"value\":\"203.0.113.8|8080\"}\n"
         "{\"kind\":\"cidr\",\"value\":\"2001:db8:bad::/48\"}\n");
    static const char *const known[] = {
        "http://bad.example/x",      "https://a.BAD.example:8443/",  "http://user@bad.example",
        "http://good.example/bad",   "https://203.0.113.7/y?z=1",    "http://203.0.113.8:8080/",
        "http://[2001:db8:bad::1]/", "http://[2001:db8:bad::1]:80/",
    };
    static const char *const fine[] = {
        "http://good.example/",   "http://notbad.example/x",
        "http://203.0.113.8/",    "http://203.0.113.9/",
        "http://[2001:db8::1]/",  "nonsense",
        "http://bad.example.org", "http://:80/",
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(og_work_known_url(dir, known[i], feed) && strcmp(feed, "test") == 0);
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_false(og_work_known_url(dir, fine[i], feed));
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(443)};
    a.sin_addr.s_addr = htonl(0xcb007107);
    assert_true(og_work_known_addr(dir, (struct sockaddr *)&a, sizeof a, feed));
    a.sin_addr.s_addr = htonl(0xcb007108);
    assert_false(og_work_known_addr(dir, (struct sockaddr *)&a, sizeof a, feed));
    a.sin_port = htons(8080);
    assert_true(og_work_known_addr(dir, (struct sockaddr *)&a, sizeof a, feed));
    put("damaged", 7);
    assert_false(og_work_known_url(dir, known[0], feed));
    know("{\"kind\":\"domain\",\"value\":\"bad.example\"}\n");
    assert_true(og_work_known_url(dir, known[0], feed));
    char *path = og_io_join(dir, "guard/intel");
    assert_int_equal(unlink(path), 0);
    assert_false(og_work_known_url(dir, known[0], feed));
    free(path);
}

static void test_fetch(void **st)
{
    struct og_spec_in in = {.path = "x", .bytes = UINT64_MAX, .n_urls = 1};
    struct og_err err = {0};
    char hex[65], line[256];
    (void)st;
    assert_int_equal(og_blob_put(dir, "hello", 5, false, &in.sha256, &err), OG_OK);
    assert_int_equal(og_work_fetch(dir, &in, 1, true, NULL, &err), OG_OK);
    og_hex_encode(in.sha256.b, OG_HASH_LEN, hex);
    snprintf(line, sizeof line, "{\"kind\":\"image_digest\",\"value\":\"sha256:%s\"}\n", hex);
    know(line);
    assert_int_equal(og_work_fetch(dir, &in, 1, true, NULL, &err), OG_E_DATA);
    assert_string_equal(err.msg, "input 'x': the feed 'test' knows its content");
    know("{\"kind\":\"domain\",\"value\":\"bad.example\"}\n");
    assert_int_equal(og_work_fetch(dir, &in, 1, true, NULL, &err), OG_OK);
    in.sha256.b[0] ^= 1;
    in.urls[0] = "http://bad.example/x";
    assert_int_equal(og_work_fetch(dir, &in, 1, true, NULL, &err), OG_E_NOINPUT);
    assert_string_equal(err.msg, "input 'x': the feed 'test' knows its URL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_fetch),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
