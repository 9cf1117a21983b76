/* test_window.c - windows: an odd node stands out, its past counts, memory stays bounded. */
#include "guard/guard_window.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    struct og_window_row row[64];
    size_t n;
    uint64_t last;
};

static enum og_rc keep(void *ctx, const struct og_window_row *row, struct og_err *err)
{
    struct seen *s = ctx;
    (void)err;
    if (s->n && s->row[s->n - 1].t0_ms != row->t0_ms)
        s->n = 0;
    assert_true(s->n == 0 || row->node > s->row[s->n - 1].node); /* by ascending node */
    if (s->n < 64)
        s->row[s->n++] = *row;
    s->last = row->t0_ms;
    return OG_OK;
}

static void canary(struct og_windows *w, struct seen *s, uint64_t node, uint64_t ms, bool ok)
{
    struct og_guard_event e = {.node = node, .time_ms = ms, .what = OG_GE_CANARY};
    struct og_err err;
    e.v[0] = ok;
    assert_int_equal(og_windows_add(w, &e, keep, s, &err), OG_OK);
}

/* 20 nodes with canaries; node 7 fails all from the 30th window on. */
static void test_stands_out(void **ctx)
{
    struct og_windows *w = og_windows_new(100);
    static struct seen s;
    (void)ctx;
    for (uint64_t k = 1; k <= 32; k++)
        for (uint64_t node = 1; node <= 20; node++)
            canary(w, &s, node, k * OG_WINDOW_MS + node, node != 7 || k < 30);
    /* the windows of k = 31: the last one that has ended */
    assert_int_equal(s.last, 31 * OG_WINDOW_MS);
    assert_int_equal(s.n, 20);
    for (size_t i = 0; i < s.n; i++) {
        const struct og_window_row *r = &s.row[i];
        float z = r->x[OG_HORIZON_5MIN][OG_FEAT_canary_fail];
        assert_true(r->node == 7 ? z > 20 : z == 0);
        assert_true(r->node != 7 || (r->x[OG_HORIZON_HOUR][OG_FEAT_canary_fail] > 5 &&
                                     r->x[OG_HORIZON_OWN][OG_FEAT_canary_fail] > 3 &&
                                     r->x[OG_HORIZON_DAY][OG_FEAT_canary_fail] > 2));
        assert_true(r->node != 7 || r->share_below[OG_FEAT_canary_fail] > 0.9f);
        assert_true(r->events == 1);
        for (int h = 0; h < OG_HORIZONS; h++)
            for (int f = 0; f < OG_FEATURES; f++)
                assert_true(fabsf(r->x[h][f]) <= OG_WINDOW_Z);
    }
    og_windows_free(w);
}

/* The hour forgets after an hour of silence, the day fades by half in eight. */
static void test_forgets(void **ctx)
{
    struct og_windows *w = og_windows_new(100);
    static struct seen s;
    struct og_err err;
    (void)ctx;
    for (uint64_t node = 1; node <= 5; node++)
        canary(w, &s, node, OG_WINDOW_MS, node != 1);
    for (uint64_t node = 1; node <= 5; node++)
        canary(w, &s, node, 97 * OG_WINDOW_MS, true);
    assert_int_equal(og_windows_end(w, keep, &s, &err), OG_OK);
    assert_int_equal(s.last, 97 * OG_WINDOW_MS);
    assert_true(s.row[0].raw[OG_HORIZON_HOUR][OG_FEAT_canary_fail] == 0);
    /* half a failure, one and a half canaries and the one of the smoothing */
    assert_true(fabsf(s.row[0].raw[OG_HORIZON_DAY][OG_FEAT_canary_fail] - 0.5f / 2.5f) < 0.002f);
    og_windows_free(w);
}

static void test_bounded(void **ctx)
{
    struct og_windows *w = og_windows_new(64);
    static struct seen s;
    struct og_err err;
    (void)ctx;
    for (uint64_t i = 1; i <= 20000; i++)
        canary(w, &s, 1 + (i * 7919) % 5000, OG_WINDOW_MS * (1 + i / 500), true);
    assert_int_equal(og_windows_nodes(w), 64);
    assert_int_equal(og_windows_end(w, keep, &s, &err), OG_OK);
    og_windows_free(w);
    /* 100,000 nodes in less than 1 GB */
    w = og_windows_new(100000);
    for (uint64_t i = 1; i <= 2000; i++)
        canary(w, &s, i, OG_WINDOW_MS, true);
    assert_int_equal(og_windows_end(w, keep, &s, &err), OG_OK);
    assert_true(og_windows_bytes(w) < 2500 * 10000 + ((size_t)8 << 20));
    og_windows_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stands_out),
        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
