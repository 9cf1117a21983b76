/* submit_send.c - tasks of a batch go into transactions, as many to one as fit; records come out
 * when they are durable. */
#include "submit.h"

#include "base/base_log.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "cli/cli_table.h"
#include "model/model_records.h"
#include "store/store_blob.h"
#include "store/store_row.h"
#include "json/json_canon.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUP_MAX 16   /* transactions of one engine call */
#define TASKS_MAX 4096 /* of one transaction */
#define ENVELOPE  1024 /* bytes of a transaction around body, key and signature */
#define NEW_KEY   8192 /* bytes of a public key in an account's first transaction */

static const char *const whens[] = {"ok", "any", "fail"};

static size_t digits(uint64_t v)
{
    size_t n = 1;
    while (v >= 10) {
        v /= 10;
        n++;
    }
    return n;
}

/* Adds the member and its canonical bytes: quotes, colon, comma. */
static void add_number(json_t *o, const char *key, uint64_t v, uint64_t absent, size_t *size)
{
    if (v == absent)
        return;
    json_object_set_new_nocheck(o, key, json_integer((json_int_t)v));
    *size += strlen(key) + 4 + digits(v);
}

static void add_text(json_t *o, const char *key, const char *s, size_t *size)
{
    json_object_set_new(o, key, json_string(s));
    *size += strlen(key) + 6 + 2 * strlen(s);
}

static void add_needs(json_t *o, const struct og_entry *e, size_t *size)
{
    if (!e->cores && !e->mem_bytes && !e->gpu_ppm && !e->gpu_mem_bytes)
        return;
    json_t *needs = json_object();
    *size += 12;
    add_number(needs, "cores", e->cores, 0, size);
    add_number(needs, "mem_bytes", e->mem_bytes, 0, size);
    add_number(needs, "gpu_ppm", e->gpu_ppm, 0, size);
    add_number(needs, "gpu_mem_bytes", e->gpu_mem_bytes, 0, size);
    json_object_set_new(o, "needs", needs);
}

static void add_after(json_t *o, const struct og_batch *b, const struct og_entry *e, size_t first,
                      size_t *size)
{
    if (e->n_after == 0)
        return;
    json_t *list = json_array();
    *size += 12;
    for (size_t i = 0; i < e->n_after; i++) {
        const struct og_after *a = &e->after[i];
        uint64_t id = a->task ? a->task : b->v[a->index].id;
        json_t *dep = json_object();
        json_object_set_new(dep, id ? "task" : "at",
                            json_integer(id ? (json_int_t)id : (json_int_t)(a->index - first)));
        json_object_set_new(dep, "when", json_string(whens[a->when]));
        json_array_append_new(list, dep);
        *size += 28 + digits(id ? id : a->index);
    }
    json_object_set_new(o, "after", list);
}

json_t *og_entry_json(const struct og_batch *b, const struct og_entry *e, size_t first,
                      size_t *size)
{
    json_t *o = json_object();
    struct og_buf kernel = OG_BUF_INIT;
    struct og_err err;
    char price[24];
    *size = 3;
    json_object_set_new_nocheck(o, "line", json_integer(e->line));
    *size += 8 + digits(e->line);
    snprintf(price, sizeof price, "%" PRIu64, e->max_price);
    json_object_set_new_nocheck(o, "max_price", json_string_nocheck(price));
    *size += 15 + strlen(price);
    add_number(o, "limit_ms", e->limit_ms, 0, size);
    if (e->name)
        add_text(o, "name", e->name, size);
    if (e->kernel && og_json_canon(e->kernel, &kernel, &err) == OG_OK) {
        json_object_set(o, "kernel", e->kernel);
        *size += 10 + kernel.len;
    }
    og_buf_release(&kernel);
    add_number(o, "in_bytes", e->in_bytes, 0, size);
    add_needs(o, e, size);
    add_number(o, "count", e->count, 1, size);
    add_number(o, "chunk", e->chunk, 1, size);
    add_number(o, "urgency", e->urgency, 1, size);
    add_number(o, "deadline_ms", e->deadline_ms, 0, size);
    if (strcmp(og_method_names[e->verify], "auto") != 0)
        add_text(o, "verify", og_method_names[e->verify], size);
    add_number(o, "samples", e->samples, 0, size);
    add_number(o, "expires_ms", e->expires_ms, 0, size);
    add_number(o, "retry", e->retry, 2, size);
    if (e->has_check) {
        json_t *check = json_pack("{s:o, s:I}", "sha256", og_json_new_hex(e->check.b, OG_HASH_LEN),
                                  "limit_ms", (json_int_t)e->check_limit_ms);
        json_object_set_new(o, "check", check);
        *size += 100 + digits(e->check_limit_ms);
    }
    add_after(o, b, e, first, size);
    return o;
}

