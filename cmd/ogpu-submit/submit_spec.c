/* submit_spec.c - a task's line in the spec blob: canonical JSON, written straight to text. */
#include "submit.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_kernel.h"
#include "model/model_cuda.h"
#include "json/json_canon.h"
#include "json/json_line.h"

#include <stdlib.h>
#include <string.h>

#define MODE_EXECUTABLE 493 /* 0755 */

uint64_t og_check_limit_ms(const struct og_taskrec *r)
{
    if (r->check_limit_ms)
        return r->check_limit_ms;
    return og_min_u64(r->limit_ms, OG_TASKREC_CHECK_MAX);
}

static void put_string(const char *s, struct og_buf *out)
{
    og_json_canon_string(s, strlen(s), out);
}

static void put_key(const char *key, bool *first, struct og_buf *out)
{
    og_buf_addf(out, "%s\"%s\":", *first ? "" : ",", key);
    *first = false;
}

/* A program with a slash in its name is a file of the submitter's, unless the name is absolute:
 * then it is the node's own. */
static bool is_shipped(const char *program)
{
    return program[0] != '/' && strchr(program, '/');
}

/* The list, its first string as "./path" when it names a shipped file. */
static enum og_rc put_argv(const json_t *argv, struct og_buf *out, struct og_err *err)
{
    const char *program = json_string_value(json_array_get(argv, 0));
    char tame[OG_TASKREC_PATH_MAX + 1];
    size_t i = 0;
    og_buf_addc(out, '[');
    if (is_shipped(program)) {
        if (!og_taskrec_path(program, tame))
            return og_err_set(err, OG_E_DATA,
                              "'argv' must be a program of this folder or of the node's system, "
                              "which '%.200s' is not",
                              program);
        struct og_buf dotted = OG_BUF_INIT;
        og_buf_addf(&dotted, "./%s", tame);
        og_json_canon_string(dotted.p, dotted.len, out);
        og_buf_release(&dotted);
        i = 1;
    }
    for (; i < json_array_size(argv); i++) {
        const json_t *v = json_array_get(argv, i);
        if (i)
            og_buf_addc(out, ',');
        og_json_canon_string(json_string_value(v), json_string_length(v), out);
    }
    og_buf_addc(out, ']');
    return OG_OK;
}

static void put_in(const char *path, const struct og_hash *sha256, uint64_t bytes, bool executable,
                   const struct og_taskrec_in *urls, struct og_buf *out)
{
    og_buf_addc(out, '{');
    if (!urls || urls->has_bytes) {
        og_buf_adds(out, "\"bytes\":");
        og_buf_addu(out, bytes);
        og_buf_addc(out, ',');
    }
    if (executable)
        og_buf_addf(out, "\"mode\":%d,", MODE_EXECUTABLE);
    og_buf_adds(out, "\"path\":");
    put_string(path, out);
    og_buf_adds(out, ",\"sha256\":\"");
    og_buf_add_hex(out, sha256->b, OG_HASH_LEN);
    og_buf_addc(out, '"');
    for (size_t i = 0; urls && i < urls->n_url; i++) {
        og_buf_adds(out, i ? "," : ",\"urls\":[");
        put_string(urls->url[i], out);
    }
    og_buf_adds(out, urls && urls->n_url ? "]}" : "}");
}

/* The program itself, when it is shipped. */
static enum og_rc put_program(const char *program, struct og_inputs *inputs, size_t *n,
                              uint64_t *bytes, struct og_buf *out, struct og_err *err)
{
    const struct og_input *f;
    OG_TRY(og_inputs_add(inputs, program, &f, err));
    if ((*n)++)
        og_buf_addc(out, ',');
    put_in(f->path, &f->sha256, f->bytes, true, NULL, out);
    *bytes += f->bytes;
    return OG_OK;
}

static bool same_path(const char *written, const char *other)
{
    char a[OG_TASKREC_PATH_MAX + 1];
    char b[OG_TASKREC_PATH_MAX + 1];
    return og_taskrec_path(written, a) && og_taskrec_path(other, b) && strcmp(a, b) == 0;
}

