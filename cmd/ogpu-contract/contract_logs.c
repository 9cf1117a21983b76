/* contract_logs.c - `ogpu-contract logs`: what contracts of the chain logged. */
#include "chain.h"

#include "crypto/crypto_keyfile.h"
#include "store/store_contract.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 256

static const struct og_opt opts[] = {
    {.name = "abi",
     .letter = 'a',
     .kind = OG_OPT_STR,
     .at = CHAIN_AT(abi),
     .arg = "FILE",
     .complete = "file",
     .help = "the contract's ABI in JSON (default: what deploy kept)"},
    {.name = "event",
     .letter = 'e',
     .kind = OG_OPT_STR,
     .at = CHAIN_AT(event),
     .arg = "NAME",
     .help = "only logs of this event of the ABI"},
    {.name = "since",
     .kind = OG_OPT_U64,
     .at = CHAIN_AT(since),
     .arg = "HEIGHT",
     .help = "from this block on (default: all)"},
    {.name = "limit",
     .letter = 'n',
     .kind = OG_OPT_U64,
     .at = CHAIN_AT(limit),
     .arg = "N",
     .min = 1,
     .help = "stop after so many"},
};

static const struct og_tool tool = {
    .name = "ogpu-contract logs",
    .summary = "list the logs of a contract of the chain",
    .synopsis = "[OPTIONS] CONTRACT",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_human = true,
    .mixed = true,
};

/* Log n of a receipt as a record, NULL when it is not asked for. */
static json_t *record(struct chain *c, json_t *receipt, size_t n)
{
    json_t *rec = json_incref(json_array_get(json_object_get(receipt, "logs"), n));
    const char *want = c->o->event;
    chain_add_event(&c->abi, rec);
    const char *event = json_string_value(json_object_get(rec, "event"));
    if (want && !(event && strcmp(event, want) == 0)) {
        json_decref(rec);
        return NULL;
    }
    json_object_set_new(rec, "kind", json_string("log"));
    json_object_set_new(rec, "v", json_integer(1));
    json_object_set_new(rec, "index", json_integer((json_int_t)n));
    json_object_set(rec, "height", json_object_get(receipt, "height"));
    json_object_set(rec, "tx", json_object_get(receipt, "tx"));
    return rec;
}

static enum og_rc print_log(struct chain *c, struct og_vmlog_ref ref, uint64_t *printed,
                            struct og_err *err)
{
    struct og_buf line = OG_BUF_INIT;
    bool found;
    enum og_rc rc = og_receipt_at(c->store, ref.pos, &line, &found, err);
    json_t *receipt = rc == OG_OK && found ? json_loadb(line.p, line.len, 0, NULL) : NULL;
    json_t *rec = receipt ? record(c, receipt, ref.n) : NULL;
    if (rec) {
        rc = chain_print(c->o, rec, err);
        ++*printed;
    }
    json_decref(rec);
    json_decref(receipt);
    og_buf_release(&line);
    return rc;
}

static enum og_rc list(struct chain *c, const struct og_addr *contract, struct og_err *err)
{
    struct og_vmlog_ref ref[PAGE];
    struct og_vmlog_ref after = {.pos = OG_POS(c->o->since, 0)};
    uint64_t printed = 0;
    size_t n = PAGE;
    if (after.pos)
        after = (struct og_vmlog_ref){after.pos - 1, INT64_MAX};
    else
        after.n = 0;
    while (n == PAGE) {
        OG_TRY(og_vmlog_page(c->store, contract, after, ref, PAGE, &n, err));
        for (size_t i = 0; i < n; i++) {
            OG_TRY(print_log(c, ref[i], &printed, err));
            if (c->o->limit && printed == c->o->limit)
                return OG_OK;
        }
        if (n)
            after = ref[n - 1];
    }
    return OG_OK;
}

static enum og_rc run(const struct chain_options *o, int argc, char **argv, struct og_err *err)
{
    struct chain c;
    struct og_addr contract;
    if (argc != 1)
        return og_err_set(err, OG_E_USAGE, "wanted: CONTRACT");
    enum og_rc rc = chain_open(o, false, &c, err);
    if (rc == OG_OK)
        rc = chain_addr(c.keys_dir, argv[0], &contract, err);
    if (rc == OG_OK)
        rc = chain_abi(&c, &contract, err);
    if (rc == OG_OK && o->event && !c.has_abi)
        rc = og_err_set(err, OG_E_USAGE, "--event wants the ABI: give it with --abi");
    if (rc == OG_OK)
        rc = list(&c, &contract, err);
    chain_close(&c);
    return rc;
}

int contract_logs(int argc, char **argv)
{
    struct chain_options o = {.key = OG_KEY_DEFAULT};
    struct og_err err = {0};
    int first;
    bool done;
    enum og_rc rc = og_cli_parse(&tool, argc, argv, &o, &first, &done, &err);
    if (rc == OG_OK && !done)
        rc = run(&o, argc - first, argv + first, &err);
    return og_cli_exit(&tool, rc, &err);
}
