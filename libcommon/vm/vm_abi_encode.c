/* vm_abi_encode.c - values in JSON to calldata. */
#include "vm/vm_abi.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_addr.h"

#include <stdlib.h>
#include <string.h>

#define OUT_MAX ((size_t)1 << 22)

static enum og_rc wrong(const struct og_vm_abi_type *t, const json_t *v, struct og_err *err)
{
    struct og_buf name = OG_BUF_INIT;
    char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    og_vm_abi_type_name(t, &name);
    enum og_rc rc = og_err_set(err, OG_E_DATA, "%.80s is no %.80s", text ? text : "that", name.p);
    free(text);
    og_buf_release(&name);
    return rc;
}

static void add_word(struct og_buf *out, const struct og_u256 *w)
{
    uint8_t b[32];
    og_u256_store(w, b);
    og_buf_add(out, b, sizeof b);
}

/* Decimal or 0x hex, perhaps with a minus; `point`: digits behind the point that it may have, which
 * are appended as zeros where they are missing. */
static bool parse_int(const char *s, unsigned point, bool *minus, struct og_u256 *out)
{
    char digits[256];
    size_t n = 0;
    *minus = *s == '-';
    s += *minus;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && !point)
        return og_u256_from_hex(s, out);
    const char *dot = strchr(s, '.');
    size_t behind = dot ? strlen(dot + 1) : 0;
    size_t whole = dot ? (size_t)(dot - s) : strlen(s);
    if ((dot && (behind == 0 || !whole)) || behind > point || whole + point >= sizeof digits)
        return false;
    memcpy(digits, s, whole);
    n = whole;
    if (dot)
        memcpy(digits + n, dot + 1, behind);
    n += behind;
    memset(digits + n, '0', point - behind);
    n += point - behind;
    return og_u256_from_dec(digits, n, out);
}

static bool get_int(const json_t *v, unsigned point, bool *minus, struct og_u256 *out)
{
    if (json_is_string(v))
        return parse_int(json_string_value(v), point, minus, out);
    if (!json_is_integer(v) || point)
        return false;
    json_int_t i = json_integer_value(v);
    *minus = i < 0;
    *out = og_u256_of(i < 0 ? 0 - (uint64_t)i : (uint64_t)i);
    return true;
}

static enum og_rc put_number(const struct og_vm_abi_type *t, const json_t *v, struct og_buf *out,
                             struct og_err *err)
{
    bool minus;
    struct og_u256 w;
    bool is_signed = t->kind == OG_VM_ABI_INT || t->kind == OG_VM_ABI_FIXED;
    unsigned point = t->kind == OG_VM_ABI_FIXED || t->kind == OG_VM_ABI_UFIXED ? t->digits : 0;
    if (!get_int(v, point, &minus, &w))
        return wrong(t, v, err);
    struct og_u256 least = og_u256_shl(og_u256_of(1), t->size - 1); /* of −2^(n−1) */
    bool lowest = is_signed && minus && og_u256_eq(&w, &least);
    unsigned bits = og_u256_bits(&w);
    if ((minus && !is_signed && bits) || (bits > t->size - (is_signed ? 1 : 0) && !lowest))
        return wrong(t, v, err);
    if (minus)
        w = og_u256_sub(OG_U256_ZERO, w);
    add_word(out, &w);
    return OG_OK;
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The bytes of 0x hex appended; false: it is none. */
static bool add_hex(const char *s, size_t max, struct og_buf *out)
{
    size_t n = strlen(s);
    if (n < 2 || s[0] != '0' || (s[1] != 'x' && s[1] != 'X') || n % 2 || n / 2 - 1 > max)
        return false;
    for (size_t i = 2; i < n; i += 2) {
        if (digit(s[i]) < 0 || digit(s[i + 1]) < 0)
            return false;
        og_buf_addc(out, (char)(digit(s[i]) << 4 | digit(s[i + 1])));
    }
    return true;
}

static void pad(struct og_buf *out, size_t n)
{
    static const uint8_t zero[32];
    if (n % 32)
        og_buf_add(out, zero, 32 - n % 32);
}

static enum og_rc put_address(const struct og_vm_abi_type *t, const json_t *v, struct og_buf *out,
                              struct og_err *err)
{
    static const uint8_t zero[12];
    struct og_addr a;
    struct og_err ignored;
    const char *s = json_string_value(v);
    og_buf_add(out, zero, sizeof zero);
    if (s && strncmp(s, "ogpu1", 5) == 0 && og_addr_parse(s, &a, &ignored) == OG_OK) {
        og_buf_add(out, a.b, sizeof a.b);
        return OG_OK;
    }
    return s && strlen(s) == 2 + 2 * OG_ADDR_LEN && add_hex(s, OG_ADDR_LEN, out) ? OG_OK
                                                                                 : wrong(t, v, err);
}

static enum og_rc put_bytes(const struct og_vm_abi_type *t, const json_t *v, struct og_buf *out,
                            struct og_err *err)
{
    const char *s = json_string_value(v);
    struct og_buf b = OG_BUF_INIT;
    bool ok = s != NULL;
    if (ok && t->kind == OG_VM_ABI_STRING)
        og_buf_add(&b, s, json_string_length(v));
    else if (ok)
        ok = add_hex(s, t->kind == OG_VM_ABI_BYTES_N ? t->size : OUT_MAX, &b) &&
             (t->kind == OG_VM_ABI_BYTES || b.len == t->size);
    if (ok && t->kind != OG_VM_ABI_BYTES_N) {
        struct og_u256 n = og_u256_of(b.len);
        add_word(out, &n);
    }
    if (ok) {
        og_buf_add(out, b.p, b.len);
        pad(out, b.len);
    }
    og_buf_release(&b);
    return ok ? OG_OK : wrong(t, v, err);
}

static enum og_rc put_bool(const struct og_vm_abi_type *t, const json_t *v, struct og_buf *out,
                           struct og_err *err)
{
    const char *s = json_string_value(v);
    bool yes = json_is_true(v) || (s && strcmp(s, "true") == 0);
    if (!yes && !json_is_false(v) && !(s && strcmp(s, "false") == 0))
        return wrong(t, v, err);
    struct og_u256 w = og_u256_of(yes);
    add_word(out, &w);
    return OG_OK;
}

static enum og_rc put_value(const struct og_vm_abi_type *t, const json_t *v, struct og_buf *out,
                            struct og_err *err);

/* The value of component i: by place, or by name. */
static const json_t *part(const struct og_vm_abi_type *t, const json_t *v, size_t i)
{
    if (json_is_array(v))
        return json_array_get(v, i);
    return t->kind == OG_VM_ABI_TUPLE && t->name[i][0] ? json_object_get(v, t->name[i]) : NULL;
}

/* Head and tail of n parts, each of type of[0] (list, array) or of[i] (tuple). */
static enum og_rc put_parts(const struct og_vm_abi_type *t, size_t n, const json_t *v,
                            struct og_buf *out, struct og_err *err)
{
    struct og_buf tail = OG_BUF_INIT;
    bool tuple = t->kind == OG_VM_ABI_TUPLE;
    uint64_t head = 0;
    enum og_rc rc = OG_OK;
    for (size_t i = 0; i < n; i++)
        head += t->of[tuple ? i : 0].head;
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        const struct og_vm_abi_type *of = &t->of[tuple ? i : 0];
        const json_t *x = part(t, v, i);
        if (!x) {
            rc =
                og_err_set(err, OG_E_DATA, "value %zu '%s' is missing", i, tuple ? t->name[i] : "");
        } else if (of->dynamic) {
            struct og_u256 at = og_u256_of(head + tail.len);
            add_word(out, &at);
            rc = put_value(of, x, &tail, err);
        } else {
            rc = put_value(of, x, out, err);
        }
        if (rc == OG_OK && out->len + tail.len > OUT_MAX)
            rc = og_err_set(err, OG_E_DATA, "the values are longer than %zu bytes", OUT_MAX);
    }
    if (rc == OG_OK)
        og_buf_add(out, tail.p, tail.len);
    og_buf_release(&tail);
    return rc;
}

