/* contracts.h - contracts of tests/data/contracts on a chain in memory: deploy, call, look.
 */
#ifndef OG_SIM_CONTRACTS_H
#define OG_SIM_CONTRACTS_H

#include "chain.h"

#include "ledger/ledger_evm.h"
#include "store/store_contract.h"
#include "vm/vm_abi.h"

#define KIT_GAS 3000000

struct sim_code {
    const char *name; /* its address is the key */
    json_t *doc;
    struct og_vm_abi abi;
};

/* tests/data/contracts/NAME.json, read once; lives as long as the process. */
static inline const struct sim_code *sim_code(const char *name)
{
    static struct sim_code all[4];
    struct og_err err;
    char path[128];
    size_t i = 0;
    while (all[i].name && strcmp(all[i].name, name) != 0)
        i++;
    if (all[i].name)
        return &all[i];
    snprintf(path, sizeof path, "tests/data/contracts/%s.json", name);
    all[i].name = name;
    all[i].doc = json_load_file(path, 0, NULL);
    if (!all[i].doc ||
        og_vm_abi_parse(json_object_get(all[i].doc, "abi"), &all[i].abi, &err) != OG_OK) {
        fprintf(stderr, "%s cannot be read\n", path);
        abort();
    }
    return &all[i];
}

/* Calldata of a function of contract `name` with its arguments in JSON. */
static inline void sim_data(struct sim *s, const char *name, const char *function, const char *args,
                            struct og_buf *out)
{
    const struct og_vm_abi_item *it;
    json_t *v = json_loads(args, 0, NULL);
    SIM_OK(s, og_vm_abi_find(&sim_code(name)->abi, OG_VM_ABI_FUNCTION, function, -1, &it, SIM_ERR));
    og_buf_add(out, it->hash.b, 4);
    SIM_OK(s, og_vm_abi_encode(&it->in, v, out, SIM_ERR));
    json_decref(v);
}

static inline void kit_data(struct sim *s, const char *function, const char *args,
                            struct og_buf *out)
{
    sim_data(s, "Kit", function, args, out);
}

static inline json_t *kit_hex(const struct og_buf *b)
{
    return b->len ? og_json_new_hex(b->p, b->len) : json_string("");
}

/* A contract transaction of any kind; `code` or `data` is taken. */
static inline enum og_rc sim_contract(struct sim *s, unsigned who, const struct og_addr *to,
                                      json_t *bytes, uint64_t value, uint64_t gas, uint64_t price)
{
    struct og_buf line = OG_BUF_INIT;
    json_t *body = json_pack("{s:o, s:o, s:o}", to ? "data" : "code", bytes, "gas",
                             og_json_new_dec(gas), "gas_price", og_json_new_dec(price));
    sim_sign(s, who, to ? OG_TX_CONTRACT_CALL : OG_TX_CONTRACT_DEPLOY, body, to, value, &line);
    enum og_rc rc = sim_apply(s, who, &line);
    og_buf_release(&line);
    return rc;
}

static inline enum og_rc sim_call_of(struct sim *s, unsigned who, const struct og_addr *to,
                                     const char *name, const char *function, const char *args,
                                     uint64_t value)
{
    struct og_buf data = OG_BUF_INIT;
    sim_data(s, name, function, args, &data);
    enum og_rc rc = sim_contract(s, who, to, kit_hex(&data), value, KIT_GAS, 1);
    og_buf_release(&data);
    return rc;
}

static inline enum og_rc sim_call(struct sim *s, unsigned who, const struct og_addr *to,
                                  const char *function, const char *args, uint64_t value)
{
    return sim_call_of(s, who, to, "Kit", function, args, value);
}

/* A contract from its creation code; its address follows from sender and sequence number. */
static inline enum og_rc sim_deploy_of(struct sim *s, unsigned who, const char *name,
                                       const char *text, uint64_t value, struct og_addr *made)
{
    struct og_buf hex = OG_BUF_INIT;
    struct og_buf args = OG_BUF_INIT;
    json_t *v = json_loads(text, 0, NULL);
    const struct og_vm_abi *abi = &sim_code(name)->abi;
    *made = og_vm_create_addr(&s->acct[who].addr, s->acct[who].seq);
    og_buf_adds(&hex, json_string_value(json_object_get(sim_code(name)->doc, "creation")));
    for (size_t i = 0; i < abi->n; i++)
        if (abi->item[i].kind == OG_VM_ABI_CONSTRUCTOR)
            SIM_OK(s, og_vm_abi_encode(&abi->item[i].in, v, &args, SIM_ERR));
    og_buf_add_hex(&hex, args.p, args.len);
    enum og_rc rc = sim_contract(s, who, NULL, json_string(hex.p), value, KIT_GAS, 1);
    json_decref(v);
    og_buf_release(&hex);
    og_buf_release(&args);
    return rc;
}

/* Kit with (7, "kit"). */
static inline enum og_rc sim_deploy(struct sim *s, unsigned who, uint64_t value,
                                    struct og_addr *made)
{
    return sim_deploy_of(s, who, "Kit", "[7, \"kit\"]", value, made);
}

/* The receipt of the last transaction; the caller decrefs, NULL: there is none. */
static inline json_t *sim_receipt(struct sim *s)
{
    struct og_buf line = OG_BUF_INIT;
    uint64_t pos;
    bool found;
    SIM_OK(s, og_contract_receipt_get(s->st, OG_POS(s->height, sim_block(s)->n), &pos, &line,
                                      &found, SIM_ERR));
    json_t *o = found ? json_loadb(line.p, line.len, 0, NULL) : NULL;
    og_buf_release(&line);
    return o;
}

struct sim_vm_totals {
    struct sim *s;
    uint64_t dust, slots, slot_rows;
};

static inline enum og_rc sim_add_vm(void *ctx, const void *rec, struct og_err *err)
{
    struct sim_vm_totals *t = ctx;
    const struct og_vm_acct_row *v = rec;
    (void)err;
    static const struct og_hash none;
    if (v->dust_wei >= OG_WEI_PER_GRAIN)
        sim_fail(t->s, "dust of a whole grain");
    if (!v->dust_wei && !v->slots && memcmp(v->code.b, none.b, OG_HASH_LEN) == 0)
        sim_fail(t->s, "an empty row of vm_account");
    t->dust += v->dust_wei;
    t->slots += v->slots;
    return OG_OK;
}

/* Dust of all accounts is whole grains, which the account of "dust" has; slots are counted. */
static inline void sim_check_vm(struct sim *s)
{
    struct sim_vm_totals t = {.s = s};
    struct og_addr pool = og_addr_of_key("dust", "", 0);
    SIM_OK(s, og_row_walk(s->st, OG_F_VM_ACCT, sim_add_vm, &t, SIM_ERR));
    SIM_OK(s, og_row_count(s->st, OG_F_VM_SLOT, &t.slot_rows, SIM_ERR));
    if (t.slots != t.slot_rows)
        sim_fail(s, "%llu slots are counted, there are %llu", (unsigned long long)t.slots,
                 (unsigned long long)t.slot_rows);
    if (t.dust % OG_WEI_PER_GRAIN || t.dust / OG_WEI_PER_GRAIN != sim_balance(s, &pool))
        sim_fail(s, "%llu wei of dust, %llu grains for it", (unsigned long long)t.dust,
                 (unsigned long long)sim_balance(s, &pool));
}

#endif
