/* test_line.c - JSON Lines: bounded lines, places in sentences, bytes kept, full disks. */
#include "json/json_line.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct og_err err;

/* A descriptor from which the n bytes can be read, in pieces of `piece`; a child writes them. */
static int feed(const char *s, size_t n, size_t piece)
{
    int p[2];
    assert_int_equal(pipe(p), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        for (size_t i = 0; i < n; i += piece)
            if (write(p[1], s + i, n - i < piece ? n - i : piece) < 0)
                _exit(1);
        _exit(0);
    }
    close(p[1]);
    return p[0];
}

static void end(struct og_jsonl_in *in)
{
    close(in->fd);
    og_jsonl_release(in);
    while (wait(NULL) > 0)
        ;
}

static void test_lines(void **state)
{
    (void)state;
    const char text[] = "{\"kind\":\"a\",\"x\": 1 }\n\n  \t\r\n{\"kind\":\"b\"}";
    for (size_t piece = 1; piece < sizeof text; piece += 3) {
        struct og_jsonl_in in;
        og_jsonl_open(&in, feed(text, sizeof text - 1, piece), "stdin");
        const char *line;
        size_t len;
        json_t *rec;
        assert_int_equal(og_jsonl_next(&in, &line, &len, &rec, &err), OG_OK);
        assert_int_equal(in.line_no, 1);
        assert_int_equal(len, 20);
        assert_memory_equal(line, "{\"kind\":\"a\",\"x\": 1 }", 20); /* as it came */
        json_decref(rec);
        assert_int_equal(og_jsonl_next(&in, &line, &len, &rec, &err), OG_OK);
        assert_int_equal(in.line_no, 4);
        assert_string_equal(json_string_value(json_object_get(rec, "kind")), "b");
        json_decref(rec);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(og_jsonl_next(&in, &line, &len, &rec, &err), OG_OK);
            assert_null(rec);
            assert_null(line);
        }
        end(&in);
    }
}

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"{\"kind\":\"a\"}\n{", "stdin:2: not JSON"},
        {"{\"kind\":\"a\",\"kind\":\"b\"}\n", "stdin:1: not JSON"},
        {"[]\n", "stdin:1: not an object with a 'kind'"},
        {"{\"kind\":1}\n", "stdin:1: not an object with a 'kind'"},
        {"{}\n", "stdin:1: not an object with a 'kind'"},
        {"{\"kind\":\"a\"} x\n", "stdin:1: not JSON"},
        {"{\"kind\":\"\xff\"}\n", "stdin:1: not JSON"},
        {"{\"kind\":\"a\\u0000\"}\n", "stdin:1: not JSON"},
        {"\n\n7\n", "stdin:3: not"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct og_jsonl_in in;
        og_jsonl_open(&in, feed(bad[i].text, strlen(bad[i].text), 4096), "stdin");
        const char *line;
        size_t len;
        json_t *rec;
        enum og_rc rc;
        while ((rc = og_jsonl_next(&in, &line, &len, &rec, &err)) == OG_OK && rec)
            json_decref(rec);
        assert_int_equal(rc, OG_E_DATA);
        assert_null(rec);
        if (!strstr(err.msg, bad[i].part))
            fail_msg("'%s' lacks '%s'", err.msg, bad[i].part);
        end(&in);
    }
}

/* What only passes through may hold what we have no values for; what is read may not. */
static void test_passing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool passes;
    } lines[] = {
        {"{\"kind\":\"other\",\"n\":18446744073709551616}", true},
        {"{\"kind\":\"other\",\"s\":\"a\\u0000b\"}", true},
        {"{\"kind\":\"task\",\"n\":18446744073709551616}", false},
        {"{\"kind\":\"task\\u0000\",\"n\":1}", false},
        {"{\"kind\":\"other\",\"n\":1,\"n\":2}", false},
        {"{\"kind\":\"other\",\"n\":01}", false},
        {"[18446744073709551616]", false},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        json_error_t je;
        const char *s = lines[i].text;
        json_t *v = og_jsonl_parse(s, strlen(s), "task", &je);
        if ((v != NULL) != lines[i].passes)
            fail_msg("%s", s);
        json_decref(v);
        v = og_jsonl_parse(s, strlen(s), NULL, &je); /* where every kind is read */
        assert_true(!v || !lines[i].passes);
        json_decref(v);
    }
}

