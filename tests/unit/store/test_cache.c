/* test_cache.c - what the open write transaction holds in memory: reads, walks, counters, marks and
 * the app hash never tell it from rows that were written at once. */
#include "storekit.h"

#include "store/store_tree.h"

#define ROWS  300 /* more than the cache has slots */
#define STEPS 30000

struct model {
    bool there[ROWS];
    uint64_t balance[ROWS], seq[ROWS];
};

static struct og_account account(unsigned i)
{
    struct og_account a = {0};
    og_put_be64(a.addr.b, (uint64_t)i * 0x9e3779b97f4a7c15u);
    a.addr.b[19] = (uint8_t)i;
    return a;
}

static void compare_one(struct og_store *st, const struct model *m, unsigned i)
{
    struct og_account a = account(i);
    bool found;
    OK(og_row_get(st, OG_F_ACCOUNT, &a, &found, &kit_err));
    if (found != m->there[i] || (found && (a.balance != m->balance[i] || a.seq != m->seq[i])))
        fail_msg("row %u: %d %llu, not %d %llu", i, found, (unsigned long long)a.balance,
                 m->there[i], (unsigned long long)m->balance[i]);
}

struct walked {
    uint64_t sum, n;
};

static enum og_rc add_up(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    struct walked *w = ctx;
    w->sum += ((const struct og_account *)rec)->balance;
    w->n++;
    return OG_OK;
}

static void compare_all(struct og_store *st, const struct model *m)
{
    struct walked want = {0};
    struct walked got = {0};
    uint64_t n;
    uint64_t balance;
    for (unsigned i = 0; i < ROWS; i++) {
        compare_one(st, m, i);
        want.n += m->there[i];
        want.sum += m->there[i] ? m->balance[i] : 0;
    }
    OK(og_row_walk(st, OG_F_ACCOUNT, add_up, &got, &kit_err));
    assert_int_equal(got.n, want.n);
    assert_int_equal(got.sum, want.sum);
    OK(og_row_count(st, OG_F_ACCOUNT, &n, &kit_err));
    assert_int_equal(n, want.n);
    OK(og_store_counter(st, "balance", &balance, &kit_err));
    assert_int_equal(balance, want.sum);
}

static void change(struct og_store *st, struct model *m)
{
    unsigned i = (unsigned)(kit_random() % (kit_random() % 2 ? 8 : ROWS));
    struct og_account a = account(i);
    a.balance = kit_random() % 1000;
    a.seq = kit_random() % 100;
    m->there[i] = kit_random() % 6 != 0;
    if (m->there[i]) {
        m->balance[i] = a.balance;
        m->seq[i] = a.seq;
        OK(og_row_put(st, OG_F_ACCOUNT, &a, &kit_err));
    } else {
        OK(og_row_del(st, OG_F_ACCOUNT, &a, &kit_err));
    }
    compare_one(st, m, i);
}

static void same_hash(struct og_store *st)
{
    struct og_hash kept;
    struct og_hash want;
    OK(og_tree_flush(st, &kept, &kit_err));
    OK(og_tree_recompute(st, &want, &kit_err));
    assert_memory_equal(&kept, &want, sizeof want);
}

/* Random changes, marks kept and undone, commits and rollbacks, against a model. */
static void nobody_can_tell(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    static struct model now;
    static struct model at_begin;
    static struct model at_mark;
    bool open = false;
    bool marked = false;
    for (int step = 0; step < STEPS; step++) {
        uint64_t what = kit_random() % 100;
        if (what < 70) {
            change(st, &now);
        } else if (what < 80) {
            compare_one(st, &now, (unsigned)(kit_random() % ROWS));
        } else if (!open) {
            OK(og_store_begin(st, &kit_err));
            open = true;
            at_begin = now;
        } else if (!marked && what < 92) {
            OK(og_store_mark(st, &kit_err));
            marked = true;
            at_mark = now;
        } else if (marked && what < 94) {
            OK(og_store_mark_keep(st, &kit_err));
            marked = false;
        } else if (marked && what < 97) {
            OK(og_store_mark_undo(st, &kit_err));
            marked = false;
            now = at_mark;
        } else if (!marked && what < 99) {
            OK(og_store_commit(st, &kit_err));
            open = false;
        } else if (!marked) {
            og_store_rollback(st);
            open = false;
            now = at_begin;
        }
        if (step % 500 == 0)
            compare_all(st, &now);
        if (step % 3000 == 0 && !marked)
            same_hash(st);
    }
    if (marked)
        OK(og_store_mark_keep(st, &kit_err));
    if (open)
        OK(og_store_commit(st, &kit_err));
    compare_all(st, &now);
    same_hash(st);
    og_store_close(st);
}

/* Another process sees nothing before the commit, everything after it, nothing of a rollback. */
static void others_see_what_is_committed(void **state)
{
    (void)state;
    struct og_store *a = kit_create(kit_dir);
    struct og_store *b;
    static struct model none;
    static struct model some;
    OK(og_store_open(kit_dir, OG_STORE_READ, &b, &kit_err));
    OK(og_store_begin(a, &kit_err));
    for (int i = 0; i < 200; i++)
        change(a, &some);
    compare_all(b, &none);
    OK(og_store_commit(a, &kit_err));
    compare_all(b, &some);
    static struct model more;
    more = some;
    OK(og_store_begin(a, &kit_err));
    for (int i = 0; i < 200; i++)
        change(a, &more);
    og_store_rollback(a);
    compare_all(b, &some);
    compare_all(a, &some);
    og_store_close(a);
    og_store_close(b);
}

/* Globals with long names, whose keys the cache cannot hold. */
static void long_names_are_kept_too(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    OK(og_store_begin(st, &kit_err));
    for (size_t n = 1; n < 80; n++) {
        char name[80] = "";
        memset(name, 'n', n);
        struct og_value v = {.name = name, .value = n};
        OK(og_row_put(st, OG_F_GLOBAL, &v, &kit_err));
    }
    for (size_t n = 1; n < 80; n++) {
        char name[80] = "";
        memset(name, 'n', n);
        struct og_value v = {.value = 0};
        bool found;
        og_row_set_text(&v.name, name);
        OK(og_row_get(st, OG_F_GLOBAL, &v, &found, &kit_err));
        assert_true(found);
        assert_int_equal(v.value, n);
        assert_string_equal(v.name, name);
        og_row_release(&og_families[OG_F_GLOBAL], &v);
    }
    OK(og_store_commit(st, &kit_err));
    uint64_t n;
    OK(og_row_count(st, OG_F_GLOBAL, &n, &kit_err));
    assert_int_equal(n, 79);
    same_hash(st);
    og_store_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_can_tell),
        cmocka_unit_test(others_see_what_is_committed),
        cmocka_unit_test(long_names_are_kept_too),
    };
    return cmocka_run_group_tests(tests, kit_open, kit_close);
}
