/* work_folder.c - the folder of a job that runs elsewhere: written, and its result taken back. */
#include "work/work_folder.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "store/store_blob.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool og_folder_has(const char *dir, const char *name)
{
    char *path = og_io_join(dir, name);
    bool there = og_io_exists(path);
    free(path);
    return there;
}

enum og_rc og_folder_mark(const char *dir, const char *name, const char *text, struct og_err *err)
{
    char *path = og_io_join(dir, name);
    enum og_rc rc = og_io_write_atomic(path, text, strlen(text), 0600, OG_IO_REPLACE, err);
    free(path);
    return rc;
}

/* A blob of the state under the same name in the folder: a link where that can be, else a copy. */
static enum og_rc bring(const char *state_dir, const char *dir, const struct og_hash *h,
                        struct og_err *err)
{
    char *from = og_blob_path(state_dir, h);
    char *to = og_blob_path(dir, h);
    char *parent = og_xstrndup(to, (size_t)(strrchr(to, '/') - to));
    struct og_hash got;
    uint64_t bytes;
    enum og_rc rc = og_io_mkdirs(parent, 0700, err);
    if (rc == OG_OK && link(from, to) < 0 && errno != EEXIST) {
        rc = og_blob_put_file(dir, from, false, &got, &bytes, err);
        if (rc == OG_OK && memcmp(got.b, h->b, OG_HASH_LEN) != 0)
            rc = og_err_set(err, OG_E_DATA, "'%s' is damaged", from);
    }
    free(parent);
    free(from);
    free(to);
    return rc;
}

static enum og_rc write_line(const char *dir, const char *name, json_t *o, struct og_err *err)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    enum og_rc rc = text ? og_folder_mark(dir, name, text, err)
                         : og_err_set(err, OG_E_INTERNAL, "cannot write '%s'", name);
    free(text);
    return rc;
}

enum og_rc og_folder_write(const char *dir, const struct og_work_job *w,
                           const struct og_work_how *how, uint64_t wait_ms, struct og_err *err)
{
    char *blobs = og_blob_dir(dir);
    enum og_rc made = og_io_mkdirs(blobs, 0700, err);
    free(blobs);
    if (made != OG_OK)
        return made;
    for (size_t i = 0; i < w->spec.n_in; i++)
        OG_TRY(bring(w->state_dir, dir, &w->spec.in[i].sha256, err));
    if (w->spec.root.path)
        OG_TRY(bring(w->state_dir, dir, &w->spec.root.sha256, err));
    json_t *o = json_pack(
        "{s:I, s:I, s:I, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}",
        "grace_ms", (json_int_t)how->grace_ms, "out_max", (json_int_t)how->out_max, "scratch_max",
        (json_int_t)how->scratch_max, "kind", "job", "v", 1, "cores", (json_int_t)w->task.cores,
        "count", (json_int_t)w->lease.count, "cuda", (json_int_t)how->cuda, "first",
        (json_int_t)w->lease.first, "lease", (json_int_t)w->lease.id, "limit_ms",
        (json_int_t)(how->limit_ms ? how->limit_ms : w->task.limit_ms), "mem_bytes",
        (json_int_t)w->task.mem_bytes, "sandbox", (json_int_t)how->sandbox, "task",
        (json_int_t)w->task.id, "uid", (json_int_t)how->uid, "wait_ms", (json_int_t)wait_ms, "spec",
        w->spec.json);
    enum og_rc rc = write_line(dir, "job", o, err);
    json_decref(o);
    return rc;
}

enum og_rc og_folder_write_bench(const char *dir, const uint8_t seed[32], uint64_t bench_ms,
                                 struct og_err *err)
{
    OG_TRY(og_io_mkdirs(dir, 0700, err));
    json_t *o = json_pack("{s:s, s:i, s:I, s:o}", "kind", "bench", "v", 1, "bench_ms",
                          (json_int_t)bench_ms, "seed", og_json_new_hex(seed, 32));
    enum og_rc rc = write_line(dir, "job", o, err);
    json_decref(o);
    return rc;
}

