/* work_spec.c - spec blobs: lines found by number, read into what a job needs. */
#include "work/work_spec.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "exec/exec_job.h"
#include "store/store_blob.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>

#define KEEP 4

struct kept {
    struct og_hash hash;
    struct og_buf text;
    size_t *at; /* where line i starts; at[n] is the end */
    size_t n;
    uint64_t used;
};

struct og_spec_cache {
    char *state_dir;
    struct kept kept[KEEP];
    uint64_t clock;
};

struct og_spec_cache *og_spec_cache_new(const char *state_dir)
{
    struct og_spec_cache *c = og_xcalloc(1, sizeof *c);
    c->state_dir = og_xstrdup(state_dir);
    return c;
}

static void forget(struct kept *k)
{
    og_buf_release(&k->text);
    free(k->at);
    memset(k, 0, sizeof *k);
}

void og_spec_cache_free(struct og_spec_cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < KEEP; i++)
        forget(&c->kept[i]);
    free(c->state_dir);
    free(c);
}

static void find_lines(struct kept *k)
{
    size_t cap = 0;
    size_t at = 0;
    k->n = 0;
    while (at < k->text.len) {
        k->at = og_xgrow(k->at, &cap, k->n + 2, sizeof *k->at);
        k->at[k->n++] = at;
        const char *nl = memchr(k->text.p + at, '\n', k->text.len - at);
        at = nl ? (size_t)(nl - k->text.p) + 1 : k->text.len;
        k->at[k->n] = at;
    }
}

static enum og_rc keep_blob(struct og_spec_cache *c, const struct og_hash *blob, struct kept **out,
                            struct og_err *err)
{
    struct kept *k = &c->kept[0];
    *out = NULL;
    for (size_t i = 0; i < KEEP; i++) {
        if (c->kept[i].used && memcmp(c->kept[i].hash.b, blob->b, OG_HASH_LEN) == 0) {
            *out = &c->kept[i];
            (*out)->used = ++c->clock;
            return OG_OK;
        }
        if (c->kept[i].used < k->used)
            k = &c->kept[i];
    }
    forget(k);
    enum og_rc rc = og_blob_get(c->state_dir, blob, OG_SPEC_BLOB_MAX, &k->text, err);
    if (rc != OG_OK) {
        forget(k);
        return og_err_wrap(err, rc, "spec");
    }
    find_lines(k);
    k->hash = *blob;
    k->used = ++c->clock;
    *out = k;
    return OG_OK;
}

enum og_rc og_spec_load(struct og_spec_cache *c, const struct og_hash *blob, uint64_t line,
                        struct og_spec *out, struct og_err *err)
{
    struct kept *k;
    memset(out, 0, sizeof *out);
    OG_TRY(keep_blob(c, blob, &k, err));
    if (line >= k->n)
        return og_err_set(err, OG_E_DATA, "the spec has %zu lines, not line %llu", k->n,
                          (unsigned long long)line);
    const char *s = k->text.p + k->at[line];
    size_t n = k->at[line + 1] - k->at[line];
    if (n && s[n - 1] == '\n')
        n--;
    enum og_rc rc = og_spec_parse(s, n, out, err);
    return rc == OG_OK ? rc : og_err_wrap(err, rc, "spec line %llu", (unsigned long long)line);
}

static enum og_rc read_strings(const json_t *arr, const char *what, bool tame, const char ***out,
                               size_t *n, struct og_err *err)
{
    size_t count = json_array_size(arr);
    const char **v = og_xcalloc(count + 1, sizeof *v);
    *out = v;
    for (size_t i = 0; i < count; i++) {
        const json_t *e = json_array_get(arr, i);
        v[i] = json_string_value(e);
        if (!v[i] || strlen(v[i]) != json_string_length(e))
            return og_err_set(err, OG_E_DATA, "'%s' must hold strings", what);
        if (tame && !og_io_path_is_tame(v[i]))
            return og_err_set(err, OG_E_DATA, "'%s' holds a path that is not relative and plain",
                              what);
    }
    if (n)
        *n = count;
    return OG_OK;
}

