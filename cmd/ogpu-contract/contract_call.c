/* contract_call.c - `ogpu-contract call` and `view`: functions of contracts of the chain. */
#include "chain.h"

#include "base/base_mem.h"
#include "crypto/crypto_keyfile.h"
#include "vm/vm_net.h"
#include "vm/vm_pre.h"
#include "json/json_get.h"

#include <string.h>

#define OPT_ABI                                                                                    \
    {                                                                                              \
        .name = "abi", .letter = 'a', .kind = OG_OPT_STR, .at = CHAIN_AT(abi), .arg = "FILE",      \
        .complete = "file", .help = "the contract's ABI in JSON (default: what deploy kept)"       \
    }
#define OPT_VALUE                                                                                  \
    {                                                                                              \
        .name = "value", .kind = OG_OPT_AMOUNT, .at = CHAIN_AT(value), .arg = "OGPU",              \
        .help = "send this amount along"                                                           \
    }

static const struct og_opt call_opts[] = {
    {.name = "key",
     .letter = 'k',
     .kind = OG_OPT_STR,
     .at = CHAIN_AT(key),
     .arg = "NAME",
     .help = "the key that signs (default default)"},
    {.name = "passphrase-file",
     .kind = OG_OPT_STR,
     .at = CHAIN_AT(passphrase_file),
     .arg = "FILE",
     .complete = "file",
     .help = "passphrase of the key: the first line of FILE"},
    OPT_ABI,
    {.name = "gas",
     .letter = 'g',
     .kind = OG_OPT_U64,
     .at = CHAIN_AT(gas),
     .arg = "N",
     .min = 1,
     .help = "most gas that it may use (default: what a transaction may have)"},
    {.name = "gas-price",
     .kind = OG_OPT_AMOUNT,
     .at = CHAIN_AT(gas_price),
     .arg = "OGPU",
     .help = "pay this much a gas (default: the chain's least; 1gr is a grain)"},
    OPT_VALUE,
};

static const struct og_tool call_tool = {
    .name = "ogpu-contract call",
    .summary = "call a contract of the chain in a transaction",
    .synopsis = "[OPTIONS] CONTRACT [FUNCTION [ARG ...] | 0xDATA]",
    .opts = call_opts,
    .n_opts = sizeof call_opts / sizeof *call_opts,
    .has_human = true,
};

static const struct og_opt view_opts[] = {
    OPT_ABI,
    {.name = "from",
     .letter = 'f',
     .kind = OG_OPT_STR,
     .at = CHAIN_AT(from),
     .arg = "NAME|ADDR",
     .help = "who calls (default: the address of 20 zero bytes)"},
    {.name = "gas",
     .letter = 'g',
     .kind = OG_OPT_U64,
     .at = CHAIN_AT(gas),
     .arg = "N",
     .min = 1,
     .help = "stop after this much gas (default: a block's)"},
    OPT_VALUE,
};

static const struct og_tool view_tool = {
    .name = "ogpu-contract view",
    .summary = "what a call of a contract would give, without a transaction",
    .synopsis = "[OPTIONS] CONTRACT [FUNCTION [ARG ...] | 0xDATA]",
    .opts = view_opts,
    .n_opts = sizeof view_opts / sizeof *view_opts,
    .has_human = true,
};

/* The contract named, its ABI, and the calldata. */
static enum og_rc read_call(struct chain *c, int argc, char **argv, struct og_addr *to,
                            const struct og_vm_abi_item **item, struct og_buf *data,
                            struct og_err *err)
{
    bool is;
    struct og_buf code = OG_BUF_INIT;
    OG_TRY(chain_addr(c->keys_dir, argv[0], to, err));
    enum og_rc rc = og_view_contract(c->ledger, to, &code, &is, err);
    og_buf_release(&code);
    if (rc == OG_OK && !is && !og_vm_net_number_of(to) && !og_vm_pre_number(to))
        rc = og_err_set(err, OG_NO, "there is no contract '%.80s'", argv[0]);
    if (rc == OG_OK)
        rc = chain_abi(c, to, err);
    return rc == OG_OK ? chain_calldata(&c->abi, argc - 1, argv + 1, item, data, err) : rc;
}

