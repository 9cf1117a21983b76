/* status.c - `ogpu status`: the state in a glance, from kept counters. */
#include "ogpu.h"

#include "base/base_io.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "cli/cli_table.h"
#include "ledger/ledger.h"
#include "ledger/ledger_view.h"
#include "read.h"
#include "store/store_block.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct options {
    struct og_opts_common common;
};

static const struct og_tool tool = {
    .name = "ogpu status",
    .summary = "the chain, its nodes and tasks in a glance",
    .synopsis = "[OPTIONS]",
    .has_human = true,
    .has_now = true,
};

struct status {
    struct og_hash chain;
    uint64_t height, age_ms, open_age_ms, open_txs, txs, lambda_ppm, epoch;
    uint64_t node[OG_NODE_STATES], task[OG_TASK_STATES], lease[OG_LEASE_STATES];
    uint64_t balance, bond, escrow, unbonding, fees; /* fees: of the open block */
};

static enum og_rc counters(struct og_store *st, const char *prefix, const char *const *names,
                           size_t n, uint64_t *out, struct og_err *err)
{
    for (size_t i = 0; i < n; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", prefix, names[i]);
        OG_TRY(og_store_counter(st, name, &out[i], err));
    }
    return OG_OK;
}

static enum og_rc read_counters(struct og_store *st, struct status *s, struct og_err *err)
{
    OG_TRY(counters(st, "node.", og_node_state_names, OG_NODE_STATES, s->node, err));
    OG_TRY(counters(st, "task.", og_task_state_names, OG_TASK_STATES, s->task, err));
    OG_TRY(counters(st, "lease.", og_lease_state_names, OG_LEASE_STATES, s->lease, err));
    OG_TRY(og_store_counter(st, "tx", &s->txs, err));
    OG_TRY(og_store_counter(st, "balance", &s->balance, err));
    OG_TRY(og_store_counter(st, "bond", &s->bond, err));
    OG_TRY(og_store_counter(st, "escrow", &s->escrow, err));
    return og_store_counter(st, "unbonding", &s->unbonding, err);
}

static uint64_t age(uint64_t then, uint64_t now)
{
    return now > then ? now - then : 0;
}

static enum og_rc read_chain(struct og_store *st, struct status *s, struct og_err *err)
{
    struct og_ledger *l;
    uint64_t now = og_time_unix_ms();
    OG_TRY(og_ledger_open(st, &l, err));
    s->chain = *og_ledger_chain(l);
    enum og_rc rc = og_view_lambda(l, &s->lambda_ppm, err);
    og_ledger_close(l);
    OG_TRY(rc);
    OG_TRY(og_block_last(st, &s->height, NULL, err));
    uint64_t last;
    uint64_t opened;
    OG_TRY(og_store_meta_u64(st, "last_time", now, &last, err));
    s->age_ms = age(last, now);
    OG_TRY(og_store_meta_u64(st, "open_time", 0, &opened, err));
    s->open_age_ms = opened ? age(opened, now) : 0;
    OG_TRY(ogpu_global(st, "epoch", &s->epoch, err));
    OG_TRY(ogpu_global(st, "block_fees", &s->fees, err));
    struct og_hash *leaves;
    size_t n;
    rc = og_block_leaves(st, s->height + 1, false, &leaves, &n, err);
    free(leaves);
    s->open_txs = n;
    return rc;
}

static json_t *numbers(const char *const *names, size_t n, const uint64_t *v)
{
    json_t *o = json_object();
    for (size_t i = 0; i < n; i++)
        json_object_set_new(o, names[i], json_integer((json_int_t)v[i]));
    return o;
}

#define OWNER_BYTES   65536
#define WORKERS_SHOWN 256

/* Does a worker hold the node now? Its lock ends with it, be it killed. */
static bool is_held(const char *run_dir, const char *node)
{
    struct og_buf name = OG_BUF_INIT;
    og_buf_addf(&name, "node-%s", node);
    char *path = og_io_join(run_dir, name.p);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
    if (fd >= 0)
        close(fd);
    free(path);
    og_buf_release(&name);
    return held;
}

/* What the workers of this machine say of themselves: a list, a new reference. */
static json_t *workers(const char *state_dir)
{
    json_t *list = json_array();
    char *run_dir = og_io_join(state_dir, "run");
    struct dirent **names;
    int n = scandir(run_dir, &names, NULL, versionsort);
    for (int i = 0; i < n; i++) {
        const char *name = names[i]->d_name;
        struct og_buf text = OG_BUF_INIT;
        struct og_err ignored;
        char *path = og_io_join(run_dir, name);
        if (strncmp(name, "owner-", 6) == 0 && json_array_size(list) < WORKERS_SHOWN &&
            is_held(run_dir, name + 6) &&
            og_io_read_file(path, OWNER_BYTES, &text, &ignored) == OG_OK) {
            json_t *o = json_loadb(text.p ? text.p : "", text.len, JSON_REJECT_DUPLICATES, NULL);
            if (json_is_object(o))
                json_array_append(list, o);
            json_decref(o);
        }
        og_buf_release(&text);
        free(path);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    free(run_dir);
    return list;
}

static void print_workers(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        const json_t *gpus = json_object_get(o, "gpus");
        const char *why = json_string_value(json_object_get(o, "why"));
        printf("worker   node %lld %s, %lld leases", json_integer_value(json_object_get(o, "node")),
               why ? why : "works", json_integer_value(json_object_get(o, "runs")));
        if (json_array_size(json_object_get(o, "held")))
            printf(", %zu held but idle", json_array_size(json_object_get(o, "held")));
        for (size_t k = 0; k < json_array_size(gpus); k++) {
            const char *closed = json_string_value(json_object_get(json_array_get(gpus, k), "why"));
            if (closed)
                printf("; GPU %zu %s", k, closed);
        }
        putchar('\n');
    }
}

