/* test_need.c - each need alone excludes its slot, and the sentence names what would change it. */
#include "match/match_need.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t GB = 1ull << 30;

static struct og_match_row a_row(void)
{
    struct og_match_row r = {.task = 7,
                             .count = 10,
                             .work_mflop = 1000000,
                             .limit_ms = 1000,
                             .urgency = 1,
                             .cores = 2,
                             .mem_bytes = 4 * GB,
                             .gpu_ppm = 100000,
                             .gpu_mem_bytes = GB,
                             .max_price_grains = 1000000,
                             .classes = OG_CLASS_PROGRAM,
                             .q_min_ppm = 50000};
    memset(r.owner, 1, sizeof r.owner);
    return r;
}

static struct og_match_col a_col(void)
{
    struct og_match_col c = {.node = 3,
                             .slot = 1,
                             .share_ppm = 500000,
                             .c_mflops = 100000,
                             .cores = 2,
                             .mem_bytes = 4 * GB,
                             .gpu_ppm = 100000,
                             .gpu_mem_bytes = GB,
                             .classes = OG_CLASS_PROGRAM | OG_CLASS_KERNEL,
                             .rate = 1000000000,
                             .lambda_ppm = 1000000,
                             .free_bond = 10000000000,
                             .reliability_ppm = 500000};
    memset(c.owner, 2, sizeof c.owner);
    return c;
}

static void test_feasible(void **st)
{
    struct og_match_row r = a_row();
    struct og_match_col c = a_col();
    (void)st;
    assert_int_equal(og_need_check(&r, &c), 0);
}

static void test_each_alone(void **st)
{
    static const uint8_t other[1][20] = {{9}};
    static const uint64_t three[] = {5, 3};
    uint8_t owner[1][20];
    (void)st;
    memset(owner, 2, sizeof owner);
    for (unsigned bit = 0; bit < OG_WHY_BITS; bit++) {
        struct og_match_row r = a_row();
        struct og_match_col c = a_col();
        switch (1u << bit) {
        case OG_WHY_CORES: c.cores = 1; break;
        case OG_WHY_MEM: c.mem_bytes = 4 * GB - 1; break;
        case OG_WHY_GPU: c.gpu_ppm = 99999; break;
        case OG_WHY_GPU_MEM: c.gpu_mem_bytes = 0; break;
        case OG_WHY_CLASS: c.classes = OG_CLASS_KERNEL; break;
        case OG_WHY_SUBMITTER:
            c.submitters = other[0];
            c.submitters_n = 1;
            break;
        case OG_WHY_LOCAL: r.local_only = true; break;
        case OG_WHY_RATE: c.min_rate = c.rate + 1; break;
        case OG_WHY_LOCK: c.max_lock = 1; break;
        case OG_WHY_TRIED:
            r.tried = three;
            r.tried_n = 2;
            break;
        case OG_WHY_BARRED:
            r.barred = owner[0];
            r.barred_n = 1;
            break;
        case OG_WHY_CAPACITY: c.c_mflops = 0; break;
        default: c.blocked = true; break;
        }
        assert_int_equal(og_need_check(&r, &c), 1u << bit);
        assert_string_not_equal(og_need_why_text(1u << bit), "?");
    }
    assert_string_equal(og_need_why_text(3), "?");
    assert_string_equal(og_need_why_text(1u << OG_WHY_BITS), "?");
    assert_string_equal(og_need_why_text(OG_WHY_MEM), "mem_bytes");
}

static void test_own_node_is_welcome(void **st)
{
    static const uint8_t list[2][20] = {{9}, {8}};
    struct og_match_row r = a_row();
    struct og_match_col c = a_col();
    (void)st;
    c.submitters = list[0];
    c.submitters_n = 2;
    memcpy(r.owner, list[1], 20);
    assert_int_equal(og_need_check(&r, &c), 0);
    memcpy(r.owner, c.owner, 20);
    r.local_only = true;
    assert_int_equal(og_need_check(&r, &c), 0);
}

static void test_amount(void **st)
{
    struct og_match_row r = a_row();
    struct og_match_col c = a_col();
    (void)st;
    /* C·T/1000 = 100000 · 10000 / 1000 = 10^6 MFLOP; 10^9 · 10^6 · 10^6 / 10^15 = 10^6 grains */
    assert_int_equal(og_need_amount(&r, &c), 1000000);
    c.lambda_ppm = 4000000;
    assert_int_equal(og_need_amount(&r, &c), 4000000);
    r.max_price_grains = 100;
    assert_int_equal(og_need_amount(&r, &c), 1000);
    r.max_price_grains = UINT64_MAX;
    r.limit_ms = UINT64_MAX;
    assert_true(og_need_amount(&r, &c) == UINT64_MAX);
}