static enum og_rc call(struct chain *c, int argc, char **argv, struct og_err *err)
{
    struct og_addr to;
    const struct og_vm_abi_item *item;
    struct og_buf data = OG_BUF_INIT;
    struct og_buf hex = OG_BUF_INIT;
    enum og_rc rc = read_call(c, argc, argv, &to, &item, &data, err);
    og_buf_add_hex(&hex, data.p, data.len);
    if (rc == OG_OK && c->o->value && item && !item->payable)
        rc = og_err_set(err, OG_E_USAGE, "'%s' takes no value", item->signature);
    if (rc == OG_OK)
        rc = chain_send(c, OG_TX_CONTRACT_CALL,
                        json_pack("{s:s#}", "data", hex.p ? hex.p : "", (int)hex.len), &to, item,
                        NULL, err);
    og_buf_release(&data);
    og_buf_release(&hex);
    return rc;
}

static enum og_rc view_now(struct chain *c, const struct og_view_message *m,
                           const struct og_vm_abi_item *item, struct og_err *err)
{
    struct og_view_answer a;
    struct og_buf hex = OG_BUF_INIT;
    enum og_rc rc = og_store_begin_read(c->store, err);
    if (rc == OG_OK)
        rc = og_ledger_reload(c->ledger, err);
    if (rc == OG_OK)
        rc = og_view_call(c->ledger, m, &a, err);
    og_store_end_read(c->store);
    OG_TRY(rc);
    og_buf_adds(&hex, "0x");
    og_buf_add_hex(&hex, a.output.p, a.output.len);
    bool ok = a.status == OG_VM_OK;
    json_t *rec = json_pack("{s:o, s:s, s:s#, s:s, s:i}", "gas_used", og_json_new_dec(a.gas_used),
                            "kind", "view", "output", hex.p, (int)hex.len, "status",
                            og_vm_status_name((enum og_vm_status)a.status), "v", 1);
    chain_add_result(&c->abi, item, ok, (const uint8_t *)a.output.p, a.output.len, rec);
    rc = chain_print(c->o, rec, err);
    json_decref(rec);
    og_buf_release(&hex);
    og_buf_release(&a.output);
    return rc == OG_OK && !ok ? OG_NO : rc;
}

static enum og_rc view(struct chain *c, int argc, char **argv, struct og_err *err)
{
    const struct og_vm_abi_item *item;
    struct og_buf data = OG_BUF_INIT;
    struct og_view_message m = {.value = c->o->value, .gas = c->o->gas};
    enum og_rc rc = read_call(c, argc, argv, &m.to, &item, &data, err);
    if (rc == OG_OK && c->o->from)
        rc = chain_addr(c->keys_dir, c->o->from, &m.from, err);
    if (!m.gas)
        m.gas = og_ledger_params(c->ledger)->block_gas;
    m.data = (const uint8_t *)data.p;
    m.len = data.len;
    if (rc == OG_OK)
        rc = view_now(c, &m, item, err);
    og_buf_release(&data);
    return rc;
}

static int command(const struct og_tool *tool, bool send, int argc, char **argv)
{
    struct chain_options o = {.key = OG_KEY_DEFAULT};
    struct chain c = {.o = &o};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done && first == argc)
        rc = og_err_set(&err, OG_E_USAGE, "wanted: CONTRACT and perhaps a function of it");
    if (rc == OG_OK && !done) {
        rc = chain_open(&o, send, &c, &err);
        if (rc == OG_OK)
            rc = send ? call(&c, argc - first, argv + first, &err)
                      : view(&c, argc - first, argv + first, &err);
        chain_close(&c);
    }
    return og_cli_exit(tool, rc, &err);
}

int contract_call(int argc, char **argv)
{
    return command(&call_tool, true, argc, argv);
}

int contract_view(int argc, char **argv)
{
    return command(&view_tool, false, argc, argv);
}
