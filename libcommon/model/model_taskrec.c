/* model_taskrec.c - reads the members of a task record and says what is wrong with one. */
#include "model/model_taskrec.h"

#include "base/base_num.h"
#include "base/base_utf8.h"
#include "model/model_cuda.h"
#include "model/model_records.h"

#include <inttypes.h>
#include <string.h>

#define METHODS 6 /* of og_method_names, `auto` the last */
#define OWN     0
#define EXACT   1
#define VOTE    2
#define CMD     3
#define ACCEPT  4
#define AUTO    5

static enum og_rc must(struct og_err *err, const char *key, const char *what)
{
    return og_err_set(err, OG_E_DATA, "'%s' must be %s", key, what);
}

static enum og_rc number(const json_t *o, const char *key, uint64_t min, uint64_t max, uint64_t *v,
                         struct og_err *err)
{
    const json_t *m = json_object_get(o, key);
    if (!m)
        return OG_OK; /* *v holds the default */
    if (!json_is_integer(m) || json_integer_value(m) < 0)
        return must(err, key, "a whole number");
    uint64_t got = (uint64_t)json_integer_value(m);
    if (got != min && min == max)
        return og_err_set(err, OG_E_DATA, "'%s' must be %" PRIu64, key, min);
    if (got < min || got > max)
        return og_err_set(err, OG_E_DATA, "'%s' must be between %" PRIu64 " and %" PRIu64, key, min,
                          max);
    *v = got;
    return OG_OK;
}

static bool plain_text(const json_t *v, size_t max)
{
    return json_is_string(v) && json_string_length(v) <= max &&
           strlen(json_string_value(v)) == json_string_length(v);
}

static enum og_rc text(const json_t *o, const char *key, size_t max, const char **out,
                       struct og_err *err)
{
    const json_t *m = json_object_get(o, key);
    *out = NULL;
    if (!m)
        return OG_OK;
    if (!json_is_string(m))
        return must(err, key, "a string");
    if (!plain_text(m, max))
        return og_err_set(err, OG_E_DATA, "'%s' must be at most %zu bytes without a NUL", key, max);
    *out = json_string_value(m);
    return OG_OK;
}

/* A list of 1..max strings, TEXT_MAX bytes together; *out NULL when absent. */
static enum og_rc strings(const json_t *o, const char *key, size_t max, const json_t **out,
                          struct og_err *err)
{
    *out = json_object_get(o, key);
    if (!*out)
        return OG_OK;
    size_t n = json_array_size(*out);
    if (n == 0 || n > max)
        return og_err_set(err, OG_E_DATA, "'%s' must be a list of 1 to %zu strings", key, max);
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(*out, i);
        bool is_long = json_is_string(v) && json_string_length(v) > OG_TASKREC_TEXT_MAX;
        if (!is_long && !plain_text(v, OG_TASKREC_TEXT_MAX))
            return og_err_set(err, OG_E_DATA, "'%s' must be a list of 1 to %zu strings", key, max);
        sum += json_string_length(v) + 1;
    }
    if (sum > OG_TASKREC_TEXT_MAX)
        return og_err_set(err, OG_E_DATA, "'%s' must be at most %u bytes long", key,
                          OG_TASKREC_TEXT_MAX);
    return OG_OK;
}

bool og_taskrec_name_ok(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > OG_TASKREC_NAME_MAX)
        return false;
    bool digits = true;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t step = og_utf8_next(s + i, n - i, &cp);
        if (step == 0 || og_utf8_width(cp) < 0 || cp == ':')
            return false;
        digits = digits && cp >= '0' && cp <= '9';
        i += step;
    }
    return !digits;
}

bool og_taskrec_path(const char *s, char out[OG_TASKREC_PATH_MAX + 1])
{
    size_t n = 0;
    out[0] = '\0';
    if (*s == '/')
        return false;
    while (*s) {
        const char *e = strchrnul(s, '/');
        size_t len = (size_t)(e - s);
        if (len > 255 || (len == 2 && s[0] == '.' && s[1] == '.'))
            return false;
        if (len > 0 && !(len == 1 && s[0] == '.')) {
            if (n + len + 1 > OG_TASKREC_PATH_MAX)
                return false;
            if (n)
                out[n++] = '/';
            for (size_t i = 0; i < len; i++) {
                if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
                    return false;
                out[n++] = s[i];
            }
        }
        s = *e ? e + 1 : e;
    }
    out[n] = '\0';
    return n > 0;
}

bool og_taskrec_array(const char *s, uint64_t *index0, uint64_t *count)
{
    const uint64_t last = OG_TASKREC_COUNT_MAX - 1;
    const char *dash = strchr(s, '-');
    size_t n = dash ? (size_t)(dash - s) : strlen(s);
    uint64_t a;
    *index0 = *count = 0;
    if (!og_parse_u64n(s, n, last, &a))
        return false;
    uint64_t b = a;
    if (dash && (!og_parse_u64(dash + 1, last, &b) || b < a))
        return false;
    *index0 = a;
    *count = b - a + 1;
    return true;
}