/* Transactions that wait to be sent, each a run of entries. */
struct group {
    struct og_batch *b;
    struct og_draft draft[GROUP_MAX];
    size_t first[GROUP_MAX], count[GROUP_MAX];
    size_t n;
    json_t *tasks; /* of the transaction being filled, NULL: none */
    size_t body, body_max;
    size_t stored; /* entries acknowledged */
    struct og_table *table;
};

static void put_record(const struct og_entry *e, const char *txid, struct og_buf *out)
{
    og_buf_adds(out, "{\"count\":");
    og_buf_addu(out, e->count);
    og_buf_adds(out, ",\"id\":");
    og_buf_addu(out, e->id);
    og_buf_adds(out, ",\"kind\":\"task\"");
    if (e->name) {
        og_buf_adds(out, ",\"name\":");
        og_json_canon_string(e->name, strlen(e->name), out);
    }
    og_buf_addf(out, ",\"txid\":\"%s\",\"v\":1}\n", txid);
}

static void put_row(const struct og_entry *e, struct og_table *t)
{
    char price[32];
    char escrow[32];
    og_fmt_amount(e->max_price, price, sizeof price);
    og_fmt_amount(e->escrow, escrow, sizeof escrow);
    og_table_cellf(t, "%" PRIu64, e->id);
    og_table_cell(t, e->name ? e->name : "");
    og_table_cellf(t, "%" PRIu64, e->count);
    og_table_cell(t, price);
    og_table_cell(t, escrow);
}

/* Numbers of what was stored, and its records. */
static enum og_rc acknowledge(struct group *g, const struct og_sent *sent, struct og_err *err)
{
    struct og_buf out = OG_BUF_INIT;
    const struct og_submit_options *o = g->b->s->o;
    for (size_t i = 0; i < g->n; i++) {
        if (sent[i].rc != OG_OK)
            continue;
        char txid[2 * OG_HASH_LEN + 1];
        og_hex_encode(sent[i].id.b, OG_HASH_LEN, txid);
        for (size_t k = 0; k < g->count[i]; k++) {
            struct og_entry *e = &g->b->v[g->first[i] + k];
            e->id = sent[i].first_id + k;
            if (g->table)
                put_row(e, g->table);
            else if (!o->follow)
                put_record(e, txid, &out);
        }
        g->stored += g->count[i];
    }
    enum og_rc rc = OG_OK;
    if (out.len && (fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout) != 0))
        rc = og_err_set(err, OG_E_IO, "cannot write the records");
    og_buf_release(&out);
    return rc;
}

static enum og_rc first_refusal(const struct group *g, const struct og_sent *sent,
                                struct og_err *err)
{
    for (size_t i = 0; i < g->n; i++) {
        if (sent[i].rc == OG_OK)
            continue;
        const struct og_entry *e = &g->b->v[g->first[i]];
        og_err_set(err, sent[i].rc, "%.600s", sent[i].msg);
        if (g->stored)
            og_err_wrap(err, sent[i].rc, "after %zu of %zu tasks", g->stored, g->b->n);
        if (e->at && g->count[i] > 1)
            return og_err_wrap(err, sent[i].rc, "stdin:%lu-%lu", e->at, e[g->count[i] - 1].at);
        return e->at ? og_err_wrap(err, sent[i].rc, "stdin:%lu", e->at) : sent[i].rc;
    }
    return OG_OK;
}

