/* work_folder_exec.c - the machine that runs a folder's job: claims it, waits, runs, says how it
 * ended. */
#include "work/work_folder.h"

#include "base/base_io.h"
#include "base/base_mem.h"
#include "base/base_time.h"
#include "exec/exec_node.h"
#include "work/work_folder_step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MIN_MS 10
#define LOOK_MAX_MS 200

/* The file "owner" is made by one alone, also on NFS. */
static enum og_rc claim(const char *dir, const char *who, bool *mine, struct og_err *err)
{
    char *path = og_io_join(dir, "owner");
    struct og_buf text = OG_BUF_INIT;
    enum og_rc rc = OG_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* allowed: a claim */
    if (fd >= 0) {
        rc = og_io_write_fd(fd, who, strlen(who), err);
        close(fd);
        *mine = true;
    } else if (errno == EEXIST) {
        rc = og_io_read_file(path, 256, &text, err);
        *mine = rc == OG_OK && text.p && strcmp(text.p, who) == 0;
    } else {
        rc = og_err_set(err, OG_E_CANTCREATE, "cannot make '%s': %s", path, strerror(errno));
    }
    og_buf_release(&text);
    free(path);
    return rc;
}

static enum og_rc wait_for_go(const char *dir, uint64_t wait_ms, const volatile sig_atomic_t *stop,
                              struct og_err *err)
{
    uint64_t end_ms = og_time_mono_ms() + wait_ms;
    for (uint64_t pause = LOOK_MIN_MS; !og_folder_has(dir, "go");) {
        if (*stop)
            return og_err_set(err, OG_E_TEMPFAIL, "stopped before it began");
        if (og_time_mono_ms() >= end_ms)
            return og_err_set(err, OG_E_TEMPFAIL, "it was not started in its time");
        og_time_sleep_ms(pause);
        pause = pause * 2 < LOOK_MAX_MS ? pause * 2 : LOOK_MAX_MS;
    }
    return OG_OK;
}

enum og_rc og_folder_say(const char *dir, const char *name, const struct og_work_result *r,
                         uint64_t mflops_per_s, struct og_err *err)
{
    json_t *words = json_string(r->sentence);
    json_t *o = json_pack("{s:I, s:I, s:s, s:I, s:I, s:o, s:i, s:s}", "done", (json_int_t)r->done,
                          "exits", (json_int_t)r->exits, "kind", "status", "mflops_per_s",
                          (json_int_t)mflops_per_s, "run_ms", (json_int_t)r->run_ms, "sentence",
                          words ? words : json_string("(no UTF-8)"), "v", 1, "why",
                          og_job_why_name(r->why));
    char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    enum og_rc rc = text ? og_folder_mark(dir, name, text, err)
                         : og_err_set(err, OG_E_INTERNAL, "cannot write a status");
    free(text);
    json_decref(o);
    return rc;
}

static int open_live(const char *dir, const char *name)
{
    char *path = og_io_join(dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600); /* allowed: live
                                                                                     */
    free(path);
    return fd;
}

static enum og_rc run_work(const char *dir, struct og_folder_job *j, const char *program,
                           const volatile sig_atomic_t *stop, struct og_err *err)
{
    struct og_work_result r = {0};
    char *manifest = og_io_join(dir, "manifest");
    int out = open_live(dir, "live.out");
    int said = open_live(dir, "live.err");
    j->how.stdout_fd = out > 0 ? out : 0;
    j->how.stderr_fd = said > 0 ? said : 0;
    if (j->nodes > 1)
        og_folder_steps(dir, j, program, &r, stop);
    else
        og_work_run(&j->work, &j->how, &r, NULL, stop);
    enum og_rc rc = OG_OK;
    if (r.done)
        rc = og_io_write_atomic(manifest, r.manifest.p, r.manifest.len, 0600, OG_IO_REPLACE, err);
    if (rc == OG_OK)
        rc = og_folder_say(dir, "status", &r, 0, err);
    if (out >= 0)
        close(out);
    if (said >= 0)
        close(said);
    og_work_result_release(&r);
    free(manifest);
    return rc;
}

static enum og_rc run_bench(const char *dir, const struct og_folder_job *j, struct og_err *err)
{
    struct og_node_limits l = {0};
    struct og_work_result r = {.why = OG_JOB_DONE};
    uint64_t mflops_per_s = 0;
    uint64_t start_ms = og_time_mono_ms();
    og_node_limits_fill(&l);
    if (og_node_measure(&l, j->seed, j->bench_ms, &mflops_per_s, err) != OG_OK) {
        r.why = OG_JOB_NODE_FAULT;
        snprintf(r.sentence, sizeof r.sentence, "%s", err->msg);
    }
    r.run_ms = og_time_mono_ms() - start_ms;
    return og_folder_say(dir, "status", &r, mflops_per_s, err);
}

enum og_rc og_folder_job_read(const char *dir, struct og_folder_job *out, struct og_err *err)
{
    struct og_buf text = OG_BUF_INIT;
    char *path = og_io_join(dir, "job");
    memset(out, 0, sizeof *out);
    enum og_rc rc = og_io_read_file(path, OG_FOLDER_JOB_MAX, &text, err);
    if (rc == OG_OK)
        rc = og_folder_job_parse(text.p ? text.p : "", text.len, out, err);
    if (rc == OG_OK)
        out->work.state_dir = og_xstrdup(dir);
    else
        og_err_wrap(err, rc, "'%s'", path);
    og_buf_release(&text);
    free(path);
    return rc;
}

enum og_rc og_folder_exec(const char *dir, const char *who, const char *program,
                          const volatile sig_atomic_t *stop, struct og_err *err)
{
    struct og_folder_job j;
    bool mine = false;
    OG_TRY(og_folder_job_read(dir, &j, err));
    enum og_rc rc = claim(dir, who, &mine, err);
    if (rc == OG_OK && mine && !og_folder_has(dir, "status")) {
        if (!j.is_bench)
            rc = wait_for_go(dir, j.wait_ms, stop, err);
        if (rc == OG_OK)
            rc = j.is_bench ? run_bench(dir, &j, err) : run_work(dir, &j, program, stop, err);
    }
    og_work_job_release(&j.work);
    return rc;
}
