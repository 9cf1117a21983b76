/* top_print.c - one pass to stdout: a table, records, alerts. */
#include "top.h"

#include "base/base_buf.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "cli/cli_table.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ONCE_JOBS   40
#define ONCE_EVENTS 10

void top_header(const struct top_data *d, char *out, size_t cap)
{
    const struct top_head *h = &d->head;
    char full[25];
    char age[32] = "";
    og_time_format(h->now_ms, full);
    if (h->block_ms && h->now_ms > h->block_ms)
        snprintf(age, sizeof age, "%" PRIu64 "s", (h->now_ms - h->block_ms) / 1000);
    uint64_t run = h->lease[OG_LEASE_RUNNING];
    snprintf(out, cap,
             "ogpu %.8s #%" PRIu64 "%s%s  val %" PRIu64 "/%" PRIu64 "%s  price %" PRIu64
             ".%02" PRIu64 "  queue %" PRIu64 "  run %" PRIu64 "  done/min %" PRIu64,
             full + 11, h->height, age[0] ? " +" : "", age, h->validators_up, h->validators,
             h->validators_up == h->validators ? " ok" : "!", h->lambda_ppm / OG_PPM,
             h->lambda_ppm / 10000 % 100, h->queued + h->task[OG_TASK_WAITING], run, h->ended_min);
}

static void print_pane(const struct top_data *d, enum top_pane p, size_t sort_col, size_t max)
{
    struct top_choice choice = {0};
    struct top_rows r = {0};
    size_t n;
    const struct og_tui_col *cols = top_cols(p, &n);
    top_rows_make(&r, p, d, &choice, sort_col, false);
    struct og_table *t = og_table_new(n);
    for (size_t c = 0; c < n; c++)
        og_table_head(t, c, cols[c].title, cols[c].right);
    for (size_t i = 0; i < r.n && i < max; i++)
        for (size_t c = 0; c < n; c++) {
            struct og_tui_cell cell = {.text = ""};
            top_cell(&r, i, c, &cell);
            if (cell.meter && !cell.text[0])
                og_table_cellf(t, "%" PRIu64 "%%", cell.ppm / 10000);
            else
                og_table_cell(t, cell.text[0] ? cell.text : "-");
        }
    if (r.n)
        og_table_print(t, og_table_width(stdout), stdout);
    if (r.n > max)
        printf("(%zu more)\n", r.n - max);
    og_table_free(t);
    top_rows_release(&r);
}

enum og_rc top_print_once(const struct top_opts *o, const struct top_data *d, struct og_err *err)
{
    const struct top_head *h = &d->head;
    char line[512];
    (void)o;
    (void)err;
    top_header(d, line, sizeof line);
    puts(line);
    printf("\nNODES %" PRIu64 " active, %zu slots, %" PRIu64 " GFLOP/s\n", h->node[OG_NODE_ACTIVE],
           d->slots, h->capacity / 1000);
    print_pane(d, TOP_NODES, 0, d->slots);
    printf("\nJOBS %" PRIu64 " open, %" PRIu64 " waiting, %" PRIu64 " paid, %" PRIu64
           " failed, %" PRIu64 " cancelled, %" PRIu64 " expired\n",
           h->task[OG_TASK_OPEN], h->task[OG_TASK_WAITING], h->task[OG_TASK_PAID],
           h->task[OG_TASK_FAILED], h->task[OG_TASK_CANCELLED], h->task[OG_TASK_EXPIRED]);
    print_pane(d, TOP_JOBS, 2, ONCE_JOBS);
    printf("\nCHAIN %" PRIu64 " transactions, epoch %" PRIu64 "\n", h->txs, h->epoch);
    print_pane(d, TOP_CHAIN, 0, d->validators + d->accounts + ONCE_EVENTS);
    printf("\nEVENTS %zu alert%s\n", d->alerts, d->alerts == 1 ? "" : "s");
    print_pane(d, TOP_EVENTS, 0, d->alerts + ONCE_EVENTS);
    return OG_OK;
}

static void set(json_t *o, const char *key, uint64_t v)
{
    json_object_set_new(o, key, json_integer((json_int_t)v));
}

static json_t *numbers(const char *const *names, size_t n, const uint64_t *v)
{
    json_t *o = json_object();
    for (size_t i = 0; i < n; i++)
        set(o, names[i], v[i]);
    return o;
}

static json_t *record(const char *kind)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(kind));
    set(o, "v", 1);
    return o;
}

/* Writes and frees. */
static enum og_rc emit(json_t *o, struct og_err *err)
{
    enum og_rc rc = og_jsonl_write(stdout, o, err);
    json_decref(o);
    return rc;
}

