/* analyze_abi.c - ABI JSON: entries, types, selectors. */
#include "analyze/analyze_abi.h"

#include "base/base_buf.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "vm/vm_keccak.h"

#include <stdlib.h>
#include <string.h>

static void type_release(struct og_abi_type *t)
{
    uint32_t n = t->kind == OG_ABI_ARRAY ? 1 : t->len;
    for (uint32_t i = 0; t->sub && i < n; i++)
        type_release(&t->sub[i]);
    free(t->sub);
    *t = (struct og_abi_type){0};
}

static void fn_release(struct og_abi_fn *f)
{
    for (size_t i = 0; i < f->n_in; i++)
        type_release(&f->in[i]);
    free(f->in);
    free(f->name);
    free(f->signature);
}

void og_abi_release(struct og_abi *abi)
{
    for (size_t i = 0; i < abi->n; i++)
        fn_release(&abi->fn[i]);
    free(abi->fn);
    fn_release(&abi->constructor);
    *abi = (struct og_abi){0};
}

static enum og_rc bad_type(const char *s, struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "'%.64s' is no type of the ABI", s);
}

/* "256" of "uint256": a number of bits, n characters; none: 256. */
static bool bits_of(const char *s, size_t n, unsigned step, unsigned max, unsigned *out)
{
    uint64_t v;
    *out = max;
    if (n == 0)
        return step == 8;
    if (!og_parse_u64n(s, n, max, &v) || v == 0 || v % step)
        return false;
    *out = (unsigned)v;
    return true;
}

static enum og_rc read_params(const json_t *list, struct og_abi_type **out, size_t *n,
                              struct og_buf *sig, int deep, struct og_err *err);

/* The type without brackets, n characters of s; adds its canonical name to sig. */
static enum og_rc base_type(const json_t *o, const char *s, size_t n, struct og_abi_type *t,
                            struct og_buf *sig, int deep, struct og_err *err)
{
    size_t count = 0;
    *t = (struct og_abi_type){.head_words = 1, .bits = 256};
    if (n == 5 && memcmp(s, "tuple", 5) == 0) {
        t->kind = OG_ABI_TUPLE;
        enum og_rc rc =
            read_params(json_object_get(o, "components"), &t->sub, &count, sig, deep - 1, err);
        t->len = (uint32_t)count;
        t->head_words = 0;
        for (size_t i = 0; i < count; i++) {
            t->dynamic |= t->sub[i].dynamic;
            t->head_words += t->sub[i].head_words;
        }
        return rc;
    }
    if ((n == 5 && memcmp(s, "bytes", 5) == 0) || (n == 6 && memcmp(s, "string", 6) == 0)) {
        t->kind = OG_ABI_BYTES;
        t->dynamic = true;
    } else if (n >= 4 && memcmp(s, "uint", 4) == 0 && bits_of(s + 4, n - 4, 8, 256, &t->bits)) {
        t->kind = OG_ABI_UINT;
    } else if (n >= 3 && memcmp(s, "int", 3) == 0 && bits_of(s + 3, n - 3, 8, 256, &t->bits)) {
        t->kind = OG_ABI_INT;
    } else if (n == 7 && memcmp(s, "address", 7) == 0) {
        t->kind = OG_ABI_ADDRESS;
        t->bits = 160;
    } else if (n == 4 && memcmp(s, "bool", 4) == 0) {
        t->kind = OG_ABI_BOOL;
        t->bits = 1;
    } else if (n > 5 && memcmp(s, "bytes", 5) == 0 && bits_of(s + 5, n - 5, 1, 32, &t->bits)) {
        t->kind = OG_ABI_FIXED_BYTES;
        t->bits *= 8;
    } else if (n == 8 && memcmp(s, "function", 8) == 0) {
        t->kind = OG_ABI_FIXED_BYTES;
        t->bits = 192;
    } else {
        return bad_type(s, err);
    }
    og_buf_add(sig, s, n);
    if ((n == 4 && memcmp(s, "uint", 4) == 0) || (n == 3 && memcmp(s, "int", 3) == 0))
        og_buf_adds(sig, "256");
    return OG_OK;
}

