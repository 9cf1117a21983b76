/* show_record.c - an object with what belongs to it, as one record or as lines for people. */
#include "base/base_num.h"
#include "cli/cli_table.h"
#include "ledger/ledger_view.h"
#include "show.h"
#include "store/store_contract.h"
#include "store/store_query.h"
#include "store/store_row.h"
#include "json/json_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 64 /* of what belongs to an object */

static json_t *number(uint64_t v)
{
    return json_integer((json_int_t)v);
}

static json_t *numbers(const uint64_t *v, size_t n)
{
    json_t *a = json_array();
    for (size_t i = 0; i < n && i < LIST_MAX; i++)
        json_array_append_new(a, number(v[i]));
    return a;
}

static json_t *hex(const struct og_hash *h)
{
    return og_json_new_hex(h->b, OG_HASH_LEN);
}

static enum og_rc receipt_of(struct og_store *st, uint64_t task, json_t **out, struct og_err *err)
{
    struct og_buf line = OG_BUF_INIT;
    uint64_t pos;
    bool found;
    *out = NULL;
    enum og_rc rc = og_receipt_get(st, task, &pos, &line, &found, err);
    if (rc == OG_OK && found) {
        *out = json_loadb(line.p, line.len, JSON_REJECT_DUPLICATES, NULL);
        if (!*out)
            rc = og_err_set(err, OG_E_DATA, "the receipt of task %" PRIu64 " is damaged", task);
        else
            json_object_set_new(*out, "height", number(OG_POS_HEIGHT(pos)));
    }
    og_buf_release(&line);
    return rc;
}

/* Of a contract transaction; *out NULL when there is none. */
static enum og_rc contract_receipt(struct og_store *st, uint64_t tx, json_t **out,
                                   struct og_err *err)
{
    struct og_buf line = OG_BUF_INIT;
    uint64_t pos;
    bool found;
    *out = NULL;
    enum og_rc rc = og_contract_receipt_get(st, tx, &pos, &line, &found, err);
    if (rc == OG_OK && found) {
        *out = json_loadb(line.p, line.len, JSON_REJECT_DUPLICATES, NULL);
        if (!*out)
            rc = og_err_set(err, OG_E_DATA, "a receipt of a contract is damaged");
    }
    og_buf_release(&line);
    return rc;
}

static enum og_rc task_more(struct og_store *st, const struct og_task *t, json_t *o,
                            struct og_err *err)
{
    uint64_t v[2 * LIST_MAX];
    size_t n;
    const uint64_t leases_in[2] = {t->id, 0};
    OG_TRY(og_query(st, OG_Q_LEASES_OF_TASK, leases_in, 2, v, 2, LIST_MAX, &n, err));
    json_t *leases = json_array();
    for (size_t i = 0; i < n && i < LIST_MAX; i++) {
        struct og_lease l = {.id = v[2 * i]};
        OG_TRY(og_row_need(st, OG_F_LEASE, &l, err));
        json_array_append_new(leases, json_pack("{s:I, s:I, s:I, s:I, s:s}", "count",
                                                (json_int_t)l.count, "first", (json_int_t)l.first,
                                                "id", (json_int_t)l.id, "node", (json_int_t)l.node,
                                                "state", og_lease_state_names[l.state]));
        og_row_release(&og_families[OG_F_LEASE], &l);
    }
    json_object_set_new(o, "leases", leases);
    OG_TRY(og_query(st, OG_Q_DEPS_OF, &t->id, 1, v, 2, LIST_MAX, &n, err));
    json_t *after = json_array();
    static const char *const when[] = {"ok", "any", "fail"};
    for (size_t i = 0; i < n && i < LIST_MAX; i++)
        json_array_append_new(after, json_pack("{s:I, s:s}", "task", (json_int_t)v[2 * i], "when",
                                               v[2 * i + 1] < 3 ? when[v[2 * i + 1]] : "?"));
    json_object_set_new(o, "after", after);
    json_t *receipt;
    OG_TRY(receipt_of(st, t->id, &receipt, err));
    if (receipt)
        json_object_set_new(o, "receipt", receipt);
    return OG_OK;
}

static enum og_rc node_more(struct og_store *st, const struct og_node *node, json_t *o,
                            struct og_err *err)
{
    uint64_t v[2 * LIST_MAX];
    size_t n;
    OG_TRY(og_query(st, OG_Q_SLOTS_OF, &node->id, 1, v, 1, LIST_MAX, &n, err));
    json_t *slots = json_array();
    for (size_t i = 0; i < n && i < LIST_MAX; i++) {
        struct og_slot s = {.node = node->id, .idx = v[i]};
        OG_TRY(og_row_need(st, OG_F_SLOT, &s, err));
        json_t *slot = og_row_json(&og_families[OG_F_SLOT], &s, "slot");
        json_object_del(slot, "kind");
        json_object_del(slot, "v");
        json_object_del(slot, "node");
        json_array_append_new(slots, slot);
    }
    json_object_set_new(o, "slots", slots);
    const uint64_t in[2] = {node->id, 0};
    OG_TRY(og_query(st, OG_Q_LEASES_OF_NODE, in, 2, v, 2, LIST_MAX, &n, err));
    json_t *live = json_array();
    for (size_t i = 0; i < n && i < LIST_MAX; i++)
        json_array_append_new(live, number(v[2 * i]));
    json_object_set_new(o, "leases", live);
    struct og_validator val = {.node = node->id};
    bool found;
    OG_TRY(og_row_get(st, OG_F_VALIDATOR, &val, &found, err));
    json_object_set_new(o, "select_ppm", number(found ? val.select_ppm : 0));
    json_object_set_new(o, "reliability_ppm", number(og_view_reliability(node)));
    return OG_OK;
}

