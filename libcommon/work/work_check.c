/* work_check.c - the verifier's side of a lease. */
#include "work/work_check.h"

#include "base/base_mem.h"
#include "base/base_num.h"
#include "base/base_time.h"
#include "check/check_method.h"
#include "ledger/ledger_view.h"
#include "store/store_want.h"
#include "work/work_fetch.h"
#include "work/work_kernel.h"
#include "work/work_secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Inputs or results that cannot be had, or are not what they were said to be. */
static bool is_absence(enum og_rc rc)
{
    return rc == OG_E_NOINPUT || rc == OG_E_DATA;
}

static enum og_rc absent(struct og_work_finding *out, const struct og_err *err)
{
    out->vote = OG_VOTE_ABSENT;
    memset(&out->value, 0, sizeof out->value);
    snprintf(out->why, sizeof out->why, "%s", err->msg);
    return OG_OK;
}

/* Elements again, without looking at what the worker says: a leaf for each. */
static enum og_rc again(const struct og_work_job *w, const struct og_work_checker *who,
                        const uint64_t *index, size_t n, struct og_work_result *r,
                        const volatile sig_atomic_t *stop, struct og_err *err)
{
    struct og_work_how how = who->how;
    how.keep = false;
    how.stdout_fd = how.stderr_fd = 0;
    how.limit_ms = w->task.limit_ms + w->task.limit_ms / 4;
    OG_TRY(og_work_elements(w, &how, index, n, r, stop, err));
    if (r->why == OG_JOB_DONE)
        return OG_OK;
    if (r->why == OG_JOB_STOPPED)
        return og_err_set(err, OG_E_TEMPFAIL, "stopped");
    return og_err_set(err, OG_E_DATA, "element %" PRIu64 " breaks its limit of %s", index[r->done],
                      og_job_why_name(r->why));
}

static enum og_rc drawn_leaves(const struct og_work_job *w, const struct og_work_checker *who,
                               const uint64_t *drawn, size_t n, struct og_hash *leaf,
                               const volatile sig_atomic_t *stop, struct og_err *err)
{
    if (w->spec.kernel)
        return og_work_kernel_again(w, drawn, n, leaf, err);
    struct og_work_result r = {0};
    uint64_t *index = og_xcalloc(n + 1, sizeof *index);
    for (size_t i = 0; i < n; i++)
        index[i] = w->lease.first + drawn[i];
    enum og_rc rc = again(w, who, index, n, &r, stop, err);
    for (size_t i = 0; rc == OG_OK && i < n; i++)
        leaf[i] = r.leaf[i];
    free(index);
    og_work_result_release(&r);
    return rc;
}

static enum og_rc check_exact(const struct og_work_job *w, const struct og_work_checker *who,
                              const volatile sig_atomic_t *stop, struct og_work_finding *out,
                              struct og_err *err)
{
    uint64_t *drawn = NULL;
    size_t n = 0;
    uint64_t all = og_work_leaves(w);
    OG_TRY(og_view_drawn_leaves(&w->lease, &w->task, all, &drawn, &n, err));
    struct og_hash *leaf = og_xcalloc(n + 1, sizeof *leaf);
    enum og_rc rc = drawn_leaves(w, who, drawn, n, leaf, stop, err);
    if (rc == OG_OK)
        out->value = og_work_value(leaf, n, n == all);
    if (rc == OG_OK && w->spec.kernel)
        out->units = og_muldiv_up(w->task.work, n, all);
    free(leaf);
    free(drawn);
    return rc;
}

/* The revealed result: its leaves, if they are under the root that was revealed. */
static enum og_rc open_result(const struct og_work_job *w, const struct og_manifest *m,
                              struct og_hash **leaf, size_t *n, struct og_buf *lines,
                              struct og_err *err)
{
    struct og_hash root;
    *leaf = NULL;
    *n = 0;
    if (!m)
        return og_err_set(err, OG_E_NOINPUT, "the result of lease %" PRIu64 " is not here",
                          w->lease.id);
    OG_TRY(og_work_reread(w, &m->sha256, leaf, n, &root, lines, err));
    if (memcmp(root.b, w->lease.root.b, OG_HASH_LEN) != 0 || *n != og_work_leaves(w))
        return og_err_set(err, OG_E_DATA, "the result of lease %" PRIu64 " has another root",
                          w->lease.id);
    return OG_OK;
}