bool og_taskrec_after_text(const char *s, struct og_taskrec_after *out)
{
    static const char *const whens[] = {"ok", "any", "fail"};
    const char *colon = strchr(s, ':');
    size_t n = colon ? (size_t)(colon - s) : strlen(s);
    *out = (struct og_taskrec_after){.name = s, .name_len = n};
    if (n == 0)
        return false;
    if (colon) {
        size_t w = 0;
        while (w < 3 && strcmp(colon + 1, whens[w]) != 0)
            w++;
        if (w == 3)
            return false;
        out->when = w;
    }
    if (strspn(s, "0123456789") >= n)
        return og_parse_u64n(s, n, OG_TASKREC_SIZE_MAX, &out->task) && out->task > 0;
    return n <= OG_TASKREC_NAME_MAX;
}

enum og_rc og_taskrec_after(const struct og_taskrec *r, size_t i, struct og_taskrec_after *out,
                            struct og_err *err)
{
    static const char what[] = "names or numbers of earlier tasks, each with ':ok', ':any', "
                               "':fail' or nothing behind it";
    const json_t *v = json_array_get(r->after, i);
    *out = (struct og_taskrec_after){0};
    if (json_is_integer(v) && json_integer_value(v) > 0 &&
        (uint64_t)json_integer_value(v) <= OG_TASKREC_SIZE_MAX) {
        out->task = (uint64_t)json_integer_value(v);
        return OG_OK;
    }
    if (!plain_text(v, OG_TASKREC_NAME_MAX + 32) ||
        !og_taskrec_after_text(json_string_value(v), out))
        return must(err, "after", what);
    return OG_OK;
}

static enum og_rc in_urls(const json_t *v, struct og_taskrec_in *out, struct og_err *err)
{
    const json_t *url = json_object_get(v, "url");
    const json_t *urls = json_object_get(v, "urls");
    size_t n = url ? 1 : json_array_size(urls);
    if (n == 0 || n > OG_TASKREC_URLS_MAX || (url && urls))
        return must(err, "in", "paths, or objects with 'path', 'url' (or 1 to 4 'urls'), 'sha256'");
    for (size_t i = 0; i < n; i++) {
        const json_t *u = url ? url : json_array_get(urls, i);
        if (!plain_text(u, 4096) || (strncmp(json_string_value(u), "https://", 8) != 0 &&
                                     strncmp(json_string_value(u), "http://", 7) != 0))
            return must(err, "url", "an http or https address");
        out->url[i] = json_string_value(u);
    }
    out->n_url = n;
    const char *hex = json_string_value(json_object_get(v, "sha256"));
    if (!hex || !og_hex_decode(hex, strlen(hex), out->sha256.b, OG_HASH_LEN))
        return must(err, "sha256", "64 lower-case hex digits");
    out->has_bytes = json_object_get(v, "bytes") != NULL;
    return number(v, "bytes", 0, OG_TASKREC_SIZE_MAX, &out->bytes, err);
}

enum og_rc og_taskrec_in(const struct og_taskrec *r, size_t i, struct og_taskrec_in *out,
                         struct og_err *err)
{
    const json_t *v = json_array_get(r->in, i);
    const json_t *p = json_is_object(v) ? json_object_get(v, "path") : v;
    char tame[OG_TASKREC_PATH_MAX + 1];
    *out = (struct og_taskrec_in){0};
    if (!plain_text(p, OG_TASKREC_PATH_MAX))
        return must(err, "in", "paths, or objects with 'path', 'url' (or 1 to 4 'urls'), 'sha256'");
    out->path = json_string_value(p);
    if (!og_taskrec_path(out->path, tame))
        return og_err_set(err, OG_E_DATA,
                          "'in' must be relative paths that stay inside the folder, which '%.200s' "
                          "is not",
                          out->path);
    if (json_is_object(v))
        return in_urls(v, out, err);
    return OG_OK;
}

static enum og_rc read_env(const json_t *o, struct og_taskrec *r, struct og_err *err)
{
    r->env = json_object_get(o, "env");
    if (!r->env)
        return OG_OK;
    if (!json_is_object(r->env) || json_object_size(r->env) > OG_TASKREC_ENV_MAX)
        return must(err, "env", "an object of at most 256 strings");
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    size_t sum = 0;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)r->env, key, v)
    {
        size_t n = strlen(key);
        if (n == 0 || n > 255 || strspn(key, letters) != n || (key[0] >= '0' && key[0] <= '9'))
            return must(err, "env", "an object whose names are letters, digits and '_'");
        if (!plain_text(v, OG_TASKREC_TEXT_MAX))
            return must(err, "env", "an object of at most 256 strings");
        sum += n + json_string_length(v) + 2;
    }
    if (sum > OG_TASKREC_TEXT_MAX)
        return og_err_set(err, OG_E_DATA, "'env' must be at most %u bytes long",
                          OG_TASKREC_TEXT_MAX);
    return OG_OK;
}

