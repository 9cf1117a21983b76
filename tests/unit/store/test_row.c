/* test_row.c - records of every family: round trip, walk, page, kept counters. */
#include "storekit.h"

#include <stdalign.h>

static void every_family_round_trips(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    for (int i = 0; i < OG_FAMILIES; i++) {
        const struct og_family *f = &og_families[i];
        void *rec = og_xcalloc(1, f->size);
        void *got = og_xcalloc(1, f->size);
        bool found = true;
        assert_int_equal(f->index, i);
        kit_rec(f, rec);
        kit_key(f, rec, got);
        OK(og_row_get(st, (enum og_family_index)i, got, &found, &kit_err));
        assert_false(found);
        assert_int_equal(og_row_need(st, (enum og_family_index)i, got, &kit_err), OG_E_INTERNAL);
        OK(og_row_put(st, (enum og_family_index)i, rec, &kit_err));
        OK(og_row_get(st, (enum og_family_index)i, got, &found, &kit_err));
        assert_true(found);
        if (!kit_same(f, rec, got))
            fail_msg("%s: the row came back changed", f->name);
        OK(og_row_del(st, (enum og_family_index)i, rec, &kit_err));
        og_row_release(f, got);
        kit_key(f, rec, got);
        OK(og_row_get(st, (enum og_family_index)i, got, &found, &kit_err));
        assert_false(found);
        og_row_release(f, rec);
        og_row_release(f, got);
        free(rec);
        free(got);
    }
    og_store_close(st);
}

/* The second put changes every column that is no key; empty texts and blobs come back empty. */
static void put_replaces(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    for (int i = 0; i < OG_FAMILIES; i++) {
        const struct og_family *f = &og_families[i];
        void *a = og_xcalloc(1, f->size);
        void *b = og_xcalloc(1, f->size);
        bool found;
        uint64_t n;
        kit_rec(f, a);
        OK(og_row_put(st, (enum og_family_index)i, a, &kit_err));
        kit_key(f, a, b);
        og_row_release(f, a);
        kit_key(f, b, a);
        OK(og_row_put(st, (enum og_family_index)i, a, &kit_err)); /* all else zero or empty */
        OK(og_row_get(st, (enum og_family_index)i, b, &found, &kit_err));
        assert_true(found);
        if (!kit_same(f, a, b))
            fail_msg("%s: the row was not replaced", f->name);
        OK(og_row_count(st, (enum og_family_index)i, &n, &kit_err));
        assert_int_equal(n, 1);
        og_row_release(f, a);
        og_row_release(f, b);
        free(a);
        free(b);
    }
    og_store_close(st);
}

static void extremes_of_numbers(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    static const uint64_t v[] = {0, 1, (uint64_t)1 << 53, (uint64_t)1 << 62, INT64_MAX};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct og_unbond u = {.id = i + 1, .grains = v[i]};
        struct og_unbond got = {.id = i + 1};
        bool found;
        OK(og_row_put(st, OG_F_UNBOND, &u, &kit_err));
        OK(og_row_get(st, OG_F_UNBOND, &got, &found, &kit_err));
        assert_true(found && got.grains == v[i]);
        OK(og_row_del(st, OG_F_UNBOND, &u, &kit_err));
    }
    og_store_close(st);
}

struct seen {
    uint64_t last, n, stop_at;
};

static enum og_rc see(void *ctx, const void *rec, struct og_err *err)
{
    struct seen *s = ctx;
    const struct og_unbond *u = rec;
    if (u->id <= s->last)
        return og_err_set(err, OG_E_DATA, "out of order");
    s->last = u->id;
    if (++s->n == s->stop_at)
        return og_err_set(err, OG_NO, "enough");
    return OG_OK;
}

static void walk_and_page_in_key_order(void **state)
{
    (void)state;
    enum { N = 300 };
    struct og_store *st = kit_memory();
    for (uint64_t i = 0; i < N; i++) {
        struct og_unbond u = {.id = 1 + i * 7919 % 65537, .node = i};
        OK(og_row_put(st, OG_F_UNBOND, &u, &kit_err));
    }
    struct seen s = {0};
    OK(og_row_walk(st, OG_F_UNBOND, see, &s, &kit_err));
    assert_int_equal(s.n, N);
    s = (struct seen){.stop_at = 5};
    assert_int_equal(og_row_walk(st, OG_F_UNBOND, see, &s, &kit_err), OG_NO);
    assert_int_equal(s.n, 5);
    struct og_unbond page[64];
    uint64_t from = 0;
    size_t total = 0;
    for (;;) {
        size_t n;
        OK(og_row_page(st, OG_F_UNBOND, from, page, 64, &n, &kit_err));
        for (size_t i = 0; i < n; i++) {
            assert_true(page[i].id >= from);
            from = page[i].id + 1;
        }
        total += n;
        if (n < 64)
            break;
    }
    assert_int_equal(total, N);
    og_store_close(st);
}