static enum og_rc vote_kernel(const struct og_work_job *w, const struct og_work_checker *who,
                              const struct og_buf *lines, struct og_work_finding *out,
                              struct og_err *err)
{
    struct og_result_element e;
    struct og_hasher h;
    OG_TRY(og_result_parse(lines->p, lines->len - 1, &e, err));
    /* each verifier its own vectors, drawn after the commit */
    og_hasher_init(&h);
    og_hasher_tag(&h, "ogpu-freivalds");
    og_hasher_hash(&h, &w->lease.seed);
    og_hasher_add(&h, who->addr.b, OG_ADDR_LEN);
    struct og_hash seed = og_hasher_final(&h);
    enum og_rc rc = og_work_kernel_vote(w, &e, &seed, &out->vote, err);
    og_result_release(&e);
    out->units = w->task.work;
    if (rc == OG_OK && out->vote != OG_VOTE_OK)
        snprintf(out->why, sizeof out->why, "the result does not pass the check");
    return rc;
}

/* Programs state no tolerance: the same leaves are ok, others grey, for which nobody is slashed. */
static enum og_rc vote_program(const struct og_work_job *w, const struct og_work_checker *who,
                               const struct og_hash *leaf, size_t n,
                               const volatile sig_atomic_t *stop, struct og_work_finding *out,
                               struct og_err *err)
{
    struct og_work_result r = {0};
    enum og_rc rc = OG_OK;
    out->vote = OG_VOTE_OK;
    uint64_t *index = og_xcalloc(n + 1, sizeof *index);
    for (size_t i = 0; i < n; i++)
        index[i] = w->lease.first + i;
    rc = again(w, who, index, n, &r, stop, err);
    free(index);
    for (size_t i = 0; rc == OG_OK && i < n; i++) {
        if (memcmp(r.leaf[i].b, leaf[i].b, OG_HASH_LEN) == 0)
            continue;
        out->vote = OG_VOTE_GREY;
        snprintf(out->why, sizeof out->why, "element %" PRIu64 " came out otherwise",
                 w->lease.first + i);
    }
    og_work_result_release(&r);
    return rc;
}

static enum og_rc check_vote(const struct og_work_job *w, const struct og_work_checker *who,
                             const struct og_manifest *m, const volatile sig_atomic_t *stop,
                             struct og_work_finding *out, struct og_err *err)
{
    struct og_hash *leaf;
    size_t n;
    struct og_buf lines = OG_BUF_INIT;
    enum og_rc rc = open_result(w, m, &leaf, &n, &lines, err);
    if (rc == OG_OK)
        rc = w->spec.kernel ? vote_kernel(w, who, &lines, out, err)
                            : vote_program(w, who, leaf, n, stop, out, err);
    free(leaf);
    og_buf_release(&lines);
    return rc;
}

/* ---- the submitter's command ---- */

struct place {
    struct og_job_in *in;
    size_t n, cap;
};

static void put(struct place *p, const char *state_dir, const char *path, const struct og_hash *h,
                bool executable)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->in[i].path, path) == 0)
            return;
    p->in = og_xgrow(p->in, &p->cap, p->n + 1, sizeof *p->in);
    og_want_blob(state_dir, h); /* one that nobody gives is missing when it is opened */
    p->in[p->n++] = (struct og_job_in){path, og_blob_path(state_dir, h), executable};
}

static void unplace(struct place *p)
{
    for (size_t i = 0; i < p->n; i++)
        free((void *)(uintptr_t)p->in[i].src);
    free(p->in);
}

/* What the command finds in its folder: the element's outputs and streams, then its own inputs,
 * then the job's. */
static enum og_rc place_all(const struct og_work_job *w, const struct og_result_element *e,
                            struct place *p, struct og_err *err)
{
    struct og_hash empty;
    OG_TRY(og_blob_put(w->state_dir, "", 0, false, &empty, err));
    for (size_t i = 0; i < e->out_n; i++)
        put(p, w->state_dir, e->out[i].path, &e->out[i].blob.sha256, false);
    put(p, w->state_dir, ".ogpu/stdout", &e->stdout_blob.sha256, false);
    put(p, w->state_dir, ".ogpu/stderr", &e->stderr_blob.sha256, false);
    for (size_t i = 0; i < w->spec.n_check_in; i++)
        put(p, w->state_dir, w->spec.check_in[i].path, &w->spec.check_in[i].sha256,
            w->spec.check_in[i].executable);
    for (size_t i = 0; i < w->spec.n_in; i++)
        put(p, w->state_dir, w->spec.in[i].path, &w->spec.in[i].sha256, w->spec.in[i].executable);
    for (size_t i = 0; i < p->n; i++)
        if (access(p->in[i].src, R_OK) != 0)
            return og_err_set(err, OG_E_NOINPUT, "'%s' of lease %" PRIu64 " cannot be had",
                              p->in[i].path, w->lease.id);
    return OG_OK;
}

