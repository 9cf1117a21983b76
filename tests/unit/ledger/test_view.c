/* test_view.c - what tools read of the state while others write it: one moment's, not two moments'.
 */
#include "../store/storekit.h"
#include "ledger/ledger.h"
#include "ledger/ledger_view.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define LOOKS 40000

static void put_open(struct og_store *st, uint64_t id)
{
    struct og_value v = {.value = id};
    og_row_set_text(&v.name, "round_open");
    OK(og_row_put(st, OG_F_GLOBAL, &v, &kit_err));
    og_row_release(&og_families[OG_F_GLOBAL], &v);
}

/* Rounds come and go, each with the global that names it. */
static void write_rounds(struct og_store *st)
{
    uint8_t cell[8] = {0};
    for (uint64_t id = 1;; id++) {
        struct og_round rd = {.id = id, .rows = 1, .cols = 1};
        og_row_set_blob(&rd.row, cell, 8);
        og_row_set_blob(&rd.col, cell, 8);
        og_row_set_blob(&rd.cost, cell, 8);
        og_row_set_blob(&rd.wait, cell, 8);
        OK(og_store_begin(st, &kit_err));
        OK(og_row_put(st, OG_F_ROUND, &rd, &kit_err));
        put_open(st, id);
        OK(og_store_commit(st, &kit_err));
        OK(og_store_begin(st, &kit_err));
        OK(og_row_del(st, OG_F_ROUND, &rd, &kit_err));
        put_open(st, 0);
        OK(og_store_commit(st, &kit_err));
        og_row_release(&og_families[OG_F_ROUND], &rd);
    }
}

static void test_round_while_written(void **state)
{
    (void)state;
    struct og_store *st = kit_create(kit_dir);
    struct og_ledger *l;
    size_t seen = 0;
    OK(og_store_begin(st, &kit_err));
    OK(og_store_meta_put(st, "genesis", "{}", 2, &kit_err)); /* only hashed */
    OK(og_store_commit(st, &kit_err));
    OK(og_ledger_open(st, &l, &kit_err));
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct og_store *mine;
        OK(og_store_open(kit_dir, OG_STORE_WRITE | OG_STORE_NOSYNC, &mine, &kit_err));
        write_rounds(mine);
        _exit(0);
    }
    for (size_t i = 0; i < LOOKS || (!seen && i < 1000 * LOOKS); i++) {
        struct og_round rd;
        int64_t *c;
        int64_t *wait;
        bool found;
        OK(og_view_round(l, &rd, &c, &wait, &found, &kit_err));
        assert_false(og_store_in_transaction(st));
        seen += found;
        free(c);
        free(wait);
        og_row_release(&og_families[OG_F_ROUND], &rd);
    }
    assert_true(seen > 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    og_ledger_close(l);
    og_store_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_while_written, kit_open, kit_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