/* 300 MB without a newline: refused after about 1 MiB, not held in memory. */
static void test_endless_line(void **state)
{
    (void)state;
    int p[2];
    assert_int_equal(pipe(p), 0);
    pid_t pid = fork();
    if (pid == 0) {
        static char block[65536];
        memset(block, 'x', sizeof block);
        close(p[0]);
        for (size_t i = 0; i < 300000000u / sizeof block; i++)
            if (write(p[1], block, sizeof block) < 0)
                _exit(0);
        _exit(0);
    }
    close(p[1]);
    struct og_jsonl_in in;
    og_jsonl_open(&in, p[0], "stdin");
    const char *line;
    size_t len;
    json_t *rec;
    assert_int_equal(og_jsonl_next(&in, &line, &len, &rec, &err), OG_E_DATA);
    assert_string_equal(err.msg, "stdin:1: line longer than 1048576 bytes");
    assert_true(in.buf.cap <= 4u << 20);
    assert_int_equal(og_jsonl_next(&in, &line, &len, &rec, &err),
                     OG_E_DATA); /* and stays refused */
    end(&in);
}

static void test_longest_line(void **state)
{
    (void)state;
    size_t n = OG_JSONL_LINE_MAX;
    char *s = malloc(n + 2);
    assert_non_null(s);
    memset(s, 'y', n + 1);
    memcpy(s, "{\"kind\":\"", 9);
    memcpy(s + n - 2, "\"}\n", 3);
    struct og_jsonl_in in;
    const char *line;
    size_t len;
    json_t *rec;
    og_jsonl_open(&in, feed(s, n + 1, 65536), "stdin");
    assert_int_equal(og_jsonl_next(&in, &line, &len, &rec, &err), OG_OK);
    assert_int_equal(len, n);
    json_decref(rec);
    end(&in);
    memcpy(s + n - 2, "y\"}\n", 4); /* one byte more */
    og_jsonl_open(&in, feed(s, n + 2, 65536), "stdin");
    assert_int_equal(og_jsonl_next(&in, &line, &len, &rec, &err), OG_E_DATA);
    end(&in);
    free(s);
}

static void test_ready(void **state)
{
    (void)state;
    struct og_jsonl_in in;
    const char *line;
    size_t len;
    og_jsonl_open(&in, feed("a\nb\nc", 5, 5), "x");
    assert_false(og_jsonl_ready(&in));
    assert_int_equal(og_jsonl_next_raw(&in, &line, &len, &err), OG_OK);
    assert_true(og_jsonl_ready(&in));
    assert_int_equal(og_jsonl_next_raw(&in, &line, &len, &err), OG_OK);
    assert_false(og_jsonl_ready(&in));
    assert_int_equal(og_jsonl_next_raw(&in, &line, &len, &err), OG_OK);
    assert_int_equal(len, 1);
    assert_memory_equal(line, "c", 1);
    assert_int_equal(og_jsonl_next_raw(&in, &line, &len, &err), OG_OK);
    assert_null(line);
    end(&in);
}

static void test_read_error(void **state)
{
    (void)state;
    struct og_jsonl_in in;
    const char *line;
    size_t len;
    og_jsonl_open(&in, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "x");
    assert_int_equal(og_jsonl_next_raw(&in, &line, &len, &err), OG_E_IO);
    assert_non_null(strstr(err.msg, "x: read failed"));
    end(&in);
}

static void test_write(void **state)
{
    (void)state;
    char *out = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&out, &n);
    json_t *v = json_pack("{s:s, s:i, s:s}", "kind", "a", "b", 1, "B", "\xc3\xbc");
    assert_int_equal(og_jsonl_write(f, v, &err), OG_OK);
    assert_int_equal(og_jsonl_write_raw(f, "{\"kind\": \"x\" }", 14, &err), OG_OK);
    fclose(f);
    assert_string_equal(out, "{\"B\":\"\xc3\xbc\",\"b\":1,\"kind\":\"a\"}\n{\"kind\": \"x\" }\n");
    free(out);
    f = fopen("/dev/full", "we");
    assert_non_null(f);
    setvbuf(f, NULL, _IONBF, 0);
    assert_int_equal(og_jsonl_write(f, v, &err), OG_E_IO);
    assert_int_equal(og_jsonl_write_raw(f, "x", 1, &err), OG_E_IO);
    fclose(f);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),        cmocka_unit_test(test_places),
        cmocka_unit_test(test_passing),      cmocka_unit_test(test_endless_line),
        cmocka_unit_test(test_longest_line), cmocka_unit_test(test_ready),
        cmocka_unit_test(test_read_error),   cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
