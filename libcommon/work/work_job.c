/* work_job.c - runs the elements of a lease and builds the tree of their results. */
#include "work/work_job.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "crypto/crypto_merkle.h"
#include "exec/exec_kernel_gpu.h"
#include "exec/exec_sandbox.h"
#include "store/store_blob.h"
#include "store/store_row.h"
#include "work/work_image.h"
#include "work/work_kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *og_work_state_dir(char *dir)
{
    char *abs = realpath(dir, NULL);
    if (!abs)
        return dir;
    free(dir);
    return abs;
}

static enum og_rc load_rows(struct og_store *st, uint64_t lease, struct og_work_job *w,
                            struct og_err *err)
{
    struct og_node node = {0};
    w->lease.id = lease;
    OG_TRY(og_row_need(st, OG_F_LEASE, &w->lease, err));
    w->task.id = w->lease.task;
    OG_TRY(og_row_need(st, OG_F_TASK, &w->task, err));
    w->slot.node = w->lease.node;
    w->slot.idx = w->lease.slot;
    OG_TRY(og_row_need(st, OG_F_SLOT, &w->slot, err));
    node.id = w->lease.node;
    OG_TRY(og_row_need(st, OG_F_NODE, &node, err));
    w->node_owner = node.owner;
    og_row_release(&og_families[OG_F_NODE], &node);
    w->own = og_addr_eq(&w->node_owner, &w->task.owner);
    return OG_OK;
}

enum og_rc og_work_job_load(struct og_store *st, uint64_t lease, struct og_work_job *out,
                            struct og_err *err)
{
    memset(out, 0, sizeof *out);
    out->state_dir = og_xstrdup(og_store_dir(st));
    enum og_rc rc = load_rows(st, lease, out, err);
    if (rc != OG_OK)
        og_work_job_release(out);
    return rc;
}

void og_work_job_release(struct og_work_job *w)
{
    if (!w)
        return;
    og_row_release(&og_families[OG_F_LEASE], &w->lease);
    og_row_release(&og_families[OG_F_TASK], &w->task);
    og_spec_release(&w->spec);
    free(w->state_dir);
    memset(w, 0, sizeof *w);
}

/* The kernel that the chain shows must be the one of the spec: work was computed from it. */
static enum og_rc same_kernel(const struct og_work_job *w, struct og_err *err)
{
    const char *shown = w->task.kernel ? w->task.kernel : "";
    if (!w->spec.kernel)
        return shown[0] ? og_err_set(err, OG_E_DATA, "the chain shows a kernel, the spec none")
                        : OG_OK;
    struct og_kernel a;
    struct og_kernel b;
    OG_TRY(og_work_kernel(w, &a, err));
    if (!shown[0] && w->task.is_private)
        return OG_OK;
    json_t *o = json_loads(shown, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(o, "name"));
    enum og_rc rc = og_kernel_parse(name ? name : "", json_object_get(o, "args"), &b, err);
    json_decref(o);
    if (rc == OG_OK && !og_kernel_same(&a, &b))
        rc = og_err_set(err, OG_E_DATA, "spec and chain name different kernels");
    return rc;
}

enum og_rc og_work_job_spec(struct og_work_job *w, struct og_spec_cache *cache, struct og_err *err)
{
    OG_TRY(og_spec_load(cache, &w->task.spec, w->task.line, &w->spec, err));
    w->loaded = true;
    if (w->spec.cuda.parts && w->spec.cuda.parts != w->task.count)
        return og_err_set(err, OG_E_DATA, "spec and chain name different numbers of parts");
    return same_kernel(w, err);
}

void og_work_result_release(struct og_work_result *r)
{
    if (!r)
        return;
    free(r->leaf);
    og_buf_release(&r->manifest);
    memset(r, 0, sizeof *r);
}

static bool kernel_of(const struct og_work_job *w, struct og_kernel *k)
{
    struct og_err ignored;
    return w->spec.kernel && og_work_kernel(w, k, &ignored) == OG_OK;
}

uint64_t og_work_blocks(const struct og_work_job *w)
{
    struct og_kernel k;
    return kernel_of(w, &k) ? og_kernel_leaves(&k) : 0;
}

uint64_t og_work_leaves(const struct og_work_job *w)
{
    uint64_t blocks = og_work_blocks(w);
    return w->lease.count * (blocks ? blocks : 1);
}

