/* vm_abi.c - the ABI's items and types from JSON: names, sizes, signatures, selectors. */
#include "vm/vm_abi.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "vm/vm_keccak.h"
#include "json/json_get.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX  1024
#define HEAD_MAX  ((uint64_t)1 << 24)
#define COUNT_MAX 65536

void og_vm_abi_type_release(struct og_vm_abi_type *t)
{
    size_t parts = t->kind == OG_VM_ABI_TUPLE ? t->n : t->of ? 1 : 0;
    for (size_t i = 0; i < parts && t->of; i++)
        og_vm_abi_type_release(&t->of[i]);
    for (size_t i = 0; t->name && i < t->n; i++)
        free(t->name[i]);
    free(t->of);
    free(t->name);
    free(t->indexed);
    *t = (struct og_vm_abi_type){.kind = OG_VM_ABI_UINT};
}

static enum og_rc no_type(const char *s, struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "'%.64s' is no type of the ABI", s);
}

/* Decimal digits up to `max` in s[0..n); 0 for none. */
static bool number(const char *s, size_t n, uint64_t max, uint64_t *out)
{
    return og_parse_u64n(s, n, max, out) && *out > 0;
}

/* "fixed128x18": M and N. */
static bool fixed(const char *s, size_t n, struct og_vm_abi_type *t)
{
    const char *x = memchr(s, 'x', n);
    uint64_t bits = 128;
    uint64_t digits = 18;
    if (n && (!x || !number(s, (size_t)(x - s), 256, &bits) ||
              !number(x + 1, n - (size_t)(x - s) - 1, 80, &digits)))
        return false;
    t->size = (unsigned)bits;
    t->digits = (unsigned)digits;
    return bits % 8 == 0;
}

static bool bits_of(const char *s, size_t n, struct og_vm_abi_type *t)
{
    uint64_t bits = 256;
    if (n && !number(s, n, 256, &bits))
        return false;
    t->size = (unsigned)bits;
    return bits % 8 == 0;
}

static bool starts(const char *s, size_t n, const char *word, size_t *rest)
{
    *rest = strlen(word);
    return n >= *rest && memcmp(s, word, *rest) == 0;
}

/* A type that is neither array nor tuple. */
static bool plain_type(const char *s, size_t n, struct og_vm_abi_type *t)
{
    static const struct {
        const char *word;
        enum og_vm_abi_kind kind;
        unsigned size;
    } whole[] = {{"bool", OG_VM_ABI_BOOL, 8},
                 {"address", OG_VM_ABI_ADDRESS, 160},
                 {"bytes", OG_VM_ABI_BYTES, 0},
                 {"string", OG_VM_ABI_STRING, 0},
                 {"function", OG_VM_ABI_BYTES_N, 24}};
    size_t k;
    uint64_t bytes;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strlen(whole[i].word) == n && memcmp(s, whole[i].word, n) == 0) {
            t->kind = whole[i].kind;
            t->size = whole[i].size;
            t->digits = strcmp(whole[i].word, "function") == 0;
            t->dynamic = t->kind == OG_VM_ABI_BYTES || t->kind == OG_VM_ABI_STRING;
            return true;
        }
    if (starts(s, n, "uint", &k)) {
        t->kind = OG_VM_ABI_UINT;
        return bits_of(s + k, n - k, t);
    }
    if (starts(s, n, "int", &k)) {
        t->kind = OG_VM_ABI_INT;
        return bits_of(s + k, n - k, t);
    }
    if (starts(s, n, "ufixed", &k)) {
        t->kind = OG_VM_ABI_UFIXED;
        return fixed(s + k, n - k, t);
    }
    if (starts(s, n, "fixed", &k)) {
        t->kind = OG_VM_ABI_FIXED;
        return fixed(s + k, n - k, t);
    }
    if (!starts(s, n, "bytes", &k) || !number(s + k, n - k, 32, &bytes))
        return false;
    t->kind = OG_VM_ABI_BYTES_N;
    t->size = (unsigned)bytes;
    return true;
}

static enum og_rc components(const json_t *list, struct og_vm_abi_type *t, unsigned depth,
                             struct og_err *err);

/* s[0..n) with its suffixes "[]" and "[k]", the last of which is outermost. */
static enum og_rc text_type(const char *s, size_t n, const json_t *o, struct og_vm_abi_type *t,
                            unsigned depth, struct og_err *err)
{
    *t = (struct og_vm_abi_type){.kind = OG_VM_ABI_UINT, .head = 32};
    if (depth > OG_VM_ABI_DEPTH)
        return og_err_set(err, OG_E_DATA, "a type of the ABI is nested too deeply");
    if (n && s[n - 1] == ']') {
        size_t open = n - 1;
        uint64_t count = 0;
        while (open && s[open] != '[')
            open--;
        bool any = open + 2 == n;
        if (!any && !og_parse_u64n(s + open + 1, n - open - 2, COUNT_MAX, &count))
            return no_type(s, err);
        t->of = og_xcalloc(1, sizeof *t->of);
        t->kind = any ? OG_VM_ABI_LIST : OG_VM_ABI_ARRAY;
        t->n = count;
        OG_TRY(text_type(s, open, o, t->of, depth + 1, err));
        t->dynamic = any || (t->of->dynamic && count);
        t->head = t->dynamic ? 32 : count * t->of->head;
        return t->head <= HEAD_MAX ? OG_OK : no_type(s, err);
    }
    if (n == 5 && memcmp(s, "tuple", 5) == 0)
        return components(json_object_get(o, "components"), t, depth, err);
    return plain_type(s, n, t) ? OG_OK : no_type(s, err);
}