static enum og_rc put_file(const struct og_taskrec_in *in, struct og_inputs *inputs, size_t *n,
                           uint64_t *bytes, struct og_buf *out, struct og_err *err)
{
    char tame[OG_TASKREC_PATH_MAX + 1];
    if (in->n_url == 0) {
        const struct og_input *f;
        OG_TRY(og_inputs_add(inputs, in->path, &f, err));
        if ((*n)++)
            og_buf_addc(out, ',');
        put_in(f->path, &f->sha256, f->bytes, f->executable, NULL, out);
        *bytes += f->bytes;
        return OG_OK;
    }
    if (!og_taskrec_path(in->path, tame))
        return og_err_set(err, OG_E_DATA, "'in' must be relative paths");
    if ((*n)++)
        og_buf_addc(out, ',');
    put_in(tame, &in->sha256, in->bytes, false, in, out);
    *bytes += in->bytes;
    return OG_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Two inputs at one path would leave open which of them the job sees. */
static enum og_rc refuse_twice(const struct og_taskrec *r, const char *program, struct og_err *err)
{
    size_t n = json_array_size(r->in);
    char tame[OG_TASKREC_PATH_MAX + 1];
    char **paths = og_xcalloc(n + 1, sizeof *paths);
    size_t m = 0;
    struct og_taskrec_in in;
    enum og_rc rc = OG_OK;
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        rc = og_taskrec_in(r, i, &in, err);
        if (rc == OG_OK && og_taskrec_path(in.path, tame) &&
            !(program && in.n_url == 0 && same_path(in.path, program)))
            paths[m++] = og_xstrdup(tame);
    }
    if (program && og_taskrec_path(program, tame))
        paths[m++] = og_xstrdup(tame);
    qsort(paths, m, sizeof *paths, by_text);
    for (size_t i = 0; i + 1 < m && rc == OG_OK; i++)
        if (strcmp(paths[i], paths[i + 1]) == 0)
            rc = og_err_set(err, OG_E_DATA,
                            "'in' must be different paths, but '%.200s' is there "
                            "twice",
                            paths[i]);
    for (size_t i = 0; i < m; i++)
        free(paths[i]);
    free(paths);
    return rc;
}

static bool is_listed(const struct og_taskrec *r, const char *path)
{
    struct og_taskrec_in in;
    struct og_err ignored;
    for (size_t i = 0; i < json_array_size(r->in); i++)
        if (og_taskrec_in(r, i, &in, &ignored) == OG_OK && same_path(in.path, path))
            return true;
    return false;
}

/* A file that a CUDA task names, unless `in` has it (by URL, say) or it is there already. */
static enum og_rc put_named(const struct og_taskrec *r, const char *path, uint32_t size,
                            struct og_inputs *inputs, size_t *n, uint64_t *bytes,
                            struct og_buf *out, struct og_err *err)
{
    const struct og_input *f;
    if (is_listed(r, path))
        return OG_OK;
    OG_TRY(og_inputs_add(inputs, path, &f, err));
    if (f->bytes % size != 0)
        return og_err_set(err, OG_E_DATA, "'%.200s' has %llu bytes, no multiple of its type's %u",
                          path, (unsigned long long)f->bytes, size);
    if ((*n)++)
        og_buf_addc(out, ',');
    put_in(f->path, &f->sha256, f->bytes, false, NULL, out);
    *bytes += f->bytes;
    return OG_OK;
}

static enum og_rc put_cuda_files(const struct og_taskrec *r, struct og_inputs *inputs, size_t *n,
                                 uint64_t *bytes, struct og_buf *out, struct og_err *err)
{
    struct og_cuda c;
    if (!r->cuda)
        return OG_OK;
    OG_TRY(og_cuda_parse(r->cuda, &c, err));
    enum og_rc rc = put_named(r, c.source, 1, inputs, n, bytes, out, err);
    for (size_t i = 0; rc == OG_OK && i < c.n_param; i++) {
        const char *path = c.param[i].path;
        bool again = path && strcmp(path, c.source) == 0;
        for (size_t k = 0; path && k < i; k++)
            again = again || (c.param[k].path && strcmp(c.param[k].path, path) == 0);
        if (path && !again)
            rc = put_named(r, path, c.param[i].size, inputs, n, bytes, out, err);
    }
    og_cuda_release(&c);
    return rc;
}