static enum og_rc parse_work(const json_t *o, struct og_folder_job *out, struct og_err *err)
{
    const uint64_t most = (uint64_t)1 << 53;
    struct og_work_job *w = &out->work;
    uint64_t sandbox, cuda, uid;
    const json_t *spec;
    OG_TRY(og_json_u64(o, "cores", most, &w->task.cores, err));
    OG_TRY(og_json_u64(o, "count", UINT32_MAX, &w->lease.count, err));
    OG_TRY(og_json_u64(o, "first", UINT32_MAX, &w->lease.first, err));
    OG_TRY(og_json_u64(o, "lease", most, &w->lease.id, err));
    OG_TRY(og_json_u64(o, "limit_ms", most, &w->task.limit_ms, err));
    OG_TRY(og_json_u64(o, "mem_bytes", most, &w->task.mem_bytes, err));
    OG_TRY(og_json_u64(o, "task", most, &w->task.id, err));
    OG_TRY(og_json_u64(o, "wait_ms", most, &out->wait_ms, err));
    OG_TRY(og_json_u64(o, "sandbox", OG_SANDBOX_BWRAP, &sandbox, err));
    OG_TRY(og_json_u64(o, "cuda", OG_CUDA_GPU, &cuda, err));
    OG_TRY(og_json_u64(o, "uid", INT32_MAX, &uid, err));
    OG_TRY(og_json_obj(o, "spec", &spec, err));
    OG_TRY(og_json_u64_or(o, "grace_ms", most, 0, &out->how.grace_ms, err));
    OG_TRY(og_json_u64_or(o, "out_max", most, 0, &out->how.out_max, err));
    OG_TRY(og_json_u64_or(o, "scratch_max", most, 0, &out->how.scratch_max, err));
    out->how.sandbox = (enum og_sandbox)sandbox;
    out->how.cuda = (enum og_cuda_where)cuda;
    out->how.uid = (uid_t)uid;
    out->how.net = out->how.keep = out->how.nosync = true;
    w->task.count = w->lease.count;
    char *text = json_dumps(spec, JSON_COMPACT);
    enum og_rc rc = text ? og_spec_parse(text, strlen(text), &w->spec, err)
                         : og_err_set(err, OG_E_DATA, "'spec' cannot be read");
    free(text);
    w->loaded = rc == OG_OK;
    out->nodes = og_max_u64(1, w->spec.nodes);
    return rc;
}

enum og_rc og_folder_job_parse(const char *s, size_t n, struct og_folder_job *out,
                               struct og_err *err)
{
    json_error_t je;
    const char *kind;
    memset(out, 0, sizeof *out);
    if (n > OG_FOLDER_JOB_MAX)
        return og_err_set(err, OG_E_DATA, "a job longer than %zu bytes", OG_FOLDER_JOB_MAX);
    json_t *o = json_loadb(s, n, JSON_REJECT_DUPLICATES, &je);
    enum og_rc rc = json_is_object(o) ? og_json_str(o, "kind", 16, &kind, err)
                                      : og_err_set(err, OG_E_DATA, "not a JSON object");
    out->is_bench = rc == OG_OK && strcmp(kind, "bench") == 0;
    if (rc == OG_OK && !out->is_bench && strcmp(kind, "job") != 0)
        rc = og_err_set(err, OG_E_DATA, "'kind' must be job or bench");
    if (rc == OG_OK && out->is_bench) {
        rc = og_json_hex(o, "seed", out->seed, sizeof out->seed, err);
        if (rc == OG_OK)
            rc = og_json_u64(o, "bench_ms", 60000, &out->bench_ms, err);
    } else if (rc == OG_OK) {
        rc = parse_work(o, out, err);
    }
    if (rc != OG_OK)
        og_work_job_release(&out->work);
    json_decref(o);
    return rc;
}

static bool read_why(const char *s, enum og_job_why *out)
{
    for (int i = OG_JOB_DONE; i <= OG_JOB_NODE_FAULT; i++)
        if (strcmp(s, og_job_why_name((enum og_job_why)i)) == 0) {
            *out = (enum og_job_why)i;
            return true;
        }
    return false;
}

enum og_rc og_folder_status_parse(const char *s, size_t n, struct og_folder_status *out,
                                  struct og_err *err)
{
    json_error_t je;
    const char *why = NULL;
    const char *sentence = NULL;
    const uint64_t most = (uint64_t)1 << 53;
    memset(out, 0, sizeof *out);
    if (n > OG_FOLDER_STATUS_MAX)
        return og_err_set(err, OG_E_DATA, "a status longer than %d bytes", OG_FOLDER_STATUS_MAX);
    json_t *o = json_loadb(s, n, JSON_REJECT_DUPLICATES, &je);
    enum og_rc rc = json_is_object(o) ? og_json_u64(o, "done", UINT32_MAX, &out->done, err)
                                      : og_err_set(err, OG_E_DATA, "not a JSON object");
    if (rc == OG_OK)
        rc = og_json_u64(o, "exits", 255, &out->exits, err);
    if (rc == OG_OK)
        rc = og_json_u64(o, "run_ms", most, &out->run_ms, err);
    if (rc == OG_OK)
        rc = og_json_u64_or(o, "mflops_per_s", most, 0, &out->mflops_per_s, err);
    if (rc == OG_OK)
        rc = og_json_str(o, "why", 16, &why, err);
    if (rc == OG_OK && !read_why(why, &out->why))
        rc = og_err_set(err, OG_E_DATA, "'why' is none of ours");
    if (rc == OG_OK)
        rc = og_json_str(o, "sentence", OG_ERR_MAX - 1, &sentence, err);
    if (rc == OG_OK)
        snprintf(out->sentence, sizeof out->sentence, "%s", sentence);
    json_decref(o);
    return rc;
}