/* The transaction being filled joins those that wait. */
static void close_body(struct group *g)
{
    if (!g->tasks)
        return;
    const struct og_entry *e = &g->b->v[g->first[g->n]];
    const struct og_submit_spec *spec = &g->b->spec[e->blob];
    json_t *body = json_object();
    json_object_set_new(body, "spec", og_json_new_hex(spec->sha256.b, OG_HASH_LEN));
    json_object_set_new(body, "tasks", g->tasks);
    g->draft[g->n] = (struct og_draft){.kind = OG_TX_TASK_SUBMIT, .body = body};
    g->tasks = NULL;
    g->n++;
}

static void drop_group(struct group *g)
{
    for (size_t i = 0; i < g->n; i++)
        json_decref((json_t *)(uintptr_t)g->draft[i].body);
    json_decref(g->tasks);
    g->tasks = NULL;
    g->n = 0;
}

static enum og_rc flush_group(struct group *g, struct og_err *err)
{
    close_body(g);
    if (g->n == 0)
        return OG_OK;
    struct og_sent *sent = og_xcalloc(g->n, sizeof *sent);
    struct og_submit *s = g->b->s;
    enum og_rc rc = og_engine_send(s->engine, s->key, g->draft, g->n, sent, err);
    if (rc == OG_OK)
        rc = acknowledge(g, sent, err);
    if (rc == OG_OK)
        rc = first_refusal(g, sent, err);
    free(sent);
    drop_group(g);
    return rc;
}

/* Does an entry need the number of a task that has none yet, outside the open transaction? */
static bool must_flush(const struct group *g, const struct og_entry *e)
{
    for (size_t i = 0; i < e->n_after; i++) {
        const struct og_after *a = &e->after[i];
        if (a->task == 0 && g->b->v[a->index].id == 0 && (!g->tasks || a->index < g->first[g->n]))
            return true;
    }
    return false;
}

static enum og_rc add_entry(struct group *g, size_t index, struct og_err *err)
{
    const struct og_entry *e = &g->b->v[index];
    size_t size;
    if (g->tasks && g->b->v[g->first[g->n]].blob != e->blob)
        close_body(g);
    if (g->n == GROUP_MAX || must_flush(g, e))
        OG_TRY(flush_group(g, err));
    json_t *o = og_entry_json(g->b, e, g->tasks ? g->first[g->n] : index, &size);
    if (g->tasks && (g->body + size > g->body_max || g->count[g->n] == TASKS_MAX)) {
        json_decref(o);
        close_body(g);
        if (g->n == GROUP_MAX || must_flush(g, e))
            OG_TRY(flush_group(g, err));
        o = og_entry_json(g->b, e, index, &size);
    }
    if (size > g->body_max) {
        json_decref(o);
        return og_err_set(err, OG_E_DATA,
                          "'after', 'args' and 'name' must be less: the task does "
                          "not fit into a transaction");
    }
    if (!g->tasks) {
        g->tasks = json_array();
        g->first[g->n] = index;
        g->count[g->n] = 0;
        g->body = 0;
    }
    json_array_append_new(g->tasks, o);
    g->count[g->n]++;
    g->body += size;
    return OG_OK;
}

/* Bytes that a transaction of this account has for its tasks. */
static enum og_rc room_for_body(struct og_submit *s, size_t *out, struct og_err *err)
{
    struct og_buf sig = OG_BUF_INIT;
    struct og_account acc = {.addr = s->addr};
    bool found;
    OG_TRY(og_row_get(s->store, OG_F_ACCOUNT, &acc, &found, err));
    enum og_rc rc = og_key_sign(s->key, "", 0, &sig, err);
    size_t used = ENVELOPE + (sig.len + 2) / 3 * 4 + (acc.seq == 0 ? NEW_KEY : 0);
    og_buf_release(&sig);
    if (rc == OG_OK && used + 4096 > OG_TX_MAX)
        return og_err_set(err, OG_E_DATA, "signatures of '%s' are too long for tasks",
                          og_key_alg(s->key));
    *out = OG_TX_MAX - og_min_u64(used, OG_TX_MAX);
    return rc;
}

