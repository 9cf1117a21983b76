/* test_cert.c - each rule of the certificate, broken alone; test_hungarian.c breaks them at random.
 */
#include "match/match_cert.h"
#include "match/match_cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two rows want column 0; row 1 gets it, row 0 goes to 1, row 2 waits; column 2 stays free. */
struct inst {
    int64_t c[9], w[3], u[3], v[3];
    int32_t x[3];
};

static struct inst good(void)
{
    struct inst t = {
        {1, 3, OG_COST_NONE, 1, 9, 9, 4, 9, 7}, {50, 60, 6}, {3, 3, 6}, {-2, 0, 0}, {1, 0, -1}};
    return t;
}

static enum og_rc check(const struct inst *t, struct og_err *err)
{
    return og_cert_check(3, 3, t->c, t->w, t->x, t->u, t->v, err);
}

static void refused(struct inst t, const char *why)
{
    struct og_err err = {0};
    assert_int_equal(check(&t, &err), OG_E_DATA);
    if (strstr(err.msg, why) == NULL)
        fail_msg("'%s' does not say '%s'", err.msg, why);
}

static void test_rules(void **st)
{
    struct inst t = good();
    struct og_err err = {0};
    (void)st;
    assert_int_equal(check(&t, &err), OG_OK);
    t.x[2] = 3;
    refused(t, "not a column");
    t.x[2] = -2;
    refused(t, "not a column");
    t.x[2] = 0;
    refused(t, "second time");
    t = good();
    t.v[2] = 1;
    refused(t, "v[2]");
    t.v[2] = -1;
    refused(t, "is free");
    t = good();
    t.v[0] = -OG_CERT_ABS_MAX - 1;
    refused(t, "2^53");
    t = good();
    t.u[1] = OG_CERT_ABS_MAX + 1;
    refused(t, "2^53");
    t.u[1] = INT64_MIN;
    refused(t, "2^53");
    t = good();
    t.u[2] = 5;
    refused(t, "row 2 waits");
    t = good();
    t.w[0] = 2;
    refused(t, "above the cost of waiting");
    t = good();
    t.c[0] = 0;
    refused(t, "above the cell");
    t = good();
    t.c[1] = OG_COST_NONE;
    refused(t, "cannot go");
    t = good();
    t.u[0] = 2;
    refused(t, "not the cell taken");
    t = good();
    t.c[2] = INT64_MIN;
    refused(t, "too much");
    t = good();
    t.w[1] = INT64_MAX;
    refused(t, "too much");
}

static void test_rows_must_all_come(void **st)
{
    struct inst t = good();
    struct og_cert cert;
    struct og_err err = {0};
    (void)st;
    assert_int_equal(og_cert_init(&cert, 3, 3, t.x, t.u, t.v, &err), OG_OK);
    assert_int_equal(og_cert_row(&cert, t.c, t.w[0], &err), OG_OK);
    assert_int_equal(og_cert_end(&cert, &err), OG_E_INTERNAL);
    assert_int_equal(og_cert_row(&cert, t.c + 3, t.w[1], &err), OG_OK);
    assert_int_equal(og_cert_row(&cert, t.c + 6, t.w[2], &err), OG_OK);
    assert_int_equal(og_cert_end(&cert, &err), OG_OK);
    assert_int_equal(og_cert_row(&cert, t.c, t.w[0], &err), OG_E_INTERNAL);
    og_cert_release(&cert);
    og_cert_release(&cert);
    og_cert_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules),
                                       cmocka_unit_test(test_rows_must_all_come)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