#define TOLD 7 /* variables that a job is told */

static struct og_job_in *inputs_of(const struct og_work_job *w)
{
    struct og_job_in *in = og_xcalloc(w->spec.n_in + 1, sizeof *in);
    for (size_t i = 0; i < w->spec.n_in; i++) {
        const struct og_spec_in *s = &w->spec.in[i];
        in[i] = (struct og_job_in){s->path, og_blob_path(w->state_dir, &s->sha256), s->executable};
    }
    return in;
}

static void free_inputs(struct og_job_in *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free((void *)(uintptr_t)in[i].src);
    free(in);
}

/* The spec's environment, then what every job is told, then what this machine adds. */
static const char **environment(const struct og_work_job *w, const struct og_work_how *how,
                                uint64_t index, char told[TOLD][128])
{
    size_t more = 0;
    while (how->env && how->env[more])
        more++;
    const char **env = og_xcalloc(w->spec.n_env + TOLD + more + 1, sizeof *env);
    size_t n = 3;
    for (size_t i = 0; i < w->spec.n_env; i++)
        env[i] = w->spec.env[i];
    snprintf(told[0], 128, "OGPU_INDEX=%" PRIu64, w->spec.base + index);
    snprintf(told[1], 128, "OGPU_FIRST=%" PRIu64, w->spec.base + w->lease.first);
    snprintf(told[2], 128, "OGPU_TASK=%" PRIu64, w->task.id);
    if (how->devices && how->gpu) {
        snprintf(told[n++], 128, "CUDA_VISIBLE_DEVICES=%s", how->gpu);
        snprintf(told[n++], 128, "CUDA_CACHE_PATH=/tmp/.nv");
        if (how->gpu_ppm && how->gpu_ppm < OG_PPM) /* heard where the owner runs CUDA's MPS */
            snprintf(told[n++], 128, "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE=%" PRIu64,
                     og_max_u64(how->gpu_ppm / 10000, 1));
        if (w->spec.root.path)
            snprintf(told[n++], 128, "LD_LIBRARY_PATH=" OG_SANDBOX_LIBS);
    }
    for (size_t i = 0; i < n; i++)
        env[w->spec.n_env + i] = told[i];
    for (size_t i = 0; i < more; i++)
        env[w->spec.n_env + n + i] = how->env[i];
    return env;
}

static struct og_job job_of(const struct og_work_job *w, const struct og_work_how *how,
                            const char *blob_dir)
{
    uint64_t cores = w->task.cores ? w->task.cores : w->slot.cores;
    return (struct og_job){
        .argv = w->spec.argv,
        .n_in = w->spec.n_in,
        .out = w->spec.out,
        .n_out = w->spec.n_out,
        .limit_ms = how->limit_ms ? how->limit_ms : w->task.limit_ms,
        .mem_bytes = w->task.mem_bytes ? w->task.mem_bytes : w->slot.mem_bytes,
        .out_bytes_max = how->out_max ? how->out_max : OG_WORK_OUT_MAX,
        .scratch_bytes_max = how->scratch_max,
        .net = how->net && w->spec.net,
        .devices = how->devices,
        .grace_ms = how->grace_ms,
        .cpu_ppm = how->cpu_ppm,
        .live = how->live,
        .cores = how->cores && (how->cores < cores || !cores) ? how->cores : cores,
        .sandbox = how->sandbox,
        .uid = how->uid,
        .scratch = how->scratch,
        .blob_dir = how->keep ? blob_dir : NULL,
        .fsync = how->keep && !how->nosync && w->lease.count <= 4,
        .stdout_fd = how->stdout_fd,
        .stderr_fd = how->stderr_fd,
    };
}

static void add_leaf(struct og_work_result *r, const struct og_hash *h)
{
    r->leaf = og_xgrow(r->leaf, &r->cap, r->n + 1, sizeof *r->leaf);
    r->leaf[r->n++] = *h;
}

