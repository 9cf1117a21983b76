/* check_result.c - leaves of results, written and read back. */
#include "check/check_result.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "crypto/crypto_merkle.h"
#include "json/json_canon.h"
#include "json/json_get.h"

#include <jansson.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_MAX       255u
#define PATH_MAX_BYTES 1024
#define PART_MAX       255

uint32_t og_result_exit(bool signaled, int code)
{
    return ((uint32_t)code & 0x7f) + (signaled ? 128 : (uint32_t)code & 0x80);
}

static int out_cmp(const void *a, const void *b)
{
    const struct og_result_out *p = a, *q = b;
    return strcmp(p->path, q->path);
}

void og_result_sort(struct og_result_out *out, size_t n)
{
    if (n > 0)
        qsort(out, n, sizeof *out, out_cmp);
}

/* The rule of og_io_path_is_tame, without its room's header: this room is pure. */
static bool is_tame(const char *path)
{
    size_t part = 0, dots = 0;
    if (strlen(path) > PATH_MAX_BYTES)
        return false;
    for (const char *c = path;; c++) {
        if (*c == '\0' || *c == '/') {
            if (part == 0 || part > PART_MAX || (part == dots && dots <= 2))
                return false;
            if (*c == '\0')
                return true;
            part = dots = 0;
        } else if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return false;
        } else {
            part++;
            dots += *c == '.';
        }
    }
}

static bool is_utf8(const char *s)
{
    json_t *v = json_string(s);
    bool ok = v != NULL;
    json_decref(v);
    return ok;
}

static enum og_rc check_blob(const struct og_result_blob *b, const char *name, struct og_err *err)
{
    if (b->bytes > OG_RESULT_INT_MAX)
        return og_err_set(err, OG_E_DATA, "'%s' has more than 2^53 bytes", name);
    return OG_OK;
}

static enum og_rc check_element(const struct og_result_element *e, struct og_err *err)
{
    enum og_rc rc;
    if (e->index > OG_RESULT_INT_MAX || e->exit > EXIT_MAX)
        return og_err_set(err, OG_E_DATA, "'index' or 'exit' is out of range");
    if (e->out_n > OG_RESULT_OUT_MAX)
        return og_err_set(err, OG_E_DATA, "%zu outputs, more than %d", e->out_n, OG_RESULT_OUT_MAX);
    rc = check_blob(&e->stdout_blob, "stdout", err);
    if (rc == OG_OK)
        rc = check_blob(&e->stderr_blob, "stderr", err);
    for (size_t i = 0; rc == OG_OK && i < e->out_n; i++) {
        const char *path = e->out[i].path;
        if (!is_tame(path) || !is_utf8(path))
            return og_err_set(err, OG_E_DATA, "output path %zu is no plain relative path", i);
        if (i > 0 && strcmp(e->out[i - 1].path, path) >= 0)
            return og_err_set(err, OG_E_DATA, "output paths are not in ascending order");
        rc = check_blob(&e->out[i].blob, "out", err);
    }
    return rc;
}

static void add_hash(const struct og_hash *h, struct og_buf *out)
{
    og_buf_adds(out, "\"sha256\":\"");
    og_buf_add_hex(out, h->b, sizeof h->b);
    og_buf_adds(out, "\"}");
}

static void add_stream(const char *name, const struct og_result_blob *b, struct og_buf *out)
{
    og_buf_addf(out, ",\"%s\":{\"bytes\":%" PRIu64 ",", name, b->bytes);
    add_hash(&b->sha256, out);
}

enum og_rc og_result_leaf(const struct og_result_element *e, struct og_buf *out, struct og_err *err)
{
    enum og_rc rc = check_element(e, err);
    if (rc != OG_OK)
        return rc;
    og_buf_addf(out, "{\"exit\":%" PRIu32 ",\"index\":%" PRIu64 ",\"out\":[", e->exit, e->index);
    for (size_t i = 0; i < e->out_n; i++) {
        const struct og_result_out *o = &e->out[i];
        og_buf_addf(out, "%s{\"bytes\":%" PRIu64 ",\"path\":", i > 0 ? "," : "", o->blob.bytes);
        og_json_canon_string(o->path, strlen(o->path), out);
        og_buf_addc(out, ',');
        add_hash(&o->blob.sha256, out);
    }
    og_buf_addc(out, ']');
    add_stream("stderr", &e->stderr_blob, out);
    add_stream("stdout", &e->stdout_blob, out);
    og_buf_addc(out, '}');
    return OG_OK;
}

struct og_hash og_result_leaf_hash(const void *p, size_t n)
{
    return og_merkle_leaf(p, n);
}

