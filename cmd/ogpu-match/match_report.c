/* match_report.c - leases as assignment records, in the order of their numbers. */
#include "match.h"

#include "cli/cli_table.h"
#include "store/store_query.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE 128

static enum og_rc write_human(struct matcher *m, const struct og_lease *l)
{
    char most[48];
    char range[48];
    og_fmt_amount(l->amount, most, sizeof most);
    snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, l->first, l->first + l->count - 1);
    if (!m->headed)
        printf("%8s %8s %-15s %7s %6s %5s  %-7s %s\n", "LEASE", "TASK", "ELEMENTS", "ATTEMPT",
               "NODE", "SLOT", "METHOD", "AT MOST");
    m->headed = true;
    printf("%8" PRIu64 " %8" PRIu64 " %-15s %7" PRIu64 " %6" PRIu64 " %5" PRIu64 "  %-7s %s\n",
           l->id, l->task, range, l->attempt, l->node, l->slot, og_method_names[l->method], most);
    return OG_OK;
}

static void set_num(json_t *o, const char *key, uint64_t v)
{
    json_object_set_new(o, key, json_integer((json_int_t)v));
}

static enum og_rc write_record(const struct og_lease *l, struct og_err *err)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string("assignment"));
    set_num(o, "v", 1);
    set_num(o, "lease", l->id);
    set_num(o, "task", l->task);
    set_num(o, "attempt", l->attempt);
    set_num(o, "first", l->first);
    set_num(o, "count", l->count);
    set_num(o, "node", l->node);
    set_num(o, "slot", l->slot);
    set_num(o, "share_ppm", l->share_ppm);
    set_num(o, "lambda_ppm", l->lambda_ppm);
    json_object_set_new(o, "amount", og_json_new_dec(l->amount));
    json_object_set_new(o, "method", json_string(og_method_names[l->method]));
    enum og_rc rc = og_jsonl_write(stdout, o, err);
    json_decref(o);
    return rc;
}

static enum og_rc write_lease(struct matcher *m, const struct og_lease *l, struct og_err *err)
{
    m->reported++;
    return m->opts->common.human ? write_human(m, l) : write_record(l, err);
}

enum og_rc match_report(struct matcher *m, bool *any, struct og_err *err)
{
    struct og_lease page[PAGE];
    size_t n = PAGE;
    *any = false;
    for (enum og_rc rc = OG_OK; n == PAGE;) {
        memset(page, 0, sizeof page);
        OG_TRY(og_row_page(m->st, OG_F_LEASE, m->last_lease + 1, page, PAGE, &n, err));
        for (size_t i = 0; i < n; i++) {
            m->last_lease = page[i].id;
            if (rc == OG_OK && (m->every || match_watch_has(&m->watch, page[i].task))) {
                rc = write_lease(m, &page[i], err);
                *any = true;
            }
            og_row_release(&og_families[OG_F_LEASE], &page[i]);
        }
        if (rc != OG_OK)
            return rc;
    }
    return OG_OK;
}

enum og_rc match_report_task(struct matcher *m, uint64_t task, struct og_err *err)
{
    uint64_t in[2] = {task, 0}, row[2 * PAGE];
    size_t n = PAGE;
    while (n == PAGE) {
        OG_TRY(og_query(m->st, OG_Q_LEASES_OF_TASK, in, 2, row, 2, PAGE, &n, err));
        for (size_t i = 0; i < n && row[2 * i] <= m->last_lease; i++) {
            in[1] = row[2 * i];
            if (row[2 * i + 1] > OG_LEASE_RUNNING)
                continue;
            struct og_lease l = {.id = row[2 * i]};
            OG_TRY(og_row_need(m->st, OG_F_LEASE, &l, err));
            enum og_rc rc = write_lease(m, &l, err);
            og_row_release(&og_families[OG_F_LEASE], &l);
            OG_TRY(rc);
        }
        if (n == PAGE && row[2 * (n - 1)] > m->last_lease)
            break;
    }
    return OG_OK;
}
