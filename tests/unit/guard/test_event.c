/* test_event.c - events of nodes: there and back, what is refused; proofs, and what is none. */
#include "guard/guard_event.h"
#include "guard/guard_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_round_trip(void **ctx)
{
    (void)ctx;
    for (int w = 0; w < OG_GE_COUNT; w++)
        for (int bits = 0; bits < 1 << OG_GUARD_FIELDS; bits += 37) {
            struct og_guard_event e = {.id = (uint64_t)bits, .time_ms = 5, .node = 9}, back;
            struct og_buf one = OG_BUF_INIT, two = OG_BUF_INIT;
            struct og_err err;
            bool ours;
            e.what = (enum og_guard_what)w;
            e.has_hash = true;
            memset(e.hash.b, bits, sizeof e.hash.b);
            for (int i = 0; i < OG_GUARD_FIELDS; i++)
                e.v[i] = bits >> i & 1 ? OG_GUARD_NUM_MAX : 0;
            og_guard_event_write(&e, &one);
            assert_int_equal(og_guard_event_read(one.p, one.len, &back, &ours, &err), OG_OK);
            assert_true(ours && back.what == e.what && back.id == e.id && back.node == 9);
            og_guard_event_write(&back, &two);
            assert_string_equal(one.p, two.p);
            og_buf_release(&one);
            og_buf_release(&two);
        }
}

static void test_refused(void **ctx)
{
    static const struct {
        const char *line, *says; /* NULL: none of ours */
    } t[] = {
        {"{\"kind\":\"task\"}", NULL},
        {"{\"kind\":\"event\",\"what\":\"task ended\",\"detail\":{\"node\":1}}", NULL},
        {"{\"kind\":\"event\",\"what\":\"late\",\"detail\":{\"lease\":1}}", NULL},
        {"[1]", "not a JSON object"},
        {"{", "not a JSON object"},
        {"{\"kind\":\"event\",\"time_ms\":1,\"what\":\"late\",\"detail\":{\"node\":1}}",
         "'lease' is missing"},
        {"{\"kind\":\"event\",\"what\":\"late\",\"detail\":{\"lease\":1,\"node\":1}}",
         "'time_ms' is missing"},
        {"{\"kind\":\"event\",\"time_ms\":1,\"what\":\"canary\",\"detail\":{\"node\":1,\"ok\":-1}}",
         "'ok' must be"},
        {"{\"kind\":\"event\",\"time_ms\":1,\"what\":\"receipt\",\"detail\":{\"hash\":\"00\","
         "\"lease\":1,\"node\":1}}",
         "'hash' must be"},
    };
    (void)ctx;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct og_guard_event e;
        struct og_err err = {0};
        bool ours;
        enum og_rc rc = og_guard_event_read(t[i].line, strlen(t[i].line), &e, &ours, &err);
        assert_int_equal(rc, t[i].says ? OG_E_DATA : OG_OK);
        if (t[i].says)
            assert_non_null(strstr(err.msg, t[i].says));
        else
            assert_false(ours);
    }
}

static struct og_guard_event event(enum og_guard_what what, uint64_t node, uint64_t a, uint64_t b,
                                   uint8_t hash)
{
    static uint64_t now = 1000;
    struct og_guard_event e = {.id = now, .time_ms = now, .node = node, .what = what};
    now++;
    e.v[0] = a;
    e.v[1] = b;
    e.has_hash = hash != 0;
    memset(e.hash.b, hash, sizeof e.hash.b);
    return e;
}

static void test_proofs(void **ctx)
{
    struct og_guard_rules r;
    struct og_guard_hit h;
    struct {
        struct og_guard_event e;
        int proof; /* -1: none */
    } t[] = {
        {event(OG_GE_SIGNED, 1, 50, 0, 1), -1},
        {event(OG_GE_SIGNED, 1, 50, 0, 1), -1}, /* the same again */
        {event(OG_GE_SIGNED, 1, 50, 1, 2), -1}, /* another round */
        {event(OG_GE_SIGNED, 2, 50, 0, 2), -1}, /* another node */
        {event(OG_GE_SIGNED, 1, 50, 0, 3), OG_GP_DOUBLE_SIGN},
        {event(OG_GE_RECEIPT, 1, 7, 0, 9), -1},
        {event(OG_GE_RECEIPT, 1, 7, 0, 9), -1}, /* told twice */
        {event(OG_GE_RECEIPT, 2, 8, 0, 9), -1}, /* nobody blames whom the nonce was taken from */
        {event(OG_GE_RECEIPT, 1, 8, 0, 9), OG_GP_REPLAY},
        {event(OG_GE_COMMIT, 1, 7, 0, 4), -1},
        {event(OG_GE_COMMIT, 1, 7, 0, 4), -1},
        {event(OG_GE_COMMIT, 2, 7, 0, 0), -1},
        {event(OG_GE_COMMIT, 2, 7, 0, 4), OG_GP_COPIED_COMMIT},
        {event(OG_GE_CLAIM, 1, 7, 5000, 0), -1},
        {event(OG_GE_WRONG, 1, 7, 0, 0), OG_GP_WRONG_RESULT},
    };
    (void)ctx;
    og_guard_rules_init(&r, 1024);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        if (t[i].e.what == OG_GE_CLAIM)
            t[i].e.v[OG_GE_CLAIM_RUN] = 5000 + OG_GUARD_EARLY_MS;
        bool hit = og_guard_rules_see(&r, &t[i].e, &h);
        assert_int_equal(hit ? (int)h.proof : -1, t[i].proof);
        if (hit)
            assert_true(h.node == t[i].e.node && h.id == t[i].e.id && h.with < h.id);
    }
    struct og_guard_event e = event(OG_GE_CLAIM, 1, 7, 5000, 0);
    e.v[OG_GE_CLAIM_RUN] = 5001 + OG_GUARD_EARLY_MS;
    assert_true(og_guard_rules_see(&r, &e, &h) && h.proof == OG_GP_IMPOSSIBLE);
    e.v[OG_GE_CLAIM_BAD] = 1;
    assert_true(og_guard_rules_see(&r, &e, &h) && h.proof == OG_GP_FORGED);
    og_guard_rules_release(&r);
}

/* More facts than are remembered: the latest are, and nothing honest becomes a proof. */
static void test_bounded(void **ctx)
{
    struct og_guard_rules r;
    struct og_guard_hit h;
    (void)ctx;
    og_guard_rules_init(&r, 1024);
    for (uint64_t i = 1; i < 100000; i++) {
        struct og_guard_event e = event(OG_GE_RECEIPT, 1 + i % 50, i, 0, 1);
        memcpy(e.hash.b, &i, sizeof i);
        assert_false(og_guard_rules_see(&r, &e, &h));
        e.v[0]++;
        assert_true(og_guard_rules_see(&r, &e, &h));
    }
    og_guard_rules_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_proofs),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