static enum og_rc read_type(const json_t *o, struct og_abi_type *t, struct og_buf *sig, int deep,
                            struct og_err *err)
{
    const char *s = json_string_value(json_object_get(o, "type"));
    *t = (struct og_abi_type){0};
    if (!s || deep <= 0)
        return og_err_set(err, OG_E_DATA, s ? "types are nested too deep" : "'type' is missing");
    const char *p = strchr(s, '[');
    OG_TRY(base_type(o, s, p ? (size_t)(p - s) : strlen(s), t, sig, deep, err));
    for (int dims = 0; p && *p; dims++) {
        const char *end = strchr(p, ']');
        uint64_t len = 0;
        bool sized = end && end > p + 1;
        if (*p != '[' || !end || dims >= OG_ABI_DEEP ||
            (sized && !og_parse_u64n(p + 1, (size_t)(end - p - 1), OG_ABI_ARRAY_MAX, &len)))
            return bad_type(s, err);
        struct og_abi_type *sub = og_xmemdup(t, sizeof *t);
        *t = (struct og_abi_type){
            .kind = OG_ABI_ARRAY, .sized = sized, .len = (uint32_t)len, .sub = sub};
        t->dynamic = !sized || sub->dynamic;
        uint64_t words = len * sub->head_words;
        if (words > OG_ABI_ARRAY_MAX)
            return bad_type(s, err);
        t->head_words = t->dynamic ? 1 : (uint32_t)words;
        og_buf_add(sig, p, (size_t)(end - p + 1));
        p = end + 1;
    }
    return OG_OK;
}

static enum og_rc read_params(const json_t *list, struct og_abi_type **out, size_t *n,
                              struct og_buf *sig, int deep, struct og_err *err)
{
    size_t count = json_array_size(list);
    *out = NULL;
    *n = 0;
    if ((list && !json_is_array(list)) || count > OG_ABI_ARGS_MAX)
        return og_err_set(err, OG_E_DATA, "'inputs' must be a list of at most %d", OG_ABI_ARGS_MAX);
    *out = og_xcalloc(count + 1, sizeof **out);
    og_buf_addc(sig, '(');
    for (size_t i = 0; i < count; i++) {
        og_buf_adds(sig, i ? "," : "");
        ++*n;
        OG_TRY(read_type(json_array_get(list, i), &(*out)[i], sig, deep, err));
    }
    og_buf_addc(sig, ')');
    return OG_OK;
}

static bool is_word(const json_t *o, const char *key, const char *word)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s && strcmp(s, word) == 0;
}

static enum og_rc read_fn(const json_t *e, const char *name, struct og_abi_fn *f,
                          struct og_err *err)
{
    struct og_buf sig = OG_BUF_INIT;
    const json_t *out = json_array_get(json_object_get(e, "outputs"), 0);
    *f = (struct og_abi_fn){.name = og_xstrdup(name)};
    og_buf_adds(&sig, name);
    enum og_rc rc =
        read_params(json_object_get(e, "inputs"), &f->in, &f->n_in, &sig, OG_ABI_DEEP, err);
    f->payable =
        is_word(e, "stateMutability", "payable") || json_is_true(json_object_get(e, "payable"));
    f->view = is_word(e, "stateMutability", "view") || is_word(e, "stateMutability", "pure") ||
              json_is_true(json_object_get(e, "constant"));
    f->returns_bool = out && is_word(out, "type", "bool");
    struct og_hash h = og_keccak256(sig.p, sig.len);
    f->selector = og_get_be32(h.b);
    f->signature = og_buf_detach(&sig);
    return rc;
}

enum og_rc og_abi_read(const json_t *entries, struct og_abi *out, struct og_err *err)
{
    size_t n = json_array_size(entries);
    *out = (struct og_abi){0};
    if (!json_is_array(entries) || n > OG_ABI_ENTRIES_MAX)
        return og_err_set(err, OG_E_DATA, "an ABI is a list of at most %d entries",
                          OG_ABI_ENTRIES_MAX);
    out->fn = og_xcalloc(n + 1, sizeof *out->fn);
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < n && rc == OG_OK; i++) {
        const json_t *e = json_array_get(entries, i);
        const char *name = json_string_value(json_object_get(e, "name"));
        if (is_word(e, "type", "constructor") && !out->constructor.name)
            rc = read_fn(e, "constructor", &out->constructor, err);
        else if (is_word(e, "type", "fallback"))
            out->has_fallback = true;
        else if (is_word(e, "type", "receive"))
            out->has_receive = true;
        else if (is_word(e, "type", "function") && name && *name)
            rc = read_fn(e, name, &out->fn[out->n++], err);
        if (rc != OG_OK)
            og_err_wrap(err, rc, "ABI entry %zu", i);
    }
    if (rc != OG_OK)
        og_abi_release(out);
    return rc;
}

const struct og_abi_fn *og_abi_find(const struct og_abi *abi, uint32_t selector)
{
    for (size_t i = 0; i < abi->n; i++)
        if (abi->fn[i].selector == selector)
            return &abi->fn[i];
    return NULL;
}
