/* chain.c - state, key, ABI and receipt for the commands on the chain's contracts. */
#include "chain.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_keyfile.h"
#include "ledger/ledger.h"
#include "store/store_contract.h"
#include "vm/vm_revert.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum og_rc load_key(struct chain *c, struct og_err *err)
{
    struct og_buf pass = OG_BUF_INIT;
    enum og_rc rc = OG_OK;
    if (c->o->passphrase_file) {
        rc = og_io_read_secret(c->o->passphrase_file, 4096, &pass, err);
        og_buf_addc(&pass, '\n');
        pass.p[strcspn(pass.p, "\n")] = '\0';
    }
    if (rc == OG_OK)
        rc = og_keyfile_load(c->keys_dir, c->o->key, c->o->passphrase_file ? pass.p : NULL, &c->key,
                             err);
    og_buf_cleanse(&pass);
    if (rc == OG_OK)
        c->addr = og_key_addr(c->key);
    return rc;
}

enum og_rc chain_open(const struct chain_options *o, bool send, struct chain *c, struct og_err *err)
{
    *c = (struct chain){.o = o};
    c->state_dir = og_cli_state_dir(&o->common);
    c->keys_dir = og_cli_keys_dir();
    if (!send) {
        OG_TRY(og_store_open(c->state_dir, OG_STORE_READ, &c->store, err));
        return og_ledger_open(c->store, &c->ledger, err);
    }
    OG_TRY(og_engine_open(c->state_dir, c->keys_dir, &c->engine, err));
    c->store = og_engine_store(c->engine);
    c->ledger = og_engine_ledger(c->engine);
    return load_key(c, err);
}

void chain_close(struct chain *c)
{
    if (!c->engine) {
        og_ledger_close(c->ledger);
        og_store_close(c->store);
    }
    og_engine_close(c->engine);
    og_key_free(c->key);
    og_vm_abi_release(&c->abi);
    free(c->state_dir);
    free(c->keys_dir);
    *c = (struct chain){.o = NULL};
}

enum og_rc chain_addr(const char *keys_dir, const char *text, struct og_addr *out,
                      struct og_err *err)
{
    struct og_pub *pub;
    struct og_buf b = OG_BUF_INIT;
    bool encrypted;
    if (strcmp(text, "treasury") == 0) {
        *out = og_addr_of_key("treasury", "", 0);
        return OG_OK;
    }
    if (strncmp(text, "ogpu1", 5) == 0)
        return og_addr_parse(text, out, err);
    if (strncmp(text, "0x", 2) == 0) {
        enum og_rc rc = contract_hex(text, text, &b, err);
        if (rc == OG_OK && b.len != OG_ADDR_LEN)
            rc = og_err_set(err, OG_E_USAGE, "'%.64s' is no address of 20 bytes", text);
        if (rc == OG_OK)
            memcpy(out->b, b.p, OG_ADDR_LEN);
        og_buf_release(&b);
        return rc;
    }
    OG_TRY(og_keyfile_load_pub(keys_dir, text, &pub, &encrypted, err));
    *out = og_pub_addr(pub);
    og_pub_free(pub);
    return OG_OK;
}

enum og_rc chain_abi_file(const char *path, struct og_vm_abi *out, json_t **abi, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    json_error_t je;
    *out = (struct og_vm_abi){.n = 0};
    OG_TRY(og_io_read_file(path, CONTRACT_FILE_MAX, &b, err));
    json_t *doc = json_loadb(b.p ? b.p : "", b.len, JSON_REJECT_DUPLICATES, &je);
    og_buf_release(&b);
    if (!doc)
        return og_err_set(err, OG_E_DATA, "%s:%d: %s", path, je.line, je.text);
    json_t *list = json_is_object(doc) ? json_object_get(doc, "abi") : doc;
    enum og_rc rc = list ? og_vm_abi_parse(list, out, err)
                         : og_err_set(err, OG_E_DATA, "there is no 'abi' in it");
    if (rc != OG_OK)
        og_err_wrap(err, rc, "%s", path);
    if (rc == OG_OK && abi)
        *abi = json_incref(list);
    json_decref(doc);
    return rc;
}

/* STATE/abi/ADDRESS.json: a convenience of this machine, no part of the chain. */
static char *abi_path(const struct chain *c, const struct og_addr *a)
{
    char name[OG_ADDR_TEXT + 8];
    char text[OG_ADDR_TEXT];
    og_addr_format(a, text);
    snprintf(name, sizeof name, "%s.json", text);
    char *dir = og_io_join(c->state_dir, "abi");
    char *path = og_io_join(dir, name);
    free(dir);
    return path;
}

