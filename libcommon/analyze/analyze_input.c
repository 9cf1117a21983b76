/* analyze_input.c - hex and the shapes of JSON that carry contract code. */
#include "analyze/analyze_input.h"

#include "base/base_mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PLACE 40 /* digits of an address that is not linked yet: "__$…$__" or "__Name____" */

void og_contracts_release(struct og_contracts *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->v[i].name);
        og_buf_release(&c->v[i].runtime);
        og_buf_release(&c->v[i].creation);
        og_abi_release(&c->v[i].abi);
    }
    free(c->v);
    *c = (struct og_contracts){0};
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static enum og_rc hex(const char *s, size_t n, const char *what, struct og_buf *out,
                      struct og_err *err)
{
    while (n && isspace((unsigned char)*s))
        s++, n--;
    while (n && isspace((unsigned char)s[n - 1]))
        n--;
    if (n >= 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
        s += 2, n -= 2;
    if (n % 2)
        return og_err_set(err, OG_E_DATA, "%s: an odd number of hex digits", what);
    if (n / 2 > OG_CONTRACT_BYTES)
        return og_err_set(err, OG_E_DATA, "%s: code of more than %zu bytes", what,
                          OG_CONTRACT_BYTES);
    og_buf_reserve(out, n / 2 + 1);
    for (size_t i = 0; i < n; i += 2) {
        if (s[i] == '_' && s[i + 1] == '_' && i + PLACE <= n) {
            for (int k = 0; k < PLACE / 2; k++)
                og_buf_addc(out, 0);
            i += PLACE - 2;
            continue;
        }
        if (digit(s[i]) < 0 || digit(s[i + 1]) < 0)
            return og_err_set(err, OG_E_DATA, "%s: no hex digit at position %zu", what,
                              digit(s[i]) < 0 ? i : i + 1);
        og_buf_addc(out, (char)(digit(s[i]) << 4 | digit(s[i + 1])));
    }
    return OG_OK;
}

/* The hex string that v is, or the "object" in it; absent: nothing. */
static enum og_rc code_from(const json_t *v, const char *what, struct og_buf *out,
                            struct og_err *err)
{
    if (json_is_object(v))
        v = json_object_get(v, "object");
    if (!v || json_is_null(v))
        return OG_OK;
    if (!json_is_string(v))
        return og_err_set(err, OG_E_DATA, "%s: code must be a string of hex digits", what);
    return hex(json_string_value(v), json_string_length(v), what, out, err);
}

static const json_t *first_of(const json_t *o, const char *const *keys)
{
    const json_t *v = NULL;
    for (; *keys && !v; keys++)
        v = json_object_get(o, *keys);
    return v;
}

static const char *const runtime_keys[] = {"runtime", "deployedBytecode", "bin-runtime", "code",
                                           NULL};
static const char *const creation_keys[] = {"creation", "bytecode", "bin", NULL};

static bool is_contract(const json_t *o)
{
    return json_is_object(o) && (first_of(o, runtime_keys) || first_of(o, creation_keys));
}

static enum og_rc read_abi(const json_t *abi, struct og_contract *c, struct og_err *err)
{
    json_t *parsed = NULL;
    if (!abi)
        return OG_OK;
    if (json_is_string(abi)) { /* solc before 0.8 */
        parsed = json_loads(json_string_value(abi), JSON_REJECT_DUPLICATES, NULL);
        if (!parsed)
            return og_err_set(err, OG_E_DATA, "'abi' is a string that is no JSON");
    }
    enum og_rc rc = og_abi_read(parsed ? parsed : abi, &c->abi, err);
    c->has_abi = rc == OG_OK;
    json_decref(parsed);
    return rc;
}

/* o has the codes; abi is given apart, as solc's standard output has it beside "evm". */
static enum og_rc add(const json_t *o, const json_t *abi, const char *name, const char *what,
                      struct og_contracts *out, struct og_err *err)
{
    if (out->n >= OG_CONTRACTS_MAX)
        return og_err_set(err, OG_E_DATA, "%s: more than %d contracts", what, OG_CONTRACTS_MAX);
    out->v = og_xgrow(out->v, &out->cap, out->n + 1, sizeof *out->v);
    struct og_contract *c = &out->v[out->n++];
    *c = (struct og_contract){.name = name ? og_xstrdup(name) : NULL};
    enum og_rc rc = code_from(first_of(o, runtime_keys), what, &c->runtime, err);
    if (rc == OG_OK)
        rc = code_from(first_of(o, creation_keys), what, &c->creation, err);
    if (rc == OG_OK)
        rc = read_abi(abi, c, err);
    if (rc != OG_OK)
        return name ? og_err_wrap(err, rc, "'%.64s'", name) : rc;
    if (!c->runtime.len && !c->creation.len) {
        out->n--;
        free(c->name);
        og_abi_release(&c->abi);
    }
    return OG_OK;
}

/* "contracts": by name, or by file and name (standard output), each with its codes or "evm". */
static enum og_rc read_contracts(const json_t *all, const char *what, int deep,
                                 struct og_contracts *out, struct og_err *err)
{
    const char *name;
    json_t *v;
    void *it = json_object_iter((json_t *)(uintptr_t)all);
    for (; it; it = json_object_iter_next((json_t *)(uintptr_t)all, it)) {
        name = json_object_iter_key(it);
        v = json_object_iter_value(it);
        const json_t *evm = json_object_get(v, "evm");
        if (json_is_object(evm))
            OG_TRY(add(evm, json_object_get(v, "abi"), name, what, out, err));
        else if (is_contract(v))
            OG_TRY(add(v, json_object_get(v, "abi"), name, what, out, err));
        else if (deep && json_is_object(v))
            OG_TRY(read_contracts(v, what, deep - 1, out, err));
    }
    return OG_OK;
}

static enum og_rc read_json(const char *text, size_t n, const char *what, struct og_contracts *out,
                            struct og_err *err)
{
    json_error_t je;
    json_t *doc = json_loadb(text, n, JSON_REJECT_DUPLICATES, &je);
    if (!doc)
        return og_err_set(err, OG_E_DATA, "%s:%d: %s", what, je.line, je.text);
    const json_t *all = json_object_get(doc, "contracts");
    const char *name = json_string_value(json_object_get(doc, "name"));
    if (!name)
        name = json_string_value(json_object_get(doc, "contractName"));
    enum og_rc rc;
    if (json_is_object(all))
        rc = read_contracts(all, what, 1, out, err);
    else if (is_contract(doc))
        rc = add(doc, json_object_get(doc, "abi"), name, what, out, err);
    else
        rc = read_contracts(doc, what, 1, out, err);
    json_decref(doc);
    return rc;
}

enum og_rc og_contracts_read(const char *text, size_t n, const char *what, struct og_contracts *out,
                             struct og_err *err)
{
    size_t i = 0;
    enum og_rc rc;
    *out = (struct og_contracts){0};
    while (i < n && isspace((unsigned char)text[i]))
        i++;
    if (i < n && text[i] == '{') {
        rc = read_json(text, n, what, out, err);
    } else {
        out->v = og_xgrow(NULL, &out->cap, 1, sizeof *out->v);
        out->v[out->n++] = (struct og_contract){0};
        rc = hex(text, n, what, &out->v[0].runtime, err);
    }
    if (rc == OG_OK && (!out->n || (!out->v[0].runtime.len && !out->v[0].creation.len)))
        rc = og_err_set(err, OG_E_DATA, "%s: no code in it", what);
    if (rc != OG_OK)
        og_contracts_release(out);
    return rc;
}

size_t og_contract_code_size(const uint8_t *p, size_t n)
{
    if (n < 4)
        return n;
    size_t len = ((size_t)p[n - 2] << 8 | p[n - 1]) + 2;
    /* a CBOR map of one to four pairs, keys of text: "bzzr0", "ipfs", "solc", … */
    if (len > n || len < 8 || p[n - len] < 0xa1 || p[n - len] > 0xa4 ||
        (p[n - len + 1] & 0xe0) != 0x60)
        return n;
    return n - len;
}
