/* vm_abi_decode.c - return data, calldata and logs to values in JSON. */
#include "vm/vm_abi.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_addr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const uint8_t *p;
    size_t n;
    size_t left; /* values that may yet be read */
    bool named;
    struct og_err *err;
};

static enum og_rc bad(struct reader *r, const char *what)
{
    return og_err_set(r->err, OG_E_DATA, "%s", what);
}

/* The word at `at`, which is below 2^32. */
static enum og_rc word(struct reader *r, uint64_t at, struct og_u256 *out)
{
    if (at + 32 > r->n)
        return bad(r, "the data ends too early");
    *out = og_u256_load(r->p + at);
    return OG_OK;
}

static enum og_rc length(struct reader *r, uint64_t at, uint64_t max, uint64_t *out)
{
    struct og_u256 w = OG_U256_ZERO;
    OG_TRY(word(r, at, &w));
    *out = w.w[0];
    return og_u256_fits_u64(&w) && w.w[0] <= max ? OG_OK
                                                 : bad(r, "a length or place is beyond the data");
}

static json_t *hex0x(const uint8_t *p, size_t n)
{
    struct og_buf b = OG_BUF_INIT;
    og_buf_adds(&b, "0x");
    og_buf_add_hex(&b, p, n);
    json_t *v = json_stringn(b.p, b.len);
    og_buf_release(&b);
    return v;
}

/* Decimal, with `point` digits behind a point. */
static json_t *decimal(struct og_u256 w, bool minus, unsigned point)
{
    char digits[79];
    char text[256];
    if (minus)
        w = og_u256_sub(OG_U256_ZERO, w);
    og_u256_to_dec(&w, digits);
    if (!point) {
        snprintf(text, sizeof text, "%s%s", minus ? "-" : "", digits);
        return json_string(text);
    }
    size_t n = strlen(digits);
    size_t zeros = n <= point ? point + 1 - n : 0;
    char padded[192];
    memset(padded, '0', zeros);
    memcpy(padded + zeros, digits, n + 1);
    n += zeros;
    snprintf(text, sizeof text, "%s%.*s.%s", minus ? "-" : "", (int)(n - point), padded,
             padded + n - point);
    return json_string(text);
}

static enum og_rc get_number(struct reader *r, const struct og_vm_abi_type *t, uint64_t at,
                             json_t **out)
{
    struct og_u256 w = OG_U256_ZERO;
    OG_TRY(word(r, at, &w));
    bool is_signed = t->kind == OG_VM_ABI_INT || t->kind == OG_VM_ABI_FIXED;
    unsigned point = t->kind == OG_VM_ABI_FIXED || t->kind == OG_VM_ABI_UFIXED ? t->digits : 0;
    struct og_u256 k = og_u256_of(t->size / 8 - 1);
    struct og_u256 back = is_signed ? og_u256_signextend(&k, w) : w;
    if (!og_u256_eq(&back, &w) || (!is_signed && og_u256_bits(&w) > t->size))
        return bad(r, "a number is beyond its type");
    *out = decimal(w, is_signed && w.w[3] >> 63, point);
    return OG_OK;
}

static enum og_rc get_bool(struct reader *r, uint64_t at, json_t **out)
{
    struct og_u256 w = OG_U256_ZERO;
    OG_TRY(word(r, at, &w));
    if (og_u256_bits(&w) > 1)
        return bad(r, "a bool is neither 0 nor 1");
    *out = json_boolean(w.w[0]);
    return OG_OK;
}

static enum og_rc get_address(struct reader *r, uint64_t at, json_t **out)
{
    struct og_u256 w = OG_U256_ZERO;
    struct og_addr a;
    char text[OG_ADDR_TEXT];
    OG_TRY(word(r, at, &w));
    if (og_u256_bits(&w) > 160)
        return bad(r, "an address is longer than 20 bytes");
    memcpy(a.b, r->p + at + 12, sizeof a.b);
    og_addr_format(&a, text);
    *out = json_string(text);
    return OG_OK;
}

static enum og_rc get_bytes_n(struct reader *r, const struct og_vm_abi_type *t, uint64_t at,
                              json_t **out)
{
    static const uint8_t zero[32];
    struct og_u256 w = OG_U256_ZERO;
    OG_TRY(word(r, at, &w));
    if (memcmp(r->p + at + t->size, zero, 32 - t->size) != 0)
        return bad(r, "fixed bytes are longer than their type");
    *out = hex0x(r->p + at, t->size);
    return OG_OK;
}

/* A string that is no UTF-8, or holds NUL, is given as its bytes. */
static enum og_rc get_bytes(struct reader *r, const struct og_vm_abi_type *t, uint64_t at,
                            json_t **out)
{
    uint64_t n;
    OG_TRY(length(r, at, r->n, &n));
    if (at + 32 + n > r->n)
        return bad(r, "the data ends too early");
    const char *s = (const char *)r->p + at + 32;
    *out = NULL;
    if (t->kind == OG_VM_ABI_STRING && !memchr(s, '\0', n))
        *out = json_stringn(s, n);
    if (!*out)
        *out = hex0x(r->p + at + 32, n);
    return OG_OK;
}

static enum og_rc get_value(struct reader *r, const struct og_vm_abi_type *t, uint64_t at,
                            json_t **out);

static bool all_named(const struct og_vm_abi_type *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (!t->name[i][0])
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(t->name[i], t->name[k]) == 0)
                return false;
    }
    return t->n > 0;
}