/* The element of what ran; free its `out`. */
static struct og_result_element element_of(const struct og_job_result *res, uint64_t index)
{
    struct og_result_element e = {
        .index = index,
        .exit = (uint32_t)res->exit,
        .stdout_blob = {res->out.bytes, res->out.sha256},
        .stderr_blob = {res->err.bytes, res->err.sha256},
    };
    e.out = og_xcalloc(res->n_outs + 1, sizeof *e.out);
    for (size_t i = 0; i < res->n_outs; i++)
        if (res->outs[i].state == OG_OUT_OK)
            e.out[e.out_n++] = (struct og_result_out){(char *)(uintptr_t)res->outs[i].path,
                                                      {res->outs[i].bytes, res->outs[i].sha256}};
    og_result_sort(e.out, e.out_n);
    return e;
}

/* The leaf line of what ran. */
static enum og_rc add_line(const struct og_job_result *res, uint64_t index,
                           struct og_work_result *r, struct og_err *err)
{
    struct og_result_element e = element_of(res, index);
    r->stored = r->stored || e.out_n || res->out.bytes || res->err.bytes;
    size_t at = r->manifest.len;
    enum og_rc rc = og_result_leaf(&e, &r->manifest, err);
    free(e.out);
    if (rc != OG_OK)
        return rc;
    struct og_hash h = og_result_leaf_hash(r->manifest.p + at, r->manifest.len - at);
    og_buf_addc(&r->manifest, '\n');
    add_leaf(r, &h);
    return OG_OK;
}

/* Leaves of a kernel's outputs. */
static enum og_rc add_leaves(const struct og_work_job *w, const struct og_kernel *k,
                             const struct og_result_element *e, struct og_work_result *r,
                             struct og_err *err)
{
    struct og_hash *hash;
    enum og_rc rc = og_work_kernel_hash(w, k, e, &hash, err);
    for (uint64_t i = 0; rc == OG_OK && i < og_kernel_leaves(k); i++)
        add_leaf(r, &hash[i]);
    free(hash);
    return rc;
}

static enum og_rc run_kernel(const struct og_work_job *w, const struct og_work_how *how,
                             const struct og_job *job, uint64_t index, struct og_work_result *r,
                             struct og_job_result *res, const volatile sig_atomic_t *stop,
                             struct og_err *err)
{
    struct og_kernel k;
    OG_TRY(og_work_kernel(w, &k, err));
    char *dir = og_io_join(w->state_dir, "cuda");
    const struct og_kernel_place place = {how->cuda, dir, how->gpu};
    enum og_rc rc = og_exec_kernel_where(job, &k, &place, res, stop, err);
    free(dir);
    OG_TRY(rc);
    r->why = res->why;
    if (res->why != OG_JOB_DONE)
        return OG_OK;
    if (res->exit != 0) {
        r->why = OG_JOB_INPUT;
        return og_err_set(err, OG_E_DATA, "the inputs do not fit the kernel: %.*s",
                          (int)og_min_u64(res->err.bytes, 200), (const char *)res->err.text);
    }
    OG_TRY(add_line(res, index, r, err));
    r->n--; /* the line is for readers; the tree stands over the leaves of the outputs */
    struct og_result_element e = element_of(res, index);
    rc = add_leaves(w, &k, &e, r, err);
    free(e.out);
    return rc;
}

/* A CUDA kernel: res has one result, or one for each of the n parts. */
static enum og_rc run_cuda(const struct og_work_job *w, const struct og_work_how *how,
                           const struct og_job *job, const uint64_t *index, size_t n,
                           struct og_job_result *res, const volatile sig_atomic_t *stop,
                           struct og_err *err)
{
    char *dir = og_io_join(w->state_dir, "cuda");
    struct og_cuda_run run = {.cuda = &w->spec.cuda,
                              .dir = dir,
                              .where = how->cuda,
                              .gpu = how->gpu,
                              .index = w->spec.base + index[0],
                              .part = index,
                              .n_part = n};
    enum og_rc rc = og_exec_cuda(job, &run, res, stop, err);
    free(dir);
    return rc;
}

/* What the parts came to, in their order, up to the first that did not end by itself. */
static enum og_rc add_parts(const struct og_job_result *res, const uint64_t *index, size_t n,
                            struct og_work_result *r, struct og_err *err)
{
    for (size_t i = 0; i < n; i++) {
        r->why = res[i].why;
        if (r->why != OG_JOB_DONE)
            return OG_OK;
        OG_TRY(add_line(&res[i], index[i], r, err));
        r->exits = og_max_u64(r->exits, (uint64_t)res[i].exit);
        r->done++;
    }
    return OG_OK;
}

