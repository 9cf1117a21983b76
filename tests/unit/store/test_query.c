/* test_query.c - questions over leases: compared with a plain loop, and that none reads a whole
 * task or chain for one page. */
#include "store/store_query.h"
#include "storekit.h"

#include <sqlite3.h>

#define LEASES 3000
#define TASKS  7

static struct og_lease lease[LEASES + 1];

static void fill(struct og_store *st)
{
    OK(og_store_begin(st, &kit_err));
    for (uint64_t id = 1; id <= LEASES; id++) {
        struct og_lease *ls = &lease[id];
        *ls = (struct og_lease){.id = id,
                                .task = kit_random() % TASKS,
                                .first = LEASES - id,
                                .count = 1,
                                .node = kit_random() % 20,
                                .state = kit_random() % OG_LEASE_STATES,
                                .method = kit_random() % 5,
                                .checked = kit_random() % 3,
                                .fail_why = kit_random() % 8};
        OK(og_row_put(st, OG_F_LEASE, ls, &kit_err));
    }
    OK(og_store_commit(st, &kit_err));
}

static void pages_of_a_task(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    fill(st);
    for (uint64_t task = 0; task < TASKS; task++) {
        uint64_t got[64][2];
        uint64_t live[LEASES];
        uint64_t in[2] = {task, 0};
        size_t n = 64;
        uint64_t id = 1;
        while (n == 64) {
            OK(og_query(st, OG_Q_LEASES_OF_TASK, in, 2, &got[0][0], 2, 64, &n, &kit_err));
            for (size_t i = 0; i < n; i++, id++) {
                while (lease[id].task != task)
                    id++;
                assert_int_equal(got[i][0], id);
                assert_int_equal(got[i][1], lease[id].state);
                in[1] = id;
            }
        }
        OK(og_query(st, OG_Q_LIVE_OF_TASK, in, 1, live, 1, LEASES, &n, &kit_err));
        size_t k = 0;
        for (id = 1; id <= LEASES; id++)
            if (lease[id].task == task && lease[id].state < OG_LEASE_PAID)
                assert_true(k < n && live[k++] == id);
        assert_int_equal(k, n);
    }
    og_store_close(st);
}

static void paid_and_failed_of_a_task(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    fill(st);
    for (uint64_t task = 0; task <= TASKS; task++) {
        uint64_t got[256][3];
        uint64_t why = 0;
        uint64_t want_why = 0;
        uint64_t seen[256][3];
        size_t n;
        size_t k = 0;
        size_t any = 0;
        OK(og_query(st, OG_Q_PAID_OF_TASK, &task, 1, &got[0][0], 3, 256, &n, &kit_err));
        for (uint64_t id = 1; id <= LEASES; id++) {
            const struct og_lease *ls = &lease[id];
            size_t i = 0;
            if (ls->task == task && ls->state == OG_LEASE_FAILED) {
                want_why = ls->fail_why;
                any = 1;
            }
            if (ls->task != task || ls->state != OG_LEASE_PAID)
                continue;
            while (i < k && !(seen[i][0] == ls->node && seen[i][1] == ls->method &&
                              seen[i][2] == (ls->checked == 1)))
                i++;
            if (i < k)
                continue;
            seen[k][0] = ls->node;
            seen[k][1] = ls->method;
            seen[k++][2] = ls->checked == 1;
        }
        assert_int_equal(n, k);
        assert_memory_equal(got, seen, k * sizeof *seen);
        OK(og_query(st, OG_Q_FAILED_OF_TASK, &task, 1, &why, 1, 1, &n, &kit_err));
        assert_int_equal(n, any);
        assert_int_equal(why, want_why);
    }
    og_store_close(st);
}

static void leases_to_draw(void **state)
{
    (void)state;
    struct og_store *st = kit_memory();
    fill(st);
    uint64_t got[LEASES];
    uint64_t after = 100;
    size_t n;
    size_t k = 0;
    OK(og_query(st, OG_Q_LEASES_TO_DRAW, &after, 1, got, 1, LEASES, &n, &kit_err));
    for (uint64_t id = after + 1; id <= LEASES; id++)
        if (lease[id].state == OG_LEASE_COMMITTED && lease[id].checked == 0 &&
            lease[id].method >= 1 && lease[id].method <= 3)
            assert_true(k < n && got[k++] == id);
    assert_int_equal(k, n);
    assert_true(n > 10);
    og_store_close(st);
}

static int same_plan(void *want, int n, char **v, char **name)
{
    (void)name;
    if (n == 4 && strstr(v[3], want))
        return 0;
    print_message("'%s' instead of '%s'\n", n == 4 ? v[3] : "", (const char *)want);
    return 1;
}

/* The statements of store_query.c in short: one index each, in its order, from where the page
 * starts. */
static void pages_start_in_an_index(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *plan;
    } page[] = {
        {"SELECT id, state FROM lease WHERE task = 1 AND id > 2 ORDER BY id LIMIT 64",
         "lease_task (task=? AND rowid>?)"},
        {"SELECT id FROM lease WHERE task = 1 AND state < 5 ORDER BY id LIMIT 64",
         "lease_task_live (task=?)"},
        {"SELECT id FROM lease WHERE state = 2 AND checked = 0 AND method IN (1, 2, 3) AND id > 1 "
         "ORDER BY id LIMIT 64",
         "lease_draw (id>?)"},
        {"SELECT fail_why FROM lease WHERE task = 1 AND state = 11 ORDER BY id DESC LIMIT 1",
         "lease_task (task=?)"},
    };
    og_store_close(kit_create(kit_dir));
    char *path = og_io_join(kit_dir, "ogpu.db");
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof page / sizeof *page; i++) {
        char sql[256];
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", page[i].sql);
        assert_int_equal(sqlite3_exec(db, sql, same_plan, (void *)(uintptr_t)page[i].plan, NULL),
                         SQLITE_OK);
    }
    sqlite3_close(db);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_a_task),
        cmocka_unit_test(paid_and_failed_of_a_task),
        cmocka_unit_test(leases_to_draw),
        cmocka_unit_test_setup_teardown(pages_start_in_an_index, kit_open, kit_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