static enum og_rc run_command(const struct og_work_job *w, const struct og_work_checker *who,
                              const struct og_result_element *e, uint64_t limit_ms,
                              const volatile sig_atomic_t *stop, struct og_work_finding *out,
                              struct og_err *err)
{
    char told[3][48];
    struct place p = {0};
    const char *const env[] = {
        told[0], told[1], told[2], "OGPU_STDOUT=.ogpu/stdout", "OGPU_STDERR=.ogpu/stderr", NULL};
    snprintf(told[0], sizeof told[0], "OGPU_INDEX=%" PRIu64, w->spec.base + e->index);
    snprintf(told[1], sizeof told[1], "OGPU_TASK=%" PRIu64, w->task.id);
    snprintf(told[2], sizeof told[2], "OGPU_EXIT=%" PRIu32, e->exit);
    struct og_job_result *res = og_xcalloc(1, sizeof *res);
    enum og_rc rc = place_all(w, e, &p, err);
    if (rc == OG_OK) {
        struct og_job job = {
            .argv = w->spec.check_argv,
            .env = env,
            .in = p.in,
            .n_in = p.n,
            .limit_ms = limit_ms,
            .mem_bytes = w->task.mem_bytes ? w->task.mem_bytes : w->slot.mem_bytes,
            .out_bytes_max = OG_WORK_OUT_MAX,
            .cores = w->slot.cores,
            .sandbox = who->how.sandbox,
            .uid = who->how.uid,
            .scratch = who->how.scratch,
        };
        rc = og_exec_run(&job, res, stop, err);
        if (rc == OG_OK && res->why == OG_JOB_STOPPED)
            rc = og_err_set(err, OG_E_TEMPFAIL, "stopped");
        bool yes = res->why == OG_JOB_DONE && res->exit == 0;
        out->vote = yes ? OG_VOTE_OK : OG_VOTE_BAD;
        if (!yes)
            snprintf(out->why, sizeof out->why, "the check of element %" PRIu64 " said no (%s %d)",
                     e->index, res->why == OG_JOB_DONE ? "exit" : og_job_why_name(res->why),
                     res->exit);
    }
    og_job_result_release(res);
    free(res);
    unplace(&p);
    return rc;
}

/* Every element must pass, all of them within the one limit. */
static enum og_rc check_cmd(const struct og_work_job *w, const struct og_work_checker *who,
                            const struct og_manifest *m, const volatile sig_atomic_t *stop,
                            struct og_work_finding *out, struct og_err *err)
{
    struct og_hash *leaf = NULL;
    size_t n;
    struct og_buf lines = OG_BUF_INIT;
    uint64_t end = og_time_mono_ms() + w->task.check_limit_ms;
    enum og_rc rc = w->spec.check_argv ? open_result(w, m, &leaf, &n, &lines, err)
                                       : og_err_set(err, OG_E_DATA, "the spec has no check");
    out->vote = OG_VOTE_OK;
    for (size_t at = 0; rc == OG_OK && out->vote == OG_VOTE_OK && at < lines.len;) {
        struct og_result_element e;
        const char *s = lines.p + at;
        const char *nl = memchr(s, '\n', lines.len - at);
        size_t len = nl ? (size_t)(nl - s) : lines.len - at;
        uint64_t now = og_time_mono_ms();
        rc = og_result_parse(s, len, &e, err);
        if (rc == OG_OK) {
            rc = run_command(w, who, &e, end > now ? end - now : 1, stop, out, err);
            og_result_release(&e);
        }
        at += len + 1;
    }
    free(leaf);
    og_buf_release(&lines);
    return rc;
}

enum og_rc og_work_check(const struct og_work_job *w, const struct og_work_checker *who,
                         const struct og_manifest *manifest, const volatile sig_atomic_t *stop,
                         struct og_work_finding *out, struct og_err *err)
{
    uint64_t start = og_time_mono_us();
    memset(out, 0, sizeof *out);
    enum og_rc rc = og_work_fetch(w->state_dir, w->spec.in, w->spec.n_in, false, stop, err);
    if (rc == OG_OK && w->spec.root.path)
        rc = og_work_fetch(w->state_dir, &w->spec.root, 1, false, stop, err);
    if (rc == OG_OK && w->lease.method == OG_VERIFY_CMD)
        rc = og_work_fetch(w->state_dir, w->spec.check_in, w->spec.n_check_in, false, stop, err);
    if (rc == OG_OK && w->lease.method == OG_VERIFY_EXACT)
        rc = check_exact(w, who, stop, out, err);
    else if (rc == OG_OK && w->lease.method == OG_VERIFY_CMD)
        rc = check_cmd(w, who, manifest, stop, out, err);
    else if (rc == OG_OK)
        rc = check_vote(w, who, manifest, stop, out, err);
    if (is_absence(rc))
        rc = absent(out, err);
    out->run_ms = (og_time_mono_us() - start + 999) / 1000;
    if (!out->units)
        out->units = og_muldiv_up(who->capacity, out->run_ms, 1000);
    return rc;
}
