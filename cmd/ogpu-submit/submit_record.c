/* submit_record.c - the task that options and operands describe, as the record of a bulk. */
#include "submit.h"

#include "base/base_num.h"
#include "model/model_cuda.h"
#include "model/model_records.h"
#include "json/json_get.h"

#include <string.h>

static enum og_rc not_utf8(struct og_err *err, const char *what)
{
    return og_err_set(err, OG_E_USAGE, "%s is not UTF-8", what);
}

static enum og_rc set_text(json_t *o, const char *key, const char *s, struct og_err *err)
{
    if (!s)
        return OG_OK;
    return json_object_set_new(o, key, json_string(s)) == 0 ? OG_OK : not_utf8(err, key);
}

/* An option not given leaves the record's own default. */
static void set_number(json_t *o, const char *key, uint64_t v)
{
    if (v != OG_SUBMIT_UNSET)
        json_object_set_new(o, key, json_integer((json_int_t)v));
}

static enum og_rc set_list(json_t *o, const char *key, const struct og_opt_list *l,
                           struct og_err *err)
{
    if (l->n == 0)
        return OG_OK;
    json_t *a = json_array();
    json_object_set_new(o, key, a);
    for (size_t i = 0; i < l->n; i++)
        if (json_array_append_new(a, json_string(l->v[i])) < 0)
            return not_utf8(err, key);
    return OG_OK;
}

static enum og_rc set_env(json_t *o, const struct og_opt_list *l, struct og_err *err)
{
    json_t *env = json_object();
    json_object_set_new(o, "env", env);
    for (size_t i = 0; i < l->n; i++) {
        const char *eq = strchr(l->v[i], '=');
        if (!eq || eq == l->v[i])
            return og_err_set(err, OG_E_USAGE, "--env: '%.64s' is not NAME=VALUE", l->v[i]);
        json_t *key = json_stringn(l->v[i], (size_t)(eq - l->v[i]));
        json_t *value = json_string(eq + 1);
        int r = key && value ? json_object_set(env, json_string_value(key), value) : -1;
        json_decref(key);
        json_decref(value);
        if (r < 0)
            return not_utf8(err, "--env");
    }
    return OG_OK;
}

static enum og_rc set_args(json_t *o, const struct og_opt_list *l, struct og_err *err)
{
    json_t *args = json_object();
    json_object_set_new(o, "args", args);
    for (size_t i = 0; i < l->n; i++) {
        const char *eq = strchr(l->v[i], '=');
        uint64_t n;
        if (!eq || eq == l->v[i])
            return og_err_set(err, OG_E_USAGE, "--arg: '%.64s' is not NAME=VALUE", l->v[i]);
        json_t *key = json_stringn(l->v[i], (size_t)(eq - l->v[i]));
        json_t *value = og_parse_u64(eq + 1, OG_TASKREC_SIZE_MAX, &n) ? json_integer((json_int_t)n)
                                                                      : json_string(eq + 1);
        int r = key && value ? json_object_set(args, json_string_value(key), value) : -1;
        json_decref(key);
        json_decref(value);
        if (r < 0)
            return not_utf8(err, "--arg");
    }
    return OG_OK;
}

/* "PATH=URL" when what follows the first '=' is an address. */
static const char *url_of(const char *s)
{
    const char *eq = strchr(s, '=');
    if (!eq || (strncmp(eq + 1, "https://", 8) != 0 && strncmp(eq + 1, "http://", 7) != 0))
        return NULL;
    return eq + 1;
}

static enum og_rc set_in(json_t *o, const struct og_opt_list *l, const struct og_opt_list *hashes,
                         struct og_err *err)
{
    size_t used = 0;
    json_t *a = json_array();
    json_object_set_new(o, "in", a);
    for (size_t i = 0; i < l->n; i++) {
        const char *url = url_of(l->v[i]);
        json_t *v;
        if (!url) {
            v = json_string(l->v[i]);
        } else if (used == hashes->n) {
            return og_err_set(err, OG_E_USAGE, "--in: '%.200s' needs a --sha256", l->v[i]);
        } else {
            v = json_pack("{s:s%, s:s, s:s}", "path", l->v[i], (size_t)(url - 1 - l->v[i]), "url",
                          url, "sha256", hashes->v[used]);
            used++;
        }
        if (json_array_append_new(a, v) < 0)
            return not_utf8(err, "--in");
    }
    if (used < hashes->n)
        return og_err_set(err, OG_E_USAGE, "--sha256: there are more than inputs by URL");
    return OG_OK;
}

static enum og_rc set_dims(json_t *c, const char *key, const char *s, struct og_err *err)
{
    json_t *dims = og_cuda_dims(s ? s : "1");
    if (!dims)
        return og_err_set(err, OG_E_USAGE, "--%s: '%.64s' is not X, X,Y or X,Y,Z", key, s);
    json_object_set_new(c, key, dims);
    return OG_OK;
}

