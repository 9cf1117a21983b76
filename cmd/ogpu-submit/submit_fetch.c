/* submit_fetch.c - --fetch: outputs of a task by their paths, or its streams; every hash checked.
 */
#include "submit.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "check/check_kernel.h"
#include "check/check_result.h"
#include "cli/cli_table.h"
#include "model/model_records.h"
#include "store/store_row.h"
#include "json/json_get.h"
#include "json/json_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fetch {
    struct og_submit *s;
    const struct og_submit_options *o;
    uint64_t task, index0;
    const json_t *named;                /* the outputs that the task names */
    const struct og_kernel_def *kernel; /* NULL: it is no built-in one */
    bool folders;                       /* a folder per element */
    uint64_t missing;                   /* named outputs that elements did not make */
    uint64_t missing_of;                /* the first element of them, and the output */
    const char *missing_path;
    struct og_table *table;
};

static enum og_rc folder_of(const char *path, struct og_err *err)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? og_xstrndup(path, (size_t)(slash - path)) : NULL;
    enum og_rc rc = dir && *dir ? og_io_mkdirs(dir, 0777, err) : OG_OK;
    if (rc != OG_OK)
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot make the folder '%s'", dir);
    free(dir);
    return rc;
}

static enum og_rc is_there(const char *path, struct og_err *err)
{
    return og_err_set(err, OG_E_CANTCREATE, "'%s' is there already; --force replaces it", path);
}

static enum og_rc write_output(struct fetch *f, const char *path, const struct og_result_blob *b,
                               struct og_err *err)
{
    if (!f->o->force && og_io_taken(path))
        return is_there(path, err);
    OG_TRY(folder_of(path, err));
    const char *slash = strrchr(path, '/');
    char *dir = slash ? og_xstrndup(path, (size_t)(slash - path)) : og_xstrdup(".");
    struct og_io_temp t;
    enum og_rc rc = og_io_temp_open(dir, 0644, &t, err);
    free(dir);
    if (rc != OG_OK)
        return rc;
    rc = og_blob_stream(f->s->state_dir, &b->sha256, b->bytes, 0, t.fd, err);
    if (rc != OG_OK) {
        og_io_temp_discard(&t);
        return rc;
    }
    return og_io_temp_commit(&t, path, f->o->force ? OG_IO_NOSYNC : OG_IO_NOSYNC | OG_IO_NOCLOBBER,
                             err);
}

static enum og_rc report(struct fetch *f, uint64_t index, const struct og_result_out *out,
                         const char *path, struct og_err *err)
{
    if (f->table) {
        og_table_cellf(f->table, "%" PRIu64, index);
        og_table_cellf(f->table, "%" PRIu64, out->blob.bytes);
        og_table_cell(f->table, path);
        return OG_OK;
    }
    json_t *o = json_pack("{s:s, s:i, s:I, s:I, s:I, s:s, s:o}", "kind", "output", "v", 1, "task",
                          (json_int_t)f->task, "index", (json_int_t)index, "bytes",
                          (json_int_t)out->blob.bytes, "path", path, "sha256",
                          og_json_new_hex(out->blob.sha256.b, OG_HASH_LEN));
    enum og_rc rc = o ? og_jsonl_write(stdout, o, err)
                      : og_err_set(err, OG_E_INTERNAL, "cannot pack an output");
    json_decref(o);
    return rc;
}

/* A worker may send anything; what was not asked for is not written. */
static bool is_named(const struct fetch *f, const char *path)
{
    size_t n = json_array_size(f->named);
    for (size_t i = 0; i < n; i++)
        if (strcmp(json_string_value(json_array_get(f->named, i)), path) == 0)
            return true;
    for (size_t i = 0; n == 0 && f->kernel && i < OG_KERNEL_FILES_MAX; i++)
        if (f->kernel->out_name[i] && strcmp(path, f->kernel->out_name[i]) == 0)
            return true;
    return false;
}

/* Where an output goes. */
static struct og_buf place_of(const struct fetch *f, uint64_t index, const char *out)
{
    struct og_buf path = OG_BUF_INIT;
    if (f->o->dir)
        og_buf_addf(&path, "%s/", f->o->dir);
    if (f->folders)
        og_buf_addf(&path, "%" PRIu64 "/", index);
    og_buf_adds(&path, out);
    return path;
}

/* Nothing is written when the place of one output is taken. */
static enum og_rc check_places(void *ctx, uint64_t lease, const struct og_result_element *e,
                               struct og_err *err)
{
    struct fetch *f = ctx;
    (void)lease;
    for (size_t i = 0; i < e->out_n; i++) {
        struct og_buf path = place_of(f, f->index0 + e->index, e->out[i].path);
        bool taken = is_named(f, e->out[i].path) && og_io_taken(path.p);
        enum og_rc rc = taken ? is_there(path.p, err) : OG_OK;
        og_buf_release(&path);
        OG_TRY(rc);
    }
    return OG_OK;
}

static void note_missing(struct fetch *f, const struct og_result_element *e)
{
    for (size_t k = 0; k < json_array_size(f->named); k++) {
        const char *path = json_string_value(json_array_get(f->named, k));
        size_t i = 0;
        while (i < e->out_n && strcmp(e->out[i].path, path) != 0)
            i++;
        if (i < e->out_n)
            continue;
        if (f->missing++ == 0) {
            f->missing_of = f->index0 + e->index;
            f->missing_path = path;
        }
    }
}

