/* test_check.c - control flow and detectors on small codes; the corpus where it is at hand. */
#include "analyze/analyze_check.h"
#include "analyze/analyze_world.h"
#include "base/base_io.h"
#include "base/base_num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct og_cfg_stats flow(const char *hex, size_t *endless)
{
    uint8_t code[256];
    struct og_terms ts;
    struct og_cfg g;
    size_t n = strlen(hex) / 2;
    assert_true(og_hex_decode(hex, 2 * n, code, n));
    og_terms_init(&ts, 100000);
    og_cfg_build(&ts, code, n, &g);
    struct og_cfg_stats s = g.stats;
    *endless = g.n_endless;
    og_cfg_release(&g);
    og_terms_release(&ts);
    return s;
}

static void test_flow(void **state)
{
    size_t endless;
    (void)state;
    /* PUSH1 5 JUMP STOP STOP JUMPDEST PUSH1 1 PUSH1 2 ADD STOP */
    struct og_cfg_stats s = flow("600556"
                                 "0000"
                                 "5b600160020100",
                                 &endless);
    assert_true(s.complete && s.blocks == 2 && s.edges == 1 && s.loops == 0);
    assert_int_equal(s.max_stack, 2);
    assert_int_equal(s.min_gas, 3 + 8 + 1 + 3 + 3 + 3);
    assert_int_equal(s.max_gas, s.min_gas);
    /* a function called twice returns to each caller: 4 -> 13, 9 -> 13, back to 4 and 9 */
    s = flow("6005600c56"
             "5b600b600c56"
             "00"
             "5b56",
             &endless);
    assert_true(s.complete && s.open_jumps == 0);
    /* JUMPDEST PUSH1 0 JUMP: nothing leaves */
    s = flow("5b600056", &endless);
    assert_true(endless == 1 && s.loops == 1 && s.max_gas == UINT64_MAX && s.min_gas == UINT64_MAX);
    /* i = 0; do i = (i + 1) & 255; while (i <= 255): the test is never false */
    s = flow("60005b60010160ff168060ff106013576002565b00", &endless);
    assert_int_equal(endless, 1);
    /* the same with 254 ends */
    s = flow("60005b60010160ff168060fe106013576002565b00", &endless);
    assert_int_equal(endless, 0);
    assert_true(s.complete && s.loops == 1 && s.min_gas != UINT64_MAX);
    /* a jump to the calldata's word is open */
    s = flow("60003556", &endless);
    assert_true(!s.complete && s.open_jumps == 1);
}

static struct og_findings check_hex(const char *hex)
{
    uint8_t code[512];
    struct og_findings f = {0};
    struct og_check_opts o = OG_CHECK_OPTS;
    struct og_check_stats stats;
    size_t n = strlen(hex) / 2;
    assert_true(og_hex_decode(hex, 2 * n, code, n));
    og_check(code, n, NULL, &o, &f, &stats);
    return f;
}

static bool has(const struct og_findings *f, enum og_flaw flaw)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->v[i].flaw == flaw)
            return true;
    return false;
}

static void finds(const char *hex, enum og_flaw flaw, bool want)
{
    struct og_findings f = check_hex(hex);
    if (has(&f, flaw) != want)
        fail_msg("%s: %s", hex, og_flaw_class(flaw));
    og_findings_release(&f);
}

static void test_detectors(void **state)
{
    (void)state;
    /* CALLER SELFDESTRUCT; the same if CALLER is what slot 0 holds, with slot 0 out of reach */
    finds("33ff", OG_FLAW_SELFDESTRUCT, true);
    finds("5f54331460085700"
          "5b33ff",
          OG_FLAW_SELFDESTRUCT, false);
    /* ORIGIN == slot 0; ORIGIN == CALLER is no authorization */
    finds("5f54321460085700"
          "5b5f5ff3",
          OG_FLAW_TX_ORIGIN, true);
    finds("33321460075700"
          "5b5f5ff3",
          OG_FLAW_TX_ORIGIN, false);
    /* CALL(gas, slot 0, 1 wei) POP; then with its result tested */
    finds("5f5f5f5f60015f545af15000", OG_FLAW_UNCHECKED_CALL, true);
    finds("5f5f5f5f60015f545af16010575f5ffd5b00", OG_FLAW_UNCHECKED_CALL, false);
    /* CALL to the caller with slot(caller) before that slot is cleared; and after */
    finds("335f5260405f2054"
          "5f60405f2055"
          "5f5f5f5f84335af1601c575f5ffd5b00",
          OG_FLAW_REENTRANCY, false);
    finds("335f525f60405f2054805f5f5f5f93335af16018575f5ffd5b"
          "5f60405f205500",
          OG_FLAW_REENTRANCY, true);
    /* slot 1 = slot 1 + word 0 of the calldata; the same where the sum is tested */
    finds("60015460043501600155"
          "00",
          OG_FLAW_OVERFLOW, true);
    finds("600154806004350180911160125760015500"
          "5b00",
          OG_FLAW_OVERFLOW, false);
    /* a jump to the calldata */
    finds("60043556", OG_FLAW_JUMP, true);
    /* SSTORE(calldata, calldata) */
    finds("6024356004355500", OG_FLAW_STORAGE_WRITE, true);
    /* DELEGATECALL to the calldata's address */
    finds("5f5f5f5f6004355af400", OG_FLAW_DELEGATECALL, true);
}

/* Every code twice gives the same findings. */
static void test_repeats(void **state)
{
    (void)state;
    struct og_findings a = check_hex("60015460043501600155"
                                     "33ff"),
                       b = check_hex("60015460043501600155"
                                     "33ff");
    assert_int_equal(a.n, b.n);
    assert_true(a.n >= 2);
    for (size_t i = 0; i < a.n; i++)
        assert_true(a.v[i].flaw == b.v[i].flaw && a.v[i].pc == b.v[i].pc);
    og_findings_release(&a);
    og_findings_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flow),
        cmocka_unit_test(test_detectors),
        cmocka_unit_test(test_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
