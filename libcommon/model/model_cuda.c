/* model_cuda.c - reads the "cuda" object of records and specs. */
#include "model/model_cuda.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "model/model_taskrec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_MAX 256
#define NAME_MAX_ 128

enum form { SIGNED, UNSIGNED, FLOAT, OPAQUE };

static const struct type {
    const char *name;
    uint32_t size;
    enum form form;
} types[] = {
    {"i8", 1, SIGNED},  {"u8", 1, UNSIGNED}, {"i16", 2, SIGNED},   {"u16", 2, UNSIGNED},
    {"f16", 2, OPAQUE}, {"bf16", 2, OPAQUE}, {"i32", 4, SIGNED},   {"u32", 4, UNSIGNED},
    {"f32", 4, FLOAT},  {"i64", 8, SIGNED},  {"u64", 8, UNSIGNED}, {"f64", 8, FLOAT},
};

static const struct type *find_type(const char *s, size_t n)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i].name) == n && strncmp(types[i].name, s, n) == 0)
            return &types[i];
    return NULL;
}

static bool is_name(const char *s, size_t max, const char *more)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    size_t n = strlen(s);
    for (const char *p = s; *p; p++)
        if (!strchr(letters, *p) && !strchr(more, *p))
            return false;
    return n > 0 && n <= max && (*s < '0' || *s > '9');
}

static bool put_value(const char *s, const struct type *t, uint8_t out[8])
{
    bool minus = *s == '-';
    uint64_t bits = (uint64_t)1 << (8 * t->size - 1);
    uint64_t v = 0;
    char *end = NULL;
    double d = 0;
    switch (t->form) {
    case UNSIGNED:
        if (!og_parse_u64(s, bits - 1 + bits, &v))
            return false;
        break;
    case SIGNED:
        if (!og_parse_u64(s + minus, minus ? bits : bits - 1, &v))
            return false;
        v = minus ? 0 - v : v;
        break;
    case FLOAT:
        if (strspn(s, "0123456789+-.eExXabcdefABCDEFpPnNiIfF") != strlen(s) || !*s)
            return false;
        errno = 0;
        d = strtod(s, &end);
        if (*end || (errno == ERANGE && (d > 1 || d < -1)))
            return false;
        if (t->size == 4) {
            float f = (float)d;
            memcpy(out, &f, sizeof f);
        } else {
            memcpy(out, &d, sizeof d);
        }
        return true;
    case OPAQUE: return false;
    }
    for (uint32_t i = 0; i < t->size; i++)
        out[i] = (uint8_t)(v >> 8 * i);
    return true;
}

static enum og_rc bad(const char *text, const char *why, struct og_err *err)
{
    return og_err_set(err, OG_E_DATA, "parameter '%.120s' %s", text, why);
}

static char *tame(const char *s, size_t n)
{
    char out[OG_TASKREC_PATH_MAX + 1];
    char *copy = og_xstrndup(s, n);
    char *path = og_taskrec_path(copy, out) ? og_xstrdup(out) : NULL;
    free(copy);
    return path;
}

static enum og_rc read_count(const char *text, const char **s, struct og_cuda_param *p,
                             struct og_err *err)
{
    size_t n = strcspn(*s, ":");
    if (!og_parse_u64n(*s, n, OG_CUDA_BYTES_MAX / p->size, &p->count) || p->count == 0)
        return bad(text, "must have a number of elements, 2^40 bytes at most", err);
    *s += n;
    return OG_OK;
}

/* What follows "KIND:TYPE:" of a buffer. */
static enum og_rc read_buffer(const char *text, const char *s, struct og_cuda_param *p,
                              struct og_err *err)
{
    static const char path_why[] = "must end with a relative path that stays inside the folder";
    if (p->kind == OG_CUDA_OUT || p->kind == OG_CUDA_TMP)
        OG_TRY(read_count(text, &s, p, err));
    if (p->kind == OG_CUDA_TMP)
        return *s ? bad(text, "must be tmp:TYPE:COUNT", err) : OG_OK;
    if (p->kind == OG_CUDA_OUT && *s++ != ':')
        return bad(text, "must be out:TYPE:COUNT:FILE", err);
    if (p->kind == OG_CUDA_INOUT) {
        size_t n = strcspn(s, ":");
        p->path = tame(s, n);
        if (!p->path || s[n] != ':')
            return bad(text, "must be inout:TYPE:FILE:FILE", err);
        s += n + 1;
    }
    char *path = tame(s, strlen(s));
    if (!path)
        return bad(text, path_why, err);
    if (p->kind == OG_CUDA_IN)
        p->path = path;
    else
        p->out = path;
    return OG_OK;
}