static enum og_rc component(const json_t *o, struct og_vm_abi_type *t, size_t i, unsigned depth,
                            struct og_err *err)
{
    const char *type;
    const char *name;
    OG_TRY(og_json_str(o, "type", TEXT_MAX, &type, err));
    OG_TRY(og_json_str_opt(o, "name", TEXT_MAX, &name, err));
    OG_TRY(og_json_bool_or(o, "indexed", false, &t->indexed[i], err));
    t->name[i] = og_xstrdup(name ? name : "");
    OG_TRY(text_type(type, strlen(type), o, &t->of[i], depth + 1, err));
    t->dynamic |= t->of[i].dynamic;
    t->head += t->of[i].head;
    return t->head <= HEAD_MAX ? OG_OK : no_type(type, err);
}

/* A tuple; an absent list is an empty one. */
static enum og_rc components(const json_t *list, struct og_vm_abi_type *t, unsigned depth,
                             struct og_err *err)
{
    *t = (struct og_vm_abi_type){.kind = OG_VM_ABI_TUPLE, .n = json_array_size(list)};
    if (list && !json_is_array(list))
        return og_err_set(err, OG_E_DATA, "'components', 'inputs' and 'outputs' must be lists");
    if (t->n > OG_VM_ABI_ITEMS)
        return og_err_set(err, OG_E_DATA, "more than %d components", OG_VM_ABI_ITEMS);
    t->of = og_xcalloc(t->n + 1, sizeof *t->of);
    t->name = og_xcalloc(t->n + 1, sizeof *t->name);
    t->indexed = og_xcalloc(t->n + 1, sizeof *t->indexed);
    for (size_t i = 0; i < t->n; i++)
        OG_TRY(component(json_array_get(list, i), t, i, depth, err));
    if (t->dynamic)
        t->head = 32;
    return OG_OK;
}

void og_vm_abi_type_name(const struct og_vm_abi_type *t, struct og_buf *out)
{
    switch (t->kind) {
    case OG_VM_ABI_UINT: og_buf_addf(out, "uint%u", t->size); return;
    case OG_VM_ABI_INT: og_buf_addf(out, "int%u", t->size); return;
    case OG_VM_ABI_BOOL: og_buf_adds(out, "bool"); return;
    case OG_VM_ABI_ADDRESS: og_buf_adds(out, "address"); return;
    case OG_VM_ABI_FIXED: og_buf_addf(out, "fixed%ux%u", t->size, t->digits); return;
    case OG_VM_ABI_UFIXED: og_buf_addf(out, "ufixed%ux%u", t->size, t->digits); return;
    case OG_VM_ABI_BYTES_N:
        if (t->digits)
            og_buf_adds(out, "function");
        else
            og_buf_addf(out, "bytes%u", t->size);
        return;
    case OG_VM_ABI_BYTES: og_buf_adds(out, "bytes"); return;
    case OG_VM_ABI_STRING: og_buf_adds(out, "string"); return;
    case OG_VM_ABI_LIST:
        og_vm_abi_type_name(t->of, out);
        og_buf_adds(out, "[]");
        return;
    case OG_VM_ABI_ARRAY:
        og_vm_abi_type_name(t->of, out);
        og_buf_addf(out, "[%zu]", t->n);
        return;
    case OG_VM_ABI_TUPLE:
        og_buf_addc(out, '(');
        for (size_t i = 0; i < t->n; i++) {
            if (i)
                og_buf_addc(out, ',');
            og_vm_abi_type_name(&t->of[i], out);
        }
        og_buf_addc(out, ')');
        return;
    }
}

static const char *const kinds[] = {"function", "constructor", "event",
                                    "error",    "fallback",    "receive"};

static enum og_rc item_kind(const char *s, enum og_vm_abi_item_kind *out, struct og_err *err)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], s) == 0) {
            *out = (enum og_vm_abi_item_kind)i;
            return OG_OK;
        }
    return og_err_set(err, OG_E_DATA, "'%.32s' is no kind of an ABI's item", s);
}