enum og_rc og_folder_status(const char *dir, struct og_folder_status *out, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    char *path = og_io_join(dir, "status");
    memset(out, 0, sizeof *out);
    enum og_rc rc = og_io_read_file(path, OG_FOLDER_STATUS_MAX, &text, err);
    if (rc == OG_OK)
        rc = og_folder_status_parse(text.p ? text.p : "", text.len, out, err);
    og_buf_release(&text);
    rc = rc == OG_OK ? OG_OK : og_err_wrap(err, rc, "'%s'", path);
    free(path);
    return rc;
}

/* A blob that the job made goes among the state's; empty ones need none. */
static enum og_rc take(const char *dir, const char *state_dir, const struct og_result_blob *b,
                       bool sync, struct og_err *err)
{
    struct og_hash got;
    uint64_t bytes;
    if (!b->bytes || og_blob_has(state_dir, &b->sha256))
        return OG_OK;
    char *path = og_blob_path(dir, &b->sha256);
    enum og_rc rc = og_blob_put_file(state_dir, path, sync, &got, &bytes, err);
    if (rc == OG_OK && (bytes != b->bytes || memcmp(got.b, b->sha256.b, OG_HASH_LEN) != 0))
        rc = og_err_set(err, OG_E_DATA, "'%s' is not what its name says", path);
    free(path);
    return rc;
}

static enum og_rc take_line(const char *dir, const char *state_dir, const char *s, size_t n,
                            bool sync, struct og_err *err)
{
    struct og_result_element e;
    OG_TRY(og_result_parse(s, n, &e, err));
    enum og_rc rc = take(dir, state_dir, &e.stdout_blob, sync, err);
    if (rc == OG_OK)
        rc = take(dir, state_dir, &e.stderr_blob, sync, err);
    for (size_t i = 0; rc == OG_OK && i < e.out_n; i++)
        rc = take(dir, state_dir, &e.out[i].blob, sync, err);
    og_result_release(&e);
    return rc;
}

static enum og_rc take_all(const char *dir, const struct og_work_job *w, struct og_buf *lines,
                           uint64_t *n, struct og_err *err)
{
    char *path = og_io_join(dir, "manifest");
    enum og_rc rc = og_io_read_file(path, OG_SPEC_BLOB_MAX, lines, err);
    free(path);
    *n = 0;
    for (size_t at = 0; rc == OG_OK && at < lines->len; (*n)++) {
        const char *s = lines->p + at;
        const char *nl = memchr(s, '\n', lines->len - at);
        size_t len = nl ? (size_t)(nl - s) : lines->len - at;
        rc = take_line(dir, w->state_dir, s, len, w->lease.count <= 4, err);
        at += len + 1;
    }
    return rc;
}

void og_folder_read(const char *dir, const struct og_work_job *w, struct og_work_result *r)
{
    struct og_err err = {0};
    struct og_folder_status st;
    struct og_buf lines = OG_BUF_INIT;
    struct og_hash manifest;
    uint64_t n = 0;
    enum og_rc rc = og_folder_status(dir, &st, &err);
    r->why = OG_JOB_NODE_FAULT;
    if (rc == OG_OK && st.done)
        rc = take_all(dir, w, &lines, &n, &err);
    if (rc == OG_OK && (n != st.done || n > w->lease.count))
        rc =
            og_err_set(&err, OG_E_DATA, "%" PRIu64 " results for %" PRIu64 " elements", n, st.done);
    if (rc == OG_OK)
        rc = og_blob_put(w->state_dir, lines.p, lines.len, false, &manifest, &err);
    if (rc == OG_OK)
        rc = og_work_reread(w, &manifest, &r->leaf, &r->n, &r->root, &r->manifest, &err);
    if (rc == OG_OK) {
        r->done = st.done;
        r->exits = st.exits;
        r->run_ms = st.run_ms;
        r->why = st.why;
        r->stored = st.done > 0;
        snprintf(r->sentence, sizeof r->sentence, "%s", st.sentence);
    } else {
        snprintf(r->sentence, sizeof r->sentence, "the cluster's result: %.600s", err.msg);
    }
    og_buf_release(&lines);
}
