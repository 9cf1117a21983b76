/* json_canon.c - canonical JSON writer and the check that bytes are canonical. */
#include "json/json_canon.h"

#include "base/base_mem.h"

#include <stdlib.h>
#include <string.h>

#define MAX_INT  9007199254740991LL
#define MAX_DEEP 64

void og_json_canon_string(const char *s, size_t n, struct og_buf *out)
{
    static const char hex[] = "0123456789abcdef";
    og_buf_reserve(out, n * 6 + 2);
    char *w = out->p + out->len;
    *w++ = '"';
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            *w++ = (char)c;
            continue;
        }
        *w++ = '\\';
        switch (c) {
        case '\b': *w++ = 'b'; break;
        case '\t': *w++ = 't'; break;
        case '\n': *w++ = 'n'; break;
        case '\f': *w++ = 'f'; break;
        case '\r': *w++ = 'r'; break;
        case '"':
        case '\\': *w++ = (char)c; break;
        default:
            memcpy(w, "u00", 3);
            w[3] = hex[c >> 4];
            w[4] = hex[c & 15];
            w += 5;
        }
    }
    *w++ = '"';
    *w = '\0';
    out->len = (size_t)(w - out->p);
}

static enum og_rc canon(const json_t *v, int depth, struct og_buf *out, struct og_err *err);

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum og_rc canon_member(const json_t *v, const char *key, int depth, struct og_buf *out,
                               struct og_err *err)
{
    size_t n = strlen(key);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)key[i] > 0x7e || (unsigned char)key[i] < 0x20)
            return og_err_set(err, OG_E_DATA, "a key holds a byte that is not printable ASCII");
    og_json_canon_string(key, n, out);
    og_buf_addc(out, ':');
    return canon(json_object_get(v, key), depth, out, err);
}

static enum og_rc canon_object(const json_t *v, int depth, struct og_buf *out, struct og_err *err)
{
    size_t n = json_object_size(v);
    const char *small[32];
    const char **keys = n <= 32 ? small : og_xmalloc(n * sizeof *keys);
    size_t i = 0;
    const char *key;
    json_t *val;
    json_object_foreach((json_t *)(uintptr_t)v, key, val) keys[i++] = key;
    qsort(keys, n, sizeof *keys, by_bytes);
    enum og_rc rc = OG_OK;
    og_buf_addc(out, '{');
    for (i = 0; i < n && rc == OG_OK; i++) {
        if (i)
            og_buf_addc(out, ',');
        rc = canon_member(v, keys[i], depth, out, err);
    }
    og_buf_addc(out, '}');
    if (keys != small)
        free(keys);
    return rc;
}

static enum og_rc canon_array(const json_t *v, int depth, struct og_buf *out, struct og_err *err)
{
    og_buf_addc(out, '[');
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (i)
            og_buf_addc(out, ',');
        enum og_rc rc = canon(json_array_get(v, i), depth, out, err);
        if (rc != OG_OK)
            return rc;
    }
    og_buf_addc(out, ']');
    return OG_OK;
}

static enum og_rc canon_integer(json_int_t i, struct og_buf *out, struct og_err *err)
{
    if (i > MAX_INT || i < -MAX_INT)
        return og_err_set(err, OG_E_DATA, "an integer is beyond 2^53 - 1; write it as a string");
    if (i < 0)
        og_buf_addc(out, '-');
    og_buf_addu(out, (uint64_t)(i < 0 ? -i : i));
    return OG_OK;
}

static enum og_rc canon(const json_t *v, int depth, struct og_buf *out, struct og_err *err)
{
    if (depth > MAX_DEEP)
        return og_err_set(err, OG_E_DATA, "nested deeper than %d levels", MAX_DEEP);
    switch (json_typeof(v)) {
    case JSON_OBJECT: return canon_object(v, depth + 1, out, err);
    case JSON_ARRAY: return canon_array(v, depth + 1, out, err);
    case JSON_STRING: og_json_canon_string(json_string_value(v), json_string_length(v), out); break;
    case JSON_INTEGER: return canon_integer(json_integer_value(v), out, err);
    case JSON_TRUE: og_buf_adds(out, "true"); break;
    case JSON_FALSE: og_buf_adds(out, "false"); break;
    case JSON_NULL: og_buf_adds(out, "null"); break;
    case JSON_REAL: return og_err_set(err, OG_E_DATA, "numbers must be whole");
    }
    return OG_OK;
}

enum og_rc og_json_canon(const json_t *v, struct og_buf *out, struct og_err *err)
{
    return canon(v, 0, out, err);
}

enum og_rc og_json_parse_canon(const char *s, size_t n, json_t **out, struct og_err *err)
{
    *out = NULL;
    json_error_t je;
    json_t *v = json_loadb(s, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &je);
    if (!v)
        return og_err_set(err, OG_E_DATA, "not JSON: %s", je.text);
    struct og_buf b = OG_BUF_INIT;
    enum og_rc rc = canon(v, 0, &b, err);
    if (rc == OG_OK && (b.len != n || memcmp(b.p, s, n) != 0))
        rc = og_err_set(err, OG_E_DATA, "not in canonical form");
    og_buf_release(&b);
    if (rc != OG_OK) {
        json_decref(v);
        return rc;
    }
    *out = v;
    return OG_OK;
}