/* Compilers before 0.5 say "payable" and "constant", later ones "stateMutability". */
static enum og_rc mutability(const json_t *o, struct og_vm_abi_item *it, struct og_err *err)
{
    const char *s;
    OG_TRY(og_json_bool_or(o, "payable", false, &it->payable, err));
    OG_TRY(og_json_bool_or(o, "constant", false, &it->reads, err));
    OG_TRY(og_json_str_opt(o, "stateMutability", 32, &s, err));
    if (!s)
        return OG_OK;
    it->payable = strcmp(s, "payable") == 0;
    it->reads = strcmp(s, "view") == 0 || strcmp(s, "pure") == 0;
    return OG_OK;
}

static enum og_rc read_item(const json_t *o, struct og_vm_abi_item *it, struct og_err *err)
{
    const char *kind;
    const char *name;
    if (!json_is_object(o))
        return og_err_set(err, OG_E_DATA, "an ABI is a list of objects");
    OG_TRY(og_json_str_opt(o, "type", 32, &kind, err));
    OG_TRY(item_kind(kind ? kind : "function", &it->kind, err));
    OG_TRY(og_json_str_opt(o, "name", TEXT_MAX, &name, err));
    if (!name && it->kind != OG_VM_ABI_CONSTRUCTOR && it->kind < OG_VM_ABI_FALLBACK)
        return og_err_set(err, OG_E_DATA, "a %s of the ABI has no name", kinds[it->kind]);
    it->name = og_xstrdup(name ? name : "");
    OG_TRY(og_json_bool_or(o, "anonymous", false, &it->anonymous, err));
    OG_TRY(mutability(o, it, err));
    OG_TRY(components(json_object_get(o, "inputs"), &it->in, 0, err));
    OG_TRY(components(json_object_get(o, "outputs"), &it->out, 0, err));
    struct og_buf b = OG_BUF_INIT;
    og_buf_adds(&b, it->name);
    og_vm_abi_type_name(&it->in, &b);
    it->hash = og_keccak256(b.p, b.len);
    it->signature = og_buf_detach(&b);
    return OG_OK;
}

enum og_rc og_vm_abi_parse(const json_t *abi, struct og_vm_abi *out, struct og_err *err)
{
    *out = (struct og_vm_abi){.n = 0};
    enum og_rc rc = OG_OK;
    if (!json_is_array(abi) || json_array_size(abi) > OG_VM_ABI_ITEMS)
        return og_err_set(err, OG_E_DATA, "an ABI is a list of at most %d items", OG_VM_ABI_ITEMS);
    for (size_t i = 0; rc == OG_OK && i < json_array_size(abi); i++) {
        out->item = og_xgrow(out->item, &out->cap, out->n + 1, sizeof *out->item);
        struct og_vm_abi_item *it = &out->item[out->n++];
        memset(it, 0, sizeof *it);
        rc = read_item(json_array_get(abi, i), it, err);
        if (rc != OG_OK)
            og_err_wrap(err, rc, "item %zu", i);
    }
    if (rc != OG_OK)
        og_vm_abi_release(out);
    return rc;
}

void og_vm_abi_release(struct og_vm_abi *abi)
{
    for (size_t i = 0; i < abi->n; i++) {
        free(abi->item[i].name);
        free(abi->item[i].signature);
        og_vm_abi_type_release(&abi->item[i].in);
        og_vm_abi_type_release(&abi->item[i].out);
    }
    free(abi->item);
    *abi = (struct og_vm_abi){.n = 0};
}

enum og_rc og_vm_abi_find(const struct og_vm_abi *abi, enum og_vm_abi_item_kind kind,
                          const char *name, int n_args, const struct og_vm_abi_item **out,
                          struct og_err *err)
{
    size_t named = 0;
    size_t fit = 0;
    *out = NULL;
    for (size_t i = 0; i < abi->n; i++) {
        const struct og_vm_abi_item *it = &abi->item[i];
        if (it->kind != kind)
            continue;
        if (strcmp(it->signature, name) == 0) {
            *out = it;
            return OG_OK;
        }
        if (strcmp(it->name, name) != 0)
            continue;
        named++;
        if (n_args < 0 || it->in.n == (size_t)n_args) {
            *out = it;
            fit++;
        }
    }
    if (fit == 1)
        return OG_OK;
    *out = NULL;
    if (!named)
        return og_err_set(err, OG_E_DATA, "the ABI has no %s '%.64s'", kinds[kind], name);
    return fit ? og_err_set(err, OG_E_DATA,
                            "the ABI has more than one '%.64s': give its signature, as '%s(…)'",
                            name, name)
               : og_err_set(err, OG_E_DATA, "'%.64s' does not take %d arguments", name, n_args);
}

const struct og_vm_abi_item *og_vm_abi_by_hash(const struct og_vm_abi *abi,
                                               enum og_vm_abi_item_kind kind, const uint8_t *hash,
                                               size_t n)
{
    for (size_t i = 0; i < abi->n; i++)
        if (abi->item[i].kind == kind && !abi->item[i].anonymous &&
            memcmp(abi->item[i].hash.b, hash, n) == 0)
            return &abi->item[i];
    return NULL;
}
