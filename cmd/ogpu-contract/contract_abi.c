/* contract_abi.c - `ogpu-contract abi`: lists an ABI, encodes and decodes with it. No chain. */
#include "chain.h"

#include "json/json_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct og_tool tool = {
    .name = "ogpu-contract abi",
    .summary = "list an ABI, encode and decode with it",
    .synopsis = "FILE [FUNCTION [ARG ...] | decode FUNCTION 0xDATA | input 0xDATA]",
    .has_human = true,
};

static json_t *names_of(const struct og_vm_abi_type *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->n; i++) {
        struct og_buf b = OG_BUF_INIT;
        og_vm_abi_type_name(&t->of[i], &b);
        json_t *o = json_pack("{s:s, s:s}", "name", t->name[i], "type", b.p);
        if (t->indexed[i])
            json_object_set_new(o, "indexed", json_true());
        json_array_append_new(list, o);
        og_buf_release(&b);
    }
    return list;
}

static enum og_rc list(const struct chain_options *o, const struct og_vm_abi *abi,
                       struct og_err *err)
{
    static const char *const kinds[] = {"function", "constructor", "event",
                                        "error",    "fallback",    "receive"};
    for (size_t i = 0; i < abi->n; i++) {
        const struct og_vm_abi_item *it = &abi->item[i];
        bool four = it->kind == OG_VM_ABI_FUNCTION || it->kind == OG_VM_ABI_ERROR;
        char hex[2 * OG_HASH_LEN + 1];
        og_hex_encode(it->hash.b, four ? 4 : OG_HASH_LEN, hex);
        json_t *rec = json_pack("{s:o, s:s, s:s, s:o, s:s, s:i}", "inputs", names_of(&it->in),
                                "kind", "abi", "item", kinds[it->kind], "outputs",
                                names_of(&it->out), "signature", it->signature, "v", 1);
        if (four || it->kind == OG_VM_ABI_EVENT)
            json_object_set_new(rec, four ? "selector" : "topic", json_sprintf("0x%s", hex));
        enum og_rc rc = chain_print(o, rec, err);
        json_decref(rec);
        OG_TRY(rc);
    }
    return OG_OK;
}

static enum og_rc print_value(const struct chain_options *o, const char *key, json_t *taken,
                              const struct og_vm_abi_item *it, struct og_err *err)
{
    json_t *rec = json_pack("{s:s, s:s, s:i, s:o}", "kind", "abi_value", "signature", it->signature,
                            "v", 1, key, taken);
    enum og_rc rc = chain_print(o, rec, err);
    json_decref(rec);
    return rc;
}

static enum og_rc encode(const struct chain_options *o, const struct og_vm_abi *abi, int argc,
                         char **argv, struct og_err *err)
{
    struct og_buf data = OG_BUF_INIT;
    struct og_buf hex = OG_BUF_INIT;
    const struct og_vm_abi_item *it;
    enum og_rc rc = chain_calldata(abi, argc, argv, &it, &data, err);
    if (rc == OG_OK && !it)
        rc = og_err_set(err, OG_E_USAGE, "wanted: the name of a function");
    og_buf_adds(&hex, "0x");
    og_buf_add_hex(&hex, data.p, data.len);
    if (rc == OG_OK)
        rc = print_value(o, "data", json_stringn(hex.p, hex.len), it, err);
    og_buf_release(&data);
    og_buf_release(&hex);
    return rc;
}

static enum og_rc decode_output(const struct chain_options *o, const struct og_vm_abi *abi,
                                const char *name, const char *hex, struct og_err *err)
{
    struct og_buf data = OG_BUF_INIT;
    const struct og_vm_abi_item *it;
    json_t *v;
    OG_TRY(og_vm_abi_find(abi, OG_VM_ABI_FUNCTION, name, -1, &it, err));
    enum og_rc rc = contract_hex(hex, "DATA", &data, err);
    if (rc == OG_OK)
        rc = og_vm_abi_decode(&it->out, (const uint8_t *)data.p, data.len, true, &v, err);
    og_buf_release(&data);
    return rc == OG_OK ? print_value(o, "result", v, it, err) : rc;
}

static enum og_rc decode_input(const struct chain_options *o, const struct og_vm_abi *abi,
                               const char *hex, struct og_err *err)
{
    struct og_buf data = OG_BUF_INIT;
    const struct og_vm_abi_item *it = NULL;
    json_t *v = NULL;
    enum og_rc rc = contract_hex(hex, "DATA", &data, err);
    const uint8_t *p = (const uint8_t *)data.p;
    if (rc == OG_OK && data.len >= 4)
        it = og_vm_abi_by_hash(abi, OG_VM_ABI_FUNCTION, p, 4);
    if (rc == OG_OK && !it && data.len >= 4)
        it = og_vm_abi_by_hash(abi, OG_VM_ABI_ERROR, p, 4);
    if (rc == OG_OK && !it)
        rc = og_err_set(err, OG_NO, "the ABI has no function or error with this selector");
    if (rc == OG_OK)
        rc = og_vm_abi_decode(&it->in, p + 4, data.len - 4, true, &v, err);
    og_buf_release(&data);
    return rc == OG_OK ? print_value(o, "args", v, it, err) : rc;
}

static enum og_rc run(const struct chain_options *o, int argc, char **argv, struct og_err *err)
{
    struct og_vm_abi abi;
    if (argc < 1)
        return og_err_set(err, OG_E_USAGE, "wanted: FILE with an ABI");
    OG_TRY(chain_abi_file(argv[0], &abi, NULL, err));
    enum og_rc rc;
    if (argc == 1)
        rc = list(o, &abi, err);
    else if (strcmp(argv[1], "decode") == 0 && argc == 4)
        rc = decode_output(o, &abi, argv[2], argv[3], err);
    else if (strcmp(argv[1], "input") == 0 && argc == 3)
        rc = decode_input(o, &abi, argv[2], err);
    else
        rc = encode(o, &abi, argc - 1, argv + 1, err);
    og_vm_abi_release(&abi);
    return rc;
}

int contract_abi(int argc, char **argv)
{
    struct chain_options o = {.key = NULL};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = run(&o, argc - first, argv + first, &err);
    return og_cli_exit(&tool, rc, &err);
}