static uint64_t counter(struct og_store *st, const char *name)
{
    uint64_t v;
    OK(og_store_counter(st, name, &v, &kit_err));
    return v;
}

static void sum_is(struct og_store *st, const char *name, uint64_t want)
{
    uint64_t v = counter(st, name);
    if (v != want)
        fail_msg("%s is %llu, not %llu", name, (unsigned long long)v, (unsigned long long)want);
}

static void counters_of_states(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    static const struct {
        enum og_family_index f;
        const char *prefix;
        const char *const *names;
        uint64_t n;
    } kind[] = {{OG_F_TASK, "task", og_task_state_names, OG_TASK_STATES},
                {OG_F_LEASE, "lease", og_lease_state_names, OG_LEASE_STATES},
                {OG_F_NODE, "node", og_node_state_names, OG_NODE_STATES}};
    for (size_t k = 0; k < 3; k++) {
        union {
            struct og_task task;
            struct og_lease lease;
            struct og_node node;
        } u;
        char name[64];
        for (uint64_t from = 0; from < kind[k].n; from++)
            for (uint64_t to = 0; to < kind[k].n; to++) {
                memset(&u, 0, sizeof u);
                uint64_t *id = (uint64_t *)(void *)&u; /* the first member of all three */
                uint64_t *at = k == 0 ? &u.task.state : k == 1 ? &u.lease.state : &u.node.state;
                *id = 1;
                *at = from;
                OK(og_row_put(st, kind[k].f, &u, &kit_err));
                snprintf(name, sizeof name, "%s.%s", kind[k].prefix, kind[k].names[from]);
                sum_is(st, name, 1);
                *at = to;
                OK(og_row_put(st, kind[k].f, &u, &kit_err));
                sum_is(st, name, from == to);
                snprintf(name, sizeof name, "%s.%s", kind[k].prefix, kind[k].names[to]);
                sum_is(st, name, 1);
                OK(og_row_del(st, kind[k].f, &u, &kit_err));
                sum_is(st, name, 0);
            }
    }
    og_store_close(st);
}

/* Random puts and deletes of money; the kept sums equal those of a model. */
static void counters_of_money(void **state)
{
    (void)state;
    enum { ROWS = 8, STEPS = 2000 };
    struct og_store *st = kit_memory();
    uint64_t have[4][ROWS] = {{0}};
    static const char *const name[] = {"balance", "bond", "escrow", "unbonding"};
    for (int step = 0; step < STEPS; step++) {
        unsigned what = (unsigned)(kit_random() % 4);
        unsigned row = (unsigned)(kit_random() % ROWS);
        uint64_t v = kit_random() % 3 ? kit_random() % 1000000 : 0;
        bool del = kit_random() % 5 == 0;
        struct og_account acc = {.addr.b[0] = (uint8_t)row, .balance = v};
        struct og_node node = {.id = row + 1, .bond = v};
        struct og_task task = {.id = row + 1, .escrow = v};
        struct og_unbond un = {.id = row + 1, .grains = v};
        const void *rec[] = {&acc, &node, &task, &un};
        static const enum og_family_index f[] = {OG_F_ACCOUNT, OG_F_NODE, OG_F_TASK, OG_F_UNBOND};
        if (del)
            OK(og_row_del(st, f[what], rec[what], &kit_err));
        else
            OK(og_row_put(st, f[what], rec[what], &kit_err));
        have[what][row] = del ? 0 : v;
    }
    for (int what = 0; what < 4; what++) {
        uint64_t sum = 0;
        for (int row = 0; row < ROWS; row++)
            sum += have[what][row];
        sum_is(st, name[what], sum);
    }
    sum_is(st, "no such counter", 0);
    og_store_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_round_trips), cmocka_unit_test(put_replaces),
        cmocka_unit_test(extremes_of_numbers),      cmocka_unit_test(walk_and_page_in_key_order),
        cmocka_unit_test(counters_of_states),       cmocka_unit_test(counters_of_money),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