static enum og_rc put_cuda_out(const struct og_taskrec *r, bool *first, struct og_buf *out,
                               struct og_err *err)
{
    struct og_cuda c;
    size_t n = 0;
    OG_TRY(og_cuda_parse(r->cuda, &c, err));
    for (size_t i = 0; i < c.n_param; i++) {
        if (!c.param[i].out)
            continue;
        if (n == 0)
            put_key("out", first, out);
        og_buf_addc(out, n++ ? ',' : '[');
        put_string(c.param[i].out, out);
    }
    if (n)
        og_buf_addc(out, ']');
    og_cuda_release(&c);
    return OG_OK;
}

static enum og_rc put_inputs(const struct og_taskrec *r, struct og_inputs *inputs, bool *first,
                             struct og_buf *out, uint64_t *in_bytes, struct og_err *err)
{
    const char *program = r->argv ? json_string_value(json_array_get(r->argv, 0)) : NULL;
    size_t n_in = json_array_size(r->in);
    size_t n = 0;
    if (program && !is_shipped(program))
        program = NULL;
    if (!program && !r->cuda && n_in == 0)
        return OG_OK;
    if (n_in + (program != NULL) > 1)
        OG_TRY(refuse_twice(r, program, err));
    put_key("in", first, out);
    og_buf_addc(out, '[');
    if (program)
        OG_TRY(put_program(program, inputs, &n, in_bytes, out, err));
    for (size_t i = 0; i < n_in; i++) {
        struct og_taskrec_in in;
        OG_TRY(og_taskrec_in(r, i, &in, err));
        if (program && in.n_url == 0 && same_path(in.path, program))
            continue;
        OG_TRY(put_file(&in, inputs, &n, in_bytes, out, err));
    }
    OG_TRY(put_cuda_files(r, inputs, &n, in_bytes, out, err));
    og_buf_addc(out, ']');
    return OG_OK;
}

/* Wrong numbers or sizes of files would fail on the node, for money. */
static enum og_rc check_kernel_files(const struct og_taskrec *r, struct og_inputs *inputs,
                                     struct og_err *err)
{
    struct og_kernel k;
    OG_TRY(og_kernel_parse(r->kernel, r->args, &k, err));
    size_t n_out = json_array_size(r->out);
    if (json_array_size(r->in) != k.shape.n_in)
        return og_err_set(err, OG_E_DATA, "'in' must be %zu file%s for kernel '%s'", k.shape.n_in,
                          k.shape.n_in == 1 ? "" : "s", k.def->name);
    if (n_out && n_out != k.shape.n_out)
        return og_err_set(err, OG_E_DATA, "'out' must be %zu file%s for kernel '%s'", k.shape.n_out,
                          k.shape.n_out == 1 ? "" : "s", k.def->name);
    for (size_t i = 0; i < k.shape.n_in; i++) {
        struct og_taskrec_in in;
        OG_TRY(og_taskrec_in(r, i, &in, err));
        uint64_t want = k.shape.in_bytes[i], bytes = in.has_bytes ? in.bytes : want;
        if (in.n_url == 0) {
            const struct og_input *f;
            OG_TRY(og_inputs_add(inputs, in.path, &f, err));
            bytes = f->bytes;
        }
        if (bytes != want)
            return og_err_set(err, OG_E_DATA,
                              "'in' must have the sizes that 'args' say: '%.200s' has "
                              "%llu bytes, not %llu",
                              in.path, (unsigned long long)bytes, (unsigned long long)want);
    }
    return OG_OK;
}

/* {"argv":[…],"in":[the program, when it is shipped],"limit_ms":N}: what body.check.sha256 covers.
 */
