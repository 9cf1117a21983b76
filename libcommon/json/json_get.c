/* json_get.c - typed members of an object. */
#include "json/json_get.h"

#include "base/base_mem.h"
#include "base/base_num.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum og_rc missing(const char *key, struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "'%s' is missing", key);
}

enum og_rc og_json_u64_or(const json_t *o, const char *key, uint64_t max, uint64_t absent,
                          uint64_t *out, struct og_err *err)
{
    *out = absent;
    const json_t *v = json_object_get(o, key);
    if (!v)
        return OG_OK;
    if (!json_is_integer(v) || json_integer_value(v) < 0)
        return og_err_set(err, OG_E_DATA, "'%s' must be a whole number", key);
    if ((uint64_t)json_integer_value(v) > max)
        return og_err_set(err, OG_E_DATA, "'%s' must be at most %" PRIu64, key, max);
    *out = (uint64_t)json_integer_value(v);
    return OG_OK;
}

enum og_rc og_json_u64(const json_t *o, const char *key, uint64_t max, uint64_t *out,
                       struct og_err *err)
{
    *out = 0;
    if (!json_object_get(o, key))
        return missing(key, err);
    return og_json_u64_or(o, key, max, 0, out, err);
}

enum og_rc og_json_i64(const json_t *o, const char *key, int64_t *out, struct og_err *err)
{
    *out = 0;
    const json_t *v = json_object_get(o, key);
    if (!v)
        return missing(key, err);
    if (!json_is_integer(v))
        return og_err_set(err, OG_E_DATA, "'%s' must be a whole number", key);
    *out = json_integer_value(v);
    return OG_OK;
}

enum og_rc og_json_bool_or(const json_t *o, const char *key, bool absent, bool *out,
                           struct og_err *err)
{
    *out = absent;
    const json_t *v = json_object_get(o, key);
    if (!v)
        return OG_OK;
    if (!json_is_boolean(v))
        return og_err_set(err, OG_E_DATA, "'%s' must be true or false", key);
    *out = json_is_true(v);
    return OG_OK;
}

enum og_rc og_json_dec_or(const json_t *o, const char *key, uint64_t absent, uint64_t *out,
                          struct og_err *err)
{
    *out = absent;
    const json_t *v = json_object_get(o, key);
    if (!v)
        return OG_OK;
    if (!json_is_string(v) ||
        !og_parse_u64n(json_string_value(v), json_string_length(v), UINT64_MAX, out))
        return og_err_set(err, OG_E_DATA, "'%s' must be a whole number written as a string", key);
    return OG_OK;
}

enum og_rc og_json_dec(const json_t *o, const char *key, uint64_t *out, struct og_err *err)
{
    *out = 0;
    if (!json_object_get(o, key))
        return missing(key, err);
    return og_json_dec_or(o, key, 0, out, err);
}

enum og_rc og_json_str_opt(const json_t *o, const char *key, size_t max, const char **out,
                           struct og_err *err)
{
    *out = NULL;
    const json_t *v = json_object_get(o, key);
    if (!v)
        return OG_OK;
    if (!json_is_string(v))
        return og_err_set(err, OG_E_DATA, "'%s' must be a string", key);
    if (json_string_length(v) > max)
        return og_err_set(err, OG_E_DATA, "'%s' is longer than %zu bytes", key, max);
    if (strlen(json_string_value(v)) != json_string_length(v))
        return og_err_set(err, OG_E_DATA, "'%s' holds a NUL byte", key);
    *out = json_string_value(v);
    return OG_OK;
}

enum og_rc og_json_str(const json_t *o, const char *key, size_t max, const char **out,
                       struct og_err *err)
{
    enum og_rc rc = og_json_str_opt(o, key, max, out, err);
    return rc == OG_OK && !*out ? missing(key, err) : rc;
}

enum og_rc og_json_hex(const json_t *o, const char *key, uint8_t *out, size_t n, struct og_err *err)
{
    memset(out, 0, n);
    const char *s;
    enum og_rc rc = og_json_str(o, key, 2 * n, &s, err);
    if (rc != OG_OK)
        return rc;
    if (!og_hex_decode(s, strlen(s), out, n))
        return og_err_set(err, OG_E_DATA, "'%s' must be %zu lower-case hex digits", key, 2 * n);
    return OG_OK;
}

enum og_rc og_json_arr_opt(const json_t *o, const char *key, size_t max, const json_t **out,
                           struct og_err *err)
{
    *out = NULL;
    const json_t *v = json_object_get(o, key);
    if (!v)
        return OG_OK;
    if (!json_is_array(v))
        return og_err_set(err, OG_E_DATA, "'%s' must be a list", key);
    if (json_array_size(v) > max)
        return og_err_set(err, OG_E_DATA, "'%s' has more than %zu entries", key, max);
    *out = v;
    return OG_OK;
}

enum og_rc og_json_arr(const json_t *o, const char *key, size_t max, const json_t **out,
                       struct og_err *err)
{
    enum og_rc rc = og_json_arr_opt(o, key, max, out, err);
    return rc == OG_OK && !*out ? missing(key, err) : rc;
}

enum og_rc og_json_obj_opt(const json_t *o, const char *key, const json_t **out, struct og_err *err)
{
    *out = NULL;
    const json_t *v = json_object_get(o, key);
    if (!v)
        return OG_OK;
    if (!json_is_object(v))
        return og_err_set(err, OG_E_DATA, "'%s' must be an object", key);
    *out = v;
    return OG_OK;
}

enum og_rc og_json_obj(const json_t *o, const char *key, const json_t **out, struct og_err *err)
{
    enum og_rc rc = og_json_obj_opt(o, key, out, err);
    return rc == OG_OK && !*out ? missing(key, err) : rc;
}

enum og_rc og_json_only(const json_t *o, const char *const *keys, struct og_err *err)
{
    const char *key;
    json_t *val;
    json_object_foreach((json_t *)(uintptr_t)o, key, val)
    {
        size_t i = 0;
        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (!keys[i])
            return og_err_set(err, OG_E_DATA, "'%.64s' is not a member that belongs here", key);
    }
    return OG_OK;
}

json_t *og_json_new_dec(uint64_t v)
{
    char t[24];
    snprintf(t, sizeof t, "%" PRIu64, v);
    return json_string(t);
}

json_t *og_json_new_hex(const void *p, size_t n)
{
    char *t = og_xmalloc(2 * n + 1);
    og_hex_encode(p, n, t);
    json_t *v = json_string(t);
    free(t);
    return v;
}