static void test_lock(void **st)
{
    struct og_match_row r = a_row();
    struct og_match_col c = a_col();
    uint64_t a = 1000000;
    (void)st;
    assert_int_equal(og_need_check_ppm(&r, &c, a), 1000000); /* no streak yet: always checked */
    assert_int_equal(og_need_lock(&r, &c, a), 3000000);
    c.streak = 99999999; /* 10^7 · 10^6 / 10^8 = 10^5 ppm */
    assert_int_equal(og_need_check_ppm(&r, &c, a), 100000);
    assert_int_equal(og_need_lock(&r, &c, a), 30000000);
    c.streak = UINT64_MAX;
    assert_int_equal(og_need_check_ppm(&r, &c, a), 50000); /* q_min */
    assert_int_equal(og_need_lock(&r, &c, a), 60000000);
    c.free_bond = 6000000; /* 3·10^6·10^6 / 6·10^6 */
    assert_int_equal(og_need_check_ppm(&r, &c, a), 500000);
    assert_int_equal(og_need_lock(&r, &c, a), 6000000);
    assert_int_equal(og_need_check(&r, &c), 0);
    c.free_bond = 3000000; /* the edge: 3A = free bond */
    assert_int_equal(og_need_check(&r, &c), 0);
    c.free_bond = 2999999;
    assert_int_equal(og_need_check(&r, &c), OG_WHY_LOCK);
    r.light_lock = true;
    assert_int_equal(og_need_lock(&r, &c, a), 10000);
    assert_int_equal(og_need_check(&r, &c), 0);
    c.free_bond = 9999;
    assert_int_equal(og_need_check(&r, &c), OG_WHY_LOCK);
    c.free_bond = 0;
    r.max_price_grains = 0; /* nothing to pay, nothing to lock */
    r.light_lock = false;
    c.min_rate = 0;
    assert_int_equal(og_need_check(&r, &c), 0);
    assert_true(og_need_check_ppm(&r, &c, UINT64_MAX) == UINT64_MAX);
    assert_true(og_need_lock(&r, &c, UINT64_MAX) == UINT64_MAX);
}

static void test_price_below_min_rate(void **st)
{
    struct og_match_row r = a_row();
    struct og_match_col c = a_col();
    (void)st;
    /* 10 · 10^6 grains for 10^6 MFLOP = 10^10 a 10^9: the network's rate holds */
    c.min_rate = 1000000000;
    assert_int_equal(og_need_check(&r, &c), 0);
    r.max_price_grains = 99; /* 990 grains for 10^6 MFLOP: 990000 a 10^9 MFLOP */
    assert_int_equal(og_need_check(&r, &c), OG_WHY_RATE);
    c.min_rate = 990000;
    assert_int_equal(og_need_check(&r, &c), 0);
    r.work_mflop = 0; /* not known: only the network's rate counts */
    r.max_price_grains = 1;
    assert_int_equal(og_need_check(&r, &c), 0);
}

static void test_text(void **st)
{
    struct og_match_row r = a_row();
    struct og_match_col c[3] = {a_col(), a_col(), a_col()};
    struct og_buf b = OG_BUF_INIT;
    struct og_need_count t;
    (void)st;
    og_need_change_text(&r, c, 0, &b);
    assert_string_equal(b.p, "no slot is free; wait, or add a node\n");
    og_buf_reset(&b);
    og_need_change_text(&r, c, 3, &b);
    assert_string_equal(b.p, "3 of 3 free slots can take it; it waits for a round\n");
    og_buf_reset(&b);
    r.mem_bytes = 8 * GB;
    c[1].blocked = true;
    c[2].blocked = true;
    c[2].mem_bytes = 16 * GB;
    c[2].cores = 1;
    og_need_tally(&r, c, 3, &t);
    assert_int_equal(t.feasible, 0);
    assert_int_equal(t.fails[1], 2);
    assert_int_equal(t.only[1], 1);
    og_need_change_text(&r, c, 2, &b);
    assert_string_equal(b.p, "mem_bytes: excludes 2 of 2 free slots, 1 of them alone\n"
                             "blocked: excludes 1 of 2 free slots, 0 of them alone\n"
                             "mem_bytes: needs 8589934592, the largest free slot has 4294967296; "
                             "ask for less or wait for a larger node\n");
    og_buf_reset(&b);
    og_need_change_text(&r, c, 3, &b);
    assert_non_null(strstr(b.p, "slot 3.1 has less, another free slot has 17179869184"));
    og_buf_release(&b);
}

/* Each reason alone has a line that names it and the node. */
static void test_text_of_each(void **st)
{
    static const uint64_t three[] = {3};
    uint8_t owner[1][20];
    static const uint8_t other[1][20] = {{9}};
    struct og_buf b = OG_BUF_INIT;
    struct og_match_row r = a_row();
    struct og_match_col c = a_col();
    (void)st;
    r.local_only = true;
    r.tried = three;
    memset(owner, 2, sizeof owner);
    r.barred = owner[0];
    r.tried_n = r.barred_n = 1;
    r.classes = OG_CLASS_CUDA;
    r.cores = 64;
    c.submitters = other[0];
    c.submitters_n = 1;
    c.min_rate = UINT64_MAX;
    c.free_bond = 1;
    c.c_mflops = 0;
    c.blocked = true;
    r.limit_ms = UINT64_MAX; /* so that A is the price even without capacity */
    r.gpu_mem_bytes = r.mem_bytes = UINT64_MAX;
    r.gpu_ppm = 1000000;
    assert_int_equal(og_need_check(&r, &c), (1u << OG_WHY_BITS) - 1);
    og_need_change_text(&r, &c, 1, &b);
    for (unsigned i = 0; i < OG_WHY_BITS; i++) {
        char head[64];
        const char *first;
        snprintf(head, sizeof head, "%s: ", og_need_why_text(1u << i));
        first = strstr(b.p, head);
        assert_non_null(first);
        assert_non_null(strstr(first + 1, head)); /* counted, and what to change */
    }
    og_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_feasible),
        cmocka_unit_test(test_each_alone),
        cmocka_unit_test(test_own_node_is_welcome),
        cmocka_unit_test(test_amount),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_price_below_min_rate),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_of_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
