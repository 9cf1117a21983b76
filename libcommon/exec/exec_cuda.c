/* exec_cuda.c - starts the runner for a compiled kernel and reads what became of each part. */
#include "exec/exec_cuda.h"

#include "base/base_buf.h"
#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_num.h"
#include "exec/exec_cuda_build.h"
#include "exec/exec_cuda_gpu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REPORT_MAX ((size_t)64 << 20)
#define SPARE_MS   2000 /* of a run of many parts, besides the parts */

/* Exit statuses of the runner (cuda/run/run.h) that speak of the machine. */
#define EXIT_UNAVAILABLE 69
#define EXIT_SYSTEM      71
#define EXIT_MEMORY      72

/* The runner's command line: one text, words cut by NUL. */
struct words {
    struct og_buf text;
    const char **v;
};

static void add_word(struct words *w, const char *fmt, ...) OG_PRINTF(2, 3);
static void add_word(struct words *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char small[128];
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    og_buf_add(&w->text, small, (size_t)n + 1);
}

static void add_texts(struct words *w, const char *a, const char *b, const char *c)
{
    og_buf_adds(&w->text, a);
    og_buf_adds(&w->text, b);
    og_buf_adds(&w->text, c);
    og_buf_addc(&w->text, '\0');
}

static void finish_words(struct words *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->text.len; i++)
        n += w->text.p[i] == '\0';
    w->v = og_xcalloc(n + 1, sizeof *w->v);
    const char *s = w->text.p;
    for (size_t i = 0; i < n; i++) {
        w->v[i] = s;
        s += strlen(s) + 1;
    }
}

static void release_words(struct words *w)
{
    og_buf_release(&w->text);
    free(w->v);
}

static void add_param(struct words *w, const struct og_cuda_param *p)
{
    char head[64];
    struct og_buf hex = OG_BUF_INIT;
    switch (p->kind) {
    case OG_CUDA_IN:
        snprintf(head, sizeof head, "in:%u:", p->size);
        add_texts(w, head, p->path, "");
        break;
    case OG_CUDA_OUT:
        snprintf(head, sizeof head, "out:%u:%" PRIu64 ":", p->size, p->count);
        add_texts(w, head, p->out, "");
        break;
    case OG_CUDA_INOUT:
        snprintf(head, sizeof head, "inout:%u:", p->size);
        og_buf_adds(&hex, p->path);
        og_buf_addc(&hex, ':');
        add_texts(w, head, hex.p, p->out);
        break;
    case OG_CUDA_TMP: add_word(w, "tmp:%u:%" PRIu64, p->size, p->count); break;
    case OG_CUDA_CONST:
        og_buf_adds(&hex, p->name);
        og_buf_addc(&hex, ':');
        add_texts(w, "const:", hex.p, p->path);
        break;
    case OG_CUDA_VALUE:
        og_buf_add_hex(&hex, p->value, p->size);
        if (p->index)
            add_word(w, "idx:%u", p->size);
        else
            add_texts(w, "val:", hex.p, "");
        break;
    }
    og_buf_release(&hex);
}

/* "0-3,7": runs of part numbers. */
static void add_parts(struct words *w, const uint64_t *part, size_t n)
{
    og_buf_adds(&w->text, "only=");
    for (size_t i = 0; i < n;) {
        size_t k = i;
        while (k + 1 < n && part[k + 1] == part[k] + 1)
            k++;
        og_buf_addf(&w->text, "%s%" PRIu64, i ? "," : "", part[i]);
        if (k > i)
            og_buf_addf(&w->text, "-%" PRIu64, part[k]);
        i = k + 1;
    }
    og_buf_addc(&w->text, '\0');
}

