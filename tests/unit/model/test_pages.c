/* test_pages.c - the pages of section 5 say what the tables and kinds really are. */
#include "base/base_buf.h"
#include "base/base_io.h"
#include "model/model_records.h"
#include "model/model_tx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The page with every run of blanks and line ends as one blank. */
static char *read_page(const char *path)
{
    struct og_buf b = OG_BUF_INIT;
    struct og_err err;
    if (og_io_read_file(path, 1u << 20, &b, &err) != OG_OK) {
        og_buf_release(&b);
        return NULL;
    }
    char *text = og_buf_detach(&b);
    char *to = text;
    for (const char *c = text; *c; c++) {
        if (*c != '\n' && *c != ' ')
            *to++ = *c;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    *to = '\0';
    return text;
}

static char letter(enum og_col_kind k)
{
    switch (k) {
    case OG_COL_NUM: return 'n';
    case OG_COL_DEC: return 'd';
    case OG_COL_HASH: return 'h';
    case OG_COL_ADDR: return 'a';
    case OG_COL_TEXT: return 't';
    case OG_COL_BLOB: return 'b';
    case OG_COL_ENUM: return 'e';
    }
    return '?';
}

/* Every hashed table with its columns in their order: the order is that of the hash. */
static void test_tables(void **state)
{
    (void)state;
    char *page = read_page("man/ogpu-state.5");
    assert_non_null(page);
    for (size_t i = 0; i < OG_FAMILIES; i++) {
        const struct og_family *f = &og_families[i];
        struct og_buf want = OG_BUF_INIT;
        og_buf_adds(&want, "[");
        for (size_t c = 0; c < f->n_cols; c++)
            og_buf_addf(&want, "%s%s %c",
                        c == 0          ? ""
                        : c == f->n_key ? "; "
                                        : ", ",
                        f->cols[c].name, letter(f->cols[c].kind));
        og_buf_adds(&want, "]");
        struct og_buf item = OG_BUF_INIT;
        og_buf_addf(&item, ".It Ic %s ", f->name);
        const char *at = strstr(page, item.p);
        assert_non_null(at);
        const char *next = strstr(at + 1, ".It Ic ");
        const char *cols = strstr(at, want.p);
        if (!cols || (next && cols > next))
            fail_msg("ogpu-state(5): %s is %s", f->name, want.p);
        og_buf_release(&want);
        og_buf_release(&item);
    }
    free(page);
}

static void test_states(void **state)
{
    (void)state;
    char *page = read_page("man/ogpu-state.5");
    assert_non_null(page);
    for (unsigned i = 0; i < OG_LEASE_STATES; i++) {
        struct og_buf want = OG_BUF_INIT;
        og_buf_addf(&want, "%u %s", i, og_lease_state_names[i]);
        assert_non_null(strstr(page, want.p));
        og_buf_release(&want);
    }
    for (unsigned i = 0; i < OG_TASK_STATES; i++) {
        struct og_buf want = OG_BUF_INIT;
        og_buf_addf(&want, "%u %s", i, og_task_state_names[i]);
        assert_non_null(strstr(page, want.p));
        og_buf_release(&want);
    }
    free(page);
}

/* Every kind of transaction. */
static void test_kinds(void **state)
{
    (void)state;
    char *page = read_page("man/ogpu-records.5");
    assert_non_null(page);
    for (int k = 0; k < OG_TX_KIND_COUNT; k++) {
        const char *name = og_tx_kind_name((enum og_tx_kind)k);
        struct og_buf comma = OG_BUF_INIT;
        struct og_buf stop = OG_BUF_INIT;
        og_buf_addf(&comma, " %s,", name);
        og_buf_addf(&stop, " %s. ", name);
        if (!strstr(page, comma.p) && !strstr(page, stop.p))
            fail_msg("ogpu-records(5) does not name %s", name);
        og_buf_release(&comma);
        og_buf_release(&stop);
    }
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