static enum og_rc read_work(const json_t *o, struct og_taskrec *r, struct og_err *err)
{
    OG_TRY(strings(o, "argv", OG_TASKREC_ARGS_MAX, &r->argv, err));
    OG_TRY(text(o, "kernel", 64, &r->kernel, err));
    r->args = json_object_get(o, "args");
    r->cuda = json_object_get(o, "cuda");
    if ((r->argv != NULL) + (r->kernel != NULL) + (r->cuda != NULL) != 1)
        return og_err_set(err, OG_E_DATA,
                          "one of 'argv', 'kernel' (with 'args') and 'cuda' must be there");
    if (r->kernel ? !json_is_object(r->args) : r->args != NULL)
        return must(err, "args", "an object beside 'kernel'");
    if (r->args && json_object_size(r->args) > 64)
        return must(err, "args", "an object of at most 64 members");
    if (r->argv && json_string_length(json_array_get(r->argv, 0)) == 0)
        return must(err, "argv", "a list whose first string names a program");
    OG_TRY(strings(o, "check", OG_TASKREC_ARGS_MAX, &r->check, err));
    return number(o, "check_limit_ms", 1, OG_TASKREC_CHECK_MAX, &r->check_limit_ms, err);
}

static enum og_rc read_files(const json_t *o, struct og_taskrec *r, struct og_err *err)
{
    r->in = json_object_get(o, "in");
    if (r->in && (!json_is_array(r->in) || json_array_size(r->in) > OG_TASKREC_ARGS_MAX))
        return must(err, "in", "a list of at most 4096 files");
    struct og_taskrec_in in;
    for (size_t i = 0; i < json_array_size(r->in); i++)
        OG_TRY(og_taskrec_in(r, i, &in, err));
    OG_TRY(strings(o, "out", OG_TASKREC_ARGS_MAX, &r->out, err));
    char tame[OG_TASKREC_PATH_MAX + 1];
    for (size_t i = 0; i < json_array_size(r->out); i++) {
        const char *path = json_string_value(json_array_get(r->out, i));
        if (!og_taskrec_path(path, tame))
            return og_err_set(err, OG_E_DATA,
                              "'out' must be relative paths that stay inside the folder, which "
                              "'%.200s' is not",
                              path);
    }
    return OG_OK;
}

/* The parts of a kernel's grid are its elements. */
static enum og_rc read_cuda(const json_t *o, struct og_taskrec *r, struct og_err *err)
{
    struct og_cuda c;
    if (!r->cuda)
        return OG_OK;
    OG_TRY(og_cuda_parse(r->cuda, &c, err));
    uint64_t parts = c.parts;
    og_cuda_release(&c);
    if (r->out)
        return must(err, "out", "absent beside 'cuda', whose 'params' name what is written");
    if (parts && (json_object_get(o, "count") || json_object_get(o, "array")))
        return must(err, "parts", "absent beside 'count' and 'array'");
    if (parts) {
        r->count = parts;
        r->is_array = true;
    }
    return OG_OK;
}

static enum og_rc read_array(const json_t *o, struct og_taskrec *r, struct og_err *err)
{
    const char *range;
    r->count = 1;
    OG_TRY(number(o, "count", 1, OG_TASKREC_COUNT_MAX, &r->count, err));
    r->is_array = json_object_get(o, "count") != NULL;
    OG_TRY(text(o, "array", 32, &range, err));
    if (range && r->is_array)
        return must(err, "array", "absent beside 'count'");
    if (range && !og_taskrec_array(range, &r->index0, &r->count))
        return must(err, "array", "a range A-B of whole numbers, A <= B <= 4294967294");
    r->is_array = r->is_array || range;
    if (r->kernel && r->count != 1)
        return must(err, range ? "array" : "count", "absent beside 'kernel'");
    OG_TRY(read_cuda(o, r, err));
    return number(o, "chunk", 1, OG_TASKREC_CHUNK_MAX, &r->chunk, err);
}