static void runner_words(struct words *w, const struct og_job *job, const struct og_cuda_run *run,
                         const struct og_cuda_build *b, const uint64_t *part, size_t n_part)
{
    const struct og_cuda *c = run->cuda;
    *w = (struct words){OG_BUF_INIT, NULL};
    add_word(w, "./.ogpu/run");
    add_word(w, "%s", b->gpu ? "gpu" : "cpu");
    add_word(w, "./.ogpu/module");
    add_word(w, "grid=%u,%u,%u", c->grid[0], c->grid[1], c->grid[2]);
    add_word(w, "block=%u,%u,%u", c->block[0], c->block[1], c->block[2]);
    add_word(w, "shared=%" PRIu64, c->shared_bytes);
    if (run->ptx)
        add_word(w, "entry=%s", c->entry);
    if (c->parts) {
        add_word(w, "parts=%" PRIu64, c->parts);
        add_word(w, "limit_ms=%" PRIu64, job->limit_ms);
        add_word(w, "jobs=%" PRIu64, job->cores ? job->cores : 1);
        add_parts(w, part, n_part);
    } else {
        add_word(w, "index=%" PRIu64, run->index);
    }
    for (int consts = 0; consts < 2; consts++)
        for (size_t i = 0; i < c->n_param; i++)
            if ((c->param[i].kind == OG_CUDA_CONST) == consts)
                add_param(w, &c->param[i]);
    finish_words(w);
}

static const char *const *out_paths(const struct og_cuda *c, size_t *n)
{
    const char **v = og_xcalloc(c->n_param + 1, sizeof *v);
    *n = 0;
    for (size_t i = 0; i < c->n_param; i++)
        if (c->param[i].out)
            v[(*n)++] = c->param[i].out;
    return v;
}

/* The runner's job: only what the kernel reads is placed, the runner and its module. */
static struct og_job runner_job(const struct og_job *job, const struct og_cuda *c,
                                const struct og_cuda_build *b, struct og_job_in **in)
{
    struct og_job r = *job;
    *in = og_xcalloc(job->n_in + 2, sizeof **in);
    r.n_in = 0;
    (*in)[r.n_in++] = (struct og_job_in){".ogpu/run", b->tool[OG_CUDA_RES_RUN], true};
    (*in)[r.n_in++] = (struct og_job_in){".ogpu/module", b->module, !b->gpu};
    for (size_t i = 0; i < job->n_in; i++)
        for (size_t k = 0; k < c->n_param; k++)
            if (c->param[k].path && strcmp(c->param[k].path, job->in[i].path) == 0) {
                (*in)[r.n_in] = job->in[i];
                (*in)[r.n_in++].executable = false;
                break;
            }
    r.in = *in;
    r.argv = NULL;
    r.env = NULL;
    if (b->gpu) { /* our own launcher; the driver reserves addresses beyond every limit */
        r.sandbox = OG_SANDBOX_NONE;
        r.mem_bytes = 0;
        r.scratch_bytes_max = 0;
    }
    return r;
}

/* What the runner says of this machine is no result. */
static enum og_rc judge_runner(struct og_job_result *r, struct og_err *err)
{
    if (r->why != OG_JOB_DONE)
        return OG_OK;
    if (r->exit == EXIT_MEMORY) {
        r->why = OG_JOB_MEMORY;
        return OG_OK;
    }
    if (r->exit != EXIT_UNAVAILABLE && r->exit != EXIT_SYSTEM)
        return OG_OK;
    size_t n = (size_t)og_min_u64(r->err.bytes, 300);
    while (n > 0 && r->err.text[n - 1] == '\n')
        n--;
    r->why = OG_JOB_NODE_FAULT;
    return og_err_set(err, OG_E_UNAVAILABLE, "%.*s", n ? (int)n : 17,
                      n ? (const char *)r->err.text : "the runner failed");
}

static enum og_rc check_inputs(const struct og_job *job, const struct og_cuda *c,
                               struct og_err *err)
{
    for (size_t k = 0; k < c->n_param; k++) {
        size_t i = 0;
        while (c->param[k].path && i < job->n_in && strcmp(c->param[k].path, job->in[i].path) != 0)
            i++;
        if (c->param[k].path && i == job->n_in)
            return og_err_set(err, OG_E_DATA, "'%s' is not among the inputs", c->param[k].path);
    }
    return OG_OK;
}