static enum og_rc put_check(const struct og_taskrec *r, struct og_inputs *inputs,
                            struct og_buf *out, struct og_hash *sha256, struct og_err *err)
{
    const char *program = json_string_value(json_array_get(r->check, 0));
    size_t at = out->len;
    size_t n = 0;
    uint64_t bytes = 0;
    og_buf_adds(out, "{\"argv\":");
    OG_TRY(put_argv(r->check, out, err));
    if (is_shipped(program)) {
        og_buf_adds(out, ",\"in\":[");
        OG_TRY(put_program(program, inputs, &n, &bytes, out, err));
        og_buf_addc(out, ']');
    }
    og_buf_adds(out, ",\"limit_ms\":");
    og_buf_addu(out, og_check_limit_ms(r));
    og_buf_addc(out, '}');
    *sha256 = og_sha256(out->p + at, out->len - at);
    return OG_OK;
}

static void put_out(const json_t *list, bool *first, struct og_buf *out)
{
    char tame[OG_TASKREC_PATH_MAX + 1];
    put_key("out", first, out);
    for (size_t i = 0; i < json_array_size(list); i++) {
        og_buf_addc(out, i ? ',' : '[');
        if (og_taskrec_path(json_string_value(json_array_get(list, i)), tame))
            put_string(tame, out);
    }
    og_buf_addc(out, ']');
}

static enum og_rc put_root(const char *path, struct og_inputs *inputs, bool *first,
                           struct og_buf *out, uint64_t *in_bytes, struct og_err *err)
{
    const struct og_input *f;
    OG_TRY(og_inputs_root(inputs, path, &f, err));
    put_key("root", first, out);
    og_buf_addf(out, "{\"bytes\":%llu,\"sha256\":\"", (unsigned long long)f->bytes);
    og_buf_add_hex(out, f->sha256.b, OG_HASH_LEN);
    og_buf_adds(out, "\"}");
    *in_bytes += f->bytes;
    return OG_OK;
}

enum og_rc og_submit_spec_line(const struct og_taskrec *r, struct og_inputs *inputs,
                               struct og_buf *out, uint64_t *in_bytes, struct og_hash *check,
                               struct og_err *err)
{
    bool first = true;
    size_t at = out->len;
    *in_bytes = 0;
    og_buf_addc(out, '{');
    if (r->args) {
        put_key("args", &first, out);
        OG_TRY(og_json_canon(r->args, out, err));
    }
    if (r->argv) {
        put_key("argv", &first, out);
        OG_TRY(put_argv(r->argv, out, err));
    }
    if (r->check) {
        put_key("check", &first, out);
        OG_TRY(put_check(r, inputs, out, check, err));
    }
    if (r->cuda) {
        put_key("cuda", &first, out);
        OG_TRY(og_json_canon(r->cuda, out, err));
    }
    if (r->env && json_object_size(r->env)) {
        put_key("env", &first, out);
        OG_TRY(og_json_canon(r->env, out, err));
    }
    if (r->kernel)
        OG_TRY(check_kernel_files(r, inputs, err));
    OG_TRY(put_inputs(r, inputs, &first, out, in_bytes, err));
    if (r->index0) {
        put_key("index0", &first, out);
        og_buf_addu(out, r->index0);
    }
    if (r->kernel) {
        put_key("kernel", &first, out);
        put_string(r->kernel, out);
    }
    if (r->network) {
        put_key("network", &first, out);
        og_buf_adds(out, "true");
    }
    if (r->nodes > 1) {
        put_key("nodes", &first, out);
        og_buf_addu(out, r->nodes);
    }
    if (r->out)
        put_out(r->out, &first, out);
    if (r->cuda)
        OG_TRY(put_cuda_out(r, &first, out, err));
    if (r->root)
        OG_TRY(put_root(r->root, inputs, &first, out, in_bytes, err));
    if (r->no_sandbox) {
        put_key("sandbox", &first, out);
        og_buf_adds(out, "\"none\"");
    }
    og_buf_adds(out, "}\n");
    if (out->len - at > OG_JSONL_LINE_MAX)
        return og_err_set(err, OG_E_DATA,
                          "'in', 'argv' and 'env' must be less than %u bytes "
                          "together",
                          OG_JSONL_LINE_MAX);
    return OG_OK;
}