static enum og_rc get_blob(const json_t *o, struct og_result_blob *b, struct og_err *err)
{
    enum og_rc rc = og_json_u64(o, "bytes", OG_RESULT_INT_MAX, &b->bytes, err);
    if (rc == OG_OK)
        rc = og_json_hex(o, "sha256", b->sha256.b, sizeof b->sha256.b, err);
    return rc;
}

static enum og_rc get_stream(const json_t *o, const char *key, struct og_result_blob *b,
                             struct og_err *err)
{
    static const char *const keys[] = {"bytes", "sha256", NULL};
    const json_t *v;
    enum og_rc rc = og_json_obj(o, key, &v, err);
    if (rc == OG_OK)
        rc = og_json_only(v, keys, err);
    if (rc == OG_OK)
        rc = get_blob(v, b, err);
    return rc;
}

static enum og_rc get_outs(const json_t *arr, struct og_result_element *e, struct og_err *err)
{
    static const char *const keys[] = {"bytes", "path", "sha256", NULL};
    size_t n = json_array_size(arr);
    enum og_rc rc = OG_OK;
    e->out = og_xcalloc(n + 1, sizeof *e->out);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        const json_t *v = json_array_get(arr, i);
        const char *path;
        if (!json_is_object(v))
            return og_err_set(err, OG_E_DATA, "'out' must hold objects");
        rc = og_json_only(v, keys, err);
        if (rc == OG_OK)
            rc = og_json_str(v, "path", PATH_MAX_BYTES, &path, err);
        if (rc == OG_OK)
            rc = get_blob(v, &e->out[i].blob, err);
        if (rc == OG_OK) {
            e->out[i].path = og_xstrdup(path);
            e->out_n = i + 1;
        }
    }
    return rc;
}

static enum og_rc get_element(const json_t *o, struct og_result_element *e, struct og_err *err)
{
    static const char *const keys[] = {"exit", "index", "out", "stderr", "stdout", NULL};
    const json_t *arr;
    uint64_t status = 0;
    enum og_rc rc;
    if (!json_is_object(o))
        return og_err_set(err, OG_E_DATA, "a leaf must be an object");
    rc = og_json_only(o, keys, err);
    if (rc == OG_OK)
        rc = og_json_u64(o, "exit", EXIT_MAX, &status, err);
    e->exit = (uint32_t)status;
    if (rc == OG_OK)
        rc = og_json_u64(o, "index", OG_RESULT_INT_MAX, &e->index, err);
    if (rc == OG_OK)
        rc = get_stream(o, "stderr", &e->stderr_blob, err);
    if (rc == OG_OK)
        rc = get_stream(o, "stdout", &e->stdout_blob, err);
    if (rc == OG_OK)
        rc = og_json_arr(o, "out", OG_RESULT_OUT_MAX, &arr, err);
    if (rc == OG_OK)
        rc = get_outs(arr, e, err);
    if (rc == OG_OK)
        rc = check_element(e, err);
    return rc;
}

enum og_rc og_result_parse(const char *s, size_t n, struct og_result_element *out,
                           struct og_err *err)
{
    json_t *o;
    enum og_rc rc;
    memset(out, 0, sizeof *out);
    if (n > OG_RESULT_LEAF_MAX)
        return og_err_set(err, OG_E_DATA, "a leaf of %zu bytes is too long", n);
    rc = og_json_parse_canon(s, n, &o, err);
    if (rc != OG_OK)
        return rc;
    rc = get_element(o, out, err);
    json_decref(o);
    if (rc != OG_OK)
        og_result_release(out);
    return rc;
}

void og_result_release(struct og_result_element *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->out_n; i++)
        free(e->out[i].path);
    free(e->out);
    memset(e, 0, sizeof *e);
}

size_t og_result_kernel_count(size_t rows)
{
    return rows / OG_RESULT_ROWS_LEAF + (rows % OG_RESULT_ROWS_LEAF != 0);
}

struct og_hash og_result_kernel_leaf(const void *p, size_t rows, size_t row_bytes, size_t i)
{
    size_t first = i * OG_RESULT_ROWS_LEAF;
    size_t n = og_min_u64(rows - first, OG_RESULT_ROWS_LEAF);
    return og_merkle_leaf((const uint8_t *)p + first * row_bytes, n * row_bytes);
}

void og_result_kernel_leaves(const void *p, size_t rows, size_t row_bytes, struct og_hash *out)
{
    for (size_t i = 0; i < og_result_kernel_count(rows); i++)
        out[i] = og_result_kernel_leaf(p, rows, row_bytes, i);
}