/* What the driver makes of our PTX is kept, where the job's id can reach it. The caller frees. */
static char *keep_jit(const struct og_job *job, const struct og_cuda_run *run, const char **env)
{
    struct og_err ignored;
    if (!run->ptx || job->uid)
        return NULL;
    char *dir = og_io_join(run->dir, "jit");
    struct og_buf word = OG_BUF_INIT;
    og_buf_addf(&word, "CUDA_CACHE_PATH=%s", dir);
    if (og_io_mkdirs(dir, 0700, &ignored) == OG_OK)
        env[0] = word.p; /* instead of no cache */
    free(dir);
    return og_buf_detach(&word);
}

static enum og_rc run_whole(const struct og_job *job, const struct og_cuda_run *run,
                            const struct og_cuda_build *b, struct og_job_result *res,
                            const volatile sig_atomic_t *stop, struct og_err *err)
{
    struct words w;
    struct og_job_in *in;
    struct og_job r = runner_job(job, run->cuda, b, &in);
    size_t n;
    const char *const *outs = out_paths(run->cuda, &n);
    char text[4096];
    const char *env[OG_CUDA_ENV_MAX];
    og_cuda_gpu_env(run->gpu, env, text, sizeof text);
    char *jit = keep_jit(job, run, env);
    runner_words(&w, job, run, b, NULL, 0);
    r.argv = w.v;
    r.env = b->gpu ? env : NULL;
    r.out = outs;
    r.n_out = n;
    enum og_rc rc = og_exec_run(&r, res, stop, err);
    /* the runner's names are ours to free; the parameters' live as long as the job */
    for (size_t i = 0; i < res->n_outs; i++)
        res->outs[i].path = outs[i];
    if (rc == OG_OK)
        rc = judge_runner(res, err);
    release_words(&w);
    free(jit);
    free((void *)(uintptr_t)outs);
    free(in);
    return rc;
}

/* ---- parts ---- */

/* Line "PART STATUS TEXT" of the report; whoever wrote it. */
static bool read_line(const char **s, const char *end, uint64_t *part, int *status,
                      const char **text, size_t *n)
{
    const char *nl = *s < end ? memchr(*s, '\n', (size_t)(end - *s)) : NULL;
    if (!nl)
        return false;
    const char *p = *s;
    *s = nl + 1;
    size_t len = strspn(p, "0123456789");
    uint64_t v = 0;
    *part = UINT64_MAX;
    if (!og_parse_u64n(p, len, UINT32_MAX, part) || p[len] != ' ')
        return true;
    p += len + 1;
    bool late = p < nl && *p == '-';
    p += late;
    len = strspn(p, "0123456789");
    if (!og_parse_u64n(p, len, 255, &v)) {
        *part = UINT64_MAX;
        return true;
    }
    *status = late ? -1 : (int)v;
    p += len;
    *text = p < nl ? p + 1 : p;
    *n = p < nl ? (size_t)(nl - p - 1) : 0;
    return true;
}

static enum og_rc settle(const struct og_job *job, struct og_job_result *to, int status,
                         const char *text, size_t n, struct og_err *err)
{
    char line[OG_JOB_INLINE_MAX];
    to->why = status < 0 ? OG_JOB_TIME : OG_JOB_DONE;
    to->exit = status < 0 ? 0 : status;
    if (!n)
        return OG_OK;
    int len = snprintf(line, sizeof line, "ogpu: %.*s\n", (int)og_min_u64(n, 1000), text);
    return og_cuda_say(job, &to->err, line, (size_t)len, err);
}

static struct og_job_result *result_of(const uint64_t *part, struct og_job_result *res, size_t n,
                                       uint64_t which)
{
    for (size_t i = 0; i < n; i++)
        if (part[i] == which)
            return &res[i];
    return NULL;
}