static uint64_t supply(const struct status *s)
{
    return s->balance + s->bond + s->escrow + s->unbonding + s->fees;
}

static json_t *record(const struct status *s)
{
    json_t *o =
        json_pack("{s:I, s:o, s:I, s:I, s:s, s:I, s:I, s:i}", "age_ms", (json_int_t)s->age_ms,
                  "chain", og_json_new_hex(s->chain.b, OG_HASH_LEN), "epoch", (json_int_t)s->epoch,
                  "height", (json_int_t)s->height, "kind", "status", "lambda_ppm",
                  (json_int_t)s->lambda_ppm, "open_txs", (json_int_t)s->open_txs, "v", 1);
    json_object_set_new(o, "open_age_ms", json_integer((json_int_t)s->open_age_ms));
    json_object_set_new(o, "txs", json_integer((json_int_t)s->txs));
    json_object_set_new(o, "nodes", numbers(og_node_state_names, OG_NODE_STATES, s->node));
    json_object_set_new(o, "tasks", numbers(og_task_state_names, OG_TASK_STATES, s->task));
    json_object_set_new(o, "leases", numbers(og_lease_state_names, OG_LEASE_STATES, s->lease));
    json_object_set_new(o, "balances", og_json_new_dec(s->balance));
    json_object_set_new(o, "bonds", og_json_new_dec(s->bond));
    json_object_set_new(o, "escrows", og_json_new_dec(s->escrow));
    json_object_set_new(o, "fees", og_json_new_dec(s->fees));
    json_object_set_new(o, "unbonding", og_json_new_dec(s->unbonding));
    json_object_set_new(o, "supply", og_json_new_dec(supply(s)));
    return o;
}

static void print_numbers(const char *title, const char *const *names, size_t n, const uint64_t *v)
{
    printf("%-8s", title);
    bool any = false;
    for (size_t i = 0; i < n; i++)
        if (v[i]) {
            printf("%s %" PRIu64 " %s", any ? "," : "", v[i], names[i]);
            any = true;
        }
    puts(any ? "" : " none");
}

static void print_status(const struct status *s)
{
    char hex[2 * OG_HASH_LEN + 1];
    char since[32];
    char money[6][64];
    const uint64_t grains[6] = {supply(s), s->balance, s->bond, s->escrow, s->unbonding, s->fees};
    og_hex_encode(s->chain.b, OG_HASH_LEN, hex);
    og_fmt_duration_ms(s->age_ms, since, sizeof since);
    for (int i = 0; i < 6; i++)
        og_fmt_amount(grains[i], money[i], sizeof money[i]);
    printf("chain    %s\n", hex);
    printf("block    %" PRIu64 ", %s ago, epoch %" PRIu64 ", %" PRIu64 " transactions, %" PRIu64
           " of them in the open block\n",
           s->height, since, s->epoch, s->txs, s->open_txs);
    print_numbers("nodes", og_node_state_names, OG_NODE_STATES, s->node);
    print_numbers("tasks", og_task_state_names, OG_TASK_STATES, s->task);
    print_numbers("leases", og_lease_state_names, OG_LEASE_STATES, s->lease);
    printf("price    lambda %" PRIu64 ".%06" PRIu64 "\n", s->lambda_ppm / OG_PPM,
           s->lambda_ppm % OG_PPM);
    printf("OGPU     %s = %s in accounts + %s bonded + %s in escrow + %s unbonding + %s fees\n",
           money[0], money[1], money[2], money[3], money[4], money[5]);
}

static enum og_rc status(const struct options *o, struct og_err *err)
{
    char *dir = og_cli_state_dir(&o->common);
    struct og_store *st;
    struct status s = {0};
    enum og_rc rc = og_store_open(dir, OG_STORE_READ, &st, err);
    json_t *local = rc == OG_OK ? workers(dir) : NULL;
    free(dir);
    if (rc == OG_OK)
        rc = og_store_begin_read(st, err);
    if (rc == OG_OK)
        rc = read_counters(st, &s, err);
    if (rc == OG_OK)
        rc = read_chain(st, &s, err);
    if (st)
        og_store_end_read(st);
    og_store_close(st);
    if (rc != OG_OK || o->common.human) {
        if (rc == OG_OK) {
            print_status(&s);
            print_workers(local);
        }
        json_decref(local);
        return rc;
    }
    json_t *rec = record(&s);
    json_object_set_new(rec, "workers", local);
    rc = og_jsonl_write(stdout, rec, err);
    json_decref(rec);
    return rc;
}

int ogpu_status(int argc, char **argv)
{
    struct options o = {0};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first < argc)
        rc = og_err_set(&err, OG_E_USAGE, "'%.64s' is one operand too many", argv[first]);
    if (rc == OG_OK && !done)
        rc = status(&o, &err);
    return og_cli_exit(&tool, rc, &err);
}
