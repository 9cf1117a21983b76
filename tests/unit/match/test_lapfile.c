/* test_lapfile.c - instances in LAP1 and text: whole, in pieces, cut short, hostile. */
#include "base/base_buf.h"
#include "match/match_lapfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Feeds in pieces of `step` bytes; OG_OK: *n, *m and up to 8 cells. */
static enum og_rc read_in(const void *p, size_t len, size_t step, size_t *n, size_t *m,
                          int32_t cell[8], struct og_err *err)
{
    struct og_lapfile *f = og_lapfile_new();
    const int32_t *c;
    enum og_rc rc = OG_OK;
    for (size_t k = 0; rc == OG_OK && k < len; k += step) {
        size_t part = len - k < step ? len - k : step;
        uint8_t *exact = malloc(part);
        assert_non_null(exact);
        memcpy(exact, (const char *)p + k, part);
        rc = og_lapfile_feed(f, exact, part, err);
        free(exact);
    }
    if (rc == OG_OK)
        rc = og_lapfile_end(f, n, m, &c, err);
    for (size_t k = 0; rc == OG_OK && k < 8 && k < *n * *m; k++)
        cell[k] = c[k];
    og_lapfile_free(f);
    return rc;
}

static void takes(const void *p, size_t len, size_t n, size_t m, const int32_t *want)
{
    for (size_t step = 1; step <= len; step++) {
        size_t rows, cols;
        int32_t cell[8];
        struct og_err err = {0};
        if (read_in(p, len, step, &rows, &cols, cell, &err) != OG_OK)
            fail_msg("pieces of %zu: %s", step, err.msg);
        assert_true(rows == n && cols == m);
        assert_memory_equal(cell, want, n * m * sizeof *want);
    }
}

static void takes_text(const char *s, size_t n, size_t m, const int32_t *want)
{
    takes(s, strlen(s), n, m, want);
}

static void refuses(const void *p, size_t len, const char *why)
{
    for (size_t step = 1; step <= len; step += step < 16 ? 1 : len) {
        size_t n, m;
        int32_t cell[8];
        struct og_err err = {0};
        assert_int_equal(read_in(p, len, step, &n, &m, cell, &err), OG_E_DATA);
        if (strstr(err.msg, why) == NULL)
            fail_msg("'%s' does not say '%s'", err.msg, why);
    }
}

static void refuses_text(const char *s, const char *why)
{
    refuses(s, strlen(s), why);
}

static void test_text(void **st)
{
    const int32_t four[] = {1, 2, 3, 4}, six[] = {1, -2, 3, 4, 5, 6};
    const int32_t ends[] = {INT32_MAX, INT32_MIN};
    (void)st;
    takes_text("2\n1 2\n3 4\n", 2, 2, four);
    takes_text(" 2\r\n 1 2 3\r\n 4", 2, 2, four);
    takes_text("\n\n2 1 2 3 4", 2, 2, four);
    takes_text("2 3\n1 -2 3\n4 5 6\n\n", 2, 3, six);
    takes_text("3 2\n1 -2 3 4 5 6", 3, 2, six);
    takes_text("1 2\n2147483647 -2147483648", 1, 2, ends);
    refuses_text("2\n1 2 3", "after 3 of 2 x 2 cells");
    refuses_text("2\n1 2 3 4 5", "more than the 4 cells");
    refuses_text("2\n1 2 3 x", "line 2");
    refuses_text("2\n1 2 3 4.5", "0x2e");
    refuses_text("2\n1 2 3 2147483648", "beyond 32 bits");
    refuses_text("2\n1 2 3 -2147483649", "beyond 32 bits");
    refuses_text("2\n1 2 - 3", "without a number");
    refuses_text("2\n1 2 3-4", "0x2d");
    refuses_text("0\n", "nothing to assign");
    refuses_text("-2\n1 2 3 4", "negative size");
    refuses_text("3 0\n", "nothing to assign");
    refuses_text("2000000000\n1", "at most");
    refuses_text("1000000\n1", "only a LAP1 file");
    refuses_text(" ", "ends before");
    refuses_text("LAP", "ends before");
    refuses_text("LAP2 3", "neither LAP1 nor text");
    refuses_text("{\"kind\":\"task\"}", "neither LAP1 nor text");
    refuses("\x1f\x8b\x08\x00", 4, "gzip -dc");
    refuses("\x1f\x20", 2, "neither");
}

static void put32(struct og_buf *b, uint32_t v)
{
    for (unsigned k = 0; k < 4; k++)
        og_buf_addc(b, (char)(v >> 8 * k & 0xff));
}

static void test_binary(void **st)
{
    const int32_t want[] = {1, -2, 1 << 30, 4, INT32_MIN, INT32_MAX};
    struct og_buf b = OG_BUF_INIT;
    size_t n, m;
    struct og_err err = {0};
    (void)st;
    og_buf_adds(&b, "LAP1");
    put32(&b, 2);
    put32(&b, 3);
    for (size_t k = 0; k < 6; k++)
        put32(&b, (uint32_t)want[k]);
    takes(b.p, b.len, 2, 3, want);
    for (size_t len = 0; len < b.len; len++)
        if (len > 0)
            refuses(b.p, len, "ends");
    assert_int_equal(og_lapfile_head((const uint8_t *)b.p, &n, &m, &err), OG_OK);
    assert_true(n == 2 && m == 3);
    og_buf_addc(&b, 0);
    refuses(b.p, b.len, "more than the 6 cells");
    b.p[4] = 0;
    refuses(b.p, b.len, "nothing to assign");
    b.p[7] = 1;
    refuses(b.p, b.len, "at most");
    b.p[7] = 0;
    b.p[6] = 1; /* 65,536 rows */
    b.p[10] = 1;
    refuses(b.p, b.len, "only a LAP1 file");
    b.p[0] = 'M';
    assert_int_equal(og_lapfile_head((const uint8_t *)b.p, &n, &m, &err), OG_E_DATA);
    og_buf_release(&b);
    og_lapfile_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_binary)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