/* A file by its hash, and where it can be had. */
static enum og_rc read_file(const json_t *e, struct og_spec_in *in, struct og_err *err)
{
    const json_t *urls;
    OG_TRY(og_json_hex(e, "sha256", in->sha256.b, OG_HASH_LEN, err));
    OG_TRY(og_json_u64_or(e, "bytes", (uint64_t)1 << 53, UINT64_MAX, &in->bytes, err));
    OG_TRY(og_json_arr_opt(e, "urls", OG_SPEC_URLS_MAX, &urls, err));
    for (size_t i = 0; i < json_array_size(urls); i++) {
        in->urls[i] = json_string_value(json_array_get(urls, i));
        if (!in->urls[i])
            return og_err_set(err, OG_E_DATA, "'urls' must hold strings");
        in->n_urls = i + 1;
    }
    return OG_OK;
}

static enum og_rc read_in(const json_t *e, struct og_spec_in *in, struct og_err *err)
{
    uint64_t mode;
    if (!json_is_object(e))
        return og_err_set(err, OG_E_DATA, "'in' must hold objects");
    OG_TRY(og_json_str(e, "path", 1024, &in->path, err));
    if (!og_io_path_is_tame(in->path))
        return og_err_set(err, OG_E_DATA, "'in' holds a path that is not relative and plain");
    OG_TRY(og_json_u64_or(e, "mode", 07777, 0644, &mode, err));
    in->executable = mode & 0100;
    return read_file(e, in, err);
}

/* What the sandbox shows in place of the node's own system, and whether the network is there. */
static enum og_rc read_surroundings(const json_t *o, struct og_spec *out, struct og_err *err)
{
    const json_t *root;
    OG_TRY(og_json_bool_or(o, "network", false, &out->net, err));
    OG_TRY(og_json_obj_opt(o, "root", &root, err));
    if ((root || out->net) && !out->argv)
        return og_err_set(err, OG_E_DATA, "'root' and 'network' go with 'argv'");
    if (!root)
        return OG_OK;
    out->root.path = "root";
    return read_file(root, &out->root, err);
}

static enum og_rc read_ins(const json_t *o, struct og_spec_in **out, size_t *n, struct og_err *err)
{
    const json_t *arr;
    OG_TRY(og_json_arr_opt(o, "in", OG_JOB_FILES_MAX, &arr, err));
    size_t count = json_array_size(arr);
    *out = og_xcalloc(count + 1, sizeof **out);
    for (size_t i = 0; i < count; i++) {
        OG_TRY(read_in(json_array_get(arr, i), &(*out)[i], err));
        *n = i + 1;
    }
    return OG_OK;
}