/* What the EVM knows of the account, where it knows anything. */
static enum og_rc contract_more(struct og_store *st, const struct og_account *a, json_t *o,
                                struct og_err *err)
{
    struct og_vm_acct_row vm = {.addr = a->addr};
    struct og_contract_row c = {.addr = a->addr};
    bool found;
    OG_TRY(og_row_get(st, OG_F_VM_ACCT, &vm, &found, err));
    if (found && vm.dust_wei)
        json_object_set_new(o, "dust_wei", number(vm.dust_wei));
    OG_TRY(og_row_get(st, OG_F_VM_CONTRACT, &c, &found, err));
    if (!found)
        return OG_OK;
    json_t *of = og_row_json(&og_families[OG_F_VM_CONTRACT], &c, "");
    json_object_set_new(of, "code", hex(&vm.code));
    json_object_set_new(of, "slots", number(vm.slots));
    for (const char *const *k = (const char *const[]){"kind", "v", "addr", NULL}; *k; k++)
        json_object_del(of, *k);
    json_object_set_new(o, "contract", of);
    og_row_release(&og_families[OG_F_VM_CONTRACT], &c);
    return OG_OK;
}

static enum og_rc account_more(struct og_store *st, const struct og_account *a, json_t *o,
                               struct og_err *err)
{
    struct og_acckey k = {.addr = a->addr};
    bool found;
    uint64_t v[LIST_MAX];
    size_t n;
    OG_TRY(og_row_get(st, OG_F_ACCKEY, &k, &found, err));
    if (found)
        json_object_set_new(o, "alg", json_string(k.alg ? k.alg : ""));
    og_row_release(&og_families[OG_F_ACCKEY], &k);
    OG_TRY(og_query_nodes_of_owner(st, &a->addr, 0, v, LIST_MAX, &n, err));
    json_object_set_new(o, "nodes", numbers(v, n));
    return contract_more(st, a, o, err);
}

static enum og_rc lease_more(struct og_store *st, const struct og_lease *l, json_t *o,
                             struct og_err *err)
{
    uint64_t turn[16];
    size_t n;
    OG_TRY(og_query(st, OG_Q_CHECKS_OF, &l->id, 1, turn, 1, 16, &n, err));
    json_t *checks = json_array();
    for (size_t i = 0; i < n && i < 16; i++) {
        struct og_check c = {.lease = l->id, .turn = turn[i]};
        OG_TRY(og_row_need(st, OG_F_CHECK, &c, err));
        json_t *check = og_row_json(&og_families[OG_F_CHECK], &c, "check");
        json_object_del(check, "kind");
        json_object_del(check, "v");
        json_object_del(check, "lease");
        json_array_append_new(checks, check);
    }
    json_object_set_new(o, "checks", checks);
    return OG_OK;
}

static enum og_rc row_record(struct og_store *st, const struct show_target *t, json_t **out,
                             struct og_err *err)
{
    static const char *const singular[OG_FAMILIES] = {[OG_F_EPOCH] = "epoch",
                                                      [OG_F_GLOBAL] = "global",
                                                      [OG_F_PARAM] = "param",
                                                      [OG_F_VALIDATOR] = "validator"};
    const struct og_family *f = &og_families[t->family];
    *out = og_row_json(f, t->rec, singular[t->family] ? singular[t->family] : f->name);
    if (t->family == OG_F_TASK)
        return task_more(st, t->rec, *out, err);
    if (t->family == OG_F_NODE)
        return node_more(st, t->rec, *out, err);
    if (t->family == OG_F_ACCOUNT)
        return account_more(st, t->rec, *out, err);
    if (t->family == OG_F_LEASE)
        return lease_more(st, t->rec, *out, err);
    if (t->family == OG_F_ROUND) /* up to 32 MB of cells: ogpu-match reads those */
        for (const char *const *k = (const char *const[]){"row", "col", "cost", "wait", NULL}; *k;
             k++)
            json_object_del(*out, *k);
    return OG_OK;
}