/* What the runner said on its stdout, and the patches it left. base: the runner's own end. */
static enum og_rc share_out(const struct og_job *job, const struct og_cuda_run *run,
                            const struct og_job_result *base, const struct og_buf *report,
                            const uint64_t *part, struct og_job_result *res, size_t n,
                            struct og_err *err)
{
    size_t n_out;
    const char *const *outs = out_paths(run->cuda, &n_out);
    for (size_t i = 0; i < n; i++) {
        struct og_job_result *to = &res[i];
        memset(to, 0, sizeof *to);
        to->out.has_inline = to->err.has_inline = true;
        to->out.sha256 = to->err.sha256 = og_sha256("", 0);
        to->why = base->why == OG_JOB_DONE ? OG_JOB_NODE_FAULT : base->why;
        to->run_ms = base->run_ms / n;
        to->user_ms = base->user_ms / n;
        to->sys_ms = base->sys_ms / n;
        to->max_rss_bytes = base->max_rss_bytes;
        to->outs = og_xcalloc(n_out + 1, sizeof *to->outs);
        to->n_outs = n_out;
        for (size_t k = 0; k < n_out; k++) {
            if (base->n_outs == n * n_out)
                to->outs[k] = base->outs[i * n_out + k];
            to->outs[k].path = outs[k];
        }
    }
    free((void *)(uintptr_t)outs);
    const char *s = report->p ? report->p : "";
    const char *end = s + report->len;
    enum og_rc rc = OG_OK;
    uint64_t which;
    int status = 0;
    const char *text = s;
    size_t len = 0;
    while (rc == OG_OK && read_line(&s, end, &which, &status, &text, &len)) {
        struct og_job_result *to = result_of(part, res, n, which);
        if (to)
            rc = settle(job, to, status, text, len, err);
    }
    return rc;
}

/* The runner itself failed before its parts: what it said is every part's. */
static enum og_rc spread_failure(const struct og_job *job, const struct og_job_result *base,
                                 struct og_job_result *res, size_t n, struct og_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (res[i].why != OG_JOB_NODE_FAULT)
            continue;
        if (base->why != OG_JOB_DONE || base->exit == 0)
            return og_err_set(err, OG_E_INTERNAL, "the runner said nothing of a part");
        res[i].why = OG_JOB_DONE;
        res[i].exit = base->exit;
        OG_TRY(og_cuda_say(job, &res[i].err, (const char *)base->err.text,
                           (size_t)og_min_u64(base->err.bytes, OG_JOB_INLINE_MAX), err));
    }
    return OG_OK;
}

static enum og_rc run_some(const struct og_job *job, const struct og_cuda_run *run,
                           const struct og_cuda_build *b, const uint64_t *part,
                           struct og_job_result *res, size_t n, size_t *done,
                           const volatile sig_atomic_t *stop, struct og_err *err)
{
    struct words w;
    struct og_job_in *in;
    struct og_job r = runner_job(job, run->cuda, b, &in);
    struct og_job_result *base = og_xcalloc(1, sizeof *base);
    struct og_buf report = OG_BUF_INIT, names = OG_BUF_INIT;
    size_t n_out;
    free((void *)(uintptr_t)out_paths(run->cuda, &n_out));
    size_t *at = og_xcalloc(n * n_out + 1, sizeof *at);
    const char **outs = og_xcalloc(n * n_out + 1, sizeof *outs);
    for (size_t i = 0; i < n * n_out; i++) {
        at[i] = names.len;
        og_buf_addf(&names, ".ogpu/%" PRIu64 ".%zu", part[i / n_out], i % n_out);
        og_buf_addc(&names, '\0');
    }
    for (size_t i = 0; i < n * n_out; i++)
        outs[i] = names.p + at[i];
    char text[4096];
    const char *env[OG_CUDA_ENV_MAX];
    og_cuda_gpu_env(run->gpu, env, text, sizeof text);
    runner_words(&w, job, run, b, part, n);
    r.argv = w.v;
    r.env = b->gpu ? env : NULL;
    r.out = outs;
    r.n_out = n * n_out;
    r.limit_ms = job->limit_ms ? og_muldiv(job->limit_ms, n, 1) + SPARE_MS : 0;
    r.stdout_fd = memfd_create("ogpu-report", MFD_CLOEXEC);
    r.inline_max = OG_JOB_INLINE_MAX;
    enum og_rc rc = r.stdout_fd < 0
                        ? og_err_set(err, OG_E_UNAVAILABLE, "no memory file: %s", strerror(errno))
                        : og_exec_run(&r, base, stop, err);
    if (rc == OG_OK && lseek(r.stdout_fd, 0, SEEK_SET) == 0)
        rc = og_io_read_fd(r.stdout_fd, REPORT_MAX, &report, err);
    if (rc == OG_OK)
        rc = judge_runner(base, err);
    if (rc == OG_OK)
        rc = share_out(job, run, base, &report, part, res, n, err);
    for (*done = 0; rc == OG_OK && *done < n && res[*done].why != OG_JOB_NODE_FAULT;)
        ++*done;
    if (rc == OG_OK && *done == 0)
        rc = spread_failure(job, base, res, n, err);
    for (size_t i = 0; rc != OG_OK && i < n; i++)
        res[i].why = base->why == OG_JOB_DONE ? OG_JOB_NODE_FAULT : base->why;
    if (r.stdout_fd >= 0)
        close(r.stdout_fd);
    release_words(&w);
    og_buf_release(&report);
    og_buf_release(&names);
    og_job_result_release(base);
    free(base);
    free(outs);
    free(at);
    free(in);
    return rc;
}