static enum og_rc read_terms(const json_t *o, struct og_taskrec *r, struct og_err *err)
{
    r->urgency = 1;
    r->retry = 2;
    r->limit_ms = OG_TASKREC_LIMIT_MS;
    r->nodes = 1;
    OG_TRY(number(o, "nodes", 1, OG_TASKREC_NODES_MAX, &r->nodes, err));
    if (r->nodes > 1 && !r->argv)
        return must(err, "nodes", "absent without 'argv'");
    OG_TRY(number(o, "cores", 0, 65536, &r->cores, err));
    OG_TRY(number(o, "mem_bytes", 0, OG_TASKREC_SIZE_MAX, &r->mem_bytes, err));
    OG_TRY(number(o, "gpu_ppm", 0, OG_TASKREC_GPU_MAX, &r->gpu_ppm, err));
    OG_TRY(number(o, "gpu_mem_bytes", 0, OG_TASKREC_SIZE_MAX, &r->gpu_mem_bytes, err));
    OG_TRY(number(o, "urgency", 1, 64, &r->urgency, err));
    OG_TRY(number(o, "deadline_ms", 0, OG_TASKREC_TIME_MAX, &r->deadline_ms, err));
    OG_TRY(number(o, "limit_ms", 1, OG_TASKREC_TIME_MAX, &r->limit_ms, err));
    OG_TRY(number(o, "samples", 0, 64, &r->samples, err));
    OG_TRY(number(o, "expires_ms", 1, OG_TASKREC_TIME_MAX, &r->expires_ms, err));
    OG_TRY(number(o, "retry", 0, 8, &r->retry, err));
    const json_t *price = json_object_get(o, "max_price");
    r->has_max_price = price != NULL;
    if (price && (!json_is_string(price) ||
                  !og_parse_u64n(json_string_value(price), json_string_length(price),
                                 (uint64_t)1 << 62, &r->max_price)))
        return must(err, "max_price", "a whole number of grains written as a string");
    return OG_OK;
}

/* What the program finds around it. Nobody can repeat what came from a network. */
static enum og_rc read_surroundings(const json_t *o, struct og_taskrec *r, struct og_err *err)
{
    const char *s;
    OG_TRY(text(o, "sandbox", 16, &s, err));
    if (s && strcmp(s, "none") != 0 && strcmp(s, "bwrap") != 0)
        return must(err, "sandbox", "bwrap or none");
    r->no_sandbox = s && s[0] == 'n';
    OG_TRY(text(o, "root", OG_TASKREC_PATH_MAX, &r->root, err));
    const json_t *net = json_object_get(o, "network");
    if (net && !json_is_boolean(net))
        return must(err, "network", "true or false");
    r->network = json_is_true(net);
    if (r->network && r->verify == AUTO)
        r->verify = ACCEPT;
    if (r->root && (!r->argv || r->no_sandbox))
        return must(err, "root", "with a program in the sandbox");
    if (r->network && (!r->argv || r->no_sandbox))
        return must(err, "network", "with a program in the sandbox");
    if (r->network && r->verify != OWN && r->verify != ACCEPT)
        return must(err, "verify", "own or accept with 'network'");
    return OG_OK;
}

static enum og_rc read_words(const json_t *o, struct og_taskrec *r, struct og_err *err)
{
    const char *s;
    OG_TRY(text(o, "name", OG_TASKREC_NAME_MAX, &r->name, err));
    if (r->name && !og_taskrec_name_ok(r->name))
        return must(err, "name", "1 to 64 bytes without control characters and ':', not a number");
    OG_TRY(text(o, "verify", 16, &s, err));
    r->verify = s ? 0 : r->check ? CMD : AUTO;
    while (s && r->verify < METHODS && strcmp(s, og_method_names[r->verify]) != 0)
        r->verify++;
    if (r->verify == METHODS)
        return must(err, "verify", "own, exact, vote, cmd, accept or auto");
    if (r->nodes > 1 && (r->verify == EXACT || r->verify == VOTE))
        return must(err, "verify", "own, accept, cmd or auto beside 'nodes'");
    OG_TRY(read_surroundings(o, r, err));
    if ((r->verify == CMD) != (r->check != NULL))
        return must(err, "check", "there with 'verify' cmd, and only then");
    r->after = json_object_get(o, "after");
    if (r->after && (!json_is_array(r->after) || json_array_size(r->after) > OG_TASKREC_AFTER_MAX))
        return must(err, "after", "a list of at most 1024 tasks");
    struct og_taskrec_after a;
    for (size_t i = 0; i < json_array_size(r->after); i++)
        OG_TRY(og_taskrec_after(r, i, &a, err));
    return OG_OK;
}

enum og_rc og_taskrec_parse(const json_t *o, struct og_taskrec *out, struct og_err *err)
{
    *out = (struct og_taskrec){0};
    if (!json_is_object(o))
        return og_err_set(err, OG_E_DATA, "a task must be an object");
    uint64_t v = 1;
    OG_TRY(number(o, "v", 1, 1, &v, err));
    OG_TRY(read_work(o, out, err));
    OG_TRY(read_env(o, out, err));
    OG_TRY(read_files(o, out, err));
    OG_TRY(read_array(o, out, err));
    OG_TRY(read_terms(o, out, err));
    return read_words(o, out, err);
}