static enum og_rc run_cuda_parts(const struct og_work_job *w, const struct og_work_how *how,
                                 const uint64_t *index, size_t n, struct og_work_result *r,
                                 const volatile sig_atomic_t *stop, struct og_err *err)
{
    struct og_job_result *res = og_xcalloc(n, sizeof *res);
    char *blob_dir = og_blob_dir(w->state_dir);
    struct og_job_in *in = inputs_of(w);
    struct og_job job = job_of(w, how, blob_dir);
    job.in = in;
    enum og_rc rc = run_cuda(w, how, &job, index, n, res, stop, err);
    r->why = res[0].why;
    if (rc == OG_OK)
        rc = add_parts(res, index, n, r, err);
    if (rc != OG_OK && r->why == OG_JOB_DONE)
        r->why = OG_JOB_NODE_FAULT;
    for (size_t i = 0; i < n; i++)
        og_job_result_release(&res[i]);
    free(res);
    free_inputs(in, w->spec.n_in);
    free(blob_dir);
    return rc;
}

/* The job ends before its program starts, on every node in the same way: the shell's 126. */
static enum og_rc add_refused(const struct og_work_job *w, const struct og_work_how *how,
                              uint64_t index, struct og_work_result *r, struct og_err *err)
{
    struct og_job_result res = {.exit = 126, .out.sha256 = og_sha256("", 0)};
    struct og_buf text = OG_BUF_INIT;
    og_buf_addf(&text, "ogpu: %s\n", err->msg);
    res.err.bytes = text.len;
    res.err.sha256 = og_sha256(text.p, text.len);
    enum og_rc rc = OG_OK;
    if (how->stderr_fd > 0)
        rc = og_io_write_fd(how->stderr_fd, text.p, text.len, err);
    if (rc == OG_OK && how->keep)
        rc = og_blob_put(w->state_dir, text.p, text.len, true, &res.err.sha256, err);
    if (rc == OG_OK)
        rc = add_line(&res, index, r, err);
    og_buf_release(&text);
    r->why = rc == OG_OK ? OG_JOB_DONE : OG_JOB_NODE_FAULT;
    r->exits = og_max_u64(r->exits, (uint64_t)res.exit);
    return rc;
}

enum og_rc og_work_elements(const struct og_work_job *w, const struct og_work_how *how,
                            const uint64_t *index, size_t n, struct og_work_result *r,
                            const volatile sig_atomic_t *stop, struct og_err *err)
{
    r->why = OG_JOB_DONE;
    if (w->spec.cuda.parts && n > 0)
        return run_cuda_parts(w, how, index, n, r, stop, err);
    for (size_t i = 0; i < n; i++) {
        OG_TRY(og_work_element(w, how, index[i], r, stop, err));
        if (r->why != OG_JOB_DONE)
            break;
        r->done++;
    }
    return OG_OK;
}

enum og_rc og_work_element(const struct og_work_job *w, const struct og_work_how *how,
                           uint64_t index, struct og_work_result *r,
                           const volatile sig_atomic_t *stop, struct og_err *err)
{
    if (w->spec.nodes > 1 && !how->env) { /* a rank has one */
        r->why = OG_JOB_NODE_FAULT;
        return og_err_set(err, OG_E_UNAVAILABLE, "a program of %" PRIu64 " nodes takes a cluster",
                          w->spec.nodes);
    }
    if (w->spec.cuda.parts)
        return run_cuda_parts(w, how, &index, 1, r, stop, err);
    char told[TOLD][128];
    char *root = NULL;
    r->why = OG_JOB_NODE_FAULT;
    enum og_rc rc = w->spec.root.path ? og_work_image(w, how, &root, err) : OG_OK;
    if (rc == OG_E_DATA)
        return add_refused(w, how, index, r, err);
    OG_TRY(rc);
    struct og_job_result *res = og_xcalloc(1, sizeof *res);
    char *blob_dir = og_blob_dir(w->state_dir);
    struct og_job_in *in = inputs_of(w);
    const char **env = environment(w, how, index, told);
    struct og_job job = job_of(w, how, blob_dir);
    job.in = in;
    job.env = env;
    job.root = root;
    if (w->spec.kernel) {
        rc = run_kernel(w, how, &job, index, r, res, stop, err);
    } else {
        rc = w->spec.is_cuda ? run_cuda(w, how, &job, &index, 1, res, stop, err)
                             : og_exec_run(&job, res, stop, err);
        r->why = res->why;
        if (rc == OG_OK && res->why == OG_JOB_DONE)
            rc = add_line(res, index, r, err);
    }
    if (rc == OG_OK && r->why == OG_JOB_DONE && (uint64_t)res->exit > r->exits)
        r->exits = (uint64_t)res->exit;
    if (rc != OG_OK && r->why == OG_JOB_DONE)
        r->why = OG_JOB_NODE_FAULT;
    og_job_result_release(res);
    free(res);
    free_inputs(in, w->spec.n_in);
    free(env);
    free(blob_dir);
    free(root);
    return rc;
}