static enum og_rc fetch_files(void *ctx, uint64_t lease, const struct og_result_element *e,
                              struct og_err *err)
{
    struct fetch *f = ctx;
    uint64_t index = f->index0 + e->index;
    (void)lease;
    note_missing(f, e);
    for (size_t i = 0; i < e->out_n; i++) {
        if (!is_named(f, e->out[i].path))
            continue;
        struct og_buf path = place_of(f, index, e->out[i].path);
        enum og_rc rc = write_output(f, path.p, &e->out[i].blob, err);
        if (rc == OG_OK)
            rc = report(f, index, &e->out[i], path.p, err);
        og_buf_release(&path);
        if (rc != OG_OK)
            return rc;
    }
    return OG_OK;
}

static enum og_rc fetch_streams(void *ctx, uint64_t lease, const struct og_result_element *e,
                                struct og_err *err)
{
    struct fetch *f = ctx;
    const char *dir = f->s->state_dir;
    (void)lease;
    OG_TRY(
        og_blob_stream(dir, &e->stdout_blob.sha256, e->stdout_blob.bytes, 0, STDOUT_FILENO, err));
    return og_blob_stream(dir, &e->stderr_blob.sha256, e->stderr_blob.bytes, 0, STDERR_FILENO, err);
}

static enum og_rc say_part(void *ctx, const struct og_result_out *o, const char *path,
                           struct og_err *err)
{
    return report(ctx, 0, o, path, err);
}

/* A CUDA task in parts: whole files, and only when all parts are there. */
static enum og_rc fetch_parts(struct fetch *f, const struct og_task *t, const json_t *spec,
                              struct og_err *err)
{
    struct og_parts *p;
    uint64_t next;
    OG_TRY(og_parts_open(f->s, spec, f->o->dir, f->o->force, &p, err));
    enum og_rc rc = og_results_from(f->s, t->id, 0, og_parts_add, p, &next, err);
    if (rc == OG_OK && next < t->count)
        rc = og_err_set(err, OG_NO, "task %" PRIu64 " is %s: part %" PRIu64 " has no result", t->id,
                        og_task_state_names[t->state], next);
    if (rc == OG_OK)
        rc = og_parts_finish(p, f->o->force, say_part, f, err);
    og_parts_close(p);
    return rc;
}

static enum og_rc fetch_elements(struct fetch *f, const struct og_task *t, struct og_err *err)
{
    json_t *spec;
    uint64_t next;
    OG_TRY(og_task_spec(f->s->state_dir, &t->spec, t->line, &spec, err));
    f->named = json_object_get(spec, "out");
    const char *kernel = json_string_value(json_object_get(spec, "kernel"));
    f->kernel = kernel ? og_kernel_find(kernel) : NULL;
    f->index0 = (uint64_t)json_integer_value(json_object_get(spec, "index0"));
    f->folders = t->count > 1 || f->index0 > 0;
    if (!f->o->to_stdout &&
        json_integer_value(json_object_get(json_object_get(spec, "cuda"), "parts")) > 0) {
        enum og_rc part_rc = fetch_parts(f, t, spec, err);
        json_decref(spec);
        return part_rc;
    }
    enum og_rc rc = OG_OK;
    if (!f->o->to_stdout && !f->o->force)
        rc = og_results_from(f->s, t->id, 0, check_places, f, &next, err);
    if (rc == OG_OK)
        rc = og_results_from(f->s, t->id, 0, f->o->to_stdout ? fetch_streams : fetch_files, f,
                             &next, err);
    if (rc == OG_OK && f->missing)
        rc = og_err_set(err, OG_NO, "task %" PRIu64 ": element %" PRIu64 " made no file '%.200s'%s",
                        t->id, f->missing_of, f->missing_path,
                        f->missing > 1 ? ", and there are more" : "");
    else if (rc == OG_OK && next < t->count)
        rc = og_err_set(err, OG_NO, "task %" PRIu64 " is %s: element %" PRIu64 " has no result",
                        t->id, og_task_state_names[t->state], f->index0 + next);
    json_decref(spec);
    return rc;
}

static enum og_rc fetch_task(struct fetch *f, struct og_err *err)
{
    struct og_task t = {.id = f->task};
    OG_TRY(og_row_need(f->s->store, OG_F_TASK, &t, err));
    enum og_rc rc = fetch_elements(f, &t, err);
    og_row_release(&og_families[OG_F_TASK], &t);
    return rc;
}

enum og_rc og_submit_fetch(const struct og_submit_options *o, struct og_err *err)
{
    struct og_submit s;
    uint64_t number;
    bool by_number = og_parse_u64(o->fetch, INT64_MAX, &number);
    OG_TRY(og_submit_open(o, by_number ? OG_NEED_READ : OG_NEED_KEY, &s, err));
    struct fetch f = {.s = &s, .o = o};
    enum og_rc rc = og_submit_find_task(&s, o->fetch, strlen(o->fetch), &f.task, err);
    if (o->common.human && !o->to_stdout) {
        f.table = og_table_new(3);
        og_table_head(f.table, 0, "INDEX", true);
        og_table_head(f.table, 1, "BYTES", true);
        og_table_head(f.table, 2, "PATH", false);
    }
    if (rc == OG_OK)
        rc = fetch_task(&f, err);
    if (f.table)
        og_table_print(f.table, og_table_width(stdout), stdout);
    og_table_free(f.table);
    og_submit_close(&s);
    return rc;
}