/* n parts whose heads begin at `at`, from which places in the head count. */
static enum og_rc get_parts(struct reader *r, const struct og_vm_abi_type *t, size_t n, uint64_t at,
                            json_t **out)
{
    bool tuple = t->kind == OG_VM_ABI_TUPLE;
    bool names = tuple && r->named && all_named(t);
    uint64_t head = at;
    enum og_rc rc = OG_OK;
    *out = names ? json_object() : json_array();
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        const struct og_vm_abi_type *of = &t->of[tuple ? i : 0];
        uint64_t from = head;
        json_t *v = NULL;
        if (r->left-- == 0) {
            r->left = 0;
            rc = bad(r, "the data holds too many values");
        }
        if (rc == OG_OK && of->dynamic) {
            rc = length(r, head, r->n, &from);
            from += at;
        }
        if (rc == OG_OK)
            rc = get_value(r, of, from, &v);
        if (rc == OG_OK && names)
            json_object_set_new(*out, t->name[i], v);
        else if (rc == OG_OK)
            json_array_append_new(*out, v);
        head += of->head;
    }
    if (rc != OG_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}

static enum og_rc get_value(struct reader *r, const struct og_vm_abi_type *t, uint64_t at,
                            json_t **out)
{
    uint64_t n;
    *out = NULL;
    switch (t->kind) {
    case OG_VM_ABI_UINT:
    case OG_VM_ABI_INT:
    case OG_VM_ABI_FIXED:
    case OG_VM_ABI_UFIXED: return get_number(r, t, at, out);
    case OG_VM_ABI_BOOL: return get_bool(r, at, out);
    case OG_VM_ABI_ADDRESS: return get_address(r, at, out);
    case OG_VM_ABI_BYTES_N: return get_bytes_n(r, t, at, out);
    case OG_VM_ABI_BYTES:
    case OG_VM_ABI_STRING: return get_bytes(r, t, at, out);
    case OG_VM_ABI_LIST:
        OG_TRY(length(r, at, OG_VM_ABI_VALUES, &n)); /* elements may take no room at all */
        return get_parts(r, t, n, at + 32, out);
    case OG_VM_ABI_ARRAY:
    case OG_VM_ABI_TUPLE: return get_parts(r, t, t->n, at, out);
    }
    return bad(r, "an unknown type");
}

enum og_rc og_vm_abi_decode(const struct og_vm_abi_type *tuple, const uint8_t *p, size_t n,
                            bool named, json_t **out, struct og_err *err)
{
    struct reader r = {.p = p, .n = n, .left = OG_VM_ABI_VALUES, .named = named, .err = err};
    *out = NULL;
    if (n > UINT32_MAX)
        return bad(&r, "more than 2^32 bytes of data");
    return get_value(&r, tuple, 0, out);
}

/* The components with or without an index as a tuple that borrows them. */
static struct og_vm_abi_type some_of(const struct og_vm_abi_type *in, bool indexed)
{
    struct og_vm_abi_type t = {.kind = OG_VM_ABI_TUPLE};
    t.of = og_xcalloc(in->n + 1, sizeof *t.of);
    t.name = og_xcalloc(in->n + 1, sizeof *t.name);
    for (size_t i = 0; i < in->n; i++)
        if (in->indexed[i] == indexed) {
            t.of[t.n] = in->of[i];
            t.name[t.n++] = in->name[i];
        }
    return t;
}

static enum og_rc topic_value(const struct og_vm_abi_type *t, const struct og_u256 *topic,
                              json_t **out, struct og_err *err)
{
    uint8_t b[32];
    og_u256_store(topic, b);
    struct reader r = {.p = b, .n = sizeof b, .left = 1, .err = err};
    if (t->kind < OG_VM_ABI_BYTES)
        return get_value(&r, t, 0, out);
    *out = hex0x(b, sizeof b);
    return OG_OK;
}

static void set_named(json_t *o, const struct og_vm_abi_type *in, size_t i, json_t *v)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", i);
    bool named = in->name[i][0] && !json_object_get(o, in->name[i]);
    json_object_set_new(o, named ? in->name[i] : number, v);
}

static enum og_rc fill_log(const struct og_vm_abi_item *event, const struct og_u256 *topic,
                           size_t n_topics, const json_t *rest, json_t *o, struct og_err *err)
{
    const struct og_vm_abi_type *in = &event->in;
    size_t at = event->anonymous ? 0 : 1;
    size_t plain = 0;
    for (size_t i = 0; i < in->n; i++) {
        json_t *v = NULL;
        if (!in->indexed[i])
            v = json_incref(json_array_get(rest, plain++));
        else if (at >= n_topics)
            return og_err_set(err, OG_E_DATA, "the log has too few topics for %s", event->name);
        else
            OG_TRY(topic_value(&in->of[i], &topic[at++], &v, err));
        set_named(o, in, i, v);
    }
    return at == n_topics
               ? OG_OK
               : og_err_set(err, OG_E_DATA, "the log has too many topics for %s", event->name);
}

enum og_rc og_vm_abi_decode_log(const struct og_vm_abi_item *event, const struct og_u256 *topic,
                                size_t n_topics, const uint8_t *p, size_t n, json_t **out,
                                struct og_err *err)
{
    struct og_vm_abi_type data = some_of(&event->in, false);
    json_t *rest = NULL;
    *out = json_object();
    enum og_rc rc = og_vm_abi_decode(&data, p, n, false, &rest, err);
    if (rc == OG_OK)
        rc = fill_log(event, topic, n_topics, rest, *out, err);
    json_decref(rest);
    free(data.of);
    free(data.name);
    if (rc != OG_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}