enum og_rc chain_abi(struct chain *c, const struct og_addr *contract, struct og_err *err)
{
    if (c->o->abi) {
        c->has_abi = true;
        return chain_abi_file(c->o->abi, &c->abi, NULL, err);
    }
    char *path = abi_path(c, contract);
    c->has_abi = og_io_exists(path);
    enum og_rc rc = c->has_abi ? chain_abi_file(path, &c->abi, NULL, err) : OG_OK;
    free(path);
    return rc;
}

enum og_rc chain_abi_keep(const struct chain *c, const struct og_addr *contract, const json_t *abi,
                          struct og_err *err)
{
    char *text = json_dumps(abi, JSON_COMPACT);
    char *path = abi_path(c, contract);
    char *dir = og_io_join(c->state_dir, "abi");
    enum og_rc rc = og_io_mkdirs(dir, 0700, err);
    if (rc == OG_OK)
        rc = og_io_write_atomic(path, text, strlen(text), 0600, OG_IO_REPLACE, err);
    free(text);
    free(path);
    free(dir);
    return rc;
}

enum og_rc chain_args(const struct og_vm_abi_type *in, int argc, char **argv, struct og_buf *out,
                      struct og_err *err)
{
    json_t *values = json_array();
    enum og_rc rc = OG_OK;
    if ((size_t)argc != in->n)
        rc = og_err_set(err, OG_E_USAGE, "%d arguments are given, %zu are wanted", argc, in->n);
    for (int i = 0; rc == OG_OK && i < argc; i++) {
        json_t *v;
        rc = og_vm_abi_from_text(&in->of[i], argv[i], &v, err);
        if (rc == OG_OK)
            json_array_append_new(values, v);
    }
    if (rc == OG_OK)
        rc = og_vm_abi_encode(in, values, out, err);
    json_decref(values);
    return rc;
}

enum og_rc chain_calldata(const struct og_vm_abi *abi, int argc, char **argv,
                          const struct og_vm_abi_item **item, struct og_buf *out,
                          struct og_err *err)
{
    *item = NULL;
    if (argc == 0)
        return OG_OK; /* no calldata: receive() */
    if (strncmp(argv[0], "0x", 2) == 0) {
        if (argc > 1)
            return og_err_set(err, OG_E_USAGE, "0x calldata takes no arguments");
        return contract_hex(argv[0], "DATA", out, err);
    }
    if (!abi->n)
        return og_err_set(err, OG_E_USAGE,
                          "'%.64s': no ABI of this contract is kept here; give it with --abi",
                          argv[0]);
    OG_TRY(og_vm_abi_find(abi, OG_VM_ABI_FUNCTION, argv[0], argc - 1, item, err));
    og_buf_add(out, (*item)->hash.b, 4);
    return chain_args(&(*item)->in, argc - 1, argv + 1, out, err);
}

static void add_error(const struct og_vm_abi *abi, const uint8_t *p, size_t n, json_t *rec)
{
    const struct og_vm_abi_item *e = n >= 4 ? og_vm_abi_by_hash(abi, OG_VM_ABI_ERROR, p, 4) : NULL;
    struct og_err ignored;
    struct og_buf b = OG_BUF_INIT;
    json_t *args = NULL;
    if (e && og_vm_abi_decode(&e->in, p + 4, n - 4, true, &args, &ignored) == OG_OK) {
        json_object_set_new(rec, "error", json_pack("{s:s, s:o}", "name", e->name, "args", args));
        return;
    }
    og_vm_revert_text(p, n, &b);
    if (b.len)
        json_object_set_new(rec, "error", json_stringn(b.p, b.len));
    og_buf_release(&b);
}

void chain_add_result(const struct og_vm_abi *abi, const struct og_vm_abi_item *item, bool ok,
                      const uint8_t *p, size_t n, json_t *rec)
{
    struct og_err why;
    json_t *v = NULL;
    if (!ok) {
        add_error(abi, p, n, rec);
        return;
    }
    if (!item || !item->out.n)
        return;
    if (og_vm_abi_decode(&item->out, p, n, true, &v, &why) == OG_OK)
        json_object_set_new(rec, "result", v);
    else
        json_object_set_new(rec, "undecoded", json_string(why.msg));
}

static bool bytes_of(const json_t *hex, struct og_buf *out)
{
    struct og_err ignored;
    const char *s = json_string_value(hex);
    return s && contract_hex(s, "", out, &ignored) == OG_OK;
}