void og_work_run(const struct og_work_job *w, const struct og_work_how *how,
                 struct og_work_result *r, atomic_uint_least64_t *at,
                 const volatile sig_atomic_t *stop)
{
    struct og_err err = {0};
    uint64_t start_us = og_time_mono_us();
    r->why = OG_JOB_DONE;
    if (w->spec.cuda.parts) {
        uint64_t *all = og_xcalloc(w->lease.count + 1, sizeof *all);
        for (uint64_t i = 0; i < w->lease.count; i++)
            all[i] = w->lease.first + i;
        if (at)
            atomic_store(at, w->lease.first);
        (void)!run_cuda_parts(w, how, all, (size_t)w->lease.count, r, stop, &err);
        r->run_ms = (og_time_mono_us() - start_us + 999) / 1000;
        free(all);
    }
    for (uint64_t i = 0; !w->spec.cuda.parts && i < w->lease.count; i++) {
        if (at)
            atomic_store(at, w->lease.first + i);
        enum og_rc rc = og_work_element(w, how, w->lease.first + i, r, stop, &err);
        if (rc != OG_OK || r->why != OG_JOB_DONE)
            break;
        r->done++;
        r->run_ms = (og_time_mono_us() - start_us + 999) / 1000;
    }
    snprintf(r->sentence, sizeof r->sentence, "%s", err.msg);
    r->root = og_merkle_root(r->leaf, r->n);
}

enum og_rc og_work_manifest(const struct og_work_job *w, const struct og_work_result *r, bool sync,
                            struct og_hash *sha256, struct og_err *err)
{
    return og_blob_put(w->state_dir, r->manifest.p, r->manifest.len, sync, sha256, err);
}

static enum og_rc reread_line(const struct og_work_job *w, const char *s, size_t n,
                              struct og_work_result *r, struct og_err *err)
{
    struct og_kernel k;
    struct og_result_element e;
    if (!kernel_of(w, &k)) {
        struct og_hash h = og_result_leaf_hash(s, n);
        add_leaf(r, &h);
        return OG_OK;
    }
    OG_TRY(og_result_parse(s, n, &e, err));
    enum og_rc rc = add_leaves(w, &k, &e, r, err);
    og_result_release(&e);
    return rc;
}

enum og_rc og_work_reread(const struct og_work_job *w, const struct og_hash *manifest,
                          struct og_hash **leaf, size_t *n, struct og_hash *root,
                          struct og_buf *lines, struct og_err *err)
{
    struct og_work_result r = {0};
    *leaf = NULL;
    *n = 0;
    enum og_rc rc = og_blob_get(w->state_dir, manifest, OG_SPEC_BLOB_MAX, &r.manifest, err);
    for (size_t at = 0; rc == OG_OK && at < r.manifest.len;) {
        const char *s = r.manifest.p + at;
        const char *nl = memchr(s, '\n', r.manifest.len - at);
        size_t len = nl ? (size_t)(nl - s) : r.manifest.len - at;
        rc = reread_line(w, s, len, &r, err);
        at += len + 1;
    }
    *root = og_merkle_root(r.leaf, r.n);
    if (rc == OG_OK) {
        *leaf = r.leaf;
        *n = r.n;
        r.leaf = NULL;
        if (lines)
            og_buf_add(lines, r.manifest.p, r.manifest.len);
    }
    og_work_result_release(&r);
    return rc;
}