static enum og_rc json_head(const struct top_data *d, struct og_err *err)
{
    const struct top_head *h = &d->head;
    json_t *o = record("top");
    json_object_set_new(o, "chain", og_json_new_hex(h->chain.b, OG_HASH_LEN));
    set(o, "time_ms", h->now_ms);
    set(o, "height", h->height);
    set(o, "block_ms", h->block_ms);
    set(o, "epoch", h->epoch);
    set(o, "lambda_ppm", h->lambda_ppm);
    set(o, "txs", h->txs);
    set(o, "queued", h->queued);
    set(o, "ended_last_minute", h->ended_min);
    set(o, "failed_last_hour", h->failed_hour);
    json_object_set_new(o, "pending", json_boolean(h->pending));
    set(o, "validators", h->validators);
    set(o, "validators_active", h->validators_up);
    set(o, "capacity_mflops", h->capacity);
    set(o, "disk_bytes", h->disk_bytes);
    set(o, "disk_free_bytes", h->disk_free_bytes);
    json_object_set_new(o, "nodes", numbers(og_node_state_names, OG_NODE_STATES, h->node));
    json_object_set_new(o, "tasks", numbers(og_task_state_names, OG_TASK_STATES, h->task));
    json_object_set_new(o, "leases", numbers(og_lease_state_names, OG_LEASE_STATES, h->lease));
    json_object_set_new(o, "balances", og_json_new_dec(h->balance));
    json_object_set_new(o, "bonds", og_json_new_dec(h->bond));
    json_object_set_new(o, "escrows", og_json_new_dec(h->escrow));
    json_object_set_new(o, "unbonding", og_json_new_dec(h->unbonding));
    set(o, "alerts", d->alerts);
    return emit(o, err);
}

static enum og_rc json_nodes(const struct top_data *d, struct og_err *err)
{
    for (size_t i = 0; i < d->nodes; i++) {
        json_t *o = og_row_json(&og_families[OG_F_NODE], &d->node[i], "node");
        set(o, "select_ppm", d->select_ppm[i]);
        set(o, "reliability_ppm", og_view_reliability(&d->node[i]));
        OG_TRY(emit(o, err));
    }
    for (size_t i = 0; i < d->slots; i++)
        OG_TRY(emit(og_row_json(&og_families[OG_F_SLOT], &d->slot[i].slot, "slot"), err));
    return OG_OK;
}

static enum og_rc json_jobs(const struct top_data *d, struct og_err *err)
{
    for (size_t i = 0; i < d->tasks; i++) {
        const struct top_task *t = &d->task[i];
        json_t *o = og_row_json(&og_families[OG_F_TASK], &t->t, "task");
        set(o, "leases_live", t->leases);
        set(o, "leases_running", t->running);
        json_object_set_new(o, "why", json_string(t->why));
        json_object_set_new(o, "stuck", json_boolean(t->stuck));
        OG_TRY(emit(o, err));
    }
    for (size_t i = 0; i < d->leases; i++) {
        const struct top_lease *l = &d->lease[i];
        json_t *o = og_row_json(&og_families[OG_F_LEASE], &l->l, "lease");
        if (l->local) {
            set(o, "run_pid", l->run.pid);
            set(o, "run_element", l->run.element);
            set(o, "run_done", l->run.done);
        }
        OG_TRY(emit(o, err));
    }
    return OG_OK;
}

static enum og_rc json_chain(const struct top_data *d, struct og_err *err)
{
    for (size_t i = 0; i < d->validators; i++)
        OG_TRY(emit(og_row_json(&og_families[OG_F_VALIDATOR], &d->validator[i], "validator"), err));
    for (size_t i = 0; i < d->accounts; i++) {
        json_t *o = og_row_json(&og_families[OG_F_ACCOUNT], &d->account[i].a, "account");
        json_object_set_new(o, "role", json_string(d->account[i].role));
        OG_TRY(emit(o, err));
    }
    for (size_t i = 0; i < d->blocks; i++) {
        json_t *o = og_row_json(&og_families[OG_F_ROOTS], &d->block[i].roots, "roots");
        set(o, "txs", d->block[i].txs);
        json_object_set_new(o, "hash", og_json_new_hex(d->block[i].hash.b, OG_HASH_LEN));
        OG_TRY(emit(o, err));
    }
    return OG_OK;
}

static enum og_rc json_alerts(const struct top_data *d, struct og_err *err)
{
    for (size_t i = 0; i < d->alerts; i++) {
        json_t *o = record("alert");
        json_object_set_new(o, "what", json_string(d->alert[i].what));
        json_object_set_new(o, "text", json_string(d->alert[i].text));
        json_object_set_new(o, "level", json_string(d->alert[i].level == TOP_BAD ? "bad" : "warn"));
        OG_TRY(emit(o, err));
    }
    return OG_OK;
}

enum og_rc top_print_json(const struct top_data *d, struct og_err *err)
{
    OG_TRY(json_head(d, err));
    OG_TRY(json_nodes(d, err));
    OG_TRY(json_jobs(d, err));
    OG_TRY(json_chain(d, err));
    OG_TRY(json_alerts(d, err));
    for (size_t i = 0; i < d->events; i++) {
        const struct og_event *e = &d->event[i];
        json_t *o = record("event");
        json_t *line = json_loadb(e->line.p ? e->line.p : "", e->line.len, 0, NULL);
        set(o, "id", e->id);
        set(o, "height", e->height);
        set(o, "time_ms", e->time_ms);
        json_object_set_new(o, "what", json_string(e->what));
        json_object_set_new(o, "detail", line ? line : json_null());
        OG_TRY(emit(o, err));
    }
    return OG_OK;
}

enum og_rc top_print_check(const struct top_opts *o, const struct top_data *d, struct og_err *err)
{
    if (!o->common.human)
        OG_TRY(json_alerts(d, err));
    for (size_t i = 0; o->common.human && i < d->alerts; i++)
        printf("%s: %s\n", d->alert[i].what, d->alert[i].text);
    return d->alerts ? OG_NO : OG_OK;
}