static enum og_rc read_const(const char *text, const char *s, struct og_cuda_param *p,
                             struct og_err *err)
{
    size_t n = strcspn(s, ":");
    p->size = 1;
    p->name = og_xstrndup(s, n);
    p->path = s[n] ? tame(s + n + 1, strlen(s + n + 1)) : NULL;
    if (!is_name(p->name, NAME_MAX_, "") || !p->path)
        return bad(text, "must be const:NAME:FILE", err);
    return OG_OK;
}

enum og_rc og_cuda_param_parse(const char *text, struct og_cuda_param *out, struct og_err *err)
{
    static const struct {
        const char *name;
        enum og_cuda_kind kind;
    } kinds[] = {{"in", OG_CUDA_IN},
                 {"out", OG_CUDA_OUT},
                 {"inout", OG_CUDA_INOUT},
                 {"tmp", OG_CUDA_TMP},
                 {"const", OG_CUDA_CONST}};
    memset(out, 0, sizeof *out);
    out->kind = OG_CUDA_VALUE;
    const char *s = text;
    size_t n = strcspn(s, ":");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].name) == n && strncmp(kinds[i].name, s, n) == 0)
            out->kind = kinds[i].kind;
    if (!s[n])
        return bad(text, "must be in:, out:, inout:, tmp:, const: or TYPE:NUMBER", err);
    if (out->kind == OG_CUDA_CONST)
        return read_const(text, s + n + 1, out, err);
    if (out->kind != OG_CUDA_VALUE) {
        s += n + 1;
        n = strcspn(s, ":");
    }
    const struct type *t = find_type(s, n);
    if (!t || !s[n])
        return bad(text, "must have a type: i8 u8 i16 u16 f16 bf16 i32 u32 f32 i64 u64 f64", err);
    out->size = t->size;
    s += n + 1;
    if (out->kind != OG_CUDA_VALUE)
        return read_buffer(text, s, out, err);
    out->index = strcmp(s, "@index") == 0 && t->form != FLOAT && t->form != OPAQUE;
    if (!out->index && !put_value(s, t, out->value))
        return bad(text, "must have a number of its type", err);
    return OG_OK;
}

void og_cuda_param_release(struct og_cuda_param *p)
{
    free(p->path);
    free(p->out);
    free(p->name);
    memset(p, 0, sizeof *p);
}

void og_cuda_release(struct og_cuda *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_param; i++)
        og_cuda_param_release(&c->param[i]);
    free(c->param);
    free(c->source);
    free(c->entry);
    memset(c, 0, sizeof *c);
}

json_t *og_cuda_dims(const char *text)
{
    json_t *a = json_array();
    const char *s = text;
    for (int i = 0; i < 3; i++) {
        uint64_t v;
        size_t n = strcspn(s, ",");
        if (!og_parse_u64n(s, n, UINT32_MAX, &v) || v == 0)
            break;
        json_array_append_new(a, json_integer((json_int_t)v));
        s += n;
        if (!*s)
            return a;
        s++;
    }
    json_decref(a);
    return NULL;
}

static enum og_rc read_dims(const json_t *o, const char *key, uint64_t max, uint32_t out[3],
                            struct og_err *err)
{
    const json_t *a = json_object_get(o, key);
    size_t n = json_array_size(a);
    uint64_t all = 1;
    bool ok = json_is_array(a) && n >= 1 && n <= 3;
    for (size_t i = 0; i < 3; i++) {
        json_int_t v = ok && i < n ? json_integer_value(json_array_get(a, i)) : 1;
        ok = ok && v >= 1 && (uint64_t)v <= max && all * (uint64_t)v <= max;
        if (!ok)
            break;
        all *= (uint64_t)v;
        out[i] = (uint32_t)v;
    }
    if (!ok)
        return og_err_set(err, OG_E_DATA,
                          "'cuda' must have '%s', 1 to 3 numbers from 1 on with a product of at "
                          "most %llu",
                          key, (unsigned long long)max);
    return OG_OK;
}