static enum og_rc run_parts(const struct og_job *job, const struct og_cuda_run *run,
                            const struct og_cuda_build *b, struct og_job_result *res,
                            const volatile sig_atomic_t *stop, struct og_err *err)
{
    size_t n_out;
    free((void *)(uintptr_t)out_paths(run->cuda, &n_out));
    size_t at_once = OG_JOB_FILES_MAX / (n_out ? n_out : 1);
    enum og_rc rc = OG_OK;
    for (size_t i = 0, done; rc == OG_OK && i < run->n_part; i += done) {
        size_t n = (size_t)og_min_u64(at_once, run->n_part - i);
        rc = run_some(job, run, b, run->part + i, res + i, n, &done, stop, err);
        if (rc == OG_OK && done == 0)
            done = n; /* all alike */
        for (size_t k = i + done; rc == OG_OK && k < i + n; k++)
            og_job_result_release(&res[k]); /* lost with the context of one before: anew */
        if (rc == OG_OK && res[i + done - 1].why != OG_JOB_DONE) {
            for (size_t k = i + done; k < run->n_part; k++)
                res[k].why = res[i + done - 1].why;
            break;
        }
    }
    return rc;
}

/* Every part of a kernel that does not compile ends alike. */
static void copy_failure(const struct og_job_result *failed, const struct og_cuda_run *run,
                         struct og_job_result *res, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct og_job_out *none = NULL;
        size_t n_out;
        const char *const *outs = out_paths(run->cuda, &n_out);
        none = og_xcalloc(n_out + 1, sizeof *none);
        for (size_t k = 0; k < n_out; k++)
            none[k] = (struct og_job_out){.path = outs[k], .state = OG_OUT_ABSENT};
        free((void *)(uintptr_t)outs);
        res[i] = *failed;
        res[i].outs = none;
        res[i].n_outs = n_out;
    }
}

static enum og_rc build(const struct og_job *job, const struct og_cuda_run *run,
                        struct og_cuda_build *b, struct og_job_result *failed,
                        const volatile sig_atomic_t *stop, struct og_err *err)
{
    if (!run->ptx)
        return og_cuda_build(job, run, b, failed, stop, err);
    OG_TRY(og_cuda_res_files(run->dir, b->tool, err));
    b->module = og_xstrdup(b->tool[run->ptx]);
    b->gpu = true;
    return OG_OK;
}

enum og_rc og_exec_cuda(const struct og_job *job, const struct og_cuda_run *run,
                        struct og_job_result *res, const volatile sig_atomic_t *stop,
                        struct og_err *err)
{
    size_t n = run->cuda->parts ? run->n_part : 1;
    struct og_cuda_build b = {0};
    struct og_job_result *failed = og_xcalloc(1, sizeof *failed);
    memset(res, 0, n * sizeof *res);
    failed->why = OG_JOB_INPUT;
    enum og_rc rc = check_inputs(job, run->cuda, err);
    if (rc == OG_OK)
        rc = build(job, run, &b, failed, stop, err);
    if (rc != OG_OK || !b.module)
        copy_failure(failed, run, res, n);
    else if (run->cuda->parts)
        rc = run_parts(job, run, &b, res, stop, err);
    else
        rc = run_whole(job, run, &b, res, stop, err);
    og_cuda_build_release(&b);
    og_job_result_release(failed);
    free(failed);
    return rc;
}