/* Said before anything is stored; the state machine has the last word. */
static enum og_rc check_balance(struct og_batch *b, struct og_err *err)
{
    struct og_account acc = {.addr = b->s->addr};
    bool found;
    OG_TRY(og_row_get(b->s->store, OG_F_ACCOUNT, &acc, &found, err));
    const struct og_params *p = og_ledger_params(b->s->ledger);
    uint64_t fees = p->base_fee + og_muldiv(b->elements, p->element_fee, 1);
    uint64_t all;
    if (og_add_u64(b->escrow, fees, &all) && acc.balance >= all)
        return OG_OK;
    char have[32];
    char need[32];
    og_fmt_amount(acc.balance, have, sizeof have);
    og_fmt_amount(b->escrow, need, sizeof need);
    return og_err_set(err, OG_E_DATA,
                      "the balance of %s OGPU does not cover the escrow of %s OGPU and the fees",
                      have, need);
}

static enum og_rc store_blobs(struct og_batch *b, struct og_err *err)
{
    OG_TRY(og_inputs_store(&b->inputs, b->s->state_dir, err));
    for (size_t i = 0; i < b->n_spec; i++) {
        struct og_submit_spec *sp = &b->spec[i];
        OG_TRY(og_blob_put(b->s->state_dir, sp->text.p, sp->text.len, true, &sp->sha256, err));
        og_buf_release(&sp->text);
    }
    return OG_OK;
}

static struct og_table *new_table(void)
{
    struct og_table *t = og_table_new(5);
    og_table_head(t, 0, "TASK", true);
    og_table_head(t, 1, "NAME", false);
    og_table_head(t, 2, "ELEMENTS", true);
    og_table_head(t, 3, "PRICE", true);
    og_table_head(t, 4, "ESCROW", true);
    return t;
}

enum og_rc og_batch_send(struct og_batch *b, struct og_err *err)
{
    struct group g = {.b = b};
    int lock = -1;
    if (b->n == 0)
        return OG_OK;
    OG_TRY(check_balance(b, err));
    OG_TRY(room_for_body(b->s, &g.body_max, err));
    enum og_rc rc = og_submit_lock(b->s->state_dir, false, &lock, err);
    if (rc == OG_OK)
        rc = store_blobs(b, err);
    if (b->s->o->common.human && !b->s->o->follow)
        g.table = new_table();
    for (size_t i = 0; i < b->n && rc == OG_OK; i++)
        rc = add_entry(&g, i, err);
    if (rc == OG_OK)
        rc = flush_group(&g, err);
    drop_group(&g);
    if (lock >= 0)
        close(lock);
    if (g.table) {
        og_table_print(g.table, og_table_width(stdout), stdout);
        fflush(stdout);
    }
    og_table_free(g.table);
    return rc;
}

enum og_rc og_batch_show(struct og_batch *b, struct og_err *err)
{
    enum og_rc rc = OG_OK;
    struct og_table *t = b->s->o->common.human ? new_table() : NULL;
    for (size_t i = 0; i < b->n_spec; i++)
        b->spec[i].sha256 = og_sha256(b->spec[i].text.p, b->spec[i].text.len);
    for (size_t i = 0; i < b->n && rc == OG_OK; i++) {
        struct og_entry *e = &b->v[i];
        size_t size;
        if (t) {
            put_row(e, t);
            continue;
        }
        json_t *o = og_entry_json(b, e, 0, &size);
        json_object_set_new(o, "kind", json_string("draft"));
        json_object_set_new(o, "v", json_integer(1));
        json_object_set_new(o, "escrow", og_json_new_dec(e->escrow));
        json_object_set_new(o, "spec", og_json_new_hex(b->spec[e->blob].sha256.b, OG_HASH_LEN));
        rc = og_jsonl_write(stdout, o, err);
        json_decref(o);
    }
    if (t)
        og_table_print(t, og_table_width(stdout), stdout);
    og_table_free(t);
    return rc == OG_OK ? check_balance(b, err) : rc;
}