static enum og_rc put_value(const struct og_vm_abi_type *t, const json_t *v, struct og_buf *out,
                            struct og_err *err)
{
    size_t n = json_is_array(v) ? json_array_size(v) : json_object_size(v);
    switch (t->kind) {
    case OG_VM_ABI_UINT:
    case OG_VM_ABI_INT:
    case OG_VM_ABI_FIXED:
    case OG_VM_ABI_UFIXED: return put_number(t, v, out, err);
    case OG_VM_ABI_BOOL: return put_bool(t, v, out, err);
    case OG_VM_ABI_ADDRESS: return put_address(t, v, out, err);
    case OG_VM_ABI_BYTES_N:
    case OG_VM_ABI_BYTES:
    case OG_VM_ABI_STRING: return put_bytes(t, v, out, err);
    case OG_VM_ABI_LIST:
        if (!json_is_array(v))
            return wrong(t, v, err);
        struct og_u256 count = og_u256_of(n);
        add_word(out, &count);
        return put_parts(t, n, v, out, err);
    case OG_VM_ABI_ARRAY:
        if (!json_is_array(v) || n != t->n)
            return wrong(t, v, err);
        return put_parts(t, n, v, out, err);
    case OG_VM_ABI_TUPLE:
        if ((!json_is_array(v) && !json_is_object(v)) || n != t->n)
            return wrong(t, v, err);
        return put_parts(t, n, v, out, err);
    }
    return wrong(t, v, err);
}

enum og_rc og_vm_abi_encode(const struct og_vm_abi_type *tuple, const json_t *values,
                            struct og_buf *out, struct og_err *err)
{
    struct og_buf b = OG_BUF_INIT;
    enum og_rc rc = put_value(tuple, values, &b, err);
    if (rc == OG_OK)
        og_buf_add(out, b.p, b.len);
    og_buf_release(&b);
    return rc;
}

enum og_rc og_vm_abi_from_text(const struct og_vm_abi_type *t, const char *text, json_t **out,
                               struct og_err *err)
{
    json_error_t je;
    *out = NULL;
    if (t->kind == OG_VM_ABI_LIST || t->kind == OG_VM_ABI_ARRAY || t->kind == OG_VM_ABI_TUPLE) {
        *out = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
        if (!*out)
            return og_err_set(err, OG_E_DATA, "'%.64s' is not JSON: %s", text, je.text);
        return OG_OK;
    }
    *out = json_string(text);
    return *out ? OG_OK : og_err_set(err, OG_E_DATA, "'%.64s' is not UTF-8", text);
}
