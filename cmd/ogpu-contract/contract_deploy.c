/* contract_deploy.c - `ogpu-contract deploy`: compiled code becomes a contract of the chain. */
#include "chain.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "crypto/crypto_keyfile.h"
#include "vm/vm.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

static const struct og_opt opts[] = {
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
    {.name = "abi",
     .letter = 'a',
     .kind = OG_OPT_STR,
     .at = CHAIN_AT(abi),
     .arg = "FILE",
     .complete = "file",
     .help = "the contract's ABI in JSON (default: that in the file of the code)"},
    {.name = "contract",
     .letter = 'c',
     .kind = OG_OPT_STR,
     .at = CHAIN_AT(contract),
     .arg = "NAME",
     .help = "which contract of the compiler's output"},
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
    {.name = "value",
     .kind = OG_OPT_AMOUNT,
     .at = CHAIN_AT(value),
     .arg = "OGPU",
     .help = "send this amount along"},
    {.name = "force",
     .letter = 'f',
     .kind = OG_OPT_FLAG,
     .at = CHAIN_AT(force),
     .help = "deploy also what the check finds severe"},
};

static const struct og_tool tool = {
    .name = "ogpu-contract deploy",
    .summary = "make a contract of compiled code",
    .synopsis = "[OPTIONS] FILE [ARG ...]",
    .opts = opts,
    .n_opts = sizeof opts / sizeof *opts,
    .has_human = true,
    .mixed = true,
};

/* Code and ABI as a compiler's file gives them. */
struct source {
    struct og_buf code;
    json_t *abi; /* NULL: none */
};

static void release(struct source *s)
{
    og_buf_release(&s->code);
    json_decref(s->abi);
}

/* Creation code in an object: ours, solc's standard JSON (evm.bytecode.object), its
 * --combined-json (bin), Hardhat's and Truffle's (bytecode). */
static const char *code_in(const json_t *o)
{
    static const char *const keys[] = {"creation", "bin", "bytecode", "code"};
    const json_t *evm = json_object_get(json_object_get(o, "evm"), "bytecode");
    if (evm)
        return json_string_value(json_object_get(evm, "object"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *v = json_object_get(o, keys[i]);
        if (json_is_object(v))
            v = json_object_get(v, "object");
        if (json_is_string(v))
            return json_string_value(v);
    }
    return NULL;
}

static bool name_fits(const char *key, const char *want)
{
    const char *colon = strrchr(key, ':'); /* combined JSON: "file.sol:Name" */
    return !want || strcmp(key, want) == 0 || (colon && strcmp(colon + 1, want) == 0);
}

/* Looks for objects with code two levels below "contracts", or in the object itself. */
static void find_code(const json_t *o, const char *key, const char *want, unsigned depth,
                      const json_t **found, size_t *n)
{
    const char *k;
    json_t *v;
    const char *code = code_in(o);
    if (code && *code && name_fits(key, want)) {
        *found = o;
        ++*n;
    }
    if (code || depth == 3)
        return;
    json_object_foreach((json_t *)(uintptr_t)o, k, v) if (json_is_object(v))
        find_code(v, k, want, depth + 1, found, n);
}

static enum og_rc take_json(const json_t *doc, const char *path, const char *want,
                            struct source *out, struct og_err *err)
{
    const json_t *o = NULL;
    size_t n = 0;
    const json_t *all = json_object_get(doc, "contracts");
    find_code(all ? all : doc, "", all ? want : NULL, 0, &o, &n);
    if (n != 1)
        return og_err_set(err, OG_E_DATA,
                          n ? "%s: more than one contract is in it; name one with --contract"
                            : "%s: no creation code of such a contract is in it",
                          path);
    const json_t *abi = json_object_get(o, "abi");
    if (json_is_string(abi)) /* combined JSON before 0.8 */
        out->abi = json_loads(json_string_value(abi), 0, NULL);
    else
        out->abi = json_incref((json_t *)(uintptr_t)abi);
    return contract_hex(code_in(o), path, &out->code, err);
}

static enum og_rc read_source(const struct chain_options *o, const char *path, struct source *out,
                              struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    json_error_t je;
    *out = (struct source){.code = OG_BUF_INIT};
    OG_TRY(og_io_read_file(path, CONTRACT_FILE_MAX, &b, err));
    const char *p = b.p ? b.p + strspn(b.p, " \t\r\n") : "";
    enum og_rc rc = OG_OK;
    if (*p == '{') {
        json_t *doc = json_loadb(b.p, b.len, JSON_REJECT_DUPLICATES, &je);
        rc = doc ? take_json(doc, path, o->contract, out, err)
                 : og_err_set(err, OG_E_DATA, "%s:%d: %s", path, je.line, je.text);
        json_decref(doc);
    } else {
        rc = contract_hex(p, path, &out->code, err);
    }
    og_buf_release(&b);
    if (rc == OG_OK && !out->code.len)
        rc = og_err_set(err, OG_E_DATA, "%s: there is no code in it", path);
    if (rc == OG_OK && out->code.len > OG_VM_INIT_MAX)
        rc = og_err_set(err, OG_E_DATA, "%s: the code is %zu bytes, a contract's may be %d", path,
                        out->code.len, OG_VM_INIT_MAX);
    return rc;
}

static enum og_rc read_abi(struct chain *c, struct source *s, const char *path, struct og_err *err)
{
    if (c->o->abi) {
        json_decref(s->abi);
        s->abi = NULL;
        return chain_abi_file(c->o->abi, &c->abi, &s->abi, err);
    }
    if (!s->abi)
        return OG_OK;
    enum og_rc rc = og_vm_abi_parse(s->abi, &c->abi, err);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "%s", path);
}

