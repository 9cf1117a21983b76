/* show_table.c - receipts of several tasks as one table: who ran them, checked how, paid what. */
#include "base/base_num.h"
#include "cli/cli_table.h"
#include "show.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE 64

/* Time that was paid for, of all leases. */
static enum og_rc time_of(struct og_store *st, uint64_t task, uint64_t *ms, struct og_err *err)
{
    uint64_t in[2] = {task, 0};
    size_t n;
    *ms = 0;
    do {
        uint64_t v[2 * PAGE];
        OG_TRY(og_query(st, OG_Q_LEASES_OF_TASK, in, 2, v, 2, PAGE, &n, err));
        for (size_t i = 0; i < n && i < PAGE; i++) {
            struct og_lease l = {.id = v[2 * i]};
            in[1] = l.id;
            if (v[2 * i + 1] != OG_LEASE_PAID)
                continue;
            OG_TRY(og_row_need(st, OG_F_LEASE, &l, err));
            *ms += l.credited_ms;
            og_row_release(&og_families[OG_F_LEASE], &l);
        }
    } while (n >= PAGE);
    return OG_OK;
}

static void node_list(const json_t *nodes, struct og_buf *out)
{
    for (size_t i = 0; i < json_array_size(nodes); i++)
        og_buf_addf(out, "%s%" JSON_INTEGER_FORMAT, i ? "," : "",
                    json_integer_value(json_array_get(nodes, i)));
    if (!out->len)
        og_buf_adds(out, "-");
}

enum og_rc show_receipt_row(struct og_store *st, const json_t *r, struct og_table *t,
                            struct og_err *err)
{
    uint64_t task;
    uint64_t price;
    uint64_t payout;
    uint64_t count;
    uint64_t ms;
    char text[64];
    struct og_buf nodes = OG_BUF_INIT;
    OG_TRY(og_json_u64(r, "task", INT64_MAX, &task, err));
    OG_TRY(og_json_u64_or(r, "count", UINT32_MAX, 1, &count, err));
    OG_TRY(og_json_dec(r, "price", &price, err));
    OG_TRY(og_json_dec(r, "payout", &payout, err));
    OG_TRY(time_of(st, task, &ms, err));
    og_table_cellf(t, "%" PRIu64, task);
    og_table_cell(t, json_string_value(json_object_get(r, "name")));
    og_table_cell(t, json_string_value(json_object_get(r, "state")));
    node_list(json_object_get(r, "nodes"), &nodes);
    og_table_cell(t, nodes.p);
    og_buf_release(&nodes);
    og_fmt_duration_ms(ms, text, sizeof text);
    og_table_cell(t, text);
    og_table_cell(t, json_string_value(json_object_get(r, "verified_by")));
    og_fmt_amount(og_muldiv(price, count, 1), text, sizeof text);
    og_table_cell(t, text);
    og_fmt_amount(payout, text, sizeof text);
    og_table_cell(t, text);
    return OG_OK;
}

struct og_table *show_receipt_table(void)
{
    static const char *const head[] = {"TASK", "NAME",    "STATE", "NODES",
                                       "TIME", "VERDICT", "PRICE", "PAYOUT"};
    struct og_table *t = og_table_new(8);
    for (size_t i = 0; i < 8; i++)
        og_table_head(t, i, head[i], i == 0 || i == 4 || i >= 6);
    return t;
}
