/* test_row.c - records by their columns: bytes, JSON, ownership, the order of families. */
#include "model/model_records.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void families_are_in_order_of_their_names(void **state)
{
    (void)state;
    for (int i = 0; i < OG_FAMILIES; i++) {
        const struct og_family *f = &og_families[i];
        assert_int_equal(f->index, i);
        assert_true(f->n_key >= 1 && f->n_key <= f->n_cols);
        if (i)
            assert_true(strcmp(og_families[i - 1].name, f->name) < 0);
        for (size_t c = 0; c < f->n_cols; c++) {
            assert_true(f->cols[c].at < f->size);
            assert_true((f->cols[c].kind == OG_COL_ENUM) == (f->cols[c].names != NULL));
            for (size_t d = 0; d < c; d++)
                assert_string_not_equal(f->cols[c].name, f->cols[d].name);
        }
    }
}

/* Every member of the struct is a column: the sizes add up (padding apart, which none has). */
static void no_member_is_forgotten(void **state)
{
    (void)state;
    for (int i = 0; i < OG_FAMILIES; i++) {
        const struct og_family *f = &og_families[i];
        size_t sum = 0;
        size_t small = 0;
        for (size_t c = 0; c < f->n_cols; c++)
            switch (f->cols[c].kind) {
            case OG_COL_NUM:
            case OG_COL_DEC:
            case OG_COL_ENUM: sum += sizeof(uint64_t); break;
            case OG_COL_HASH: small += OG_HASH_LEN; break;
            case OG_COL_ADDR: small += OG_ADDR_LEN; break;
            case OG_COL_TEXT: sum += sizeof(char *); break;
            case OG_COL_BLOB: sum += sizeof(struct og_blob); break;
            }
        size_t align = sum ? 8 : 1;
        if (sum + (small + align - 1) / align * align != f->size)
            fail_msg("%s: columns take %zu bytes, the record %zu", f->name, sum + small, f->size);
    }
}

static void hex_is(const struct og_buf *b, const char *want)
{
    char *hex = og_xcalloc(1, 2 * b->len + 1);
    og_hex_encode(b->p, b->len, hex);
    assert_string_equal(hex, want);
    free(hex);
}

static void bytes_are_fixed(void **state)
{
    (void)state;
    struct og_buf b = OG_BUF_INIT;
    struct og_unbond u = {.id = 1, .node = 2, .grains = 3, .dl_h = 4, .dl_ms = 0x0102030405060708};
    og_row_key_bytes(&og_families[OG_F_UNBOND], &u, &b);
    hex_is(&b, "000000000000000001");
    og_buf_reset(&b);
    og_row_bytes(&og_families[OG_F_UNBOND], &u, &b);
    hex_is(&b, "000000000000000001"
               "000000000000000002"
               "010000000000000003"
               "000000000000000004"
               "000102030405060708");
    og_buf_reset(&b);
    struct og_acckey k = {.addr = {{0xaa}}, .next_h = 9};
    og_row_set_text(&k.alg, "ed25519");
    og_row_set_blob(&k.pub, "\x01\x02", 2);
    og_row_bytes(&og_families[OG_F_ACCKEY], &k, &b);
    hex_is(&b, "03aa00000000000000000000000000000000000000"
               "040000000765643235353139"
               "05000000020102"
               "0400000000"
               "0500000000"
               "0400000000"
               "0500000000"
               "000000000000000009"
               "000000000000000000");
    og_row_release(&og_families[OG_F_ACCKEY], &k);
    og_buf_release(&b);
}

/* A text of one column never reads as part of the next. */
static void no_two_rows_share_their_bytes(void **state)
{
    (void)state;
    struct og_acckey a = {0};
    struct og_acckey b = {0};
    struct og_buf x = OG_BUF_INIT;
    struct og_buf y = OG_BUF_INIT;
    og_row_set_text(&a.alg, "ab");
    og_row_set_text(&b.alg, "a");
    og_row_set_blob(&b.pub, "b", 1);
    og_row_bytes(&og_families[OG_F_ACCKEY], &a, &x);
    og_row_bytes(&og_families[OG_F_ACCKEY], &b, &y);
    assert_true(x.len != y.len || memcmp(x.p, y.p, x.len) != 0);
    og_row_release(&og_families[OG_F_ACCKEY], &a);
    og_row_release(&og_families[OG_F_ACCKEY], &b);
    og_buf_release(&x);
    og_buf_release(&y);
}

static void json_has_every_column(void **state)
{
    (void)state;
    struct og_node n = {.id = 5, .state = OG_NODE_LEAVING, .bond = UINT64_MAX};
    og_row_set_text(&n.classes, "program");
    og_row_set_blob(&n.vrf, "\xab", 1);
    json_t *o = og_row_json(&og_families[OG_F_NODE], &n, "node");
    assert_int_equal(json_object_size(o), og_families[OG_F_NODE].n_cols + 2);
    assert_string_equal(json_string_value(json_object_get(o, "kind")), "node");
    assert_int_equal(json_integer_value(json_object_get(o, "v")), 1);
    assert_int_equal(json_integer_value(json_object_get(o, "id")), 5);
    assert_string_equal(json_string_value(json_object_get(o, "state")), "leaving");
    assert_string_equal(json_string_value(json_object_get(o, "bond")), "18446744073709551615");
    assert_string_equal(json_string_value(json_object_get(o, "vrf")), "ab");
    assert_string_equal(json_string_value(json_object_get(o, "hw_class")), "");
    assert_memory_equal(json_string_value(json_object_get(o, "addr")), "ogpu1", 5);
    json_decref(o);
    og_row_release(&og_families[OG_F_NODE], &n);
    assert_null(n.classes);
    assert_null(n.vrf.p);
    assert_int_equal(n.id, 0);
}

static void owned_slots_are_replaced(void **state)
{
    (void)state;
    char *t = NULL;
    struct og_blob b = {NULL, 0};
    og_row_set_text(&t, "one");
    og_row_set_text(&t, t); /* its own text */
    assert_string_equal(t, "one");
    og_row_set_text(&t, NULL);
    assert_null(t);
    og_row_set_blob(&b, "xyz", 3);
    og_row_set_blob(&b, b.p, 2); /* its own bytes */
    assert_int_equal(b.n, 2);
    assert_memory_equal(b.p, "xy", 2);
    og_row_set_blob(&b, NULL, 0);
    assert_null(b.p);
    og_row_release(&og_families[OG_F_NODE], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_are_in_order_of_their_names),
        cmocka_unit_test(no_member_is_forgotten),
        cmocka_unit_test(bytes_are_fixed),
        cmocka_unit_test(no_two_rows_share_their_bytes),
        cmocka_unit_test(json_has_every_column),
        cmocka_unit_test(owned_slots_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