static bool env_name(const char *s)
{
    for (const char *p = s; *p; p++) {
        bool alpha = (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || *p == '_';
        if (!alpha && (p == s || *p < '0' || *p > '9'))
            return false;
    }
    return *s != '\0';
}

static enum og_rc read_env(const json_t *o, struct og_spec *out, struct og_err *err)
{
    const json_t *env;
    OG_TRY(og_json_obj_opt(o, "env", &env, err));
    out->env = og_xcalloc(json_object_size(env) + 1, sizeof *out->env);
    /* jansson's iterators want a mutable object; nothing is changed. */
    json_t *it = (json_t *)(uintptr_t)env;
    const char *key;
    json_t *v;
    json_object_foreach(it, key, v)
    {
        const char *s = json_string_value(v);
        if (!s || strlen(s) != json_string_length(v) || !env_name(key))
            return og_err_set(err, OG_E_DATA, "'env' must hold names with strings");
        struct og_buf b = OG_BUF_INIT;
        og_buf_addf(&b, "%s=%s", key, s);
        out->env[out->n_env++] = og_buf_detach(&b);
    }
    return OG_OK;
}

static enum og_rc read_check(const json_t *o, struct og_spec *out, struct og_err *err)
{
    const json_t *check;
    const json_t *argv;
    OG_TRY(og_json_obj_opt(o, "check", &check, err));
    if (!check)
        return OG_OK;
    OG_TRY(og_json_arr(check, "argv", OG_SPEC_ARGS_MAX, &argv, err));
    if (json_array_size(argv) == 0)
        return og_err_set(err, OG_E_DATA, "the check's 'argv' is empty");
    OG_TRY(read_strings(argv, "argv", false, &out->check_argv, NULL, err));
    return read_ins(check, &out->check_in, &out->n_check_in, err);
}

static enum og_rc read_spec(const json_t *o, struct og_spec *out, struct og_err *err)
{
    const json_t *argv;
    const json_t *outs;
    const char *sandbox;
    OG_TRY(og_json_str_opt(o, "kernel", 64, &out->kernel, err));
    OG_TRY(og_json_arr_opt(o, "argv", OG_SPEC_ARGS_MAX, &argv, err));
    const json_t *cuda = json_object_get(o, "cuda");
    if ((argv != NULL) + (out->kernel != NULL) + (cuda != NULL) != 1)
        return og_err_set(err, OG_E_DATA, "one of 'argv', 'kernel' and 'cuda' must be there");
    if (cuda)
        OG_TRY(og_cuda_parse(cuda, &out->cuda, err));
    out->is_cuda = cuda != NULL;
    if (argv && json_array_size(argv) == 0)
        return og_err_set(err, OG_E_DATA, "'argv' is empty");
    if (argv)
        OG_TRY(read_strings(argv, "argv", false, &out->argv, NULL, err));
    OG_TRY(og_json_obj_opt(o, "args", &out->args, err));
    OG_TRY(read_env(o, out, err));
    OG_TRY(read_ins(o, &out->in, &out->n_in, err));
    OG_TRY(og_json_arr_opt(o, "out", OG_JOB_FILES_MAX, &outs, err));
    OG_TRY(read_strings(outs, "out", true, &out->out, &out->n_out, err));
    OG_TRY(og_json_u64_or(o, "index0", (uint64_t)1 << 53, 0, &out->base, err));
    OG_TRY(og_json_u64_or(o, "nodes", OG_SPEC_NODES_MAX, 0, &out->nodes, err));
    if (out->nodes > 1 && !out->argv)
        return og_err_set(err, OG_E_DATA, "'nodes' goes with 'argv'");
    OG_TRY(og_json_str_opt(o, "sandbox", 16, &sandbox, err));
    if (sandbox && strcmp(sandbox, "none") != 0 && strcmp(sandbox, "bwrap") != 0)
        return og_err_set(err, OG_E_DATA, "'sandbox' must be none or bwrap");
    out->no_sandbox = sandbox && strcmp(sandbox, "none") == 0;
    OG_TRY(read_surroundings(o, out, err));
    if (out->no_sandbox && (out->root.path || out->net))
        return og_err_set(err, OG_E_DATA, "'root' and 'network' need the sandbox");
    return read_check(o, out, err);
}

enum og_rc og_spec_parse(const char *s, size_t n, struct og_spec *out, struct og_err *err)
{
    json_error_t je;
    memset(out, 0, sizeof *out);
    if (n > OG_JSONL_LINE_MAX)
        return og_err_set(err, OG_E_DATA, "longer than %u bytes", OG_JSONL_LINE_MAX);
    out->json = json_loadb(s, n, JSON_REJECT_DUPLICATES, &je);
    enum og_rc rc = json_is_object(out->json) ? read_spec(out->json, out, err)
                                              : og_err_set(err, OG_E_DATA, "not a JSON object");
    if (rc != OG_OK)
        og_spec_release(out);
    return rc;
}

void og_spec_release(struct og_spec *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_env; i++)
        free(s->env[i]);
    free(s->env);
    og_cuda_release(&s->cuda);
    free(s->argv);
    free(s->in);
    free(s->out);
    free(s->check_argv);
    free(s->check_in);
    json_decref(s->json);
    memset(s, 0, sizeof *s);
}