void chain_add_event(const struct og_vm_abi *abi, json_t *log)
{
    const json_t *topics = json_object_get(log, "topics");
    struct og_buf data = OG_BUF_INIT;
    struct og_buf b = OG_BUF_INIT;
    struct og_u256 topic[4];
    struct og_err ignored;
    size_t n = json_array_size(topics);
    json_t *args;
    bool ok = n > 0 && n <= 4 && bytes_of(json_object_get(log, "data"), &data);
    for (size_t i = 0; ok && i < n; i++) {
        og_buf_reset(&b);
        ok = bytes_of(json_array_get(topics, i), &b) && b.len == 32;
        if (ok)
            topic[i] = og_u256_load((const uint8_t *)b.p);
    }
    uint8_t first[32];
    og_u256_store(&topic[0], first);
    const struct og_vm_abi_item *e = ok ? og_vm_abi_by_hash(abi, OG_VM_ABI_EVENT, first, 32) : NULL;
    if (e && og_vm_abi_decode_log(e, topic, n, (const uint8_t *)data.p, data.len, &args,
                                  &ignored) == OG_OK) {
        json_object_set_new(log, "event", json_string(e->name));
        json_object_set_new(log, "args", args);
    }
    og_buf_release(&data);
    og_buf_release(&b);
}

static void print_human(const json_t *rec)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)rec, key, v)
    {
        char *text = json_is_string(v) ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
        if (strcmp(key, "v") != 0)
            printf("%-10s %s\n", key, text ? text : json_string_value(v));
        free(text);
    }
}

enum og_rc chain_print(const struct chain_options *o, const json_t *rec, struct og_err *err)
{
    if (!o->common.human)
        return og_jsonl_write(stdout, rec, err);
    print_human(rec);
    return OG_OK;
}

static enum og_rc read_receipt(struct chain *c, const struct og_hash *id, json_t **out,
                               struct og_err *err)
{
    struct og_txrow row = {.pos = 0};
    struct og_buf line = OG_BUF_INIT;
    bool found;
    uint64_t pos;
    *out = NULL;
    enum og_rc rc = og_txrow_get(c->store, 0, id, &row, &found, err);
    if (rc == OG_OK && found)
        rc = og_contract_receipt_get(c->store, row.pos, &pos, &line, &found, err);
    if (rc == OG_OK && found)
        *out = json_loadb(line.p, line.len, 0, NULL);
    og_txrow_release(&row);
    og_buf_release(&line);
    return rc;
}

static void decode_receipt(struct chain *c, const struct og_vm_abi_item *item, json_t *rec)
{
    struct og_buf output = OG_BUF_INIT;
    size_t i;
    json_t *log;
    const char *status = json_string_value(json_object_get(rec, "status"));
    bool ok = status && strcmp(status, "success") == 0;
    if (bytes_of(json_object_get(rec, "output"), &output))
        chain_add_result(&c->abi, item, ok, (const uint8_t *)output.p, output.len, rec);
    json_array_foreach(json_object_get(rec, "logs"), i, log) chain_add_event(&c->abi, log);
    og_buf_release(&output);
}

/* Most gas that the chain allows and the account can pay. */
static enum og_rc choose_gas(struct chain *c, uint64_t *gas, uint64_t *price, struct og_err *err)
{
    const struct og_params *p = og_ledger_params(c->ledger);
    *gas = c->o->gas ? c->o->gas : og_view_gas_max(p);
    *price = c->o->gas_price ? c->o->gas_price : p->gas_price;
    if (p->protocol < 2)
        return og_err_set(err, OG_E_DATA,
                          "this chain's protocol is 1, which has no contracts; "
                          "'ogpu-stake --upgrade 2' changes it");
    return OG_OK;
}

enum og_rc chain_send(struct chain *c, enum og_tx_kind kind, json_t *body, const struct og_addr *to,
                      const struct og_vm_abi_item *item, struct og_addr *made, struct og_err *err)
{
    uint64_t gas;
    uint64_t price;
    json_t *rec = NULL;
    struct og_sent sent = {.rc = OG_OK};
    enum og_rc rc = choose_gas(c, &gas, &price, err);
    json_object_set_new(body, "gas", og_json_new_dec(gas));
    json_object_set_new(body, "gas_price", og_json_new_dec(price));
    const struct og_draft d = {.kind = kind, .body = body, .to = to, .value = c->o->value};
    if (rc == OG_OK)
        rc = og_engine_send(c->engine, c->key, &d, 1, &sent, err);
    json_decref(body);
    OG_TRY(rc);
    if (sent.in_block)
        OG_TRY(read_receipt(c, &sent.id, &rec, err));
    if (!rec)
        return og_err_set(err, sent.rc == OG_OK ? OG_E_INTERNAL : sent.rc, "%s: %s",
                          og_tx_kind_name(kind), sent.msg);
    decode_receipt(c, item, rec);
    const char *at = json_string_value(json_object_get(rec, "contract"));
    if (made && at)
        rc = og_addr_parse(at, made, err);
    if (rc == OG_OK)
        rc = chain_print(c->o, rec, err);
    json_decref(rec);
    return rc == OG_OK && sent.rc != OG_OK ? OG_NO : rc;
}
