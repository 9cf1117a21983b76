/* test_filter.c - records pass byte for byte in whole lines, tasks are noted once. */
#include "work/work_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct pipes {
    int in[2], saved, out;
    struct og_filter f;
};

static int set_up(void **st)
{
    struct pipes *p = calloc(1, sizeof *p);
    FILE *tmp = tmpfile();
    *st = p;
    if (!p || !tmp || pipe(p->in) < 0)
        return -1;
    fflush(stdout);
    p->saved = dup(STDOUT_FILENO);
    p->out = dup(fileno(tmp));
    fclose(tmp);
    og_filter_open(&p->f, p->in[0]);
    return 0;
}

static int tear_down(void **st)
{
    struct pipes *p = *st;
    og_filter_release(&p->f);
    close(p->in[0]);
    close(p->saved);
    close(p->out);
    free(p);
    return 0;
}

/* One read of the filter with its stdout in the file. */
static enum og_rc take(struct pipes *p, struct og_err *err)
{
    fflush(stdout);
    dup2(p->out, STDOUT_FILENO);
    enum og_rc rc = og_filter_read(&p->f, err);
    fflush(stdout);
    dup2(p->saved, STDOUT_FILENO);
    return rc;
}

static void put(struct pipes *p, const char *s)
{
    assert_int_equal(write(p->in[1], s, strlen(s)), strlen(s));
}

static void test_passes(void **st)
{
    struct pipes *p = *st;
    struct og_err err = {0};
    char got[256] = "";
    static const char text[] = "{\"kind\":\"task\",\"id\":7, \"v\":1}\n"
                               "{\"kind\":\"other\",  \"x\":\"\\u00e9\"}\n";
    put(p, text);
    put(p, "{\"kind\":\"ta");
    assert_int_equal(take(p, &err), OG_OK);
    assert_true(og_filter_has(&p->f, 7) && !og_filter_has(&p->f, 3) && !p->f.eof);
    put(p, "sk\",\"id\":3}\n\n{\"kind\":\"task\",\"id\":7}");
    assert_int_equal(take(p, &err), OG_OK);
    close(p->in[1]);
    assert_int_equal(take(p, &err), OG_OK);
    assert_true(p->f.eof && p->f.n == 2 && og_filter_has(&p->f, 3));
    assert_true(!og_filter_done(&p->f));
    assert_true(pread(p->out, got, sizeof got - 1, 0) > 0);
    assert_memory_equal(got, text, sizeof text - 1);
    assert_string_equal(got + sizeof text - 1,
                        "{\"kind\":\"task\",\"id\":3}\n{\"kind\":\"task\",\"id\":7}\n");
}

static void test_bad(void **st)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"{\"kind\":\"x\"}\nnope\n", "stdin:2: not JSON: "},
        {"{\"v\":1}\n", "stdin:1: not an object with a 'kind'"},
        {"{\"kind\":\"task\"}\n", "stdin:1: 'id' is missing"},
        {"{\"kind\":\"task\",\"id\":\"7\"}\n", "stdin:1: 'id' must be "},
    };
    (void)st;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        void *one;
        struct og_err err = {0};
        assert_int_equal(set_up(&one), 0);
        put(one, bad[i].text);
        assert_int_equal(take(one, &err), OG_E_DATA);
        assert_memory_equal(err.msg, bad[i].says, strlen(bad[i].says));
        close(((struct pipes *)one)->in[1]);
        tear_down(&one);
    }
}

static void test_adopts(void **st)
{
    struct pipes *p = *st;
    assert_false(og_filter_adopts(&p->f, 12));
    assert_false(og_filter_adopts(&p->f, 12));
    p->f.other[0].since_ms -= 10000;
    assert_true(og_filter_adopts(&p->f, 12));
    for (uint64_t i = 100; i < 100 + sizeof p->f.other / sizeof *p->f.other; i++)
        assert_false(og_filter_adopts(&p->f, i));
    assert_false(og_filter_adopts(&p->f, 12)); /* forgotten: it waits once more */
    close(p->in[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_passes, set_up, tear_down),
        cmocka_unit_test(test_bad),
        cmocka_unit_test_setup_teardown(test_adopts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