static enum og_rc set_cuda(json_t *o, const struct og_submit_options *opt, struct og_err *err)
{
    json_t *c = json_object();
    json_object_set_new(o, "cuda", c);
    if (!opt->entry)
        return og_err_set(err, OG_E_USAGE, "--cuda goes with --entry");
    OG_TRY(set_text(c, "source", opt->cuda, err));
    OG_TRY(set_text(c, "entry", opt->entry, err));
    OG_TRY(set_dims(c, "grid", opt->grid, err));
    OG_TRY(set_dims(c, "block", opt->block, err));
    set_number(c, "shared_bytes", opt->shared);
    set_number(c, "parts", opt->parts);
    return set_list(c, "params", &opt->param, err);
}

static enum og_rc set_program(json_t *o, const struct og_submit_options *opt, int argc, char **argv,
                              struct og_err *err)
{
    if ((opt->kernel || opt->cuda) && argc > 0)
        return og_err_set(err, OG_E_USAGE, "--%s goes without a program",
                          opt->cuda ? "cuda" : "kernel");
    if (opt->kernel && opt->cuda)
        return og_err_set(err, OG_E_USAGE, "--cuda and --kernel exclude each other");
    bool of_cuda = opt->entry || opt->grid || opt->block || opt->param.n ||
                   opt->shared != OG_SUBMIT_UNSET || opt->parts != OG_SUBMIT_UNSET;
    if (!opt->cuda && of_cuda)
        return og_err_set(err, OG_E_USAGE,
                          "--entry, --grid, --block, --shared, --parts and --param go with --cuda");
    if (opt->cuda && opt->arg.n == 0)
        return set_cuda(o, opt, err);
    if (opt->kernel) {
        OG_TRY(set_text(o, "kernel", opt->kernel, err));
        return set_args(o, &opt->arg, err);
    }
    if (opt->arg.n)
        return og_err_set(err, OG_E_USAGE, "--arg goes with --kernel");
    json_t *a = json_array();
    json_object_set_new(o, "argv", a);
    for (int i = 0; i < argc; i++)
        if (json_array_append_new(a, json_string(argv[i])) < 0)
            return not_utf8(err, "an argument");
    return OG_OK;
}

static enum og_rc set_check(json_t *o, const struct og_submit_options *opt, struct og_err *err)
{
    if (!opt->check)
        return OG_OK;
    json_t *check = json_pack("[s, s, s]", "sh", "-c", opt->check);
    if (!check)
        return not_utf8(err, "--check");
    json_object_set_new(o, "check", check);
    return OG_OK;
}

static enum og_rc build(json_t *o, const struct og_submit_options *opt, int argc, char **argv,
                        struct og_err *err)
{
    OG_TRY(set_program(o, opt, argc, argv, err));
    OG_TRY(set_text(o, "name", opt->name, err));
    OG_TRY(set_text(o, "array", opt->array, err));
    OG_TRY(set_list(o, "out", &opt->out, err));
    OG_TRY(set_list(o, "after", &opt->after, err));
    OG_TRY(set_env(o, &opt->env, err));
    OG_TRY(set_in(o, &opt->in, &opt->sha256, err));
    OG_TRY(set_check(o, opt, err));
    set_number(o, "check_limit_ms", opt->check_limit_ms);
    set_number(o, "cores", opt->cores);
    set_number(o, "mem_bytes", opt->mem);
    set_number(o, "gpu_ppm", opt->gpu);
    set_number(o, "gpu_mem_bytes", opt->vram);
    set_number(o, "urgency", opt->urgency);
    set_number(o, "deadline_ms", opt->deadline_ms);
    set_number(o, "limit_ms", opt->limit_ms);
    set_number(o, "chunk", opt->chunk);
    set_number(o, "nodes", opt->nodes);
    set_number(o, "samples", opt->samples);
    set_number(o, "expires_ms", opt->expires_ms);
    set_number(o, "retry", opt->retry);
    if (opt->price != OG_SUBMIT_UNSET)
        json_object_set_new(o, "max_price", og_json_new_dec(opt->price));
    if (opt->verify >= 0)
        json_object_set_new(o, "verify", json_string(og_method_names[opt->verify]));
    if (opt->sandbox > 0)
        json_object_set_new(o, "sandbox", json_string("none"));
    if (opt->root)
        json_object_set_new(o, "root", json_string(opt->root));
    if (opt->network)
        json_object_set_new(o, "network", json_true());
    return OG_OK;
}

enum og_rc og_submit_record(const struct og_submit_options *o, int argc, char **argv, json_t **out,
                            struct og_err *err)
{
    *out = json_pack("{s:s, s:i}", "kind", "task", "v", 1);
    enum og_rc rc = build(*out, o, argc, argv, err);
    if (rc != OG_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}