static enum og_rc read_number(const json_t *o, const char *key, uint64_t max, uint64_t *out,
                              struct og_err *err)
{
    const json_t *v = json_object_get(o, key);
    *out = 0;
    if (!v)
        return OG_OK;
    if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
        return og_err_set(err, OG_E_DATA, "'cuda' must have '%s' between 0 and %llu", key,
                          (unsigned long long)max);
    *out = (uint64_t)json_integer_value(v);
    return OG_OK;
}

static const char *text_of(const json_t *v)
{
    const char *s = json_string_value(v);
    return s && strlen(s) == json_string_length(v) ? s : NULL;
}

static enum og_rc read_params(const json_t *o, struct og_cuda *c, struct og_err *err)
{
    const json_t *a = json_object_get(o, "params");
    size_t n = json_array_size(a);
    if ((a && !json_is_array(a)) || n > OG_CUDA_PARAMS_MAX)
        return og_err_set(err, OG_E_DATA, "'cuda' must have at most %d 'params'",
                          OG_CUDA_PARAMS_MAX);
    c->param = og_xcalloc(n + 1, sizeof *c->param);
    for (size_t i = 0; i < n; i++) {
        const char *s = text_of(json_array_get(a, i));
        if (!s)
            return og_err_set(err, OG_E_DATA, "'cuda' must have strings as 'params'");
        c->n_param = i + 1;
        OG_TRY(og_cuda_param_parse(s, &c->param[i], err));
    }
    return OG_OK;
}

/* No file is written twice, none that is read is written. */
static enum og_rc check_paths(const struct og_cuda *c, struct og_err *err)
{
    for (size_t i = 0; i < c->n_param; i++) {
        const char *out = c->param[i].out;
        bool taken = out && strcmp(out, c->source) == 0;
        for (size_t k = 0; out && k < c->n_param; k++) {
            const struct og_cuda_param *p = &c->param[k];
            taken = taken || (p->path && strcmp(p->path, out) == 0) ||
                    (k < i && p->out && strcmp(p->out, out) == 0);
        }
        if (taken)
            return og_err_set(err, OG_E_DATA, "'cuda' must write '%.200s' once and not read it",
                              out);
    }
    return OG_OK;
}

static enum og_rc read_all(const json_t *o, struct og_cuda *c, struct og_err *err)
{
    const char *source = text_of(json_object_get(o, "source"));
    const char *entry = text_of(json_object_get(o, "entry"));
    c->source = source ? tame(source, strlen(source)) : NULL;
    if (!c->source)
        return og_err_set(
            err, OG_E_DATA,
            "'cuda' must have 'source', a relative path that stays inside the folder");
    if (!entry || !is_name(entry, ENTRY_MAX, ":<>, "))
        return og_err_set(err, OG_E_DATA, "'cuda' must have 'entry', the name of a kernel");
    c->entry = og_xstrdup(entry);
    OG_TRY(read_dims(o, "grid", OG_CUDA_BLOCKS_MAX, c->grid, err));
    OG_TRY(read_dims(o, "block", OG_CUDA_THREADS_MAX, c->block, err));
    OG_TRY(read_number(o, "shared_bytes", OG_CUDA_SHARED_MAX, &c->shared_bytes, err));
    OG_TRY(read_number(o, "parts", OG_CUDA_PARTS_MAX, &c->parts, err));
    if (c->parts > (uint64_t)c->grid[0] * c->grid[1] * c->grid[2])
        return og_err_set(err, OG_E_DATA, "'cuda' must have no more 'parts' than blocks");
    OG_TRY(read_params(o, c, err));
    return check_paths(c, err);
}

enum og_rc og_cuda_parse(const json_t *o, struct og_cuda *out, struct og_err *err)
{
    memset(out, 0, sizeof *out);
    enum og_rc rc = json_is_object(o) ? read_all(o, out, err)
                                      : og_err_set(err, OG_E_DATA, "'cuda' must be an object");
    if (rc != OG_OK)
        og_cuda_release(out);
    return rc;
}