/* The constructor's arguments go behind the code. */
static enum og_rc add_args(const struct chain *c, int argc, char **argv, struct og_buf *code,
                           struct og_err *err)
{
    static const struct og_vm_abi_type none = {.kind = OG_VM_ABI_TUPLE};
    const struct og_vm_abi_type *in = &none;
    for (size_t i = 0; i < c->abi.n; i++)
        if (c->abi.item[i].kind == OG_VM_ABI_CONSTRUCTOR)
            in = &c->abi.item[i].in;
    if (argc && !c->abi.n)
        return og_err_set(err, OG_E_USAGE, "arguments want the ABI: give it with --abi");
    return chain_args(in, argc, argv, code, err);
}

static enum og_rc deploy(struct chain *c, struct source *s, int argc, char **argv,
                         struct og_err *err)
{
    struct og_buf hex = OG_BUF_INIT;
    struct og_addr made;
    json_t *body = json_object();
    enum og_rc rc = contract_vet(c, &s->code, s->abi, body, err);
    if (rc == OG_OK)
        rc = add_args(c, argc, argv, &s->code, err);
    og_buf_add_hex(&hex, s->code.p, s->code.len);
    json_object_set_new(body, "code", json_stringn(hex.p, hex.len));
    og_buf_release(&hex);
    if (rc != OG_OK) {
        json_decref(body);
        return rc;
    }
    OG_TRY(chain_send(c, OG_TX_CONTRACT_DEPLOY, body, NULL, NULL, &made, err));
    return s->abi ? chain_abi_keep(c, &made, s->abi, err) : OG_OK;
}

static enum og_rc run(const struct chain_options *o, int argc, char **argv, struct og_err *err)
{
    struct source s;
    struct chain c = {.o = o};
    if (argc < 1)
        return og_err_set(err, OG_E_USAGE, "wanted: FILE and perhaps the constructor's arguments");
    enum og_rc rc = read_source(o, argv[0], &s, err);
    if (rc == OG_OK)
        rc = chain_open(o, true, &c, err);
    if (rc == OG_OK)
        rc = read_abi(&c, &s, argv[0], err);
    if (rc == OG_OK)
        rc = deploy(&c, &s, argc - 1, argv + 1, err);
    chain_close(&c);
    release(&s);
    return rc;
}

int contract_deploy(int argc, char **argv)
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