static enum og_rc tx_record(struct og_store *st, const struct show_target *t, json_t **out,
                            struct og_err *err)
{
    const struct og_txrow *r = &t->tx;
    json_t *line =
        json_loadb(r->line.p ? r->line.p : "", r->line.len, JSON_REJECT_DUPLICATES, NULL);
    if (!line)
        return og_err_set(err, OG_E_DATA, "a transaction of the state is damaged");
    *out = json_pack("{s:I, s:o, s:I, s:s, s:I, s:o, s:i}", "height",
                     (json_int_t)OG_POS_HEIGHT(r->pos), "id", hex(&r->id), "index",
                     (json_int_t)OG_POS_INDEX(r->pos), "kind", "tx", "status",
                     (json_int_t)r->status, "tx", line, "v", 1);
    if (r->result.len)
        json_object_set_new(*out, "result", json_stringn_nocheck(r->result.p, r->result.len));
    json_t *receipt;
    OG_TRY(contract_receipt(st, r->pos, &receipt, err));
    if (receipt)
        json_object_set_new(*out, "receipt", receipt);
    return OG_OK;
}

enum og_rc show_header(struct og_store *st, uint64_t height, struct og_hash *hash, json_t **out,
                       struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    bool found;
    *out = NULL;
    enum og_rc rc = og_block_get(st, height, hash, &text, &found, err);
    if (rc == OG_OK && found) {
        *out = json_loadb(text.p ? text.p : "", text.len, JSON_REJECT_DUPLICATES, NULL);
        if (!*out)
            rc = og_err_set(err, OG_E_DATA, "the header of block %" PRIu64 " is damaged", height);
    }
    og_buf_release(&text);
    return rc;
}

static enum og_rc block_record(struct og_store *st, uint64_t height, json_t **out,
                               struct og_err *err)
{
    struct og_hash hash;
    json_t *header;
    OG_TRY(show_header(st, height, &hash, &header, err));
    if (!header)
        return og_err_set(err, OG_NO, "there is no block %" PRIu64, height);
    struct og_hash *leaves;
    size_t n = 0;
    uint64_t receipts = 0;
    enum og_rc rc = og_block_leaves(st, height, false, &leaves, &n, err);
    free(leaves);
    if (rc == OG_OK)
        rc = og_receipt_count(st, height, &receipts, err);
    *out = json_pack("{s:o, s:o, s:I, s:s, s:I, s:I, s:i}", "hash", hex(&hash), "header", header,
                     "height", (json_int_t)height, "kind", "block", "receipts",
                     (json_int_t)receipts, "txs", (json_int_t)n, "v", 1);
    return rc;
}

static enum og_rc add_param(void *ctx, const void *rec, struct og_err *err)
{
    (void)err;
    const struct og_value *v = rec;
    json_object_set_new(ctx, v->name, og_json_new_dec(v->value));
    return OG_OK;
}

enum og_rc show_record(struct og_store *st, const struct show_target *t, json_t **out,
                       struct og_err *err)
{
    enum og_rc rc = OG_OK;
    *out = NULL;
    switch (t->what) {
    case SHOW_ROW: rc = row_record(st, t, out, err); break;
    case SHOW_TX: rc = tx_record(st, t, out, err); break;
    case SHOW_BLOCK: rc = block_record(st, t->number, out, err); break;
    case SHOW_RECEIPT:
        rc = t->number ? receipt_of(st, t->number, out, err)
                       : contract_receipt(st, t->tx.pos, out, err);
        if (rc == OG_OK && !*out)
            rc = t->number
                     ? og_err_set(err, OG_NO, "there is no receipt of task %" PRIu64, t->number)
                     : og_err_set(err, OG_NO, "the transaction has no receipt");
        break;
    case SHOW_PARAMS: {
        json_t *values = json_object();
        rc = og_row_walk(st, OG_F_PARAM, add_param, values, err);
        *out = json_pack("{s:s, s:o, s:i}", "kind", "params", "params", values, "v", 1);
        break;
    }
    }
    if (rc != OG_OK && *out) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}

static void print_value(const char *key, const json_t *v)
{
    static const char *const money[] = {"amount", "balance", "bond",  "escrow",    "fee",
                                        "grains", "locked",  "lock",  "max_price", "paid",
                                        "pay",    "payout",  "price", "value",     NULL};
    const char *s = json_string_value(v);
    uint64_t grains;
    for (size_t i = 0; s && money[i]; i++)
        if (strcmp(money[i], key) == 0 && og_parse_u64(s, UINT64_MAX, &grains)) {
            char text[64];
            og_fmt_amount(grains, text, sizeof text);
            printf("%-16s %s OGPU\n", key, text);
            return;
        }
    char *text = s ? NULL : json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    printf("%-16s %s\n", key, s ? s : text ? text : "");
    free(text);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void show_print(const json_t *rec)
{
    size_t n = json_object_size(rec);
    const char **keys = calloc(n + 1, sizeof *keys);
    const char *k;
    json_t *v;
    size_t i = 0;
    if (!keys)
        return;
    json_object_foreach((json_t *)(uintptr_t)rec, k, v) keys[i++] = k;
    qsort((void *)keys, n, sizeof *keys, by_key);
    for (i = 0; i < n; i++)
        if (strcmp(keys[i], "v") != 0)
            print_value(keys[i], json_object_get(rec, keys[i]));
    free((void *)keys);
}
